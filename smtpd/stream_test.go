package smtpd

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// A script is the client's side of a connection, given before it begins.
type script struct {
	mu       sync.Mutex
	segments [][]byte
	said     bytes.Buffer
	closed   chan struct{}
	once     sync.Once
}

func (s *script) Read(p []byte) (int, error) {
	for len(s.segments) > 0 && len(s.segments[0]) == 0 {
		s.segments = s.segments[1:]
	}
	if len(s.segments) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.segments[0])
	s.segments[0] = s.segments[0][n:]
	return n, nil
}

func (s *script) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.Write(p)
}

func (s *script) Close() error                     { s.once.Do(func() { close(s.closed) }); return nil }
func (s *script) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (s *script) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(203, 0, 113, 7), Port: 9} }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// A once listener has one connection.
type once struct {
	conn   chan net.Conn
	closed chan struct{}
}

func (l *once) Accept() (net.Conn, error) {
	select {
	case c := <-l.conn:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *once) Close() error   { return nil }
func (l *once) Addr() net.Addr { return &net.TCPAddr{} }

// A recorder keeps the mails that were taken.
type recorder struct {
	mu    sync.Mutex
	most  int
	mails []recorded
}

type recorded struct {
	from string
	to   []string
	data string
}

type recording struct {
	r    *recorder
	peer *conn
	mail recorded
}

func (r *recorder) NewSession(c *smtp.Conn) (smtp.Session, error) {
	peer, _ := c.Conn().(*conn)
	return &recording{r: r, peer: peer}, nil
}

func (s *recording) Mail(from string, _ *smtp.MailOptions) error {
	s.mail = recorded{from: from}
	return nil
}
func (s *recording) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.to = append(s.mail.to, to)
	return nil
}
func (s *recording) Reset()        {}
func (s *recording) Logout() error { return nil }
func (s *recording) Data(r io.Reader) error {
	s.peer.taking()
	mail := s.mail
	r, done := bodyOf(s.peer, r)
	defer done()
	data, err := io.ReadAll(io.LimitReader(r, int64(s.r.most)+1))
	if err != nil {
		return errUnconfirmed
	}
	if len(data) > s.r.most {
		return errTooBig
	}
	mail.data = string(data)
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.r.mails = append(s.r.mails, mail)
	return nil
}

// play runs a dialogue and returns what was said and taken.
func play(t *testing.T, segments ...[]byte) (said string, mails []recorded) {
	t.Helper()
	rec := &recorder{most: 4000}
	said = playFor(t, rec, segments...)
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return said, rec.mails
}

func playFor(t *testing.T, backend smtp.Backend, segments ...[]byte) (said string) {
	t.Helper()
	cfg := Config{Hostname: "mx.desk.test", Domain: "desk.test", MaxMessageBytes: 4000, BannerDelay: -1, TarpitStep: -1}.withDefaults()
	s := &script{segments: segments, closed: make(chan struct{})}
	l := &once{conn: make(chan net.Conn, 1), closed: s.closed}
	l.conn <- s
	g := newGuard(l, &cfg, newTally())
	log := &complaints{}
	_ = library(&cfg, backend, slog.New(slog.NewTextHandler(log, nil))).Serve(g)
	if told := log.String(); strings.Contains(told, "panic") {
		t.Fatalf("the library tells: %s", told)
	}
	return s.said.String()
}

// complaints are what the library logs.
type complaints struct {
	mu sync.Mutex
	bytes.Buffer
}

func (c *complaints) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Buffer.Write(p)
}

func (c *complaints) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Buffer.String()
}

// byByte cuts a stream into single octets.
func byByte(stream []byte) [][]byte {
	var segments [][]byte
	for i := range stream {
		segments = append(segments, stream[i:i+1])
	}
	return segments
}

// every cuts a stream into pieces of n octets.
func every(n int, stream []byte) [][]byte {
	var segments [][]byte
	for len(stream) > n {
		segments, stream = append(segments, stream[:n]), stream[n:]
	}
	return append(segments, stream)
}

const opening = "EHLO a.test\r\nMAIL FROM:<cara@acme.test>\r\nRCPT TO:<support@desk.test>\r\n"

// T06: whatever looks like an end of the mail but is none, what follows stays mail.
func TestA1AFalseEndOfAMailEndsNothing(t *testing.T) {
	t.Parallel()
	const second = "MAIL FROM:<ceo@victim.test>\r\nRCPT TO:<support@desk.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nx"
	for _, end := range []string{
		"\n.\n", "\n.\r\n", "\r.\r", "\r\n.\n", "\r\n.\r", "\r.\r\n", "\n\n.\r\n",
		"\r\n\x00.\r\n", "\r\n.\x00\r\n", "\r\r\n.\r\n", "\r\n.\r\r\n",
	} {
		stream := []byte(opening + "DATA\r\nSubject: first\r\n\r\nwords" + end + second + "\r\n.\r\nQUIT\r\n")
		for _, segments := range [][][]byte{{stream}, byByte(stream)} {
			said, mails := play(t, segments...)
			if len(mails) != 1 || mails[0].from != "cara@acme.test" {
				t.Errorf("%q: took %d mails %q, want the first only\n%s", end, len(mails), mails, said)
				continue
			}
			if !strings.Contains(mails[0].data, "MAIL FROM:<ceo@victim.test>") {
				t.Errorf("%q: the second dialogue is not in the mail", end)
			}
		}
	}
}

// A chunk that stops coming is no mail.
func TestA3ATruncatedBDATIsNotAMessage(t *testing.T) {
	t.Parallel()
	for _, stream := range []string{
		opening + "BDAT 1000 LAST\r\nSubject: cut\r\n\r\n",
		opening + "BDAT 10\r\n0123456789",
		opening + "BDAT 10\r\n0123456789BDAT 5 LAST\r\n012",
		opening + "DATA\r\nSubject: cut\r\n\r\nwords\r\n",
		opening + "DATA\r\nSubject: cut\r\n\r\nwords\r\n.",
	} {
		said, mails := play(t, []byte(stream))
		if len(mails) != 0 || strings.Contains(said, "queued") {
			t.Errorf("%q: took %q\n%s", stream, mails, said)
		}
	}
}

// Seen by the fuzzer: go-smtp ended the session before the goroutine of the mail
// had asked for it, when the client had gone right after its BDAT.
func TestAClientThatGoesRightAfterBDATCausesNoPanic(t *testing.T) {
	t.Parallel()
	for range 3000 {
		for _, stream := range []string{opening + "BDAT 1000 LAST\r\n", opening + "BDAT 1000\r\n", opening + "BDAT 0\r\n"} {
			if said, mails := play(t, []byte(stream)); len(mails) != 0 {
				t.Fatalf("took %q\n%s", mails, said)
			}
		}
	}
}

// After a line whose chunk cannot be found, nothing may run as a command.
func TestA3AChunkOfUnknownLengthEndsTheConnection(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"BDAT", "BDAT x", "BDAT -1", "BDAT 5 FIRST", "BDAT 5 LAST x", "BDAT 5LAST", "BDAT 4294967296 LAST",
		"BDAT 99999999999 LAST", "BDAT\t5", "BDAT 0x5", "bdat 5\x00", "BDAT 30000 LAST",
	} {
		said, mails := play(t, []byte(opening+line+"\r\nRSET\r\nMAIL FROM:<ceo@victim.test>\r\n"))
		if len(mails) != 0 || strings.Contains(said, "ceo@victim.test") {
			t.Errorf("%q: went on after it:\n%s", line, said)
		}
	}
}

func TestChunksMakeOneMail(t *testing.T) {
	t.Parallel()
	said, mails := play(t, []byte(opening+"BDAT 6\r\nA: b\r\nBDAT 0\r\nBDAT 11\r\n\r\n.\r\nQUIT\r\nbdat 3 last\r\nbye"+
		opening[13:]+"DATA\r\nC: d\r\n\r\nhi\r\n.\r\nQUIT\r\n"))
	if len(mails) != 2 || mails[0].data != "A: b\r\n\r\n.\r\nQUIT\r\nbye" || mails[1].data != "C: d\r\n\r\nhi\r\n" {
		t.Errorf("took %q\n%s", mails, said)
	}
}

// RSET in the middle of chunks, whose words must not reach the next mail.
func TestA3AMailGivenUpBetweenChunksLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, forget := range []string{"RSET", "EHLO b.test", "HELO b.test", "STARTTLS"} {
		said, mails := play(t, []byte(opening+"BDAT 4\r\nold "+forget+"\r\n"+opening[13:]+"BDAT 3 LAST\r\nnew"))
		if len(mails) != 0 || !strings.Contains(said, "421 4.5.1") {
			t.Errorf("%s: took %q\n%s", forget, mails, said)
		}
	}
}

// T09a
func TestPostmasterAloneIsOurs(t *testing.T) {
	t.Parallel()
	body := "To: x\r\n\r\nRCPT TO:<postmaster>\r\n"
	for _, mail := range []string{
		"DATA\r\n" + body + ".\r\n",
		"BDAT " + strconv.Itoa(len(body)) + " LAST\r\n" + body,
	} {
		said, mails := play(t, []byte(opening+"RCPT TO:<postmaster>\r\nrcpt to: <PostMaster>\r\n"+mail))
		if len(mails) != 1 || strings.Join(mails[0].to, " ") !=
			"support@desk.test postmaster@desk.test PostMaster@desk.test" || mails[0].data != body {
			t.Errorf("took %q\n%s", mails, said)
		}
	}
}

func TestA6AnEndlessCommandLineIsCutOff(t *testing.T) {
	t.Parallel()
	said, _ := play(t, []byte("EHLO a.test\r\nNOOP "+strings.Repeat("x", 3<<20)))
	if !strings.HasSuffix(said, replyLineTooLong+"\r\n") {
		t.Errorf("said %q", said)
	}
}

func TestA6EndlessTalkEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ line, last string }{
		{"NOOP", replyTooMuchTalk}, {"RSET", replyTooMuchTalk}, {"VRFY x", replyTooMuchTalk},
		{"RCPT TO:<@a.test:b@c.test>", replyTooManyErrors}, {"NOOP \x00", replyTooManyErrors},
		{"HELP", replyTooMuchTalk}, {"EXPN x", replyTooManyErrors}, {"AUTH PLAIN AGEAYg==", replyTooManyErrors}, {"x", replyTooManyErrors}, {"BDAT 0", replyTooManyErrors},
	} {
		said, _ := play(t, []byte("EHLO a.test\r\n"+strings.Repeat(c.line+"\r\n", 100_000)))
		if !strings.HasSuffix(said, c.last+"\r\n") || len(said) > 100_000 {
			t.Errorf("%s: said %d octets, at last %q", c.line, len(said), said[max(0, len(said)-100):])
		}
	}
}

// The outcome may not depend on how the network cuts the stream.
func FuzzADialogueDoesNotDependOnItsSegments(f *testing.F) {
	for _, seed := range []string{
		opening + "DATA\r\na\r\n.\r\nQUIT\r\n",
		opening + "DATA\r\na.\r\n..\r\n.\r\n.\r\nNOOP\r\n",
		opening + "DATA\r\n.\rx\r\n.\r\r\n.\r\nNOOP\r\n.\r\nNOOP\r\n",
		opening + "BDAT 3\r\nab.BDAT 4 LAST\r\n\r\n.\r\nMAIL FROM:<x@y.test>\r\n",
		opening + "BDAT 3\r\nabcRSET\r\n", opening + "BDAT 9 LAST\r\nabc",
		opening + "DATA\r\n.\r\n" + opening + "DATA\r\n\r\n\r\n.\r\n",
		"STARTTLS\r\nEHLO x\r\n", "MAIL FROM:<a@b> SIZE=99999999999\r\n", "\r\n\n\r", "RCPT TO:<postmaster>\n",
		opening + "BDAT 5000 LAST\r\n" + strings.Repeat("x", 5000) + "NOOP\r\n",
		opening + "DATA\r\n" + strings.Repeat("x", 5000) + "\r\n.\r\nNOOP\r\n",
	} {
		f.Add([]byte(seed), 3)
	}
	f.Fuzz(func(t *testing.T, stream []byte, n int) {
		if len(stream) > 20_000 {
			return
		}
		said, mails := play(t, bytes.Clone(stream))
		for _, segments := range [][][]byte{byByte(bytes.Clone(stream)), every(max(2, n%100), bytes.Clone(stream))} {
			again, same := play(t, segments...)
			if said != again || len(mails) != len(same) {
				t.Fatalf("whole: %q\n%s\ncut: %q\n%s", mails, said, same, again)
			}
			for i := range mails {
				if mails[i].data != same[i].data || mails[i].from != same[i].from {
					t.Fatalf("mail %d differs: %q, %q", i, mails[i], same[i])
				}
			}
		}
	})
}

// A mail that an honest client sends arrives as it was, and alone.
func FuzzAMailArrivesAsItWasSent(f *testing.F) {
	for _, seed := range []string{
		"", "a", ".", "..", ".\r\n", "\r\n.\r\n", "\n.\n", "\r\n.\r\nMAIL FROM:<ceo@victim.test>\r\n", "x\r\r\n", "\x00\xff",
		strings.Repeat("line.\r\n", 500),
	} {
		f.Add(seed, 7)
	}
	f.Fuzz(func(t *testing.T, body string, n int) {
		if len(body) > 3000 || strings.Contains(body+"\r\n", "\r\r\n") {
			return // go-smtp sees no line end in CR CR LF
		}
		body += "\r\n"
		stuffed := strings.ReplaceAll("\r\n"+body, "\r\n.", "\r\n..")[2:]
		cut := len(body) / max(1, n%5)
		cut = max(0, min(cut, len(body)))
		for name, mail := range map[string]string{
			"DATA": "DATA\r\n" + stuffed + ".\r\n",
			"BDAT": "BDAT " + strconv.Itoa(cut) + "\r\n" + body[:cut] +
				"BDAT " + strconv.Itoa(len(body)-cut) + " LAST\r\n" + body[cut:],
		} {
			said, mails := play(t, every(max(1, n%50), []byte(opening+mail+"QUIT\r\n"))...)
			if len(mails) != 1 || mails[0].data != body {
				t.Fatalf("%s: sent %q, took %q\n%s", name, body, mails, said)
			}
		}
	})
}
