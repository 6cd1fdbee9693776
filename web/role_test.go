package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"postdesk/core"
)

// boxes are the toggles of a role that can be switched, by name.
func boxes(t *testing.T, a answer, role core.Role) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, box := range a.find(t, "input", "type=checkbox", "form=form-"+string(role)) {
		found[attribute(box, "name")] = hasAll(box, []string{"checked"})
	}
	return found
}

func TestTheRolesPageShowsWhatCanBeSwitchedAndWhyTheRestCannot(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	page := w.ask(t, "admin", "/admin/roles", nil)
	if n := len(boxes(t, page, core.RoleAgent)); n != 7 {
		t.Errorf("an agent has %d boxes, want 7", n)
	}
	for _, role := range []core.Role{core.RoleCustomer, core.RoleCollaborator, core.RoleAdmin, core.RoleOwner} {
		if n := len(boxes(t, page, role)); n != 0 {
			t.Errorf("a %s has %d boxes", role, n)
		}
	}
	for _, role := range core.Roles() {
		forms, selects := len(page.find(t, "form", "action=/admin/roles/"+string(role))), len(page.find(t, "select", "form=form-"+string(role)))
		want := 0
		if role == core.RoleAgent || role == core.RoleCollaborator {
			want = 1
		}
		if forms != want || selects != want {
			t.Errorf("%s: %d forms and %d selects, want %d", role, forms, selects, want)
		}
	}
	foot := squeezed(page.find(t, "tfoot")[0])
	for _, why := range []string{"Has every right, and the administration besides.", "Sees and answers their own conversations only.", "Collaborators have none of these rights, and cannot be given any."} {
		if !strings.Contains(foot, why) {
			t.Errorf("not said: %s", why)
		}
	}
	if got := squeezed(page.the(t, "th", "role-agent")); got != "Agent1 person" {
		t.Errorf("the head of the agents says %q", got)
	}
	if people := inside(page.the(t, "th", "role-owner"), "a", "href=/admin/directory?role=owner"); len(people) != 1 {
		t.Error("no way to the owners")
	}
}

func TestAStaleRolesPageSwitchesOnlyWhatItsReaderSwitched(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	all := url.Values{"was.reply": {"yes"}, "reply": {"yes"}, "was.merge": {"yes"}, "merge": {"yes"}, "was.suspended": {"yes"}, "suspended": {"yes"},
		"was.people": {"yes"}, "people": {"yes"}, "was.access": {"all"}, "access": {"all"}}
	with := func(change func(url.Values)) url.Values {
		form := url.Values{}
		for k, v := range all {
			form[k] = v
		}
		change(form)
		return form
	}
	for _, change := range []func(url.Values){
		func(f url.Values) { f.Del("merge") },
		func(f url.Values) { f.Del("reply"); f.Set("access", "teams") },
	} {
		if got := w.ask(t, "admin", "/admin/roles/agent", with(change)); got.Status != http.StatusSeeOther {
			t.Fatalf("%d", got.Status)
		}
	}
	if got := w.Text(t, `select concat_ws(' ', may_reply, may_merge, may_view_suspended, may_manage_people, may_write_articles, case_access) from roles where role = 'agent'`); got != "f f t t t teams" {
		t.Errorf("agents: %s", got)
	}
	now := boxes(t, w.ask(t, "admin", "/admin/roles", nil), core.RoleAgent)
	if now["reply"] || now["merge"] || !now["suspended"] {
		t.Errorf("the page shows %v", now)
	}
	if n := w.Text(t, `select count(*) from audit where act = 'role.updated'`); n != "2" {
		t.Errorf("%s entries in the audit, want 2", n)
	}
}

func TestAToggleTakesTheBoxAwayFromAnOpenSession(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	conversation, reply := "/agent/conversations/{conversation}", w.at("/agent/conversations/{conversation}/reply#reply")
	cookie := w.session(t, "agent")
	as := func(path string, form url.Values) answer {
		return w.ask(t, "", path, form, "Cookie", cookie.Name+"="+cookie.Value)
	}
	if page := as(conversation, nil); len(page.find(t, "form", "action="+reply)) != 1 {
		t.Fatalf("no reply box to begin with: %d", page.Status)
	}
	w.ask(t, "admin", "/admin/roles/agent", url.Values{"was.reply": {"yes"}, "was.suspended": {"yes"}})
	if page := as(conversation, nil); page.Status != http.StatusOK || len(page.find(t, "form", "action="+reply)) != 0 {
		t.Errorf("the reply box is still there: %d", page.Status)
	}
	if got := as(conversation+"/reply", url.Values{"contents": {"Hi"}, "do": {"send"}}); got.Status != http.StatusForbidden {
		t.Errorf("a reply from the old page: %d", got.Status)
	}
	if got := as("/agent/suspended", nil); got.Status != http.StatusForbidden {
		t.Errorf("suspended mail: %d", got.Status)
	}
}

func TestAFixedRoleIsNotSwitchedByACraftedForm(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	before := w.Text(t, `select string_agg(r::text, ' ' order by role) from roles r`)
	for _, role := range []string{"customer", "collaborator", "admin", "owner", "king"} {
		got := w.ask(t, "owner", "/admin/roles/"+role, url.Values{"was.reply": {"no"}, "reply": {"yes"}})
		if got.Status != http.StatusBadRequest {
			t.Errorf("%s: %d", role, got.Status)
		}
	}
	wrong := w.ask(t, "owner", "/admin/roles/agent", url.Values{"was.access": {"all"}, "access": {"everything"}})
	if faults := inside(wrong.find(t, "tfoot")[0], "p", "class=fault"); wrong.Status != http.StatusBadRequest || len(faults) != 1 {
		t.Errorf("an access that is not: %d, %d faults", wrong.Status, len(faults))
	}
	if after := w.Text(t, `select string_agg(r::text, ' ' order by role) from roles r`); after != before {
		t.Errorf("the roles are %s", after)
	}
	if got := w.ask(t, "admin", "/admin/roles/collaborator", url.Values{"was.access": {"all"}, "access": {"own"}}); got.Status != http.StatusSeeOther {
		t.Errorf("the case access of collaborators: %d", got.Status)
	}
}
