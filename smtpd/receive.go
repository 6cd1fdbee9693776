package smtpd

import (
	"bytes"
	"io"

	"postdesk/core"
)

// full says that the disk has no room for mail. It is asked when a mail begins and
// again when it is here: many may have begun before.
func (s *Server) full() bool { return s.cfg.Full != nil && s.cfg.Full() }

// great is the size from which a mail is not held in memory.
const great = core.GreatBytes

// receive reads a mail into memory, inside of room, from which it has taken the
// capacity of what it returns. errGreat: what it returns is the beginning of a great
// mail.
func (s *Server) receive(r io.Reader, room allowance, declared int64) ([]byte, error) {
	most := min(s.cfg.MaxMessageBytes+1, great) // with the one octet that is too much
	var raw []byte
	for {
		if len(raw) == cap(raw) {
			grown := min(capacity(int64(cap(raw)), declared+1), most)
			if !room.take(grown) {
				return raw, errBusy
			}
			larger := append(make([]byte, 0, grown), raw...)
			room.give(int64(cap(raw)))
			raw = larger
		}
		n, err := r.Read(raw[len(raw):cap(raw)])
		raw = raw[:len(raw)+n]
		switch {
		case int64(len(raw)) > s.cfg.MaxMessageBytes:
			return raw, errTooBig
		case err == io.EOF:
			return raw, nil
		case err != nil:
			return raw, errUnconfirmed
		case int64(len(raw)) == most:
			return raw, errGreat
		}
	}
}

// capacity is what a full buffer grows to.
func capacity(now, declared int64) int64 {
	if now == 0 {
		return max(declared, 4<<10)
	}
	return 2 * now
}

// hops counts the Received fields of a mail, a bounded look at its header.
func hops(raw []byte) int {
	name := []byte("received:")
	n := 0
	for line := range bytes.Lines(raw[:min(len(raw), 1<<20)]) {
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			break
		}
		if len(line) >= len(name) && bytes.EqualFold(line[:len(name)], name) {
			n++
		}
	}
	return n
}
