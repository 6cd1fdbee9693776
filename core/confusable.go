package core

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

//go:embed confusables.txt
var confusables string

// prototypes leads from a character to what it imitates, which may be several
// letters: m looks like rn.
var prototypes = sync.OnceValue(func() map[rune]string {
	m := make(map[rune]string, 5000)
	for line := range strings.Lines(confusables) {
		line = strings.TrimRight(line, "\n")
		// The last space parts them; a prototype may begin with #, never with "# ".
		at := strings.LastIndexByte(line, ' ')
		if at <= 0 || strings.HasPrefix(line, "# ") {
			continue
		}
		for _, r := range line[at+1:] {
			m[r] = line[:at]
		}
	}
	return m
})

// skeletonMost is how much of a text is compared, in bytes: names are short.
const skeletonMost = 400

// Skeleton is what a text looks like (UTS 39 section 4): texts that a reader may
// take for each other have the same one. Other forms of a letter, like the wide
// one, count as the letter, and what shows nothing is gone. It is for comparing
// only, and never shown.
func Skeleton(s string) string {
	known := prototypes()
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(cut(s, skeletonMost), "")) {
		switch p, ok := known[r]; {
		case invisible(r):
		case ok:
			b.WriteString(p)
		default:
			b.WriteRune(r)
		}
	}
	return norm.NFD.String(b.String())
}

// invisible tells characters that show nothing by themselves: controls, marks of
// direction, joiners, variation selectors, fillers.
func invisible(r rune) bool {
	switch {
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Variation_Selector):
		return !unicode.IsSpace(r)
	case r == 0x034f, r == 0x115f, r == 0x1160, r == 0x17b4, r == 0x17b5, r == 0x3164, r == 0xffa0, r == 0x2800:
		return true
	}
	return false
}

// looks are the ways in which a text may be read, whatever its letter case: an I
// stands for a small l, and also for a small i.
func looks(s string) []string {
	one, other := plain(foldCase(Skeleton(s))), plain(Skeleton(foldCase(s)))
	if one == other {
		return []string{one}
	}
	return []string{one, other}
}

// plain leaves out accents: who writes Abé wants to be taken for Abe.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s))
}
