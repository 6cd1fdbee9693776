package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"postdesk/core"
	"postdesk/core/localpg"
	"postdesk/migrations"
	"postdesk/smtpd/eml"
)

// lockWait is how long a command waits for another one's private PostgreSQL.
const lockWait = 30 * time.Second

// connections bounds what one process takes of the server.
const connections = 12

// database is an open database of ours: its pool, and the private server behind
// it if there is one.
type database struct {
	url    string          // where its schema is looked at and changed: past a pooler
	direct *pgx.ConnConfig // past a pooler; nil: there is none
	pool   *pgxpool.Pool
	local  *localpg.Server
}

// openDatabase finds or starts PostgreSQL. With serving, the private server is
// this process's own and others may join it.
func openDatabase(ctx context.Context, s *databaseSettings, serving bool, log *slog.Logger) (db *database, err error) {
	db = &database{url: s.DatabaseURL}
	if db.url == "" {
		start := localpg.Open
		if serving {
			start = localpg.Run
		}
		if db.local, err = start(ctx, s.DataDir, lockWait, log); err != nil {
			return nil, err
		}
		db.url = db.local.URL()
	}
	cfg, err := poolConfig(ctx, s, db.url)
	if err == nil {
		db.direct, err = directConfig(s)
	}
	if err != nil {
		db.close()
		return nil, err
	}
	if s.DirectDatabaseURL != "" {
		db.url = s.DirectDatabaseURL
	}
	if db.pool, err = pgxpool.NewWithConfig(ctx, cfg); err == nil {
		err = db.pool.Ping(ctx)
	}
	if err != nil {
		db.close()
		return nil, unreachable(err)
	}
	return db, nil
}

func (db *database) close() {
	if db.pool != nil {
		db.pool.Close()
	}
	if db.local != nil {
		_ = db.local.Close()
	}
}

// openDesk opens the database, brings its schema up to date and opens the desk.
// The returned function closes all of it.
func openDesk(ctx context.Context, s *databaseSettings, cfg core.Config, serving bool) (*core.Desk, *database, error) {
	db, err := openDatabase(ctx, s, serving, cfg.Logger)
	if err != nil {
		return nil, nil, err
	}
	if err := migrations.Up(ctx, db.url); err != nil {
		db.close()
		return nil, nil, err
	}
	cfg.Secret, cfg.Read, cfg.ReadGreat, cfg.Write, cfg.Direct = s.Secret, eml.Parse, eml.ParseGreat, eml.WriteContact, db.direct
	desk, err := core.Open(ctx, db.pool, cfg)
	if err != nil {
		db.close()
		return nil, nil, err
	}
	return desk, db, nil
}
