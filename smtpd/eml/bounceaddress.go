package eml

import (
	"strconv"
	"strings"

	"postdesk/core"
)

// recipient reads "rfc822; a@b" and its broken forms. A program or a file that mail
// went to ("x-unix; |/usr/bin/filter") is no address.
func recipient(v string) string {
	if _, after, ok := strings.Cut(v, ";"); ok {
		v = after
	}
	v = strings.TrimSpace(wideAddress(v))
	if i := strings.IndexAny(v, "|/"); i == 0 || i > 0 && !strings.Contains(v, "@") {
		return ""
	}
	if i := strings.LastIndex(strings.ToLower(v), "+40"); i > 0 && !strings.Contains(v, "@") { // xtext that nobody decoded
		v = v[:i] + "@" + v[i+3:]
	}
	for _, a := range parseAddresses(v) {
		if a.Address != "" {
			return a.Address
		}
	}
	return ""
}

// wideAddress undoes the escapes of utf-8-addr-xtext (RFC 6533 section 3): \x{F6}.
func wideAddress(v string) string {
	before, rest, ok := strings.Cut(v, `\x{`)
	if !ok {
		return v
	}
	var b strings.Builder
	for ; ok; before, rest, ok = strings.Cut(rest, `\x{`) {
		b.WriteString(before)
		hex, after, closed := strings.Cut(rest, "}")
		n, err := strconv.ParseUint(hex, 16, 21)
		if !closed || err != nil || n < ' ' {
			b.WriteString(`\x{`)
			continue
		}
		b.WriteRune(rune(n))
		rest = after
	}
	b.WriteString(before)
	return b.String()
}

// isOwn reports whether an address is that of the report itself.
func (c clues) isOwn(a string) bool {
	for _, list := range [][]core.NamedAddress{c.letter.From, c.letter.To} {
		for _, n := range list {
			if strings.EqualFold(n.Address, a) {
				return true
			}
		}
	}
	a = strings.ToLower(a)
	return strings.HasPrefix(a, "mailer-daemon@") || strings.HasPrefix(a, "postmaster@")
}

// addressesIn finds what looks like addresses in a line.
func addressesIn(line string) []string {
	var found []string
	for from := 0; len(found) < maxReportPieces; {
		i := strings.IndexByte(line[from:], '@')
		if i < 0 {
			break
		}
		at := from + i
		start, end := at, at+1
		for start > from && isLocalChar(line[start-1]) {
			start--
		}
		for end < len(line) && isDomainChar(line[end]) {
			end++
		}
		domain := strings.TrimRight(line[at+1:end], ".-")
		if start < at && strings.Contains(domain, ".") {
			found = append(found, strings.TrimLeft(line[start:at], "'.=")+"@"+domain)
		}
		from = max(end, at+1)
	}
	return found
}

func isLocalChar(c byte) bool {
	return isDomainChar(c) || strings.IndexByte("!#$%&'*+/=?^_`{|}~", c) >= 0
}

func isDomainChar(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '-' || c >= 0x80
}
