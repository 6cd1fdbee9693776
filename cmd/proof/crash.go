package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

type crashCommand struct {
	Push    bool          `help:"What every change has to pass: 20,000 mails and 60 kills."`
	Mails   int           `help:"Mails to be acknowledged, at least." default:"2000"`
	Kills   int           `help:"SIGKILLs of the gateway, of PostgreSQL, or of both, at random moments." default:"10"`
	Senders int           `help:"Connections at once." default:"8"`
	Hostile int           `help:"Hostile dialogues a second meanwhile (reliability A50)." default:"5"`
	Seed    uint64        `help:"Chooses sizes and moments again; 0 draws one." default:"0"`
	Timeout time.Duration `help:"For everything." default:"15m"`
	Control bool          `help:"Then plant one fault of each kind into the finished database, inside of a transaction that is rolled back, and fail unless the check finds every one."`
	Faulty  bool          `help:"Then build gateways that say 250 too early, that do not know a mail again, and that commit asynchronously, kill them, and fail unless the check finds what each has done."`
}

// noCourier leaves the part out that sends: its crashes are another proof's.
var noCourier = []string{"--run", "smtp,web"}

// Sizes of the mails, in octets. Few are larger than most.
const smallest, most, largest = 300, 20_000, 5_000_000

// large is how many mails there are to one that may be larger than most.
const large = 200

// Run fails unless every acknowledged mail was filed exactly once.
func (k *crashCommand) Run(ctx context.Context, c *commands) error {
	ctx, cancel := context.WithTimeout(ctx, k.Timeout)
	defer cancel()
	if k.Push {
		k.Mails, k.Kills = max(k.Mails, 20_000), max(k.Kills, 60)
	}
	k.Seed = seeded(k.Seed)
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	figure, err := k.crash(ctx, w)
	if err == nil && k.Faulty {
		err = k.crashFaulty(ctx, w)
	}
	if err == nil {
		tellFigure("%s", figure)
	}
	return err
}

// crash is the proof on a sound gateway.
func (k *crashCommand) crash(ctx context.Context, w *workshop) (figure string, err error) {
	err = onSite(ctx, w, siteSetup{name: "crash", flags: noCourier}, func(s *site) error {
		r, err := k.run(ctx, s, atRandom)
		if err != nil {
			return err
		}
		figure = r.String()
		if err := r.sound(ctx); err != nil {
			return err
		}
		if !k.Control {
			return nil
		}
		db, err := s.look(ctx)
		if err != nil {
			return err
		}
		defer db.close()
		return control(ctx, db, r.ledger.mails)
	})
	return figure, err
}

// A crashRun is what happened.
type crashRun struct {
	ledger *ledger
	kills  []string // what was killed, in order
	sent   time.Duration
	down   time.Duration // of it, until what was killed had started again
	verdict
	faulty []string
}

func (r *crashRun) String() string {
	kinds := map[string]int{}
	for _, kill := range r.kills {
		kinds[kill]++
	}
	return fmt.Sprintf("%d kills (%d of the gateway, %d of PostgreSQL, %d of both), %d acknowledged in %.0f s, of which %.0f s were spent starting again: %s",
		len(r.kills), kinds[ofGateway], kinds[ofPostgreSQL], kinds[ofBoth], r.ledger.sent(), r.sent.Seconds(), r.down.Seconds(), r.verdict)
}

// sound fails unless all mail is there once.
func (r *crashRun) sound(context.Context) error {
	for _, line := range r.faulty[:min(20, len(r.faulty))] {
		fmt.Println(line)
	}
	if refused, _, _ := r.ledger.counts(); refused > 0 {
		return fmt.Errorf("%d mails were refused for good", refused)
	}
	if r.verdict != (verdict{}) {
		return errUnsound
	}
	return nil
}

// run sends and kills, lets everything be filed, and judges.
func (k *crashCommand) run(ctx context.Context, s *site, choose chooser) (*crashRun, error) {
	if err := s.furnish(ctx); err != nil {
		return nil, err
	}
	r := &crashRun{ledger: openLedger()}
	start := time.Now()
	if err := k.sendAndKill(ctx, s, r, choose); err != nil {
		return nil, err
	}
	r.sent = time.Since(start)
	fmt.Println(r.ledger.story(r.sent))
	return r, s.settle(ctx, r)
}

// sendAndKill returns when all kills are done, enough mails are acknowledged, and
// every mail that was begun was brought to its yes or no.
func (k *crashCommand) sendAndKill(ctx context.Context, s *site, r *crashRun, choose chooser) error {
	text := prose(k.Seed, 2*largest)
	group, sending := errgroup.WithContext(ctx)
	for range k.Senders {
		p := postman{addr: s.gateway.at.smtp, ledger: r.ledger, mail: func(n int) mail { return k.mail(n, text) }}
		group.Go(func() error { return p.deliver(sending) })
	}
	hostile, peace := context.WithCancel(sending)
	group.Go(func() error { talkNonsense(hostile, s.gateway.at.smtp, k.Seed, k.Hostile); return nil })
	group.Go(func() error {
		defer peace()
		defer r.ledger.close()
		if err := k.killAll(sending, s, r, choose); err != nil {
			return err
		}
		return r.ledger.awaitAcknowledged(sending, k.Mails)
	})
	return group.Wait()
}

// mail is always the same for a number: a repeated mail has the same bytes.
func (k *crashCommand) mail(n int, text string) mail {
	random := rand.New(rand.NewPCG(k.Seed, uint64(n)))
	limit := float64(most)
	if n%large == 0 {
		limit = largest
	}
	size := int(smallest * math.Pow(limit/smallest, random.Float64()))
	from := random.IntN(len(text) - size + 1)
	from += strings.IndexByte(text[from:], '\n') + 1 // a whole line: its CR and LF belong together
	m := compose(fmt.Sprint(k.Seed), n, size, text[from:])
	m.to = slices.Clone(ourAddresses[:1+random.IntN(len(ourAddresses))])
	random.Shuffle(len(m.to), func(i, j int) { m.to[i], m.to[j] = m.to[j], m.to[i] })
	return m
}

// What is killed.
const (
	ofGateway    = "gateway"
	ofPostgreSQL = "PostgreSQL"
	ofBoth       = "both"
)

// A chooser says what is killed, and how many milliseconds after the last start.
type chooser func(random *rand.Rand) (what string, after int)

// atRandom is the mix of reliability R1.
func atRandom(random *rand.Rand) (what string, after int) {
	after = 50 + random.IntN(1451)
	switch dice := random.IntN(10); {
	case dice < 5:
		return ofGateway, after
	case dice < 8:
		return ofPostgreSQL, after
	}
	return ofBoth, after
}

func (k *crashCommand) killAll(ctx context.Context, s *site, r *crashRun, choose chooser) error {
	random := rand.New(rand.NewPCG(k.Seed, math.MaxUint64))
	for len(r.kills) < k.Kills {
		what, after := choose(random)
		pause(after)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.kills = append(r.kills, what)
		begin := time.Now()
		if err := s.crash(ctx, what, random.IntN(2) == 0); err != nil {
			return fmt.Errorf("after kill %d, of %s: %w", len(r.kills), what, err)
		}
		r.down += time.Since(begin)
		if len(r.kills)%50 == 0 {
			fmt.Printf("%d kills, %d acknowledged\n", len(r.kills), r.ledger.sent())
		}
	}
	return nil
}

// crash kills, and starts again what was killed, as an operator would: first
// PostgreSQL, then the gateway.
func (s *site) crash(ctx context.Context, what string, databaseFirst bool) error {
	if what != ofGateway && databaseFirst {
		s.server.end(asACrash)
	}
	if what != ofPostgreSQL {
		s.gateway.kill()
	}
	if what != ofGateway {
		s.server.end(asACrash) // nothing happens if it is dead
		if err := s.server.start(ctx); err != nil {
			return err
		}
	}
	if what != ofPostgreSQL {
		return s.gateway.start(ctx)
	}
	return nil
}

var errFaultNotFound = errors.New("the check did not find what a faulty gateway has done")
