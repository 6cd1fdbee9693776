package mailer

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"postdesk/core"
)

// LongestSend bounds one try, from the dialling on. A lease on a delivery must
// last longer.
const LongestSend = 12 * time.Minute

// A Transport knows which servers take the mail to a destination.
type Transport interface {
	// perDomain tells that each recipient's domain is a destination of its own.
	perDomain() bool
	// route gives the servers of a destination, best first, at least one.
	route(ctx context.Context, destination string) ([]*peer, error)
}

// A mailing is what a transaction is about; its paths hold no character that
// could end them (RFC 5321 section 4.1.2).
type mailing struct {
	from, to string
	size     int    // in octets, without the dots that SMTP adds
	wire     []byte // what follows DATA, with the final dot
	utf8     bool   // RFC 6531: an address, in path or header, is not ASCII
	eightBit bool   // RFC 6152
}

// finalDot ends a mail whose last line has ended.
const finalDot = ".\r\n"

func mailingOf(from string, to core.Address, raw []byte) (*mailing, error) {
	raw = wire(raw)
	m := &mailing{to: to.String(), size: len(raw), wire: dotted(raw), eightBit: !ascii(raw)}
	if to.IsZero() {
		return nil, failed(recipient, hopeless{"5.1.3", "there is no recipient"})
	}
	if from != "" {
		bounce, err := core.ParseAddress(from)
		if err != nil {
			return nil, failed(sender, errors.New("the bounce address is not an address"))
		}
		m.from = bounce.String()
	}
	m.utf8 = !ascii(m.from + m.to)
	if m.eightBit && !m.utf8 {
		head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
		m.utf8 = !ascii(head)
	}
	return m, nil
}

// dotted doubles the dots that begin lines (RFC 5321 section 4.5.2) and adds the
// final one.
func dotted(raw []byte) []byte {
	dots := bytes.Count(raw, []byte("\n."))
	out := make([]byte, 0, len(raw)+dots+1+len(finalDot))
	if bytes.HasPrefix(raw, []byte(".")) {
		out = append(out, '.')
	}
	for ; dots > 0; dots-- {
		i := bytes.Index(raw, []byte("\n.")) + 2
		out = append(append(out, raw[:i]...), '.')
		raw = raw[i:]
	}
	return append(append(out, raw...), finalDot...)
}

func ascii[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// A Smarthost sends all mail to one relay. Safe for concurrent use.
type Smarthost struct{ peer peer }

// NewSmarthost makes the transport for a relay. Hello is our own host name for
// EHLO; roots are the authorities to trust, nil for the system's.
func NewSmarthost(relay Relay, hello string, roots *x509.CertPool) *Smarthost {
	return &Smarthost{
		peer: peer{
			address:  relay.address(),
			name:     relay.Host,
			security: relay.Security,
			user:     relay.User,
			password: relay.Password,
			hello:    helloName(hello),
			roots:    roots,
			patience: standardPatience(),
		},
	}
}

// helloName is never empty and never two words.
func helloName(name string) string {
	if name = strings.Join(strings.Fields(name), ""); name == "" || !ascii(name) {
		return "localhost"
	}
	return name
}

func (s *Smarthost) perDomain() bool { return false }

func (s *Smarthost) route(context.Context, string) ([]*peer, error) { return []*peer{&s.peer}, nil }

// Check connects, secures the connection and signs in, as a mail would, and
// tells what went wrong.
func (s *Smarthost) Check(ctx context.Context) error {
	d, err := s.peer.open(ctx)
	if err != nil {
		return fmt.Errorf("relay %s: %s", s.peer.address, s.peer.receipt(err).Text)
	}
	d.quit()
	return nil
}

// receipt never repeats the password, whatever the server says.
func (p *peer) receipt(err error) core.Receipt {
	r := receiptOf(p.name, err)
	if p.password != "" && strings.Contains(r.Text, p.password) {
		r.Text = strings.ReplaceAll(r.Text, p.password, "***")
	}
	return r
}
