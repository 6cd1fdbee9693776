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

// Room is how many people of a kind there are, and may be.
type Room struct {
	Most    *int // nil: unlimited
	Used    int  // enabled or invited
	Invited int  // of them
}

// Full tells that nobody more fits.
func (r Room) Full() bool { return r.Most != nil && r.Used >= *r.Most }

// Rooms gives the limits of the licence: for collaborators, and for the seats of
// agents, admins and owners. ErrForbidden.
func (d *Desk) Rooms(ctx context.Context, actor Actor) (collaborators, seats Room, err error) {
	defer wrap(&err, "rooms")
	if err := actor.Can(DoAdminister); err != nil {
		return Room{}, Room{}, err
	}
	if collaborators, err = roomOf(ctx, d.pool, RoleCollaborator); err != nil {
		return Room{}, Room{}, err
	}
	seats, err = roomOf(ctx, d.pool, RoleAgent)
	return collaborators, seats, err
}

// roomOf counts those who share a limit with a role of staff.
func roomOf(ctx context.Context, q querier, role Role) (Room, error) {
	most, counted := "max_seats", `role in ('agent', 'admin', 'owner')`
	if role == RoleCollaborator {
		most, counted = "max_collaborators", `role = 'collaborator'`
	}
	return one[Room](ctx, q, `
		select (select `+most+` from instance) as most, count(*) as used, count(*) filter (where not enabled) as invited
		from users where `+counted+` and (enabled or invited_at is not null)`)
}

// makeRoom refuses n more people of a role where the limit says so: ErrLimit.
// Enabled and invited count. Needs lockStaff.
func makeRoom(ctx context.Context, tx pgx.Tx, role Role, n int) error {
	if n == 0 || !role.Staff() {
		return nil
	}
	room, err := roomOf(ctx, tx, role)
	if err != nil || room.Most == nil || room.Used+n <= *room.Most {
		return err
	}
	what, are := "agent seat", "are"
	if role == RoleCollaborator {
		what = "collaborator"
	}
	if *room.Most != 1 {
		what += "s"
	}
	if room.Used == 1 {
		are = "is"
	}
	if room.Full() {
		return refuse(ErrLimit, "The limit of %d %s is reached: %d %s enabled or invited. Disable somebody, or raise the limit.", *room.Most, what, room.Used, are)
	}
	return refuse(ErrLimit, "There is room for %d more, and these are %d: the limit is %d %s, and %d %s enabled or invited.",
		*room.Most-room.Used, n, *room.Most, what, room.Used, are)
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
