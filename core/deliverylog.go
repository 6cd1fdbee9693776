package core

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// DeliveryStatus is where an outgoing mail stands (mail-law section 6).
type DeliveryStatus string

// The states of deliveries.
const (
	DeliveryQueued DeliveryStatus = "queued"
	DeliverySent   DeliveryStatus = "sent"
	DeliveryFailed DeliveryStatus = "failed"
	DeliveryHeld   DeliveryStatus = "held"
)

// A DeliveryView is an outgoing mail as admins see it.
type DeliveryView struct {
	ID               DeliveryID
	State            DeliveryStatus
	Purpose          DeliveryPurpose
	Kind             NoticeKind
	Recipient        string
	RecipientRole    Role
	Subject          string
	Conversation     ConversationID
	Attempts         int
	LastResponse     string
	PerhapsDelivered bool
	HasLink          bool // holds a single-use link, while it holds it
	HasSource        bool
	NextAttemptAt    *time.Time // while queued
	CreatedAt        time.Time
	SentAt           *time.Time
}

const deliveryColumns = `
	d.id, d.state, d.purpose, d.kind, d.recipient, coalesce(u.role, 'customer') as recipient_role, coalesce(d.subject, '') as subject,
	coalesce(d.conversation_id, 0) as conversation,
	(select count(*) from delivery_attempts a where a.delivery_id = d.id) as attempts, d.last_response, d.perhaps_delivered,
	d.link_purpose is not null as has_link, d.bytes is not null as has_source,
	case when d.state = 'queued' then d.due_at end as next_attempt_at, d.created_at, d.sent_at`

const deliveryFrom = ` from deliveries d left join users u on u.id = d.user_id`

// A DeliveryFilter chooses outgoing mails.
type DeliveryFilter struct {
	State        DeliveryStatus
	Conversation ConversationID
	Recipient    string
	Page         Page
}

// Deliveries lists outgoing mail, newest first, for admins. ErrForbidden.
func (d *Desk) Deliveries(ctx context.Context, actor Actor, f DeliveryFilter) (_ []DeliveryView, total int, err error) {
	defer wrap(&err, "deliveries")
	if err := actor.Can(DoAdminister); err != nil {
		return nil, 0, err
	}
	recipient := f.Recipient
	if a, err := ParseAddress(recipient); err == nil {
		recipient = a.String()
	}
	args := pgx.StrictNamedArgs{"state": string(f.State), "conversation": int64(f.Conversation), "recipient": recipient}
	where := deliveryFrom + ` where (@state = '' or d.state = @state) and (@conversation = 0 or d.conversation_id = @conversation)
		and (@recipient = '' or d.recipient = @recipient)`
	var found []DeliveryView
	err = d.read(ctx, func(tx pgx.Tx) error {
		found, total, err = list[DeliveryView](ctx, tx, deliveryColumns, where, `d.id desc`, f.Page, args)
		return err
	})
	return found, total, err
}

// Delivery reads one outgoing mail, for admins. ErrNotFound, ErrForbidden.
func (d *Desk) Delivery(ctx context.Context, actor Actor, id DeliveryID) (_ DeliveryView, err error) {
	defer wrap(&err, "delivery %d", id)
	if err := actor.Can(DoAdminister); err != nil {
		return DeliveryView{}, err
	}
	return one[DeliveryView](ctx, d.pool, `select `+deliveryColumns+deliveryFrom+` where d.id = $1`, id)
}

// DeliverySource gives the exact bytes of an outgoing mail. One with a single-use
// link is shown only to someone who may grant that person's role (mail-law
// section 3). ErrNotFound before it is composed, ErrExpired when its bytes are
// gone, ErrForbidden.
func (d *Desk) DeliverySource(ctx context.Context, actor Actor, id DeliveryID) (_ []byte, err error) {
	defer wrap(&err, "source of delivery %d", id)
	v, err := d.Delivery(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	if v.HasLink {
		if err := actor.MayCreate(v.RecipientRole); err != nil {
			return nil, err
		}
	}
	if !v.HasSource {
		return nil, refuse(ErrExpired, "The mail is not composed yet, or held a single-use link and was deleted after it was sent.")
	}
	return value[[]byte](ctx, d.pool, `select bytes from deliveries where id = $1`, id)
}

// RetryDelivery makes a queued or failed mail due now, with a schedule of its
// own from here. ErrConflict in other states.
func (d *Desk) RetryDelivery(ctx context.Context, actor Actor, id DeliveryID) (err error) {
	defer d.attempt(ctx, &err, actor, "retry", object("delivery", id))
	if err := d.mayTryToSend(actor); err != nil {
		return err
	}
	return d.changeDelivery(ctx, actor, id, "retried", `state in ('queued', 'failed')`)
}

// SendHeld lets a held mail go. ErrConflict if it is not held, or if there is no
// relay to send it by.
func (d *Desk) SendHeld(ctx context.Context, actor Actor, id DeliveryID) (err error) {
	defer d.attempt(ctx, &err, actor, "send", object("delivery", id))
	if err := d.mayTryToSend(actor); err != nil {
		return err
	}
	return d.changeDelivery(ctx, actor, id, "sent", `state = 'held'`)
}

// mayTryToSend refuses what would wait in the queue for ever.
func (d *Desk) mayTryToSend(actor Actor) error {
	if err := actor.Can(DoAdminister); err != nil {
		return err
	}
	if !d.cfg.RelaySet {
		return refuse(ErrConflict, "There is no relay to send it by. Start Postdesk with --relay.")
	}
	return nil
}

func (d *Desk) changeDelivery(ctx context.Context, actor Actor, id DeliveryID, act, from string) error {
	if err := actor.Can(DoAdminister); err != nil {
		return err
	}
	defer d.ring(ctx, BellOutbound)
	return d.tx(ctx, func(tx pgx.Tx) error {
		if err := mayLeave(ctx, tx, id); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			update deliveries set state = 'queued', due_at = now(), schedule_from = now(), tries = 0, warned_at = null, failed_at = null
			where id = $1 and `+from, id)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return d.notInThatState(ctx, tx, id)
		}
		return audit(ctx, tx, actor, "delivery."+act, object("delivery", id), nil)
	})
}

// mayLeave refuses what would not be written today: mail to the disabled or the
// suppressed, and copies of words that are private by now.
func mayLeave(ctx context.Context, tx pgx.Tx, id DeliveryID) error {
	why, err := value[string](ctx, tx, `
		select case
			when u.anonymised_at is not null then 'Its recipient was deleted.'
			when not u.enabled and d.purpose <> 'invite' then 'Its recipient is disabled.'
			when s.address is not null then 'Its recipient is suppressed: ' || s.reason
			when d.link_purpose is not null and d.state = 'failed' then 'Its link is over. Send a new one from the page of the person.'
			when d.purpose in ('reply', 'copy') and d.post_id is null then 'Its words are not public any more.'
			else '' end
		from deliveries d left join addresses a on a.address = d.recipient left join users u on u.id = coalesce(d.user_id, a.user_id)
		left join suppressions s on s.address = d.recipient
		where d.id = $1`, id)
	if err == nil && why != "" {
		return refuse(ErrConflict, "%s", why)
	}
	return err
}

// DiscardHeld gives a held mail up. ErrConflict if it is not held.
func (d *Desk) DiscardHeld(ctx context.Context, actor Actor, id DeliveryID) (err error) {
	defer d.attempt(ctx, &err, actor, "discard", object("delivery", id))
	if err := actor.Can(DoAdminister); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			update deliveries set state = 'failed', failed_at = now(), last_response = 'Discarded by ' || $2::text,
				bytes = case when link_purpose is null then bytes end
			where id = $1 and state = 'held'`, id, actor.Name)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return d.notInThatState(ctx, tx, id)
		}
		return audit(ctx, tx, actor, "delivery.discarded", object("delivery", id), nil)
	})
}

func (d *Desk) notInThatState(ctx context.Context, tx pgx.Tx, id DeliveryID) error {
	state, err := value[DeliveryStatus](ctx, tx, `select state from deliveries where id = $1`, id)
	if err != nil {
		return err
	}
	return refuse(ErrConflict, "The mail is %s.", state)
}
