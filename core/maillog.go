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
	i.raw is not null as has_source, i.received_at`

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
	Status    MailStatus
	From      string
	Suspended *bool // is suspended, or is not
	Page      Page
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
			and (@from = '' or i.from_address = @from) and (@suspended::boolean is null or (i.state = 'suspended' and i.raw is not null) = @suspended)`
	from := strings.ToLower(strings.TrimSpace(f.From))
	if a, err := ParseAddress(f.From); err == nil {
		from = a.String()
	}
	args := pgx.StrictNamedArgs{"status": string(f.Status), "from": from, "suspended": f.Suspended}
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
func (d *Desk) MailSource(ctx context.Context, actor Actor, id InboundID) (_ []byte, err error) {
	defer wrap(&err, "source of mail %d", id)
	if _, err := d.Mail(ctx, actor, id); err != nil {
		return nil, err
	}
	raw, err := value[[]byte](ctx, d.pool, `select raw from inbound where id = $1`, id)
	if err == nil && raw == nil {
		return nil, refuse(ErrExpired, "The mail was deleted.")
	}
	return raw, err
}

// MailLetter reads a mail for those who may see its source.
func (d *Desk) MailLetter(ctx context.Context, actor Actor, id InboundID) (_ Letter, err error) {
	raw, err := d.MailSource(ctx, actor, id)
	if err != nil {
		return Letter{}, err
	}
	l := d.cfg.Read(raw)
	if l.Text, err = hideLinksIn(ctx, d.pool, l.Text); err == nil {
		l.HTML, err = hideLinksIn(ctx, d.pool, l.HTML)
	}
	return l, err
}

// SuspendedCount is the number in the navigation of everyone who may see
// suspended mail; 0 for others.
func (d *Desk) SuspendedCount(ctx context.Context, actor Actor) (int, error) {
	if actor.Can(DoListSuspended) != nil {
		return 0, nil
	}
	return value[int](ctx, d.pool, `select count(*) from inbound where state = 'suspended' and raw is not null`)
}

// AutomaticSkipped counts the acknowledgements that the brakes of section 5 kept
// back in the last day; admins see it.
func (d *Desk) AutomaticSkipped(ctx context.Context, actor Actor) (int, error) {
	if err := actor.Can(DoAdminister); err != nil {
		return 0, err
	}
	return value[int](ctx, d.pool, `select count(*) from inbound where automatic_skipped is not null and received_at > now() - interval '1 day'`)
}

// Release runs the rules again on suspended mails, without the rule that fired
// (mail-law: suspended mail). Requester is whom staff name for a mail without a
// usable From. With trust the senders go on the safe list. All or none:
// ErrConflict for one that is not suspended, was released before, or that no
// release can help; an Invalid of "requester".
func (d *Desk) Release(ctx context.Context, actor Actor, ids []InboundID, requester string, trust bool) (err error) {
	defer d.attempt(ctx, &err, actor, "release suspended mail", "")
	if err := actor.Can(DoListSuspended); err != nil {
		return err
	}
	return d.rerun(ctx, func(tx pgx.Tx) error {
		for _, id := range ids {
			if err := d.release(ctx, tx, actor, id, requester, trust); err != nil {
				return err
			}
		}
		return nil
	})
}

// rerun is a transaction that gives mail back to the intake.
func (d *Desk) rerun(ctx context.Context, do func(tx pgx.Tx) error) error {
	err := d.tx(ctx, do)
	if err == nil {
		d.ring(ctx, BellInbound)
	}
	return err
}

func (d *Desk) release(ctx context.Context, tx pgx.Tx, actor Actor, id InboundID, requester string, trust bool) error {
	m, err := one[struct {
		State      string
		Suspension Suspension
		From       string `db:"from_address"`
		Released   bool
		HasSource  bool
		Passing    bool
	}](ctx, tx, `
		select state, coalesce(suspension, '') as suspension, coalesce(from_address, '') as from_address, released_at is not null as released,
			raw is not null as has_source, exists (select from passing_addresses p where p.address = from_address) as passing
		from inbound where id = $1 for update`, id)
	if err != nil {
		return err
	}
	if m.State != "suspended" || m.Released || !m.HasSource {
		return refuse(ErrConflict, "Mail %d is not suspended any more, or was released before.", id)
	}
	switch m.Suspension {
	case SuspendedReport, SuspendedVirus:
		return refuse(ErrConflict, "A mail suspended as %q cannot be released.", m.Suspension)
	case SuspendedLoop:
		if !m.Passing {
			return refuse(ErrConflict, "It is our own mail. It can be released once its sender is named as passing on other people's mail.")
		}
	case SuspendedBadFrom:
		a, err := ParseAddress(requester)
		if err != nil {
			return Invalid{Field: "requester", Code: CodeRequired, Problem: "Name the address of the person who wrote this mail."}
		}
		requester = a.String()
		if _, err := d.outsiders(ctx, tx, "requester", []string{requester}); err != nil {
			return err
		}
	}
	detail := map[string]any{"suspension": m.Suspension}
	if trust {
		detail["trusted"] = m.From
		if err := trustSender(ctx, tx, actor, m.Suspension, m.From); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `
		update inbound set state = 'received', tries = 0, due_at = now(), released_at = now(), released_by = nullif($2, 0), released_from = rule, release_requester = nullif($3, '')
		where id = $1`, id, actor.ID, requester)
	if err != nil {
		return err
	}
	return audit(ctx, tx, actor, "mail.released", object("mail", id), detail)
}

func trustSender(ctx context.Context, tx pgx.Tx, actor Actor, why Suspension, from string) error {
	switch why {
	case SuspendedFlood, SuspendedSpam, SuspendedBlocked, SuspendedUnregistered:
	default:
		return refuse(ErrConflict, "Trusting the sender does not help against %q.", why)
	}
	if _, err := ParseAddress(from); err != nil {
		return refuse(ErrConflict, "The mail has no sender to trust.")
	}
	_, err := tx.Exec(ctx, `insert into sender_list (list, pattern, created_by) values ('safe', $1, nullif($2, 0)) on conflict do nothing`, from, actor.ID)
	return err
}

// DeleteMails removes the content of suspended mails; their entries stay.
// ErrConflict for a mail that is not suspended.
func (d *Desk) DeleteMails(ctx context.Context, actor Actor, ids []InboundID) (err error) {
	defer d.attempt(ctx, &err, actor, "delete suspended mail", "")
	if err := actor.Can(DoListSuspended); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		for _, id := range ids {
			tag, err := tx.Exec(ctx, `update inbound set raw = null where id = $1 and state = 'suspended'`, id)
			if err != nil {
				return err
			}
			if tag.RowsAffected() == 0 {
				return refuse(ErrConflict, "Mail %d is not suspended.", id)
			}
			if err := audit(ctx, tx, actor, "mail.deleted", object("mail", id), nil); err != nil {
				return err
			}
		}
		return nil
	})
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

// PurgeSuspended deletes the content of mail that was suspended longer than the
// instance keeps it. It gives how many there were.
func (d *Desk) PurgeSuspended(ctx context.Context) (int, error) {
	tag, err := d.pool.Exec(ctx, `
		update inbound set raw = null
		where state = 'suspended' and raw is not null and received_at < now() - make_interval(days => (select suspended_days from instance))`)
	return int(tag.RowsAffected()), err
}
