package verify

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	maxQueries  = 20   // DNS queries a mail (reliability: A29)
	maxTXT      = 4096 // bytes of one TXT record; no honest SPF, DKIM or DMARC record is longer
	retryPauses = 50   // the pause before a retry is the whole time divided by this
	tryPart     = 3    // one query may take the whole time divided by this
)

var errSpent = errors.New("too many DNS queries for one mail")

// lookups is a Resolver for one part of the check of one mail: it remembers
// answers, asks once more after trouble, and stops when its share of the queries
// is spent. Repeats (that second try, and TCP where an answer does not fit in UDP)
// are paid from a purse of their own, so that a name which needs them cannot take
// the first question away from another.
// Its errors are always a bare *net.DNSError: not found, temporary, or neither when
// the share is spent. Spent is no trouble: whoever sends the mail decides how much
// there is to ask, and must not escape a policy by it.
type lookups struct {
	resolver Resolver
	patience time.Duration // of one query
	pause    time.Duration // before a retry

	mu      sync.Mutex
	queries int // left to ask
	spare   int // left for repeats
	used    int // of both
	answers map[string]*answer
}

type answer struct {
	once  sync.Once
	value any
	err   error
}

func newLookups(r Resolver, whole time.Duration, queries, spare int) *lookups {
	return &lookups{
		resolver: r,
		patience: whole / tryPart,
		pause:    whole / retryPauses,
		queries:  queries,
		spare:    spare,
		answers:  make(map[string]*answer),
	}
}

// LookupTXT asks for TXT records and leaves out absurdly long ones.
func (l *lookups) LookupTXT(ctx context.Context, name string) ([]string, error) {
	txts, err := ask(ctx, l, "TXT", name, 1, l.resolver.LookupTXT)
	return slices.DeleteFunc(slices.Clone(txts), func(s string) bool { return len(s) > maxTXT }), err
}

// LookupMX asks for MX records; some valid ones are an answer.
func (l *lookups) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	return ask(ctx, l, "MX", name, 1, func(ctx context.Context, name string) ([]*net.MX, error) {
		mxs, err := l.resolver.LookupMX(ctx, name)
		if len(mxs) > 0 {
			err = nil
		}
		return mxs, err
	})
}

// LookupNetIP asks for addresses; network "ip" is two queries, "ip4" and "ip6" one.
func (l *lookups) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	cost := 1
	if network == "ip" {
		cost = 2
	}
	return ask(ctx, l, network, host, cost, func(ctx context.Context, host string) ([]netip.Addr, error) {
		return l.resolver.LookupNetIP(ctx, network, host)
	})
}

// LookupAddr asks for the names of an address; some valid ones are an answer.
func (l *lookups) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	return ask(ctx, l, "PTR", addr, 1, func(ctx context.Context, _ string) ([]string, error) {
		names, err := l.resolver.LookupAddr(ctx, addr)
		if len(names) > 0 {
			err = nil
		}
		return names, err
	})
}

// ask answers from memory or by query. Names are made absolute, so that no
// search list of this host turns acme.test into acme.test.example.
func ask[T any](ctx context.Context, l *lookups, kind, name string, cost int, query func(context.Context, string) (T, error)) (T, error) {
	name = strings.ToLower(strings.TrimSuffix(name, ".")) + "."
	a := l.remember(kind + " " + name)
	a.once.Do(func() {
		value, err := persist(ctx, l, name, cost, query)
		a.value, a.err = value, plain(err, name)
	})
	return a.value.(T), a.err
}

func persist[T any](ctx context.Context, l *lookups, name string, cost int, query func(context.Context, string) (T, error)) (value T, err error) {
	if !l.spend(&l.queries, cost) {
		return value, errSpent
	}
	for again := false; ; again = true {
		q := &question{lookups: l, most: cost, paid: cost, servers: make(map[string]int)}
		once, cancel := context.WithTimeout(context.WithValue(ctx, questionKey{}, q), l.patience)
		value, err = query(once, name)
		cancel()
		switch {
		case err == nil || notFound(err):
			return value, err
		case q.unpaid():
			return value, errSpent
		case again || !wait(ctx, l.pause) || !l.spend(&l.spare, cost):
			return value, err
		}
	}
}

// allow sets what may be spent from here on. What could not be asked for want of
// queries may be asked again. Nobody asks meanwhile.
func (l *lookups) allow(queries, spare int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queries, l.spare = queries, spare
	maps.DeleteFunc(l.answers, func(_ string, a *answer) bool { return spent(a.err) })
}

func (l *lookups) remember(key string) *answer {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.answers[key]
	if a == nil {
		a = new(answer)
		l.answers[key] = a
	}
	return a
}

// spend takes from one of the purses.
func (l *lookups) spend(purse *int, cost int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if *purse < cost {
		return false
	}
	*purse -= cost
	l.used += cost
	return true
}

// spentQueries is how many queries it cost so far.
func (l *lookups) spentQueries() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.used
}

func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func notFound(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}

func spent(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.Err == errSpent.Error()
}

// plain is one of the errors that the libraries understand.
func plain(err error, name string) error {
	switch {
	case err == nil:
		return nil
	case notFound(err):
		return &net.DNSError{Err: "no such record", Name: name, IsNotFound: true}
	case errors.Is(err, errSpent):
		return &net.DNSError{Err: errSpent.Error(), Name: name}
	default: // without its text, which tells about our network
		return &net.DNSError{Err: "no answer", Name: name, IsTemporary: true}
	}
}
