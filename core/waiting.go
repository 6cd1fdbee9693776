package core

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Waiting counts the mail that is not done with.
type Waiting struct {
	Inbound        map[string]int // by state: received, suspended, failed; MostWaiting for that many or more
	InboundOldest  float64        // seconds, of the mails to be filed that were due first
	Outbound       []WaitingFor   // the longest first, the rest summed up under OtherDestinations
	OutboundOldest float64        // seconds, of the queued mails that are due first; pauses do not count
	Alarms         Alarms
}

// WaitingFor is what waits for one destination.
type WaitingFor struct {
	State       string // queued, held
	Destination string // the domain of the recipients
	Mails       int
}

// Bounds of Waiting: it is asked every few seconds, however much waits.
const (
	MostWaiting       = 100_000
	agedAmong         = 1000 // mails, in the order that they are due
	mostDestinations  = 20   // of each state
	OtherDestinations = "other"
)

const inboundWaitingSQL = `
	select 'received', (select count(*) from (select from inbound where state = 'received' limit $1) x),
		coalesce((select extract(epoch from now() - min(received_at)) from (
			select received_at from inbound where state = 'received' order by due_at limit $2) x), 0)::float8
	union all select 'suspended', (select count(*) from (select from inbound where state = 'suspended' and raw is not null limit $1) x), 0
	union all select 'failed', (select count(*) from (select from inbound where state = 'failed' limit $1) x), 0`

const outboundWaitingSQL = `
	with waiting as (
		select 'queued' as state, domain from (select domain from deliveries where state = 'queued' limit $1) q
		union all select 'held', domain from (select domain from deliveries where state = 'held' limit $1) h),
	ranked as (
		select state, domain, count(*) as mails, row_number() over (partition by state order by count(*) desc, domain) as place
		from waiting group by state, domain)
	select state, case when place <= $2 then domain else $3 end, sum(mails)::int from ranked group by 1, 2 order by 1, 3 desc, 2`

const outboundOldestSQL = `
	select coalesce(extract(epoch from now() - min(schedule_from)), 0)::float8 from (
		select schedule_from from deliveries where state = 'queued' order by due_at limit $1) x`

// Waiting counts what waits, for those who watch over the instance: in one round
// trip, from indexes that hold only what waits, and no further than MostWaiting.
func (d *Desk) Waiting(ctx context.Context) (w Waiting, err error) {
	defer wrap(&err, "count what waits")
	w.Inbound = map[string]int{}
	b := &pgx.Batch{}
	b.Queue(inboundWaitingSQL, MostWaiting, agedAmong).Query(func(rows pgx.Rows) error {
		var state string
		var n int
		var oldest float64
		_, err := pgx.ForEachRow(rows, []any{&state, &n, &oldest}, func() error {
			w.Inbound[state], w.InboundOldest = n, w.InboundOldest+oldest
			return nil
		})
		return err
	})
	b.Queue(outboundWaitingSQL, MostWaiting, mostDestinations, OtherDestinations).Query(func(rows pgx.Rows) (err error) {
		w.Outbound, err = pgx.CollectRows(rows, pgx.RowToStructByPos[WaitingFor])
		return err
	})
	b.Queue(outboundOldestSQL, agedAmong).QueryRow(func(row pgx.Row) error { return row.Scan(&w.OutboundOldest) })
	b.Queue(alarmsSQL, alarmsArgs()...).QueryRow(w.Alarms.scan)
	return w, d.pool.SendBatch(ctx, b).Close()
}
