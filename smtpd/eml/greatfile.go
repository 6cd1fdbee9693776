package eml

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"slices"
)

// A measure takes a file as it is read: its size, its digest, its beginning, and
// whether one of the marks stands in it.
type measure struct {
	most   int
	marks  [][]byte
	hash   hash.Hash
	size   int64
	head   []byte
	marked bool
	last   []byte // of what came before, in which a mark may begin
}

// Write takes the next bytes. It never fails.
func (m *measure) Write(p []byte) (int, error) {
	if m.hash == nil {
		m.hash = sha256.New()
	}
	m.hash.Write(p)
	m.size += int64(len(p))
	if n := min(len(p), m.most-len(m.head)); n > 0 {
		if len(m.head)+n > cap(m.head) && len(m.head) > 0 {
			m.head = slices.Grow(m.head, m.most-len(m.head))
		}
		m.head = append(m.head, p[:n]...)
	}
	for _, mark := range m.marks {
		seam := append(m.last[:len(m.last):len(m.last)], p[:min(len(p), len(mark))]...)
		m.marked = m.marked || bytes.Contains(p, mark) || bytes.Contains(seam, mark)
	}
	if m.marks != nil {
		m.last = append([]byte(nil), p[max(0, len(p)-len(pgpMessage)):]...)
	}
	return len(p), nil
}

// decoder undoes a transfer encoding while it reads, as decodeTransfer does.
func decoder(r io.Reader, transfer transfer) io.Reader {
	switch transfer {
	case transferBase64:
		return &base64Reader{in: bufio.NewReaderSize(r, longLine)}
	case transferQP:
		return &qpReader{in: bufio.NewReaderSize(r, longLine)}
	}
	return r
}

// longLine is more than a line has that is read in a stream.
const longLine = 64 << 10

// errLongLine is of lines that only the reader of the whole takes.
var errLongLine = errors.New("a line is too long to be read in a stream")

// base64Reader is decodeBase64.
type base64Reader struct {
	in      *bufio.Reader
	bits    base64Bits
	out     []byte // decoded
	given   int    // of out
	later   bool   // the first line was read
	midline bool
	err     error
}

// Read gives what the next lines decode to.
func (r *base64Reader) Read(p []byte) (int, error) {
	for r.given == len(r.out) {
		if r.err != nil {
			return 0, r.err
		}
		r.out, r.given = r.out[:0], 0
		for len(r.out) < longLine/2 && r.err == nil {
			r.line()
		}
		if r.err != nil {
			r.out = r.bits.flush(r.out)
		}
	}
	n := copy(p, r.out[r.given:])
	r.given += n
	return n, nil
}

// line decodes a line, or a piece of a very long one.
func (r *base64Reader) line() {
	line, err := r.in.ReadSlice('\n')
	long := err == bufio.ErrBufferFull
	if !long {
		r.err = err
	}
	line = bytes.TrimRight(bytes.TrimSuffix(line, []byte("\n")), "\r")
	begins, later := !r.midline, r.later
	r.midline, r.later = long, true
	if begins && !long {
		r.out = slices.Grow(r.out, len(line))
		var ok bool
		if r.out, ok = r.bits.strict(r.out, line); ok {
			return
		}
	}
	switch {
	case begins && long && len(bytes.Trim(line, "_-= \t\r")) == 0:
		r.err = errLongLine
	case begins && later && listFooter(line):
		r.err = io.EOF
	default:
		r.out = r.bits.lenient(r.out, line)
	}
}

// qpReader is decodeQP.
type qpReader struct {
	in    *bufio.Reader
	out   []byte
	given int
	err   error
}

// Read gives what the next lines decode to.
func (r *qpReader) Read(p []byte) (int, error) {
	for r.given == len(r.out) {
		if r.err != nil {
			return 0, r.err
		}
		r.out, r.given = r.out[:0], 0
		for len(r.out) < longLine/2 && r.err == nil {
			line, err := r.in.ReadSlice('\n')
			if err == bufio.ErrBufferFull {
				err = errLongLine
			}
			if r.err = err; err == nil || err == io.EOF {
				r.out = appendQPLine(r.out, line)
			}
		}
	}
	n := copy(p, r.out[r.given:])
	r.given += n
	return n, nil
}
