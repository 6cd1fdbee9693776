package mailer

import (
	"errors"
	"net"
	"time"
)

// Patience is how long each step may take (RFC 5321 section 4.5.3.2).
type patience struct {
	dial, greeting, command, data, block, final time.Duration
}

func standardPatience() patience {
	return patience{
		dial:     30 * time.Second,
		greeting: 5 * time.Minute,
		command:  5 * time.Minute,
		data:     2 * time.Minute,
		block:    3 * time.Minute,
		final:    10 * time.Minute,
	}
}

// maxSaid is how much a server may say on one connection, in octets. Replies
// are collected in memory, and a server has no reason to send more.
const maxSaid = 1 << 20

// conn gives every read and write its own deadline, and stops a server that
// never stops talking. One goroutine uses it; any may close it.
type conn struct {
	net.Conn
	wait time.Duration // for each read
	send time.Duration // for each write
	said int
}

func (c *conn) Read(p []byte) (int, error) {
	if c.said >= maxSaid {
		return 0, errors.New("the server talks without end")
	}
	if err := c.SetReadDeadline(time.Now().Add(c.wait)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p[:min(len(p), maxSaid-c.said)])
	c.said += n
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.send)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
