package eml_test

import (
	"strings"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/smtpd/eml"
)

// contactOf writes a form as a mail and reads it again.
func contactOf(t *testing.T, m core.ContactMail) core.Letter {
	t.Helper()
	to, err := core.ParseAddress("support@desk.test")
	if err != nil {
		t.Fatal(err)
	}
	m.To, m.Date, m.MessageID = to, time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC), "form.ABC@desk.test"
	return eml.Parse(eml.WriteContact(m))
}

func TestAContactFormIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]core.ContactMail{
		"plain":   {From: core.NamedAddress{Name: "Cara", Address: "cara@acme.test"}, Subject: "My printer", Text: "It does not print.\n\nWhat now?"},
		"unnamed": {From: core.NamedAddress{Address: "cara@acme.test"}, Subject: "Hi", Text: "Hello"},
		"umlauts": {From: core.NamedAddress{Name: `Jörg "der" Groß`, Address: "j@acme.test"}, Subject: strings.Repeat("Größe ", 30) + "€", Text: "Schöne Grüße\n.\n..\nFrom here = there"},
		"headers": {From: core.NamedAddress{Name: "X: y", Address: "cara@acme.test"}, Subject: "Bcc: eve@x.test, X: y", Text: "--boundary\nContent-Type: text/html\n\n<b>no</b>"},
		"files": {From: core.NamedAddress{Address: "cara@acme.test"}, Subject: "Logs", Text: "See there.", Files: []core.Upload{
			{Filename: "größe \"1\"\r\nX: y.txt", ContentType: "text/plain; charset=x\r\nEvil: yes", Content: []byte("one\r\ntwo")},
			{Filename: "mail.eml", ContentType: "message/rfc822", Content: []byte("From: eve@x.test\r\n\r\nx")},
			{Filename: "empty", Content: nil}}},
	} {
		l := contactOf(t, m)
		if l.FromFields != 1 || len(l.From) != 1 || l.From[0].Address != m.From.Address || l.From[0].Name != m.From.Name {
			t.Errorf("%s: from %+v", name, l.From)
		}
		if strings.TrimSpace(l.Subject) != strings.TrimSpace(m.Subject) || strings.TrimSpace(l.Text) != m.Text {
			t.Errorf("%s: %q, %q", name, l.Subject, l.Text)
		}
		if l.Kind != core.KindHuman || l.Unanswerable || len(l.Cc) != 0 || l.MessageID != "form.ABC@desk.test" {
			t.Errorf("%s: %+v", name, l)
		}
		if len(l.Attachments) != len(m.Files) {
			t.Fatalf("%s: files %+v", name, l.Attachments)
		}
		for i, f := range m.Files {
			if string(l.Attachments[i].Content) != string(f.Content) {
				t.Errorf("%s: file %d is %q", name, i, l.Attachments[i].Content)
			}
		}
	}
}

func FuzzAContactFormMakesNoHeaders(f *testing.F) {
	f.Add("Cara", "Hi", "Hello", "a.txt", "text/plain")
	f.Add("a\r\nBcc: x@x.test", "s\r\n\r\nbody", "\r\n.\r\n", "\"\r\nX: y", "multipart/mixed; boundary=x")
	f.Fuzz(func(t *testing.T, name, subject, text, filename, media string) {
		// As the desk hands it over: one line, valid.
		line := func(s string) string { return strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ") }
		l := contactOf(t, core.ContactMail{From: core.NamedAddress{Name: strings.NewReplacer("@", "", "＠", "").Replace(line(name)), Address: "cara@acme.test"}, Subject: line(subject),
			Text: strings.ToValidUTF8(text, "?"), Files: []core.Upload{{Filename: filename, ContentType: media, Content: []byte("x")}}})
		if l.FromFields != 1 || len(l.From) != 1 || l.From[0].Address != "cara@acme.test" || len(l.Cc) != 0 || len(l.ReplyTo) != 0 || len(l.To) != 1 || len(l.Attachments) != 1 {
			t.Errorf("%+v", l)
		}
	})
}
