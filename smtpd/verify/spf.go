package verify

import (
	"context"
	"net"
	"net/netip"
	"strings"

	"blitiri.com.ar/go/spf"
)

// A spfAnswer is an SPF result (RFC 7208 section 2.6) and whose it is.
type spfAnswer struct {
	result spf.Result
	domain string // canonical; empty if there was nobody to ask about
}

func (a spfAnswer) String() string {
	return strings.TrimSpace(string(a.result) + " " + a.domain)
}

// askSPF checks the envelope's sender, or the HELO name for the null sender
// (RFC 7208 sections 2.3 and 2.4). Without a client address or a domain the
// result is none.
func askSPF(ctx context.Context, l *lookups, client netip.Addr, helo, from string) spfAnswer {
	client = client.Unmap().WithZone("")
	local, domain := spfSender(helo, from)
	if domain == "" || !client.IsValid() || len(local) > 255 {
		return spfAnswer{result: spf.None}
	}
	result, err := spf.CheckHostWithSender(client.AsSlice(), helo, local+"@"+domain,
		spf.WithContext(ctx), spf.WithResolver(spfLookups{l, client.Is6()}))
	if result == spf.TempError && spent(err) {
		// A record that costs more than a mail may cost proves nobody, like one of
		// more than ten terms (RFC 7208 section 4.6.4).
		result = spf.PermError
	}
	return spfAnswer{result: result, domain: domain}
}

// spfSender is whom SPF asks about; without a domain there is nobody.
func spfSender(helo, from string) (local, domain string) {
	if from == "" {
		return "postmaster", canonical(helo)
	}
	at := strings.LastIndexByte(from, '@')
	if at < 0 {
		return "", ""
	}
	// The library cuts at the first @, a quoted local part may hold one.
	return strings.ReplaceAll(from[:at], "@", "_"), canonical(from[at+1:])
}

// readAhead asks for the record that SPF begins with.
func readAhead(ctx context.Context, l *lookups, helo, from string) {
	if _, domain := spfSender(helo, from); domain != "" {
		_, _ = l.LookupTXT(ctx, domain) // remembered, whatever it is
	}
}

// spfLookups gives the SPF library the addresses of the families that can match.
type spfLookups struct {
	*lookups
	six bool
}

// LookupIPAddr asks for the addresses of a host: of an IPv4 client's family alone;
// for IPv6 the other one only where there is none, since "exists" asks for A
// (RFC 7208 section 5.7).
func (l spfLookups) LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error) {
	var ips []netip.Addr
	var err error
	if l.six {
		ips, err = l.LookupNetIP(ctx, "ip6", host)
	}
	if len(ips) == 0 && (err == nil || notFound(err)) {
		ips, err = l.LookupNetIP(ctx, "ip4", host)
	}
	addrs := make([]net.IPAddr, len(ips))
	for i, ip := range ips {
		addrs[i] = net.IPAddr{IP: ip.Unmap().AsSlice()}
	}
	return addrs, err
}

// LookupTXT lets a record that breaks the grammar be a permerror.
func (l spfLookups) LookupTXT(ctx context.Context, name string) ([]string, error) {
	texts, err := l.lookups.LookupTXT(ctx, name)
	for i, text := range texts {
		if isSPF(text) && !wellFormedSPF(text) {
			texts[i] = "v=spf1 malformed"
		}
	}
	return texts, err
}
