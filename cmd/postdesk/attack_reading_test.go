package main

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// What cannot be understood is a conversation or a suspended mail all the same,
// with its octets as they came.

func TestA9NestedAndEndlessPartsAreAConversationWithTheOriginal(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	var nested strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&nested, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	parts := func(boundary string) string {
		return "Content-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n\r\n--" + boundary + "\r\n\r\nthe words\r\n--" + boundary + "--"
	}
	s.readable(map[string]string{
		"20,000 nested parts":         nested.String() + "\r\nthe words",
		"2.9 million empty parts":     "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\n", 2_900_000),
		"a part header of 24 MB":      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + strings.Repeat("X-A: "+strings.Repeat("y", 990)+"\r\n", 24_000) + "\r\nthe words\r\n--b--",
		"a boundary inside of itself": "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n\r\nthe words\r\n--x--",
		"a boundary inside a longer":  "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/mixed; boundary=xx\r\n\r\n--xx\r\n\r\nthe words\r\n--xx--\r\n--x--",
		"no end boundary":             "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nthe words",
		"a boundary of 70":            parts(strings.Repeat("b", 70)),
		"a boundary of 200":           parts(strings.Repeat("b", 200)),
		"an empty boundary":           "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\nthe words",
	})
}

// readable sends mails of these headers and bodies behind a good From and Subject.
// Each must be its sender's conversation, in which staff see the words or files.
func (s *story) readable(mails map[string]string) {
	s.t.Helper()
	i := 0
	for name, rest := range mails {
		i++
		sender := fmt.Sprintf("cara%d@acme.test", i)
		m := s.octets(sender, "From: Cara <"+sender+">\r\nSubject: Help\r\n"+rest)
		s.want(name+": status", m["status"], "SUCCESS")
		s.want(name+": author", m["from"], sender)
		s.want(name+": subject", m["subject"], "Help")
		text, files := s.words(m)
		if !strings.HasPrefix(text, "the words") && len(files) == 0 {
			s.t.Errorf("%s: staff see %.100q and no file", name, text)
		}
	}
}

func TestA10ChainsOfMailsAndAddressesAreBoundedAndFiftyReferencesCount(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.readable(map[string]string{
		"a chain of 1,000 mails": strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 1000) + "the words",
		"1,000 references":       "References: " + strings.Repeat("<a@x.test>\r\n ", 1000) + "<b@x.test>\r\n\r\nthe words",
		"260,000 addresses":      "To: " + strings.Repeat("a@x.test,\r\n ", 260_000) + "b@x.test\r\n\r\nthe words",
	})
	first := s.file(letter{From: "cole@acme.test", Text: "Hello."})
	for behind, want := range map[int]string{49: "requester", 50: "new", 900: "new"} {
		ids := make([]string, 1000)
		for i := range ids {
			ids[i] = fmt.Sprintf("<%d.%d@x.test>", behind, i)
		}
		ids[len(ids)-1-behind] = "<" + first["message_id"].(string) + ">"
		m := s.file(letter{From: "cole@acme.test", Headers: []string{"References: " + strings.Join(ids, "\r\n ")}, Text: fmt.Sprint(behind, " ids behind it.")})
		s.want(fmt.Sprint(behind, " ids behind ours: rule"), m["rule"], want)
		s.want(fmt.Sprint(behind, " ids behind ours: same conversation"), m["case_id"] == first["case_id"], want == "requester")
	}
}

func TestA11BrokenHeadersAreTakenKeptAndRead(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	const from = "From: Cara <SENDER>\r\n"
	i := 0
	for name, raw := range map[string]string{
		"a line without a colon":    from + "nonsense\r\nSubject: Help\r\n\r\nthe words",
		"a blank line before":       "\r\n" + from + "Subject: Help\r\n\r\nthe words",
		"a folded line before":      " odd\r\n" + from + "Subject: Help\r\n\r\nthe words",
		"an mbox line":              "From SENDER Mon Jan  5 10:00:00 2026\r\n" + from + "Subject: Help\r\n\r\nthe words",
		"an mbox line, blanks too":  "\r\nFrom SENDER Mon Jan  5 10:00:00 2026\r\n" + from + "Subject: Help\r\n\r\nthe words",
		"a space before the colon":  "From : Cara <SENDER>\r\nSubject : Help\r\n\r\nthe words",
		"a space in a name":         "Foo Bar: x\r\n" + from + "Subject: Help\r\n\r\nthe words",
		"NUL":                       from + "Subject: He\x00lp\r\n\r\nthe \x00words",
		"8-bit in a name":           "X-\xc3\xa4: b\r\n" + from + "Subject: Help\r\n\r\nthe words",
		"8-bit in a value":          "X-A: \xe9\xff\r\n" + from + "Subject: Help\r\n\r\nthe words \xe9",
		"no blank line":             from + "Subject: Help\r\nthe words are here",
		"LF alone":                  "From: Cara <SENDER>\nSubject: Help\n\nthe words",
		"CR alone":                  "From: Cara <SENDER>\rSubject: Help\r\rthe words",
		"nothing but From and text": from + "\r\nthe words",
	} {
		i++
		sender := fmt.Sprintf("cara%d@acme.test", i)
		m := s.octets(sender, strings.ReplaceAll(raw, "SENDER", sender))
		s.want(name+": author", m["from"], sender)
		if strings.Contains(raw, "Subject") {
			s.want(name+": subject", m["subject"], "Help")
		}
		text, _ := s.words(m)
		if !strings.HasPrefix(text, "the words") || strings.Contains(text, "\x00") || !utf8.ValidString(text) {
			t.Errorf("%s: text %q", name, text)
		}
	}
	for name, raw := range map[string]string{"no header at all": "the words, and nothing else", "a blank line and text": "\r\nthe words", "octets": "\x00\x01\xfe\xff\x80the words", "nothing": ""} {
		i++
		m := s.octets(fmt.Sprintf("cara%d@acme.test", i), raw)
		s.want(name+": why", m["suspension_code"], "BAD_FROM")
	}
	olga := s.signedIn("olga@desk.test")
	olga.open("/agent/suspended")
	for _, m := range s.owner.list("/mails?is_suspended=true") {
		i--
		s.want("staff see the suspended", strings.Contains(olga.text, path("%v", m["envelope_from"])), true)
	}
	s.want("mails that are not suspended", i, len(s.owner.list("/cases?limit=100")))
}

func TestA12BrokenEncodingsLeaveNoWordOutAndBecomeNoMarkup(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	olga := s.signedIn("olga@desk.test")
	const qp, b64 = "Content-Transfer-Encoding: quoted-printable\r\n", "Content-Transfer-Encoding: base64\r\n"
	const wrong = "the declared charset is not the real one"
	i := 0
	for name, c := range map[string]struct{ rest, text, defect string }{
		"a quoted-printable line of 100 KB": {qp + "\r\n" + strings.Repeat("=C3=A9", 100_000/6) + " end", strings.Repeat("é", 100_000/6) + " end", ""},
		"a broken =ZZ":                      {qp + "\r\nthe w=6Frds =ZZ = end", "the words =ZZ = end", ""},
		"base64 with junk":                  {b64 + "\r\ndGhl\x01!IHdv\r\n cmRz", "the words", ""},
		"an unknown charset":                {"Content-Type: text/plain; charset=klingon\r\n\r\ncaf\xe9 end", "café end", wrong},
		"UTF-8 called ASCII":                {"Content-Type: text/plain; charset=us-ascii\r\n\r\ncaf\xc3\xa9 end", "café end", wrong},
		"Latin called UTF-8":                {"Content-Type: text/plain; charset=utf-8\r\n\r\ncaf\xe9 end", "café end", wrong},
		"overlong":                          {"Content-Type: text/plain; charset=utf-8\r\n\r\nééé\xc0\xaféé end", "ééé\ufffdéé end", wrong},
		"lone surrogates":                   {"Content-Type: text/plain; charset=utf-8\r\n\r\nééééé\xed\xa0\x80éé end", "ééééé\ufffdéé end", wrong},
		"NUL":                               {"Content-Type: text/plain; charset=utf-8\r\n\r\na\x00b end", "ab end", ""},
		"UTF-7":                             {"Content-Type: text/plain; charset=utf-7\r\n\r\n+ADw-script+AD4-alert(1) end", "<script>alert(1) end", ""},
		"a page in UTF-7":                   {"Content-Type: text/html; charset=utf-7\r\n\r\n+ADw-script+AD4-alert(1) end", "+ADw-script+AD4-alert(1) end", wrong},
	} {
		i++
		sender := fmt.Sprintf("cara%d@acme.test", i)
		m := s.octets(sender, "From: "+sender+"\r\nSubject: Help\r\n"+c.rest)
		text, _ := s.words(m)
		if strings.TrimSpace(text) != c.text || strings.Contains(text, "\x00") || !utf8.ValidString(text) {
			t.Errorf("%s: %.200q, want %.200q", name, text, c.text)
		}
		if page := olga.defects(m); c.defect != "" && !strings.Contains(page, c.defect) {
			t.Errorf("%s is not marked", name)
		}
		for _, page := range []string{path("/agent/conversations/%v", m["case_id"]), path("/frame/conversations/%v/%v", m["case_id"], m["id"]), path("/admin/mail/%v", m["id"])} {
			olga.open(page)
			s.want(name+": markup at "+page, strings.Contains(olga.text, "<script>alert"), false)
		}
	}
}
