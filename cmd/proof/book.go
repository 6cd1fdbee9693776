package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A transmission is one try of one mail, as a sink saw it. A moment that did not
// come is zero.
type transmission struct {
	life, line int // of the process that sent it, and which of its connections
	from, to   string
	id         string            // Message-ID
	digest     [sha256.Size]byte // of the bytes
	begin      time.Time         // MAIL FROM
	dot        time.Time         // all of it was here
	yes        time.Time         // its 250 was written
	end        time.Time         // 250, or whatever ended it
}

// A life is a process from its start to its end.
type life struct {
	client string
	round  int
	struck time.Time // when the kill began; zero: it was not killed
	killed time.Time // when the process was gone
	aimed  string    // what the kill was aimed at
}

// A book is what sinks saw. The transmissions may be read once the sinks are
// closed.
type book struct {
	digests bool         // are wanted
	gate    sync.RWMutex // held while no mail may go on after MAIL FROM
	dots    atomic.Int64
	yeses   atomic.Int64
	open    atomic.Int64 // connections, to all sinks
	most    atomic.Int64 // of these at once

	rounds int // begun

	mu            sync.Mutex
	lives         []life
	current       map[string]int // of a client
	lines         int
	transmissions []*transmission
}

func newBook(digests bool) *book { return &book{digests: digests, current: map[string]int{}} }

// live begins a life of a client: what it brings from now on is of that life.
func (b *book) live(client string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lives = append(b.lives, life{client: client, round: b.rounds})
	b.current[client] = len(b.lives) - 1
	return len(b.lives) - 1
}

// strike writes down that a life is about to be ended by a kill.
func (b *book) strike(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lives[n].struck.IsZero() {
		b.lives[n].struck = time.Now()
	}
}

// die writes down that it has ended.
func (b *book) die(n int, aimed string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lives[n].killed, b.lives[n].aimed = time.Now(), aimed
}

func (b *book) connected(client string) (life, line int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines++
	return b.current[client], b.lines
}

// opens counts a connection that begins.
func (b *book) opens() {
	open := b.open.Add(1)
	for {
		most := b.most.Load()
		if open <= most || b.most.CompareAndSwap(most, open) {
			return
		}
	}
}

// closes counts one that ends.
func (b *book) closes() { b.open.Add(-1) }

func (b *book) begin(t transmission) *transmission {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.transmissions = append(b.transmissions, &t)
	return &t
}

// awaitYes returns when n mails have their 250.
func (b *book) awaitYes(ctx context.Context, n int) error {
	for b.yeses.Load() < int64(n) {
		if ctx.Err() != nil {
			return fmt.Errorf("%d of %d mails came: %w", b.yeses.Load(), n, ctx.Err())
		}
		pause(1)
	}
	return nil
}

// awaitConnection returns when somebody has connected.
func (b *book) awaitConnection(ctx context.Context) error {
	return b.await(ctx, "nobody connected", func() bool { return b.lines > 0 })
}

// awaitBegin returns when a life has begun a mail.
func (b *book) awaitBegin(ctx context.Context, life int) error {
	return b.await(ctx, "no mail was begun", func() bool {
		return slices.ContainsFunc(b.transmissions, func(t *transmission) bool { return t.life == life })
	})
}

func (b *book) await(ctx context.Context, otherwise string, is func() bool) error {
	for ctx.Err() == nil {
		b.mu.Lock()
		done := is()
		b.mu.Unlock()
		if done {
			return nil
		}
		pause(1)
	}
	return fmt.Errorf("%s: %w", otherwise, ctx.Err())
}

// distinct counts the recipients whose mail was taken.
func (b *book) distinct() int {
	var all []string
	for _, t := range b.transmissions {
		if !t.yes.IsZero() {
			all = append(all, t.to)
		}
	}
	slices.Sort(all)
	return len(slices.Compact(all))
}
