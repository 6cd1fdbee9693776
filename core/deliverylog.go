package core

import (
	"context"
	"strings"
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
	Paused           bool  // staff let nothing go there for now
	Tries            []Try // oldest first; only of one mail
}

// Failed tells a mail that did not arrive, and that nobody gave up on purpose.
func (v DeliveryView) Failed() bool {
	return DeliveryState{State: v.State, LastResponse: v.LastResponse}.Failed()
}

// Standing is how far it has come as the conversation shows it, so that both say
// the same.
func (v DeliveryView) Standing() DeliveryState {
	return DeliveryState{State: v.State, LastResponse: v.LastResponse, Attempts: v.Attempts}
}

// Reason says in a sentence what the last response means, "" where it is plain.
func (v DeliveryView) Reason() string { return PlainReason(v.LastResponse) }

// A Try is what one attempt to deliver brought.
type Try struct {
	At       time.Time
	Outcome  Outcome
	Response string // the server's words, or what went wrong before it spoke
	Remote   string // the server
}

const deliveryColumns = `
	d.id, d.state, d.purpose, d.kind, d.recipient, coalesce(u.role, 'customer') as recipient_role, coalesce(d.subject, '') as subject,
	coalesce(d.conversation_id, 0) as conversation,
	(select count(*) from delivery_attempts a where a.delivery_id = d.id) as attempts, d.last_response, d.perhaps_delivered,
	d.link_purpose is not null as has_link, d.bytes is not null as has_source,
	case when d.state = 'queued' and not coalesce(w.paused, false) then greatest(d.due_at, w.until) end as next_attempt_at, d.created_at, d.sent_at,
	d.state = 'queued' and coalesce(w.paused, false) as paused`

const deliveryFrom = ` from deliveries d left join users u on u.id = d.user_id cross join lateral (` + heldBack + `d.domain, '*')) w`

// heldBack: whether a destination is paused, and until when it waits after
// failures; the names of the destinations follow.
const heldBack = `select bool_or(t.paused_at is not null) as paused, max(t.failed_until) as until from destinations t where t.name in (`

// A DeliveryFilter chooses outgoing mails.
type DeliveryFilter struct {
	State        DeliveryStatus
	Conversation ConversationID
	Recipient    string // an address, or a domain
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
	args := pgx.StrictNamedArgs{}
	where := ` where true`
	narrow := func(condition, name string, to any) {
		where += ` and ` + condition
		args[name] = to
	}
	// Only what is asked for stands in the query: the index of a state is found then.
	switch f.State {
	case "":
	case DeliveryQueued, DeliverySent, DeliveryFailed, DeliveryHeld:
		where += ` and d.state = '` + string(f.State) + `'`
	default:
		where += ` and false`
	}
	if f.Conversation != 0 {
		narrow(`d.conversation_id = @conversation`, "conversation", int64(f.Conversation))
	}
	if strings.Contains(recipient, "@") {
		narrow(`d.recipient = @recipient`, "recipient", recipient)
	} else if recipient != "" {
		narrow(`d.domain = lower(@recipient)`, "recipient", recipient)
	}
	var found []DeliveryView
	err = d.read(ctx, func(tx pgx.Tx) error {
		if total, err = value[int](ctx, tx, `select count(*) from deliveries d`+where, args); err != nil {
			return err
		}
		args["limit"], args["offset"] = f.Page.bounds()
		found, err = rows[DeliveryView](ctx, tx, `select `+deliveryColumns+`, '[]'::jsonb as tries`+deliveryFrom+where+` order by d.id desc limit @limit offset @offset`, args)
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
	return d.deliveryView(ctx, id)
}

// RetriedDelivery reads a mail after RetryDelivery, for whoever may retry it.
// ErrNotFound, ErrForbidden.
func (d *Desk) RetriedDelivery(ctx context.Context, actor Actor, id DeliveryID) (_ DeliveryView, err error) {
	defer wrap(&err, "retried delivery %d", id)
	if err := d.mayLookAtMail(ctx, d.pool, actor, id); err != nil {
		return DeliveryView{}, err
	}
	return d.deliveryView(ctx, id)
}

func (d *Desk) deliveryView(ctx context.Context, id DeliveryID) (DeliveryView, error) {
	return one[DeliveryView](ctx, d.pool, `select `+deliveryColumns+`, coalesce((
		select jsonb_agg(jsonb_build_object('At', a.at, 'Outcome', a.outcome, 'Response', a.response, 'Remote', a.remote) order by a.attempt)
		from delivery_attempts a where a.delivery_id = d.id), '[]') as tries`+deliveryFrom+` where d.id = $1`, id)
}

// DeliverySource gives the bytes of an outgoing mail. One with a single-use link is
// shown only to someone who may grant that person's role, and once mail can leave,
// the tokens of others are masked (mail-law section 3): see MasksTokens. All else is
// exact, signatures too. ErrNotFound before it is composed, ErrExpired when its
// bytes are gone, ErrForbidden.
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
	raw, err := value[[]byte](ctx, d.pool, `select bytes from deliveries where id = $1`, id)
	if d.MasksTokens() {
		raw = MaskTokens(raw)
	}
	return raw, err
}

// MasksTokens tells that the tokens in shown mails are masked. While no relay is
// set they are not: nobody but the reader of the panel has these mails then, and
// answers them to try things out.
func (d *Desk) MasksTokens() bool { return d.cfg.RelaySet }
