package core

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// lockStaff makes everybody who changes how many staff there are wait for each
// other: two admins at once can neither pass a limit nor unmake the last owner.
// It gives the actor as of now, since the one before the wait may be over.
func lockStaff(ctx context.Context, tx pgx.Tx, actor Actor) (Actor, error) {
	if _, err := value[bool](ctx, tx, `select only_row from instance for update`); err != nil {
		return Actor{}, err
	}
	if actor.ID == 0 { // a command, or the set-up link
		return actor, nil
	}
	now, _, err := loadActor(ctx, tx, actor.ID)
	if err != nil || !now.Enabled {
		return Actor{}, ErrForbidden
	}
	return now, nil
}

// makeRoom refuses n more people of a role where the limit says so: ErrLimit.
// Enabled and invited count. Needs lockStaff.
func makeRoom(ctx context.Context, tx pgx.Tx, role Role, n int) error {
	column, counted, what := "max_seats", `role in ('agent', 'admin', 'owner')`, "agent seats"
	switch {
	case n == 0 || !role.Staff():
		return nil
	case role == RoleCollaborator:
		column, counted, what = "max_collaborators", `role = 'collaborator'`, "collaborators"
	}
	room, err := one[struct {
		Most *int
		Used int
	}](ctx, tx, `
		select `+column+` as most,
		       (select count(*) from users where `+counted+` and (enabled or invited_at is not null)) as used
		from instance`)
	if err != nil {
		return err
	}
	if room.Most != nil && room.Used+n > *room.Most {
		return refuse(ErrLimit, "The limit of %d %s is reached: %d are enabled or invited. Disable somebody, or raise the limit.", *room.Most, what, room.Used)
	}
	return nil
}

// sameSeat tells that a change between two roles needs no other place.
func sameSeat(a, b Role) bool { return a.Agent() && b.Agent() || a == b }

// lastOwner tells that nobody but this person is an enabled owner. Needs
// lockStaff.
func lastOwner(ctx context.Context, tx pgx.Tx, u User) (bool, error) {
	if u.Role != RoleOwner || !u.Enabled {
		return false, nil
	}
	return value[bool](ctx, tx, `
		select not exists (select 1 from users where role = 'owner' and enabled and id <> $1)`, u.ID)
}
