package eml

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"postdesk/core"
)

// The attack cases of the reading side, by their numbers in the project's list.

const caraTop = "From: Cara <cara@acme.test>\r\nSubject: Help\r\n"

// readable checks that Cara, her subject and "the words" are found, as a person
// would find them.
func readable(t *testing.T, mails map[string]string) {
	t.Helper()
	for name, raw := range mails {
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

// usable is the one address that a mail can be attributed to, "" if there is none.
func usable(l core.Letter) string {
	if l.FromFields != 1 || len(l.From) != 1 {
		return ""
	}
	a, err := core.ParseAddress(l.From[0].Address)
	if err != nil {
		return ""
	}
	return a.String()
}

func nestedMail(n int) string {
	var b strings.Builder
	b.WriteString("From: a@x.test\nSubject: deep\n")
	for i := range n {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	return b.String() + "\nthe words\n"
}

func TestA9NestedAndEndlessPartsAreBounded(t *testing.T) {
	t.Parallel()
	bounded(t, map[string]bomb{
		"20,000 nested multiparts": {nestedMail(20000), "the mail is nested deeper than is read"},
		"2.9 million empty parts":  {top + "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\n", 2900000), "the mail has more parts than are read; the rest is one attachment"},
		"a part header of 24 MB":   {top + "Content-Type: multipart/mixed; boundary=b\n\n--b\n" + strings.Repeat("X-A: "+strings.Repeat("y", 990)+"\n", 24000) + "\nwords\n--b--\n", "the header is longer than is read"},
		"a boundary of 2,000":      {top + "Content-Type: multipart/mixed; boundary=" + strings.Repeat("b", 2000) + "\n\nwords\n", "a multipart has no usable boundary"},
		"an empty boundary":        {top + "Content-Type: multipart/mixed; boundary=\"\"\n\nwords\n", "a multipart has no usable boundary"},
		"boundary lines":           {top + "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\n" + strings.Repeat("--", 200000) + "\n" + strings.Repeat("--\n", 200000), ""},
		"sniffing":                 {top + "Content-Type: multipart/mixed\n\n" + strings.Repeat("--b\nContent-Type: multipart/mixed\n\n", 5000) + "words", "the boundary was guessed from the body"},
	})
	readable(t, map[string]string{
		"no boundary":                  caraTop + "Content-Type: multipart/mixed\r\n\r\nthe words\r\n",
		"boundary never comes":         caraTop + "Content-Type: multipart/mixed; boundary=x\r\n\r\nthe words\r\n",
		"another boundary":             caraTop + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--y\r\nContent-Type: text/plain\r\n\r\nthe words\r\n--y--\r\n",
		"no type but parts":            caraTop + "\r\n--y\r\nContent-Type: text/plain\r\n\r\nthe words\r\n--y--\r\n",
		"no end boundary":              caraTop + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nthe words\r\n",
		"boundary is another's prefix": caraTop + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/mixed; boundary=xx\r\n\r\n--xx\r\n\r\nthe words\r\n--xx--\r\n--x--\r\n",
		"the same boundary twice":      caraTop + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n\r\nthe words\r\n--x--\r\n",
		"boundary with blanks after":   caraTop + "Content-Type: multipart/mixed; boundary=\"x \"\r\n\r\n--x  \r\n\r\nthe words\r\n--x--  \r\n",
		"part header without end":      caraTop + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n--x\r\n\r\nthe words\r\n--x--\r\n",
		"a bad part header":            caraTop + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n:::\r\nContent-Type: text/plain\r\n\r\nthe words\r\n--x--\r\n",
		"a boundary of 70":             caraTop + multipartOf(strings.Repeat("b", 70)),
		"a boundary of 200":            caraTop + multipartOf(strings.Repeat("b", 200)),
	})
}

// multipartOf is a body of one part between such boundaries.
func multipartOf(boundary string) string {
	return "Content-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n\r\n--" + boundary + "\r\n\r\nthe words\r\n--" + boundary + "--\r\n"
}

func TestA10ChainsOfMailsReferencesAndAddressesAreBounded(t *testing.T) {
	t.Parallel()
	bounded(t, map[string]bomb{
		"260,000 addresses": {top + "To: " + strings.Repeat("a@x.test,\n ", 260000) + "\n\nwords\n", ""},
		"1,000 references":  {top + "References: " + strings.Repeat("<a@x.test> ", 1000) + "\n\nwords\n", ""},
		"mails in mails":    {top + strings.Repeat("Content-Type: message/rfc822\n\n", 1000) + "words\n", ""},
	})
	var ids strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&ids, " <%d@x.test>\n", i)
	}
	l := Parse(crlf("From: a@x.test\nReferences:" + ids.String() + "To: " + strings.Repeat("a@x.test,\n ", 260000) + "b@x.test\n\nwords\n"))
	if len(l.References) != maxReferences || l.References[0] != "950@x.test" || l.References[49] != "999@x.test" {
		t.Errorf("threading uses %q", l.References)
	}
	if len(l.To) != maxAddresses {
		t.Errorf("%d recipients", len(l.To))
	}
}

func TestA11BrokenHeadersStillTellSenderSubjectAndWords(t *testing.T) {
	t.Parallel()
	readable(t, map[string]string{
		"a line without colon":      "From: Cara <cara@acme.test>\r\nnonsense\r\nSubject: Help\r\nX-A: b\r\n\r\nthe words\r\n",
		"a folded line at the top":  " odd\r\n" + caraTop + "\r\nthe words\r\n",
		"blank lines at the top":    "\r\n\r\n" + caraTop + "\r\nthe words\r\n",
		"an mbox line":              "From cara@acme.test Mon Jan  5 10:00:00 2026\r\n" + caraTop + "\r\nthe words\r\n",
		"an escaped mbox line":      ">From cara@acme.test Mon Jan  5 10:00:00 2026\r\n" + caraTop + "\r\nthe words\r\n",
		"a byte order mark":         "\xef\xbb\xbf" + caraTop + "\r\nthe words\r\n",
		"UTF-8 in a field name":     "X-\xc3\xa4: b\r\n" + caraTop + "\r\nthe words\r\n",
		"a blank before the colon":  "From : Cara <cara@acme.test>\r\nSubject : Help\r\n\r\nthe words\r\n",
		"many lines without colon":  "From: Cara <cara@acme.test>\r\nnonsense\r\nmore of it\r\nOrganization: Acme\r\nSubject: Help\r\n\r\nthe words\r\n",
		"a field that is not usual": "From: Cara <cara@acme.test>\r\nnonsense\r\nKeywords: a\r\nSubject: Help\r\n\r\nthe words\r\n",
		"a long line without colon": "From: Cara <cara@acme.test>\r\n" + strings.Repeat("x", 5000) + "\r\nSubject: Help\r\n\r\nthe words\r\n",
		"an mbox line in between":   "From: Cara <cara@acme.test>\r\nFrom cara@acme.test Mon Jan  5 10:00:00 2026\r\nSubject: Help\r\n\r\nthe words\r\n",
		"words with a colon":        caraTop + "the words: no blank line\r\nhere\r\n",
		"a blank line of blanks":    caraTop + "  \t\r\nthe words\r\n",
		"a field name with a blank": "Foo Bar: x\r\n" + caraTop + "\r\nthe words\r\n",
		"two CRs":                   strings.ReplaceAll(caraTop+"\r\nthe words\r\n", "\r\n", "\r\r\n"),
		"LF alone":                  strings.ReplaceAll(caraTop+"\r\nthe words\r\n", "\r\n", "\n"),
		"CR alone":                  strings.ReplaceAll(caraTop+"\r\nthe words\r\n", "\r\n", "\r"),
		"CR alone, by SMTP":         strings.ReplaceAll(caraTop+"\r\nthe words", "\r\n", "\r") + "\r\n",
		"mixed line ends":           "From: Cara <cara@acme.test>\nSubject: Help\r\n\nthe words\r\n",
		"no blank line":             caraTop + "the words are here without a blank line\r\n",
		"NUL bytes":                 "From: Cara <cara@acme.test>\r\nSubject: He\x00lp\r\n\r\nthe \x00words\r\n",
		"type without subtype":      caraTop + "Content-Type: text\r\n\r\nthe words\r\n",
	})
	for _, raw := range []string{"the words, and no header at all", "\r\nthe words\r\n", "\r\n\r\n\r\nthe words", "\x00the words\xff"} {
		l := Parse([]byte(raw))
		sound(t, l)
		if !strings.Contains(l.Text, "the words") || usable(l) != "" || !slices.Contains(l.Defects, "there is no From field") {
			t.Errorf("%q: text %q, from %v, defects %q", raw, l.Text, l.From, l.Defects)
		}
	}
}

func TestA12BrokenEncodingsNeverCutTheBody(t *testing.T) {
	t.Parallel()
	bounded(t, map[string]bomb{
		"quoted-printable 100 KB": {top + "Content-Transfer-Encoding: quoted-printable\n\nwords " + strings.Repeat("=41", 100000) + "\n", ""},
	})
	readable(t, map[string]string{
		"base64 without padding":    caraTop + "Content-Transfer-Encoding: base64\r\n\r\ndGhlIHdvcmRzLg\r\n",
		"base64 in pieces":          caraTop + "Content-Transfer-Encoding: base64\r\n\r\ndGhlIA==d29yZHM=\r\n",
		"base64 with junk":          caraTop + "Content-Transfer-Encoding: base64\r\n\r\ndGhl\x01!IHdv\r\n cmRz\r\n\r\n_______________________________________\r\nlist mailing list\r\n",
		"quoted-printable with =":   caraTop + "Content-Transfer-Encoding: quoted-printable\r\n\r\nthe w=6Frds = =ZZ =\r\n",
		"unknown transfer encoding": caraTop + "Content-Transfer-Encoding: 9bit\r\n\r\nthe words\r\n",
		"8bit;":                     caraTop + "Content-Transfer-Encoding: 8bit;\r\n\r\nthe words\r\n",
	})
	for name, c := range map[string]struct {
		typ, body, text string
		lies            bool
	}{
		"an unknown charset":       {"text/plain; charset=klingon", "caf\xe9 end", "café end", true},
		"UTF-8 called latin":       {"text/plain; charset=us-ascii", "caf\xc3\xa9 end", "café end", true},
		"latin called UTF-8":       {"text/plain; charset=utf-8", "caf\xe9 end", "café end", true},
		"overlong":                 {"text/plain; charset=utf-8", "ééé\xc0\xaféé\xc3\xa9 end", "ééé\ufffdééé end", true},
		"lone surrogates":          {"text/plain; charset=utf-8", "ééééé\xed\xa0\x80éé end", "ééééé\ufffdéé end", true},
		"lone surrogates, UTF-16":  {"text/plain; charset=utf-16le", "\x00\xd8e\x00n\x00d\x00", "\ufffdend", false},
		"half a character":         {"text/plain; charset=utf-16le", "e\x00n\x00d\x00x", "end\ufffd", false},
		"NUL":                      {"text/plain; charset=utf-8", "a\x00b end", "ab end", false},
		"UTF-7":                    {"text/plain; charset=utf-7", "+ADw-script+AD4- end", "<script> end", false},
		"a page in UTF-7":          {"text/html; charset=utf-7", "+ADw-script+AD4- end", "+ADw-script+AD4- end", true},
		"by another name":          {"text/html; charset=unicode-1-1-utf-7", "+ADw-script+AD4- end", "+ADw-script+AD4- end", true},
		"in its meta tag":          {"text/html", "<meta charset=utf-7>\xe9+ADw-script+AD4- end", "é+ADw-script+AD4- end", true},
		"in its meta tag, guessed": {"text/html; charset=klingon", "<meta charset=utf-7>+ADw-script+AD4- end", "+ADw-script+AD4- end", true},
	} {
		l := Parse([]byte("From: a@x.test\r\nContent-Type: " + c.typ + "\r\n\r\n" + c.body))
		sound(t, l)
		if l.Text != c.text || slices.Contains(l.Defects, "the declared charset is not the real one") != c.lies {
			t.Errorf("%s: %q, want %q; defects %q", name, l.Text, c.text, l.Defects)
		}
		if strings.Contains(l.HTML, "<script") {
			t.Errorf("%s became markup: %q", name, l.HTML)
		}
	}
}

func TestA13ADoubtfulFromIsNobodys(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("X-A: b\r\n", maxFields)
	for from, want := range map[string]string{ // fields, mailboxes, who it is attributed to
		"X: y":                                                         "0 [] ",
		"From: <>":                                                     "1 [] ",
		"From: nobody":                                                 "1 [nobody] ",
		"From: undisclosed-recipients:;":                               "1 [] ",
		"From: Team: a@x.test;":                                        "1 [a@x.test Team: a@x.test;] ",
		"From: Team: a@x.test, b@x.test;":                              "1 [a@x.test b@x.test] ",
		"From: a@x.test\r\nFrom: b@x.test":                             "2 [a@x.test b@x.test] ",
		"from: a@x.test\r\nFROM: b@x.test":                             "2 [a@x.test b@x.test] ",
		"From: a@x.test\r\nFrom : b@x.test":                            "2 [a@x.test b@x.test] ",
		" From: a@x.test\r\nFrom: b@x.test":                            "2 [a@x.test b@x.test] ",
		"From: a@x.test\r\n" + many + "From: b@x.test":                 "2 [a@x.test b@x.test] ",
		"From: a@x.test, B <b@x.test>":                                 "1 [a@x.test b@x.test] ",
		"From: <a@x.test> <b@x.test>":                                  "1 [a@x.test b@x.test] ",
		"From: <a@x.test> b@x.test":                                    "1 [a@x.test b@x.test] ",
		"From: <a@x.test>\\, <b@x.test>":                               "1 [a@x.test b@x.test] ",
		"From: =?utf-8?q?<a@x.test>?= <b@x.test>":                      "1 [a@x.test b@x.test] ",
		"From: =?utf-8?q?=3Ca@x.test=3E?= <b@x.test>":                  "1 [b@x.test a@x.test] ",
		"From: =?utf-8?b?PGFAeC50ZXN0Pg==?= <b@x.test>":                "1 [b@x.test a@x.test] ",
		"From: =?utf-8?q?A_=3Ca=40?= =?utf-8?q?x.test=3E?= <b@x.test>": "1 [b@x.test a@x.test] ",
		"From: b@x.test (=?utf-8?q?=3Ca@x.test=3E?=)":                  "1 [b@x.test a@x.test] ",
		"From: <@x.test,@y.test:a@x.test>":                             "1 [a@x.test] a@x.test",
		"From: <b@x.test(a@x.test>":                                    "1 [b@x.test(a@x.test] ",
		"From: <b@x.test(.y.test)>":                                    "1 [b@x.test(.y.test)] ",
		"From: b@x.test(<a@x.test>":                                    "1 [a@x.test b@x.test(<a@x.test>] ",
		"From: \"b@x.test\" a@x.test":                                  "1 [b@x.test a@x.test] ",
		"From: \"<b@x.test>\" a@x.test":                                "1 [b@x.test a@x.test] ",
		"From: <a@x.test\\>b@x.test>":                                  "1 [a@x.test\\ b@x.test>] ",
		"From: a@x.test\\,b@x.test":                                    "1 [a@x.test,b@x.test] ",
		"From: \"a@x.test <b@x.test>":                                  "1 [b@x.test \"a@x.test <b@x.test>] ",
		"From: a@x.test;b@x.test":                                      "1 [a@x.test b@x.test] ",
		"From: (<a@x.test> <b@x.test>":                                 "1 [a@x.test b@x.test] ",
		"From: =?utf-8?b?PGFAeC50ZXN0Pg==?=":                           "1 [=?utf-8?b?PGFAeC50ZXN0Pg==?=] ",
		"From: a@x.test@b.test":                                        "1 [a@x.test@b.test] ",
		"From: <a@x.test\x00@b.test>":                                  "1 [a@x.test@b.test] ",
		"From: \"a@x.test\"@b.test":                                    "1 [\"a@x.test\"@b.test] ",
		"From: <a b@x.test>":                                           "1 [a b@x.test] ",
		"From: Cara <a@x.test, Bob <b@x.test>":                         "1 [a@x.test b@x.test] ",
		"From: <\"a@x.test\" <b@x.test>>":                              "1 [a@x.test b@x.test] ",
		// Written oddly, but one author.
		"From: \"a@x.test\"":                      "1 [a@x.test] a@x.test",
		"From: <\"a@x.test\">":                    "1 [a@x.test] a@x.test",
		"From: Cara [mailto:a@x.test]":            "1 [a@x.test] a@x.test",
		"From: Cara <a@x.test> <mailto:a@x.test>": "1 [a@x.test] a@x.test",
		"From: Cara <a@x.test.>":                  "1 [a@x.test] a@x.test",
		"From: Cara a@x.test>":                    "1 [a@x.test] a@x.test",
		"From: Acme: Support <a@x.test>":          "1 [a@x.test] a@x.test",
		"From: Cara <a@x.\r\n test>":              "1 [a@x.test] a@x.test",
		"From: =?utf-8?q?Cara?=\r\n <a@x.test>":   "1 [a@x.test] a@x.test",
		// A name or a comment that looks like somebody else proves nothing: it is its real author's.
		"From: \"a@x.test\" <b@x.test>":                 "1 [b@x.test] b@x.test",
		"From: \"<a@x.test>\\\"\" <b@x.test>":           "1 [b@x.test] b@x.test",
		"From: =?utf-8?q?a@x.test?= <b@x.test>":         "1 [b@x.test] b@x.test",
		"From: =?utf-8?q?B_=3Cb@x.test=3E?= <B@x.test>": "1 [B@x.test] b@x.test",
		"From: \"<a@x.test>, \\\"\" <b@x.test>":         "1 [b@x.test] b@x.test",
		"From: (\\)<a@x.test>) <b@x.test>":              "1 [b@x.test] b@x.test",
		"From: \"Cara (sales <b@x.test>":                "1 [b@x.test] b@x.test",
		"From: (a@x.test) b@x.test":                     "1 [b@x.test] b@x.test",
		"From: b@x.test\r\n\t(comment <a@x.test>)":      "1 [b@x.test] b@x.test",
		"From: Re: Help <b@x.test>":                     "1 [b@x.test] b@x.test",
	} {
		l := Parse([]byte(from + "\r\n\r\nwords\r\n"))
		sound(t, l)
		addrs := slices.DeleteFunc(addressesOf(l.From), func(s string) bool { return s == "" })
		if got := fmt.Sprint(l.FromFields, " ", addrs, " ", usable(l)); got != want {
			t.Errorf("%.60q: %s, want %s", from, got, want)
		}
	}
}

func TestA15ASubjectOrNameIsOneLine(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a\r\n Bcc: b":                        "a Bcc: b",
		"a\n\tb":                              "a b",
		"a\rBcc: b":                           "aBcc: b",
		"=?utf-8?q?a=0D=0ABcc:_b@x.test?=":    "a Bcc: b@x.test",
		"=?utf-8?b?YQ0KQmNjOiBi?=":            "a Bcc: b",
		"a\x00\x1b[31mb\x7f":                  "a [31mb",
		"=?utf-8?q?a=E2=80=AEb=E2=80=A8c?=":   "ab\u2028c",
		strings.Repeat("a", 50<<10):           strings.Repeat("a", 50<<10),
		strings.Repeat("é", 25<<10):           strings.Repeat("é", 25<<10),
		strings.Repeat("=?utf-8?q?a?= ", 400): strings.Repeat("a", 400),
	} {
		l := Parse([]byte("Subject: " + in + "\r\nFrom: \"" + in + "\" <a@x.test>\r\n\r\nwords\r\n"))
		sound(t, l)
		if l.Subject != want {
			t.Errorf("%.60q: subject %.60q", in, l.Subject)
		}
		if l.From[0].Name != cut(want, maxLineBytes) {
			t.Errorf("%.60q: name %.60q", in, l.From[0].Name)
		}
		if usable(l) != "a@x.test" || len(l.To) > 0 {
			t.Errorf("%.60q: from %q, to %q", in, l.From, l.To)
		}
	}
	l := Parse([]byte("Subject: " + strings.Repeat("a ", maxFieldBytes) + "\r\nFrom: " + strings.Repeat("a", maxFieldBytes) + " <a@x.test>\r\n\r\nwords\r\n"))
	sound(t, l)
	if l.Subject != strings.TrimSpace(strings.Repeat("a ", maxFieldBytes/2)) || usable(l) != "" || l.Text != "words\n" {
		t.Errorf("beyond a field: subject %.60q, from %.60q", l.Subject, l.From)
	}
}

func TestA16AFileNameIsOnlyANameAndATypeIsOnlyAType(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"../../etc/passwd":                 "passwd",
		`C:\tmp\x.txt`:                     "x.txt",
		"a.html":                           "a.html",
		"CON":                              "_CON",
		"con.txt":                          "_con.txt",
		"..":                               "attachment",
		"":                                 "attachment",
		"a\r\nb\x00.pdf":                   "a b.pdf",
		"gpj.\u202eexe":                    "gpj.exe",
		"x. . ":                            "x",
		strings.Repeat("é", 5000) + ".pdf": strings.Repeat("é", 98) + ".pdf",
		"x.svg":                            "x.svg",
		"lpt9.txt":                         "_lpt9.txt",
		"a/..\\..\\b":                      "b",
		"AUX .html":                        "_AUX .html",
		"\u200bx.png":                      "x.png",
	} {
		if got := cleanName(in); got != want {
			t.Errorf("%.40q: %q, want %q", in, got, want)
		}
	}
	const page = "<script>alert(1)</script>"
	for field, want := range map[string]string{
		"image/png; name=\"../../x.html\"":                  "x.html image/png",
		"IMAGE/PNG; name=\"=?utf-8?q?a=0D=0AX-B:_c.png?=\"": "a X-B: c.png image/png",
		"image/png; name*=utf-8''gpj.%E2%80%AEexe":          "gpj.exe image/png",
		"image/png\x00\x07; name=a.png":                     "a.png image/png",
		"a/" + strings.Repeat("b", 5000) + "; name=a":       "a a/" + strings.Repeat("b", maxNameBytes-2),
		"image/png; name=a.png\r\n\tX-Forged: yes":          "a.png X-Forged: yes image/png",
		"<script>/<b>; name=a.svg":                          "a.svg <script>/<b>",
	} {
		l := Parse([]byte(caraTop + "Content-Disposition: attachment\r\nContent-Type: " + field + "\r\n\r\n" + page))
		sound(t, l)
		if len(l.Attachments) != 1 || l.HTML != "" || string(l.Attachments[0].Content) != page {
			t.Errorf("%.60q: %+v", field, l)
			continue
		}
		if got := l.Attachments[0].Filename + " " + l.Attachments[0].ContentType; got != want {
			t.Errorf("%.60q: %q, want %q", field, got, want)
		}
	}
}
