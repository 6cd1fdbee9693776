package core

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A listing is the SQL of a list of conversations c. Its sources are the ways by
// which a conversation can be in it, each a condition that an index answers in the
// order of the list: however many there are, a page reads only as many of each as
// it shows. One condition with "or" between them would read them all.
type listing struct {
	sources []string
	where   string // what holds for all of them
	args    pgx.NamedArgs
}

// sources are the ways by which an actor may view a conversation: seesConversation,
// piece by piece.
func (a Actor) sources() []string {
	access := a.rights().Access
	if access == AccessAll {
		return []string{`true`}
	}
	ways := []string{
		`c.requester_id = @actor`,
		`c.assignee_id = @actor`,
		`c.id in (select conversation_id from participants where user_id = @actor
			union select n.conversation_id from mentions m join notes n on n.id = m.note_id where m.user_id = @actor)`,
	}
	if access == AccessTeams {
		ways = append(ways, a.teamSources()...)
	}
	return ways
}

func (a Actor) teamSources() []string {
	var ways []string
	for _, team := range a.Teams {
		ways = append(ways, fmt.Sprintf(`c.team_id = %d`, team))
	}
	return ways
}

// unfinished is literally the condition of the index conversations_of_nobody.
const unfinished = ` and c.status in ('new', 'open', 'pending')`

// ofDisabled: whose assignee was disabled must be looked after by somebody else. An
// array, so that the index by assignee is asked for each of those few; customers are
// never assigned anything.
const ofDisabled = `c.assignee_id = any(array(select id from users where role <> 'customer' and not enabled))`

// listing makes the SQL of the filter, for what the actor may view. The query of a
// search is not in it.
func (f ListFilter) listing(actor Actor) listing {
	l := listing{sources: actor.sources(), where: `c.merged_into is null and c.trashed_at is null`, args: pgx.NamedArgs{"actor": actor.ID}}
	access := actor.rights().Access
	switch f.View {
	case ViewMine:
		l.sources = []string{`c.assignee_id = @actor`}
	case ViewTeam:
		if access == AccessOwn {
			l.where += ` and c.team_id = any(@teams)`
			l.args["teams"] = nonNil(actor.Teams)
			break
		}
		l.sources = actor.teamSources()
	case ViewUnassigned:
		l.where += unfinished
		if access == AccessAll {
			l.sources = []string{`c.assignee_id is null`, ofDisabled}
			break
		}
		l.where += ` and (c.assignee_id is null or ` + ofDisabled + `)`
	case ViewTrash:
		l.where = `c.merged_into is null and c.trashed_at is not null`
	}
	if len(l.sources) == 0 {
		l.sources = []string{`false`}
	}
	return f.narrow(l)
}

func (f ListFilter) narrow(l listing) listing {
	for _, field := range []struct {
		given     bool
		condition string
		name      string
		value     any
	}{
		{f.Status != "", `c.status = @status`, "status", f.Status},
		{f.Priority != "", `c.priority = @priority`, "priority", f.Priority},
		{f.Tag != "", `c.tags <> '{}' and c.tags @> array[@tag::text]`, "tag", f.Tag},
		{f.Team != 0, `c.team_id = @team`, "team", f.Team},
		{f.Assignee != 0, `c.assignee_id = @assignee`, "assignee", f.Assignee},
		{f.Requester != 0, `c.requester_id = @requester`, "requester", f.Requester},
	} {
		if field.given {
			l.where += ` and ` + field.condition
			l.args[field.name] = field.value
		}
	}
	return l
}

// from begins the listing at a cursor.
func (l listing) from(c *Cursor) listing {
	if c == nil {
		return l
	}
	sign := `<`
	if c.Newer {
		sign = `>`
	}
	l.where += ` and (c.updated_at, c.id) ` + sign + ` (@at::timestamptz, @after::bigint)`
	l.args["at"], l.args["after"] = c.At, c.ID
	return l
}

// activity is the order of the list, or with newer from its end.
func activity(newer bool) string {
	if newer {
		return ` order by c.updated_at, c.id`
	}
	return ` order by c.updated_at desc, c.id desc`
}

// ids selects id and updated_at of the first n, in the order of the list.
func (l listing) ids(newer bool, n int) string {
	each := make([]string, len(l.sources))
	for i, source := range l.sources {
		each[i] = fmt.Sprintf(`(select c.id, c.updated_at from conversations c where %s and %s%s limit %d)`, l.where, source, activity(newer), n)
	}
	if len(each) == 1 {
		return each[0]
	}
	return fmt.Sprintf(`(select c.id, c.updated_at from (%s) c%s limit %d)`, strings.Join(each, ` union `), activity(newer), n)
}

// looked selects what the counts need of the newest n by each source, which the
// indexes have with them.
func (l listing) looked(n int) string {
	each := make([]string, len(l.sources))
	for i, source := range l.sources {
		each[i] = fmt.Sprintf(`(select c.id, c.status, c.assignee_id, c.team_id from conversations c where %s and %s%s limit %d)`, l.where, source, activity(false), n)
	}
	return strings.Join(each, ` union `)
}

// count counts up to n.
func (l listing) count(n int) string {
	each := make([]string, len(l.sources))
	for i, source := range l.sources {
		each[i] = fmt.Sprintf(`(select c.id from conversations c where %s and %s limit %d)`, l.where, source, n)
	}
	return fmt.Sprintf(`(select count(*)::int from (select id from (%s) c limit %d) c)`, strings.Join(each, ` union `), n)
}
