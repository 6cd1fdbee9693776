package smtpd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/core/coretest"
	"postdesk/smtpd/verify"
)

// A house is a running server on a database of its own.
type house struct {
	t      *testing.T
	server *Server
	addr   string
	row    func(sql string, into any) error
	order  func(sql string) error
	cut    func() // ends the database for the desk
	stop   context.CancelFunc
	served chan error
}

// open starts a server with the mailboxes support@ and billing@desk.test.
func open(t *testing.T, cfg Config, wrap ...func(net.Listener) net.Listener) *house {
	t.Helper()
	pool := coretest.Database(t)
	quiet := slog.New(slog.DiscardHandler)
	desk, err := core.Open(t.Context(), pool, core.Config{PublicURL: "http://desk.test", Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Hostname == "" {
		cfg.Hostname, cfg.Domain = "mx.desk.test", "desk.test"
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &house{
		t: t, addr: l.Addr().String(), served: make(chan error, 1),
		server: New(cfg, desk, verify.New(silentDNS(t)), quiet),
		cut:    pool.Close,
		row:    func(sql string, into any) error { return pool.QueryRow(t.Context(), sql).Scan(into) },
		order:  func(sql string) error { _, err := pool.Exec(t.Context(), sql); return err },
	}
	h.exec(`insert into own_domains (domain) values ('desk.test')`)
	h.exec(`insert into mailboxes (address, name) values ('support@desk.test', 'Support'), ('billing@desk.test', 'Billing')`)
	for _, w := range wrap {
		l = w(l)
	}
	ctx, stop := context.WithCancel(context.Background())
	h.stop = stop
	go func() { h.served <- h.server.Serve(ctx, l); close(h.served) }()
	t.Cleanup(func() { stop(); <-h.served })
	return h
}

// silentDNS is a resolver whose server says nothing at all is known.
func silentDNS(t *testing.T) verify.Resolver {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			if n > 12 { // the question comes back as an answer: NXDOMAIN
				end := 12
				for end < n && buf[end] != 0 {
					end += int(buf[end]) + 1
				}
				answer := bytes.Clone(buf[:min(n, end+5)])
				copy(answer[2:12], []byte{0x81, 0x83, 0, 1, 0, 0, 0, 0, 0, 0})
				_, _ = c.WriteTo(answer, from)
			}
		}
	}()
	return verify.NewResolver(c.LocalAddr().String())
}

func (h *house) exec(sql string) {
	h.t.Helper()
	if err := h.order(sql); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) query(into any, sql string) {
	h.t.Helper()
	if err := h.row(sql, into); err != nil {
		h.t.Fatal(err)
	}
}

// mails tells how many mails are stored.
func (h *house) mails() (n int) {
	h.t.Helper()
	h.query(&n, `select count(*) from inbound`)
	return n
}

// raw gives the bytes of the only mail.
func (h *house) raw() (raw []byte) {
	h.t.Helper()
	if n := h.mails(); n != 1 {
		h.t.Fatalf("%d mails are stored, want 1", n)
	}
	h.query(&raw, `select inbound_raw(i) from inbound i`)
	return raw
}

// until waits for something to become true.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); {
		if time.Now().After(end) {
			t.Fatalf("never came: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// A client speaks SMTP without thinking.
type client struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

func (h *house) dial() *client {
	h.t.Helper()
	c, err := net.Dial("tcp", h.addr)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(3 * time.Minute))
	return &client{h.t, c, bufio.NewReader(c)}
}

// greet dials and says EHLO.
func (h *house) greet() *client {
	h.t.Helper()
	c := h.dial()
	c.want("220 mx.desk.test")
	c.say("EHLO client.test")
	c.want("250 ")
	return c
}

func (c *client) send(raw string) error {
	_, err := io.WriteString(c.Conn, raw)
	return err
}

func (c *client) say(lines ...string) {
	c.t.Helper()
	if err := c.send(strings.Join(lines, "\r\n") + "\r\n"); err != nil {
		c.t.Fatalf("say %.60q: %v", lines, err)
	}
}

// reply reads a whole reply and gives it with its last line apart.
func (c *client) reply() (all, last string, err error) {
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return all, line, err
		}
		all += line
		if len(line) > 3 && line[3] == ' ' {
			return all, line, nil
		}
	}
}

// want reads a reply whose last line begins with prefix.
func (c *client) want(prefix string) (all string) {
	c.t.Helper()
	all, last, err := c.reply()
	if err != nil || !strings.HasPrefix(last, prefix) {
		c.t.Fatalf("got %q, %v, want %q", all+last, err, prefix)
	}
	return all
}

// wantClosed reads until the server hangs up.
func (c *client) wantClosed() (rest string) {
	c.t.Helper()
	all, err := io.ReadAll(c.in)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		c.t.Fatalf("still open after %q", all)
	}
	return string(all)
}

// envelope says MAIL and RCPT.
func (c *client) envelope() {
	c.t.Helper()
	c.say("MAIL FROM:<cara@acme.test>")
	c.want("250 ")
	c.say("RCPT TO:<support@desk.test>")
	c.want("250 ")
}

// mail sends one mail by DATA and wants its end answered so.
func (c *client) mail(raw, prefix string) {
	c.t.Helper()
	c.envelope()
	c.say("DATA")
	c.want("354 ")
	if err := c.send(raw + "\r\n.\r\n"); err != nil {
		c.t.Fatalf("send the mail: %v", err)
	}
	c.want(prefix)
}

func letterOf(subject string) string {
	return fmt.Sprintf("From: Cara <cara@acme.test>\r\nTo: support@desk.test\r\nSubject: %s\r\n"+
		"Message-ID: <%s@acme.test>\r\n\r\nHello.", subject, strings.ReplaceAll(subject, " ", "."))
}
