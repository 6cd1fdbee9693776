package core

import (
	"context"
	"maps"
	"slices"
	"time"
)

// RenewInbound lengthens the claims that a process still works on, given as
// attempts by mail. A claim that has passed to somebody else stays there, and a
// mail that is being filed at this moment is let be: nobody can claim it then.
func (d *Desk) RenewInbound(ctx context.Context, held map[InboundID]int) (err error) {
	defer wrap(&err, "renew claims")
	ids := slices.Sorted(maps.Keys(held))
	attempts := make([]int, len(ids))
	for i, id := range ids {
		attempts[i] = held[id]
	}
	_, err = d.pool.Exec(ctx, `
		with mine as (
			select i.id from inbound i join unnest($1::bigint[], $2::int[]) as c (id, attempts) on i.id = c.id and i.attempts = c.attempts
			where i.state = 'received' order by i.id for update of i skip locked)
		update inbound i set due_at = now() + $3 from mine where i.id = mine.id`, ids, attempts, inboundLease)
	return err
}

// Park puts a mail that could not be filed back: due again later or, after the
// last try, failed, shown in the mail log and ready to be replayed. A database
// that was away is no fault of the mail and costs it no try. A claim that has
// passed to somebody else is left alone.
func (d *Desk) Park(ctx context.Context, c Claim, cause error) (err error) {
	defer wrap(&err, "park mail %d", c.ID)
	next, failed := NextTry(c.Tries, time.Now())
	state, tries := "received", c.Tries
	if c.Attempt < mostAttempts && DatabaseAway(cause) {
		next, failed, tries = time.Now().Add(awayWait), false, max(0, c.Tries-1)
	}
	if failed {
		state = "failed"
	}
	_, err = d.pool.Exec(ctx, `
		update inbound set state = $3, due_at = now() + $4, last_error = $5, tries = $6
		where id = $1 and attempts = $2 and state = 'received'`,
		c.ID, c.Attempt, state, max(0, time.Until(next)), storable(cause.Error()), tries)
	return err
}

// awayWait is when a mail is tried again that met no database.
const awayWait = 2 * time.Second

// mostAttempts is from which one on every attempt counts: a mail that takes the
// database down each time must come to an end.
const mostAttempts = 50
