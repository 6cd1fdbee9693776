package smtpd

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// maxCommand bounds a command line, in octets. go-smtp repeats addresses in its
// replies; a reply has to fit into its buffer of 4,096 to reach Write in one piece.
const maxCommand = 2048

// A conn stands between the socket and go-smtp, above TLS: it does the handshake
// of STARTTLS itself, because only so it sees the dialogue, and an end of the
// stream without the end of the mail, inside of TLS too.
//
// It hands go-smtp one command at a time, so that each reply belongs to one
// command, and no octet of a mail is ever read as a command or the other way
// round. Once reading has failed it fails for ever.
type conn struct {
	net.Conn // the TCP connection
	guard    *guard
	cfg      *Config
	client   netip.Addr
	network  *network
	trusted  bool
	began    time.Time

	plain net.Conn // where the dialogue goes: the TCP connection or TLS over it
	in    *bufio.Reader
	out   *bufio.Writer
	ready []byte // what go-smtp may read now

	greeting  bool    // the banner is still to come
	greeted   bool    // EHLO or HELO was taken, after the last STARTTLS
	upgrading bool    // the reply to come is that of STARTTLS
	midline   bool    // the reply line is not yet complete
	command   command // whose reply is to come
	body      bool    // DATA was taken and its end not yet seen
	last      [2]byte // octets of it that went to go-smtp
	chunk     int64   // octets of a BDAT that are still to come
	chunks    bool    // a mail in chunks is under way
	starting  bool    // go-smtp may be about to start the goroutine that takes one
	begun     chan struct{}
	bodyBegan time.Time
	due       time.Time // when more of the mail has to be here
	received  int64     // octets since bodyBegan

	commands, errors, badRecipients int

	mu         sync.Mutex
	idle       bool   // waits for a command with no mail under way
	afterwards func() // what the 250 that is to come promises
	closing    sync.Once
	ended      error
}

// ended is why nothing more can be read. go-smtp takes it for a closed
// connection, which it handles quietly, and never for the end of a mail.
type ended struct{ cause string }

func (e *ended) Error() string { return "connection ended: " + e.cause }
func (e *ended) Unwrap() error { return net.ErrClosed }

var (
	errLineTooLong = errors.New("command line too long")
	errStopping    = errors.New("stopping")
)

func newConn(raw net.Conn, client netip.Addr, trusted bool, g *guard) *conn {
	return &conn{
		Conn: raw, guard: g, cfg: g.cfg, client: client, trusted: trusted, began: time.Now(),
		plain: raw, in: bufio.NewReaderSize(raw, 4<<10), out: bufio.NewWriterSize(timely{raw, g.cfg.CommandTime}, 1<<10),
		greeting: true, begun: make(chan struct{}, 1),
	}
}

// timely gives each write its time, those too that a full buffer makes.
type timely struct {
	net.Conn
	time time.Duration
}

func (w timely) Write(p []byte) (int, error) {
	if err := w.SetWriteDeadline(time.Now().Add(w.time)); err != nil {
		return 0, err
	}
	return w.Conn.Write(p)
}

// Read gives one command line, or a piece of a mail.
func (c *conn) Read(p []byte) (int, error) {
	for len(c.ready) == 0 {
		c.awaitTaker()
		if c.ended != nil {
			return 0, c.ended
		}
		var err error
		switch {
		case c.body, c.chunk > 0:
			err = c.nextPiece()
		default:
			err = c.nextCommand()
		}
		if err != nil {
			return 0, err
		}
	}
	n := copy(p, c.ready)
	c.ready = c.ready[n:]
	return n, nil
}

// nextCommand gets the next command ready, or answers it here.
func (c *conn) nextCommand() error {
	line, err := c.readLine()
	if err != nil {
		return c.giveUp(err)
	}
	cmd := readCommand(line, c.cfg.Domain)
	c.command = cmd
	c.commands++
	switch {
	case c.commands > c.cfg.MaxIdleCommands:
		return c.hangUp(becauseTalk, replyTooMuchTalk)
	case c.chunks && cmd.forgets():
		// go-smtp would begin the next mail while it still takes this one.
		return c.hangUp(becauseGivenUp, replyMidChunks)
	case cmd.final && cmd.verb != "BDAT":
		return c.hangUp(becauseOther, cmd.answer)
	case cmd.final:
		return c.hangUp(becauseChunk, cmd.answer)
	case cmd.chunk > 4*c.cfg.MaxMessageBytes:
		return c.hangUp(becauseChunk, replyChunkTooBig)
	case cmd.answer != "":
		return c.say(cmd.answer)
	case cmd.verb == "BDAT" && cmd.last && cmd.chunk == 0 && !c.chunks:
		return c.say(replyNoMail)
	case cmd.verb == "MAIL" && c.secure() && !c.greeted:
		return c.say(replyGreetAgain)
	case cmd.isStartTLS() && c.secure():
		return c.say(replyTLSAlready)
	case cmd.isStartTLS() && c.cfg.TLS == nil:
		return c.say(replyNoTLS)
	case cmd.isStartTLS():
		// To go-smtp this is a RSET: nothing said before counts (RFC 3207 section 4.2).
		c.upgrading = true
		cmd.line = []byte("RSET\r\n")
	case cmd.verb == "BDAT":
		c.chunk = cmd.chunk
		if c.starting = !c.chunks; c.starting {
			select { // of an earlier mail
			case <-c.begun:
			default:
			}
		}
		c.startBody()
	}
	c.ready = cmd.line
	return nil
}

// readLine reads a command, in CommandTime at most and inside of the session's.
func (c *conn) readLine() ([]byte, error) {
	deadline := time.Now().Add(c.cfg.CommandTime)
	if end := c.began.Add(c.cfg.SessionTime); !c.trusted && end.Before(deadline) {
		deadline = end
	}
	if c.chunks && c.due.Before(deadline) {
		deadline = c.due // the next chunk is a part of its mail
	}
	if !time.Now().Before(deadline) {
		return nil, os.ErrDeadlineExceeded // commands lie ready, but no time
	}
	for {
		buf, _ := c.in.Peek(c.in.Buffered())
		if i := bytes.IndexByte(buf, '\n'); i >= 0 && i < maxCommand {
			_, _ = c.in.Discard(i + 1)
			return bytes.Clone(buf[:i+1]), nil
		}
		if len(buf) >= maxCommand {
			return nil, errLineTooLong
		}
		if err := c.wait(deadline); err != nil {
			return nil, err
		}
	}
}

// wait sends what was answered and waits for more octets.
func (c *conn) wait(deadline time.Time) error {
	if err := c.flush(); err != nil {
		return err
	}
	idle := !c.body && c.chunk == 0 && !c.chunks
	c.mu.Lock()
	if idle && c.guard.stopping.Load() {
		c.mu.Unlock()
		return errStopping
	}
	c.idle = idle
	err := c.SetReadDeadline(deadline)
	c.mu.Unlock()
	if err == nil {
		_, err = c.in.Peek(c.in.Buffered() + 1)
	}
	c.mu.Lock()
	c.idle = false
	c.mu.Unlock()
	if err != nil && idle && c.guard.stopping.Load() {
		return errStopping
	}
	return err
}

// wake ends a wait for a command.
func (c *conn) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.idle {
		_ = c.SetReadDeadline(time.Unix(1, 0))
	}
}

// giveUp ends the connection because of err, with the fitting last word.
func (c *conn) giveUp(err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, errStopping):
		return c.hangUp(becauseStopping, replyStopping)
	case errors.Is(err, errLineTooLong):
		return c.hangUp(becauseLine, replyLineTooLong)
	case errors.As(err, &timeout) && timeout.Timeout():
		switch {
		case !c.trusted && time.Since(c.began) >= c.cfg.SessionTime:
			return c.hangUp(becauseSession, replySessionOver)
		case c.body || c.chunk > 0 || c.chunks:
			return c.hangUp(becauseSlow, replyIdle)
		}
		return c.hangUp(becauseIdle, replyIdle)
	}
	return c.hangUp(becauseHungUp, "")
}

// hangUp says a last word. From now on every read fails and nothing that go-smtp
// writes goes out: it would say things that are not so, such as a 554 because
// the mail stopped coming.
func (c *conn) hangUp(reason, lastWord string) error {
	if c.ended == nil {
		c.ended = &ended{reason}
		c.guard.refusals.count(reason)
		c.ready = nil
		if lastWord != "" {
			_, _ = c.out.WriteString(lastWord + "\r\n")
		}
		_ = c.flush()
	}
	return c.ended
}

func (c *conn) flush() error {
	if c.out.Buffered() == 0 {
		return nil
	}
	return c.out.Flush()
}

// Close says what is left to say, and waits a moment for the client to read it:
// a socket closed with octets unread throws the last words away.
func (c *conn) Close() error {
	var err error
	c.closing.Do(func() {
		defer c.guard.remove(c)
		_ = c.flush()
		c.runLater()
		c.linger()
		_ = c.hangUp(becauseHungUp, "") // go-smtp reads on after QUIT
		err = c.plain.Close()
	})
	return err
}

// later keeps what is to be done once the answer to the mail has gone out, or
// cannot go out any more.
func (c *conn) later(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.afterwards = do
}

func (c *conn) runLater() {
	c.mu.Lock()
	do := c.afterwards
	c.afterwards = nil
	c.mu.Unlock()
	if do != nil {
		do()
	}
}

// share is the part of the byte budget that the client's network may have.
func (c *conn) share() *budget {
	if c.trusted {
		return nil
	}
	return c.network.bytes
}

func (c *conn) secure() bool {
	_, ok := c.plain.(*tls.Conn)
	return ok
}
