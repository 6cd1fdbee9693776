package verify

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"regexp"
	"strings"
)

// The canonical forms of RFC 6376 section 3.4, for the signatures of ARC: the DKIM
// library keeps its own to itself.

// canonicalField is a header field as it is signed, with its line end.
func canonicalField(raw []byte, relaxed bool) string {
	if !relaxed {
		return strings.ReplaceAll(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n", "\r\n")
	}
	name, value, _ := strings.Cut(string(raw), ":")
	words := strings.FieldsFunc(value, isBlank)
	return strings.TrimSpace(strings.ToLower(name)) + ":" + strings.Join(words, " ") + "\r\n"
}

func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' }

var signatureTag = regexp.MustCompile(`((?:^|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*`)

// withoutSignature is a signature field as it was when it was signed: with an
// empty b=.
func withoutSignature(raw []byte) []byte {
	name, value, _ := strings.Cut(string(raw), ":")
	end := strings.TrimRight(value, "\r\n")
	return []byte(name + ":" + signatureTag.ReplaceAllString(end, "$1") + value[len(end):])
}

// bodyHash is the SHA-256 of a body in its canonical form.
func bodyHash(body []byte, relaxed bool) []byte {
	hash := sha256.New()
	w := bufio.NewWriter(hash)
	empty := 0 // lines, held back: those at the end do not count
	written := false
	for len(body) > 0 {
		line, rest, _ := bytes.Cut(body, []byte("\n"))
		body = rest
		line = bytes.TrimSuffix(line, []byte("\r"))
		if relaxed {
			line = bytes.TrimRight(line, " \t")
		}
		if len(line) == 0 {
			empty++
			continue
		}
		for ; empty > 0; empty-- {
			_, _ = w.WriteString("\r\n")
		}
		writeLine(w, line, relaxed)
		written = true
	}
	if !written && !relaxed {
		_, _ = w.WriteString("\r\n")
	}
	_ = w.Flush()
	return hash.Sum(nil)
}

func writeLine(w *bufio.Writer, line []byte, relaxed bool) {
	blank := false
	for _, c := range line {
		isWSP := relaxed && (c == ' ' || c == '\t')
		if !isWSP {
			_ = w.WriteByte(c)
		} else if !blank {
			_ = w.WriteByte(' ')
		}
		blank = isWSP
	}
	_, _ = w.WriteString("\r\n")
}
