package verify

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"postdesk/core"
)

// A Relay is a group of hosts that take in mail for us and whose word about it
// is believed: their Authentication-Results and the client address in their
// Received field. It must remove such fields with its own id from what it takes
// in (RFC 8601 section 5).
type Relay struct {
	Networks []netip.Prefix
	ID       string // authserv-id of its Authentication-Results (RFC 8601 section 2.5)
}

// ParseRelay reads CIDR[,CIDR]=authserv-id; an address alone is a network of one.
func ParseRelay(s string) (Relay, error) {
	networks, id, _ := strings.Cut(s, "=")
	r := Relay{ID: strings.ToLower(strings.TrimSpace(id))}
	if r.ID == "" || strings.ContainsAny(r.ID, " \t;\"()") {
		return Relay{}, errors.New("trusted relay: want CIDR[,CIDR]=authserv-id")
	}
	if strings.ContainsAny(r.ID, ",=") {
		return Relay{}, fmt.Errorf("trusted relay: %q is no authserv-id: each relay is a setting of its own, and several networks of one are CIDR,CIDR=authserv-id", r.ID)
	}
	for part := range strings.SplitSeq(networks, ",") {
		part = strings.TrimSpace(part)
		network, err := netip.ParsePrefix(part)
		if addr, single := netip.ParseAddr(part); err != nil && single == nil {
			network, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return Relay{}, fmt.Errorf("trusted relay: %w", err)
		}
		r.Networks = append(r.Networks, network.Masked())
	}
	return r, nil
}

func (r Relay) includes(ip netip.Addr) bool {
	return slices.ContainsFunc(r.Networks, func(n netip.Prefix) bool { return n.Contains(ip) })
}

// TrustRelays names the relays to believe.
func TrustRelays(relays ...Relay) Option {
	return func(c *Checker) { c.relays = append(c.relays, relays...) }
}

// Trusts reports whether the address is one of a trusted relay.
func (c *Checker) Trusts(ip netip.Addr) bool {
	_, ok := c.relay(ip)
	return ok
}

func (c *Checker) relay(ip netip.Addr) (Relay, bool) {
	i := slices.IndexFunc(c.relays, func(r Relay) bool { return r.includes(ip.Unmap().WithZone("")) })
	if i < 0 {
		return Relay{}, false
	}
	return c.relays[i], true
}

// A passage is how the mail came to us: who handed it in, here or at a trusted
// relay, and what that relay found out.
type passage struct {
	client  netip.Addr
	helo    string
	relay   string       // authserv-id of the one that took it in; empty if the mail came directly
	results []authResult // believed ones
	doubt   string       // why the relay does not say enough to refute anything, in words
}

func (c *Checker) passage(env core.Envelope, fields []field) passage {
	relay, ok := c.relay(env.ClientIP)
	if !ok {
		return passage{client: env.ClientIP, helo: env.Helo}
	}
	return c.relayed(relay, fields)
}

// relayed walks down the Received fields that the relay's own hosts wrote, and those
// of other trusted relays that it had the mail from, to the one that tells where the
// mail came in. Their results stand above that one; from there on down everything
// may be the sender's invention, also a field directly below that has the relay's
// own id. A relay that writes its results there is not heard, which costs little:
// its client's address and the signatures are judged here all the same.
func (c *Checker) relayed(r Relay, fields []field) passage {
	p := passage{relay: r.ID}
	for _, f := range fields {
		switch {
		case f.is("received"):
			client, helo := receivedFrom(f.value())
			if from, ok := c.relay(client); ok {
				p.relay = from.ID
				continue
			}
			if client.IsLoopback() {
				continue
			}
			return p.enteredBy(client, helo)
		case f.is("authentication-results"):
			id, results, ok := parseAuthResults(f.value())
			for _, a := range results {
				if a.by = id; ok && id == p.relay {
					p.results = append(p.results, a)
				}
			}
		}
	}
	p.results = nil // no field of the relay says that it took the mail in
	return p.enteredBy(netip.Addr{}, "")
}

// enteredBy ends the walk at the client that the relay had the mail from.
func (p passage) enteredBy(client netip.Addr, helo string) passage {
	switch {
	case !client.IsValid() || client.IsPrivate() || client.IsLinkLocalUnicast() || client.IsUnspecified():
		p.doubt = fmt.Sprintf("the relay %s does not say where it came from", p.relay)
	case slices.ContainsFunc(p.results, authResult.isTrouble):
		p.client, p.helo, p.doubt = client, helo, fmt.Sprintf("the relay %s could not find out either", p.relay)
	default:
		p.client, p.helo = client, helo
	}
	return p
}

// vouches reports whether a relay found the author real, and how, in words.
func (p passage) vouches(e evidence) (string, bool) {
	for _, a := range p.results {
		if a.value != "pass" {
			continue
		}
		switch a.method {
		case "dmarc":
			if domainOf(a.props["header.from"]) == e.domain && p.count(a) == 1 {
				return fmt.Sprintf("verified by the relay %s", a.by), true
			}
		case "dkim":
			signer := a.props["header.d"]
			if signer == "" {
				signer = a.props["header.i"]
			}
			if signer = domainOf(signer); aligned(e.domain, signer, e.dmarc.strict.dkim) {
				return fmt.Sprintf("signed by %s, as the relay %s found", signer, a.by), true
			}
		case "spf":
			sender := domainOf(a.props["smtp.mailfrom"])
			if aligned(e.domain, sender, e.dmarc.strict.spf) && p.count(a) == 1 {
				return fmt.Sprintf("sent by a server that %s allows, as the relay %s found", sender, a.by), true
			}
		}
	}
	return "", false
}

// count is how often the relay that says this speaks about the same method.
func (p passage) count(said authResult) (n int) {
	for _, a := range p.results {
		if a.method == said.method && a.by == said.by {
			n++
		}
	}
	return n
}

var (
	byWord     = regexp.MustCompile(`(?i)\sby\s`)
	heloWord   = regexp.MustCompile(`(?i)\b(?:helo|ehlo)[= ]\S*`)
	ipv6Prefix = regexp.MustCompile(`(?i)^ipv6:`)
)

// receivedFrom reads the client's address and name from a Received field (RFC
// 5321 section 4.4). The address is the one in the comment, which the server
// wrote; the name before it, even one like [192.0.2.1], is the client's claim.
// Without exactly one address there is none.
func receivedFrom(value string) (client netip.Addr, helo string) {
	plain, comments, ok := uncomment(value)
	words := strings.Fields(plain)
	if !ok || len(words) < 2 || !strings.EqualFold(words[0], "from") {
		return netip.Addr{}, ""
	}
	helo = words[1]
	if by := byWord.FindStringIndex(plain); by != nil {
		comments = comments[:strings.Count(plain[:by[0]], commentMark)]
	}
	comment := strings.Join(comments, " ")
	found := addresses(heloWord.ReplaceAllString(comment, " "))
	if len(found) == 0 && heloWord.MatchString(comment) {
		found = addresses(helo) // Exim writes the bare address first, the claim in the comment
	}
	if len(found) != 1 {
		return netip.Addr{}, ""
	}
	return found[0], strings.Trim(helo, commentMark)
}

// addresses are the different IP addresses among the words of s.
func addresses(s string) (found []netip.Addr) {
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \t[]()<>,;"+commentMark, r) }) {
		if ip, err := netip.ParseAddr(ipv6Prefix.ReplaceAllString(word, "")); err == nil {
			if ip = ip.Unmap().WithZone(""); !slices.Contains(found, ip) {
				found = append(found, ip)
			}
		}
	}
	return found
}
