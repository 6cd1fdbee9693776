package core

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Waiting counts the mail that is not done with, by state.
type Waiting struct {
	Inbound  map[string]int // received, suspended, failed
	Outbound map[string]int // queued, held
	Alarms   Alarms
}

// Waiting counts what waits, for those who watch over the instance.
func (d *Desk) Waiting(ctx context.Context) (w Waiting, err error) {
	defer wrap(&err, "count what waits")
	w = Waiting{Inbound: map[string]int{"received": 0, "suspended": 0, "failed": 0}, Outbound: map[string]int{"queued": 0, "held": 0}}
	b := &pgx.Batch{}
	count := func(sql string, into map[string]int) {
		b.Queue(sql).Query(func(rows pgx.Rows) error {
			var state string
			var n int
			_, err := pgx.ForEachRow(rows, []any{&state, &n}, func() error { into[state] = n; return nil })
			return err
		})
	}
	count(`select state, count(*) from inbound where state = 'received' group by state
		union all select state, count(*) from inbound where state = 'suspended' group by state
		union all select state, count(*) from inbound where state = 'failed' group by state`, w.Inbound)
	count(`select state, count(*) from deliveries where state = 'queued' group by state
		union all select state, count(*) from deliveries where state = 'held' group by state`, w.Outbound)
	b.Queue(alarmsSQL, alarmsArgs()...).QueryRow(w.Alarms.scan)
	return w, d.pool.SendBatch(ctx, b).Close()
}
