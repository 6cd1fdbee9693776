package core

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// An AcceptForm is what a person enters on the page of a link.
type AcceptForm struct {
	Name     string // setup and invite; empty leaves it
	Email    string // setup only
	Password string // the new one; the known one where LinkInfo.KnownPassword
	Client   string // the client's address, for the throttle
}

// AcceptLink uses a link up: the address is verified, an invitee enabled, the
// organization of the domain joined, the password set; every session and every
// other link that the person had dies. An address that is added to an account, and
// a sign-in, leave password and sessions as they are. It signs in. ErrExpired, ErrForbidden for
// a wrong known password, ErrRate (too many tries), ErrLimit (no seat), Invalid;
// SecondFactorNeeded where all of it was done, but for signing in.
func (d *Desk) AcceptLink(ctx context.Context, secret string, f AcceptForm) (_ Actor, credentialVersion int, err error) {
	defer wrap(&err, "accept link")
	actor, version, err := d.acceptLink(ctx, secret, f)
	if err != nil {
		return Actor{}, 0, err
	}
	if err := d.orSecondFactor(ctx, actor, version); err != nil {
		return Actor{}, 0, err
	}
	return actor, version, nil
}

func (d *Desk) acceptLink(ctx context.Context, secret string, f AcceptForm) (_ Actor, credentialVersion int, err error) {
	l, err := openLink(ctx, d.pool, secret, "")
	if err != nil {
		return Actor{}, 0, err
	}
	switch {
	case l.Purpose == LinkSignIn:
		return d.acceptSignIn(ctx, secret)
	case l.knownPassword():
		return d.acceptAddedAddress(ctx, secret, l, f)
	}
	hash, err := d.hashPassword(ctx, f.Password)
	if err != nil {
		return Actor{}, 0, err
	}
	var actor Actor
	err = d.tx(ctx, func(tx pgx.Tx) error {
		user, err := d.acceptWithPassword(ctx, tx, secret, f, hash)
		if err != nil {
			return err
		}
		actor, credentialVersion, err = loadActor(ctx, tx, user)
		return err
	})
	return actor, credentialVersion, err
}

func (d *Desk) acceptWithPassword(ctx context.Context, tx pgx.Tx, secret string, f AcceptForm, hash string) (UserID, error) {
	l, err := consumeLink(ctx, tx, secret)
	if err != nil {
		return 0, err
	}
	if l.Purpose == LinkSetup {
		if l.User, l.Address, err = d.setUpOwner(ctx, tx, f); err != nil {
			return 0, err
		}
	}
	if l.knownPassword() { // set since the page was opened
		return 0, refuse(ErrConflict, "The account has a password now. Open the link again.")
	}
	if _, err := tx.Exec(ctx, `
		update users set password_hash = @hash, enabled = true, invited_at = null,
		       name = case when @name <> '' then @name else name end where id = @id`,
		pgx.StrictNamedArgs{"id": l.User, "hash": hash, "name": l.acceptedName(f)}); err != nil {
		return 0, err
	}
	if err := startOver(ctx, tx, l.User, "the account has a password now"); err != nil {
		return 0, err
	}
	if err := proveAddress(ctx, tx, l.User, l.Address); err != nil {
		return 0, err
	}
	return l.User, recordUser(ctx, tx, Actor{ID: l.User}, "accepted", l.User,
		map[string]any{"link": l.Purpose, "address": l.Address.String()})
}

func (l link) acceptedName(f AcceptForm) string {
	if !l.info().NeedsName {
		return ""
	}
	return cleanLine(f.Name, 200)
}

// consumeLink takes a link for good. Of two who press at once, one gets it.
func consumeLink(ctx context.Context, tx pgx.Tx, secret string) (link, error) {
	l, err := openLink(ctx, tx, secret, "for no key update of l")
	if err != nil {
		return link{}, err
	}
	if l.User != 0 { // and the person as of now
		if _, err := lockUser(ctx, tx, l.User); err != nil {
			return link{}, err
		}
		if l, err = openLink(ctx, tx, secret, ""); err != nil {
			return link{}, err
		}
	}
	_, err = tx.Exec(ctx, `update links set consumed_at = now() where secret_hash = $1`, HashSecret(secret))
	return l, err
}

// endSessions ends what a password had opened. Reply tokens are the person's
// address, not their password: they go on.
func endSessions(ctx context.Context, tx pgx.Tx, id UserID) error {
	_, err := tx.Exec(ctx, `
		with moved as (update users set credential_version = credential_version + 1 where id = $1),
		     browsers as (delete from sign_ins where user_id = $1)
		delete from api_tokens where user_id = $1`, id)
	return err
}

// startOver ends all that was begun before: sessions, API tokens, and links, in
// mails that have left and in those that have not.
func startOver(ctx context.Context, tx pgx.Tx, id UserID, why string) error {
	if err := endSessions(ctx, tx, id); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `
		update links set revoked_at = now() where user_id = $1 and consumed_at is null and revoked_at is null`, id); err != nil {
		return err
	}
	return dropLinkMail(ctx, tx, id, why)
}

// setUpOwner makes the first owner. Somebody who has written to the new desk
// before is a customer already, and becomes the owner.
func (d *Desk) setUpOwner(ctx context.Context, tx pgx.Tx, f AcceptForm) (UserID, Address, error) {
	p, err := NewUser{Name: f.Name, Email: f.Email, Role: RoleOwner}.person()
	if err != nil {
		return 0, Address{}, err
	}
	if _, err := lockStaff(ctx, tx, Actor{}); err != nil {
		return 0, Address{}, err
	}
	needed, err := noOwner(ctx, tx)
	if err != nil {
		return 0, Address{}, err
	}
	if !needed {
		return 0, Address{}, refuse(ErrExpired, "This instance has an owner already.")
	}
	if err := lockAddresses(ctx, tx, p.address); err != nil {
		return 0, Address{}, err
	}
	id, err := insertMember(ctx, tx, Actor{}, p)
	var taken Invalid
	if !errors.As(err, &taken) || taken.Owner == 0 {
		return id, p.address, err
	}
	u, err := lockUser(ctx, tx, taken.Owner)
	if err != nil {
		return 0, Address{}, err
	}
	return u.ID, p.address, d.changeRole(ctx, tx, Actor{}, u, RoleOwner)
}

// proveAddress takes an address as the person's own, now that they have shown
// that they read it. Invalid if somebody else has it by now.
func proveAddress(ctx context.Context, tx pgx.Tx, id UserID, address Address) error {
	tag, err := tx.Exec(ctx, `
		insert into addresses (address, user_id, is_primary, verified_at) values ($1, $2, false, now())
		on conflict (address) do update set verified_at = coalesce(addresses.verified_at, now())
		where addresses.user_id = excluded.user_id`, address, id)
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return addressTaken(ctx, tx, address)
	}
	return joinOrganization(ctx, tx, id, address)
}

// acceptAddedAddress gives a person one more address. The account stays as it
// is, and so do its sessions.
func (d *Desk) acceptAddedAddress(ctx context.Context, secret string, l link, f AcceptForm) (actor Actor, credentialVersion int, err error) {
	if _, err := d.checkKnownPassword(ctx, l.User, f.Password, f.Client); err != nil {
		return Actor{}, 0, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if err := lockAddresses(ctx, tx, l.Address); err != nil {
			return err
		}
		if _, err := consumeLink(ctx, tx, secret); err != nil {
			return err
		}
		u, err := userByID(ctx, tx, l.User)
		if err != nil {
			return err
		}
		err = proveAddress(ctx, tx, l.User, l.Address)
		if taken := (Invalid{}); errors.As(err, &taken) { // by its first mail, say
			return refuse(ErrConflict, "The address belongs to another account by now.")
		}
		if err != nil {
			return err
		}
		if !l.Own { // an address of one's own that was not verified is nothing new
			if err := d.tellOfAddresses(ctx, tx, Actor{ID: l.User}, u); err != nil {
				return err
			}
		}
		if err := adoptAddress(ctx, tx, l.User, l.Address); err != nil {
			return err
		}
		err = recordUser(ctx, tx, Actor{ID: l.User}, "address_added", l.User, map[string]any{"address": l.Address.String()})
		if err != nil {
			return err
		}
		actor, credentialVersion, err = loadActor(ctx, tx, l.User)
		return err
	})
	return actor, credentialVersion, err
}

// acceptSignIn lets a person in without a password. The first proof of an address
// ends what others may have begun with it (reliability A32).
func (d *Desk) acceptSignIn(ctx context.Context, secret string) (actor Actor, credentialVersion int, err error) {
	err = d.tx(ctx, func(tx pgx.Tx) error {
		l, err := consumeLink(ctx, tx, secret)
		if err != nil {
			return err
		}
		if l.Proven {
			err = killSignInLinks(ctx, tx, l.User, l.Address)
		} else {
			err = startOver(ctx, tx, l.User, "the address proved itself")
		}
		if err != nil {
			return err
		}
		if err := proveAddress(ctx, tx, l.User, l.Address); err != nil {
			return err
		}
		if !l.Proven {
			err := recordUser(ctx, tx, Actor{ID: l.User}, "accepted", l.User, map[string]any{"link": l.Purpose, "address": l.Address.String()})
			if err != nil {
				return err
			}
		}
		actor, credentialVersion, err = loadActor(ctx, tx, l.User)
		return err
	})
	return actor, credentialVersion, err
}

func killSignInLinks(ctx context.Context, tx pgx.Tx, id UserID, address Address) error {
	if err := killLinks(ctx, tx, LinkSignIn, id, address); err != nil {
		return err
	}
	return dropLinkMail(ctx, tx, id, "signed in by another link", LinkSignIn)
}
