package core

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/jackc/pgx/v5"
)

// An APIToken is what its owner sees of a token: never the token.
type APIToken struct {
	Handle     string // names it among the owner's; opens nothing
	Name       string // what its owner calls it; empty for those that the command made
	CreatedAt  time.Time
	LastUsedAt *time.Time // to within a minute; nil: never
	ExpiresAt  *time.Time // nil: works until it is ended
	Expired    bool
}

const (
	handleBytes     = 8   // of the stored hash tell one's own tokens apart
	maxTokens       = 100 // of one person
	longestTokenAge = 5 * 365
)

const tokensSQL = `
	select encode(substr(secret_hash, 1, $2), 'hex') as handle, name, created_at, last_used_at, expires_at,
		expires_at is not null and expires_at <= now() as expired
	from api_tokens where user_id = $1 order by created_at desc, secret_hash limit $3`

// APITokens gives the actor's own tokens, the newest first.
func (d *Desk) APITokens(ctx context.Context, actor Actor) (_ []APIToken, err error) {
	defer wrap(&err, "tokens")
	if err := actor.Can(DoUsePortal); err != nil {
		return nil, err
	}
	return rows[APIToken](ctx, d.pool, tokensSQL, actor.ID, handleBytes, maxTokens)
}

// APITokensOf gives the tokens of a member of staff, for those who may edit the
// account. ErrNotFound, ErrForbidden.
func (d *Desk) APITokensOf(ctx context.Context, actor Actor, id UserID) (_ []APIToken, err error) {
	defer wrap(&err, "tokens of user %d", id)
	u, err := d.User(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	if err := actor.mayEndTokens(u.Role); err != nil {
		return nil, err
	}
	return rows[APIToken](ctx, d.pool, tokensSQL, id, handleBytes, maxTokens)
}

func (a Actor) mayEndTokens(role Role) error {
	if err := a.Can(DoAdminister); err != nil {
		return err
	}
	return a.MayEdit(role)
}

// A NewToken is a token to make.
type NewToken struct {
	Name string
	Days int // until it expires; 0: never
}

// CreateAPIToken makes a token of the actor's own, shown once: only its hash is
// stored. They are told by mail, so that nobody makes one unseen. Who uses two factors must have given a code in this session lately.
// ErrForbidden, ErrLimit (as many as there may be), Invalid.
func (d *Desk) CreateAPIToken(ctx context.Context, actor Actor, session SessionID, n NewToken) (secret string, err error) {
	defer wrap(&err, "create token")
	if err := actor.Can(DoUsePortal); err != nil {
		return "", err
	}
	if n.Name = cleanLine(n.Name, 100); n.Name == "" {
		return "", Invalid{Field: "name", Code: CodeEmpty, Problem: "A name is needed: what uses the token?"}
	}
	if n.Days < 0 || n.Days > longestTokenAge {
		return "", Invalid{Field: "days", Code: CodeInvalid, Problem: "Between 1 day and 5 years, or nothing."}
	}
	recent, err := d.SecondFactorRecent(ctx, actor, session)
	if err != nil {
		return "", err
	}
	if !recent {
		return "", Invalid{Field: "code", Code: CodeRequired, Problem: "A code of your device is needed."}
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		u, err := lockUser(ctx, tx, actor.ID)
		if err != nil {
			return err
		}
		has, err := value[int](ctx, tx, `select count(*) from api_tokens where user_id = $1`, actor.ID)
		if err != nil {
			return err
		}
		if has >= maxTokens {
			return refuse(ErrConflict, "You have %d tokens. End one first.", has)
		}
		secret = NewSecret()
		if _, err := tx.Exec(ctx, `
			insert into api_tokens (secret_hash, user_id, name, expires_at)
			values ($1, $2, $3, case when $4 > 0 then now() + make_interval(days => $4) end)`, HashSecret(secret), actor.ID, n.Name, n.Days); err != nil {
			return err
		}
		if err := recordUser(ctx, tx, actor, "token_created", actor.ID, map[string]any{"token": n.Name}); err != nil {
			return err
		}
		return d.tellOfSecurity(ctx, tx, actor, u)
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// EndAPIToken ends one of the actor's own tokens. ErrNotFound for any other.
func (d *Desk) EndAPIToken(ctx context.Context, actor Actor, handle string) (err error) {
	defer wrap(&err, "end token")
	if err := actor.Can(DoUsePortal); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error { return endToken(ctx, tx, actor, actor.ID, handle) })
}

// EndAPITokenOf ends a token of a member of staff. ErrNotFound, ErrForbidden.
func (d *Desk) EndAPITokenOf(ctx context.Context, actor Actor, id UserID, handle string) (err error) {
	defer d.attempt(ctx, &err, actor, "end a token of", object("user", id))
	if err := actor.Can(DoAdminister); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		u, err := lockSeen(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if err := actor.mayEndTokens(u.Role); err != nil {
			return err
		}
		return endToken(ctx, tx, actor, id, handle)
	})
}

func endToken(ctx context.Context, tx pgx.Tx, actor Actor, owner UserID, handle string) error {
	start, err := hex.DecodeString(handle)
	if err != nil || len(start) != handleBytes {
		return ErrNotFound
	}
	name, err := value[string](ctx, tx, `
		delete from api_tokens where user_id = $1 and substr(secret_hash, 1, octet_length($2::bytea)) = $2 returning name`, owner, start)
	if err != nil {
		return err
	}
	return recordUser(ctx, tx, actor, "token_ended", owner, map[string]any{"token": name})
}

// WhoUsesTwoFactors tells, of some people, who signs in with two factors.
// ErrForbidden.
func (d *Desk) WhoUsesTwoFactors(ctx context.Context, actor Actor, ids []UserID) (_ map[UserID]bool, err error) {
	defer wrap(&err, "who uses two factors")
	if err := actor.Can(DoAdminister); err != nil {
		return nil, err
	}
	found, err := rows[struct{ UserID UserID }](ctx, d.pool, `
		select user_id from two_factors where user_id = any($1) and confirmed_at is not null`, ids)
	use := map[UserID]bool{}
	for _, f := range found {
		use[f.UserID] = true
	}
	return use, err
}
