package verify

import (
	"context"
	"errors"
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
	dmarcShare  = 3    // queries: the domain, its organizational domain, one retry
	keyRetries  = 2
	spfRetries  = 2
	retryPauses = 50 // the pause before a retry is the whole time divided by this
	tryPart     = 3  // one query may take the whole time divided by this
)

var errSpent = errors.New("too many DNS queries for one mail")

// lookups is a Resolver for one mail: it remembers answers, asks again after
// trouble while it has retries, and stops when its share of the queries is spent.
// What a resolver repeats by itself, at a second server, is not counted.
// Its errors are always a bare *net.DNSError, either not found or temporary,
// because that is what the SPF and DKIM libraries tell apart.
type lookups struct {
	resolver Resolver
	patience time.Duration // of one query
	pause    time.Duration // before a retry

	mu      sync.Mutex
	queries int // left to ask
	retries int // left, each of them a query too
	answers map[string]*answer
}

type answer struct {
	once  sync.Once
	value any
	err   error
}

func newLookups(r Resolver, whole time.Duration, queries, retries int) *lookups {
	return &lookups{
		resolver: r,
		patience: whole / tryPart,
		pause:    whole / retryPauses,
		queries:  queries,
		retries:  retries,
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
	for {
		if !l.spend(cost) {
			return value, errSpent
		}
		once, cancel := context.WithTimeout(ctx, l.patience)
		value, err = query(once, name)
		cancel()
		if err == nil || notFound(err) || !l.retry() || !wait(ctx, l.pause) {
			return value, err
		}
	}
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

func (l *lookups) spend(cost int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.queries < cost {
		return false
	}
	l.queries -= cost
	return true
}

func (l *lookups) retry() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.retries--
	return l.retries >= 0
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

// plain is one of the two errors that the libraries understand.
func plain(err error, name string) error {
	switch {
	case err == nil:
		return nil
	case notFound(err):
		return &net.DNSError{Err: "no such record", Name: name, IsNotFound: true}
	case errors.Is(err, errSpent):
		return &net.DNSError{Err: errSpent.Error(), Name: name, IsTemporary: true}
	default: // without its text, which tells about our network
		return &net.DNSError{Err: "no answer", Name: name, IsTemporary: true}
	}
}
