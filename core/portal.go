package core

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// A ThreadRow is a line of My conversations.
type ThreadRow struct {
	ID        ConversationID
	Subject   string
	Status    Status
	CreatedAt time.Time
	UpdatedAt time.Time // of the last message
}

// A Thread is a conversation as its requester sees it. It has no field for a
// note, an event, a warning or folded text: what must not be shown cannot be
// typed.
type Thread struct {
	ThreadRow
	Posts []ThreadPost
}

// A ThreadPost is a message as the requester sees it.
type ThreadPost struct {
	ID          PostID
	Author      string // a name, never an address
	Mine        bool
	ByStaff     bool
	Text        string
	Attachments []AttachmentRef
	CreatedAt   time.Time
}

// threadColumns take their times from messages only: that staff noted something
// must not show.
const threadColumns = `c.id, c.subject, c.status, c.created_at,
	coalesce((select max(created_at) from messages where conversation_id = c.id), c.created_at) as updated_at`

// MyConversations lists those whose requester the actor is, of any role, newest
// words first.
func (d *Desk) MyConversations(ctx context.Context, actor Actor) (_ []ThreadRow, err error) {
	defer wrap(&err, "my conversations")
	if err := actor.Can(DoUsePortal); err != nil {
		return nil, err
	}
	return rows[ThreadRow](ctx, d.pool, `
		select `+threadColumns+` from conversations c
		where c.requester_id = $1 and c.merged_into is null and c.trashed_at is null
		order by updated_at desc, c.id desc limit 500`, actor.ID)
}

// MyConversation gives one of them with its public words; of one that was merged,
// the survivor, if the actor is its requester too. ErrNotFound for everybody
// else.
func (d *Desk) MyConversation(ctx context.Context, actor Actor, id ConversationID) (_ Thread, err error) {
	defer wrap(&err, "my conversation %d", id)
	if err := actor.Can(DoUsePortal); err != nil {
		return Thread{}, err
	}
	var t Thread
	err = d.read(ctx, func(tx pgx.Tx) error {
		t.ThreadRow, err = one[ThreadRow](ctx, tx, `
			select `+threadColumns+` from conversations c
			where c.requester_id = $2 and c.trashed_at is null and c.merged_into is null and c.id = (
				select coalesce(nullif(`+survivorOf+`, 0), c.id) from conversations c where c.id = $1 and c.requester_id = $2)`,
			id, actor.ID)
		if err != nil {
			return err
		}
		t.Posts, err = rows[ThreadPost](ctx, tx, `
			select m.id, u.name as author, m.author_id = $2 as mine, m.by_staff, m.text, m.created_at,
				coalesce((select jsonb_agg(`+fileOf+` order by f.ordinal, f.id) from attachments f where f.message_id = m.id), '[]') as attachments
			from messages m join users u on u.id = m.author_id
			where m.conversation_id = $1 order by m.created_at, m.id`, t.ID, actor.ID)
		return err
	})
	for i := range t.Posts {
		if p := &t.Posts[i]; !p.Mine {
			p.Author = MaskAddresses(p.Author)
		}
	}
	return t, err
}

// Complete: the requester marks the own conversation completed (behaviour.md
// section 6). ErrNotFound for everybody else, ErrConflict if it is closed.
func (d *Desk) Complete(ctx context.Context, actor Actor, id ConversationID) (err error) {
	defer wrap(&err, "complete conversation %d", id)
	if err := actor.Can(DoUsePortal); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		c, err := lockOwn(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if err := c.open(); err != nil {
			return err
		}
		if err := MayComplete(c.Status); err != nil {
			return err
		}
		return setStatus(ctx, tx, c, StatusCompleted, actor.ID)
	})
}
