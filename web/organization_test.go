package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"postdesk/core"
)

const acmePath = "/agent/organizations/{organization}"

func TestADomainOfAnotherOrganizationLeadsToIt(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	form := url.Values{"name": {"Globex"}, "domains": {"globex.test\r\nlab.globex.test, ACME.test."}, "shares": {"yes"}}
	got := w.ask(t, "agent", "/agent/organizations", form)
	more := got.find(t, "p", "class=fault-more")
	if faults := got.find(t, "p", "class=fault"); got.Status != http.StatusBadRequest || len(faults) != 1 || textOf(faults[0]) != core.DuplicateProblem || len(more) != 1 {
		t.Fatalf("%d, %d faults", got.Status, len(faults))
	}
	if squeezed(more[0]) != "acme.test belongs to Acme." || len(inside(more[0], "a", "href="+w.at(acmePath))) != 1 {
		t.Errorf("said: %s", squeezed(more[0]))
	}
	if textOf(got.the(t, "textarea", "f-domains")) != "globex.test\nlab.globex.test, ACME.test." || len(got.find(t, "input", "name=name", "value=Globex")) != 1 ||
		len(got.find(t, "input", "name=shares", "checked")) != 1 || len(got.find(t, "input", "name=force")) != 0 {
		t.Error("what was typed is gone, or another's domain can be forced")
	}
	w.Exec(t, `update roles set case_access = 'own' where role = 'agent'`)
	if hidden := w.ask(t, "agent", "/agent/organizations", form); hidden.Status != http.StatusBadRequest || !strings.Contains(squeezed(hidden.find(t, "p", "class=fault-more")[0]), "another organization") {
		t.Errorf("to somebody who may not see it: %d", hidden.Status)
	}
}

func TestAPublicProviderIsTakenOnlyWhenItsBoxIsTicked(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	if page := w.ask(t, "agent", "/agent/organizations/new", nil); len(page.find(t, "input", "name=force")) != 0 {
		t.Error("the box is there before anything is wrong")
	}
	form := url.Values{"name": {"Club"}, "domains": {"club.test, @Gmail.com"}}
	got := w.ask(t, "agent", "/agent/organizations", form)
	box := got.find(t, "input", "name=force")
	if got.Status != http.StatusBadRequest || len(box) != 1 || !strings.Contains(got.Body, "gmail.com is used by people of many companies") {
		t.Fatalf("%d, %d boxes", got.Status, len(box))
	}
	form.Set("force", attribute(box[0], "value"))
	form.Set("domains", "club.test, gmail.com, hotmail.com")
	if other := w.ask(t, "agent", "/agent/organizations", form); other.Status != http.StatusBadRequest {
		t.Errorf("another domain than the one that was meant: %d", other.Status)
	}
	form.Set("domains", "club.test, @Gmail.com")
	made := w.ask(t, "agent", "/agent/organizations", form)
	path, _, _ := strings.Cut(made.Header.Get("Location"), "?")
	if made.Status != http.StatusSeeOther {
		t.Fatalf("forced: %d", made.Status)
	}
	page := w.ask(t, "agent", path, nil)
	area := page.the(t, "textarea", "f-domains")
	if textOf(area) != "club.test, gmail.com" {
		t.Errorf("domains: %q", textOf(area))
	}
	update := url.Values{"domains": {"club.test, gmail.com, bücher.test"}, "was.domains": {"club.test, gmail.com"}}
	if got := w.ask(t, "agent", path, update); got.Status != http.StatusSeeOther {
		t.Errorf("a further domain: %d", got.Status)
	}
	if text := textOf(w.ask(t, "agent", path, nil).the(t, "textarea", "f-domains")); text != "club.test, gmail.com, bücher.test" {
		t.Errorf("domains: %q", text)
	}
	bad := w.ask(t, "agent", path, url.Values{"domains": {"club.test, no domain!"}, "was.domains": {"x"}})
	if bad.Status != http.StatusBadRequest || len(bad.find(t, "input", "name=force")) != 0 || textOf(bad.the(t, "textarea", "f-domains")) != "club.test, no domain!" {
		t.Errorf("no domain at all: %d", bad.Status)
	}
}

func TestAfterADomainIsAddedThosePeopleAreNamedAndLetIn(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	for _, name := range []string{"ada", "bea", "cid", "dan", "eva", "fay", "gil"} {
		w.Customer(t, name+"@globex.test")
	}
	byHand := w.Customer(t, "hand@globex.test")
	w.Exec(t, `update users set organization_by_hand = true where id = $1`, byHand.ID)
	if page := w.ask(t, "agent", acmePath, nil); len(page.find(t, "section", "id=joinable")) != 0 {
		t.Error("people are offered before the domain is added")
	}
	w.ask(t, "agent", acmePath, url.Values{"domains": {"acme.test globex.test"}, "was.domains": {"acme.test"}})
	offer := squeezed(w.ask(t, "agent", acmePath, nil).the(t, "section", "joinable"))
	if offer != "7 existing customers with an address at acme.test or globex.test can join Acme: Ada, Bea, Cid, Dan, Eva and 2 more.Let all 7 join" &&
		offer != "7 existing customers with an address at acme.test or globex.test can join Acme: Ada, Bea, Cid, Dan, Eva and 2 more. Let all 7 join" {
		t.Errorf("the offer: %s", offer)
	}
	if page := w.ask(t, "collaborator", acmePath, nil); len(page.find(t, "section", "id=joinable")) != 0 || len(page.find(t, "textarea", "name=domains")) != 0 {
		t.Error("a collaborator can change it")
	}
	w.ask(t, "agent", acmePath+"/join", url.Values{})
	page := w.ask(t, "agent", acmePath, nil)
	if len(page.find(t, "section", "id=joinable")) != 0 || !strings.HasPrefix(squeezed(page.the(t, "section", "people")), "People 8") { // and who wrote from acme.test
		t.Errorf("people: %s", squeezed(page.the(t, "section", "people")))
	}
	if got := w.Text(t, `select coalesce(organization_id, 0) from users where id = $1`, byHand.ID); got != "0" {
		t.Error("none by hand was overwritten")
	}
}

func TestAStaleOrganizationPageChangesOnlyWhatItsReaderChanged(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	was := url.Values{"was.name": {"Acme"}, "name": {"Acme"}, "was.domains": {"acme.test"}, "domains": {"acme.test"}, "was.shares": {"no"}}
	with := func(pairs ...string) url.Values {
		form := url.Values{}
		for k, v := range was {
			form[k] = v
		}
		for i := 0; i < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		return form
	}
	w.ask(t, "agent", acmePath, with("name", "Acme Ltd"))
	w.ask(t, "admin", acmePath, with("shares", "yes"))
	w.ask(t, "agent", acmePath, with("domains", "acme.test, acme.example"))
	if got := w.Text(t, `select name || ' ' || shares_conversations || ' ' || (select count(*) from organization_domains where organization_id = o.id) from organizations o`); got != "Acme Ltd true 2" {
		t.Errorf("the organization is %s", got)
	}
}

func TestThePeopleOfAnOrganizationArePaged(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.Exec(t, `with u as (insert into users (name, role, enabled, organization_id) select 'P ' || n, 'customer', true, $1 from generate_series(1, 60) n returning id)
		insert into addresses (address, user_id, is_primary) select 'p' || id || '@acme.test', id, true from u`, w.names["{organization}"])
	page := w.ask(t, "collaborator", acmePath, nil)
	people := page.the(t, "section", "people")
	total := w.Text(t, `select count(*) from users where organization_id = `+w.names["{organization}"])
	next := inside(people, "a", "rel=next")
	if !strings.HasPrefix(squeezed(people), "People "+total) || len(inside(people, "li")) != 25 || len(next) != 1 {
		t.Fatalf("%d people on the first page: %s", len(inside(people, "li")), squeezed(people))
	}
	if second := w.ask(t, "collaborator", attribute(next[0], "href"), nil); len(inside(second.the(t, "section", "people"), "li")) != 25 {
		t.Error("the second page is no other")
	}
}

func TestNewLeadsToThePageOfANewOrganization(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	if page := w.ask(t, "agent", "/agent/organizations", nil); len(page.find(t, "a", "href=/agent/organizations/new")) < 2 {
		t.Error("no way to a new organization from New and from the list")
	}
	if page := w.ask(t, "collaborator", "/agent/organizations", nil); strings.Contains(page.Body, "/agent/organizations/new") {
		t.Error("a collaborator is led there")
	}
	nameless := w.ask(t, "agent", "/agent/organizations", url.Values{"name": {" "}, "domains": {"x.test"}})
	if nameless.Status != http.StatusBadRequest || len(nameless.find(t, "p", "class=fault")) != 1 || textOf(nameless.the(t, "textarea", "f-domains")) != "x.test" {
		t.Errorf("without a name: %d", nameless.Status)
	}
}
