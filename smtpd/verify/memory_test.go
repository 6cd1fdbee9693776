package verify

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A countingDNS answers every name in its own way, and counts.
type countingDNS struct {
	Resolver
	asked map[string]int
}

func (c *countingDNS) LookupTXT(_ context.Context, name string) ([]string, error) {
	c.asked[name]++
	switch name {
	case "known.test.":
		return []string{"v=spf1 -all"}, nil
	case "great.test.":
		return []string{strings.Repeat("x", maxTXT+1)}, nil
	case "none.test.":
		return nil, &net.DNSError{IsNotFound: true}
	default:
		return nil, errors.New("trouble")
	}
}

func TestAnswersAreRememberedForSomeSecondsAndTroubleIsNot(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct{ atOnce, later int }{
		"known.test.": {1, 2}, "none.test.": {1, 2}, "trouble.test.": {2, 3}, "great.test.": {2, 3},
	} {
		synctest.Test(t, func(t *testing.T) {
			dns := &countingDNS{asked: map[string]int{}}
			resolver := Remember(dns)
			first, firstErr := resolver.LookupTXT(t.Context(), name)
			again, err := resolver.LookupTXT(t.Context(), name)
			if len(first) != len(again) || (firstErr == nil) != (err == nil) || notFound(firstErr) != notFound(err) {
				t.Errorf("%s: %v %v, then %v %v", name, first, firstErr, again, err)
			}
			if dns.asked[name] != want.atOnce {
				t.Errorf("%s was asked %d times at once, want %d", name, dns.asked[name], want.atOnce)
			}
			time.Sleep(rememberedFor)
			_, _ = resolver.LookupTXT(t.Context(), name)
			if dns.asked[name] != want.later {
				t.Errorf("%s was asked %d times in all, want %d", name, dns.asked[name], want.later)
			}
		})
	}
}

func TestNoStrangerFillsTheMemory(t *testing.T) {
	t.Parallel()
	m := Remember(&countingDNS{asked: map[string]int{}}).(*memory)
	for n := range 2*rememberedTXT + 1 {
		m.keep(strings.Repeat("x", n%200)+string(rune(n)), remembered{until: time.Now().Add(time.Hour)})
	}
	if len(m.known) > rememberedTXT {
		t.Errorf("%d names are remembered", len(m.known))
	}
}
