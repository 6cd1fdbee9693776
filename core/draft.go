package core

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Draft is an unsent reply of one person, sent by nobody but them.
type Draft struct {
	ID          DraftID
	Source      Channel // agent: typed in the panel; mail: made of a mail that lacked a proof
	Text        string
	CC          []string
	Verified    bool
	Warnings    []string
	Attachments []AttachmentRef
	InboundID   InboundID
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Note gives the words of a draft that was meant as a note, and is refused as an
// answer (mail-law: staff_reply).
func (r Draft) Note() (text string, ok bool) {
	if !hasNoteMarker(firstOwnLine(r.Text)) {
		return "", false
	}
	return withoutNoteMarker(r.Text), true
}

// A DraftForm is what the composer holds.
type DraftForm struct {
	ID   DraftID // 0: a new one
	Text string
	CC   []string
}

const draftColumns = `r.id, r.source, r.text, r.cc, r.is_verified as verified, r.warnings,
	coalesce(r.inbound_id, 0) as inbound_id, r.created_at, r.updated_at,
	coalesce((select jsonb_agg(` + fileOf + ` order by f.ordinal, f.id) from attachments f where f.draft_id = r.id), '[]') as attachments`

// Drafts gives the actor's own drafts in a conversation, oldest first.
// ErrNotFound.
func (d *Desk) Drafts(ctx context.Context, actor Actor, id ConversationID) (_ []Draft, err error) {
	defer wrap(&err, "drafts in conversation %d", id)
	if err := actor.Can(DoView); err != nil {
		return nil, err
	}
	return rows[Draft](ctx, d.pool, `select `+draftColumns+`
		from drafts r join conversations c on c.id = r.conversation_id
		where c.id = @id and r.user_id = @actor and `+seesConversation+` order by r.id`, actor.sightOf(id))
}

// SaveDraft keeps what the actor is typing; nobody else sees or sends it. One of
// a mail keeps its files and its doubts. ErrNotFound, ErrForbidden, ErrConflict
// if it was sent or discarded in the meantime.
func (d *Desk) SaveDraft(ctx context.Context, actor Actor, id ConversationID, f DraftForm) (draft DraftID, err error) {
	defer wrap(&err, "save draft in conversation %d", id)
	err = d.change(ctx, actor, id, DoReply, func(tx pgx.Tx, c locked) error {
		text, cc := cleanText(f.Text, maxWords), f.CC
		if cc == nil {
			cc = []string{}
		}
		if f.ID == 0 {
			draft, err = value[DraftID](ctx, tx, `
				insert into drafts (conversation_id, user_id, source, text, cc) values ($1, $2, 'agent', $3, $4) returning id`,
				id, actor.ID, text, cc)
			return err
		}
		draft, err = value[DraftID](ctx, tx, `
			update drafts set text = $4, cc = $5, updated_at = now()
			where id = $1 and conversation_id = $2 and user_id = $3 returning id`, f.ID, id, actor.ID, text, cc)
		return draftGone(err)
	})
	return draft, err
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
	_, err := value[DraftID](ctx, tx, `select id from drafts where id = $1 and conversation_id = $2 and user_id = $3 for update`,
		draft, id, actor.ID)
	if err != nil {
		return draftGone(err)
	}
	if _, err := tx.Exec(ctx, filesSQL, draft, to); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `delete from drafts where id = $1`, draft)
	return err
}

func draftGone(err error) error {
	if errors.Is(err, ErrNotFound) {
		return refuse(ErrConflict, "This draft was sent or discarded already.")
	}
	return err
}
