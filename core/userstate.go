package core

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// changeRole gives a role, at once. Sessions, API tokens and reply tokens end:
// they were given to somebody with other rights (mail-law section 3). Needs
// lockStaff and MayGrant.
func (d *Desk) changeRole(ctx context.Context, tx pgx.Tx, actor Actor, u User, to Role) error {
	if !sameSeat(u.Role, to) && (u.Enabled || u.InvitedAt != nil) {
		if err := makeRoom(ctx, tx, to, 1); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `update users set role = $2 where id = $1`, u.ID, to); err != nil {
		return err
	}
	if err := endCredentials(ctx, tx, u.ID); err != nil {
		return err
	}
	if err := d.renewLinks(ctx, tx, actor, u, to); err != nil {
		return err
	}
	if err := readdress(ctx, tx, u.ID, to); err != nil {
		return err
	}
	if u.Role.Agent() && !to.Agent() {
		if err := leaveDesk(ctx, tx, u.ID); err != nil {
			return err
		}
	}
	if u.Role.Staff() && !to.Staff() {
		if err := leaveStaff(ctx, tx, u.ID); err != nil {
			return err
		}
		if err := joinOrganization(ctx, tx, u.ID, u.Primary()); err != nil {
			return err
		}
	}
	return recordUser(ctx, tx, actor, "role", u.ID, map[string]any{"from": u.Role, "to": to})
}

// endCredentials ends sessions, API tokens and reply tokens.
func endCredentials(ctx context.Context, tx pgx.Tx, id UserID) error {
	_, err := tx.Exec(ctx, `
		with moved as (update users set credential_version = credential_version + 1 where id = @id),
		     browsers as (delete from sign_ins where user_id = @id),
		     forgotten as (delete from api_tokens where user_id = @id)
		update tokens set revoked_at = now()
		where revoked_at is null
		  and (user_id = @id or address in (select address from addresses where user_id = @id))`,
		pgx.StrictNamedArgs{"id": id})
	return err
}

// renewLinks kills the links of somebody who rises: a link that may have been
// read by people who could grant the old role must not open an account with the
// new one. Who has no password yet is asked again.
func (d *Desk) renewLinks(ctx context.Context, tx pgx.Tx, actor Actor, u User, to Role) error {
	if to.Rank() <= max(u.Role.Rank(), RoleCollaborator.Rank()) {
		return nil
	}
	alive, err := value[int](ctx, tx, `
		with dead as (update links set revoked_at = now()
		              where user_id = @id and consumed_at is null and revoked_at is null and expires_at > now() returning 1),
		     waiting as (select 1 from deliveries where user_id = @id and link_purpose is not null and state in ('queued', 'held'))
		select (select count(*) from dead) + (select count(*) from waiting)`, pgx.StrictNamedArgs{"id": u.ID})
	if err != nil {
		return err
	}
	if err := dropLinkMail(ctx, tx, u.ID, "the role changed"); err != nil || alive == 0 || u.HasPassword {
		return err
	}
	purpose := PurposeVerify
	if u.InvitedAt != nil {
		purpose = PurposeInvite
	}
	_, err = d.enqueueAccountMail(ctx, tx, u.ID, u.Primary(), purpose, actor.ID)
	return err
}

// dropLinkMail fails the account mails that have not left, with a link of these
// purposes or of any: their link is dead, or must never be made. An
// acknowledgement goes out all the same, without a link if it is not composed yet.
func dropLinkMail(ctx context.Context, tx pgx.Tx, id UserID, why string, purposes ...LinkPurpose) error {
	if len(purposes) == 0 {
		purposes = []LinkPurpose{LinkVerify, LinkInvite, LinkReset, LinkSignIn}
	}
	_, err := tx.Exec(ctx, `
		with plain as (
			update deliveries set link_purpose = null
			where user_id = @id and link_purpose = any(@purposes) and purpose = 'acknowledgement'
			  and composed_at is null and state in ('queued', 'held'))
		update deliveries set state = 'failed', failed_at = now(), last_response = @why, bytes = null
		where user_id = @id and link_purpose = any(@purposes) and purpose <> 'acknowledgement' and state in ('queued', 'held')`,
		pgx.StrictNamedArgs{"id": id, "why": why, "purposes": purposes})
	return err
}

// readdress lets mail that waits follow the new role: who is no agent any more
// gets no notice, a customer no copy and no mention mail; who has become staff
// reads what was for a customer in CC as the safe copy (mail-law section 4).
func readdress(ctx context.Context, tx pgx.Tx, id UserID, to Role) error {
	_, err := tx.Exec(ctx, `
		with safe as (
			update deliveries d set purpose = 'copy' from conversations c
			where d.user_id = @id and @staff and c.id = d.conversation_id and c.requester_id <> @id
			  and d.purpose = 'reply' and d.composed_at is null and d.state in ('queued', 'held'))
		update deliveries set state = 'failed', failed_at = now(), last_response = 'The role of the recipient changed before this mail was sent.'
		where user_id = @id and state in ('queued', 'held')
		  and (purpose = 'staff_notice' and not @agent or purpose in ('copy', 'mention') and not @staff)`,
		pgx.StrictNamedArgs{"id": id, "agent": to.Agent(), "staff": to.Staff()})
	return err
}

// leaveDesk takes away what only those who answer customers have.
func leaveDesk(ctx context.Context, tx pgx.Tx, id UserID) error {
	_, err := tx.Exec(ctx, `
		with unassigned as (update conversations set assignee_id = null where assignee_id = @id)
		delete from followers where user_id = @id`, pgx.StrictNamedArgs{"id": id})
	return err
}

// leaveStaff removes the person from every conversation in which staff put them,
// except as requester (mail-law section 2), and from the teams.
func leaveStaff(ctx context.Context, tx pgx.Tx, id UserID) error {
	_, err := tx.Exec(ctx, `
		with put as (delete from participants where by_staff
		             and (user_id = @id or address in (select address from addresses where user_id = @id))),
		     following as (delete from followers where user_id = @id),
		     unsent as (delete from drafts where user_id = @id)
		delete from team_members where user_id = @id`, pgx.StrictNamedArgs{"id": id})
	return err
}

// DisableUser shuts an account without removing it: sessions, API tokens, links
// and reply tokens die, mail to the person stops. For an invitee it revokes the
// invite. ErrNotFound, ErrForbidden (oneself too), ErrConflict (last owner).
func (d *Desk) DisableUser(ctx context.Context, actor Actor, id UserID) (err error) {
	defer d.attempt(ctx, &err, actor, "disable", object("user", id))
	if err := actor.Can(DoManagePeople); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		actor, err := lockStaff(ctx, tx, actor)
		if err != nil {
			return err
		}
		u, err := lockSeen(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		last, err := lastOwner(ctx, tx, u)
		if err != nil {
			return err
		}
		if err := actor.MayDisable(id, u.Role, last); err != nil {
			return err
		}
		if !u.Enabled && u.InvitedAt == nil {
			return nil
		}
		if err := shutAccount(ctx, tx, id); err != nil {
			return err
		}
		return recordUser(ctx, tx, actor, "disabled", id, nil)
	})
}

func shutAccount(ctx context.Context, tx pgx.Tx, id UserID) error {
	if err := endCredentials(ctx, tx, id); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `
		with shut as (update users set enabled = false, invited_at = null where id = @id),
		     unlinked as (update links set revoked_at = now() where user_id = @id and consumed_at is null and revoked_at is null)
		update deliveries set state = 'failed', failed_at = now(), last_response = 'the recipient was disabled',
		       bytes = case when link_purpose is null then bytes end
		where (user_id = @id or recipient in (select address from addresses where user_id = @id)) and state in ('queued', 'held')`,
		pgx.StrictNamedArgs{"id": id})
	return err
}

// EnableUser opens an account, or lets an invitee in without waiting for the
// answer. ErrNotFound, ErrForbidden, ErrLimit.
func (d *Desk) EnableUser(ctx context.Context, actor Actor, id UserID) (err error) {
	defer d.attempt(ctx, &err, actor, "enable", object("user", id))
	if err := actor.Can(DoManagePeople); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		actor, err := lockStaff(ctx, tx, actor)
		if err != nil {
			return err
		}
		u, err := lockSeen(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if err := actor.MayEdit(u.Role); err != nil || u.Enabled {
			return err
		}
		if u.InvitedAt == nil {
			if err := makeRoom(ctx, tx, u.Role, 1); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `update users set enabled = true, invited_at = null where id = $1`, id); err != nil {
			return err
		}
		return recordUser(ctx, tx, actor, "enabled", id, nil)
	})
}
