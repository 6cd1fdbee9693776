package eml

import "bytes"

// shifted reads seven-bit text that calls its characters by escapes (ISO 2022),
// whatever its label says: Japanese (RFC 1468), Korean (RFC 1557) and Chinese
// (RFC 1922). ok is false for everything else.
func shifted(b []byte, label string) (s string, ok bool) {
	switch label {
	case "utf-7", "utf-16", "utf-16le", "utf-16be", "hz", "hz-gb-2312":
		return "", false
	case "iso-2022-kr", "csiso2022kr":
		return decodeAs("euc-kr", unshift(b))
	case "iso-2022-cn", "iso-2022-cn-ext":
		if isASCII(b) {
			return decodeAs("gbk", unshift(b))
		}
		return "", false
	}
	escape := bytes.IndexByte(b, 0x1b)
	if escape < 0 || !isASCII(b) {
		return "", false
	}
	switch rest := b[escape+1:]; {
	case hasAnyPrefix(rest, "$B", "$@", "(J", "(I", "$(D"):
		return decodeAs("iso-2022-jp", b)
	case hasAnyPrefix(rest, "$)C"):
		return decodeAs("euc-kr", unshift(b))
	case hasAnyPrefix(rest, "$)A"):
		return decodeAs("gbk", unshift(b))
	}
	return "", false
}

func hasAnyPrefix(b []byte, prefixes ...string) bool {
	for _, p := range prefixes {
		if len(b) >= len(p) && string(b[:len(p)]) == p {
			return true
		}
	}
	return false
}

// unshift turns text with shifts into its eight-bit form: between SO and SI every
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
		case c == 0x1b && hasAnyPrefix(b[i:], "\x1b$)C", "\x1b$)A", "\x1b$)G", "\x1b$*H"):
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
