package core

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// loadActor reads who somebody is as of now, with the version of their
// credentials.
func loadActor(ctx context.Context, q querier, id UserID) (Actor, int, error) {
	return scanActor(q.Query(ctx, `select `+actorColumns+actorTables+` where u.id = $1`, id))
}

const actorColumns = `
	u.id, u.role, u.enabled, u.name, coalesce(a.address, ''), coalesce(u.timezone, i.timezone), u.locale,
	r.may_reply, r.may_merge, r.may_view_suspended, r.may_manage_people, r.may_write_articles,
	r.may_publish_articles, r.may_manage_categories, r.case_access,
	array(select team_id from team_members m where m.user_id = u.id order by team_id), u.credential_version,
	f.user_id is not null, i.staff_two_factor and u.role <> 'customer' and f.user_id is null`

const actorTables = `
	from users u join roles r on r.role = u.role cross join instance i
	left join addresses a on a.user_id = u.id and a.is_primary
	left join two_factors f on f.user_id = u.id and f.confirmed_at is not null`

func scanActor(found pgx.Rows, err error) (a Actor, version int, _ error) {
	if err != nil {
		return Actor{}, 0, err
	}
	_, err = pgx.CollectExactlyOneRow(found, func(row pgx.CollectableRow) (struct{}, error) {
		r := &a.Rights
		return struct{}{}, row.Scan(&a.ID, &a.Role, &a.Enabled, &a.Name, &a.Address, &a.Timezone, &a.Locale,
			&r.Reply, &r.Merge, &r.ViewSuspended, &r.ManagePeople, &r.WriteArticles,
			&r.PublishArticles, &r.ManageCategories, &r.Access, &a.Teams, &version, &a.TwoFactor, &a.Unsecured)
	})
	if err != nil {
		return Actor{}, 0, notFound(err)
	}
	return a, version, nil
}

// ActorByToken is who an API token belongs to. ErrExpired for one that is not,
// or no longer, any.
func (d *Desk) ActorByToken(ctx context.Context, secret string) (_ Actor, err error) {
	defer wrap(&err, "token")
	hash := HashSecret(secret)
	a, _, err := scanActor(d.pool.Query(ctx, `
		select `+actorColumns+actorTables+` join api_tokens t on t.user_id = u.id where t.secret_hash = $1 and (t.expires_at is null or t.expires_at > now())`, hash))
	if errors.Is(err, ErrNotFound) || err == nil && !a.Enabled {
		return Actor{}, ErrExpired
	}
	if err != nil {
		return Actor{}, err
	}
	a.Channel = ChannelAPI
	_, err = d.pool.Exec(ctx, `
		update api_tokens set last_used_at = now()
		where secret_hash = $1 and (last_used_at is null or last_used_at < now() - interval '1 minute')`, hash)
	return a, err
}

// CreateToken is the command's: an API token with the rights of that account.
// Only its hash is stored. ErrNotFound, ErrForbidden for the disabled, Invalid.
func (d *Desk) CreateToken(ctx context.Context, email string) (secret string, err error) {
	defer wrap(&err, "create token")
	address, err := ParseAddress(email)
	if err != nil {
		return "", err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		id, err := value[UserID](ctx, tx, `select user_id from addresses where address = $1`, address)
		if err != nil {
			return err
		}
		u, err := lockUser(ctx, tx, id)
		if err != nil {
			return err
		}
		if !u.Enabled {
			return refuse(ErrForbidden, "%s is disabled.", address)
		}
		secret = NewSecret()
		if _, err := tx.Exec(ctx, `insert into api_tokens (secret_hash, user_id) values ($1, $2)`, HashSecret(secret), id); err != nil {
			return err
		}
		return recordUser(ctx, tx, Actor{}, "token_created", id, nil)
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}
