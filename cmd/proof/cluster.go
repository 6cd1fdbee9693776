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

type clusterCommand struct {
	Mails   int           `help:"Mails to bring, each fifth of them to two gateways at once." default:"1000"`
	Kills   int           `help:"SIGKILLs of a gateway, any of them, each followed by its start." default:"8"`
	Threads int           `help:"Conversations that go on, each in ten steps of both sides, while nobody is killed." default:"15"`
	Shapes  []string      `help:"What the gateways run: parts joined by +, gateways by a comma, shapes by a slash." default:"smtp,smtp,web,web,mail,mail/smtp+web+mail,smtp+web+mail,smtp+web+mail" sep:"/"`
	Seed    uint64        `help:"Chooses sizes and moments again; 0 draws one." default:"0"`
	Timeout time.Duration `help:"For everything." default:"60m"`
	Control bool          `help:"Then plant one fault of each kind into what was seen, and fail unless the check finds every one."`
}

// Run fails unless several gateways over one PostgreSQL file every mail once, send
// every answer once and in order, and are one desk to those who look at it.
func (k *clusterCommand) Run(ctx context.Context, c *commands) error {
	ctx, cancel := context.WithTimeout(ctx, k.Timeout)
	defer cancel()
	k.Seed = seeded(k.Seed)
	var figures []string
	for n, shape := range k.Shapes {
		err := onFleet(ctx, c, fmt.Sprintf("cluster%d", n+1), nil, func(f *fleet) error {
			figure, err := (&cluster{clusterCommand: k, fleet: f, shape: shape}).prove(ctx)
			figures = append(figures, figure)
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", shape, err)
		}
	}
	tellFigure("%s", strings.Join(figures, "; "))
	return nil
}

// A cluster is gateways of one shape.
type cluster struct {
	*clusterCommand
	fleet   *fleet
	shape   string
	book    *book
	members []*courier // all gateways; one that sends has a sink
	owner   *colleague // is told of each new conversation
}

func (k *cluster) prove(ctx context.Context) (figure string, err error) {
	defer k.closeSinks()
	if err := k.open(ctx); err != nil {
		return "", err
	}
	fmt.Printf("shape %s\n", k.shape)
	if err := k.underKills(ctx); err != nil {
		return "", err
	}
	cap, err := k.inOrder(ctx)
	if err != nil {
		return "", err
	}
	doors, panels := k.which("smtp"), k.which("web")
	o := &oneDesk{fleet: k.fleet, here: panels[0], away: panels[1], door: doors[len(doors)-1], book: k.book, seed: k.Seed}
	if err := o.prove(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d gateways, %d kills, %d mails: 0 lost, 0 filed or sent twice without need, %d threads in order, %d connections to a destination, a page told %.1f s after a 250",
		len(k.members), k.Kills, k.Mails, k.Threads, cap, o.heard.Seconds()), nil
}

// open makes and starts the gateways. Each that sends brings its mail to a sink of
// its own, so that it is known who sent what; to the gateways all sinks are one
// destination, the relay.
func (k *cluster) open(ctx context.Context) error {
	k.book = newBook(true)
	var group errgroup.Group
	for n, parts := range strings.Split(k.shape, ",") {
		name := fmt.Sprintf("member%d", n+1)
		m := &courier{}
		relay := "smtp://127.0.0.1:9" // of one that writes mail and sends none
		if strings.Contains(parts, "mail") {
			m.sink = &sink{book: k.book, client: name, pipelining: true, think: 2 * time.Millisecond}
			if err := m.sink.listen(); err != nil {
				return err
			}
			relay = "smtp://" + m.sink.addr
		}
		m.gateway = k.fleet.make(name, strings.ReplaceAll(parts, "+", ","), "--relay", relay)
		k.members = append(k.members, m)
		group.Go(func() error { return m.rise(ctx) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	var err error
	k.owner, err = k.fleet.employ(ctx, "owner", theirOwner)
	return err
}

func (k *cluster) closeSinks() {
	for _, m := range k.members {
		if m.sink != nil {
			m.sink.close()
		}
	}
}

// rise starts a gateway, which begins a life where it sends.
func (c *courier) rise(ctx context.Context) error {
	if c.sink == nil {
		return c.gateway.start(ctx)
	}
	return c.start(ctx)
}

// fall kills a gateway.
func (c *courier) fall() {
	if c.sink == nil {
		c.gateway.kill()
		return
	}
	c.kill(anyMoment)
}

// which are the gateways that run a part.
func (k *cluster) which(part string) (list []*gateway) {
	for n, parts := range strings.Split(k.shape, ",") {
		if strings.Contains(parts, part) {
			list = append(list, k.members[n].gateway)
		}
	}
	return list
}

// underKills brings mail while gateways die, and judges what was filed and sent.
func (k *cluster) underKills(ctx context.Context) error {
	l, t := newLoad(k.Seed, k.Mails, 8, 20_000), &tally{}
	addrs := smtpOf(k.which("smtp")...)
	bringing := make(chan error, 1)
	go func() {
		bringing <- together(l.senders, func(n int) error {
			random := rand.New(rand.NewPCG(k.Seed, uint64(n)))
			m := &mta{addrs: addrs, ledger: l.ledger, mail: l.mail, random: random, tally: t, twice: n%5 == 0}
			return m.deliver(ctx)
		})
	}()
	random := rand.New(rand.NewPCG(k.Seed, math.MaxUint64))
	for n := range k.Kills {
		if err := l.moment(ctx, random, n, k.Kills); err != nil {
			return err
		}
		m := k.members[(n+random.IntN(2))%len(k.members)]
		m.fall()
		if err := m.rise(ctx); err != nil {
			return fmt.Errorf("after kill %d: %w", n+1, err)
		}
	}
	if err := <-bringing; err != nil {
		return err
	}
	fmt.Printf("%d mails, %d kills; %s\n", t.taken, k.Kills, t)
	if err := k.settle(ctx); err != nil {
		return err
	}
	if err := l.sound(ctx, k.site()); err != nil {
		return err
	}
	return k.judgeSent(ctx, l)
}

func (k *cluster) site() *site {
	return k.fleet.site(&gateway{database: k.fleet.server.url("postdesk")})
}

// settle lets the lease time of dead processes pass, with nobody alive, and lets all
// mail be filed and sent.
func (k *cluster) settle(ctx context.Context) error {
	k.fleet.stop()
	db, err := k.fleet.look(ctx)
	if err != nil {
		return err
	}
	defer db.close()
	if err := db.endLeases(ctx); err != nil {
		return err
	}
	if _, err := db.conn.Exec(ctx, `update inbound set due_at = now() where state = 'received'`); err != nil {
		return err
	}
	if err := together(len(k.members), func(n int) error { return k.members[n].rise(ctx) }); err != nil {
		return err
	}
	if err := db.awaitFiled(ctx, 50*time.Millisecond); err != nil {
		return err
	}
	return db.awaitSent(ctx)
}

// judgeSent stops the couriers, so that the book is finished, and starts them again
// with a new one.
func (k *cluster) judgeSent(ctx context.Context, l *load) error {
	k.fleet.stop()
	k.closeSinks()
	db, err := k.fleet.look(ctx)
	if err != nil {
		return err
	}
	defer db.close()
	records, err := db.records(ctx)
	if err != nil {
		return err
	}
	seen := sighting{records: records, transmissions: k.book.transmissions, lives: k.book.lives}
	v, faulty := seen.judge()
	for _, line := range faulty[:min(20, len(faulty))] {
		fmt.Println(line)
	}
	fmt.Printf("%d answers went out, %d of them twice; %s\n", len(records), len(seen.repeats()), v)
	if v != (deliveryVerdict{}) {
		return errors.New("an answer was lost, altered, or sent twice without need")
	}
	if k.Control {
		if err := control(ctx, db, l.ledger.mails); err != nil {
			return err
		}
	}
	k.book = newBook(true)
	for _, m := range k.members {
		if m.sink != nil {
			m.sink.book = k.book
			if err := m.sink.listen(); err != nil {
				return err
			}
		}
	}
	return together(len(k.members), func(n int) error { return k.members[n].rise(ctx) })
}
