package smtpd

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A disguised listener makes clients come from addresses of the test's choice,
// one after the other.
type disguised struct {
	net.Listener
	from []string
}

type stranger struct {
	*net.TCPConn
	addr net.Addr
}

func (s stranger) RemoteAddr() net.Addr { return s.addr }

func (d *disguised) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	from := d.from[0]
	if len(d.from) > 1 {
		d.from = d.from[1:]
	}
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return nil, errors.New("no TCP connection")
	}
	return stranger{tcp, &net.TCPAddr{IP: net.ParseIP(from), Port: 25}}, nil
}

func comingFrom(addresses ...string) func(net.Listener) net.Listener {
	return func(l net.Listener) net.Listener { return &disguised{l, addresses} }
}

func TestOneNetworkGetsOnlyItsShareOfConnections(t *testing.T) {
	t.Parallel()
	h := open(t, Config{MaxPerIP: 2, BannerDelay: -1}, comingFrom(
		"203.0.113.7", "203.0.113.7", "203.0.113.7", "203.0.113.8",
		"2001:db8:1:2::1", "2001:db8:1:2::ffff", "2001:db8:1:2:ffff::", "2001:db8:1:3::1", "203.0.113.7"))
	clients := make([]*client, 0, 8)
	for i, want := range []string{"220", "220", "421 4.7.0", "220", "220", "220", "421 4.7.0", "220"} {
		c := h.dial()
		if all, last, err := c.reply(); err != nil || !strings.HasPrefix(last, want) {
			t.Fatalf("client %d got %q, %v, want %s", i, all, err, want)
		}
		clients = append(clients, c)
	}
	clients[0].say("QUIT")
	clients[0].want("221")
	until(t, "one place less is taken", func() bool { return h.server.Stats().Connections == 5 })
	h.dial().want("220")
}

func TestThereAreOnlySoManyConnections(t *testing.T) {
	t.Parallel()
	h := open(t, Config{MaxConnections: 3})
	for range 3 {
		h.greet()
	}
	h.dial().want("421 4.3.2")
}

func TestWhoSpeaksBeforeTheGreetingIsSentAway(t *testing.T) {
	t.Parallel()
	h := open(t, Config{BannerDelay: time.Minute}, comingFrom("203.0.113.7"))
	c := h.dial()
	c.say("EHLO bot.test")
	c.want("421 4.7.0")
	c.wantClosed()
}

func TestWhoWaitsForTheGreetingGetsIt(t *testing.T) {
	t.Parallel()
	h := open(t, Config{BannerDelay: 10 * time.Millisecond}, comingFrom("203.0.113.7"))
	h.greet().mail(letterOf("patience"), "250")
}

// Trap 1: what comes after a stall is no dialogue.
func TestAMailThatStallsIsNotRunAsCommands(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]string{"DATA": "DATA\r\n", "BDAT": "BDAT 5000 LAST\r\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, Config{CommandTime: time.Second})
			c := h.greet()
			c.envelope()
			if err := c.send(begin + "Subject: slow\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			if name == "DATA" {
				c.want("354")
			}
			c.want("421 4.4.2")
			_ = c.send("MAIL FROM:<ceo@victim.test>\r\nRCPT TO:<support@desk.test>\r\nDATA\r\nx\r\n.\r\n")
			if rest := c.wantClosed(); rest != "" {
				t.Errorf("went on with %q", rest)
			}
			if n := h.mails(); n != 0 {
				t.Errorf("%d mails are stored", n)
			}
		})
	}
}

// R15: one octet a second is alive, but no mail.
func TestAMailThatDripsIsCutOff(t *testing.T) {
	t.Parallel()
	h := open(t, Config{CommandTime: time.Second, MinRate: 10_000})
	c := h.greet()
	c.envelope()
	c.say("DATA")
	c.want("354")
	go func() {
		for c.send("x") == nil {
			time.Sleep(20 * time.Millisecond)
		}
	}()
	c.want("421 4.4.2")
	c.wantClosed()
	if n := h.mails(); n != 0 {
		t.Errorf("%d mails are stored", n)
	}
}

func TestASessionEndsHoweverBusy(t *testing.T) {
	t.Parallel()
	h := open(t, Config{SessionTime: 1500 * time.Millisecond, BannerDelay: -1}, comingFrom("203.0.113.7"))
	c := h.greet()
	for {
		if err := c.send("NOOP\r\n"); err != nil {
			break
		}
		_, last, err := c.reply()
		if strings.HasPrefix(last, "421 4.4.2") || err != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	c.wantClosed()
}

func TestAnIdleClientIsSentAway(t *testing.T) {
	t.Parallel()
	h := open(t, Config{CommandTime: 100 * time.Millisecond})
	c := h.dial()
	c.want("220")
	c.want("421 4.4.2")
	c.wantClosed()
}

// A8, T09b: the announced size is the limit itself; who lies costs nothing.
func TestAMailOfExactlyTheLimitIsTakenAndOneOctetMoreIsNot(t *testing.T) {
	t.Parallel()
	const most = 20_000
	body := letterOf("size") + "\r\n" // the end of the mail is that of its last line
	body += strings.Repeat("x", most-len(body)-2)
	for name, send := range map[string]func(*client, string, string){
		"DATA": func(c *client, body, want string) { c.mail(body, want) },
		"BDAT": func(c *client, body, want string) {
			c.envelope()
			body += "\r\n"
			c.say("BDAT " + strconv.Itoa(len(body)) + " LAST")
			if err := c.send(body); err != nil {
				c.t.Fatal(err)
			}
			c.want(want)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, Config{MaxMessageBytes: most})
			c := h.greet()
			send(c, body+"x", "552 5.3.4")
			send(c, body, "250")
			if got := h.raw(); string(got) != body+"\r\n" {
				t.Errorf("%d octets are stored, want %d", len(got), len(body)+2)
			}
		})
	}
}

func TestA8ASizeThatLiesIsCaught(t *testing.T) {
	t.Parallel()
	h := open(t, Config{MaxMessageBytes: 100_000})
	c := h.greet()
	c.say("MAIL FROM:<cara@acme.test> SIZE=10", "RCPT TO:<support@desk.test>", "DATA")
	c.want("250")
	c.want("250")
	c.want("354")
	if err := c.send(strings.Repeat("0123456789\r\n", 20_000) + ".\r\n"); err != nil {
		t.Fatal(err)
	}
	c.want("552 5.3.4")
	c.mail(letterOf("honest"), "250") // the session goes on
	_ = c.send("MAIL FROM:<cara@acme.test> SIZE=10\r\nRCPT TO:<support@desk.test>\r\nDATA\r\n")
	c.want("250")
	c.want("250")
	c.want("354")
	go func() { _ = c.send(strings.Repeat("0123456789\r\n", 100_000) + ".\r\n") }()
	c.want("552 5.3.4") // and does not go on for ever
	c.wantClosed()
	if h.server.bytes.left.Load() != h.server.cfg.MaxBytes {
		t.Error("the byte budget is not given back")
	}
}

// R16
func TestMailsBeyondTheByteBudgetComeAgain(t *testing.T) {
	t.Parallel()
	h := open(t, Config{MaxBytes: 300_000})
	first := h.greet()
	first.envelope()
	first.say("DATA")
	first.want("354")
	if err := first.send(strings.Repeat("0123456789\r\n", 10_000)); err != nil {
		t.Fatal(err)
	}
	until(t, "the first mail holds its part", func() bool { return h.server.bytes.left.Load() < 200_000 })
	second := h.greet()
	second.mail(letterOf("small"), "250")
	second.mail(letterOf("great")+strings.Repeat("0123456789\r\n", 20_000), "451 4.3.2")
	second.say("MAIL FROM:<cara@acme.test> SIZE=290000")
	second.want("452 4.3.1")
	if err := first.send(".\r\n"); err != nil {
		t.Fatal(err)
	}
	first.want("250")
	until(t, "all is given back", func() bool { return h.server.bytes.left.Load() == 300_000 })
	second.mail(letterOf("great")+strings.Repeat("0123456789\r\n", 10_000), "250")
}

// T05: the content is what was sent, however long its lines.
func TestA6LongLinesArriveWhole(t *testing.T) {
	t.Parallel()
	for _, size := range []int{3_000, 64 << 10, 200_000, 3 << 20} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			t.Parallel()
			h := open(t, Config{})
			body := letterOf("long") + strings.Repeat("x", size)
			h.greet().mail(body, "250")
			if !bytes.Equal(h.raw(), []byte(body+"\r\n")) {
				t.Error("the mail has changed")
			}
		})
	}
}

func TestThe35MiBMailArrivesWhole(t *testing.T) {
	t.Parallel()
	h := open(t, Config{})
	line := strings.Repeat("QUJD", 19) + "\r\n"
	body := letterOf("great") + "\r\n"
	body += strings.Repeat(line, (35<<20-len(body)-2)/len(line))
	body += strings.Repeat("x", 35<<20-len(body)-2)
	h.greet().mail(body, "250")
	if !bytes.Equal(h.raw(), []byte(body+"\r\n")) {
		t.Error("the mail has changed")
	}
}

// gone tells a client that hung up from one that has only stopped talking.
func TestAClientThatHungUpIsNoticed(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	pair := func() (*conn, net.Conn) {
		peer, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		raw, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = peer.Close(); _ = raw.Close() })
		cfg := Config{}.withDefaults()
		return newConn(raw, addressOf(raw), true, newGuard(l, &cfg, newTally())), peer
	}
	c, peer := pair()
	if c.gone() {
		t.Error("a silent client counts as gone")
	}
	_ = peer.Close()
	until(t, "the client is gone", c.gone)

	c, peer = pair()
	if _, err := io.WriteString(peer, "QUIT\r\n"); err != nil {
		t.Fatal(err)
	}
	_ = peer.Close()
	if _, err := c.in.Peek(6); err != nil {
		t.Fatal(err)
	}
	if c.gone() {
		t.Error("a client that said more counts as gone")
	}
}
