package web

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The authorisation matrix S2 of reliability.md, in its own rows and words. What
// each route answers to each role stands in matrix (pages) and apiMatrix; here
// every route of both has its row, and what stands there is held against it: a
// route without a row fails. "p" needs the right, "|" parts cells of one row.
var s2 = map[string]struct{ words, own, oth, cc, col, agt, adm string }{
	"1":  {"portal list", "200", "200", "200", "200", "200", "200"},
	"2":  {"portal conversation", "200", "404", "404", "404", "404", "404"},
	"3":  {"portal reply", "200", "404", "404", "404", "404", "404"},
	"4":  {"portal attachment of public message", "200", "404", "404", "404", "404", "404"},
	"5":  {"portal attachment of a note", "404", "404", "404", "404", "404", "404"},
	"6":  {"staff view of conversation", "404", "404", "404", "200", "200", "200"},
	"7":  {"notes list / note attachment", "404", "404", "404", "200", "200", "200"},
	"8":  {"add note (conversation, user, organisation)", "404", "404", "404", "200", "200", "200"},
	"9":  {"public reply, forward", "404", "404", "404", "403", "200p", "200"},
	"10": {"change status/assignee/tags/priority", "404", "404", "404", "403", "200", "200"},
	"11": {"change requester/participants", "404", "404", "404", "403", "200", "200"},
	"11m": {"merge, split, trash (behaviour.md: with the right)",
		"404", "404", "404", "403", "200p", "200"},
	"12":  {"raw source of suspended mail", "404", "404", "404", "403", "200p", "200"},
	"12o": {"raw source of any other", "404", "404", "404", "403", "403", "200"},
	"13":  {"open conversation for a customer", "403", "403", "403", "403", "200p", "200"},
	"14":  {"view user/organisation", "404|200", "404", "404", "200", "200", "200"},
	"15":  {"create customer; change people", "403|200", "403", "403", "403", "200p", "200"},
	"20":  {"disable staff; delete people", "403", "403", "403", "403", "403", "200"},
	"21":  {"team invites: create, resend, revoke", "403", "403", "403", "403", "403", "200"},
	"22":  {"read published article", "200", "200", "200", "200", "200", "200"},
	"23":  {"read draft", "404", "404", "404", "200", "200", "200"},
	"24":  {"edit existing draft", "404", "404", "404", "200", "200", "200"},
	"25":  {"edit published; publish; create; delete", "403", "403", "403", "403", "200p", "200"},
	"26":  {"categories/sections", "403", "403", "403", "403", "200p", "200"},
	"27":  {"settings, keys, mail log, queue, audit", "403", "403", "403", "403", "403", "200"},
	"27s": {"suspended list", "403", "403", "403", "403", "200p", "200"},
	"28":  {"export CSV", "403", "403", "403", "403", "403", "200"},
	// Rows that the design does not name.
	"own": {"own profile, sessions, tokens; foreign ones are not there",
		"200|404", "200|404", "200|404", "200|404", "200|404", "200|404"},
	"read":     {"read an article: published (22) or draft (23)", "200|404", "200|404", "200|404", "200", "200", "200"},
	"edit":     {"edit an article: draft (24) or published (25)", "403|404", "403|404", "403|404", "200|403", "200p", "200"},
	"propose":  {"propose a revision of a published article", "403|404", "403|404", "403|404", "200", "200", "200"},
	"withdraw": {"take back an own proposal", "404", "404", "404", "403", "403", "200"},
	"pick":     {"suggestions and lists to pick from", "404|403", "404|403", "404|403", "200|403", "200p|200", "200"},
}

// s2Rows says to which row a route belongs, by the longest beginning of its path;
// "2/6" are the rows for customers and for staff. A method before the path narrows
// it. Rows 16 to 18 are fields of the routes of row 15, told apart in
// TestNobodyRisesByMassAssignment; 29 and 30 are open to everybody.
var s2Rows = map[string]string{
	"GET /conversations": "1", "GET /conversations/new": "1", "POST /conversations": "1", "GET /conversations/*": "2", "POST /conversations/*": "3",
	"/files/*": "4/7", "/profile": "own",

	"GET /agent": "6", "/agent/new": "13", "GET /agent/conversations/*": "6", "/agent/conversations/*/note": "8", "/agent/conversations/*/reply": "9",
	"/agent/conversations/*/properties": "10", "/agent/conversations/*/follow": "10", "/agent/conversations/*/participants": "11",
	"/agent/conversations/*/requester": "11", "/agent/conversations/*/file-as-note": "10", "/agent/conversations/*/mails": "27",
	"/agent/conversations/*/merge": "11m", "/agent/conversations/*/unmerge": "11m", "/agent/conversations/*/split": "11m",
	"/agent/conversations/*/trash": "11m", "/agent/conversations/*/restore": "11m", "/agent/conversations/*/drafts": "8", "/agent/conversations/*/drafts/*/discard": "9",
	"/agent/conversations/*/recipients": "9", "/frame/conversations/*": "6", "/frame/mail/*": "12", "/frame/outbox/*": "27",
	"/agent/conversations/*/tags": "10", "/agent/conversations/*/replies": "9", "/agent/replies": "9",
	"/agent/people/suggest": "pick", "/agent/mentions": "6", "/agent/users": "14", "/agent/users/new": "15", "/agent/users/suggest": "pick", "POST /agent/users": "15",
	"/agent/users/*/notes": "8", "/agent/users/*/merge": "15", "/agent/users/*/anonymise": "20", "POST /agent/users/*/two-factor": "20", "POST /agent/users/*/tokens": "20", "/agent/organizations": "14", "/agent/organizations/new": "15",
	"POST /agent/organizations": "15", "/agent/organizations/*/notes": "8", "/agent/suspended": "27s", "/agent/suspended/*": "12", "/agent/export": "28",
	"/admin": "27", "/admin/directory/invite": "21", "/admin/mail/*/source": "12o", "/admin/suppressions": "27s",

	"api /me": "own", "api GET /mails": "27s", "api /mails/*": "12", "api /mails/*/replay": "27", "api /mails/*/release": "27s",
	"api GET /cases": "1", "api POST /cases": "13", "api GET /cases/*": "2/6", "api PUT /cases/*": "10", "api /cases/*/reply": "3/9", "api /cases/*/notes": "8",
	"api /cases/*/participants": "11", "api /cases/*/merge": "11m", "api /cases/*/split": "11m", "api /cases/*/unmerge": "11m", "api /cases/*/trash": "11m", "api /cases/*/restore": "11m", "api /cases/*/tags": "10", "api GET /tags": "6", "api /saved-replies": "9", "api GET /users": "14", "api POST /users": "15", "api PUT /users": "15", "api DELETE /users": "15",
	"api /users/*/anonymise": "20", "api GET /users/*/notes": "7", "api POST /users/*/notes": "8",
	"api /invites": "21", "api /autocomplete": "pick", "api GET /organizations": "14", "api POST /organizations": "15", "api PUT /organizations": "15",
	"api GET /organizations/*/notes": "7", "api POST /organizations/*/notes": "8", "api GET /teams": "14", "api POST /teams": "27", "api PUT /teams": "27", "api DELETE /teams": "27",
	"api GET /mailboxes": "14", "api POST /mailboxes": "27", "api /blocked-senders": "27", "api /safe-senders": "27", "api /passing-addresses": "27",
	"api /roles": "27", "api /audit": "27", "api /deliveries": "27",
	"/agent/many":           "10",
	"GET /agent/helpcenter": "23", "/agent/helpcenter/articles/new": "25", "POST /agent/helpcenter/articles": "25", "POST /agent/helpcenter/articles/*": "edit",
	"POST /agent/helpcenter/articles/*/preview": "23", "POST /agent/helpcenter/preview": "25", "POST /agent/helpcenter/articles/*/propose": "propose", "POST /agent/helpcenter/articles/*/publish": "25",
	"POST /agent/helpcenter/articles/*/unpublish": "25", "POST /agent/helpcenter/articles/*/delete": "25", "POST /agent/helpcenter/articles/*/bring-back": "25",
	"POST /agent/helpcenter/articles/*/order": "25", "POST /agent/helpcenter/articles/*/move": "25",
	"POST /agent/helpcenter/proposals": "25", "POST /agent/helpcenter/proposals/*/withdraw": "withdraw",
	"/agent/helpcenter/categories": "26", "GET /agent/helpcenter/categories": "26", "/agent/helpcenter/sections": "26", "GET /agent/helpcenter/sections": "26",
	// What is read depends on the article: a published one is everybody's, a draft the staff's.
	"api GET /categories": "read", "api GET /sections": "read", "api GET /articles": "read", "api GET /articles/*/revisions": "23", "api GET /articles/*/proposals": "23",
	"api /categories": "26", "api /sections": "26", "api /articles": "25", "api PUT /articles": "edit", "api POST /articles/*/restore": "24",
	"api GET /articles/*/images": "23", "api GET /articles/*/feedback": "23", "api POST /articles/*/images": "edit", "api DELETE /articles/*/images": "edit",
	"api POST /articles/*/proposals": "propose", "api /proposals": "25", "api POST /proposals/*/withdraw": "withdraw",
	"api /queue": "27", "api /suppressions": "27s", "api POST /suppressions": "27",
}

// s2Apart are routes that stand apart from their row, and why.
var s2Apart = map[string]string{
	"POST /profile/notifications":                       "for those who get notices: agents and above",
	"api GET /me/notifications":                         "for those who get notices: agents and above",
	"api PUT /me/notifications":                         "for those who get notices: agents and above",
	"POST /agent/users/*/tokens/*/end":                  "404: no such token",
	"api PUT /saved-replies/{id}":                       "somebody else's is its owner's and the admins'",
	"api DELETE /saved-replies/{id}":                    "somebody else's is its owner's and the admins'",
	"POST /profile/password":                            "403: the old password is wrong",
	"GET /admin/mail/*":                                 "the raw mail of the log is the admins'",
	"POST /admin/sending":                               "404: no such key",
	"POST /agent/conversations/*/drafts/*/discard":      "404: nobody but its author has it",
	"POST /agent/conversations/*/drafts/files/*/remove": "404: no such draft",
	"POST /agent/conversations/*/drafts":                "a draft of a note is everybody's of staff, one of an answer is the agents'",
	"GET /admin/suppressions":                           "a person's mail is let go again by who changes people",
	"POST /admin/suppressions":                          "a person's mail is let go again by who changes people, another's by admins",
	"api GET /mails/{id}":                               "one that is not suspended is the admins' (row 12, any other)",
	"api GET /mails/{id}/source":                        "one that is not suspended is the admins' (row 12, any other)",
	"api POST /users/{id}/identities":                   "one's own, too",
	"api PUT /users/{id}":                               "one's own, too",
	"api GET /users/{id}":                               "one's own, too",
	"api DELETE /users/{id}/identities/{address}":       "one's own, too",
	"api POST /users/{id}/identities/{address}/primary": "one's own, too",
	"api GET /users/{id}/identities":                    "one's own, too",
	"api POST /deliveries/{id}/retry":                   "an agent retries a reply that failed",
	"POST /agent/conversations/*/mails/*":               "an agent retries a reply that failed",
}

// s2RowOf finds the row of a route. api is "api " or empty; path has * for names.
func s2RowOf(api, method, path string) string {
	found, longest := "", -1
	for pattern, row := range s2Rows {
		of, isAPI := strings.CutPrefix(pattern, "api ")
		if isAPI != (api != "") {
			continue
		}
		verb, beginning, has := strings.Cut(of, " ")
		if !has {
			verb, beginning = "", of
		}
		rest, begins := strings.CutPrefix(path, beginning)
		if !begins || verb != "" && verb != method || rest != "" && !strings.HasPrefix(rest, "/") {
			continue
		}
		if length := 2*len(beginning) + min(len(verb), 1); length > longest {
			found, longest = row, length
		}
	}
	return found
}

// s2Cells are those of a route's row for own, oth, cc, col, agt, adm.
func s2Cells(row string) []string {
	customers, staff, two := strings.Cut(row, "/")
	if !two {
		staff = customers
	}
	c, s := s2[customers], s2[staff]
	return []string{c.own, c.oth, c.cc, s.col, s.agt, s.adm}
}

// s2Agrees tells that a status is what a cell says. Done is done, also where the
// state of the thing does not allow it now, or the form is refused.
func s2Agrees(cell string, status int) bool {
	got := strconv.Itoa(status)
	if status < 400 || slices.Contains([]int{400, 409, 410, 426}, status) {
		got = "200"
	}
	return slices.Contains(strings.Split(strings.ReplaceAll(cell, "p", ""), "|"), got)
}

// s2Faults says where a route with these statuses, of own to adm, departs from its
// row.
func s2Faults(api, method, path, exact string, statuses ...int) (faults []string) {
	row := s2RowOf(api, method, path)
	if row == "" {
		return []string{fmt.Sprintf("%s%s %s has no row of S2: add it to s2Rows", api, method, path)}
	}
	for i, cell := range s2Cells(row) {
		if s2Apart[api+method+" "+exact] == "" && !s2Agrees(cell, statuses[i]) {
			faults = append(faults, fmt.Sprintf("%s%s %s answers %d to %s; row %s (%s) says %s",
				api, method, exact, statuses[i], callers[1+i], row, s2[strings.Split(row, "/")[0]].words, cell))
		}
	}
	return faults
}

func TestS2EveryRouteHasARowOfTheDesignAndAnswersAsItSays(t *testing.T) {
	t.Parallel()
	var faults []string
	for _, r := range matrix() {
		faults = append(faults, s2Faults("", r.method, shape(r.path), shape(r.path), r.own, r.other, r.other, r.collaborator, r.agent, r.admin)...)
	}
	for _, r := range apiMatrix {
		var statuses []int
		for cell := range strings.FieldsSeq(r.own) {
			n, err := strconv.Atoi(cell)
			if err != nil {
				t.Fatal(err)
			}
			statuses = append(statuses, n)
		}
		method, path, _ := strings.Cut(r.route, " ")
		faults = append(faults, s2Faults("api ", method, shape(path), path, statuses...)...)
	}
	for _, f := range faults {
		t.Error(f)
	}
	// What has to be found: a new route, a customer in a staff view, a collaborator
	// who answers, an agent who exports, staff who cannot look.
	for i, bad := range [][]string{
		s2Faults("", "GET", "/newcomers", "/newcomers", 200, 200, 200, 200, 200, 200), s2Faults("", "GET", "/agent/conversations/*", "x", 404, 200, 404, 200, 200, 200),
		s2Faults("api ", "POST", "/cases/*/reply", "x", 201, 404, 404, 201, 201, 201), s2Faults("", "GET", "/agent/export/new.csv", "x", 403, 403, 403, 403, 200, 200),
		s2Faults("", "GET", "/agent/users/*", "x", 404, 404, 404, 200, 200, 403),
	} {
		if len(bad) != 1 {
			t.Errorf("control %d found %v", i, bad)
		}
	}
}

// bare are agents whose role has lost all of its rights.
func (w *site) bare(t *testing.T) {
	t.Helper()
	w.Exec(t, `update roles set may_reply = false, may_merge = false, may_view_suspended = false, may_manage_people = false,
		may_write_articles = false, may_publish_articles = false, may_manage_categories = false where role = 'agent'`)
}

func TestS2WithoutTheRightAnAgentGetsNothingThatNeedsIt(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.names["{draft}"] = "1"
	w.bare(t)
	for _, r := range matrix() {
		row := s2RowOf("", r.method, shape(r.path))
		if needs := strings.HasSuffix(s2Cells(row)[4], "p"); needs && s2Apart[r.method+" "+shape(r.path)] == "" {
			if got := w.do(t, "agent", r); got.Status != http.StatusForbidden {
				t.Errorf("%s %s without the right: %d, want 403 (row %s)", r.method, r.path, got.Status, row)
			}
		}
	}
}

func TestS2WhoIsInCCIsAStrangerInThePortal(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	cc := w.Customer(t, "cc@people.test")
	w.people["cc"] = cc
	w.names["{draft}"] = "1"
	w.Exec(t, `insert into participants (conversation_id, address, user_id, via, by_staff) values ($1::text::bigint, $2, $3, 'agent', true)`, w.names["{conversation}"], cc.Address, cc.ID)
	for _, r := range matrix() {
		got := w.do(t, "cc", r)
		if refused := got.Status == 403 || got.Status == 404; refused != (r.other == 403 || r.other == 404) && !strings.HasPrefix(r.path, "/profile/addresses") {
			t.Errorf("%s %s: %d, want %d", r.method, r.path, got.Status, r.other)
		}
	}
}

// Foreign objects answer the same bytes as missing ones, by every page.
func TestS2NoPageTellsAForeignObjectFromAMissingOne(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.names["{draft}"] = "1"
	missing := map[string]string{}
	for name := range w.names {
		missing[name] = "987654"
	}
	missing["{role}"], missing["{text}"], missing["{token}"] = "king", "nothing", strings.Repeat("0", 12)
	for _, r := range matrix() {
		for who, status := range map[string]int{"other": r.other, "collaborator": r.collaborator} {
			if status != http.StatusNotFound || !strings.Contains(r.path, "{") {
				continue
			}
			there := w.do(t, who, r)
			nothing := r
			for name, number := range missing {
				nothing.path = strings.ReplaceAll(nothing.path, name, number)
			}
			if got := w.do(t, who, nothing); got.Status != there.Status || got.Body != there.Body {
				t.Errorf("%s %s as %s: something is told from nothing: %d, %d", r.method, r.path, who, there.Status, got.Status)
			}
		}
	}
}

// The same by the API, where every answer is compared with that of nothing.
func TestS2NoCallTellsAForeignObjectFromAMissingOne(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	for _, row := range apiMatrix {
		cells := strings.Fields(row.own)
		for i, caller := range []string{"own", "oth", "cc"} {
			if row.object == nil || cells[i] != "404" {
				continue
			}
			there, path := a.callRow(t, row, caller, false)
			nothing, _ := a.callRow(t, row, caller, true)
			if there.Code != nothing.Code || there.Body.String() != nothing.Body.String() {
				t.Errorf("%s as %s: %d %s, of nothing %d %s", path, caller, there.Code, there.Body, nothing.Code, nothing.Body)
			}
		}
	}
}

// Objects named inside a request are no way around (A39): what one may not see is
// answered as what there is not, also among things that one may.
func TestA39AnObjectNamedInARequestIsNoWayAroundIt(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	// A colleague who sees their own conversations only.
	w.Exec(t, `update roles set case_access = 'own' where role = 'agent'`)
	mine := w.Conversation(t, w.people["own"], "one of mine")
	w.Exec(t, `update conversations set assignee_id = $1 where id = $2`, w.people["agent"].ID, mine)
	w.names["{mine}"] = fmt.Sprint(mine)
	token, err := w.CreateToken(t.Context(), w.people["agent"].Address.String())
	if err != nil {
		t.Fatal(err)
	}
	before := w.Text(t, `select string_agg(id || ' ' || coalesce(merged_into, 0) || ' ' || requester_id, ', ' order by id) from conversations`)
	for _, path := range []string{"/agent/conversations/{mine}/merge"} {
		there := w.ask(t, "agent", path, url.Values{"with": {w.names["{spare}"]}})
		nothing := w.ask(t, "agent", path, url.Values{"with": {"987654"}})
		if there.Status < 400 || there.Status != nothing.Status {
			t.Errorf("%s with somebody else's: %d, with nothing: %d", path, there.Status, nothing.Status)
		}
	}
	for _, with := range []string{w.names["{spare}"], "987654"} {
		got := w.api(t, token, "POST", "/api/v1/cases/{mine}/merge", `{"case_ids":[`+with+`]}`)
		if got.Status < 400 || strings.Contains(got.Body, "Another one") {
			t.Errorf("merged with #%s by the API: %d %s", with, got.Status, got.Body)
		}
	}
	if got := w.ask(t, "agent", "/agent/conversations/{spare}", nil); got.Status != http.StatusNotFound {
		t.Errorf("somebody else's: %d", got.Status)
	}
	// Search and lists show nothing of what cannot be opened.
	for _, path := range []string{"/agent?q=Another", "/agent?q=somebody@people.test", "/agent?q={spare}", "/agent"} {
		if got := w.ask(t, "agent", path, nil); got.Status != 200 || strings.Contains(got.Body, "Another one") {
			t.Errorf("%s shows conversations that are not the agent's", path)
		}
	}
	// Names to mention and to write to are for staff alone.
	for _, who := range []string{"own", "other"} {
		for _, path := range []string{"/agent/users/suggest?q=ag", "/agent/mentions/suggest?q=ag", "/agent/people/suggest?q=ag", "/agent/organizations/suggest?q=ac"} {
			if got := w.ask(t, who, path, nil); got.Status != 403 && got.Status != 404 || strings.Contains(got.Body, "agent@people.test") {
				t.Errorf("%s as %s: %d", path, who, got.Status)
			}
		}
	}
	if after := w.Text(t, `select string_agg(id || ' ' || coalesce(merged_into, 0) || ' ' || requester_id, ', ' order by id) from conversations`); after != before {
		t.Errorf("conversations changed:\n%s\n%s", before, after)
	}
}

// api asks the API of the site.
func (w *site) api(t *testing.T, token, method, path, body string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, w.root+w.at(path), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answered(res.StatusCode, res.Header, string(text))
}
