package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// A MergedConversation went into another, and can come out again.
type MergedConversation struct {
	ID        ConversationID
	Subject   string
	Requester PersonRef
	At        time.Time
}

// MergedInto lists what was merged into a conversation and can be had back, the
// latest first. ErrNotFound also without case access.
func (d *Desk) MergedInto(ctx context.Context, actor Actor, id ConversationID) (_ []MergedConversation, err error) {
	defer wrap(&err, "merged into conversation %d", id)
	if err := actor.Can(DoView); err != nil {
		return nil, err
	}
	return rows[MergedConversation](ctx, d.pool, `
		select o.id, o.subject, (select `+personOf+theUser+`o.requester_id) as requester, g.created_at as at
		from conversations c join conversation_merges g on g.survivor_id = c.id and g.undone_at is null
		join conversations o on o.id = g.merged_id and o.merged_into = c.id
		where c.id = @id and `+seesConversation+` order by g.created_at desc, o.id desc`, actor.sightOf(id))
}

// movedWords are the rows that a merge moved, as conversation_merges keeps them.
type movedWords struct {
	Messages  []movedRow `json:"messages"`
	Notes     []movedRow `json:"notes"`
	Drafts    []int64    `json:"drafts"`
	Events    []int64    `json:"events"`
	Followers []int64    `json:"followers"` // that the survivor did not have
	Was       Status     `json:"was"`       // the survivor's
	Became    Status     `json:"became"`
}

type movedRow struct {
	ID       int64           `json:"id"`
	CameFrom *ConversationID `json:"came_from"` // before
}

// remember writes down what goes over, once the private words are notes.
func (m merger) remember(batch *pgx.Batch) {
	batch.Queue(`
		insert into conversation_merges (merged_id, survivor_id, requester_id, moved)
		select c.id, $2, c.requester_id, jsonb_build_object(
			'messages', (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'came_from', came_from) order by id), '[]') from messages where conversation_id = c.id),
			'notes', (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'came_from', came_from) order by id), '[]') from notes where conversation_id = c.id),
			'drafts', (select coalesce(jsonb_agg(id order by id), '[]') from drafts where conversation_id = c.id),
			'events', (select coalesce(jsonb_agg(id order by id), '[]') from events where conversation_id = c.id),
			'followers', (select coalesce(jsonb_agg(f.user_id), '[]') from followers f where f.conversation_id = c.id
				and not exists (select from followers o where o.conversation_id = $2 and o.user_id = f.user_id)),
			'was', $3::text, 'became', $4::text)
		from conversations c where c.id = any($1)`, m.ids(), m.into.ID, m.into.Status, m.status())
}

// Unmerge undoes the merge of a conversation into another: what stood in it goes
// back, with the mails that named it since. What its requester could read there
// before is theirs again; whatever else they could not read stays private, and
// nothing that the survivor's requester could not read becomes public by it
// (mail-law section 2). ErrNotFound, ErrForbidden, ErrConflict.
func (d *Desk) Unmerge(ctx context.Context, actor Actor, id ConversationID) (err error) {
	defer d.attempt(ctx, &err, actor, "undo the merge of", object("conversation", id))
	if err := actor.Can(DoView); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		into, err := value[ConversationID](ctx, tx, `select coalesce(merged_into, 0) from conversations where id = $1`, id)
		if err != nil {
			return err
		}
		both := []ConversationID{id}
		if into != 0 {
			both = append(both, into)
		}
		all, err := lockConversations(ctx, tx, actor, both)
		if err != nil {
			return err
		}
		if err := actor.Can(DoMerge); err != nil {
			return err
		}
		if into == 0 {
			return errNoMerge()
		}
		u := unmerger{actor: actor, from: all[0], out: all[1]} // the older one survives
		if err := u.find(ctx, tx); err != nil {
			return err
		}
		return u.unmerge(ctx, tx)
	})
}

func errNoMerge() error {
	return refuse(ErrConflict, "This conversation is not merged into another.")
}

// unmerger takes one locked conversation out of another.
type unmerger struct {
	actor     Actor
	from, out locked // the survivor, and who comes back
	merge     int64
	at        time.Time
	requester UserID // whose it was
	movedWords
	sinceMessages, sinceNotes []int64 // by mail that named it
}

// find reads what the merge moved, and refuses what cannot be undone.
func (u *unmerger) find(ctx context.Context, tx pgx.Tx) error {
	g, err := one[struct {
		ID          int64
		RequesterID UserID
		CreatedAt   time.Time
		Moved       movedWords
	}](ctx, tx, `
		select g.id, g.requester_id, g.created_at, g.moved from conversation_merges g join conversations c on c.id = g.merged_id and c.merged_into = g.survivor_id
		where g.merged_id = $1 and g.survivor_id = $2 and g.undone_at is null for update of g`, u.out.ID, u.from.ID)
	if errors.Is(err, ErrNotFound) {
		if u.out.MergedInto == 0 {
			return errNoMerge() // somebody was faster
		}
		return refuse(ErrConflict, "This merge is older than the undo of merges: nobody wrote down what it moved.")
	}
	if err != nil {
		return err
	}
	switch {
	case u.from.MergedInto != 0:
		return refuse(ErrConflict, "#%d was merged into #%d since. Undo that first.", u.from.ID, u.from.MergedInto)
	case u.from.Trashed:
		return refuse(ErrConflict, "#%d is in the trash. Restore it first.", u.from.ID)
	}
	u.merge, u.at, u.requester, u.movedWords = g.ID, g.CreatedAt, g.RequesterID, g.Moved
	return u.findSince(ctx, tx)
}

// findSince finds what came since by mail that named the merged one, or one that
// was merged into it before.
func (u *unmerger) findSince(ctx context.Context, tx pgx.Tx) error {
	since, err := one[struct{ Messages, Notes []int64 }](ctx, tx, `
		with recursive under (id) as (
			select $1::bigint union select c.id from under join conversations c on c.merged_into = under.id),
		mails as (
			select i.id, i.post_id, i.note_id from inbound i
			where i.conversation_id = $2 and i.received_at > $3::timestamptz - interval '1 hour'
				and (i.trace->'Facts'->'Locator'->>'Named')::bigint in (select id from under))
		select coalesce((select array_agg(m.id order by m.id) from messages m join mails on mails.post_id = m.id
				where m.conversation_id = $2 and not m.by_staff), '{}') as messages,
			coalesce((select array_agg(n.id order by n.id) from notes n join mails on mails.note_id = n.id
				where n.conversation_id = $2 and not n.was_message), '{}') as notes`, u.out.ID, u.from.ID, u.at)
	u.sinceMessages, u.sinceNotes = since.Messages, since.Notes
	return err
}

func (u *unmerger) unmerge(ctx context.Context, tx pgx.Tx) error {
	count, err := u.hide(ctx, tx)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	u.wordsBack(batch)
	u.peopleBack(batch)
	batch.Queue(`update conversations set merged_into = null, merged_at = null where id = $1`, u.out.ID)
	batch.Queue(`update conversations set updated_at = now() where id in ($1, $2)`, u.out.ID, u.from.ID)
	batch.Queue(`update conversation_merges set undone_at = now() where id = $1`, u.merge)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	if err := makePublicAgain(ctx, tx, u.out.ID, u.merge); err != nil {
		return err
	}
	if err := u.statusBack(ctx, tx); err != nil {
		return err
	}
	out, from := fmt.Sprintf("#%d", u.out.ID), fmt.Sprintf("#%d", u.from.ID)
	if err := insertEvent(ctx, tx, u.from.ID, eventUnmerged, u.actor.ID, map[string]any{"from": out}, 0); err != nil {
		return err
	}
	if err := insertEvent(ctx, tx, u.out.ID, eventUnmergedOf, u.actor.ID, map[string]any{"to": from}, 0); err != nil {
		return err
	}
	return tellMadePrivate(ctx, tx, u.actor, u.out.ID, count)
}

// hide makes private what goes back and what the one who gets it could not read:
// if it is theirs as it was, they have read what stood there.
func (u *unmerger) hide(ctx context.Context, tx pgx.Tx) (int, error) {
	h := hiding{from: []ConversationID{u.from.ID}, into: u.out.ID, requester: u.out.Requester,
		only: append(idsOf(u.Messages), u.sinceMessages...)}
	if u.out.Requester == u.requester {
		h.known = idsOf(u.Messages)
	}
	return h.makePrivate(ctx, tx)
}

func idsOf(moved []movedRow) []int64 {
	ids := make([]int64, len(moved))
	for i, m := range moved {
		ids[i] = m.ID
	}
	return ids
}

// wordsBack moves what still stands in the survivor. A message that became a note
// there since goes back as a note.
func (u *unmerger) wordsBack(batch *pgx.Batch) {
	for table, moved := range map[string][]movedRow{"messages": u.Messages, "notes": u.Notes} {
		batch.Queue(`
			update `+table+` t set conversation_id = $2, came_from = x.came_from
			from jsonb_to_recordset($3) x(id bigint, came_from bigint) where t.id = x.id and t.conversation_id = $1`, u.from.ID, u.out.ID, nonNil(moved))
	}
	batch.Queue(`
		update notes n set conversation_id = $2, came_from = nullif(n.came_from, $2) from made_private p
		where n.id = p.note_id and n.conversation_id = $1 and (p.message_id = any($3)
			or p.conversation_id = $2 and p.created_at = (select created_at from conversation_merges where id = $4))`,
		u.from.ID, u.out.ID, slices.Concat(idsOf(u.Messages), u.sinceMessages), u.merge)
	batch.Queue(`update notes set conversation_id = $2 where conversation_id = $1 and id = any($3)`, u.from.ID, u.out.ID, nonNil(u.sinceNotes))
	batch.Queue(`update messages set conversation_id = $2 where conversation_id = $1 and id = any($3)`, u.from.ID, u.out.ID, nonNil(u.sinceMessages))
	moveMails(batch, u.from.ID, u.out.ID, u.sinceMessages, u.sinceNotes)
	for _, table := range []string{"drafts", "events"} {
		ids := u.Drafts
		if table == "events" {
			ids = u.Events
		}
		batch.Queue(`update `+table+` set conversation_id = $2 where conversation_id = $1 and id = any($3)`, u.from.ID, u.out.ID, nonNil(ids))
	}
}

// moveMails lets the mails about words that moved move along: an answer to one of
// them is about where the words stand now (mail-law: Locator). A person's own token
// of a conversation stays where it is; that of a notice goes with its notice.
func moveMails(batch *pgx.Batch, from, to ConversationID, messages, notes []int64) {
	batch.Queue(`update inbound set conversation_id = $2 where conversation_id = $1 and (post_id = any($3) or note_id = any($4))`,
		from, to, nonNil(messages), nonNil(notes))
	batch.Queue(`
		update tokens t set conversation_id = $2 from deliveries y
		where y.reply_token = t.name and t.purpose = $4 and t.conversation_id = $1 and y.conversation_id = $1 and y.post_id = any($3)`,
		from, to, nonNil(messages), PurposeStaff)
	batch.Queue(`update deliveries set conversation_id = $2 where conversation_id = $1 and post_id = any($3)`, from, to, nonNil(messages))
}

// peopleBack takes away whom and what the merge brought along, unless another one
// of the same merge did, too.
func (u *unmerger) peopleBack(batch *pgx.Batch) {
	const others = `(select g.merged_id from conversation_merges g
		where g.survivor_id = $1 and g.id <> $3 and g.undone_at is null and g.created_at = (select created_at from conversation_merges where id = $3))`
	const brought = ` = (select created_at from conversation_merges where id = $3)`
	batch.Queue(`
		delete from participants p where p.conversation_id = $1 and p.via = 'merge' and p.created_at`+brought+`
			and (exists (select from participants o where o.conversation_id = $2 and (o.address = p.address or o.user_id = p.user_id))
				or p.user_id = (select requester_id from conversations where id = $2))
			and not exists (select from participants o where o.conversation_id in `+others+` and (o.address = p.address or o.user_id = p.user_id))
			and not exists (select from conversations o where o.id in `+others+` and o.requester_id = p.user_id)`, u.from.ID, u.out.ID, u.merge)
	batch.Queue(`
		delete from participant_suggestions s where s.conversation_id = $1 and s.created_at`+brought+`
			and (exists (select from participant_suggestions o where o.conversation_id = $2 and o.address = s.address)
				or exists (select from participants o where o.conversation_id = $2 and o.address = s.address))
			and not exists (select from participants o where o.conversation_id in `+others+` and o.address = s.address)
			and not exists (select from participant_suggestions o where o.conversation_id in `+others+` and o.address = s.address)`,
		u.from.ID, u.out.ID, u.merge)
	batch.Queue(`
		delete from conversation_links l where $1 in (l.conversation_id, l.other_id) and l.created_at`+brought+`
			and exists (select from conversation_links o where $2 in (o.conversation_id, o.other_id) and o.relation = l.relation
				and l.conversation_id + l.other_id - $1 in (o.conversation_id, o.other_id))`, u.from.ID, u.out.ID, u.merge)
	batch.Queue(`delete from followers where conversation_id = $1 and user_id = any($2)`, u.from.ID, nonNil(u.Followers))
}

// statusBack gives the survivor the status that it had, if the merge changed it and
// nobody said or set anything since.
func (u *unmerger) statusBack(ctx context.Context, tx pgx.Tx) error {
	if u.Was == u.Became || u.from.Status != u.Became {
		return nil
	}
	since, err := value[bool](ctx, tx, `
		select exists (select from messages where conversation_id = $1 and created_at > $2)
			or exists (select from events where conversation_id = $1 and kind = 'status' and created_at > $2)`, u.from.ID, u.at)
	if err != nil || since {
		return err
	}
	return setStatus(ctx, tx, u.from, u.Was, u.actor.ID)
}
