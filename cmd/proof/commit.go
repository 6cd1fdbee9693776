package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

type commitCommand struct {
	Cuts    int           `help:"Commits of mail whose confirmation never comes." default:"500"`
	Seed    uint64        `help:"Chooses them again; 0 draws one." default:"0"`
	Timeout time.Duration `help:"For everything." default:"15m"`
	Control bool          `help:"Then do it to a gateway that says 250 before it knows, which must be found."`
}

// Run fails unless the gateway says 451 whenever it cannot know whether a mail was
// committed, and the mail is there once after its sender came again.
func (k *commitCommand) Run(ctx context.Context, c *commands) error {
	ctx, cancel := context.WithTimeout(ctx, k.Timeout)
	defer cancel()
	k.Seed = seeded(k.Seed)
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	r, err := k.prove(ctx, w, siteSetup{name: "commit"}, k.Cuts)
	if err != nil {
		return err
	}
	if err := r.judge(); err != nil {
		return err
	}
	if k.Control {
		if err := k.control(ctx, w); err != nil {
			return err
		}
	}
	tellFigure("%s", r)
	return nil
}

func (k *commitCommand) control(ctx context.Context, w *workshop) error {
	binary, err := w.faulty(ctx)
	if err != nil {
		return err
	}
	r, err := k.prove(ctx, &workshop{dir: w.dir, binary: binary}, siteSetup{name: "commit-faulty", fault: "ack-first"}, 20)
	if err != nil {
		return err
	}
	if r.judge() == nil {
		return errFaultNotFound
	}
	fmt.Printf("control: a gateway that says 250 before it knows: found (%v)\n", r.judge())
	return nil
}

// A commitRun is what happened.
type commitRun struct {
	crashRun
	alone  silence // one sender: each commit is of one mail
	crowd  silence // eight: a commit may be of several
	yes451 int     // 451s to the one sender
}

func (r *commitRun) String() string {
	return fmt.Sprintf("%d commits of one mail kept from the gateway: %d answers 451; then %d commits of %d mails; %d acknowledged in the end: %s",
		r.alone.commits, r.yes451, r.crowd.commits, r.crowd.mails, r.ledger.sent(), r.verdict)
}

func (r *commitRun) judge() error {
	refused, _, _ := r.ledger.counts()
	switch {
	case refused > 0:
		return fmt.Errorf("%d mails were refused for good", refused)
	case r.yes451 != r.alone.commits:
		return fmt.Errorf("%d commits were kept from the gateway, and it said 451 %d times", r.alone.commits, r.yes451)
	}
	return r.sound(context.Background())
}

// A silence keeps commits from the gateway: half of those that store mail, until
// there were enough, and a few of the others.
type silence struct {
	mu      sync.Mutex
	random  *rand.Rand
	want    int
	commits int // kept, of mail
	mails   int // in them
}

func (s *silence) keep(mails int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.commits >= s.want:
		return false
	case mails == 0:
		return s.random.IntN(20) == 0
	case s.random.IntN(2) == 0:
		return false
	}
	s.commits++
	s.mails += mails
	return true
}

func (s *silence) enough() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.commits >= s.want
}

func (k *commitCommand) prove(ctx context.Context, w *workshop, setup siteSetup, cuts int) (*commitRun, error) {
	random := rand.New(rand.NewPCG(k.Seed, 7))
	r := &commitRun{crashRun: crashRun{ledger: openLedger()}, alone: silence{random: random, want: cuts}, crowd: silence{random: random, want: cuts / 5}}
	var now atomic.Pointer[silence]
	now.Store(&silence{}) // keeps nothing: a gateway that cannot start is another proof's
	err := onSite(ctx, w, setup, func(s *site) error {
		if err := s.furnish(ctx); err != nil {
			return err
		}
		proxy, err := openCommitProxy("127.0.0.1:"+s.server.port, func(mails int) bool { return now.Load().keep(mails) })
		if err != nil {
			return err
		}
		defer proxy.close()
		front, err := s.behind(ctx, "front", proxy.addr())
		if err != nil {
			return err
		}
		defer func() { front.stop() }()
		now.Store(&r.alone)
		if err := k.send(ctx, front.at.smtp, r.ledger, 1, &r.alone); err != nil {
			return err
		}
		_, later, unknown := r.ledger.counts()
		r.yes451 = later + unknown*1_000_000 // an answer that never came is none
		now.Store(&r.crowd)
		r.ledger.reopen()
		if err := k.send(ctx, front.at.smtp, r.ledger, 8, &r.crowd); err != nil {
			return err
		}
		front.stop()
		return s.settle(ctx, &r.crashRun)
	})
	return r, err
}

// send brings mail until enough commits were kept from the gateway.
func (k *commitCommand) send(ctx context.Context, addr string, l *ledger, senders int, until *silence) error {
	text := prose(k.Seed, 2*largest)
	mails := crashCommand{Seed: k.Seed}
	group, sending := errgroup.WithContext(ctx)
	for range senders {
		p := postman{addr: addr, ledger: l, mail: func(n int) mail { return mails.mail(n, text) }}
		group.Go(func() error { return p.deliver(sending) })
	}
	group.Go(func() error {
		defer l.close()
		for !until.enough() {
			if sending.Err() != nil {
				return sending.Err()
			}
			pause(5)
		}
		return nil
	})
	return group.Wait()
}

// behind starts a gateway that reaches the site's database at another address, in
// place of the site's own, which is stopped.
func (s *site) behind(ctx context.Context, name, addr string) (*gateway, error) {
	s.gateway.stop()
	g := newGateway(s.workshop, name, s.gateway.resolver)
	g.fault, g.settings = s.gateway.fault, s.gateway.settings
	u, err := url.Parse(s.gateway.database)
	if err != nil {
		return nil, err
	}
	u.Host = addr
	g.database = u.String()
	return g, g.start(ctx)
}
