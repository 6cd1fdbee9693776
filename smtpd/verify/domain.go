package verify

import (
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"postdesk/core"
)

// authorDomain is the domain of the one From mailbox, or the reason in words
// why there is none to judge.
func authorDomain(l core.Letter) (domain, doubt string) {
	if l.FromFields != 1 || len(l.From) != 1 {
		return "", "the mail does not name exactly one sender"
	}
	if domain = domainOf(l.From[0].Address); domain == "" {
		return "", "the sender's address has no usable domain"
	}
	return domain, ""
}

// domainOf is the domain of an address in the form of canonical, or empty.
func domainOf(address string) string {
	return canonical(address[strings.LastIndexByte(address, '@')+1:])
}

// canonical writes a domain in lower-case A-labels without a final dot (RFC
// 5890), or empty if it cannot be a name of a mail domain.
func canonical(domain string) string {
	domain = strings.TrimSuffix(domain, ".")
	if !isASCII(domain) {
		a, err := idna.Lookup.ToASCII(domain)
		if err != nil {
			return ""
		}
		domain = a
	}
	domain = strings.ToLower(domain)
	if len(domain) > 253 || !strings.Contains(domain, ".") {
		return ""
	}
	for label := range strings.SplitSeq(domain, ".") {
		if !isLabel(label) {
			return ""
		}
	}
	if _, err := netip.ParseAddr(domain); err == nil {
		return ""
	}
	return domain
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

// isLabel allows the underscore: such names are in use and do no harm here.
func isLabel(s string) bool {
	return s != "" && len(s) <= 63 && strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}) < 0
}

// organization is the organizational domain (RFC 7489 section 3.2); a public
// suffix is its own.
func organization(domain string) string {
	org, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		return domain
	}
	return org
}

// aligned compares two canonical domains (RFC 7489 section 3.1).
func aligned(author, other string, strict bool) bool {
	if author == "" || other == "" {
		return false
	}
	return author == other || !strict && organization(author) == organization(other)
}
