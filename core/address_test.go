package core_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"postdesk/core"
)

func address(t testing.TB, s string) core.Address {
	t.Helper()
	a, err := core.ParseAddress(s)
	if err != nil {
		t.Fatalf("ParseAddress(%q): %v", s, err)
	}
	return a
}

func TestAnAddressHasOneCanonicalForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"cara@acme.test", "cara@acme.test"},
		{"Cara@ACME.test", "cara@acme.test"},
		{" \tcara@acme.test ", "cara@acme.test"},
		{"cara@acme.test.", "cara@acme.test"},
		{"Cara+Shop@acme.test", "cara+shop@acme.test"},
		{`"cara"@acme.test`, "cara@acme.test"},
		{"a@bücher.test", "a@xn--bcher-kva.test"},
		{"a@BÜCHER.test", "a@xn--bcher-kva.test"},
		{"a@bu\u0308cher.test", "a@xn--bcher-kva.test"},
		{"a@XN--BCHER-KVA.test", "a@xn--bcher-kva.test"},
		{"a@acme。test", "a@acme.test"},
		{"support@localhost", "support@localhost"},
		{"a@r3---x.acme.test", "a@r3---x.acme.test"},
		{"René@acme.test", "rené@acme.test"},
		{"RENE\u0301@acme.test", "rené@acme.test"},
		{"H\u0331@acme.test", "ẖ@acme.test"}, // composes in lower case only
		{"!#$%&'*+-/=?^_`{|}~@acme.test", "!#$%&'*+-/=?^_`{|}~@acme.test"},
		{"cara.@docomo.test", `"cara."@docomo.test`},
		{"ca..ra@docomo.test", `"ca..ra"@docomo.test`},
		{`".cara"@docomo.test`, `".cara"@docomo.test`},
		{strings.Repeat("a", 64) + "@acme.test", strings.Repeat("a", 64) + "@acme.test"},
	} {
		if got := address(t, c.in).String(); got != c.want {
			t.Errorf("%q is %q, want %q", c.in, got, c.want)
		}
	}
}

func TestAnAddressThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "@", "cara", "cara@", "@acme.test", "cara@.", "cara@acme..test", "cara@.acme.test",
		`"abe@desk.test"@x.test`, "abe@desk.test@x.test", `"cara mills"@acme.test`, `"ca\"ra"@acme.test`, `"ca\ra"@acme.test`,
		`"@acme.test`, `""@acme.test`, `"cara@acme.test`, `cara"@acme.test`,
		"ca ra@acme.test", "cara@ac me.test", "cara@acme.test\r\nRCPT TO:<eve@x.test>", "cara@acme.test\n", "ca\x00ra@acme.test",
		"cara@acme\x00.test", "ca\tra@acme.test", "ca\x7fra@acme.test", "cara@acme_x.test", "cara@-acme.test", "cara@acme-.test",
		"cara@[192.0.2.1]", "cara@acme.test>", "<cara@acme.test>", "Cara <cara@acme.test>", "mailto:cara@acme.test", "a,b@acme.test", "(x)cara@acme.test",
		"cara\u200b@acme.test", "\u202ecara@acme.test", "cara@acme\u202e.test", "ca\u00a0ra@acme.test", "cara\ufffd@acme.test", "cara\xff@acme.test",
		"\u212aim@acme.test", "ca\u1fefra@acme.test", "cara@xn--a.test", "“cara@acme.test”", "abe＠desk.test@x.test", "ca…ra@acme.test", "cara@xn--zz--.test",
		strings.Repeat("a", 65) + "@acme.test", "cara@" + strings.Repeat("a", 64) + ".test",
		"cara@" + strings.Repeat("abcdefg.", 32) + "test", strings.Repeat("é", 33) + "@acme.test", strings.Repeat("a", 1<<20) + "@acme.test",
	} {
		a, err := core.ParseAddress(s)
		var invalid core.Invalid
		if !errors.As(err, &invalid) || !a.IsZero() {
			t.Errorf("ParseAddress(%.60q) = %q, %v", s, a, err)
			continue
		}
		if invalid.Field != "email" || invalid.Code != core.CodeInvalid || invalid.Problem == "" {
			t.Errorf("ParseAddress(%.60q): %+v", s, invalid)
		}
	}
}

func TestAddressesThatOnlyLookAlikeAreDifferent(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"cara@acme.test", "cara+shop@acme.test"},
		{"cara.mills@acme.test", "caramills@acme.test"},
		{"mike@acme.test", "m\u0130ke@acme.test"}, // its lower case in Unicode is i
		{"mike@acme.test", "mıke@acme.test"},
		{"sam@acme.test", "ſam@acme.test"},
		{"cara@acme.test", "cаra@acme.test"}, // Cyrillic а
		{"fass@acme.test", "faß@acme.test"},
		{"a@fass.test", "a@faß.test"},
		{"1@acme.test", "①@acme.test"},
		{"cara@acme.test", "cara@mail.acme.test"},
	} {
		if a, b := address(t, pair[0]), address(t, pair[1]); a == b {
			t.Errorf("%s and %s are one address", pair[0], pair[1])
		}
	}
}

func TestAnAddressIsReadBackFromTextJSONAndColumn(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"cara@acme.test", "cara.@docomo.test", "rené@bücher.test"} {
		want := address(t, s)
		var byJSON, byColumn core.Address
		text, err := json.Marshal(want)
		if err != nil || json.Unmarshal(text, &byJSON) != nil || byJSON != want {
			t.Errorf("%s by JSON: %s, %v", s, byJSON, err)
		}
		value, err := want.Value()
		if err != nil || byColumn.Scan(value) != nil || byColumn != want {
			t.Errorf("%s by column: %s, %v", s, byColumn, err)
		}
		if err := byColumn.Scan([]byte(want.String())); err != nil || byColumn != want {
			t.Errorf("%s by bytes: %s, %v", s, byColumn, err)
		}
	}
}

func TestNoAddressIsNullInAColumnAndEmptyInText(t *testing.T) {
	t.Parallel()
	var zero core.Address
	if v, err := zero.Value(); v != nil || err != nil {
		t.Errorf("Value = %v, %v", v, err)
	}
	if zero.String() != "" || zero.Mask() != "" || !zero.IsZero() {
		t.Errorf("the zero address shows as %q, %q", zero, zero.Mask())
	}
	a := address(t, "cara@acme.test")
	if err := a.Scan(nil); err != nil || !a.IsZero() {
		t.Errorf("Scan(nil) gave %s, %v", a, err)
	}
	a = address(t, "cara@acme.test")
	if err := a.UnmarshalText(nil); err != nil || !a.IsZero() {
		t.Errorf("UnmarshalText of nothing gave %s, %v", a, err)
	}
	if err := a.Scan(42); err == nil {
		t.Error("Scan(42) is an address")
	}
	if err := a.Scan("nonsense"); err == nil || !a.IsZero() {
		t.Errorf("Scan of nonsense gave %s, %v", a, err)
	}
}

func TestTheDomainIsSplitFromTheLocalPart(t *testing.T) {
	t.Parallel()
	a := address(t, `"Cara."@Mail.ACME.test`)
	if a.Local() != "cara." || a.Domain() != "mail.acme.test" {
		t.Errorf("split into %q and %q", a.Local(), a.Domain())
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{
		"Cara@ACME.test", `"abe@desk.test"@x.test`, "a@bücher.test.", "m\u0130ke@x.test", `"a."@x.test`, "a@xn--bcher-kva.test",
		"\u212a@x.test", "a\u0301\u0323@x.test", "ǅ@x.test", "a@ß.test", "a\xff@b", "⪄@ssssss",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := core.ParseAddress(s)
		if err != nil {
			if !a.IsZero() {
				t.Fatalf("%q is refused and %q", s, a)
			}
			return
		}
		text := a.String()
		again, err := core.ParseAddress(text)
		if err != nil || again != a {
			t.Fatalf("%q is %q, which is %q, %v", s, text, again, err)
		}
		if len(text) > 254 || len(a.Local()) > 64 || !utf8.ValidString(text) ||
			strings.ContainsAny(text, "\x00\r\n\t <>,;:\\") || strings.Count(text, "@") != 1 {
			t.Fatalf("%q is %q", s, text)
		}
		local := s[:strings.LastIndexByte(s, '@')]
		if asciiLetters(a.Local()) > asciiLetters(local) {
			t.Fatalf("%q became ASCII: %q", s, a)
		}
		for _, r := range a.Domain() {
			if r >= utf8.RuneSelf {
				t.Fatalf("%q has the domain %q", s, a.Domain())
			}
		}
		if strings.Contains(core.MaskAddresses("see "+text+" there"), text) {
			t.Fatalf("%q is not masked", text)
		}
	})
}

func asciiLetters(s string) (n int) {
	for _, r := range s {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			n++
		}
	}
	return n
}
