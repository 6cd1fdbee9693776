package core

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// An AuditEntry is one administrative act.
type AuditEntry struct {
	ID        int64
	ActorID   UserID // 0: a command, or a person since deleted
	ActorName string
	Act       string         // "user.disabled"
	Object    string         // "user 7"
	Detail    map[string]any // never a secret
	At        time.Time
}

// AuditTrail lists administrative acts, newest first. ErrForbidden.
func (d *Desk) AuditTrail(ctx context.Context, actor Actor, page Page) (_ []AuditEntry, total int, err error) {
	defer wrap(&err, "audit trail")
	if err := actor.Can(DoAdminister); err != nil {
		return nil, 0, err
	}
	return list[AuditEntry](ctx, d.pool, `
		a.id, coalesce(a.actor_id, 0) as actor_id, coalesce(u.name, '') as actor_name, a.act, a.object, a.detail, a.at`,
		` from audit a left join users u on u.id = a.actor_id`, `a.at desc, a.id desc`, page, pgx.StrictNamedArgs{})
}

// audit writes down who did what. Commands act as the zero Actor.
func audit(ctx context.Context, tx pgx.Tx, actor Actor, act, object string, detail map[string]any) error {
	if detail == nil {
		detail = map[string]any{}
	}
	_, err := tx.Exec(ctx, `
		insert into audit (actor_id, act, object, detail) values (nullif(@actor::bigint, 0), @act, @object, @detail)`,
		pgx.StrictNamedArgs{"actor": actor.ID, "act": act, "object": object, "detail": detail})
	return err
}

// recordUser tells an act on a person twice: in the audit, and in the person's
// journey.
func recordUser(ctx context.Context, tx pgx.Tx, actor Actor, act string, user UserID, detail map[string]any) error {
	if detail == nil {
		detail = map[string]any{}
	}
	_, err := tx.Exec(ctx, `
		insert into events (user_id, kind, actor_id, detail) values (@user, @act, nullif(@actor::bigint, 0), @detail)`,
		pgx.StrictNamedArgs{"user": user, "act": act, "actor": actor.ID, "detail": detail})
	if err != nil {
		return err
	}
	return audit(ctx, tx, actor, "user."+act, fmt.Sprintf("user %d", user), detail)
}

// recordOrganization is recordUser for organizations.
func recordOrganization(ctx context.Context, tx pgx.Tx, actor Actor, act string, id OrganizationID, detail map[string]any) error {
	if detail == nil {
		detail = map[string]any{}
	}
	_, err := tx.Exec(ctx, `
		insert into events (organization_id, kind, actor_id, detail) values (@id, @act, nullif(@actor::bigint, 0), @detail)`,
		pgx.StrictNamedArgs{"id": id, "act": act, "actor": actor.ID, "detail": detail})
	if err != nil {
		return err
	}
	return audit(ctx, tx, actor, "organization."+act, fmt.Sprintf("organization %d", id), detail)
}
