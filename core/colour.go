package core

import (
	"fmt"
	"math"
	"strconv"
)

// A Palette is what one accent colour becomes on pages and in mails, so that every
// pair of text and ground has a contrast of 4.5 to 1 at least (WCAG 2.2, 1.4.3).
type Palette struct {
	Ground      string // of buttons: the accent itself
	Ink         string // on it: black or white
	Light, Dark Shades // by the reader's theme
}

// Shades are the colours of one theme.
type Shades struct {
	Accent string // of links, on every ground of the theme
	Strong string // the same, pressed
	Ink    string // on the accent
	Soft   string // a ground
}

// The grounds that text stands on in each theme: surface, ground and sunken of
// the style sheet.
var (
	lightGrounds = []rgb{{0xff, 0xff, 0xff}, {0xf5, 0xf4, 0xf1}, {0xee, 0xec, 0xe7}}
	darkGrounds  = []rgb{{0x15, 0x16, 0x1a}, {0x1d, 0x1f, 0x25}, {0x24, 0x26, 0x2e}}
	white, black = rgb{255, 255, 255}, rgb{}
)

// enough is the least contrast of text.
const enough = 4.5

// PaletteOf makes the palette of a colour "#rrggbb"; ok is false for anything else.
func PaletteOf(accent string) (p Palette, ok bool) {
	if !colour.MatchString(accent) {
		return Palette{}, false
	}
	n, err := strconv.ParseUint(accent[1:], 16, 32)
	if err != nil {
		return Palette{}, false
	}
	c := rgb{float64(n >> 16), float64(n >> 8 & 0xff), float64(n & 0xff)}
	return Palette{Ground: c.hex(), Ink: c.ink().hex(),
		Light: c.shades(lightGrounds, white, black), Dark: c.shades(darkGrounds, darkGrounds[1], white)}, true
}

// shades moves the colour towards one end until it reads on all grounds.
func (c rgb) shades(grounds []rgb, surface, towards rgb) Shades {
	soft := surface.mixed(c, 0.12)
	accent := c
	for step := 0.0; step < 1; step += 0.04 {
		accent = c.mixed(towards, step)
		if accent.readsOn(append([]rgb{soft}, grounds...)) {
			break
		}
	}
	return Shades{Accent: accent.hex(), Strong: accent.mixed(towards, 0.2).hex(), Ink: accent.ink().hex(), Soft: soft.hex()}
}

type rgb struct{ r, g, b float64 }

func (c rgb) hex() string {
	return fmt.Sprintf("#%02x%02x%02x", int(math.Round(c.r)), int(math.Round(c.g)), int(math.Round(c.b)))
}

func (c rgb) mixed(with rgb, share float64) rgb {
	return rgb{c.r + (with.r-c.r)*share, c.g + (with.g-c.g)*share, c.b + (with.b-c.b)*share}
}

func (c rgb) ink() rgb {
	if contrast(c, white) >= enough {
		return white
	}
	return black
}

func (c rgb) readsOn(grounds []rgb) bool {
	for _, ground := range grounds {
		if contrast(c, ground) < enough+0.05 { // rounding takes a little
			return false
		}
	}
	return true
}

// contrast is the ratio of WCAG 2.2, from 1 to 21.
func contrast(a, b rgb) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func (c rgb) luminance() float64 {
	linear := func(v float64) float64 {
		if v /= 255; v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}
