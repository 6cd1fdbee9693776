package core

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Config is what a Desk must be told by whoever starts it.
type Config struct {
	PublicURL   string // in every link, without a trailing slash
	ReplyDomain string // reply addresses are token@ReplyDomain; empty: mailbox+token@domain
	RelaySet    bool   // outgoing mail has a way out; without one it is held
	Hold        bool   // everything outgoing is held, relay or not (after a restore)
	Secret      string // wraps the keys in the database; may be empty
	// Direct leads to the same database past a pooler, for what needs a session of
	// its own: to listen and to count connections. Nil: the pool's own will do or,
	// behind a pooler, changes are looked for instead of heard of.
	Direct *pgx.ConnConfig
	// Recall and Remember keep what was last seen of the database beside it. Nil:
	// it is known as long as the process lives.
	Recall   func() Witness
	Remember func(Witness)
	// Read reads a stored mail again, for its HTML and its files.
	Read func(raw []byte) Letter
	// ReadGreat reads a great mail in pieces: alike, but that its great files stay
	// where they are. Nil: such mails are read as a whole.
	ReadGreat func(raw io.ReaderAt, size int64) (Letter, error)
	// Write writes what came by the contact form as a mail.
	Write  func(ContactMail) []byte
	Logger *slog.Logger
}

// A Desk is the one middle between the edges and the database. Safe for
// concurrent use.
type Desk struct {
	pool      *pgxpool.Pool
	cfg       Config
	keys      Keys
	log       *slog.Logger
	bells     bells
	ours      oursCache
	automatic automaticCap
	accepting combiner[acceptance, Claim]
	filing    combiner[readMail, filedMail]
	turns     chan struct{} // of mails that are filed alone
	finishing combiner[finished, struct{}]
	rush      rush

	live       *live
	continuity continuity
	clock      clock

	hashing hashing
	signing signing
}

// Open makes the instance on its first call for a database, reads its keys, and
// refuses a server whose settings could lose an accepted mail.
func Open(ctx context.Context, pool *pgxpool.Pool, cfg Config) (_ *Desk, err error) {
	defer wrap(&err, "open desk")
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	d := &Desk{pool: pool, cfg: cfg, log: cfg.Logger, live: newLive()}
	d.accepting.key, d.accepting.do = acceptance.key, d.accept
	d.filing.key, d.filing.do = readMail.key, d.fileTogether
	d.accepting.most, d.filing.most = together, together
	d.accepting.octets, d.filing.octets = acceptance.octets, readMail.octets
	d.accepting.runs, d.filing.runs, d.filing.linger = 1, 2, filingLinger
	d.turns = make(chan struct{}, max(1, pool.Config().MaxConns/2))
	d.finishing = combiner[finished, struct{}]{key: finished.key, do: d.finish, most: finishedTogether, runs: 1}
	if err := CheckDurability(ctx, pool); err != nil {
		return nil, err
	}
	if d.keys, err = d.loadKeys(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

// filingLinger is how long accepted mails wait for others to be filed with, while
// others are being filed. Nobody sees it: senders have had their 250.
const filingLinger = 20 * time.Millisecond

// together is how many mails one transaction accepts, or files.
const together = 100

// CheckDurability refuses a PostgreSQL that may forget what it has committed.
func CheckDurability(ctx context.Context, pool *pgxpool.Pool) error {
	rows, err := pool.Query(ctx, `
		select name, setting from pg_settings
		where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'off'
		   or name = 'data_sync_retry' and setting = 'on'
		order by name`)
	if err != nil {
		return err
	}
	var name, setting string
	_, err = pgx.ForEachRow(rows, []any{&name, &setting}, func() error {
		return fmt.Errorf("the PostgreSQL server has %s = %s, so accepted mail could be lost: change it in postgresql.conf and restart", name, setting)
	})
	return err
}

// Ready tells whether the database answers, as one that keeps what it commits.
func (d *Desk) Ready(ctx context.Context) error { return CheckDurability(ctx, d.pool) }

// read runs queries that must see one state of the database.
func (d *Desk) read(ctx context.Context, do func(tx pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, d.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, do)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func serializationFault(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// constraintError turns the violation of a named constraint into the error that
// callers know. The race that it ends was lost fairly; asking first would only
// have made it rarer.
func constraintError(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	switch pg.ConstraintName {
	case "addresses_pkey", "mailboxes_address_taken":
		return Invalid{Field: "email", Code: CodeDuplicate, Problem: DuplicateProblem}
	case "organization_domains_pkey":
		return Invalid{Field: "domains", Code: CodeDuplicate, Problem: DuplicateProblem}
	case "teams_title_taken":
		return Invalid{Field: "title", Code: CodeDuplicate, Problem: DuplicateProblem}
	}
	return err
}

// lockAddresses makes everybody who is about to decide who an address is wait
// for each other: a first mail, a manual creation, an invite. Sorted, so that two
// callers never wait in a circle.
func lockAddresses(ctx context.Context, tx pgx.Tx, addresses ...Address) error {
	_, err := tx.Exec(ctx, lockAddressesSQL, sortedTexts(addresses))
	return err
}

// lockAddressesSQL holds addresses, in the order given, until the transaction ends.
const lockAddressesSQL = `select pg_advisory_xact_lock(hashtextextended('address ' || address, 0)) from unnest($1::text[]) as g (address)`

func sortedTexts(addresses []Address) []string {
	return slices.Compact(slices.Sorted(slices.Values(column(addresses, Address.String))))
}
