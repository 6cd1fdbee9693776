package core

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// MailStatus is where an accepted mail stands.
type MailStatus string

// The statuses of mail, as the API names them in upper case.
const (
	MailReceived   MailStatus = "received"
	MailProcessing MailStatus = "processing"
	MailSuccess    MailStatus = "success"
	MailSuspended  MailStatus = "suspended"
	MailRejected   MailStatus = "rejected" // a duplicate
	MailFailed     MailStatus = "failed"
)

// A Mail is an accepted mail and what became of it.
type Mail struct {
	ID           InboundID
	Status       MailStatus
	Suspension   Suspension
	Rule         Rule
	Reason       string
	From         string
	FromName     string
	Author       PersonRef // whose address From is; ID 0: nobody's
	EnvelopeFrom string
	Recipients   []string
	MessageID    string
	Subject      string
	Kind         Kind
	Origin       Verdict
	Conversation ConversationID
	Post         PostID
	Note         NoteID
	Event        EventID // of an automatic answer that was told quietly
	Delivery     DeliveryID
	Size         int64
	Arrivals     int
	Attempts     int
	LastError    string
	ClientIP     string
	Helo         string
	HasSource    bool // false after it was deleted
	Released     bool // staff released it: that works once
	RemovedAt    *time.Time
	RemovedBy    PersonRef // ID 0: its time was over
	PassesFor    string    // whose mail it seems to pass on, while nobody answered that offer
	Warnings     []string  // what looks wrong about its sender
	ReceivedAt   time.Time
	Trace        Trace `db:"-"` // of one mail; lists leave it empty
}

const mailColumns = `
	i.id, case when i.state = 'received' and i.attempts > 0 and i.due_at > now() then 'processing' else i.state end as status,
	coalesce(i.suspension, '') as suspension, coalesce(i.rule, '') as rule, coalesce(i.reason, '') as reason,
	coalesce(i.from_address, '') as "from", coalesce(i.from_name, '') as from_name, i.envelope_from,
	coalesce((select ` + personOf + ` from addresses x join users u on u.id = x.user_id left join addresses a on a.user_id = u.id and a.is_primary
		where x.address = i.from_address), '{}') as author, i.recipients,
	coalesce(i.message_id, '') as message_id, coalesce(i.subject, '') as subject, coalesce(i.kind, '') as kind, coalesce(i.origin, '') as origin,
	coalesce(i.conversation_id, 0) as conversation, coalesce(i.post_id, 0) as post, coalesce(i.note_id, 0) as note,
	coalesce((select e.id from events e where e.conversation_id = i.conversation_id and e.inbound_id = i.id and e.kind = 'auto_reply' limit 1), 0) as event,
	coalesce(i.delivery_id, 0) as delivery, i.size, i.arrivals, i.attempts, i.last_error, coalesce(host(i.client_ip), '') as client_ip, i.helo,
	i.raw is not null as has_source, i.released_at is not null as released, i.removed_at,
	coalesce((select ` + personOf + theUser + `i.removed_by), '{}') as removed_by,
	case when ` + unanswered + ` then i.passes_for else '' end as passes_for,
	array(select w from jsonb_array_elements_text(case when jsonb_typeof(i.trace->'Decision'->'Warnings') = 'array' then i.trace->'Decision'->'Warnings' else '[]' end) w) as warnings,
	i.received_at`

// Sender names who wrote, as lists show it: the person with that address, else
// the name that the mail gives. A refuted mail is nobody's.
func (m Mail) Sender() string {
	if m.Author.ID != 0 && m.Origin != Refuted {
		return m.Author.DisplayName()
	}
	return m.FromName
}

type mailRow struct {
	Mail
	TraceJSON []byte `db:"trace_json"`
}

// shown is the mail without the tokens of its addresses: a credential is never
// shown in full (mail-law section 3).
func (r mailRow) shown() Mail {
	r.EnvelopeFrom = Redact(r.EnvelopeFrom)
	for i, rcpt := range r.Recipients {
		r.Recipients[i] = Redact(rcpt)
	}
	return r.Mail
}

// A MailFilter chooses mails of the log.
type MailFilter struct {
	Status     MailStatus
	From       string
	Suspended  *bool // is suspended, or is not
	Suspension Suspension
	Query      string // stands in the sender's name or address, or in the subject
	Page       Page
}

// Mails lists the mail log, newest first: all of it for admins, suspended mail
// for agents with the right. ErrForbidden.
func (d *Desk) Mails(ctx context.Context, actor Actor, f MailFilter) (mails []Mail, total int, err error) {
	defer wrap(&err, "mails")
	if actor.Can(DoAdminister) != nil {
		if err := actor.Can(DoListSuspended); err != nil {
			return nil, 0, err
		}
		yes := true
		f.Suspended = &yes
	}
	where := ` from inbound i
		where (@status = '' or case when i.state = 'received' and i.attempts > 0 and i.due_at > now() then 'processing' else i.state end = @status)
			and (@from = '' or i.from_address = @from) and (@suspended::boolean is null or (i.state = 'suspended' and i.raw is not null) = @suspended)
			and (@suspension = '' or i.suspension = @suspension)
			and (@query = '%%' or i.subject ilike @query or i.from_address ilike @query or i.from_name ilike @query)`
	from := strings.ToLower(strings.TrimSpace(f.From))
	if a, err := ParseAddress(f.From); err == nil {
		from = a.String()
	}
	args := pgx.StrictNamedArgs{"status": string(f.Status), "from": from, "suspended": f.Suspended, "suspension": string(f.Suspension), "query": likePattern(f.Query)}
	err = d.read(ctx, func(tx pgx.Tx) error {
		found, n, err := list[mailRow](ctx, tx, mailColumns+`, null::jsonb as trace_json`, where, `i.id desc`, f.Page, args)
		for _, row := range found {
			mails = append(mails, row.shown())
		}
		total = n
		return err
	})
	return mails, total, err
}

// Mail reads one mail of the log with its trace: every one for admins, a
// suspended one for agents with the right. ErrNotFound, ErrForbidden.
func (d *Desk) Mail(ctx context.Context, actor Actor, id InboundID) (_ Mail, err error) {
	defer wrap(&err, "mail %d", id)
	if actor.Can(DoReadRaw) != nil {
		if err := actor.Can(DoReadSuspended); err != nil {
			return Mail{}, err
		}
	}
	row, err := one[mailRow](ctx, d.pool, `select `+mailColumns+`, i.trace as trace_json from inbound i where i.id = $1`, id)
	if err != nil {
		return Mail{}, err
	}
	if row.Status != MailSuspended && actor.Can(DoReadRaw) != nil {
		return Mail{}, ErrForbidden
	}
	if row.TraceJSON != nil {
		err = json.Unmarshal(row.TraceJSON, &row.Trace)
	}
	return row.shown(), err
}

// MailSource gives a mail as it came, byte for byte, to those who may read its
// entry in the log. ErrNotFound, ErrForbidden; ErrExpired after it was deleted.
func (d *Desk) MailSource(ctx context.Context, actor Actor, id InboundID) (_ *Source, err error) {
	defer wrap(&err, "source of mail %d", id)
	if _, err := d.Mail(ctx, actor, id); err != nil {
		return nil, err
	}
	source, err := sourceOf(ctx, d.pool, `i.id = $1`, id)
	if err == nil && source == nil {
		return nil, refuse(ErrExpired, "The mail was deleted.")
	}
	return source, err
}

// MailLetter reads a mail for those who may see its source.
func (d *Desk) MailLetter(ctx context.Context, actor Actor, id InboundID) (_ Letter, err error) {
	source, err := d.MailSource(ctx, actor, id)
	if err != nil {
		return Letter{}, err
	}
	l, err := d.readSource(ctx, source)
	if err != nil {
		return Letter{}, err
	}
	if l.Text, err = hideLinksIn(ctx, d.pool, l.Text); err == nil {
		l.HTML, err = hideLinksIn(ctx, d.pool, l.HTML)
	}
	return l, err
}

// rerun is a transaction that gives mail back to the intake.
func (d *Desk) rerun(ctx context.Context, do func(tx pgx.Tx) error) error {
	err := d.tx(ctx, do)
	if err == nil {
		d.ring(ctx, BellInbound)
	}
	return err
}

// Replay runs a stored mail through the rules once more: one that failed, or one
// that is suspended. A mail that was filed stays where it is. ErrNotFound,
// ErrForbidden.
func (d *Desk) Replay(ctx context.Context, actor Actor, id InboundID) (err error) {
	defer d.attempt(ctx, &err, actor, "replay", object("mail", id))
	if err := actor.Can(DoAdminister); err != nil {
		return err
	}
	return d.rerun(ctx, func(tx pgx.Tx) error {
		state, err := value[string](ctx, tx, `select state from inbound where id = $1 for update`, id)
		if err != nil {
			return err
		}
		if state != "failed" && state != "suspended" {
			return nil
		}
		if _, err := tx.Exec(ctx, `update inbound set state = 'received', tries = 0, due_at = now() where id = $1 and raw is not null`, id); err != nil {
			return err
		}
		return audit(ctx, tx, actor, "mail.replayed", object("mail", id), nil)
	})
}
