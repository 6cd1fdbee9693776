package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// A site is one gateway over one PostgreSQL of the proof's own, which can fail
// without it.
type site struct {
	workshop *workshop
	server   *server
	gateway  *gateway
}

// A siteSetup says how a site is to be; the zero value is a plain one.
type siteSetup struct {
	name     string
	cluster  string   // folder of the cluster; one of the workshop's if empty
	settings []string // of PostgreSQL
	env      []string // of PostgreSQL
	flags    []string // of the gateway
	fault    string   // of a faulty gateway
}

// onSite runs a proof on a site that has started, and tells what it ran on, and
// the last words of both where it fails.
func onSite(ctx context.Context, w *workshop, setup siteSetup, prove func(s *site) error) error {
	dns, err := startDNS()
	if err != nil {
		return err
	}
	defer dns.Close()
	if setup.cluster == "" {
		setup.cluster = filepath.Join(w.dir, setup.name+"-cluster")
	}
	server, err := newServer(ctx, w, setup.cluster, setup.name+"-postgres")
	if err != nil {
		return err
	}
	defer server.end(immediately)
	server.settings, server.env = setup.settings, setup.env
	if err := server.start(ctx); err != nil {
		return err
	}
	s := &site{w, server, newGateway(w, setup.name, dns.LocalAddr().String())}
	if s.gateway.database, err = server.create(ctx, "postdesk"); err != nil {
		return err
	}
	s.gateway.settings, s.gateway.fault = setup.flags, setup.fault
	if err := s.gateway.start(ctx); err != nil {
		return err
	}
	defer func() { s.gateway.stop() }()
	fmt.Println(server.version(ctx))
	if err := prove(s); err != nil {
		return fmt.Errorf("%w\n%s\n%s", err, lastLines(s.gateway.log), lastLines(s.server.log))
	}
	return nil
}

// onDisk runs a proof on a site whose whole cluster, WAL included, is on a disk of
// its own.
func onDisk(ctx context.Context, w *workshop, name string, size int64, setup func(d *disk) siteSetup, prove func(s *site, d *disk) error) error {
	d, err := newDisk(ctx, w, name, size)
	if err != nil {
		return err
	}
	defer d.close()
	on := setup(d)
	on.name, on.cluster = name+"-site", filepath.Join(d.dir, "cluster")
	return onSite(ctx, w, on, func(s *site) error { return prove(s, d) })
}

// look opens the site's database, past all rules.
func (s *site) look(ctx context.Context) (*database, error) {
	conn, err := pgx.Connect(ctx, s.gateway.database)
	if err != nil {
		return nil, err
	}
	return &database{conn}, nil
}

// A load is mail of many sizes that senders bring to one gateway, each mail until
// it is acknowledged.
type load struct {
	ledger  *ledger
	seed    uint64
	senders int
	largest int
	text    string

	pace   int    // milliseconds that each sender rests before a mail
	behind string // how mails begin where a server before us adds lines on top; empty if none does
}

func newLoad(seed uint64, mails, senders, largest int) *load {
	return &load{ledger: newLedger(mails), seed: seed, senders: senders, largest: largest, text: prose(seed, 2*largest)}
}

// run returns when all mails are acknowledged and meanwhile has ended.
func (l *load) run(ctx context.Context, addr string, meanwhile func(ctx context.Context) error) error {
	group, sending := errgroup.WithContext(ctx)
	for range l.senders {
		p := postman{addr: addr, ledger: l.ledger, mail: l.mail}
		group.Go(func() error { return p.deliver(sending) })
	}
	group.Go(func() error { return meanwhile(sending) })
	return group.Wait()
}

// mail is always the same for a number.
func (l *load) mail(n int) mail {
	pause(l.pace)
	random := rand.New(rand.NewPCG(l.seed, uint64(n)))
	size := int(smallest * math.Pow(float64(l.largest)/smallest, random.Float64()))
	from := random.IntN(len(l.text) - size + 1)
	from += strings.IndexByte(l.text[from:], '\n') + 1
	return compose(fmt.Sprint(l.seed), n, size, l.text[from:])
}

// moment waits until share n of so many of the mails is acknowledged, and some
// more, as chance will have it.
func (l *load) moment(ctx context.Context, random *rand.Rand, n, shares int) error {
	share := max(1, len(l.ledger.mails)/shares)
	if err := l.ledger.awaitAcknowledged(ctx, n*share+random.IntN(share)); err != nil {
		return err
	}
	pause(random.IntN(50))
	return ctx.Err()
}

// stuckTime is how long a mail may wait after a fault is over (reliability I2).
const stuckTime = time.Minute

// verdict waits until every mail is filed, for stuckTime at most, and judges.
func (l *load) verdict(ctx context.Context, s *site) (v verdict, err error) {
	db, err := s.look(ctx)
	if err != nil {
		return v, err
	}
	defer db.close()
	start := time.Now()
	waiting, cancel := context.WithTimeout(ctx, stuckTime)
	defer cancel()
	if err := db.awaitFiled(waiting, 200*time.Millisecond); err != nil {
		// A query that is cut off takes its connection with it.
		db.close()
		if db, err = s.look(ctx); err != nil {
			return v, err
		}
		defer db.close()
	}
	fmt.Printf("the last mail was filed %.1f s after the last 250\n", time.Since(start).Seconds())
	found, err := db.findings(ctx)
	if err == nil && l.behind != "" {
		found.mails, err = db.mailsFrom(ctx, l.behind)
	}
	if err != nil {
		return v, err
	}
	v, faulty := judge(l.ledger.mails, found)
	for _, line := range faulty[:min(10, len(faulty))] {
		fmt.Println(line)
	}
	return v, nil
}

// mailsFrom reads all mails without what stands before the words that they begin
// with.
func (db *database) mailsFrom(ctx context.Context, begin string) ([]storedMail, error) {
	rows, err := db.conn.Query(ctx, `
		select envelope_from, state, sha256(substring(bytes from greatest(1, position($1::bytea in bytes))))
		from inbound i, lateral (select coalesce(inbound_raw(i), '') as bytes) raw`, []byte(begin))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (m storedMail, err error) {
		var digest []byte
		err = row.Scan(&m.From, &m.State, &digest)
		copy(m.Digest[:], digest)
		return m, err
	})
}

var errUnsound = errors.New("mail was lost, doubled, altered or stuck")

// sound fails unless every mail was acknowledged and is there once.
func (l *load) sound(ctx context.Context, s *site) error {
	v, err := l.verdict(ctx, s)
	if err != nil {
		return err
	}
	fmt.Println(v)
	switch {
	case l.ledger.sent() != len(l.ledger.mails):
		return fmt.Errorf("%d mails were refused", len(l.ledger.mails)-l.ledger.sent())
	case v != (verdict{}):
		return errUnsound
	}
	return nil
}

// seeded draws a seed where none was given, and tells it.
func seeded(seed uint64) uint64 {
	for seed == 0 {
		seed = rand.Uint64N(1 << 32)
	}
	fmt.Printf("seed %d\n", seed)
	return seed
}
