package core

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// finished is a try whose outcome is to be recorded.
type finished struct {
	claim   Delivery
	receipt Receipt
}

func (f finished) key() string { return strconv.FormatInt(int64(f.claim.ID), 10) }

// finishedTogether is how many outcomes one transaction records.
const finishedTogether = 100

// FinishDelivery records what a try brought: sent, due again by the schedule, or
// failed, which the conversation shows and its author is told once. A claim that
// has passed to somebody else, or is recorded already, changes nothing. When it
// returns nil, the outcome is committed. What is finished while a commit runs is
// recorded together by the next one.
func (d *Desk) FinishDelivery(ctx context.Context, c Delivery, r Receipt) (err error) {
	defer wrap(&err, "finish delivery %d", c.ID)
	_, err = d.finishing.join(ctx, finished{c, r})
	return err
}

// finish records a batch in one transaction; where the fault may be that of one
// of them, each alone.
func (d *Desk) finish(ctx context.Context, batch []finished) []outcome[struct{}] {
	slices.SortFunc(batch, func(a, b finished) int { return cmp.Compare(a.claim.ID, b.claim.ID) })
	out := make([]outcome[struct{}], len(batch))
	err := d.finishTogether(ctx, batch)
	if err == nil {
		return out
	}
	for i := range batch {
		if out[i].err = err; len(batch) > 1 {
			out[i].err = d.finishTogether(ctx, batch[i:i+1])
		}
	}
	return out
}

func (d *Desk) finishTogether(ctx context.Context, batch []finished) error {
	return d.tx(ctx, func(tx pgx.Tx) error {
		if err := d.finishUnsent(ctx, tx, batch); err != nil {
			return err
		}
		finishSent(tx, batch)
		finishDestinations(tx, batch)
		return nil
	})
}

// sentSQL: the bytes of a mail with a single-use link go once it is sent or failed
// (mail-law section 3).
const sentSQL = `
	with r as (
		select * from unnest($1::bigint[], $2::int[], $3::int[], $4::text[], $5::text[]) as r (id, attempt, code, response, remote)),
	done as (
		update deliveries d set state = 'sent', sent_at = now(), tries = tries + 1, claimed_until = null, last_response = r.response,
			bytes = case when link_purpose is null then bytes end
		from r where d.id = r.id and d.attempts = r.attempt and d.claimed_until is not null and d.state in ('queued', 'held')
		returning d.id, d.conversation_id),
	recorded as (
		insert into delivery_attempts (delivery_id, attempt, outcome, code, response, remote)
		select id, attempt, 'sent', code, response, remote from r where id in (select id from done) on conflict do nothing)
	select distinct conversation_id from done where conversation_id is not null`

func finishSent(tx pgx.Tx, batch []finished) {
	var ids []DeliveryID
	var attempts, codes []int
	var responses, remotes []string
	for _, f := range batch {
		if f.receipt.Outcome == Sent {
			ids, attempts, codes = append(ids, f.claim.ID), append(attempts, f.claim.Attempt), append(codes, f.receipt.Code)
			responses, remotes = append(responses, receiptWords(f.receipt)), append(remotes, storable(f.receipt.Remote))
		}
	}
	if len(ids) > 0 {
		touching(tx, sentSQL, ids, attempts, codes, responses, remotes)
	}
}

// A claimedState is where a delivery stands whose try did not succeed.
type claimedState struct {
	ID           DeliveryID
	Tries        int
	ScheduleFrom time.Time
	Now          time.Time // by the clock that wrote ScheduleFrom (reliability R18)
	Warned       bool
}

// finishUnsent puts off what is to be tried later and fails the rest.
func (d *Desk) finishUnsent(ctx context.Context, tx pgx.Tx, batch []finished) error {
	unsent := map[DeliveryID]finished{}
	var ids []DeliveryID
	var attempts []int
	for _, f := range batch {
		if f.receipt.Outcome != Sent {
			unsent[f.claim.ID] = f
			ids, attempts = append(ids, f.claim.ID), append(attempts, f.claim.Attempt)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	states, err := rows[claimedState](ctx, tx, `
		select d.id, d.tries + 1 as tries, d.schedule_from, now() as now, d.warned_at is not null as warned
		from deliveries d join unnest($1::bigint[], $2::int[]) as c (id, attempt) on d.id = c.id and d.attempts = c.attempt
		where d.state in ('queued', 'held') and d.claimed_until is not null
		order by d.id for update of d`, ids, attempts)
	if err != nil {
		return err
	}
	for _, s := range states {
		f := unsent[s.ID]
		if err := d.finishOne(ctx, tx, f.claim, f.receipt, s); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) finishOne(ctx context.Context, tx pgx.Tx, c Delivery, r Receipt, s claimedState) error {
	if !d.readClock(ctx, s.Now) {
		s.ScheduleFrom = s.Now // its age is not known: nothing is given up by a clock that has leapt
	}
	next, giveUp := NextAttempt(s.Tries, s.ScheduleFrom, s.Now, rand.Float64())
	if r.Outcome == Later && giveUp {
		r.Outcome, r.Text = Never, givenUp(r.Text)
	}
	recordAttempt(tx, c, r, max(0, next.Sub(s.Now)))
	switch {
	case r.Outcome == Never:
		return d.tellOfFailure(ctx, tx, c.ID, NoticeFailed, receiptWords(r))
	case !s.Warned && s.Now.Sub(s.ScheduleFrom) >= WarnAfter:
		later(tx, `update deliveries set warned_at = now() where id = $1`, c.ID)
		return d.tellOfFailure(ctx, tx, c.ID, NoticeDelayed, receiptWords(r))
	}
	return nil
}

func givenUp(last string) string { return "Given up after five days. The last answer was: " + last }

func recordAttempt(tx pgx.Tx, c Delivery, r Receipt, wait time.Duration) {
	later(tx, `
		insert into delivery_attempts (delivery_id, attempt, outcome, code, response, remote) values ($1, $2, $3, $4, $5, $6)
		on conflict do nothing`, c.ID, c.Attempt, r.Outcome, r.Code, receiptWords(r), storable(r.Remote))
	touching(tx, `
		update deliveries set
			state = case when $2 = 'never' then 'failed' else state end, failed_at = case when $2 = 'never' then now() end,
			tries = tries + 1, claimed_until = null, due_at = now() + $3, last_response = $4, perhaps_delivered = perhaps_delivered or $5,
			bytes = case when link_purpose is null or $2 = 'later' then bytes end
		where id = $1 returning coalesce(conversation_id, 0)`, c.ID, r.Outcome, wait, receiptWords(r), r.PerhapsDelivered)
}

// receiptWords are a server's words as the database takes them.
func receiptWords(r Receipt) string {
	text := r.Text
	if r.Enhanced != "" {
		text = r.Enhanced + " " + text
	}
	if r.Code != 0 {
		text = fmt.Sprintf("%d %s", r.Code, text)
	}
	return storable(text)
}
