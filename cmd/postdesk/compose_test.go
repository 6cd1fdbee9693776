package main

import (
	"strings"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/mailer"
	"postdesk/smtpd/eml"
)

// TestOurOwnReaderReadsWhatWeComposeAsItWasMeant: mail of ours comes back quoted,
// forwarded and bounced, and people read it with programs that are no better.
func TestOurOwnReaderReadsWhatWeComposeAsItWasMeant(t *testing.T) {
	t.Parallel()
	words := []string{"It is on its way.", "Grüße aus Köln", "日本語の本文\n二行目", "שלום עולם", "👩‍👩‍👧 ok", ".\n..\n.x", "From here\n>From", strings.Repeat("x", 5000),
		"see https://customer.test/?a=1&b=2#c", "a = b == c =3D", "  indented\n\ttab"}
	names := []string{"Cara", "Käthe Müller", "山田 太郎", "O'Neil, \"Cy\" (x)", `back\slash`, `bäck\slash`, "👻", strings.Repeat("Długie imię ", 9)}
	for _, text := range words {
		for j, name := range names {
			name = strings.TrimSpace(name)
			o := core.Outgoing{Purpose: core.PurposeReply, Instance: "Acme", From: core.NamedAddress{Name: name, Address: "support@acme.test"},
				To: []core.NamedAddress{{Name: name, Address: "cara@customer.test"}}, Cc: []core.NamedAddress{{Name: name, Address: "cole@customer.test"}},
				ReplyTo: "support+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@acme.test", Subject: "Re: " + name,
				MessageID: "one.two@acme.test", InReplyTo: "three@customer.test", References: []string{"root@acme.test", "three@customer.test"},
				Date: time.Date(2026, 3, 2, 8, 30, 0, 0, time.UTC), Author: name, Text: text,
				Files: []core.File{{Name: name + ".pdf", ContentType: "application/pdf", Content: []byte(text)}, {Name: "a.png", ContentType: "image/png", Inline: true, Content: []byte("i")}},
			}
			raw, err := mailer.Compose(&o)
			if err != nil {
				t.Fatal(err)
			}
			checkLetter(t, j, eml.Parse(raw), o)
		}
	}
}

func checkLetter(t *testing.T, j int, l core.Letter, o core.Outgoing) {
	t.Helper()
	name := o.Author
	if strings.ContainsRune(name, '\\') && strings.ContainsFunc(name, func(r rune) bool { return r > '~' }) {
		name = strings.ReplaceAll(name, `\`, "\uff3c")
	}
	if len([]rune(name)) > 100 {
		name = ""
	}
	if len(l.Defects) > 0 || l.FromFields != 1 || len(l.From) != 1 || len(l.To) != 1 || len(l.Cc) != 1 || len(l.ReplyTo) != 1 {
		t.Fatalf("name %d: %+v", j, l)
	}
	for _, a := range []core.NamedAddress{l.From[0], l.To[0], l.Cc[0]} {
		if name != "" && a.Name != name {
			t.Errorf("name %q, want %q", a.Name, name)
		}
	}
	if l.From[0].Address != "support@acme.test" || l.To[0].Address != "cara@customer.test" || l.Cc[0].Address != "cole@customer.test" || l.ReplyTo[0].Address != o.ReplyTo {
		t.Errorf("addresses %v %v %v %v", l.From, l.To, l.Cc, l.ReplyTo)
	}
	if l.Subject != o.Subject || l.MessageID != o.MessageID || strings.Join(l.InReplyTo, " ") != o.InReplyTo || strings.Join(l.References, " ") != strings.Join(o.References, " ") {
		t.Errorf("subject %q, want %q; ids %q %q %q", l.Subject, o.Subject, l.MessageID, l.InReplyTo, l.References)
	}
	if !strings.Contains(l.PlainText, o.Text) || l.HTML == "" || l.Kind != core.KindHuman || !l.Date.Equal(o.Date) {
		t.Errorf("%s of %s: %q", l.Kind, l.Date, l.PlainText)
	}
	if len(l.Attachments) != 2 {
		t.Fatalf("%d files", len(l.Attachments))
	}
	for _, a := range l.Attachments {
		if !a.Inline && (string(a.Content) != o.Text || !strings.HasSuffix(a.Filename, ".pdf")) {
			t.Errorf("file %q: %q", a.Filename, a.Content)
		}
	}
}
