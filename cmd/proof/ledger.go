package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// A posted is one mail in the ledger.
type posted struct {
	from, subject string
	to            string // all recipients; empty: nobody looks
	digest        [sha256.Size]byte
	versions      [][sha256.Size]byte // other bytes that were sent as the same mail
	acked         bool
	refused       bool // for good
	later         int  // refusals for now
	unknown       int  // transmissions whose end nobody told
}

// A ledger is what the senders know: of each mail whether it was acknowledged.
type ledger struct {
	mu    sync.Mutex
	next  int
	acked int
	mails []posted
	open  bool // there is always another mail, until it is closed
}

func newLedger(mails int) *ledger { return &ledger{mails: make([]posted, mails)} }

func openLedger() *ledger { return &ledger{open: true} }

// close lets the senders bring the mails that they have, and no more.
func (l *ledger) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = false
}

// reopen lets senders begin more mails.
func (l *ledger) reopen() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = true
}

// take gives the number of a mail that nobody has, false if there is none left.
func (l *ledger) take() (n int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open {
		l.mails = append(l.mails, posted{})
	} else if l.next >= len(l.mails) {
		return 0, false
	}
	l.next++
	return l.next - 1, true
}

// record writes down how one transmission ended, and says whether the mail needs
// another one.
func (l *ledger) record(n int, m mail, err error) (again bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := &l.mails[n]
	p.from, p.subject, p.digest = m.from, m.subject, sha256.Sum256(m.raw)
	p.to = strings.Join(m.to, ",")
	var no refusal
	switch {
	case err == nil:
		p.acked = true
		l.acked++
	case !errors.As(err, &no):
		p.unknown++
	case no.temporary():
		p.later++
	default:
		p.refused = true
	}
	return !p.acked && !p.refused
}

// change writes down that a mail was sent with other bytes.
func (l *ledger) change(n int, m mail) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mails[n].versions = append(l.mails[n].versions, sha256.Sum256(m.raw))
}

func (l *ledger) sent() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acked
}

func (l *ledger) awaitAcknowledged(ctx context.Context, n int) error {
	for l.sent() < n {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		pause(1)
	}
	return nil
}

// counts are of mails refused for good, and of transmissions refused for the
// moment and of unknown end.
func (l *ledger) counts() (refused, later, unknown int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.mails {
		refused, later, unknown = refused+one(p.refused), later+p.later, unknown+p.unknown
	}
	return refused, later, unknown
}

func (l *ledger) story(took time.Duration) string {
	refused, later, unknown := l.counts()
	return fmt.Sprintf("%d acknowledged and %d refused in %.1f s; %d transmissions were refused for the moment, %d ended unknown and were repeated",
		l.acked, refused, took.Seconds(), later, unknown)
}

// A postman brings mails from the ledger to the gateway, the same bytes again and
// again until somebody says yes or no.
type postman struct {
	addr   string
	ledger *ledger
	mail   func(n int) mail
	line   *sender
	waited func(time.Duration) // told how long each transmission took, if anybody asks
}

func (p *postman) deliver(ctx context.Context) error {
	defer p.hangUp()
	for {
		n, ok := p.ledger.take()
		if !ok {
			return nil
		}
		m := p.mail(n)
		for {
			err := p.try(ctx, n, m)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if !p.ledger.record(n, m, err) {
				break
			}
		}
	}
}

// try sends once, each mail in its own way.
func (p *postman) try(ctx context.Context, n int, m mail) (err error) {
	for p.line == nil {
		if p.line, err = dial(ctx, p.addr); err != nil {
			p.line = nil
			if ctx.Err() != nil {
				return err
			}
			pause(20) // it is being started again
		}
	}
	begin := time.Now()
	err = p.line.bring(m, n)
	if p.waited != nil {
		p.waited(time.Since(begin))
	}
	if err != nil {
		p.hangUp()
		pause(20)
	}
	return err
}

func (p *postman) hangUp() {
	if p.line != nil {
		p.line.close()
		p.line = nil
	}
}
