package eml

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// decodeTransfer undoes a Content-Transfer-Encoding. Unknown names are told and
// leave the bytes as they are.
func decodeTransfer(b []byte, encoding string, defect func(string)) []byte {
	encoding = strings.Trim(strings.ToLower(encoding), " \t\"'=")
	if end := strings.IndexAny(encoding, " \t;,(\"'"); end > 0 {
		encoding = encoding[:end]
	}
	switch encoding {
	case "", "7bit", "8bit", "binary", "7-bit", "8-bit", "7bits", "8bits", "none", "7bits.", "utf-8", "us-ascii":
		return b
	case "base64", "b64", "base-64":
		if isWords(b) {
			defect("the transfer encoding is not the real one")
			return b
		}
		return decodeBase64(b)
	case "quoted-printable", "quoted_printable", "quotedprintable", "quoted", "qp":
		return decodeQP(b)
	case "uuencode", "x-uuencode", "x-uue", "uue", "x-uu":
		if _, files := cutUU(b); len(files) > 0 {
			return files[0].Content
		}
		return b
	}
	defect("unknown transfer encoding")
	return b
}

// isWords reports whether what is called base64 begins with sentences.
func isWords(b []byte) bool {
	for n := 0; n < 3 && len(b) > 0; {
		line, next := nextLine(b, 0)
		b = b[next:]
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if bytes.Count(line[:min(len(line), 200)], []byte(" ")) >= 2 {
			return true
		}
		if len(line)%4 == 0 && (len(line) >= 16 || line[len(line)-1] == '=') {
			return false
		}
		n++
	}
	return false
}

// base64Values maps a character to its six bits, 0xff for none.
var base64Values = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
		t[c] = byte(i)
	}
	t['-'], t['_'] = 62, 63
	return t
}()

// decodeBase64 reads what senders make of base64: without padding, several pieces
// after one another, junk in between. A line that cannot be base64, as mailing
// lists add under it, ends it.
func decodeBase64(b []byte) []byte {
	out := make([]byte, 0, len(b)/4*3+3)
	var bits uint32
	n := 0
	flush := func() {
		switch n {
		case 2:
			out = append(out, byte(bits>>4))
		case 3:
			out = append(out, byte(bits>>10), byte(bits>>2))
		}
		bits, n = 0, 0
	}
	for at := 0; at < len(b); {
		line, next := nextLine(b, at)
		if n == 0 && len(line)%4 == 0 { // the usual line
			end := len(out)
			if k, err := base64.StdEncoding.Decode(out[end:cap(out)], line); err == nil {
				out = out[:end+k]
				at = next
				continue
			}
		}
		if listFooter(line) && at > 0 {
			break
		}
		for _, c := range line {
			v := base64Values[c]
			if v == 0xff {
				if c == '=' {
					flush()
				}
				continue
			}
			bits = bits<<6 | uint32(v)
			if n++; n == 4 {
				out = append(out, byte(bits>>16), byte(bits>>8), byte(bits))
				bits, n = 0, 0
			}
		}
		at = next
	}
	flush()
	return out
}

// listFooter tells a line of words or of underscores from a damaged base64 line.
func listFooter(line []byte) bool {
	line = bytes.TrimSpace(line)
	if len(line) >= 10 && len(bytes.Trim(line, "_-=")) == 0 {
		return bytes.IndexByte(line, '_') >= 0 || bytes.IndexByte(line, '-') >= 0
	}
	return bytes.Count(line[:min(len(line), 200)], []byte(" ")) >= 2
}

// decodeQP reads quoted-printable. What is not an escape stands for itself, and
// blanks at the end of a line are dropped (RFC 2045 section 6.7).
func decodeQP(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for at := 0; at < len(b); {
		end := bytes.IndexByte(b[at:], '\n')
		next, hasEnd := len(b), false
		if end >= 0 {
			next, hasEnd = at+end+1, true
		}
		full := b[at:next]
		line := bytes.TrimRight(full, " \t\r\n")
		soft := false
		if n := len(line); n > 0 && line[n-1] == '=' {
			line, soft = line[:n-1], true
		}
		out = appendQP(out, line)
		if hasEnd && !soft {
			if bytes.HasSuffix(full, []byte("\r\n")) {
				out = append(out, '\r')
			}
			out = append(out, '\n')
		}
		at = next
	}
	return out
}

func appendQP(out, line []byte) []byte {
	for {
		i := bytes.IndexByte(line, '=')
		if i < 0 {
			return append(out, line...)
		}
		out = append(out, line[:i]...)
		if i+2 < len(line) && isHex(line[i+1]) && isHex(line[i+2]) {
			out = append(out, unhex(line[i+1])<<4|unhex(line[i+2]))
			line = line[i+3:]
			continue
		}
		out = append(out, '=')
		line = line[i+1:]
	}
}
