package core_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func (f finder) ids(t *testing.T, actor core.Actor, filter core.ListFilter) string {
	t.Helper()
	list, err := f.List(t.Context(), actor, filter)
	if err != nil {
		t.Fatalf("%+v: %v", filter, err)
	}
	var names []string
	for _, row := range list.Rows {
		names = append(names, f.names[row.ID])
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

type finder struct {
	coretest.Desk
	names map[core.ConversationID]string
}

// TestWhatASearchFinds: all words, in one message or note with its subject and people.
func TestWhatASearchFinds(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	f := finder{d, map[core.ConversationID]string{}}
	cara, dan, agent := d.Customer(t, "cara+shop@acme.test"), d.Customer(t, "dan@müller.test"), d.Agent(t, "ann@desk.test")
	d.Exec(t, `update users set name = 'Cara O''Brien' where id = $1`, cara.ID)
	d.Exec(t, `update users set name = 'Dân Ångström-Łoś' where id = $1`, dan.ID)
	printer := d.Conversation(t, cara, "the printer shows a paper jam, error 4711-B")
	d.Message(t, printer, cara, "Größe und Straße der Rechnung")
	cjk := d.Conversation(t, dan, "発注書を送ってください")
	d.Note(t, cjk, agent, "the accountant asked in https://wiki.desk.test/a_b?x=1 about C++")
	d.Exec(t, `insert into participants (conversation_id, address, user_id, via) values ($1, 'cole@else.test', null, 'agent')`, cjk)
	f.names[printer], f.names[cjk] = "printer", "cjk"
	for query, want := range map[string]string{
		"PRINTER": "printer", "prin": "printer", "rinter": "", "pr": "", "jam printer": "printer", "printer account": "",
		`"paper jam"`: "printer", `"jam paper"`: "", `“paper jam”`: "printer", "printer -jam": "", "printer -rechnung": "", "printer -nothing": "printer", "-printer": "",
		`the -"paper jam"`: "cjk", "grosse": "printer", "GRÖSSE": "printer", "strasse": "printer", "straße": "printer", "4711": "printer", "4711-b": "printer",
		"cara": "printer", "o'brien": "printer", "brien jam": "printer", "cara+shop@acme.test": "printer", "acme": "printer", "shop@ac": "printer",
		"angstrom los": "cjk", "dan": "cjk", "dan@müller.test": "cjk", "dan@xn--mller-kva.test": "cjk", "発注": "cjk", "注書": "cjk", "書発": "", "送": "cjk", "発注書を送って": "cjk",
		"accountant": "cjk", "wiki.desk": "cjk", "a_b": "cjk", "c++": "cjk", "cole@else.test": "cjk", "the": "cjk printer",
		"#1": "printer", "1": "cjk printer", "#2": "cjk", "#999": "", "#x": "cjk", "#y": "", "%": "", "_": "", `\`: "", "'": "", "& | ! ( ) <-> :*": "", "jam:*": "printer",
		"\x00jam": "printer", strings.Repeat("jam ", 500): "printer", strings.Repeat("x", 5000): "", `"`: "", `""`: "", "- jam": "printer", "--jam": "",
	} {
		if got := f.ids(t, agent, core.ListFilter{Query: query}); got != want {
			t.Errorf("%.40q finds %q, want %q", query, got, want)
		}
	}
}

// TestWordsThatMoveOrGoAreNotFoundWhereTheyWere: the index follows whatever is done.
func TestWordsThatMoveOrGoAreNotFoundWhereTheyWere(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	f := finder{d, map[core.ConversationID]string{}}
	cara, agent := d.Customer(t, "cara@acme.test"), d.Agent(t, "ann@desk.test")
	a, b := d.Conversation(t, cara, "alpha"), d.Conversation(t, cara, "beta")
	f.names[a], f.names[b] = "a", "b"
	post, note := d.Message(t, b, cara, "wanderer"), d.Note(t, b, agent, "secretive")
	finds := func(query, want string) {
		t.Helper()
		if got := f.ids(t, agent, core.ListFilter{Query: query}); got != want {
			t.Errorf("%s finds %q, want %q", query, got, want)
		}
	}
	finds("wanderer", "b")
	d.Exec(t, `update messages set conversation_id = $2 where id = $1`, post, a)
	finds("wanderer", "a")
	d.Exec(t, `update messages set text = 'gone' where id = $1`, post)
	finds("wanderer", "")
	finds("gone", "a")
	d.Exec(t, `delete from messages where id = $1`, post)
	finds("gone", "")
	d.Exec(t, `update notes set conversation_id = $2 where id = $1`, note, a)
	finds("secretive", "a")
	d.Exec(t, `delete from notes where id = $1`, note)
	finds("secretive", "")
	d.Exec(t, `update users set name = 'Zaphod' where id = $1`, cara.ID)
	finds("zaphod", "a b")
	d.Exec(t, `insert into addresses (address, user_id, is_primary) values ('second@elsewhere.test', $1, false)`, cara.ID)
	finds("elsewhere", "a b")
	d.Exec(t, `delete from addresses where address = 'second@elsewhere.test'`)
	finds("elsewhere", "")
	d.Exec(t, `update conversations set subject = 'Renamed' where id = $1`, a)
	finds("renamed", "a")
	finds("about", "b")
	d.Exec(t, `insert into participants (conversation_id, address, user_id, via) values ($1, 'cole@beyond.test', null, 'agent')`, a)
	finds("beyond", "a")
	d.Exec(t, `delete from participants`)
	finds("beyond", "")
	if n := d.Text(t, `select count(*) from search_entries`); n != "2" {
		t.Errorf("%s entries for two messages", n)
	}
}

// TestNobodyFindsWhatTheyMayNotView: no hit, no count, no excerpt; and the trash is
// found in the trash alone.
func TestNobodyFindsWhatTheyMayNotView(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Customer(t, "cara@acme.test")
	if _, err := d.List(t.Context(), cara, core.ListFilter{Query: "word"}); answer(err) != "404" {
		t.Errorf("a customer searches: %v", err)
	}
	var team core.TeamID
	fmt.Sscan(d.Text(t, `insert into teams (title) values ('One') returning id`), &team)
	for _, role := range []core.Role{core.RoleAgent, core.RoleCollaborator} {
		for _, access := range []core.Access{core.AccessOwn, core.AccessTeams, core.AccessAll} {
			actor := d.Person(t, role, string(role)+string(access)+"@desk.test")
			actor.Rights.Access, actor.Teams = access, []core.TeamID{team}
			f := finder{d, map[core.ConversationID]string{}}
			word := "word" + string(role) + string(access)
			for _, name := range []string{"foreign", "own", "team", "cc", "mentioned", "requested", "trash"} {
				id := d.Conversation(t, cara, word)
				f.names[id] = name
				note := d.Note(t, id, actor, word)
				switch name {
				case "own":
					d.Exec(t, `update conversations set assignee_id = $2 where id = $1`, id, actor.ID)
				case "team":
					d.Exec(t, `update conversations set team_id = $2 where id = $1`, id, team)
				case "cc":
					d.Exec(t, `insert into participants (conversation_id, address, user_id, via) values ($1, $2, $3, 'agent')`, id, actor.Address, actor.ID)
				case "mentioned":
					d.Exec(t, `insert into mentions (note_id, user_id) values ($1, $2)`, note, actor.ID)
				case "requested":
					d.Exec(t, `update conversations set requester_id = $2 where id = $1`, id, actor.ID)
				case "trash":
					d.Exec(t, `update conversations set trashed_at = now(), assignee_id = $2 where id = $1`, id, actor.ID)
				}
			}
			want := map[core.Access]string{core.AccessOwn: "cc mentioned own requested", core.AccessTeams: "cc mentioned own requested team",
				core.AccessAll: "cc foreign mentioned own requested team"}[access]
			for _, query := range []string{word, `"` + word + `" -nothing`} {
				if got := f.ids(t, actor, core.ListFilter{Query: query}); got != want {
					t.Errorf("%s with access %s finds %q by %s, want %q", role, access, got, query, want)
				}
			}
			if got := f.ids(t, actor, core.ListFilter{Query: word, View: core.ViewTrash}); got != "trash" {
				t.Errorf("%s with access %s finds %q in the trash", role, access, got)
			}
			counts, err := d.CountLists(t.Context(), actor, core.ViewAll)
			list, listed := d.List(t.Context(), actor, core.ListFilter{})
			if err != nil || listed != nil || counts.Views[core.ViewAll] != list.Total || counts.Statuses[core.StatusNew] != list.Total {
				t.Errorf("%s with access %s: %+v beside %v (%v %v)", role, access, counts, list.Total, err, listed)
			}
			mine, _ := d.List(t.Context(), actor, core.ListFilter{View: core.ViewMine})
			nobodys, _ := d.List(t.Context(), actor, core.ListFilter{View: core.ViewUnassigned})
			if counts.Views[core.ViewMine].N != 1 || mine.Total.N != 1 || counts.Views[core.ViewTrash].N == 0 || counts.Views[core.ViewUnassigned] != nobodys.Total || nobodys.Total.N == 0 {
				t.Errorf("%s with access %s counts %+v", role, access, counts)
			}
		}
	}
}

// TestAMailOfAnyWordsIsFiled: the index takes no more than it can hold, and never
// refuses what it cannot.
func TestAMailOfAnyWordsIsFiled(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara, agent := d.Customer(t, "cara@acme.test"), d.Agent(t, "ann@desk.test")
	id := d.Conversation(t, cara, "first")
	var distinct, signs strings.Builder
	for i := range 300_000 {
		fmt.Fprintf(&distinct, "w%x ", i)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		c := rune(0x20 + r.IntN(0x2ffff))
		if c < 0xd800 || c > 0xdfff {
			signs.WriteRune(c)
		}
	}
	for _, text := range []string{distinct.String(), signs.String(), strings.Repeat("x", 2_000_000), strings.Repeat("ä", 100_000), strings.Repeat("ﷺ", 60_000),
		strings.Repeat("漢", 100_000), strings.Repeat("a.b@c/d:e-", 50_000), "", " ", strings.Repeat("\U0001F600", 60_000)} {
		d.Message(t, id, cara, text)
		d.Note(t, id, agent, text)
	}
	for query, want := range map[string]int{"w0": 1, "w1fff": 1, "first": 1} {
		if list, err := d.List(t.Context(), agent, core.ListFilter{Query: query}); err != nil || len(list.Rows) != want {
			t.Errorf("%s: %d %v", query, len(list.Rows), err)
		}
	}
}

func TestAnExcerptMarksTheWordsAndTellsANote(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara, agent := d.Customer(t, "cara@acme.test"), d.Agent(t, "ann@desk.test")
	d.Conversation(t, cara, strings.Repeat("many words before it ", 20)+"<b>Größe</b> & more "+strings.Repeat("and after ", 40))
	private := d.Conversation(t, cara, "else")
	d.Note(t, private, agent, "a private hedgehog")
	show := func(query string) (string, bool, string) {
		t.Helper()
		list, err := d.List(t.Context(), agent, core.ListFilter{Query: query})
		if err != nil || len(list.Rows) != 1 {
			t.Fatalf("%s: %d %v", query, len(list.Rows), err)
		}
		write := func(pieces []core.Piece) (s string) {
			for _, p := range pieces {
				if p.Marked {
					s += "[" + p.Text + "]"
				} else {
					s += p.Text
				}
			}
			return s
		}
		return write(list.Rows[0].Found.Text), list.Rows[0].Found.Note, write(list.Rows[0].Found.Subject)
	}
	if text, note, _ := show("grosse"); note || !strings.Contains(text, "<b>[Größe]</b> & more and") || !strings.HasPrefix(text, "… ") || !strings.HasSuffix(text, " …") {
		t.Errorf("%q, a note %v", text, note)
	}
	if text, note, _ := show("hedge"); !note || text != "a private [hedgehog]" {
		t.Errorf("%q, a note %v", text, note)
	}
	if text, note, subject := show("about else"); note || subject != "[About] [else]" || text != "[else]" {
		t.Errorf("%q %q, a note %v", text, subject, note)
	}
}
