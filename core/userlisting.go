package core

// listsUser is seesUser for lists of who does not see all: whom the actor sees is
// gathered once, where seesUser would look for the conversations of each of very
// many people. What is in teams is taken from the indexes of the lists.
const listsUser = `u.id in (
		select @actor::bigint
		union select id from users where role <> 'customer'
		union select c.requester_id from conversations c where c.assignee_id = @actor
		union select c.requester_id from conversations c where c.team_id = any(@teams) and c.merged_into is null and c.trashed_at is null
		union select c.requester_id from conversations c where c.team_id = any(@teams) and c.merged_into is null and c.trashed_at is not null
		union select c.requester_id from conversations c where c.team_id = any(@teams) and c.merged_into is not null
		union select c.requester_id from conversations c join participants p on p.conversation_id = c.id where p.user_id = @actor
		union select c.requester_id from conversations c join notes n on n.conversation_id = c.id join mentions m on m.note_id = n.id where m.user_id = @actor
		union select n.user_id from mentions m join notes n on n.id = m.note_id where m.user_id = @actor and n.user_id is not null
		union select e.user_id from events e where e.kind = 'created' and e.actor_id = @actor and e.user_id is not null)`
