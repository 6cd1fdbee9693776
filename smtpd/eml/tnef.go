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
	files           []core.Attachment
	codepage        string
	class           string // IPM.Note and the like
}

// Attributes of TNEF and properties of MAPI that are read.
const (
	tnefSignature    = 0x223e9f78
	attBody          = 0x0002800c
	attMAPIProps     = 0x00069003
	attRendData      = 0x00069002
	attTitle         = 0x00018010
	attData          = 0x0006800f
	attAttachment    = 0x00069005
	attOEMCodepage   = 0x00069007
	propBody         = 0x1000
	propRTF          = 0x1009
	propHTML         = 0x1013
	propName         = 0x3001
	propDataObj      = 0x3701
	propFilename     = 0x3704
	propLongFilename = 0x3707
	propMIMETag      = 0x370e
	propContentID    = 0x3712
)

// tnef opens a winmail.dat. A damaged one is kept as a file beside what could be
// read of it.
func (r *reader) tnef(p *part) {
	data := r.decode(p)
	m, ok := parseTNEF(data)
	if !ok {
		r.defect("winmail.dat is damaged; it is attached as it came")
		r.attachContent(p, data)
	}
	r.tnefs = append(r.tnefs, m)
	for _, f := range m.files {
		r.keep(p, f)
	}
}

// openTNEF lets the body of a winmail.dat stand in where the mail itself has none.
func (r *reader) openTNEF(b *body) {
	for _, m := range r.tnefs {
		if b.html == "" && m.html != "" && len(m.html) <= maxTextIn {
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
func parseTNEF(b []byte) (m tnefMail, ok bool) {
	if len(b) < 6 || binary.LittleEndian.Uint32(b) != tnefSignature {
		return m, false
	}
	var file *core.Attachment
	for b = b[6:]; len(b) >= 9 && (b[0] == 1 || b[0] == 2); {
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
	for i := range m.files {
		if m.files[i].Filename == "" {
			m.files[i].Filename = "unknown.dat"
		}
	}
	return m, true
}

func (m *tnefMail) message(id uint32, data []byte) {
	switch id {
	case attOEMCodepage:
		if len(data) >= 4 {
			m.codepage = codepageLabel(int(binary.LittleEndian.Uint32(data)))
		}
	case attBody:
		m.text = m.narrow(data)
	case attMAPIProps:
		mapiProps(data, func(id, typ uint16, v []byte) {
			switch id {
			case propBody:
				m.text = m.wide(typ, v)
			case propHTML:
				if typ == 0x102 {
					m.html, _ = bodyText(v, "", true)
				} else {
					m.html = m.wide(typ, v)
				}
			case propRTF:
				m.rtf = decompressRTF(v)
			}
		})
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

func codepageLabel(n int) string {
	switch {
	case n >= 1250 && n <= 1258:
		return "windows-125" + string(rune('0'+n-1250))
	case n == 932:
		return "shift_jis"
	case n == 936:
		return "gbk"
	case n == 949:
		return "euc-kr"
	case n == 950:
		return "big5"
	}
	return ""
}

// mapiProps calls f with each property of a list, until it ends or breaks off.
func mapiProps(b []byte, f func(id, typ uint16, value []byte)) {
	r := bytesReader{b: b}
	count := r.u32()
	for ; count > 0 && !r.short; count-- {
		typ, id := r.u16(), r.u16()
		if id >= 0x8000 {
			r.take(16)
			if r.u32() == 0 {
				r.take(4)
			} else {
				r.padded(r.u32())
			}
		}
		values := uint32(1)
		multi := typ&0x1000 != 0
		typ &^= 0x1000
		size, variable := mapiSize(typ)
		if multi || variable {
			values = r.u32()
		}
		for ; values > 0 && !r.short; values-- {
			n := size
			if variable {
				n = r.u32()
			}
			if v := r.padded(n); !r.short {
				f(id, typ, v)
			}
		}
		if size == 0 && !variable {
			return
		}
	}
}

func mapiSize(typ uint16) (size uint32, variable bool) {
	switch typ {
	case 0x0d, 0x1e, 0x1f, 0x102:
		return 0, true
	case 2, 3, 4, 0x0a, 0x0b:
		return 4, false
	case 5, 6, 7, 0x14, 0x40:
		return 8, false
	case 0x48:
		return 16, false
	}
	return 0, false
}

// A bytesReader takes little-endian numbers off bytes and remembers when they ran
// short.
type bytesReader struct {
	b     []byte
	short bool
}

func (r *bytesReader) take(n uint32) []byte {
	if uint64(n) > uint64(len(r.b)) {
		r.short, r.b = true, nil
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

// padded takes n bytes and what fills them up to a multiple of four.
func (r *bytesReader) padded(n uint32) []byte {
	v := r.take(n)
	r.take(min(-n&3, uint32(len(r.b))))
	return v
}

func (r *bytesReader) u16() uint16 {
	if v := r.take(2); v != nil {
		return binary.LittleEndian.Uint16(v)
	}
	return 0
}

func (r *bytesReader) u32() uint32 {
	if v := r.take(4); v != nil {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}
