package main

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"time"
)

type drainCommand struct {
	Mails       int           `help:"Composed mails in the queue." default:"50000"`
	Whole       int           `help:"Mails that are still to be composed; they are measured first." default:"5000"`
	Peer        int           `help:"Mails in the queue of Postfix, before and after; 0 leaves it out." default:"5000"`
	Connections int           `help:"Connections to the sink." default:"10"`
	Pipelining  bool          `help:"The sink offers PIPELINING, to both." default:"true" negatable:""`
	Timeout     time.Duration `help:"For everything." default:"10m"`
	Profile     string        `help:"Write a CPU profile of the gateway while it drains into this file." placeholder:"FILE"`
}

// Run tells how fast a queue drains to a sink, and how fast Postfix's own client
// drains one to the same sink.
func (d *drainCommand) Run(ctx context.Context, c *commands) error {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	g := newGateway(w, "drain", "127.0.0.1:9")
	defer g.stop()
	raw, size, err := d.prepare(ctx, g)
	if err != nil {
		return err
	}
	fmt.Printf("a mail has %d octets, multipart with text and HTML, %s; %d connections\n", size, signed(raw), d.Connections)
	before, err := d.peer(ctx, w, "before", raw)
	if err != nil {
		return err
	}
	ours, err := d.drain(ctx, g, fmt.Sprintf("%d composed mails", d.Mails), d.Mails)
	if err != nil {
		return err
	}
	fmt.Println(ours)
	after, err := d.peer(ctx, w, "after", raw)
	if err != nil {
		return err
	}
	if best := max(before.rate(), after.rate()); best > 0 {
		fmt.Printf("%.2f times the better of Postfix's two rates\n", ours.rate()/best)
	}
	return nil
}

// bodySize is that of an answer whose mail has about 4 KiB: its words stand in it
// as text and as HTML.
const bodySize = 650

// prepare measures the whole way of real mails, then fills the queue with copies
// of them.
func (d *drainCommand) prepare(ctx context.Context, g *gateway) (raw []byte, size int, err error) {
	g.settings = []string{"--run", "smtp,web", "--relay", "smtp://127.0.0.1:9"}
	if err := g.start(ctx); err != nil {
		return nil, 0, err
	}
	took, err := g.fill(ctx, d.Whole, prose(1, bodySize))
	if err != nil {
		return nil, 0, err
	}
	g.stop()
	fmt.Printf("%d conversations opened by the API in %.1f s; nothing is composed yet\n", d.Whole, took.Seconds())
	whole, err := d.drain(ctx, g, "composed, signed, stored, sent", d.Whole)
	if err != nil {
		return nil, 0, err
	}
	fmt.Println(whole)

	g.settings = []string{"--run", "smtp,web", "--relay", "smtp://127.0.0.1:9"}
	if err := g.start(ctx); err != nil {
		return nil, 0, err
	}
	defer g.stop()
	db, err := openDatabase(ctx, g)
	if err != nil {
		return nil, 0, err
	}
	defer db.close()
	start := time.Now()
	if size, err = db.multiply(ctx, d.Mails); err != nil {
		return nil, 0, err
	}
	fmt.Printf("%d copies of these, each with its own recipient, Message-ID and bounce address, put into the queue by SQL in %.1f s\n", d.Mails, time.Since(start).Seconds())
	err = db.conn.QueryRow(ctx, `select bytes from deliveries where state = 'queued' limit 1`).Scan(&raw)
	return raw, size, err
}

// A drained is what was measured of one queue.
type drained struct {
	name        string
	mails       int
	sent        time.Duration // from the sink's first greeting to its last 250
	recorded    time.Duration // until the queue is empty
	used        usage
	wall        time.Duration
	peak        memory
	connections int64
}

// rate is mails a second until the queue was empty.
func (d drained) rate() float64 {
	if d.mails == 0 {
		return 0
	}
	return float64(d.mails) / d.recorded.Seconds()
}

func (d drained) String() string {
	a := func(t time.Duration) float64 { return t.Seconds() * 1000 / float64(d.mails) }
	return fmt.Sprintf("%-32s %6d mails  %7.0f mails/s to the last 250  %7.0f mails/s to an empty queue  CPU s per 1,000: %.2f, its helpers %.2f (sink %.2f)  "+
		"peak MB: %d, with helpers %d  at most %d connections  others used %.1f CPUs",
		d.name, d.mails, float64(d.mails)/d.sent.Seconds(), d.rate(), a(d.used.gateway), a(d.used.postgreSQL), a(d.used.proof),
		d.peak.gateway>>20, d.peak.tree>>20, d.connections, d.used.others().Seconds()/d.wall.Seconds())
}

// drain lets a gateway that only sends empty its queue.
func (d *drainCommand) drain(ctx context.Context, g *gateway, name string, mails int) (r drained, err error) {
	s, err := d.sink()
	if err != nil {
		return r, err
	}
	defer s.close()
	g.settings = []string{"--run", "mail", "--relay", "smtp://" + s.addr}
	if d.Connections != defaultConnections {
		g.settings = append(g.settings, "--max-connections-per-destination", strconv.Itoa(d.Connections))
	}
	if err := g.start(ctx); err != nil {
		return r, err
	}
	defer g.stop()
	db, err := openDatabase(ctx, g)
	if err != nil {
		return r, err
	}
	defer db.close()
	profiled := make(chan error, 1)
	go func() { profiled <- d.profile(ctx, g) }()
	r, err = measureDrain(ctx, s, g.process.Pid, name, mails, db.awaitSent)
	if err != nil {
		return r, fmt.Errorf("%s: %w\n%s", name, err, lastLines(g.log))
	}
	return r, <-profiled
}

// defaultConnections is what a gateway opens to one destination by itself.
const defaultConnections = 5

func (d *drainCommand) sink() (*sink, error) {
	s := &sink{book: newBook(false), pipelining: d.Pipelining, silent: make(chan struct{})}
	return s, s.listen()
}

func (d *drainCommand) profile(ctx context.Context, g *gateway) error {
	if d.Profile == "" {
		return nil
	}
	return fetch(ctx, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", g.at.metrics, profileSeconds), d.Profile)
}

// signed tells of DKIM.
func signed(raw []byte) string {
	if bytes.Contains(raw, []byte("DKIM-Signature:")) {
		return "signed"
	}
	return "not signed"
}

// measureDrain lets the sink greet once somebody waits for that, and measures
// until all came and empty returns.
func measureDrain(ctx context.Context, s *sink, pid int, name string, mails int, empty func(context.Context) error) (r drained, err error) {
	r.name, r.mails = name, mails
	if err := s.book.awaitConnection(ctx); err != nil {
		return r, err
	}
	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	peak := watchMemory(watching, pid, time.Second)
	before, err := readUsage(pid)
	if err != nil {
		return r, err
	}
	start := time.Now()
	close(s.silent)
	if err := s.book.awaitYes(ctx, mails); err != nil {
		return r, err
	}
	r.sent = time.Since(start)
	if err := empty(ctx); err != nil {
		return r, err
	}
	r.recorded = time.Since(start)
	after, err := readUsage(pid)
	if err != nil {
		return r, err
	}
	r.used, r.wall = after.since(before), after.at.Sub(before.at)
	stopWatching()
	r.peak, r.connections = <-peak, s.book.most.Load()
	if n := s.book.distinct(); n != mails || s.book.yeses.Load() != int64(mails) {
		return r, fmt.Errorf("%d mails came, to %d recipients, of %d", s.book.yeses.Load(), n, mails)
	}
	return r, nil
}
