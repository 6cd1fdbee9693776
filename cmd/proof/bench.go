package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

type benchCommand struct {
	Small       int           `help:"Mails of 4 KiB; 0 leaves them out." default:"5000"`
	Large       int           `help:"Mails of 100 KiB; 0 leaves them out." default:"500"`
	Connections []int         `help:"Connections, each kept for all its mails." default:"10,50"`
	Timeout     time.Duration `help:"For one workload." default:"5m"`
	DatabaseURL string        `help:"Measure on this empty database instead of a private one; only one workload then." placeholder:"URL"`
	Profiles    string        `help:"Write a CPU profile of the gateway for each workload into this folder." placeholder:"DIR"`
}

// A workload is so many mails of a size over so many connections at once.
type workload struct {
	name                     string
	mails, size, connections int
}

func (b *benchCommand) workloads() (list []workload) {
	for _, kind := range []struct {
		name        string
		mails, size int
	}{{"4 KiB", b.Small, 4 << 10}, {"100 KiB", b.Large, 100 << 10}} {
		for _, connections := range b.Connections {
			if kind.mails > 0 && connections > 0 {
				list = append(list, workload{fmt.Sprintf("%s, %d connections", kind.name, connections), kind.mails, kind.size, connections})
			}
		}
	}
	return list
}

// Run measures one workload after the other, each on a new gateway with an empty
// database.
func (b *benchCommand) Run(ctx context.Context, c *commands) error {
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	dns, err := startDNS()
	if err != nil {
		return err
	}
	defer dns.Close()
	for n, load := range b.workloads() {
		g := newGateway(w, fmt.Sprintf("bench%d", n), dns.LocalAddr().String())
		g.database = b.DatabaseURL
		if err := b.measure(ctx, g, load); err != nil {
			return fmt.Errorf("%s: %w", load.name, err)
		}
	}
	return nil
}

// A result is what was measured of one workload.
type result struct {
	workload
	acknowledged, filed time.Duration // from the first octet
	used                usage
	wall                time.Duration
	peak                memory
}

func (r result) String() string {
	a := func(d time.Duration) float64 { return d.Seconds() * 1000 / float64(r.mails) }
	rate := func(d time.Duration) float64 { return float64(r.mails) / d.Seconds() }
	return fmt.Sprintf("%-24s %6d mails  %7.0f msgs/s to the 250  %7.0f msgs/s filed  CPU s per 1,000: gateway %.2f, PostgreSQL %.2f (sender and DNS %.2f)  "+
		"peak MB: gateway %d, with PostgreSQL %d  others used %.1f CPUs",
		r.name, r.mails, rate(r.acknowledged), rate(r.filed), a(r.used.gateway), a(r.used.postgreSQL), a(r.used.proof),
		r.peak.gateway>>20, r.peak.tree>>20, r.used.others().Seconds()/r.wall.Seconds())
}

func (b *benchCommand) measure(ctx context.Context, g *gateway, load workload) error {
	ctx, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	if err := g.start(ctx); err != nil {
		return err
	}
	defer g.stop()
	db, err := openDatabase(ctx, g)
	if err != nil {
		return err
	}
	defer db.close()
	profiled := b.profile(ctx, g, load)

	pid := g.process.Pid
	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	peak := watchMemory(watching, pid, 200*time.Millisecond)
	before, err := readUsage(pid)
	if err != nil {
		return err
	}
	r := result{workload: load}
	start := time.Now()
	if err := sendAll(ctx, g.at.smtp, load); err != nil {
		return err
	}
	r.acknowledged = time.Since(start)
	if err := db.awaitFiled(ctx, 5*time.Millisecond); err != nil {
		return err
	}
	r.filed = time.Since(start)
	after, err := readUsage(pid)
	if err != nil {
		return err
	}
	r.used, r.wall = after.since(before), after.at.Sub(before.at)
	stopWatching()
	r.peak = <-peak
	if n, err := db.countFiled(ctx); err != nil || n != load.mails {
		return errors.Join(err, fmt.Errorf("%d of %d mails became a conversation", n, load.mails))
	}
	fmt.Println(r)
	return <-profiled
}

// sendAll shares the mails among the connections, whichever is free.
func sendAll(ctx context.Context, addr string, load workload) error {
	text := prose(1, load.size)
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range load.connections {
		group.Go(func() error {
			s, err := dial(ctx, addr)
			if err != nil {
				return err
			}
			defer s.close()
			for n := int(next.Add(1)); n <= load.mails; n = int(next.Add(1)) {
				m := compose("bench", n, load.size, text)
				if err := s.send(m.from, m.raw); err != nil {
					return fmt.Errorf("mail %d: %w", n, err)
				}
				if ctx.Err() != nil {
					return ctx.Err()
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// profileSeconds is long enough for a picture and short enough for a workload.
const profileSeconds = 3

// profile asks the gateway for a profile while the workload runs.
func (b *benchCommand) profile(ctx context.Context, g *gateway, load workload) <-chan error {
	done := make(chan error, 1)
	if b.Profiles == "" {
		done <- nil
		return done
	}
	go func() {
		url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", g.at.metrics, profileSeconds)
		done <- fetch(ctx, url, filepath.Join(b.Profiles, fmt.Sprintf("%d-%d.pprof", load.size, load.connections)))
	}()
	return done
}

func fetch(ctx context.Context, url, file string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, answer.Body)
	return errors.Join(err, out.Close())
}
