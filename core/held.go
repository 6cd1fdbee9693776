package core

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// A HeldKind is a kind of held mail with its count.
type HeldKind struct {
	Purpose   DeliveryPurpose
	Mails     int
	People    int // different addresses
	Unproven  int // automatic mail to the unverified: never sent
	Unwelcome int // would not be written today, for another reason: stays held
}

// A HeldOverview is what to know before all held mail is sent or discarded.
type HeldOverview struct {
	Kinds []HeldKind
	// Upto is the last of them: an act on what was seen touches nothing later.
	Upto DeliveryID
}

// Leaves counts what would be sent of it.
func (k HeldKind) Leaves() int { return k.Mails - k.Unproven - k.Unwelcome }

// Mails counts all of it.
func (o HeldOverview) Mails() int {
	return o.sum(func(k HeldKind) int { return k.Mails })
}

// Leaves counts what would be sent.
func (o HeldOverview) Leaves() int {
	return o.sum(HeldKind.Leaves)
}

// Unproven counts what is never sent.
func (o HeldOverview) Unproven() int {
	return o.sum(func(k HeldKind) int { return k.Unproven })
}

// Unwelcome counts what stays held.
func (o HeldOverview) Unwelcome() int {
	return o.sum(func(k HeldKind) int { return k.Unwelcome })
}

func (o HeldOverview) sum(of func(HeldKind) int) (n int) {
	for _, k := range o.Kinds {
		n += of(k)
	}
	return n
}

// Held tells what is held, by kind. ErrForbidden.
func (d *Desk) Held(ctx context.Context, actor Actor) (o HeldOverview, err error) {
	defer wrap(&err, "held mail")
	if err := actor.Can(DoAdminister); err != nil {
		return o, err
	}
	found, err := rows[struct {
		HeldKind
		Last DeliveryID
	}](ctx, d.pool, `
		select purpose, count(*)::int as mails, count(distinct recipient)::int as people, count(*) filter (where to_unproven)::int as unproven,
			count(*) filter (where why <> '' and not to_unproven)::int as unwelcome, max(id) as last
		from (select d.id, d.purpose, d.recipient, d.to_unproven,`+whyNotLeave+` as why from`+leavesFrom+` where d.state = 'held') h
		group by purpose order by mails desc, purpose`)
	for _, k := range found {
		o.Kinds, o.Upto = append(o.Kinds, k.HeldKind), max(o.Upto, k.Last)
	}
	return o, err
}

// A HeldOutcome is what became of held mail.
type HeldOutcome struct {
	Sent      int
	Discarded int
	Left      int // still held: it would not be written today
}

// SendAllHeld lets all held mail go that was there up to a delivery; automatic mail
// to unproven senders among it is discarded (mail-law section 6), and what would not
// be written today stays held. Doing it twice does nothing more. ErrForbidden;
// ErrConflict without a relay.
func (d *Desk) SendAllHeld(ctx context.Context, actor Actor, upto DeliveryID) (out HeldOutcome, err error) {
	defer d.attempt(ctx, &err, actor, "send all", "outbox")
	if err := d.mayTryToSend(actor); err != nil {
		return out, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		out = HeldOutcome{}
		gone, err := tx.Exec(ctx, `
			with discarded as (
				update deliveries set state = 'failed', failed_at = now(), bytes = null, last_response = '`+discardedByLaw+`'
				where state = 'held' and to_unproven and id <= $1 returning user_id, link_purpose),
			forgotten as (
				update users set account_mailed_at = null where id in (select user_id from discarded where link_purpose is not null))
			select from discarded`, upto)
		if err != nil {
			return err
		}
		sent, err := tx.Exec(ctx, `
			with leaving as materialized (
				select d.id from`+leavesFrom+` where d.state = 'held' and d.id <= $1 and `+notInHand+` and`+whyNotLeave+` = '' order by d.id for update of d)
			update deliveries d set state = 'queued', due_at = now(), schedule_from = now(), tries = 0, warned_at = null
			from leaving l where d.id = l.id`, upto)
		if err != nil {
			return err
		}
		out.Discarded, out.Sent = int(gone.RowsAffected()), int(sent.RowsAffected())
		if out.Left, err = value[int](ctx, tx, `select count(*)::int from deliveries where state = 'held' and id <= $1`, upto); err != nil {
			return err
		}
		return auditHeld(ctx, tx, actor, "delivery.sent_all", out)
	})
	d.ringAll(ctx, err)
	return out, err
}

// DiscardAllHeld gives up all held mail that was there up to a delivery. Doing it
// twice does nothing more. ErrForbidden.
func (d *Desk) DiscardAllHeld(ctx context.Context, actor Actor, upto DeliveryID) (out HeldOutcome, err error) {
	defer d.attempt(ctx, &err, actor, "discard all", "outbox")
	if err := actor.Can(DoAdminister); err != nil {
		return out, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			update deliveries d set state = 'failed', failed_at = now(), last_response = $2::text, bytes = case when link_purpose is null then bytes end
			where state = 'held' and id <= $1 and `+notInHand, upto, discardedBy+actor.Name)
		if err != nil {
			return err
		}
		out = HeldOutcome{Discarded: int(tag.RowsAffected())}
		return auditHeld(ctx, tx, actor, "delivery.discarded_all", out)
	})
	return out, err
}

func auditHeld(ctx context.Context, tx pgx.Tx, actor Actor, act string, out HeldOutcome) error {
	if out.Sent+out.Discarded == 0 {
		return nil
	}
	return audit(ctx, tx, actor, act, "outbox", map[string]any{"sent": out.Sent, "discarded": out.Discarded, "left": out.Left})
}

// DiscardUnproven throws away the automatic mail to unproven senders that was
// held while no relay was set: with a relay it would never have been written
// (mail-law section 6). Whom it asked to set a password was not asked. Called when a process starts with one.
func (d *Desk) DiscardUnproven(ctx context.Context) (err error) {
	defer wrap(&err, "discard held mail to unproven senders")
	_, err = d.pool.Exec(ctx, `
		with discarded as (
			update deliveries set state = 'failed', failed_at = now(), bytes = null,
				last_response = '`+discardedByLaw+`'
			where state = 'held' and to_unproven returning user_id, link_purpose)
		update users set account_mailed_at = null
		where id in (select user_id from discarded where link_purpose is not null)`)
	return err
}

// HoldOutbox holds everything that is queued: after a restore, what looks unsent
// may have been sent long ago. Called when a process starts with --hold-outbox.
func (d *Desk) HoldOutbox(ctx context.Context) (err error) {
	defer wrap(&err, "hold the outbox")
	return d.tx(ctx, func(tx pgx.Tx) error { return holdQueued(ctx, tx) })
}

func holdQueued(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `
		with held as (update deliveries set state = 'held', due_at = now() where state = 'queued' returning 1)
		insert into audit (act, object, detail) select 'delivery.held', 'outbox', jsonb_build_object('mails', count(*)) from held having count(*) > 0`)
	return err
}
