package smtpd

import (
	"bytes"
	"io"
)

// A dataBody reads a mail after DATA past go-smtp, which looks at each octet alone.
// It decides as go-smtp does where a line begins and where the mail ends. What it
// leaves to go-smtp is an end.
type dataBody struct {
	from  *conn
	state dataState
	err   error
}

type dataState byte

const (
	lineBegins dataState = iota
	afterDot             // the first of its line
	afterDotCR
	afterCR
	inLine
	atEnd
)

// bodyOf is the mail that go-smtp gives to read, and what is to be called when it
// was read, or will not be read any more. Chunks come through a pipe, from another
// goroutine: those are as they are.
func bodyOf(c *conn, r io.Reader) (body io.Reader, done func()) {
	if _, chunks := r.(*io.PipeReader); chunks {
		return r, func() {}
	}
	d := &dataBody{from: c}
	return d, d.finish
}

// Read gives octets of the mail without the dots that SMTP adds (RFC 5321 section
// 4.5.2).
func (d *dataBody) Read(p []byte) (n int, err error) {
	for n == 0 && len(p) > 0 && d.err == nil {
		if n, d.err = d.from.Read(p); d.err == nil {
			n = d.unstuff(p[:n])
		}
		if d.state == atEnd {
			d.err = io.EOF
		}
	}
	return n, d.errAfter(n)
}

// errAfter is told when everything before it was given.
func (d *dataBody) errAfter(n int) error {
	if n > 0 {
		return nil
	}
	return d.err
}

// unstuff takes out in place what is not the mail's, and tells how much is left. The
// conn hands nothing over that stands behind an end.
func (d *dataBody) unstuff(p []byte) (n int) {
	for at := 0; at < len(p) && d.state != atEnd; {
		next, keep := d.step(p[at:])
		if keep {
			n += copy(p[n:], p[at:at+next])
		}
		at += next
	}
	return n
}

// step passes over octets that are all the mail's, or none of them.
func (d *dataBody) step(p []byte) (octets int, keep bool) {
	c := p[0]
	switch d.state {
	case lineBegins:
		switch c {
		case '.':
			d.state = afterDot
			return 1, false
		case '\r':
			d.state = afterCR
			return 1, true
		}
		d.state = inLine
	case afterDot:
		if c == '\r' {
			d.state = afterDotCR
			return 1, false
		}
		d.state = inLine
		return 1, true
	case afterDotCR:
		if c == '\n' {
			d.state = atEnd
			return 1, false
		}
		d.state = inLine
		return 1, true
	case afterCR:
		d.state = inLine
		if c == '\n' {
			d.state = lineBegins
		}
		return 1, true
	}
	end := bytes.IndexByte(p, '\r')
	if end < 0 {
		return len(p), true
	}
	d.state = afterCR
	return end + 1, true
}

// finish reads what was not read, as go-smtp would, and shows go-smtp an end.
func (d *dataBody) finish() {
	_, _ = io.Copy(io.Discard, d)
	if d.state == atEnd {
		d.from.ready = []byte(".\r\n")
	}
}
