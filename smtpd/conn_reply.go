package smtpd

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"
)

// Write takes a reply of go-smtp, which writes line by line, and learns from it
// where the dialogue stands.
func (c *conn) Write(p []byte) (int, error) {
	if c.greeting {
		c.greeting = false
		c.awaitSilence()
	}
	if c.ended != nil {
		return len(p), nil
	}
	if c.starting && !bytes.HasPrefix(p, []byte("250")) {
		c.starting = false // refused before anybody takes it
	}
	begins := !c.midline && len(p) > 3
	c.midline = !bytes.HasSuffix(p, []byte("\n"))
	line := string(p)
	if begins {
		line = c.amend(line)
	}
	if _, err := c.out.WriteString(line); err != nil {
		// Where the dialogue stands cannot be told any more: what the client sent
		// ahead must not be read, neither as commands nor as mail.
		_ = c.hangUp(becauseHungUp, "")
		return len(p), nil
	}
	if begins && p[3] == ' ' {
		c.answered(line[:3])
	}
	return len(p), nil
}

// amend changes the lines that go-smtp cannot get right from where it stands.
func (c *conn) amend(line string) string {
	switch {
	case c.upgrading:
		return replyStartTLS + "\r\n"
	case strings.HasPrefix(line, "502 "):
		// go-smtp means a bad sequence (RFC 5321 section 4.3.2).
		return "503" + line[3:]
	case c.command.verb != "EHLO":
		return line
	case strings.HasPrefix(line, "250-Hello ") && c.cfg.TLS != nil && !c.secure():
		return line + "250-STARTTLS\r\n"
	case line == "250-SIZE\r\n":
		// Our own limit: that of go-smtp refuses a mail of exactly the size.
		return fmt.Sprintf("250-SIZE %d\r\n", c.cfg.MaxMessageBytes)
	}
	return line
}

// answered follows the dialogue after the last line of a reply.
func (c *conn) answered(code string) {
	switch {
	case c.upgrading:
		c.upgrading = false
		c.upgrade()
		return
	case code == "354":
		c.body = true
		c.startBody()
		return
	case c.body, c.command.verb == "BDAT":
		c.mailAnswered(code)
	case c.command.verb == "EHLO", c.command.verb == "HELO":
		c.greeted = c.greeted || code == "250"
	}
	if code[0] == '5' {
		c.countError()
	}
}

// mailAnswered is the end of a mail or of a chunk. The sender must know at once.
func (c *conn) mailAnswered(code string) {
	if code == "250" && (c.body || c.command.last) {
		c.commands = 0
	}
	c.body = false
	c.chunks = c.command.verb == "BDAT" && code == "250" && !c.command.last
	if c.flush() != nil {
		_ = c.hangUp(becauseHungUp, "")
	}
	c.runLater()
}

// countError takes one from the budget. Temporary refusals cost nothing: they
// are ours, not the client's. A trusted relay has none: it brings the mail of
// many, and the faults of one would stop that of the others.
func (c *conn) countError() {
	if c.trusted {
		return
	}
	if c.command.verb == "RCPT" {
		c.badRecipients++
	} else {
		c.errors++
	}
	if c.errors >= c.cfg.MaxErrors || c.badRecipients >= c.cfg.MaxBadRecipients {
		_ = c.hangUp(becauseErrors, replyTooManyErrors)
		return
	}
	c.tarpit()
}

// say answers a command without go-smtp.
func (c *conn) say(answer string) error {
	if _, err := c.out.WriteString(answer + "\r\n"); err != nil {
		return c.giveUp(err)
	}
	if answer[0] == '5' {
		c.countError()
	}
	return c.ended
}

// awaitSilence holds the greeting back for a moment. Who talks into it does not
// speak SMTP but pours out mail.
func (c *conn) awaitSilence() {
	if c.trusted || c.cfg.BannerDelay <= 0 {
		return
	}
	_ = c.SetReadDeadline(time.Now().Add(c.cfg.BannerDelay))
	_, err := c.in.Peek(1)
	var timeout net.Error
	switch {
	case err == nil:
		_ = c.hangUp(becauseEarly, replyEarly)
	case !errors.As(err, &timeout) || !timeout.Timeout():
		_ = c.hangUp(becauseHungUp, "")
	}
}

// upgrade shakes hands. What the client sent in plain text behind its STARTTLS
// is thrown away (RFC 3207 section 4.2); a failed handshake ends the connection.
func (c *conn) upgrade() {
	if err := c.flush(); err != nil {
		_ = c.hangUp(becauseHungUp, "")
		return
	}
	secure := tls.Server(c.Conn, c.cfg.TLS)
	_ = c.SetDeadline(time.Now().Add(c.cfg.CommandTime))
	if err := secure.Handshake(); err != nil {
		_ = c.hangUp(becauseHandshake, "")
		return
	}
	c.plain, c.greeted = secure, false
	c.in = bufio.NewReaderSize(secure, c.in.Size())
	c.out = bufio.NewWriterSize(timely{secure, c.cfg.CommandTime}, c.out.Size())
}

// gone says that the client has hung up and never will see our answer. A client
// that has sent more already has only stopped sending.
func (c *conn) gone() bool {
	if c.in.Buffered() > 0 {
		return false
	}
	socket, ok := c.Conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return true
	}
	gone := false
	err = raw.Control(func(fd uintptr) {
		n, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		gone = n == 0 && err == nil || errors.Is(err, syscall.ECONNRESET)
	})
	return gone || err != nil
}

// linger reads on for a second after a last word.
func (c *conn) linger() {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if c.ended == nil || !ok || half.CloseWrite() != nil {
		return
	}
	_ = c.SetReadDeadline(time.Now().Add(time.Second))
	_, _ = io.CopyN(io.Discard, c.Conn, 4<<20)
}
