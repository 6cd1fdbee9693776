package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"postdesk/core"
	"postdesk/smtpd/verify"
)

// Asking for what is published. What is made of the answers is in checkjudge.go.

// askPatience bounds one question, askingTime all of them.
const (
	askPatience = 5 * time.Second
	askingTime  = 40 * time.Second
)

// A published is what DNS says about a domain of ours.
type published struct {
	domain      string
	onlyReplies bool // no mailbox is there
	mx          []mailHost
	mxErr       error
	texts       []string
	txtErr      error
	org         string // whose policy holds where the domain has none
	policy      answered
	above       answered // of org, where it is another domain
	keys        []keyRecord
	// spf is the result for each address that our mail leaves from.
	spf map[netip.Addr]string
}

// An answered is the texts of a name, or why there are none.
type answered struct {
	texts []string
	err   error
}

// A mailHost is a target of an MX record.
type mailHost struct {
	name string
	host
}

// A host is where a name leads to.
type host struct {
	addresses []netip.Addr
	err       error
}

// A sending is where our mail leaves.
type sending struct {
	direct bool
	relay  string // its host; "" and not direct: mail is held
	name   string // of this machine
	self   host
	from   host // public addresses of this machine, or of the relay
	keys   []core.SigningKey
}

// An asker asks one DNS server, and waits for no answer longer than its patience.
type asker struct {
	resolver *net.Resolver
	patience time.Duration
}

func (a asker) texts(ctx context.Context, name string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	return a.resolver.LookupTXT(ctx, name+".")
}

// host finds the addresses of a name; one family that cannot be asked for is
// trouble only where the other has none.
func (a asker) host(ctx context.Context, name string) (h host) {
	if ip, err := netip.ParseAddr(name); err == nil {
		return host{addresses: []netip.Addr{ip}}
	}
	ctx, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	var six []netip.Addr
	var sixErr error
	var group sync.WaitGroup
	group.Go(func() { six, sixErr = a.resolver.LookupNetIP(ctx, "ip6", name+".") })
	h.addresses, h.err = a.resolver.LookupNetIP(ctx, "ip4", name+".")
	group.Wait()
	if sixErr != nil && (h.err == nil || absent(h.err)) {
		h.err = sixErr
	}
	h.addresses = append(h.addresses, six...)
	for i, ip := range h.addresses {
		h.addresses[i] = ip.Unmap()
	}
	if len(h.addresses) > 0 {
		h.err = nil
	}
	return h
}

func (a asker) mx(ctx context.Context, domain string) (hosts []mailHost, err error) {
	asking, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	records, err := a.resolver.LookupMX(asking, domain+".")
	if len(records) == 0 {
		return nil, err
	}
	for _, record := range records[:min(len(records), 10)] {
		name := strings.ToLower(strings.TrimSuffix(record.Host, "."))
		m := mailHost{name: name}
		if name != "" { // "MX 0 ." takes no mail (RFC 7505)
			m.host = a.host(ctx, name)
		}
		hosts = append(hosts, m)
	}
	return hosts, nil
}

// names are those of an address.
func (a asker) names(ctx context.Context, ip netip.Addr) (names []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	found, err := a.resolver.LookupAddr(ctx, ip.String())
	for _, name := range found {
		names = append(names, strings.ToLower(strings.TrimSuffix(name, ".")))
	}
	return names, err
}

// domain asks for everything about one.
func (a asker) domain(ctx context.Context, domain string, from sending) published {
	p := published{domain: domain, org: verify.Organization(domain), spf: map[netip.Addr]string{}}
	var group sync.WaitGroup
	group.Go(func() { p.mx, p.mxErr = a.mx(ctx, domain) })
	group.Go(func() { p.policy.texts, p.policy.err = a.texts(ctx, "_dmarc."+domain) })
	if p.org != domain {
		group.Go(func() { p.above.texts, p.above.err = a.texts(ctx, "_dmarc."+p.org) })
	}
	group.Go(func() { p.keys = a.keyRecords(ctx, domain, from.keys) })
	p.texts, p.txtErr = a.texts(ctx, domain)
	if len(verify.SPFRecords(p.texts)) == 1 {
		for _, ip := range from.from.addresses[:min(len(from.from.addresses), 4)] {
			p.spf[ip] = verify.MaySend(ctx, a.resolver, ip, domain, 2*a.patience)
		}
	}
	group.Wait()
	return p
}

// domains asks about all, some at once.
func (a asker) domains(ctx context.Context, domains []string, from sending) []published {
	all := make([]published, len(domains))
	turn := make(chan struct{}, 8)
	var group sync.WaitGroup
	for i, domain := range domains {
		group.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			all[i] = a.domain(ctx, domain, from)
		})
	}
	group.Wait()
	return all
}

// sending finds where our mail leaves.
func (a asker) sending(ctx context.Context, p parsed) sending {
	s := sending{direct: p.direct, name: hostName(p)}
	s.self = a.host(ctx, s.name)
	switch {
	case p.direct:
		s.from = s.self
	case p.relay != nil:
		s.relay = p.relay.Host
		s.from = a.host(ctx, s.relay)
	}
	s.from.addresses = slices.DeleteFunc(slices.Clone(s.from.addresses), func(ip netip.Addr) bool { return !isPublic(ip) })
	return s
}

// isPublic tells an address that others can see from those of this machine and
// its own network, behind which our mail leaves from somewhere else.
func isPublic(ip netip.Addr) bool {
	return ip.IsGlobalUnicast() && !ip.IsPrivate()
}

// checkDNS tells of every domain of ours, in their order, then of this machine.
func checkDNS(ctx context.Context, k settings, p parsed, mailboxes []core.Address, keys []core.SigningKey) (all []finding) {
	ctx, cancel := context.WithTimeout(ctx, askingTime)
	defer cancel()
	a := asker{verify.NewResolver(k.Resolver), askPatience}
	domains, replyDomain := ourDomains(p, mailboxes, k.ReplyDomain)
	onlyReplies := replyDomain != "" && !slices.Contains(domains, replyDomain)
	if onlyReplies {
		domains = append(domains, replyDomain)
	}
	asked := slices.DeleteFunc(slices.Clone(domains), isLocalName)
	for _, domain := range domains {
		if isLocalName(domain) {
			all = append(all, finding{what: "DNS", text: domain + " is a name of this machine: nothing to ask"})
		}
	}
	if len(asked) == 0 {
		return all
	}
	from := a.sending(ctx, p)
	from.keys = keys
	public := false
	for _, d := range a.domains(ctx, asked, from) {
		if d.isForTests() {
			all = append(all, finding{what: "DNS", text: d.domain + " is a name for tests that nothing is published about: nothing to check"})
			continue
		}
		public = true
		d.onlyReplies = onlyReplies && d.domain == replyDomain
		all = append(all, d.judge(from, p.exempt, replyDomain)...)
	}
	if public {
		all = append(all, a.machine(ctx, from, k)...)
	}
	return all
}

// ourDomains are those of the mailboxes, of --mailbox as long as there are none,
// and the reply domain, all in canonical form.
func ourDomains(p parsed, mailboxes []core.Address, reply string) (domains []string, replyDomain string) {
	if len(mailboxes) == 0 {
		mailboxes = []core.Address{p.mailbox}
	}
	for _, m := range mailboxes {
		if !slices.Contains(domains, m.Domain()) {
			domains = append(domains, m.Domain())
		}
	}
	if address, err := core.ParseAddress("x@" + reply); reply != "" && err == nil {
		replyDomain = address.Domain()
	}
	return domains, replyDomain
}

// machine tells of the host that sends and takes mail.
func (a asker) machine(ctx context.Context, from sending, k settings) (all []finding) {
	if from.direct {
		if len(from.from.addresses) == 0 {
			all = append(all, judgeNoAddress(from))
		}
		for _, ip := range from.from.addresses[:min(len(from.from.addresses), 4)] {
			names, err := a.names(ctx, ip)
			all = append(all, judgeReverse(from.name, ip, names, err))
		}
	}
	if k.TLSCert != "" {
		all = append(all, checkCertificate(k, from.name, time.Now()))
	}
	return append(all, finding{what: "port 25", level: note, text: "cannot be tried from inside: from elsewhere, connect to " + from.name +
		" on port 25; it must lead to " + k.SMTPAddr + " here"})
}

// checkCertificate reads the certificate that STARTTLS and HTTPS show.
func checkCertificate(k settings, name string, now time.Time) finding {
	c, err := loadCertificates(k, slog.New(slog.DiscardHandler))
	if err != nil {
		return finding{what: "TLS", level: failed, text: oneLine(err)}
	}
	loaded, err := c.files.get(nil)
	if err != nil {
		return finding{what: "TLS", level: failed, text: oneLine(err)}
	}
	leaf, err := x509.ParseCertificate(loaded.Certificate[0])
	if err != nil {
		return finding{what: "TLS", level: failed, text: oneLine(err)}
	}
	return judgeCertificate(leaf, name, now)
}

// isLocalName: a name without a dot is known to this machine alone.
func isLocalName(domain string) bool { return !strings.Contains(domain, ".") }

// isForTests tells that the domain cannot be in the public DNS (RFC 6761, RFC
// 6762, RFC 9476), and is in no other either.
func (p published) isForTests() bool {
	top := p.domain[strings.LastIndexByte(p.domain, '.')+1:]
	return slices.Contains([]string{"test", "example", "invalid", "localhost", "local", "internal", "alt"}, top) &&
		len(p.mx) == 0 && len(p.texts) == 0 && len(p.policy.texts) == 0
}

// absent tells "there is none" from trouble.
func absent(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}

// trouble says in words why DNS gave no answer.
func trouble(err error) string {
	var dns *net.DNSError
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &dns) && dns.IsTimeout {
		return "DNS did not answer in time"
	}
	if errors.As(err, &dns) {
		return "DNS gave no answer: " + dns.Err
	}
	return fmt.Sprintf("DNS gave no answer: %s", oneLine(err))
}
