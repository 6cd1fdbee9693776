package eml

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"postdesk/core"
)

// crlf writes a message as it comes over SMTP.
func crlf(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }

// sound checks what every Letter promises.
func sound(t *testing.T, l core.Letter) {
	t.Helper()
	text := []string{l.Subject, l.MessageID, l.Text, l.HTML, l.PlainText}
	text = append(append(append(text, l.InReplyTo...), l.References...), l.Defects...)
	for _, list := range [][]core.NamedAddress{l.From, l.Sender, l.ReplyTo, l.OriginalFrom, l.To, l.Cc} {
		if len(list) > maxAddresses {
			t.Errorf("%d addresses", len(list))
		}
		for _, a := range list {
			text = append(text, a.Name, a.Address)
			if strings.ContainsAny(a.Name+a.Address, "\r\n") {
				t.Errorf("a line end in %q", a)
			}
		}
	}
	for _, a := range l.Attachments {
		text = append(text, a.Filename, a.ContentType, a.ContentID)
		if a.Filename == "" || len(a.Filename) > maxNameBytes+1 || strings.ContainsAny(a.Filename, "/\\\r\n\x00") {
			t.Errorf("file name %q", a.Filename)
		}
	}
	if l.Report != nil {
		text = append(append(append(text, l.Report.Text), l.Report.FailedRecipients...), l.Report.Status...)
	}
	for _, s := range text {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			t.Errorf("not storable: %q", s)
		}
	}
	if strings.ContainsAny(l.Subject, "\r\n") || len(l.Subject) > maxLineBytes || len(l.References) > maxReferences || len(l.Attachments) > maxAttachments {
		t.Errorf("beyond the bounds: subject %d bytes, %d references, %d attachments", len(l.Subject), len(l.References), len(l.Attachments))
	}
	at := 0
	for _, f := range l.Folds {
		if f.Start < at || f.End <= f.Start || f.End > len(l.Text) || !utf8.RuneStart((l.Text + " ")[f.End]) {
			t.Fatalf("fold %v of %d bytes", f, len(l.Text))
		}
		at = f.End
	}
	if l.Text != "" && strings.TrimSpace(l.Text) != "" && l.NewText() == "" {
		t.Error("a text without anything new to see")
	}
	if l.Kind == "" {
		t.Error("no kind")
	}
}

func TestAnOrdinaryMailIsReadWhole(t *testing.T) {
	t.Parallel()
	l := Parse(crlf(`Received: from a by b; Mon, 5 Jan 2026 10:00:01 +0000
Received: from c by a
From: =?utf-8?Q?C=C3=A1ra?= <cara@acme.test>
To: Support <support@desk.test>, "Doe, John" <john@acme.test>
Cc: mia@partner.test (Mia)
Reply-To: <cara@home.test>
Subject: =?utf-8?B?w4RyZ2Vy?= with the
 printer
Date: Mon, 5 Jan 2026 11:00:00 +0100
Message-ID: <1@acme.test>
In-Reply-To: <r@desk.test>
References: <a@desk.test>
 <r@desk.test>
X-Postdesk-Loop: abc 2
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

preamble
--outer
Content-Type: multipart/alternative; boundary="in ner"

--in ner
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

It smokes =E2=80=93 help!
--in ner
Content-Type: text/html; charset=utf-8

<p>It <b>smokes</b><img src="cid:smoke@acme.test"></p>
--in ner--
--outer
Content-Type: image/png; name="smoke.png"
Content-ID: <smoke@acme.test>
Content-Transfer-Encoding: base64

iVBORw0K
Ggo=
--outer--
epilogue
`))
	sound(t, l)
	want := core.Letter{
		FromFields: 1, From: []core.NamedAddress{{Name: "Cára", Address: "cara@acme.test"}},
		ReplyTo: []core.NamedAddress{{Address: "cara@home.test"}},
		To:      []core.NamedAddress{{Name: "Support", Address: "support@desk.test"}, {Name: "Doe, John", Address: "john@acme.test"}},
		Cc:      []core.NamedAddress{{Name: "Mia", Address: "mia@partner.test"}},
		Subject: "Ärger with the printer", MessageID: "1@acme.test", InReplyTo: []string{"r@desk.test"}, References: []string{"a@desk.test", "r@desk.test"},
		Text: "It smokes – help!", PlainText: "It smokes – help!", HTML: "<p>It <b>smokes</b><img src=\"cid:smoke@acme.test\"></p>",
		Attachments: []core.Attachment{{Filename: "smoke.png", ContentType: "image/png", ContentID: "smoke@acme.test", Inline: true, Content: []byte("\x89PNG\r\n\x1a\n")}},
		Kind:        core.KindHuman, Unanswerable: true, Loops: []string{"abc 2"}, ReceivedFields: 2,
	}
	want.Date = l.Date
	want.Kind = core.KindGenerated // it carries our loop header
	if got := l.Date.UTC().Format("2006-01-02 15:04"); got != "2026-01-05 10:00" {
		t.Errorf("date %s", got)
	}
	if g, w := fmt.Sprintf("%+v", l), fmt.Sprintf("%+v", want); g != w {
		t.Errorf("got  %s\nwant %s", g, w)
	}
}

func TestBrokenMailsKeepTheirSenderSubjectAndWords(t *testing.T) {
	t.Parallel()
	const top = "From: Cara <cara@acme.test>\r\nSubject: Help\r\n"
	for name, raw := range map[string]string{
		"a line without colon":         "From: Cara <cara@acme.test>\r\nnonsense\r\nSubject: Help\r\nX-A: b\r\n\r\nthe words\r\n",
		"a folded line at the top":     " odd\r\n" + top + "\r\nthe words\r\n",
		"blank lines at the top":       "\r\n\r\n" + top + "\r\nthe words\r\n",
		"an mbox line":                 "From cara@acme.test Mon Jan  5 10:00:00 2026\r\n" + top + "\r\nthe words\r\n",
		"an escaped mbox line":         ">From cara@acme.test Mon Jan  5 10:00:00 2026\r\n" + top + "\r\nthe words\r\n",
		"a byte order mark":            "\xef\xbb\xbf" + top + "\r\nthe words\r\n",
		"UTF-8 in a field name":        "X-\xc3\xa4: b\r\n" + top + "\r\nthe words\r\n",
		"a blank before the colon":     "From : Cara <cara@acme.test>\r\nSubject : Help\r\n\r\nthe words\r\n",
		"a field name with a blank":    "Foo Bar: x\r\n" + top + "\r\nthe words\r\n",
		"two CRs":                      strings.ReplaceAll(top+"\r\nthe words\r\n", "\r\n", "\r\r\n"),
		"LF alone":                     strings.ReplaceAll(top+"\r\nthe words\r\n", "\r\n", "\n"),
		"CR alone":                     strings.ReplaceAll(top+"\r\nthe words\r\n", "\r\n", "\r"),
		"mixed line ends":              "From: Cara <cara@acme.test>\nSubject: Help\r\n\nthe words\r\n",
		"no blank line":                top + "the words are here without a blank line\r\n",
		"NUL bytes":                    "From: Cara <cara@acme.test>\r\nSubject: He\x00lp\r\n\r\nthe \x00words\r\n",
		"unknown transfer encoding":    top + "Content-Transfer-Encoding: 9bit\r\n\r\nthe words\r\n",
		"8bit;":                        top + "Content-Transfer-Encoding: 8bit;\r\n\r\nthe words\r\n",
		"type without subtype":         top + "Content-Type: text\r\n\r\nthe words\r\n",
		"no boundary":                  top + "Content-Type: multipart/mixed\r\n\r\nthe words\r\n",
		"boundary never comes":         top + "Content-Type: multipart/mixed; boundary=x\r\n\r\nthe words\r\n",
		"another boundary":             top + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--y\r\nContent-Type: text/plain\r\n\r\nthe words\r\n--y--\r\n",
		"no type but parts":            top + "\r\n--y\r\nContent-Type: text/plain\r\n\r\nthe words\r\n--y--\r\n",
		"no end boundary":              top + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nthe words\r\n",
		"boundary is another's prefix": top + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/mixed; boundary=xx\r\n\r\n--xx\r\n\r\nthe words\r\n--xx--\r\n--x--\r\n",
		"the same boundary twice":      top + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n\r\nthe words\r\n--x--\r\n",
		"boundary with blanks after":   top + "Content-Type: multipart/mixed; boundary=\"x \"\r\n\r\n--x  \r\n\r\nthe words\r\n--x--  \r\n",
		"part header without end":      top + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n--x\r\n\r\nthe words\r\n--x--\r\n",
		"a bad part header":            top + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n:::\r\nContent-Type: text/plain\r\n\r\nthe words\r\n--x--\r\n",
		"base64 without padding":       top + "Content-Transfer-Encoding: base64\r\n\r\ndGhlIHdvcmRzLg\r\n",
		"base64 in pieces":             top + "Content-Transfer-Encoding: base64\r\n\r\ndGhlIA==d29yZHM=\r\n",
		"base64 with junk":             top + "Content-Transfer-Encoding: base64\r\n\r\ndGhl\x01!IHdv\r\n cmRz\r\n\r\n_______________________________________\r\nlist mailing list\r\n",
		"quoted-printable with =":      top + "Content-Transfer-Encoding: quoted-printable\r\n\r\nthe w=6Frds = =ZZ =\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := Parse([]byte(raw))
			sound(t, l)
			if len(l.From) != 1 || l.From[0].Address != "cara@acme.test" || l.Subject != "Help" || !strings.HasPrefix(l.Text, "the words") {
				t.Errorf("from %v, subject %q, text %q, defects %q", l.From, l.Subject, l.Text, l.Defects)
			}
		})
	}
}

func TestABareNewlineIsADefect(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]bool{
		"A: b\r\n\r\nc\r\n":      false,
		"A: b\r\n\r\nc":          false,
		"A: b\r\n\r\nc\n.\r\nd":  true,
		"A: b\r\n\r\nc\r.\r\nd":  true,
		"A: b\r\n\r\nc\r\r\nd":   true,
		"A: b\r\n\r\nc\r":        true,
		"A: b\n\nc":              true,
		"":                       false,
		"A: b\r\n\r\nc\r\n\r\n.": false,
	} {
		if got := slices.ContainsFunc(Parse([]byte(raw)).Defects, func(d string) bool { return strings.HasPrefix(d, "bare newline") }); got != want {
			t.Errorf("%q: %v", raw, got)
		}
	}
}

func TestEveryFromFieldAndMailboxIsCounted(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"X: y":                                        "0 []",
		"From: <>":                                    "1 []",
		"From: undisclosed-recipients:;":              "1 []",
		"From: a@x.test\r\nFrom: b@x.test":            "2 [a@x.test b@x.test]",
		"From: a@x.test, B <b@x.test>":                "1 [a@x.test b@x.test]",
		"From: <a@x.test> <b@x.test>":                 "1 [a@x.test b@x.test]",
		"From: <a@x.test> b@x.test":                   "1 [a@x.test b@x.test]",
		"From: Team: a@x.test, b@x.test;":             "1 [a@x.test b@x.test]",
		"from: a@x.test\r\nFROM: b@x.test":            "2 [a@x.test b@x.test]",
		"From: \"a@x.test\" <b@x.test>":               "1 [b@x.test]",
		"From: =?utf-8?q?=3Ca@x.test=3E?= <b@x.test>": "1 [b@x.test]",
		"From: =?utf-8?q?<a@x.test>?= <b@x.test>":     "1 [a@x.test b@x.test]",
		"From: (a@x.test) b@x.test":                   "1 [b@x.test]",
		"From: b@x.test\r\n\t(comment <a@x.test>)":    "1 [b@x.test]",
	} {
		l := Parse([]byte(raw + "\r\n\r\nwords\r\n"))
		addrs := addressesOf(l.From)
		addrs = slices.DeleteFunc(addrs, func(s string) bool { return s == "" })
		if got := fmt.Sprint(l.FromFields, " ", addrs); got != want {
			t.Errorf("%q: %s, want %s", raw, got, want)
		}
	}
}

func TestAMailInAMailIsAFileAndItsFieldsAreNotOurs(t *testing.T) {
	t.Parallel()
	l := Parse(crlf("From: a@x.test\nSubject: Fwd\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nlook\n--b\nContent-Type: message/rfc822\n\nFrom: eve@evil.test\nSubject: Inner mail\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\ninner words\n--c--\n--b--\n"))
	sound(t, l)
	if l.From[0].Address != "a@x.test" || l.FromFields != 1 || l.Text != "look" {
		t.Errorf("%+v", l)
	}
	if len(l.Attachments) != 1 || l.Attachments[0].Filename != "Inner mail.eml" || !strings.Contains(string(l.Attachments[0].Content), "inner words") {
		t.Errorf("attachments %+v", l.Attachments)
	}
	whole := Parse(crlf("From: a@x.test\nContent-Type: message/rfc822\n\nFrom: eve@evil.test\n\ninner\n"))
	if whole.From[0].Address != "a@x.test" || len(whole.Attachments) != 1 {
		t.Errorf("%+v", whole)
	}
}

func TestTheBodyIsChosenFromItsForms(t *testing.T) {
	t.Parallel()
	part := func(typ, body string) string { return "Content-Type: " + typ + "\n\n" + body + "\n" }
	multi := func(sub string, parts ...string) string {
		b := fmt.Sprintf("b%d", len(strings.Join(parts, "")))
		s := "Content-Type: multipart/" + sub + "; boundary=" + b + "\n\n"
		for _, p := range parts {
			s += "--" + b + "\n" + p
		}
		return s + "--" + b + "--\n"
	}
	for name, c := range map[string]struct{ mail, text, html string }{
		"alternative":               {multi("alternative", part("text/plain", "plain"), part("text/html", "<p>page")), "plain", "<p>page"},
		"page only":                 {part("text/html", "<p>page"), "page", "<p>page"},
		"an empty text":             {multi("alternative", part("text/plain", " "), part("text/html", "<p>page")), "page", "<p>page"},
		"a stub":                    {multi("alternative", part("text/plain", "Your mail program does not support HTML."), part("text/html", "<p>page")), "page", "<p>page"},
		"text and page":             {multi("mixed", part("text/html", "<p>page</p>"), part("text/plain", "foot<er")), "page\n\nfoot<er", "<p>page</p>\n" + `<div style="white-space:pre-wrap">foot&lt;er</div>`},
		"text, file, text":          {multi("mixed", part("text/plain", "one"), part("application/pdf", "x"), part("text/plain", "two")), "one\n\ntwo", ""},
		"related":                   {multi("related", part("text/html", "<p>page"), part("image/png", "x")), "page", "<p>page"},
		"page in mixed in one":      {multi("alternative", part("text/plain", "plain"), multi("mixed", part("text/html", "<p>page"), part("image/png", "x"))), "plain", "<p>page"},
		"text that looks like HTML": {part("text/plain", "<html><p>not shown as a page"), "<html><p>not shown as a page", ""},
		"flowed":                    {part("text/plain; format=flowed", "one \ntwo\n> quoted \n> more\n last"), "one two\n> quoted \n> more\nlast", ""},
		"flowed, delsp":             {part("text/plain; format=flowed; delsp=yes", "on \ne\n-- \nx"), "one\n-- \nx", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := Parse(crlf("From: a@x.test\n" + c.mail))
			sound(t, l)
			if got := strings.TrimRight(l.Text, "\n"); got != c.text {
				t.Errorf("text %q, want %q", got, c.text)
			}
			if got := strings.TrimRight(strings.ReplaceAll(l.HTML, "\r", ""), "\n"); strings.ReplaceAll(got, "\n", "") != strings.ReplaceAll(c.html, "\n", "") {
				t.Errorf("html %q, want %q", got, c.html)
			}
		})
	}
}

func TestEveryFileOfTheCorpusIsRead(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../shared/corpus/*/*.eml")
	if err != nil || len(files) == 0 {
		t.Skip("the corpus is not beside the project")
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		l := read(raw) // not Parse: a panic must show
		sound(t, l)
		_, said, _ := strings.Cut(newlines(string(raw)), "\n\n")
		if len(said) > 100 && l.Text == "" && l.HTML == "" && len(l.Attachments) == 0 {
			t.Errorf("%s: nothing was read", filepath.Base(f))
		}
	}
}

func ExampleParse() {
	l := Parse([]byte("From: Cara <cara@acme.test>\r\nSubject: Re: printer\r\n\r\nIt works now!\r\n\r\nOn Mon, 5 Jan 2026, Support <support@desk.test> wrote:\r\n> Did you try turning it off?\r\n"))
	fmt.Println(l.From[0].Name, "writes:", l.NewText())
	fmt.Println(l.Kind)
	// Output:
	// Cara writes: It works now!
	// human
}
