package core

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// A JourneyEntry is a note on, or an event of, a person or organization, or a
// conversation that they opened. For staff only.
type JourneyEntry struct {
	Kind         EntryKind // EntryNote, EntryEvent; EntryMessage for a conversation
	Note         NoteID
	Conversation ConversationID
	AuthorID     UserID // 0: nobody, as when a domain let somebody in
	AuthorName   string
	Text         string         // of a note; the subject of a conversation
	Verified     bool           // of a note that came by mail; else true
	Event        string         // created, invited, accepted, updated, role, enabled, disabled, organization, address_added, ...
	Detail       map[string]any // of an event
	CreatedAt    time.Time
}

// A JourneyFilter picks one kind; the zero filter takes all.
type JourneyFilter struct {
	Only EntryKind
	Page Page
}

// UserJourney is what happened with a person, newest first. ErrNotFound,
// ErrForbidden.
func (d *Desk) UserJourney(ctx context.Context, actor Actor, id UserID, f JourneyFilter) (entries []JourneyEntry, err error) {
	defer wrap(&err, "journey of user %d", id)
	if err := actor.Can(DoView); err != nil {
		return nil, err
	}
	err = d.read(ctx, func(tx pgx.Tx) error {
		if _, err := userSeen(ctx, tx, actor, id); err != nil {
			return err
		}
		entries, err = journey(ctx, tx, actor, int64(id), "user_id", `c.requester_id = @id`, f)
		return err
	})
	return entries, err
}

// OrganizationJourney is what happened with an organization and what its people
// asked, newest first. ErrNotFound, ErrForbidden.
func (d *Desk) OrganizationJourney(ctx context.Context, actor Actor, id OrganizationID, f JourneyFilter) (entries []JourneyEntry, err error) {
	defer wrap(&err, "journey of organization %d", id)
	if err := actor.Can(DoView); err != nil {
		return nil, err
	}
	err = d.read(ctx, func(tx pgx.Tx) error {
		if _, err := organizationSeen(ctx, tx, actor, id); err != nil {
			return err
		}
		entries, err = journey(ctx, tx, actor, int64(id), "organization_id",
			`c.requester_id in (select id from users where organization_id = @id)`, f)
		return err
	})
	return entries, err
}

func journey(ctx context.Context, tx pgx.Tx, actor Actor, id int64, subject, asked string, f JourneyFilter) ([]JourneyEntry, error) {
	args := actor.sight()
	args["id"], args["only"] = id, string(f.Only)
	args["note"], args["event"], args["message"] = string(EntryNote), string(EntryEvent), string(EntryMessage)
	args["limit"], args["offset"] = f.Page.bounds()
	return rows[JourneyEntry](ctx, tx, `
		select j.kind, j.note, j.conversation, coalesce(u.id, 0) as author_id, coalesce(u.name, '') as author_name,
		       j.text, j.verified, j.event, j.detail, j.created_at
		from (
			select @note::text as kind, n.id as note, 0::bigint as conversation, n.author_id as author, n.text,
			       n.is_verified as verified, '' as event, '{}'::jsonb as detail, n.created_at
			from notes n where n.`+subject+` = @id
			union all
			select @event::text, 0, 0, e.actor_id, '', true, e.kind, e.detail, e.created_at
			from events e where e.`+subject+` = @id
			union all
			select @message::text, 0, c.id, c.requester_id, c.subject, true, '', '{}', c.created_at
			from conversations c where c.merged_into is null and c.trashed_at is null and `+asked+` and `+seesConversation+`
		) j left join users u on u.id = j.author
		where @only::text = '' or j.kind = @only
		order by j.created_at desc, j.note desc, j.conversation desc limit @limit offset @offset`, args)
}

// AddUserNote writes a private note on a person. ErrNotFound, ErrForbidden,
// Invalid.
func (d *Desk) AddUserNote(ctx context.Context, actor Actor, id UserID, text string) (note NoteID, err error) {
	defer wrap(&err, "note on user %d", id)
	if err := actor.Can(DoNote); err != nil {
		return 0, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if _, err := userSeen(ctx, tx, actor, id); err != nil {
			return err
		}
		note, err = d.addNote(ctx, tx, actor, noteSubject{User: id}, text, sourceOr(actor.Channel, ChannelAgent))
		return err
	})
	return note, err
}

// AddOrganizationNote writes a private note on an organization. ErrNotFound,
// ErrForbidden, Invalid.
func (d *Desk) AddOrganizationNote(ctx context.Context, actor Actor, id OrganizationID, text string) (note NoteID, err error) {
	defer wrap(&err, "note on organization %d", id)
	if err := actor.Can(DoNote); err != nil {
		return 0, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if _, err := organizationSeen(ctx, tx, actor, id); err != nil {
			return err
		}
		note, err = d.addNote(ctx, tx, actor, noteSubject{Organization: id}, text, sourceOr(actor.Channel, ChannelAgent))
		return err
	})
	return note, err
}
