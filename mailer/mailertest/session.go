package mailertest

import (
	"crypto/tls"
	"errors"
	"io"
	"net"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

type backend struct{ sink *Sink }

func (b backend) NewSession(c *smtp.Conn) (smtp.Session, error) {
	s := &session{sink: b.sink, conn: c}
	if err := s.fault("EHLO", ""); err != nil {
		return nil, err
	}
	return s, nil
}

// A session is one connection.
type session struct {
	sink    *Sink
	conn    *smtp.Conn
	user    string
	message Message
}

func (s *session) Reset() { s.message = Message{} }

func (s *session) Logout() error { return nil }

func (s *session) AuthMechanisms() []string {
	if s.sink.user == "" {
		return nil
	}
	return []string{sasl.Plain, sasl.Login}
}

func (s *session) Auth(mechanism string) (sasl.Server, error) {
	s.sink.heard("AUTH " + mechanism)
	if err := s.fault("AUTH", ""); err != nil {
		return nil, err
	}
	check := func(user, password string) error {
		if user != s.sink.user || password != s.sink.pass {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "wrong name or password"}
		}
		s.user = user
		return nil
	}
	if mechanism == sasl.Login {
		return &login{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
}

// login is the server's side of AUTH LOGIN.
type login struct {
	check func(user, password string) error
	user  string
	asked bool
}

func (l *login) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case !l.asked:
		l.asked = true
		return []byte("Username:"), false, nil
	case l.user == "":
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

func (s *session) Mail(from string, options *smtp.MailOptions) error {
	s.sink.heard("MAIL " + from)
	if err := s.fault("MAIL", from); err != nil {
		return err
	}
	if s.sink.user != "" && s.user == "" {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "sign in first"}
	}
	s.message = Message{From: from, UTF8: options.UTF8, Size: options.Size}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.sink.heard("RCPT " + to)
	if err := s.fault("RCPT", to); err != nil {
		return err
	}
	s.message.To = append(s.message.To, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	s.sink.heard("DATA")
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.fault("DOT", ""); err != nil {
		return err
	}
	s.sink.keep(s.finish(raw))
	return s.fault("AFTER", "")
}

func (s *session) finish(raw []byte) Message {
	m := s.message
	m.Raw, m.User, m.Hello = raw, s.user, s.conn.Hostname()
	_, m.TLS = s.conn.TLSConnectionState()
	m.Connection = number(s.conn.Conn())
	return m
}

func number(conn net.Conn) int {
	if shell, ok := conn.(*tls.Conn); ok {
		conn = shell.NetConn()
	}
	if c, ok := conn.(*counted); ok {
		return c.number
	}
	return 0
}

// A Fault is how the sink misbehaves.
type Fault struct {
	// At is where: EHLO, AUTH, MAIL, RCPT, DOT (the mail is not kept), AFTER
	// (the mail is kept, then this happens instead of the 250). For the greeting
	// and for DATA itself see Script.
	At string
	// Address limits it to a MAIL or RCPT with this address; empty is any.
	Address string
	// Code, Enhanced and Text are the answer.
	Code     int
	Enhanced [3]int
	Text     string
	// HangUp closes the connection without an answer.
	HangUp bool
	// Hang says nothing until the client hangs up or the sink ends.
	Hang bool
	// Times is how often; 0 is for ever.
	Times int
}

// Misbehave adds a fault. The first that fits happens.
func (s *Sink) Misbehave(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Times == 0 {
		f.Times = -1
	}
	s.faults = append(s.faults, f)
}

// Behave forgets all faults.
func (s *Sink) Behave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

func (s *Sink) next(at, address string) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.faults {
		f := &s.faults[i]
		if f.At != at || f.Times == 0 || f.Address != "" && f.Address != address {
			continue
		}
		f.Times--
		return *f, true
	}
	return Fault{}, false
}

func (s *session) fault(at, address string) error {
	f, ok := s.sink.next(at, address)
	if !ok {
		return nil
	}
	if f.Hang {
		s.hang()
		f.HangUp = true
	}
	if f.HangUp {
		_ = s.conn.Conn().Close()
		return errors.New("the sink hung up")
	}
	return &smtp.SMTPError{Code: f.Code, EnhancedCode: enhanced(f.Enhanced), Message: f.Text}
}

// hang waits for the client to close its end; nothing that it still says counts.
func (s *session) hang() {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_, _ = io.Copy(io.Discard, s.conn.Conn())
	}()
	select {
	case <-closed:
	case <-s.sink.gone:
	}
}

func enhanced(code [3]int) smtp.EnhancedCode {
	if code == [3]int{} {
		return smtp.NoEnhancedCode
	}
	return smtp.EnhancedCode(code)
}
