package eml

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// A transfer is how the bytes of a part are encoded (RFC 2045 section 6).
type transfer byte

const (
	transferNone transfer = iota
	transferBase64
	transferQP
	transferUU
	transferUnknown
)

// transferOf reads a Content-Transfer-Encoding as senders write it.
func transferOf(encoding string) transfer {
	encoding = strings.Trim(strings.ToLower(encoding), " \t\"'=")
	if end := strings.IndexAny(encoding, " \t;,(\"'"); end > 0 {
		encoding = encoding[:end]
	}
	switch encoding {
	case "", "7bit", "8bit", "binary", "7-bit", "8-bit", "7bits", "8bits", "none", "7bits.", "utf-8", "us-ascii":
		return transferNone
	case "base64", "b64", "base-64":
		return transferBase64
	case "quoted-printable", "quoted_printable", "quotedprintable", "quoted", "qp":
		return transferQP
	case "uuencode", "x-uuencode", "x-uue", "uue", "x-uu":
		return transferUU
	}
	return transferUnknown
}

const (
	defectNotBase64       = "the transfer encoding is not the real one"
	defectUnknownTransfer = "unknown transfer encoding"
)

// decodeTransfer undoes a Content-Transfer-Encoding. Unknown names are told and
// leave the bytes as they are.
func decodeTransfer(b []byte, encoding string, defect func(string)) []byte {
	switch transferOf(encoding) {
	case transferBase64:
		if isWords(b) {
			defect(defectNotBase64)
			return b
		}
		return decodeBase64(b)
	case transferQP:
		return decodeQP(b)
	case transferUU:
		if _, files := cutUU(b); len(files) > 0 {
			return files[0].Content
		}
	case transferUnknown:
		defect(defectUnknownTransfer)
	}
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
	var bits base64Bits
	for at := 0; at < len(b); {
		line, next := nextLine(b, at)
		ok := false
		if out, ok = bits.strict(out, line); !ok {
			if listFooter(line) && at > 0 {
				break
			}
			out = bits.lenient(out, line)
		}
		at = next
	}
	return bits.flush(out)
}

// base64Bits are what is left between two lines.
type base64Bits struct {
	bits uint32
	n    int
}

// strict decodes the usual line, if out has room for it.
func (b *base64Bits) strict(out, line []byte) ([]byte, bool) {
	if b.n != 0 || len(line)%4 != 0 {
		return out, false
	}
	end := len(out)
	k, err := base64.StdEncoding.Decode(out[end:cap(out)], line)
	if err != nil {
		return out, false
	}
	return out[:end+k], true
}

// lenient decodes any line: what is no digit is passed over.
func (b *base64Bits) lenient(out, line []byte) []byte {
	for _, c := range line {
		v := base64Values[c]
		if v == 0xff {
			if c == '=' {
				out = b.flush(out)
			}
			continue
		}
		b.bits = b.bits<<6 | uint32(v)
		if b.n++; b.n == 4 {
			out = append(out, byte(b.bits>>16), byte(b.bits>>8), byte(b.bits))
			b.bits, b.n = 0, 0
		}
	}
	return out
}

// flush writes what an end or a padding leaves.
func (b *base64Bits) flush(out []byte) []byte {
	switch b.n {
	case 2:
		out = append(out, byte(b.bits>>4))
	case 3:
		out = append(out, byte(b.bits>>10), byte(b.bits>>2))
	}
	b.bits, b.n = 0, 0
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
		next := len(b)
		if end := bytes.IndexByte(b[at:], '\n'); end >= 0 {
			next = at + end + 1
		}
		out = appendQPLine(out, b[at:next])
		at = next
	}
	return out
}

// appendQPLine decodes a line with its end.
func appendQPLine(out, full []byte) []byte {
	line := bytes.TrimRight(full, " \t\r\n")
	soft := false
	if n := len(line); n > 0 && line[n-1] == '=' {
		line, soft = line[:n-1], true
	}
	out = appendQP(out, line)
	if !soft && bytes.HasSuffix(full, []byte("\n")) {
		if bytes.HasSuffix(full, []byte("\r\n")) {
			out = append(out, '\r')
		}
		out = append(out, '\n')
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
