package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
)

type rollingCommand struct {
	Restarts int           `help:"Orderly ends of a gateway, one after the other, each followed by its start." default:"10"`
	Gateways int           `help:"Gateways over one PostgreSQL, each of them the whole." default:"2"`
	Senders  int           `help:"Servers that bring mail, each to all of them in turn." default:"6"`
	Seed     uint64        `help:"Chooses sizes and moments again; 0 draws one." default:"0"`
	Timeout  time.Duration `help:"For everything." default:"30m"`
	Control  bool          `help:"Then end gateways by SIGKILL instead, and fail unless that is seen."`
}

// Run fails unless all mail was taken at once by one gateway or the other, none in
// the middle of its words, while they were restarted under it.
func (r *rollingCommand) Run(ctx context.Context, c *commands) error {
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	r.Seed = seeded(r.Seed)
	return onFleet(ctx, c, "rolling", nil, func(f *fleet) error {
		if err := r.prove(ctx, f); err != nil || !r.Control {
			return err
		}
		return r.control(ctx, f)
	})
}

func (r *rollingCommand) prove(ctx context.Context, f *fleet) error {
	for n := range r.Gateways {
		if _, err := f.add(ctx, fmt.Sprintf("rolling%d", n+1), "smtp,web,mail"); err != nil {
			return err
		}
	}
	t, l, ends, err := r.roll(ctx, f, r.Restarts, (*gateway).stop)
	if err != nil {
		return err
	}
	fmt.Println(t)
	fmt.Printf("%d mails, %d restarts, the longest end took %.1f s; each gateway took %v\n", t.taken, r.Restarts, ends.Seconds(), shares(t, f))
	if err := l.sound(ctx, f.site(f.gateways[0])); err != nil {
		return err
	}
	tellFigure("%d restarts under %d mails: 0 lost, %d cut short, %d without a server, longest end %.1f s", r.Restarts, t.taken, t.cutShort, t.rounds, ends.Seconds())
	switch {
	case t.cutShort > 0:
		return errors.New("mail was cut short in the middle")
	case t.rounds > 0:
		return errors.New("mail found no server")
	case ends > mostDrain:
		return errors.New("a gateway took too long to end")
	}
	return nil
}

// mostDrain is how long a gateway may finish what was begun (reliability R19), and a
// moment to end. One that has taken more than it can file uses all of it.
const mostDrain = 30*time.Second + 5*time.Second

func shares(t *tally, f *fleet) (list []int) {
	for _, g := range f.gateways {
		list = append(list, t.whereFrom[g.at.smtp])
	}
	return list
}

// roll brings mail for as long as it takes to end and start the gateways in turn.
// What is acknowledged and not there is for the caller to see.
func (r *rollingCommand) roll(ctx context.Context, f *fleet, restarts int, end func(*gateway)) (t *tally, l *load, longest time.Duration, err error) {
	const mostMails = 200_000
	l, t = newLoad(r.Seed, mostMails, r.Senders, 20_000), &tally{}
	done := make(chan struct{})
	sending, enough := context.WithCancel(ctx)
	defer enough()
	var group errgroup.Group
	for n := range r.Senders {
		m := &mta{addrs: smtpOf(f.gateways...), ledger: l.ledger, mail: l.mail, random: rand.New(rand.NewPCG(r.Seed, uint64(n))), tally: t}
		group.Go(func() error { return m.until(sending, done) })
	}
	random := rand.New(rand.NewPCG(r.Seed, math.MaxUint64))
	for n := range restarts {
		pause(200 + random.IntN(300))
		g := f.gateways[n%len(f.gateways)]
		begin := time.Now()
		end(g)
		longest = max(longest, time.Since(begin))
		if err := g.start(ctx); err != nil {
			return t, l, longest, fmt.Errorf("restart %d: %w", n+1, err)
		}
	}
	close(done)
	err = group.Wait()
	l.ledger.mails = l.ledger.mails[:min(l.ledger.next, mostMails)]
	return t, l, longest, err
}

// until brings mail until the others are done, and finishes its last one.
func (m *mta) until(ctx context.Context, done <-chan struct{}) error {
	defer m.hangUp()
	for {
		select {
		case <-done:
			return nil
		default:
		}
		n, ok := m.ledger.take()
		if !ok {
			return errors.New("there are no more mails")
		}
		if err := m.bring(ctx, n); err != nil {
			return err
		}
	}
}

// control ends gateways as a crash would: senders must see that.
func (r *rollingCommand) control(ctx context.Context, f *fleet) error {
	before := r.Seed
	r.Seed++ // other mails than before
	defer func() { r.Seed = before }()
	t, _, _, err := r.roll(ctx, f, 6, (*gateway).kill)
	if err != nil {
		return err
	}
	fmt.Println("control, ended by SIGKILL:", t)
	if t.cutShort == 0 {
		return errors.New("the control cut no mail short: the check cannot see it")
	}
	return nil
}

func readLog(file string) string {
	content, _ := os.ReadFile(file) // none yet
	return string(content)
}
