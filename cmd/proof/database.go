package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"postdesk/core/localpg"
)

// A database is a look at the running gateway's own, past all its rules.
type database struct{ conn *pgx.Conn }

func openDatabase(ctx context.Context, g *gateway) (*database, error) {
	server, err := localpg.Open(ctx, g.dataDir, startTime, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, server.URL())
	if err != nil {
		return nil, err
	}
	return &database{conn}, nil
}

func (db *database) close() { _ = db.conn.Close(context.Background()) }

// awaitFiled returns when no accepted mail waits any more.
func (db *database) awaitFiled(ctx context.Context, every time.Duration) error {
	for {
		var waiting bool
		if err := db.conn.QueryRow(ctx, `select exists (select from inbound where state = 'received')`).Scan(&waiting); err != nil {
			return err
		}
		if !waiting {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("mails still wait: %w", ctx.Err())
		case <-time.After(every):
		}
	}
}

// countFiled counts mails whose conversation and message exist.
func (db *database) countFiled(ctx context.Context) (n int, err error) {
	err = db.conn.QueryRow(ctx, `
		select count(distinct c.id) from inbound i join conversations c on c.id = i.conversation_id
			join messages m on m.id = i.post_id and m.conversation_id = c.id
		where i.state = 'success'`).Scan(&n)
	return n, err
}

// countSubject counts messages in conversations of that subject, a mail that is
// stored twice as two.
func (db *database) countSubject(ctx context.Context, subject string) (n int, err error) {
	err = db.conn.QueryRow(ctx, `
		select greatest(
			(select count(*) from conversations c join messages m on m.conversation_id = c.id where c.subject = $1),
			(select count(*) from inbound where subject = $1))`, subject).Scan(&n)
	return n, err
}
