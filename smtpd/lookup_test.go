package smtpd

import (
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"postdesk/smtpd/verify"
)

// A sequence is what happened, in order.
type sequence struct {
	mu     sync.Mutex
	events []string
}

func (s *sequence) add(event string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, event)
}

func (s *sequence) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

// An overheard connection tells when a reply has been written.
type overheard struct {
	stranger
	heard *sequence
}

func (o overheard) Write(p []byte) (int, error) {
	n, err := o.stranger.Write(p)
	for reply := range strings.Lines(string(p)) {
		o.heard.add(strings.TrimSpace(reply))
	}
	return n, err
}

type overhearing struct {
	net.Listener
	heard *sequence
}

func (l overhearing) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if s, ok := c.(stranger); ok {
		return overheard{s, l.heard}, err
	}
	return c, err
}

const aQuestion = "a question to the DNS"

// deadDNS counts questions and never answers.
func deadDNS(t *testing.T, heard *sequence) verify.Resolver {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			if _, _, err := c.ReadFrom(buf); err != nil {
				return
			}
			heard.add(aQuestion)
		}
	}()
	return verify.NewResolver(c.LocalAddr().String())
}

// The DNS is dead, and the 250 comes; not one question was asked before it, from
// the connection on, by DATA and in chunks.
func TestNoLookUpHappensBeforeThe250(t *testing.T) {
	t.Parallel()
	for name, bring := range map[string]func(*client){
		"DATA": func(c *client) { c.mail(letterOf("first"), "250") },
		"BDAT": func(c *client) { c.chunks(letterOf("first")+"\r\n", "") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			heard := &sequence{}
			h := open(t, Config{BannerDelay: -1}, func(l net.Listener) net.Listener {
				return overhearing{&disguised{l, []string{"203.0.113.7"}}, heard}
			})
			h.server.intake.checker = verify.New(deadDNS(t, heard))
			bring(h.greet())
			until(t, "the DNS is asked", func() bool { return slices.Contains(heard.all(), aQuestion) })
			events := heard.all()
			asked, promised := slices.Index(events, aQuestion), slices.Index(events, "250 2.0.0 OK: queued")
			if promised < 0 || asked < promised {
				t.Errorf("the order was %q", events)
			}
		})
	}
}
