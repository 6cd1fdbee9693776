package core

// listsUser is seesUser for lists: whom the actor sees is gathered once, where
// seesUser would look for the conversations of each of very many people.
const listsUser = `(@all or u.id = @actor or u.role <> 'customer'
	or u.id in (
		select c.requester_id from conversations c where c.requester_id = @actor
		union all select c.requester_id from conversations c where c.assignee_id = @actor
		union all select c.requester_id from conversations c where c.team_id = any(@teams)
		union all select c.requester_id from conversations c join participants p on p.conversation_id = c.id where p.user_id = @actor
		union all select c.requester_id from conversations c join notes n on n.conversation_id = c.id join mentions m on m.note_id = n.id where m.user_id = @actor
		union all select n.user_id from mentions m join notes n on n.id = m.note_id where m.user_id = @actor and n.user_id is not null
		union all select e.user_id from events e where e.kind = 'created' and e.actor_id = @actor and e.user_id is not null))`
