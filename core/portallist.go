package core

import (
	"context"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A ThreadSearch says which conversations of the portal are wanted.
type ThreadSearch struct {
	Shared bool   // those of the organization, where it shares them
	Query  string // words of the subject or of messages, or #number; all must be there
	Page   Page
}

// ThreadList is a page of the portal, with what its tabs tell.
type ThreadList struct {
	Threads      []ThreadRow
	Total        int    // that were found
	Mine, Ours   int    // of both tabs, without a search
	Organization string // that shares its conversations; empty: none does
}

// mostThreadWords of a search are looked for.
const mostThreadWords = 8

// Threads lists conversations of the actor or of the organization, newest public
// words first. It looks into subjects and messages only: no note, no folded text
// and nothing of a conversation that was merged away can be guessed by searching.
// ErrNotFound for those of an organization that shares none.
func (d *Desk) Threads(ctx context.Context, actor Actor, s ThreadSearch) (list ThreadList, err error) {
	defer wrap(&err, "threads")
	if err := actor.Can(DoUsePortal); err != nil {
		return list, err
	}
	err = d.read(ctx, func(tx pgx.Tx) error {
		if err := list.countTabs(ctx, tx, actor); err != nil {
			return err
		}
		scope := ` and c.requester_id = @actor`
		if s.Shared {
			if list.Organization == "" {
				return ErrNotFound
			}
			scope = ` and ` + sharesThread
		}
		return list.find(ctx, tx, actor, s, fromThreads+scope)
	})
	for i := range list.Threads {
		list.Threads[i].hideAddresses()
	}
	return list, err
}

func (l *ThreadList) find(ctx context.Context, tx pgx.Tx, actor Actor, s ThreadSearch, from string) error {
	args := actor.threadArgs()
	args["words"], args["number"] = threadWords(s.Query), threadNumber(s.Query)
	from += ` and (c.id = @number or not exists (select from unnest(@words::text[]) word where not (c.subject ilike word
		or exists (select from messages m where m.conversation_id = c.id and m.text ilike word))))`
	total, err := value[int](ctx, tx, `select count(*)`+from, pgx.StrictNamedArgs{"actor": actor.ID, "words": args["words"], "number": args["number"]})
	if err != nil {
		return err
	}
	l.Total = total
	args["limit"], args["offset"] = s.Page.bounds()
	l.Threads, err = rows[ThreadRow](ctx, tx, `select `+threadColumns+from+` order by updated_at desc, c.id desc limit @limit offset @offset`, args)
	return err
}

func (l *ThreadList) countTabs(ctx context.Context, tx pgx.Tx, actor Actor) error {
	return tx.QueryRow(ctx, `select
		(select count(*) from conversations c where c.requester_id = @actor and c.trashed_at is null and c.merged_into is null),
		(select count(*) from conversations c where c.trashed_at is null and `+sharesThread+`),
		coalesce((select o.name from users me join organizations o on o.id = me.organization_id and o.shares_conversations
			where me.id = @actor and me.role = 'customer' and me.enabled), '')`,
		pgx.StrictNamedArgs{"actor": actor.ID}).Scan(&l.Mine, &l.Ours, &l.Organization)
}

// threadWords are the patterns that must all be found.
func threadWords(query string) []string {
	patterns := []string{}
	for _, word := range strings.Fields(cleanLine(query, 200)) {
		if len(patterns) < mostThreadWords {
			patterns = append(patterns, likePattern(word))
		}
	}
	return patterns
}

// threadNumber reads "#12", or 0.
func threadNumber(query string) ConversationID {
	number, found := strings.CutPrefix(strings.TrimSpace(query), "#")
	n, err := strconv.ParseInt(number, 10, 64)
	if !found || err != nil {
		return 0
	}
	return ConversationID(n)
}
