package core

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Most of what a desk asks may be asked in any session. Two things need one of
// their own: to listen, and to hold the locks of the lanes. A pooler that lends
// sessions by the transaction gives that only past itself, at Config.Direct.

// pooled tells that the pool's connections are a pooler's, which is told by how
// statements are sent: a statement that is prepared under a name would be looked
// for in a session that another client has by then.
func (d *Desk) pooled() bool {
	return d.pool.Config().ConnConfig.DefaultQueryExecMode != pgx.QueryExecModeCacheStatement
}

// sessions tells that session gives sessions that stay.
func (d *Desk) sessions() bool { return d.cfg.Direct != nil || !d.pooled() }

// session is a connection for the caller alone, who closes it.
func (d *Desk) session(ctx context.Context) (*pgx.Conn, error) {
	if d.cfg.Direct != nil {
		return pgx.ConnectConfig(ctx, d.cfg.Direct.Copy())
	}
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	return conn.Hijack(), nil // what it holds must not come to anybody else
}
