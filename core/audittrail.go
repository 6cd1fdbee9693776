package core

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// An AuditEntry is one administrative act, or that somebody was refused one.
type AuditEntry struct {
	ID        int64
	ActorID   UserID // 0: a command
	ActorName string
	Act       string // "user.disabled"; "refused", with the act in Detail
	Object    string // "user 7"; "role agent"; "settings"; may be empty
	// ObjectName is what the object is called now, empty for what is gone or has
	// no name.
	ObjectName string
	Detail     map[string]any    // changed fields as {"from", "to"}; never a secret
	People     map[string]string // the names of the users whose ids stand in Detail
	At         time.Time
}

// An AuditFilter narrows the trail. Empty fields filter nothing.
type AuditFilter struct {
	Actor   UserID
	Command bool      // only what commands did
	Act     string    // "user.disabled", or "user" for all acts on users
	Object  string    // "user 7"
	Since   time.Time // from then on
	Until   time.Time // before then
	Page    Page
}

const auditColumns = `
	a.id, coalesce(a.actor_id, 0) as actor_id, coalesce(u.name, '') as actor_name, a.act, a.object, a.detail, a.at,
	coalesce(case when a.object ~ '^[a-z]+ [0-9]{1,18}$' then (
		with o as (select split_part(a.object, ' ', 2)::bigint as id)
		select case split_part(a.object, ' ', 1)
			when 'user' then (select name from users where id = o.id)
			when 'organization' then (select name from organizations where id = o.id)
			when 'team' then (select title from teams where id = o.id)
			when 'mailbox' then (select address from mailboxes where id = o.id)
			when 'mail' then (select coalesce(nullif(subject, ''), from_address) from inbound where id = o.id)
			when 'delivery' then (select coalesce(nullif(subject, ''), recipient) from deliveries where id = o.id)
		end from o) end, '') as object_name,
	coalesce((select jsonb_object_agg(m.id, m.name) from users m
	          where m.id in (select jsonb_path_query(a.detail, 'lax $.members.*[*] ? (@.type() == "number")')::bigint)), '{}') as people`

// AuditTrail lists administrative acts, newest first, and counts all that the
// filter leaves. ErrForbidden.
func (d *Desk) AuditTrail(ctx context.Context, actor Actor, f AuditFilter) (_ []AuditEntry, total int, err error) {
	defer wrap(&err, "audit trail")
	if err := actor.Can(DoAdminister); err != nil {
		return nil, 0, err
	}
	conditions, args := f.conditions()
	where := ` from audit a left join users u on u.id = a.actor_id` + conditions
	var found []AuditEntry
	err = d.read(ctx, func(tx pgx.Tx) error {
		found, total, err = list[AuditEntry](ctx, tx, auditColumns, where, `a.at desc, a.id desc`, f.Page, args)
		return err
	})
	return found, total, err
}

// conditions names only what is filtered: each has its index.
func (f AuditFilter) conditions() (where string, args pgx.StrictNamedArgs) {
	var all []string
	args = pgx.StrictNamedArgs{}
	only := func(given bool, condition, name string, v any) {
		if given {
			all = append(all, condition)
			args[name] = v
		}
	}
	if f.Command {
		all = append(all, `a.actor_id is null`)
	}
	family, _, whole := strings.Cut(f.Act, ".")
	only(f.Actor != 0, `a.actor_id = @actor`, "actor", f.Actor)
	only(f.Act != "", `split_part(a.act, '.', 1) = @family`, "family", family)
	only(whole, `a.act = @act`, "act", f.Act)
	only(f.Object != "", `a.object = @object`, "object", f.Object)
	only(!f.Since.IsZero(), `a.at >= @since`, "since", f.Since)
	only(!f.Until.IsZero(), `a.at < @until`, "until", f.Until)
	if len(all) == 0 {
		return "", args
	}
	return ` where ` + strings.Join(all, ` and `), args
}
