package core

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
)

// AddIdentity gives a person one more address. One that staff add counts at once;
// one's own counts when the link mailed there is used, and says nothing before
// about whose it is. ErrNotFound, ErrForbidden, ErrRate, Invalid
// (FIELD_DUPLICATE with Owner).
func (d *Desk) AddIdentity(ctx context.Context, actor Actor, id UserID, email string) (err error) {
	defer d.attempt(ctx, &err, actor, "add an address to", object("user", id))
	own := id == actor.ID
	if err := actor.mayReachAddressesOf(id); err != nil {
		return err
	}
	address, err := ParseAddress(email)
	if err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		if err := lockAddresses(ctx, tx, address); err != nil {
			return err
		}
		u, err := lockSeen(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if own {
			return d.askAddress(ctx, tx, u, address)
		}
		if err := actor.MayAddAddress(u.Role); err != nil {
			return err
		}
		return d.giveAddress(ctx, tx, actor, u, address)
	})
}

func (d *Desk) giveAddress(ctx context.Context, tx pgx.Tx, actor Actor, u User, address Address) error {
	if err := addressFree(ctx, tx, address); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `
		insert into addresses (address, user_id, is_primary, verified_at) values ($1, $2, false, now())`, address, u.ID); err != nil {
		return err
	}
	if err := adoptAddress(ctx, tx, u.ID, address); err != nil {
		return err
	}
	if err := joinOrganization(ctx, tx, u.ID, address); err != nil {
		return err
	}
	if err := d.tellOfAddresses(ctx, tx, actor, u); err != nil {
		return err
	}
	return recordUser(ctx, tx, actor, "address_added", u.ID, map[string]any{"address": address.String()})
}

// tellOfAddresses tells the primary address as it was before, so that nobody
// takes an account over unseen.
func (d *Desk) tellOfAddresses(ctx context.Context, tx pgx.Tx, actor Actor, u User) error {
	if u.Primary().IsZero() || !u.Enabled {
		return nil
	}
	mailbox, err := value[MailboxID](ctx, tx, `select id from mailboxes order by id limit 1`)
	if err != nil {
		return err
	}
	d.enqueue(tx, mailing{purpose: PurposeVerify, notice: NoticeAddresses, to: u.Primary(), user: u.ID,
		mailbox: mailbox, author: actor.ID})
	return nil
}

// MakePrimary makes an address of a person the one that mail goes to: of oneself
// one that is verified, of others as AddIdentity. The former one is told.
// ErrNotFound, ErrForbidden, ErrConflict.
func (d *Desk) MakePrimary(ctx context.Context, actor Actor, id UserID, email string) (err error) {
	defer d.attempt(ctx, &err, actor, "change the primary address of", object("user", id))
	return d.changeIdentity(ctx, actor, id, email, func(tx pgx.Tx, u User, i Identity) error {
		if i.Primary {
			return nil
		}
		if !i.Verified {
			return refuse(ErrConflict, "The address is not verified.")
		}
		// The unique index wants the old one gone first.
		if _, err := tx.Exec(ctx, `update addresses set is_primary = false where user_id = $1 and is_primary`, id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `update addresses set is_primary = true where address = $1`, i.Address); err != nil {
			return err
		}
		if err := d.tellOfAddresses(ctx, tx, actor, u); err != nil {
			return err
		}
		if err := d.moveLinks(ctx, tx, actor, u, i.Address); err != nil {
			return err
		}
		return recordUser(ctx, tx, actor, "address_primary", id, map[string]any{"address": i.Address.String()})
	})
}

// RemoveIdentity takes an address away: it is free again, and reply addresses and
// links made for it die. The primary one stays. ErrNotFound, ErrForbidden,
// ErrConflict.
func (d *Desk) RemoveIdentity(ctx context.Context, actor Actor, id UserID, email string) (err error) {
	defer d.attempt(ctx, &err, actor, "remove an address of", object("user", id))
	return d.changeIdentity(ctx, actor, id, email, func(tx pgx.Tx, u User, i Identity) error {
		if i.Primary {
			return refuse(ErrConflict, "The primary address stays. Make another one primary first.")
		}
		if _, err := killLinksTo(ctx, tx, id, i.Address, "the address was removed"); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `
			with tokens as (update tokens set revoked_at = now() where address = @address and revoked_at is null),
			     cc as (delete from participants where address = @address and user_id = @id)
			delete from addresses where address = @address`, pgx.StrictNamedArgs{"address": i.Address, "id": id}); err != nil {
			return err
		}
		if err := d.tellOfAddresses(ctx, tx, actor, u); err != nil {
			return err
		}
		return recordUser(ctx, tx, actor, "address_removed", id, map[string]any{"address": i.Address.String()})
	})
}

// mayReachAddressesOf checks the function: the own addresses are everybody's to
// change, those of others are for those who manage people.
func (a Actor) mayReachAddressesOf(id UserID) error {
	if id == a.ID {
		return a.Can(DoUsePortal)
	}
	return a.Can(DoManagePeople)
}

// changeIdentity finds one address of a person whom the actor may change.
func (d *Desk) changeIdentity(ctx context.Context, actor Actor, id UserID, email string, change func(tx pgx.Tx, u User, i Identity) error) error {
	if err := actor.mayReachAddressesOf(id); err != nil {
		return err
	}
	address, err := ParseAddress(email)
	if err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		if err := lockAddresses(ctx, tx, address); err != nil {
			return err
		}
		u, err := lockSeen(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if id != actor.ID {
			if err := actor.MayAddAddress(u.Role); err != nil {
				return err
			}
		}
		for _, i := range u.Addresses {
			if i.Address == address {
				return change(tx, u, i)
			}
		}
		return ErrNotFound
	})
}

// addressFree tells that nobody, and no mailbox of ours, has the address.
func addressFree(ctx context.Context, tx pgx.Tx, address Address) error {
	taken, err := value[bool](ctx, tx, `
		select exists (select 1 from addresses where address = $1) or exists (select 1 from mailboxes where address = $1)`, address)
	if err != nil {
		return err
	}
	if taken {
		return addressTaken(ctx, tx, address)
	}
	return leadsElsewhere(ctx, tx, address)
}

// leadsElsewhere refuses an address with a +tag of a mailbox of ours: mail to it
// comes back to us, and nobody reads it there.
func leadsElsewhere(ctx context.Context, tx pgx.Tx, address Address) error {
	local, _, tagged := strings.Cut(address.Local(), "+")
	if !tagged {
		return nil
	}
	mailbox, err := value[MailboxID](ctx, tx, `select id from mailboxes where address = $1`, local+"@"+address.Domain())
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return Invalid{Field: "email", Code: CodeDuplicate, Problem: DuplicateProblem, Mailbox: mailbox}
}

// adoptAddress gives a person the places in CC that the bare address has.
func adoptAddress(ctx context.Context, tx pgx.Tx, id UserID, address Address) error {
	_, err := tx.Exec(ctx, `
		with cc as (update participants set user_id = @id where address = @address and user_id is null)
		update tokens set user_id = @id where address = @address and user_id is null`,
		pgx.StrictNamedArgs{"id": id, "address": address})
	return err
}
