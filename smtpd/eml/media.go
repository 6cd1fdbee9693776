package eml

import (
	"sort"
	"strconv"
	"strings"
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
	end := strings.IndexAny(s, "; \t")
	if end < 0 {
		end = len(s)
	}
	m := media{value: strings.ToLower(strings.Trim(s[:end], "\"' "))}
	var pieces []piece
	for rest := s[end:]; rest != "" && len(pieces) < maxPartFields; {
		rest = strings.TrimLeft(rest, "; \t")
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
		var value string
		value, rest = paramValue(strings.TrimLeft(rest[eq+1:], " \t"), name)
		pieces = append(pieces, newPiece(name, value))
	}
	m.params = joinPieces(pieces, charset)
	return m
}

// paramValue takes one value off s.
func paramValue(s, name string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		stop := ";"
		if name == "charset" || name == "boundary" {
			stop = "; \t"
		}
		end := strings.IndexAny(s, stop)
		if end < 0 {
			end = len(s)
		}
		return strings.TrimSpace(s[:end]), s[end:]
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
	return b.String(), ""
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

func plainParam(v, charset string) string {
	if !isASCII(v) {
		v = toUTF8([]byte(v), charset)
	}
	return clean(decodeWords(v))
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
			if cs, rest, ok := strings.Cut(v, "'"); ok {
				if _, text, ok := strings.Cut(rest, "'"); ok {
					label, v = cs, text
				}
			}
		}
		if p.extended {
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
