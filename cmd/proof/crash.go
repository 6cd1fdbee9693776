package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

type crashCommand struct {
	Mails   int           `help:"Mails to send." default:"2000"`
	Kills   int           `help:"SIGKILLs of the gateway, at random moments." default:"10"`
	Senders int           `help:"Connections at once." default:"8"`
	Seed    uint64        `help:"Chooses sizes and moments again; 0 draws one." default:"0"`
	Timeout time.Duration `help:"For everything." default:"15m"`
	Control bool          `help:"Then plant one fault of each kind into the finished database, inside of a transaction that is rolled back, and fail unless the check finds every one."`
}

// Sizes of the mails, in octets.
const smallest, largest = 300, 200_000

// Run fails unless every acknowledged mail was filed exactly once.
func (k *crashCommand) Run(ctx context.Context, c *commands) error {
	ctx, cancel := context.WithTimeout(ctx, k.Timeout)
	defer cancel()
	for k.Seed == 0 {
		k.Seed = rand.Uint64N(1 << 32)
	}
	fmt.Printf("seed %d\n", k.Seed)
	return onGateway(ctx, c, "crash", nil, func(g *gateway) error { return k.prove(ctx, g) })
}

func (k *crashCommand) prove(ctx context.Context, g *gateway) error {
	l := newLedger(k.Mails)
	start := time.Now()
	if err := k.run(ctx, g, l); err != nil {
		return fmt.Errorf("%w\n%s", err, lastLines(g.log))
	}
	sent := time.Since(start)
	db, err := openDatabase(ctx, g)
	if err != nil {
		return err
	}
	defer db.close()
	fmt.Printf("%s; waiting for the leases of killed processes\n", l.story(sent))
	if err := db.awaitFiled(ctx, time.Second); err != nil {
		fmt.Println(err) // and the count says which
	}
	return k.tell(ctx, db, l)
}

// run sends and kills until all mails are acknowledged and all kills are done.
func (k *crashCommand) run(ctx context.Context, g *gateway, l *ledger) error {
	text := prose(k.Seed, 2*largest)
	group, sending := errgroup.WithContext(ctx)
	for range k.Senders {
		p := postman{addr: g.at.smtp, ledger: l, mail: func(n int) mail { return k.mail(n, text) }}
		group.Go(func() error { return p.deliver(sending) })
	}
	group.Go(func() error { return k.killAll(sending, g, l) })
	return group.Wait()
}

// mail is always the same for a number: a repeated mail has the same bytes.
func (k *crashCommand) mail(n int, text string) mail {
	random := rand.New(rand.NewPCG(k.Seed, uint64(n)))
	size := int(smallest * math.Pow(float64(largest)/smallest, random.Float64()))
	from := random.IntN(len(text) - size + 1)
	from += strings.IndexByte(text[from:], '\n') + 1 // a whole line: its CR and LF belong together
	return compose(fmt.Sprint(k.Seed), n, size, text[from:])
}

// killAll kills at moments that are spread over the mails: in each share of them
// one kill, some mails and milliseconds into it.
func (k *crashCommand) killAll(ctx context.Context, g *gateway, l *ledger) error {
	random := rand.New(rand.NewPCG(k.Seed, math.MaxUint64))
	for n := range k.Kills {
		share := k.Mails / k.Kills
		at := n*share + random.IntN(max(1, share))
		if err := l.awaitAcknowledged(ctx, at); err != nil {
			return err
		}
		pause(random.IntN(50))
		g.kill()
		if err := g.start(ctx); err != nil {
			return fmt.Errorf("after kill %d: %w", n+1, err)
		}
	}
	return nil
}

func (k *crashCommand) tell(ctx context.Context, db *database, l *ledger) error {
	found, err := db.findings(ctx)
	if err != nil {
		return err
	}
	v, faulty := judge(l.mails, found)
	for _, line := range faulty[:min(20, len(faulty))] {
		fmt.Println(line)
	}
	fmt.Printf("%d sent, %d kills, %s\n", l.sent(), k.Kills, v)
	switch {
	case l.sent() != k.Mails:
		return fmt.Errorf("%d mails were refused", k.Mails-l.sent())
	case v != (verdict{}):
		return errors.New("mail was lost, doubled, altered or stuck")
	case k.Control:
		return control(ctx, db, l.mails)
	}
	return nil
}
