package core

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// shortenWaits lets each mail, in or out, and each failing destination wait no longer
// than the longest that it can have been told to. What is in somebody's hand stays
// there for a lease: it must not be in two. The rows are locked in the order in which
// others lock them.
func shortenWaits(ctx context.Context, tx pgx.Tx) (shortened int64, err error) {
	for _, do := range []struct {
		sql  string
		args []any
	}{
		{queuedWaitsSQL, []any{DeliveryLease, longestWaits()}},
		{heldWaitsSQL, []any{DeliveryLease}},
		{inboundWaitsSQL, []any{inboundLease}},
		{destinationWaitsSQL, []any{DestinationWait(maxFailures)}},
	} {
		tag, err := tx.Exec(ctx, do.sql, do.args...)
		if err != nil {
			return shortened, err
		}
		shortened += tag.RowsAffected()
	}
	return shortened, nil
}

// maxFailures is a number of failures after which a destination waits as long as it
// ever does.
const maxFailures = 100

// queuedWaitsSQL: a mail that nobody has tried waits for nothing. Its five days begin
// no later than now.
const queuedWaitsSQL = `
	with late as (
		select id from deliveries
		where state = 'queued' and due_at > now() and due_at > now() + case when claimed_until is not null then $1::interval
			else ($2::interval[])[least(tries + 1, cardinality($2::interval[]))] end
		order by id for update)
	update deliveries d set due_at = now() + case when claimed_until is not null then $1::interval else interval '0' end,
		claimed_until = case when claimed_until is not null then now() + $1::interval end,
		schedule_from = least(schedule_from, now())
	from late where d.id = late.id`

// heldWaitsSQL: held mail waits only for the one who composes it.
const heldWaitsSQL = `
	with late as (
		select id from deliveries where state = 'held' and bytes is null and composed_at is null and due_at > now() + $1::interval
		order by id for update)
	update deliveries d set due_at = now() + $1, claimed_until = case when claimed_until is not null then now() + $1::interval end
	from late where d.id = late.id`

// inboundWaitsSQL: no try of a mail is put off for longer than a lease.
const inboundWaitsSQL = `
	with late as (
		select id from inbound where state = 'received' and due_at > now() + $1::interval order by id for update skip locked)
	update inbound i set due_at = now() + $1::interval from late where i.id = late.id`

const destinationWaitsSQL = `update destinations set failed_until = now() where failed_until > now() + $1::interval`

// longestWaits are how long a mail waits at most that was tried so many times, from
// none on.
func longestWaits() []time.Duration {
	waits := []time.Duration{0}
	for n := 1; n == 1 || wait(n) != wait(n-1); n++ {
		waits = append(waits, jittered(wait(n), 1))
	}
	return waits
}
