package core

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// Two-factor sign-in: behaviour.md section 8. A secret that the person's device
// holds makes codes; backup codes stand in for the device, each once. This file
// turns it on and off, secondfactor.go asks for a code at the sign-in.

// setUpTime is how long a secret waits for its first code.
const setUpTime = 30 * time.Minute

// A TwoFactor is what a person sees of their own second factor: never the secret.
type TwoFactor struct {
	On          bool
	Since       *time.Time
	CodesLeft   int  // backup codes that were not used
	HasPassword bool // without one there is no first factor to add to
	Required    bool // for staff of this instance
	UserRole    Role
}

// Few tells that new backup codes should be made.
func (t TwoFactor) Few() bool { return t.On && t.CodesLeft <= 3 }

// Must tells that the person cannot turn it off.
func (t TwoFactor) Must() bool { return t.Required && t.UserRole.Staff() }

// An Enrolment is what a device is set up with. It is shown to its owner alone,
// and only until the first code proves that the device has it.
type Enrolment struct {
	Secret string // base32, as people type it
	URL    string // for the QR code
}

// TwoFactor tells how the actor signs in.
func (d *Desk) TwoFactor(ctx context.Context, actor Actor) (_ TwoFactor, err error) {
	defer wrap(&err, "two-factor")
	if err := actor.Can(DoUsePortal); err != nil {
		return TwoFactor{}, err
	}
	return one[TwoFactor](ctx, d.pool, `
		select f.confirmed_at is not null as on, f.confirmed_at as since, u.password_hash is not null as has_password,
			(select count(*) from backup_codes b where b.user_id = u.id and b.used_at is null) as codes_left,
			i.staff_two_factor as required, u.role as user_role
		from instance i, users u left join two_factors f on f.user_id = u.id where u.id = $1`, actor.ID)
}

// BeginTwoFactor makes the secret for a device, in place of one that waits.
// ErrForbidden for a wrong password, ErrConflict where it is on already or there
// is no password, ErrRate.
func (d *Desk) BeginTwoFactor(ctx context.Context, actor Actor, password, client string) (_ Enrolment, err error) {
	defer wrap(&err, "begin two-factor")
	if err := actor.Can(DoUsePortal); err != nil {
		return Enrolment{}, err
	}
	if err := d.confirmPassword(ctx, actor, password, client); err != nil {
		return Enrolment{}, err
	}
	secret := newTOTPSecret()
	stored, err := d.wrapKey(secret)
	if err != nil {
		return Enrolment{}, err
	}
	tag, err := d.pool.Exec(ctx, `
		insert into two_factors (user_id, secret, wrapped) values ($1, $2, $3)
		on conflict (user_id) do update set secret = excluded.secret, wrapped = excluded.wrapped, last_step = 0, created_at = now()
		where two_factors.confirmed_at is null`, actor.ID, stored, d.cfg.Secret != "")
	if err != nil {
		return Enrolment{}, err
	}
	if tag.RowsAffected() == 0 {
		return Enrolment{}, refuse(ErrConflict, "Two-factor sign-in is on already.")
	}
	return d.enrolment(ctx, actor, secret)
}

// EnrolmentAgain shows a waiting secret once more, to whoever has seen it: after a
// wrong code. ErrExpired for every other.
func (d *Desk) EnrolmentAgain(ctx context.Context, actor Actor, seen string) (_ Enrolment, err error) {
	defer wrap(&err, "enrolment")
	f, err := d.factorOf(ctx, d.pool, actor.ID, "")
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Enrolment{}, err
	}
	if err != nil || !f.waits() || secretText.EncodeToString(f.plain) != seen {
		return Enrolment{}, errSetUpAgain()
	}
	return d.enrolment(ctx, actor, f.plain)
}

func errSetUpAgain() error {
	return refuse(ErrExpired, "That took too long, or was begun elsewhere. Begin the set-up again.")
}

func (d *Desk) enrolment(ctx context.Context, actor Actor, secret []byte) (Enrolment, error) {
	name, err := value[string](ctx, d.pool, `select name from instance`)
	return Enrolment{Secret: secretText.EncodeToString(secret), URL: otpauth(name, actor.Address, secret)}, err
}

// A factor is a row of two_factors.
type factor struct {
	Secret      []byte
	Wrapped     bool
	LastStep    int64
	CreatedAt   time.Time
	ConfirmedAt *time.Time
	Now         time.Time
	plain       []byte
}

func (f factor) waits() bool { return f.ConfirmedAt == nil && f.Now.Sub(f.CreatedAt) < setUpTime }

// factorOf reads the second factor of a person, locked if the suffix says so.
// ErrNotFound.
func (d *Desk) factorOf(ctx context.Context, q querier, id UserID, lock string) (f factor, err error) {
	if f, err = one[factor](ctx, q, `
		select secret, wrapped, last_step, created_at, confirmed_at, now() as now from two_factors where user_id = $1 `+lock, id); err != nil {
		return f, err
	}
	f.plain, err = d.unwrapKey(f.Secret, f.Wrapped)
	return f, err
}

// ConfirmTwoFactor turns it on with the first code of the device, and gives the
// backup codes: they are never shown again. All other sessions end. ErrForbidden
// for a wrong code, ErrExpired, ErrConflict, ErrRate.
func (d *Desk) ConfirmTwoFactor(ctx context.Context, actor Actor, session SessionID, code, client string) (codes []string, err error) {
	defer wrap(&err, "confirm two-factor")
	if err := actor.Can(DoUsePortal); err != nil {
		return nil, err
	}
	t, _, err := d.countTry(ctx, client, codeSubject(actor.ID))
	if err != nil {
		return nil, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		codes = nil
		u, err := lockUser(ctx, tx, actor.ID)
		if err != nil {
			return err
		}
		f, err := d.factorOf(ctx, tx, actor.ID, "for update")
		switch {
		case errors.Is(err, ErrNotFound):
			return errSetUpAgain()
		case err != nil:
			return err
		case f.ConfirmedAt != nil:
			return refuse(ErrConflict, "Two-factor sign-in is on already.")
		case !f.waits():
			return errSetUpAgain()
		}
		step, ok, err := totpMatch(f.plain, plainCode(code), time.Now(), f.LastStep)
		if err != nil {
			return err
		}
		if !ok {
			return errCode()
		}
		if _, err := tx.Exec(ctx, `
			with others as (delete from sign_ins where user_id = $1 and id <> $3),
			     this as (update sign_ins set second_factor_at = now() where user_id = $1 and id = $3),
			     waiting as (delete from pending_sign_ins where user_id = $1)
			update two_factors set confirmed_at = now(), last_step = $2 where user_id = $1`, actor.ID, step, session); err != nil {
			return err
		}
		if codes, err = renewCodes(ctx, tx, actor.ID); err != nil {
			return err
		}
		return d.recordTwoFactor(ctx, tx, actor, u, "two_factor_on")
	})
	if err != nil {
		return nil, err
	}
	return codes, d.forgive(ctx, t)
}

// renewCodes makes backup codes in place of all that there were.
func renewCodes(ctx context.Context, tx pgx.Tx, id UserID) (codes []string, err error) {
	hashes := make([][]byte, backupCodes)
	for i := range backupCodes {
		codes = append(codes, newBackupCode())
		hashes[i] = HashSecret(plainCode(codes[i]))
	}
	if _, err := tx.Exec(ctx, `delete from backup_codes where user_id = $1`, id); err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, `insert into backup_codes (user_id, code_hash) select $1, unnest($2::bytea[])`, id, hashes)
	return codes, err
}

// NewBackupCodes makes backup codes in place of the old ones. It takes password
// and code. ErrForbidden, ErrConflict where two-factor is off, ErrRate.
func (d *Desk) NewBackupCodes(ctx context.Context, actor Actor, password, code, client string) (codes []string, err error) {
	defer wrap(&err, "backup codes")
	err = d.withBothFactors(ctx, actor, password, code, client, func(tx pgx.Tx, u User) (err error) {
		if codes, err = renewCodes(ctx, tx, actor.ID); err != nil {
			return err
		}
		return d.recordTwoFactor(ctx, tx, actor, u, "backup_codes")
	})
	return codes, err
}

// TurnOffTwoFactor takes password and code. ErrForbidden, ErrConflict where it is
// off or staff must use it, ErrRate.
func (d *Desk) TurnOffTwoFactor(ctx context.Context, actor Actor, password, code, client string) (err error) {
	defer wrap(&err, "turn off two-factor")
	return d.withBothFactors(ctx, actor, password, code, client, func(tx pgx.Tx, u User) error {
		must, err := value[bool](ctx, tx, `select staff_two_factor from instance`)
		if err != nil {
			return err
		}
		if must && u.Role.Staff() {
			return refuse(ErrConflict, "Staff of this help desk must use two-factor sign-in.")
		}
		if err := dropTwoFactor(ctx, tx, u.ID); err != nil {
			return err
		}
		return d.recordTwoFactor(ctx, tx, actor, u, "two_factor_off")
	})
}

func dropTwoFactor(ctx context.Context, tx pgx.Tx, id UserID) error {
	_, err := tx.Exec(ctx, `
		with waiting as (delete from pending_sign_ins where user_id = $1)
		delete from two_factors where user_id = $1`, id)
	return err
}

// confirmPassword asks for the password once more.
func (d *Desk) confirmPassword(ctx context.Context, actor Actor, password, client string) error {
	has, err := value[bool](ctx, d.pool, `select password_hash is not null from users where id = $1`, actor.ID)
	if err != nil {
		return err
	}
	if !has {
		return refuse(ErrConflict, "Set a password first: two factors need a first one.")
	}
	_, err = d.checkKnownPassword(ctx, actor.ID, password, client)
	if errors.Is(err, ErrForbidden) {
		return Invalid{Field: "password", Code: CodeInvalid, Problem: "The password is wrong."}
	}
	return err
}

// withBothFactors does something that whoever found an open session must not.
func (d *Desk) withBothFactors(ctx context.Context, actor Actor, password, code, client string, do func(tx pgx.Tx, u User) error) error {
	if err := actor.Can(DoUsePortal); err != nil {
		return err
	}
	if !actor.TwoFactor {
		return refuse(ErrConflict, "Two-factor sign-in is off.")
	}
	if err := d.confirmPassword(ctx, actor, password, client); err != nil {
		return err
	}
	if _, err := d.takeCode(ctx, actor.ID, code, client); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		u, err := lockUser(ctx, tx, actor.ID)
		if err != nil {
			return err
		}
		return do(tx, u)
	})
}
