package smtpd

import (
	"bytes"
	"time"
)

// nextPiece gets ready what has come of a mail.
func (c *conn) nextPiece() error {
	if c.received > 4*c.cfg.MaxMessageBytes {
		return c.hangUp(becauseTooBig, replyFlood)
	}
	for {
		buf, _ := c.in.Peek(c.in.Buffered())
		skip, n := 0, int(min(int64(len(buf)), c.chunk))
		if c.body && len(buf) > 0 {
			skip, n = bodyPiece(c.last, buf)
		}
		if n > 0 {
			c.take(buf[skip:skip+n], skip)
			return nil
		}
		if err := c.wait(c.bodyDeadline()); err != nil {
			return c.giveUp(err)
		}
	}
}

// take gets a piece ready that lies in the buffer behind skipped octets.
func (c *conn) take(piece []byte, skipped int) {
	n := len(piece)
	_, _ = c.in.Discard(skipped + n) // leaves the octets in place until the next read
	c.ready = piece
	c.received += int64(n)
	c.earn(n)
	if !c.body {
		c.chunk -= int64(n)
		return
	}
	c.last[0], c.last[1] = c.last[1], piece[n-1]
	if n > 1 {
		c.last[0] = piece[n-2]
	}
}

// bodyPiece tells what of buf go-smtp may read at once while it takes a mail
// after DATA: n octets behind the skipped ones, or none until there is more. last
// are the two octets before buf. A piece never goes beyond a possible end of the
// mail, so that go-smtp holds no command back when it sees the end; where the end
// is, it alone decides. Of a line that begins with a dot and a lone CR it would
// drop both, and only the dot is not the mail's (RFC 5321 section 4.5.2): such a
// line goes to it without its dot.
func bodyPiece(last [2]byte, buf []byte) (skip, n int) {
	end := []byte(".\r\n")
	switch {
	case last[1] == '\r' && buf[0] == '\n':
		return 0, 1
	case last != [2]byte{'\r', '\n'}:
	case bytes.HasPrefix(buf, end):
		return 0, len(end)
	case bytes.HasPrefix(end, buf):
		return 0, 0
	case bytes.HasPrefix(buf, end[:2]):
		skip = 1
	}
	rest := buf[skip:]
	if i := bytes.Index(rest, []byte("\r\n.\r")); i >= 0 {
		return skip, i + 2
	}
	if bytes.HasSuffix(rest, []byte("\r\n.")) {
		return skip, len(rest) - 1
	}
	return skip, len(rest)
}

// startBody begins a mail. A further chunk of one begins nothing: its time goes on.
func (c *conn) startBody() {
	if c.chunks {
		return
	}
	now := time.Now()
	c.bodyBegan, c.due = now, now.Add(c.cfg.CommandTime)
	c.received, c.last = 0, [2]byte{'\r', '\n'}
}

// earn gives time for octets that have come, MinRate of them for a second. Nobody
// earns more than one CommandTime ahead: who sent much and then drips would hold
// its memory for as long as a mail may take.
func (c *conn) earn(octets int) {
	c.due = c.due.Add(time.Duration(octets) * time.Second / time.Duration(c.cfg.MinRate))
	if most := time.Now().Add(c.cfg.CommandTime); most.Before(c.due) {
		c.due = most
	}
}

// bodyDeadline is when the next octets of a mail have to be here: no pause
// longer than CommandTime, MinRate on the average, and no mail longer than
// SessionTime.
func (c *conn) bodyDeadline() time.Time {
	if end := c.bodyBegan.Add(c.cfg.SessionTime); !c.trusted && end.Before(c.due) {
		return end
	}
	return c.due
}

// awaitTaker waits until the goroutine that takes a mail in chunks runs. go-smtp
// starts it and goes on; if the client has gone by then, it ends the session
// first, and the goroutine calls a session that is no more.
func (c *conn) awaitTaker() {
	if !c.starting {
		return
	}
	c.starting = false
	timer := time.NewTimer(c.cfg.CommandTime)
	defer timer.Stop()
	select {
	case <-c.begun:
	case <-timer.C:
	}
}

// taking says that somebody takes the mail under way.
func (c *conn) taking() {
	select {
	case c.begun <- struct{}{}:
	default:
	}
}
