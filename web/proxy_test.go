package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestTheClientIsWhoAskedTheFirstOfOurProxies(t *testing.T) { // A41
	t.Parallel()
	ours := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, c := range map[string]struct {
		proxies   []netip.Prefix
		from      string
		forwarded []string
		want      string
	}{
		"no proxy is configured":            {nil, "10.0.0.1:99", []string{"192.0.2.7"}, "10.0.0.1"},
		"who asks is no proxy":              {ours, "192.0.2.1:99", []string{"198.51.100.7"}, "192.0.2.1"},
		"a proxy says nothing":              {ours, "10.0.0.1:99", nil, "10.0.0.1"},
		"one proxy":                         {ours, "10.0.0.1:99", []string{"192.0.2.7"}, "192.0.2.7"},
		"a client that lies to one proxy":   {ours, "10.0.0.1:99", []string{"198.51.100.7, 192.0.2.7"}, "192.0.2.7"},
		"two proxies, in one field":         {ours, "10.0.0.1:99", []string{"192.0.2.7, 10.0.0.2"}, "192.0.2.7"},
		"two proxies, in two fields":        {ours, "[fd00::1]:99", []string{"192.0.2.7", "10.0.0.2"}, "192.0.2.7"},
		"a client that names our proxy":     {ours, "10.0.0.1:99", []string{"10.0.0.9, 192.0.2.7"}, "192.0.2.7"},
		"somebody within our own network":   {ours, "10.0.0.1:99", []string{"10.0.0.5"}, "10.0.0.5"},
		"nonsense stops the reading":        {ours, "10.0.0.1:99", []string{"192.0.2.7, nonsense, 10.0.0.2"}, "10.0.0.2"},
		"nonsense alone":                    {ours, "10.0.0.1:99", []string{"<script>"}, "10.0.0.1"},
		"IPv4 in IPv6 is IPv4":              {ours, "[::ffff:10.0.0.1]:99", []string{"::ffff:192.0.2.7"}, "192.0.2.7"},
		"an address of IPv6 without a port": {ours, "10.0.0.1:99", []string{"2001:db8::7"}, "2001:db8::7"},
	} {
		s := &server{proxies: c.proxies}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.from
		for _, value := range c.forwarded {
			r.Header.Add(forwardedFor, value)
		}
		if got := clientOf(s.asked(r)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if r.RemoteAddr != c.from {
			t.Errorf("%s: the request itself was changed", name)
		}
	}
}
