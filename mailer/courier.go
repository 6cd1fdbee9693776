package mailer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"golang.org/x/sync/semaphore"

	"postdesk/core"
)

// Defaults and limits of a Courier.
const (
	defaultConnections = 5
	grace              = 20 * time.Second // for a running dialogue, when the program stops
	recordFor          = time.Minute      // how long what became of a mail is offered to the database
	lastOffers         = 4 * time.Second  // the same, after the grace is over
	deadlinesEvery     = 30 * time.Second // how often mail that waits for a failing destination is looked through
)

// A Courier takes deliveries from the desk, composes each once, sends it and
// records the outcome. Any number of couriers, here and in other processes, may
// serve one desk. The fields are set before Run and not changed afterwards.
type Courier struct {
	Desk           *core.Desk
	Transport      Transport // nil: mail is composed, and held mail is all there should be
	MaxConnections int       // to one destination, over all processes; 0: five
	Log            *slog.Logger

	slots     *core.Lanes
	lanes     pool
	composing chan struct{} // a place for who composes held mail
	memory    *semaphore.Weighted
	deadlines time.Time // when they are looked at next
}

// Run works until ctx ends. A dialogue that is running then may finish, for 20
// seconds at most; what is claimed and not begun is given back at once, and what
// could not be recorded is due again when its lease ends.
func (c *Courier) Run(ctx context.Context) {
	if c.MaxConnections <= 0 {
		c.MaxConnections = defaultConnections
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	c.slots = c.Desk.OpenLanes(c.MaxConnections, c.Transport != nil && c.Transport.perDomain())
	c.composing = make(chan struct{}, 1)
	if c.memory == nil {
		c.memory = semaphore.NewWeighted(memoryForMails)
	}
	c.Desk.Work(ctx, core.BellOutbound, c.dispatch)
	c.lanes.all.Wait()
	c.slots.Close()
}

// dispatch looks where mail is due, and sets lanes and the composer to work. They
// go on by themselves while there is more.
func (c *Courier) dispatch(ctx context.Context) (more bool, err error) {
	if c.Transport != nil {
		more = c.passDeadlines(ctx)
	}
	demands, held, err := c.slots.Demands(ctx, maxTransacts, c.lanes.room(c.Transport), c.lanes.busy(c.MaxConnections))
	if err != nil {
		return false, err
	}
	if held {
		c.composeHeld(ctx)
	}
	for _, demand := range demands {
		if err := c.staff(ctx, demand); err != nil {
			return false, err
		}
	}
	return more, nil
}

// passDeadlines begins with forgetting what was known under another relay. Where
// more are over, other destinations get their lanes before it goes on.
func (c *Courier) passDeadlines(ctx context.Context) (more bool) {
	if time.Now().Before(c.deadlines) {
		return false
	}
	var err error
	if c.deadlines.IsZero() {
		err = c.slots.Forget(ctx)
	}
	if err == nil {
		more, err = c.slots.PassDeadlines(ctx)
	}
	c.deadlines = time.Now()
	if !more {
		c.deadlines = c.deadlines.Add(deadlinesEvery)
	}
	if err != nil && ctx.Err() == nil {
		c.failed(ctx, err)
	}
	return more
}

func (c *Courier) failed(ctx context.Context, err error) {
	c.Log.ErrorContext(ctx, "worker failed", "worker", core.BellOutbound, "error", err)
}

// composeHeld writes held mail, so that it can be read, unless that goes on already.
func (c *Courier) composeHeld(ctx context.Context) {
	select {
	case c.composing <- struct{}{}:
	default:
		return
	}
	c.lanes.all.Go(func() {
		defer func() { <-c.composing }()
		for ctx.Err() == nil {
			delivery, err := c.Desk.ClaimHeld(ctx)
			if err == nil {
				err = c.hold(ctx, delivery)
			}
			if err != nil {
				if !errors.Is(err, core.ErrNoWork) && ctx.Err() == nil {
					c.failed(ctx, err)
				}
				return
			}
		}
	})
}

func (c *Courier) hold(ctx context.Context, delivery core.Delivery) error {
	ctx, cancel := outlive(ctx, grace)
	defer cancel()
	_, failure, err := c.finished(ctx, &delivery)
	switch {
	case errors.Is(err, core.ErrConflict):
		return nil
	case err != nil:
		return err
	case failure != nil:
		return c.record(ctx, delivery, *failure)
	}
	c.Log.InfoContext(ctx, "mail held", "delivery", delivery.ID, "purpose", delivery.Purpose, "to", delivery.Recipient)
	return nil
}

// finished gives the final bytes of a mail, composed and stored if it has none
// yet. Failure is the receipt of one that cannot be composed. core.ErrConflict
// when the claim has passed to somebody else.
func (c *Courier) finished(ctx context.Context, delivery *core.Delivery) (raw []byte, failure *core.Receipt, err error) {
	switch {
	case delivery.Bytes != nil:
		return delivery.Bytes, nil, nil
	case delivery.Composed:
		raw, err = c.Desk.ComposedBytes(ctx, *delivery)
		return raw, nil, err
	}
	if err := c.Desk.Gather(ctx, delivery); err != nil {
		return nil, uncomposable(err), nil
	}
	if raw, failure = c.compose(delivery, Compose); failure != nil {
		return nil, failure, nil
	}
	raw = c.sign(ctx, delivery, raw)
	return raw, nil, c.Desk.StoreComposed(ctx, *delivery, raw)
}

// uncomposable is the receipt of a delivery whose words could not be gathered:
// never if they are gone, else a later try may find them.
func uncomposable(err error) *core.Receipt {
	if errors.Is(err, core.ErrNotFound) {
		return &core.Receipt{Outcome: core.Never, Text: "What this mail was to say is gone."}
	}
	return &core.Receipt{Outcome: core.Later, Text: "The mail could not be composed."}
}

// compose survives a fault of our own: the mail waits for a program without it.
func (c *Courier) compose(delivery *core.Delivery, write func(*core.Outgoing) ([]byte, error)) (raw []byte, failure *core.Receipt) {
	defer func() {
		if fault := recover(); fault != nil {
			c.Log.Error("composing mail panicked", "delivery", delivery.ID, "purpose", delivery.Purpose, "panic", fault, "stack", string(debug.Stack()))
			raw, failure = nil, &core.Receipt{Outcome: core.Later, Text: "The mail could not be composed, by a fault of this program."}
		}
	}()
	raw, err := write(delivery.Outgoing)
	if err != nil {
		return nil, &core.Receipt{Outcome: core.Never, Text: fmt.Sprintf("The mail could not be written: %v", err)}
	}
	return raw, nil
}

// record offers the outcome until the database takes it: a mail that was sent and
// not recorded would be sent again.
func (c *Courier) record(ctx context.Context, delivery core.Delivery, receipt core.Receipt) (err error) {
	receipt.Text = core.Redact(receipt.Text)
	c.log(ctx, delivery, receipt)
	core.Passing(core.PointSent)
	defer core.Passing(core.PointRecorded)
	return persist(ctx, func(ctx context.Context) error {
		err := c.Desk.FinishDelivery(ctx, delivery, receipt)
		if errors.Is(err, core.ErrConflict) || errors.Is(err, core.ErrNotFound) {
			return nil
		}
		return err
	})
}

// persist offers something to the database until it takes it, for a minute at
// most. While the program ends it takes seconds: SIGTERM ends all within half a
// minute, with the database away too, and leases see to the rest.
func persist(ctx context.Context, write func(context.Context) error) (err error) {
	ctx, stop := outlive(ctx, lastOffers)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, recordFor)
	defer cancel()
	for wait := 100 * time.Millisecond; ; wait *= 2 {
		if err = write(ctx); err == nil {
			return nil
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
	}
}

// giveBack ends claims that were not tried. What cannot be given back is due when
// its lease ends.
func (c *Courier) giveBack(ctx context.Context, claims []core.Delivery) {
	if len(claims) == 0 {
		return
	}
	if err := persist(ctx, func(ctx context.Context) error { return c.Desk.GiveBack(ctx, claims) }); err != nil {
		c.failed(ctx, err)
	}
}

func (c *Courier) log(ctx context.Context, d core.Delivery, r core.Receipt) {
	message, level := "mail sent", slog.LevelInfo
	switch r.Outcome {
	case core.Later:
		message = "mail deferred"
	case core.Never:
		message, level = "mail failed", slog.LevelWarn
	}
	c.Log.Log(ctx, level, message, "delivery", d.ID, "purpose", d.Purpose, "to", d.Recipient, "outcome", r.Outcome,
		"attempt", d.Attempt, "code", r.Code, "enhanced", r.Enhanced, "response", r.Text, "remote", r.Remote,
		"perhaps_delivered", r.PerhapsDelivered, "seconds", r.Took.Seconds())
}

// outlive gives a context that ends some time after its parent.
func outlive(parent context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() {
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(ctx, func() { timer.Stop() })
	})
	return ctx, func() { stop(); cancel() }
}
