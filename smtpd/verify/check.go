package verify

import (
	"context"
	"io"
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
	return c.check(ctx, env, letter, split(raw))
}

// CheckGreat is Check for a mail that is read in pieces. It fails only with raw: a
// mail that could not be read says nothing about its origin.
func (c *Checker) CheckGreat(ctx context.Context, env core.Envelope, letter core.Letter, raw io.ReaderAt, size int64) (core.Origin, error) {
	head := make([]byte, min(size, maxHeader+maxField+1<<10))
	if _, err := io.ReadFull(io.NewSectionReader(raw, 0, size), head); err != nil {
		return core.Origin{}, err
	}
	sound := &soundReader{raw: raw}
	origin := c.check(ctx, env, letter, splitFrom(head, sound, size))
	return origin, sound.fault()
}

// A soundReader remembers a fault and gives an end instead: the DKIM library must not
// see it. Several may read at once.
type soundReader struct {
	mu  sync.Mutex
	raw io.ReaderAt
	err error
}

// ReadAt reads, or ends.
func (s *soundReader) ReadAt(p []byte, at int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.raw.ReadAt(p, at)
	if err != nil && err != io.EOF {
		s.err, err = err, io.EOF
	}
	return n, err
}

func (s *soundReader) fault() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (c *Checker) check(ctx context.Context, env core.Envelope, letter core.Letter, m mail) core.Origin {
	domain, doubt := authorDomain(letter)
	if doubt != "" {
		return core.Origin{Verdict: core.Unproven, Reason: doubt}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()

	e, left := c.gather(ctx, env, letter, m, domain)
	origin := e.origin()
	spare := min(arcSpare, left/3)
	origin.ARC = askARC(ctx, newLookups(c.resolver, c.timeout, left-spare, spare), m, arrival(env))
	origin.Trusted = c.Trusts(env.ClientIP)
	return origin
}

// The queries of one mail (reliability: A29): policy, keys and the first record of SPF
// are asked for at the same time, SPF may have what they leave, and ARC, which proves
// nothing, the rest.
const (
	policyQueries = 5 // the domain, its organizational domain, does the domain exist (three)
	policySpare   = 2
	keySpare      = 3
	aheadSpare    = 1 // of the first record of SPF
	spfSpare      = 4
	arcSpare      = 2
)

// gather finds out all that the verdict rests on, and how many queries are left.
func (c *Checker) gather(ctx context.Context, env core.Envelope, letter core.Letter, m mail, domain string) (e evidence, left int) {
	e = evidence{domain: domain, passage: c.passage(env, m.fields)}
	picked := m.signatures(domain)
	policy := newLookups(c.resolver, c.timeout, policyQueries, policySpare)
	keys := newLookups(c.resolver, c.timeout, len(picked), keySpare)
	senders := newLookups(c.resolver, c.timeout, 1, aheadSpare)
	var wg sync.WaitGroup
	wg.Go(func() { e.dmarc = askDMARC(ctx, policy, domain) })
	wg.Go(func() { e.signatures = askDKIM(ctx, keys, m, picked, letter.From[0].Address, arrival(env)) })
	wg.Go(func() { readAhead(ctx, senders, e.passage.helo, env.From) })
	wg.Wait()
	unspent := func() int {
		return maxQueries - policy.spentQueries() - keys.spentQueries() - senders.spentQueries()
	}
	spare := min(spfSpare, unspent()/3)
	senders.allow(unspent()-spare, spare)
	e.spf = askSPF(ctx, senders, e.passage.client, e.passage.helo, env.From)
	return e, unspent()
}

// arrival is when a mail came. Signatures are judged by that time: a mail that
// waited, or was held and is released, must not fare worse than at first.
func arrival(env core.Envelope) time.Time {
	if env.ReceivedAt.IsZero() {
		return time.Now()
	}
	return env.ReceivedAt
}
