package core

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A View is one of the lists of the agent area.
type View string

// The views.
const (
	ViewAll        View = "all"
	ViewMine       View = "mine"       // assigned to me
	ViewTeam       View = "team"       // of my teams
	ViewUnassigned View = "unassigned" // nobody's, or of somebody who was disabled
	ViewTrash      View = "trash"
)

// A ListFilter narrows the list of conversations. The zero filter is all of
// them but the trash, newest activity first.
type ListFilter struct {
	View      View
	Status    Status // empty: any
	Query     string // in subject, people and text; a number finds that conversation
	Requester UserID // 0: anybody's
	Page
}

// A ConversationRow is a line of the list.
type ConversationRow struct {
	Conversation
	Unread   bool // activity since the reader last looked
	Doubtful bool // somebody in it may not be whom they seem (reliability A14)
}

const listedConversations = `
	from conversations c
	where c.merged_into is null
		and (c.trashed_at is not null) = (@view = 'trash')
		and (@view <> 'mine' or c.assignee_id = @actor)
		and (@view <> 'team' or c.team_id in (select team_id from team_members where user_id = @actor))
		and (@view <> 'unassigned' or not ` + assigned + ` and c.status not in ('completed', 'closed'))
		and (@status = '' or c.status = @status)
		and (@requester = 0 or c.requester_id = @requester)
		and ` + seesConversation

// searched is a condition of its own, so that a list without a search does not
// carry it.
const searched = `
		and (c.subject ilike @pattern
			or c.id::text = @number
			or exists (select from users u left join addresses a on a.user_id = u.id
				where u.id = c.requester_id and (u.name ilike @pattern or a.address ilike @pattern))
			or exists (select from participants p left join users u on u.id = p.user_id
				where p.conversation_id = c.id and (p.address ilike @pattern or u.name ilike @pattern))
			or exists (select from messages where conversation_id = c.id and text ilike @pattern)
			or exists (select from notes where conversation_id = c.id and text ilike @pattern))`

// Conversations lists those that the actor may view, newest activity first, and
// tells how many there are in all.
func (d *Desk) Conversations(ctx context.Context, actor Actor, f ListFilter) (conversations []ConversationRow, total int, err error) {
	defer wrap(&err, "conversations")
	if err := actor.Can(DoView); err != nil {
		return nil, 0, err
	}
	if f.Status != "" && !f.Status.Valid() {
		return nil, 0, Invalid{Field: "status", Code: CodeInvalid, Problem: "There is no such status."}
	}
	where := listedConversations
	args := actor.sight()
	args["view"], args["status"], args["requester"] = f.View, f.Status, f.Requester
	if query := strings.TrimSpace(f.Query); query != "" {
		where += searched
		args["pattern"], args["number"] = likePattern(query), strings.TrimPrefix(query, "#")
	}
	columns := conversationColumns + `,
		not exists (select from conversation_reads r
			where r.conversation_id = c.id and r.user_id = @actor and r.read_at >= c.updated_at) as unread,
		exists (select from messages m where m.conversation_id = c.id and m.warnings <> '{}' and array_to_string(m.warnings, chr(10)) ~ '` + imitating + `') as doubtful`
	err = d.read(ctx, func(tx pgx.Tx) error {
		conversations, total, err = list[ConversationRow](ctx, tx, columns, where, `c.updated_at desc, c.id desc`, f.Page, args)
		return err
	})
	return conversations, total, err
}

// MarkRead remembers that the actor has seen the conversation as it is now.
func (d *Desk) MarkRead(ctx context.Context, actor Actor, id ConversationID) (err error) {
	defer wrap(&err, "mark conversation %d read", id)
	if err := actor.Can(DoView); err != nil {
		return err
	}
	tag, err := d.pool.Exec(ctx, `
		insert into conversation_reads (conversation_id, user_id, read_at)
		select c.id, @actor, now() from conversations c where c.id = @id and `+seesConversation+`
		on conflict (conversation_id, user_id) do update set read_at = excluded.read_at`,
		actor.sightOf(id))
	return affected(tag.RowsAffected(), err)
}

// Follow makes the actor hear of what happens in the conversation, or no more.
// Agents and above: collaborators hear by CC and by mention only.
func (d *Desk) Follow(ctx context.Context, actor Actor, id ConversationID, follow bool) (err error) {
	defer wrap(&err, "follow conversation %d", id)
	if err := actor.Can(DoChange); err != nil {
		return err
	}
	sql := `with seen as (select c.id from conversations c where c.id = @id and ` + seesConversation + `), `
	if follow {
		sql += `done as (insert into followers (conversation_id, user_id) select id, @actor from seen on conflict do nothing)`
	} else {
		sql += `done as (delete from followers using seen where conversation_id = seen.id and user_id = @actor)`
	}
	tag, err := d.pool.Exec(ctx, sql+` select id from seen`, actor.sightOf(id))
	return affected(tag.RowsAffected(), err)
}

// affected turns a statement that met no row into ErrNotFound.
func affected(n int64, err error) error {
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}
