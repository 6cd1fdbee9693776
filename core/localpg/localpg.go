package localpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrLocked is returned when another process kept the data folder's lock for
// the whole time that the caller was ready to wait.
var ErrLocked = errors.New("another postdesk is using this data folder")

const (
	role       = "postdesk" // superuser of the private cluster, and the database's name
	startingUp = "57P03"    // cannot_connect_now: starting, recovering, stopping
	pollTime   = 20 * time.Millisecond
)

// A Server is a PostgreSQL that answers: one that this process runs, or one
// that a running gateway lets it use.
type Server struct {
	url   string
	close sync.Once
	lock  *lock       // nil when another process runs the PostgreSQL
	run   *supervisor // nil when another process runs the PostgreSQL
	where *place
}

// Run takes the lock of the data folder, runs its PostgreSQL, making folder and
// cluster when there are none, and lets other processes use it (see Open). It is for the
// long-running gateway. It waits up to wait for the lock, then as long as ctx
// allows for PostgreSQL to recover and answer; ctx has no say after that.
// Errors: ErrLocked, ErrNoPostgreSQL.
func Run(ctx context.Context, dataDir string, wait time.Duration, logger *slog.Logger) (*Server, error) {
	s, err := open(ctx, dataDir, wait, logger, true)
	if err != nil {
		return nil, fmt.Errorf("private PostgreSQL in %s: %w", dataDir, err)
	}
	return s, nil
}

// Open connects to the PostgreSQL that a gateway runs in the data folder, or,
// if none runs, starts one for this process alone, as Run does. It is for
// commands: two of them take turns, because the first stops what it started
// when it ends. Errors: ErrLocked, ErrNoPostgreSQL.
func Open(ctx context.Context, dataDir string, wait time.Duration, logger *slog.Logger) (*Server, error) {
	s, err := open(ctx, dataDir, wait, logger, false)
	if err != nil {
		return nil, fmt.Errorf("private PostgreSQL in %s: %w", dataDir, err)
	}
	return s, nil
}

// URL returns the connection string of the database, over the unix socket.
func (s *Server) URL() string { return s.url }

// Close stops the PostgreSQL if this process runs it, waiting for it to end,
// and gives the lock back. Connections that are still open are cut. A second call
// does nothing.
func (s *Server) Close() (err error) {
	if s.run != nil {
		s.close.Do(func() { err = s.shut() })
	}
	return err
}

func (s *Server) shut() error {
	withdraw := s.lock.withdraw()
	err := s.run.stop()
	s.where.leave()
	if err := errors.Join(err, withdraw, s.lock.release()); err != nil {
		return fmt.Errorf("stop private PostgreSQL: %w", err)
	}
	return nil
}

func open(ctx context.Context, dataDir string, wait time.Duration, logger *slog.Logger, share bool) (*Server, error) {
	where, err := settle(dataDir)
	if err != nil {
		return nil, err
	}
	lock, running, err := acquire(ctx, where, wait, !share, logger)
	if err != nil {
		return nil, err
	}
	if running != "" {
		return &Server{url: running}, nil
	}
	s, err := start(ctx, where, lock, logger)
	if err == nil && share {
		if err = lock.publish(where.socket); err != nil {
			err = errors.Join(err, s.run.stop())
		}
	}
	if err != nil {
		where.leave()
		return nil, errors.Join(err, lock.release())
	}
	return s, nil
}

// start runs the cluster under a lock that is held.
func start(ctx context.Context, where *place, lock *lock, logger *slog.Logger) (*Server, error) {
	bin, err := chooseBinaries(where.cluster)
	if err != nil {
		return nil, err
	}
	if err := where.prepare(lock.note.Socket); err != nil {
		return nil, err
	}
	if err := lock.remember(where.socket); err != nil {
		return nil, err
	}
	if err := makeCluster(ctx, bin, where); err != nil {
		return nil, err
	}
	if err := endLeftover(ctx, where); err != nil {
		return nil, err
	}
	run, err := supervise(bin, where, lock, logger)
	if err != nil {
		return nil, err
	}
	if err := ready(ctx, where.socket, run); err != nil {
		return nil, errors.Join(err, run.stop())
	}
	run.answered()
	logger.Info("private PostgreSQL runs", "version", bin.major, "folder", where.cluster)
	return &Server{url: connString(where.socket, role), lock: lock, run: run, where: where}, nil
}

// ready waits until the server answers, which after a crash can take as long
// as the recovery, and makes the database when there is none.
func ready(ctx context.Context, socket string, run *supervisor) error {
	for {
		conn, err := pgx.Connect(ctx, connString(socket, "postgres"))
		if err == nil {
			defer conn.Close(context.WithoutCancel(ctx))
			return createDatabase(ctx, conn)
		}
		var refusal *pgconn.PgError
		if errors.As(err, &refusal) && refusal.Code != startingUp {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for it to answer: %w", ctx.Err())
		case <-run.done:
			return run.failure()
		case <-time.After(pollTime):
		}
	}
}

func createDatabase(ctx context.Context, conn *pgx.Conn) error {
	var there bool
	err := conn.QueryRow(ctx, `select exists (select from pg_database where datname = $1)`, role).Scan(&there)
	if err != nil || there {
		return err
	}
	_, err = conn.Exec(ctx, `create database `+pgx.Identifier{role}.Sanitize())
	return err
}

// connString names everything that the environment (PGPORT and its like) could
// otherwise decide.
func connString(socket, database string) string {
	u := url.URL{Scheme: "postgres", User: url.User(role), Path: "/" + database}
	u.RawQuery = url.Values{"host": {socket}, "port": {"5432"}, "sslmode": {"disable"}}.Encode()
	return u.String()
}

// answers says if a server takes connections on the socket.
func answers(ctx context.Context, socket string) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, connString(socket, role))
	if err != nil {
		return false
	}
	return conn.Close(ctx) == nil
}

// syncFolder makes a rename in the folder survive a power cut.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
