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
// one family, trouble with the other) counts as trouble.
func NewResolver(server string) *net.Resolver {
	return &net.Resolver{PreferGo: true, StrictErrors: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if server != "" {
			address = server
		}
		if q, ok := ctx.Value(questionKey{}).(*question); ok && !q.mayAsk(network, address) {
			return nil, errSpent
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
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
