package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

type powerlossCommand struct {
	Cycles  int           `help:"Losses of everything that was not flushed." default:"20"`
	Release bool          `help:"200 losses."`
	Mails   int           `help:"Mails a loss." default:"100"`
	Senders int           `help:"Connections at once." default:"8"`
	Seed    uint64        `help:"Chooses sizes and moments again; 0 draws one." default:"0"`
	Timeout time.Duration `help:"For everything." default:"40m"`
	Control bool          `help:"Then do it with fsync off, and fail unless mail is lost." default:"true" negatable:""`
}

// Run fails unless every acknowledged mail survives each loss (reliability R3).
// What is lost is what the system had not yet written to the disk; a disk that
// lies about having written is not simulated.
func (k *powerlossCommand) Run(ctx context.Context, c *commands) error {
	if why := noDisk(); why != "" {
		return notRun(why)
	}
	ctx, cancel := context.WithTimeout(ctx, k.Timeout)
	defer cancel()
	if k.Release {
		k.Cycles = 200
	}
	k.Seed = seeded(k.Seed)
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	if err := k.prove(ctx, w); err != nil || !k.Control {
		return err
	}
	return k.control(ctx, w)
}

// diskSize holds the cluster and a release's mails.
const diskSize = 3 << 30

// onFailingDisk runs a proof on a disk that can lose power.
func onFailingDisk(ctx context.Context, w *workshop, name string, prove func(*site, *disk) error) error {
	// Checkpoints are frequent, so that losses meet them too.
	setup := func(*disk) siteSetup {
		return siteSetup{settings: []string{"max_wal_size=64MB", "checkpoint_timeout=30s"}}
	}
	return onDisk(ctx, w, name, diskSize, setup, func(s *site, d *disk) error {
		if _, err := system(ctx, "sync", "--file-system", d.dir); err != nil {
			return err // what initdb wrote is no part of this
		}
		return prove(s, d)
	})
}

func (k *powerlossCommand) prove(ctx context.Context, w *workshop) error {
	return onFailingDisk(ctx, w, "disk", func(s *site, d *disk) error {
		start, l := time.Now(), newLoad(k.Seed, k.Cycles*k.Mails, k.Senders, largest)
		err := l.run(ctx, s.gateway.at.smtp, func(ctx context.Context) error {
			random := rand.New(rand.NewPCG(k.Seed, math.MaxUint64))
			for n := range k.Cycles {
				if err := l.moment(ctx, random, n, k.Cycles); err != nil {
					return err
				}
				if err := lose(ctx, s, d, random.IntN(300)); err != nil {
					return fmt.Errorf("loss %d: %w", n+1, err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		fmt.Printf("%d losses of all that was not flushed, on ext4: %s\n", k.Cycles, l.ledger.story(time.Since(start)))
		return l.sound(ctx, s)
	})
}

// lose cuts the power of the disk. PostgreSQL meets a disk that fails for some
// milliseconds, as when a cable is pulled before the machine stops, and is
// started again on what the disk has kept.
func lose(ctx context.Context, s *site, d *disk, failing int) error {
	if err := d.losePower(); err != nil {
		return err
	}
	pause(failing)
	s.server.end(asACrash)
	if err := errors.Join(d.unmount(ctx), d.mount(ctx)); err != nil {
		return err
	}
	return s.server.start(ctx)
}

// control lets PostgreSQL promise what it has not flushed. The gateway refuses to
// start on such a server, so that is set when it has started.
func (k *powerlossCommand) control(ctx context.Context, w *workshop) error {
	return onFailingDisk(ctx, w, "lying", func(s *site, d *disk) error {
		if _, err := s.server.ask(ctx, "postgres", `alter system set fsync = off`); err != nil {
			return err
		}
		if _, err := s.server.ask(ctx, "postgres", `select pg_reload_conf()`); err != nil {
			return err
		}
		l := newLoad(k.Seed, 4*k.Mails, k.Senders, largest)
		if err := l.run(ctx, s.gateway.at.smtp, func(context.Context) error { return nil }); err != nil {
			return err
		}
		if err := lose(ctx, s, d, 0); err != nil {
			fmt.Println("control: with fsync off the loss is found: PostgreSQL cannot even start")
			return nil
		}
		v, err := l.verdict(ctx, s)
		if err != nil || v.lost > 0 {
			fmt.Printf("control: with fsync off the loss is found: %s %v\n", v, err)
			return nil
		}
		return errors.New("control: with fsync off nothing was lost: this proof cannot see a loss")
	})
}
