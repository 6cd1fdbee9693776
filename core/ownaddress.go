package core

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// askAddress mails a link to an address that a person says to have. Whether
// somebody has it already is not told: the address waits for its link all the same.
func (d *Desk) askAddress(ctx context.Context, tx pgx.Tx, u User, address Address) error {
	own, verified := u.has(address)
	switch {
	case verified:
		return Invalid{Field: "email", Code: CodeDuplicate, Problem: "This address is yours already."}
	case !own && !u.HasPassword: // whoever reads mail there could else take the account
		return refuse(ErrConflict, "Set a password first: the new address is confirmed with it.")
	}
	asked, err := countTries(ctx, tx, fmt.Sprintf("address %d", u.ID), time.Hour)
	if err != nil {
		return err
	}
	if asked > maxResetsAnHour {
		return tooMany(time.Hour, "Too many addresses at once. Try again in an hour.")
	}
	if err := dropLinkMailTo(ctx, tx, u.ID, address, "a newer link was made"); err != nil {
		return err
	}
	// Nobody knows this secret: the one in the mail takes its place.
	if _, _, err := mintLink(ctx, tx, LinkVerify, u.ID, address, u.ID); err != nil {
		return err
	}
	if !own {
		err = addressFree(ctx, tx, address)
	}
	var taken Invalid
	if errors.As(err, &taken) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = d.enqueueAccountMail(ctx, tx, u.ID, address, PurposeVerify, u.ID)
	return err
}

func (u User) has(address Address) (own, verified bool) {
	for _, i := range u.Addresses {
		if i.Address == address {
			return true, i.Verified
		}
	}
	return false, false
}

// pendingSQL is the condition on a link that an address of @id waits for it.
const pendingSQL = ` from links l where l.user_id = @id and l.purpose = 'verify' and l.consumed_at is null and l.revoked_at is null
	and l.expires_at > now() and not exists (select 1 from addresses a where a.address = l.address and a.user_id = @id)`

// PendingIdentities gives the addresses that the actor has added and that wait for
// their link.
func (d *Desk) PendingIdentities(ctx context.Context, actor Actor) (waiting []Address, err error) {
	defer wrap(&err, "pending addresses")
	if err := actor.Can(DoUsePortal); err != nil {
		return nil, err
	}
	found, err := rows[struct{ Address Address }](ctx, d.pool, `select l.address`+pendingSQL+` order by l.address`,
		pgx.StrictNamedArgs{"id": actor.ID})
	for _, f := range found {
		waiting = append(waiting, f.Address)
	}
	return waiting, err
}

// CancelIdentity gives up an address that the actor has added and that waits for
// its link. ErrNotFound.
func (d *Desk) CancelIdentity(ctx context.Context, actor Actor, email string) (err error) {
	defer wrap(&err, "cancel address")
	if err := actor.Can(DoUsePortal); err != nil {
		return err
	}
	address, err := ParseAddress(email)
	if err != nil {
		return ErrNotFound
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		if _, err := lockUser(ctx, tx, actor.ID); err != nil {
			return err
		}
		waits, err := value[bool](ctx, tx, `select exists (select 1`+pendingSQL+` and l.address = @address)`,
			pgx.StrictNamedArgs{"id": actor.ID, "address": address})
		if err != nil {
			return err
		}
		if !waits {
			return ErrNotFound
		}
		_, err = killLinksTo(ctx, tx, actor.ID, address, "given up by the person who added the address")
		return err
	})
}

// moveLinks ends the links to a person's former primary address. Who was still
// asked for a first password is asked at the new one.
func (d *Desk) moveLinks(ctx context.Context, tx pgx.Tx, actor Actor, u User, to Address) error {
	asked, err := killLinksTo(ctx, tx, u.ID, u.Primary(), "the primary address changed")
	if err != nil || !asked || u.HasPassword {
		return err
	}
	purpose := PurposeVerify
	if u.InvitedAt != nil {
		purpose = PurposeInvite
	}
	_, err = d.enqueueAccountMail(ctx, tx, u.ID, to, purpose, actor.ID)
	return err
}

// killLinksTo ends the links to an address of a person, and all that would open
// the account: they went to where mail to the person is no longer read for sure
// (reliability A32). It tells whether a first password was asked for there.
func killLinksTo(ctx context.Context, tx pgx.Tx, id UserID, address Address, why string) (asked bool, err error) {
	asked, err = value[bool](ctx, tx, `
		with dead as (
			update links set revoked_at = now()
			where user_id = @id and (address = @address or purpose in ('reset', 'sign_in'))
			  and consumed_at is null and revoked_at is null and expires_at > now() returning purpose)
		select exists (select 1 from dead where purpose in ('verify', 'invite'))
		    or exists (select 1 from deliveries where user_id = @id and recipient = @address
		               and link_purpose in ('verify', 'invite') and state in ('queued', 'held'))`,
		pgx.StrictNamedArgs{"id": id, "address": address})
	if err != nil {
		return false, err
	}
	if err := dropLinkMail(ctx, tx, id, why, LinkReset, LinkSignIn); err != nil {
		return false, err
	}
	return asked, dropLinkMailTo(ctx, tx, id, address, why)
}

// dropLinkMailTo is dropLinkMail for what would go to one address.
func dropLinkMailTo(ctx context.Context, tx pgx.Tx, id UserID, address Address, why string) error {
	_, err := tx.Exec(ctx, `
		with plain as (
			update deliveries set link_purpose = null
			where user_id = @id and recipient = @address and link_purpose is not null and purpose = 'acknowledgement'
			  and composed_at is null and state in ('queued', 'held'))
		update deliveries set state = 'failed', failed_at = now(), last_response = @why, bytes = null
		where user_id = @id and recipient = @address and link_purpose is not null and purpose <> 'acknowledgement'
		  and state in ('queued', 'held')`,
		pgx.StrictNamedArgs{"id": id, "address": address, "why": why})
	return err
}
