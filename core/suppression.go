package core

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Suppression is an address that mail has stopped going to: it reported a
// permanent failure, or an admin said so. Mail to it fails at once until it writes to
// us, proven, or somebody clears it (mail-law section 6).
type Suppression struct {
	Address      Address
	Reason       string
	Delivery     DeliveryID     // the mail that caused it; 0: none, or since deleted
	Conversation ConversationID // of that mail, where it goes on now; 0: none
	Subject      string         // of that mail
	Person       PersonRef      // whose address it is; ID 0: nobody's
	CreatedAt    time.Time
}

// Means says in a sentence what the reason means, "" where it is plain.
func (s Suppression) Means() string { return PlainReason(s.Reason) }

const (
	suppressionColumns = `s.address, s.reason, coalesce(s.delivery_id, 0) as delivery, s.created_at, coalesce(d.subject, '') as subject,
		coalesce(nullif(` + survivorOf + `, 0), c.id, 0) as conversation,
		coalesce((select jsonb_build_object('ID', u.id, 'Name', u.name, 'Address', w.address, 'Role', u.role, 'Enabled', u.enabled,
			'Invited', u.invited_at is not null) from addresses w join users u on u.id = w.user_id where w.address = s.address), '{}') as person`
	suppressionFrom = ` from suppressions s left join deliveries d on d.id = s.delivery_id left join conversations c on c.id = d.conversation_id`
)

// Suppressions lists those whose address or reason holds a text, newest first.
// ErrForbidden.
func (d *Desk) Suppressions(ctx context.Context, actor Actor, query string, page Page) (_ []Suppression, total int, err error) {
	defer wrap(&err, "suppressions")
	if err := actor.Can(DoManagePeople); err != nil {
		return nil, 0, err
	}
	where, args := suppressionFrom, pgx.StrictNamedArgs{}
	if query = strings.TrimSpace(query); query != "" {
		where += ` where s.address ilike @query or s.reason ilike @query`
		args["query"] = likePattern(query)
	}
	return list[Suppression](ctx, d.pool, suppressionColumns, where, `s.created_at desc, s.address`, page, args)
}

// SuppressionsOf gives those of one person's addresses, for everybody who may view
// the person. ErrNotFound, ErrForbidden.
func (d *Desk) SuppressionsOf(ctx context.Context, actor Actor, id UserID) (_ []Suppression, err error) {
	defer wrap(&err, "suppressions of user %d", id)
	if err := actor.Can(DoView); err != nil {
		return nil, err
	}
	args := actor.sight()
	args["id"] = id
	return rows[Suppression](ctx, d.pool, `select `+suppressionColumns+suppressionFrom+`
		where s.address in (select a.address from addresses a join users u on u.id = a.user_id where u.id = @id and `+seesUser+`) order by s.address`, args)
}

// Suppress stops mail to an address, for a reason that somebody gives. ErrForbidden;
// Invalid of "address" or "reason"; ErrConflict for an address of ours or of an
// agent.
func (d *Desk) Suppress(ctx context.Context, actor Actor, address, reason string) (err error) {
	defer d.attempt(ctx, &err, actor, "suppress an address", "")
	if err := actor.Can(DoAdminister); err != nil {
		return err
	}
	parsed, err := ParseAddress(address)
	if err != nil {
		return Invalid{Field: "address", Code: CodeInvalid, Problem: "This is not an address."}
	}
	if reason = cleanLine(reason, 500); reason == "" {
		return Invalid{Field: "reason", Code: CodeEmpty, Problem: "Say why, for whoever finds it here later."}
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		needed, err := value[bool](ctx, tx, `
			select exists (select from mailboxes where address = $1)
				or exists (select from addresses a join users u on u.id = a.user_id where a.address = $1 and u.role in ('agent', 'admin', 'owner'))`, parsed)
		if err != nil {
			return err
		}
		if needed {
			return refuse(ErrConflict, "That is an address of the team: links and notices go there.")
		}
		_, err = tx.Exec(ctx, `
			insert into suppressions (address, reason) values ($1, $2)
			on conflict (address) do update set reason = excluded.reason, delivery_id = null`, parsed, reason)
		if err != nil {
			return err
		}
		if err := d.failWaiting(ctx, tx, parsed, reason); err != nil {
			return err
		}
		return audit(ctx, tx, actor, "suppression.added", parsed.String(), map[string]any{"reason": reason})
	})
}

// failWaiting fails what waits for an address that mail stops going to, as it would
// if it were written now. What a courier has in hand may be said already.
func (d *Desk) failWaiting(ctx context.Context, tx pgx.Tx, to Address, reason string) error {
	words := suppressedWords + reason
	waiting, err := rows[struct{ ID DeliveryID }](ctx, tx, `
		with waiting as (
			select id from deliveries d
			where d.state = 'queued' and d.domain = $1 and d.recipient = $2 and `+notInHand+` order by id for update)
		update deliveries d set state = 'failed', failed_at = now(), last_response = $3,
			bytes = case when link_purpose is null then bytes end
		from waiting w where d.id = w.id returning d.id`, to.Domain(), to, words)
	if err != nil {
		return err
	}
	for _, w := range waiting {
		if err := d.tellOfFailure(ctx, tx, w.ID, NoticeFailed, words); err != nil {
			return err
		}
	}
	return nil
}

// ClearSuppression lets mail go to an address again. ErrForbidden, ErrNotFound,
// Invalid.
func (d *Desk) ClearSuppression(ctx context.Context, actor Actor, address string) (err error) {
	defer d.attempt(ctx, &err, actor, "clear a suppression", "")
	if err := actor.Can(DoManagePeople); err != nil {
		return err
	}
	parsed, err := ParseAddress(address)
	if err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `delete from suppressions where address = $1`, parsed)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return ErrNotFound
		}
		return audit(ctx, tx, actor, "suppression.cleared", parsed.String(), nil)
	})
}
