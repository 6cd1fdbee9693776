package mailer

import (
	"context"
	"errors"
	"sync"
	"time"

	"postdesk/core"
)

// Of the connections to one destination.
const (
	maxTransacts = 20
	maxIdle      = 20 * time.Second // servers hang up on idle clients
	mailsALane   = 5                // so many that wait are worth one more connection
	crowdedFor   = 20 * time.Second // how long no more connections are tried than a server took
)

// maxLanes is how many connections one process has to all destinations together.
const maxLanes = 100

// A pool knows the lanes of this process.
type pool struct {
	all sync.WaitGroup

	mu      sync.Mutex
	lanes   map[string][]*lane
	count   int
	crowded map[string]time.Time // a server refuses more connections than it has, until then
}

// room is how many destinations may be asked about.
func (p *pool) room(to Transport) int {
	if to == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(1, maxLanes-p.count)
}

// busy are the destinations that have all their lanes, at work.
func (p *pool) busy(most int) (full []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for destination, lanes := range p.lanes {
		if working(lanes) >= most {
			full = append(full, destination)
		}
	}
	return full
}

func working(lanes []*lane) (n int) {
	for _, l := range lanes {
		if !l.idle {
			n++
		}
	}
	return n
}

// enlist makes place for a new lane, if need be where one is idle.
func (p *pool) enlist(l *lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lanes == nil {
		p.lanes, p.crowded = map[string][]*lane{}, map[string]time.Time{}
	}
	p.lanes[l.slot.Destination] = append(p.lanes[l.slot.Destination], l)
	p.count++
}

func (p *pool) dismiss(l *lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	to := l.slot.Destination
	left := make([]*lane, 0, len(p.lanes[to]))
	for _, other := range p.lanes[to] {
		if other != l {
			left = append(left, other)
		}
	}
	if p.lanes[to] = left; len(left) == 0 {
		delete(p.lanes, to)
	}
	p.count--
}

// full tells that there may be no more lanes, and ends one that idles elsewhere.
func (p *pool) full() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count < maxLanes {
		return false
	}
	for _, lanes := range p.lanes {
		for _, l := range lanes {
			if l.idle {
				l.call(0)
				return true
			}
		}
	}
	return true
}

// rouse sends up to n idle lanes to work, each with a claim of so many mails. It
// tells how many more are wanted and may be opened.
func (p *pool) rouse(destination string, n, most, share int) (missing int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	lanes := p.lanes[destination]
	n = min(n, most-working(lanes))
	for _, l := range lanes {
		if n > 0 && l.idle {
			l.call(share)
			n--
		}
	}
	if until, ok := p.crowded[destination]; ok && len(lanes) > 0 && time.Now().Before(until) {
		return 0
	}
	delete(p.crowded, destination)
	return max(0, min(n, most-len(lanes)))
}

// call gives an idle lane its next claim; 0 ends it. The caller holds the mutex.
func (l *lane) call(share int) {
	l.idle = false
	l.nudge <- share
}

// others tells that the destination speaks to us over another connection just now:
// it refuses more connections, and not all mail.
func (p *pool) others(l *lane) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, other := range p.lanes[l.slot.Destination] {
		if other != l && other.works.Load() {
			p.crowded[l.slot.Destination] = time.Now().Add(crowdedFor)
			return true
		}
	}
	return false
}

// staff sends lanes to a destination: one more for every few mails that wait. One
// that failed is tried over one connection, with one mail.
func (c *Courier) staff(ctx context.Context, to core.Demand) error {
	wanted := min((to.Due+mailsALane-1)/mailsALane, c.MaxConnections)
	share := min((to.Due+wanted-1)/max(wanted, 1), maxTransacts)
	if to.Failures > 0 {
		wanted, share = 1, 1
	} else {
		wanted = c.lanes.rouse(to.Destination, wanted, c.MaxConnections, share)
	}
	for range wanted {
		if c.lanes.full() {
			return nil
		}
		slot, err := c.slots.Take(ctx, to)
		if errors.Is(err, core.ErrNoWork) {
			return nil
		}
		if err != nil {
			return err
		}
		l := &lane{courier: c, slot: slot, nudge: make(chan int, 1)}
		c.lanes.enlist(l)
		c.lanes.all.Go(func() { l.run(ctx, share) })
	}
	return nil
}
