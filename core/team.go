package core

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// A Team is a group of staff, for assignment and access.
type Team struct {
	ID      TeamID
	Title   string
	Members []UserID
}

// Teams lists all teams by title. ErrForbidden, ErrNotFound for customers.
func (d *Desk) Teams(ctx context.Context, actor Actor) (_ []Team, err error) {
	defer wrap(&err, "teams")
	if err := actor.Can(DoView); err != nil {
		return nil, err
	}
	return rows[Team](ctx, d.pool, `select `+teamColumns+` from teams t order by t.title`)
}

const teamColumns = `t.id, t.title,
	array(select user_id from team_members m where m.team_id = t.id order by user_id) as members`

// Team gives one. ErrNotFound, ErrForbidden.
func (d *Desk) Team(ctx context.Context, actor Actor, id TeamID) (_ Team, err error) {
	defer wrap(&err, "team %d", id)
	if err := actor.Can(DoView); err != nil {
		return Team{}, err
	}
	return teamByID(ctx, d.pool, id)
}

func teamByID(ctx context.Context, q querier, id TeamID) (Team, error) {
	return one[Team](ctx, q, `select `+teamColumns+` from teams t where t.id = $1`, id)
}

// CreateTeam makes a team of staff. Invalid (FIELD_DUPLICATE for a taken title),
// ErrForbidden.
func (d *Desk) CreateTeam(ctx context.Context, actor Actor, title string, members []UserID) (made Team, err error) {
	defer d.attempt(ctx, &err, actor, "create a team", "")
	if title, err = teamTitle(actor, title); err != nil {
		return Team{}, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		id, err := value[TeamID](ctx, tx, `insert into teams (title) values ($1) on conflict do nothing returning id`, title)
		if errors.Is(err, ErrNotFound) {
			return Invalid{Field: "title", Code: CodeDuplicate, Problem: DuplicateProblem}
		}
		if err != nil {
			return err
		}
		made, err = saveTeam(ctx, tx, actor, Team{ID: id}, members, "team.created")
		return err
	})
	return made, err
}

func teamTitle(actor Actor, title string) (string, error) {
	if err := actor.Can(DoAdminister); err != nil {
		return "", err
	}
	if title = cleanLine(title, 100); title == "" {
		return "", Invalid{Field: "title", Code: CodeRequired, Problem: "A title is needed."}
	}
	return title, nil
}

// lockTeam reads a team and keeps others from changing it meanwhile.
func lockTeam(ctx context.Context, tx pgx.Tx, id TeamID) (Team, error) {
	if _, err := value[TeamID](ctx, tx, `select id from teams where id = $1 for no key update`, id); err != nil {
		return Team{}, err
	}
	return teamByID(ctx, tx, id)
}

// saveTeam sets the members, all of them staff, and tells what is another than
// before.
func saveTeam(ctx context.Context, tx pgx.Tx, actor Actor, before Team, members []UserID, act string) (Team, error) {
	if _, err := tx.Exec(ctx, `delete from team_members where team_id = $1 and user_id <> all($2)`, before.ID, nonNil(members)); err != nil {
		return Team{}, err
	}
	missing, err := value[bool](ctx, tx, `
		with staff as (select id from users where id = any(@members) and role <> 'customer' for share), -- nobody loses the role meanwhile
		     made as (insert into team_members (team_id, user_id) select @id, id from staff on conflict do nothing)
		select exists (select 1 from unnest(@members::bigint[]) m where m not in (select id from staff))`,
		pgx.StrictNamedArgs{"id": before.ID, "members": nonNil(members)})
	if err != nil {
		return Team{}, err
	}
	if missing {
		return Team{}, Invalid{Field: "members", Code: CodeInvalid, Problem: "Only staff can be in a team."}
	}
	after, err := teamByID(ctx, tx, before.ID)
	if err != nil {
		return Team{}, err
	}
	detail := changes{}
	detail.note("title", before.Title, after.Title)
	detail.note("members", nonNil(before.Members), nonNil(after.Members))
	if len(detail) == 0 {
		return after, nil
	}
	return after, audit(ctx, tx, actor, act, object("team", after.ID), detail)
}
