package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// A workload is so many mails of a size over so many connections at once.
type workload struct {
	row                      int
	name                     string
	mails, size, connections int

	fresh   bool                                          // a connection for each mail
	dns     dnsTemper                                     // how names are answered
	prepare func(ctx context.Context, db *database) error // the database, before
	grown   int                                           // conversations that are there, which every second mail answers; 0: none
	peers   []peer
}

const (
	smallSize = 4 << 10
	largeSize = 100 << 10
)

// workloads are the rows of the table that are about coming mail. Rows 9 and 10 are
// idle and memory, row 11 is drain.
func (b *benchCommand) workloads() []workload {
	list := []workload{
		{row: 1, name: "1-3: 4 KiB, 50 connections", mails: 10_000, size: smallSize, connections: 50, peers: []peer{postfixIn, bareFloor}},
		{row: 4, name: "4: 4 KiB, 50 at once, one a connection", mails: 5_000, size: smallSize, connections: 50, fresh: true, peers: []peer{postfixIn}},
		{row: 5, name: "5: 100 KiB, 10 connections", mails: 3_000, size: largeSize, connections: 10, peers: []peer{postfixIn}},
		{row: 6, name: "6: a domain each, answered at once", mails: 24_000, size: smallSize, connections: 50, dns: dnsTemper{each: true}},
		{row: 6, name: "6: a domain each, answered after 1 s", mails: 24_000, size: smallSize, connections: 50, dns: dnsTemper{each: true, after: time.Second}},
		{row: 7, name: "7: half are replies, 1,000 conversations", mails: 6_000, size: smallSize, connections: 50, grown: min(1_000, b.Grown)},
		{row: 7, name: fmt.Sprintf("7: half are replies, %d conversations", b.Grown), mails: 6_000, size: smallSize, connections: 50, grown: b.Grown},
		{row: 8, name: "8: 4 KiB, 8 connections", mails: 8_000, size: smallSize, connections: 8},
		{row: 12, name: "12: as 1, a flush takes 5 ms", mails: 10_000, size: smallSize, connections: 50, prepare: slowFlush},
	}
	for i := range list {
		list[i].mails = max(list[i].connections, int(float64(list[i].mails)*b.Mails))
	}
	return list
}

// slowFlush lets every commit wait as it would for a disk whose flush takes 5 ms.
func slowFlush(ctx context.Context, db *database) error {
	for _, sql := range []string{`alter system set commit_delay = 5000`, `alter system set commit_siblings = 0`, `select pg_reload_conf()`} {
		if _, err := db.conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// replyStride spreads the replies over all conversations.
const replyStride = 7919

// mail is the n-th of the workload.
func (load workload) mail(n int, text string) mail {
	if load.grown > 0 && n%2 == 0 {
		return replyTo(1+n/2*replyStride%load.grown, n, load.size, text)
	}
	domain := senderDomain
	if load.dns.each {
		domain = fmt.Sprintf("d%d.%s", n, senderDomain)
	}
	return composeFrom(fmt.Sprintf("u%d@%s", n, domain), "bench", n, load.size, text)
}

// sendAll shares the mails among the connections, whichever is free, and tells how
// long each took to its 250.
func sendAll(ctx context.Context, addr string, load workload) ([]time.Duration, error) {
	text := prose(1, load.size)
	took := make([]time.Duration, load.mails)
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range load.connections {
		group.Go(func() error {
			var s *sender
			defer func() {
				if s != nil {
					s.close()
				}
			}()
			for n := int(next.Add(1)); n <= load.mails && ctx.Err() == nil; n = int(next.Add(1)) {
				m := load.mail(n, text)
				start := time.Now()
				var err error
				if s == nil {
					s, err = dial(ctx, addr)
				}
				if err == nil {
					err = s.send(m.from, m.raw)
				}
				if err != nil {
					return fmt.Errorf("mail %d: %w", n, err)
				}
				took[n-1] = time.Since(start)
				if load.fresh {
					s.close()
					s = nil
				}
			}
			return ctx.Err()
		})
	}
	return took, group.Wait()
}
