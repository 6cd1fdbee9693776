package core

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A combiner does work of the same kind together: what comes while some is being
// done waits and is then done in one go. Batches form by themselves under load;
// alone, a piece of work waits for nobody. Where nobody is kept by it, linger lets
// batches grow: many small ones cost several times what few great ones do.
type combiner[In, Out any] struct {
	// do does a batch and gives a result for each piece. It must not fail half-way.
	do func(ctx context.Context, batch []In) []outcome[Out]
	// key tells pieces apart that cannot stand in one batch.
	key  func(In) string
	most int // pieces in one batch
	runs int // batches at once
	// octets are those of a piece, if they matter: a batch takes no more when it has
	// batchOctets.
	octets func(In) int
	// linger is how long a batch that follows another waits for more.
	linger time.Duration

	mu      sync.Mutex
	waiting []*piece[In, Out]
	running int
}

// batchOctets is as much raw mail as PostgreSQL files in memory: with text and words
// beside it, it stays below work_mem, 4 MB by default. What is more it writes to files,
// and reads again.
const batchOctets = 2 << 20

type piece[In, Out any] struct {
	ctx  context.Context // of the one who waits for it
	in   In
	done chan outcome[Out]
}

type outcome[Out any] struct {
	out Out
	err error
}

// join hands a piece over and waits for its outcome. When ctx ends first, the
// piece may be done all the same: its batch is cancelled only when nobody waits
// for any of it.
func (c *combiner[In, Out]) join(ctx context.Context, in In) (Out, error) {
	p := &piece[In, Out]{ctx, in, make(chan outcome[Out], 1)}
	c.mu.Lock()
	c.waiting = append(c.waiting, p)
	if c.running < c.runs {
		c.running++
		go c.lead(context.WithoutCancel(ctx), c.running > 1)
	}
	c.mu.Unlock()
	select {
	case o := <-p.done:
		return o.out, o.err
	case <-ctx.Done():
		var none Out
		return none, ctx.Err()
	}
}

// lead does batches until nothing waits.
func (c *combiner[In, Out]) lead(ctx context.Context, follows bool) {
	for {
		if follows {
			c.gather()
		}
		follows = true
		batch := c.take()
		if len(batch) == 0 {
			return
		}
		in := make([]In, len(batch))
		for i, p := range batch {
			in[i] = p.in
		}
		wanted, cancel := whileWanted(ctx, batch)
		for i, o := range c.do(wanted, in) {
			batch[i].done <- o
		}
		cancel()
	}
}

// gather waits for more, unless a batch is full.
func (c *combiner[In, Out]) gather() {
	if c.linger > 0 && !c.full() {
		time.Sleep(c.linger)
	}
}

func (c *combiner[In, Out]) full() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) >= c.most {
		return true
	}
	octets := 0
	for _, p := range c.waiting {
		octets += c.size(p)
	}
	return octets >= batchOctets
}

// size is that of a piece, where it matters.
func (c *combiner[In, Out]) size(p *piece[In, Out]) int {
	if c.octets == nil {
		return 0
	}
	return c.octets(p.in)
}

// whileWanted is a context that ends when the last of those ends who wait for the
// batch.
func whileWanted[In, Out any](ctx context.Context, batch []*piece[In, Out]) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	var waiting atomic.Int64
	waiting.Store(int64(len(batch)))
	stops := make([]func() bool, len(batch))
	for i, p := range batch {
		stops[i] = context.AfterFunc(p.ctx, func() {
			if waiting.Add(-1) == 0 {
				cancel()
			}
		})
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel()
	}
}

// take takes the oldest pieces that can stand together. When there is none, the
// leader that asked ends.
func (c *combiner[In, Out]) take() (batch []*piece[In, Out]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := map[string]bool{}
	var skipped []*piece[In, Out]
	n, octets := 0, 0
	for ; n < len(c.waiting) && len(batch) < c.most && octets < batchOctets; n++ {
		p := c.waiting[n]
		if key := c.key(p.in); seen[key] {
			skipped = append(skipped, p)
		} else {
			seen[key] = true
			batch = append(batch, p)
			octets += c.size(p)
		}
	}
	c.waiting = append(skipped, c.waiting[n:]...)
	if len(batch) == 0 {
		c.running--
	}
	return batch
}
