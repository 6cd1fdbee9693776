package core

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

// locked is a conversation that nobody else changes until the transaction ends.
// Two who write at once wait for each other here, and both succeed.
type locked struct {
	ID         ConversationID
	Subject    string
	Status     Status
	Priority   string
	Type       string
	Tags       []string
	Requester  UserID
	Assignee   UserID
	Team       TeamID
	Mailbox    MailboxID
	MergedInto ConversationID // the survivor of all merges, 0: not merged
	Trashed    bool
}

const lockedColumns = `c.id, c.subject, c.status, c.priority, c.type, c.tags, c.requester_id as requester,
	coalesce(c.assignee_id, 0) as assignee, coalesce(c.team_id, 0) as team, c.mailbox_id as mailbox,
	` + survivorOf + ` as merged_into, c.trashed_at is not null as trashed`

// lockConversation locks a conversation that the actor, still enabled and in that
// role, may view as staff. ErrNotFound else.
func lockConversation(ctx context.Context, tx pgx.Tx, actor Actor, id ConversationID) (locked, error) {
	if err := stillActs(ctx, tx, actor); err != nil {
		return locked{}, err
	}
	return one[locked](ctx, tx, `select `+lockedColumns+`
		from conversations c where c.id = @id and `+seesConversation+` for no key update of c`, actor.sightOf(id))
}

// lockOwn locks a conversation whose requester the actor is. ErrNotFound else.
func lockOwn(ctx context.Context, tx pgx.Tx, actor Actor, id ConversationID) (locked, error) {
	if err := stillActs(ctx, tx, actor); err != nil {
		return locked{}, err
	}
	return one[locked](ctx, tx, `select `+lockedColumns+`
		from conversations c where c.id = $1 and c.requester_id = $2 and c.trashed_at is null
		for no key update of c`, id, actor.ID)
}

// lockConversations locks several, oldest id first, so that two callers never
// wait in a circle. ErrNotFound if the actor may not view one of them.
func lockConversations(ctx context.Context, tx pgx.Tx, actor Actor, ids []ConversationID) ([]locked, error) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	var all []locked
	for _, id := range slices.Compact(ids) {
		c, err := lockConversation(ctx, tx, actor, id)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// stillActs makes a change of role or a disable and the actor's deed happen one
// after the other: who lost the role in the meantime is refused.
func stillActs(ctx context.Context, tx pgx.Tx, actor Actor) error {
	tag, err := tx.Exec(ctx, `select from users where id = $1 and role = $2 and enabled for share`, actor.ID, actor.Role)
	if err == nil && tag.RowsAffected() == 0 {
		return ErrForbidden
	}
	return err
}

// open refuses to write to what is merged or in the trash.
func (c locked) open() error {
	switch {
	case c.MergedInto != 0:
		return refuse(ErrConflict, "This conversation was merged into #%d. Please go on there.", c.MergedInto)
	case c.Trashed:
		return refuse(ErrConflict, "This conversation is in the trash. Restore it first.")
	}
	return nil
}

// answerable refuses public words where nobody would expect them any more.
func (c locked) answerable() error {
	if err := c.open(); err != nil {
		return err
	}
	if c.Status == StatusClosed {
		return refuse(ErrConflict, "This conversation is closed. Please open a new one.")
	}
	return nil
}
