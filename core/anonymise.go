package core

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

// DeletedName is what a person is called of whom nothing is left.
const DeletedName = "Deleted user"

// AnonymiseUser deletes a person for good: name, addresses, phone, all that they
// could sign in with, notes and activities about them, their places in CC, and
// their name and addresses wherever the desk has written them down. Conversations,
// messages and raw mails stay: they are the desk's record. The addresses are free
// again. Who was merged into the person goes with them. Admins only, never oneself,
// never the last enabled owner, never above the own role. ErrNotFound,
// ErrForbidden, ErrConflict.
func (d *Desk) AnonymiseUser(ctx context.Context, actor Actor, id UserID) (err error) {
	defer d.attempt(ctx, &err, actor, "delete", object("user", id))
	if err := actor.Can(DoAdminister); err != nil {
		return err
	}
	return d.txUnmoved(ctx, func(tx pgx.Tx) error { return anonymise(ctx, tx, actor, id) })
}

func anonymise(ctx context.Context, tx pgx.Tx, actor Actor, id UserID) error {
	e, err := toErase(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := lockAddresses(ctx, tx, e.addresses...); err != nil {
		return err
	}
	if actor, err = lockStaff(ctx, tx, actor); err != nil {
		return err
	}
	u, err := lockUser(ctx, tx, id)
	if err != nil {
		return err
	}
	now, err := toErase(ctx, tx, id) // as it is with the locks
	if err != nil {
		return err
	}
	if !slices.Equal(now.ids, e.ids) || !slices.Equal(now.addresses, e.addresses) {
		return errMoved
	}
	last, err := lastOwner(ctx, tx, u)
	if err != nil {
		return err
	}
	if err := actor.MayAnonymise(id, u.Role, last); err != nil {
		return err
	}
	if err := e.erase(ctx, tx); err != nil {
		return err
	}
	return recordUser(ctx, tx, actor, "anonymised", id, nil)
}

// An eraser takes a person out of the database.
type eraser struct {
	ids       []UserID  // the person, and who was merged into them
	addresses []Address // sorted
	texts     []string  // the addresses as text
	names     []string  // that the person had, also by their mails
	pattern   string    // finds the addresses in text; matches nothing if there are none
	touched   []int64   // conversations with a trace of the person
}

// toErase finds out who that is.
func toErase(ctx context.Context, tx pgx.Tx, id UserID) (*eraser, error) {
	found, err := rows[struct {
		ID      UserID
		Address Address
	}](ctx, tx, `
		with recursive one (id) as (
			select id from users where id = $1
			union
			select u.id from one join users u on u.merged_into = one.id)
		select one.id, a.address from one left join addresses a on a.user_id = one.id order by one.id, a.address`, id)
	if err != nil {
		return nil, err
	}
	e := &eraser{}
	for _, f := range found {
		if !slices.Contains(e.ids, f.ID) {
			e.ids = append(e.ids, f.ID)
		}
		if !f.Address.IsZero() {
			e.addresses = append(e.addresses, f.Address)
			e.texts = append(e.texts, f.Address.String())
		}
	}
	e.texts, e.pattern = nonNil(e.texts), addressPattern(e.texts)
	return e, nil
}

func (e *eraser) erase(ctx context.Context, tx pgx.Tx) (err error) {
	if err := e.find(ctx, tx); err != nil {
		return err
	}
	for _, id := range e.ids {
		if err := shutAccount(ctx, tx, id); err != nil {
			return err
		}
		if err := leaveDesk(ctx, tx, id); err != nil {
			return err
		}
		if err := leaveStaff(ctx, tx, id); err != nil {
			return err
		}
	}
	for _, step := range e.steps() {
		if _, err := tx.Exec(ctx, step, e.args(step)); err != nil {
			return err
		}
	}
	return nil
}

// find collects the names and the conversations, while they can still be found.
func (e *eraser) find(ctx context.Context, tx pgx.Tx) (err error) {
	e.names, err = value[[]string](ctx, tx, `
		select coalesce(array_agg(distinct name), '{}') from (
			select name from users where id = any($1)
			union select from_name from inbound where from_address = any($2)
			union select split_part(address, '@', 1) from addresses where user_id = any($1)) n
		where name <> ''`, e.ids, e.texts)
	if err != nil {
		return err
	}
	e.touched, err = value[[]int64](ctx, tx, `
		select coalesce(array_agg(distinct id), '{}') from (
			select id from conversations where requester_id = any($1) or assignee_id = any($1)
			union select conversation_id from messages where author_id = any($1)
			union select conversation_id from notes where author_id = any($1)
			union select conversation_id from events where actor_id = any($1)
			union select conversation_id from participants where user_id = any($1)
			union select conversation_id from tokens where user_id = any($1)
			union select conversation_id from deliveries where user_id = any($1) or author_id = any($1)
			union select conversation_id from inbound where from_address = any($2)) c
		where id is not null`, e.ids, e.texts)
	return err
}
