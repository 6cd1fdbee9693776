package core

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

// A View is one of the lists of the agent area.
type View string

// The views.
const (
	ViewAll        View = "all"
	ViewMine       View = "mine"       // assigned to me
	ViewTeam       View = "team"       // of my teams
	ViewUnassigned View = "unassigned" // to be done, and nobody's or of somebody who was disabled
	ViewTrash      View = "trash"
)

// A ListFilter narrows the list of conversations. The zero filter is all of
// them but the trash, newest activity first.
type ListFilter struct {
	View      View
	Status    Status // empty: any
	Priority  string // empty: any
	Tag       string // empty: any
	Team      TeamID // 0: any
	Assignee  UserID // 0: anybody's
	Requester UserID // 0: anybody's
	Query     string // words of subject, people and text: see inquiry
	Cursor    *Cursor
	Page      // after the cursor, if there is one
}

// A ConversationRow is a line of the list.
type ConversationRow struct {
	Conversation
	Unread   bool    // activity since the reader last looked
	Doubtful bool    // somebody in it may not be whom they seem (reliability A14)
	Found    Excerpt `db:"-"` // by a search
}

// A ConversationList is a page of the list.
type ConversationList struct {
	Rows         []ConversationRow
	Newer, Older *Cursor // of the pages beside this one; nil: there is none
	Total        Count   // of all pages; of a search that goes on, of those so far
	Bound        int     // not 0: only so many of the newest were looked through
}

// Conversations is List without its cursors, for short lists.
func (d *Desk) Conversations(ctx context.Context, actor Actor, f ListFilter) (conversations []ConversationRow, total int, err error) {
	list, err := d.List(ctx, actor, f)
	return list.Rows, list.Total.N, err
}

// List gives the conversations that the actor may view, newest activity first. It
// asks the database a fixed number of times. ErrForbidden, ErrNotFound for
// customers, Invalid of "status".
func (d *Desk) List(ctx context.Context, actor Actor, f ListFilter) (list ConversationList, err error) {
	defer wrap(&err, "list conversations")
	if err := actor.Can(DoView); err != nil {
		return list, err
	}
	if f.Status != "" && !f.Status.Valid() {
		return list, Invalid{Field: "status", Code: CodeInvalid, Problem: "There is no such status."}
	}
	err = d.read(ctx, func(tx pgx.Tx) error {
		list, err = f.read(ctx, tx, actor)
		if err == nil && len(list.Rows) < f.size() && f.Cursor != nil && f.Cursor.Newer {
			f.Cursor = nil // the first page is a whole one
			list, err = f.read(ctx, tx, actor)
		}
		return err
	})
	return list, err
}

func (f ListFilter) size() int {
	limit, _ := f.bounds()
	return limit
}

// A hit is a conversation of a page, and of a search the words that were found: a
// message, or minus the id of a note.
type hit struct {
	ID   ConversationID
	Post int64
}

func (f ListFilter) read(ctx context.Context, tx pgx.Tx, actor Actor) (list ConversationList, err error) {
	limit, offset := f.bounds()
	newer := f.Cursor != nil && f.Cursor.Newer
	var hits []hit
	var asked inquiry
	if f.Query != "" {
		if asked, err = readInquiry(ctx, tx, f.Query); err == nil {
			hits, list.Bound, err = f.search(ctx, tx, actor, asked, offset+limit+1)
		}
		list.Total = Count{min(len(hits), offset+limit), len(hits) > offset+limit || f.Cursor != nil}
	} else {
		whole := f.listing(actor)
		var n int
		if n, err = planned[int](ctx, tx, `select `+whole.count(mostCounted+1), whole.args); err == nil {
			list.Total = upTo(n, mostCounted)
			l := whole.from(f.Cursor)
			hits, err = plannedRows[hit](ctx, tx, `select c.id, 0::bigint as post from `+l.ids(newer, offset+limit+1)+` c`+activity(newer), l.args)
		}
	}
	if err != nil {
		return list, err
	}
	hits = hits[min(offset, len(hits)):]
	more := len(hits) > limit
	hits = hits[:min(limit, len(hits))]
	if newer {
		slices.Reverse(hits)
	}
	if list.Rows, err = rowsOf(ctx, tx, actor, hits); err != nil || len(list.Rows) == 0 {
		return list, err
	}
	list.turn(f, more, offset)
	return list, asked.excerpts(ctx, tx, list.Rows, hits)
}

// turn tells where the pages beside this one begin.
func (list *ConversationList) turn(f ListFilter, more bool, offset int) {
	newer := f.Cursor != nil && f.Cursor.Newer
	first, last := list.Rows[0], list.Rows[len(list.Rows)-1]
	if more || newer {
		list.Older = &Cursor{At: last.UpdatedAt, ID: last.ID}
	}
	if newer && more || !newer && (f.Cursor != nil || offset > 0) {
		list.Newer = &Cursor{At: first.UpdatedAt, ID: first.ID, Newer: true}
	}
}

// rowsOf reads what the lines show, in the order of the hits.
func rowsOf(ctx context.Context, tx pgx.Tx, actor Actor, hits []hit) ([]ConversationRow, error) {
	ids := make([]ConversationID, len(hits))
	for i, h := range hits {
		ids[i] = h.ID
	}
	return rows[ConversationRow](ctx, tx, `
		select `+conversationColumns+`,
			not exists (select from conversation_reads r
				where r.conversation_id = c.id and r.user_id = @actor and r.read_at >= c.updated_at) as unread,
			exists (select from messages m where m.conversation_id = c.id and m.warnings <> '{}'
				and array_to_string(m.warnings, chr(10)) ~ '`+imitating+`') as doubtful
		from unnest(@ids::bigint[]) with ordinality as page (id, n) join conversations c on c.id = page.id order by page.n`,
		pgx.StrictNamedArgs{"actor": actor.ID, "ids": ids})
}

// planned and plannedRows have a statement planned for the values it is given: how
// long the way through a list is depends on them more than on anything else.
func planned[T any](ctx context.Context, tx querier, sql string, args pgx.NamedArgs) (T, error) {
	return value[T](ctx, tx, sql, pgx.QueryExecModeCacheDescribe, args)
}

func plannedRows[T any](ctx context.Context, tx querier, sql string, args pgx.NamedArgs) ([]T, error) {
	return rows[T](ctx, tx, sql, pgx.QueryExecModeCacheDescribe, args)
}
