package web

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"postdesk/core"
)

// fields checks values of an object; want is JSON.
func fields(t *testing.T, got map[string]any, want string) {
	t.Helper()
	var wanted map[string]any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	for name, w := range wanted {
		g, ok := got[name]
		a, _ := json.Marshal(g)
		b, _ := json.Marshal(w)
		if !ok || string(a) != string(b) {
			t.Errorf("%s is %s, want %s", name, a, b)
		}
	}
}

func TestACaseOfTheAPIIsMailedToTheCustomerAndSaysWhereItCameFrom(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	agt := a.people["agt"]
	res := a.call(t, "agt", "POST", "/cases", `{"subject":"Toner","contents":"Hello","requester_email":"Neu@acme.test","cc":["col@expert.test","bare@x.test"]}`)
	made := res.data(t)
	fields(t, made, fmt.Sprintf(`{"subject":"Toner","status":"OPEN","priority":"NORMAL","type":"QUESTION","tags":[],"source_channel":"API",
		"assigned_agent":{"id":%d,"full_name":"Agt","email":"agt@desk.test","is_enabled":true},"assigned_team":null,"linked_cases":[],"merged_into_id":null}`, agt.ID))
	requester, _ := made["requester"].(map[string]any)
	fields(t, requester, `{"full_name":"neu","email":"neu@acme.test"}`)
	people, _ := json.Marshal(made["participants"])
	if want := fmt.Sprintf(`[{"email":"bare@x.test","full_name":"","id":null,"is_enabled":true,"via":"API"},{"email":"col@expert.test","full_name":"Col","id":%d,"is_enabled":true,"via":"API"}]`,
		a.people["col"].ID); string(people) != want {
		t.Errorf("participants are %s, want %s", people, want)
	}
	posts := a.call(t, "agt", "GET", fmt.Sprintf("/cases/%v/posts", made["id"]), "").rows(t)
	fields(t, posts[0], `{"type":"MESSAGE","source":"API","is_verified":true,"contents":"Hello","elided":"","attachments":[],"warnings":[],"mail_id":null}`)
	if got := a.Text(t, `select string_agg(recipient || ' ' || purpose, ', ' order by recipient) from deliveries`); got != "bare@x.test reply, col@expert.test copy, neu@acme.test reply" {
		t.Errorf("mails: %s", got)
	}
}

func TestPutChangesTheFieldsThatAreGiven(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	team := a.call(t, "adm", "POST", "/teams", fmt.Sprintf(`{"title":"Toner","member_ids":[%d]}`, a.people["agt"].ID)).data(t)
	path := fmt.Sprintf("/cases/%d", a.aCase(t))
	agt := a.people["agt"].ID
	changed := a.call(t, "agt", "PUT", path, fmt.Sprintf(`{"subject":"New","status":"OPEN","priority":"URGENT","type":"incident","tags":["b","a","a"],
		"assigned_agent_id":%d,"assigned_team_id":%v,"requester_id":%d,"id":7,"created_at":"2001-01-01T00:00:00Z"}`, agt, team["id"], a.people["oth"].ID)).data(t)
	fields(t, changed, fmt.Sprintf(`{"subject":"New","status":"OPEN","priority":"URGENT","type":"INCIDENT","tags":["a","b"],
		"assigned_team":{"id":%v,"title":"Toner"},"requester":{"id":%d,"full_name":"Oth","email":"oth@acme.test","is_enabled":true}}`, team["id"], a.people["oth"].ID))
	if strings.HasPrefix(changed["created_at"].(string), "2001") || fmt.Sprint("/cases/", changed["id"]) != path {
		t.Errorf("id or created_at can be written: %v", changed)
	}
	same := a.call(t, "agt", "PUT", path, `{"priority":null}`).data(t)
	fields(t, same, `{"subject":"New","status":"OPEN","priority":"URGENT","tags":["a","b"]}`)
	if same["assigned_agent"] == nil || same["assigned_team"] == nil {
		t.Error("what is not given stays")
	}
	nobodys := a.call(t, "agt", "PUT", path, `{"assigned_agent_id":null,"assigned_team_id":null,"tags":[]}`).data(t)
	fields(t, nobodys, `{"assigned_agent":null,"assigned_team":null,"tags":[],"subject":"New"}`)
}

func TestACustomerGetsNoWordOfStaffByAnyRoute(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	id := a.aCase(t)
	own := a.people["own"].ID
	a.call(t, "col", "POST", fmt.Sprintf("/users/%d/notes", own), `{"contents":"canary: pays late"}`).data(t)
	a.call(t, "agt", "POST", fmt.Sprintf("/cases/%d/reply", id), `{"contents":"Try again"}`).data(t)
	for _, route := range (&api{}).routes() {
		if route.method != "GET" {
			continue
		}
		for _, n := range []int64{id, int64(own)} {
			res := a.call(t, "own", "GET", strings.ReplaceAll(route.path, "{id}", fmt.Sprint(n)), "")
			if body := res.Body.String(); strings.Contains(body, "canary") || strings.Contains(body, "@desk.test") || strings.Contains(body, "@expert.test") {
				t.Errorf("%s: %s", route.path, body)
			}
		}
	}
	posts := a.call(t, "own", "GET", fmt.Sprintf("/cases/%d/posts", id), "").rows(t)
	if len(posts) != 2 || posts[1]["contents"] != "Try again" || posts[0]["is_mine"] != true || posts[1]["is_mine"] != false {
		t.Errorf("posts of the customer: %v", posts)
	}
	answer := a.call(t, "own", "POST", fmt.Sprintf("/cases/%d/reply", id), `{"contents":"It works","status":"CLOSED","cc":["x@x.test"]}`)
	fields(t, answer.data(t), `{"type":"MESSAGE","contents":"It works","author":{"full_name":"Own"}}`)
	now := a.call(t, "agt", "GET", fmt.Sprintf("/cases/%d", id), "").data(t)
	if now["status"] == "CLOSED" || len(now["participants"].([]any)) != 1 {
		t.Errorf("a customer set status or CC: %v", now)
	}
	if source := a.Text(t, `select source from messages where text = 'It works'`); source != "api" {
		t.Errorf("the source is %s", source)
	}
}

func TestANoteMentionsAndIsTheSourceAPI(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	path := fmt.Sprintf("/cases/%d/notes", a.aCase(t))
	note := a.call(t, "agt", "POST", path, `{"contents":"@Col could you look?"}`).data(t)
	fields(t, note, fmt.Sprintf(`{"type":"NOTE","source":"API","is_verified":true,"contents":"@Col could you look?",
		"author":{"id":%d,"full_name":"Agt","email":"agt@desk.test","is_enabled":true}}`, a.people["agt"].ID))
	if got := a.Text(t, `select count(*) from deliveries where purpose = 'mention' and recipient = 'col@expert.test'`); got != "1" {
		t.Errorf("%s mention mails", got)
	}
	about := fmt.Sprintf("/users/%d/notes", a.people["own"].ID)
	first := a.call(t, "agt", "POST", about, `{"contents":"One"}`).data(t)
	a.call(t, "col", "POST", about, `{"contents":"Two"}`).data(t)
	res := a.call(t, "col", "GET", about+"?limit=1", "")
	if rows := res.rows(t); len(rows) != 1 || rows[0]["contents"] != "Two" || res.json["total_count"] != float64(2) || res.json["resource"] != "note" {
		t.Errorf("newest first: %s", res.Body)
	}
	fields(t, first, `{"type":"NOTE","source":"API","contents":"One"}`)
}

func TestMailsTellWhatBecameOfThem(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	id := a.aCase(t)
	message := a.Text(t, `select id from messages where conversation_id = $1`, id)
	note := a.Text(t, `select id from notes where conversation_id = $1`, id)
	mail := a.aMail(t, "success")
	for column, want := range map[string]string{"post_id = " + message + ", note_id = null": message, "post_id = null, note_id = " + note: note, "post_id = null, note_id = null": "null"} {
		a.Exec(t, `update inbound set rule = 'requester', origin = 'proven', conversation_id = $1, `+column+` where id = $2`, id, mail)
		fields(t, a.call(t, "adm", "GET", fmt.Sprintf("/mails/%d", mail), "").data(t), fmt.Sprintf(`{"id":%d,"status":"SUCCESS","suspension_code":null,
			"rule":"requester","origin":"PROVEN","case_id":%d,"post_id":%s,"from":"own@acme.test","envelope_from":"own@acme.test","recipients":["support@desk.test"],"size":5}`, mail, id, want))
	}
	a.Exec(t, `update inbound set post_id = null, note_id = null where id = $1`, mail)
	event := a.row(t, `insert into events (conversation_id, kind, inbound_id) values ($1, 'auto_reply', $2) returning id`, id, mail)
	fields(t, a.call(t, "adm", "GET", "/mails", "").rows(t)[0], fmt.Sprintf(`{"post_id":%d,"post_type":"EVENT"}`, event))
	a.aMail(t, "rejected")
	held := a.aMail(t, "suspended")
	for query, want := range map[string]int{"": 3, "?status=SUSPENDED": 1, "?status=rejected": 1, "?is_suspended=true": 1, "?is_suspended=false": 2,
		"?from=OWN@acme.test": 3, "?from=x@x.test": 0} {
		res := a.call(t, "adm", "GET", "/mails"+query, "")
		if rows := res.rows(t); len(rows) != want || res.json["total_count"] != float64(want) {
			t.Errorf("%s: %d rows, want %d", query, len(rows), want)
		}
	}
	fields(t, a.call(t, "agt", "GET", "/mails", "").rows(t)[0], fmt.Sprintf(`{"id":%d,"suspension_code":"SPAM","rule":"filtered","case_id":null,"post_id":null}`, held))
	source := a.call(t, "agt", "GET", fmt.Sprintf("/mails/%d/source", held), "")
	if source.Body.String() != "From: own@acme.test" || source.Header().Get("Content-Type") != "message/rfc822" {
		t.Errorf("%q %s", source.Header().Get("Content-Type"), source.Body)
	}
	a.call(t, "agt", "DELETE", fmt.Sprintf("/mails/%d", held), "").data(t)
	if res := a.call(t, "agt", "GET", fmt.Sprintf("/mails/%d/source", held), ""); res.Code != 410 {
		t.Errorf("the source of a deleted mail: %d", res.Code)
	}
	if res := a.call(t, "adm", "DELETE", fmt.Sprintf("/mails/%d", mail), ""); res.Code != 409 {
		t.Errorf("deleting a filed mail: %d", res.Code)
	}
}

func TestAMailTellsWhatItsOriginWasJudgedBy(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	id := a.aMail(t, "suspended")
	one := fmt.Sprintf("/mails/%d", id)
	if got := a.call(t, "adm", "GET", one, "").data(t); got["origin_evidence"] != nil {
		t.Errorf("of a mail that was not judged: %v", got["origin_evidence"])
	}
	a.Exec(t, `update inbound set trace = '{"Origin":{"Verdict":"unproven","Domain":"acme.test","SPF":"pass acme.test","DKIM":"none","DMARC":"none","ARC":"pass: list.test says dmarc=fail","Reason":"No policy."}}' where id = $1`, id)
	res := a.call(t, "agt", "GET", one, "")
	evidence, _ := res.data(t)["origin_evidence"].(map[string]any)
	fields(t, evidence, `{"domain":"acme.test","spf":"pass acme.test","dkim":"none","dmarc":"none","arc":"pass: list.test says dmarc=fail","reason":"No policy.","is_trusted_relay":false}`)
	checkAnswer(t, "GET", "/mails/{id}", res)
	if row := a.call(t, "adm", "GET", "/mails", "").rows(t)[0]; row["origin_evidence"] != nil {
		t.Errorf("in a list: %v", row)
	}
}

func TestTheQueueAndSuppressionsAreRunByTheAPI(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	destination(a, t)
	name := a.secondDomain()
	a.Exec(t, `update destinations set paused_at = null, failures = 3, problem = 'dial tcp: connection refused'`)
	all := a.call(t, "adm", "POST", "/queue/"+name+"/pause", "").data(t)
	one, _ := all["destinations"].([]any)[0].(map[string]any)
	fields(t, one, fmt.Sprintf(`{"name":"%s","failures":3,"queued":0,"next_attempt_at":null}`, name))
	if by, _ := one["paused_by"].(map[string]any); one["paused_at"] == nil || by["email"] != "adm@desk.test" {
		t.Errorf("paused: %v", one)
	}
	all = a.call(t, "adm", "POST", "/queue/*/pause", "").data(t)
	fields(t, all, `{"destinations_count":1,"paused_count":1,"held_count":0,"failed_today_count":0}`)
	if everything, _ := all["everything"].(map[string]any); everything["name"] != "*" || everything["paused_at"] == nil {
		t.Errorf("everything: %v", all["everything"])
	}
	a.call(t, "adm", "POST", "/suppressions", `{"address":"Stop@acme.test","reason":"Asked for it"}`).data(t)
	if code, parameter, _ := a.call(t, "adm", "POST", "/suppressions", `{"address":"x"}`).fault(); code != "FIELD_INVALID" || parameter != "address" {
		t.Errorf("no address: %s %s", code, parameter)
	}
	fields(t, a.call(t, "agt", "GET", "/suppressions?q=stop", "").rows(t)[0], `{"address":"stop@acme.test","reason":"Asked for it","user":null,"case_id":null}`)
	fields(t, a.call(t, "agt", "DELETE", "/suppressions/stop%40acme.test", "").data(t), `{"address":"stop@acme.test"}`)
	if rows := a.call(t, "agt", "GET", "/suppressions", "").rows(t); len(rows) != 0 {
		t.Errorf("left: %v", rows)
	}
}

func TestListsAreInOrderAndPaged(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	for i := range 3 {
		a.call(t, "adm", "POST", "/organizations", fmt.Sprintf(`{"name":"O%d"}`, i)).data(t)
		a.call(t, "adm", "POST", "/teams", fmt.Sprintf(`{"title":"T%d"}`, i)).data(t)
		a.call(t, "adm", "POST", "/mailboxes", fmt.Sprintf(`{"address":"m%d@desk.test"}`, i)).data(t)
	}
	for path, want := range map[string]string{
		"/organizations?limit=2": "O2 O1", "/organizations?limit=2&offset=2": "O0", "/organizations?offset=9": "", "/organizations?query=o1": "O1",
		"/teams?limit=2": "T2 T1", "/teams?offset=2": "T0", "/mailboxes?limit=1": "m2@desk.test", "/mailboxes?offset=3": "support@desk.test",
		"/users?email=OWN@acme.test": "Own", "/users?role=COLLABORATOR": "Col", "/users?is_enabled=false": "Dis", "/users?role=agent&is_enabled=1": "Agt",
		"/roles?limit=1": "CUSTOMER", "/autocomplete/emails?query=col%40": "col@expert.test", "/autocomplete/emails?query=c": "",
	} {
		var got []string
		for _, row := range a.call(t, "adm", "GET", path, "").rows(t) {
			for _, name := range []string{"address", "email", "name", "title", "full_name", "role"} {
				if s, ok := row[name].(string); ok {
					got = append(got, s)
					break
				}
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s gives %v, want %s", path, got, want)
		}
	}
	id := a.aCase(t)
	posts := a.call(t, "col", "GET", fmt.Sprintf("/cases/%d/posts?offset=1", id), "").rows(t)
	if len(posts) != 1 || posts[0]["type"] != "NOTE" {
		t.Errorf("posts are oldest first: %v", posts)
	}
}

func TestDeliveriesAreSentRetriedAndDiscarded(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	held, failed, other := a.aDelivery(t, "held"), a.aDelivery(t, "failed"), a.aDelivery(t, "held")
	fields(t, a.call(t, "adm", "GET", fmt.Sprintf("/deliveries/%d", held), "").data(t), fmt.Sprintf(`{"id":%d,"state":"HELD","purpose":"ACKNOWLEDGEMENT",
		"recipient":"own@acme.test","case_id":null,"attempts":0,"last_response":"","next_attempt_at":null}`, held))
	sent := a.call(t, "adm", "POST", fmt.Sprintf("/deliveries/%d/send", held), "").data(t)
	if sent["state"] != "QUEUED" || sent["next_attempt_at"] == nil {
		t.Errorf("sent: %v", sent)
	}
	fields(t, a.call(t, "adm", "POST", fmt.Sprintf("/deliveries/%d/retry", failed), "").data(t), `{"state":"QUEUED"}`)
	fields(t, a.call(t, "adm", "POST", fmt.Sprintf("/deliveries/%d/discard", other), "").data(t), `{"state":"FAILED"}`)
	if res := a.call(t, "adm", "POST", fmt.Sprintf("/deliveries/%d/discard", other), ""); res.Code != 409 {
		t.Errorf("discarded twice: %d", res.Code)
	}
	if rows := a.call(t, "adm", "GET", "/deliveries?state=QUEUED", "").rows(t); len(rows) != 2 || rows[0]["id"] != float64(failed) {
		t.Errorf("queued: %v", rows)
	}
	if res := a.call(t, "adm", "GET", fmt.Sprintf("/deliveries/%d/source", held), ""); res.Body.String() != "To: own@acme.test" {
		t.Errorf("source: %s", res.Body)
	}
}

func TestAnAgentRetriesAReplyThatFailed(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	id := a.aCase(t)
	a.call(t, "agt", "POST", fmt.Sprintf("/cases/%d/reply", id), `{"contents":"Here"}`)
	mail := a.row(t, `update deliveries set state = 'failed', failed_at = now(), last_response = '552 5.3.4 too big'
		where conversation_id = $1 and purpose = 'reply' returning id`, id)
	fields(t, a.call(t, "adm", "GET", fmt.Sprintf("/deliveries/%d", mail), "").data(t), `{"state":"FAILED","last_response":"552 5.3.4 too big",
		"reason":"The mail is too large for the server of the recipient. Send smaller files, or a link to them.","perhaps_delivered":false,"is_paused":false}`)
	for _, what := range []string{"", "/source"} {
		if res := a.call(t, "agt", "GET", fmt.Sprintf("/deliveries/%d", mail)+what, ""); res.Code != 403 {
			t.Errorf("an agent reads the log%s: %d", what, res.Code)
		}
	}
	for _, who := range []string{"col", "own"} {
		if res := a.call(t, who, "POST", fmt.Sprintf("/deliveries/%d/retry", mail), ""); res.Code != 403 {
			t.Errorf("%s retries: %d", who, res.Code)
		}
	}
	fields(t, a.call(t, "agt", "POST", fmt.Sprintf("/deliveries/%d/retry", mail), "").data(t), `{"state":"QUEUED"}`)
	if res := a.call(t, "agt", "POST", fmt.Sprintf("/deliveries/%d/retry", mail), ""); res.Code != 409 {
		t.Errorf("what is queued is hurried: %d", res.Code)
	}
}

func TestNobodyRisesByMassAssignment(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	path := func(name string) string { return fmt.Sprintf("/users/%d", a.people[name].ID) }
	for _, c := range []struct {
		caller, whom, body string
		want               int
	}{
		{"own", "own", `{"role":"ADMIN"}`, 403}, {"col", "col", `{"role":"AGENT"}`, 403}, {"agt", "agt", `{"role":"ADMIN"}`, 403},
		{"agt", "own", `{"role":"AGENT"}`, 403}, {"agt", "col", `{"role":"CUSTOMER"}`, 403}, {"agt", "adm", `{"full_name":"X"}`, 403},
		{"adm", "agt", `{"role":"OWNER"}`, 403}, {"adm", "owner", `{"role":"AGENT"}`, 409}, {"owner", "owner", `{"role":"AGENT"}`, 409},
		{"own", "own", `{"organization_id":1}`, 403}, {"own", "own", `{"team_ids":[1]}`, 403}, {"agt", "own", `{"role":"COLLABORATOR"}`, 200},
		{"adm", "oth", `{"is_enabled":false,"verified":true,"id":1,"emails":["x@x.test"],"has_password":true,"full_name":"Same"}`, 200},
	} {
		if res := a.call(t, c.caller, "PUT", path(c.whom), c.body); res.Code != c.want {
			t.Errorf("%s gives %s %s: %d %s, want %d", c.caller, c.whom, c.body, res.Code, res.Body, c.want)
		}
	}
	fields(t, a.call(t, "adm", "GET", path("oth"), "").data(t), fmt.Sprintf(`{"id":%d,"full_name":"Same","role":"CUSTOMER","is_enabled":true,
		"has_password":false,"emails":["oth@acme.test"],"organization_id":null,"time_zone":null,"locale":"en","team_ids":[]}`, a.people["oth"].ID))
	fields(t, a.call(t, "adm", "GET", path("own"), "").data(t), `{"role":"COLLABORATOR","is_enabled":true,"has_password":false}`)
	if res := a.call(t, "own", "GET", "/me", ""); res.Code != 401 {
		t.Errorf("the token of another role: %d", res.Code)
	}
	for caller, want := range map[string]int{"adm": 409, "agt": 403} {
		if res := a.call(t, caller, "POST", path("owner")+"/disable", ""); res.Code != want {
			t.Errorf("disabling the last owner as %s: %d, want %d", caller, res.Code, want)
		}
	}
	if res := a.call(t, "agt", "POST", path("adm")+"/identities", `{"email":"x@x.test"}`); res.Code != 403 {
		t.Errorf("an agent adds an address to an admin: %d", res.Code)
	}
}

func TestLimitsConflictsAndOwnersAreTold(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	one := 1
	if err := a.SetLimits(t.Context(), &one, nil); err != nil {
		t.Fatal(err)
	}
	own := fmt.Sprintf("/users/%d", a.people["own"].ID)
	for _, res := range []apiResponse{
		a.call(t, "adm", "PUT", own, `{"role":"COLLABORATOR"}`),
		a.call(t, "adm", "POST", "/invites", `{"invitees":[{"email":"n@n.test","role":"COLLABORATOR"}]}`),
	} {
		if code, _, _ := res.fault(); res.Code != 426 || code != "LICENSE_LIMIT_REACHED" {
			t.Errorf("%d %s", res.Code, res.Body)
		}
	}
	taken := a.call(t, "agt", "POST", "/users", `{"email":"Oth@acme.test"}`)
	list, _ := taken.json["errors"].([]any)
	fields(t, list[0].(map[string]any), fmt.Sprintf(`{"code":"FIELD_DUPLICATE","parameter":"email",
		"message":"The value of the field is already used for another resource","owner_id":%d}`, a.people["oth"].ID))
	closed := a.aCase(t)
	a.Exec(t, `update conversations set status = 'closed' where id = $1`, closed)
	if res := a.call(t, "agt", "POST", fmt.Sprintf("/cases/%d/reply", closed), `{"contents":"C"}`); res.Code != 409 {
		t.Errorf("a reply to a closed case: %d %s", res.Code, res.Body)
	}
	withPassword(a, t)
	for i := range 5 {
		res := a.call(t, "own", "POST", own+"/identities", fmt.Sprintf(`{"email":"n%d@acme.test"}`, i))
		if i < 3 && res.Code != 201 || i > 3 && (res.Code != 429 || res.Header().Get("Retry-After") == "") {
			t.Errorf("own address %d: %d %s", i, res.Code, res.Body)
		}
	}
}

func TestARightTakenFromAgentsIsGoneAtOnce(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	reply := fmt.Sprintf("/cases/%d/reply", a.aCase(t))
	fields(t, a.call(t, "agt", "GET", "/me", "").data(t), fmt.Sprintf(`{"id":%d,"full_name":"Agt","email":"agt@desk.test","role":"AGENT","case_access":"ALL","permissions":{
		"reply_publicly":true,"merge":true,"view_suspended":true,"manage_people":true,"write_articles":true,"publish_articles":true,"manage_categories":true}}`, a.people["agt"].ID))
	changed := a.call(t, "adm", "PUT", "/roles", `{"role":"AGENT","permissions":{"reply_publicly":false,"view_suspended":false},"case_access":"OWN"}`).data(t)
	fields(t, changed, `{"role":"AGENT","case_access":"OWN","permissions":{
		"reply_publicly":false,"merge":true,"view_suspended":false,"manage_people":true,"write_articles":true,"publish_articles":true,"manage_categories":true}}`)
	if res := a.call(t, "agt", "POST", reply, `{"contents":"C"}`); res.Code != 404 { // not theirs to see
		t.Errorf("reply: %d %s", res.Code, res.Body)
	}
	if res := a.call(t, "agt", "GET", "/mails", ""); res.Code != 403 {
		t.Errorf("suspended mail: %d", res.Code)
	}
	if me := a.call(t, "agt", "GET", "/me", "").data(t); me["case_access"] != "OWN" {
		t.Errorf("me: %v", me)
	}
	if res := a.call(t, "adm", "POST", reply, `{"contents":"C"}`); res.Code != 201 {
		t.Errorf("an admin's rights stay: %d", res.Code)
	}
	fields(t, a.call(t, "own", "GET", "/me", "").data(t), `{"role":"CUSTOMER","case_access":"OWN"}`)
	if got := a.Text(t, `select count(*) from audit where act = 'role.updated'`); got != "1" {
		t.Errorf("%s audit entries", got)
	}
}

func TestAllInviteesAreMadeOrNone(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	bad := a.call(t, "adm", "POST", "/invites", `{"invitees":[{"email":"n@n.test","role":"AGENT"},{"email":"n@n.test","role":"AGENT"},{"email":"","role":"AGENT"}]}`)
	list, _ := bad.json["errors"].([]any)
	if bad.Code != 400 || len(list) != 2 || a.Text(t, `select count(*) from users where invited_at is not null`) != "0" {
		t.Errorf("%d %s", bad.Code, bad.Body)
	}
	res := a.call(t, "adm", "POST", "/invites", `{"invitees":[{"full_name":"Nora","email":"n@n.test","role":"agent"},{"email":"m@n.test","role":"COLLABORATOR"}]}`)
	rows := res.rows(t)
	if res.Code != 201 || len(rows) != 2 || rows[0]["invited_at"] == nil {
		t.Fatalf("%d %s", res.Code, res.Body)
	}
	fields(t, rows[0], `{"full_name":"Nora","role":"AGENT","is_enabled":false,"has_password":false,"emails":["n@n.test"]}`)
	enabled := a.call(t, "adm", "POST", fmt.Sprintf("/users/%v/enable", rows[0]["id"]), "").data(t)
	fields(t, enabled, `{"is_enabled":true,"has_password":false,"invited_at":null}`)
}

func TestLinkedAndMergedCasesAreTold(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	one, two := a.aCase(t), a.aCase(t)
	a.Exec(t, `insert into conversation_links (conversation_id, other_id, relation) values ($1, $2, $3)`, two, one, string(core.RelatedMention))
	fields(t, a.call(t, "col", "GET", fmt.Sprintf("/cases/%d", two), "").data(t), fmt.Sprintf(`{"linked_cases":[{"id":%d,"relation":"MENTION"}]}`, one))
	a.call(t, "agt", "POST", fmt.Sprintf("/cases/%d/merge", one), fmt.Sprintf(`{"case_ids":[%d]}`, two)).data(t)
	fields(t, a.call(t, "col", "GET", fmt.Sprintf("/cases/%d", two), "").data(t), fmt.Sprintf(`{"merged_into_id":%d}`, one))
	note := a.call(t, "col", "POST", fmt.Sprintf("/cases/%d/notes", two), `{"contents":"After"}`)
	fields(t, note.data(t), `{"contents":"After","type":"NOTE"}`)
}
