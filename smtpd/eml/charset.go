package eml

import (
	"bytes"
	"strings"
	"unicode/utf16"
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
	if s, ok := shifted(b, label); ok {
		return s, label == "" || strings.HasPrefix(tableName(label), "iso-2022-") || strings.HasPrefix(label, "csiso2022")
	}
	switch label {
	case "", "utf-8", "us-ascii":
		if utf8.Valid(b) {
			return clean(string(b)), label != "us-ascii" || isASCII(b)
		}
		return mostlyUTF8(b), label == ""
	case "utf-7":
		if isASCII(b) {
			return clean(decodeUTF7(b)), true
		}
		return decodeCharset(b, "utf-8")
	case "utf-16":
		label = utf16Order(b)
	}
	if lies(b, label) {
		return clean(string(b)), false
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

// lies reports whether b is UTF-8 under the label of another charset, the most
// common lie there is. What would be valid UTF-8 by chance differs: Latin letters
// are hardly ever followed by signs, while characters of two bytes may line up.
func lies(b []byte, label string) bool {
	if isASCII(b) && !strings.HasPrefix(label, "utf-16") || !utf8.Valid(b) {
		return false
	}
	table := tableName(label)
	if strings.HasPrefix(table, "utf-16") {
		return bytes.IndexByte(b, 0) < 0
	}
	two, latin, more := 0, 0, 0
	for i := 0; i < len(b); {
		_, n := utf8.DecodeRune(b[i:])
		switch {
		case n > 2:
			more++
		case n == 2 && b[i] <= 0xc5:
			latin++
		case n == 2:
			two++
		}
		i += n
	}
	if strings.HasPrefix(table, "windows-125") || strings.HasPrefix(table, "iso-8859-") && table != "iso-8859-11" {
		return two+2*latin+2*more >= 2
	}
	return more >= 3 && more > 3*(two+latin)
}

// utf16Order guesses the byte order of UTF-16 without a mark from where the zeros
// of its blanks and digits stand.
func utf16Order(b []byte) string {
	even, odd := 0, 0
	for i, c := range b[:min(len(b), 1<<10)] {
		switch {
		case c == 0 && i%2 == 0:
			even++
		case c == 0:
			odd++
		}
	}
	if even > odd {
		return "utf-16be"
	}
	return "utf-16le"
}

// mostlyUTF8 reads what is not quite UTF-8: cut or slightly damaged text stays
// UTF-8 with marks, everything else is windows-1252.
func mostlyUTF8(b []byte) string {
	if b = joinSurrogates(b); isDamagedUTF8(b) {
		return clean(string(b))
	}
	return western(b)
}

// isDamagedUTF8 reports whether more of b is UTF-8 than is not.
func isDamagedUTF8(b []byte) bool {
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
	return good > bad
}

// joinSurrogates makes a character of two surrogates that were each encoded, as
// programs do that hold text as UTF-16 (CESU-8).
func joinSurrogates(b []byte) []byte {
	if !bytes.Contains(b, []byte{0xed}) {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		high, low := surrogate(b[i:]), rune(0)
		if high >= 0xd800 && high < 0xdc00 {
			low = surrogate(b[i+3:])
		}
		if r := utf16.DecodeRune(high, low); r != utf8.RuneError {
			out = utf8.AppendRune(out, r)
			i += 6
			continue
		}
		out = append(out, b[i])
		i++
	}
	return out
}

// surrogate is the surrogate that b begins with, 0 if there is none.
func surrogate(b []byte) rune {
	if len(b) < 3 || b[0] != 0xed || b[1] < 0xa0 || b[1] > 0xbf || b[2]&0xc0 != 0x80 {
		return 0
	}
	return 0xd000 | rune(b[1]&0x3f)<<6 | rune(b[2]&0x3f)
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
	if isHTML && !utf8.Valid(b) {
		if meta := normalLabel(htmlCharset(b)); meta != "" && meta != "utf-8" && !follows(b, label) {
			label = meta
		}
	}
	if isHTML && label == "utf-7" {
		return mostlyUTF8(b), false
	}
	return decodeCharset(b, label)
}

// follows reports whether b, which is not UTF-8, can be what its label says.
func follows(b []byte, label string) bool {
	switch label {
	case "", "us-ascii":
		return false
	case "utf-8":
		return isDamagedUTF8(joinSurrogates(b))
	}
	return isKnown(label)
}

func isKnown(label string) bool {
	_, ok := decodeAs(label, nil)
	return ok || label == "utf-7"
}
