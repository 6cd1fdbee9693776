package core

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// SessionLifetime is how long a browser stays signed in.
const SessionLifetime = 14 * 24 * time.Hour

// SessionID names one sign-in. It is no secret: the browser's cookie is.
type SessionID int64

// A Session is a browser in which somebody is signed in.
type Session struct {
	ID        SessionID
	Client    string // network address at the sign-in
	Browser   string // what the browser calls itself
	CreatedAt time.Time
	SeenAt    time.Time // to within five minutes
}

// BeginSession writes a sign-in down, with the version that the credentials had
// when they were checked. ErrExpired if they changed, or the person was disabled,
// since then; or if a code is owed, which was never given.
func (d *Desk) BeginSession(ctx context.Context, actor Actor, credentialVersion int, client, browser string) (_ SessionID, err error) {
	defer wrap(&err, "begin session of user %d", actor.ID)
	id, err := value[SessionID](ctx, d.pool, `
		insert into sign_ins (user_id, credential_version, client, browser, second_factor_at)
		select id, credential_version, @client, @browser, case when @twice then now() end from users
		where id = @id and enabled and credential_version = @version and (@twice or `+oneFactor+`) returning id`,
		pgx.StrictNamedArgs{"id": actor.ID, "twice": actor.provenTwice, "version": credentialVersion, "client": cleanLine(client, 100), "browser": cleanLine(browser, 300)})
	if errors.Is(err, ErrNotFound) {
		return 0, ErrExpired
	}
	return id, err
}

// oneFactor: the person signs in without codes.
const oneFactor = `not exists (select from two_factors t where t.user_id = users.id and t.confirmed_at is not null)`

// ActorOf is who a session belongs to, as of now. ErrExpired once it was ended,
// the person disabled, or the version of their credentials moved: by a change of
// role or password; and for a session of one factor once the person has two.
func (d *Desk) ActorOf(ctx context.Context, id SessionID) (_ Actor, err error) {
	defer wrap(&err, "session %d", id)
	a, _, err := scanActor(d.pool.Query(ctx, `
		with seen as (update sign_ins set seen_at = now() where id = $1 and seen_at < now() - interval '5 minutes')
		select `+actorColumns+actorTables+`
		join sign_ins s on s.user_id = u.id and s.credential_version = u.credential_version
		where s.id = $1 and s.created_at > now() - $2::interval and u.enabled
		and (s.second_factor_at is not null or f.user_id is null)`, id, SessionLifetime))
	if errors.Is(err, ErrNotFound) {
		return Actor{}, ErrExpired
	}
	a.provenTwice = a.TwoFactor
	return a, err
}

// Sessions gives the actor's own sessions, the last seen first.
func (d *Desk) Sessions(ctx context.Context, actor Actor) (_ []Session, err error) {
	defer wrap(&err, "sessions")
	if err := actor.Can(DoUsePortal); err != nil {
		return nil, err
	}
	return rows[Session](ctx, d.pool, `
		select s.id, s.client, s.browser, s.created_at, s.seen_at
		from sign_ins s join users u on u.id = s.user_id and u.credential_version = s.credential_version
		where u.id = $1 and s.created_at > now() - $2::interval
		order by s.seen_at desc, s.id desc limit 100`, actor.ID, SessionLifetime)
}

// EndSession ends one of the actor's own sessions. ErrNotFound for any other.
func (d *Desk) EndSession(ctx context.Context, actor Actor, id SessionID) (err error) {
	defer wrap(&err, "end session %d", id)
	return d.endOwn(ctx, actor, `delete from sign_ins where user_id = $1 and id = $2`, id)
}

// EndOtherSessions ends all of the actor's own sessions but the current one.
func (d *Desk) EndOtherSessions(ctx context.Context, actor Actor, current SessionID) (err error) {
	defer wrap(&err, "end other sessions")
	if err := actor.Can(DoUsePortal); err != nil {
		return err
	}
	_, err = d.pool.Exec(ctx, `delete from sign_ins where user_id = $1 and id <> $2`, actor.ID, current)
	return err
}

func (d *Desk) endOwn(ctx context.Context, actor Actor, sql string, which any) error {
	if err := actor.Can(DoUsePortal); err != nil {
		return err
	}
	tag, err := d.pool.Exec(ctx, sql, actor.ID, which)
	if err == nil && tag.RowsAffected() == 0 {
		return ErrNotFound
	}
	return err
}
