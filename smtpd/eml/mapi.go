package eml

import "encoding/binary"

// Properties of MAPI that are read (MS-OXPROPS).
const (
	propClass        = 0x001a
	propSubject      = 0x0037
	propStart        = 0x0060
	propEnd          = 0x0061
	propBody         = 0x1000
	propRTF          = 0x1009
	propHTML         = 0x1013
	propName         = 0x3001
	propDataObj      = 0x3701
	propFilename     = 0x3704
	propLongFilename = 0x3707
	propMIMETag      = 0x370e
	propContentID    = 0x3712
	propCodepage     = 0x3fde // of the HTML
	propLocation     = 0x8208
	propMeetingStart = 0x820d
	propMeetingEnd   = 0x820e
)

// mapiProps calls f with each property of a list, until it ends or breaks off.
func mapiProps(b []byte, f func(id, typ uint16, value []byte)) {
	r := bytesReader{b: b}
	count := r.u32()
	for ; count > 0 && !r.short; count-- {
		typ, id := r.u16(), r.u16()
		if id >= 0x8000 {
			id = r.named()
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

// appointments is the set of properties that meetings have (MS-OXPROPS section
// 1.3.2, PSETID_Appointment).
const appointments = "\x02\x20\x06\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"

// named takes the name of a property; of those with numbers only meetings' are
// told, the others are 0.
func (r *bytesReader) named() uint16 {
	set := r.take(16)
	if r.u32() != 0 {
		r.padded(r.u32())
		return 0
	}
	if id := r.u32(); string(set) == appointments && id < 1<<16 {
		return uint16(id)
	}
	return 0
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

// codepages are the labels of the code pages that mail is written in.
var codepages = map[int]string{
	437: "ibm437", 866: "ibm866", 874: "windows-874", 932: "shift_jis", 936: "gbk", 949: "euc-kr", 950: "big5", 10000: "macintosh", 20127: "us-ascii", 20866: "koi8-r", 21866: "koi8-u", 20932: "euc-jp", 50220: "iso-2022-jp", 50221: "iso-2022-jp", 51932: "euc-jp", 51949: "euc-kr", 51936: "gbk", 54936: "gb18030", 65001: "utf-8",
}

func codepageLabel(n int) string {
	switch {
	case n >= 1250 && n <= 1258:
		return "windows-125" + string(rune('0'+n-1250))
	case n > 28590 && n <= 28599:
		return "iso-8859-" + string(rune('0'+n-28590))
	}
	return codepages[n]
}
