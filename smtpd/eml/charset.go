package eml

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// toUTF8 reads bytes that are said to be in a charset: byte order mark, the
// declared label, ISO-2022 escapes, valid UTF-8, windows-1252 (T77-T81). The
// answer is always valid UTF-8.
func toUTF8(b []byte, label string) string {
	s, _ := decodeCharset(b, label)
	return s
}

// decodeCharset is toUTF8 that also tells whether the label could be followed.
func decodeCharset(b []byte, label string) (s string, honest bool) {
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		b, label = b[3:], "utf-8"
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		return decodeWith(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), b), true
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		return decodeWith(unicode.UTF16(unicode.BigEndian, unicode.UseBOM), b), true
	}
	label = normalLabel(label)
	switch label {
	case "", "utf-8", "us-ascii":
		if enc := escaped(b); enc != nil {
			return decodeWith(enc, b), label == ""
		}
		if utf8.Valid(b) {
			return clean(string(b)), label != "us-ascii" || isASCII(b)
		}
		return mostlyUTF8(b), label == ""
	case "utf-7", "unicode-1-1-utf-7":
		return clean(decodeUTF7(b)), true
	case "iso-2022-kr", "csiso2022kr":
		return decodeWith(korean.EUCKR, unshift(b)), true
	}
	enc := lookup(label)
	if enc == nil {
		if utf8.Valid(b) {
			return clean(string(b)), false
		}
		return decodeWith(charmap.Windows1252, b), false
	}
	s = decodeWith(enc, b)
	if utf8.Valid(b) && !isASCII(b) && strings.ContainsRune(s, utf8.RuneError) {
		return clean(string(b)), false
	}
	return s, true
}

// mostlyUTF8 reads what is not quite UTF-8: cut or slightly damaged text stays
// UTF-8 with marks, everything else is windows-1252.
func mostlyUTF8(b []byte) string {
	good, bad := 0, 0
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			bad++
		} else {
			good++
		}
		i += n
	}
	if good > 2*bad {
		return clean(string(b))
	}
	return decodeWith(charmap.Windows1252, b)
}

func decodeWith(enc encoding.Encoding, b []byte) string {
	out, err := enc.NewDecoder().Bytes(b)
	if err != nil {
		return clean(string(b))
	}
	return clean(string(out))
}

// normalLabel forgives what stands around a label.
func normalLabel(l string) string {
	l = strings.ToLower(strings.Trim(l, " \t\r\n\"';="))
	switch l {
	case "utf8", "utf_8", "unicode-1-1-utf-8", "utf-8mb4":
		return "utf-8"
	case "ascii", "us_ascii", "ansi_x3.4-1968", "7bit", "8bit", "646":
		return "us-ascii"
	case "default", "none", "unknown-8bit", "x-unknown", "binary":
		return ""
	}
	return l
}

// lookup finds an encoding by its WHATWG label or by a name that mail uses for it.
func lookup(label string) encoding.Encoding {
	switch label {
	case "cp932", "ms932", "windows-932":
		label = "shift_jis"
	case "cp936", "gb_2312", "x-gbk":
		label = "gbk"
	case "hz-gb-2312", "hz":
		return simplifiedchinese.HZGB2312
	case "cp949", "ks_c_5601", "x-windows-949", "uhc":
		label = "euc-kr"
	case "cp950", "big5-eten":
		label = "big5"
	case "iso-2022-jp-1", "iso-2022-jp-2", "iso-2022-jp-3", "iso-2022-jp-ms", "cp50220", "cp50221":
		label = "iso-2022-jp"
	case "cp437", "ibm437":
		return charmap.CodePage437
	case "cp850", "ibm850":
		return charmap.CodePage850
	case "cp852", "ibm852":
		return charmap.CodePage852
	case "cp858", "ibm00858":
		return charmap.CodePage858
	case "iso-8859-8-e":
		label = "iso-8859-8"
	}
	enc, name := charset.Lookup(label)
	if enc == nil && strings.HasPrefix(label, "cp125") {
		enc, name = charset.Lookup("windows-" + label[2:])
	}
	if name == "replacement" {
		return nil
	}
	return enc
}

// unshift turns ISO-2022-KR (RFC 1557) into EUC-KR: between SO and SI every
// byte gets its high bit.
func unshift(b []byte) []byte {
	out := make([]byte, 0, len(b))
	var high byte
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == 0x0e:
			high = 0x80
		case c == 0x0f:
			high = 0
		case c == 0x1b && bytes.HasPrefix(b[i:], []byte("\x1b$)C")):
			i += 3
		case c == '\n':
			high = 0
			out = append(out, c)
		case c > ' ':
			out = append(out, c|high)
		default:
			out = append(out, c)
		}
	}
	return out
}

// escaped finds the encoding of seven-bit text with ISO-2022 escapes.
func escaped(b []byte) encoding.Encoding {
	i := bytes.IndexByte(b, 0x1b)
	if i < 0 || i+2 >= len(b) {
		return nil
	}
	rest := b[i+1:]
	if bytes.HasPrefix(rest, []byte("$B")) || bytes.HasPrefix(rest, []byte("$@")) || bytes.HasPrefix(rest, []byte("(J")) || bytes.HasPrefix(rest, []byte("(I")) {
		return lookup("iso-2022-jp")
	}
	return nil
}

// htmlCharset returns what a page says of its own charset.
func htmlCharset(b []byte) string {
	start := b[:min(len(b), 2048)]
	i := bytes.Index(bytes.ToLower(start), []byte("charset="))
	if i < 0 {
		return ""
	}
	v := bytes.TrimLeft(start[i+len("charset="):], "\"' ")
	end := bytes.IndexAny(v, "\"'> /;\r\n")
	if end < 0 {
		return ""
	}
	return string(v[:end])
}

// bodyText decodes a text body: the label, else what the page says, else a guess.
// A page in UTF-7 stays as it is: decoding would make markup of it (A12).
func bodyText(b []byte, label string, isHTML bool) (string, bool) {
	l := normalLabel(label)
	if !isHTML {
		return decodeCharset(b, l)
	}
	switch {
	case l == "utf-7":
		return mostlyUTF8(b), false
	case l == "" || l == "us-ascii" || l != "utf-8" && lookup(l) == nil:
		if meta := htmlCharset(b); meta != "" && !isASCII(b) && !utf8.Valid(b) {
			return decodeCharset(b, meta)
		}
	}
	return decodeCharset(b, l)
}
