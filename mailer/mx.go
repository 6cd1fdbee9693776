package mailer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
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
	reach    func(netip.Addr) bool // may be connected to
	own      func(netip.Addr) bool // is this server
}

// NewDirect makes the transport for --relay mx. Hello is our own host name for
// EHLO; without a resolver it is the system's.
func NewDirect(hello string, resolver *net.Resolver) *Direct {
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	return &Direct{helloName(hello), resolver, standardPatience(), "25", public, own}
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

// An exchanger is a server of a domain.
type exchanger struct {
	host       string
	preference uint16
	addresses  []netip.Addr
	err        error
}

// route gives the servers to try, best first. Where one of them is this server,
// only better ones may have the mail: all others would bring it back (RFC 5321
// section 5.1).
func (t *Direct) route(ctx context.Context, domain string) (hops []*peer, err error) {
	servers, err := t.exchangers(ctx, domain)
	if err != nil {
		return nil, err
	}
	for i := range servers {
		s := &servers[i]
		if s.addresses, s.err = t.resolver.LookupNetIP(ctx, "ip", s.host+"."); t.isSelf(s) {
			servers = slices.DeleteFunc(servers[:i], func(better exchanger) bool { return better.preference == s.preference })
			if len(servers) == 0 {
				return nil, errors.New("the mail server of " + domain + " is this server itself")
			}
			break
		}
	}
	return t.hops(domain, servers)
}

func (t *Direct) isSelf(s *exchanger) bool {
	return strings.EqualFold(s.host, t.hello) || slices.ContainsFunc(s.addresses, t.own)
}

// hops are the addresses that may be connected to.
func (t *Direct) hops(domain string, servers []exchanger) (hops []*peer, err error) {
	private := false
	var unknown error
	for _, s := range servers {
		if s.err != nil {
			unknown = s.err
		}
		for _, ip := range s.addresses {
			if t.reach(ip) {
				hops = append(hops, t.peer(s.host, ip))
			} else {
				private = true
			}
		}
	}
	switch {
	case len(hops) > 0:
		return hops[:min(len(hops), maxHops)], nil
	case unknown != nil && !notFound(unknown):
		return nil, unknown
	case private:
		return nil, hopeless{"5.4.4", "the servers of " + domain + " have private addresses only"}
	}
	return nil, hopeless{"5.1.2", domain + " has no mail server"}
}

// own tells whether an address is one of this machine's networks. Loopback is not
// asked about: nothing public leads there.
func own(ip netip.Addr) bool {
	addresses, err := net.InterfaceAddrs()
	return err == nil && !ip.IsLoopback() && slices.ContainsFunc(addresses, func(a net.Addr) bool {
		network, ok := a.(*net.IPNet)
		here, valid := netip.AddrFromSlice(network.IP)
		return ok && valid && here.Unmap() == ip.Unmap()
	})
}

func (t *Direct) peer(host string, ip netip.Addr) *peer {
	return &peer{
		address:  net.JoinHostPort(ip.Unmap().String(), t.port),
		name:     host,
		security: Opportunistic,
		hello:    t.hello,
		patience: t.patience,
		reach:    t.reach,
	}
}

// exchangers are the domain's MX hosts in order, those of equal preference in any
// (the resolver shuffles them), else the domain itself. A null MX says that it takes
// no mail (RFC 7505).
func (t *Direct) exchangers(ctx context.Context, domain string) (servers []exchanger, err error) {
	records, err := t.resolver.LookupMX(ctx, domain+".")
	if len(records) == 0 && err != nil && !notFound(err) {
		return nil, fmt.Errorf("MX of %s: %w", domain, err)
	}
	if len(records) == 1 && strings.Trim(records[0].Host, ".") == "" {
		return nil, hopeless{"5.1.10", domain + " takes no mail"}
	}
	for _, record := range records {
		if host := strings.TrimSuffix(record.Host, "."); host != "" {
			servers = append(servers, exchanger{host: host, preference: record.Pref})
		}
	}
	if len(servers) == 0 {
		servers = []exchanger{{host: domain}}
	}
	return servers[:min(len(servers), maxHops)], nil
}

func notFound(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}
