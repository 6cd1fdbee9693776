package verify

import (
	"context"
	"sync"
	"time"

	"postdesk/core"
)

// A Checker judges the origin of mails. It is safe for concurrent use.
type Checker struct {
	resolver Resolver
	timeout  time.Duration
	relays   []Relay
}

// An Option changes a Checker.
type Option func(*Checker)

// Within sets the time that one mail may take, instead of 10 s.
func Within(d time.Duration) Option {
	return func(c *Checker) { c.timeout = d }
}

// New makes a Checker that asks this resolver.
func New(resolver Resolver, opts ...Option) *Checker {
	c := &Checker{resolver: resolver, timeout: 10 * time.Second}
	for _, opt := range opts {
		opt(c)
	}
	return c
}

// Check tells whether the From address of a mail is real (mail-law: words,
// Origin). raw is the mail as the client sent it, letter what was read from it.
// Without a usable From nothing is looked up.
func (c *Checker) Check(ctx context.Context, env core.Envelope, letter core.Letter, raw []byte) core.Origin {
	domain, doubt := authorDomain(letter)
	if doubt != "" {
		return core.Origin{Verdict: core.Unproven, Reason: doubt}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()

	m := split(raw)
	picked := m.signatures(domain)
	keyShare := 0
	if len(picked) > 0 {
		keyShare = len(picked) + keyRetries
	}
	e := evidence{domain: domain, passage: c.passage(env, m.fields)}

	var wg sync.WaitGroup
	wg.Go(func() {
		e.dmarc = askDMARC(ctx, newLookups(c.resolver, c.timeout, dmarcShare, 1), domain)
	})
	wg.Go(func() {
		e.signatures = askDKIM(ctx, newLookups(c.resolver, c.timeout, keyShare, keyRetries), m, picked, letter.From[0].Address)
	})
	wg.Go(func() {
		l := newLookups(c.resolver, c.timeout, maxQueries-dmarcShare-keyShare, spfRetries)
		e.spf = askSPF(ctx, l, e.passage.client, e.passage.helo, env.From)
	})
	wg.Wait()
	origin := e.origin()
	origin.Trusted = c.Trusts(env.ClientIP)
	return origin
}
