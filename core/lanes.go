package core

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Everywhere is the one destination of all mail where there is a relay.
const Everywhere = "*"

// Lanes bound the connections to each destination, over all processes of one
// database: a lane is one connection. It is an advisory lock of a PostgreSQL
// session that this process keeps for them, so the lanes of a process that dies
// are free at once.
//
// Behind a pooler that lends sessions by the transaction a lock belongs to nobody:
// without Config.Direct lanes are then counted in each process alone.
type Lanes struct {
	desk      *Desk
	most      int
	perDomain bool
	alone     bool // counted in this process alone

	mu      sync.Mutex
	conn    *pgx.Conn // nil: none yet, or lost
	session int       // counts conn
	open    map[string][]*Lane
}

// A Lane is the right to one connection. One goroutine uses it.
type Lane struct {
	Destination string
	lanes       *Lanes
	number      int // from 1 to the most
	session     int
	failures    int // of the destination when it was taken: more than 0 is a probe
}

// A Demand is a destination with mail that is due.
type Demand struct {
	Destination string
	Due         int // counted no further than lanes can take at once
	Failures    int // more than 0: it is tried with one mail
}

// OpenLanes gives the lanes of this process: at most most to a destination, which
// is each recipient's domain or, without perDomain, Everywhere.
func (d *Desk) OpenLanes(most int, perDomain bool) *Lanes {
	return &Lanes{desk: d, most: most, perDomain: perDomain, open: map[string][]*Lane{}, alone: !d.sessions()}
}

// laneTime bounds each order to the session of the lanes.
const laneTime = 10 * time.Second

// executor is the pool or a connection.
type executor interface {
	querier
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// query is where the lanes' orders go. The caller holds the mutex.
func (l *Lanes) query() executor {
	if l.alone {
		return l.desk.pool
	}
	return l.conn
}

// on runs orders in the session of the lanes, connected if it must be. An end of
// ctx does not break it off: that would end the session. A session that is lost
// takes its locks along.
func (l *Lanes) on(ctx context.Context, do func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), laneTime)
	defer cancel()
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.connect(ctx); err != nil {
		return err
	}
	err := do(ctx)
	if l.conn != nil && l.conn.IsClosed() {
		l.conn = nil
		l.session++
	}
	return err
}

func (l *Lanes) connect(ctx context.Context) error {
	if l.alone || l.conn != nil {
		return nil
	}
	conn, err := l.desk.session(ctx)
	l.conn = conn
	return err
}

// Demands tells where mail is due, the longest waiting first, but for those
// destinations that are busy. It also tells whether held mail is to be composed.
// How long it takes to look hangs on the queue, so the session of the lanes, which
// laneTime would end, is only asked whether it is still there.
func (l *Lanes) Demands(ctx context.Context, batch, most int, busy []string) (demands []Demand, compose bool, err error) {
	defer wrap(&err, "demands")
	err = l.on(ctx, func(ctx context.Context) (err error) {
		compose, err = value[bool](ctx, l.query(), `
			select exists (select from deliveries where state = 'held' and bytes is null and composed_at is null and due_at <= now())`)
		return err
	})
	if err != nil || !l.desk.cfg.RelaySet || most == 0 {
		return nil, compose, err
	}
	sql := demandSQL
	if l.perDomain {
		sql = demandsSQL
	}
	demands, err = rows[Demand](ctx, l.desk.pool, sql, pgx.StrictNamedArgs{"enough": batch * l.most, "most": most, "busy": append([]string{}, busy...)})
	return demands, compose, err
}

const demandSQL = `
	select '*' as destination, due.n as due, coalesce(x.failures, 0) as failures
	from (select count(*) as n from (
		select from deliveries d where d.state = 'queued' and d.due_at <= now()
			and case when d.domain = any (array(select name from destinations where paused_at is not null)) then false else true end
			and ` + firstOfThread + ` limit @enough) found) due
	left join destinations x on x.name = '*'
	where due.n > 0 and x.paused_at is null and (x.failed_until is null or x.failed_until <= now()) and '*' <> all (@busy)
	limit @most`

// demandsSQL jumps from domain to domain in the index instead of reading all mail.
const demandsSQL = `
	with recursive waiting as (
		(select d.domain, d.due_at from deliveries d where d.state = 'queued' order by d.domain, d.due_at limit 1)
		union all
		select n.domain, n.due_at from waiting w cross join lateral (
			select d.domain, d.due_at from deliveries d where d.state = 'queued' and d.domain > w.domain order by d.domain, d.due_at limit 1) n)
	select w.domain as destination, coalesce(x.failures, 0) as failures, due.n as due
	from waiting w cross join lateral (
		select count(*) as n from (select from deliveries d where d.state = 'queued' and d.domain = w.domain and d.due_at <= now()
			and ` + firstOfThread + ` limit @enough) found) due left join destinations x on x.name = w.domain
	where w.due_at <= now() and due.n > 0 and x.paused_at is null and (x.failed_until is null or x.failed_until <= now()) and w.domain <> all (@busy)
		and not exists (select from destinations where name = '*' and paused_at is not null)
	order by w.due_at limit @most`

// Take takes a lane to a destination with mail. ErrNoWork when all are taken, or
// when somebody else probes a failing one.
func (l *Lanes) Take(ctx context.Context, to Demand) (lane *Lane, err error) {
	defer wrap(&err, "lane to %s", to.Destination)
	err = l.on(ctx, func(ctx context.Context) error {
		number, err := l.number(ctx, to.Destination)
		if err != nil {
			return err
		}
		lane = &Lane{Destination: to.Destination, lanes: l, number: number, session: l.session, failures: to.Failures}
		l.open[to.Destination] = append(l.open[to.Destination], lane)
		if to.Failures == 0 {
			return nil
		}
		mine, err := l.probe(ctx, to.Destination, to.Failures)
		if err == nil && !mine {
			err = ErrNoWork
		}
		if err != nil {
			l.release(ctx, lane)
		}
		return err
	})
	return lane, err
}

// lockOf is the lock of lane n to the destination $1.
const lockOf = `(hashtextextended('lane ' || $1::text || ' ' || n, 0))`

// number locks one that nobody has. A lock that this session has already would be
// given to it again: those are not asked for.
func (l *Lanes) number(ctx context.Context, destination string) (int, error) {
	var ours []int
	for _, lane := range l.open[destination] {
		ours = append(ours, lane.number)
	}
	if len(ours) >= l.most {
		return 0, ErrNoWork
	}
	if l.alone {
		n := 1
		for slices.Contains(ours, n) {
			n++
		}
		return n, nil
	}
	n, err := value[int](ctx, l.conn, `
		select n from generate_series(1, $2::int) n
		where case when n <> all ($3::int[]) then pg_try_advisory_lock`+lockOf+` else false end limit 1`,
		destination, l.most, append([]int{}, ours...))
	if errors.Is(err, ErrNotFound) {
		err = ErrNoWork
	}
	return n, err
}

// Held tells that the lane is still this process's own. It is not once the session
// of the lanes is lost: the connection is to end after the mail that it carries.
func (lane *Lane) Held() bool {
	lane.lanes.mu.Lock()
	defer lane.lanes.mu.Unlock()
	return lane.lanes.alone || lane.session == lane.lanes.session
}

// Probes tells that the lane tries a destination that failed, with one mail.
func (lane *Lane) Probes() bool { return lane.failures > 0 }

// Proved tells the lane that its probe succeeded and is recorded: it goes on like
// any other.
func (lane *Lane) Proved() { lane.failures = 0 }

// Release gives the lane back, after its connection is closed.
func (lane *Lane) Release(ctx context.Context) {
	l := lane.lanes
	err := l.on(ctx, func(ctx context.Context) error { return l.release(ctx, lane) })
	if err != nil {
		l.desk.log.DebugContext(ctx, "lane not released", "destination", lane.Destination, "error", err)
	}
}

func (l *Lanes) release(ctx context.Context, lane *Lane) error {
	left := slices.DeleteFunc(l.open[lane.Destination], func(other *Lane) bool { return other == lane })
	if l.open[lane.Destination] = left; len(left) == 0 {
		delete(l.open, lane.Destination)
	}
	if l.alone || lane.session != l.session {
		return nil
	}
	_, err := l.conn.Exec(ctx, `select pg_advisory_unlock`+lockOf+` from (select $2::int) lane (n)`, lane.Destination, lane.number)
	return err
}

// Close ends the session of the lanes, and with it all of them.
func (l *Lanes) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = l.conn.Close(ctx)
	l.conn = nil
	l.session++
}
