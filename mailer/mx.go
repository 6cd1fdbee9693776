package mailer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// How many servers of a domain are tried in one attempt.
const maxHops = 8

// A Direct transport takes each mail to the servers of its recipient's domain
// (RFC 5321 section 5.1). It never connects to a private address: a domain's DNS
// must not make us talk to our own network. Safe for concurrent use.
type Direct struct {
	hello    string
	resolver *net.Resolver
	patience patience
	port     string
	reach    func(netip.Addr) bool
}

// NewDirect makes the transport for --relay mx. Hello is our own host name for
// EHLO; without a resolver it is the system's.
func NewDirect(hello string, resolver *net.Resolver) *Direct {
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	return &Direct{helloName(hello), resolver, standardPatience(), "25", public}
}

// notPublic are the networks beyond those that netip knows by name: this network,
// carrier NAT (RFC 6598), protocols, benchmarks (RFC 2544), reserved, and the
// IPv6 prefixes that lead to any IPv4 address.
const notPublic = `
	0.0.0.0/8 100.64.0.0/10 192.0.0.0/24 198.18.0.0/15 240.0.0.0/4
	64:ff9b::/96 64:ff9b:1::/48 2002::/16 2001::/32`

func public(ip netip.Addr) bool {
	ip = ip.Unmap()
	for network := range strings.FieldsSeq(notPublic) {
		if netip.MustParsePrefix(network).Contains(ip) {
			return false
		}
	}
	return ip.IsGlobalUnicast() && !ip.IsPrivate()
}

func (t *Direct) perDomain() bool { return true }

// route gives the servers to try, best first.
func (t *Direct) route(ctx context.Context, domain string) (hops []*peer, err error) {
	hosts, err := t.exchangers(ctx, domain)
	if err != nil {
		return nil, err
	}
	private := false
	var unknown error
	for _, host := range hosts {
		addresses, err := t.resolver.LookupNetIP(ctx, "ip", host+".")
		if err != nil {
			unknown = err
			continue
		}
		for _, ip := range addresses {
			if !t.reach(ip) {
				private = true
				continue
			}
			hops = append(hops, t.peer(host, ip))
		}
	}
	switch {
	case len(hops) > 0:
		return hops[:min(len(hops), maxHops)], nil
	case private:
		return nil, hopeless{"5.4.4", "the servers of " + domain + " have private addresses only"}
	case notFound(unknown):
		return nil, hopeless{"5.1.2", domain + " has no mail server"}
	}
	return nil, unknown
}

func (t *Direct) peer(host string, ip netip.Addr) *peer {
	return &peer{
		address:  net.JoinHostPort(ip.Unmap().String(), t.port),
		name:     host,
		security: Opportunistic,
		hello:    t.hello,
		patience: t.patience,
	}
}

// exchangers are the domain's MX hosts in order, else the domain itself. A null
// MX says that it takes no mail (RFC 7505).
func (t *Direct) exchangers(ctx context.Context, domain string) (hosts []string, err error) {
	records, err := t.resolver.LookupMX(ctx, domain+".")
	if len(records) == 0 && err != nil && !notFound(err) {
		return nil, fmt.Errorf("MX of %s: %w", domain, err)
	}
	if len(records) == 1 && strings.Trim(records[0].Host, ".") == "" {
		return nil, hopeless{"5.1.10", domain + " takes no mail"}
	}
	for _, record := range records {
		if host := strings.TrimSuffix(record.Host, "."); host != "" {
			hosts = append(hosts, host)
		}
	}
	if len(hosts) == 0 {
		hosts = []string{domain}
	}
	return hosts, nil
}

func notFound(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}
