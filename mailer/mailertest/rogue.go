package mailertest

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A Rogue is a server that speaks SMTP by the book, but for tricks, each of which
// it plays once. Sink answers what a real server may answer; a Rogue says what no
// library would. Safe for concurrent use.
type Rogue struct {
	manners Manners
	address string
	tls     *tls.Config
	roots   *x509.CertPool
	gone    chan struct{}

	mu     sync.Mutex
	tricks []Trick // that were not played yet
	kept   []Message
	heard  []string
}

// Manners are what a Rogue offers.
type Manners struct {
	Pipelining bool // RFC 2920
	STARTTLS   bool
	Auth       bool   // AUTH PLAIN, any password will do
	Size       string // "SIZE 100", empty for none
	// Eager takes DATA although the only recipient was refused, which RFC 2920
	// section 3.1 allows.
	Eager bool
}

// A Trick is what a Rogue does instead of its reply.
type Trick struct {
	// At is where: GREETING, EHLO, STARTTLS, HANDSHAKE, AUTH, MAIL, RCPT, DATA,
	// BODY (after the first line of the mail, whose dot is not answered then), DOT,
	// RSET or QUIT.
	At string
	// Say is what is said instead of the reply, lines with LF between them. A Code
	// in it stands for the code that the book asks for. Empty says nothing.
	Say string
	// Split sends each octet in a packet of its own.
	Split bool
	// Endless says it again and again, until the client has gone.
	Endless bool
	// Hang says nothing more until the client has gone.
	Hang bool
	// HangUp closes the connection afterwards.
	HangUp bool
}

// Code stands for the right code in what a Trick says.
const Code = "CODE"

// NewRogue starts one on a free port of loopback; it ends with the test.
func NewRogue(t testing.TB, manners Manners, tricks ...Trick) *Rogue {
	t.Helper()
	config, roots := certificate()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &Rogue{manners: manners, tricks: tricks, address: listener.Addr().String(), tls: config, roots: roots, gone: make(chan struct{})}
	var visits sync.WaitGroup
	visits.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			visits.Go(func() { r.receive(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		close(r.gone)
		visits.Wait()
	})
	return r
}

// Address is host:port.
func (r *Rogue) Address() string { return r.address }

// Port is the port alone.
func (r *Rogue) Port() string {
	_, port, _ := net.SplitHostPort(r.address)
	return port
}

// Roots trusts the rogue's certificate.
func (r *Rogue) Roots() *x509.CertPool { return r.roots }

// Kept gives the mails that it took over: whatever a trick at DOT made of the
// answer, unless that was a refusal.
func (r *Rogue) Kept() []Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.kept)
}

// KeptFor gives the mails for an address.
func (r *Rogue) KeptFor(address string) (found []Message) {
	for _, m := range r.Kept() {
		if slices.Contains(m.To, address) {
			found = append(found, m)
		}
	}
	return found
}

// Unplayed are the tricks that no client gave occasion for: a test in which there
// are some proves nothing.
func (r *Rogue) Unplayed() []Trick {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.tricks)
}

// Commands are the lines that clients said outside of mails.
func (r *Rogue) Commands() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.heard)
}

// take gives the trick of this place, once.
func (r *Rogue) take(at string) (trick Trick, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, trick := range r.tricks {
		if trick.At == at {
			r.tricks = slices.Delete(slices.Clone(r.tricks), i, i+1)
			return trick, true
		}
	}
	return trick, false
}

func (r *Rogue) keep(m Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = append(r.kept, m)
}

func (r *Rogue) receive(conn net.Conn) {
	ended := make(chan struct{})
	defer close(ended)
	go func() { // nobody waits for a client that stays
		select {
		case <-r.gone:
		case <-ended:
		}
		_ = conn.Close()
	}()
	v := &visit{rogue: r, conn: conn, in: bufio.NewReader(conn)}
	for going := v.reply("GREETING", "220 rogue.test"); going; {
		line, err := v.in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		r.mu.Lock()
		r.heard = append(r.heard, line)
		r.mu.Unlock()
		going = v.obey(line)
	}
}

// play does what the trick says instead of the right reply. It tells whether the
// visit goes on.
func (v *visit) play(t Trick, right string) (going bool) {
	said := strings.ReplaceAll(strings.ReplaceAll(t.Say, Code, right[:3]), "\n", "\r\n")
	if said == "" && t.Split {
		said = right
	}
	if said != "" {
		said += "\r\n"
	}
	v.refused = said == "" || said[0] > '3' || strings.Contains(said, "\n4") || strings.Contains(said, "\n5")
	for step := len(said); len(said) > 0; {
		if t.Split {
			step = 1
		}
		n := min(step, len(said))
		if _, err := io.WriteString(v.conn, said[:n]); err != nil {
			return false
		}
		if !t.Endless {
			said = said[n:]
		}
	}
	if t.Hang {
		_, _ = io.Copy(io.Discard, v.conn)
	}
	return !t.Hang && !t.HangUp
}
