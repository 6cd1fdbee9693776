package core

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
)

func parsed(t *testing.T, hex string) rgb {
	t.Helper()
	n, err := strconv.ParseUint(hex[1:], 16, 32)
	if err != nil || !colour.MatchString(hex) {
		t.Fatalf("%q is no colour", hex)
	}
	return rgb{float64(n >> 16), float64(n >> 8 & 0xff), float64(n & 0xff)}
}

// TestEveryAccentGivesReadableText walks the corners of the colours and a
// thousand others.
func TestEveryAccentGivesReadableText(t *testing.T) {
	t.Parallel()
	accents := []string{"#000000", "#ffffff", "#ff0000", "#00ff00", "#0000ff", "#ffff00", "#00ffff", "#ff00ff", "#808080", "#3353c4", "#767676", "#ffd400"}
	for range 1000 {
		accents = append(accents, fmt.Sprintf("#%06x", rand.IntN(1<<24)))
	}
	for _, accent := range accents {
		p, ok := PaletteOf(accent)
		if !ok {
			t.Fatalf("%s is refused", accent)
		}
		pairs := map[string][2]string{"button": {p.Ink, p.Ground}, "light": {p.Light.Accent, p.Light.Soft}, "dark": {p.Dark.Accent, p.Dark.Soft},
			"light ink": {p.Light.Ink, p.Light.Accent}, "dark ink": {p.Dark.Ink, p.Dark.Accent}}
		for i, g := range lightGrounds {
			pairs[fmt.Sprint("light ", i)] = [2]string{p.Light.Accent, g.hex()}
			pairs[fmt.Sprint("light strong ", i)] = [2]string{p.Light.Strong, g.hex()}
		}
		for i, g := range darkGrounds {
			pairs[fmt.Sprint("dark ", i)] = [2]string{p.Dark.Accent, g.hex()}
			pairs[fmt.Sprint("dark strong ", i)] = [2]string{p.Dark.Strong, g.hex()}
		}
		for name, pair := range pairs {
			if c := contrast(parsed(t, pair[0]), parsed(t, pair[1])); c < enough {
				t.Errorf("%s: %s on %s (%s) has a contrast of %.2f", accent, pair[0], pair[1], name, c)
			}
		}
	}
	for _, bad := range []string{"", "red", "#fff", "#12345g", "#FFFFFF", "#ffffff;}", "ffffff"} {
		if _, ok := PaletteOf(bad); ok {
			t.Errorf("%q is a colour", bad)
		}
	}
}
