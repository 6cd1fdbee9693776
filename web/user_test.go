package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"postdesk/core"
)

// says tells whether the only element of this kind has these words in it.
func (a answer) says(t *testing.T, words, tag string, attributes ...string) bool {
	t.Helper()
	found := a.find(t, tag, attributes...)
	return len(found) == 1 && strings.Contains(textOf(found[0]), words)
}

// value gives what a field holds.
func (a answer) value(t *testing.T, name string) string {
	t.Helper()
	for _, n := range a.find(t, "input", "name="+name) {
		for _, attribute := range n.Attr {
			if attribute.Key == "value" {
				return attribute.Val
			}
		}
	}
	return ""
}

func (w *site) created(t *testing.T, email string) string {
	t.Helper()
	u, err := w.CreateUser(t.Context(), w.people["owner"], core.NewUser{Email: email})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("/agent/users/%d", u.ID)
}

func TestMatchesAppearWhileAnAddressIsTyped(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.Exec(t, `update users set enabled = false, name = '<b>Other</b>' where id = $1`, w.people["other"].ID)
	for typed, want := range map[string]string{"": "", "o": "", "ot": "<b>Other</b>", "OTHER@People.TEST": "<b>Other</b>",
		"nobody-here": "", "free@acme.test": "", strings.Repeat("ot", 5000): ""} {
		got := w.ask(t, "agent", "/agent/users/suggest?email="+url.QueryEscape(typed), nil)
		links := got.find(t, "a")
		if got.Status != http.StatusOK || got.Header.Get("Cache-Control") != "no-store" || len(got.find(t, "main")) != 0 || len(got.find(t, "div", "id=matches")) != 1 {
			t.Fatalf("%.20q: %d %v", typed, got.Status, got.Header)
		}
		if (want == "") != (len(links) == 0) || want != "" && textOf(links[0]) != want {
			t.Errorf("%.20q: %d matches", typed, len(links))
		}
		if free := len(got.find(t, "p", "class=free")) == 1; free != (typed == "free@acme.test") {
			t.Errorf("%.20q is told to be free: %t", typed, free)
		}
	}
	other := w.ask(t, "agent", "/agent/users/suggest?email=ot", nil)
	if !other.says(t, "Disabled", "span", "class=pill bad") || len(other.find(t, "a", fmt.Sprintf("href=/agent/users/%d", w.people["other"].ID))) != 1 {
		t.Error("the state of a match, or the way to its owner, is missing")
	}
	page := w.ask(t, "agent", "/agent/users/new?email=ot", nil)
	if len(page.find(t, "input", "hx-get=/agent/users/suggest", "name=email", "value=ot")) != 1 || !page.says(t, "Other", "ul", "class=people matches") {
		t.Error("the page without scripts shows no matches, or the field has none with them")
	}
}

func TestATakenAddressIsRefusedWithTheWayToItsOwner(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	owner := w.people["owner"]
	if err := w.AddIdentity(t.Context(), owner, w.people["own"].ID, "second@bücher.test"); err != nil {
		t.Fatal(err)
	}
	before := w.Text(t, `select count(*) from users`)
	for typed, c := range map[string]struct {
		who   core.UserID
		words string
	}{
		"OWN@people.test":           {w.people["own"].ID, "Customer"},
		"Second@BÜCHER.test":        {w.people["own"].ID, "a second address of"},
		"second@xn--bcher-kva.test": {w.people["own"].ID, "a second address of"},
		"disabled@people.test":      {w.people["disabled"].ID, "Agent, disabled"},
		"collaborator@people.test":  {w.people["collaborator"].ID, "Collaborator"},
		"SUPPORT@desk.test":         {0, "is a mailbox of this help desk"},
		"owner@people.test. ":       {owner.ID, "Owner"},
	} {
		got := w.ask(t, "agent", "/agent/users/new", url.Values{"email": {typed}})
		if got.Status != http.StatusBadRequest || !got.says(t, core.DuplicateProblem, "p", "class=fault") || !got.says(t, c.words, "div", "id=e-email") {
			t.Errorf("%s: %d", typed, got.Status)
		}
		links := 0
		if c.who != 0 {
			links = 1
		}
		for _, box := range got.find(t, "div", "id=e-email") {
			n := 0
			for d := range box.Descendants() {
				if d.Type == html.ElementNode && d.Data == "a" && hasAll(d, []string{fmt.Sprintf("href=/agent/users/%d", c.who)}) {
					n++
				}
			}
			if n != links {
				t.Errorf("%s: %d links to its owner", typed, n)
			}
		}
		if got.value(t, "email") != strings.TrimSpace(typed) {
			t.Errorf("what was typed is gone: %q", got.value(t, "email"))
		}
	}
	for _, typed := range []string{"", "no address", "a@b@"} {
		if got := w.ask(t, "agent", "/agent/users/new", url.Values{"email": {typed}}); got.Status != http.StatusBadRequest || len(got.find(t, "div", "id=e-email")) != 1 {
			t.Errorf("%q: %d", typed, got.Status)
		}
	}
	if after := w.Text(t, `select count(*) from users`); after != before {
		t.Errorf("%s users, were %s", after, before)
	}
}

func TestACreatedUserIsShownWithWhatWasSent(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	for relay, want := range map[bool]string{true: "is on its way to them", false: "is held in the outbox"} {
		w.server.relaySet = relay
		made := w.ask(t, "agent", "/agent/users/new", url.Values{"email": {fmt.Sprintf("new-%t@acme.test", relay)}})
		page := w.ask(t, "agent", made.Header.Get("Location"), nil)
		if made.Status != http.StatusSeeOther || !page.says(t, want, "div", "class=said") || page.value(t, "organization") != "Acme" {
			t.Errorf("relay %t: %d to %s", relay, made.Status, made.Header.Get("Location"))
		}
	}
}

func TestTheOrganizationIsTypedByNameOrDomain(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	ctx, owner := t.Context(), w.people["owner"]
	for _, domain := range []string{"one.test", "two.test"} {
		if _, err := w.CreateOrganization(ctx, owner, core.NewOrganization{Name: "Twin", Domains: []string{domain}}); err != nil {
			t.Fatal(err)
		}
	}
	at := func() string {
		return w.Text(t, `select coalesce((select name from organizations o where o.id = organization_id), '') from users where id = `+w.at("{user}"))
	}
	for _, c := range []struct{ was, typed, now, problem string }{
		{"", "acme", "Acme", ""},
		{"Acme", "ACME.test", "Acme", ""},
		{"Acme", "Acm", "Acme", "There is no organization Acm."},
		{"Acme", "twin", "Acme", "Write the domain of the one you mean: one.test or two.test."},
		{"Acme", "two.test", "Twin", ""},
		{"Twin", "Twin", "Twin", ""}, // unchanged, though two have the name
		{"Twin", "", "", ""},
	} {
		got := w.ask(t, "agent", "/agent/users/{user}", url.Values{"organization": {c.typed}, "was.organization": {c.was}, "phone": {"7"}, "was.phone": {""}})
		if c.problem != "" && (got.Status != http.StatusBadRequest || !got.says(t, c.problem, "div", "id=e-organization") || got.value(t, "organization") != c.typed || got.value(t, "phone") != "7") {
			t.Errorf("%q: %d, holds %q", c.typed, got.Status, got.value(t, "organization"))
		}
		if c.problem == "" && got.Status != http.StatusSeeOther || at() != c.now {
			t.Errorf("%q: %d, at %q", c.typed, got.Status, at())
		}
	}
	if by := w.Text(t, `select organization_by_hand::text from users where id = `+w.at("{user}")); by != "true" {
		t.Error("taking it away by hand does not hold")
	}
	options := w.ask(t, "agent", "/agent/organizations/suggest?organization=twi", nil)
	if len(options.find(t, "option", "value=one.test")) != 1 || len(options.find(t, "option", "value=two.test")) != 1 || options.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("two of one name are not told apart: %s", options.Body)
	}
	if one := w.ask(t, "agent", "/agent/organizations/suggest?organization=ac", nil); len(one.find(t, "option", "value=Acme")) != 1 {
		t.Errorf("not offered: %s", one.Body)
	}
}

func TestTheMenuOfAPersonOffersWhatTheReaderMayDo(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	customer := w.created(t, "cara@acme.test")
	if _, _, err := w.Invite(t.Context(), w.people["owner"], []core.Invitee{{Name: "Ivy", Email: "ivy@people.test", Role: core.RoleAgent}}); err != nil {
		t.Fatal(err)
	}
	person := func(name string) string { return fmt.Sprintf("/agent/users/%d", w.people[name].ID) }
	invited := "/agent/users/" + w.Text(t, `select user_id::text from addresses where address = 'ivy@people.test'`)
	const all = "enable disable send-link copy-link merge anonymise addresses"
	for _, c := range []struct{ who, at, want string }{
		{"admin", customer, "disable send-link copy-link merge anonymise addresses"},
		{"agent", customer, "disable send-link copy-link merge addresses"},
		{"collaborator", customer, ""},
		{"admin", invited, "enable disable send-link copy-link anonymise addresses"},
		{"agent", invited, ""},
		{"admin", person("disabled"), "enable anonymise addresses"},
		{"admin", person("owner"), ""},
		{"admin", person("admin"), ""},
		{"owner", person("admin"), "disable anonymise send-link copy-link addresses"},
		{"agent", person("collaborator"), ""},
		{"agent", person("agent"), ""},
	} {
		page := w.ask(t, c.who, c.at, nil)
		for act := range strings.FieldsSeq(all) {
			n := len(page.find(t, "form", "action="+c.at+"/"+act)) + len(page.find(t, "a", "href="+c.at+"/"+act))
			want := 0
			if strings.Contains(" "+c.want+" ", " "+act+" ") {
				want = 1
			}
			if n != want {
				t.Errorf("%s finds %s %d times at %s, want %d", c.who, act, n, c.at, want)
			}
		}
		if menu := len(page.find(t, "details", "class=menu")); menu != min(1, len(c.want)) {
			t.Errorf("%s at %s: %d menus", c.who, c.at, menu)
		}
	}
}

func TestDisablingIsAskedForTwiceAndToldEverywhere(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	at := w.created(t, "cara@acme.test")
	sure := w.ask(t, "agent", at, nil).find(t, "details", "class=sure")
	if len(sure) != 1 || !strings.Contains(textOf(sure[0]), "signed out everywhere") {
		t.Fatal("nothing asks for it")
	}
	if got := w.ask(t, "agent", at+"/disable", url.Values{}); got.Status != http.StatusSeeOther {
		t.Fatalf("%d", got.Status)
	}
	page := w.ask(t, "agent", at, nil)
	if !page.says(t, "cara (Disabled)", "h1") || !page.says(t, "Disabled", "span", "class=pill bad") || len(page.find(t, "p", "class=banner warn")) != 1 {
		t.Error("the page does not say so")
	}
	if list := w.ask(t, "agent", "/agent/users?state=disabled&q=cara", nil); !list.says(t, "cara (Disabled)", "ol") {
		t.Error("the list does not say so")
	}
	w.ask(t, "agent", at+"/enable", url.Values{})
	if page := w.ask(t, "agent", at, nil); !page.says(t, "cara", "h1") || strings.Contains(page.Body, "(Disabled)") {
		t.Error("enabling does not undo it")
	}
}

func TestAnInviteIsRevokedOnThePageOfItsPerson(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	invited, _, err := w.Invite(t.Context(), w.people["owner"], []core.Invitee{{Name: "Ivy", Email: "ivy@people.test", Role: core.RoleAgent}})
	if err != nil {
		t.Fatal(err)
	}
	at := userPath(invited[0].ID)
	if page := w.ask(t, "admin", at, nil); len(page.find(t, "span", "class=pill warn")) == 0 || strings.Contains(page.Body, "(Disabled)") {
		t.Error("an invited person is not told as such")
	}
	got := w.ask(t, "admin", at+"/disable", url.Values{"do": {"revoke"}})
	if got.Status != http.StatusSeeOther || w.Text(t, `select (invited_at is null and not enabled)::text from users where id = $1`, invited[0].ID) != "true" {
		t.Errorf("%d", got.Status)
	}
	if again := w.ask(t, "admin", at+"/disable", url.Values{"do": {"revoke"}}); again.Status != http.StatusConflict {
		t.Errorf("again: %d", again.Status)
	}
}

func TestStaffChooseAndRemoveTheAddressesOfThoseBelowThem(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	at := w.created(t, "cara@acme.test")
	w.ask(t, "agent", at+"/addresses", url.Values{"email": {"cara@home.test"}})
	page := w.ask(t, "agent", at, nil)
	if len(page.find(t, "button", "formaction="+at+"/addresses/primary")) != 1 || len(page.find(t, "button", "formaction="+at+"/addresses/remove")) != 1 {
		t.Fatal("the second address cannot be chosen or removed, or the first can")
	}
	early := w.ask(t, "agent", at+"/addresses/remove", url.Values{"email": {"cara@acme.test"}})
	if early.Status != http.StatusConflict || !early.says(t, "The primary address stays", "p", "class=said bad") {
		t.Errorf("the primary one: %d", early.Status)
	}
	w.ask(t, "agent", at+"/addresses/primary", url.Values{"email": {"CARA@home.test"}})
	if got := w.ask(t, "agent", at+"/addresses/remove", url.Values{"email": {"cara@acme.test"}}); got.Status != http.StatusSeeOther {
		t.Errorf("the former one: %d", got.Status)
	}
	if left := w.Text(t, `select string_agg(address || ' ' || is_primary, ', ') from addresses where address like 'cara@%'`); left != "cara@home.test true" {
		t.Errorf("left: %s", left)
	}
	for path, form := range map[string]url.Values{"/addresses/primary": {"email": {"nobody@x.test"}}, "/addresses/remove": {"email": {"own@people.test"}}} {
		if got := w.ask(t, "agent", at+path, form); got.Status != http.StatusNotFound {
			t.Errorf("%s of somebody else's: %d", path, got.Status)
		}
	}
	admin := fmt.Sprintf("/agent/users/%d", w.people["admin"].ID)
	if got := w.ask(t, "agent", admin+"/addresses/remove", url.Values{"email": {"admin@people.test"}}); got.Status != http.StatusForbidden {
		t.Errorf("of an admin: %d", got.Status)
	}
}

func TestACopiedLinkStandsInAFieldAndOnNoOtherPage(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	at := w.created(t, "cara@acme.test")
	got := w.ask(t, "agent", at+"/copy-link", url.Values{})
	link := got.find(t, "input", "id=link", "readonly")
	if got.Status != http.StatusOK || len(link) != 1 || got.Header.Get("Cache-Control") != "no-store" || !strings.Contains(got.Body, "http://desk.test/accept/") {
		t.Errorf("%d, %d fields", got.Status, len(link))
	}
	if page := w.ask(t, "agent", at, nil); strings.Contains(page.Body, "/accept/") {
		t.Error("the link is shown again")
	}
}

func TestWhoWasMergedLeadsToTheSurvivorWhereItCanBeUndone(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	gone := w.ask(t, "agent", "/agent/users/{merged}", nil)
	if gone.Status != http.StatusSeeOther || gone.Header.Get("Location") != w.at("/agent/users/{user}") {
		t.Errorf("%d to %s", gone.Status, gone.Header.Get("Location"))
	}
	undo := "action=" + w.at("/agent/users/{merged}/unmerge")
	if page := w.ask(t, "agent", "/agent/users/{user}", nil); len(page.find(t, "form", undo)) != 1 || !page.says(t, "Merged", "section", "id=merged") {
		t.Error("the survivor does not tell")
	}
	if page := w.ask(t, "collaborator", "/agent/users/{user}", nil); len(page.find(t, "form", undo)) != 0 {
		t.Error("a collaborator is offered to undo it")
	}
}

func TestADeletedPersonHasNothingToChange(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	if err := w.AnonymiseUser(t.Context(), w.people["owner"], w.people["somebody"].ID); err != nil {
		t.Fatal(err)
	}
	page := w.ask(t, "admin", "/agent/users/{user}", nil)
	if page.Status != http.StatusOK || !page.says(t, core.DeletedName, "h1") || !page.says(t, "Deleted", "span", "class=pill") ||
		len(page.find(t, "input", "name=full_name"))+len(page.find(t, "details", "class=menu"))+len(page.find(t, "textarea")) != 0 {
		t.Errorf("%d, or something is left to change", page.Status)
	}
}

func TestNotesAreSaidToHaveToldSomebodyOrNobody(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	for note, want := range map[string]string{"plain": "noted", "@Collaborator look": "told", "@Agent that is me": "noted", "@Colaborator look": "untold"} {
		for _, at := range []string{"/agent/users/{user}/notes", "/agent/organizations/{organization}/notes", "/agent/conversations/{conversation}/note"} {
			got := w.ask(t, "agent", at, url.Values{"note": {note}})
			if got.Status != http.StatusSeeOther || !strings.Contains(got.Header.Get("Location"), "said="+want) {
				t.Errorf("%q at %s: %d to %s", note, at, got.Status, got.Header.Get("Location"))
			}
		}
	}
	if empty := w.ask(t, "agent", "/agent/users/{user}/notes", url.Values{"note": {" "}}); empty.Status != http.StatusBadRequest || len(empty.find(t, "p", "class=fault")) != 1 {
		t.Errorf("an empty note: %d", empty.Status)
	}
}

func TestTheJourneyIsReadPieceByPieceAndANoteIsFoundInIt(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	agent := w.people["agent"]
	id := w.people["somebody"].ID
	noted, err := w.AddUserNote(t.Context(), agent, id, "the oldest of all notes")
	if err != nil {
		t.Fatal(err)
	}
	w.Exec(t, `insert into notes (user_id, author_id, source, text, is_verified, created_at)
		select $1, $2, 'agent', 'note ' || i, true, now() + i * interval '1 second' from generate_series(1, 120) i`, id, agent.ID)
	anchor := fmt.Sprintf("id=note-%d", noted.ID)
	first := w.ask(t, "agent", "/agent/users/{user}?only=notes", nil)
	older := first.find(t, "a", "rel=next")
	if len(older) != 1 || len(first.find(t, "li", anchor)) != 0 || len(first.find(t, "article")) != 50 || len(first.find(t, "a", "rel=prev")) != 0 {
		t.Fatalf("the first piece: %d notes, %d ways on", len(first.find(t, "article")), len(older))
	}
	if !hasAll(older[0], []string{w.at("href=/agent/users/{user}?only=notes&past=2#journey")}) {
		t.Errorf("leads to %v", older[0].Attr)
	}
	last := w.ask(t, "agent", "/agent/users/{user}?only=notes&past=3", nil)
	if len(last.find(t, "li", anchor)) != 1 || len(last.find(t, "article")) != 21 || len(last.find(t, "a", "rel=next")) != 0 || len(last.find(t, "a", "rel=prev")) != 1 {
		t.Errorf("the last piece: %d notes", len(last.find(t, "article")))
	}
	found := w.ask(t, "agent", fmt.Sprintf("/agent/users/{user}?note=%d", noted.ID), nil)
	if len(found.find(t, "li", anchor, "class=said-by private sought")) != 1 {
		t.Error("the link of a mention does not find its note")
	}
	for _, odd := range []string{"note=999999", "note=x", "note=-1", "past=99", "past=x", "only=everything"} {
		if got := w.ask(t, "agent", "/agent/users/{user}?"+odd, nil); got.Status != http.StatusOK {
			t.Errorf("%s: %d", odd, got.Status)
		}
	}
}

func TestUsersAreFilteredByRoleStateAndOrganization(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.created(t, "cara@acme.test") // joins
	for query, want := range map[string]int{"role=collaborator": 1, "state=disabled": 1, "state=disabled&role=customer": 0, "q=cara": 1,
		"organization={organization}": 2, "organization={organization}&q=zz": 0, "organization={organization}&q=ca": 1, "q=own+people": 2, "role=king&state=odd&q=cara": 1} {
		got := w.ask(t, "agent", "/agent/users?"+query, nil)
		if n := len(got.find(t, "li", "class=line")) + len(got.find(t, "li", "class=line dim")); got.Status != http.StatusOK || n != want {
			t.Errorf("%s: %d, %d people, want %d", query, got.Status, n, want)
		}
		if empty := len(got.find(t, "div", "class=empty")) == 1; empty != (want == 0) {
			t.Errorf("%s: told to be empty: %t", query, empty)
		}
	}
	if got := w.ask(t, "agent", "/agent/users?organization=999", nil); got.Status != http.StatusNotFound {
		t.Errorf("an organization that is not there: %d", got.Status)
	}
	if got := w.ask(t, "agent", "/agent/users?role=customer&state=enabled&q=a", nil); len(got.find(t, "option", "value=customer", "selected")) != 1 ||
		len(got.find(t, "option", "value=enabled", "selected")) != 1 || got.value(t, "q") != "a" {
		t.Error("the form forgets what was chosen")
	}
}

func TestAStalePageOfAPersonUndoesNothing(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.ask(t, "admin", "/agent/users/{user}", url.Values{"phone": {"2"}, "was.phone": {""}, "full_name": {"Somebody"}, "was.full_name": {"Somebody"}})
	w.ask(t, "agent", "/agent/users/{user}", url.Values{"phone": {""}, "was.phone": {""}, "full_name": {"Some Body"}, "was.full_name": {"Somebody"},
		"organization": {""}, "was.organization": {""}})
	if got := w.Text(t, `select name || ' ' || phone || ' ' || organization_by_hand from users where id = `+w.at("{user}")); got != "Some Body 2 false" {
		t.Errorf("the person is %s", got)
	}
}

func TestWhatWasTypedBesideAFaultIsSavedOnceTheFaultIsMended(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	form := url.Values{"full_name": {"New Name"}, "was.full_name": {""}, "phone": {"7"}, "was.phone": {""}, "tags": {"vip"}, "was.tags": {""},
		"time_zone": {"nowhere"}, "was.time_zone": {""}}
	wrong := w.ask(t, "admin", "/agent/users/{user}", form)
	if wrong.Status != http.StatusBadRequest {
		t.Fatalf("a timezone that is not there: %d", wrong.Status)
	}
	for name := range form {
		form.Set(name, wrong.value(t, name))
	}
	form.Set("time_zone", "Europe/Berlin")
	w.ask(t, "admin", "/agent/users/{user}", form)
	if got := w.Text(t, `select name || ' ' || phone || ' ' || tags::text || ' ' || timezone from users where id = `+w.at("{user}")); got != "New Name 7 {vip} Europe/Berlin" {
		t.Errorf("the person is %s", got)
	}
}
