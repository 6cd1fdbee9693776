package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"postdesk/core"
)

// An apiRow is a route of the matrix S2: what it takes, and what own, oth, cc,
// col, agt and adm get for an object that is there and for one that is missing.
// Strangers and the disabled always get 401.
type apiRow struct {
	route   string
	object  func(a *apiDesk, t testing.TB) int64
	body    string // %d is a number of its own
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
)

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

var apiMatrix = []apiRow{
	{"GET /me", nil, "", everybody, ""},

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
	{"POST /cases/{id}/participants", caseOfOwn, `{"email":"n%d@new.test"}`, "404 404 404 403 200 200", nobody},

	{"GET /users", nil, "", staffViews, ""},
	{"POST /users", nil, `{"email":"n%d@new.test"}`, peopleMade, ""},
	{"GET /users/{id}", customer, "", "200 404 404 200 200 200", nobody},
	{"PUT /users/{id}", customer, `{"full_name":"Olga"}`, "200 403 403 403 200 200", noPeople},
	{"POST /users/{id}/disable", another, "", peopleDone, noPeople},
	{"POST /users/{id}/enable", another, "", peopleDone, noPeople},
	{"GET /users/{id}/notes", customer, "", staffViews, nobody},
	{"POST /users/{id}/notes", customer, `{"contents":"Hush"}`, staffNotes, nobody},
	{"GET /users/{id}/identities", customer, "", "200 404 404 200 200 200", nobody},
	{"POST /users/{id}/identities", customer, `{"email":"n%d@new.test"}`, "201 403 403 403 201 201", noPeople},
	{"POST /invites", nil, `{"invitees":[{"full_name":"N","email":"n%d@new.test","role":"AGENT"}]}`, adminMakes, ""},
	{"GET /autocomplete/emails", nil, "", staffViews, ""},

	{"GET /organizations", nil, "", staffViews, ""},
	{"POST /organizations", nil, `{"name":"New","domains":["n%d.test"]}`, peopleMade, ""},
	{"GET /organizations/{id}", company, "", staffViews, nobody},
	{"PUT /organizations/{id}", company, `{"name":"Newer"}`, peopleDone, noPeople},
	{"GET /organizations/{id}/notes", company, "", staffViews, nobody},
	{"POST /organizations/{id}/notes", company, `{"contents":"Hush"}`, staffNotes, nobody},

	{"GET /teams", nil, "", staffViews, ""},
	{"POST /teams", nil, `{"title":"Team %d"}`, adminMakes, ""},
	{"GET /mailboxes", nil, "", staffViews, ""},
	{"POST /mailboxes", nil, `{"address":"n%d@new.test"}`, adminMakes, ""},
	{"GET /roles", nil, "", adminDoes, ""},
	{"PUT /roles", nil, `{"role":"COLLABORATOR","case_access":"ALL"}`, adminDoes, ""},

	{"GET /deliveries", nil, "", adminDoes, ""},
	{"GET /deliveries/{id}", held, "", adminDoes, noAdmin},
	{"GET /deliveries/{id}/source", held, "", adminDoes, noAdmin},
	{"POST /deliveries/{id}/retry", gone, "", adminDoes, noAdmin},
	{"POST /deliveries/{id}/send", held, "", adminDoes, noAdmin},
	{"POST /deliveries/{id}/discard", held, "", adminDoes, noAdmin},
}

func TestEveryRouteAnswersEveryRoleAsTheMatrixSays(t *testing.T) {
	t.Parallel()
	for _, row := range apiMatrix {
		t.Run(row.route, func(t *testing.T) {
			t.Parallel()
			a := openAPIDesk(t)
			a.checkCells(t, row, row.own, false)
			if row.object != nil {
				a.checkCells(t, row, row.missing, true)
			}
		})
	}
}

// checkCells calls a route as everybody, each on an object of their own, and
// holds what comes back to the description.
func (a *apiDesk) checkCells(t *testing.T, row apiRow, cells string, missing bool) {
	t.Helper()
	method, pattern, _ := strings.Cut(row.route, " ")
	cells = "401 " + cells + " 401"
	for i, caller := range callers {
		id := int64(999999)
		if row.object != nil && !missing {
			id = row.object(a, t)
		}
		path := strings.ReplaceAll(pattern, "{id}", strconv.FormatInt(id, 10))
		body := row.body
		if strings.Contains(body, "%d") {
			body = fmt.Sprintf(body, a.next())
		}
		res := a.call(t, caller, method, path, body)
		if want := strings.Fields(cells)[i]; strconv.Itoa(res.Code) != want {
			t.Errorf("%s as %s (missing %v) answers %d, want %s: %s", row.route, caller, missing, res.Code, want, res.Body)
		}
		checkAnswer(t, method, pattern, res)
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

func TestEveryRouteHasARowInTheMatrix(t *testing.T) {
	t.Parallel()
	rows := map[string]bool{"POST /cases/{id}/merge": true}
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
