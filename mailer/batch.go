package mailer

import (
	"sync"
	"time"

	"postdesk/core"
)

// stalled is when a mail has taken so long that those claimed with it are better
// given back for others to take.
const stalled = 5 * time.Second

// freshFor is how long after its claim a mail may be begun: the try, and the
// recording of it, end within the lease.
const freshFor = core.DeliveryLease - LongestSend - recordFor

// A batch is what a lane has claimed and not begun. Its own goroutine takes from
// it; a timer or the end of the program may empty it.
type batch struct {
	mu      sync.Mutex
	rest    []core.Delivery
	claimed time.Time
}

func (b *batch) fill(claims []core.Delivery, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rest, b.claimed = claims, at
}

// next takes one that may still be begun.
func (b *batch) next() (c core.Delivery, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.rest) == 0 || since(b.claimed) > freshFor {
		return c, false
	}
	c, b.rest = b.rest[0], b.rest[1:]
	return c, true
}

// since is by the wall too, since a machine may sleep, and by no less than the
// monotonic clock, since the wall's may be set back (reliability R18).
func since(t time.Time) time.Duration {
	return max(time.Since(t), time.Now().Round(0).Sub(t.Round(0)))
}

// empty takes all.
func (b *batch) empty() (rest []core.Delivery) {
	b.mu.Lock()
	defer b.mu.Unlock()
	rest, b.rest = b.rest, nil
	return rest
}
