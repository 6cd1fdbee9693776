package core

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Which notices each agent wants by mail. All, unless they say otherwise. What has
// to be told has no choice: a mention, what became of one's own mail, and changes
// to one's own account.

// Notifications are what an agent is mailed of.
type Notifications struct {
	Assigned   bool // a customer wrote in a conversation that is theirs
	Unassigned bool // in one of their team that is nobody's; admins and owners: in any that no team attends to
	Followed   bool // in one that they follow, or are in CC of
	Notes      bool // somebody noted in any of those
}

// NotificationChanges are new choices; nil leaves one as it is.
type NotificationChanges struct{ Assigned, Unassigned, Followed, Notes *bool }

// wants is the condition that u wants a kind of notice. The kinds are our own
// words, never input.
func wants(kind string) string { return `not '` + kind + `' = any(u.notices_off)` }

// unassignedWanted is wants for a statement that is put together once.
const unassignedWanted = `not 'unassigned' = any(u.notices_off)`

func notificationsOf(off []string) Notifications {
	on := func(kind string) bool { return !slices.Contains(off, kind) }
	return Notifications{on("assigned"), on("unassigned"), on("followed"), on("notes")}
}

// off is how choices are stored.
func (n Notifications) off() []string {
	off := []string{}
	for kind, on := range map[string]bool{"assigned": n.Assigned, "unassigned": n.Unassigned, "followed": n.Followed, "notes": n.Notes} {
		if !on {
			off = append(off, kind)
		}
	}
	slices.Sort(off)
	return off
}

func (n Notifications) with(c NotificationChanges) Notifications {
	for into, to := range map[*bool]*bool{&n.Assigned: c.Assigned, &n.Unassigned: c.Unassigned, &n.Followed: c.Followed, &n.Notes: c.Notes} {
		if to != nil {
			*into = *to
		}
	}
	return n
}

// Notifications gives the actor's own choices. ErrForbidden for all but agents,
// who alone get notices.
func (d *Desk) Notifications(ctx context.Context, actor Actor) (_ Notifications, err error) {
	defer wrap(&err, "notifications")
	if err := actor.mayChooseNotices(); err != nil {
		return Notifications{}, err
	}
	off, err := value[[]string](ctx, d.pool, `select notices_off from users where id = $1`, actor.ID)
	return notificationsOf(off), err
}

// SetNotifications changes the actor's own choices. ErrForbidden.
func (d *Desk) SetNotifications(ctx context.Context, actor Actor, c NotificationChanges) (after Notifications, err error) {
	defer wrap(&err, "set notifications")
	if err := actor.mayChooseNotices(); err != nil {
		return Notifications{}, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		off, err := value[[]string](ctx, tx, `select notices_off from users where id = $1 for no key update`, actor.ID)
		if err != nil {
			return err
		}
		before := notificationsOf(off)
		if after = before.with(c); after == before {
			return nil
		}
		_, err = tx.Exec(ctx, `update users set notices_off = $2 where id = $1`, actor.ID, after.off())
		return err
	})
	return after, err
}

func (a Actor) mayChooseNotices() error {
	if err := a.Can(DoUsePortal); err != nil {
		return err
	}
	if !a.Role.Agent() {
		return ErrForbidden
	}
	return nil
}
