package main

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
)

// talk is what the tables of a conversation must agree on.
type talk struct {
	requester, assignee int // ids; assignee 0: nobody
	language            int
	from, to            time.Time
	messages            int
	firstMessage        int // its id; the others follow
	notes, events       int
}

// stock is a help desk before it is written down: little is kept, the words of
// messages are made as they are copied.
type stock struct {
	sizes
	now           time.Time
	words         [][]string
	staff         int // the ids 1 to staff are theirs: owner, admins, agents, collaborators
	agents        int // of these, the ids that answer customers
	organizations int
	talks         []talk
}

const longNotes, longEvents = 20, 30 // of a conversation with 200 entries

func newStock(s sizes, now time.Time) (*stock, error) {
	st := &stock{sizes: s, now: now.UTC().Truncate(time.Hour), words: vocabularies(s.Seed), staff: max(8, min(80, s.People/50))}
	st.agents, st.organizations = st.staff*3/4, max(1, s.People/25)
	long := 200 - longNotes - longEvents
	if spare := s.Messages - s.Conversations - s.Long*(long-1); spare < 0 || s.Conversations < s.Long || s.Conversations < 1 || s.People <= st.staff {
		return nil, fmt.Errorf("%d messages of %d people are too few for %d conversations, %d of them long", s.Messages, s.People, s.Conversations, s.Long)
	}
	st.talks = make([]talk, s.Conversations)
	r := newSpeaker(s.Seed, 1, st.words)
	for i := range st.talks {
		st.talks[i] = st.talk(r)
	}
	rest := s.Messages - s.Conversations
	for i := range s.Long { // spread over all years
		t := &st.talks[i*len(st.talks)/s.Long]
		t.messages, t.notes, t.events, rest = long, longNotes, longEvents, rest-long+1
	}
	for rest > 0 { // a tenth of the conversations has half of what is left
		i := r.IntN(len(st.talks))
		if rest%2 == 0 {
			i -= i % 10
		}
		if t := &st.talks[i]; t.messages < long/2 || s.Conversations*long/4 < s.Messages && t.messages < long {
			t.messages, rest = t.messages+1, rest-1
		}
	}
	next := 1
	for i := range st.talks {
		st.talks[i].firstMessage, next = next, next+st.talks[i].messages
	}
	return st, nil
}

// talk begins in one of the last three years, with a requester who is the rarer
// the higher the id.
func (st *stock) talk(r *speaker) talk {
	from := st.now.Add(-time.Duration(r.Int64N(int64(3 * 365 * 24 * time.Hour))))
	customers := st.People - st.staff
	t := talk{
		requester: st.staff + 1 + int(float64(customers)*r.Float64()*r.Float64()),
		language:  max(0, r.IntN(2*len(st.words))-len(st.words)),
		from:      from, to: from.Add(time.Duration(r.Int64N(int64(min(20*24*time.Hour, st.now.Sub(from)) + 1)))),
		messages: 1, notes: r.IntN(4) * r.IntN(2), events: 1 + r.IntN(3),
	}
	if r.IntN(4) > 0 {
		t.assignee = 1 + r.IntN(st.agents)
	}
	return t
}

// at is when the i-th of n things in it happened.
func (t *talk) at(i, n int) time.Time {
	return t.from.Add(t.to.Sub(t.from) * time.Duration(i) / time.Duration(max(1, n-1)))
}

// byStaff tells who wrote the i-th message: the requester begins.
func (t *talk) byStaff(i int) bool { return t.assignee != 0 && i%2 == 1 }

// each gives rows for 1 to n.
func each(n int, row func(id int) []any) func() []any {
	id := 0
	return func() []any {
		if id++; id > n {
			return nil
		}
		return row(id)
	}
}

// within gives rows for each thing of each conversation, c being its id and i from
// 0, and id that of the thing.
func (st *stock) within(count func(t *talk) int, row func(id, c, i int, t *talk) []any) func() []any {
	id, c, i := 0, 0, 0
	return func() []any {
		for c < len(st.talks) {
			if t := &st.talks[c]; i < count(t) {
				id, i = id+1, i+1
				if r := row(id, c+1, i-1, t); r != nil {
					return r
				}
				continue
			}
			c, i = c+1, 0
		}
		return nil
	}
}

func messagesOf(t *talk) int { return t.messages }
func notesOf(t *talk) int    { return t.notes }
func eventsOf(t *talk) int   { return t.events }
func onlyOne(*talk) int      { return 1 }

// address of a person: that of the firm, for every second one.
func (st *stock) address(id int) string {
	switch firm := st.firmOf(id); {
	case id <= st.staff:
		return fmt.Sprintf("staff%d@desk.test", id)
	case firm != 0:
		return fmt.Sprintf("%s%d@firm%d.test", strings.ToLower(strings.Fields("Mia Cara Abe Anna Zoe Lukas Emile Ines Omar Ruth")[id%10]), id, firm)
	}
	return fmt.Sprintf("person.%d@post%d.test", id, id%7)
}

// firmOf is an organization's id, or 0.
func (st *stock) firmOf(id int) int {
	if id <= st.staff || id%2 == 0 {
		return 0
	}
	return 1 + id/2%st.organizations
}

// tables in the order in which they are copied.
func (st *stock) tables() []table {
	return append(st.peopleTables(), append(st.talkTables(), st.mailTables()...)...)
}

func (st *stock) role(id int) string {
	switch {
	case id == 1:
		return "owner"
	case id <= 3:
		return "admin"
	case id <= st.agents:
		return "agent"
	case id <= st.staff:
		return "collaborator"
	}
	return "customer"
}

func (st *stock) peopleTables() []table {
	r := newSpeaker(st.Seed, 2, st.words)
	given, family := strings.Fields(givenNames), strings.Fields(familyNames)
	firms, kinds, teams := strings.Fields(firmNames), strings.Fields(firmKinds), strings.Split(teamNames, ",")
	born := func(id int) time.Time {
		return st.now.Add(-time.Duration(3*365*24) * time.Hour).Add(time.Duration(id) * time.Second)
	}
	extra := (st.People - st.staff) / 10
	return []table{
		{"mailboxes", "id address name", each(3, func(id int) []any {
			return []any{id, []string{mailbox, "billing@desk.test", "hello@desk.test"}[id-1], []string{"Support", "Billing", "Hello"}[id-1]}
		})},
		{"organizations", "id name", each(st.organizations, func(id int) []any {
			return []any{id, fmt.Sprintf("%s %s %d", r.one(firms), r.one(kinds), id)}
		})},
		{"organization_domains", "domain organization_id", each(st.organizations, func(id int) []any {
			return []any{fmt.Sprintf("firm%d.test", id), id}
		})},
		{"teams", "id title", each(len(teams), func(id int) []any { return []any{id, teams[id-1]} })},
		{"users", "id name role enabled organization_id created_at", each(st.People, func(id int) []any {
			return []any{id, r.one(given) + " " + r.one(family), st.role(id), id == 1 || r.IntN(50) > 0, orNull(st.firmOf(id)), born(id)}
		})},
		{"addresses", "address user_id is_primary verified_at", each(st.People+extra, func(id int) []any {
			if id > st.People {
				person := st.staff + 10*(id-st.People)
				return []any{fmt.Sprintf("old.%d@elsewhere.test", person), person, false, born(person)}
			}
			return []any{st.address(id), id, true, born(id)}
		})},
		{"team_members", "team_id user_id", each(2*st.staff, func(n int) []any {
			return []any{1 + (n-1+(n-1)/st.staff)%len(teams), 1 + (n-1)%st.staff}
		})},
	}
}

// orNull is nil for no reference.
func orNull(id int) any {
	if id == 0 {
		return nil
	}
	return id
}

func (st *stock) talkTables() []table {
	r, people := newSpeaker(st.Seed, 3, st.words), newSpeaker(st.Seed, 4, st.words)
	tags := strings.Fields(tagNames)
	return []table{
		{"conversations", "id subject status priority type tags requester_id assignee_id team_id mailbox_id channel root trashed_at created_at updated_at completed_at closed_at",
			st.within(onlyOne, func(id, c, i int, t *talk) []any { return st.conversation(r, tags, c, t) })},
		{"participants", "conversation_id address user_id via", st.within(func(t *talk) int { return t.messages % 3 }, func(_, c, i int, t *talk) []any {
			person := (t.requester+1+i*7919+c)%st.People + 1
			if person == t.requester {
				return nil
			}
			if person%20 == 0 { // without an account
				return []any{c, fmt.Sprintf("guest%d.%d@bare.test", c, i), nil, "mail"}
			}
			return []any{c, st.address(person), person, "mail"}
		})},
		{"followers", "conversation_id user_id", st.within(onlyOne, func(_, c, _ int, t *talk) []any {
			if t.assignee == 0 {
				return nil
			}
			return []any{c, t.assignee}
		})},
		{"conversation_reads", "conversation_id user_id read_at", st.within(func(*talk) int { return 3 }, func(_, c, i int, t *talk) []any {
			return []any{c, 1 + (c+i)%st.agents, t.to.Add(time.Duration(people.IntN(3)-1) * time.Hour)}
		})},
		{"tokens", "name purpose address user_id conversation_id mailbox_id", st.within(onlyOne, func(id, c, _ int, t *talk) []any {
			return []any{id, 1, st.address(t.requester), t.requester, c, 1 + c%3}
		})},
		{"conversation_links", "conversation_id other_id relation", st.within(onlyOne, func(_, c, _ int, _ *talk) []any {
			if c%40 != 0 {
				return nil
			}
			return []any{c, c - 1, "may_belong"}
		})},
	}
}

// conversation is old and closed, mostly.
func (st *stock) conversation(r *speaker, tags []string, c int, t *talk) []any {
	status, completed, closed := "closed", any(nil), any(t.to)
	switch age := st.now.Sub(t.to); {
	case age < 80*time.Hour && r.IntN(2) == 0:
		status, completed, closed = "completed", t.to, nil
	case r.IntN(8) == 0 || age < 90*24*time.Hour:
		status, closed = r.one([]string{"new", "open", "open", "pending"}), nil
	}
	var trashed any
	if c%100 == 77 {
		trashed = t.to
	}
	named := []string{}
	for n := r.IntN(4); n > 0; n-- {
		if tag := tags[int(float64(len(tags))*r.Float64()*r.Float64())]; !strings.Contains(strings.Join(named, " "), tag) {
			named = append(named, tag)
		}
	}
	return []any{c, strings.Join(strings.Fields(r.say(t.language, 3+r.IntN(6))), " "), status,
		r.one([]string{"low", "normal", "normal", "normal", "high", "urgent"}), r.one([]string{"question", "question", "task", "problem", "incident"}),
		named, t.requester, orNull(t.assignee), orNull(max(0, r.IntN(12)-3)), 1 + c%3, r.one([]string{"mail", "mail", "mail", "helpcenter", "agent", "api"}),
		fmt.Sprintf("root.%d.%d@desk.test", st.Seed, c), trashed, t.from, t.to, completed, closed}
}

func sumOf(parts ...any) []byte {
	sum := sha256.Sum256(fmt.Append(nil, parts...))
	return sum[:]
}
