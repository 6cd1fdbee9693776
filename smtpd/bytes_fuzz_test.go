package smtpd

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"
)

var replyLine = regexp.MustCompile(`^[2-5][0-9][0-9][ -][^\r\n\x00]*\r\n$`)

// The four states that a stream of octets is thrown at.
var states = []struct {
	name, before string
	tls          bool
}{
	{"before EHLO", "", false},
	{"after MAIL", "EHLO a.test\r\nMAIL FROM:<cara@acme.test>\r\n", false},
	{"in DATA", opening + "DATA\r\n", false},
	{"in TLS", "", true},
}

// inTLS throws a stream at a server inside of TLS.
func inTLS(t *testing.T, certificate *tls.Config, stream []byte) (said string, mails []recorded) {
	t.Helper()
	cfg := Config{Hostname: "mx.desk.test", Domain: "desk.test", MaxMessageBytes: 4000, BannerDelay: -1, TarpitStep: -1,
		TLS: hardened(certificate)}.withDefaults()
	rec := &recorder{most: 4000}
	ours, theirs := net.Pipe()
	l := &once{conn: make(chan net.Conn, 1), closed: make(chan struct{})}
	l.conn <- far{theirs}
	served := make(chan struct{})
	g := newGuard(l, &cfg, newTally())
	go func() { defer close(served); _ = library(&cfg, rec, slog.New(slog.DiscardHandler)).Serve(g) }()
	_ = ours.SetDeadline(time.Now().Add(20 * time.Second))
	in := bufio.NewReader(ours)
	for _, step := range []string{"", "EHLO a.test\r\n", "STARTTLS\r\n"} {
		if step != "" { // a pipe waits for somebody to read nothing
			if _, err := io.WriteString(ours, step); err != nil {
				t.Fatal(err)
			}
		}
		for line := "   -"; line[3] == '-'; {
			var err error
			if line, err = in.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
	}
	secure := tls.Client(ours, &tls.Config{InsecureSkipVerify: true})
	if err := secure.Handshake(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = secure.Write(stream)
		_ = secure.CloseWrite()
	}()
	answer, err := io.ReadAll(secure)
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		t.Fatalf("it hangs after %q", answer)
	}
	_ = ours.Close()
	until(t, "the connection is gone", func() bool { return g.count() == 0 })
	close(l.closed)
	<-served
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return string(answer), rec.mails
}

// far is a connection from far away.
type far struct{ net.Conn }

func (far) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(203, 0, 113, 7), Port: 9} }

// Whatever comes, in whatever state: the connection ends, each line that we say is
// a reply, and there are as many mails as were promised.
func FuzzSMTPBytes(f *testing.F) {
	weak, err := selfSigned()
	if err != nil {
		f.Fatal(err)
	}
	for state := range states {
		for _, seed := range []string{
			"", "\r\n", "\x00", "QUIT\r\n", "EHLO a\r\n", "EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<postmaster>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n",
			"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 3\r\nabcBDAT 0 LAST\r\n", "BDAT 5 LAST\r\nabc", "RCPT TO:<a@b>\r\nDATA\r\n.\r\n",
			"STARTTLS\r\n\x16\x03\x01", ".\r\n", "\r\n.\r\nMAIL FROM:<ceo@victim.test>\r\n", "\n.\n", "\r.\r", "AUTH PLAIN AA==\r\n", "GET / HTTP/1.0\r\n\r\n",
			strings.Repeat("x", 3000), strings.Repeat("x\r\n", 3000) + ".\r\n", strings.Repeat("NOOP\r\n", 1200), "MAIL FROM:<\xff> SMTPUTF8 SIZE=\r\n",
		} {
			f.Add([]byte(seed), uint8(state))
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte, n uint8) {
		if len(stream) > 64<<10 {
			return
		}
		state := states[int(n)%len(states)]
		var said string
		var mails []recorded
		if state.tls {
			said, mails = inTLS(t, weak, stream)
		} else {
			said, mails = play(t, append([]byte(state.before), bytes.Clone(stream)...))
		}
		promised := strings.Count(said, "250 2.0.0 OK: queued\r\n")
		for line := range strings.Lines(said) {
			if !replyLine.MatchString(line) {
				t.Fatalf("%s: %q is no reply", state.name, line)
			}
		}
		if len(mails) != promised {
			t.Fatalf("%s: %d mails were taken and %d promised\n%s", state.name, len(mails), promised, said)
		}
	})
}
