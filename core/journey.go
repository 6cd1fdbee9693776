package core

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// A JourneyEntry is a note on, or an event of, a person or organization, or a
// conversation that they opened. For staff only.
type JourneyEntry struct {
	Kind         EntryKind // EntryNote, EntryEvent; EntryMessage for a conversation
	Note         NoteID
	Conversation ConversationID
	Author       PersonRef      // ID 0: nobody, as when a domain let somebody in, or a command
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
	return d.journey(ctx, actor, noteSubject{User: id}, f)
}

// OrganizationJourney is what happened with an organization and what its people
// asked, newest first. ErrNotFound, ErrForbidden.
func (d *Desk) OrganizationJourney(ctx context.Context, actor Actor, id OrganizationID, f JourneyFilter) (entries []JourneyEntry, err error) {
	defer wrap(&err, "journey of organization %d", id)
	return d.journey(ctx, actor, noteSubject{Organization: id}, f)
}

// JourneyPlace counts what stands above a note in the journey of the person or
// organization that it is about, so that a link to the note finds its page.
// ErrNotFound, ErrForbidden.
func (d *Desk) JourneyPlace(ctx context.Context, actor Actor, note NoteID) (above int, err error) {
	defer wrap(&err, "place of note %d", note)
	if err := actor.Can(DoView); err != nil {
		return 0, err
	}
	err = d.read(ctx, func(tx pgx.Tx) error {
		about, err := one[noteSubject](ctx, tx, `
			select 0::bigint as conversation, coalesce(user_id, 0) as user, coalesce(organization_id, 0) as organization
			from notes where id = $1 and conversation_id is null`, note)
		if err != nil {
			return err
		}
		if err := about.seen(ctx, tx, actor); err != nil {
			return err
		}
		from, args := about.journey(actor)
		args["this"] = note
		above, err = value[int](ctx, tx, `
			select count(*) from `+from+` join (select created_at, id from notes where id = @this) n
			on (j.created_at, j.note) > (n.created_at, n.id)`, args)
		return err
	})
	return above, err
}

// seen tells that the actor may view what the note is about. ErrNotFound.
func (s noteSubject) seen(ctx context.Context, tx pgx.Tx, actor Actor) error {
	if s.User != 0 {
		_, err := userSeen(ctx, tx, actor, s.User)
		return err
	}
	_, err := organizationSeen(ctx, tx, actor, s.Organization)
	return err
}

func (d *Desk) journey(ctx context.Context, actor Actor, about noteSubject, f JourneyFilter) (entries []JourneyEntry, err error) {
	if err := actor.Can(DoView); err != nil {
		return nil, err
	}
	err = d.read(ctx, func(tx pgx.Tx) error {
		if err := about.seen(ctx, tx, actor); err != nil {
			return err
		}
		from, args := about.journey(actor)
		args["only"] = string(f.Only)
		args["limit"], args["offset"] = f.Page.bounds()
		entries, err = rows[JourneyEntry](ctx, tx, `
			select j.kind, j.note, j.conversation, coalesce((select `+personOf+theUser+`j.author), '{}') as author,
			       j.text, j.verified, j.event, j.detail, j.created_at
			from `+from+` where @only::text = '' or j.kind = @only
			order by j.created_at desc, j.note desc, j.conversation desc limit @limit offset @offset`, args)
		if err != nil {
			return err
		}
		return nameOrganizations(ctx, tx, entries)
	})
	return entries, err
}

// journey gives the entries j of a person or an organization, for what actor may
// view of them.
func (s noteSubject) journey(actor Actor) (from string, args pgx.StrictNamedArgs) {
	args = actor.sight()
	args["note"], args["event"], args["message"] = string(EntryNote), string(EntryEvent), string(EntryMessage)
	args["id"] = int64(s.User)
	subject, asked := "user_id", `c.requester_id = @id`
	if s.Organization != 0 {
		args["id"] = int64(s.Organization)
		subject, asked = "organization_id", `c.requester_id in (select id from users where organization_id = @id)`
	}
	return `(
		select @note::text as kind, n.id as note, 0::bigint as conversation, n.author_id as author, n.text,
		       n.is_verified as verified, '' as event, '{}'::jsonb as detail, n.created_at
		from notes n where n.` + subject + ` = @id
		union all
		select @event::text, 0, 0, e.actor_id, coalesce(e.detail->>'text', ''), true, e.kind, e.detail, e.created_at
		from events e where e.` + subject + ` = @id
		union all
		select @message::text, 0, c.id, c.requester_id, c.subject, true, '', '{}', c.created_at
		from conversations c where c.merged_into is null and c.trashed_at is null and ` + asked + ` and ` + seesConversation + `
	) j`, args
}

// nameOrganizations writes the names of organizations beside their numbers.
func nameOrganizations(ctx context.Context, tx pgx.Tx, entries []JourneyEntry) error {
	var ids []OrganizationID
	of := func(e JourneyEntry) OrganizationID {
		number, _ := e.Detail["organization"].(float64)
		return OrganizationID(number)
	}
	for _, e := range entries {
		if id := of(e); id != 0 && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	named, err := rows[struct {
		ID   OrganizationID
		Name string
	}](ctx, tx, `select id, name from organizations where id = any($1)`, ids)
	if err != nil {
		return err
	}
	for _, e := range entries {
		for _, o := range named {
			if of(e) == o.ID {
				e.Detail["organization_name"] = o.Name
			}
		}
	}
	return nil
}
