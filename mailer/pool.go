package mailer

import (
	"context"
	"sync"
	"time"

	"postdesk/core"
)

// Of the connections to one destination.
const (
	maxConnections = 5
	maxTransacts   = 20
	maxIdle        = 20 * time.Second // servers hang up on idle clients
)

// A pool keeps idle connections to one destination and bounds how many are open.
type pool struct {
	lanes chan struct{}

	mu     sync.Mutex
	idle   []*dialogue // the latest used last
	closed bool
}

func newPool(lanes int) pool { return pool{lanes: make(chan struct{}, lanes)} }

// send waits for a lane, then does the transaction, on an idle connection if
// there is one. One that has died in the meantime costs nothing but a new one.
func (p *pool) send(ctx context.Context, to *peer, m *mailing) core.Receipt {
	select {
	case p.lanes <- struct{}{}:
		defer func() { <-p.lanes }()
	case <-ctx.Done():
		return to.receipt(failed(connecting, context.Cause(ctx)))
	}
	for d := p.take(); d != nil; d = p.take() {
		if d.reset() == nil {
			return p.transact(ctx, d, m)
		}
		_ = d.conn.Close()
	}
	d, err := to.open(ctx)
	if err != nil {
		return to.receipt(err)
	}
	return p.transact(ctx, d, m)
}

func (p *pool) transact(ctx context.Context, d *dialogue, m *mailing) core.Receipt {
	receipt, reusable := d.send(ctx, m)
	switch {
	case !reusable:
		_ = d.conn.Close()
	case d.used >= maxTransacts || !p.put(d):
		d.quit()
	}
	return receipt
}

func (p *pool) take() *dialogue {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	d := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	return d
}

// put keeps the connection for the next mail, if that comes soon.
func (p *pool) put(d *dialogue) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	d.since = time.Now()
	p.idle = append(p.idle, d)
	time.AfterFunc(maxIdle, p.sweep)
	return true
}

// sweep ends what has been idle for too long.
func (p *pool) sweep() {
	p.mu.Lock()
	var old, young []*dialogue
	for _, d := range p.idle {
		if time.Since(d.since) >= maxIdle {
			old = append(old, d)
		} else {
			young = append(young, d)
		}
	}
	p.idle = young
	p.mu.Unlock()
	for _, d := range old {
		d.quit()
	}
}

func (p *pool) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	for _, d := range idle {
		d.quit()
	}
}
