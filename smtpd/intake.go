package smtpd

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"postdesk/core"
	"postdesk/smtpd/verify"
)

// pullAtOnce is how many stored mails are claimed in one go, at most. The desk
// bounds their bytes.
const pullAtOnce = 100

// pulledMails is how many stored mails are filed at once. They have room of their
// own: new mail must not keep them waiting, nor one of them the others. Most wait for
// name servers, some seconds each where those are slow.
const pulledMails = 4000

// An intake files accepted mails: those just accepted, at once and from memory,
// and those that a crash, a full intake, a fault or a person left in the
// database.
type intake struct {
	cfg     *Config
	desk    *core.Desk
	checker *verify.Checker
	log     *slog.Logger
	mails   *budget
	bytes   *budget
	pulled  chan struct{} // one for each stored mail that is being filed

	greatTurn chan struct{} // of the great mail that is being read
	running   sync.WaitGroup
	claims    claims
}

func newIntake(cfg *Config, desk *core.Desk, checker *verify.Checker, log *slog.Logger) *intake {
	return &intake{
		cfg: cfg, desk: desk, checker: checker, log: log,
		mails: newBudget(int64(cfg.MaxFilingMails)), bytes: newBudget(cfg.MaxFilingBytes),
		pulled: make(chan struct{}, pulledMails), greatTurn: make(chan struct{}, 1),
	}
}

// A place is room for one mail in the intake. A nil place is none.
type place struct {
	intake *intake
	bytes  int64
}

// reserve gives a place for a mail, nil if the intake is full: the mail then
// waits in the database.
func (in *intake) reserve(bytes int64) *place {
	if !in.mails.take(1) {
		return nil
	}
	if !in.bytes.take(bytes) {
		in.mails.give(1)
		return nil
	}
	return &place{in, bytes}
}

func (p *place) release() {
	if p != nil {
		p.intake.mails.give(1)
		p.intake.bytes.give(p.bytes)
	}
}

// start files a mail in the background.
func (p *place) start(ctx context.Context, claim core.Claim) {
	if p == nil {
		return
	}
	if !claim.Held {
		p.release() // it was here before, or somebody else has it
		return
	}
	p.intake.running.Go(func() {
		defer p.release()
		p.intake.file(ctx, claim)
	})
}

func (in *intake) wait() { in.running.Wait() }

// pull claims stored mails that are due and files them in the background. Work
// is the context of the filing, which outlives that of the claiming.
func (in *intake) pull(work context.Context) func(context.Context) (bool, error) {
	return func(ctx context.Context) (more bool, err error) {
		room := in.makeRoom(ctx)
		if room == 0 {
			return false, ctx.Err()
		}
		claims, err := in.desk.ClaimInbound(ctx, room)
		for range room - len(claims) {
			<-in.pulled
		}
		for _, claim := range claims {
			size := int64(len(claim.Raw))
			if claim.Great != nil {
				size = greatRoom
			}
			in.bytes.give(-size) // it is here, room or not: new mail waits then
			done := make(chan struct{})
			in.running.Go(func() {
				defer func() { in.bytes.give(size); <-in.pulled; close(done) }()
				in.file(work, claim)
			})
			if claim.Suspect() {
				awaitSuspect(ctx, done)
			}
		}
		return err == nil && len(claims) > 0, err
	}
}

// aloneFor is how long no other stored mail is claimed beside a suspect. What ends
// a process does so at once; what hangs must not hold up the others.
const aloneFor = 5 * time.Second

func awaitSuspect(ctx context.Context, done <-chan struct{}) {
	select {
	case <-done:
	case <-ctx.Done():
	case <-time.After(aloneFor):
	}
}

// makeRoom waits for room for one stored mail and takes what there is, for
// pullAtOnce at most. It gives nothing when ctx has ended, or when great mails
// fill the intake: the worker asks again in a moment.
func (in *intake) makeRoom(ctx context.Context) (room int) {
	if in.bytes.left.Load() <= 0 {
		return 0
	}
	select {
	case in.pulled <- struct{}{}:
	case <-ctx.Done():
		return 0
	}
	for room = 1; room < pullAtOnce; room++ {
		select {
		case in.pulled <- struct{}{}:
		default:
			return room
		}
	}
	return room
}

// file brings one mail to its end, or parks it.
func (in *intake) file(ctx context.Context, claim core.Claim) {
	defer in.claims.hold(claim)()
	err := in.apply(ctx, claim)
	log := in.log.With("inbound", claim.ID, "attempt", claim.Attempt, "from", core.Redact(claim.Envelope.From),
		"to", forLog(claim.Envelope.Recipients))
	switch {
	case err == nil:
		return // the desk has told how
	case ctx.Err() != nil:
		log.Warn("mail left to whoever claims it next", "error", err)
		return
	}
	event := "mail parked"
	if _, failed := core.NextTry(claim.Tries, time.Now()); failed {
		event = "mail given up"
	}
	log.Error(event, "error", err)
	if err := in.park(ctx, claim, err); err != nil {
		log.Error("mail not parked, it comes back when its lease ends", "error", err)
	}
}

// Of parking while the database is away.
const (
	parkEvery = time.Second
	parkFor   = 30 * time.Second // the lease has nearly ended by then
)

// park waits a while for a database that is away: it is most often back before
// the lease would end.
func (in *intake) park(ctx context.Context, claim core.Claim, cause error) error {
	for end := time.Now().Add(parkFor); ; {
		err := in.desk.Park(ctx, claim, cause)
		if err == nil || !core.DatabaseAway(err) || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(parkEvery):
		}
	}
}

// apply reads, verifies and files. A panic on a mail is a fault of that mail.
func (in *intake) apply(ctx context.Context, claim core.Claim) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("panic: %v\n%s", fault, debug.Stack())
		}
	}()
	core.Poison(claim.Raw)
	letter, err := in.read(ctx, claim)
	if err != nil {
		return err
	}
	core.Passing(core.PointParsed)
	origin, err := in.verify(ctx, claim, letter)
	if err != nil {
		return err
	}
	return in.desk.Apply(ctx, claim, letter, origin)
}
