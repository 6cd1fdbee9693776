package eml

import (
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A media is the value of a Content-Type or Content-Disposition field.
type media struct {
	value  string // lower case, without parameters
	params []param
}

type param struct{ name, value string } // name lower case, value decoded

func (m media) get(name string) string {
	for _, p := range m.params {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

// parseMedia reads such a value in all the forms that it is written in: without
// semicolons, with blanks in unquoted names, with RFC 2231 pieces out of order.
func parseMedia(s, charset string) media {
	value, rest := mediaValue(s)
	m := media{value: value}
	var pieces []piece
	for rest != "" && len(pieces) < maxPartFields {
		rest = strings.TrimLeft(rest, ";:, \t")
		eq := strings.IndexAny(rest, "=;")
		if eq < 0 {
			break
		}
		if rest[eq] == ';' {
			rest = rest[eq:]
			continue
		}
		name := strings.ToLower(strings.TrimSpace(rest[:eq]))
		if i := strings.LastIndexAny(name, " \t"); i >= 0 {
			name = name[i+1:]
		}
		name = strings.Trim(name, "\"'")
		if charset == "" && strings.HasPrefix(name, "charset") {
			charset = normalLabel(strings.TrimLeft(rest[eq+1:], " \t\"'"))
		}
		value, rest = paramValue(strings.TrimLeft(rest[eq+1:], " \t"), name)
		pieces = append(pieces, newPiece(name, value))
	}
	m.params = joinPieces(pieces, charset)
	return m
}

// mediaValue takes the value off s that stands before the parameters: without
// comments, quotes, blanks round the slash and signs that do not belong to it.
func mediaValue(s string) (value, rest string) {
	for s = strings.TrimLeft(s, " \t="); strings.HasPrefix(s, "("); s = strings.TrimLeft(s, " \t") {
		_, after, closed := strings.Cut(s, ")")
		if !closed {
			break
		}
		s = after
	}
	end := 0
	for end < len(s) && strings.IndexByte(";:, \t", s[end]) < 0 {
		end++
	}
	value, rest = s[:end], s[end:]
	if next := strings.TrimLeft(rest, " \t"); strings.HasSuffix(value, "/") != strings.HasPrefix(next, "/") {
		end = strings.IndexAny(next, ";:, \t")
		if end < 0 {
			end = len(next)
		}
		value, rest = value+next[:end], next[end:]
	}
	return strings.ToLower(strings.Trim(value, "\"'\\ ")), rest
}

// paramValue takes one value off s. A quote without end ends with the parameter.
func paramValue(s, name string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		return bareValue(s, name)
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		case c == '"':
			return b.String(), s[i+1:]
		default:
			b.WriteByte(c)
		}
	}
	value, rest = bareValue(s[1:], name)
	return strings.TrimRight(value, `"`), rest
}

// bareValue takes a value off s that is not quoted. A name of a file may hold
// semicolons: only one with a parameter behind it ends the name.
func bareValue(s, name string) (value, rest string) {
	end := strings.IndexByte(s, ';')
	if end < 0 {
		end = len(s)
	}
	if blank := strings.IndexAny(s[:end], " \t"); blank > 0 && (name == "charset" || name == "boundary" && strings.ContainsAny(s[blank:end], "=(")) {
		end = blank
	}
	if name == "filename" || name == "name" {
		for end < len(s) {
			more, _, _ := strings.Cut(s[end+1:], ";")
			if blank(more) || strings.IndexByte(more, '=') >= 0 {
				break
			}
			end += 1 + len(more)
		}
	}
	value = strings.TrimSpace(s[:end])
	if n := len(value); n > 1 && name != "boundary" && value[0] == '\'' && value[n-1] == '\'' {
		value = value[1 : n-1]
	}
	return strings.TrimRight(value, `"`), s[end:]
}

// A piece is one parameter as written: name, or name*, name*0, name*0* (RFC 2231).
type piece struct {
	name, value string
	n           int // -1: not continued
	extended    bool
}

func newPiece(name, value string) piece {
	p := piece{name: name, value: value, n: -1}
	if strings.HasSuffix(p.name, "*") {
		p.name, p.extended = p.name[:len(p.name)-1], true
	}
	if base, num, ok := strings.Cut(p.name, "*"); ok {
		if n, err := strconv.Atoi(num); err == nil && n >= 0 {
			p.name, p.n = base, n
		}
	}
	return p
}

func joinPieces(pieces []piece, charset string) []param {
	var params []param
	for i, p := range pieces {
		if p.n < 0 && !p.extended {
			if !seen(pieces[:i], p.name) && !hasExtended(pieces, p.name) {
				params = append(params, param{p.name, plainParam(p.value, charset)})
			}
			continue
		}
		if seen(pieces[:i], p.name) && hasExtended(pieces[:i], p.name) {
			continue
		}
		params = append(params, param{p.name, extendedParam(pieces, p.name, charset)})
	}
	return params
}

func seen(pieces []piece, name string) bool {
	for _, p := range pieces {
		if p.name == name {
			return true
		}
	}
	return false
}

func hasExtended(pieces []piece, name string) bool {
	for _, p := range pieces {
		if p.name == name && (p.extended || p.n >= 0) {
			return true
		}
	}
	return false
}

// plainParam reads a value that is not extended by RFC 2231, though some senders
// write the extended form without its star.
func plainParam(v, charset string) string {
	if label, text, ok := cutLabel(v); ok && strings.IndexByte(text, '%') >= 0 && isKnown(normalLabel(label)) {
		return clean(toUTF8(decodePercent(text), label))
	}
	if !utf8.ValidString(v) {
		v = toUTF8([]byte(v), charset)
	}
	return clean(decodeWords(v))
}

// cutLabel splits charset'language'text.
func cutLabel(v string) (label, text string, ok bool) {
	label, rest, ok := strings.Cut(v, "'")
	if !ok || len(label) > 64 || strings.ContainsAny(label, " %.") {
		return "", v, false
	}
	if _, text, ok := strings.Cut(rest, "'"); ok {
		return label, text, true
	}
	if label != "" && isKnown(normalLabel(label)) {
		return label, rest, true // the language and its quote were left out
	}
	return "", v, false
}

// extendedParam joins the pieces of one parameter by number.
func extendedParam(pieces []piece, name, charset string) string {
	var mine []piece
	for _, p := range pieces {
		if p.name == name && (p.extended || p.n >= 0) {
			mine = append(mine, p)
		}
	}
	sort.SliceStable(mine, func(i, j int) bool { return mine[i].n < mine[j].n })
	label := ""
	var data []byte
	for i, p := range mine {
		v := p.value
		if i == 0 && p.extended {
			label, v, _ = cutLabel(v)
		}
		if p.extended || mine[0].extended && escapesLetters(v) {
			data = append(data, decodePercent(v)...)
		} else {
			data = append(data, v...)
		}
	}
	if label == "" {
		return plainParam(string(data), charset)
	}
	return clean(toUTF8(data, label))
}

// escapesLetters reports whether a piece that is not called extended is so: no
// name holds "%C3" by itself.
func escapesLetters(v string) bool {
	i := strings.IndexByte(v, '%')
	return i >= 0 && i+2 < len(v) && unhex(v[i+1]) >= 8 && isHex(v[i+1]) && isHex(v[i+2])
}

func decodePercent(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return out
}
