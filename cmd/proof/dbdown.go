package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"time"
)

type dbdownCommand struct {
	Down    time.Duration `help:"How long the database is away." default:"1m"`
	Release bool          `help:"10 minutes."`
	Mails   int           `help:"Mails that a Postfix before the gateway has to bring." default:"1000"`
	Seed    uint64        `help:"Chooses sizes again; 0 draws one." default:"0"`
	Timeout time.Duration `help:"For everything." default:"30m"`
}

// Of a database that is away (reliability R9).
const (
	answerWithin = 5 * time.Second
	takenWithin  = 5 * time.Second
	frozenFor    = 10 * time.Second
	remembered   = 1100 // ms: which addresses take mail is read once a second
)

// Run fails unless the gateway says so while its database is away, takes nothing,
// takes mail again as soon as it is back, and gets all that a real server before it
// has kept, once.
func (k *dbdownCommand) Run(ctx context.Context, c *commands) error {
	ctx, cancel := context.WithTimeout(ctx, k.Timeout)
	defer cancel()
	if k.Release {
		k.Down = 10 * time.Minute
	}
	k.Seed = seeded(k.Seed)
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	return onSite(ctx, w, siteSetup{name: "away"}, func(s *site) error { return k.prove(ctx, s) })
}

func (k *dbdownCommand) prove(ctx context.Context, s *site) error {
	// The control: what is asked of an absent database must not be true of one that is there.
	if err := lookAway(ctx, s); err == nil {
		return errors.New("control: the gateway is called to be without database while it has one: this proof sees nothing")
	} else {
		fmt.Println("control: with the database there:", err)
	}
	if err := k.freeze(ctx, s); err != nil {
		return fmt.Errorf("a frozen database: %w", err)
	}
	if why := noPostfix(); why != "" {
		fmt.Println("Postfix is left out:", why)
		return k.outage(ctx, s)
	}
	p := &postfix{dir: filepath.Join(s.workshop.dir, "postfix"), relay: s.gateway.at.smtp}
	defer p.stop()
	if err := p.start(ctx, 10); err != nil {
		return err
	}
	if err := p.release(ctx); err != nil {
		return err
	}
	l := newLoad(k.Seed, k.Mails, 4, 20_000)
	l.behind = "From: <"
	err := l.run(ctx, "127.0.0.1:"+p.port, func(ctx context.Context) error {
		if err := l.ledger.awaitAcknowledged(ctx, k.Mails/3); err != nil {
			return err
		}
		return k.outage(ctx, s)
	})
	if err != nil {
		return err
	}
	return k.everythingArrives(ctx, s, p, l)
}

// freeze stops every process of PostgreSQL in the middle of what it does: it
// takes connections and says nothing.
func (k *dbdownCommand) freeze(ctx context.Context, s *site) error {
	pids := s.server.processes()
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGSTOP)
	}
	thaw := func() {
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	}
	defer thaw()
	pause(remembered)
	slowest, tries := time.Duration(0), 0
	for end := time.Now().Add(frozenFor); time.Now().Before(end); tries++ {
		took, err := knock(ctx, s)
		if slowest = max(slowest, took); err != nil {
			return err
		}
	}
	thaw()
	back, err := awaitBack(ctx, s)
	fmt.Printf("frozen for %s: %d recipients were told 451 4.3.0, within %.1f s; taken again %.1f s afterwards\n", frozenFor, tries, slowest.Seconds(), back.Seconds())
	return err
}

// outage ends the database, looks at the gateway until it is started again, and
// times the way back.
func (k *dbdownCommand) outage(ctx context.Context, s *site) error {
	open, err := dial(ctx, s.gateway.at.smtp)
	if err != nil {
		return err
	}
	defer open.close()
	begun := compose("begun", 0, smallest, "")
	if err := open.step([]byte("MAIL FROM:<"+begun.from+">\r\nRCPT TO:<"+mailbox+">\r\nDATA\r\n"), 250, 250, 354); err != nil {
		return err
	}
	s.server.end(immediately)
	down := time.Now()
	if err := refusedSoon(down, open.step(dotted(begun.raw), 250)); err != nil {
		return fmt.Errorf("a mail that had begun: %w", err)
	}
	pause(remembered)
	looks := 0
	for ; time.Since(down) < k.Down; looks++ {
		if err := lookAway(ctx, s); err != nil {
			return err
		}
		pause(500)
	}
	if err := s.server.start(ctx); err != nil {
		return err
	}
	back, err := awaitBack(ctx, s)
	fmt.Printf("away for %s: looked %d times, nothing was taken, pages said 503; mail taken again %.1f s afterwards\n", time.Since(down).Round(time.Second), looks, back.Seconds())
	return err
}

// awaitBack tells how long it takes until mail is taken and pages are served.
func awaitBack(ctx context.Context, s *site) (took time.Duration, err error) {
	start := time.Now()
	for ctx.Err() == nil {
		_, refused := knock(ctx, s)
		at, err := askSite(ctx, s, "/readyz")
		if err == nil && errors.Is(refused, errTaken) && at.status == 200 {
			break
		}
		pause(50)
	}
	if took = time.Since(start); took > takenWithin {
		return took, fmt.Errorf("back after %s, want %s at most", took, takenWithin)
	}
	return took, ctx.Err()
}

// everythingArrives lets Postfix bring what it has kept.
func (k *dbdownCommand) everythingArrives(ctx context.Context, s *site, p *postfix, l *load) error {
	kept := p.count("incoming", "active", "deferred")
	for p.count("incoming", "active", "deferred") > 0 {
		if err := p.command(ctx, "postqueue", "-f"); err != nil {
			return err
		}
		pause(500)
	}
	fmt.Printf("Postfix had kept %d of %d mails, and has none left\n", kept, k.Mails)
	if err := l.sound(ctx, s); err != nil {
		return err
	}
	tellFigure("database away for %s: nothing taken, then %d of %d mails of a Postfix arrived once", k.Down, k.Mails, k.Mails)
	return nil
}
