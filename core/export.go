package core

import (
	"context"
	"maps"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"
)

// Exports: lists as a whole, for spreadsheets. They are read in batches by id, so
// that neither their length nor a slow reader holds memory or a connection, and
// are written down in the audit before their first row leaves.

// An ExportedConversation is a conversation without a word of what was said in it:
// an export leaves the house, and notes never do.
type ExportedConversation struct {
	ID               ConversationID
	Subject          string
	Status           Status
	Priority         string
	Type             string
	Tags             []string
	Channel          Channel
	RequesterName    string
	RequesterAddress Address
	Organization     string // the requester's; empty: none
	AssigneeName     string // empty: nobody
	TeamTitle        string // empty: none
	Messages         int    // public ones; notes are not even counted
	CreatedAt        time.Time
	UpdatedAt        time.Time // last activity
}

// exportBatch is how many rows are in memory at once.
const exportBatch = 500

// ExportConversations gives all conversations that the filter leaves, newest
// first; the filter's page counts for nothing. For admins: ErrForbidden. An error
// of give ends it.
func (d *Desk) ExportConversations(ctx context.Context, actor Actor, f ListFilter, give func(ExportedConversation) error) (err error) {
	defer d.attempt(ctx, &err, actor, "export.conversations", "")
	if f.Status != "" && !f.Status.Valid() {
		return Invalid{Field: "status", Code: CodeInvalid, Problem: "There is no such status."}
	}
	args := pgx.StrictNamedArgs{"view": f.View, "status": f.Status, "requester": f.Requester, "actor": actor.ID}
	err = d.beginExport(ctx, actor, "conversations", map[string]any{"view": f.View, "status": f.Status, "requester": f.Requester})
	if err != nil {
		return err
	}
	return inBatches(ctx, d, exportedConversations, args, func(c ExportedConversation) int64 { return int64(c.ID) }, give)
}

const exportedConversations = `
	select c.id, c.subject, c.status, c.priority, c.type, c.tags, c.channel, r.name as requester_name,
		coalesce((select address from addresses where user_id = r.id and is_primary), '') as requester_address,
		coalesce(o.name, '') as organization, coalesce(g.name, '') as assignee_name, coalesce(t.title, '') as team_title,
		(select count(*) from messages m where m.conversation_id = c.id) as messages, c.created_at, c.updated_at
	from conversations c
	join users r on r.id = c.requester_id
	left join organizations o on o.id = r.organization_id
	left join users g on g.id = c.assignee_id
	left join teams t on t.id = c.team_id
	where c.merged_into is null and (c.trashed_at is not null) = (@view = 'trash')
		and (@view <> 'mine' or c.assignee_id = @actor)
		and (@view <> 'team' or c.team_id in (select team_id from team_members where user_id = @actor))
		and (@view <> 'unassigned' or not ` + assigned + ` and c.status not in ('completed', 'closed'))
		and (@status = '' or c.status = @status)
		and (@requester = 0 or c.requester_id = @requester)
		and c.id < @before
	order by c.id desc limit @batch`

// ExportUsers gives all people that the filter leaves, newest first; the filter's
// page counts for nothing. For admins: ErrForbidden. An error of give ends it.
func (d *Desk) ExportUsers(ctx context.Context, actor Actor, f UserFilter, give func(User) error) (err error) {
	defer d.attempt(ctx, &err, actor, "export.users", "")
	err = d.beginExport(ctx, actor, "users", map[string]any{"role": f.Role, "email": f.Email, "query": f.Query, "enabled": f.Enabled, "organization": f.Organization})
	if err != nil {
		return err
	}
	where, args := f.where(actor)
	if where == "" {
		return nil
	}
	sql := `select ` + userColumns + where + ` and u.id < @before order by u.id desc limit @batch`
	return inBatches(ctx, d, sql, args, func(u User) int64 { return int64(u.ID) }, give)
}

// ExportAudit gives all administrative acts that the filter leaves, newest first,
// itself included; the filter's page counts for nothing. For admins: ErrForbidden.
// An error of give ends it.
func (d *Desk) ExportAudit(ctx context.Context, actor Actor, f AuditFilter, give func(AuditEntry) error) (err error) {
	defer d.attempt(ctx, &err, actor, "export.audit", "")
	if err := d.beginExport(ctx, actor, "audit", map[string]any{"act": f.Act, "object": f.Object, "actor": f.Actor}); err != nil {
		return err
	}
	where, args := f.conditions()
	if where == "" {
		where = ` where true`
	}
	sql := `select ` + auditColumns + ` from audit t` + where + ` and t.id < @before order by t.id desc limit @batch`
	return inBatches(ctx, d, sql, args, func(e AuditEntry) int64 { return e.ID }, give)
}

// beginExport asks whether the actor may, and writes down that it was done, with
// the parts of the filter that say anything.
func (d *Desk) beginExport(ctx context.Context, actor Actor, what string, filter map[string]any) error {
	if err := actor.Can(DoAdminister); err != nil {
		return err
	}
	maps.DeleteFunc(filter, func(_ string, v any) bool { return reflect.ValueOf(v).IsZero() })
	return d.tx(ctx, func(tx pgx.Tx) error { return audit(ctx, tx, actor, "export."+what, "", filter) })
}

// inBatches reads rows by falling id until there are no more.
func inBatches[T any](ctx context.Context, d *Desk, sql string, args pgx.StrictNamedArgs, id func(T) int64, give func(T) error) error {
	args["before"], args["batch"] = int64(1)<<62, exportBatch
	for {
		batch, err := rows[T](ctx, d.pool, sql, args)
		if err != nil {
			return err
		}
		for _, row := range batch {
			if err := give(row); err != nil {
				return err
			}
			args["before"] = id(row)
		}
		if len(batch) < exportBatch {
			return nil
		}
	}
}
