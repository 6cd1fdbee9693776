package core

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// mostChoices are offered at once.
const mostChoices = 10

// MergeChoices finds conversations to merge with this one: by number, by words, or
// without either the newest of the same requester. Those of the same requester come
// first. ErrNotFound, ErrForbidden.
func (d *Desk) MergeChoices(ctx context.Context, actor Actor, id ConversationID, typed string) (found []ConversationRow, err error) {
	defer wrap(&err, "choices for a merge with conversation %d", id)
	if err := actor.Can(DoView); err != nil {
		return nil, err
	}
	c, err := d.Conversation(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	if err := actor.Can(DoMerge); err != nil {
		return nil, err
	}
	typed = cleanLine(typed, 200)
	if n, err := strconv.ParseInt(strings.TrimPrefix(typed, "#"), 10, 64); err == nil {
		other, err := d.Conversation(ctx, actor, ConversationID(n))
		if errors.Is(err, ErrNotFound) || other.ID == id || other.MergedInto != 0 || other.Trashed {
			return nil, nil
		}
		return []ConversationRow{{Conversation: other}}, err
	}
	f := ListFilter{View: ViewAll, Requester: c.Requester.ID, Query: typed, Page: Page{Limit: mostChoices + 1}}
	if found, _, err = d.Conversations(ctx, actor, f); err != nil {
		return nil, err
	}
	if typed != "" {
		f.Requester = 0
		all, _, err := d.Conversations(ctx, actor, f)
		if err != nil {
			return nil, err
		}
		for _, row := range all {
			if !slices.ContainsFunc(found, func(r ConversationRow) bool { return r.ID == row.ID }) {
				found = append(found, row)
			}
		}
	}
	found = slices.DeleteFunc(found, func(r ConversationRow) bool { return r.ID == id })
	return found[:min(len(found), mostChoices)], nil
}

// A ConversationMergePreview is what Merge would do with two conversations.
type ConversationMergePreview struct {
	Survivor, Other Conversation
	Messages        int         // that go over
	Private         int         // of them, that become notes: the survivor's requester has not read them
	Notes           int         // that go over
	Comes           []PersonRef // into CC
	Suggested       []PersonRef // offered for CC, not let in
}

// SameRequester tells that both are one person's: nothing of theirs becomes private.
func (p ConversationMergePreview) SameRequester() bool {
	return p.Survivor.Requester.ID == p.Other.Requester.ID
}

// PreviewConversationMerge checks what Merge checks, and tells what it would do.
// ErrNotFound, ErrForbidden, ErrConflict, Invalid of "case_ids".
func (d *Desk) PreviewConversationMerge(ctx context.Context, actor Actor, one, other ConversationID) (p ConversationMergePreview, err error) {
	defer wrap(&err, "preview merging conversations %d and %d", one, other)
	if err := actor.Can(DoView); err != nil {
		return p, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		all, err := d.mergeable(ctx, tx, actor, []ConversationID{one, other})
		if err != nil {
			return err
		}
		m := merger{actor: actor, into: all[0], from: all[1:]}
		return m.preview(ctx, tx, &p)
	})
	if err != nil {
		return p, err
	}
	if p.Survivor, err = d.Conversation(ctx, actor, p.Survivor.ID); err != nil {
		return p, err
	}
	p.Other, err = d.Conversation(ctx, actor, p.Other.ID)
	return p, err
}

func (m merger) preview(ctx context.Context, tx pgx.Tx, p *ConversationMergePreview) error {
	p.Survivor.ID, p.Other.ID = m.into.ID, m.from[0].ID
	h := hiding{from: m.ids(), into: m.into.ID, requester: m.into.Requester}
	counts, err := one[struct{ Messages, Private, Notes int }](ctx, tx, `
		select (select count(*)::int from messages where conversation_id = any(@from)) as messages,
			(select count(*)::int from notes where conversation_id = any(@from)) as notes,
			(select count(*)::int `+fromPrivate+`) as private`, h.args())
	if err != nil {
		return err
	}
	p.Messages, p.Private, p.Notes = counts.Messages, counts.Private, counts.Notes
	people, err := rows[struct {
		Person PersonRef
		Comes  bool
	}](ctx, tx, `
		select jsonb_build_object('ID', coalesce(u.id, 0), 'Name', coalesce(u.name, ''), 'Address', p.address, 'Role', coalesce(u.role, ''),
			'Enabled', coalesce(u.enabled, true), 'Invited', u.invited_at is not null) as person,
			p.conversation_id = any($3) or coalesce(u.role, 'customer') <> 'customer' as comes
		from participants p left join users u on u.id = p.user_id
		where p.conversation_id = any($1) and coalesce(p.user_id, 0) <> $2
		order by p.address`, m.ids(), m.into.Requester, m.trusted())
	for _, x := range people {
		if x.Comes {
			p.Comes = append(p.Comes, x.Person)
		} else {
			p.Suggested = append(p.Suggested, x.Person)
		}
	}
	return err
}
