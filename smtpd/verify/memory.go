package verify

import (
	"context"
	"sync"
	"time"
)

// Many mails of one domain come at once, so the same records are asked for over and
// over. Remembered is so short that who has just mended a record meets no old answer.
const (
	rememberedFor = 10 * time.Second
	rememberedTXT = 4096 // names; when there are more, all are forgotten
)

// A memory is a Resolver that gives the TXT records of a name again, or that there
// are none, without asking. Trouble is not remembered.
type memory struct {
	Resolver

	mu    sync.Mutex
	known map[string]remembered
}

type remembered struct {
	txts  []string
	err   error
	until time.Time
}

// Remember makes a Resolver that remembers the answers of another for some seconds.
// What a mail may ask for is counted as if all of it were asked.
func Remember(resolver Resolver) Resolver {
	return &memory{Resolver: resolver, known: map[string]remembered{}}
}

// LookupTXT answers from memory or asks. The answer is shared: nobody changes it.
func (m *memory) LookupTXT(ctx context.Context, name string) ([]string, error) {
	now := time.Now()
	m.mu.Lock()
	known, found := m.known[name]
	m.mu.Unlock()
	if found && now.Before(known.until) {
		return known.txts, known.err
	}
	txts, err := m.Resolver.LookupTXT(ctx, name)
	if (err == nil || notFound(err)) && short(txts) {
		m.keep(name, remembered{txts, err, now.Add(rememberedFor)})
	}
	return txts, err
}

func (m *memory) keep(name string, r remembered) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.known) >= rememberedTXT {
		clear(m.known)
	}
	m.known[name] = r
}

// short tells records that a stranger cannot fill our memory with.
func short(txts []string) bool {
	size := 0
	for _, txt := range txts {
		size += len(txt)
	}
	return size <= maxTXT
}
