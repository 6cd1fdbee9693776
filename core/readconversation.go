package core

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// sightOf gives the arguments of seesConversation for a conversation @id.
func (a Actor) sightOf(id ConversationID) pgx.StrictNamedArgs {
	args := a.sight()
	args["id"] = id
	return args
}

// personOf is a PersonRef as JSON, of users u with their primary address a.
const (
	personOf = `jsonb_build_object('ID', u.id, 'Name', u.name, 'Address', coalesce(a.address, ''), 'Role', u.role,
		'Enabled', u.enabled, 'Invited', u.invited_at is not null, 'Deleted', u.anonymised_at is not null)`
	theUser = `from users u left join addresses a on a.user_id = u.id and a.is_primary where u.id = `
)

// conversationColumns are those of a Conversation, from conversations c, for a
// reader @actor.
const conversationColumns = `
	c.id, c.subject, c.status, c.priority, c.type, c.tags, c.channel,
	(select ` + personOf + theUser + `c.requester_id) as requester,
	coalesce((select ` + personOf + theUser + `c.assignee_id), '{}') as assignee,
	coalesce((select jsonb_build_object('ID', t.id, 'Title', t.title) from teams t where t.id = c.team_id), '{}') as team,
	(select jsonb_build_object('ID', b.id, 'Address', b.address, 'Name', b.name) from mailboxes b where b.id = c.mailbox_id) as mailbox,
	coalesce((
		select jsonb_agg(jsonb_build_object(
			'ID', coalesce(u.id, 0), 'Name', coalesce(u.name, ''), 'Address', p.address,
			'Role', coalesce(u.role, ''), 'Enabled', coalesce(u.enabled, true),
			'Invited', u.invited_at is not null, 'Via', p.via) order by p.created_at, p.address)
		from participants p left join addresses a on a.address = p.address left join users u on u.id = coalesce(p.user_id, a.user_id)
		where p.conversation_id = c.id), '[]') as participants,
	coalesce((
		select jsonb_agg(jsonb_build_object('Address', s.address, 'Name', s.name, 'NamedBy', s.named_by, 'Verified', s.verified)
			order by s.created_at, s.address)
		from participant_suggestions s where s.conversation_id = c.id), '[]') as suggestions,
	coalesce((
		select jsonb_agg(jsonb_build_object('Conversation', o.id, 'Subject', o.subject, 'Relation', l.relation,
			'Younger', l.other_id = c.id) order by o.id)
		from conversation_links l
		join conversations o on o.id = case when l.conversation_id = c.id then l.other_id else l.conversation_id end
		where c.id in (l.conversation_id, l.other_id) and o.merged_into is distinct from c.id), '[]') as links,
	exists (select from followers f where f.conversation_id = c.id and f.user_id = @actor) as following,
	` + survivorOf + ` as merged_into,
	c.trashed_at is not null as trashed, c.created_at, c.updated_at`

// survivorOf follows merges of merges from conversations c to the survivor; 0 if
// c is none of them.
const survivorOf = `case when c.merged_into is null then 0 else (
	with recursive merged as (
		select id, merged_into from conversations where id = c.merged_into
		union
		select o.id, o.merged_into from conversations o join merged on o.id = merged.merged_into)
	select id from merged where merged_into is null) end`

// Conversation gives one conversation as staff see it. One that was merged is
// still there, and names its survivor. ErrNotFound also without case access.
func (d *Desk) Conversation(ctx context.Context, actor Actor, id ConversationID) (_ Conversation, err error) {
	defer wrap(&err, "conversation %d", id)
	if err := actor.Can(DoView); err != nil {
		return Conversation{}, err
	}
	return one[Conversation](ctx, d.pool, `select `+conversationColumns+`
		from conversations c where c.id = @id and `+seesConversation, actor.sightOf(id))
}
