package core

import (
	"context"
	"errors"
	"time"
)

// A RequesterCard is who asks in a conversation, for staff beside it.
type RequesterCard struct {
	User
	Known         bool // the reader may look at the person's page
	Suppressed    string
	Conversations int // others of theirs that the reader may view
	Open          int // of those
	Others        []CardConversation
	Notes         int // on the person
	Latest        []CardNote
}

// A CardConversation is a line of the card: what is not done with first, then the
// newest.
type CardConversation struct {
	ID        ConversationID
	Subject   string
	Status    Status
	UpdatedAt time.Time
}

// A CardNote is a note on the person.
type CardNote struct {
	ID        NoteID
	Author    PersonRef
	Text      string
	CreatedAt time.Time
}

// RequesterCard gives the card of a conversation's requester. It asks the database
// twice. ErrNotFound also without case access.
func (d *Desk) RequesterCard(ctx context.Context, actor Actor, id ConversationID) (card RequesterCard, err error) {
	defer wrap(&err, "requester card of conversation %d", id)
	if err := actor.Can(DoView); err != nil {
		return card, err
	}
	about, err := one[struct {
		Requester           UserID
		Suppressed          string
		Conversations, Open int
		Others              []CardConversation
		Notes               int
		Latest              []CardNote
	}](ctx, d.pool, `
		with here as (select c.requester_id as id from conversations c where c.id = @id and `+seesConversation+`),
		others as materialized (
			select c.id, c.subject, c.status, c.updated_at from conversations c join here on here.id = c.requester_id
			where c.id <> @id and c.merged_into is null and c.trashed_at is null and `+seesConversation+`)
		select here.id as requester,
			coalesce((select s.reason from suppressions s join addresses a on a.address = s.address where a.user_id = here.id and a.is_primary), '') as suppressed,
			(select count(*)::int from others) as conversations,
			(select count(*)::int from others where status not in ('completed', 'closed')) as open,
			coalesce((select jsonb_agg(jsonb_build_object('ID', o.id, 'Subject', o.subject, 'Status', o.status, 'UpdatedAt', o.updated_at)) from (
				select * from others order by status in ('completed', 'closed'), updated_at desc, id desc limit 5) o), '[]') as others,
			(select count(*)::int from notes n where n.user_id = here.id) as notes,
			coalesce((select jsonb_agg(jsonb_build_object('ID', n.id, 'Author', (select `+personOf+theUser+`n.author_id), 'Text', n.text, 'CreatedAt', n.created_at)) from (
				select * from notes where user_id = here.id order by created_at desc, id desc limit 2) n), '[]') as latest
		from here`, actor.sightOf(id))
	if err != nil {
		return card, err
	}
	card = RequesterCard{Suppressed: about.Suppressed, Conversations: about.Conversations, Open: about.Open, Others: about.Others}
	card.User, err = userSeen(ctx, d.pool, actor, about.Requester)
	if errors.Is(err, ErrNotFound) { // the conversation alone is theirs to see
		return card, nil
	}
	card.Known, card.Notes, card.Latest = true, about.Notes, about.Latest
	return card, err
}
