package eml

import (
	"strconv"
	"strings"
	"unicode/utf16"
)

// An rtfReader turns RTF into text: words, line breaks, tabs.
type rtfReader struct {
	out          strings.Builder
	bytes        []byte // characters in the code page, not yet decoded
	codepage     string
	skip         int // the depth at which a destination without text began, 0: none
	depth        int
	unicode      int    // characters that stand in for the last \u and are dropped
	standIns     []byte // how many do, by group (\uc)
	fonts        map[int]string
	inFonts      bool
	fontCodepage string // "" is that of the whole
	half         rune   // the first half of a character in two
	font         int    // that the font table speaks of
	page         bool   // it is the HTML that is wanted, which RTF holds in pieces
	inRTF        bool   // between \htmlrtf and \htmlrtf0: what only RTF shows
}

// rtfText returns the text of RTF, also of RTF that encapsulates HTML.
func rtfText(s string) string { return rtfRead(s, false) }

// rtfPage returns the HTML that RTF was made of (MS-OXRTFEX section 2.1.3), "" if it
// was made of none.
func rtfPage(s string) string {
	if !strings.Contains(s[:min(len(s), 1024)], `\fromhtml`) {
		return ""
	}
	return rtfRead(s, true)
}

func rtfRead(s string, page bool) string {
	r := rtfReader{codepage: "windows-1252", standIns: []byte{1}, page: page}
	for i := 0; i < len(s); {
		switch c := s[i]; c {
		case '{':
			r.open()
			i++
		case '}':
			r.close()
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

func (r *rtfReader) open() {
	r.depth++
	r.standIns = append(r.standIns, r.standIns[len(r.standIns)-1])
}

func (r *rtfReader) close() {
	if r.skip == r.depth {
		r.skip, r.inFonts = 0, false
	}
	r.depth, r.unicode = r.depth-1, 0
	if len(r.standIns) > 1 {
		r.standIns = r.standIns[:len(r.standIns)-1]
	}
}

func (r *rtfReader) hidden() bool { return r.skip != 0 || r.page && r.inRTF }

func (r *rtfReader) char(c byte) {
	if r.unicode > 0 {
		r.unicode--
		return
	}
	if !r.hidden() {
		r.bytes = append(r.bytes, c)
	}
}

func (r *rtfReader) flush() {
	if len(r.bytes) > 0 {
		label := r.codepage
		if r.fontCodepage != "" {
			label = r.fontCodepage
		}
		r.out.WriteString(toUTF8(r.bytes, label))
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
	n, err := strconv.Atoi(s[num:i])
	if err != nil {
		n = -1 << 30 // none is written
	}
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
		if r.skip == 0 && !(r.page && strings.HasPrefix(s[i+1:], `\htmltag`)) {
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
			r.skip, r.inFonts = r.depth, w == "fonttbl"
		}
	case "f", "fcharset":
		r.useFont(w, n)
	case "htmlrtf":
		r.inRTF = n != 0
	case "uc":
		r.standIns[len(r.standIns)-1] = byte(max(0, min(n, 255)))
	case "u":
		if n < 0 && n >= -1<<15 {
			n += 1 << 16
		}
		r.utf16(n)
		r.unicode = int(r.standIns[len(r.standIns)-1])
	default:
		if s, ok := rtfSigns[w]; ok {
			r.text(s)
		}
	}
}

// rtfSigns are the words that stand for characters.
var rtfSigns = map[string]string{
	"par": "\n", "line": "\n", "row": "\n", "tab": "\t", "cell": "\t", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "endash": "–", "emdash": "—", "bullet": "•", "emspace": " ", "enspace": " ",
}

// utf16 writes a character; one beyond the first 65536 comes in two halves.
func (r *rtfReader) utf16(n int) {
	switch {
	case n < 0:
	case utf16.IsSurrogate(rune(n)) && r.half == 0:
		r.half = rune(n)
		return
	case r.half != 0:
		if c := utf16.DecodeRune(r.half, rune(n)); c != '\uFFFD' {
			n = int(c)
		}
		fallthrough
	default:
		r.text(string(rune(n)))
	}
	r.half = 0
}

// useFont follows fonts, as each has a charset of its own.
func (r *rtfReader) useFont(w string, n int) {
	switch {
	case r.inFonts && w == "f":
		r.font = n
	case r.inFonts && len(r.fonts) < maxRTFFonts:
		if l := codepageLabel(rtfCharsets[n]); l != "" {
			if r.fonts == nil {
				r.fonts = map[int]string{}
			}
			r.fonts[r.font] = l
		}
	case w == "f" && r.skip == 0:
		r.flush()
		r.fontCodepage = r.fonts[n]
	}
}

const maxRTFFonts = 1000

// rtfCharsets are the code pages of \fcharset (RTF 1.9.1, font table).
var rtfCharsets = map[int]int{77: 10000, 128: 932, 129: 949, 134: 936, 136: 950, 161: 1253, 162: 1254, 163: 1258, 177: 1255, 178: 1256, 186: 1257, 204: 1251, 222: 874, 238: 1250}

func (r *rtfReader) text(s string) {
	if !r.hidden() {
		r.flush()
		r.out.WriteString(s)
	}
}
