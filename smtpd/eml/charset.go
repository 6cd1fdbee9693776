package eml

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
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
		return decodeAs("utf-16le", b[2:])
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		return decodeAs("utf-16be", b[2:])
	}
	label = normalLabel(label)
	switch label {
	case "", "utf-8", "us-ascii":
		if isISO2022JP(b) {
			s, _ = decodeAs("iso-2022-jp", b)
			return s, label == ""
		}
		if utf8.Valid(b) {
			return clean(string(b)), label != "us-ascii" || isASCII(b)
		}
		return mostlyUTF8(b), label == ""
	case "utf-7":
		return clean(decodeUTF7(b)), true
	case "iso-2022-kr", "csiso2022kr":
		return decodeAs("euc-kr", unshift(b))
	}
	s, honest = decodeAs(label, b)
	switch {
	case !honest && !utf8.Valid(b):
		return western(b), false
	case !honest, utf8.Valid(b) && !isASCII(b) && strings.ContainsRune(s, utf8.RuneError):
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
	return western(b)
}

// western reads b as windows-1252, in which every byte is a character.
func western(b []byte) string {
	s, _ := decodeAs("windows-1252", b)
	return s
}

// decodeAs reads b with the decoder that go-message's table has for a label; ok is
// false if it has none.
func decodeAs(label string, b []byte) (s string, ok bool) {
	r, err := charset.Reader(tableName(label), bytes.NewReader(b))
	if err != nil {
		return "", false
	}
	var out bytes.Buffer
	out.Grow(len(b) + len(b)/2 + bytes.MinRead)
	if _, err := out.ReadFrom(r); err != nil {
		return "", false
	}
	return clean(out.String()), true
}

// normalLabel forgives what stands around a label.
func normalLabel(l string) string {
	l = strings.ToLower(strings.Trim(l, " \t\r\n\"';="))
	switch l {
	case "utf8", "utf_8", "unicode-1-1-utf-8", "utf-8mb4":
		return "utf-8"
	case "ascii", "us_ascii", "ansi_x3.4-1968", "7bit", "8bit", "us", "646", "iso646-us", "cp367", "ibm367", "csascii":
		return "us-ascii"
	case "unicode-1-1-utf-7", "csutf7", "utf7":
		return "utf-7"
	case "default", "none", "unknown-8bit", "x-unknown", "binary":
		return ""
	}
	return l
}

// tableName is the name by which the table knows what mail means by a label: the
// superset where senders write the subset, nothing where the table would answer
// with a single U+FFFD.
func tableName(label string) string {
	switch label {
	case "iso-8859-1", "iso_8859-1", "iso_8859-1:1987", "iso-ir-100", "latin1", "l1", "cp819", "ibm819", "csisolatin1":
		return "windows-1252"
	case "iso-8859-9", "iso_8859-9", "iso_8859-9:1989", "iso-ir-148", "latin5", "l5", "csisolatin5":
		return "windows-1254"
	case "utf-16":
		return "utf-16le"
	case "cp932", "windows-932":
		return "shift_jis"
	case "hz":
		return "hz-gb-2312"
	case "cp949", "ks_c_5601", "x-windows-949", "uhc":
		return "euc-kr"
	case "cp950", "big5-eten":
		return "big5"
	case "iso-2022-jp-1", "iso-2022-jp-2", "iso-2022-jp-3", "iso-2022-jp-ms", "cp50220", "cp50221":
		return "iso-2022-jp"
	case "cp858":
		return "ibm00858"
	case "iso-2022-cn", "iso-2022-cn-ext", "replacement":
		return ""
	}
	return label
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

// isISO2022JP knows seven-bit Japanese text by its first escape (RFC 1468).
func isISO2022JP(b []byte) bool {
	i := bytes.IndexByte(b, 0x1b)
	if i < 0 || i+2 >= len(b) {
		return false
	}
	switch string(b[i+1 : i+3]) {
	case "$B", "$@", "(J", "(I":
		return true
	}
	return false
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
	label = normalLabel(label)
	if isHTML && !utf8.Valid(b) && (label == "" || label == "us-ascii" || !isKnown(label)) {
		if meta := htmlCharset(b); meta != "" {
			label = normalLabel(meta)
		}
	}
	if isHTML && label == "utf-7" {
		return mostlyUTF8(b), false
	}
	return decodeCharset(b, label)
}

func isKnown(label string) bool {
	_, ok := decodeAs(label, nil)
	return ok || label == "utf-7"
}
