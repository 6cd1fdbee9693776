// Package migrations is the schema's history: SQL files, embedded, forward
// only.
//
// It promises that any number of processes may call Up at once, that each
// file is applied once and whole, and that a database whose schema is newer
// than this program is refused and left as it is. It never goes back, and
// nothing but Up changes a schema.
//
// A schema serves two programs: the newer one migrates while the older one works,
// and both go on until the last gateway is restarted. So a file expands: new tables,
// new columns that are null or have a default, new indexes, wider constraints. What
// the program before it reads or writes is taken away, renamed or narrowed a release
// later, and what only the newer one can read the older must not be able to claim.
// An index on a table that a running desk writes is made concurrently, in a file of
// its own that first drops what a killed run left half made (see 00021).
package migrations

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed *.sql
var files embed.FS

// ErrNewer is returned for a database that a newer program has migrated: this
// one does not know what its tables mean.
var ErrNewer = errors.New("the database's schema is newer than this program")

// Up brings the database's schema to this program's version. It waits for
// another process that is doing the same. Error: ErrNewer.
func Up(ctx context.Context, databaseURL string) error {
	if err := up(ctx, databaseURL, files); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// Versions returns the schema version of the database, 0 if it has none, and
// the one that this program brings. It changes nothing.
func Versions(ctx context.Context, databaseURL string) (database, program int64, err error) {
	database, program, err = versions(ctx, databaseURL, files)
	if err != nil {
		return 0, 0, fmt.Errorf("schema version: %w", err)
	}
	return database, program, nil
}

// Newest is the schema version that this program brings.
func Newest() int64 {
	var newest int64
	names, _ := fs.Glob(files, "*.sql") // only a bad pattern fails
	for _, name := range names {
		version, _ := goose.NumericComponent(name) // a test has goose read them all
		newest = max(newest, version)
	}
	return newest
}

// Fingerprint names this program's schema: another one whenever a file
// changes. Hexadecimal.
func Fingerprint() string {
	h := sha256.New()
	names, _ := fs.Glob(files, "*.sql") // only a bad pattern fails
	for _, name := range names {
		content, _ := fs.ReadFile(files, name) // embedded: it is there
		fmt.Fprintf(h, "%s %d\n%s", name, len(content), content)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func up(ctx context.Context, databaseURL string, files fs.FS) error {
	db, err := open(databaseURL)
	if err != nil {
		return err
	}
	defer db.Close()
	history, err := provider(db, files)
	if err != nil {
		return err
	}
	program := newest(history)
	switch current, err := version(ctx, db); {
	case err != nil:
		return err
	case current == program:
		return nil // without the lock, which a killed process would still hold for a while
	case current > program:
		return newer(current, program)
	}
	if _, err := history.Up(ctx); err != nil {
		return nameFile(err)
	}
	// A newer program may have held the lock before us.
	current, err := version(ctx, db)
	if err == nil && current > program {
		err = newer(current, program)
	}
	return err
}

// nameFile says which file failed, which goose leaves out.
func nameFile(err error) error {
	var partial *goose.PartialError
	if errors.As(err, &partial) && partial.Failed != nil {
		return fmt.Errorf("%s: %w", partial.Failed.Source.Path, partial.Err)
	}
	return err
}

func newer(database, program int64) error {
	return fmt.Errorf("%w: it is at version %d, this program knows up to %d; run the newer program",
		ErrNewer, database, program)
}

func versions(ctx context.Context, databaseURL string, files fs.FS) (database, program int64, err error) {
	db, err := open(databaseURL)
	if err != nil {
		return 0, 0, err
	}
	defer db.Close()
	history, err := provider(db, files)
	if err != nil {
		return 0, 0, err
	}
	database, err = version(ctx, db)
	return database, newest(history), err
}

func open(databaseURL string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return nil, err
	}
	// The URL may name several servers: only one that takes writes is of use.
	config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	// Nothing is prepared under a name: this may lead through a pooler.
	config.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	return stdlib.OpenDB(*config), nil
}

// provider locks by a row with a lease and not by a session, which a pooler in
// transaction mode would hand to somebody else between two statements.
func provider(db *sql.DB, files fs.FS) (*goose.Provider, error) {
	locker, err := lock.NewPostgresTableLocker(
		lock.WithTableLeaseDuration(10*time.Second), // how long a killed process blocks the others
		lock.WithTableHeartbeatInterval(2*time.Second),
		lock.WithTableLockTimeout(100*time.Millisecond, 6000), // ten minutes: a big table's new index
		lock.WithTableUnlockTimeout(100*time.Millisecond, 50),
		lock.WithTableLogger(slog.New(slog.DiscardHandler)), // what fails is returned
	)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithLocker(locker), goose.WithDisableGlobalRegistry(true))
}

func newest(history *goose.Provider) int64 {
	sources := history.ListSources() // ascending
	return sources[len(sources)-1].Version
}

// version reads the history table without making it, as goose would.
func version(ctx context.Context, db *sql.DB) (int64, error) {
	var there bool
	err := db.QueryRowContext(ctx, `select to_regclass('`+goose.DefaultTablename+`') is not null`).Scan(&there)
	if err != nil || !there {
		return 0, err
	}
	var current int64
	err = db.QueryRowContext(ctx, `select coalesce(max(version_id), 0) from `+goose.DefaultTablename).Scan(&current)
	return current, err
}
