package eml

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes any string storable: valid UTF-8 without NUL.
func clean(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return s
}

// oneLine makes a name safe to show on a line, and no longer than one.
func oneLine(s string) string { return cut(unbroken(s), maxLineBytes) }

// unbroken makes a header value safe to show on a line: no control characters,
// no characters that turn the direction of writing, no runs of space.
func unbroken(s string) string {
	s = strings.TrimSpace(clean(s))
	if plainLine(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range s {
		switch {
		case r == ' ' || r == '\t' || r == '\r' || r == '\n' || unicode.IsControl(r):
			space = true
		case turnsDirection(r):
		default:
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			b.WriteRune(r)
		}
	}
	return b.String()
}

func plainLine(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c >= 0x7f || c == ' ' && i+1 < len(s) && s[i+1] == ' ' {
			return false
		}
	}
	return true
}

// turnsDirection tells the characters that can make a name read as another one
// (UTR 36 section 3.2); plain marks that right-to-left writing needs are allowed.
func turnsDirection(r rune) bool {
	return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}

// cut shortens to at most n bytes without breaking a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// newlines makes every line end a single LF.
func newlines(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for {
		i := strings.IndexByte(s, '\r')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		for i < len(s) && s[i] == '\r' {
			i++
		}
		if i < len(s) && s[i] == '\n' {
			i++
		}
		b.WriteByte('\n')
		s = s[i:]
	}
}

// nextLine returns the line that starts at, without its end, and where the next
// one starts. A line ends at LF; CRs before it belong to the end.
func nextLine(b []byte, at int) (line []byte, next int) {
	end := bytes.IndexByte(b[at:], '\n')
	if end < 0 {
		return bytes.TrimRight(b[at:], "\r"), len(b)
	}
	return bytes.TrimRight(b[at:at+end], "\r"), at + end + 1
}

func isASCII[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// hasFoldPrefix reports whether s begins with the lower-case ASCII prefix.
func hasFoldPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// head is the part of a text that rules about words may look at.
func head(s string) string { return cut(s, maxRuleBytes) }
