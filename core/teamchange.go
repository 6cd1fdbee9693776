package core

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// TeamChanges are what becomes another in a team. Whom they do not name stays as
// they are: two admins at once undo nothing of each other's.
type TeamChanges struct {
	Title  *string
	Add    []UserID
	Remove []UserID
}

// ChangeTeam changes a title, and takes people of staff in and out. ErrNotFound,
// Invalid (FIELD_DUPLICATE for a taken title), ErrForbidden.
func (d *Desk) ChangeTeam(ctx context.Context, actor Actor, id TeamID, c TeamChanges) (changed Team, err error) {
	defer d.attempt(ctx, &err, actor, "update", object("team", id))
	if err := actor.Can(DoAdminister); err != nil {
		return Team{}, err
	}
	if c.Title != nil {
		title, err := teamTitle(actor, *c.Title)
		if err != nil {
			return Team{}, err
		}
		c.Title = &title
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		before, err := lockTeam(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `update teams set title = coalesce($2, title) where id = $1`, id, c.Title); err != nil {
			return err
		}
		members := slices.DeleteFunc(slices.Clone(before.Members), func(m UserID) bool { return slices.Contains(c.Remove, m) })
		changed, err = saveTeam(ctx, tx, actor, before, append(members, c.Add...), "team.updated")
		return err
	})
	return changed, err
}

// DeleteTeam takes a team away and gives the number of its conversations: they
// stay, and belong to no team. ErrNotFound, ErrForbidden.
func (d *Desk) DeleteTeam(ctx context.Context, actor Actor, id TeamID) (conversations int, err error) {
	defer d.attempt(ctx, &err, actor, "delete", object("team", id))
	if err := actor.Can(DoAdminister); err != nil {
		return 0, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if err := stillActs(ctx, tx, actor); err != nil {
			return err
		}
		t, err := lockTeam(ctx, tx, id)
		if err != nil {
			return err
		}
		if conversations, err = conversationsOf(ctx, tx, id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `delete from teams where id = $1`, id); err != nil {
			return err
		}
		return audit(ctx, tx, actor, "team.deleted", object("team", id),
			map[string]any{"title": t.Title, "members": nonNil(t.Members), "conversations": conversations})
	})
	return conversations, err
}

// TeamConversations counts what would lose its team. ErrForbidden.
func (d *Desk) TeamConversations(ctx context.Context, actor Actor, id TeamID) (n int, err error) {
	defer wrap(&err, "conversations of team %d", id)
	if err := actor.Can(DoAdminister); err != nil {
		return 0, err
	}
	return conversationsOf(ctx, d.pool, id)
}

func conversationsOf(ctx context.Context, q querier, id TeamID) (int, error) {
	return value[int](ctx, q, `select count(*) from conversations where team_id = $1`, id)
}

// A Colleague is somebody of the staff, to be picked.
type Colleague struct {
	ID      UserID
	Name    string
	Address Address
}

// mostColleagues bounds a list to pick from.
const mostColleagues = 1000

// Colleagues gives the enabled and invited staff by name, to be picked from.
// ErrForbidden, ErrNotFound for customers.
func (d *Desk) Colleagues(ctx context.Context, actor Actor) (_ []Colleague, err error) {
	defer wrap(&err, "colleagues")
	if err := actor.Can(DoView); err != nil {
		return nil, err
	}
	return rows[Colleague](ctx, d.pool, `
		select u.id, u.name, a.address from users u join addresses a on a.user_id = u.id and a.is_primary
		where u.role <> 'customer' and (u.enabled or u.invited_at is not null)
		order by lower(u.name), u.id limit $1`, mostColleagues)
}

// StaffNamed finds the people of staff that words name: an address, or a full
// name in any letter case. An Invalid of "add" tells the word that names nobody,
// a customer, or more than one. ErrForbidden.
func (d *Desk) StaffNamed(ctx context.Context, actor Actor, words []string) (ids []UserID, err error) {
	defer wrap(&err, "staff named")
	if err := actor.Can(DoAdminister); err != nil {
		return nil, err
	}
	for _, word := range words {
		if word = cleanLine(word, 300); word == "" {
			continue
		}
		id, err := d.staffNamed(ctx, word)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (d *Desk) staffNamed(ctx context.Context, word string) (UserID, error) {
	address, _ := ParseAddress(word) // the zero Address is nobody's
	found, err := rows[struct {
		ID    UserID
		Staff bool
	}](ctx, d.pool, `
		select u.id, u.role <> 'customer' as staff from users u
		where exists (select 1 from addresses a where a.user_id = u.id and a.address = $2)
		   or u.role <> 'customer' and lower(u.name) = lower($1) and u.anonymised_at is null and u.merged_into is null`,
		word, address)
	wrong := func(problem string) error {
		return Invalid{Field: "add", Code: CodeInvalid, Problem: fmt.Sprintf(problem, strings.TrimSpace(word))}
	}
	switch {
	case err != nil:
		return 0, err
	case len(found) == 0:
		return 0, wrong("Nobody of the staff is called %s, or has that address.")
	case len(found) > 1:
		return 0, wrong("More than one is called %s: type the address.")
	case !found[0].Staff:
		return 0, wrong("%s is a customer: only staff can be in a team.")
	}
	return found[0].ID, nil
}
