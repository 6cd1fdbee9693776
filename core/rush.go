package core

import (
	"context"
	"sync"
	"time"
)

// A rush is when many senders wait for their 250 at once. Filing stands back for
// its first seconds: senders are answered sooner, and what came meanwhile is then
// filed in full batches. A rush that lasts is filed as it comes, and mail that has
// waited so long already, for a process that was killed, waits no more.
type rush struct {
	mu      sync.Mutex
	waiting int           // senders
	crowded time.Time     // when many last waited
	began   time.Time     // the last rush that was stood back for
	over    chan struct{} // closed when filing goes on; nil while it does
}

const (
	rushSenders  = 4                     // that wait at once are many
	rushCalm     = 50 * time.Millisecond // without many waiting ends a rush
	standBackFor = 5 * time.Second       // in all, of each
	standBackPer = time.Minute
)

// sender counts one who waits for the 250, until done.
func (r *rush) sender() (done func()) {
	r.count(1)
	return func() { r.count(-1) }
}

func (r *rush) count(senders int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting += senders; r.waiting >= rushSenders {
		r.crowded = time.Now()
	}
}

// standBack waits while there is a rush for which mail received then is to stand back.
func (r *rush) standBack(ctx context.Context, received time.Time) error {
	if time.Since(received) >= standBackFor {
		return nil
	}
	r.mu.Lock()
	if r.over == nil && r.on() {
		r.over = make(chan struct{})
		go r.watch()
	}
	over := r.over
	r.mu.Unlock()
	if over == nil {
		return nil
	}
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// on says whether filing is to stand back now. It is asked under the lock.
func (r *rush) on() bool {
	now := time.Now()
	if r.waiting < rushSenders && now.Sub(r.crowded) > rushCalm {
		return false
	}
	if now.Sub(r.began) >= standBackPer {
		r.began = now
	}
	return now.Sub(r.began) < standBackFor
}

// watch lets filing go on when the rush is over.
func (r *rush) watch() {
	for r.stands() {
		time.Sleep(rushCalm / 5)
	}
}

func (r *rush) stands() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.on() {
		return true
	}
	close(r.over)
	r.over = nil
	return false
}
