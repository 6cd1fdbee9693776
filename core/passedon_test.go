package core_test

import (
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestWhoPassesMailOnIsNotItsAuthor(t *testing.T) {
	t.Parallel()
	group := core.NamedAddress{Name: "'Cara' via sales", Address: "sales@acme.test"}
	cara := core.NamedAddress{Name: "Cara", Address: "cara@acme.test"}
	for _, c := range []struct {
		sentence string
		named    bool
		origin   core.Origin
		original []core.NamedAddress
		author   string
	}{
		{"a named group whose mail is proven", true, core.Origin{Verdict: core.Proven}, nil, "cara@acme.test"},
		{"a named group over a trusted relay", true, core.Origin{Verdict: core.Unproven, Trusted: true}, nil, "cara@acme.test"},
		{"X-Original-From agrees", true, core.Origin{Verdict: core.Proven}, []core.NamedAddress{cara}, "cara@acme.test"},
		{"X-Original-From disagrees", true, core.Origin{Verdict: core.Proven}, []core.NamedAddress{{Address: "eve@x.test"}}, "sales@acme.test"},
		{"a group that nobody named", false, core.Origin{Verdict: core.Proven}, nil, "sales@acme.test"},
		{"a named group whose mail proves nothing", true, core.Origin{Verdict: core.Unproven}, nil, "sales@acme.test"},
		{"a named group whose domain denies the mail", true, core.Origin{Verdict: core.Refuted, Trusted: true}, nil, "sales@acme.test"},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			d := coretest.OpenDesk(t, core.Config{})
			if c.named {
				d.Exec(t, `insert into passing_addresses (address) values ('sales@acme.test')`)
			}
			l := core.Letter{FromFields: 1, From: []core.NamedAddress{group}, ReplyTo: []core.NamedAddress{cara}, OriginalFrom: c.original,
				MessageID: "one@acme.test", Subject: "Hello", Text: "Hello", Kind: core.KindHuman}
			claim, err := d.Accept(t.Context(), core.Envelope{From: "sales@acme.test", Recipients: []string{"support@desk.test"}}, []byte("x"), true)
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Apply(t.Context(), claim, l, c.origin); err != nil {
				t.Fatal(err)
			}
			m, err := d.Mail(t.Context(), operator(), claim.ID)
			if err != nil {
				t.Fatal(err)
			}
			if m.From != c.author {
				t.Errorf("the author is %s, not %s", m.From, c.author)
			}
			if m.From == "cara@acme.test" && m.Origin != core.Unproven {
				t.Errorf("what was passed on is %s", m.Origin)
			}
		})
	}
}
