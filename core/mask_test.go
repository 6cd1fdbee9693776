package core_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"postdesk/core"
)

func TestAMaskedAddressKeepsItsFirstLetters(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"cara@acme.test": "c…@a…", "élan@bücher.test": "é…@x…", "c@a.test": "c…@a…",
	} {
		if got := address(t, in).Mask(); got != want {
			t.Errorf("%s is masked %s, want %s", in, got, want)
		}
	}
}

func TestEveryAddressInATextIsMasked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"no address here", "no address here"},
		{"cara@acme.test", "c…@a…"},
		{"Mail cara@acme.test, or cole@x.test.", "Mail c…@a…, or c…@x…."},
		{"On Monday Cara <Cara.Mills+shop@mail.acme.test> wrote:", "On Monday Cara <C…@m…> wrote:"},
		{"(cara@acme.test)", "(c…@a…)"},
		{"mailto:cara@acme.test?subject=x", "mailto:c…@a…?subject=x"},
		{`"cara mills"@acme.test`, `…@a…`},
		{`say "cara@acme.test"`, `say "c…@a…"`},
		{"cara@[192.0.2.1] wrote", "c…@1… wrote"},
		{"cara@[192.0.2.1", "cara@[192.0.2.1"},
		{"rené@bücher.test", "r…@b…"},
		{"cara%40acme.test", "c…@a…"},
		{"cara&#64;acme.test and cara&#X40;acme.test", "c…@a… and c…@a…"},
		{"cara＠acme.test", "c…@a…"},
		{"cara@acme.test@x.test", "c…@a…@x.test"},
		{"bounce+cara=acme.test@list.test", "b…@l…"},
		{`"abe@desk.test"@x.test`, `"a…@d……@x…`},
		{"“cara@acme.test”", "“c…@a…”"},
		{"📧@acme.test", "📧…@a…"},
		{"cara@localhost", "c…@l…"},
		{"@Mia Park, look", "@Mia Park, look"},
		{"12 @ 3 EUR, a@ b", "12 @ 3 EUR, a@ b"},
		{"cara@acme.test cara@acme.test", "c…@a… c…@a…"},
	} {
		if got := core.MaskAddresses(c.in); got != c.want {
			t.Errorf("%q is masked %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzMaskAddresses(f *testing.F) {
	for _, s := range []string{
		"Mail cara@acme.test, or cole@x.test.", `"cara mills"@acme.test`, "a%40%40b", "a@[1]", `"@"@"@b`, "é@ü", "&#64;a@\xff", "a@b@c", "\"P0\xdaB@0\xc4\"@0",
	} {
		f.Add(s)
	}
	open := regexp.MustCompile(`(?i)[\pL\pN+.-](@|＠|﹫|%40|&#0?64;|&#x40;|&commat;)[\pL\pN]`)
	f.Fuzz(func(t *testing.T, text string) {
		masked := core.MaskAddresses(text)
		if left := open.FindString(masked); left != "" {
			t.Fatalf("%q is masked %q, which leaves %q", text, masked, left)
		}
		if utf8.ValidString(text) && !utf8.ValidString(masked) {
			t.Fatalf("%q is masked %q", text, masked)
		}
		const canary = "canary@customer.test"
		if strings.Contains(core.MaskAddresses(text+" "+canary), canary) {
			t.Fatalf("an address behind %q stays", text)
		}
	})
}
