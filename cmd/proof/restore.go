package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

type restoreCommand struct {
	Mails   int           `help:"Mails that come in, half of them after the point that is restored." default:"2000"`
	Senders int           `help:"Connections at once." default:"8"`
	Seed    uint64        `help:"Chooses sizes again; 0 draws one." default:"0"`
	Timeout time.Duration `help:"For everything." default:"15m"`
	Control bool          `help:"Then restore once more below a gateway that cannot know of it, and fail unless mail is sent twice." default:"true" negatable:""`
}

const (
	restorePoint = "proof"
	slowSink     = 150 * time.Millisecond // a mail: the queue is long when the backup is made
	heldLook     = 8 * time.Second        // how long nothing may go out after the restore
)

// A restored is a site and all that is needed to restore its database.
type restored struct {
	*restoreCommand
	site    *site
	sink    *sink
	archive string
	backup  string
	load    *load
	before  []posted // the ledger at the restore point
}

// Run fails unless all mail that was acknowledged before the restore point is
// there, and nothing goes out of the restored database before an operator lets it
// (reliability R20).
func (k *restoreCommand) Run(ctx context.Context, c *commands) error {
	ctx, cancel := context.WithTimeout(ctx, k.Timeout)
	defer cancel()
	k.Seed = seeded(k.Seed)
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	s := &sink{book: newBook(true), client: "gateway", think: slowSink, pipelining: true}
	s.book.live(s.client)
	if err := s.listen(); err != nil {
		return err
	}
	defer s.close()
	r := &restored{restoreCommand: k, sink: s, archive: filepath.Join(w.dir, "archive"), backup: filepath.Join(w.dir, "backup")}
	if err := errors.Join(os.Mkdir(r.archive, 0o777), os.Chmod(r.archive, 0o777)); err != nil { // PostgreSQL writes there
		return err
	}
	setup := siteSetup{name: "restore", flags: []string{"--relay", "smtp://" + s.addr},
		settings: []string{"archive_mode=on", "archive_command=cp %p " + r.archive + "/%f", "wal_level=replica"}}
	return onSite(ctx, w, setup, func(s *site) error {
		r.site = s
		return r.prove(ctx)
	})
}

func (r *restored) prove(ctx context.Context) error {
	if err := r.run(ctx); err != nil {
		return err
	}
	held, err := r.toPoint(ctx)
	if err != nil {
		return err
	}
	if err := r.releases(ctx); err != nil {
		return err
	}
	if err := r.dumped(ctx); err != nil {
		return err
	}
	tellFigure("restored under %d mails: 0 of %d lost, %d outgoing held, none sent before the release, no Message-ID twice", r.Mails, acknowledged(r.before), held)
	if !r.Control {
		return nil
	}
	return r.control(ctx)
}

// run brings the mails. A base backup is made under them, and later the restore
// point is set; all that was queued is sent in the end.
func (r *restored) run(ctx context.Context) error {
	r.load = newLoad(r.Seed, r.Mails, r.Senders, 20_000)
	r.load.pace = 60 // the backup takes its time
	server := r.site.server
	err := r.load.run(ctx, r.site.gateway.at.smtp, func(ctx context.Context) error {
		if err := r.load.ledger.awaitAcknowledged(ctx, r.Mails/4); err != nil {
			return err
		}
		if err := server.own(r.backup); err != nil {
			return err
		}
		if err := server.run(ctx, "pg_basebackup", "-h", "127.0.0.1", "-p", server.port, "-U", "postgres", "-D", r.backup, "-X", "none", "-c", "fast", "--no-sync"); err != nil {
			return err
		}
		if err := r.load.ledger.awaitAcknowledged(ctx, r.Mails/2); err != nil {
			return err
		}
		if r.load.ledger.sent() > r.Mails*3/4 {
			return errors.New("the mail came in faster than the backup was made: there must be more --mails")
		}
		r.before = r.load.ledger.copy() // what is acknowledged by now must be there
		_, err := server.ask(ctx, "postgres", `select pg_create_restore_point('`+restorePoint+`')`)
		return err
	})
	if err != nil {
		return err
	}
	db, err := r.site.look(ctx)
	if err != nil {
		return err
	}
	defer db.close()
	return errors.Join(db.awaitFiled(ctx, time.Second), db.awaitSent(ctx))
}

// restore ends gateway and server, and starts a server on the backup, recovered to
// the point.
func (r *restored) restore(ctx context.Context, name string) error {
	r.site.gateway.stop()
	server := r.site.server
	server.end(inOrder) // it archives its last log
	dir := filepath.Join(r.site.workshop.dir, name)
	if _, err := system(ctx, "cp", "-a", r.backup, dir); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "recovery.signal"), nil, 0o644); err != nil {
		return err
	}
	server.dir = dir
	server.settings = []string{"archive_mode=off", "restore_command=cp " + r.archive + "/%f %p", "recovery_target_name=" + restorePoint, "recovery_target_action=promote"}
	return server.start(ctx)
}

// toPoint restores below the same gateway, and tells how much is held.
func (r *restored) toPoint(ctx context.Context) (held int, err error) {
	if err := r.restore(ctx, "recovered"); err != nil {
		return 0, err
	}
	sent := r.sink.book.yeses.Load()
	if err := r.site.gateway.start(ctx); err != nil {
		return 0, err
	}
	wait(ctx, heldLook)
	if more := r.sink.book.yeses.Load() - sent; more > 0 {
		return 0, fmt.Errorf("%d mails went out of a restored database", more)
	}
	if held, err = r.site.number(ctx, `select count(*) from deliveries where state = 'held'`); err != nil {
		return 0, err
	}
	if held == 0 {
		return 0, errors.New("nothing was queued at the restore point: this proves nothing")
	}
	db, err := r.site.look(ctx)
	if err != nil {
		return 0, err
	}
	defer db.close()
	if err := db.awaitFiled(ctx, time.Second); err != nil {
		return 0, err
	}
	found, err := db.findings(ctx)
	if err != nil {
		return 0, err
	}
	v, faulty := judge(r.before, found)
	v.doubled = 0 // they came between the copy of the ledger and the point
	fmt.Printf("restored to a point at which %d mails were acknowledged: %s; %d outgoing mails are held, none went out in %s; %d had been sent before\n",
		acknowledged(r.before), v, held, heldLook, sent)
	if v.lost+v.altered+v.stuck > 0 {
		return held, fmt.Errorf("%w: %v", errUnsound, faulty[:min(3, len(faulty))])
	}
	return held, nil
}

func acknowledged(mails []posted) (n int) {
	for _, m := range mails {
		n += one(m.acked)
	}
	return n
}

// number asks the site's database for a number.
func (s *site) number(ctx context.Context, sql string) (int, error) {
	text, err := s.server.ask(ctx, "postdesk", sql)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

// releases lets mail go again, and looks whether new mail goes under names that
// were never used.
func (r *restored) releases(ctx context.Context) error {
	if _, err := r.site.gateway.command(ctx, "", "outbox", "release"); err != nil {
		return err
	}
	wait(ctx, 3*time.Second) // until the gateway has heard of it
	sent := r.sink.book.yeses.Load()
	const fresh = 50 // conversations that an agent opens
	if _, err := r.site.gateway.fill(ctx, fresh, prose(r.Seed, 1500)); err != nil {
		return err
	}
	for r.sink.book.yeses.Load() < sent+fresh {
		if ctx.Err() != nil {
			return fmt.Errorf("new mail does not go out after the release: %w", ctx.Err())
		}
		pause(100)
	}
	if twice := r.sink.book.repeatedIDs(); twice > 0 {
		return fmt.Errorf("%d Message-IDs went out twice", twice)
	}
	fmt.Printf("after the release %d new mails went out, under Message-IDs that were never used\n", fresh)
	return nil
}

// dumped loads a dump into another PostgreSQL below a gateway that has never seen
// the database: it must be held there too.
func (r *restored) dumped(ctx context.Context) error {
	if _, err := r.site.server.ask(ctx, "postdesk", `update deliveries set state = 'queued', due_at = now() where state = 'held'`); err != nil {
		return err
	}
	r.site.gateway.stop()
	file := filepath.Join(r.site.workshop.dir, "dump")
	server := r.site.server
	if err := errors.Join(os.WriteFile(file, nil, 0o666), os.Chmod(file, 0o666)); err != nil {
		return err
	}
	if err := server.run(ctx, "pg_dump", "-Fc", "-f", file, "-d", server.url("postdesk")); err != nil {
		return err
	}
	other, err := newServer(ctx, r.site.workshop, filepath.Join(r.site.workshop.dir, "other"), "other-postgres")
	if err != nil {
		return err
	}
	defer other.end(immediately)
	if err := other.start(ctx); err != nil {
		return err
	}
	g := newGateway(r.site.workshop, "elsewhere", r.site.gateway.resolver)
	g.settings = r.site.gateway.settings
	if g.database, err = other.create(ctx, "postdesk"); err != nil {
		return err
	}
	if err := other.run(ctx, "pg_restore", "-d", g.database, file); err != nil {
		return err
	}
	sent := r.sink.book.yeses.Load()
	if err := g.start(ctx); err != nil {
		return err
	}
	defer g.stop()
	wait(ctx, heldLook)
	held, err := (&site{server: other}).number(ctx, `select count(*) from deliveries where state = 'held'`)
	if err != nil {
		return err
	}
	more := r.sink.book.yeses.Load() - sent
	fmt.Printf("a dump, loaded into another PostgreSQL: %d outgoing mails are held, %d went out in %s\n", held, more, heldLook)
	if more > 0 || held == 0 {
		return errors.New("a loaded dump sends mail")
	}
	return nil
}

// control restores once more, below a gateway that cannot know of it.
func (r *restored) control(ctx context.Context) error {
	if err := r.restore(ctx, "unnoticed"); err != nil {
		return err
	}
	if _, err := r.site.server.ask(ctx, "postdesk", `update continuity set system = null, timeline = null, beat = 0`); err != nil {
		return err
	}
	r.site.gateway.dataDir += "-forgetful"
	sent := r.sink.book.yeses.Load() // all that was queued at the point is among it
	if err := r.site.gateway.start(ctx); err != nil {
		return err
	}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); pause(200) {
		// One that was not composed yet goes out under another Message-ID, to the same person.
		if twice := r.sink.book.yeses.Load() - sent; twice > 0 {
			fmt.Printf("control: below a gateway that does not know of the restore %d mails went out twice\n", twice)
			return nil
		}
	}
	return errors.New("control: nothing went out twice where nobody knew of the restore: this proof sees nothing")
}

// repeatedIDs counts Message-IDs that were taken more than once.
func (b *book) repeatedIDs() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	count := map[string]int{}
	for _, t := range b.transmissions {
		if !t.yes.IsZero() {
			if count[t.id]++; count[t.id] == 2 {
				n++
			}
		}
	}
	return n
}

// copy is the ledger as it is now.
func (l *ledger) copy() []posted {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]posted(nil), l.mails...)
}
