package core

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Destination is where outgoing mail goes, as those see it who watch over it: a
// domain, or Everywhere.
type Destination struct {
	Name          string
	Queued        int        // mails that wait for it
	Due           int        // of these, whose time has come
	Oldest        *time.Time // since when the first of them waits; a pause does not count
	NextAttemptAt *time.Time // nil while paused, or without mail
	Failures      int        // in a row: no server there could be spoken to
	Problem       string     // what the last of them was
	WaitsUntil    *time.Time // after failures nothing is tried before
	PausedAt      *time.Time
	PausedBy      PersonRef // ID 0: nobody that is known any more
}

// Reason says in a sentence what the last problem means, "" where it is plain.
func (t Destination) Reason() string { return PlainReason(t.Problem) }

// A Queue is what waits to go out, by destination.
type Queue struct {
	Everything   Destination
	Destinations []Destination // one page: paused ones first, then those with the most mail
	Total        int           // how many destinations there are
	Paused       int           // how many of them are paused
	Held         int           // mails that wait for somebody's decision
	Failed       int           // mails that failed within a day; not those given up on purpose
}

// queueSQL gives a row for everything, with the counts of the page's head, and one
// for each destination with something to tell. It walks the index of what is
// queued once.
const queueSQL = `
	with waiting as (
		select domain as name, count(*) as queued, count(*) filter (where due_at <= now()) as due, min(schedule_from) as oldest, min(due_at) as next
		from deliveries where state = 'queued' group by domain),
	known as materialized (
		select coalesce(w.name, t.name) as name, coalesce(w.queued, 0) as queued, coalesce(w.due, 0) as due, w.oldest, w.next,
			coalesce(t.failures, 0) as failures, coalesce(t.problem, '') as problem, t.failed_until, t.paused_at, t.paused_by
		from waiting w full join (select * from destinations where name <> '*') t on t.name = w.name
		where w.queued > 0 or t.paused_at is not null or t.failures > 0),
	everything as (
		select '*' as name, coalesce(sum(queued), 0) as queued, coalesce(sum(due), 0) as due, min(oldest) as oldest, min(next) as next,
			coalesce(max(t.failures), 0) as failures, coalesce(max(t.problem), '') as problem, max(t.failed_until) as failed_until,
			max(t.paused_at) as paused_at, max(t.paused_by) as paused_by
		from known full join (select * from destinations where name = '*') t on false),
	page as (
		select * from known order by paused_at is null, queued desc, name limit @limit offset @offset),
	shown as (select 0 as place, * from everything union all select 1, * from page)
	select s.name, s.queued::int, s.due::int, s.oldest,
		case when s.paused_at is null and e.paused_at is null and s.queued > 0 then greatest(s.next, s.failed_until, e.failed_until) end as next_attempt_at,
		s.failures, s.problem, case when s.failed_until > now() then s.failed_until end as waits_until, s.paused_at,
		coalesce((select ` + personOf + theUser + `s.paused_by), '{}') as paused_by,
		(select count(*) from known)::int as total, (select count(*) from known where paused_at is not null)::int as paused,
		(select count(*) from deliveries where state = 'held')::int as held,
		(select count(*) from deliveries where state = 'failed' and failed_at > now() - interval '1 day' and last_response not like 'Discarded%')::int as failed
	from shown s cross join everything e order by s.place, s.paused_at is null, s.queued desc, s.name`

// Queue shows what waits to go out, in one query. ErrForbidden.
func (d *Desk) Queue(ctx context.Context, actor Actor, page Page) (q Queue, err error) {
	defer wrap(&err, "queue")
	if err := actor.Can(DoAdminister); err != nil {
		return q, err
	}
	limit, offset := page.bounds()
	found, err := rows[struct {
		Destination
		Total, Paused, Held, Failed int
	}](ctx, d.pool, queueSQL, pgx.StrictNamedArgs{"limit": limit, "offset": offset})
	for i, r := range found {
		if i == 0 {
			q = Queue{Everything: r.Destination, Total: r.Total, Paused: r.Paused, Held: r.Held, Failed: r.Failed}
			continue
		}
		q.Destinations = append(q.Destinations, r.Destination)
	}
	return q, err
}

// Pause lets nothing go to a destination until somebody resumes it; what is on its
// way already goes on. A pause that stands is left as it is. ErrForbidden;
// ErrNotFound for a name that nothing waits for and nothing is known of.
func (d *Desk) Pause(ctx context.Context, actor Actor, name string) (err error) {
	defer d.attempt(ctx, &err, actor, "pause", "destination "+name)
	if err := actor.Can(DoAdminister); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		if err := knownDestination(ctx, tx, name); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			insert into destinations (name, paused_at, paused_by) values ($1, now(), $2)
			on conflict (name) do update set paused_at = excluded.paused_at, paused_by = excluded.paused_by where destinations.paused_at is null`,
			name, actor.ID)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		return audit(ctx, tx, actor, "destination.paused", "destination "+name, nil)
	})
}

// knownDestination refuses names that nobody can have seen.
func knownDestination(ctx context.Context, tx pgx.Tx, name string) error {
	known, err := value[bool](ctx, tx, `
		select $1 = '*' or exists (select from destinations where name = $1) or exists (select from deliveries where state = 'queued' and domain = $1)`, name)
	if err == nil && !known {
		return ErrNotFound
	}
	return err
}

// resumeSQL moves schedule_from of what waits for the destination $1, paused since
// $2. The clock of a mail stands still while its domain is paused, or everything,
// or both: so it moves by how long this pause stood since the mail was written, but
// for what the other pause, which still stands, will give it when that ends.
const resumeSQL = `
	with held_back as materialized (
		select q.id, least(now(), coalesce(other.paused_at, now())) - greatest($2::timestamptz, q.schedule_from) as stood
		from deliveries q left join destinations other on other.name = case when $1 = '*' then q.domain else '*' end
		where q.state = 'queued' and ($1 = '*' or q.domain = $1) order by q.id for update of q)
	update deliveries d set schedule_from = schedule_from + h.stood from held_back h where d.id = h.id and h.stood > interval '0'`

// Resume ends a pause. Nothing runs out its five days by it, and nobody is warned
// of it: a mail goes on in its schedule as if the time of the pause had not been.
// What is not paused stays as it is. ErrForbidden, ErrNotFound.
func (d *Desk) Resume(ctx context.Context, actor Actor, name string) (err error) {
	defer d.attempt(ctx, &err, actor, "resume", "destination "+name)
	if err := actor.Can(DoAdminister); err != nil {
		return err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if err := knownDestination(ctx, tx, name); err != nil {
			return err
		}
		// All of them, in order: which pauses stand must not change meanwhile.
		paused, err := rows[struct {
			Name     string
			PausedAt time.Time
		}](ctx, tx, `select name, paused_at from destinations where paused_at is not null order by name for update`)
		if err != nil {
			return err
		}
		for _, p := range paused {
			if p.Name != name {
				continue
			}
			if _, err := tx.Exec(ctx, resumeSQL, name, p.PausedAt); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `update destinations set paused_at = null, paused_by = null where name = $1`, name); err != nil {
				return err
			}
			return audit(ctx, tx, actor, "destination.resumed", "destination "+name, map[string]any{"since": p.PausedAt.UTC().Format(time.RFC3339)})
		}
		return nil
	})
	d.ringAll(ctx, err)
	return err
}

// notInHand is the condition that no courier has the mail d.
const notInHand = `(d.claimed_until is null or d.claimed_until <= now())`

// TryNow ends the wait after failures, that of everything too, and makes due what
// waits for a destination. The schedule of each mail stays. ErrForbidden; ErrNotFound; ErrConflict without a
// relay, or while the destination is paused.
func (d *Desk) TryNow(ctx context.Context, actor Actor, name string) (err error) {
	defer d.attempt(ctx, &err, actor, "try now", "destination "+name)
	if err := d.mayTryToSend(actor); err != nil {
		return err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if err := knownDestination(ctx, tx, name); err != nil {
			return err
		}
		paused, err := value[bool](ctx, tx, `select exists (select from destinations where name in ($1, '*') and paused_at is not null)`, name)
		if err != nil {
			return err
		}
		if paused {
			return refuse(ErrConflict, "Mail to it is paused. Resume it first.")
		}
		if _, err := tx.Exec(ctx, `update destinations set failed_until = now() where (name in ($1, '*') or $1 = '*') and failed_until > now()`, name); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			update deliveries d set due_at = now() where state = 'queued' and ($1 = '*' or domain = $1) and due_at > now() and `+notInHand, name)
		if err != nil {
			return err
		}
		return audit(ctx, tx, actor, "destination.tried", "destination "+name, map[string]any{"mails": tag.RowsAffected()})
	})
	d.ringAll(ctx, err)
	return err
}

// ringAll wakes several couriers after what went well.
func (d *Desk) ringAll(ctx context.Context, err error) {
	if err != nil {
		return
	}
	for range mostRings {
		d.ring(ctx, BellOutbound)
	}
}
