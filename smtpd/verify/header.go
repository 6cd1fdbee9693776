package verify

import (
	"bytes"
	"io"
	"regexp"
	"strings"
)

// Bounds of a header that is checked for signatures. The DKIM library joins
// folded lines one by one and looks up fields by walking, so that more of
// either would cost the square of it (reliability: bombs).
const (
	maxHeader     = 1 << 20
	maxFields     = 2000
	maxField      = 64 << 10
	maxFieldLines = 1000
)

// A field is a header field: name as written, raw with its line ends.
type field struct {
	name string
	raw  []byte
}

func (f field) is(name string) bool { return strings.EqualFold(f.name, name) }

// value is the field's text after the colon, unfolded.
func (f field) value() string {
	_, v, _ := strings.Cut(string(f.raw), ":")
	return strings.TrimSpace(strings.NewReplacer("\r", "", "\n", "").Replace(v))
}

// A mail is a message cut into header fields and body, exactly as the DKIM
// library cuts it: lines end in LF, the header ends at the first empty line, a
// name is what stands before the colon, without white space of any kind.
type mail struct {
	header []byte
	fields []field
	body   *io.SectionReader // nil if no empty line ends the header
	bomb   bool              // beyond the bounds; fields are then the first ones
}

// split cuts a mail that is in memory.
func split(raw []byte) mail { return splitFrom(raw, bytes.NewReader(raw), int64(len(raw))) }

// splitFrom cuts a mail of that size of which head is at hand: all of the header, as
// far as that is read.
func splitFrom(head []byte, raw io.ReaderAt, size int64) mail {
	m, body := cutHeader(head)
	if body >= 0 {
		m.body = io.NewSectionReader(raw, int64(body), size-int64(body))
	}
	return m
}

// text reads the body from its beginning.
func (m mail) text() io.Reader { return io.NewSectionReader(m.body, 0, m.body.Size()) }

// cutHeader cuts a header, and tells where the body begins, -1 if nowhere.
func cutHeader(raw []byte) (m mail, body int) {
	lines := 0
	for rest := raw; ; {
		end := bytes.IndexByte(rest, '\n') + 1
		if end == 0 {
			return m, -1
		}
		line := rest[:end]
		rest = rest[end:]
		if len(line) == 1 || len(line) == 2 && line[0] == '\r' {
			return m, len(raw) - len(rest)
		}
		last := len(m.fields) - 1
		if last >= 0 && (line[0] == ' ' || line[0] == '\t') {
			f := &m.fields[last]
			f.raw = raw[len(m.header)-len(f.raw) : len(m.header)+end]
			lines++
		} else {
			name, _, _ := strings.Cut(string(line[:min(len(line), 256)]), ":")
			m.fields = append(m.fields, field{strings.TrimSpace(name), line})
			last, lines = last+1, 1
		}
		m.header = raw[:len(m.header)+end]
		if len(m.header) > maxHeader || len(m.fields) > maxFields || len(m.fields[last].raw) > maxField || lines > maxFieldLines {
			m.bomb = true
			return m, -1
		}
	}
}

var fromLine = regexp.MustCompile(`(?i)(?:^|[\r\n])from[ \t]*:`)

// hasFrom reports whether the header as DKIM sees it holds one From field, and
// that with this address. The mail's reader takes lines apart in its own way; a
// From that only one of the two sees could be signed by one person and name
// another.
func (m mail) hasFrom(address string) bool {
	var from string
	count := 0
	for _, f := range m.fields {
		if f.is("from") {
			if bytes.Count(f.raw, []byte("\r")) != bytes.Count(f.raw, []byte("\r\n")) {
				return false // a bare CR: white space to DKIM, perhaps a line's end to others
			}
			from = strings.ToLower(f.value())
			count++
		}
	}
	if count != 1 || len(fromLine.FindAllIndex(m.header, 2)) != 1 {
		return false
	}
	at := max(strings.LastIndexByte(address, '@'), 0)
	local, domain := strings.ToLower(address[:at]), strings.ToLower(address[at:])
	return strings.Contains(from, local+domain) || strings.Contains(from, `"`+local+`"`+domain)
}
