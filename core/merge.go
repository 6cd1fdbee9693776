package core

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Merge makes one conversation of several; the oldest survives. Words never
// become public by it: a collaborator's message, and every message that the
// survivor's requester could not read before, becomes a note (mail-law section
// 2). The others' requesters come into CC only with requesterToo; without, nor do
// the customers in CC of somebody else's conversation: they are suggested.
// ErrNotFound, ErrForbidden, ErrConflict, Invalid of "case_ids".
func (d *Desk) Merge(ctx context.Context, actor Actor, ids []ConversationID, requesterToo bool) (survivor ConversationID, err error) {
	defer d.attempt(ctx, &err, actor, fmt.Sprintf("merge conversations %v", ids), "")
	if err := actor.Can(DoView); err != nil {
		return 0, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		all, err := d.mergeable(ctx, tx, actor, ids)
		if err != nil {
			return err
		}
		into, from := all[0], all[1:]
		survivor = into.ID
		m := merger{actor: actor, into: into, from: from, requesterToo: requesterToo}
		return m.merge(ctx, tx)
	})
	return survivor, err
}

// mergeable locks the named ones and refuses what cannot be merged.
func (d *Desk) mergeable(ctx context.Context, tx pgx.Tx, actor Actor, ids []ConversationID) ([]locked, error) {
	all, err := d.lockSurvivors(ctx, tx, actor, ids)
	if err != nil {
		return nil, err
	}
	if err := actor.Can(DoMerge); err != nil {
		return nil, err
	}
	if len(all) < 2 {
		return nil, Invalid{Field: "case_ids", Code: CodeInvalid, Problem: "It takes two conversations to merge."}
	}
	return all, mayTakeIn(all[0], all[1:])
}

// FileAsNote files a conversation that an answer to a mention mail opened as
// notes in the conversation where the mention stands: nothing of it stays
// public. ErrNotFound, ErrForbidden, ErrConflict.
func (d *Desk) FileAsNote(ctx context.Context, actor Actor, id ConversationID) (source ConversationID, err error) {
	defer d.attempt(ctx, &err, actor, "file as a note", object("conversation", id))
	if err := actor.Can(DoView); err != nil {
		return 0, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		source, err = value[ConversationID](ctx, tx, `
			select other_id from conversation_links where conversation_id = $1 and relation = 'mention' order by other_id limit 1`, id)
		if errors.Is(err, ErrNotFound) {
			return d.nothingToFile(ctx, tx, actor, id)
		}
		if err != nil {
			return err
		}
		all, err := d.lockSurvivors(ctx, tx, actor, []ConversationID{source, id})
		if err != nil {
			return err
		}
		if err := actor.Can(DoMerge); err != nil {
			return err
		}
		if len(all) < 2 || all[1].ID != id {
			return refuse(ErrConflict, "This conversation was merged already.")
		}
		source = all[0].ID
		for _, c := range all {
			if err := c.open(); err != nil {
				return err
			}
		}
		m := merger{actor: actor, into: all[0], from: all[1:], everything: true}
		return m.merge(ctx, tx)
	})
	return source, err
}

func (d *Desk) nothingToFile(ctx context.Context, tx pgx.Tx, actor Actor, id ConversationID) error {
	if _, err := lockConversation(ctx, tx, actor, id); err != nil {
		return err
	}
	if err := actor.Can(DoMerge); err != nil {
		return err
	}
	return refuse(ErrConflict, "This conversation did not begin with an answer to a mention in another conversation.")
}

// lockSurvivors locks the survivors of the named ones in the order of their ids,
// which is that of their age. One that is merged away while we wait is a
// conflict: who asked has not seen it.
func (d *Desk) lockSurvivors(ctx context.Context, tx pgx.Tx, actor Actor, ids []ConversationID) ([]locked, error) {
	roots, err := tx.Query(ctx, `
		select distinct coalesce(nullif(`+survivorOf+`, 0), c.id) as id from conversations c where c.id = any($1) order by 1`, ids)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(roots, pgx.RowTo[ConversationID])
	if err != nil {
		return nil, err
	}
	known, err := value[int](ctx, tx, `select count(*)::int from conversations where id = any($1)`, ids)
	if err != nil {
		return nil, err
	}
	asked := slices.Clone(ids)
	slices.Sort(asked)
	if known != len(slices.Compact(asked)) {
		return nil, ErrNotFound
	}
	all, err := lockConversations(ctx, tx, actor, found)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if c.MergedInto != 0 {
			return nil, c.open()
		}
	}
	return all, nil
}

// mayTakeIn refuses what would hide words from those who are to act on them.
func mayTakeIn(into locked, from []locked) error {
	if err := into.open(); err != nil {
		return err
	}
	for _, c := range from {
		if err := c.open(); err != nil {
			return err
		}
		if into.Status == StatusClosed && c.Status != StatusClosed {
			return refuse(ErrConflict, "#%d is closed and cannot take #%d in.", into.ID, c.ID)
		}
	}
	return nil
}

// merger merges locked conversations.
type merger struct {
	actor        Actor
	into         locked
	from         []locked
	requesterToo bool
	everything   bool // nothing stays public
}

func (m merger) merge(ctx context.Context, tx pgx.Tx) error {
	count, err := makePrivate(ctx, tx, m.ids(), m.into.ID, m.into.Requester, m.everything)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	m.remember(batch)
	m.movePeople(batch)
	m.moveWords(batch)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	if err := setStatus(ctx, tx, m.into, m.status(), m.actor.ID); err != nil {
		return err
	}
	return m.tell(ctx, tx, count)
}

func (m merger) ids() []ConversationID {
	ids := make([]ConversationID, len(m.from))
	for i, c := range m.from {
		ids[i] = c.ID
	}
	return ids
}

// trusted are those whose customers in CC may go on reading: the same requester
// let them in, or the agent says so.
func (m merger) trusted() []ConversationID {
	ids := []ConversationID{}
	for _, c := range m.from {
		if !m.everything && (m.requesterToo || c.Requester == m.into.Requester) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// status lets what is to be done not disappear in something that was done.
func (m merger) status() Status {
	if m.everything {
		return m.into.Status
	}
	for _, c := range m.from {
		if c.Status == StatusNew || c.Status == StatusOpen {
			return m.into.Status.AfterCustomerMessage()
		}
	}
	return m.into.Status
}

// movePeople moves participants, suggestions and followers.
func (m merger) movePeople(batch *pgx.Batch) {
	batch.Queue(`
		insert into participants (conversation_id, address, user_id, via, by_staff)
		select distinct on (coalesce(p.user_id::text, p.address)) $2, p.address, p.user_id, 'merge', p.by_staff or c.requester_id <> $3
		from participants p join conversations c on c.id = p.conversation_id left join users u on u.id = p.user_id
		where p.conversation_id = any($1) and (p.conversation_id = any($4) or u.role <> 'customer')
			and p.user_id is distinct from $3 and p.address not in (select address from addresses where user_id = $3)
			and not exists (select from participants o where o.conversation_id = $2 and o.user_id = p.user_id)
		on conflict do nothing`, m.ids(), m.into.ID, m.into.Requester, m.trusted())
	if m.requesterToo {
		batch.Queue(`
			insert into participants (conversation_id, address, user_id, via, by_staff)
			select distinct $2::bigint, a.address, a.user_id, 'merge', true
			from conversations c join addresses a on a.user_id = c.requester_id and a.is_primary
			where c.id = any($1) and c.requester_id <> $3
				and not exists (select from participants o where o.conversation_id = $2 and o.user_id = a.user_id)
			on conflict do nothing`, m.ids(), m.into.ID, m.into.Requester)
	}
	batch.Queue(`
		insert into participant_suggestions (conversation_id, address, name, named_by, verified)
		select $2, s.address, s.name, s.named_by, s.verified from (
			select conversation_id, address, name, named_by, verified from participant_suggestions
			union all
			select p.conversation_id, p.address, coalesce(u.name, ''), '#' || p.conversation_id, true
			from participants p left join users u on u.id = p.user_id) s
		where s.conversation_id = any($1)
			and s.address not in (select address from addresses where user_id = $3)
			and not exists (select from participants o left join addresses a on a.user_id = o.user_id
				where o.conversation_id = $2 and s.address in (o.address, a.address))
		on conflict do nothing`, m.ids(), m.into.ID, m.into.Requester)
	batch.Queue(`
		insert into followers (conversation_id, user_id)
		select distinct $2::bigint, user_id from followers where conversation_id = any($1) on conflict do nothing`, m.ids(), m.into.ID)
	batch.Queue(`
		insert into conversation_links (conversation_id, other_id, relation)
		select distinct greatest(x.one, x.other), least(x.one, x.other), x.relation from (
			select $2::bigint as one, case when conversation_id = any($1) then other_id else conversation_id end as other, relation
			from conversation_links where conversation_id = any($1) or other_id = any($1)) x
		where x.other <> $2 and x.other <> all($1) on conflict do nothing`, m.ids(), m.into.ID)
}

// moveWords moves messages, notes, events and drafts. Tokens stay where they
// are: who finds a merged conversation goes on to the survivor.
func (m merger) moveWords(batch *pgx.Batch) {
	for _, table := range []string{
		`update messages set came_from = conversation_id, conversation_id = $2 where conversation_id = any($1)`,
		`update notes set came_from = conversation_id, conversation_id = $2 where conversation_id = any($1)`,
		`update events set conversation_id = $2 where conversation_id = any($1)`,
		`update conversations set merged_into = $2, merged_at = now() where id = any($1)`,
	} {
		batch.Queue(table, m.ids(), m.into.ID)
	}
	// A reply that was begun to somebody else must not be sent to this requester by one
	// press: it goes on as a note.
	batch.Queue(`
		update drafts d set conversation_id = $2,
			kind = case when c.requester_id = $3 then d.kind else 'note' end, cc = case when c.requester_id = $3 then d.cc else '{}' end
		from conversations c where c.id = d.conversation_id and d.conversation_id = any($1)`, m.ids(), m.into.ID, m.into.Requester)
	batch.Queue(`update conversations set updated_at = now() where id = $1`, m.into.ID)
}

func (m merger) tell(ctx context.Context, tx pgx.Tx, private int) error {
	var names []string
	for _, c := range m.from {
		names = append(names, fmt.Sprintf("#%d", c.ID))
		if err := insertEvent(ctx, tx, c.ID, eventMergedInto, m.actor.ID, map[string]any{"to": fmt.Sprintf("#%d", m.into.ID)}, 0); err != nil {
			return err
		}
	}
	if err := insertEvent(ctx, tx, m.into.ID, eventMerged, m.actor.ID, map[string]any{"from": names}, 0); err != nil {
		return err
	}
	return tellMadePrivate(ctx, tx, m.actor, m.into.ID, private)
}
