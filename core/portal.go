package core

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// A ThreadRow is a line of My conversations. What stands in it comes of public
// words only: that staff noted something must not show.
type ThreadRow struct {
	ID        ConversationID
	Subject   string
	Status    Status
	CreatedAt time.Time
	UpdatedAt time.Time // of the last message
	Mine      bool      // the reader is its requester
	Requester string    // a name, never an address
	Messages  int
	Preview   string // of the last message
	Unread    bool   // somebody else said something since the reader looked
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

// previewLength is how much of the last message a list shows, in characters.
const previewLength = 200

const threadColumns = `c.id, c.subject, c.status, c.created_at, c.requester_id = @actor as mine, r.name as requester,
	coalesce(last.created_at, c.created_at) as updated_at, coalesce(left(last.text, @preview), '') as preview,
	(select count(*) from messages m where m.conversation_id = c.id) as messages,
	exists (select from messages m where m.conversation_id = c.id and m.author_id <> @actor and m.created_at > coalesce(
		(select read_at from conversation_reads s where s.conversation_id = c.id and s.user_id = @actor), '-infinity')) as unread`

const fromThreads = ` from conversations c join users r on r.id = c.requester_id
	left join lateral (select m.created_at, m.text from messages m where m.conversation_id = c.id order by m.created_at desc, m.id desc limit 1) last on true
	where c.trashed_at is null and c.merged_into is null`

// colleaguesOf are the members of the actor's organization, the actor too, where
// it shares its conversations: as things are when this is asked.
const colleaguesOf = `(select them.id from users me join organizations o on o.id = me.organization_id and o.shares_conversations
	join users them on them.organization_id = o.id and them.role = 'customer'
	where me.id = @actor and me.role = 'customer' and me.enabled and me.merged_into is null)`

// sharesThread is the condition that actor @actor may read conversation c because
// their organization shares it. What an answer to a mention mail opened is between
// colleagues, whatever its requester has become.
const sharesThread = `(c.merged_into is null and c.requester_id in ` + colleaguesOf + `
	and not exists (select from conversation_links l where l.conversation_id = c.id and l.relation = 'mention'))`

const seesThread = `(c.trashed_at is null and (c.requester_id = @actor or ` + sharesThread + `))`

func (a Actor) threadArgs() pgx.StrictNamedArgs {
	return pgx.StrictNamedArgs{"actor": a.ID, "preview": previewLength}
}

// MyConversations lists those whose requester the actor is, of any role, newest
// words first.
func (d *Desk) MyConversations(ctx context.Context, actor Actor) (_ []ThreadRow, err error) {
	defer wrap(&err, "my conversations")
	if err := actor.Can(DoUsePortal); err != nil {
		return nil, err
	}
	return rows[ThreadRow](ctx, d.pool, `select `+threadColumns+fromThreads+` and c.requester_id = @actor
		order by updated_at desc, c.id desc limit 500`, actor.threadArgs())
}

// MyConversation gives one of them, or one that the actor's organization shares,
// with its public words; of one that was merged, the survivor, if the actor may
// read that too. ErrNotFound for everybody else.
func (d *Desk) MyConversation(ctx context.Context, actor Actor, id ConversationID) (_ Thread, err error) {
	defer wrap(&err, "my conversation %d", id)
	if err := actor.Can(DoUsePortal); err != nil {
		return Thread{}, err
	}
	var t Thread
	err = d.read(ctx, func(tx pgx.Tx) error {
		args := actor.threadArgs()
		args["id"] = id
		t.ThreadRow, err = one[ThreadRow](ctx, tx, `select `+threadColumns+fromThreads+` and `+seesThread+` and c.id = (
			select coalesce(nullif(`+survivorOf+`, 0), c.id) from conversations c where c.id = @id
				and (c.requester_id = @actor or c.requester_id in `+colleaguesOf+`))`, args)
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
	t.hideAddresses()
	for i := range t.Posts {
		if p := &t.Posts[i]; !p.Mine {
			p.Author = MaskAddresses(p.Author)
		}
	}
	return t, err
}

// hideAddresses: a name is whatever a From header once said.
func (t *ThreadRow) hideAddresses() {
	if !t.Mine {
		t.Requester = MaskAddresses(t.Requester)
	}
}

// ReadThread remembers that the actor has seen what is said by now. ErrNotFound.
func (d *Desk) ReadThread(ctx context.Context, actor Actor, id ConversationID) (err error) {
	defer wrap(&err, "read conversation %d", id)
	if err := actor.Can(DoUsePortal); err != nil {
		return err
	}
	return d.markRead(ctx, seesThread, pgx.StrictNamedArgs{"actor": actor.ID, "id": id})
}

// Complete: the requester marks the own conversation completed (behaviour.md
// section 6). ErrForbidden for who only reads it, ErrNotFound for everybody else,
// ErrConflict if it is closed.
func (d *Desk) Complete(ctx context.Context, actor Actor, id ConversationID) (err error) {
	defer wrap(&err, "complete conversation %d", id)
	if err := actor.Can(DoUsePortal); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		c, err := lockAsked(ctx, tx, actor, id)
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

// lockAsked is lockOwn that tells who may read the conversation why they cannot
// speak in it: words of others come in by CC alone (mail-law section 4).
func lockAsked(ctx context.Context, tx pgx.Tx, actor Actor, id ConversationID) (locked, error) {
	c, err := lockOwn(ctx, tx, actor, id)
	if !errors.Is(err, ErrNotFound) {
		return c, err
	}
	shared, err := value[bool](ctx, tx, `select exists (select from conversations c where c.id = @id and `+seesThread+`)`,
		pgx.StrictNamedArgs{"actor": actor.ID, "id": id})
	if err == nil && shared {
		return locked{}, refuse(ErrForbidden, "Only the person who asked can answer here and mark it as completed.")
	}
	if err == nil {
		err = ErrNotFound
	}
	return locked{}, err
}
