package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A sink is a mail server that takes everything at once and forgets it. What came
// and when stands in its book. The fields are set before it listens.
type sink struct {
	book       *book
	client     string        // who brings mail here
	pipelining bool          // is offered
	think      time.Duration // between a mail's last dot and its 250
	silent     chan struct{} // if any: no greeting before it is closed

	addr     string
	busy     atomic.Bool // greets with 421
	aim      atomic.Pointer[aim]
	listener net.Listener
	mu       sync.Mutex
	open     map[net.Conn]bool
	ended    chan struct{}
	sessions sync.WaitGroup
}

// An aim is what is to happen once, at the next such moment of a mail.
type aim struct {
	at   moment
	fire func()
}

type moment int

const (
	afterDot moment = iota // the mail is here, and nobody knows
	afterYes               // its 250 was written
)

// listen takes connections at the address where it listened before, or at any.
func (s *sink) listen() error {
	if s.addr == "" {
		s.addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.listener, s.addr = l, l.Addr().String()
	s.open, s.ended = map[net.Conn]bool{}, make(chan struct{})
	s.mu.Unlock()
	s.sessions.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.sessions.Go(func() { s.receive(c) })
		}
	})
	return nil
}

// close ends all sessions, and returns when the book holds all that they saw. A
// second one does nothing.
func (s *sink) close() {
	s.mu.Lock()
	if s.listener.Close() == nil {
		close(s.ended)
	}
	for c := range s.open {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.sessions.Wait()
}

func (s *sink) receive(c net.Conn) {
	s.mu.Lock()
	s.open[c] = true
	s.mu.Unlock()
	s.book.opens()
	v := &session{sink: s, conn: c, in: bufio.NewReaderSize(c, 64<<10), out: bufio.NewWriter(c)}
	v.life, v.line = s.book.connected(s.client)
	_ = v.converse()
	v.drop()
	s.book.closes() // before the client can know
	s.mu.Lock()
	delete(s.open, c)
	s.mu.Unlock()
	_ = c.Close()
}

// A session is one connection.
type session struct {
	sink       *sink
	conn       net.Conn
	in         *bufio.Reader
	out        *bufio.Writer
	life, line int
	now        *transmission // under way
}

var errBye = errors.New("the client said QUIT")

func (v *session) converse() error {
	if v.sink.silent != nil {
		select {
		case <-v.sink.silent:
		case <-v.sink.ended:
			return errBye
		}
	}
	if v.sink.busy.Load() {
		v.say("421 4.3.2 sink.test is down")
		return v.out.Flush()
	}
	v.say("220 sink.test ESMTP")
	for {
		if v.in.Buffered() == 0 {
			if err := v.out.Flush(); err != nil {
				return err
			}
		}
		line, err := v.in.ReadSlice('\n')
		if err == nil {
			err = v.obey(line)
		}
		if err != nil {
			return errors.Join(err, v.out.Flush())
		}
	}
}

func (v *session) say(line string) { _, _ = v.out.WriteString(line + "\r\n") }

func (v *session) obey(line []byte) error {
	verb, rest, _ := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(" "))
	switch strings.ToUpper(string(verb)) {
	case "EHLO":
		v.drop()
		if v.sink.pipelining {
			v.say("250-PIPELINING")
		}
		v.say("250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 52428800")
	case "HELO", "RSET":
		v.drop()
		v.say("250 2.0.0 Ok")
	case "MAIL":
		v.drop()
		v.now = v.sink.book.begin(transmission{life: v.life, line: v.line, from: path(rest), begin: time.Now()})
		v.sink.book.gate.RLock()
		v.sink.book.gate.RUnlock()
		v.say("250 2.1.0 Ok")
	case "RCPT":
		if v.now == nil {
			v.say("503 5.5.1 MAIL first")
			return nil
		}
		v.now.to = path(rest)
		v.say("250 2.1.5 Ok")
	case "DATA":
		return v.data()
	case "NOOP":
		v.say("250 2.0.0 Ok")
	case "QUIT":
		v.say("221 2.0.0 Bye")
		return errBye
	default:
		v.say("502 5.5.2 No such command")
	}
	return nil
}

// drop ends a transmission that came to nothing.
func (v *session) drop() {
	if v.now != nil {
		v.now.end = time.Now()
		v.now = nil
	}
}

// data takes a mail, and says yes to it.
func (v *session) data() error {
	if v.now == nil || v.now.to == "" {
		v.say("503 5.5.1 RCPT first")
		return nil
	}
	v.say("354 Go on")
	if err := v.out.Flush(); err != nil {
		return err
	}
	if err := v.read(); err != nil {
		return err
	}
	v.now.dot = time.Now()
	v.sink.book.dots.Add(1)
	v.sink.shoot(afterDot)
	if v.sink.think > 0 {
		time.Sleep(v.sink.think)
	}
	v.say("250 2.0.0 Ok, forgotten")
	if err := v.out.Flush(); err != nil {
		return err
	}
	v.now.yes = time.Now()
	v.now.end = v.now.yes
	v.now = nil
	v.sink.book.yeses.Add(1)
	v.sink.shoot(afterYes)
	return nil
}

// read reads a mail to its dot, and takes its Message-ID and digest.
func (v *session) read() error {
	digest, header, folded := sha256.New(), true, false
	for {
		line, err := v.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if line[0] == '.' {
			if line = line[1:]; len(line) <= 2 && string(line) == "\r\n" {
				copy(v.now.digest[:], digest.Sum(nil))
				return nil
			}
		}
		if header {
			folded = v.look(line, folded)
			header = len(line) > 2
		}
		if v.sink.book.digests {
			digest.Write(line)
		}
	}
}

// look finds the Message-ID. Its value may stand in the line after its name.
func (v *session) look(line []byte, folded bool) (again bool) {
	const name = "message-id:"
	if folded {
		v.now.id = trimID(string(line))
		return false
	}
	if len(line) < len(name) || !strings.EqualFold(string(line[:len(name)]), name) {
		return false
	}
	v.now.id = trimID(string(line[len(name):]))
	return v.now.id == ""
}

func trimID(s string) string { return strings.Trim(s, " \t\r\n<>") }

// path is the address between the first < and >.
func path(rest []byte) string {
	_, address, _ := bytes.Cut(rest, []byte("<"))
	address, _, _ = bytes.Cut(address, []byte(">"))
	return string(address)
}

// shoot fires if this is the moment that is aimed at.
func (s *sink) shoot(at moment) {
	if a := s.aim.Load(); a != nil && a.at == at && s.aim.CompareAndSwap(a, nil) {
		a.fire()
	}
}
