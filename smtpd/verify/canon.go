package verify

import (
	"bufio"
	"crypto/sha256"
	"io"
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
func bodyHash(body io.Reader, relaxed bool) []byte {
	hash := sha256.New()
	c := &canonicalBody{w: bufio.NewWriter(hash), relaxed: relaxed}
	in := bufio.NewReader(body)
	for {
		b, err := in.ReadByte()
		if err != nil {
			break
		}
		c.take(b)
	}
	c.finish()
	return hash.Sum(nil)
}

// A canonicalBody writes a body in its canonical form as it comes.
type canonicalBody struct {
	w       *bufio.Writer
	relaxed bool
	written bool // a line that is not empty
	inLine  bool // something of this line is written
	empty   int  // lines, held back: those at the end do not count
	blank   bool // held back: white space, which at the end of a line does not count
	cr      bool // held back: it may belong to the end of the line
}

func (c *canonicalBody) take(b byte) {
	if b == '\n' {
		c.endLine()
		return
	}
	if c.cr {
		c.write('\r')
		c.cr = false
	}
	switch {
	case b == '\r':
		c.cr = true
	case c.relaxed && (b == ' ' || b == '\t'):
		c.blank = true
	default:
		c.write(b)
	}
}

func (c *canonicalBody) write(b byte) {
	for ; c.empty > 0; c.empty-- {
		_, _ = c.w.WriteString("\r\n")
	}
	if c.blank {
		_ = c.w.WriteByte(' ')
	}
	_ = c.w.WriteByte(b)
	c.blank, c.inLine, c.written = false, true, true
}

func (c *canonicalBody) endLine() {
	if c.inLine {
		_, _ = c.w.WriteString("\r\n")
	} else {
		c.empty++
	}
	c.inLine, c.blank, c.cr = false, false, false
}

func (c *canonicalBody) finish() {
	if c.inLine {
		c.endLine()
	}
	if !c.written && !c.relaxed {
		_, _ = c.w.WriteString("\r\n")
	}
	_ = c.w.Flush()
}
