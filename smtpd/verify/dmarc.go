package verify

import (
	"context"
	"net/url"
	"strconv"
	"strings"
)

// A dmarcRecord is a published policy (RFC 7489 section 6.3, with np= of RFC 9091
// and t= of DMARCbis).
type dmarcRecord struct {
	policy     string // none, quarantine or reject
	subdomains string // the same for subdomains; empty if not told
	absent     string // the same for subdomains that do not exist; empty if not told
	testing    bool
	strictDKIM bool
	strictSPF  bool
}

// A dmarcAnswer is what holds for one From domain.
type dmarcAnswer struct {
	found   bool
	policy  string // none, quarantine or reject, as to be followed
	testing bool
	strict  struct{ dkim, spf bool }
	trouble bool // DNS did not say; alignment is then strict, the safe reading
}

// askDMARC finds the record at the domain, then at its organizational domain by
// the public suffix list (RFC 7489 section 6.6.3). Several records at one place
// are none. The list is taken rather than the tree walk of DMARCbis, because that
// asks up to eight names for each of the domains compared, which one mail may name
// nine of; where the two differ, only a policy halfway up the tree is missed.
func askDMARC(ctx context.Context, l *lookups, domain string) (a dmarcAnswer) {
	org := organization(domain)
	places := []string{domain}
	if org != domain {
		places = append(places, org)
	}
	for _, place := range places {
		txts, err := l.LookupTXT(ctx, "_dmarc."+place)
		if err != nil && !notFound(err) {
			return doubtful()
		}
		record, count := pickDMARC(txts)
		if count == 0 {
			continue
		}
		if count > 1 || record.policy == "" {
			return a
		}
		policy, known := record.policy, true
		if place != domain {
			policy, known = record.below(ctx, l, domain)
		}
		if !known {
			return doubtful()
		}
		a.found, a.testing, a.policy = true, record.testing, policy
		if record.testing {
			a.policy = milder(policy)
		}
		a.strict.dkim, a.strict.spf = record.strictDKIM, record.strictSPF
		return a
	}
	return a
}

func doubtful() (a dmarcAnswer) {
	a.trouble, a.strict.dkim, a.strict.spf = true, true, true
	return a
}

// below is the policy for a subdomain without a record of its own: one that does
// not exist, as any name that a forger makes up, may have a policy of its own
// (np=). known is false if DNS did not say.
func (r dmarcRecord) below(ctx context.Context, l *lookups, domain string) (policy string, known bool) {
	policy = r.policy
	if r.subdomains != "" {
		policy = r.subdomains
	}
	if r.absent == "" || r.absent == policy {
		return policy, true
	}
	_, err := l.LookupMX(ctx, domain)
	if notFound(err) {
		_, err = l.LookupNetIP(ctx, "ip", domain)
	}
	switch {
	case err == nil:
		return policy, true
	case notFound(err):
		return r.absent, true
	}
	return "", false
}

// milder is the policy of a domain that is still trying: one step less (RFC 7489
// section 6.6.4; t=y of DMARCbis says the same).
func milder(policy string) string {
	if policy == "reject" {
		return "quarantine"
	}
	return "none"
}

// pickDMARC is the first DMARC record of the answers and how many there are.
func pickDMARC(txts []string) (first dmarcRecord, count int) {
	for _, txt := range txts {
		record, ok := parseDMARC(txt)
		if !ok {
			continue
		}
		if count == 0 {
			first = record
		}
		count++
	}
	return first, count
}

// parseDMARC reads a record; ok is false if it is not one at all. A record whose
// policy cannot be read counts as "none" if it asks for reports, else its policy
// stays empty and it has no effect (RFC 7489 section 6.6.3).
//
// A share of mail (pct) other than none at all is not drawn lots for: deciding
// twice must decide alike, and who forges may send ten times. pct=0 is how a
// domain says that it is only trying.
func parseDMARC(txt string) (r dmarcRecord, ok bool) {
	version, rest, _ := strings.Cut(txt, ";")
	if name, value, _ := strings.Cut(version, "="); !strings.EqualFold(strings.TrimSpace(name), "v") || strings.TrimSpace(value) != "DMARC1" {
		return r, false
	}
	tags := make(map[string]string)
	for part := range strings.SplitSeq(rest, ";") {
		name, value, isTag := strings.Cut(part, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if _, again := tags[name]; isTag && !again {
			tags[name] = strings.ToLower(strings.TrimSpace(value))
		}
	}
	share, err := strconv.Atoi(tags["pct"])
	r.testing = tags["t"] == "y" || err == nil && share == 0
	r.strictDKIM, r.strictSPF = tags["adkim"] == "s", tags["aspf"] == "s"
	sp, hasSP := tags["sp"]
	switch {
	case isPolicy(tags["p"]) && (!hasSP || isPolicy(sp)):
		r.policy, r.subdomains = tags["p"], sp
		if isPolicy(tags["np"]) {
			r.absent = tags["np"]
		}
	case wantsReports(tags["rua"]):
		r.policy = "none"
	}
	return r, true
}

func isPolicy(s string) bool { return s == "none" || s == "quarantine" || s == "reject" }

func wantsReports(rua string) bool {
	for uri := range strings.SplitSeq(rua, ",") {
		if u, err := url.Parse(strings.TrimSpace(uri)); err == nil && u.Scheme != "" && u.Opaque+u.Host != "" {
			return true
		}
	}
	return false
}
