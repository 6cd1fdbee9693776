package eml

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"

	"postdesk/core"
)

// A tnefMail is what a winmail.dat holds (MS-OXTNEF): a body and files.
type tnefMail struct {
	text, html, rtf string
	rawHTML         []byte // in htmlCodepage
	htmlCodepage    string
	files           []core.Attachment
	codepage        string
	class           string // IPM.Note and the like
	subject         string
	meeting         map[uint16]string // what it says of a meeting, as RFC 5545 writes it
}

// Attributes of TNEF and properties of MAPI that are read.
const (
	tnefSignature  = 0x223e9f78
	attBody        = 0x0002800c
	attMAPIProps   = 0x00069003
	attRendData    = 0x00069002
	attTitle       = 0x00018010
	attData        = 0x0006800f
	attAttachment  = 0x00069005
	attOEMCodepage = 0x00069007
	attClass       = 0x00078008
	attSubject     = 0x00018004
)

// tnef opens a winmail.dat. A damaged one is kept as a file beside what could be
// read of it.
func (r *reader) tnef(p *part) {
	data := r.decode(p)
	m, ok := parseTNEF(data, maxUnwraps)
	if !ok {
		r.defect(defectTNEF)
		r.attachContent(p, data)
	}
	r.tnefs = append(r.tnefs, m)
	if card := m.card(); card != "" && len(r.calendars) < maxCards {
		r.calendars = append(r.calendars, card)
	}
	for _, f := range m.files {
		r.keep(p, f)
	}
}

// openTNEF lets the body of a winmail.dat stand in where the mail itself has none.
func (r *reader) openTNEF(b *body) {
	for _, m := range r.tnefs {
		if b.html == "" && len(m.html) <= maxTextIn {
			b.html = clean(newlines(m.html))
		}
		if !blank(b.text) {
			continue
		}
		switch {
		case !blank(m.text):
			b.text = clean(newlines(m.text))
			b.plain = b.text
		case m.html != "" && b.html != "":
			b.text, b.marks = htmlText(b.html)
		case m.rtf != "":
			b.text = clean(newlines(rtfText(m.rtf)))
			b.plain = b.text
		}
	}
}

// parseTNEF reads the attributes one after another; ok is false where it is not
// TNEF or breaks off.
// Mails in it are opened to a depth of nested.
func parseTNEF(b []byte, nested int) (m tnefMail, ok bool) {
	if len(b) < 6 || binary.LittleEndian.Uint32(b) != tnefSignature {
		return m, false
	}
	var file *core.Attachment
	b = b[6:]
	whole := len(b)
	for len(b) >= 9 && (b[0] == 1 || b[0] == 2) {
		id, n := binary.LittleEndian.Uint32(b[1:]), binary.LittleEndian.Uint32(b[5:])
		if uint64(n)+11 > uint64(len(b)) {
			return m, false
		}
		data := b[9 : 9+n]
		if b[0] == 1 {
			m.message(id, data)
		} else {
			if id == attRendData || file == nil {
				if len(m.files) >= maxAttachments {
					return m, false
				}
				m.files = append(m.files, core.Attachment{ContentType: "application/octet-stream"})
				file = &m.files[len(m.files)-1]
			}
			m.file(file, id, data)
		}
		b = b[9+n+2:]
	}
	m.finish()
	m.unfold(nested)
	return m, len(b) < whole // garbage behind the last attribute is usual; garbage alone is damage
}

// finish chooses among the forms of the body, once all of them are known.
func (m *tnefMail) finish() {
	if m.html == "" && len(m.rawHTML) > 0 {
		m.html, _ = bodyText(m.rawHTML, m.htmlCodepage, true)
	}
	if m.html == "" && m.rtf != "" {
		m.html = rtfPage(m.rtf)
	}
	for i := range m.files {
		if m.files[i].Filename == "" {
			m.files[i].Filename = "unknown.dat"
		}
	}
}

// unfold puts the words and files of enclosed mails in the place of these.
func (m *tnefMail) unfold(nested int) {
	var files []core.Attachment
	for _, f := range m.files {
		inner, ok := tnefMail{}, false
		if nested > 0 {
			inner, ok = parseTNEF(f.Content, nested-1)
		}
		if !ok {
			files = append(files, f)
			continue
		}
		name := cut(inner.subject, maxNameBytes-5)
		if name == "" {
			name = f.Filename
		}
		switch {
		case inner.html != "":
			files = append(files, core.Attachment{Filename: name + ".html", ContentType: "text/html", Content: []byte(inner.html)})
		case inner.text != "" || inner.rtf != "":
			files = append(files, core.Attachment{Filename: name + ".txt", ContentType: "text/plain", Content: []byte(inner.words())})
		}
		files = append(files, inner.files...)
	}
	m.files = files[:min(len(files), maxAttachments+1)] // one too many is told
}

func (m *tnefMail) words() string {
	if m.text != "" {
		return m.text
	}
	return rtfText(m.rtf)
}

func (m *tnefMail) message(id uint32, data []byte) {
	switch id {
	case attOEMCodepage:
		if len(data) >= 4 {
			m.codepage = codepageLabel(int(binary.LittleEndian.Uint32(data)))
		}
	case attClass:
		m.class = m.narrow(data)
	case attSubject:
		m.subject = oneLine(m.narrow(data))
	case attBody:
		m.text = m.narrow(data)
	case attMAPIProps:
		mapiProps(data, m.property)
	}
}

func (m *tnefMail) property(id, typ uint16, v []byte) {
	switch id {
	case propClass:
		m.class = m.wide(typ, v)
	case propSubject:
		m.subject = oneLine(m.wide(typ, v))
	case propBody:
		m.text = m.wide(typ, v)
	case propCodepage:
		if len(v) >= 4 {
			m.htmlCodepage = codepageLabel(int(binary.LittleEndian.Uint32(v)))
		}
	case propHTML:
		if typ == 0x102 {
			m.rawHTML = v
		} else {
			m.html = m.wide(typ, v)
		}
	case propRTF:
		m.rtf = decompressRTF(v)
	case propLocation, propStart, propEnd, propMeetingStart, propMeetingEnd:
		if m.meeting == nil {
			m.meeting = map[uint16]string{}
		}
		if typ == 0x40 && len(v) == 8 {
			m.meeting[id] = calendarStamp(binary.LittleEndian.Uint64(v))
		} else {
			m.meeting[id] = m.wide(typ, v)
		}
	}
}

func (m *tnefMail) file(f *core.Attachment, id uint32, data []byte) {
	switch id {
	case attTitle:
		if f.Filename == "" {
			f.Filename = m.narrow(data)
		}
	case attData:
		f.Content = data
	case attAttachment:
		mapiProps(data, func(id, typ uint16, v []byte) {
			switch id {
			case propLongFilename:
				f.Filename = m.wide(typ, v)
			case propFilename, propName:
				if f.Filename == "" {
					f.Filename = m.wide(typ, v)
				}
			case propMIMETag:
				f.ContentType = strings.ToLower(cut(oneLine(m.wide(typ, v)), maxNameBytes))
			case propContentID:
				f.ContentID = cleanID(strings.Trim(m.wide(typ, v), "<>"))
			case propDataObj:
				if len(f.Content) == 0 && len(v) > 16 {
					f.Content = v[16:]
				}
			}
		})
	}
}

func (m *tnefMail) narrow(b []byte) string {
	return strings.TrimRight(toUTF8(b, m.codepage), "\x00")
}

// wide reads a string property: type 0x1f is UTF-16.
func (m *tnefMail) wide(typ uint16, b []byte) string {
	if typ != 0x1f {
		return m.narrow(b)
	}
	units := make([]uint16, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		if u := binary.LittleEndian.Uint16(b); u != 0 {
			units = append(units, u)
		}
	}
	return string(utf16.Decode(units))
}
