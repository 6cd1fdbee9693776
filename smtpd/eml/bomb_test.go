package eml

import (
	"slices"
	"strings"
	"testing"
)

// A bomb is a mail made to be expensive, and the defect that must tell so.
type bomb struct{ mail, defect string }

// top is the header of every bomb: a sender and a subject.
const top = "From: a@x.test\nSubject: s\n"

// bounded reads bombs and checks that the bounds of limits.go held, that the
// sender is known and that something of the mail can be seen.
func bounded(t *testing.T, bombs map[string]bomb) {
	t.Helper()
	for name, c := range bombs {
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
			if parts, depth := extent(walk(crlf(c.mail), func(string) {})); parts > maxParts+2 || depth > maxDepth+1 {
				t.Errorf("%d parts, %d deep", parts, depth)
			}
		})
	}
}

// extent counts the parts of a tree and how deep they are nested.
func extent(p *part) (parts, depth int) {
	for _, c := range p.children {
		n, d := extent(c)
		parts, depth = parts+n, max(depth, d)
	}
	return parts + 1, depth + 1
}

func TestBombsAreBounded(t *testing.T) {
	t.Parallel()
	bounded(t, map[string]bomb{
		"one field of 1 MB":      {top + "X-A: " + strings.Repeat("y", 1<<20) + "\n\nwords\n", ""},
		"200,000 folds":          {top + "X-A: y\n" + strings.Repeat(" y\n", 200000) + "\nwords\n", "a header field is longer than is read"},
		"20,000 fields":          {top + strings.Repeat("X-A: y\n", 20000) + "\nwords\n", "the header is longer than is read"},
		"brackets without end":   {top + "To: " + strings.Repeat("<\"", 60000) + "\n\nwords\n", ""},
		"comments without end":   {top + "To: " + strings.Repeat("(", 60000) + "\n\nwords\n", ""},
		"quotes without end":     {top + "To: " + strings.Repeat("\"\\", 60000) + "\n\nwords\n", ""},
		"words without end":      {top + "Subject: " + strings.Repeat("=?utf-8?q?", 60000) + "\n\nwords\n", ""},
		"an id of 1 MB":          {top + "References: (" + strings.Repeat("(", 1<<20) + "\n <b@x.test>\n\nwords\n", ""},
		"parameters without end": {top + "Content-Type: text/plain; " + strings.Repeat("a*0=b;", 10000) + "\n\nwords\n", ""},
		"quotes of 100,000":      {top + "\nwords\n" + strings.Repeat(">", 100000) + "\n", ""},
		"a million quotes":       {top + "\n" + strings.Repeat(">\n", 1<<20), ""},
		"a million signatures":   {top + "\nwords\n" + strings.Repeat("--\n", 20000) + strings.Repeat("x\n", 900000), ""},
		"blank lines":            {top + "\nwords\n" + strings.Repeat("\n", 2<<20), ""},
		"half encoded words":     {top + "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\n" + strings.Repeat("--b\nContent-Type: a/b; name=\""+strings.Repeat("=?a?x? =?a?q?", 4000)+"\"\n\nx\n", 100), ""},
		"On On On":               {top + "\nwords\n" + strings.Repeat("On ", 100000) + "\n" + strings.Repeat("On Mon, 5 wrote:\n", 20000), ""},
		"From: From:":            {top + "\nwords\n" + strings.Repeat("From: x\n", 50000), ""},
		"legal words":            {top + "\nwords\n\n" + strings.Repeat("This email is confidential\n\n", 20000), ""},
		"open tags":              {top + "Content-Type: text/html\n\nwords" + strings.Repeat("<div><blockquote><ul><a href=https://x.test>", 40000), ""},
		"table cells":            {top + "Content-Type: text/html\n\nwords<table>" + strings.Repeat("<td>x", 50000), ""},
		"hidden without end":     {top + "Content-Type: text/html\n\nwords" + strings.Repeat("<p style='display:none'>", 50000), ""},
		"8 MB of text":           {top + "\nwords\n" + strings.Repeat("0123456789abcde\n", 500000), "the text is longer than is read; all of it is attached"},
		"2 MB of <":              {top + "Content-Type: text/html\n\nwords" + strings.Repeat("<", 2<<20), ""},
		"1,000 files":            {top + "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\n" + strings.Repeat("--b\nContent-Type: a/b\n\nx\n", 1000), "the mail has more attachments than are kept apart; the rest is one attachment"},
	})
}

func TestAMailOnWhichTheReaderFailsIsShownWhole(t *testing.T) {
	t.Parallel()
	l := unread([]byte("Subject: x\r\n\r\nw\x00\xffords"))
	sound(t, l)
	if !strings.Contains(l.Text, "ords") || len(l.Defects) != 1 || !l.Unanswerable {
		t.Errorf("%+v", l)
	}
}
