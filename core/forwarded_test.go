package core_test

import (
	"testing"

	"postdesk/core"
)

func TestWhoWroteAForwardedMailIsReadFromItsHeaderBlock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ subject, text, elided, name, address string }{
		"Gmail":              {"Fwd: Printer", "Please look.", "---------- Forwarded message ---------\nFrom: Cara Cook <cara@acme.test>\nDate: Mon, 1 Jan 2024\nSubject: Printer\nTo: <abe@desk.test>\n\nIt burns.", "Cara Cook", "cara@acme.test"},
		"Outlook, German":    {"WG: Drucker", "Von: Cara Cook <Cara@Acme.test>\nGesendet: Montag\nAn: Abe\nBetreff: Drucker\n\nEs brennt.", "", "Cara Cook", "cara@acme.test"},
		"Outlook, mailto":    {"FW: Printer", "From: Cara Cook [mailto:cara@acme.test]\nSent: Monday\n\nIt burns.", "", "Cara Cook", "cara@acme.test"},
		"French, quoted":     {"TR: Imprimante", "> De : cara@acme.test\n> Envoyé : lundi\n> Objet : Imprimante", "", "", "cara@acme.test"},
		"Apple, stars":       {"Re: x", "Begin forwarded message:\n\n*From: *Cara <cara@acme.test>\n*Subject: **Printer*\n", "", "Cara", "cara@acme.test"},
		"the outermost only": {"Fwd: Fwd: x", "From: cole@x.test\nTo: abe@desk.test\n\n> From: cara@acme.test\n> To: cole@x.test", "", "", "cole@x.test"},
		"no forward":         {"Re: Printer", "From: cara@acme.test\nTo: x", "", "", ""},
		"a single line":      {"Fwd: Printer", "From: cara@acme.test\nI heard it burns.", "", "", ""},
		"words":              {"Fwd: Printer", "Our friend from: nowhere\nDate: soon", "", "", ""},
		"no address":         {"Fwd: Printer", "From: Cara Cook\nDate: Monday", "", "", ""},
		"nothing":            {"", "", "", "", ""},
	} {
		got, ok := core.ForwardedFrom(c.subject, c.text, c.elided)
		if ok != (c.address != "") || got.Name != c.name || got.Address != c.address {
			t.Errorf("%s: %+v %t", name, got, ok)
		}
	}
}

func FuzzForwardedFrom(f *testing.F) {
	f.Add("Fwd: x", "From: a <a@b.test>\nTo: x")
	f.Add("", "-----Original Message-----\n> From: [mailto:@]\n> To:")
	f.Fuzz(func(t *testing.T, subject, text string) {
		if from, ok := core.ForwardedFrom(subject, text, ""); ok {
			if _, err := core.ParseAddress(from.Address); err != nil {
				t.Errorf("%q is no address", from.Address)
			}
		}
	})
}
