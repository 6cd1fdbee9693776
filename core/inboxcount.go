package core

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A Count is how many there are, or that there are more than N: nobody waits for
// the exact number of very many.
type Count struct {
	N    int
	More bool
}

// String says it for people: "12" or "1,000+".
func (c Count) String() string {
	s := strconv.Itoa(c.N)
	if len(s) > 3 {
		s = s[:len(s)-3] + "," + s[len(s)-3:]
	}
	if c.More {
		s += "+"
	}
	return s
}

func upTo(n, most int) Count { return Count{min(n, most), n > most} }

// ListCounts are how many conversations stand in each view, and of one view in each
// status.
type ListCounts struct {
	Views    map[View]Count
	Statuses map[Status]Count
}

// How far lists count: the one that is shown, those beside it, and how many of the
// newest of each way to see them are looked at for who sees only some.
const (
	mostCounted   = 10_000
	mostShown     = 1_000
	mostLookedAt  = 3_000
	mostTrashSeen = mostShown + 1
)

func allViews() []View { return []View{ViewAll, ViewMine, ViewTeam, ViewUnassigned, ViewTrash} }

func allStatuses() []Status {
	return []Status{StatusNew, StatusOpen, StatusPending, StatusCompleted, StatusClosed}
}

// CountLists counts the views, and the statuses of one, in one question to the
// database. ErrForbidden, ErrNotFound for customers.
func (d *Desk) CountLists(ctx context.Context, actor Actor, in View) (counts ListCounts, err error) {
	defer wrap(&err, "count lists")
	if err := actor.Can(DoView); err != nil {
		return counts, err
	}
	sql, args := countEach(actor, in)
	if actor.rights().Access != AccessAll {
		sql, args = countSeen(actor, in)
	}
	n, err := value[[]int](ctx, d.pool, sql, pgx.QueryExecModeCacheDescribe, args)
	if err != nil {
		return counts, err
	}
	shown := len(allViews()) + len(allStatuses())
	bounded := len(n) > shown && n[shown] >= mostLookedAt // there may be more
	counts = ListCounts{map[View]Count{}, map[Status]Count{}}
	for i, view := range allViews() {
		counts.Views[view] = upTo(n[i], mostShown)
	}
	for i, status := range allStatuses() {
		counts.Statuses[status] = upTo(n[len(allViews())+i], mostShown)
	}
	if bounded {
		markMore(counts.Views)
		markMore(counts.Statuses)
	}
	return counts, nil
}

// markMore tells of numbers that not all were looked at.
func markMore[K comparable](counts map[K]Count) {
	for k, c := range counts {
		c.More = c.More || c.N > 0
		counts[k] = c
	}
}

// countEach counts along the index of each, for who sees all.
func countEach(actor Actor, in View) (string, pgx.NamedArgs) {
	args, numbers := pgx.NamedArgs{}, []string{}
	add := func(l listing) {
		numbers = append(numbers, l.count(mostShown+1))
		maps.Copy(args, l.args)
	}
	for _, view := range allViews() {
		add(ListFilter{View: view}.listing(actor))
	}
	for _, status := range allStatuses() {
		l := ListFilter{View: in}.listing(actor)
		if in == ViewUnassigned && (status == StatusCompleted || status == StatusClosed) {
			numbers = append(numbers, `0`)
			continue
		}
		l.where += ` and c.status = '` + string(status) + `'`
		add(l)
	}
	return `select array[` + strings.Join(numbers, `, `) + `]`, args
}

// countSeen looks once at all that somebody sees who sees little.
func countSeen(actor Actor, in View) (string, pgx.NamedArgs) {
	conditions := map[View]string{
		ViewAll: `true`, ViewMine: `c.assignee_id = @actor`, ViewTeam: `c.team_id = any(@teams)`,
		ViewUnassigned: `(c.assignee_id is null or ` + ofDisabled + `)` + unfinished, ViewTrash: `false`,
	}
	seen, trash := ListFilter{}.listing(actor), ListFilter{View: ViewTrash}.listing(actor)
	trash.args["teams"] = nonNil(actor.Teams)
	var live, thrown []string
	for _, view := range allViews() {
		live, thrown = append(live, conditions[view]), append(thrown, fmt.Sprint(view == ViewTrash))
	}
	for _, status := range allStatuses() {
		is := ` and c.status = '` + string(status) + `'`
		live = append(live, firstWords(conditions[in], `true`)+is)
		thrown = append(thrown, fmt.Sprint(in == ViewTrash)+is)
	}
	numbers := make([]string, len(live))
	for i := range live {
		numbers[i] = fmt.Sprintf(`(count(*) filter (where not thrown and %s or thrown and %s))::int`, live[i], thrown[i])
	}
	return fmt.Sprintf(`
		select array[%s, (count(*) filter (where not thrown))::int] from (
			select false as thrown, l.* from (%s) l union all select true, t.* from (%s) t) c`,
		strings.Join(numbers, `, `), seen.looked(mostLookedAt), trash.looked(mostTrashSeen)), trash.args
}

func firstWords(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
