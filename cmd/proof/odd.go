package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

type oddCommand struct {
	For     time.Duration `help:"How long the database is odd." default:"1m"`
	Senders int           `help:"Connections at once." default:"8"`
	Seed    uint64        `help:"Chooses the oddities again; 0 draws one." default:"0"`
	Timeout time.Duration `help:"For everything." default:"20m"`
}

// slowestReply is how long the gateway may let a client wait, and some time for
// the client itself to notice. Mail servers wait ten minutes, some five.
const slowestReply = 120*time.Second + 2*time.Second

// An oddity is what toxiproxy does to the way between gateway and database.
type oddity struct{ toxic, attributes string }

// oddities are as reliability R8 wants them.
var oddities = []oddity{
	{"latency", `"latency": 100, "jitter": 100`},
	{"latency", `"latency": 1000, "jitter": 900`},
	{"latency", `"latency": 2500, "jitter": 2500`}, // up to 5 s
	{"bandwidth", `"rate": 10`},                    // KB/s
	{"slicer", `"average_size": 20, "size_variation": 10, "delay": 100`},
	{"reset_peer", `"timeout": 500`},
	{"limit_data", `"bytes": 5000`},
	{}, // all is well
}

// oddFor is how long one oddity lasts.
const oddFor = 4 * time.Second

// Run fails if a mail is lost, doubled or altered although the database is slow,
// cuts connections off and comes back, if a reply is later than slowestReply, or if
// a mail that the database cannot store in that time is not answered 451.
func (o *oddCommand) Run(ctx context.Context, c *commands) error {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout+o.For)
	defer cancel()
	o.Seed = seeded(o.Seed)
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	r := &oddRun{crashRun: crashRun{ledger: openLedger()}}
	if err := onSite(ctx, w, siteSetup{name: "odd"}, func(s *site) error { return o.prove(ctx, s, r) }); err != nil {
		return err
	}
	if err := r.judge(ctx); err != nil {
		return err
	}
	tellFigure("%s", r)
	return nil
}

// An oddRun is what happened.
type oddRun struct {
	crashRun
	changes int
	slowest longest
	crawl   error // the answer to a mail that is too large for its line to the database
	crawled time.Duration
}

func (r *oddRun) String() string {
	_, later, unknown := r.ledger.counts()
	return fmt.Sprintf("%d oddities in %.0f s, %d acknowledged, %d times told to come again, %d connections ended; the slowest answer took %.1f s; a mail of 3 MB at 10 KB/s: %v after %.1f s; %s",
		r.changes, r.sent.Seconds(), r.ledger.sent(), later, unknown, r.slowest.get().Seconds(), r.crawl, r.crawled.Seconds(), r.verdict)
}

func (r *oddRun) judge(ctx context.Context) error {
	var no refusal
	switch {
	case max(r.slowest.get(), r.crawled) > slowestReply:
		return fmt.Errorf("an answer took %s", max(r.slowest.get(), r.crawled))
	case !errors.As(r.crawl, &no) || !no.temporary():
		return fmt.Errorf("a mail that could not be stored in time was answered: %v", r.crawl)
	}
	return r.sound(ctx)
}

// longest is the longest of many times.
type longest struct {
	mu   sync.Mutex
	most time.Duration
}

func (l *longest) note(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.most = max(l.most, d)
}

func (l *longest) get() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.most
}

// prove has two gateways: one whose line is odd in ever other ways, and one whose
// line crawls while a great mail comes in.
func (o *oddCommand) prove(ctx context.Context, s *site, r *oddRun) error {
	if err := s.furnish(ctx); err != nil {
		return err
	}
	database := "127.0.0.1:" + s.server.port
	odd, err := openWire(database)
	if err != nil {
		return err
	}
	defer odd.close()
	slow, err := openWire(database)
	if err != nil {
		return err
	}
	defer slow.close()
	front, err := s.behind(ctx, "front", odd.addr())
	if err != nil {
		return err
	}
	defer func() { front.stop() }()
	second, err := s.behind(ctx, "second", slow.addr())
	if err != nil {
		return err
	}
	defer func() { second.stop() }()
	begin := time.Now()
	group, together := errgroup.WithContext(ctx)
	group.Go(func() error { return o.send(together, front.at.smtp, odd, r) })
	group.Go(func() error { return r.sendCrawling(together, second.at.smtp, slow) })
	if err := group.Wait(); err != nil {
		return err
	}
	r.sent = time.Since(begin)
	front.stop()
	second.stop()
	return s.settle(ctx, &r.crashRun)
}

// send brings mail while the line to the database changes all the time.
func (o *oddCommand) send(ctx context.Context, addr string, line *wire, r *oddRun) error {
	text := prose(o.Seed, 2*largest)
	mails := crashCommand{Seed: o.Seed}
	group, sending := errgroup.WithContext(ctx)
	for range o.Senders {
		p := postman{addr: addr, ledger: r.ledger, mail: func(n int) mail { return mails.mail(n+1, text) }, waited: r.slowest.note}
		group.Go(func() error { return p.deliver(sending) })
	}
	group.Go(func() error {
		defer r.ledger.close() // the last mails find all well
		defer line.mend(ctx)
		random := rand.New(rand.NewPCG(o.Seed, math.MaxUint64))
		for end := time.Now().Add(o.For); time.Now().Before(end); {
			line.mend(ctx)
			for _, stream := range []string{"upstream", "downstream"} {
				odd := oddities[random.IntN(len(oddities))]
				if odd.toxic == "" {
					continue
				}
				if err := line.spoil(stream, odd.toxic, odd.attributes); err != nil {
					return err
				}
				r.changes++
			}
			select {
			case <-sending.Done():
				return sending.Err()
			case <-time.After(oddFor):
			}
		}
		return nil
	})
	return group.Wait()
}

// sendCrawling brings a mail of 3 MB to a gateway that reaches its database with
// 10 KB a second: it can never be stored in time.
func (r *oddRun) sendCrawling(ctx context.Context, addr string, line *wire) error {
	m := compose("crawling", 0, 3_000_000, prose(1, 3_000_000))
	s, err := dial(ctx, addr)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.step([]byte("MAIL FROM:<crawler@"+senderDomain+">\r\nRCPT TO:<"+mailbox+">\r\nDATA\r\n"), 250, 250, 354); err != nil {
		return err
	}
	if err := line.spoil("upstream", "bandwidth", `"rate": 10`); err != nil {
		return err
	}
	s.patience = 2 * replyTime
	begin := time.Now()
	r.crawl = s.step(dotted(m.raw), 250)
	r.crawled = time.Since(begin)
	return ctx.Err()
}
