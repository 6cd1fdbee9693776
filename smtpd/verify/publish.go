package verify

import (
	"context"
	"crypto/x509"
	"net/netip"
	"time"

	"blitiri.com.ar/go/spf"
)

// This file is for those who publish records themselves: what we make of them
// when others send with them is what others make of theirs.

// SPFRecords are the SPF records among the texts of a name (RFC 7208 section
// 4.5): one is right, more are as good as none.
func SPFRecords(texts []string) (records []string) {
	for _, text := range texts {
		if isSPF(text) {
			records = append(records, text)
		}
	}
	return records
}

// WellFormedSPF tells that an SPF record keeps to the grammar of RFC 7208.
func WellFormedSPF(record string) bool { return wellFormedSPF(record) }

// SigningKey reads a DKIM key record (RFC 6376 section 3.6.1) as verifiers do: the
// public key in PKIX form, or why no signature verifies with it.
func SigningKey(text string) (public []byte, problem string) {
	key, problem := parseKey(text)
	if problem != "" {
		return nil, problem
	}
	public, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, "its key cannot be read"
	}
	return public, ""
}

// MaySend evaluates a domain's SPF record for a client that sends from this
// address: pass, fail, softfail, neutral, none, permerror or temperror. It takes
// at most the time given.
func MaySend(ctx context.Context, r Resolver, client netip.Addr, domain string, within time.Duration) string {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	answer := askSPF(ctx, newLookups(r, within, maxQueries, spfSpare), client, domain, "postmaster@"+domain)
	if answer.result == "" {
		return string(spf.None)
	}
	return string(answer.result)
}

// DMARCPolicy reads the policy among the texts of a _dmarc name: none,
// quarantine or reject for the domain, and sub for the domains below it where
// that is told. Records counts the DMARC records, of which there must be one;
// the policy is empty where the one cannot be read (RFC 7489 section 6.3).
func DMARCPolicy(texts []string) (policy, sub string, records int) {
	record, records := pickDMARC(texts)
	if records != 1 {
		return "", "", records
	}
	return record.policy, record.subdomains, records
}

// Organization is the organizational domain of a domain, where others look for
// its DMARC policy when it has none of its own (RFC 7489 section 3.2).
func Organization(domain string) string { return organization(domain) }
