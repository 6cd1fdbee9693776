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
	empty    chan struct{} // closed when stopping and nobody is left

	mu    sync.Mutex
	conns map[*conn]bool
	from  map[netip.Prefix]int
}

func newGuard(l net.Listener, cfg *Config) *guard {
	return &guard{
		Listener: l, cfg: cfg, empty: make(chan struct{}),
		conns: map[*conn]bool{}, from: map[netip.Prefix]int{},
	}
}

// Accept gives the next connection that may come in.
func (g *guard) Accept() (net.Conn, error) {
	for {
		raw, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c, answer := g.admit(raw)
		if answer == "" {
			return c, nil
		}
		_ = raw.SetDeadline(time.Now().Add(time.Second))
		_, _ = io.WriteString(raw, answer+"\r\n")
		_ = raw.Close()
	}
}

// admit takes a connection in, or tells why not.
func (g *guard) admit(raw net.Conn) (c *conn, answer string) {
	client := addressOf(raw)
	trusted := g.cfg.trusts(client)
	c = newConn(raw, client, trusted, g)
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.stopping.Load():
		return nil, replyStopping
	case len(g.conns) >= g.cfg.MaxConnections:
		return nil, replyTooMany
	case !trusted && g.from[networkOf(client)] >= g.cfg.MaxPerIP:
		return nil, replyTooManyHere
	}
	g.conns[c] = true
	g.from[networkOf(client)]++
	return c, ""
}

func (g *guard) remove(c *conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.conns[c] {
		return
	}
	delete(g.conns, c)
	network := networkOf(c.client)
	if g.from[network]--; g.from[network] == 0 {
		delete(g.from, network)
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
