package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestATeamIsMadeNamedFilledAndDeletedAfterAQuestion(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	made := w.ask(t, "admin", "/admin/teams", url.Values{"title": {"Lab"}, "add": {"agent@people.test, Collaborator"}})
	path, said, _ := strings.Cut(made.Header.Get("Location"), "?")
	if made.Status != http.StatusSeeOther || !strings.HasPrefix(path, "/admin/teams/") || said != "said=created" {
		t.Fatalf("%d to %s", made.Status, made.Header.Get("Location"))
	}
	members := func() string {
		var names []string
		page := w.ask(t, "admin", path, nil)
		for _, list := range page.find(t, "ul", "class=members") {
			for _, a := range inside(list, "a") {
				names = append(names, textOf(a))
			}
		}
		return strings.Join(names, ", ")
	}
	if got := members(); got != "Agent, Collaborator" {
		t.Errorf("members: %s", got)
	}
	add := w.ask(t, "admin", path, url.Values{"add": {"ADMIN, disabled@people.test"}})
	if got := members(); add.Status != http.StatusSeeOther || got != "Admin, Agent, Collaborator, Disabled (Disabled)" {
		t.Errorf("%d, members: %s", add.Status, got)
	}
	if page := w.ask(t, "admin", path, nil); len(page.find(t, "span", "class=pill bad")) != 1 {
		t.Error("the disabled member is not marked")
	}
	for add, problem := range map[string]string{"nobody": "Nobody of the staff is called nobody", "own@people.test": "own@people.test is a customer"} {
		got := w.ask(t, "admin", path, url.Values{"add": {add}})
		if faults := got.find(t, "p", "class=fault"); got.Status != http.StatusBadRequest || len(faults) != 1 || !strings.HasPrefix(textOf(faults[0]), problem) ||
			len(got.find(t, "input", "name=add", "value="+add)) != 1 {
			t.Errorf("%s: %d, %d faults", add, got.Status, len(faults))
		}
	}
	id := w.people["agent"].ID
	w.ask(t, "admin", path, url.Values{"remove": {w.Text(t, `select $1::bigint`, id)}})
	if got := members(); got != "Admin, Collaborator, Disabled (Disabled)" {
		t.Errorf("after taking one out: %s", got)
	}
	taken := w.ask(t, "admin", path, url.Values{"title": {"Billing"}, "was.title": {"Lab"}})
	if taken.Status != http.StatusBadRequest || len(taken.find(t, "input", "name=title", "value=Billing")) != 1 || len(taken.find(t, "p", "class=fault")) != 1 {
		t.Errorf("a taken title: %d", taken.Status)
	}
	w.ask(t, "admin", path, url.Values{"title": {"Laboratory"}, "was.title": {"Lab"}})
	w.ask(t, "admin", path, url.Values{"title": {"Lab"}, "was.title": {"Lab"}}) // from a page that is older
	w.Exec(t, `update conversations set team_id = (select id from teams where title = 'Laboratory') where id = `+w.at("{conversation}"))
	question := w.ask(t, "admin", path+"/delete", url.Values{})
	if question.Status != http.StatusOK || !strings.Contains(squeezed(question.the(t, "span", "sure")), "Delete Laboratory? 1 conversation stays, and belongs to no team any more.") {
		t.Errorf("the question: %d", question.Status)
	}
	if n := w.Text(t, `select count(*) from teams where title = 'Laboratory'`); n != "1" {
		t.Error("deleted by asking")
	}
	gone := w.ask(t, "admin", path+"/delete", url.Values{"sure": {"yes"}})
	if gone.Status != http.StatusSeeOther || !strings.HasPrefix(gone.Header.Get("Location"), "/admin/teams?") {
		t.Errorf("deleted: %d", gone.Status)
	}
	if page := w.ask(t, "admin", path, nil); page.Status != http.StatusNotFound {
		t.Errorf("its page: %d", page.Status)
	}
	if n := w.Text(t, `select count(*) from conversations where team_id is null and id = `+w.at("{conversation}")); n != "1" {
		t.Error("the conversation is gone, or still belongs to the team")
	}
}

func TestATeamOfMoreThanAHundredIsPagedAndAddedToByName(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.Exec(t, `with u as (insert into users (name, role, enabled) select 'Big ' || lpad(n::text, 3, '0'), 'agent', true from generate_series(1, 130) n returning id, name),
		a as (insert into addresses (address, user_id, is_primary, verified_at) select lower(replace(name, ' ', '')) || '@people.test', id, true, now() from u)
		insert into team_members (team_id, user_id) select $1, id from u where name < 'Big 121'`, w.names["{team}"])
	page := w.ask(t, "admin", "/admin/teams/{team}", nil)
	if rows := page.find(t, "input", "name=remove"); len(rows) != 50 || len(page.find(t, "a", "rel=next")) != 1 || !strings.Contains(page.Body, "1 to 50 of 120") {
		t.Errorf("%d members on the first page", len(rows))
	}
	if options := inside(page.the(t, "datalist", "colleagues"), "option"); len(options) != 134 {
		t.Errorf("%d colleagues are offered, want 134", len(options))
	}
	w.ask(t, "admin", "/admin/teams/{team}", url.Values{"add": {"Big 130"}})
	if n := w.Text(t, `select count(*) from team_members`); n != "121" {
		t.Errorf("%s members, want 121", n)
	}
}

func TestANewTeamThatIsWrongComesBackAsTyped(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	for _, c := range []struct{ title, add string }{{"Billing", "agent@people.test"}, {"Fresh", "nobody"}, {" ", "Agent"}} {
		got := w.ask(t, "admin", "/admin/teams", url.Values{"title": {c.title}, "add": {c.add}})
		if got.Status != http.StatusBadRequest || len(got.find(t, "p", "class=fault")) != 1 || len(got.find(t, "input", "name=add", "value="+c.add)) != 1 {
			t.Errorf("%+v: %d", c, got.Status)
		}
	}
	if n := w.Text(t, `select count(*) from teams`); n != "1" {
		t.Errorf("%s teams, want 1", n)
	}
}
