package core

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// What Prune removes.
const (
	// OldSources are the bytes of mail that was filed, or came twice. The words
	// that were filed stay, and a mail whose files are read from it stays whole.
	OldSources = "source"
	// OldSent are the bytes and the single tries of mail that was sent or failed.
	// The entry, its state and the last answer stay.
	OldSent = "sent"
)

// Bounds of one step: it holds the locks of its rows for some milliseconds, and the
// pause behind it is the larger part of the time.
const (
	walkedAtOnce = 500 // rows that are looked at
	prunePause   = 100 * time.Millisecond
	pruneFor     = 5 * time.Minute     // of one call; the next goes on
	roundEvery   = 30 * 24 * time.Hour // after which a walk begins again
)

// prunings are the steps. Each walks on from $1, over $3 rows at most and not into
// what is younger than $2 days, and gives how far it came, whether there is more,
// and how many rows it changed. Rows that somebody works with are passed over: the
// next round finds them.
var prunings = map[string]string{OldSources: `
	with walk as materialized (
		select id, received_at < now() - make_interval(days => $2) as old, state in ('success', 'rejected') and raw is not null as has
		from inbound where id > $1 order by id limit $3),` + pruneReach + `
	due as materialized (
		select i.id from inbound i join walk w on w.id = i.id
		where w.has and w.id <= (select upto from reach) and i.state in ('success', 'rejected') and i.raw is not null
			and not exists (select from attachments f where f.inbound_id = i.id)
		order by i.id for update of i skip locked),
	gone as (
		update inbound i set raw = null, upload_id = null, removed_at = now() from due where i.id = due.id returning i.id)
	select upto, more, (select count(*) from gone)::int as rows from reach`, OldSent: `
	with walk as materialized (
		select id, created_at < now() - make_interval(days => $2) as old,
			coalesce(sent_at, failed_at) < now() - make_interval(days => $2) as has
		from deliveries where id > $1 order by id limit $3),` + pruneReach + `
	due as materialized (
		select d.id, d.bytes is not null as heavy from deliveries d join walk w on w.id = d.id
		where w.has and w.id <= (select upto from reach) and d.state in ('sent', 'failed')
		order by d.id for update of d skip locked),
	tries as (delete from delivery_attempts a using due where a.delivery_id = due.id),
	gone as (update deliveries d set bytes = null from due where d.id = due.id and due.heavy returning d.id)
	select upto, more, (select count(*) from gone)::int as rows from reach`}

const pruneReach = `
	reach as (
		select coalesce(min(id) filter (where not old) - 1, max(id), $1) as upto, coalesce(bool_and(old), false) and count(*) = $3 as more from walk),`

// A pruned is what one step did.
type pruned struct {
	Upto int64
	More bool
	Rows int
}

// Prune removes what the instance keeps no longer, by its settings: nothing unless
// they say so. It works in small steps that nobody waits for, and leaves the rest
// to whoever does so already, in this process or another. Removed counts rows by
// kind, also where an error ended it. TidyGreat removes the parts of great mails.
func (d *Desk) Prune(ctx context.Context) (removed map[string]int, err error) {
	defer wrap(&err, "prune")
	removed = map[string]int{}
	for kind := range prunings {
		n, err := d.prune(ctx, kind)
		if removed[kind] = n; n > 0 {
			d.log.InfoContext(ctx, "old data removed", "kind", kind, "rows", n)
		}
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}

func (d *Desk) prune(ctx context.Context, kind string) (rows int, err error) {
	for began := time.Now(); time.Since(began) < pruneFor; {
		step, err := d.pruneStep(ctx, kind)
		rows += step.Rows
		if err != nil || !step.More {
			return rows, err
		}
		if err := pause(ctx, prunePause); err != nil {
			return rows, nil // the program ends
		}
	}
	return rows, nil
}

// pruneStep is one transaction. It does nothing while somebody else prunes.
func (d *Desk) pruneStep(ctx context.Context, kind string) (step pruned, err error) {
	err = d.tx(ctx, func(tx pgx.Tx) error {
		at, err := one[struct {
			Upto int64
			Days *int
		}](ctx, tx, `
			select r.upto, case r.kind when 'source' then i.keep_source_days else i.keep_sent_days end as days
			from retention r cross join instance i where r.kind = $1 for update of r skip locked`, kind)
		if errors.Is(err, ErrNotFound) || err == nil && at.Days == nil {
			step = pruned{}
			return nil
		}
		if err != nil {
			return err
		}
		if step, err = one[pruned](ctx, tx, prunings[kind], at.Upto, *at.Days, walkedAtOnce); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			update retention set
				upto = case when not $3 and round_at < now() - $4::interval then 0 else $2 end,
				round_at = case when not $3 and round_at < now() - $4::interval then now() else round_at end
			where kind = $1`, kind, step.Upto, step.More, roundEvery)
		return err
	})
	return step, err
}
