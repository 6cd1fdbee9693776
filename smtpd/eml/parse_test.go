package eml

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"postdesk/core"
)

// crlf writes a message as it comes over SMTP.
func crlf(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }

// sound checks what every Letter promises.
func sound(t *testing.T, l core.Letter) {
	t.Helper()
	for _, list := range [][]core.NamedAddress{l.From, l.Sender, l.ReplyTo, l.OriginalFrom, l.To, l.Cc} {
		if len(list) > maxAddresses {
			t.Errorf("%d addresses", len(list))
		}
		for _, a := range list {
			if strings.ContainsAny(a.Name+a.Address, "\r\n") {
				t.Errorf("a line end in %q", a)
			}
		}
	}
	for _, a := range l.Attachments {
		if a.Filename == "" || len(a.Filename) > maxNameBytes+1 || strings.ContainsAny(a.Filename, "/\\\r\n\x00") {
			t.Errorf("file name %q", a.Filename)
		}
	}
	storable(t, "Letter", reflect.ValueOf(l))
	if len(l.Text) > maxTextOut || len(l.HTML) > maxTextOut || len(l.PlainText) > maxTextOut || len(l.Defects) > maxDefects {
		t.Errorf("beyond the bounds: %d bytes of text, %d of page, %d defects", len(l.Text), len(l.HTML), len(l.Defects))
	}
	if strings.ContainsAny(l.Subject, "\r\n") || len(l.Subject) > 3*maxFieldBytes || len(l.References) > maxReferences || len(l.Attachments) > maxAttachments {
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

// storable checks every string that a value holds, also of fields that come later.
func storable(t *testing.T, name string, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			t.Errorf("%s is not storable: %q", name, s)
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			storable(t, name, v.Elem())
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return // the bytes of a file are as they came
		}
		for i := range v.Len() {
			storable(t, fmt.Sprint(name, "[", i, "]"), v.Index(i))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			storable(t, name+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			storable(t, name+" key", k)
			storable(t, fmt.Sprint(name, "[", k, "]"), v.MapIndex(k))
		}
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

func TestABareNewlineIsADefect(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]bool{
		"A: b\r\n\r\nc\r\n":      false,
		"A: b\r\n\r\nc":          false,
		"A: b\r\n\r\nc\n.\r\nd":  true,
		"A: b\r\n\r\nc\r.\r\nd":  true,
		"A: b\r\n\r\nc\r\n.\nd":  true,
		"A: b\r\n\r\nc\r\n.\rd":  true,
		"A: b\nC: d\r\n\r\ne":    true,
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
}

func TestAMailThatOnlyEnclosesAnotherShowsItsWords(t *testing.T) {
	t.Parallel()
	const inner = "From: eve@evil.test\nMessage-ID: <eve@evil.test>\nAuto-Submitted: auto-replied\nSubject: Inner\nContent-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: text/html\n\n<p>inner <b>words</b>\n--c\nContent-Type: a/b; name=inner.bin\n\nx\n--c--\n"
	for name, mail := range map[string]string{
		"the whole mail":       "Content-Type: message/rfc822\n\n" + inner,
		"sent on, no words":    "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n\n--b\nContent-Type: message/rfc822\nContent-Disposition: inline\n\n" + inner + "--b--\n",
		"a mail in the mail":   "Content-Type: message/rfc822\n\nFrom: x@y.test\nContent-Type: message/rfc822\n\n" + inner,
		"one with blank lines": "Content-Type: message/global\n\n\n\n" + inner,
	} {
		l := Parse(crlf("From: a@x.test\nSubject: Outer\n" + mail))
		sound(t, l)
		if strings.TrimSpace(l.Text) != "inner words" || l.PlainText != "" || l.HTML != "" {
			t.Errorf("%s: text %q, plain %q, page %q", name, l.Text, l.PlainText, l.HTML)
		}
		if usable(l) != "a@x.test" || l.Subject != "Outer" || l.MessageID != "" || l.Kind != core.KindHuman || l.Unanswerable {
			t.Errorf("%s: read as the enclosed mail's own: %+v", name, l)
		}
		if len(l.Attachments) != 1 || !strings.Contains(string(l.Attachments[0].Content), "inner.bin") {
			t.Errorf("%s: files %+v", name, l.Attachments)
		}
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
