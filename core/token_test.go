package core_test

import (
	"encoding/base32"
	"math/rand/v2"
	"strings"
	"testing"

	"postdesk/core"
)

var purposes = [...]core.Purpose{
	core.PurposeParticipant, core.PurposeStaff, core.PurposeMention, core.PurposeBounce, core.PurposeID,
}

func key(number uint8) core.Key {
	return core.Key{Number: number, Secret: [32]byte{1, 2, 3, number}}
}

func retired(k core.Key) core.Key {
	k.Retired = true
	return k
}

func keys(t testing.TB, instance byte, list ...core.Key) core.Keys {
	t.Helper()
	k, err := core.NewKeys([16]byte{instance}, list)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func base32Text() *base32.Encoding {
	return base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
}

func TestATokenIsFortyLowerCaseCharactersThatNameTheRow(t *testing.T) {
	t.Parallel()
	k := keys(t, 7, key(3))
	for _, p := range purposes {
		for _, row := range []core.RowName{1, 42, 1<<63 - 1, core.NewRowName()} {
			text := k.Mint(p, row)
			if len(text) != 40 || strings.Trim(text, "abcdefghijklmnopqrstuvwxyz234567") != "" {
				t.Fatalf("%s %d: %q", p, row, text)
			}
			if got, ok := k.Read(text); !ok || got != (core.Token{Purpose: p, Row: row}) {
				t.Errorf("%s %d is read %v, %v", p, row, got, ok)
			}
		}
	}
}

// The form is out in the world: a token of today must be read by every later
// version.
func TestTheFormOfATokenNeverChanges(t *testing.T) {
	t.Parallel()
	k := keys(t, 7, key(3))
	const golden = "gmasgrlhrgv4332oncbx7bwhm2wib35hfjrihg3n"
	if got := k.Mint(core.PurposeMention, 0x0123456789abcdef); got != golden {
		t.Errorf("minted %s, want %s", got, golden)
	}
	raw, err := base32Text().DecodeString(golden)
	if err != nil || raw[0] != 3<<4|3 || string(raw[1:9]) != "\x01\x23\x45\x67\x89\xab\xcd\xef" {
		t.Errorf("the token is laid out % x, %v", raw, err)
	}
}

func TestATokenWithAnyBitFlippedIsRefused(t *testing.T) {
	t.Parallel()
	k := keys(t, 7, key(0), key(1), key(2), key(3))
	for _, p := range purposes {
		raw, err := base32Text().DecodeString(k.Mint(p, core.NewRowName()))
		if err != nil {
			t.Fatal(err)
		}
		for bit := range len(raw) * 8 {
			raw[bit/8] ^= 1 << (bit % 8)
			if got, ok := k.Read(base32Text().EncodeToString(raw)); ok {
				t.Errorf("%s with bit %d flipped is read %v", p, bit, got)
			}
			raw[bit/8] ^= 1 << (bit % 8)
		}
		if _, ok := k.Read(base32Text().EncodeToString(raw)); !ok {
			t.Errorf("%s unchanged is refused", p)
		}
	}
}

func TestATokenWithAnyCharacterChangedIsRefused(t *testing.T) {
	t.Parallel()
	k := keys(t, 7, key(1))
	text := k.Mint(core.PurposeStaff, 42)
	for i := range text {
		for c := range 256 {
			if strings.EqualFold(string(rune(c)), text[i:i+1]) {
				continue
			}
			if _, ok := k.Read(text[:i] + string([]byte{byte(c)}) + text[i+1:]); ok {
				t.Errorf("byte %#x at %d is read", c, i)
			}
		}
	}
	if _, ok := k.Read(strings.Replace(strings.Repeat("k", 40), "k", "\u212a", 1)); ok {
		t.Error("a Kelvin sign is read")
	}
}

func TestPurposesAreNotExchangeable(t *testing.T) {
	t.Parallel()
	k := keys(t, 7, key(1))
	for _, minted := range purposes {
		text := k.Mint(minted, 42)
		for _, wanted := range purposes {
			row, ok := k.ReadAs(text, wanted)
			if ok != (minted == wanted) || ok && row != 42 {
				t.Errorf("%s read as %s: %d, %v", minted, wanted, row, ok)
			}
		}
		raw, _ := base32Text().DecodeString(text)
		for p := range core.Purpose(16) {
			raw[0] = raw[0]&0xf0 | byte(p)
			if _, ok := k.Read(base32Text().EncodeToString(raw)); ok != (p == minted) {
				t.Errorf("%s relabelled %d: %v", minted, p, ok)
			}
		}
	}
}

func TestAnUpperCaseTokenIsRead(t *testing.T) {
	t.Parallel()
	k := keys(t, 7, key(1))
	text := k.Mint(core.PurposeParticipant, 42)
	mixed := strings.ToUpper(text[:20]) + text[20:]
	for _, s := range []string{strings.ToUpper(text), mixed} {
		if got, ok := k.Read(s); !ok || got.Row != 42 {
			t.Errorf("%s is read %v, %v", s, got, ok)
		}
	}
}

func TestATokenOfAnOldKeyIsReadAndOfARetiredOneNot(t *testing.T) {
	t.Parallel()
	old := keys(t, 7, key(1)).Mint(core.PurposeStaff, 42)
	if _, ok := keys(t, 7, key(1), key(2)).Read(old); !ok {
		t.Error("an old key's token is refused")
	}
	if _, ok := keys(t, 7, retired(key(1)), key(2)).Read(old); ok {
		t.Error("a retired key's token is read")
	}
	if _, ok := keys(t, 7, key(2)).Read(old); ok {
		t.Error("an unknown key's token is read")
	}
	other := key(1)
	other.Secret[31] = 1
	if _, ok := keys(t, 7, other).Read(old); ok {
		t.Error("a token is read with another secret")
	}
}

func TestTheHighestLiveKeySigns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		list []core.Key
		want byte
	}{
		{[]core.Key{key(0)}, 0},
		{[]core.Key{key(2), key(1)}, 2},
		{[]core.Key{key(1), retired(key(2))}, 1},
		{[]core.Key{retired(key(1)), key(15), key(3)}, 15},
	} {
		raw, err := base32Text().DecodeString(keys(t, 7, c.list...).Mint(core.PurposeID, 1))
		if err != nil || raw[0]>>4 != c.want {
			t.Errorf("key %d signs, want %d (%v)", raw[0]>>4, c.want, err)
		}
	}
}

func TestATokenOfAnotherInstanceIsRefused(t *testing.T) {
	t.Parallel()
	if _, ok := keys(t, 8, key(1)).Read(keys(t, 7, key(1)).Mint(core.PurposeStaff, 42)); ok {
		t.Error("read")
	}
}

func TestATokenOfAnotherLengthIsRefused(t *testing.T) {
	t.Parallel()
	k := keys(t, 7, key(1))
	text := k.Mint(core.PurposeStaff, 42)
	for _, s := range []string{
		"", text[:39], text[1:], text + "a", text + "=", " " + text, text + "\n", text[:20] + "\n" + text[20:],
		text[:20] + "\n" + text[20:39], text[:39] + "\n", text + text,
	} {
		if _, ok := k.Read(s); ok {
			t.Errorf("%q is read", s)
		}
	}
}

func TestForgedVariantsOfATokenAreRefused(t *testing.T) {
	t.Parallel()
	k, others := keys(t, 7, key(1), key(2)), keys(t, 9, key(1), key(2))
	rnd := rand.New(rand.NewPCG(1, 2))
	raw, _ := base32Text().DecodeString(k.Mint(core.PurposeStaff, 42))
	for range 10_000 {
		forged := [25]byte(raw)
		switch rnd.IntN(4) {
		case 0: // another row or purpose under the same MAC
			forged[rnd.IntN(9)] ^= byte(1 + rnd.IntN(255))
		case 1: // another MAC
			forged[9+rnd.IntN(16)] ^= byte(1 + rnd.IntN(255))
		case 2: // all of chance
			for i := range forged {
				forged[i] = byte(rnd.Uint32())
			}
		case 3: // from elsewhere
			foreign, _ := base32Text().DecodeString(others.Mint(core.PurposeStaff, core.RowName(1+rnd.Int64N(1<<62))))
			forged = [25]byte(foreign)
		}
		if got, ok := k.Read(base32Text().EncodeToString(forged[:])); ok {
			t.Fatalf("% x is read %v", forged, got)
		}
	}
}

func TestNothingIsMintedThatCouldNotBeRead(t *testing.T) {
	t.Parallel()
	k := keys(t, 7, key(1))
	for name, text := range map[string]string{
		"no keys":          core.Keys{}.Mint(core.PurposeStaff, 42),
		"unknown purpose":  k.Mint(9, 42),
		"no purpose":       k.Mint(0, 42),
		"no row":           k.Mint(core.PurposeStaff, 0),
		"negative row":     k.Mint(core.PurposeStaff, -1),
		"purpose too high": k.Mint(0x11, 42),
	} {
		if text != "" {
			t.Errorf("%s: minted %s", name, text)
		}
	}
	if _, ok := (core.Keys{}).Read(k.Mint(core.PurposeStaff, 42)); ok {
		t.Error("read without keys")
	}
}

func TestUnusableKeysAreRefused(t *testing.T) {
	t.Parallel()
	for name, list := range map[string][]core.Key{
		"none":         nil,
		"all retired":  {retired(key(1)), retired(key(2))},
		"twice":        {key(1), key(1)},
		"above 15":     {key(16)},
		"empty secret": {{Number: 1}},
	} {
		if _, err := core.NewKeys([16]byte{7}, list); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestRowNamesAreRandomAndPositive(t *testing.T) {
	t.Parallel()
	seen, high := map[core.RowName]bool{}, 0
	for range 1000 {
		name := core.NewRowName()
		if name <= 0 || seen[name] {
			t.Fatalf("row name %d", name)
		}
		seen[name] = true
		high += int(name >> 62)
	}
	if high < 300 || high > 700 {
		t.Errorf("of 1000 row names %d have the high bit", high)
	}
}

func FuzzReadToken(f *testing.F) {
	k := keys(f, 7, key(1), key(2))
	good := k.Mint(core.PurposeMention, 42)
	f.Add(good)
	f.Add(strings.ToUpper(good))
	f.Add(good[:39] + "\n")
	f.Add(strings.Repeat("a", 40))
	f.Fuzz(func(t *testing.T, text string) {
		if got, ok := k.Read(text); ok && !strings.EqualFold(k.Mint(got.Purpose, got.Row), text) {
			t.Fatalf("%q is read %v", text, got)
		}
	})
}
