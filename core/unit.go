package core

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A unit is one transaction, in as few round trips as its statements allow: it
// begins together with its first batch, and what nobody waits for goes together
// with its commit. It is synchronous whatever a role or a database has set as
// default.
type unit struct {
	conn  *pgx.Conn
	begun bool
	last  pgx.Batch
	mails int // enqueued

	changed []ConversationID // see touch
}

const beginSQL, durableSQL = "begin", "set local synchronous_commit to on"

// tx runs one transaction, again when PostgreSQL asks for it, and wakes couriers
// for the mails that it enqueued, and tells pages what it changed.
func (d *Desk) tx(ctx context.Context, do func(tx pgx.Tx) error) error {
	const tries = 8
	for try := 1; ; try++ {
		u, err := d.try(ctx, do)
		if err == nil {
			d.live.tell(u.changed)
			for range min(u.mails, mostRings) {
				d.ring(ctx, BellOutbound)
			}
			return nil
		}
		if try == tries || !serializationFault(err) {
			return constraintError(err)
		}
		if err := pause(ctx, time.Duration(try)*10*time.Millisecond); err != nil {
			return err
		}
	}
}

func (d *Desk) try(ctx context.Context, do func(tx pgx.Tx) error) (*unit, error) {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Release() // a connection that is still in a transaction is thrown away
	u := &unit{conn: conn.Conn()}
	if err := do(u); err != nil {
		return nil, errors.Join(err, u.Rollback(ctx))
	}
	if err := u.Commit(ctx); err != nil {
		return nil, errors.Join(err, u.Rollback(ctx))
	}
	return u, nil
}

// later runs a statement at the end of the transaction, in one go with the
// commit: for what nothing in it reads again.
func later(tx pgx.Tx, sql string, args ...any) {
	tx.(*unit).last.Queue(sql, args...)
}

func (u *unit) begin(ctx context.Context) error {
	if u.begun {
		return nil
	}
	u.begun = true
	_, err := u.conn.Exec(ctx, beginSQL+"; "+durable())
	return err
}

// SendBatch sends a batch, with the begin if it is the first of the transaction.
func (u *unit) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	if u.begun {
		return u.conn.SendBatch(ctx, b)
	}
	u.begun = true
	first := &pgx.Batch{}
	first.Queue(beginSQL)
	first.Queue(durable())
	first.QueuedQueries = append(first.QueuedQueries, b.QueuedQueries...)
	return u.conn.SendBatch(ctx, first)
}

// Exec runs a statement now.
func (u *unit) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if err := u.begin(ctx); err != nil {
		return pgconn.CommandTag{}, err
	}
	return u.conn.Exec(ctx, sql, args...)
}

// Query runs a query now.
func (u *unit) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if err := u.begin(ctx); err != nil {
		return nil, err
	}
	return u.conn.Query(ctx, sql, args...)
}

// QueryRow runs a query of one row now.
func (u *unit) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if err := u.begin(ctx); err != nil {
		return failedRow{err}
	}
	return u.conn.QueryRow(ctx, sql, args...)
}

type failedRow struct{ err error }

func (r failedRow) Scan(...any) error { return r.err }

// Commit sends what was put off, and the commit.
func (u *unit) Commit(ctx context.Context) error {
	if !u.begun && u.last.Len() == 0 {
		return nil
	}
	var done pgconn.CommandTag
	u.last.Queue("commit").Exec(func(tag pgconn.CommandTag) error { done = tag; return nil })
	if err := u.SendBatch(ctx, &u.last).Close(); err != nil {
		return err
	}
	if done.String() != "COMMIT" {
		return pgx.ErrTxCommitRollback
	}
	return nil
}

// Rollback gives the transaction up. It runs although ctx may have ended.
func (u *unit) Rollback(ctx context.Context) error {
	if !u.begun || u.conn.IsClosed() || u.conn.PgConn().TxStatus() == 'I' {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, err := u.conn.Exec(ctx, "rollback")
	return err
}

// Begin is not for a unit: a sentence of the product is one transaction.
func (u *unit) Begin(context.Context) (pgx.Tx, error) {
	return nil, errors.New("a transaction in a transaction")
}

// CopyFrom is pgx's.
func (u *unit) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, source pgx.CopyFromSource) (int64, error) {
	if err := u.begin(ctx); err != nil {
		return 0, err
	}
	return u.conn.CopyFrom(ctx, table, columns, source)
}

// Prepare is pgx's.
func (u *unit) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	return u.conn.Prepare(ctx, name, sql)
}

// LargeObjects are not used.
func (u *unit) LargeObjects() pgx.LargeObjects { return pgx.LargeObjects{} }

// Conn gives the connection.
func (u *unit) Conn() *pgx.Conn { return u.conn }
