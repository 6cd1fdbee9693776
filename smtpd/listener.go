package smtpd

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// A guard is the door: it counts who is in, sends away who is too many, and
// empties the house when the server stops.
type guard struct {
	net.Listener
	cfg      *Config
	stopping atomic.Bool
	leaving  chan struct{} // closed when stopping
	empty    chan struct{} // closed when stopping and nobody is left

	refusals  *tally
	tarpitted atomic.Int64

	mu    sync.Mutex
	conns map[*conn]bool
	from  map[netip.Prefix]*network
}

// A network is what counts as one client, while a connection of it is open.
type network struct {
	conns int
	bytes *budget
}

func newGuard(l net.Listener, cfg *Config, refusals *tally) *guard {
	return &guard{
		Listener: l, cfg: cfg, refusals: refusals, leaving: make(chan struct{}), empty: make(chan struct{}),
		conns: map[*conn]bool{}, from: map[netip.Prefix]*network{},
	}
}

// Accept gives the next connection that may come in.
func (g *guard) Accept() (net.Conn, error) {
	for {
		raw, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c, answer, reason := g.admit(raw)
		if answer == "" {
			return c, nil
		}
		g.refusals.count(reason)
		_ = raw.SetDeadline(time.Now().Add(time.Second))
		_, _ = io.WriteString(raw, answer+"\r\n")
		_ = raw.Close()
	}
}

// admit takes a connection in, or tells why not.
func (g *guard) admit(raw net.Conn) (c *conn, answer, reason string) {
	client := addressOf(raw)
	trusted := g.cfg.trusts(client)
	at := networkOf(client)
	g.mu.Lock()
	defer g.mu.Unlock()
	from := g.from[at]
	switch {
	case g.stopping.Load():
		return nil, replyStopping, becauseStopping
	case len(g.conns) >= g.cfg.MaxConnections:
		return nil, replyTooMany, becauseFull
	case !trusted && from != nil && from.conns >= g.cfg.MaxPerIP:
		return nil, replyTooManyHere, becauseFullHere
	}
	if from == nil {
		from = &network{bytes: newBudget(g.cfg.MaxBytesPerIP)}
		g.from[at] = from
	}
	from.conns++
	c = newConn(raw, client, trusted, g)
	c.network = from
	g.conns[c] = true
	return c, "", ""
}

func (g *guard) remove(c *conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.conns[c] {
		return
	}
	delete(g.conns, c)
	if c.network.conns--; c.network.conns == 0 {
		delete(g.from, networkOf(c.client))
	}
	if g.stopping.Load() && len(g.conns) == 0 {
		close(g.empty)
	}
}

// drain closes the door and sends home who waits. Who brings a mail may finish
// it; empty tells when the last one has gone.
func (g *guard) drain() {
	_ = g.Listener.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopping.Swap(true) {
		return
	}
	close(g.leaving)
	if len(g.conns) == 0 {
		close(g.empty)
	}
	for c := range g.conns {
		c.wake()
	}
}

// closeAll ends all connections, whatever they are at.
func (g *guard) closeAll() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.conns {
		_ = c.Conn.Close()
	}
}

func (g *guard) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.conns)
}

func addressOf(c net.Conn) netip.Addr {
	at, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap().WithZone("")
}

// networkOf is what counts as one client: an address, or a /64 of IPv6, which is
// what one customer of a provider has.
func networkOf(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
