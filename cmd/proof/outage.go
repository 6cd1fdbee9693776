package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

type outageCommand struct {
	Mails   int           `help:"Composed mails in the queue." default:"10000"`
	Down    time.Duration `help:"How long the sink is down: half of it it refuses connections, half of it it greets with 421." default:"20s"`
	Timeout time.Duration `help:"For everything." default:"6m"`
}

// Of reliability R11.
const (
	soonEnough   = 2 * time.Minute // from recovery to the first attempt
	fewEnough    = defaultConnections
	anyCopyable  = 20 // mails that are composed to be copied
	outageThink  = time.Millisecond
	outageClosed = "127.0.0.1:9"
)

// Run fails unless all mail is delivered once after an outage, soon, and over few
// connections at any time.
func (o *outageCommand) Run(ctx context.Context, c *commands) error {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	s := &sink{book: newBook(false), think: outageThink, pipelining: true}
	if err := s.listen(); err != nil {
		return err
	}
	g := newGateway(w, "outage", outageClosed)
	g.settings = []string{"--relay", "smtp://" + s.addr}
	if err := g.start(ctx); err != nil {
		return err
	}
	defer g.stop()
	if _, err := g.fill(ctx, anyCopyable, prose(1, bodySize)); err != nil {
		return err
	}
	if err := s.book.awaitYes(ctx, anyCopyable); err != nil {
		return err
	}
	db, err := openDatabase(ctx, g)
	if err != nil {
		return err
	}
	defer db.close()
	if err := db.awaitSent(ctx); err != nil {
		return err
	}
	return o.fail(ctx, g, s, db)
}

// fail takes the sink down, fills the queue, and brings the sink back.
func (o *outageCommand) fail(ctx context.Context, g *gateway, s *sink, db *database) error {
	s.close()
	before := s.book.lines
	if _, err := db.multiply(ctx, o.Mails); err != nil {
		return err
	}
	wait(ctx, o.Down/2)
	s.busy.Store(true)
	if err := s.listen(); err != nil {
		return err
	}
	wait(ctx, o.Down/2)
	s.close()
	tried, err := db.triesWhileDown(ctx)
	if err != nil {
		return err
	}
	refused := s.book.lines - before
	s.book = newBook(false)
	s.busy.Store(false)
	if err := s.listen(); err != nil {
		return err
	}
	defer s.close()
	back := time.Now()
	fmt.Printf("%d mails queued, sink down for %s: %d mails were tried, %d connections met a 421\n", o.Mails, o.Down, tried, refused)
	if err := s.book.awaitConnection(ctx); err != nil {
		return err
	}
	first := time.Since(back)
	fmt.Printf("first attempt %.1f s after recovery\n", first.Seconds())
	if err := errors.Join(s.book.awaitYes(ctx, o.Mails), db.awaitSent(ctx)); err != nil {
		return fmt.Errorf("%w\n%s", err, lastLines(g.log))
	}
	return o.tell(ctx, s, db, first, time.Since(back))
}

func (o *outageCommand) tell(ctx context.Context, s *sink, db *database, first, all time.Duration) error {
	var failed int
	if err := db.conn.QueryRow(ctx, `select count(*) from deliveries where state = 'failed'`).Scan(&failed); err != nil {
		return err
	}
	came, people, most := s.book.yeses.Load(), s.book.distinct(), s.book.most.Load()
	fmt.Printf("%d mails came to %d recipients, %d failed, the queue was empty %.1f s after recovery, %d connections at once at most\n", came, people, failed, all.Seconds(), most)
	switch {
	case people != o.Mails || came != int64(o.Mails) || failed > 0:
		return errors.New("mail was lost or came twice")
	case first > soonEnough:
		return fmt.Errorf("the first attempt came later than %s after recovery", soonEnough)
	case most > fewEnough:
		return fmt.Errorf("more than %d connections were open at once", fewEnough)
	}
	return nil
}

func (db *database) triesWhileDown(ctx context.Context) (n int, err error) {
	err = db.conn.QueryRow(ctx, `select count(*) from deliveries where state = 'queued' and tries > 0`).Scan(&n)
	return n, err
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
