package core

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// errSignIn is the one answer for a wrong password, an unknown address, an
// account without a password and a disabled one.
func errSignIn() error {
	return refuse(ErrForbidden, "The address or the password is wrong.")
}

// credentials are what a sign-in is checked against.
type credentials struct {
	User    UserID
	Hash    *string
	Version int
}

// SignIn opens a session: it carries the version, and ends when that moves.
// ErrForbidden, the same and as slow for every reason; ErrRate for a client
// that tries too often; SecondFactorNeeded where the password was right and a code
// comes next.
func (d *Desk) SignIn(ctx context.Context, email, password, client string) (_ Actor, credentialVersion int, err error) {
	defer wrap(&err, "sign in")
	address, _ := ParseAddress(email) // the zero Address is nobody's
	try, err := d.beginTry(ctx, client, accountSubject(address))
	if err != nil {
		return Actor{}, 0, err
	}
	c, err := one[credentials](ctx, d.pool, `
		select u.id as user, u.password_hash as hash, u.credential_version as version from users u join addresses a on a.user_id = u.id
		where a.address = $1 and u.enabled`, address)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Actor{}, 0, err
	}
	right, err := d.passwordMatches(ctx, password, c.Hash)
	if err != nil {
		return Actor{}, 0, err
	}
	if !right {
		return Actor{}, 0, errSignIn()
	}
	actor, version, err := loadActor(ctx, d.pool, c.User)
	if err != nil {
		return Actor{}, 0, err
	}
	if !actor.Enabled || version != c.Version { // since a moment ago
		return Actor{}, 0, errSignIn()
	}
	if err := d.forgive(ctx, try); err != nil {
		return Actor{}, 0, err
	}
	if err := d.orSecondFactor(ctx, actor, version); err != nil {
		return Actor{}, 0, err
	}
	return actor, version, nil
}

// checkKnownPassword asks a person for the password once more, and gives its
// hash. ErrForbidden, ErrRate.
func (d *Desk) checkKnownPassword(ctx context.Context, id UserID, password, client string) (hash *string, err error) {
	c, err := one[struct {
		Hash    *string
		Address Address
	}](ctx, d.pool, `
		select u.password_hash as hash, a.address from users u
		join addresses a on a.user_id = u.id and a.is_primary where u.id = $1`, id)
	if err != nil {
		return nil, err
	}
	try, err := d.beginTry(ctx, client, accountSubject(c.Address))
	if err != nil {
		return nil, err
	}
	right, err := d.passwordMatches(ctx, password, c.Hash)
	if err != nil {
		return nil, err
	}
	if !right {
		return nil, refuse(ErrForbidden, "The password is wrong.")
	}
	return c.Hash, d.forgive(ctx, try)
}

// ChangePassword sets another password. All sessions, API tokens and open links
// end; the caller's own session begins again with the version returned. ErrForbidden
// for a wrong old password, ErrExpired if it was reset meanwhile, ErrRate, Invalid.
func (d *Desk) ChangePassword(ctx context.Context, actor Actor, old, new, client string) (credentialVersion int, err error) {
	defer wrap(&err, "change password")
	if err := actor.Can(DoUsePortal); err != nil {
		return 0, err
	}
	checked, err := d.checkKnownPassword(ctx, actor.ID, old, client)
	if err != nil {
		return 0, err
	}
	hash, err := d.hashPassword(ctx, new)
	if err != nil {
		return 0, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if _, err := lockUser(ctx, tx, actor.ID); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			update users set password_hash = @hash where id = @id and enabled and password_hash = @checked`,
			pgx.StrictNamedArgs{"id": actor.ID, "hash": hash, "checked": checked})
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 { // reset or disabled since the check
			return ErrExpired
		}
		if err := startOver(ctx, tx, actor.ID, "the password changed"); err != nil {
			return err
		}
		if err := recordUser(ctx, tx, actor, "password_changed", actor.ID, nil); err != nil {
			return err
		}
		_, credentialVersion, err = loadActor(ctx, tx, actor.ID)
		return err
	})
	return credentialVersion, err
}
