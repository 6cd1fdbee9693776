package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

type clockCommand struct {
	Control bool          `help:"Also leap with a gateway that mends nothing, which must leave mail stuck."`
	Seed    uint64        `help:"Chooses the mails; 0 draws one." default:"0"`
	Timeout time.Duration `help:"For everything." default:"15m"`
}

// Of a clock that leaps (reliability R18).
const (
	filedWithin     = time.Minute
	deliveredWithin = 2 * time.Minute
	endedWithin     = 10 * time.Second
	stuckFor        = 20 * time.Second // of the control
	day             = 24 * time.Hour
)

// A leap is where the clock of the database stands from now on, beside the true one.
type leap struct {
	name string
	to   time.Duration
	down bool // meanwhile the next server is away, which puts mail off; else mail out is paused
}

// leaps are all that reliability R18 names, there and back.
func leaps() []leap {
	return []leap{{name: "an hour ahead", to: time.Hour}, {name: "and back"}, {name: "an hour behind", to: -time.Hour}, {name: "and back"},
		{name: "a day ahead", to: day}, {name: "and back"}, {name: "a day behind", to: -day}, {name: "and back"},
		{name: "a year behind", to: -365 * day, down: true}, {name: "and back", down: true}}
}

// Run fails unless mail comes in and goes out whatever the clock of the database does.
func (k *clockCommand) Run(ctx context.Context, c *commands) error {
	ctx, cancel := context.WithTimeout(ctx, k.Timeout)
	defer cancel()
	library, err := faketime()
	if err != nil {
		return err
	}
	k.Seed = seeded(k.Seed)
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	begin := time.Now()
	if k.Control {
		binary, err := w.faulty(ctx)
		if err != nil {
			return err
		}
		if err := onFalseTime(ctx, &workshop{dir: w.dir, binary: binary}, library, "clock", k.mustStick); err != nil {
			return fmt.Errorf("control: %w", err)
		}
	}
	err = onFalseTime(ctx, w, library, "", k.prove)
	fmt.Printf("%.0f s in all\n", time.Since(begin).Seconds())
	return err
}

// faketime finds the library that tells programs another time.
func faketime() (string, error) {
	found, _ := filepath.Glob("/usr/lib/*/faketime/libfaketime.so.1") // only a bad pattern fails
	if len(found) == 0 {
		return "", notRun("libfaketime is not installed")
	}
	return found[0], nil
}

// A falseTime is a site whose PostgreSQL goes by a clock that can be set, with mail
// for a sink.
type falseTime struct {
	*site
	db   *database
	sink *sink
	load *load
	file string // what the clock is wrong by
}

// onFalseTime runs a proof on a site with a clock of its own.
func onFalseTime(ctx context.Context, w *workshop, library, fault string, prove func(ctx context.Context, f *falseTime) error) error {
	f := &falseTime{file: filepath.Join(w.dir, "clock"), sink: &sink{book: newBook(false), pipelining: true}}
	if err := errors.Join(f.set(0), f.sink.listen()); err != nil {
		return err
	}
	defer f.sink.close()
	return onSite(ctx, w, siteSetup{name: "clock" + fault, fault: fault, flags: []string{"--relay", "smtp://" + f.sink.addr},
		env: []string{"LD_PRELOAD=" + library, "FAKETIME_TIMESTAMP_FILE=" + f.file, "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1", "NO_FAKE_STAT=1"},
	}, func(s *site) (err error) {
		defer f.forget(s.server.process.Pid)
		f.site = s
		if err = s.furnish(ctx); err != nil {
			return err
		}
		if f.db, err = s.look(ctx); err != nil {
			return err
		}
		defer f.db.close()
		return prove(ctx, f)
	})
}

// set sets the clock, at one moment for all who read it.
func (f *falseTime) set(to time.Duration) error {
	if err := os.WriteFile(f.file+".new", fmt.Appendf(nil, "%+d\n", int(to.Seconds())), 0o644); err != nil {
		return err
	}
	return os.Rename(f.file+".new", f.file)
}

// forget takes away what the library leaves in memory when its program is killed.
func (f *falseTime) forget(pid int) {
	f.gateway.stop()
	f.server.end(inOrder)
	left, _ := filepath.Glob(fmt.Sprintf("/dev/shm/*faketime*_%d", pid))
	for _, file := range left {
		_ = os.Remove(file)
	}
}

// under runs something while mail comes in.
func (f *falseTime) under(ctx context.Context, seed uint64, meanwhile func(ctx context.Context) error) error {
	f.load = newLoad(seed, 0, 2, 20_000)
	f.load.ledger, f.load.pace = openLedger(), 250
	return f.load.run(ctx, f.gateway.at.smtp, func(ctx context.Context) error {
		defer f.load.ledger.close()
		if err := f.load.ledger.awaitAcknowledged(ctx, 5); err != nil {
			return err
		}
		return meanwhile(ctx)
	})
}

func (k *clockCommand) prove(ctx context.Context, f *falseTime) error {
	slowest := time.Duration(0)
	err := f.under(ctx, k.Seed, func(ctx context.Context) error {
		for _, l := range leaps() {
			took, err := f.leapSignedIn(ctx, l)
			if slowest = max(slowest, took); err != nil {
				return fmt.Errorf("%s: %w", l.name, err)
			}
		}
		took, err := f.summerTime(ctx)
		slowest = max(slowest, took)
		return err
	})
	if err == nil {
		err = f.load.sound(ctx, f.site)
	}
	if err == nil {
		err = f.datedMail(ctx)
	}
	if err != nil {
		return err
	}
	failed, err := f.db.count(ctx, `select count(*) from deliveries where state = 'failed'`)
	if err != nil || failed > 0 {
		return errors.Join(err, fmt.Errorf("%d mails were given up", failed))
	}
	tellFigure("%d leaps under mail: %d mails filed once, none given up, all that waited delivered %.0f s after its leap at most",
		len(leaps())+2, f.load.ledger.sent(), slowest.Seconds())
	return nil
}

// mustStick leaps to last year with a gateway that mends nothing.
func (k *clockCommand) mustStick(ctx context.Context, f *falseTime) error {
	return f.under(ctx, k.Seed, func(ctx context.Context) error {
		l := leap{to: -365 * day}
		behind, err := f.fillQueue(ctx, l)
		if err == nil {
			err = errors.Join(f.set(l.to), f.open(ctx, l))
		}
		if err != nil {
			return err
		}
		wait(ctx, stuckFor)
		in, out, err := f.waiting(ctx, behind)
		if err != nil {
			return err
		}
		fmt.Printf("control: %d of the mails that had waited still do %s after a leap of a year\n", in+out, stuckFor)
		if out == 0 {
			return errors.New("a gateway that mends nothing leaves no mail stuck: this proof sees nothing")
		}
		return nil
	})
}
