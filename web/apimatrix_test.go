package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"postdesk/core"
)

// An apiRow is a route of the matrix S2: what it takes, and what own, oth, cc,
// col, agt and adm get for an object that is there and for one that is missing.
// Strangers and the disabled always get 401.
type apiRow struct {
	route   string // {address} is one of a person of their own making
	object  func(a *apiDesk, t testing.TB) int64
	body    string // %d is a number of its own, {customer} somebody new
	own     string
	missing string
}

var (
	caseOfOwn = (*apiDesk).aCase
	suspended = func(a *apiDesk, t testing.TB) int64 { return a.aMail(t, "suspended") }
	failed    = func(a *apiDesk, t testing.TB) int64 { return a.aMail(t, "failed") }
	held      = func(a *apiDesk, t testing.TB) int64 { return a.aDelivery(t, "held") }
	gone      = func(a *apiDesk, t testing.TB) int64 { return a.aDelivery(t, "failed") }
	customer  = func(a *apiDesk, _ testing.TB) int64 { return int64(a.people["own"].ID) }
	// another is a customer whom disabling does not take out of the test.
	another = func(a *apiDesk, t testing.TB) int64 {
		return int64(a.Person(t, core.RoleCustomer, fmt.Sprintf("c%d@other.test", a.next())).ID)
	}
	company = (*apiDesk).anOrganization
	shut    = func(a *apiDesk, t testing.TB) int64 {
		id := another(a, t)
		a.Exec(t, `update users set enabled = false where id = $1`, id)
		return id
	}
	// withPassword is the customer "own", who can add an address then.
	withPassword = func(a *apiDesk, t testing.TB) int64 {
		a.Exec(t, `update users set password_hash = 'x' where id = $1`, a.people["own"].ID)
		return customer(a, t)
	}
	// joinable is an organization with somebody to join.
	joinable = func(a *apiDesk, t testing.TB) int64 {
		id, domain := company(a, t), fmt.Sprintf("j%d.test", a.next())
		a.Customer(t, "joan@"+domain)
		a.Exec(t, `insert into organization_domains (domain, organization_id) values ($1, $2)`, domain, id)
		return id
	}
	// addressed is the customer "own" with one more address.
	addressed = func(a *apiDesk, t testing.TB) int64 {
		a.next()
		a.Exec(t, `insert into addresses (address, user_id, is_primary, verified_at) values ($1, $2, false, now())`, a.secondAddress(), a.people["own"].ID)
		return customer(a, t)
	}
	invited = func(a *apiDesk, t testing.TB) int64 {
		made, faults, err := a.Invite(t.Context(), a.people["owner"], []core.Invitee{{Email: fmt.Sprintf("i%d@desk.test", a.next()), Role: core.RoleAgent}})
		if err != nil || len(faults) > 0 {
			t.Fatal(faults, err)
		}
		return int64(made[0].ID)
	}
	mergedAway = func(a *apiDesk, t testing.TB) int64 {
		into, from := core.UserID(another(a, t)), core.UserID(another(a, t))
		if err := a.MergeUsers(t.Context(), a.people["owner"], into, from); err != nil {
			t.Fatal(err)
		}
		return int64(from)
	}
	browser    = func(a *apiDesk, t testing.TB) int64 { return int64(a.Session(t, a.people["own"].ID)) }
	mergedCase = func(a *apiDesk, t testing.TB) int64 {
		one, two := core.ConversationID(caseOfOwn(a, t)), core.ConversationID(caseOfOwn(a, t))
		if _, err := a.Merge(t.Context(), a.people["owner"], []core.ConversationID{one, two}, false); err != nil {
			t.Fatal(err)
		}
		return int64(two)
	}
	// aReply is of somebody whom no row asks.
	aReply = func(a *apiDesk, t testing.TB) int64 {
		id, err := a.SaveReply(t.Context(), a.people["owner"], 0, core.SavedReplyForm{Name: fmt.Sprintf("Reply %d", a.next()), Text: "Hello", Visibility: core.ForEveryone})
		if err != nil {
			t.Fatal(err)
		}
		return int64(id)
	}
	aTeam = func(a *apiDesk, t testing.TB) int64 {
		return a.row(t, `insert into teams (title) values ('Team ' || $1::text) returning id`, strconv.FormatInt(a.next(), 10))
	}
)

// onList puts an entry on a list of senders.
func onList(list string) func(a *apiDesk, t testing.TB) int64 {
	return func(a *apiDesk, t testing.TB) int64 {
		a.next()
		a.Exec(t, `insert into sender_list (list, pattern) values ($1, $2)`, list, a.secondAddress())
		return 1
	}
}

// passing names an address that passes on mail.
func passing(a *apiDesk, t testing.TB) int64 {
	a.next()
	a.Exec(t, `insert into passing_addresses (address) values ($1)`, a.secondAddress())
	return 1
}

// destination is a domain that mail to it was paused, suppressed an address without
// mail.
func destination(a *apiDesk, t testing.TB) int64 {
	a.next()
	a.Exec(t, `insert into destinations (name) values ($1)`, a.secondDomain())
	return 1
}

func paused(a *apiDesk, t testing.TB) int64 {
	destination(a, t)
	a.Exec(t, `update destinations set paused_at = now() where name = $1`, a.secondDomain())
	return 1
}

func suppressed(a *apiDesk, t testing.TB) int64 {
	a.next()
	a.Exec(t, `insert into suppressions (address, reason) values ($1, 'Reported failed 5.1.1')`, a.secondAddress())
	return 1
}

func (a *apiDesk) secondDomain() string { return fmt.Sprintf("second%d.test", a.count.Load()) }

// secondAddress is the one that addressed made last.
func (a *apiDesk) secondAddress() string { return fmt.Sprintf("second%d@other.test", a.count.Load()) }

const (
	nobody     = "404 404 404 404 404 404"
	everybody  = "200 200 200 200 200 200"
	staffViews = "404 404 404 200 200 200"
	staffNotes = "404 404 404 201 201 201"
	adminDoes  = "403 403 403 403 403 200"
	adminMakes = "403 403 403 403 403 201"
	peopleDone = "403 403 403 403 200 200"
	peopleMade = "403 403 403 403 201 201"
	noPeople   = "403 403 403 403 404 404"
	noAdmin    = "403 403 403 403 403 404"
)

var apiMatrix = append(helpMatrix, []apiRow{
	{"GET /me", nil, "", everybody, ""},
	{"PUT /me", nil, `{"full_name":"Me"}`, everybody, ""},
	{"GET /me/notifications", nil, "", "403 403 403 403 200 200", ""},
	{"PUT /me/notifications", nil, `{"notes":false}`, "403 403 403 403 200 200", ""},
	{"GET /me/sessions", nil, "", everybody, ""},
	{"DELETE /me/sessions/{id}", browser, "", "200 404 404 404 404 404", nobody},

	{"GET /mails", nil, "", peopleDone, ""},
	{"GET /mails/{id}", suspended, "", "404 404 404 403 200 200", "404 404 404 403 404 404"},
	{"GET /mails/{id}", failed, "", "404 404 404 403 403 200", "404 404 404 403 404 404"},
	{"GET /mails/{id}/source", suspended, "", "404 404 404 403 200 200", "404 404 404 403 404 404"},
	{"GET /mails/{id}/source", failed, "", "404 404 404 403 403 200", "404 404 404 403 404 404"},
	{"POST /mails/{id}/release", suspended, "", peopleDone, noPeople},
	{"POST /mails/{id}/replay", failed, "", adminDoes, noAdmin},
	{"DELETE /mails/{id}", suspended, "", "404 404 404 403 200 200", "404 404 404 403 404 404"},

	{"GET /cases", nil, "", everybody, ""},
	{"POST /cases", nil, `{"subject":"S","contents":"C","requester_email":"n%d@new.test"}`, peopleMade, ""},
	{"GET /cases/{id}", caseOfOwn, "", "200 404 404 200 200 200", nobody},
	{"PUT /cases/{id}", caseOfOwn, `{"status":"PENDING","tags":["a"]}`, "404 404 404 403 200 200", nobody},
	{"GET /cases/{id}/posts", caseOfOwn, "", "200 404 404 200 200 200", nobody},
	{"POST /cases/{id}/reply", caseOfOwn, `{"contents":"Hello"}`, "201 404 404 403 201 201", nobody},
	{"POST /cases/{id}/notes", caseOfOwn, `{"contents":"Hush"}`, staffNotes, nobody},
	{"POST /cases/{id}/unmerge", mergedCase, "", "404 404 404 403 200 200", nobody},
	{"POST /cases/{id}/trash", caseOfOwn, "", "404 404 404 403 200 200", nobody},
	{"POST /cases/{id}/restore", caseOfOwn, "", "404 404 404 403 200 200", nobody},
	{"POST /cases/{id}/tags", caseOfOwn, `{"add":["n%d"]}`, "404 404 404 403 200 200", nobody},
	{"GET /tags", nil, "", staffViews, ""},
	{"GET /saved-replies", nil, "", "404 404 404 403 200 200", ""},
	{"POST /saved-replies", nil, `{"name":"N%d","contents":"Hello","visibility":"EVERYONE"}`, "404 404 404 403 201 201", ""},
	{"GET /saved-replies/{id}", aReply, "", "404 404 404 403 200 200", "404 404 404 403 404 404"},
	{"PUT /saved-replies/{id}", aReply, `{"contents":"Other %d"}`, "404 404 404 403 403 200", "404 404 404 403 404 404"},
	{"DELETE /saved-replies/{id}", aReply, "", "404 404 404 403 403 200", "404 404 404 403 404 404"},
	{"POST /cases/{id}/participants", caseOfOwn, `{"email":"n%d@new.test"}`, "404 404 404 403 200 200", nobody},

	{"GET /users", nil, "", staffViews, ""},
	{"POST /users", nil, `{"email":"n%d@new.test"}`, peopleMade, ""},
	{"GET /users/{id}", customer, "", "200 404 404 200 200 200", nobody},
	{"PUT /users/{id}", customer, `{"full_name":"Olga %d"}`, "200 403 403 403 200 200", noPeople},
	{"POST /users/{id}/disable", another, "", peopleDone, noPeople},
	{"POST /users/{id}/enable", shut, "", peopleDone, noPeople},
	{"POST /users/{id}/send-link", another, "", peopleDone, noPeople},
	{"POST /users/{id}/merge", another, `{"user_id":{customer}}`, peopleDone, noPeople},
	{"POST /users/{id}/unmerge", mergedAway, "", peopleDone, noPeople},
	{"POST /users/{id}/anonymise", another, "", adminDoes, noAdmin},
	{"GET /users/{id}/journey", customer, "", staffViews, nobody},
	{"GET /users/{id}/notes", customer, "", staffViews, nobody},
	{"POST /users/{id}/notes", customer, `{"contents":"Hush"}`, staffNotes, nobody},
	{"GET /users/{id}/identities", customer, "", "200 404 404 200 200 200", nobody},
	{"POST /users/{id}/identities", withPassword, `{"email":"n%d@new.test"}`, "201 403 403 403 201 201", noPeople},
	{"DELETE /users/{id}/identities/{address}", addressed, "", "200 403 403 403 200 200", noPeople},
	{"POST /users/{id}/identities/{address}/primary", addressed, "", "200 403 403 403 200 200", noPeople},
	{"GET /invites", nil, "", adminDoes, ""},
	{"POST /invites/{id}/resend", invited, "", adminDoes, noPeople},
	{"DELETE /invites/{id}", invited, "", adminDoes, noAdmin},
	{"POST /invites", nil, `{"invitees":[{"full_name":"N","email":"n%d@new.test","role":"AGENT"}]}`, adminMakes, ""},
	{"GET /autocomplete/emails", nil, "", staffViews, ""},

	{"GET /organizations", nil, "", staffViews, ""},
	{"POST /organizations", nil, `{"name":"New","domains":["n%d.test"]}`, peopleMade, ""},
	{"GET /organizations/{id}", company, "", staffViews, nobody},
	{"PUT /organizations/{id}", company, `{"name":"Newer"}`, peopleDone, noPeople},
	{"GET /organizations/{id}/notes", company, "", staffViews, nobody},
	{"POST /organizations/{id}/notes", company, `{"contents":"Hush"}`, staffNotes, nobody},
	{"GET /organizations/{id}/journey", company, "", staffViews, nobody},
	{"POST /organizations/{id}/join-existing", joinable, "", peopleDone, noPeople},

	{"GET /teams", nil, "", staffViews, ""},
	{"POST /teams", nil, `{"title":"Team %d"}`, adminMakes, ""},
	{"GET /teams/{id}", aTeam, "", staffViews, nobody},
	{"PUT /teams/{id}", aTeam, `{"title":"Other %d"}`, adminDoes, noAdmin},
	{"DELETE /teams/{id}", aTeam, "", adminDoes, noAdmin},
	{"GET /mailboxes", nil, "", staffViews, ""},
	{"POST /mailboxes", nil, `{"address":"n%d@new.test"}`, adminMakes, ""},
	{"GET /blocked-senders", nil, "", adminDoes, ""},
	{"POST /blocked-senders", nil, `{"pattern":"n%d.test"}`, adminMakes, ""},
	{"DELETE /blocked-senders/{pattern}", onList("block"), "", adminDoes, noAdmin},
	{"GET /safe-senders", nil, "", adminDoes, ""},
	{"POST /safe-senders", nil, `{"pattern":"n%d@new.test","note":"Ours"}`, adminMakes, ""},
	{"DELETE /safe-senders/{pattern}", onList("safe"), "", adminDoes, noAdmin},
	{"GET /passing-addresses", nil, "", adminDoes, ""},
	{"POST /passing-addresses", nil, `{"address":"group%d@new.test"}`, adminMakes, ""},
	{"DELETE /passing-addresses/{address}", passing, "", adminDoes, noAdmin},
	{"GET /roles", nil, "", adminDoes, ""},
	{"PUT /roles", nil, `{"role":"COLLABORATOR","case_access":"OWN"}`, adminDoes, ""},
	{"GET /audit", nil, "", adminDoes, ""},

	{"GET /deliveries", nil, "", adminDoes, ""},
	{"GET /deliveries/{id}", held, "", adminDoes, noAdmin},
	{"GET /deliveries/{id}/source", held, "", adminDoes, noAdmin},
	{"POST /deliveries/{id}/retry", gone, "", adminDoes, noAdmin},
	{"POST /deliveries/{id}/send", held, "", adminDoes, noAdmin},
	{"POST /deliveries/{id}/discard", held, "", adminDoes, noAdmin},
	{"GET /queue", nil, "", adminDoes, ""},
	{"POST /queue/{name}/pause", destination, "", adminDoes, noAdmin},
	{"POST /queue/{name}/resume", paused, "", adminDoes, noAdmin},
	{"POST /queue/{name}/try", destination, "", adminDoes, noAdmin},
	{"POST /queue/{name}/try", paused, "", "403 403 403 403 403 409", noAdmin},
	{"GET /suppressions", nil, "", peopleDone, ""},
	{"POST /suppressions", nil, `{"address":"n%d@new.test","reason":"Asked for it"}`, adminMakes, ""},
	{"DELETE /suppressions/{address}", suppressed, "", peopleDone, noPeople},
}...)

// unaudited are the routes that change something and are no administrative act.
var unaudited = map[string]string{
	"PUT /me/notifications":          "everybody's own choice, and no right of anybody's",
	"POST /cases":                    "a case has its own timeline",
	"PUT /cases/{id}":                "a case has its own timeline",
	"POST /cases/{id}/reply":         "a case has its own timeline",
	"POST /cases/{id}/notes":         "a case has its own timeline",
	"POST /cases/{id}/participants":  "a case has its own timeline",
	"POST /cases/{id}/unmerge":       "a case has its own timeline",
	"POST /cases/{id}/trash":         "a case has its own timeline",
	"POST /cases/{id}/restore":       "a case has its own timeline",
	"POST /cases/{id}/tags":          "a case has its own timeline",
	"POST /users/{id}/notes":         "the journey shows a note with its author",
	"POST /organizations/{id}/notes": "the journey shows a note with its author",
}

// peopleRight are the routes of agents who "create and update users and
// organizations". Without that right they get 403, whatever the object.
var peopleRight = []string{
	"POST /users", "PUT /users/{id}", "POST /users/{id}/disable", "POST /users/{id}/enable", "POST /users/{id}/send-link",
	"POST /users/{id}/merge", "POST /users/{id}/unmerge", "POST /users/{id}/identities", "DELETE /users/{id}/identities/{address}",
	"POST /users/{id}/identities/{address}/primary", "POST /invites/{id}/resend", "POST /organizations", "PUT /organizations/{id}",
	"POST /organizations/{id}/join-existing", "GET /suppressions", "DELETE /suppressions/{address}",
}

func TestAnAgentWithoutThePeopleRightIsRefusedWhatItGives(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	a.Exec(t, `update roles set may_manage_people = false where role = 'agent'`)
	for _, row := range apiMatrix {
		for i, cells := range []string{row.own, row.missing} {
			if cells == "" {
				continue
			}
			want := strings.Fields(cells)[slices.Index(callers, "agt")-1]
			if slices.Contains(peopleRight, row.route) {
				want = "403"
			}
			res, path := a.callRow(t, row, "agt", i == 1)
			if strconv.Itoa(res.Code) != want {
				t.Errorf("%s answers %d, want %s: %s", path, res.Code, want, res.Body)
			}
		}
	}
}

// eachOn runs the rows one after the other on one desk: what they are about is made
// for each. One that changes what the others may do has a desk of its own.
func eachOn(t *testing.T, rows []apiRow, do func(t *testing.T, a *apiDesk, row apiRow)) {
	t.Helper()
	shared := openAPIDesk(t)
	for _, row := range rows {
		t.Run(row.route, func(t *testing.T) {
			a := shared
			if row.route == "PUT /roles" {
				a = openAPIDesk(t)
			}
			do(t, a, row)
		})
	}
}

func TestEveryRouteAnswersEveryRoleAsTheMatrixSays(t *testing.T) {
	t.Parallel()
	eachOn(t, apiMatrix, func(t *testing.T, a *apiDesk, row apiRow) {
		a.checkCells(t, row, row.own, false)
		if row.object != nil {
			a.checkCells(t, row, row.missing, true)
		}
	})
}

// request makes what a row asks for: its path and body, for an object of its own
// or one that is missing.
func (a *apiDesk) request(t *testing.T, row apiRow, missing bool) (method, path, body string) {
	t.Helper()
	method, pattern, _ := strings.Cut(row.route, " ")
	id := int64(999999)
	if row.object != nil && !missing {
		id = row.object(a, t)
	}
	path = strings.NewReplacer("{id}", strconv.FormatInt(id, 10), "{address}", url.PathEscape(a.secondAddress()), "{pattern}", url.PathEscape(a.secondAddress()), "{name}", a.secondDomain(), "{digest}", tinyDigest, "{number}", "1").Replace(pattern)
	body = row.body
	if strings.Contains(body, "{customer}") {
		body = strings.ReplaceAll(body, "{customer}", strconv.FormatInt(another(a, t), 10))
	}
	if strings.Contains(body, "{category}") || strings.Contains(body, "{section}") {
		section := aSection(a, t)
		body = strings.NewReplacer("{section}", strconv.FormatInt(section, 10), "{category}", a.Text(t, `select category_id from sections where id = $1`, section)).Replace(body)
	}
	if strings.Contains(body, "{inside}") {
		body = strings.ReplaceAll(body, "{inside}", strconv.FormatInt(a.inside(t, pattern, id), 10))
	}
	return method, path, strings.ReplaceAll(body, "%d", strconv.FormatInt(a.next(), 10))
}

// callRow calls a route, with an eye on the description and on the audit.
func (a *apiDesk) callRow(t *testing.T, row apiRow, caller string, missing bool) (res apiResponse, path string) {
	t.Helper()
	method, path, body := a.request(t, row, missing)
	entries := func() string { return a.Text(t, `select count(*) from audit where act <> 'refused'`) }
	before := entries()
	res = a.call(t, caller, method, path, body)
	if caller == "adm" && method != http.MethodGet && res.Code < 300 && entries() == before && unaudited[row.route] == "" {
		t.Errorf("%s leaves no entry in the audit: let it write one, or say in unaudited why not", row.route)
	}
	_, pattern, _ := strings.Cut(row.route, " ")
	checkAnswer(t, method, pattern, res)
	return res, path
}

// checkCells calls a route as everybody, each on an object of their own, and
// holds what comes back to the description.
func (a *apiDesk) checkCells(t *testing.T, row apiRow, cells string, missing bool) {
	t.Helper()
	method, _, _ := strings.Cut(row.route, " ")
	cells = "401 " + cells + " 401"
	for i, caller := range callers {
		res, path := a.callRow(t, row, caller, missing)
		if want := strings.Fields(cells)[i]; strconv.Itoa(res.Code) != want {
			t.Errorf("%s as %s (missing %v) answers %d, want %s: %s", row.route, caller, missing, res.Code, want, res.Body)
		}
		if method == http.MethodGet {
			if head := a.call(t, caller, http.MethodHead, path, ""); head.Code != res.Code {
				t.Errorf("HEAD as %s answers %d, GET %d", caller, head.Code, res.Code)
			}
		}
	}
}

func TestMergeIsForThoseWithTheRight(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	for caller, want := range map[string]int{"anon": 401, "own": 404, "oth": 404, "cc": 404, "col": 403, "agt": 200, "adm": 200, "dis": 401} {
		one, two := a.aCase(t), a.aCase(t)
		res := a.call(t, caller, "POST", fmt.Sprintf("/cases/%d/merge", two), fmt.Sprintf(`{"case_ids":[%d]}`, one))
		if res.Code != want {
			t.Errorf("merge as %s answers %d, want %d: %s", caller, res.Code, want, res.Body)
		}
		checkAnswer(t, "POST", "/cases/{id}/merge", res)
		if want == 200 && res.data(t)["id"] != float64(one) {
			t.Errorf("the survivor is %v, want the oldest, %d", res.data(t)["id"], one)
		}
		if res := a.call(t, caller, "POST", "/cases/999999/merge", fmt.Sprintf(`{"case_ids":[%d]}`, one)); want != 401 && res.Code != 404 {
			t.Errorf("merge of a missing case as %s answers %d, want 404", caller, res.Code)
		}
	}
}

func TestSplitIsForThoseWithTheRight(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	for caller, want := range map[string]int{"anon": 401, "own": 404, "oth": 404, "cc": 404, "col": 403, "agt": 201, "adm": 201, "dis": 401} {
		one := a.aCase(t)
		body := fmt.Sprintf(`{"post_id":%d}`, a.Message(t, core.ConversationID(one), a.people["own"], "Another matter"))
		res := a.call(t, caller, "POST", fmt.Sprintf("/cases/%d/split", one), body)
		if res.Code != want {
			t.Errorf("split as %s answers %d, want %d: %s", caller, res.Code, want, res.Body)
		}
		checkAnswer(t, "POST", "/cases/{id}/split", res)
		if want == 201 && res.data(t)["subject"] == "" {
			t.Errorf("the new one is %v", res.data(t))
		}
		if res := a.call(t, caller, "POST", "/cases/999999/split", body); want != 401 && res.Code != 404 {
			t.Errorf("split of a missing case as %s answers %d, want 404", caller, res.Code)
		}
	}
}

func TestEveryRouteHasARowInTheMatrix(t *testing.T) {
	t.Parallel()
	rows := map[string]bool{"POST /cases/{id}/merge": true, "POST /cases/{id}/split": true}
	for _, row := range apiMatrix {
		rows[row.route] = true
	}
	for _, route := range (&api{}).routes() {
		if name := route.method + " " + route.path; !rows[name] {
			t.Errorf("%s has no row", name)
		}
	}
}

func TestAForeignObjectAnswersLikeAMissingOne(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	foreign := a.call(t, "oth", "GET", fmt.Sprintf("/cases/%d", a.aCase(t)), "")
	missing := a.call(t, "oth", "GET", "/cases/999999", "")
	if foreign.Body.String() != missing.Body.String() || foreign.Code != 404 {
		t.Errorf("%s differs from %s", foreign.Body, missing.Body)
	}
}
