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

// A typed row of the invite form: name, email, role.
type typedRow [3]string

// inviteForm is what a browser posts of these rows.
func inviteForm(do string, rows ...typedRow) url.Values {
	form := url.Values{"do": {do}}
	for _, r := range rows {
		form.Add("name", r[0])
		form.Add("email", r[1])
		form.Add("role", r[2])
	}
	return form
}

// typedIn reads the rows of an invite form back.
func typedIn(t *testing.T, a answer) (rows []typedRow) {
	t.Helper()
	for _, row := range inviteRows(t, a) {
		var r typedRow
		r[0] = attribute(inside(row, "input", "name=name")[0], "value")
		r[1] = attribute(inside(row, "input", "name=email")[0], "value")
		if chosen := inside(row, "option", "selected"); len(chosen) == 1 {
			r[2] = attribute(chosen[0], "value")
		}
		rows = append(rows, r)
	}
	return rows
}

func inviteRows(t *testing.T, a answer) []*html.Node {
	t.Helper()
	var rows []*html.Node
	for i := 0; ; i++ {
		found := a.find(t, "fieldset", fmt.Sprintf("id=member-%d", i))
		if len(found) == 0 {
			return rows
		}
		rows = append(rows, found[0])
	}
}

const invitePath = "/admin/directory/invite"

func TestRowsOfAnInviteComeAndGoWithoutLosingWhatWasTyped(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	zoe, odd, empty := typedRow{"Zoe", "zoe@people.test", "agent"}, typedRow{"", "half an addr", "admin"}, typedRow{"", "", "collaborator"}
	if got := typedIn(t, w.ask(t, "admin", invitePath, nil)); len(got) != 1 || got[0] != empty {
		t.Errorf("at first: %v", got)
	}
	form := inviteForm("row", zoe, odd)
	form.Set("teams.1", w.names["{team}"])
	more := w.ask(t, "admin", invitePath, form)
	if got := typedIn(t, more); more.Status != http.StatusOK || fmt.Sprint(got) != fmt.Sprint([]typedRow{zoe, odd, empty}) {
		t.Errorf("one more: %d %v", more.Status, got)
	}
	if rows := inviteRows(t, more); len(inside(rows[1], "input", "name=teams.1", "checked")) != 1 || len(inside(rows[2], "input", "autofocus")) != 1 {
		t.Error("the team is not ticked any more, or the new row is not where the reader goes on")
	}
	form.Set("do", "drop.0")
	less := w.ask(t, "admin", invitePath, form)
	if got := typedIn(t, less); less.Status != http.StatusOK || fmt.Sprint(got) != fmt.Sprint([]typedRow{odd}) {
		t.Errorf("one less: %d %v", less.Status, got)
	}
	if len(inside(inviteRows(t, less)[0], "input", "name=teams.0", "checked")) != 1 {
		t.Error("the team did not move up with its row")
	}
	if got := typedIn(t, w.ask(t, "admin", invitePath, inviteForm("drop.0", zoe))); len(got) != 1 || got[0] != empty {
		t.Errorf("without any row: %v", got)
	}
	for _, do := range []string{"drop.7", "drop.-1", "drop.x", "grant.9"} { // of a page that was changed
		if got := w.ask(t, "admin", invitePath, inviteForm(do, odd)); got.Status != http.StatusBadRequest || typedIn(t, got)[0] != odd {
			t.Errorf("%s: %d", do, got.Status)
		}
	}
	if buttons := w.ask(t, "admin", invitePath, nil).find(t, "button", "name=do"); attribute(buttons[0], "value") != "save" {
		t.Errorf("Enter presses %q", attribute(buttons[0], "value"))
	}
	if n := w.Text(t, `select count(*) from users where invited_at is not null`); n != "0" {
		t.Errorf("%s people were invited by the way", n)
	}
}

func TestATakenAddressSaysWhoseItIsAndOffersTheRole(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.invitee(t, "Nina", "nina@people.test", core.RoleCollaborator)
	rows := []typedRow{
		{"", "OTHER@people.test", "collaborator"},
		{"", "collaborator@people.test", "collaborator"},
		{"", "collaborator@people.test", "agent"}, // the same as the row above
		{"", "agent@people.test", "collaborator"},
		{"", "disabled@people.test", "admin"},
		{"", "support@desk.test", "agent"},
		{"", "nina@people.test", "agent"},
		{"", "admin@people.test", "admin"},
	}
	got := w.ask(t, "admin", invitePath, inviteForm("save", rows...))
	if got.Status != http.StatusBadRequest || fmt.Sprint(typedIn(t, got)) != fmt.Sprint(rows) {
		t.Errorf("%d %v", got.Status, typedIn(t, got))
	}
	other := w.people["other"].ID
	for i, want := range []struct{ said, offer string }{
		{"It is Other’s, a customer.", "Make Other a Collaborator instead"},
		{"It is Collaborator’s, a collaborator. Collaborator is a collaborator already.", ""},
		{"It stands in a row above.", ""},
		{"It is Agent’s, an agent. Agent is an agent already.", ""},
		{"It is Disabled (Disabled)’s, an agent. Disabled is disabled: enable first.", ""},
		{"It is a mailbox of this help desk. Nobody signs in with it.", ""},
		{"It is Nina’s, a collaborator.", "Make Nina an Agent instead"},
		{"It is Admin’s, an admin. Admin is an admin already.", ""},
	} {
		row := inviteRows(t, got)[i]
		if faults := inside(row, "p", "class=fault"); len(faults) != 1 || textOf(faults[0]) != core.DuplicateProblem {
			t.Errorf("row %d has %d faults", i, len(faults))
		}
		if more := inside(row, "p", "class=fault-more"); len(more) != 1 || squeezed(more[0]) != want.said {
			t.Errorf("row %d says %q, want %q", i, squeezed(more[0]), want.said)
		}
		offer := ""
		if buttons := inside(row, "button", fmt.Sprintf("value=grant.%d", i)); len(buttons) == 1 {
			offer = squeezed(buttons[0])
		}
		if offer != want.offer {
			t.Errorf("row %d offers %q, want %q", i, offer, want.offer)
		}
	}
	if links := inside(inviteRows(t, got)[0], "a", fmt.Sprintf("href=/agent/users/%d", other)); len(links) != 1 {
		t.Error("no way to the owner of the address")
	}
}

func TestTheRoleInsteadIsGivenAndTheOtherRowsStay(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	zoe := typedRow{"Zoe", "zoe@people", "agent"}
	form := inviteForm("grant.0", typedRow{"", "other@people.test", "collaborator"}, zoe)
	form.Set("teams.0", w.names["{team}"])
	got := w.ask(t, "admin", invitePath, form)
	said := got.find(t, "div", "class=said")
	if got.Status != http.StatusOK || len(said) != 1 || squeezed(said[0]) != "Other is now a collaborator." || fmt.Sprint(typedIn(t, got)) != fmt.Sprint([]typedRow{zoe}) {
		t.Errorf("%d, %d sentences, %v", got.Status, len(said), typedIn(t, got))
	}
	if got := w.Text(t, `select u.role || ' ' || m.team_id from users u join team_members m on m.user_id = u.id where u.id = $1`, w.people["other"].ID); got != "collaborator "+w.names["{team}"] {
		t.Errorf("other is %s", got)
	}
	again := w.ask(t, "admin", invitePath, form)
	if again.Status != http.StatusConflict || !strings.Contains(again.Body, "Other is a collaborator already.") || len(typedIn(t, again)) != 2 {
		t.Errorf("pressed twice: %d", again.Status)
	}
	for do, want := range map[string]int{"owner": http.StatusForbidden, "customer": http.StatusBadRequest, "king": http.StatusBadRequest} {
		got := w.ask(t, "admin", invitePath, inviteForm("grant.0", typedRow{"", "own@people.test", do}))
		if got.Status != want {
			t.Errorf("as %s: %d, want %d", do, got.Status, want)
		}
	}
	if got := w.Text(t, `select role from users where id = $1`, w.people["own"].ID); got != "customer" {
		t.Errorf("own is %s", got)
	}
	if got := w.ask(t, "agent", invitePath, inviteForm("grant.0", typedRow{"", "own@people.test", "collaborator"})); got.Status != http.StatusForbidden {
		t.Errorf("by an agent: %d", got.Status)
	}
}

func TestAnInviteBeyondTheLimitLosesNothingAndSaysTheCode(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	two := 2
	if err := w.SetLimits(t.Context(), &two, nil); err != nil {
		t.Fatal(err)
	}
	rows := []typedRow{{"Mia", "mia@lab.test", "collaborator"}, {"Leo", "leo@lab.test", "collaborator"}, {"", "own@people.test", "collaborator"}}
	got := w.ask(t, "admin", invitePath, inviteForm("save", rows...))
	alerts := got.find(t, "p", "class=said bad")
	if got.Status != http.StatusUpgradeRequired || len(alerts) != 1 || !strings.Contains(textOf(alerts[0]), "There is room for 1 more, and these are 2") {
		t.Fatalf("%d, %d alerts", got.Status, len(alerts))
	}
	if limits := got.find(t, "ul", "class=rooms"); len(limits) != 1 || !strings.HasPrefix(squeezed(limits[0]), "1 of 2 collaborators") {
		t.Error("the form does not show how much room there is")
	}
	if codes := got.find(t, "code"); len(codes) != 1 || textOf(codes[0]) != "LICENSE_LIMIT_REACHED" || fmt.Sprint(typedIn(t, got)) != fmt.Sprint(rows) {
		t.Errorf("%d codes, %v", len(codes), typedIn(t, got))
	}
	if len(inside(inviteRows(t, got)[2], "p", "class=fault")) != 1 {
		t.Error("the taken address is told only once the limit is mended")
	}
	w.invitee(t, "Nina", "nina@lab.test", core.RoleCollaborator)
	full := w.ask(t, "admin", invitePath, inviteForm("grant.0", rows[2]))
	if full.Status != http.StatusUpgradeRequired || !strings.Contains(full.Body, "LICENSE_LIMIT_REACHED") || typedIn(t, full)[0] != rows[2] {
		t.Errorf("the role instead: %d", full.Status)
	}
}

func TestAnInviteHasABoundedNumberOfRows(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	rows := make([]typedRow, core.MostInvitees)
	for i := range rows {
		rows[i] = typedRow{"", fmt.Sprintf("n%d@people.test", i), "agent"}
	}
	more := w.ask(t, "admin", invitePath, inviteForm("row", rows...))
	if more.Status != http.StatusBadRequest || len(typedIn(t, more)) != len(rows) || !strings.Contains(more.Body, "Save these first.") || len(more.find(t, "button", "value=row")) != 0 {
		t.Errorf("the 51st row: %d, %d rows", more.Status, len(typedIn(t, more)))
	}
	rows = append(rows, typedRow{"", "last@people.test", "agent"})
	if got := w.ask(t, "admin", invitePath, inviteForm("save", rows...)); got.Status != http.StatusBadRequest || !strings.Contains(got.Body, "These are 51 people.") {
		t.Errorf("51 saved: %d", got.Status)
	}
	if got := w.ask(t, "admin", invitePath, inviteForm("save")); got.Status != http.StatusBadRequest || !strings.Contains(got.Body, "Name somebody first.") {
		t.Errorf("none saved: %d", got.Status)
	}
}

func TestOnlyAnOwnerInvitesOwners(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	if page := w.ask(t, "admin", invitePath, nil); len(page.find(t, "option", "value=owner")) != 0 || len(page.find(t, "option", "value=admin")) != 1 {
		t.Error("an admin can choose owner")
	}
	if page := w.ask(t, "owner", invitePath, nil); len(page.find(t, "option", "value=owner")) != 1 {
		t.Error("an owner cannot")
	}
	got := w.ask(t, "admin", invitePath, inviteForm("save", typedRow{"Eve", "eve@people.test", "owner"}))
	if faults := inside(inviteRows(t, got)[0], "p", "class=fault"); got.Status != http.StatusBadRequest || len(faults) != 1 || textOf(faults[0]) != "Only an owner makes or unmakes owners." {
		t.Errorf("a crafted form: %d", got.Status)
	}
}

// T112 of mail-cases.md.
func TestOnlyTheNewestLinkOfAnInviteWorksOnceByPOST(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	act := fmt.Sprintf("/admin/directory/%d", w.invitee(t, "Zoe", "zoe@people.test", core.RoleAgent))
	link := func() string {
		t.Helper()
		return strings.TrimPrefix(attribute(w.ask(t, "admin", act, url.Values{"do": {"copy"}}).find(t, "input", "readonly")[0], "value"), "http://desk.test")
	}
	form := url.Values{"name": {"Zoe Zander"}, "password": {"a long password"}}
	old, newest := link(), link()
	for range 3 { // a mail scanner looks at everything
		if page := w.ask(t, "", newest, nil); page.Status != http.StatusOK || len(page.find(t, "input", "name=password")) != 1 {
			t.Fatalf("the page of the newest link: %d", page.Status)
		}
	}
	friendly := func(what string, got answer) {
		t.Helper()
		if got.Status != http.StatusGone || !strings.Contains(got.Body, "Ask for a new one.") {
			t.Errorf("%s: %d", what, got.Status)
		}
	}
	friendly("the older link", w.ask(t, "", old, form))
	w.Exec(t, `update links set expires_at = now() - interval '1 second' where consumed_at is null and revoked_at is null`)
	friendly("after seven days", w.ask(t, "", newest, form))
	newest = link()
	if got := w.ask(t, "", newest, form); got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/agent" {
		t.Errorf("accepted: %d to %s", got.Status, got.Header.Get("Location"))
	}
	friendly("used twice", w.ask(t, "", newest, form))
	page := w.ask(t, "admin", "/admin/directory", nil)
	if got := namesListed(t, page, "enabled"); !strings.Contains(got, "Zoe Zander") {
		t.Errorf("enabled: %s", got)
	}
	if late := w.ask(t, "admin", act, url.Values{"do": {"copy"}}); late.Status != http.StatusConflict || len(late.find(t, "input", "readonly")) != 0 {
		t.Errorf("a link for somebody who has accepted: %d", late.Status)
	}
}
