package mailer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"postdesk/core"
)

// Defaults and limits of a Courier.
const (
	defaultWorkers = 5
	grace          = 20 * time.Second // for a running dialogue, when the program stops
	recordFor      = time.Minute      // how long the outcome of a try is offered to the database
)

// A Courier takes deliveries from the desk, composes each once, sends it and
// records the outcome. Any number of couriers, here and in other processes, may
// serve one desk. The fields are set before Run and not changed afterwards.
type Courier struct {
	Desk      *core.Desk
	Transport Transport // nil: mail is composed, and held mail is all there should be
	Workers   int       // 0: five
	Log       *slog.Logger
}

// Run works until ctx ends. A dialogue that is running then may finish, for 20
// seconds at most; what could not be recorded is due again when its lease ends.
func (c *Courier) Run(ctx context.Context) {
	workers := c.Workers
	if workers <= 0 {
		workers = defaultWorkers
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	var all sync.WaitGroup
	for range workers {
		all.Go(func() { c.Desk.Work(ctx, core.BellOutbound, c.next) })
	}
	all.Wait()
	if c.Transport != nil {
		c.Transport.Close()
	}
}

// next takes one delivery to where its lease may end.
func (c *Courier) next(ctx context.Context) (more bool, err error) {
	delivery, err := c.Desk.ClaimDelivery(ctx)
	if errors.Is(err, core.ErrNoWork) || err != nil && delivery.ID == 0 {
		return false, err
	}
	ctx, cancel := outlive(ctx, grace)
	defer cancel()
	receipt, tried, err := c.carry(ctx, &delivery, err)
	if err != nil || !tried {
		return err == nil, err
	}
	return true, c.record(ctx, delivery, receipt)
}

// carry composes and sends. Without a receipt there is nothing to record: the
// mail is held, or the claim has passed to somebody else.
func (c *Courier) carry(ctx context.Context, delivery *core.Delivery, claimed error) (receipt core.Receipt, tried bool, err error) {
	if claimed != nil {
		return uncomposable(claimed), true, nil
	}
	if delivery.Bytes == nil {
		raw, failure := c.compose(delivery, Compose)
		if failure != nil {
			return *failure, true, nil
		}
		raw = c.sign(ctx, delivery, raw)
		err := c.Desk.StoreComposed(ctx, *delivery, raw)
		if errors.Is(err, core.ErrConflict) {
			return receipt, false, nil
		}
		if err != nil {
			return receipt, false, err
		}
		delivery.Bytes = raw
	}
	if delivery.Held {
		c.Log.InfoContext(ctx, "mail held", "delivery", delivery.ID, "purpose", delivery.Purpose, "to", delivery.Recipient)
		return receipt, false, nil
	}
	if c.Transport == nil {
		return core.Receipt{Outcome: core.Later, Text: "no relay is set"}, true, nil
	}
	return c.Transport.Send(ctx, delivery.EnvelopeFrom, delivery.Recipient, delivery.Bytes), true, nil
}

// uncomposable is the receipt of a delivery whose words could not be gathered:
// never if they are gone, else a later try may find them.
func uncomposable(err error) core.Receipt {
	if errors.Is(err, core.ErrNotFound) {
		return core.Receipt{Outcome: core.Never, Text: "What this mail was to say is gone."}
	}
	return core.Receipt{Outcome: core.Later, Text: "The mail could not be composed."}
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
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordFor)
	defer cancel()
	for wait := 100 * time.Millisecond; ; wait *= 2 {
		err = c.Desk.FinishDelivery(ctx, delivery, receipt)
		if err == nil || errors.Is(err, core.ErrConflict) || errors.Is(err, core.ErrNotFound) {
			return nil
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
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
		"perhaps_delivered", r.PerhapsDelivered)
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
