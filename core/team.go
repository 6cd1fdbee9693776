package core

import (
	"context"
	"errors"
	"fmt"

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

// CreateTeam makes a team of staff. Invalid (FIELD_DUPLICATE for a taken title),
// ErrForbidden.
func (d *Desk) CreateTeam(ctx context.Context, actor Actor, title string, members []UserID) (made Team, err error) {
	defer wrap(&err, "create team")
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
		made, err = saveTeam(ctx, tx, actor, id, title, members, "team.created")
		return err
	})
	return made, err
}

// UpdateTeam gives a team another title and other members. ErrNotFound, Invalid,
// ErrForbidden.
func (d *Desk) UpdateTeam(ctx context.Context, actor Actor, id TeamID, title string, members []UserID) (updated Team, err error) {
	defer wrap(&err, "update team %d", id)
	if title, err = teamTitle(actor, title); err != nil {
		return Team{}, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if _, err := value[TeamID](ctx, tx, `update teams set title = $2 where id = $1 returning id`, id, title); err != nil {
			return err
		}
		updated, err = saveTeam(ctx, tx, actor, id, title, members, "team.updated")
		return err
	})
	return updated, err
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

// saveTeam sets the members; all must be staff.
func saveTeam(ctx context.Context, tx pgx.Tx, actor Actor, id TeamID, title string, members []UserID, act string) (Team, error) {
	if _, err := tx.Exec(ctx, `delete from team_members where team_id = $1 and user_id <> all($2)`, id, nonNil(members)); err != nil {
		return Team{}, err
	}
	missing, err := value[bool](ctx, tx, `
		with staff as (select id from users where id = any(@members) and role <> 'customer' for key share),
		     made as (insert into team_members (team_id, user_id) select @id, id from staff on conflict do nothing)
		select exists (select 1 from unnest(@members::bigint[]) m where m not in (select id from staff))`,
		pgx.StrictNamedArgs{"id": id, "members": nonNil(members)})
	if err != nil {
		return Team{}, err
	}
	if missing {
		return Team{}, Invalid{Field: "members", Code: CodeInvalid, Problem: "Only staff can be in a team."}
	}
	if err := audit(ctx, tx, actor, act, fmt.Sprintf("team %d", id), map[string]any{"title": title, "members": nonNil(members)}); err != nil {
		return Team{}, err
	}
	return one[Team](ctx, tx, `select `+teamColumns+` from teams t where t.id = $1`, id)
}
