package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// An mta brings the mails of a ledger to a help desk with several addresses, as
// mail servers do: one that cannot be reached or says 4xx is left for the next.
type mta struct {
	addrs  []string
	ledger *ledger
	mail   func(n int) mail
	random *rand.Rand
	tally  *tally
	twice  bool // the same bytes to another address at the same time

	addr string
	line *sender
}

// A tally counts how tries ended.
type tally struct {
	mu        sync.Mutex
	taken     int
	noAnswer  int           // connections that were refused, or ended before a mail was begun
	notNow    int           // 4xx before a mail's first octet
	cutShort  int           // 4xx after its dot, or the connection ended in the middle of it
	rounds    int           // mails that no address took, so that the round began again
	longest   time.Duration // from a mail's first try to its 250
	whereFrom map[string]int
}

func (t *tally) count(what *int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	*what++
}

func (t *tally) took(addr string, d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.whereFrom == nil {
		t.whereFrom = map[string]int{}
	}
	t.whereFrom[addr]++
	t.taken++
	t.longest = max(t.longest, d)
}

func (t *tally) String() string {
	return fmt.Sprintf("%d tries found nobody, %d were told 4xx before a mail, %d were cut short in the middle of one, %d mails found no address in a round; the longest way to a 250 took %.1f s",
		t.noAnswer, t.notNow, t.cutShort, t.rounds, t.longest.Seconds())
}

// deliver brings mail until the ledger has no more.
func (m *mta) deliver(ctx context.Context) error {
	defer m.hangUp()
	for {
		n, ok := m.ledger.take()
		if !ok {
			return nil
		}
		if err := m.bring(ctx, n); err != nil {
			return err
		}
	}
}

// bring tries every address, and again, until one of them says yes or never.
func (m *mta) bring(ctx context.Context, n int) error {
	letter, begin := m.mail(n), time.Now()
	for {
		for i, addr := range m.order() {
			if m.twice && i == 0 {
				go m.again(ctx, addr, letter)
			}
			err := m.try(ctx, addr, letter)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if !m.ledger.record(n, letter, err) {
				m.tally.took(addr, time.Since(begin))
				return nil
			}
		}
		m.tally.count(&m.tally.rounds)
		pause(50)
	}
}

// order is the address that is connected already, if any, and then the others.
func (m *mta) order() []string {
	list := slices.Clone(m.addrs)
	m.random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	if at := slices.Index(list, m.addr); m.line != nil && at > 0 {
		list[0], list[at] = list[at], list[0]
	}
	return list
}

// mailsALine is how many mails one connection brings: there is more than one server.
const mailsALine = 20

func (m *mta) try(ctx context.Context, addr string, letter mail) (err error) {
	if m.line != nil && (m.addr != addr || m.random.IntN(mailsALine) == 0) {
		m.hangUp()
	}
	if m.line == nil {
		if m.line, err = dial(ctx, addr); err != nil {
			m.line = nil
			m.tally.count(&m.tally.noAnswer)
			return refusal{421, err.Error()} // it has not seen the mail
		}
		m.addr = addr
	}
	var no refusal
	err = m.line.step([]byte("MAIL FROM:<"+letter.from+">\r\nRCPT TO:<"+mailbox+">\r\nDATA\r\n"), 250, 250, 354)
	switch {
	case err == nil:
	case errors.As(err, &no):
		m.tally.count(&m.tally.notNow)
	default:
		m.tally.count(&m.tally.noAnswer)
		err = refusal{421, err.Error()}
	}
	if err == nil {
		if err = m.line.step(dotted(letter.raw), 250); err != nil {
			m.tally.count(&m.tally.cutShort)
		}
	}
	if err != nil {
		m.hangUp()
	}
	return err
}

func (m *mta) hangUp() {
	if m.line != nil {
		m.line.close()
		m.line = nil
	}
}

// again brings a mail to another address than that. What it is told is not written
// down: a mail server that lost its memory does not know it either.
func (m *mta) again(ctx context.Context, than string, letter mail) {
	for _, addr := range m.addrs {
		if addr == than {
			continue
		}
		if line, err := dial(ctx, addr); err == nil {
			_ = line.send(letter.from, letter.raw)
			line.close()
			return
		}
	}
}
