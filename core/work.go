package core

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Bells wake workers. They are hints: polling finds what a bell missed.
const (
	BellInbound  = "inbound"
	BellOutbound = "outbound"
)

// mostRings is how many workers one transaction wakes at most: they go on by
// themselves while there is more.
const mostRings = 5

// pollEvery bounds how long work waits for a worker that no bell has reached.
const pollEvery = time.Second

// bells are the workers of this process, by the name of their bell.
type bells struct {
	mu      sync.Mutex
	waiting map[string][]chan struct{}
}

func (b *bells) hang(name string) chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting == nil {
		b.waiting = map[string][]chan struct{}{}
	}
	bell := make(chan struct{}, 1)
	b.waiting[name] = append(b.waiting[name], bell)
	return bell
}

func (b *bells) takeDown(name string, bell chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting[name] = slices.DeleteFunc(b.waiting[name], func(other chan struct{}) bool { return other == bell })
}

// ring wakes one worker that was not called yet. One ring is one piece of work;
// waking all of them for it would send the others to look for nothing.
func (b *bells) ring(name string) (heard bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, bell := range b.waiting[name] {
		select {
		case bell <- struct{}{}:
			return true
		default:
		}
	}
	return len(b.waiting[name]) > 0
}

// ring wakes the workers of this process or, where it has none, those of other
// processes. NOTIFY is not part of the transaction that made the work: PostgreSQL
// lets such commits through one at a time only.
func (d *Desk) ring(ctx context.Context, name string) {
	if d.bells.ring(name) {
		return
	}
	if _, err := d.pool.Exec(ctx, `select pg_notify('postdesk_' || $1, '')`, name); err != nil {
		d.log.DebugContext(ctx, "no bell rung", "bell", name, "error", err)
	}
}

// Work calls do until ctx ends: again at once while there is more, else when the
// bell rings or a second has passed. It returns when ctx is done; an error of do
// is logged and do is tried again later.
func (d *Desk) Work(ctx context.Context, bell string, do func(context.Context) (more bool, err error)) {
	rung := d.bells.hang(bell)
	defer d.bells.takeDown(bell, rung)
	for ctx.Err() == nil {
		more, err := do(ctx)
		if err != nil && !errors.Is(err, ErrNoWork) && ctx.Err() == nil {
			d.log.ErrorContext(ctx, "worker failed", "worker", bell, "error", err)
		}
		if more && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-rung:
		case <-time.After(pollEvery):
		}
	}
}

// Wake rings a bell for a worker of this process.
func (d *Desk) Wake(bell string) { d.bells.ring(bell) }

// Listen carries the bells of other processes to the workers of this one, and what
// changed to the watchers of all, until ctx ends. Then every Watch has ended.
func (d *Desk) Listen(ctx context.Context) {
	defer d.live.end()
	var telling sync.WaitGroup
	defer telling.Wait()
	telling.Go(func() {
		d.live.tellOthers(ctx, d.pool, func(err error) {
			d.log.DebugContext(ctx, "changes not told to other processes", "error", err)
		})
	})
	if !d.sessions() {
		d.suppose(ctx)
		return
	}
	for ctx.Err() == nil {
		if err := d.listen(ctx); err != nil && ctx.Err() == nil {
			d.log.WarnContext(ctx, "listening to the database failed, polling goes on", "error", err)
			_ = pause(ctx, pollEvery)
		}
	}
}

// supposeEvery is how old pages of other processes' changes are at most where
// nothing can be heard.
const supposeEvery = 5 * time.Second

// suppose takes it that much changed, again and again, where nobody can listen:
// open pages look for themselves.
func (d *Desk) suppose(ctx context.Context) {
	d.log.WarnContext(ctx, "nothing is heard through a pooler: open pages look every few seconds, and outgoing connections are counted in each process alone; name the database itself as well",
		"setting", "--direct-database-url")
	for pause(ctx, supposeEvery) == nil {
		d.live.hear(nil, true)
	}
}

func (d *Desk) listen(ctx context.Context) error {
	listener, err := d.session(ctx)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = listener.Close(closing)
	}()
	if _, err := listener.Exec(ctx, `listen postdesk_inbound; listen postdesk_outbound; listen `+liveChannel); err != nil {
		return err
	}
	d.live.hear(nil, true) // whatever changed while nobody listened
	for {
		notice, err := listener.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if notice.Channel != liveChannel {
			d.bells.ring(notice.Channel[len("postdesk_"):])
		} else if err := d.live.heard(notice.Payload); err != nil {
			d.log.WarnContext(ctx, "changes of another process not understood", "error", err)
		}
	}
}
