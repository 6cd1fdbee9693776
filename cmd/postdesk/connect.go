package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// How long a server of PostgreSQL may be silent. A URL may name several of which
// one takes writes: who asks the dead one for too long is late at the living.
const (
	connectWithin = 5 * time.Second // a server, unless the URL says connect_timeout
	pongWithin    = 3 * time.Second // from a connection that was idle
	unheardFor    = 10 * time.Second
)

// errStandby is told of servers that the database's URL may name, but not alone.
var errStandby = errors.New("it is a standby or read-only and takes no writes: name the primary, too")

// poolConfig is how the pool connects.
func poolConfig(ctx context.Context, s *databaseSettings, url string) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, usageError{fmt.Errorf("--database-url: %w", err)}
	}
	cfg.MaxConns = connections
	cfg.PingTimeout = pongWithin
	leaveDeadServers(cfg.ConnConfig)
	mode := &cfg.ConnConfig.DefaultQueryExecMode
	pooled := s.DirectDatabaseURL != "" || *mode == pgx.QueryExecModeExec || *mode == pgx.QueryExecModeSimpleProtocol
	if !pooled && s.DatabaseURL != "" {
		if pooled, err = behindPooler(ctx, cfg.ConnConfig); err != nil {
			return nil, unreachable(err)
		}
	}
	if pooled && *mode != pgx.QueryExecModeDescribeExec {
		// The one way through a pooler that lends sessions by the transaction:
		// nothing is prepared under a name, and still every type is known.
		*mode = pgx.QueryExecModeCacheDescribe
	}
	return cfg, nil
}

func unreachable(err error) error { return fmt.Errorf("the database cannot be reached: %w", err) }

// behindPooler tells whether somebody else answers for the server: the process that
// said hello is not the one that works then.
func behindPooler(ctx context.Context, cfg *pgx.ConnConfig) (bool, error) {
	conn, err := pgconn.ConnectConfig(ctx, &cfg.Config)
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.Close(ctx) }()
	said, err := conn.Exec(ctx, `select pg_backend_pid()`).ReadAll()
	if err != nil {
		return false, err
	}
	return string(said[0].Rows[0][0]) != strconv.FormatUint(uint64(conn.PID()), 10), nil
}

// directConfig leads past a pooler, nil where none is told of.
func directConfig(s *databaseSettings) (*pgx.ConnConfig, error) {
	if s.DirectDatabaseURL == "" {
		return nil, nil
	}
	if s.DatabaseURL == "" {
		return nil, usageError{errors.New("--direct-database-url: it is for a database that --database-url reaches through a pooler")}
	}
	cfg, err := pgx.ParseConfig(s.DirectDatabaseURL)
	if err != nil {
		return nil, usageError{fmt.Errorf("--direct-database-url: %w", err)}
	}
	leaveDeadServers(cfg)
	return cfg, nil
}

// leaveDeadServers takes only servers that take writes, and lets go of one that
// became a standby, or that has not acknowledged an octet for some seconds.
func leaveDeadServers(cfg *pgx.ConnConfig) {
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectWithin
	}
	dialer := &net.Dialer{
		Timeout:         cfg.ConnectTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: unheardFor / 3, Interval: unheardFor / 3, Count: 3},
		Control:         boundSilence,
	}
	cfg.DialFunc = dialer.DialContext
	cfg.ValidateConnect = takesWrites
	handle := cfg.OnPgError
	cfg.OnPgError = func(c *pgconn.PgConn, err *pgconn.PgError) bool {
		const readOnly = "25006" // read_only_sql_transaction
		return err.Code != readOnly && handle(c, err)
	}
}

// takesWrites is target_session_attrs=read-write, whatever the URL says of it.
func takesWrites(ctx context.Context, c *pgconn.PgConn) error {
	err := pgconn.ValidateConnectTargetSessionAttrsReadWrite(ctx, c)
	if errors.Is(err, pgconn.ErrReadOnlyConnection) {
		err = errStandby
	}
	return err
}
