package verify

import (
	"context"
	"net/url"
	"strings"
)

// A dmarcRecord is a published policy (RFC 7489 section 6.3). The share of mail
// that it is meant for (pct) is not read: deciding twice must decide alike.
type dmarcRecord struct {
	policy     string // none, quarantine or reject
	subdomains string // the same for subdomains; empty if not told
	strictDKIM bool
	strictSPF  bool
}

// A dmarcAnswer is what holds for one From domain.
type dmarcAnswer struct {
	found   bool
	policy  string
	strict  struct{ dkim, spf bool }
	trouble bool // DNS did not say; alignment is then strict, the safe reading
}

// askDMARC finds the record at the domain, then at its organizational domain
// (RFC 7489 section 6.6.3). Several records at one place are none.
func askDMARC(ctx context.Context, l *lookups, domain string) (a dmarcAnswer) {
	org := organization(domain)
	places := []string{domain}
	if org != domain {
		places = append(places, org)
	}
	for _, place := range places {
		txts, err := l.LookupTXT(ctx, "_dmarc."+place)
		if err != nil && !notFound(err) {
			a.trouble, a.strict.dkim, a.strict.spf = true, true, true
			return a
		}
		record, count := pickDMARC(txts)
		if count == 0 {
			continue
		}
		if count > 1 || record.policy == "" {
			return a
		}
		a.found, a.policy = true, record.policy
		if place != domain && record.subdomains != "" {
			a.policy = record.subdomains
		}
		a.strict.dkim, a.strict.spf = record.strictDKIM, record.strictSPF
		return a
	}
	return a
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
func parseDMARC(txt string) (r dmarcRecord, ok bool) {
	version, rest, _ := strings.Cut(txt, ";")
	if name, value, _ := strings.Cut(version, "="); strings.TrimSpace(name) != "v" || strings.TrimSpace(value) != "DMARC1" {
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
	r.strictDKIM, r.strictSPF = tags["adkim"] == "s", tags["aspf"] == "s"
	sp, hasSP := tags["sp"]
	switch {
	case isPolicy(tags["p"]) && (!hasSP || isPolicy(sp)):
		r.policy, r.subdomains = tags["p"], sp
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
