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

// A Transport carries finished bytes to one recipient.
type Transport interface {
	// Send tries once, for LongestSend at most. It does not fail: whatever
	// happens is a Receipt.
	Send(ctx context.Context, from string, to core.Address, raw []byte) core.Receipt
	// Close says goodbye on idle connections.
	Close()
}

// A mailing is what a transaction is about; its paths hold no character that
// could end them (RFC 5321 section 4.1.2).
type mailing struct {
	from, to string
	raw      []byte
	utf8     bool // RFC 6531: an address, in path or header, is not ASCII
}

func mailingOf(from string, to core.Address, raw []byte) (*mailing, error) {
	m := &mailing{to: to.String(), raw: wire(raw)}
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
	head, _, _ := bytes.Cut(m.raw, []byte("\r\n\r\n"))
	m.utf8 = !ascii(m.from+m.to) || !ascii(string(head))
	return m, nil
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// A Smarthost sends all mail to one relay, over at most five connections, each
// used for up to 20 mails. Safe for concurrent use.
type Smarthost struct {
	peer peer
	pool pool
}

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
		pool: newPool(maxConnections),
	}
}

// helloName is never empty and never two words.
func helloName(name string) string {
	if name = strings.Join(strings.Fields(name), ""); name == "" || !ascii(name) {
		return "localhost"
	}
	return name
}

// Send implements Transport.
func (s *Smarthost) Send(ctx context.Context, from string, to core.Address, raw []byte) core.Receipt {
	ctx, cancel := context.WithTimeout(ctx, LongestSend)
	defer cancel()
	m, err := mailingOf(from, to, raw)
	if err != nil {
		return s.peer.receipt(err)
	}
	return s.pool.send(ctx, &s.peer, m)
}

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

// Close implements Transport.
func (s *Smarthost) Close() { s.pool.close() }

// receipt never repeats the password, whatever the server says.
func (p *peer) receipt(err error) core.Receipt {
	r := receiptOf(p.name, err)
	if p.password != "" && strings.Contains(r.Text, p.password) {
		r.Text = strings.ReplaceAll(r.Text, p.password, "***")
	}
	return r
}
