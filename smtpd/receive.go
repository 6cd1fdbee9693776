package smtpd

import (
	"bytes"
	"io"
)

// full says that the disk has no room for mail. It is asked when a mail begins and
// again when it is here: many may have begun before.
func (s *Server) full() bool { return s.cfg.Full != nil && s.cfg.Full() }

// great mails, in octets, may not take all of the byte budget.
const great = 1 << 20

// receive reads a mail into memory, inside of room, from which it has taken the
// capacity of what it returns.
func (s *Server) receive(r io.Reader, room allowance, declared int64) ([]byte, error) {
	most := s.cfg.MaxMessageBytes + 1 // the one octet that is too much
	var raw []byte
	for {
		if len(raw) == cap(raw) {
			grown := min(capacity(int64(cap(raw)), declared+1), most)
			if int64(cap(raw)) == most {
				return raw, errTooBig
			}
			if !room.take(grown, s.leaving(grown, grown == most || declared > 0 && grown > declared)) {
				return raw, errBusy
			}
			larger := append(make([]byte, 0, grown), raw...)
			room.give(int64(cap(raw)))
			raw = larger
		}
		n, err := r.Read(raw[len(raw):cap(raw)])
		raw = raw[:len(raw)+n]
		switch {
		case int64(len(raw)) == most:
			return raw, errTooBig
		case err == io.EOF:
			return raw, nil
		case err != nil:
			return raw, errUnconfirmed
		}
	}
}

// leaving is what a mail that grows leaves to others. A great one leaves room to
// the small ones, and one that may have to grow again leaves room to those that
// need it for the last time: else many that begin would keep any from its end.
func (s *Server) leaving(grown int64, forTheLastTime bool) int64 {
	switch {
	case grown <= great:
		return 0
	case forTheLastTime:
		return s.cfg.MaxBytes / 8
	}
	return s.cfg.MaxBytes/8 + min(s.cfg.MaxMessageBytes, s.cfg.MaxBytes/4)
}

// capacity is what a full buffer grows to. A declared size is only believed when
// a good part of it has come.
func capacity(now, declared int64) int64 {
	if now == 0 {
		return min(max(declared, 4<<10), great)
	}
	if now >= great && declared > now {
		return declared
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
