package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
)

// A commitProxy stands between a gateway and PostgreSQL. It reads their protocol
// (PostgreSQL's manual, "Message Formats") just far enough to know when PostgreSQL
// has committed mail, and may keep that to itself: then it hangs up, and the
// gateway cannot know.
type commitProxy struct {
	listener net.Listener
	to       string
	// silent says whether a commit is to be kept from the gateway, of a transaction
	// that stored so many mails.
	silent func(mails int) bool
}

func openCommitProxy(to string, silent func(mails int) bool) (*commitProxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	p := &commitProxy{listener, to, silent}
	if err == nil {
		go p.serve()
	}
	return p, err
}

func (p *commitProxy) addr() string { return p.listener.Addr().String() }
func (p *commitProxy) close()       { _ = p.listener.Close() }

func (p *commitProxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.to)
		if err != nil {
			_ = client.Close()
			continue
		}
		c := &commitLine{client: client, server: server, stores: map[string]bool{}}
		hangUp := sync.OnceFunc(func() { _ = client.Close(); _ = server.Close() })
		go func() { defer hangUp(); _ = c.forward() }()
		go func() { defer hangUp(); _ = c.back(p.silent) }()
	}
}

// A commitLine is one connection of a gateway.
type commitLine struct {
	client, server net.Conn
	stores         map[string]bool // prepared statements that store mail, by name
	mails          atomic.Int64    // stored in the transaction that runs
}

var errKept = errors.New("a commit was kept from the gateway")

// forward carries what the gateway says, and counts the mails that it stores. The
// first message, of the connection's start, has no type.
func (c *commitLine) forward() error {
	in := bufio.NewReader(c.client)
	if err := copyMessage(c.server, in, 0, nil); err != nil {
		return err
	}
	return c.carry(c.server, in, func(kind byte, body []byte) error {
		switch kind {
		case 'P': // Parse: name, SQL
			name, rest, _ := bytes.Cut(body, []byte{0})
			c.stores[string(name)] = storesMail(rest)
		case 'B': // Bind: portal, name, arguments
			_, rest, _ := bytes.Cut(body, []byte{0})
			if name, _, _ := bytes.Cut(rest, []byte{0}); c.stores[string(name)] {
				c.mails.Add(1)
			}
		case 'Q': // a query in one piece
			if storesMail(body) {
				c.mails.Add(1)
			}
		}
		return nil
	})
}

func storesMail(sql []byte) bool {
	return strings.Contains(strings.ToLower(string(sql[:min(len(sql), 1000)])), "insert into inbound")
}

// back carries what PostgreSQL says, unless it is a commit that is to be kept.
func (c *commitLine) back(silent func(mails int) bool) error {
	return c.carry(c.client, bufio.NewReader(c.server), func(kind byte, body []byte) error {
		if kind != 'C' { // CommandComplete
			return nil
		}
		switch tag := string(bytes.TrimRight(body, "\x00")); tag {
		case "COMMIT":
			if silent(int(c.mails.Swap(0))) {
				return errKept
			}
		case "ROLLBACK":
			c.mails.Store(0)
		}
		return nil
	})
}

func (c *commitLine) carry(to io.Writer, from *bufio.Reader, look func(kind byte, body []byte) error) error {
	for {
		kind, err := from.ReadByte()
		if err != nil {
			return err
		}
		if err := copyMessage(to, from, kind, look); err != nil {
			return err
		}
	}
}

// copyMessage copies a message whose type is read already, if it has one.
func copyMessage(to io.Writer, from *bufio.Reader, kind byte, look func(kind byte, body []byte) error) error {
	var length [4]byte
	if _, err := io.ReadFull(from, length[:]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(length[:])
	if size < 4 || size > 1<<28 {
		return errors.New("no message of PostgreSQL's protocol")
	}
	body := make([]byte, size-4)
	if _, err := io.ReadFull(from, body); err != nil {
		return err
	}
	var message []byte
	if look != nil {
		if err := look(kind, body); err != nil {
			return err
		}
		message = append(message, kind)
	}
	_, err := to.Write(append(append(message, length[:]...), body...))
	return err
}
