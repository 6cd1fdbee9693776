package eml

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// rtfDictionary is what every compressed RTF begins from (MS-OXRTFCP 2.1.2.1).
const rtfDictionary = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"

// decompressRTF undoes MS-OXRTFCP, up to the bound on text.
func decompressRTF(b []byte) string {
	if len(b) < 16 {
		return ""
	}
	size := min(int(binary.LittleEndian.Uint32(b[4:])), maxTextIn)
	magic := string(b[8:12])
	b = b[16:]
	if magic == "MELA" {
		return string(b[:min(len(b), size)])
	}
	if magic != "LZFu" {
		return ""
	}
	var window [4096]byte
	at := copy(window[:], rtfDictionary)
	out := make([]byte, 0, min(size, 1<<16))
	put := func(c byte) {
		out = append(out, c)
		window[at] = c
		at = (at + 1) % len(window)
	}
	for len(b) > 0 && len(out) < size {
		flags := b[0]
		b = b[1:]
		for bit := 0; bit < 8 && len(out) < size; bit++ {
			if flags>>bit&1 == 0 {
				if len(b) == 0 {
					return string(out)
				}
				put(b[0])
				b = b[1:]
				continue
			}
			if len(b) < 2 {
				return string(out)
			}
			ref := int(b[0])<<8 | int(b[1])
			b = b[2:]
			from := ref >> 4
			if from == at {
				return string(out)
			}
			for i := 0; i < ref&15+2; i++ {
				put(window[(from+i)%len(window)])
			}
		}
	}
	return string(out)
}

// An rtfReader turns RTF into text: words, line breaks, tabs.
type rtfReader struct {
	out      strings.Builder
	bytes    []byte // characters in the code page, not yet decoded
	codepage string
	skip     int // the depth at which a destination without text began, 0: none
	depth    int
	unicode  int // characters that stand in for the last \u and are dropped
}

// rtfText returns the text of RTF, also of RTF that encapsulates HTML.
func rtfText(s string) string {
	r := rtfReader{codepage: "windows-1252"}
	for i := 0; i < len(s); {
		switch c := s[i]; c {
		case '{':
			r.depth++
			i++
		case '}':
			if r.skip == r.depth {
				r.skip = 0
			}
			r.depth--
			i++
		case '\\':
			i = r.control(s, i+1)
		case '\r', '\n':
			i++
		default:
			r.char(c)
			i++
		}
	}
	r.flush()
	return r.out.String()
}

func (r *rtfReader) char(c byte) {
	if r.unicode > 0 {
		r.unicode--
		return
	}
	if r.skip == 0 {
		r.bytes = append(r.bytes, c)
	}
}

func (r *rtfReader) flush() {
	if len(r.bytes) > 0 {
		r.out.WriteString(toUTF8(r.bytes, r.codepage))
		r.bytes = r.bytes[:0]
	}
}

// control reads one control word or symbol that begins at i and returns where to
// read on.
func (r *rtfReader) control(s string, i int) int {
	if i >= len(s) {
		return i
	}
	if c := s[i]; !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
		return r.symbol(s, i)
	}
	start := i
	for i < len(s) && ('a' <= s[i] && s[i] <= 'z' || 'A' <= s[i] && s[i] <= 'Z') {
		i++
	}
	word, num := s[start:i], i
	if i < len(s) && s[i] == '-' {
		i++
	}
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		i++
	}
	n, _ := strconv.Atoi(s[num:i])
	if i < len(s) && s[i] == ' ' {
		i++
	}
	r.word(word, n)
	return i
}

func (r *rtfReader) symbol(s string, i int) int {
	switch c := s[i]; c {
	case '\'':
		if i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			r.char(unhex(s[i+1])<<4 | unhex(s[i+2]))
			return i + 3
		}
	case '*':
		if r.skip == 0 {
			r.skip = r.depth
		}
	case '~':
		r.char(' ')
	case '_':
		r.char('-')
	case '\\', '{', '}':
		r.char(c)
	}
	return i + 1
}

func (r *rtfReader) word(w string, n int) {
	switch w {
	case "ansicpg":
		if l := codepageLabel(n); l != "" {
			r.codepage = l
		}
	case "fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "footer":
		if r.skip == 0 {
			r.skip = r.depth
		}
	case "par", "line", "row":
		r.text("\n")
	case "tab", "cell":
		r.text("\t")
	case "u":
		if n < 0 {
			n += 1 << 16
		}
		r.text(string(rune(n)))
		r.unicode = 1
	case "lquote", "rquote":
		r.text("'")
	case "ldblquote", "rdblquote":
		r.text(`"`)
	case "endash", "emdash":
		r.text("-")
	case "bullet":
		r.text("*")
	}
}

func (r *rtfReader) text(s string) {
	if r.skip == 0 {
		r.flush()
		r.out.WriteString(s)
	}
}
