package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
)

func TestBadInputIsRefusedWithItsField(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	id := a.aCase(t)
	aCase := fmt.Sprintf("/cases/%d", id)
	own := fmt.Sprintf("/users/%d", a.people["own"].ID)
	const required, empty, invalid, duplicate, request = "FIELD_REQUIRED", "FIELD_EMPTY", "FIELD_INVALID", "FIELD_DUPLICATE", "REQUEST_INVALID"
	for _, c := range []struct{ method, path, body, code, parameter, says string }{
		{"GET", "/users?limit=0", "", invalid, "limit", "1 to 100"},
		{"GET", "/users?limit=101", "", invalid, "limit", ""},
		{"GET", "/users?limit=ten", "", invalid, "limit", ""},
		{"GET", "/cases?limit=-1", "", invalid, "limit", ""},
		{"GET", aCase + "/posts?limit=1e3", "", invalid, "limit", ""},
		{"GET", "/teams?offset=-1", "", invalid, "offset", ""},
		{"GET", "/mails?offset=99999999999999999999", "", invalid, "offset", ""},
		{"GET", "/mails?offset=1000001", "", invalid, "offset", "1000000"},
		{"GET", "/mails?status=LOST", "", invalid, "status", "SUSPENDED"},
		{"GET", "/mails?is_suspended=maybe", "", invalid, "is_suspended", ""},
		{"GET", "/mails?from=%00", "", invalid, "from", ""},
		{"GET", "/mails?from=%ff", "", invalid, "from", ""},
		{"GET", "/cases?status=BEST", "", invalid, "status", ""},
		{"GET", "/cases?view=yours", "", invalid, "view", ""},
		{"GET", "/cases?requester_id=x", "", invalid, "requester_id", ""},
		{"GET", "/cases?query=%00", "", invalid, "query", ""},
		{"GET", "/users?role=KING", "", invalid, "role", ""},
		{"GET", "/deliveries?state=LOST", "", invalid, "state", ""},
		{"GET", "/deliveries?recipient=%00", "", invalid, "recipient", ""},
		{"GET", "/deliveries?case_id=0", "", invalid, "case_id", ""},

		{"POST", "/cases", "{\n\"subject\": \"x\",\n oops}", request, "", "line 3, byte 2"},
		{"POST", "/cases", "{\n\"subject\":", request, "", "ends too early"},
		{"POST", "/cases", "{}\n{}", request, "", "more than one"},
		{"POST", "/cases", "[]", request, "", "object"},
		{"POST", "/cases", strings.Repeat("[", 20000), request, "", "line 1"},
		{"POST", "/cases", `{"subject":7}`, invalid, "subject", ""},
		{"POST", "/cases", `{"requester_id":"7"}`, invalid, "requester_id", ""},
		{"POST", "/cases", `{"requester_id":1e40}`, invalid, "requester_id", ""},
		{"POST", "/cases", "", required, "subject", ""},
		{"POST", "/cases", "null", required, "subject", ""},
		{"POST", "/cases", `{"subject":"S","contents":"C"}`, required, "requester_email", ""},
		{"POST", "/cases", `{"subject":"S","requester_email":"a@b.test"}`, required, "contents", ""},
		{"POST", "/cases", `{"subject":"S","contents":"C","requester_id":424242}`, invalid, "requester_id", ""},
		{"POST", "/cases", `{"subject":"S","contents":"C","requester_email":"x> y@b.test"}`, invalid, "requester_email", ""},
		{"POST", "/cases", `{"subject":"S","contents":"C","requester_email":"a@b.test","cc":["nobody"]}`, invalid, "cc", "nobody"},
		{"POST", "/cases", `{"subject":"S","contents":"C","requester_email":"a@b.test","mailbox_id":77}`, invalid, "mailbox_id", ""},
		{"PUT", aCase, `{"subject":""}`, empty, "subject", ""},
		{"PUT", aCase, `{"status":"DONE"}`, invalid, "status", ""},
		{"PUT", aCase, `{"priority":"MEDIUM"}`, invalid, "priority", ""},
		{"PUT", aCase, `{"type":"JOKE"}`, invalid, "type", ""},
		{"PUT", aCase, `{"tags":"one"}`, invalid, "tags", ""},
		{"PUT", aCase, `{"assigned_agent_id":"me"}`, invalid, "assigned_agent_id", ""},
		{"PUT", aCase, fmt.Sprintf(`{"assigned_agent_id":%d}`, a.people["col"].ID), invalid, "assigned_agent_id", ""},
		{"PUT", aCase, `{"assigned_team_id":77}`, invalid, "assigned_team_id", ""},
		{"PUT", aCase, `{"requester_id":424242}`, invalid, "requester_id", ""},
		{"POST", aCase + "/reply", `{"contents":" \n"}`, required, "contents", ""},
		{"POST", aCase + "/reply", `{"contents":"\u0000"}`, required, "contents", ""},
		{"POST", aCase + "/reply", `{"contents":"C","status":"BEST"}`, invalid, "status", ""},
		{"POST", aCase + "/reply", `{"contents":"C","cc":["support@desk.test"]}`, invalid, "cc", "support@desk.test"},
		{"POST", aCase + "/notes", `{}`, required, "contents", ""},
		{"POST", aCase + "/participants", `{}`, required, "email", ""},
		{"POST", aCase + "/participants", `{"email":"a\r\nb@x.test"}`, invalid, "email", ""},
		{"POST", aCase + "/merge", `{}`, invalid, "case_ids", ""},

		{"POST", "/users", `{}`, required, "email", ""},
		{"POST", "/users", `{"email":"nobody"}`, invalid, "email", ""},
		{"POST", "/users", `{"email":"OWN@ACME.test"}`, duplicate, "email", "The value of the field is already used for another resource"},
		{"POST", "/users", `{"email":"support@desk.test"}`, duplicate, "email", ""},
		{"POST", "/users", `{"email":"a@b.test","role":"KING"}`, invalid, "role", ""},
		{"POST", "/users", `{"email":"a@b.test","time_zone":"Mars/Base"}`, invalid, "time_zone", ""},
		{"POST", "/users", `{"email":"a@b.test","organization_id":77}`, invalid, "organization_id", ""},
		{"PUT", own, `{"full_name":"\u0007"}`, empty, "full_name", ""},
		{"PUT", own, `{"role":"KING"}`, invalid, "role", ""},
		{"PUT", own, `{"time_zone":"Local"}`, invalid, "time_zone", ""},
		{"PUT", own, `{"organization_id":77}`, invalid, "organization_id", ""},
		{"PUT", own, `{"team_ids":[77]}`, invalid, "team_ids", ""},
		{"POST", own + "/identities", `{}`, required, "email", ""},
		{"POST", own + "/identities", `{"email":"@"}`, invalid, "email", ""},
		{"POST", own + "/identities", `{"email":"oth@acme.test"}`, duplicate, "email", ""},
		{"POST", own + "/notes", `{"contents":""}`, required, "contents", ""},
		{"POST", "/invites", `{}`, required, "invitees", ""},
		{"POST", "/invites", `{"invitees":[{"email":"a@b.test","role":"AGENT"},{"email":"own@acme.test","role":"AGENT"}]}`, duplicate, "invitees[1].email", ""},
		{"POST", "/invites", `{"invitees":[{"email":"a@b.test","role":"CUSTOMER"}]}`, invalid, "invitees[0].role", ""},

		{"POST", "/organizations", `{}`, required, "name", ""},
		{"POST", "/organizations", `{"name":"G","domains":["gmail.com"]}`, invalid, "domains", "gmail.com"},
		{"POST", "/organizations", `{"name":"G","domains":["no domain"]}`, invalid, "domains", ""},
		{"POST", "/teams", `{}`, required, "title", ""},
		{"POST", "/teams", fmt.Sprintf(`{"title":"T","member_ids":[%d]}`, a.people["own"].ID), invalid, "member_ids", ""},
		{"POST", "/mailboxes", `{}`, required, "address", ""},
		{"POST", "/mailboxes", `{"address":"support@desk.test"}`, duplicate, "address", ""},
		{"POST", "/mailboxes", `{"address":"own@acme.test"}`, duplicate, "address", ""},
		{"PUT", "/roles", `{}`, required, "role", ""},
		{"PUT", "/roles", `{"role":"KING"}`, invalid, "role", ""},
		{"PUT", "/roles", `{"role":"ADMIN","permissions":{"merge":false}}`, invalid, "role", ""},
		{"PUT", "/roles", `{"role":"COLLABORATOR","permissions":{"reply_publicly":true}}`, invalid, "permissions", ""},
		{"PUT", "/roles", `{"role":"AGENT","case_access":"SOME"}`, invalid, "case_access", ""},
	} {
		res := a.call(t, "adm", c.method, c.path, c.body)
		code, parameter, message := res.fault()
		if res.Code != 400 || code != c.code || parameter != c.parameter || !strings.Contains(message, c.says) || message == "" {
			t.Errorf("%s %s %.80s: %d %s", c.method, c.path, c.body, res.Code, res.Body)
		}
	}
	if made := a.Text(t, `select count(*) from users where name = 'a'`); made != "0" {
		t.Errorf("%s users were made of bad input", made)
	}
}

func TestNumbersOfNothingAreNotFound(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	for _, path := range []string{"/cases/0", "/cases/-1", "/cases/x", "/cases/99999999999999999999", "/cases/1%00", "/users/1.5",
		"/mails/%27", "/nothing", "/cases/1/2/3", "/"} {
		res := a.call(t, "adm", "GET", path, "")
		if code, _, _ := res.fault(); res.Code != 404 || code != "RESOURCE_NOT_FOUND" {
			t.Errorf("%s: %d %s", path, res.Code, res.Body)
		}
	}
}

func TestAMethodThatAPathDoesNotTakeSaysWhichItTakes(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	for path, allow := range map[string]string{"/me": "GET HEAD PUT", "/cases/7": "GET HEAD PUT", "/cases/7/reply": "POST", "/mails/7": "GET HEAD DELETE"} {
		res := a.call(t, "adm", http.MethodPatch, path, "{}")
		code, _, _ := res.fault()
		if got := strings.Join(res.Header().Values("Allow"), " "); res.Code != 405 || code != "METHOD_NOT_ALLOWED" || got != allow {
			t.Errorf("%s: %d, Allow %q, want %q: %s", path, res.Code, got, allow, res.Body)
		}
	}
}

func TestWhatIsNoTokenIsUnauthorized(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	for _, header := range []string{"", "Bearer", "Bearer ", "Bearer x", "Basic " + a.tokens["adm"], a.tokens["adm"], "Bearer " + a.tokens["adm"] + "x", "Bearer \x00"} {
		res := a.call(t, "stranger", "GET", "/me", "", "Authorization", header)
		code, _, _ := res.fault()
		if res.Code != 401 || code != "AUTHENTICATION_FAILED" || !strings.HasPrefix(res.Header().Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%q: %d %s", header, res.Code, res.Body)
		}
	}
	if res := a.call(t, "stranger", "GET", "/me", "", "Authorization", "bearer "+a.tokens["adm"]); res.Code != 200 {
		t.Errorf("the scheme is read in any letter case (RFC 9110): %d", res.Code)
	}
}

func TestATooLargeBodyIsRefusedBeforeAnythingIsDone(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	res := a.call(t, "agt", "POST", "/cases", `{"subject":"`+strings.Repeat("x", apiMaxBody)+`"}`)
	if code, _, _ := res.fault(); res.Code != 413 || code != "REQUEST_TOO_LARGE" {
		t.Errorf("%d %.200s", res.Code, res.Body)
	}
}

func TestAFaultOfOursTellsAReferenceAndNothingElse(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	a.Exec(t, `alter table conversation_links rename to secret_table`)
	res := a.call(t, "agt", "GET", "/cases", "")
	a.Pool.Close()
	down := a.call(t, "agt", "GET", "/cases", "")
	for name, res := range map[string]apiResponse{"query": res, "database": down} {
		code, _, message := res.fault()
		_, reference, _ := strings.Cut(message, "Reference: ")
		if res.Code != 500 || code != "INTERNAL_ERROR" || reference == "" {
			t.Errorf("%s: %d %s", name, res.Code, res.Body)
		}
		for _, word := range []string{"conversation_links", "SQLSTATE", "pool", "core"} {
			if strings.Contains(res.Body.String(), word) {
				t.Errorf("%s: the answer shows %q: %s", name, word, res.Body)
			}
		}
		if reference == "" || !strings.Contains(a.log.String(), reference) {
			t.Errorf("%s: the log does not have the reference %q", name, reference)
		}
	}
}

func TestAPanicIsAnAnswerLikeOtherFaultsOfOurs(t *testing.T) {
	t.Parallel()
	r := chi.NewRouter()
	broken := newAPI(nil, slog.New(slog.DiscardHandler)) // no desk: asking it panics
	r.Get("/api/v1/open", broken.open(nil))
	r.Get("/api/v1/me", broken.signedIn(broken.me))
	a := &apiDesk{h: r, tokens: map[string]string{"agt": "token"}}
	for _, path := range []string{"/open", "/me"} {
		res := a.call(t, "agt", "GET", path, "")
		if code, _, _ := res.fault(); res.Code != 500 || code != "INTERNAL_ERROR" || strings.Contains(res.Body.String(), "nil") {
			t.Errorf("%s: %d %s", path, res.Code, res.Body)
		}
	}
}
