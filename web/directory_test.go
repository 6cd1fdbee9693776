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

// inside gives the elements under a node with a tag and all of these attributes.
func inside(n *html.Node, tag string, attributes ...string) (found []*html.Node) {
	for c := range n.Descendants() {
		if c.Type == html.ElementNode && c.Data == tag && hasAll(c, attributes) {
			found = append(found, c)
		}
	}
	return found
}

// the gives the only element with an id.
func (a answer) the(t *testing.T, tag, id string) *html.Node {
	t.Helper()
	found := a.find(t, tag, "id="+id)
	if len(found) != 1 {
		t.Fatalf("%d elements %s#%s in a page of status %d", len(found), tag, id, a.Status)
	}
	return found[0]
}

// squeezed is all text under a node, with single spaces.
func squeezed(n *html.Node) string { return strings.Join(strings.Fields(textOf(n)), " ") }

// invitee invites somebody, and gives their number.
func (w *site) invitee(t *testing.T, name, email string, role core.Role) core.UserID {
	t.Helper()
	invited, faults, err := w.Invite(t.Context(), w.people["owner"], []core.Invitee{{Name: name, Email: email, Role: role}})
	if err != nil || len(faults) > 0 {
		t.Fatal(faults, err)
	}
	return invited[0].ID
}

// namesListed are the names in one of the two lists.
func namesListed(t *testing.T, a answer, list string) string {
	t.Helper()
	var names []string
	for _, title := range inside(a.the(t, "section", list), "p", "class=line-title") {
		names = append(names, textOf(title))
	}
	return strings.Join(names, ", ")
}

func TestTheDirectoryHasTwoListsAndEachNameOpensItsUserPage(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	id := w.invitee(t, "Zoe", "zoe@people.test", core.RoleAgent)
	page := w.ask(t, "admin", "/admin/directory", nil)
	if got := namesListed(t, page, "enabled"); got != "Admin, Agent, Collaborator, Owner" {
		t.Errorf("enabled: %s", got)
	}
	if got := namesListed(t, page, "disabled"); got != "Zoe, Disabled (Disabled)" {
		t.Errorf("disabled: %s", got)
	}
	row := page.the(t, "li", fmt.Sprintf("user-%d", id))
	if links := inside(row, "a", fmt.Sprintf("href=/agent/users/%d", id)); len(links) != 1 || !strings.Contains(squeezed(row), "Open") {
		t.Errorf("the row does not open the user page: %s", squeezed(row))
	}
	for query, want := range map[string][2]string{
		"q=COLLAB": {"Collaborator", ""}, "role=agent": {"Agent", "Zoe, Disabled (Disabled)"}, "q=zoe@": {"", "Zoe"},
		"role=king": {"Admin, Agent, Collaborator, Owner", "Zoe, Disabled (Disabled)"}, "team=" + w.names["{team}"]: {"", ""},
	} {
		page := w.ask(t, "admin", "/admin/directory?"+query, nil)
		if got := [2]string{namesListed(t, page, "enabled"), namesListed(t, page, "disabled")}; got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

func TestTheDirectoryIsPagedAndItsCountsAreOfAll(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.Exec(t, `insert into users (name, role, enabled) select 'B ' || lpad(n::text, 3, '0'), 'agent', n <= 120 from generate_series(1, 180) n`)
	page := w.ask(t, "admin", "/admin/directory", nil)
	if got := squeezed(page.the(t, "h2", "h-enabled")) + ", " + squeezed(page.the(t, "h2", "h-disabled")); got != "Enabled 124, Disabled 61" {
		t.Errorf("counts: %s", got)
	}
	next := inside(page.the(t, "section", "disabled"), "a", "rel=next")
	if len(next) != 1 {
		t.Fatal("no way to the rest of the disabled")
	}
	page = w.ask(t, "admin", attribute(next[0], "href"), nil)
	if rows := inside(page.the(t, "section", "disabled"), "li"); len(rows) != 11 {
		t.Errorf("%d disabled on the second page, want 11", len(rows))
	}
	if rows := inside(page.the(t, "section", "enabled"), "li"); len(rows) != 50 {
		t.Errorf("%d enabled beside it, want 50", len(rows))
	}
}

func TestAnInviteIsSentAgainRevokedAndCopiedInTheDirectory(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	id := w.invitee(t, "Zoe", "zoe@people.test", core.RoleAgent)
	row := func(a answer) string { return squeezed(a.the(t, "li", fmt.Sprintf("user-%d", id))) }
	act := fmt.Sprintf("/admin/directory/%d?q=zoe&role=agent", id)
	page := w.ask(t, "admin", "/admin/directory?q=zoe&role=agent", nil)
	if forms := page.find(t, "form", "action="+act); len(forms) != 1 || len(inside(forms[0], "button")) != 3 {
		t.Errorf("%d forms lead to %s", len(forms), act)
	}
	if got := row(page); !strings.Contains(got, "Invited today") || !strings.Contains(got, "held in the outbox") {
		t.Errorf("the row says %s", got)
	}
	sent := w.ask(t, "admin", act, url.Values{"do": {"send"}})
	if sent.Status != http.StatusSeeOther || sent.Header.Get("Location") != "/admin/directory?q=zoe&role=agent&said=link-sent" {
		t.Errorf("sent again: %d to %s", sent.Status, sent.Header.Get("Location"))
	}
	if n := w.Text(t, `select count(*) from deliveries where user_id = $1 and state = 'held'`, id); n != "1" {
		t.Errorf("%s mails wait, want the newest alone", n)
	}
	copied := w.ask(t, "admin", act, url.Values{"do": {"copy"}})
	field := copied.find(t, "input", "readonly")
	if copied.Status != http.StatusOK || copied.Header.Get("Cache-Control") != "no-store" || len(field) != 1 {
		t.Fatalf("copied: %d, %d fields", copied.Status, len(field))
	}
	link := attribute(field[0], "value")
	if !strings.HasPrefix(link, "http://desk.test/accept/") {
		t.Errorf("the link is %s", link)
	}
	if got := row(copied); !strings.Contains(got, "The link works until") || !strings.Contains(got, "shown once") {
		t.Errorf("after the copy the row says %s", got)
	}
	second := w.ask(t, "admin", act, url.Values{"do": {"copy"}})
	if old := w.ask(t, "", strings.TrimPrefix(link, "http://desk.test"), nil); second.Status != http.StatusOK || old.Status != http.StatusGone {
		t.Errorf("the older link answers %d", old.Status)
	}
	if again := w.ask(t, "admin", "/admin/directory?q=zoe", nil); len(again.find(t, "input", "readonly")) != 0 {
		t.Error("the link is shown a second time")
	}
	w.Exec(t, `update links set expires_at = now() - interval '1 hour' where user_id = $1`, id)
	if got := row(w.ask(t, "admin", "/admin/directory", nil)); !strings.Contains(got, "The link has expired. Send it again.") {
		t.Errorf("after seven days the row says %s", got)
	}
	revoked := w.ask(t, "admin", act, url.Values{"do": {"revoke"}})
	if revoked.Status != http.StatusSeeOther {
		t.Errorf("revoked: %d", revoked.Status)
	}
	if got := row(w.ask(t, "admin", "/admin/directory", nil)); strings.Contains(got, "Invited") || strings.Contains(got, "Revoke") || !strings.Contains(got, "Disabled") {
		t.Errorf("after the revoke the row says %s", got)
	}
	late := w.ask(t, "admin", act, url.Values{"do": {"revoke"}})
	if late.Status != http.StatusConflict || !strings.Contains(late.Body, "has no invite that waits") {
		t.Errorf("revoked twice: %d", late.Status)
	}
	if odd := w.ask(t, "admin", act, url.Values{"do": {"promote"}}); odd.Status != http.StatusBadRequest {
		t.Errorf("an act that is not: %d", odd.Status)
	}
}

func TestTheSixthLinkOfADayIsARateAndNoLicence(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	act := fmt.Sprintf("/admin/directory/%d", w.invitee(t, "Zoe", "zoe@people.test", core.RoleAgent))
	for range 5 {
		if got := w.ask(t, "admin", act, url.Values{"do": {"send"}}); got.Status != http.StatusSeeOther {
			t.Fatalf("%d", got.Status)
		}
	}
	for _, do := range []string{"send", "copy"} {
		got := w.ask(t, "admin", act, url.Values{"do": {do}})
		if got.Status != http.StatusTooManyRequests || !strings.Contains(got.Body, "5 links in a day are enough") || len(got.find(t, "input", "readonly")) != 0 {
			t.Errorf("%s: %d", do, got.Status)
		}
	}
}

func TestAnAdminTouchesNoInviteOfAnOwner(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	id := w.invitee(t, "Eve", "eve@people.test", core.RoleOwner)
	act := fmt.Sprintf("/admin/directory/%d", id)
	if page := w.ask(t, "admin", "/admin/directory", nil); len(page.find(t, "form", "action="+act)) != 0 || !strings.Contains(page.Body, "Only an owner sends, copies or revokes") {
		t.Error("an admin has buttons for the invite of an owner")
	}
	if page := w.ask(t, "owner", "/admin/directory", nil); len(page.find(t, "form", "action="+act)) != 1 {
		t.Error("an owner has none")
	}
	for _, do := range []string{"send", "copy", "revoke"} {
		if got := w.ask(t, "admin", act, url.Values{"do": {do}}); got.Status != http.StatusForbidden || strings.Contains(got.Body, "/accept/") {
			t.Errorf("%s: %d", do, got.Status)
		}
	}
	if got := w.Text(t, `select invited_at is not null from users where id = $1`, id); got != "true" {
		t.Error("the invite is gone")
	}
}

func TestTheDirectoryShowsTheLimitsAndWarnsWhenTheyAreReached(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	rooms := func() (text string, full int, warned bool) {
		page := w.ask(t, "admin", "/admin/directory", nil)
		list := page.find(t, "ul", "class=rooms")
		if len(list) != 1 {
			t.Fatalf("%d lists of limits", len(list))
		}
		return squeezed(list[0]), len(inside(list[0], "li", "class=full")), strings.Contains(page.Body, "is reached")
	}
	if text, full, warned := rooms(); text != "1 collaborator, no limit3 seats for agents, admins and owners, no limit" || full != 0 || warned {
		t.Errorf("without limits: %s, %d full, warned %v", text, full, warned)
	}
	w.invitee(t, "Mia", "mia@lab.test", core.RoleCollaborator)
	two, nine := 2, 9
	if err := w.SetLimits(t.Context(), &two, &nine); err != nil {
		t.Fatal(err)
	}
	if text, full, warned := rooms(); text != "2 of 2 collaborators, 1 of them invited3 of 9 seats for agents, admins and owners" || full != 1 || !warned {
		t.Errorf("at a limit: %s, %d full, warned %v", text, full, warned)
	}
}

func TestTheOtherNameOfTheDirectoryLeadsThere(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	if got := w.ask(t, "admin", "/admin/team", nil); got.Header.Get("Location") != "/admin/directory" {
		t.Errorf("%d to %s", got.Status, got.Header.Get("Location"))
	}
	page := w.ask(t, "admin", "/admin/directory", nil)
	if heads := page.find(t, "h2", "class=nav-head"); len(heads) == 0 || textOf(heads[0]) != "Team settings" {
		t.Error("no Team settings in the navigation")
	}
	for _, to := range []string{"/admin/directory", "/admin/teams", "/admin/roles"} {
		if len(page.find(t, "a", "class=nav-link", "href="+to)) == 0 {
			t.Errorf("no way to %s", to)
		}
	}
}
