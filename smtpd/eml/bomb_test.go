package eml

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestBombsAreBounded(t *testing.T) {
	t.Parallel()
	nested := func(n int) string {
		var b strings.Builder
		b.WriteString("From: a@x.test\nSubject: deep\n")
		for i := range n {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
		}
		return b.String() + "\nthe words\n"
	}
	const top = "From: a@x.test\nSubject: s\n"
	for name, c := range map[string]struct{ mail, defect string }{
		"20,000 nested multiparts": {nested(20000), "the mail is nested deeper than is read"},
		"300,000 empty parts":      {top + "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\n", 300000), "the mail has more parts than are read; the rest is one attachment"},
		"a part header of 24 MB":   {top + "Content-Type: multipart/mixed; boundary=b\n\n--b\n" + strings.Repeat("X-A: "+strings.Repeat("y", 990)+"\n", 24000) + "\nwords\n--b--\n", "the header is longer than is read"},
		"one field of 1 MB":        {top + "X-A: " + strings.Repeat("y", 1<<20) + "\n\nwords\n", ""},
		"200,000 folds":            {top + "X-A: y\n" + strings.Repeat(" y\n", 200000) + "\nwords\n", "a header field is longer than is read"},
		"20,000 fields":            {top + strings.Repeat("X-A: y\n", 20000) + "\nwords\n", "the header is longer than is read"},
		"260,000 addresses":        {top + "To: " + strings.Repeat("a@x.test,\n ", 260000) + "\n\nwords\n", ""},
		"brackets without end":     {top + "To: " + strings.Repeat("<\"", 60000) + "\n\nwords\n", ""},
		"comments without end":     {top + "To: " + strings.Repeat("(", 60000) + "\n\nwords\n", ""},
		"quotes without end":       {top + "To: " + strings.Repeat("\"\\", 60000) + "\n\nwords\n", ""},
		"words without end":        {top + "Subject: " + strings.Repeat("=?utf-8?q?", 60000) + "\n\nwords\n", ""},
		"an id of 1 MB":            {top + "References: (" + strings.Repeat("(", 1<<20) + "\n <b@x.test>\n\nwords\n", ""},
		"1,000 references":         {top + "References: " + strings.Repeat("<a@x.test> ", 1000) + "\n\nwords\n", ""},
		"a boundary of 2,000":      {top + "Content-Type: multipart/mixed; boundary=" + strings.Repeat("b", 2000) + "\n\nwords\n", "a multipart has no usable boundary"},
		"an empty boundary":        {top + "Content-Type: multipart/mixed; boundary=\"\"\n\nwords\n", "a multipart has no usable boundary"},
		"parameters without end":   {top + "Content-Type: text/plain; " + strings.Repeat("a*0=b;", 10000) + "\n\nwords\n", ""},
		"quoted-printable 100 KB":  {top + "Content-Transfer-Encoding: quoted-printable\n\nwords " + strings.Repeat("=41", 100000) + "\n", ""},
		"quotes of 100,000":        {top + "\nwords\n" + strings.Repeat(">", 100000) + "\n", ""},
		"a million quotes":         {top + "\n" + strings.Repeat(">\n", 1<<20), ""},
		"a million signatures":     {top + "\nwords\n" + strings.Repeat("--\n", 20000) + strings.Repeat("x\n", 900000), ""},
		"blank lines":              {top + "\nwords\n" + strings.Repeat("\n", 2<<20), ""},
		"half encoded words":       {top + "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\n" + strings.Repeat("--b\nContent-Type: a/b; name=\""+strings.Repeat("=?a?x? =?a?q?", 4000)+"\"\n\nx\n", 100), ""},
		"On On On":                 {top + "\nwords\n" + strings.Repeat("On ", 100000) + "\n" + strings.Repeat("On Mon, 5 wrote:\n", 20000), ""},
		"From: From:":              {top + "\nwords\n" + strings.Repeat("From: x\n", 50000), ""},
		"legal words":              {top + "\nwords\n\n" + strings.Repeat("This email is confidential\n\n", 20000), ""},
		"boundary lines":           {top + "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\n" + strings.Repeat("--", 200000) + "\n" + strings.Repeat("--\n", 200000), ""},
		"open tags":                {top + "Content-Type: text/html\n\nwords" + strings.Repeat("<div><blockquote><ul><a href=https://x.test>", 40000), ""},
		"table cells":              {top + "Content-Type: text/html\n\nwords<table>" + strings.Repeat("<td>x", 50000), ""},
		"hidden without end":       {top + "Content-Type: text/html\n\nwords" + strings.Repeat("<p style='display:none'>", 50000), ""},
		"8 MB of text":             {top + "\nwords\n" + strings.Repeat("0123456789abcde\n", 500000), "the text is longer than is read; all of it is attached"},
		"2 MB of <":                {top + "Content-Type: text/html\n\nwords" + strings.Repeat("<", 2<<20), ""},
		"1,000 files":              {top + "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\n" + strings.Repeat("--b\nContent-Type: a/b\n\nx\n", 1000), "the mail has more attachments than are kept apart"},
		"mails in mails":           {top + strings.Repeat("Content-Type: message/rfc822\n\n", 1000) + "words\n", ""},
		"sniffing":                 {top + "Content-Type: multipart/mixed\n\n" + strings.Repeat("--b\nContent-Type: multipart/mixed\n\n", 5000) + "words", "the boundary was guessed from the body"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := read(crlf(c.mail)) // not Parse: a panic must show
			sound(t, l)
			if l.FromFields != 1 || l.From[0].Address != "a@x.test" {
				t.Errorf("from %v", l.From)
			}
			if c.defect != "" && !slices.Contains(l.Defects, c.defect) {
				t.Errorf("defects %q", l.Defects)
			}
			if len(l.Text) > maxTextOut || len(l.Attachments) > maxAttachments || len(l.Defects) > maxDefects {
				t.Errorf("%d bytes of text, %d files, %d defects", len(l.Text), len(l.Attachments), len(l.Defects))
			}
			if len(l.Text) == 0 && len(l.Attachments) == 0 {
				t.Error("nothing of it is kept")
			}
		})
	}
}

func TestAMailOnWhichTheReaderFailsIsShownWhole(t *testing.T) {
	t.Parallel()
	l := unread([]byte("Subject: x\r\n\r\nw\x00\xffords"))
	sound(t, l)
	if !strings.Contains(l.Text, "ords") || len(l.Defects) != 1 || !l.Unanswerable {
		t.Errorf("%+v", l)
	}
}
