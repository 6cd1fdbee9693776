package main

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"postdesk/smtpd/verify"
)

// What to make of what is published: pure functions from answers to lines.

// A level is how bad a finding is.
type level int

const (
	fine    level = iota
	note          // nothing that can be checked
	warning       // mail goes on, less well
	failed        // keeps mail from coming or from being taken
)

// A finding is one line of check, and the records to publish beneath it.
type finding struct {
	what    string
	level   level
	text    string
	records []string
}

func (l level) String() string {
	return [...]string{"ok", "note", "warning", "FAILED"}[l]
}

// txt is a TXT record as it stands in a zone file, in strings of 255 octets at most.
func txt(name, text string) string {
	line := name + ". IN TXT"
	for quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`); ; text = text[255:] {
		line += ` "` + quoted.Replace(text[:min(len(text), 255)]) + `"`
		if len(text) <= 255 {
			return line
		}
	}
}

// judge tells of one domain of ours. The reply domain takes mail and is in
// envelopes, but in no From unless a mailbox is there too.
func (p published) judge(from sending, trusted []netip.Prefix, replyDomain string) []finding {
	all := []finding{p.judgeMX(from, trusted), p.judgeEnvelope(from, replyDomain)}
	if p.onlyReplies {
		return all
	}
	return append(append(all, p.judgeDMARC()), p.judgeDKIM()...)
}

// judgeEnvelope tells whether SPF lets mail from the domain pass.
func (p published) judgeEnvelope(from sending, replyDomain string) finding {
	if replyDomain == "" || p.domain == replyDomain {
		return p.judgeSPF(from)
	}
	return p.judgeForeignEnvelope(replyDomain)
}

func (p published) judgeMX(from sending, trusted []netip.Prefix) finding {
	f := finding{what: "MX", level: failed}
	record := []string{fmt.Sprintf("%s. IN MX 10 %s.", p.domain, from.name)}
	if from.name == p.domain {
		record = append(record, from.name+". IN A <the public address of this machine>")
	}
	switch {
	case len(p.mx) == 0 && absent(p.mxErr):
		f.text, f.records = p.domain+" has no MX record: others cannot find this server; publish", record
		return f
	case len(p.mx) == 0:
		f.text = "for " + p.domain + ": " + trouble(p.mxErr)
		return f
	}
	var told []string
	here, reachable := false, false
	for _, m := range p.mx {
		told = append(told, m.told(from, trusted))
		here = here || m.isHere(from, trusted)
		reachable = reachable || len(m.addresses) > 0
	}
	f.text = "mail for " + p.domain + " goes to " + strings.Join(told, ", ")
	switch {
	case p.mx[0].name == "":
		f.text, f.records = p.domain+` says that it takes no mail (MX "."); publish instead`, record
	case !reachable:
		f.text += ": nothing can be delivered"
	case !here:
		f.level = warning
		f.text += ": neither this machine (" + from.name + ") nor a --trusted-relay; unless it passes mail on to here, publish"
		f.records = record
	default:
		f.level = fine
		if slices.ContainsFunc(p.mx, func(m mailHost) bool { return len(m.addresses) == 0 }) {
			f.level = warning
		}
	}
	return f
}

// told is a host and where it leads to.
func (m mailHost) told(from sending, trusted []netip.Prefix) string {
	switch {
	case len(m.addresses) == 0 && (m.err == nil || absent(m.err)):
		return m.name + " (which has no address)"
	case len(m.addresses) == 0:
		return m.name + " (" + trouble(m.err) + ")"
	case m.name != from.name && !m.sharesAddress(from.self) && m.isHere(from, trusted):
		return m.name + " (a trusted relay)"
	}
	return m.name
}

// isHere tells that the host is this machine or a relay of ours.
func (m mailHost) isHere(from sending, trusted []netip.Prefix) bool {
	return m.name == from.name || m.sharesAddress(from.self) || slices.ContainsFunc(m.addresses, func(ip netip.Addr) bool {
		return slices.ContainsFunc(trusted, func(network netip.Prefix) bool { return network.Contains(ip) })
	})
}

func (h host) sharesAddress(other host) bool {
	return slices.ContainsFunc(h.addresses, func(ip netip.Addr) bool { return slices.Contains(other.addresses, ip) })
}

// mechanism is what lets our mail pass, as far as it can be known.
func (p published) mechanism(from sending) string {
	switch {
	case from.relay != "" && len(from.from.addresses) > 0:
		if ip, err := netip.ParseAddr(from.relay); err == nil {
			return map[bool]string{true: "ip4:", false: "ip6:"}[ip.Is4()] + from.relay
		}
		return "a:" + from.relay
	case slices.ContainsFunc(p.mx, func(m mailHost) bool { return m.name == from.name || m.sharesAddress(from.self) }) || len(p.mx) == 0:
		return "mx"
	}
	return "a:" + from.name
}

func (p published) judgeSPF(from sending) finding {
	f := finding{what: "SPF", level: warning}
	records := verify.SPFRecords(p.texts)
	switch {
	case p.txtErr != nil && !absent(p.txtErr):
		f.text = "for " + p.domain + ": " + trouble(p.txtErr)
	case len(records) == 0:
		end := " -all"
		f.text = p.domain + " has no SPF record: anybody may send as it, and much of our mail will be taken for spam; publish"
		if from.relay != "" {
			end = " ~all"
			f.text = strings.TrimSuffix(f.text, "publish") + "publish this, or what the relay's provider says"
		}
		f.records = []string{txt(p.domain, "v=spf1 "+p.mechanism(from)+end)}
	case len(records) > 1:
		f.level, f.text = failed, fmt.Sprintf("%s has %d SPF records, which is as bad as a wrong one: make one of %q", p.domain, len(records), records)
	case !verify.WellFormedSPF(records[0]):
		f.level, f.text = failed, fmt.Sprintf("%s has an SPF record that is not well formed, so that it counts as an error: %q", p.domain, records[0])
	default:
		return p.judgeSPFResults(records[0], from)
	}
	return f
}

// judgeSPFResults: the record is good; does it let our mail pass?
func (p published) judgeSPFResults(record string, from sending) finding {
	f := finding{what: "SPF", text: fmt.Sprintf("%s publishes %q", p.domain, record)}
	if from.relay == "" && !from.direct {
		f.text += "; nothing leaves here yet"
		return f
	}
	place := from.name
	if from.relay != "" {
		place = "the relay " + from.relay
	}
	if len(from.from.addresses) == 0 {
		f.level, f.text = note, f.text+"; whether "+place+" may send cannot be told, because its public address is not known"
		return f
	}
	bad := ""
	for ip, result := range p.spf {
		if result != "pass" && (bad == "" || result == "fail") {
			bad = result
			f.text = fmt.Sprintf("%s publishes %q, and by it %s (%s) is: %s", p.domain, record, place, ip, result)
		}
	}
	switch {
	case bad == "":
		f.text += ", which lets " + place + " send"
	case bad == "temperror":
		f.level, f.text = warning, f.text+", because DNS did not answer"
	case bad == "permerror":
		f.level, f.text = failed, f.text+", an error: too many look-ups, or an include that is none"
	default:
		f.level = failed
		f.records = []string{txt(p.domain, withMechanism(record, p.mechanism(from)))}
		f.text += "; publish instead"
		if from.relay != "" { // it may hand mail on from other addresses
			f.level, f.text = warning, f.text+" this, or what the relay's provider says"
		} else if bad != "fail" {
			f.level = warning
		}
	}
	return f
}

// withMechanism adds one before what ends a record.
func withMechanism(record, mechanism string) string {
	terms := strings.Fields(record)
	at := slices.IndexFunc(terms, func(term string) bool {
		term = strings.ToLower(term)
		return strings.HasSuffix(term, "all") && len(term) <= 4 || strings.HasPrefix(term, "redirect=")
	})
	if at < 0 {
		at = len(terms)
	}
	return strings.Join(slices.Insert(terms, at, mechanism), " ")
}

// judgeForeignEnvelope: with a reply domain our envelopes are from there, and its
// SPF counts.
func (p published) judgeForeignEnvelope(replyDomain string) finding {
	if verify.Organization(replyDomain) == p.org {
		return finding{what: "SPF", text: "for " + p.domain + ": that of the reply domain " + replyDomain + " counts"}
	}
	return finding{what: "SPF", level: warning, text: "the reply domain " + replyDomain + " is of another organization than " + p.domain +
		": its SPF record cannot vouch for " + p.domain + ", only a signature can"}
}

func (p published) judgeDMARC() finding {
	f := finding{what: "DMARC", level: warning}
	at, answer := p.domain, p.policy
	own, _, n := verify.DMARCPolicy(answer.texts)
	policy := own
	if n == 0 && (answer.err == nil || absent(answer.err)) && p.org != p.domain {
		at, answer = p.org, p.above
		var sub string
		own, sub, n = verify.DMARCPolicy(answer.texts)
		if policy = own; sub != "" {
			policy = sub
		}
	}
	switch {
	case answer.err != nil && !absent(answer.err):
		f.text = "for " + p.domain + ": " + trouble(answer.err)
	case n == 0:
		f.text = p.domain + " has no DMARC record: others are not told what to do with mail that only pretends to be from it; to begin with, publish"
		f.records = []string{txt("_dmarc."+p.domain, "v=DMARC1; p=none")}
	case n > 1:
		f.text = fmt.Sprintf("_dmarc.%s has %d records, which count as none: leave one", at, n)
	case own == "":
		f.text = fmt.Sprintf("the record of _dmarc.%s cannot be read: %q", at, answer.texts)
	default:
		f.level = fine
		f.text = "mail that only pretends to be from " + p.domain + " shall be " + map[string]string{"none": "taken as ever (p=none)",
			"quarantine": "taken for spam (quarantine)", "reject": "refused (reject)"}[policy]
		if at != p.domain {
			f.text += ", as " + at + " says"
		}
	}
	return f
}

func judgeNoAddress(from sending) finding {
	f := finding{what: "host", level: failed, text: from.name + ", as this machine calls itself, has no public address: many refuse its mail; publish",
		records: []string{from.name + ". IN A <the public address of this machine>"}}
	if err := from.self.err; err != nil && !absent(err) {
		f.text, f.records = "for "+from.name+": "+trouble(err), nil
	}
	return f
}

// judgeReverse: many take mail only from an address whose name leads back to it.
func judgeReverse(name string, ip netip.Addr, names []string, err error) finding {
	f := finding{what: "PTR", level: warning}
	switch {
	case slices.Contains(names, name):
		f.level, f.text = fine, fmt.Sprintf("%s is called %s, as this machine calls itself", ip, name)
	case len(names) > 0:
		f.text = fmt.Sprintf("%s is called %s, and this machine calls itself %s: let whoever gave you the address call it so", ip, strings.Join(names, ", "), name)
	case err != nil && !absent(err):
		f.text = fmt.Sprintf("for %s: %s", ip, trouble(err))
	default:
		f.text = fmt.Sprintf("%s has no name, and many refuse its mail: let whoever gave you the address call it %s", ip, name)
	}
	return f
}

// soon is how long before its end a certificate should have been renewed.
const soon = 14 * 24 * time.Hour

func judgeCertificate(c *x509.Certificate, name string, now time.Time) finding {
	f := finding{what: "TLS", text: fmt.Sprintf("the certificate is for %s, until %s", strings.Join(c.DNSNames, ", "), c.NotAfter.Format("2 January 2006"))}
	switch {
	case now.After(c.NotAfter) || now.Before(c.NotBefore):
		f.level, f.text = failed, f.text+": it is not valid today"
	case c.VerifyHostname(name) != nil:
		f.level, f.text = warning, f.text+": not for "+name+", as this machine calls itself"
	case now.Add(soon).After(c.NotAfter):
		f.level, f.text = warning, f.text+": renew it"
	}
	return f
}
