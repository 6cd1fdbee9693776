package core

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// The audit's writing half: every administrative act leaves one entry, in the
// transaction that does it, and never a secret.

// object names what an act is done to, as the audit keeps it: "user 7".
func object[T ~int64](kind string, id T) string { return fmt.Sprintf("%s %d", kind, id) }

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
	return audit(ctx, tx, actor, "user."+act, object("user", user), detail)
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
	return audit(ctx, tx, actor, "organization."+act, object("organization", id), detail)
}

// changes are what an act changed, by field: {"phone": {"from": "1", "to": "2"}}.
// What stays as it was is left out.
type changes map[string]any

func (c changes) note(field string, from, to any) {
	if !reflect.DeepEqual(from, to) {
		c[field] = map[string]any{"from": from, "to": to}
	}
}

// refusalsAnHour is how many refused acts of one person are written down in an
// hour: nobody floods the table.
const refusalsAnHour = 20

// attempt is wrap for administrative acts. It also writes down that somebody was
// refused one (reliability A38): after the act's own transaction, which is undone.
func (d *Desk) attempt(ctx context.Context, err *error, actor Actor, act, object string) {
	wrap(err, "%s", strings.TrimSpace(act+" "+object))
	if !errors.Is(*err, ErrForbidden) || actor.ID == 0 {
		return
	}
	detail := map[string]any{"act": act}
	var said Refusal
	if errors.As(*err, &said) {
		detail["why"] = said.Problem
	}
	// Who hangs up at once is written down all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, failed := d.pool.Exec(ctx, `
		insert into audit (actor_id, act, object, detail) select @actor, 'refused', @object, @detail
		where (select count(*) from audit where actor_id = @actor and act = 'refused' and at > now() - interval '1 hour' and at < now() + interval '5 minutes') < @most`,
		pgx.StrictNamedArgs{"actor": actor.ID, "object": object, "detail": detail, "most": refusalsAnHour})
	if failed != nil {
		d.log.ErrorContext(ctx, "refused act not written down", "act", act, "object", object, "user", actor.ID, "error", failed)
	}
}
