package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

type diskfullCommand struct {
	Rounds  int           `help:"Times that the disk has no room left at all." default:"10"`
	Release bool          `help:"50 times."`
	Mails   int           `help:"Mails a round." default:"60"`
	Senders int           `help:"Connections at once." default:"8"`
	Seed    uint64        `help:"Chooses sizes and moments again; 0 draws one." default:"0"`
	Timeout time.Duration `help:"For everything." default:"20m"`
}

// Of a small disk with a database on it.
const (
	smallDisk    = 300 << 20
	smallMail    = 2 << 20          // --max-message-bytes: a tenth of the disk must stay free
	resumeTime   = 10 * time.Second // from room to the next 250 (reliability R10)
	noRoomAnswer = 452
)

// Run fails unless mail is refused before the disk is full, nothing that was
// acknowledged is lost where it gets full all the same, and mail is taken again
// soon after there is room (reliability R4, R10).
func (k *diskfullCommand) Run(ctx context.Context, c *commands) error {
	if why := noDisk(); why != "" {
		return notRun(why)
	}
	ctx, cancel := context.WithTimeout(ctx, k.Timeout)
	defer cancel()
	if k.Release {
		k.Rounds = 50
	}
	k.Seed = seeded(k.Seed)
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	if err := k.onSmallDisk(ctx, w, "watched", true, k.refusesInTime); err != nil {
		return err
	}
	return k.onSmallDisk(ctx, w, "unwatched", false, k.losesNothing)
}

// onSmallDisk runs a proof on a gateway that watches its disk, or does not, as one
// whose database is on another machine.
func (k *diskfullCommand) onSmallDisk(ctx context.Context, w *workshop, name string, watch bool, prove func(context.Context, *site, *disk) error) error {
	setup := func(d *disk) (setup siteSetup) {
		setup.settings = []string{"max_wal_size=64MB", "min_wal_size=32MB"}
		setup.flags = []string{"--max-message-bytes", fmt.Sprint(smallMail)}
		if watch {
			setup.flags = append(setup.flags, "--watch-disk", d.dir)
		}
		return setup
	}
	return onDisk(ctx, w, name, smallDisk, setup, func(s *site, d *disk) error { return prove(ctx, s, d) })
}

// A ballast is a file that takes room on a disk.
type ballast struct{ file string }

// leave takes all room of a disk but so much.
func (b ballast) leave(d *disk, room int64) error {
	free, err := d.free()
	if err != nil {
		return err
	}
	file, err := os.OpenFile(b.file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	piece := make([]byte, 64<<10)
	for ; free > room; free -= int64(len(piece)) {
		if _, err := file.Write(piece); err != nil {
			break // it is full
		}
	}
	return nil // not flushed: only room counts
}

func (b ballast) lift() error {
	if err := os.Remove(b.file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// refusesInTime: mail comes in until it is refused. There must be room left then,
// and it must be taken soon after there is more.
func (k *diskfullCommand) refusesInTime(ctx context.Context, s *site, d *disk) error {
	b := ballast{filepath.Join(d.dir, "ballast")}
	if err := b.leave(d, 60<<20); err != nil {
		return err
	}
	text := prose(k.Seed, smallMail)
	taken, refused := 0, error(nil)
	for refused == nil && ctx.Err() == nil {
		if err := bring(ctx, s, compose("full", taken, smallMail/2, text)); err != nil {
			refused = err
		} else {
			taken++
		}
	}
	free, err := d.free()
	if err != nil {
		return err
	}
	var no refusal
	if !errors.As(refused, &no) || no.code != noRoomAnswer || !strings.HasPrefix(no.text, "4.3.1 ") {
		return fmt.Errorf("a nearly full disk: %w, want 452 4.3.1", refused)
	}
	if free < 5*smallMail {
		return fmt.Errorf("mail is refused with %d MB free, too late", free>>20)
	}
	if err := b.lift(); err != nil {
		return err
	}
	resumed, err := awaitTaken(ctx, s, "room")
	fmt.Printf("watched: %d mails of 1 MB taken, then %v with %d MB free of %d; taken again %.1f s after there was room\n",
		taken, refused, free>>20, smallDisk>>20, resumed.Seconds())
	return err
}

// bring sends one mail over a connection of its own.
func bring(ctx context.Context, s *site, m mail) error {
	line, err := dial(ctx, s.gateway.at.smtp)
	if err != nil {
		return err
	}
	defer line.close()
	return line.send(m.from, m.raw)
}

// awaitTaken tells how long it takes until a mail is taken.
func awaitTaken(ctx context.Context, s *site, batch string) (time.Duration, error) {
	start := time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		if bring(ctx, s, compose(batch, n, smallest, "")) == nil {
			took := time.Since(start)
			if took > resumeTime {
				return took, fmt.Errorf("mail is taken %s after the fault, want %s at most", took, resumeTime)
			}
			return took, nil
		}
		pause(100)
	}
	return time.Since(start), ctx.Err()
}

// losesNothing takes all room under load, again and again, from a gateway that
// does not see its disk.
func (k *diskfullCommand) losesNothing(ctx context.Context, s *site, d *disk) error {
	b := ballast{filepath.Join(d.dir, "ballast")}
	if err := blind(ctx, s, d, b); err != nil {
		return err
	}
	start, l := time.Now(), newLoad(k.Seed, k.Rounds*k.Mails, k.Senders, largest/4)
	var slowest time.Duration
	var stops, taken atomic.Int64
	err := l.run(ctx, s.gateway.at.smtp, func(ctx context.Context) error {
		random := rand.New(rand.NewPCG(k.Seed, math.MaxUint64))
		for n := range k.Rounds {
			if err := l.moment(ctx, random, n, k.Rounds); err != nil {
				return err
			}
			before := l.ledger.sent()
			if err := b.leave(d, 0); err != nil {
				return err
			}
			for range 10 + random.IntN(20) {
				pause(100)
				if err := b.leave(d, 0); err != nil { // PostgreSQL frees some
					return err
				}
			}
			taken.Add(int64(l.ledger.sent() - before))
			took, stopped, err := k.makeRoom(ctx, s, b, l)
			stops.Add(int64(one(stopped)))
			if slowest = max(slowest, took); err != nil {
				return fmt.Errorf("round %d: %w", n+1, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Printf("unwatched: %d times full, PostgreSQL stopped in %d of them, %d mails found room meanwhile: %s\n", k.Rounds, stops.Load(), taken.Load(), l.ledger.story(time.Since(start)))
	if err := l.sound(ctx, s); err != nil {
		return err
	}
	tellFigure("%d times full: 0 of %d lost, taken again %.1f s after there was room at the latest", k.Rounds, len(l.ledger.mails), slowest.Seconds())
	return nil
}

// blind is the control: a gateway that does not see its disk takes mail where one
// that does refuses it.
func blind(ctx context.Context, s *site, d *disk, b ballast) error {
	if err := b.leave(d, 20<<20); err != nil {
		return err
	}
	line, err := dial(ctx, s.gateway.at.smtp)
	if err != nil {
		return err
	}
	defer line.close()
	if err := line.step([]byte("MAIL FROM:<probe@"+senderDomain+">\r\n"), 250); err != nil {
		return fmt.Errorf("control: a gateway that does not see its disk refuses as well: %w", err)
	}
	fmt.Println("control: a gateway that does not see its disk takes mail with 20 MB free")
	return b.lift()
}

// makeRoom gives the room back, starts PostgreSQL again if it has stopped, as the
// system's supervisor would, and waits for the next 250.
func (k *diskfullCommand) makeRoom(ctx context.Context, s *site, b ballast, l *load) (took time.Duration, stopped bool, err error) {
	start, before := time.Now(), l.ledger.sent()
	if err := b.lift(); err != nil {
		return 0, false, err
	}
	select {
	case <-s.server.ended:
		s.server.end(immediately) // what is left of it
		if err := s.server.start(ctx); err != nil {
			return 0, true, err
		}
		stopped = true
	default:
	}
	for l.ledger.sent() == before && before < len(l.ledger.mails) {
		if ctx.Err() != nil {
			return 0, stopped, ctx.Err()
		}
		if took = time.Since(start); took > startTime {
			return took, stopped, errors.New("mail is not taken again")
		}
		pause(10)
	}
	if took = time.Since(start); took > resumeTime {
		return took, stopped, fmt.Errorf("mail is taken %s after there was room, want %s at most", took, resumeTime)
	}
	return took, stopped, nil
}
