package web

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"postdesk/core"
)

func TestAddressesOfAPersonAreMadePrimaryAndTakenAway(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	own := fmt.Sprintf("/users/%d/identities", a.people["own"].ID)
	for _, address := range []string{"o'brien+x%y@acme.test", "a/b@acme.test", "köln@acme.test"} {
		a.call(t, "agt", "POST", own, fmt.Sprintf(`{"email":%q}`, address)).data(t)
		escaped := own + "/" + url.PathEscape(address)
		rows := a.call(t, "agt", "POST", escaped+"/primary", "").rows(t)
		if len(rows) != 2 || rows[0]["email"] != address || rows[0]["is_primary"] != true {
			t.Errorf("%s: %v", escaped, rows)
		}
		if res := a.call(t, "agt", "DELETE", escaped, ""); res.Code != 409 {
			t.Errorf("the primary address went: %d", res.Code)
		}
		a.call(t, "agt", "POST", own+"/own@acme.test/primary", "").rows(t)
		if rows := a.call(t, "agt", "DELETE", escaped, "").rows(t); len(rows) != 1 || rows[0]["email"] != "own@acme.test" {
			t.Errorf("%s: %v", escaped, rows)
		}
		if res := a.call(t, "agt", "DELETE", escaped, ""); res.Code != 404 {
			t.Errorf("%s is not there any more: %d %s", escaped, res.Code, res.Body)
		}
	}
	if res := a.call(t, "agt", "DELETE", own+"/oth@acme.test", ""); res.Code != 404 {
		t.Errorf("somebody else's address: %d", res.Code)
	}
	for _, path := range []string{fmt.Sprintf("/users/%d", a.people["own"].ID), "/me"} {
		res := a.call(t, "adm", "PUT", path, `{"email":"new@acme.test"}`)
		if code, parameter, message := res.fault(); res.Code != 400 || code != "FIELD_INVALID" || parameter != "email" || !strings.Contains(message, "/identities") {
			t.Errorf("%s takes an address: %d %s", path, res.Code, res.Body)
		}
	}
}

func TestPendingInvitesAreListedSentAgainAndRevoked(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	made := a.call(t, "adm", "POST", "/invites", `{"invitees":[{"full_name":"Nora","email":"n@n.test","role":"AGENT"},{"full_name":"Max","email":"m@n.test","role":"COLLABORATOR"}]}`).rows(t)
	nora, max := fmt.Sprintf("/invites/%v", made[0]["id"]), fmt.Sprintf("/invites/%v", made[1]["id"])
	list := a.call(t, "adm", "GET", "/invites?limit=1", "")
	rows := list.rows(t)
	if len(rows) != 1 || list.json["total_count"] != float64(2) || rows[0]["invited_at"] == nil {
		t.Fatalf("%s", list.Body)
	}
	user, _ := rows[0]["user"].(map[string]any)
	fields(t, user, `{"full_name":"Max","role":"COLLABORATOR","is_enabled":false}`)
	for range 5 {
		a.call(t, "adm", "POST", nora+"/resend", "").data(t)
	}
	res := a.call(t, "adm", "POST", nora+"/resend", "")
	if code, _, _ := res.fault(); res.Code != 429 || code != "RATE_LIMIT_REACHED" || res.Header().Get("Retry-After") != "86400" {
		t.Errorf("the sixth link of a day: %d %q %s", res.Code, res.Header().Get("Retry-After"), res.Body)
	}
	fields(t, a.call(t, "adm", "DELETE", max, "").data(t), `{"full_name":"Max","is_enabled":false,"invited_at":null}`)
	for _, again := range []apiResponse{a.call(t, "adm", "DELETE", max, ""), a.call(t, "adm", "POST", max+"/resend", ""),
		a.call(t, "adm", "POST", fmt.Sprintf("/invites/%d/resend", a.people["own"].ID), "")} {
		if again.Code != 409 {
			t.Errorf("no invite waits: %d %s", again.Code, again.Body)
		}
	}
	if left := a.call(t, "adm", "GET", "/invites", "").rows(t); len(left) != 1 {
		t.Errorf("%d invites wait", len(left))
	}
	for _, route := range []string{"/invites", "/audit", "/users", "/deliveries"} {
		if body := a.call(t, "adm", "GET", route, "").Body.String(); strings.Contains(body, "/accept/") || strings.Contains(body, "secret") {
			t.Errorf("%s shows a link: %s", route, body)
		}
	}
}

func TestWhoHasATakenValueIsToldToThoseWhoMaySeeThem(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	acme := a.call(t, "adm", "POST", "/organizations", `{"name":"Acme","domains":["taken.test"]}`).data(t)["id"]
	for body, resource := range map[string]string{
		`{"email":"oth@acme.test"}`:     fmt.Sprintf(`{"type":"user","id":%d}`, a.people["oth"].ID),
		`{"email":"support@desk.test"}`: fmt.Sprintf(`{"type":"mailbox","id":%d}`, a.Mailbox),
	} {
		res := a.call(t, "agt", "POST", "/users", body)
		first, _ := res.json["errors"].([]any)[0].(map[string]any)
		fields(t, first, `{"code":"FIELD_DUPLICATE","parameter":"email","resource":`+resource+`}`)
		checkAnswer(t, "POST", "/users", res)
	}
	res := a.call(t, "agt", "POST", "/organizations", `{"name":"Beta","domains":["taken.test"]}`)
	first, _ := res.json["errors"].([]any)[0].(map[string]any)
	fields(t, first, fmt.Sprintf(`{"code":"FIELD_DUPLICATE","parameter":"domains","resource":{"type":"organization","id":%v}}`, acme))
	a.Exec(t, `update roles set case_access = 'own' where role = 'agent'`)
	for path, body := range map[string]string{"/users": `{"email":"oth@acme.test"}`, "/organizations": `{"name":"Beta","domains":["taken.test"]}`} {
		res := a.call(t, "agt", "POST", path, body)
		if code, _, _ := res.fault(); code != "FIELD_DUPLICATE" || strings.Contains(res.Body.String(), `"resource":`) || strings.Contains(res.Body.String(), "owner_id") {
			t.Errorf("an agent is told of somebody whom they may not see: %s", res.Body)
		}
	}
}

func TestTheOwnProfileAndSessionsAreOnesOwn(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	fields(t, a.call(t, "agt", "PUT", "/me", `{"full_name":"Agatha","phone":"+49 1","time_zone":"Asia/Tokyo","signature":"Yours","role":"OWNER"}`).data(t),
		`{"full_name":"Agatha","phone":"+49 1","time_zone":"Asia/Tokyo","signature":"Yours","role":"AGENT"}`)
	fields(t, a.call(t, "agt", "PUT", "/me", `{"time_zone":null}`).data(t), `{"full_name":"Agatha","time_zone":null}`)
	mine, foreign := a.Session(t, a.people["agt"].ID), a.Session(t, a.people["adm"].ID)
	if rows := a.call(t, "agt", "GET", "/me/sessions", "").rows(t); len(rows) != 1 || rows[0]["id"] != float64(mine) {
		t.Errorf("sessions: %v", rows)
	}
	if res := a.call(t, "agt", "DELETE", fmt.Sprintf("/me/sessions/%d", foreign), ""); res.Code != 404 {
		t.Errorf("somebody else's session: %d", res.Code)
	}
	a.call(t, "agt", "DELETE", fmt.Sprintf("/me/sessions/%d", mine), "").data(t)
	if rows := a.call(t, "agt", "GET", "/me/sessions", "").rows(t); len(rows) != 0 {
		t.Errorf("an ended session is listed: %v", rows)
	}
}

func TestCustomersAreMergedAndComeBackAndTeamsChange(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	own, oth := a.people["own"].ID, a.people["oth"].ID
	merged := a.call(t, "agt", "POST", fmt.Sprintf("/users/%d/merge", own), fmt.Sprintf(`{"user_id":%d}`, oth)).data(t)
	fields(t, merged, fmt.Sprintf(`{"id":%d,"emails":["own@acme.test","oth@acme.test"],"merged_into_id":null}`, own))
	if res := a.call(t, "oth", "GET", "/me", ""); res.Code != 401 {
		t.Errorf("the token of who was merged away: %d", res.Code)
	}
	back := a.call(t, "agt", "POST", fmt.Sprintf("/users/%d/unmerge", oth), "").data(t)
	fields(t, back, fmt.Sprintf(`{"id":%d,"emails":["oth@acme.test"],"merged_into_id":null}`, oth))
	fields(t, a.call(t, "adm", "POST", fmt.Sprintf("/users/%d/anonymise", oth), "").data(t), fmt.Sprintf(`{"id":%d,"emails":[],"is_deleted":true}`, oth))

	team := a.call(t, "adm", "POST", "/teams", fmt.Sprintf(`{"title":"T","member_ids":[%d]}`, a.people["agt"].ID)).data(t)
	path := fmt.Sprintf("/teams/%v", team["id"])
	fields(t, a.call(t, "adm", "PUT", path, `{"title":"U"}`).data(t), fmt.Sprintf(`{"title":"U","member_ids":[%d]}`, a.people["agt"].ID))
	fields(t, a.call(t, "adm", "PUT", path, fmt.Sprintf(`{"member_ids":[%d]}`, a.people["col"].ID)).data(t), fmt.Sprintf(`{"title":"U","member_ids":[%d]}`, a.people["col"].ID))
	fields(t, a.call(t, "adm", "DELETE", path, "").data(t), `{"case_count":0}`)
	if res := a.call(t, "adm", "GET", path, ""); res.Code != 404 {
		t.Errorf("a deleted team: %d", res.Code)
	}
}

func TestTheAuditIsReadByTheAPI(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	own := a.people["own"].ID
	a.call(t, "agt", "PUT", fmt.Sprintf("/users/%d", own), `{"phone":"+49 1"}`).data(t)
	a.call(t, "agt", "POST", fmt.Sprintf("/users/%d/disable", a.people["adm"].ID), "")
	agt := fmt.Sprint(a.people["agt"].ID)
	fields(t, a.call(t, "adm", "GET", "/audit?act=user.updated&actor_id="+agt, "").rows(t)[0], fmt.Sprintf(`{"act":"user.updated",
		"actor":{"id":%s,"full_name":"Agt","email":"agt@desk.test","is_enabled":true},"object":{"type":"user","id":%d,"name":"Own"},
		"detail":{"phone":{"from":"","to":"+49 1"}}}`, agt, own))
	fields(t, a.call(t, "adm", "GET", fmt.Sprintf("/audit?act=refused&object=user:%d", a.people["adm"].ID), "").rows(t)[0], `{"act":"refused"}`)
	for query, want := range map[string]int{"?since=2999-01-01T00:00:00Z": 0, "?until=2001-01-01T00:00:00Z": 0, "?act=refused": 1, "?actor_id=" + agt: 2} {
		if rows := a.call(t, "adm", "GET", "/audit"+query, "").rows(t); len(rows) != want {
			t.Errorf("%s gives %d, want %d", query, len(rows), want)
		}
	}
	for _, query := range []string{"?since=yesterday", "?actor_id=x", "?object=%00", "?limit=0"} {
		if res := a.call(t, "adm", "GET", "/audit"+query, ""); res.Code != 400 {
			t.Errorf("%s: %d", query, res.Code)
		}
	}
}

func TestTheJourneyIsNarrowedToAType(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	id := a.aCase(t)
	path := fmt.Sprintf("/users/%d", a.people["own"].ID)
	a.call(t, "agt", "POST", path+"/notes", `{"contents":"likes tea"}`).data(t)
	a.call(t, "agt", "PUT", path, `{"phone":"1"}`).data(t)
	for kind, want := range map[string]string{"note": `{"type":"NOTE","contents":"likes tea","case_id":null,"event":null}`,
		"EVENT": `{"type":"EVENT","event":"updated","detail":{"phone":{"from":"","to":"1"}}}`, "CASE": fmt.Sprintf(`{"type":"CASE","case_id":%d}`, id)} {
		rows := a.call(t, "col", "GET", path+"/journey?type="+kind, "").rows(t)
		if len(rows) == 0 {
			t.Errorf("no %s", kind)
			continue
		}
		fields(t, rows[0], want)
	}
	if res := a.call(t, "col", "GET", path+"/journey?type=mail", ""); res.Code != 400 {
		t.Errorf("%d", res.Code)
	}
}

func TestPeopleAreFilteredByOrganizationAndWords(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	org := a.anOrganization(t)
	a.call(t, "agt", "PUT", fmt.Sprintf("/users/%d", a.people["own"].ID), fmt.Sprintf(`{"organization_id":%d}`, org)).data(t)
	for query, want := range map[string]int{fmt.Sprintf("?organization_id=%d", org): 1, "?q=oth": 1, "?query=oth": 1, "?q=nobody-at-all": 0, fmt.Sprintf("?organization_id=%d&q=oth", org): 0} {
		if rows := a.call(t, "agt", "GET", "/users"+query, "").rows(t); len(rows) != want {
			t.Errorf("%s gives %d, want %d", query, len(rows), want)
		}
	}
	a.Person(t, core.RoleCustomer, "joan@new.test")
	fields(t, a.call(t, "agt", "POST", "/users", `{"email":"p@p.test","phone":"+49 2","tags":["b","a"]}`).data(t), `{"phone":"+49 2","tags":["a","b"]}`)
}
