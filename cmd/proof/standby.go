package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

type standbyCommand struct {
	Mails   int           `help:"Mails to send in each round." default:"1500"`
	Rounds  int           `help:"How often the primary is killed and its standby promoted." default:"2"`
	Senders int           `help:"Servers that bring mail to two gateways." default:"8"`
	Seed    uint64        `help:"Chooses sizes and moments again; 0 draws one." default:"0"`
	Timeout time.Duration `help:"For everything." default:"30m"`
	Cut     bool          `help:"Cut the primary off instead of killing it, as a machine without power is: nobody is told. Needs root, for a network of its own."`
	Control bool          `help:"Then do not wait for the standby (synchronous_standby_names empty), and fail unless acknowledged mail is lost then."`
}

// backWithin is how soon mail is taken again after a promotion (issue 9).
const backWithin = 15 * time.Second

// Run fails unless all acknowledged mail survives the loss of the primary, and mail
// is taken again soon after the standby is promoted.
func (s *standbyCommand) Run(ctx context.Context, c *commands) error {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	if s.Cut {
		if inside, err := ownNetwork(ctx); !inside {
			return err
		}
	}
	s.Seed = seeded(s.Seed)
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	var worst time.Duration
	for n := range s.Rounds {
		o, err := s.round(ctx, w, n, true)
		if err != nil {
			return err
		}
		worst = max(worst, o.back)
		switch {
		case o.verdict != (verdict{}):
			return errUnsound
		case o.back > backWithin:
			return fmt.Errorf("mail was taken again %.1f s after the promotion, more than %.0f s", o.back.Seconds(), backWithin.Seconds())
		}
	}
	tellFigure("%d failovers under %d mails: 0 lost; taken again at most %.1f s after the promotion", s.Rounds, s.Rounds*s.Mails, worst.Seconds())
	if !s.Control {
		return nil
	}
	return s.control(ctx, w)
}

// triesToLose is how often the control may keep everything by luck.
const triesToLose = 4

func (s *standbyCommand) control(ctx context.Context, w *workshop) error {
	for n := range triesToLose {
		o, err := s.round(ctx, w, s.Rounds+n, false)
		if err != nil {
			return err
		}
		fmt.Printf("control, no wait for the standby: %d lost\n", o.verdict.lost)
		if o.verdict.lost > 0 {
			return nil
		}
	}
	return errors.New("the control lost nothing: the proof would not see a loss")
}

// An outlived is what became of one primary's death.
type outlived struct {
	verdict verdict
	back    time.Duration // from the order to promote to the first 250
}

// round is one primary with one standby, two gateways, and the death of the primary
// in the middle of mail.
func (s *standbyCommand) round(ctx context.Context, w *workshop, n int, wait bool) (o outlived, err error) {
	name := fmt.Sprintf("round%d", n+1)
	dns, err := startDNS()
	if err != nil {
		return o, err
	}
	defer dns.Close()
	primary, standby, err := s.pair(ctx, w, name, wait)
	for _, server := range []*server{primary, standby} {
		if server != nil {
			defer server.removeCluster()
		}
	}
	if err != nil {
		return o, err
	}
	f := &fleet{workshop: w, server: primary, resolver: dns.LocalAddr().String(), database: either(s.host(), primary, standby, "postdesk")}
	defer f.stop()
	for n := range 2 {
		if _, err := f.add(ctx, fmt.Sprintf("%s-gateway%d", name, n+1), "smtp,web,mail"); err != nil {
			return o, err
		}
	}
	if err := s.refusesStandby(ctx, f, standby); err != nil {
		return o, err
	}
	return s.kill(ctx, f, standby, uint64(n), wait)
}

// pair is a primary with the empty database and its standby.
func (s *standbyCommand) pair(ctx context.Context, w *workshop, name string, wait bool) (primary, standby *server, err error) {
	if primary, err = newServer(ctx, w, w.dir+"/"+name+"-primary", name+"-primary"); err != nil {
		return nil, nil, err
	}
	primary.settings = []string{"listen_addresses=127.0.0.1," + cuttable}
	if err = primary.start(ctx); err == nil {
		_, err = primary.create(ctx, "postdesk")
	}
	if err == nil {
		standby, err = primary.cloned(ctx, w, name+"-standby", s.host())
	}
	settings := asynchronous
	if wait {
		settings = synchronous
	}
	if err == nil {
		err = primary.follow(ctx, settings)
	}
	return primary, standby, err
}

// refusesStandby: a gateway that is led to the standby alone ends at once, and says
// why.
func (s *standbyCommand) refusesStandby(ctx context.Context, f *fleet, standby *server) error {
	cmd := exec.CommandContext(ctx, f.gateways[0].binary, "migrate", "--database-url", standby.url("postdesk"))
	cmd.Env = environment(cmd.Environ())
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "it is a standby") {
		return fmt.Errorf("a program that was led to a standby said: %s", out)
	}
	return nil
}

// kill kills the primary while mail comes in, promotes the standby, and lets the
// senders go on until all is acknowledged.
func (s *standbyCommand) kill(ctx context.Context, f *fleet, standby *server, stream uint64, wait bool) (o outlived, err error) {
	random := rand.New(rand.NewPCG(s.Seed, stream))
	l, t := newLoad(s.Seed+stream, s.Mails, s.Senders, 20_000), &tally{}
	var group errgroup.Group
	for n := range s.Senders {
		m := &mta{addrs: smtpOf(f.gateways...), ledger: l.ledger, mail: l.mail, random: rand.New(rand.NewPCG(s.Seed, uint64(n))), tally: t}
		group.Go(func() error { return m.deliver(ctx) })
	}
	if err := l.ledger.awaitAcknowledged(ctx, s.Mails/4+random.IntN(s.Mails/2)); err != nil {
		return o, err
	}
	if wait {
		if err := s.waitsFor(f, l); err != nil {
			return o, err
		}
	} else {
		// The line to the standby is slow for a moment, as a line can be.
		f.server.halt("walsender")
		pause(500)
	}
	mend, err := s.lose(ctx, f.server)
	if err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, mend()) }()
	killed, before := time.Now(), l.ledger.sent()
	pause(500 + random.IntN(1500)) // somebody, or a program, has to notice
	promoted := time.Now()
	took, err := standby.promote(ctx)
	if err != nil {
		return o, err
	}
	f.server = standby
	if err := l.ledger.awaitAcknowledged(ctx, before+1); err != nil {
		return o, err
	}
	o.back = time.Since(promoted)
	fmt.Printf("the primary was lost after %d acknowledged mails; the promotion was ordered %.1f s later and took %.2f s, the first mail was taken %.2f s after the order\n",
		before, promoted.Sub(killed).Seconds(), took.Seconds(), o.back.Seconds())
	if err := group.Wait(); err != nil {
		return o, err
	}
	fmt.Println(t)
	o.verdict, err = l.verdict(ctx, f.site(&gateway{database: standby.url("postdesk")}))
	fmt.Println(o.verdict)
	return o, err
}

// host is where everybody reaches the primary.
func (s *standbyCommand) host() string {
	if s.Cut {
		return cuttable
	}
	return "127.0.0.1"
}

// lose takes the primary away, by a crash or by a cut line.
func (s *standbyCommand) lose(ctx context.Context, primary *server) (mend func() error, err error) {
	if s.Cut {
		return cutOff(ctx)
	}
	primary.end(asACrash)
	return func() error { return nil }, nil
}

// waitsFor fails if mail is acknowledged while the standby receives nothing.
func (s *standbyCommand) waitsFor(f *fleet, l *load) error {
	defer f.server.halt("walsender")()
	pause(500) // what was received is acknowledged
	before := l.ledger.sent()
	pause(2000)
	if after := l.ledger.sent(); after > before {
		return fmt.Errorf("%d mails were acknowledged that the standby does not have", after-before)
	}
	fmt.Println("nothing was acknowledged for 2 s in which the standby received nothing")
	return nil
}
