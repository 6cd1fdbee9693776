package mailer

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"postdesk/core"
)

// A lane carries mail to one destination, over one connection at a time. The
// outcome of a mail is recorded before the final dot of the next: whatever ends
// the program, one mail of a connection at most is sent and not recorded.
type lane struct {
	courier *Courier
	slot    *core.Lane
	nudge   chan int
	idle    bool        // guarded by the pool
	works   atomic.Bool // there is a connection

	batch     batch
	hops      []*peer // that were not tried yet for the mail
	at        *peer   // the last that was
	dialogue  *dialogue
	broken    bool
	recording chan error // of the mail before; nil if there is none to wait for
}

// run claims and carries while there is mail, and for a while longer.
func (l *lane) run(ctx context.Context, share int) {
	defer l.end(ctx)
	carrying, cancel := outlive(ctx, grace)
	defer cancel()
	defer context.AfterFunc(ctx, func() { l.giveUpRest(carrying) })()
	for ctx.Err() == nil && l.slot.Held() {
		claimed := time.Now()
		mails, err := l.slot.Claim(ctx, share)
		l.batch.fill(mails, claimed)
		switch {
		case errors.Is(err, core.ErrNoWork):
			if share = l.wait(ctx); share == 0 {
				return
			}
			continue
		case err != nil:
			l.broke(ctx, err)
			return
		}
		fast, err := l.carryAll(ctx, carrying)
		if err != nil {
			l.broke(carrying, err)
		}
		if err != nil || l.dialogue == nil && !fast {
			return
		}
		if share = maxTransacts; !fast {
			share = 1
		}
	}
}

// broke logs an error that no end of the program explains. The lane ends, and is
// not missed at once: what failed would fail again.
func (l *lane) broke(ctx context.Context, err error) {
	if l.broken = true; ctx.Err() == nil {
		l.courier.failed(ctx, err)
	}
}

// carryAll carries the batch. It is not fast when a mail stalled, or when the rest
// was given back.
func (l *lane) carryAll(ctx, carrying context.Context) (fast bool, err error) {
	fast = true
	timer := time.AfterFunc(stalled, func() { l.giveUpRest(carrying) })
	defer timer.Stop()
	defer l.giveUpRest(carrying)
	for ctx.Err() == nil && l.slot.Held() {
		mail, ok := l.batch.next()
		if !ok {
			break
		}
		timer.Reset(stalled)
		began := time.Now()
		goOn, err := l.carryInMemory(ctx, carrying, mail)
		if err != nil || !goOn {
			return false, err
		}
		fast = fast && time.Since(began) < stalled
	}
	if l.slot.Probes() {
		if err := l.recorded(); err != nil {
			return false, err
		}
		l.slot.Proved()
		l.courier.Desk.Wake(core.BellOutbound)
	}
	return fast, nil
}

func (l *lane) giveUpRest(ctx context.Context) {
	if rest := l.batch.empty(); len(rest) > 0 {
		l.courier.giveBack(ctx, rest)
		l.courier.Desk.Wake(core.BellOutbound)
	}
}

// carry composes and sends one mail, and has the outcome recorded while the lane
// goes on. It does not go on when the destination cannot be spoken to.
func (l *lane) carry(ctx context.Context, mail core.Delivery) (goOn bool, err error) {
	raw, failure, err := l.courier.finished(ctx, &mail)
	switch {
	case errors.Is(err, core.ErrConflict):
		return true, nil
	case err != nil:
		return false, err
	case failure != nil:
		return true, l.record(ctx, mail, *failure)
	}
	m, err := mailingOf(mail.EnvelopeFrom, mail.Recipient, raw)
	if err != nil {
		return true, l.record(ctx, mail, receiptOf("", err))
	}
	began := time.Now()
	receipt, tried := l.send(ctx, m)
	receipt.Took = time.Since(began)
	if !tried || receipt.Unreachable && l.courier.lanes.others(l) {
		l.courier.giveBack(ctx, []core.Delivery{mail})
		return false, l.recorded()
	}
	return !receipt.Unreachable, l.record(ctx, mail, receipt)
}

// record has an outcome recorded after the one before.
func (l *lane) record(ctx context.Context, mail core.Delivery, receipt core.Receipt) error {
	if err := l.recorded(); err != nil {
		return err
	}
	done := make(chan error, 1)
	l.recording = done
	go func() { done <- l.courier.record(ctx, mail, receipt) }()
	return nil
}

// recorded waits until the outcome of the mail before is committed.
func (l *lane) recorded() (err error) {
	if l.recording != nil {
		err = <-l.recording
		l.recording = nil
	}
	return err
}

// wait gives the size of the next claim, or 0 when it is time to end.
func (l *lane) wait(ctx context.Context) (share int) {
	sent := l.recording != nil
	if err := l.recorded(); err != nil {
		l.broke(ctx, err)
		return 0
	}
	if l.dialogue == nil {
		return 0
	}
	if sent {
		return 1 // what waited for that mail of its thread may go now
	}
	p := &l.courier.lanes
	p.mu.Lock()
	l.idle = true
	p.mu.Unlock()
	timer := time.NewTimer(maxIdle)
	defer timer.Stop()
	select {
	case share = <-l.nudge:
		return share
	case <-ctx.Done():
	case <-timer.C:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if l.idle {
		l.idle = false
		return 0
	}
	return <-l.nudge // it came in the same moment
}

// end closes the connection before it gives the lane back.
func (l *lane) end(ctx context.Context) {
	if err := l.recorded(); err != nil {
		l.broke(ctx, err)
	}
	l.quit()
	l.slot.Release(ctx)
	l.courier.lanes.dismiss(l)
	if !l.broken {
		l.courier.Desk.Wake(core.BellOutbound)
	}
}
