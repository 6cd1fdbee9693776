package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"
)

type benchCommand struct {
	Row      []int         `help:"Only these rows of the table." placeholder:"N"`
	Runs     int           `help:"Runs of each workload; the median counts." default:"1"`
	Mails    float64       `help:"So many times the mails of each workload." default:"1"`
	Grown    int           `help:"Conversations in the great database of row 7." default:"1000000"`
	Beside   string        `help:"Folder with the scripts of the baselines, run in turns with ours: peer-postfix.sh, peer-gosink.sh, pg.sh." placeholder:"DIR"`
	Timeout  time.Duration `help:"For one workload." default:"30m"`
	Profiles string        `help:"Write a CPU profile of the gateway for each workload into this folder." placeholder:"DIR"`
}

// Run measures one workload after the other, each on a new gateway with an empty
// database, and each baseline in turns with the workload that it is for.
func (b *benchCommand) Run(ctx context.Context, c *commands) error {
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	for n, load := range b.chosen() {
		var ours, theirs []result
		for run := range b.Runs {
			for _, p := range load.peers {
				r, err := b.peer(ctx, p, load)
				if err != nil {
					return fmt.Errorf("%s: %w", p, err)
				}
				theirs = append(theirs, r...)
			}
			g := newGateway(w, fmt.Sprintf("bench%d-%d", n, run), "")
			r, err := b.measure(ctx, g, load)
			if err != nil {
				return fmt.Errorf("%s: %w", load.name, err)
			}
			fmt.Println(r)
			ours = append(ours, r)
		}
		compare(load, ours, theirs)
	}
	return nil
}

func (b *benchCommand) chosen() (list []workload) {
	for _, load := range b.workloads() {
		if len(b.Row) == 0 || slices.Contains(b.Row, load.row) {
			list = append(list, load)
		}
	}
	return list
}

// A result is what was measured of one workload, or of a baseline.
type result struct {
	name                string
	mails               int
	acknowledged, filed time.Duration // from the first octet; filed is looked for every filedEvery
	median, slowest     time.Duration // of a mail to its 250; slowest is the 99th of a hundred
	used                usage
	wall                time.Duration
	peak                memory
}

// filedEvery is between two looks whether all is filed. Each costs the database some.
const filedEvery = 50 * time.Millisecond

// rates are mails a second to the 250 and filed, and CPU seconds for 1,000 mails.
func (r result) rates() (acknowledged, filed, cpu float64) {
	n := float64(r.mails)
	return n / r.acknowledged.Seconds(), n / r.filed.Seconds(), (r.used.gateway + r.used.postgreSQL).Seconds() * 1000 / n
}

func (r result) String() string {
	a := func(d time.Duration) float64 { return d.Seconds() * 1000 / float64(r.mails) }
	acknowledged, filed, _ := r.rates()
	return fmt.Sprintf("%-44s %6d mails  %6.0f/s to the 250 (median %.1f ms, p99 %.1f ms)  %6.0f/s filed  CPU s per 1,000: gateway %.2f, PostgreSQL %.2f (sender and DNS %.2f)  "+
		"peak MB: gateway %d, with PostgreSQL %d  others used %.1f CPUs",
		r.name, r.mails, acknowledged, ms(r.median), ms(r.slowest), filed, a(r.used.gateway), a(r.used.postgreSQL), a(r.used.proof),
		r.peak.gateway>>20, r.peak.tree>>20, r.used.others().Seconds()/r.wall.Seconds())
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }

func (b *benchCommand) measure(ctx context.Context, g *gateway, load workload) (r result, err error) {
	ctx, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	dns, err := startSlowDNS(load.mails, load.dns)
	if err != nil {
		return r, err
	}
	defer dns.Close()
	g.resolver = dns.addr()
	if err := g.start(ctx); err != nil {
		return r, err
	}
	defer g.stop()
	db, err := openDatabase(ctx, g)
	if err != nil {
		return r, err
	}
	defer db.close()
	if load.grown > 0 {
		if err := grow(ctx, db, load.grown); err != nil {
			return r, err
		}
	}
	if load.prepare != nil {
		if err := load.prepare(ctx, db); err != nil {
			return r, err
		}
	}
	before, err := db.countPosts(ctx)
	if err != nil {
		return r, err
	}
	profiled := b.profile(ctx, g, load)
	if r, err = run(ctx, g, db, load); err != nil {
		return r, err
	}
	if n, err := db.countPosts(ctx); err != nil || n-before != load.mails {
		return r, errors.Join(err, fmt.Errorf("%d of %d mails became a message", n-before, load.mails))
	}
	return r, <-profiled
}

// run sends all mails and waits until they are filed.
func run(ctx context.Context, g *gateway, db *database, load workload) (r result, err error) {
	pid := g.process.Pid
	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	peak := watchMemory(watching, pid, 200*time.Millisecond)
	before, err := readUsage(pid)
	if err != nil {
		return r, err
	}
	r = result{name: load.name, mails: load.mails}
	start := time.Now()
	took, err := sendAll(ctx, g.at.smtp, load)
	if err != nil {
		return r, err
	}
	r.acknowledged = time.Since(start)
	if err := db.awaitFiled(ctx, filedEvery); err != nil {
		return r, err
	}
	r.filed = time.Since(start)
	after, err := readUsage(pid)
	if err != nil {
		return r, err
	}
	r.used, r.wall = after.since(before), after.at.Sub(before.at)
	stopWatching()
	r.peak = <-peak
	slices.Sort(took)
	r.median, r.slowest = took[len(took)/2], took[len(took)*99/100]
	return r, nil
}

// countPosts counts the messages that mails became.
func (db *database) countPosts(ctx context.Context) (n int, err error) {
	err = db.conn.QueryRow(ctx, `
		select count(*) from inbound i join messages m on m.id = i.post_id and m.conversation_id = i.conversation_id where i.state = 'success'`).Scan(&n)
	return n, err
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
		done <- fetch(ctx, url, filepath.Join(b.Profiles, fmt.Sprintf("row%d.pprof", load.row)))
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
