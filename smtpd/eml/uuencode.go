package eml

import (
	"bytes"

	"postdesk/core"
)

// cutUU takes the uuencoded files out of a text. A file without end reaches as far
// as its lines are sound.
func cutUU(b []byte) (text []byte, files []core.Attachment) {
	if !bytes.HasPrefix(b, []byte("begin ")) && !bytes.Contains(b, []byte("\nbegin ")) {
		return b, nil
	}
	from := 0
	for at := 0; at < len(b) && len(files) <= maxAttachments; {
		line, next := nextLine(b, at)
		if name, ok := uuBegin(line); ok {
			if data, end, ok := uuBody(b, next); ok {
				files = append(files, core.Attachment{Filename: toUTF8([]byte(name), ""), ContentType: "application/octet-stream", Content: data})
				text = append(text, b[from:at]...)
				from, next = end, end
			}
		}
		at = next
	}
	if files == nil {
		return b, nil
	}
	return append(text, b[from:]...), files
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

// uuBody reads the lines from at on. It measures first: many beginnings without a
// file below cost nothing.
func uuBody(b []byte, at int) (data []byte, end int, ok bool) {
	size := 0
	start := at
	for end = at; end < len(b); {
		line, next := nextLine(b, end)
		if string(bytes.TrimSpace(line)) == "end" {
			end = next
			break
		}
		n, sound := uuLength(line)
		if !sound {
			break
		}
		size += n
		end = next
	}
	if size == 0 {
		return nil, at, false
	}
	data = make([]byte, 0, size+2)
	for at = start; at < end; {
		line, next := nextLine(b, at)
		if n, _ := uuLength(line); n > 0 && string(bytes.TrimSpace(line)) != "end" {
			data = appendUULine(data, line[1:], n)
		}
		at = next
	}
	return data, end, true
}

// uuLength is how many bytes a line says that it holds, if it can hold them.
func uuLength(line []byte) (n int, ok bool) {
	if len(line) == 0 {
		return 0, true
	}
	n = int(line[0]-' ') & 0x3f
	return n, line[0] >= ' ' && line[0] <= '`' && len(line) >= 1+(n+2)/3*4-3 && len(line) <= 1+(n+2)/3*4+4
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
