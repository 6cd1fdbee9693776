package verify

import (
	"context"
	"net"
	"net/netip"
)

// A Resolver answers the DNS questions of one check. *net.Resolver is one.
// Absent names and absent records are a *net.DNSError with IsNotFound.
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
	r := &net.Resolver{PreferGo: true, StrictErrors: true}
	if server != "" {
		r.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, server)
		}
	}
	return r
}
