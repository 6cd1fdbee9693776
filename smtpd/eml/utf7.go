package eml

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
)

// decodeUTF7 reads RFC 2152 text. Its use is to show a text/plain body; what it
// yields is never taken for markup.
func decodeUTF7(b []byte) string {
	var out strings.Builder
	out.Grow(len(b))
	for i := 0; i < len(b); {
		if b[i] != '+' {
			out.WriteByte(b[i])
			i++
			continue
		}
		end := i + 1
		for end < len(b) && isBase64(b[end]) {
			end++
		}
		if end == i+1 {
			out.WriteByte('+')
			if end < len(b) && b[end] == '-' {
				end++
			}
			i = end
			continue
		}
		data, err := base64.RawStdEncoding.DecodeString(string(b[i+1 : end]))
		if err != nil || len(data) < 2 {
			out.Write(b[i:end])
			i = end
			continue
		}
		units := make([]uint16, len(data)/2)
		for k := range units {
			units[k] = uint16(data[2*k])<<8 | uint16(data[2*k+1])
		}
		out.WriteString(string(utf16.Decode(units)))
		if end < len(b) && b[end] == '-' {
			end++
		}
		i = end
	}
	return out.String()
}

func isBase64(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+' || c == '/'
}
