package core

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// The second step of a sign-in. Password or link came first; what they opened is
// a pending sign-in, which can do nothing but take a code.

const (
	pendingTime   = 10 * time.Minute
	maxWrongCodes = 5  // in one pending sign-in; then it begins again
	maxCodesHour  = 60 // of the device, on one account; beyond, only backup codes are taken
	wrongToTell   = 10 // wrong codes in an hour that the person is told of
	recentFactor  = 15 * time.Minute
)

// A SecondFactorNeeded is the error of a sign-in that was right so far: the person
// uses two factors and still owes the code. Nothing is open until GiveCode.
type SecondFactorNeeded struct {
	Pending string // secret; for the session of this browser alone
}

// Error never holds the secret.
func (SecondFactorNeeded) Error() string { return "a code is needed" }

func errCode() error { return refuse(ErrForbidden, "The code is wrong, or was used already.") }

func codeSubject(id UserID) string { return fmt.Sprintf("code %d", id) }

// orSecondFactor lets the sign-in go on for people with one factor.
func (d *Desk) orSecondFactor(ctx context.Context, actor Actor, version int) error {
	if !actor.TwoFactor {
		return nil
	}
	secret := NewSecret()
	_, err := d.pool.Exec(ctx, `
		with old as (delete from pending_sign_ins where user_id = $2 and created_at < now() - $4::interval)
		insert into pending_sign_ins (secret_hash, user_id, credential_version) values ($1, $2, $3)`,
		HashSecret(secret), actor.ID, version, pendingTime)
	if err != nil {
		return err
	}
	return SecondFactorNeeded{Pending: secret}
}

// A CodeTaken tells how a code was right.
type CodeTaken struct {
	Backup bool // it was a backup code
	Left   int  // backup codes that are left
}

// GiveCode ends a pending sign-in with a code of the device or a backup code, each
// of which is taken once. Who it gives can begin a session. ErrForbidden for a
// wrong code, ErrExpired where the sign-in has to begin again, ErrRate.
func (d *Desk) GiveCode(ctx context.Context, pending, code, client string) (actor Actor, credentialVersion int, taken CodeTaken, err error) {
	defer wrap(&err, "second factor")
	hash := HashSecret(pending)
	owner, err := value[UserID](ctx, d.pool, `
		update pending_sign_ins p set tries = tries + 1 from users u
		where p.secret_hash = $1 and p.created_at > now() - $2::interval and p.tries < $3
		  and u.id = p.user_id and u.enabled and u.credential_version = p.credential_version
		returning p.user_id`, hash, pendingTime, maxWrongCodes)
	if errors.Is(err, ErrNotFound) {
		return Actor{}, 0, taken, refuse(ErrExpired, "Sign in again: that took too long, or too many codes were wrong.")
	}
	if err != nil {
		return Actor{}, 0, taken, err
	}
	if taken, err = d.takeCode(ctx, owner, code, client); err != nil {
		return Actor{}, 0, taken, err
	}
	// Of two who press at once, one gets it.
	version, err := value[int](ctx, d.pool, `delete from pending_sign_ins where secret_hash = $1 returning credential_version`, hash)
	if errors.Is(err, ErrNotFound) {
		return Actor{}, 0, taken, ErrExpired
	}
	if err != nil {
		return Actor{}, 0, taken, err
	}
	if actor, credentialVersion, err = loadActor(ctx, d.pool, owner); err != nil {
		return Actor{}, 0, taken, err
	}
	if !actor.Enabled || credentialVersion != version {
		return Actor{}, 0, taken, ErrExpired
	}
	actor.provenTwice = true
	return actor, credentialVersion, taken, nil
}

// Pending tells whether a pending sign-in still takes a code. ErrExpired.
func (d *Desk) Pending(ctx context.Context, pending string) (err error) {
	defer wrap(&err, "pending sign-in")
	alive, err := value[bool](ctx, d.pool, `
		select exists (select from pending_sign_ins p join users u on u.id = p.user_id and u.enabled and u.credential_version = p.credential_version
			where p.secret_hash = $1 and p.created_at > now() - $2::interval and p.tries < $3)`, HashSecret(pending), pendingTime, maxWrongCodes)
	if err == nil && !alive {
		return ErrExpired
	}
	return err
}

// RenewSecondFactor takes a code in a session that is open already, for what needs
// a recent one. ErrForbidden, ErrRate.
func (d *Desk) RenewSecondFactor(ctx context.Context, actor Actor, session SessionID, code, client string) (err error) {
	defer wrap(&err, "second factor")
	if err := actor.Can(DoUsePortal); err != nil {
		return err
	}
	if _, err := d.takeCode(ctx, actor.ID, code, client); err != nil {
		return err
	}
	_, err = d.pool.Exec(ctx, `update sign_ins set second_factor_at = now() where id = $1 and user_id = $2`, session, actor.ID)
	return err
}

// SecondFactorRecent tells whether a code was given in this session lately; true
// for people with one factor.
func (d *Desk) SecondFactorRecent(ctx context.Context, actor Actor, session SessionID) (_ bool, err error) {
	defer wrap(&err, "second factor")
	if !actor.TwoFactor {
		return true, nil
	}
	return value[bool](ctx, d.pool, `
		select exists (select from sign_ins where id = $1 and user_id = $2 and second_factor_at > now() - $3::interval)`,
		session, actor.ID, recentFactor)
}

// takeCode uses a code up. Tries wait and are never locked out (reliability S8):
// who can be kept from the codes of the device has backup codes, which nobody
// guesses.
func (d *Desk) takeCode(ctx context.Context, id UserID, code, client string) (taken CodeTaken, err error) {
	t, failed, err := d.countTry(ctx, client, codeSubject(id))
	if err != nil {
		return taken, err
	}
	plain := plainCode(code)
	if failed > maxCodesHour && !isBackupCode(plain) {
		return taken, tooMany(time.Hour, "Too many wrong codes. Use a backup code, or wait an hour.")
	}
	right := false
	err = d.tx(ctx, func(tx pgx.Tx) error {
		right, err = d.useCode(ctx, tx, id, plain)
		if err != nil || !right {
			return err
		}
		taken.Backup = isBackupCode(plain)
		taken.Left, err = value[int](ctx, tx, `select count(*) from backup_codes where user_id = $1 and used_at is null`, id)
		if err != nil || !taken.Backup {
			return err
		}
		return recordUser(ctx, tx, Actor{ID: id}, "backup_code_used", id, map[string]any{"left": taken.Left})
	})
	if err != nil {
		return taken, err
	}
	if right {
		return taken, d.forgive(ctx, t)
	}
	if failed == wrongToTell {
		if err := d.tellOfWrongCodes(ctx, id); err != nil {
			return taken, err
		}
	}
	return taken, errCode()
}

// useCode tells whether the code is right, and makes it none for the next.
func (d *Desk) useCode(ctx context.Context, tx pgx.Tx, id UserID, plain string) (bool, error) {
	f, err := d.factorOf(ctx, tx, id, "for update")
	if errors.Is(err, ErrNotFound) || err == nil && f.ConfirmedAt == nil {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if isBackupCode(plain) {
		tag, err := tx.Exec(ctx, `
			update backup_codes set used_at = now() where user_id = $1 and code_hash = $2 and used_at is null`, id, HashSecret(plain))
		return tag.RowsAffected() == 1, err
	}
	step, ok, err := totpMatch(f.plain, plain, time.Now(), f.LastStep)
	if err != nil || !ok {
		return false, err
	}
	_, err = tx.Exec(ctx, `update two_factors set last_step = $2 where user_id = $1`, id, step)
	return true, err
}

// tellOfWrongCodes: whoever gives wrong codes knows the password.
func (d *Desk) tellOfWrongCodes(ctx context.Context, id UserID) error {
	return d.tx(ctx, func(tx pgx.Tx) error {
		u, err := lockUser(ctx, tx, id)
		if err != nil {
			return err
		}
		return d.recordTwoFactor(ctx, tx, Actor{ID: id}, u, "two_factor_wrong")
	})
}
