package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

type fuzzCommand struct {
	For     time.Duration `help:"How long to talk." default:"1m"`
	Seed    uint64        `help:"Chooses the dialogues again; 0 draws one." default:"0"`
	Workers int           `help:"Dialogues at once." default:"16"`
	Rate    int           `help:"Dialogues a second, at most." default:"100"`
	Every   time.Duration `help:"Between two looks at the gateway." default:"1m"`
	Control bool          `help:"Then spoil what was seen in each way that must be noticed, and fail unless it is."`
}

// warmUp is what a gateway may grow before its growth is measured: buffers,
// pools and caches fill once.
const warmUp = 1000

// Run fails if the gateway dies, panics, grows, keeps connections, answers what
// is no reply, or does not take and file an honest mail exactly once.
func (f *fuzzCommand) Run(ctx context.Context, c *commands) error {
	f.Seed = seeded(f.Seed)
	fmt.Printf("%d workers, %d dialogues a second at most, for %s\n", f.Workers, f.Rate, f.For)
	return onGateway(ctx, c, "fuzz", tlsSettings, func(g *gateway) error {
		db, err := openDatabase(ctx, g)
		if err != nil {
			return err
		}
		defer db.close()
		return f.talkAndLook(ctx, g, db)
	})
}

// A fuzzer is a running fuzz.
type fuzzer struct {
	*fuzzCommand
	gateway *gateway
	db      *database
	next    atomic.Int64
	failed  atomic.Int64 // could not connect
	pausing sync.RWMutex // held while nobody may talk
	report  report
	mu      sync.Mutex
}

func (f *fuzzCommand) talkAndLook(ctx context.Context, g *gateway, db *database) error {
	z := &fuzzer{fuzzCommand: f, gateway: g, db: db}
	talking, stop := context.WithCancel(ctx)
	defer stop()
	group, talking := errgroup.WithContext(talking)
	turns := make(chan struct{})
	group.Go(func() error { return z.beat(talking, turns) })
	for range f.Workers {
		group.Go(func() error { return z.talk(talking, turns) })
	}
	err := z.lookAgainAndAgain(talking, stop)
	stop()
	err = errors.Join(err, group.Wait())
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	return z.tell()
}

// beat gives the turns, Rate a second.
func (z *fuzzer) beat(ctx context.Context, turns chan<- struct{}) error {
	clock := time.NewTicker(time.Second / time.Duration(max(1, z.Rate)))
	defer clock.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-clock.C:
		}
		select {
		case <-ctx.Done():
			return nil
		case turns <- struct{}{}:
		}
	}
}

func (z *fuzzer) talk(ctx context.Context, turns <-chan struct{}) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-turns:
		}
		z.pausing.RLock()
		odd, err := chat(z.gateway.at.smtp, converse(z.Seed, int(z.next.Add(1))))
		z.pausing.RUnlock()
		if err != nil {
			z.failed.Add(1)
		}
		if odd != "" {
			z.mu.Lock()
			z.report.odd = append(z.report.odd, odd)
			z.mu.Unlock()
		}
	}
}

// lookAgainAndAgain looks after the warm-up, then every so often, and at last.
func (z *fuzzer) lookAgainAndAgain(ctx context.Context, stop func()) error {
	begin := time.Now()
	for z.next.Load() < warmUp && time.Since(begin) < z.For/2 && ctx.Err() == nil {
		pause(50)
	}
	for ctx.Err() == nil {
		if err := z.look(ctx, time.Since(begin)); err != nil {
			return err
		}
		left := z.For - time.Since(begin)
		if left <= 0 && len(z.report.looks) > 1 {
			return nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(min(left, z.Every)):
		}
	}
	stop()
	return nil
}

// look stops the talk for a moment, waits until the house is empty, and writes
// down what is left in it. An honest mail must come in then.
func (z *fuzzer) look(ctx context.Context, at time.Duration) error {
	z.pausing.Lock()
	defer z.pausing.Unlock()
	select {
	case err := <-z.gateway.ended:
		z.gateway.ended <- err
		return fmt.Errorf("the gateway has ended: %w", errors.Join(err))
	default:
	}
	v, err := awaitQuiet(ctx, z.gateway, z.db)
	if err != nil {
		return err
	}
	n := len(z.report.looks)
	m := compose(fmt.Sprintf("honest %d", z.Seed), n, 2000, prose(z.Seed, 2000))
	if err := deliver(ctx, z.gateway.at.smtp, m); err != nil {
		return fmt.Errorf("an honest mail: %w", err)
	}
	if err := z.db.awaitFiled(ctx, 20*time.Millisecond); err != nil {
		return err
	}
	filed, err := z.db.countSubject(ctx, m.subject)
	if err != nil {
		return err
	}
	log, err := os.ReadFile(z.gateway.log)
	if err != nil {
		return err
	}
	z.report.log = string(log)
	z.report.looks = append(z.report.looks, observation{at: at, dialogues: int(z.next.Load()), vitals: v, filed: filed})
	fmt.Printf("%6.0f s %8d dialogues  %s, honest mail filed %d time(s)\n", at.Seconds(), z.next.Load(), v, filed)
	return nil
}

func (z *fuzzer) tell() error {
	var accepted int
	if err := z.db.conn.QueryRow(context.Background(), `select count(*) from inbound`).Scan(&accepted); err != nil {
		return err
	}
	faults := z.report.faults()
	fmt.Printf("%d dialogues, %d could not connect, %d mails taken, %d looks, %d faults\n", z.next.Load(), z.failed.Load(), accepted, len(z.report.looks), len(faults))
	for _, fault := range faults[:min(20, len(faults))] {
		fmt.Println(fault)
	}
	if len(faults) > 0 {
		return errors.New("the gateway did not stand the talk; its log is kept: " + keep(z.gateway.log))
	}
	if z.Control {
		return controlReport(z.report)
	}
	return nil
}

// keep saves a log from the workshop's end.
func keep(log string) string {
	kept := filepath.Join(os.TempDir(), "postdesk-proof-"+filepath.Base(log))
	if err := os.Rename(log, kept); err != nil {
		return err.Error()
	}
	return kept
}

// deliver brings one mail on a connection of its own.
func deliver(ctx context.Context, addr string, m mail) error {
	s, err := dial(ctx, addr)
	if err != nil {
		return err
	}
	defer s.close()
	return s.send(m.from, m.raw)
}
