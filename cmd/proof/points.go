package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

type pointsCommand struct {
	Hits    int           `help:"Kills at each point." default:"20"`
	Senders int           `help:"Connections at once." default:"4"`
	Hostile int           `help:"Hostile dialogues a second meanwhile (reliability A50)." default:"5"`
	Seed    uint64        `help:"Chooses again; 0 draws one." default:"0"`
	Timeout time.Duration `help:"For everything." default:"30m"`
	Control bool          `help:"Then kill a gateway that writes outgoing mail after the commit of its cause, which must be found."`
}

// points are all, in the order in which a mail passes them, as core/fault.go names
// and explains them.
var points = []string{"stored", "accepted", "parsed", "filing", "enqueued", "filed", "dot", "sent", "recorded"}

// Run fails unless mail that comes in and goes out stays whole although the
// gateway ends itself, by SIGKILL, between each two steps of a mail's way.
func (p *pointsCommand) Run(ctx context.Context, c *commands) error {
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	p.Seed = seeded(p.Seed)
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	binary, err := w.faulty(ctx)
	if err != nil {
		return err
	}
	if err := knowsFaults(w.binary, false); err != nil {
		return err
	}
	if err := knowsFaults(binary, true); err != nil {
		return err
	}
	faulty := &workshop{dir: w.dir, binary: binary}
	r, err := p.prove(ctx, faulty)
	if err != nil {
		return err
	}
	if err := r.judge(); err != nil {
		return err
	}
	if p.Control {
		if err := p.control(ctx, faulty); err != nil {
			return err
		}
	}
	tellFigure("%s", r)
	return nil
}

// knowsFaults fails unless a program can be told to break, or cannot.
func knowsFaults(binary string, want bool) error {
	program, err := os.ReadFile(binary)
	if err == nil && bytes.Contains(program, []byte("POSTDESK_FAULT")) != want {
		err = fmt.Errorf("%s: that it can be told to break is %v, want %v", filepath.Base(binary), !want, want)
	}
	return err
}

// A pointsRun is what happened.
type pointsRun struct {
	crashRun
	hits     map[string]int
	outgoing sighting
	going    deliveryVerdict
}

func (r *pointsRun) String() string {
	var hits []string
	for _, point := range points {
		hits = append(hits, fmt.Sprintf("%d %s", r.hits[point], point))
	}
	return fmt.Sprintf("%d kills at points (%s), %d mails acknowledged, %d sent on, %d of them twice: %s; of outgoing mail %s",
		len(r.kills), strings.Join(hits, ", "), r.ledger.sent(), len(r.outgoing.records), len(r.outgoing.repeats()), r.verdict, r.going)
}

func (r *pointsRun) judge() error {
	if err := r.sound(context.Background()); err != nil {
		return err
	}
	if r.going != (deliveryVerdict{}) {
		return errors.New("mail that goes out was lost, altered, or sent twice without need")
	}
	return nil
}

// prove kills at each point in turn, while mail comes in and its notices go out.
func (p *pointsCommand) prove(ctx context.Context, w *workshop) (*pointsRun, error) {
	r := &pointsRun{crashRun: crashRun{ledger: openLedger()}, hits: map[string]int{}}
	b := newBook(true)
	out := &sink{book: b, client: "gateway", pipelining: true}
	if err := out.listen(); err != nil {
		return nil, err
	}
	defer out.close()
	err := onSite(ctx, w, siteSetup{name: "points", flags: []string{"--relay", "smtp://" + out.addr}}, func(s *site) error {
		if err := s.furnish(ctx); err != nil {
			return err
		}
		s.gateway.stop()
		courier := &courier{gateway: s.gateway, sink: out}
		if err := p.sendAndKill(ctx, s, courier, r); err != nil {
			return err
		}
		return r.finish(ctx, s, courier)
	})
	return r, err
}

// sendersRest, in milliseconds before each mail, leaves the couriers time: every mail
// makes a notice that has to go out too.
const sendersRest = 40

func (p *pointsCommand) sendAndKill(ctx context.Context, s *site, c *courier, r *pointsRun) error {
	text := prose(p.Seed, 2*largest)
	mails := crashCommand{Seed: p.Seed}
	group, sending := errgroup.WithContext(ctx)
	for range p.Senders {
		man := postman{addr: s.gateway.at.smtp, ledger: r.ledger, mail: func(n int) mail {
			pause(sendersRest)
			return mails.mail(n+1, text)
		}}
		group.Go(func() error { return man.deliver(sending) })
	}
	hostile, peace := context.WithCancel(sending)
	group.Go(func() error { talkNonsense(hostile, s.gateway.at.smtp, p.Seed, p.Hostile); return nil })
	group.Go(func() error {
		defer peace()
		random := rand.New(rand.NewPCG(p.Seed, math.MaxUint64))
		for hit := 0; hit < p.Hits*len(points); hit++ {
			if err := r.dieAt(sending, c, points[hit%len(points)], 1+random.IntN(30)); err != nil {
				return err
			}
		}
		// The last mails need a gateway that lives.
		r.ledger.close()
		c.gateway.fault = ""
		return c.start(sending)
	})
	return group.Wait()
}

// diesWithin is how long a gateway may take to come to a point.
const diesWithin = time.Minute

// dieAt starts the gateway and waits until it has killed itself, when it passes a
// point for the n-th time.
func (r *pointsRun) dieAt(ctx context.Context, c *courier, at string, n int) error {
	c.gateway.fault = "kill " + at + " " + strconv.Itoa(n)
	if err := c.start(ctx); err != nil && c.gateway.process != nil {
		return err
	} else if err == nil {
		select {
		case <-c.gateway.ended:
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(diesWithin):
			return fmt.Errorf("no mail came to the point %q %d times", at, n)
		}
	}
	c.gateway.process = nil
	c.sink.book.strike(c.life)
	c.sink.book.die(c.life, at)
	r.hits[at]++
	r.kills = append(r.kills, at)
	return nil
}

// finish lets all mail be filed and go out, and judges both.
func (r *pointsRun) finish(ctx context.Context, s *site, c *courier) error {
	c.gateway.stop()
	db, err := s.look(ctx)
	if err != nil {
		return err
	}
	defer db.close()
	if err := db.endLeases(ctx); err != nil {
		return err
	}
	c.sink.book.live(c.sink.client)
	if err := s.settle(ctx, &r.crashRun); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := db.awaitSent(waiting); err != nil {
		return err
	}
	s.gateway.stop()
	c.sink.close()
	r.outgoing = sighting{transmissions: c.sink.book.transmissions, lives: c.sink.book.lives}
	if r.outgoing.records, err = db.records(ctx); err != nil {
		return err
	}
	var faulty []string
	r.going, faulty = r.outgoing.judge()
	for _, line := range faulty[:min(20, len(faulty))] {
		fmt.Println(line)
	}
	return nil
}

// control kills a gateway that writes outgoing mail after the commit of its cause.
func (p *pointsCommand) control(ctx context.Context, w *workshop) error {
	few := crashCommand{Seed: p.Seed, Senders: p.Senders}
	r, err := few.crashBroken(ctx, w, brokenPromise{fault: "outbox-apart", kills: ofGateway})
	if err != nil {
		return err
	}
	if r.lost == 0 {
		return errFaultNotFound
	}
	fmt.Printf("control: a gateway that writes outgoing mail after the commit of its cause: found (%s)\n", r)
	return nil
}
