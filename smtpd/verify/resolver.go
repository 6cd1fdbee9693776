package verify

import (
	"context"
	"net"
	"net/netip"
	"sync"
)

// A Resolver answers the DNS questions of one check. *net.Resolver is one; those
// of NewResolver count each packet. Absent names and absent records are a
// *net.DNSError with IsNotFound.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupAddr(ctx context.Context, addr string) ([]string, error)
}

// NewResolver makes a resolver that asks the DNS server at host:port, or the
// system's servers if server is empty. A host that half answers (addresses of
// one family, trouble with the other) counts as trouble. Not more than MostSockets
// questions are on their way at once; others wait, as for a slow answer.
func NewResolver(server string) *net.Resolver {
	sockets := make(chan struct{}, MostSockets)
	return &net.Resolver{PreferGo: true, StrictErrors: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if server != "" {
			address = server
		}
		if q, ok := ctx.Value(questionKey{}).(*question); ok && !q.mayAsk(network, address) {
			return nil, errSpent
		}
		select {
		case sockets <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			<-sockets
			return nil, err
		}
		return released(conn, func() { <-sockets }), nil
	}}
}

// MostSockets is how many files of this process one resolver opens at once.
const MostSockets = 8000

// released calls closed when a connection is closed. Go tells UDP from TCP by type.
func released(conn net.Conn, closed func()) net.Conn {
	closed = sync.OnceFunc(closed)
	if packets, ok := conn.(*net.UDPConn); ok {
		return releasedUDP{packets, closed}
	}
	return releasedTCP{conn, closed}
}

type releasedUDP struct {
	*net.UDPConn
	closed func()
}

func (c releasedUDP) Close() error {
	defer c.closed()
	return c.UDPConn.Close()
}

type releasedTCP struct {
	net.Conn
	closed func()
}

func (c releasedTCP) Close() error {
	defer c.closed()
	return c.Conn.Close()
}

type questionKey struct{}

// A question counts the packets that a resolver sends for it: Go's connects once
// for each, repeats by TCP what did not fit in UDP, and asks a server that failed
// a second time at once. The last is refused: the lookups ask again later.
type question struct {
	lookups *lookups
	most    int // packets to one server: two where A and AAAA are one question

	mu      sync.Mutex
	paid    int            // packets that are paid for already
	servers map[string]int // packets, by network and address
	refused bool
}

func (q *question) mayAsk(network, address string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	server := network + " " + address
	if q.servers[server] >= q.most {
		return false
	}
	if q.paid > 0 {
		q.paid--
	} else if !q.lookups.spend(&q.lookups.spare, 1) {
		q.refused = true
		return false
	}
	q.servers[server]++
	return true
}

// unpaid reports whether a packet was not sent for want of queries.
func (q *question) unpaid() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.refused
}
