package core

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// nfc writes canonically equivalent texts alike (RFC 6532 section 3.1).
func nfc(s string) string { return norm.NFC.String(s) }

// foldCase gives two texts that differ in letter case or composition only the
// same bytes. Runs of spaces on a line become one space; lines stay lines.
func foldCase(s string) string {
	space := false
	s = strings.Map(func(r rune) rune {
		wasSpace := space
		space = r != '\n' && unicode.IsSpace(r)
		switch {
		case space && wasSpace:
			return -1
		case space:
			return ' '
		}
		return unicode.ToLower(unicode.ToUpper(r))
	}, nfc(s))
	return nfc(s)
}
