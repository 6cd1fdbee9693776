package core

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
)

// MayRaise checks that the actor gives somebody who has an account already a
// role of staff, as an invite would have: upwards only, and never to the
// disabled. As MayGrant besides; ErrConflict says what stands against it.
func (a Actor) MayRaise(u User, to Role) error {
	switch {
	case !to.Staff():
		return Invalid{Field: "role", Code: CodeInvalid, Problem: "Customers are not invited: they write, or are created."}
	case !u.Enabled && u.InvitedAt == nil:
		return refuse(ErrConflict, "%s is disabled: enable first.", u.Name)
	case to.Rank() <= u.Role.Rank():
		return refuse(ErrConflict, "%s is %s %s already.", u.Name, u.Role.article(), u.Role)
	}
	return a.MayGrant(u.ID, u.Role, to, false)
}

func (r Role) article() string {
	if r == RoleAgent || r == RoleAdmin || r == RoleOwner {
		return "an"
	}
	return "a"
}

// GiveRoleInstead is the answer to an invite whose address somebody has already:
// that person gets the role, and the teams besides those they are in. Upwards
// only. ErrForbidden, ErrLimit, Invalid, ErrConflict for the disabled, for who
// has such a role already, and once nobody has the address any more.
func (d *Desk) GiveRoleInstead(ctx context.Context, actor Actor, i Invitee) (raised User, err error) {
	defer d.attempt(ctx, &err, actor, "give a role instead of an invite", "")
	if err := actor.Can(DoAdminister); err != nil {
		return User{}, err
	}
	p, err := i.person(actor)
	if err != nil {
		return User{}, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		actor, err := lockStaff(ctx, tx, actor)
		if err != nil {
			return err
		}
		u, err := userWithAddress(ctx, tx, p.address)
		if errors.Is(err, ErrNotFound) {
			return refuse(ErrConflict, "Nobody has %s any more: save the invite again.", p.address)
		}
		if err != nil {
			return err
		}
		if err := actor.MayRaise(u, p.role); err != nil {
			return err
		}
		if err := d.changeRole(ctx, tx, actor, u, p.role); err != nil {
			return err
		}
		if err := joinTeams(ctx, tx, u, p.teams); err != nil {
			return err
		}
		if raised, err = userByID(ctx, tx, u.ID); err != nil {
			return err
		}
		return recordChanges(ctx, tx, actor, u, raised)
	})
	return raised, err
}

// userWithAddress locks the person who has an address. ErrNotFound.
func userWithAddress(ctx context.Context, tx pgx.Tx, address Address) (User, error) {
	id, err := value[UserID](ctx, tx, `select user_id from addresses where address = $1`, address)
	if err != nil {
		return User{}, err
	}
	u, err := lockUser(ctx, tx, id)
	if own, _ := u.has(address); err == nil && !own { // taken away before the lock
		return User{}, ErrNotFound
	}
	return u, err
}

// joinTeams adds teams to those that a person is in.
func joinTeams(ctx context.Context, tx pgx.Tx, u User, more []TeamID) error {
	all := slices.Clone(more)
	for _, t := range u.Teams {
		all = append(all, t.ID)
	}
	return setTeams(ctx, tx, u.ID, all)
}
