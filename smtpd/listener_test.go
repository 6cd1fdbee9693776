package smtpd

import (
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A deafened connection fails to write from an order on.
type deafened struct {
	*net.TCPConn
	deaf *atomic.Bool
}

func (d deafened) Write(p []byte) (int, error) {
	if d.deaf.Load() {
		return 0, errors.New("nobody hears")
	}
	return d.TCPConn.Write(p)
}

type deafening struct {
	net.Listener
	deaf *atomic.Bool
}

func (l deafening) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return nil, errors.New("no TCP connection")
	}
	return deafened{tcp, l.deaf}, nil
}

// Seen by the fuzzer: a second mail that was sent ahead was taken from a client
// that could hear no 250, and the first was filed only when its lease had ended.
func TestWhenNoAnswerGoesOutNothingMoreIsTakenAndTheMailIsFiled(t *testing.T) {
	t.Parallel()
	for name, form := range map[string]string{
		"DATA": "DATA\r\n" + letterOf("first") + "\r\n.\r\n" + opening[13:] + "DATA\r\n" + letterOf("second") + "\r\n.\r\n",
		"BDAT": "BDAT 13 LAST\r\nSubject: x\r\n\n" + opening[13:] + "BDAT 13 LAST\r\nSubject: y\r\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deaf := &atomic.Bool{}
			h := open(t, Config{}, func(l net.Listener) net.Listener { return deafening{l, deaf} })
			c := h.greet()
			c.envelope()
			deaf.Store(true)
			if err := c.send(form); err != nil {
				t.Fatal(err)
			}
			until(t, "the client is let go", func() bool { return h.server.Stats().Connections == 0 })
			until(t, "the mail is filed", func() bool {
				var waiting int
				h.query(&waiting, `select count(*) from inbound where state = 'received'`)
				return waiting == 0
			})
			if n := h.mails(); n > 1 {
				t.Errorf("%d mails are stored", n)
			}
		})
	}
}

func TestThePauseInTheTarpitGrowsAndIsBounded(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for faults, want := range []time.Duration{0, 0, 0, 0, s, 2 * s, 4 * s, 8 * s, 10 * s, 10 * s} {
		if got := tarpitPause(faults, s); got != want {
			t.Errorf("after %d faults: %s, want %s", faults, got, want)
		}
	}
	if got := tarpitPause(1_000_000, s); got != 10*s {
		t.Errorf("after a million faults: %s", got)
	}
	if got := tarpitPause(9, -1); got != 0 {
		t.Errorf("without a step: %s", got)
	}
}

// Each fault beyond the first three waits; the order to stop ends the wait.
func TestWhoErrsSitsInTheTarpitUntilTheServerStops(t *testing.T) {
	t.Parallel()
	h := open(t, Config{BannerDelay: -1, TarpitStep: 24 * time.Hour, SessionTime: 24 * time.Hour}, comingFrom("203.0.113.7"))
	c := h.greet()
	c.say("FOO", "FOO", "FOO")
	for range 3 {
		c.want("500 5.5.2")
	}
	if n := h.server.Stats().Tarpitted; n != 0 {
		t.Errorf("%d of the first three faults were held back", n)
	}
	c.say("MAIL FROM:<cara@acme.test> REQUIRETLS")
	until(t, "the client sits in the tarpit", func() bool { return h.server.Stats().Tarpitted == 1 })
	h.stop()
	c.want("555")
	c.want("421 4.3.2")
	if err := <-h.served; err != nil {
		t.Errorf("serve: %v", err)
	}
}

func TestTheSessionsTimeBoundsTheTarpit(t *testing.T) {
	t.Parallel()
	h := open(t, Config{BannerDelay: -1, TarpitStep: 24 * time.Hour, SessionTime: 2 * time.Second}, comingFrom("203.0.113.7"))
	c := h.greet()
	c.say("FOO", "FOO", "FOO", "FOO")
	for range 4 {
		c.want("500 5.5.2")
	}
	c.want("421 4.4.2 This session")
	c.wantClosed()
	if n := h.server.Stats().Tarpitted; n != 1 {
		t.Errorf("%d answers were held back, want 1", n)
	}
}

// A relay brings the mail of many: the faults of one do not stop it.
func TestATrustedRelayHasNoBudgetOfErrorsAndNoTarpit(t *testing.T) {
	t.Parallel()
	h := open(t, Config{TarpitStep: 24 * time.Hour, MaxErrors: 2, MaxBadRecipients: 2})
	c := h.greet()
	c.say("MAIL FROM:<cara@acme.test>")
	c.want("250")
	for range 30 {
		c.say("RCPT TO:<nobody@desk.test>", "FOO")
		c.want("550 5.1.1")
		c.want("500 5.5.2")
	}
	c.say("RSET")
	c.want("250")
	c.mail(letterOf("honest"), "250")
	if n := h.server.Stats().Tarpitted; n != 0 {
		t.Errorf("%d answers were held back", n)
	}
}

// R16: one network, with as many connections as it may have, leaves the others
// their part of the memory.
func TestOneNetworkCannotHaveAllOfTheByteBudget(t *testing.T) {
	t.Parallel()
	h := open(t, Config{MaxBytes: 1 << 20, MaxBytesPerIP: 200_000, BannerDelay: -1, TarpitStep: -1},
		comingFrom("203.0.113.7", "203.0.113.7", "203.0.113.7", "203.0.113.8"))
	first := h.greet()
	first.envelope()
	first.say("DATA")
	first.want("354")
	if err := first.send(strings.Repeat("0123456789\r\n", 8_000)); err != nil {
		t.Fatal(err)
	}
	until(t, "the first mail has its part", func() bool { return h.server.bytes.left.Load() == 1<<20-1<<17 })
	h.greet().mail(letterOf("great")+strings.Repeat("0123456789\r\n", 8_000), "451 4.3.2")
	h.greet().mail(letterOf("small"), "250")
	h.greet().mail(letterOf("of another")+strings.Repeat("0123456789\r\n", 8_000), "250")
	if n := h.server.Stats().Refusals[becauseRoom]; n != 1 {
		t.Errorf("%d mails were refused for want of room, want 1", n)
	}
	if err := first.send(".\r\n"); err != nil {
		t.Fatal(err)
	}
	first.want("250")
	until(t, "all is given back", func() bool { return h.server.bytes.left.Load() == 1<<20 })
}

// R15: much at first does not pay for dripping later.
func TestWhoSentMuchMayNotDripForLong(t *testing.T) {
	t.Parallel()
	h := open(t, Config{CommandTime: time.Second, MinRate: 500})
	c := h.greet()
	c.envelope()
	c.say("DATA")
	c.want("354")
	if err := c.send(strings.Repeat("0123456789\r\n", 100_000)); err != nil { // 40 minutes at the least rate
		t.Fatal(err)
	}
	go func() {
		for c.send("x") == nil {
			time.Sleep(20 * time.Millisecond)
		}
	}()
	c.want("421 4.4.2")
	c.wantClosed()
	if n := h.server.Stats().Refusals[becauseSlow]; n != 1 || h.mails() != 0 {
		t.Errorf("%d slow mails were cut off, %d are stored", n, h.mails())
	}
}

// R15: chunks are one mail, and have the time of one.
func TestAChunkDoesNotStartTheTimeOfItsMailAgain(t *testing.T) {
	t.Parallel()
	h := open(t, Config{CommandTime: time.Second, MinRate: 10_000})
	c := h.greet()
	c.envelope()
	go func() {
		for c.send("BDAT 3\r\nabc") == nil {
			time.Sleep(20 * time.Millisecond)
		}
	}()
	for {
		if _, last, err := c.reply(); err != nil || strings.HasPrefix(last, "421 4.4.2") {
			break
		}
	}
	c.wantClosed()
	if n := h.server.Stats().Refusals[becauseSlow]; n != 1 {
		t.Errorf("%d slow mails were cut off", n)
	}
}

func TestSTARTTLSIsSaidOnceAndAlone(t *testing.T) {
	t.Parallel()
	h := open(t, Config{TLS: certificate(t)})
	c := h.greet()
	c.say("STARTTLS now")
	c.want("501 5.5.4")
	c.startTLS("")
	c.say("EHLO client.test")
	c.want("250")
	c.say("STARTTLS")
	c.want("503 5.5.1")
	c.mail(letterOf("after all"), "250")
}

// Old TLS, and the handshake of a page that shares our certificate, do not pass.
func TestOnlyTLSOfOurTimeAndForMailIsSpoken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		client *tls.Config
		passes bool
	}{
		"TLS 1.1":         {&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, false},
		"TLS 1.2":         {&tls.Config{MaxVersion: tls.VersionTLS12}, true},
		"TLS 1.3":         {&tls.Config{MinVersion: tls.VersionTLS13}, true},
		"a page's":        {&tls.Config{NextProtos: []string{"h2"}}, false},
		"a mail server's": {&tls.Config{NextProtos: []string{"smtp"}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			weak := certificate(t)
			weak.MinVersion = tls.VersionTLS10
			weak.NextProtos = []string{"h2", "http/1.1"} // as ACME's manager has them
			h := open(t, Config{TLS: weak})
			client := h.greet()
			client.say("STARTTLS")
			client.want("220")
			c.client.InsecureSkipVerify = true
			err := tls.Client(client.Conn, c.client).Handshake()
			if (err == nil) != c.passes {
				t.Errorf("the handshake: %v", err)
			}
			if c.passes {
				return
			}
			client.wantClosed()
			until(t, "it is counted", func() bool { return h.server.Stats().Refusals[becauseHandshake] == 1 })
		})
	}
}

// Every reason has its counter, from the start.
func TestRefusalsAreCountedByReason(t *testing.T) {
	t.Parallel()
	h := open(t, Config{MaxMessageBytes: 50_000, MaxConnections: 2, BannerDelay: -1, TarpitStep: -1}, comingFrom("203.0.113.7"))
	for _, reason := range allReasons {
		if n, ok := h.server.Stats().Refusals[reason]; !ok || n != 0 {
			t.Errorf("%s: %d, %v at the start", reason, n, ok)
		}
	}
	c := h.greet()
	c.say("MAIL FROM:<cara@acme.test> SIZE=50001", "MAIL FROM:<cara@acme.test>", "RCPT TO:<nobody@desk.test>", "RCPT TO:<x@elsewhere.test>")
	for _, want := range []string{"552", "250", "550 5.1.1", "550 5.7.1"} {
		c.want(want)
	}
	other := h.greet()
	h.dial().want("421 4.3.2")
	other.say("GET / HTTP/1.0")
	other.want("421 4.7.0")
	other.wantClosed()
	c.say(strings.Repeat("x", 3000))
	c.want("500 5.5.6")
	c.wantClosed()
	got := h.server.Stats().Refusals
	for _, reason := range []string{becauseTooBig, becauseUnknown, becauseForeign, becauseFull, becauseOther, becauseLine} {
		if got[reason] != 1 {
			t.Errorf("%s: %d, want 1", reason, got[reason])
		}
	}
}

// R9: the database goes while a mail is on its way.
func TestADatabaseThatGoesInTheMiddleOfAMailIsToldToComeAgain(t *testing.T) {
	t.Parallel()
	h := open(t, Config{})
	c := h.greet()
	c.envelope()
	c.say("DATA")
	c.want("354")
	h.cut()
	c.say(letterOf("unlucky"), ".")
	c.want("451 4.3.0 Try again later, reference ")
	c.say("NOOP")
	c.want("250")
	if st := h.server.Stats(); st.Accepted != 0 || st.Refusals[becauseTrouble] != 1 {
		t.Errorf("got %+v", st)
	}
}
