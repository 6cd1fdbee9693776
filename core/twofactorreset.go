package core

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// ResetTwoFactor takes the second factor from somebody who lost it, as addresses
// are added: only below the own role, since who reads the person's mail gets in
// with that. Their sessions end, and they are told. ErrNotFound, ErrForbidden,
// ErrConflict where it is off.
func (d *Desk) ResetTwoFactor(ctx context.Context, actor Actor, id UserID) (err error) {
	defer d.attempt(ctx, &err, actor, "reset the two-factor sign-in of", object("user", id))
	if err := actor.Can(DoAdminister); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		u, err := lockSeen(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if u.Role.Rank() >= actor.Role.Rank() {
			return refuse(ErrForbidden, "The two-factor sign-in can be reset only of people below your own role. On the server, postdesk user two-factor-reset does it for anybody.")
		}
		return d.resetTwoFactor(ctx, tx, actor, u)
	})
}

// ResetTwoFactorOf is the command's: for whoever is locked out, the owner too.
// ErrNotFound for an unknown address, ErrConflict where it is off.
func (d *Desk) ResetTwoFactorOf(ctx context.Context, email string) (err error) {
	defer wrap(&err, "reset two-factor")
	address, err := ParseAddress(email)
	if err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		id, err := value[UserID](ctx, tx, `select user_id from addresses where address = $1`, address)
		if err != nil {
			return err
		}
		u, err := lockUser(ctx, tx, id)
		if err != nil {
			return err
		}
		return d.resetTwoFactor(ctx, tx, Actor{}, u)
	})
}

func (d *Desk) resetTwoFactor(ctx context.Context, tx pgx.Tx, actor Actor, u User) error {
	on, err := value[bool](ctx, tx, `select exists (select from two_factors where user_id = $1 and confirmed_at is not null)`, u.ID)
	if err != nil {
		return err
	}
	if !on {
		return refuse(ErrConflict, "This person does not use two-factor sign-in.")
	}
	if err := dropTwoFactor(ctx, tx, u.ID); err != nil {
		return err
	}
	// API tokens stay: they are no sign-in, and each can be ended on its own.
	if _, err := tx.Exec(ctx, `
		with moved as (update users set credential_version = credential_version + 1 where id = $1)
		delete from sign_ins where user_id = $1`, u.ID); err != nil {
		return err
	}
	return d.recordTwoFactor(ctx, tx, actor, u, "two_factor_reset")
}

// recordTwoFactor writes a change down and tells the person by mail. Nothing of
// secret or codes is in either.
func (d *Desk) recordTwoFactor(ctx context.Context, tx pgx.Tx, actor Actor, u User, act string) error {
	if err := recordUser(ctx, tx, actor, act, u.ID, nil); err != nil {
		return err
	}
	return d.tellOfSecurity(ctx, tx, actor, u)
}

// tellOfSecurity tells a person what happened to the protection of their account,
// so that nobody changes it unseen. What it was stands in the journey.
func (d *Desk) tellOfSecurity(ctx context.Context, tx pgx.Tx, actor Actor, u User) error {
	if u.Primary().IsZero() || !u.Enabled {
		return nil
	}
	mailbox, err := value[MailboxID](ctx, tx, `select id from mailboxes order by id limit 1`)
	if err != nil {
		return err
	}
	d.enqueue(tx, mailing{purpose: PurposeVerify, notice: NoticeSecurity, to: u.Primary(), user: u.ID, mailbox: mailbox, author: actor.ID})
	return nil
}

// securityTold says what a mail about the security of an account is about: what had
// happened when it was written.
func securityTold(ctx context.Context, tx pgx.Tx, r outgoingRow) (string, error) {
	say := r.Language.Say
	words := map[string]string{
		"two_factor_on":    say("Two-factor sign-in was turned on. Other browsers were signed out."),
		"two_factor_off":   say("Two-factor sign-in was turned off: your password alone signs in."),
		"two_factor_reset": say("Two-factor sign-in was reset by {who}: your password alone signs in until you set it up again.", "who", resetBy(r)),
		"two_factor_wrong": say("Somebody entered your password and then many wrong codes."),
		"token_created":    say("An API token was made: a program that has it acts for you until you end it."),
		"backup_codes":     say("New backup codes were made. The old ones work no more."),
	}
	kinds := slices.Collect(maps.Keys(words))
	kind, err := value[string](ctx, tx, `
		select coalesce((select kind from events where user_id = $1 and kind = any($2) and created_at <= $3 order by id desc limit 1), '')`,
		r.UserID, kinds, r.CreatedAt)
	if words[kind] == "" {
		return say("It was changed."), err
	}
	return words[kind], err
}

func resetBy(r outgoingRow) string {
	if r.AuthorID == 0 || r.AuthorName == "" {
		return r.Language.Say("an administrator of the server")
	}
	return MaskAddresses(r.AuthorName)
}
