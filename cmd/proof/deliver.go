package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"time"
)

type deliverCommand struct {
	Kills      int           `help:"SIGKILLs of a gateway that delivers." default:"30"`
	Mails      int           `help:"Mails in the queue; 0 for 30 a kill." default:"0"`
	For        time.Duration `help:"For everything." default:"20m"`
	Seed       uint64        `help:"Chooses the moments again; 0 draws one." default:"0"`
	Think      time.Duration `help:"How long the sink takes between a mail's dot and its 250." default:"2ms"`
	Pipelining bool          `help:"The sink offers PIPELINING." default:"true" negatable:""`
	Control    bool          `help:"Then plant one fault of each kind into what was seen, let two gateways loose on two copies of one queue, and fail unless the check finds every one."`
}

const mailsPerKill = 30

// Run fails unless every mail was delivered, and twice only where a kill came
// between its dot and its record.
func (d *deliverCommand) Run(ctx context.Context, c *commands) error {
	ctx, cancel := context.WithTimeout(ctx, d.For)
	defer cancel()
	d.Seed = seeded(d.Seed)
	if d.Mails == 0 {
		d.Mails = max(100, mailsPerKill*d.Kills)
	}
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	server, db, err := runDatabase(ctx, w)
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	defer db.close()
	if err := d.fill(ctx, w, server.URL()); err != nil {
		return err
	}
	if d.Control {
		if err := db.copyTo(ctx, "first", "second"); err != nil {
			return err
		}
	}
	if err := d.prove(ctx, w, server.URL(), db); err != nil || !d.Control {
		return err
	}
	return d.controlLease(ctx, w, server.URL())
}

// fill queues the mails. The process that does has no part that sends.
func (d *deliverCommand) fill(ctx context.Context, w *workshop, url string) error {
	g := newGateway(w, "filler", "127.0.0.1:9")
	g.database = url
	g.settings = []string{"--run", "smtp,web", "--relay", "smtp://127.0.0.1:9"}
	if err := g.start(ctx); err != nil {
		return err
	}
	defer g.stop()
	took, err := g.fill(ctx, d.Mails, prose(d.Seed, 1500))
	fmt.Printf("%d conversations opened by the API in %.1f s; nothing is composed yet\n", d.Mails, took.Seconds())
	return err
}

// A courier is a gateway process that only sends, to a sink of its own, and can
// be killed from there.
type courier struct {
	gateway *gateway
	sink    *sink
	life    int
}

func (d *deliverCommand) couriers(w *workshop, b *book, prefix string, urls ...string) (list []*courier, err error) {
	for n, url := range urls {
		name := fmt.Sprintf("%s%d", prefix, n+1)
		s := &sink{book: b, client: name, think: d.Think, pipelining: d.Pipelining}
		if err := s.listen(); err != nil {
			return list, err
		}
		g := newGateway(w, name, "127.0.0.1:9")
		g.database = url
		// Of two, the second may open more than the first has taken.
		g.settings = []string{"--run", "mail", "--relay", "smtp://" + s.addr, "--max-connections-per-destination", strconv.Itoa((n + 1) * defaultConnections)}
		list = append(list, &courier{gateway: g, sink: s})
	}
	return list, nil
}

func (c *courier) start(ctx context.Context) error {
	c.life = c.sink.book.live(c.sink.client)
	return c.gateway.start(ctx)
}

// kill returns when the process is gone.
func (c *courier) kill(aimed string) {
	c.sink.book.strike(c.life)
	c.gateway.kill()
	c.sink.book.die(c.life, aimed)
}

// A killer kills at moments that a seed chooses.
type killer struct {
	*deliverCommand
	db     *database
	book   *book
	random *rand.Rand
	kills  int
}

func (d *deliverCommand) prove(ctx context.Context, w *workshop, url string, db *database) error {
	b := newBook(true)
	pair, err := d.couriers(w, b, "courier", url, url)
	defer func() {
		for _, c := range pair {
			c.gateway.kill()
		}
	}()
	if err != nil {
		return err
	}
	k := &killer{deliverCommand: d, db: db, book: b, random: rand.New(rand.NewPCG(d.Seed, math.MaxUint64))}
	start := time.Now()
	if err := k.killAll(ctx, pair); err != nil {
		return fmt.Errorf("after %d kills: %w\n%s\n%s", k.kills, err, lastLines(pair[0].gateway.log), lastLines(pair[1].gateway.log))
	}
	fmt.Printf("%d kills in %d rounds, every other round with two processes on the queue, %.1f s; the leases of dead processes were ended by SQL, with nobody alive, not waited for\n",
		k.kills, b.rounds, time.Since(start).Seconds())
	for _, c := range pair {
		c.gateway.stop()
		c.sink.close()
	}
	records, err := db.records(ctx)
	if err != nil {
		return err
	}
	seen := sighting{records: records, transmissions: b.transmissions, lives: b.lives}
	v, faulty := seen.judge()
	for _, line := range faulty[:min(20, len(faulty))] {
		fmt.Println(line)
	}
	fmt.Println(seen.story())
	fmt.Println(v)
	if v != (deliveryVerdict{}) {
		return errors.New("mail was lost, altered, or sent twice without need")
	}
	if d.Control {
		return controlDelivery(seen)
	}
	return nil
}

// killAll kills in rounds, and lets what is left be delivered in peace. A round
// begins and ends with nobody alive. While processes start, nothing is delivered:
// a start would take more of the queue than a kill.
func (k *killer) killAll(ctx context.Context, pair []*courier) error {
	k.book.gate.Lock()
	defer k.book.gate.Unlock()
	for k.kills < k.Kills {
		k.book.rounds++
		round := k.alone
		if k.book.rounds%2 == 0 {
			round = k.together
		}
		if err := round(ctx, pair); err != nil {
			return err
		}
		if err := k.db.endLeases(ctx); err != nil {
			return err
		}
	}
	if err := pair[0].start(ctx); err != nil {
		return err
	}
	k.book.gate.Unlock()
	defer k.book.gate.Lock()
	return k.db.awaitSent(ctx)
}

// alone: one process, killed once.
func (k *killer) alone(ctx context.Context, pair []*courier) error {
	c := pair[k.random.IntN(2)]
	if err := c.start(ctx); err != nil {
		return err
	}
	return k.kill(ctx, c)
}

// together: two processes; one is killed and comes back beside the other, which
// still holds what it took; then both are killed.
func (k *killer) together(ctx context.Context, pair []*courier) error {
	for _, c := range pair {
		if err := c.start(ctx); err != nil {
			return err
		}
	}
	first := k.random.IntN(2)
	if err := k.kill(ctx, pair[first]); err != nil {
		return err
	}
	if err := pair[first].start(ctx); err != nil {
		return err
	}
	if err := k.kill(ctx, pair[1-first]); err != nil {
		return err
	}
	return k.kill(ctx, pair[first])
}

// What kills are aimed at.
const (
	anyMoment  = "any moment"
	betweenDot = "between dot and 250"
	afterTheOK = "after the 250"
)

// idleTime is how long a process may bring nothing before it is killed anyhow:
// others may hold all that is left.
const idleTime = 1500 * time.Millisecond

// kill lets a share of what is left be delivered, then kills: at any moment, or
// where it hurts.
func (k *killer) kill(ctx context.Context, c *courier) error {
	left, err := k.db.countQueue(ctx)
	if err != nil {
		return err
	}
	if left == 0 {
		return errors.New("all is delivered before the last kill: there must be more --mails")
	}
	k.book.gate.Unlock()
	defer k.book.gate.Lock()
	share := int64(left / (max(1, k.Kills-k.kills) + 1))
	if !k.await(ctx, k.random.Int64N(share+1), nil) {
		return ctx.Err()
	}
	k.kills++
	switch k.random.IntN(3) {
	case 0:
		pause(k.random.IntN(20))
		c.kill(anyMoment)
	case 1:
		k.shoot(ctx, c, share/2+1, afterDot, betweenDot)
	default:
		k.shoot(ctx, c, share/2+1, afterYes, afterTheOK)
	}
	return nil
}

// await lets more mails come. It is over sooner when none came for a while, or
// when something else has happened. False when ctx ended.
func (k *killer) await(ctx context.Context, more int64, sooner <-chan struct{}) bool {
	last := k.book.dots.Load()
	end, idle := last+more, time.Now()
	for last < end && time.Since(idle) < idleTime {
		select {
		case <-ctx.Done():
			return false
		case <-sooner:
			return true
		case <-time.After(time.Millisecond):
		}
		if now := k.book.dots.Load(); now != last {
			last, idle = now, time.Now()
		}
	}
	return ctx.Err() == nil
}

// shoot kills from inside of the sink, or at any moment if nothing comes there
// while the other process takes its share.
func (k *killer) shoot(ctx context.Context, c *courier, share int64, at moment, aimed string) {
	shot, process := make(chan struct{}), c.gateway.process
	c.sink.aim.Store(&aim{at, func() {
		c.sink.book.strike(c.life)
		_ = process.Kill()
		close(shot)
	}})
	k.await(ctx, share, shot)
	if c.sink.aim.Swap(nil) != nil {
		aimed = anyMoment
	}
	c.kill(aimed)
}

// endLeases lets the lease time of dead processes pass, once their last
// statements have ended.
func (db *database) endLeases(ctx context.Context) error {
	for {
		var others int
		if err := db.conn.QueryRow(ctx, `
			select count(*) from pg_stat_activity where backend_type = 'client backend' and datname = current_database() and pid <> pg_backend_pid()`).Scan(&others); err != nil {
			return err
		}
		if others == 0 {
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		pause(2)
	}
	_, err := db.conn.Exec(ctx, `update deliveries set due_at = now(), claimed_until = now() where state = 'queued' and claimed_until is not null`)
	return err
}
