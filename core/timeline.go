package core

import (
	"context"
	"time"
)

// An EntryKind is what an entry of a timeline is, as the API names it.
type EntryKind string

// The kinds of entries.
const (
	EntryMessage EntryKind = "MESSAGE" // a customer may read it
	EntryNote    EntryKind = "NOTE"    // a customer may never read it
	EntryEvent   EntryKind = "EVENT"
)

// An Entry is one thing that was said or happened in a conversation, for staff
// only: it has notes, folded text and warnings, which a Thread never has.
type Entry struct {
	Kind        EntryKind
	ID          int64 // PostID, NoteID or EventID
	Author      PersonRef
	Source      Channel // empty for events
	Verified    bool    // the origin was proven, or the author was signed in
	ByStaff     bool    // spoken in the name of the company
	WasMessage  bool    // a note that was a message before a merge or a change of requester
	Text        string  // what is new; of an event, the sentence
	Elided      string  // the folded rest
	HasHTML     bool
	Warnings    []string
	Attachments []AttachmentRef
	Deliveries  []DeliveryState // the mails that carried a message, acknowledged it, or told of a mention
	InboundID   InboundID       // the original; 0: not by mail
	CameFrom    ConversationID  // where it stood before a merge
	EventKind   string
	Detail      map[string]any // of an event
	CreatedAt   time.Time
}

// An AttachmentRef names a file without its bytes.
type AttachmentRef struct {
	ID          AttachmentID
	Filename    string
	ContentType string
	ContentID   string
	Inline      bool
	Size        int64
}

// timeline gathers messages, notes and events of a conversation @id that the
// actor may view: one row for each, with files and deliveries as JSON.
const timeline = `
	with recursive c as (select c.id from conversations c where c.id = @id and ` + seesConversation + `),
	` + mailsBesides + `,
	entries as (
		select 'MESSAGE' as kind, m.id, m.author_id, m.source, m.is_verified as verified, m.by_staff, false as was_message,
			m.text, m.elided, m.has_html, m.warnings, m.inbound_id, m.came_from, '' as event_kind, '{}'::jsonb as detail, m.created_at
		from messages m join c on c.id = m.conversation_id
		union all
		select 'NOTE', n.id, n.author_id, n.source, n.is_verified, false, n.was_message,
			n.text, n.elided, n.has_html, n.warnings, n.inbound_id, n.came_from, '', '{}', n.created_at
		from notes n join c on c.id = n.conversation_id
		union all
		select 'EVENT', e.id, e.actor_id, '', false, false, false,
			'', '', false, '{}', e.inbound_id, null, e.kind, e.detail, e.created_at
		from events e join c on c.id = e.conversation_id)
	select kind, id, coalesce((select ` + personOf + theUser + `author_id), '{}') as author, source, verified, by_staff, was_message,
		text, elided, has_html, warnings, coalesce(inbound_id, 0) as inbound_id, coalesce(came_from, 0) as came_from,
		event_kind, detail, created_at,
		coalesce((select jsonb_agg(` + fileOf + ` order by f.ordinal, f.id) from attachments f
			where kind = 'MESSAGE' and f.message_id = entries.id or kind = 'NOTE' and f.note_id = entries.id), '[]') as attachments,
		` + deliveriesOfEntry + ` as deliveries
	from entries
	order by created_at, kind = 'EVENT', id`

// fileOf is an AttachmentRef as JSON, of attachments f.
const fileOf = `jsonb_build_object('ID', f.id, 'Filename', f.filename, 'ContentType', f.content_type,
	'ContentID', f.content_id, 'Inline', f.inline, 'Size', f.size)`

// Timeline gives what was said and what happened in a conversation, in order, for
// staff. ErrNotFound also without case access.
func (d *Desk) Timeline(ctx context.Context, actor Actor, id ConversationID) (_ []Entry, err error) {
	defer wrap(&err, "timeline of conversation %d", id)
	if err := actor.Can(DoView); err != nil {
		return nil, err
	}
	entries, err := rows[Entry](ctx, d.pool, timeline, actor.sightOf(id))
	if err == nil && len(entries) == 0 {
		_, err = d.Conversation(ctx, actor, id) // nothing there, or nothing to see
	}
	for i := range entries {
		if e := &entries[i]; e.Kind == EntryEvent {
			e.Text = eventSentence(e.EventKind, e.Detail)
		}
	}
	return entries, err
}
