package core

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
)

// AddParticipant puts somebody in CC, by address; nobody is told before the next
// reply. ErrNotFound, ErrForbidden, ErrConflict, Invalid of "email".
func (d *Desk) AddParticipant(ctx context.Context, actor Actor, id ConversationID, email string) (err error) {
	defer d.attempt(ctx, &err, actor, "add a participant to", object("conversation", id))
	return d.change(ctx, actor, id, DoChange, func(tx pgx.Tx, c locked) error {
		if strings.TrimSpace(email) == "" {
			return Invalid{Field: "email", Code: CodeRequired, Problem: "Whom? There is no address."}
		}
		if err := c.open(); err != nil {
			return err
		}
		return d.letIn(ctx, tx, actor, c, "email", []string{email})
	})
}

// RemoveParticipant takes somebody out of CC. ErrNotFound, ErrForbidden, Invalid
// of "email".
func (d *Desk) RemoveParticipant(ctx context.Context, actor Actor, id ConversationID, email string) (err error) {
	defer d.attempt(ctx, &err, actor, "remove a participant from", object("conversation", id))
	return d.change(ctx, actor, id, DoChange, func(tx pgx.Tx, c locked) error {
		address, err := ParseAddress(email)
		if err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			delete from participants where conversation_id = $1
				and (address = $2 or user_id = (select user_id from addresses where address = $2))`, id, address)
		if err := affected(tag.RowsAffected(), err); err != nil {
			return err
		}
		return insertEvent(ctx, tx, id, eventTakenOut, actor.ID, map[string]any{"from": address.String()}, 0)
	})
}

// change runs a step of staff on a conversation that they may view, locked.
func (d *Desk) change(ctx context.Context, actor Actor, id ConversationID, deed Deed, do func(tx pgx.Tx, c locked) error) error {
	if err := actor.Can(DoView); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		c, err := lockConversation(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if err := actor.Can(deed); err != nil {
			return err
		}
		return do(tx, c)
	})
}

// letIn puts addresses in CC, on behalf of staff. The requester and those who are
// in already are passed over. Agents in CC are followers (mail-law section 4). The
// addresses are held, so that whose they are stays so until this is written.
func (d *Desk) letIn(ctx context.Context, tx pgx.Tx, actor Actor, c locked, field string, emails []string) error {
	addresses, err := d.outsiders(ctx, tx, field, emails)
	if err != nil || len(addresses) == 0 {
		return err
	}
	added, err := tx.Query(ctx, `
		with held as materialized (
			select address, user_id from addresses where address = any($2) order by address for share),
		named as (
			select distinct on (coalesce(a.user_id::text, x.address)) x.address, a.user_id
			from unnest($2::text[]) x(address) left join held a on a.address = x.address
			where a.user_id is distinct from $3),
		added as (
			insert into participants (conversation_id, address, user_id, via, by_staff)
			select $1, address, user_id, $4, true from named n
			where not exists (select from participants p where p.conversation_id = $1 and p.user_id = n.user_id)
			on conflict do nothing returning address, user_id),
		settled as (
			delete from participant_suggestions where conversation_id = $1 and address = any($2)),
		following as (
			insert into followers (conversation_id, user_id)
			select $1, u.id from added join users u on u.id = added.user_id
			where u.role in ('agent', 'admin', 'owner') on conflict do nothing)
		select address from added order by address`, c.ID, addresses, c.Requester, sourceOr(actor.Channel, ChannelAgent))
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(added, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := insertEvent(ctx, tx, c.ID, eventLetIn, actor.ID, map[string]any{"to": name}, 0); err != nil {
			return err
		}
	}
	return nil
}

// maxNamed bounds how many one act may put in CC.
const maxNamed = 50

// outsiders reads addresses for CC. A mailbox of ours would answer itself, and a
// reply address is somebody's credential: neither can be in CC. The disabled
// would get nothing.
func (d *Desk) outsiders(ctx context.Context, q querier, field string, emails []string) ([]string, error) {
	if len(emails) > maxNamed {
		return nil, Invalid{Field: field, Code: CodeInvalid, Problem: "These are too many addresses at once."}
	}
	var addresses, plain []string
	for _, email := range emails {
		if strings.TrimSpace(email) == "" {
			continue
		}
		a, err := ParseAddress(email)
		if err != nil {
			return nil, Invalid{Field: field, Code: CodeInvalid, Problem: cleanLine(email, maxAddress) + " is not an email address."}
		}
		if d.cfg.ReplyDomain != "" && a.Domain() == d.cfg.ReplyDomain {
			return nil, ourOwn(field, a.String())
		}
		local, _, _ := strings.Cut(a.Local(), "+")
		addresses, plain = append(addresses, a.String()), append(plain, local+"@"+a.Domain())
	}
	if len(addresses) == 0 {
		return nil, nil
	}
	faults, err := rows[struct{ Address, Fault string }](ctx, q, `
		select m.address, 'ours' as fault from mailboxes m where m.address = any($1) or m.address = any($2)
		union all
		select u.name, 'disabled' from users u join addresses a on a.user_id = u.id where a.address = any($1) and not u.enabled
		order by 2 desc`, addresses, plain)
	if err != nil || len(faults) == 0 {
		return addresses, err
	}
	if faults[0].Fault == "ours" {
		return nil, ourOwn(field, faults[0].Address)
	}
	return nil, Invalid{Field: field, Code: CodeInvalid, Problem: faults[0].Address + " is not enabled and would get no mail."}
}

func ourOwn(field, address string) error {
	return Invalid{Field: field, Code: CodeInvalid, Problem: address + " is an address of this help desk and cannot be on a conversation."}
}
