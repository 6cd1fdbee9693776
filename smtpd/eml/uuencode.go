package eml

import "bytes"

// cutUU finds the first uuencoded file in a text: its name, its bytes, and the
// text without it. A file without end reaches as far as its lines are sound.
func cutUU(b []byte) (name string, data, rest []byte, ok bool) {
	for at := 0; at < len(b); {
		line, next := nextLine(b, at)
		if n, is := uuBegin(line); is {
			if data, end, sound := uuBody(b, next); sound {
				rest = append(append([]byte{}, b[:at]...), b[end:]...)
				return n, data, rest, true
			}
		}
		at = next
	}
	return "", nil, b, false
}

func uuBegin(line []byte) (name string, ok bool) {
	if !bytes.HasPrefix(line, []byte("begin ")) {
		return "", false
	}
	f := bytes.SplitN(line, []byte(" "), 3)
	if len(f) != 3 || len(f[1]) < 3 || len(f[1]) > 4 || len(bytes.Trim(f[1], "01234567")) != 0 {
		return "", false
	}
	return string(bytes.TrimSpace(f[2])), true
}

func uuBody(b []byte, at int) (data []byte, end int, ok bool) {
	for at < len(b) {
		line, next := nextLine(b, at)
		if string(bytes.TrimSpace(line)) == "end" {
			return data, next, true
		}
		if len(line) == 0 {
			at = next
			continue
		}
		n := int(line[0]-' ') & 0x3f
		if line[0] < ' ' || line[0] > '`' || len(line) < 1+(n+2)/3*4-3 || len(line) > 1+(n+2)/3*4+4 {
			break
		}
		data = appendUULine(data, line[1:], n)
		at = next
	}
	return data, at, len(data) > 0
}

func appendUULine(data, line []byte, n int) []byte {
	six := func(i int) byte {
		if i >= len(line) {
			return 0
		}
		return (line[i] - ' ') & 0x3f
	}
	for i := 0; n > 0; i += 4 {
		a, b, c, d := six(i), six(i+1), six(i+2), six(i+3)
		group := [3]byte{a<<2 | b>>4, b<<4 | c>>2, c<<6 | d}
		data = append(data, group[:min(n, 3)]...)
		n -= 3
	}
	return data
}
