package core

import (
	"strings"
	"unicode/utf8"
)

// Mask shows that there is an address, and no more of it than "c…@a…"
// (mail-law section 4: customers' addresses in a collaborator's quote).
func (a Address) Mask() string {
	if a.IsZero() {
		return ""
	}
	return mask(a.local, a.domain)
}

func mask(local, domain string) string {
	return firstRune(local) + "…@" + firstRune(domain) + "…"
}

func firstRune(s string) string {
	_, size := utf8.DecodeRuneInString(s)
	return s[:size]
}

// MaskAddresses masks everything in a text that looks like an address, in
// whatever way the @ is written. It rather masks too much. Linear in the text.
func MaskAddresses(text string) string {
	var b strings.Builder
	done := 0 // written so far
	for i := 0; i < len(text); {
		size := atSign(text[i:])
		if size == 0 {
			i++
			continue
		}
		end := domainEnd(text, i+size)
		if end == i+size {
			i += size
			continue
		}
		start := localStart(text, done, i)
		if start == i {
			i += size
			continue
		}
		b.WriteString(text[done:start])
		local := text[start:i]
		if local[0] == '"' {
			local = "" // its first letter may be anything
		}
		b.WriteString(mask(local, strings.TrimLeft(text[i+size:end], "[")))
		done, i = end, end
	}
	b.WriteString(text[done:])
	return b.String()
}

// atSign gives the length of the @ that s begins with, 0 if there is none. It
// may be written for HTML or for a URL.
func atSign(s string) int {
	for _, at := range [...]string{"@", "＠", "﹫", "%40", "&#64;", "&#064;", "&#x40;", "&commat;"} {
		if len(s) >= len(at) && strings.EqualFold(s[:len(at)], at) {
			return len(at)
		}
	}
	return 0
}

// domainEnd gives the end of the domain, or address literal, that begins at i.
func domainEnd(text string, i int) int {
	if i < len(text) && text[i] == '[' {
		if n := strings.IndexAny(text[i+1:min(len(text), i+66)], "] \n"); n > 0 && text[i+1+n] == ']' {
			return i + n + 2
		}
	}
	end := i // after the last letter: a final dot ends the sentence
	for i < len(text) {
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		switch {
		case domainRune(r):
			end = i
		case r != '.' && r != '-' && r != '_':
			return end
		}
	}
	return end
}

// localStart gives the begin of the local part that ends at i, not before low.
func localStart(text string, low, i int) int {
	if i > low && text[i-1] == '"' {
		from := max(low, i-2*maxLocalPart)
		if n := strings.LastIndexByte(text[from:i-1], '"'); n >= 0 {
			return from + n
		}
		return i - 1 // the rest is masked already, or too long
	}
	for i > low {
		r, size := utf8.DecodeLastRuneInString(text[low:i])
		if !visible(r) && (r >= utf8.RuneSelf || r != '.' && !atext(byte(r))) {
			break
		}
		i -= size
	}
	return i
}

func domainRune(r rune) bool {
	return visible(r) || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}
