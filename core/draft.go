package core

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// A DraftKind says what a draft becomes.
type DraftKind string

// The kinds of drafts.
const (
	DraftReply DraftKind = "reply"
	DraftNote  DraftKind = "note"
)

// A Draft is an unsent reply or note of one person, sent by nobody but them.
type Draft struct {
	ID          DraftID
	Kind        DraftKind
	Revision    int     // counts what was saved
	Source      Channel // agent: typed in the panel; mail: made of a mail that lacked a proof
	Text        string
	CC          []string
	Status      Status // chosen for after the reply; empty: as usual
	Verified    bool
	Warnings    []string
	Attachments []AttachmentRef
	InboundID   InboundID
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Note gives the words of a draft of a note; by mail, of what was meant as one and
// is refused as an answer (mail-law: staff_reply).
func (r Draft) Note() (text string, ok bool) {
	if r.Kind == DraftNote {
		return r.Text, true
	}
	if !hasNoteMarker(firstOwnLine(r.Text)) {
		return "", false
	}
	return withoutNoteMarker(r.Text), true
}

// A DraftForm is what the composer holds.
type DraftForm struct {
	ID       DraftID   // 0: a new one
	Kind     DraftKind // DraftReply by default
	Revision int       // what the window knows of it; 0: not asked
	Text     string
	CC       []string
	Status   Status
}

// A SavedDraft is what became of a DraftForm.
type SavedDraft struct {
	ID       DraftID // 0: it was empty, and is gone
	Revision int
	At       time.Time
	Apart    bool // another window saved other words: these are a draft of their own
}

const draftColumns = `r.id, r.kind, r.revision, r.status, r.source, r.text, r.cc, r.is_verified as verified, r.warnings,
	coalesce(r.inbound_id, 0) as inbound_id, r.created_at, r.updated_at,
	coalesce((select jsonb_agg(` + fileOf + ` order by f.ordinal, f.id) from attachments f where f.draft_id = r.id), '[]') as attachments`

// Drafts gives the actor's own drafts in a conversation: what was typed here first,
// the newest before others, then what came by mail.
// ErrNotFound.
func (d *Desk) Drafts(ctx context.Context, actor Actor, id ConversationID) (_ []Draft, err error) {
	defer wrap(&err, "drafts in conversation %d", id)
	if err := actor.Can(DoView); err != nil {
		return nil, err
	}
	return rows[Draft](ctx, d.pool, `select `+draftColumns+`
		from drafts r join conversations c on c.id = r.conversation_id
		where c.id = @id and r.user_id = @actor and `+seesConversation+`
		order by r.source, r.updated_at desc, r.id desc`, actor.sightOf(id))
}

// SaveDraft keeps what the actor is typing; nobody else sees or sends it. One of
// a mail keeps its files and its doubts. Words that another window has saved since
// are not written over: both are kept. What is empty is no draft. ErrNotFound,
// ErrForbidden, ErrConflict if it was sent or discarded in the meantime.
func (d *Desk) SaveDraft(ctx context.Context, actor Actor, id ConversationID, f DraftForm) (saved SavedDraft, err error) {
	defer wrap(&err, "save draft in conversation %d", id)
	if f.Kind == "" {
		f.Kind = DraftReply
	}
	f.Text, f.CC = cleanText(f.Text, maxWords), nonNil(f.CC)
	err = d.change(ctx, actor, id, f.Kind.deed(), func(tx pgx.Tx, c locked) error {
		if f.ID == 0 {
			saved, err = insertDraft(ctx, tx, actor, id, f)
			return err
		}
		now, err := lockDraft(ctx, tx, actor, id, f.ID)
		switch {
		case err != nil:
			return err
		case now.holds(f):
			saved = SavedDraft{ID: now.ID, Revision: now.Revision, At: now.UpdatedAt}
		case f.Revision != 0 && f.Revision != now.Revision:
			saved, err = insertDraft(ctx, tx, actor, id, f)
			saved.Apart = true
		case f.empty() && now.Source == ChannelAgent && now.Files == 0:
			_, err = tx.Exec(ctx, `delete from drafts where id = $1`, now.ID)
		default:
			saved, err = one[SavedDraft](ctx, tx, `
				update drafts set kind = $2, text = $3, cc = $4, status = $5, revision = revision + 1, updated_at = now()
				where id = $1 returning id, revision, updated_at as at, false as apart`, now.ID, f.Kind, f.Text, f.CC, f.Status)
		}
		return err
	})
	return saved, err
}

// deed is the right that it takes to send such a draft.
func (k DraftKind) deed() Deed {
	if k == DraftNote {
		return DoNote
	}
	return DoReply
}

func (f DraftForm) empty() bool { return f.Text == "" && len(f.CC) == 0 }

func insertDraft(ctx context.Context, tx pgx.Tx, actor Actor, id ConversationID, f DraftForm) (SavedDraft, error) {
	if f.empty() {
		return SavedDraft{}, nil
	}
	return one[SavedDraft](ctx, tx, `
		insert into drafts (conversation_id, user_id, source, kind, text, cc, status) values ($1, $2, 'agent', $3, $4, $5, $6)
		returning id, revision, updated_at as at, false as apart`, id, actor.ID, f.Kind, f.Text, f.CC, f.Status)
}

// storedDraft is a draft as it stands, locked.
type storedDraft struct {
	ID        DraftID
	Kind      DraftKind
	Source    Channel
	Text      string
	CC        []string
	Status    Status
	Revision  int
	UpdatedAt time.Time
	Files     int
	Bytes     int64
}

// holds tells that the form says nothing new.
func (s storedDraft) holds(f DraftForm) bool {
	return s.Kind == f.Kind && s.Text == f.Text && slices.Equal(s.CC, f.CC) && s.Status == f.Status && (s.Source != ChannelAgent || s.Files > 0 || !f.empty())
}

func lockDraft(ctx context.Context, tx pgx.Tx, actor Actor, id ConversationID, draft DraftID) (storedDraft, error) {
	now, err := one[storedDraft](ctx, tx, `
		select r.id, r.kind, r.source, r.text, r.cc, r.status, r.revision, r.updated_at,
			(select count(*) from attachments f where f.draft_id = r.id) as files,
			(select coalesce(sum(f.size), 0)::bigint from attachments f where f.draft_id = r.id) as bytes
		from drafts r where r.id = $1 and r.conversation_id = $2 and r.user_id = $3 for no key update of r`, draft, id, actor.ID)
	return now, draftGone(err)
}

// DiscardDraft throws an own draft away. ErrNotFound.
func (d *Desk) DiscardDraft(ctx context.Context, actor Actor, id DraftID) (err error) {
	defer wrap(&err, "discard draft %d", id)
	if err := actor.Can(DoView); err != nil {
		return err
	}
	tag, err := d.pool.Exec(ctx, `delete from drafts where id = $1 and user_id = $2`, id, actor.ID)
	return affected(tag.RowsAffected(), err)
}

// sendDraft gives the files of an own draft to the message that it became. Sent
// twice, from two windows, it is sent once.
func sendDraft(ctx context.Context, tx pgx.Tx, actor Actor, id ConversationID, draft DraftID, post PostID) error {
	return useDraft(ctx, tx, actor, id, draft, `update attachments set draft_id = null, message_id = $2 where draft_id = $1`, int64(post))
}

// noteDraft is sendDraft for one that became a note.
func noteDraft(ctx context.Context, tx pgx.Tx, actor Actor, id ConversationID, draft DraftID, note NoteID) error {
	return useDraft(ctx, tx, actor, id, draft, `update attachments set draft_id = null, note_id = $2 where draft_id = $1`, int64(note))
}

func useDraft(ctx context.Context, tx pgx.Tx, actor Actor, id ConversationID, draft DraftID, filesSQL string, to int64) error {
	if draft == 0 {
		return nil
	}
	if _, err := lockDraft(ctx, tx, actor, id, draft); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, filesSQL, draft, to); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `delete from drafts where id = $1`, draft)
	return err
}

// dropDraft throws away what a form brought that was sent before.
func dropDraft(ctx context.Context, tx pgx.Tx, actor Actor, id ConversationID, draft DraftID) error {
	_, err := tx.Exec(ctx, `delete from drafts where id = $1 and conversation_id = $2 and user_id = $3`, draft, id, actor.ID)
	return err
}

func draftGone(err error) error {
	if errors.Is(err, ErrNotFound) {
		return refuse(ErrConflict, "This draft was sent or discarded already.")
	}
	return err
}
