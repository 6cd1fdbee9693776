package mailer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/textproto"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// A peer is a server to talk to, and how.
type peer struct {
	address  string // host:port to dial
	name     string // for the certificate and for receipts
	security Security
	user     string
	password string

	hello    string // our own name
	roots    *x509.CertPool
	patience patience
	reach    func(netip.Addr) bool // nil: anywhere
}

// A dialogue is one SMTP connection that is ready for a transaction.
type dialogue struct {
	peer   *peer
	conn   *conn
	local  bool // the server is this machine
	client *smtp.Client
	offers offers
	used   int  // transactions so far
	open   bool // a transaction was begun and not ended: RSET comes before the next
	sent   int  // octets of the current mail
}

// offers are the extensions of the server that a transaction hangs on.
type offers struct {
	pipelining, size, eightBit, utf8 bool
	limit                            int // of octets; 0 is none
}

// open dials and goes on to where MAIL FROM may be said. Where TLS is only an
// offer and fails, it begins again without.
func (p *peer) open(ctx context.Context) (*dialogue, error) {
	d, err := p.try(ctx, true)
	var f *failure
	if err != nil && p.security == Opportunistic && p.user == "" && errors.As(err, &f) && f.at == securing && ctx.Err() == nil {
		return p.try(ctx, false)
	}
	return d, err
}

func (p *peer) try(ctx context.Context, secure bool) (*dialogue, error) {
	dialer := net.Dialer{Timeout: p.patience.dial, Control: p.control}
	raw, err := dialer.DialContext(ctx, "tcp", p.address)
	if err != nil {
		return nil, failed(connecting, err)
	}
	d := &dialogue{peer: p, conn: &conn{Conn: raw, wait: p.patience.greeting, send: p.patience.block}}
	if host, ok := raw.RemoteAddr().(*net.TCPAddr); ok {
		d.local = host.IP.IsLoopback()
	}
	defer context.AfterFunc(ctx, func() { raw.Close() })()
	if err := d.begin(ctx, secure); err != nil {
		raw.Close()
		return nil, why(ctx, err)
	}
	return d, nil
}

// control looks at the address that is really dialled.
func (p *peer) control(_, address string, _ syscall.RawConn) error {
	if p.reach == nil {
		return nil
	}
	to, err := netip.ParseAddrPort(address)
	if err == nil && !p.reach(to.Addr()) {
		err = errors.New("the server has a private address")
	}
	return err
}

// why prefers the end of the context to the closed connection that it left.
func why(ctx context.Context, err error) error {
	f := (*failure)(nil)
	if ended := context.Cause(ctx); ended != nil && errors.As(err, &f) {
		return failed(f.at, ended)
	}
	return err
}

func (d *dialogue) begin(ctx context.Context, secure bool) error {
	var over net.Conn = d.conn
	if d.peer.security == ImplicitTLS {
		shell := tls.Client(d.conn, d.tls())
		if err := shell.HandshakeContext(ctx); err != nil {
			return failed(securing, err)
		}
		over = shell
	}
	var err error
	if d.client, err = smtp.NewClient(over, d.peer.name); err != nil {
		return failed(connecting, err)
	}
	d.client.SkipSMTPUTF8(true)
	d.conn.wait = d.peer.patience.command
	if err := d.client.Hello(d.peer.hello); err != nil {
		return failed(hello, err)
	}
	if err := d.startTLS(secure); err != nil {
		return failed(securing, err)
	}
	if err := d.signIn(); err != nil {
		return failed(signingIn, err)
	}
	d.offers.pipelining, _ = d.client.Extension("PIPELINING")
	d.offers.eightBit, _ = d.client.Extension("8BITMIME")
	d.offers.utf8, _ = d.client.Extension("SMTPUTF8")
	size, limit := d.client.Extension("SIZE")
	d.offers.size, d.offers.limit = size, sizeLimit(limit)
	return nil
}

func (d *dialogue) startTLS(secure bool) error {
	if d.peer.security == ImplicitTLS || !secure {
		return nil
	}
	if offered, _ := d.client.Extension("STARTTLS"); offered {
		return d.client.StartTLS(d.tls())
	}
	if d.peer.security == StartTLS {
		return errors.New("the server does not offer STARTTLS, which smtp+starttls:// asks for")
	}
	return nil
}

// tls checks the certificate wherever TLS is asked for or a password follows.
// Where it is only an offer, unproven TLS is better than none.
func (d *dialogue) tls() *tls.Config {
	offer := d.peer.security == Opportunistic && (d.local || d.peer.user == "")
	return &tls.Config{
		ServerName:         d.peer.name,
		RootCAs:            d.peer.roots,
		InsecureSkipVerify: offer,
		MinVersion:         tls.VersionTLS12,
	}
}

// signIn sends the password over TLS, or to this machine, or not at all.
func (d *dialogue) signIn() error {
	if d.peer.user == "" {
		return nil
	}
	if _, secured := d.client.TLSConnectionState(); !secured && !d.local {
		return errors.New("the server offers no TLS, and a password is not sent without")
	}
	_, offers := d.client.Extension("AUTH")
	var auth smtp.Auth
	switch mechanisms := strings.Fields(strings.ToUpper(offers)); {
	case slices.Contains(mechanisms, "PLAIN"):
		auth = smtp.PlainAuth("", d.peer.user, d.peer.password, d.peer.name, true)
	case slices.Contains(mechanisms, "LOGIN"):
		auth = smtp.LoginAuth(d.peer.user, d.peer.password, d.peer.name, true)
	default:
		return errors.New("the server offers neither AUTH PLAIN nor AUTH LOGIN, but the relay has a user name")
	}
	return d.client.Auth(auth)
}

func megabytes(n int) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// command sends one line and reads the reply to it.
func (d *dialogue) command(expect int, format string, args ...any) (said string, err error) {
	if err := d.client.Text.PrintfLine(format, args...); err != nil {
		return "", err
	}
	return d.reply(expect)
}

// bareCode is what net/textproto makes of a reply that is nothing but its code,
// which RFC 5321 section 4.2 allows.
var bareCode = regexp.MustCompile(`^short response: "?([2-5][0-9][0-9])"?$`)

func (d *dialogue) reply(expect int) (said string, err error) {
	_, said, err = d.client.Text.ReadResponse(expect)
	var unread textproto.ProtocolError
	if !errors.As(err, &unread) {
		return said, err
	}
	bare := bareCode.FindStringSubmatch(unread.Error())
	switch {
	case bare == nil:
		return "", err
	case strings.HasPrefix(bare[1], strconv.Itoa(expect)):
		return "", nil
	}
	code, _ := strconv.Atoi(bare[1])
	return "", &textproto.Error{Code: code}
}

// Short waits for what no mail hangs on.
const politeness = 5 * time.Second

// quit says goodbye and waits until the server has hung up, so that a connection
// opened after it is no additional one. What the server thinks of it changes nothing.
func (d *dialogue) quit() {
	d.conn.wait, d.conn.send = politeness, politeness
	if _, err := d.command(221, "QUIT"); err == nil {
		_, _ = io.Copy(io.Discard, d.conn)
	}
	_ = d.conn.Close()
}
