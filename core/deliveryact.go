package core

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// RetryDelivery makes a queued or failed mail due now, with a schedule of its own
// from here. Admins may; and who may reply in a conversation, for a reply in it that
// failed and for its copies. A destination that waits after failures is tried with
// it; one that is paused stays so. ErrForbidden; ErrConflict in other states, while it is
// just being sent, and for what would not be written today.
func (d *Desk) RetryDelivery(ctx context.Context, actor Actor, id DeliveryID) (err error) {
	defer d.attempt(ctx, &err, actor, "retry", object("delivery", id))
	administers := actor.Can(DoAdminister) == nil
	if err := actor.Can(DoReply); err != nil && !administers {
		return ErrForbidden // of mails nobody learns by it whether they exist
	}
	if !d.cfg.RelaySet {
		if err := d.mayRetry(ctx, d.pool, actor, id); err != nil {
			return err
		}
		return errNoRelay()
	}
	return d.changeDelivery(ctx, func(tx pgx.Tx) error {
		if err := d.mayRetry(ctx, tx, actor, id); err != nil {
			return err
		}
		if err := sendAgain(ctx, tx, actor, id, "retried", `state in ('queued', 'failed') and `+notInHand); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			update destinations set failed_until = now()
			where name in ('*', (select domain from deliveries where id = $1)) and failed_until > now()`, id)
		return err
	})
}

// mayRetry asks for an agent whether the mail is a reply that failed.
func (d *Desk) mayRetry(ctx context.Context, q querier, actor Actor, id DeliveryID) error {
	if err := d.mayLookAtMail(ctx, q, actor, id); err != nil || actor.Can(DoAdminister) == nil {
		return err
	}
	at, err := one[struct {
		State        DeliveryStatus
		LastResponse string
	}](ctx, q, `select state, last_response from deliveries where id = $1`, id)
	s := DeliveryState{State: at.State, LastResponse: at.LastResponse}
	switch {
	case err != nil:
		return err
	case s.State != DeliveryFailed:
		return refuse(ErrConflict, "The mail is %s.", s.State)
	case !s.Failed():
		return refuse(ErrConflict, "It was discarded. An administrator can send it all the same.")
	}
	return nil
}

// mayLookAtMail asks, of those who are no admins, on the conversation where the
// words stand now that the mail carried. Of other mails nobody learns by it whether
// they exist.
func (d *Desk) mayLookAtMail(ctx context.Context, q querier, actor Actor, id DeliveryID) error {
	if actor.Can(DoAdminister) == nil {
		return nil
	}
	if actor.Can(DoView) != nil {
		return ErrForbidden
	}
	args := actor.sight()
	args["id"] = id
	sees, err := value[bool](ctx, q, `
		select exists (
			select from deliveries d join messages m on m.id = d.post_id join conversations c on c.id = m.conversation_id
			where d.id = @id and d.purpose in ('reply', 'copy') and c.trashed_at is null and `+seesConversation+`)`, args)
	if err == nil && !sees {
		return ErrForbidden
	}
	return err
}

// SendHeld lets a held mail go. ErrConflict if it is not held, if there is no relay
// to send it by, and for what would not be written today.
func (d *Desk) SendHeld(ctx context.Context, actor Actor, id DeliveryID) (err error) {
	defer d.attempt(ctx, &err, actor, "send", object("delivery", id))
	if err := d.mayTryToSend(actor); err != nil {
		return err
	}
	return d.changeDelivery(ctx, func(tx pgx.Tx) error { return sendAgain(ctx, tx, actor, id, "sent", `state = 'held' and `+notInHand) })
}

// mayTryToSend refuses what would wait in the queue for ever.
func (d *Desk) mayTryToSend(actor Actor) error {
	if err := actor.Can(DoAdminister); err != nil {
		return err
	}
	if !d.cfg.RelaySet {
		return errNoRelay()
	}
	return nil
}

func errNoRelay() error {
	return refuse(ErrConflict, "There is no relay to send it by. Start Postdesk with --relay.")
}

func (d *Desk) changeDelivery(ctx context.Context, change func(tx pgx.Tx) error) error {
	err := d.tx(ctx, change)
	if err == nil {
		d.ring(ctx, BellOutbound)
	}
	return err
}

func sendAgain(ctx context.Context, tx pgx.Tx, actor Actor, id DeliveryID, act, from string) error {
	if err := mayLeave(ctx, tx, id); err != nil {
		return err
	}
	tag, err := tx.Exec(ctx, `
		update deliveries d set state = 'queued', due_at = now(), schedule_from = now(), tries = 0, warned_at = null, failed_at = null
		where id = $1 and `+from, id)
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return notInThatState(ctx, tx, id)
	}
	touchDelivery(tx, id)
	return audit(ctx, tx, actor, "delivery."+act, object("delivery", id), nil)
}

// leavesFrom and whyNotLeave: why a mail d would not be written today, or ”. Mail
// to the disabled or the suppressed, to who got another role or is not on the
// conversation any more, copies of words that are private by now, links that are
// over, and automatic mail to the unproven (mail-law section 6). What is written
// already says nothing new to anybody.
const (
	leavesFrom = ` deliveries d left join addresses a on a.address = d.recipient left join users u on u.id = coalesce(d.user_id, a.user_id)
		left join suppressions s on s.address = d.recipient`
	whyNotLeave = ` case
			when d.recipient = '' or u.anonymised_at is not null then 'Its recipient was deleted.'
			when not u.enabled and d.purpose <> 'invite' then 'Its recipient is disabled.'
			when s.address is not null then 'Mail to its recipient has stopped: ' || s.reason
			when d.link_purpose is not null and d.state = 'failed' then 'Its link is over. Send a new one from the page of the person.'
			when d.purpose in ('reply', 'copy') and d.post_id is null then 'Its words are not public any more.'
			when d.purpose = 'staff_notice' and u.role not in ('agent', 'admin', 'owner') or d.purpose in ('copy', 'mention') and u.role = 'customer'
				then 'Its recipient has another role by now.'
			when d.purpose in ('reply', 'copy') and d.bytes is null and not ` + meant + ` then 'Its recipient is not on the conversation any more.'
			when d.to_unproven then 'It is automatic mail to a sender who is not verified: that is not sent.'
			else '' end`
)

// meant: the recipient of an answer d still gets answers, of that kind: as requester,
// or in CC; where it was given or where its words stand now.
const meant = `exists (
			select from conversations c where c.id in (d.conversation_id, (select m.conversation_id from messages m where m.id = d.post_id))
				and (c.requester_id = u.id or (d.purpose = 'copy' or coalesce(u.role, 'customer') = 'customer') and exists (
					select from participants p where p.conversation_id = c.id and (p.user_id = u.id or p.address = d.recipient))))`

// mayLeave refuses what would not be written today.
func mayLeave(ctx context.Context, tx pgx.Tx, id DeliveryID) error {
	why, err := value[string](ctx, tx, `select`+whyNotLeave+` from`+leavesFrom+` where d.id = $1`, id)
	if err == nil && why != "" {
		return refuse(ErrConflict, "%s", why)
	}
	return err
}

// What a mail says that somebody, or the law, gave up.
const (
	discardedBy    = "Discarded by "
	discardedByLaw = "Discarded: automatic mail to an unverified sender is not sent."
)

// DiscardHeld gives a held mail up. ErrConflict if it is not held.
func (d *Desk) DiscardHeld(ctx context.Context, actor Actor, id DeliveryID) (err error) {
	defer d.attempt(ctx, &err, actor, "discard", object("delivery", id))
	if err := actor.Can(DoAdminister); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			update deliveries d set state = 'failed', failed_at = now(), last_response = $2::text,
				bytes = case when link_purpose is null then bytes end
			where id = $1 and state = 'held' and `+notInHand, id, discardedBy+actor.Name)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return notInThatState(ctx, tx, id)
		}
		touchDelivery(tx, id)
		return audit(ctx, tx, actor, "delivery.discarded", object("delivery", id), nil)
	})
}

// notInThatState says why nothing was done. A queued mail that cannot be tried is in
// the hands of a courier, who may have said all of it already.
func notInThatState(ctx context.Context, tx pgx.Tx, id DeliveryID) error {
	at, err := one[struct {
		State  DeliveryStatus
		InHand bool
	}](ctx, tx, `select state, not `+notInHand+` as in_hand from deliveries d where id = $1`, id)
	switch {
	case err != nil:
		return err
	case at.State == DeliveryQueued, at.State == DeliveryHeld && at.InHand:
		return refuse(ErrConflict, "The mail is being sent right now.")
	}
	return refuse(ErrConflict, "The mail is %s.", at.State)
}
