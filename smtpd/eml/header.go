package eml

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A field is one header field, name and value as they stand in the mail.
type field struct {
	name  []byte
	value []byte // with its folds
}

// A header is the fields of a mail or of a part.
type header struct {
	fields  []field
	charset string // what to take raw 8-bit values for if they are not UTF-8
}

// headerLimits bound one header block.
type headerLimits struct{ fields, bytes int }

var (
	mailHeader = headerLimits{maxFields, maxHeaderBytes}
	partHeader = headerLimits{maxPartFields, maxPartHeader}
)

// readHeader reads the block that starts at and returns where the body starts.
// It forgives what real senders do (A11): lines without colon, a missing blank
// line, an mbox line. A line for which ends is true also ends the block.
func readHeader(b []byte, at int, lim headerLimits, ends func([]byte) bool, defect func(string)) (h header, body int) {
	start := at
	for at < len(b) {
		line, next := nextLine(b, at)
		switch {
		case len(line) == 0:
			return h, next
		case ends(line):
			return h, at
		case len(h.fields) >= lim.fields || at-start > lim.bytes:
			defect("the header is longer than is read")
			return h, h.skip(b, at, ends)
		case line[0] == ' ' || line[0] == '\t':
			if len(bytes.TrimSpace(line)) == 0 && !continues(b, next, 2) {
				return h, next // a blank line with blanks in it
			}
			h.extend(b, line, next, defect)
		default:
			name, value, ok := splitField(line)
			if !ok {
				if !bytes.HasPrefix(line, []byte("From ")) && !bytes.HasPrefix(line, []byte(">From ")) || at != start {
					defect("a header line is no field")
					if bytes.HasPrefix(line, []byte("--")) || !continues(b, next, 12) && !isPunctuation(line) {
						return h, at
					}
				}
				break
			}
			if h.fields == nil {
				h.fields = make([]field, 0, 24)
			}
			h.fields = append(h.fields, field{name, value})
		}
		at = next
	}
	return h, len(b)
}

// extend adds a folded line to the last field. Values are slices of the mail, so
// that many folds cost nothing.
func (h *header) extend(b, line []byte, next int, defect func(string)) {
	if len(h.fields) == 0 {
		defect("the header begins with a folded line")
		if name, value, ok := splitField(bytes.TrimLeft(line, " \t")); ok {
			h.fields = append(h.fields, field{name, value})
		}
		return
	}
	f := &h.fields[len(h.fields)-1]
	if len(f.value) >= maxFieldBytes {
		defect("a header field is longer than is read")
		return
	}
	from := cap(b) - cap(f.value)
	f.value = b[from:min(next, from+maxFieldBytes)]
}

// splitField splits "Name: value"; a blank before the colon is forgiven, one in
// the name is not: that is a sentence.
func splitField(line []byte) (name, value []byte, ok bool) {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 {
		return nil, nil, false
	}
	name = bytes.TrimRight(line[:colon], " \t")
	if len(name) == 0 || len(name) > 120 || bytes.ContainsAny(name, " \t<>()\"@,;") {
		return nil, nil, false
	}
	return name, line[colon+1 : min(len(line), colon+1+maxFieldBytes)], true
}

// continues reports whether a field as headers have them stands among the next
// lines of the block at, so that the odd line before was not yet the body.
func continues(b []byte, at, lines int) bool {
	odd := 0
	for n := 0; n < lines && at < len(b); n++ {
		line, next := nextLine(b, at)
		if len(line) == 0 || bytes.HasPrefix(line, []byte("--")) || len(line) > maxLineBytes {
			return false
		}
		name, _, ok := splitField(line)
		switch folded := line[0] == ' ' || line[0] == '\t'; {
		case ok && (isUsual(name) || odd == 0 && bytes.IndexByte(name, '-') > 0):
			return true
		case !folded && lines == 2:
			return false
		case !folded:
			odd++
		}
		at = next
	}
	return false
}

// isPunctuation tells a line that a broken value left over, such as a lone quote.
func isPunctuation(line []byte) bool {
	return len(line) < 8 && bytes.IndexFunc(line, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) < 0
}

// isUsual knows the fields that mails begin with.
func isUsual(name []byte) bool {
	switch strings.ToLower(string(name)) {
	case "from", "to", "cc", "subject", "date", "received", "sender", "references", "reply-to", "in-reply-to", "return-path",
		"message-id", "mime-version", "content-type", "content-transfer-encoding", "content-disposition", "delivered-to",
		"dkim-signature", "x-mailer", "user-agent", "list-id", "auto-submitted", "importance", "precedence", "organization", "thread-topic":
		return true
	}
	return false
}

// skip passes what is beyond the bounds. A From counts however far down it stands:
// a signature may be over the last one, and the first is then another's (A13).
func (h *header) skip(b []byte, at int, ends func([]byte) bool) int {
	for more := 2; at < len(b); {
		line, next := nextLine(b, at)
		switch name, value, ok := splitField(line); {
		case len(line) == 0:
			return next
		case ends(line):
			return at
		case ok && more > 0 && sameName(name, "from"):
			h.fields = append(h.fields, field{name, value})
			more--
		}
		at = next
	}
	return len(b)
}

// raw returns the first field of that name, unfolded, and whether there is one.
func (h header) raw(name string) (string, bool) {
	for _, f := range h.fields {
		if sameName(f.name, name) {
			return unfold(f.value), true
		}
	}
	return "", false
}

// sameName compares a name as written with a lower-case one.
func sameName(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// get returns the first field of that name, unfolded, "" if there is none.
func (h header) get(name string) string {
	v, _ := h.raw(name)
	return v
}

// all returns every field of that name, unfolded.
func (h header) all(name string) []string {
	var vs []string
	for _, f := range h.fields {
		if sameName(f.name, name) {
			vs = append(vs, unfold(f.value))
		}
	}
	return vs
}

func (h header) has(names ...string) bool {
	for _, n := range names {
		if _, ok := h.raw(n); ok {
			return true
		}
	}
	return false
}

func (h header) count(name string) (n int) {
	for _, f := range h.fields {
		if sameName(f.name, name) {
			n++
		}
	}
	return n
}

// text returns the first field of that name as words to show.
func (h header) text(name string) string { return unbroken(decodeWords(h.utf8(h.get(name)))) }

// utf8 reads raw 8-bit bytes of a header (RFC 6532, or no RFC at all).
func (h header) utf8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return toUTF8([]byte(s), h.charset)
}

// unfold takes line ends out of a value (RFC 5322 section 2.2.3).
func unfold(v []byte) string {
	v = bytes.Trim(v, " \t\r\n")
	if bytes.IndexByte(v, '\n') < 0 && bytes.IndexByte(v, '\r') < 0 {
		return string(v)
	}
	var b strings.Builder
	b.Grow(len(v))
	for _, c := range v {
		switch c {
		case '\n', '\r':
		case '\t':
			b.WriteByte(' ')
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
