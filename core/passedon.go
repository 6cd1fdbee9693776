package core

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Addresses that pass on other people's mail: a Google Group, a web form, a
// forwarding mailbox (mail-law section 1). Only what an admin named counts.

// A PassingAddress is one that an admin named.
type PassingAddress struct {
	Address   Address
	Note      string
	AddedBy   PersonRef
	CreatedAt time.Time
}

// A PassingOffer is an address whose mail looks as if it was passed on, and that
// nobody has named or declined yet.
type PassingOffer struct {
	Address   Address
	For       string    // whose mail it seems to be: the last one's Reply-To
	Mails     int       // that looked like this
	Mail      InboundID // the last one
	CreatedAt time.Time // when that came
}

// passesFor is the address that a mail seems to be passed on for: the one mailbox
// in Reply-To, where the mail names its first author besides (X-Original-From),
// stands for somebody ("via") or asks for answers at another domain. The zero
// Address for any other mail, and for one that was read as passed on.
func (a *arrival) passesFor(own *ours) Address {
	to := onlyAddress(a.letter.ReplyTo)
	named := onlyAddress(a.letter.From)
	switch {
	case a.passedOn || named.IsZero() || a.letter.FromFields != 1 || a.origin.Verdict == Refuted,
		to.IsZero() || to == named || own.isOurs(to) || own.passing[named] || own.team.has(named),
		a.letter.Kind == KindReport || a.letter.Kind == KindAutoReply, !a.originalFromIs(to):
		return Address{}
	case len(a.letter.OriginalFrom) > 0, !related(to.Domain(), named.Domain()),
		a.letter.ListHeaders && strings.Contains(a.letter.From[0].Name, " via "):
		return to
	}
	return Address{}
}

// has tells an address of a colleague.
func (t *team) has(a Address) bool { return len(t.addresses[addressLook(a)]) > 0 }

const passingColumns = `p.address, p.note, coalesce((select ` + personOf + theUser + `p.created_by), '{}') as added_by, p.created_at`

// PassingAddresses lists those that were named, newest first. ErrForbidden.
func (d *Desk) PassingAddresses(ctx context.Context, actor Actor, page Page) (named []PassingAddress, total int, err error) {
	defer wrap(&err, "passing addresses")
	if err := actor.Can(DoAdminister); err != nil {
		return nil, 0, err
	}
	err = d.read(ctx, func(tx pgx.Tx) error {
		named, total, err = list[PassingAddress](ctx, tx, passingColumns, ` from passing_addresses p`, `p.created_at desc, p.address`, page, pgx.StrictNamedArgs{})
		return err
	})
	return named, total, err
}

// NamePassing says that an address passes on other people's mail: the author of
// its mail is who stands in Reply-To from now on, never proven. Invalid of
// "address": a colleague's, whose own mail would be taken for somebody else's, and
// one that is named already. ErrForbidden.
func (d *Desk) NamePassing(ctx context.Context, actor Actor, address, note string) (named PassingAddress, err error) {
	defer d.attempt(ctx, &err, actor, "name an address that passes on mail", "")
	if err := actor.Can(DoAdminister); err != nil {
		return named, err
	}
	a, err := d.mailboxLike(address)
	if err != nil {
		return named, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if err := notOfTeam(ctx, tx, a); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			with asked as (delete from passing_declined where address = $1)
			insert into passing_addresses (address, note, created_by) values ($1, $2, nullif($3, 0)) on conflict do nothing`,
			a, cleanLine(note, 200), actor.ID)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return Invalid{Field: "address", Code: CodeDuplicate, Problem: a.String() + " is named already."}
		}
		if err := audit(ctx, tx, actor, "passing.added", "passing "+a.String(), nil); err != nil {
			return err
		}
		named, err = one[PassingAddress](ctx, tx, `select `+passingColumns+` from passing_addresses p where p.address = $1`, a)
		return err
	})
	d.forgetOurs()
	return named, err
}

// mailboxLike reads an address that stands for itself, with faults of "address".
func (d *Desk) mailboxLike(address string) (Address, error) {
	if strings.TrimSpace(address) == "" {
		return Address{}, Invalid{Field: "address", Code: CodeRequired, Problem: "An address is needed."}
	}
	a, err := ParseAddress(address)
	if err != nil {
		return Address{}, Invalid{Field: "address", Code: CodeInvalid, Problem: "This is not an email address."}
	}
	return a, nil
}

func notOfTeam(ctx context.Context, tx pgx.Tx, a Address) error {
	staff, err := rows[struct{ Name string }](ctx, tx, `
		select u.name from addresses a join users u on u.id = a.user_id where a.address = $1 and u.role <> 'customer'`, a)
	if err == nil && len(staff) > 0 {
		err = Invalid{Field: "address", Code: CodeInvalid, Problem: "This is the address of " + staff[0].Name + ", of your team: their own mail would be taken for somebody else's."}
	}
	return err
}

// ForgetPassing takes that back: From is the author again. ErrNotFound,
// ErrForbidden.
func (d *Desk) ForgetPassing(ctx context.Context, actor Actor, address string) (err error) {
	defer d.attempt(ctx, &err, actor, "remove an address that passes on mail", "")
	if err := actor.Can(DoAdminister); err != nil {
		return err
	}
	a, err := ParseAddress(address)
	if err != nil {
		return ErrNotFound
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if _, err := value[string](ctx, tx, `delete from passing_addresses where address = $1 returning address`, a); err != nil {
			return err
		}
		return audit(ctx, tx, actor, "passing.removed", "passing "+a.String(), nil)
	})
	d.forgetOurs()
	return err
}

// DeclinePassing ends the offer to name an address. ErrForbidden, Invalid.
func (d *Desk) DeclinePassing(ctx context.Context, actor Actor, address string) (err error) {
	defer d.attempt(ctx, &err, actor, "decline to name an address that passes on mail", "")
	if err := actor.Can(DoAdminister); err != nil {
		return err
	}
	a, err := d.mailboxLike(address)
	if err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `insert into passing_declined (address, created_by) values ($1, nullif($2, 0)) on conflict do nothing`, a, actor.ID)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		return audit(ctx, tx, actor, "passing.declined", "passing "+a.String(), nil)
	})
}

// unanswered: the offer on mail i still stands.
const unanswered = `i.passes_for is not null and not exists (select from passing_addresses p where p.address = i.from_address)
	and not exists (select from passing_declined p where p.address = i.from_address)`

const offerColumns = `i.from_address as address, i.passes_for as "for", count(*) over (partition by i.from_address) as mails, i.id as mail, i.received_at as created_at`

// PassingOffers are the newest addresses that an admin may want to name, ten at
// most. ErrForbidden.
func (d *Desk) PassingOffers(ctx context.Context, actor Actor) (_ []PassingOffer, err error) {
	defer wrap(&err, "offers to name addresses that pass on mail")
	if err := actor.Can(DoAdminister); err != nil {
		return nil, err
	}
	return rows[PassingOffer](ctx, d.pool, `
		select * from (
			select distinct on (address) * from (
				select `+offerColumns+` from (select * from inbound i where `+unanswered+` order by i.id desc limit 500) i) o
			order by address, mail desc) o
		order by mail desc limit 10`)
}

// PassingOfferIn is the offer that stands on a conversation, if any: an admin sees
// it there. ErrForbidden.
func (d *Desk) PassingOfferIn(ctx context.Context, actor Actor, id ConversationID) (_ []PassingOffer, err error) {
	defer wrap(&err, "offer in conversation %d", id)
	if err := actor.Can(DoAdminister); err != nil {
		return nil, err
	}
	return rows[PassingOffer](ctx, d.pool, `select `+offerColumns+` from inbound i where i.conversation_id = $1 and `+unanswered+` order by i.id desc limit 1`, id)
}
