package core

import (
	"context"
	"crypto/sha256"

	"github.com/jackc/pgx/v5"
)

// AttachToDraft keeps a file with an own draft, 0 for a new one of that kind: what
// was uploaded outlives a form that comes back. It gives the draft and the file.
// ErrNotFound, ErrForbidden, ErrConflict if the draft was sent or discarded in the
// meantime, Invalid of "files" where a mail could not carry more.
func (d *Desk) AttachToDraft(ctx context.Context, actor Actor, id ConversationID, draft DraftID, kind DraftKind, f Upload) (_ DraftID, file AttachmentRef, err error) {
	defer wrap(&err, "attach to a draft in conversation %d", id)
	err = d.change(ctx, actor, id, kind.deed(), func(tx pgx.Tx, c locked) error {
		if draft == 0 {
			draft, err = value[DraftID](ctx, tx, `
				insert into drafts (conversation_id, user_id, source, kind, text) values ($1, $2, 'agent', $3, '') returning id`, id, actor.ID, kind)
			if err != nil {
				return err
			}
		}
		now, err := lockDraft(ctx, tx, actor, id, draft)
		if err != nil {
			return err
		}
		if err := FilesFit(now.Files+1, now.Bytes+int64(len(f.Content))); err != nil {
			return err
		}
		digest := sha256.Sum256(f.Content)
		file, err = one[AttachmentRef](ctx, tx, `
			insert into attachments (draft_id, filename, content_type, size, sha256, content) values ($1, $2, $3, $4, $5, $6)
			returning id, filename, content_type, content_id, inline, size`,
			draft, cleanFilename(f.Filename), cleanMediaType(f.ContentType), len(f.Content), digest[:], notNil(f.Content))
		return err
	})
	return draft, file, err
}

// DetachFromDraft takes a file away from an own draft. ErrNotFound.
func (d *Desk) DetachFromDraft(ctx context.Context, actor Actor, id ConversationID, file AttachmentID) (err error) {
	defer wrap(&err, "detach file %d from a draft in conversation %d", file, id)
	return d.change(ctx, actor, id, DoNote, func(tx pgx.Tx, c locked) error {
		tag, err := tx.Exec(ctx, `
			delete from attachments f using drafts r
			where f.id = $1 and r.id = f.draft_id and r.conversation_id = $2 and r.user_id = $3`, file, id, actor.ID)
		return affected(tag.RowsAffected(), err)
	})
}
