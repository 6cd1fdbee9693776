package web

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// forwardedFor is where each proxy writes who asked it, behind what it was told.
const forwardedFor = "X-Forwarded-For"

// asked gives a request the address of who made it, as far as configured proxies
// passed it on (behaviour.md section 8): read from behind, the first address that is
// none of theirs. What stands before that was written by nobody whom we know.
func (s *server) asked(r *http.Request) *http.Request {
	from, ok := s.beforeProxies(clientOf(r), r.Header.Values(forwardedFor))
	if !ok {
		return r
	}
	passedOn := *r
	passedOn.RemoteAddr = net.JoinHostPort(from, "0")
	return &passedOn
}

func (s *server) beforeProxies(from string, forwarded []string) (before string, ok bool) {
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !s.proxied(from) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		from, ok = next.Unmap().WithZone("").String(), true
	}
	return from, ok
}

func (s *server) proxied(address string) bool {
	a, err := netip.ParseAddr(address)
	return err == nil && slices.ContainsFunc(s.proxies, func(p netip.Prefix) bool { return p.Contains(a.Unmap().WithZone("")) })
}
