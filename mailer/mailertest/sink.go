package mailertest

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// A Message is a mail that arrived: its envelope and its bytes, as they were
// before SMTP stuffed their dots.
type Message struct {
	From       string
	To         []string
	Raw        []byte
	TLS        bool
	User       string // who signed in
	Hello      string
	Connection int // counts from 1
	UTF8       bool
	Size       int64 // as announced with MAIL FROM
}

// A Sink is a running SMTP server. Safe for concurrent use.
type Sink struct {
	host, port string
	scheme     string
	user, pass string
	roots      *x509.CertPool
	server     *smtp.Server

	mu          sync.Mutex
	messages    []Message
	arrived     chan struct{} // closed and renewed at each arrival
	faults      []Fault
	connections int
	open, most  int
	commands    []string
	gone        chan struct{} // closed when the sink ends: hanging sessions go on
}

// An Option changes how a Sink is started.
type Option func(*Sink, *smtp.Server)

// WithSTARTTLS offers STARTTLS with a certificate that Roots trusts.
func WithSTARTTLS() Option {
	return func(s *Sink, server *smtp.Server) {
		server.TLSConfig, s.roots = certificate()
		s.scheme = "smtp+starttls"
	}
}

// WithTLS speaks TLS from the first byte.
func WithTLS() Option {
	return func(s *Sink, server *smtp.Server) {
		server.TLSConfig, s.roots = certificate()
		s.scheme = "smtps"
	}
}

// WithAuth takes mail only from this user.
func WithAuth(user, password string) Option {
	return func(s *Sink, _ *smtp.Server) { s.user, s.pass = user, password }
}

// WithMaxSize announces SIZE and refuses what is larger.
func WithMaxSize(octets int64) Option {
	return func(_ *Sink, server *smtp.Server) { server.MaxMessageBytes = octets }
}

// WithUTF8 offers SMTPUTF8.
func WithUTF8() Option {
	return func(_ *Sink, server *smtp.Server) { server.EnableSMTPUTF8 = true }
}

// NewSink starts a server on a free port of loopback; it ends with the test.
func NewSink(t testing.TB, options ...Option) *Sink {
	t.Helper()
	s := &Sink{scheme: "smtp", arrived: make(chan struct{}), gone: make(chan struct{})}
	server := smtp.NewServer(backend{s})
	server.Domain = "sink.test"
	server.AllowInsecureAuth = true
	server.MaxLineLength = 1 << 20
	server.MaxMessageBytes = 64 << 20
	server.ErrorLog = quiet{}
	for _, option := range options {
		option(s, server)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.host, s.port, _ = net.SplitHostPort(listener.Addr().String())
	listener = watched{listener, s}
	if s.scheme == "smtps" {
		listener = tls.NewListener(listener, server.TLSConfig)
		server.TLSConfig = nil
	}
	s.server = server
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() {
		close(s.gone)
		_ = server.Close()
	})
	return s
}

// URL is what --relay takes to reach the sink.
func (s *Sink) URL() string {
	user := ""
	if s.user != "" {
		user = url.PathEscape(s.user) + ":" + url.PathEscape(s.pass) + "@"
	}
	return s.scheme + "://" + user + s.Address()
}

// Address is host:port.
func (s *Sink) Address() string { return net.JoinHostPort(s.host, s.port) }

// Port is the port alone.
func (s *Sink) Port() int {
	n, _ := strconv.Atoi(s.port)
	return n
}

// Roots trusts the sink's certificate.
func (s *Sink) Roots() *x509.CertPool { return s.roots }

// Messages gives all mails in the order of their arrival.
func (s *Sink) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Message(nil), s.messages...)
}

// To gives the mails whose envelope names the address, in any letter case.
func (s *Sink) To(address string) (found []Message) {
	for _, m := range s.Messages() {
		for _, to := range m.To {
			if strings.EqualFold(to, address) {
				found = append(found, m)
				break
			}
		}
	}
	return found
}

// Patience is how long the Wait functions wait before they end the test.
const Patience = 30 * time.Second

// WaitFor waits until n mails have arrived, and gives all.
func (s *Sink) WaitFor(t testing.TB, n int) []Message {
	t.Helper()
	return s.wait(t, n, s.Messages)
}

// WaitForTo waits until n mails to the address have arrived, and gives them.
func (s *Sink) WaitForTo(t testing.TB, address string, n int) []Message {
	t.Helper()
	return s.wait(t, n, func() []Message { return s.To(address) })
}

func (s *Sink) wait(t testing.TB, n int, get func() []Message) []Message {
	t.Helper()
	late := time.After(Patience)
	for {
		s.mu.Lock()
		next := s.arrived
		s.mu.Unlock()
		if found := get(); len(found) >= n {
			return found
		}
		select {
		case <-next:
		case <-late:
			t.Fatalf("waited for %d mails, have %d; the sink heard %q", n, len(get()), s.Commands())
		}
	}
}

// Commands are the verbs that clients said, with their addresses:
// "MAIL a@b.test", "RCPT c@d.test", "DATA", "RSET".
func (s *Sink) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.commands...)
}

// Connections tells how many there were, and how many at once at most.
func (s *Sink) Connections() (total, atOnce int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections, s.most
}

func (s *Sink) keep(m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, m)
	close(s.arrived)
	s.arrived = make(chan struct{})
}

func (s *Sink) heard(command string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, command)
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// watched counts the connections that are open.
type watched struct {
	net.Listener
	sink *Sink
}

func (w watched) Accept() (net.Conn, error) {
	conn, err := w.Listener.Accept()
	if err != nil {
		return nil, err
	}
	w.sink.mu.Lock()
	defer w.sink.mu.Unlock()
	w.sink.connections++
	w.sink.open++
	w.sink.most = max(w.sink.most, w.sink.open)
	return &counted{Conn: conn, sink: w.sink, number: w.sink.connections}, nil
}

type counted struct {
	net.Conn
	sink   *Sink
	number int
	once   sync.Once
}

func (c *counted) Close() error {
	c.once.Do(func() {
		c.sink.mu.Lock()
		c.sink.open--
		c.sink.mu.Unlock()
	})
	return c.Conn.Close()
}
