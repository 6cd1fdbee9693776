package core

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// An AuditEntry is one administrative act, or that somebody was refused one.
type AuditEntry struct {
	ID         int64
	Actor      PersonRef         // ID 0: a command
	Act        string            // "user.disabled"; "refused", with the act in Detail
	Object     string            // "user 7"; "role agent"; "settings"; may be empty
	ObjectName string            // what it is called now; empty for what is gone or has no name
	Person     PersonRef         // the object, if it is a user
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
	t.id, coalesce((select ` + personOf + theUser + `t.actor_id), '{}') as actor, t.act, t.object, t.detail, t.at,
	coalesce((select ` + personOf + theUser + `substring(t.object from '^user ([0-9]{1,18})$')::bigint), '{}') as person,
	coalesce(case when t.object ~ '^[a-z]+ [0-9]{1,18}$' then (
		with o as (select split_part(t.object, ' ', 2)::bigint as id)
		select case split_part(t.object, ' ', 1)
			when 'organization' then (select name from organizations where id = o.id)
			when 'conversation' then (select subject from conversations where id = o.id)
			when 'team' then (select title from teams where id = o.id)
			when 'mailbox' then (select address from mailboxes where id = o.id)
			when 'mail' then (select coalesce(nullif(subject, ''), from_address) from inbound where id = o.id)
			when 'article' then (select title from articles where id = o.id)
			when 'section' then (select title from sections where id = o.id)
			when 'category' then (select title from categories where id = o.id)
			when 'proposal' then (select b.title from article_proposals p join articles b on b.id = p.article_id where p.id = o.id)
			when 'delivery' then (select coalesce(nullif(subject, ''), recipient) from deliveries where id = o.id)
		end from o) end, '') as object_name,
	coalesce((select jsonb_object_agg(m.id, m.name) from users m
	          where m.id in (select jsonb_path_query(t.detail, 'lax $.members.*[*] ? (@.type() == "number")')::bigint)), '{}') as people`

// AuditTrail lists administrative acts, newest first, and counts all that the
// filter leaves. ErrForbidden.
func (d *Desk) AuditTrail(ctx context.Context, actor Actor, f AuditFilter) (_ []AuditEntry, total int, err error) {
	defer wrap(&err, "audit trail")
	if err := actor.Can(DoAdminister); err != nil {
		return nil, 0, err
	}
	conditions, args := f.conditions()
	where := ` from audit t` + conditions
	var found []AuditEntry
	err = d.read(ctx, func(tx pgx.Tx) error {
		found, total, err = list[AuditEntry](ctx, tx, auditColumns, where, `t.at desc, t.id desc`, f.Page, args)
		return err
	})
	return found, total, err
}

// conditions names only what is filtered: each has its index.
func (f AuditFilter) conditions() (where string, args pgx.StrictNamedArgs) {
	var all []string
	args = pgx.StrictNamedArgs{}
	f.Act, f.Object = cleanLine(f.Act, 100), cleanLine(f.Object, maxAddress)
	only := func(given bool, condition, name string, v any) {
		if given {
			all = append(all, condition)
			args[name] = v
		}
	}
	if f.Command {
		all = append(all, `t.actor_id is null`)
	}
	family, _, whole := strings.Cut(f.Act, ".")
	only(f.Actor != 0, `t.actor_id = @actor`, "actor", f.Actor)
	only(f.Act != "", `split_part(t.act, '.', 1) = @family`, "family", family)
	only(whole, `t.act = @act`, "act", f.Act)
	only(f.Object != "", `t.object = @object`, "object", f.Object)
	only(!f.Since.IsZero(), `t.at >= @since`, "since", f.Since)
	only(!f.Until.IsZero(), `t.at < @until`, "until", f.Until)
	if len(all) == 0 {
		return "", args
	}
	return ` where ` + strings.Join(all, ` and `), args
}
