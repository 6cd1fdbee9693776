package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
)

// A row is a route with what it answers to each role. Strangers and the disabled
// are led to the sign-in by all of them.
type row struct {
	method, path string
	form         string
	// own is the customer whose conversation it is.
	own, other, collaborator, agent, admin int
}

// matrix is S2 of reliability.md, for pages: objects that are not one's own are
// 404, functions that one's role does not have are 403.
func matrix() []row {
	const c, h = "/agent/conversations/{conversation}", helpCenterPath
	return []row{
		{"GET", "/conversations", "", 200, 200, 200, 200, 200},
		{"POST", "/conversations", "subject=Hi&contents=Hello", 303, 303, 303, 303, 303},
		{"GET", "/conversations/new", "", 200, 200, 200, 200, 200},
		{"GET", "/conversations/{conversation}", "", 200, 404, 404, 404, 404},
		{"POST", "/conversations/{conversation}/reply", "contents=More", 303, 404, 404, 404, 404},
		{"POST", "/conversations/{conversation}/complete", "", 303, 404, 404, 404, 404},
		{"GET", "/files/{file}", "", 200, 404, 200, 200, 200},
		{"GET", "/profile", "", 200, 200, 200, 200, 200},
		{"POST", "/profile", "full_name=New+Name", 303, 303, 303, 303, 303},
		{"POST", "/profile/password", "old_password=x&password=long+enough", 403, 403, 403, 403, 403},
		{"POST", "/profile/addresses", "email=second@people.test", 409, 409, 409, 409, 409}, // without a password
		{"POST", "/profile/addresses/cancel", "email=second@people.test", 404, 404, 404, 404, 404},
		{"POST", "/profile/addresses/primary", "email=own@people.test", 303, 404, 404, 404, 404},
		{"POST", "/profile/addresses/remove", "email=own@people.test", 409, 404, 404, 404, 404},
		{"POST", "/profile/sessions/{session}/end", "", 303, 404, 404, 404, 404},
		{"POST", "/profile/sessions/end-others", "", 303, 303, 303, 303, 303},
		{"GET", "/profile/two-factor", "", 200, 200, 200, 200, 200},
		{"POST", "/profile/two-factor", "do=begin&password=x", 409, 409, 409, 409, 409}, // without a password
		{"POST", "/profile/notifications", "assigned=yes", 403, 403, 403, 303, 303},
		{"GET", "/profile/tokens", "", 200, 200, 200, 200, 200},
		{"POST", "/profile/tokens", "name=Script", 200, 200, 200, 200, 200},
		{"POST", "/profile/tokens/{token}/end", "", 303, 404, 404, 404, 404},

		{"GET", "/agent", "", 404, 404, 200, 200, 200},
		{"POST", "/agent/many", "id={spare}&do=change&priority=high", 404, 404, 403, 303, 303},
		{"POST", "/agent/many", "id={spare}&do=trash", 404, 404, 403, 303, 303},
		{"POST", "/agent/many", "id={spare}&do=restore", 404, 404, 403, 303, 303},
		{"GET", "/agent/events", "", 404, 404, 200, 200, 200},
		{"GET", c + "/events", "", 404, 404, 200, 200, 200},
		{"GET", "/agent/new", "", 403, 403, 403, 200, 200},
		{"POST", "/agent/new", "requester_email=b@acme.test&subject=Hi&contents=Hello", 403, 403, 403, 303, 303},
		{"GET", c, "", 404, 404, 200, 200, 200},
		{"POST", c + "/note", "note=A+note", 404, 404, 303, 303, 303},
		{"POST", c + "/reply", "contents=Hello&do=send", 404, 404, 403, 303, 303},
		{"POST", c + "/properties", "priority=high&was.priority=normal", 404, 404, 403, 303, 303},
		{"POST", c + "/participants", "email=cc@acme.test", 404, 404, 403, 303, 303},
		{"POST", c + "/participants/remove", "email=cc@acme.test", 404, 404, 403, 303, 303},
		{"POST", c + "/follow", "follow=yes", 404, 404, 403, 303, 303},
		{"GET", c + "/recipients", "", 404, 404, 403, 200, 200},
		{"POST", c + "/drafts/files", "kind=note", 404, 404, 400, 400, 400},      // without one
		{"POST", c + "/drafts/files/{file}/remove", "", 404, 404, 404, 404, 404}, // of no draft
		{"GET", "/agent/people/suggest", "", 404, 404, 403, 200, 200},
		{"GET", "/agent/mentions", "", 404, 404, 200, 200, 200},
		{"GET", "/agent/mentions/suggest", "", 404, 404, 200, 200, 200},
		{"POST", c + "/drafts/{draft}/discard", "", 404, 404, 404, 404, 404},
		{"POST", c + "/drafts", "kind=reply&contents=Half", 404, 404, 403, 200, 200},
		{"POST", c + "/drafts", "kind=note&note=Half", 404, 404, 200, 200, 200},
		{"POST", c + "/mails/{delivery}", "do=retry", 404, 404, 403, 403, 409},
		{"GET", c + "/split/{post}", "", 404, 404, 403, 200, 200},
		{"POST", c + "/split/{post}", "", 404, 404, 403, 303, 303},
		{"POST", c + "/file-as-note", "", 404, 404, 403, 409, 409},
		{"POST", c + "/trash", "", 404, 404, 403, 303, 303},
		{"POST", c + "/restore", "", 404, 404, 403, 303, 303},
		{"POST", c + "/requester", "requester=other@people.test", 404, 404, 403, 303, 303},
		{"GET", c + "/merge", "", 404, 404, 403, 200, 200},
		{"POST", c + "/merge", "with={spare}", 404, 404, 403, 303, 303},
		{"POST", "/agent/conversations/{gone}/unmerge", "", 404, 404, 403, 303, 303},
		{"GET", "/frame/conversations/{mailed}/{mail}", "", 404, 404, 200, 200, 200},

		{"POST", c + "/tags", "add=billing", 404, 404, 403, 303, 303},
		{"GET", c + "/replies", "", 404, 404, 403, 200, 200},
		{"POST", c + "/replies/insert", "saved_reply={reply}&contents=Typed", 404, 404, 403, 200, 200},
		{"GET", "/agent/replies", "", 404, 404, 403, 200, 200},
		{"POST", "/agent/replies", "name=Mine&text=Hello", 404, 404, 403, 303, 303},
		{"GET", "/agent/replies/{reply}", "", 404, 404, 403, 200, 200},
		{"POST", "/agent/replies/{reply}", "name=Thanks&text=Hello&visibility=everyone", 404, 404, 403, 303, 303},
		{"POST", "/agent/replies/{reply}/delete", "", 404, 404, 403, 303, 303},

		{"GET", "/agent/users", "", 404, 404, 200, 200, 200},
		{"GET", "/agent/users/new", "", 403, 403, 403, 200, 200},
		{"POST", "/agent/users/new", "email=fresh@acme.test", 403, 403, 403, 303, 303},
		{"GET", "/agent/users/suggest", "", 403, 403, 403, 200, 200},
		{"GET", "/agent/users/{user}", "", 404, 404, 200, 200, 200},
		{"POST", "/agent/users/{user}", "phone=123&was.phone=", 403, 403, 403, 303, 303},
		{"POST", "/agent/users/{user}/notes", "note=A+note", 404, 404, 303, 303, 303},
		{"POST", "/agent/users/{user}/addresses", "email=third@people.test", 403, 403, 403, 303, 303},
		{"POST", "/agent/users/{user}/addresses/primary", "email=third@people.test", 403, 403, 403, 303, 303},
		{"POST", "/agent/users/{user}/addresses/remove", "email=somebody@people.test", 403, 403, 403, 303, 303},
		{"POST", "/agent/users/{user}/send-link", "", 403, 403, 403, 303, 303},
		{"POST", "/agent/users/{user}/copy-link", "", 403, 403, 403, 200, 200},
		{"POST", "/agent/users/{user}/two-factor/reset", "", 403, 403, 403, 403, 409}, // which is off
		{"POST", "/agent/users/{user}/tokens/{token}/end", "", 403, 403, 403, 403, 404},
		{"POST", "/agent/users/{user}/disable", "", 403, 403, 403, 303, 303},
		{"POST", "/agent/users/{user}/enable", "", 403, 403, 403, 303, 303},
		{"GET", "/agent/users/{user}/merge", "", 403, 403, 403, 200, 200},
		{"POST", "/agent/users/{user}/merge", "with={double}", 403, 403, 403, 303, 303},
		{"POST", "/agent/users/{merged}/unmerge", "", 403, 403, 403, 303, 303},
		{"GET", "/agent/users/{user}/anonymise", "", 403, 403, 403, 403, 200},
		{"POST", "/agent/users/{merged}/anonymise", "sure=DELETE", 403, 403, 403, 403, 303},
		{"GET", "/agent/organizations", "", 404, 404, 200, 200, 200},
		{"GET", "/agent/organizations/suggest", "", 404, 404, 200, 200, 200},
		{"GET", "/agent/organizations/new", "", 403, 403, 403, 200, 200},
		{"POST", "/agent/organizations", "name=Beta", 403, 403, 403, 303, 303},
		{"GET", "/agent/organizations/{organization}", "", 404, 404, 200, 200, 200},
		{"POST", "/agent/organizations/{organization}", "name=Gamma&was.name=Acme", 403, 403, 403, 303, 303},
		{"POST", "/agent/organizations/{organization}/notes", "note=A+note", 404, 404, 303, 303, 303},
		{"POST", "/agent/organizations/{organization}/join", "", 403, 403, 403, 303, 303},
		{"GET", "/agent/suspended", "", 403, 403, 403, 200, 200},
		{"GET", "/agent/suspended/{suspended}", "", 404, 404, 403, 200, 200},
		{"GET", "/frame/mail/{suspended}", "", 404, 404, 403, 200, 200},
		{"POST", "/agent/suspended", "id={suspended}&do=release", 403, 403, 403, 303, 303},

		{"GET", h, "", 404, 404, 200, 200, 200},
		{"GET", h + "/articles/new", "", 403, 403, 403, 200, 200},
		{"POST", h + "/articles", "section={section}&title=T&body=B", 403, 403, 403, 303, 303},
		{"POST", h + "/preview", "title=T&body=B", 403, 403, 403, 200, 200},
		{"GET", h + "/articles/{published}", "", 404, 404, 200, 200, 200},
		{"POST", h + "/articles/{published}", "revision=1&title=T&body=B", 403, 403, 403, 303, 303},
		{"POST", h + "/articles/{published}/preview", "title=T&body=B", 404, 404, 200, 200, 200},
		{"POST", h + "/articles/{published}/propose", "revision=1&title=T&body=C", 403, 403, 303, 409, 409}, // of what is no more the newest
		{"POST", h + "/articles/{published}/images", "", 403, 403, 403, 400, 400},                           // without one
		{"POST", h + "/articles/{published}/images/{digest}/delete", "", 403, 403, 403, 200, 200},
		{"GET", h + "/articles/{published}/revisions", "", 404, 404, 200, 200, 200},
		{"GET", h + "/articles/{published}/revisions/{number}", "", 404, 404, 200, 200, 200},
		{"GET", h + "/articles/{published}/difference", "", 404, 404, 200, 200, 200},
		{"POST", h + "/articles/{published}/restore", "number=1&revision=2", 403, 403, 403, 303, 303},
		{"POST", h + "/articles/{published}/order", "do=down", 403, 403, 403, 303, 303},
		{"POST", h + "/articles/{published}/move", "section={group}", 403, 403, 403, 303, 303},
		{"GET", h + "/proposals/{proposed}", "", 404, 404, 200, 200, 200},
		{"POST", h + "/proposals/{proposed}/withdraw", "", 404, 404, 403, 403, 303},
		{"POST", h + "/proposals/{proposed}/accept", "", 403, 403, 403, 409, 409}, // of another revision
		{"POST", h + "/proposals/{proposed}/decline", "", 403, 403, 403, 303, 409},
		{"POST", h + "/articles/{published}/unpublish", "", 403, 403, 403, 303, 303},
		{"POST", h + "/articles/{published}/publish", "", 403, 403, 403, 303, 303},
		{"POST", h + "/articles/{published}/delete", "", 403, 403, 403, 303, 303},
		{"POST", h + "/articles/{published}/bring-back", "", 403, 403, 403, 303, 303},
		{"GET", h + "/categories/new", "", 403, 403, 403, 200, 200},
		{"POST", h + "/categories", "title=C", 403, 403, 403, 303, 303},
		{"GET", h + "/categories/{shelf}", "", 403, 403, 403, 200, 200},
		{"POST", h + "/categories/{shelf}", "title=C&was.title=Scanners", 403, 403, 403, 303, 303},
		{"POST", h + "/categories/{shelf}/order", "do=up", 403, 403, 403, 303, 303},
		{"POST", h + "/categories/{shelf}/delete", "", 403, 403, 403, 303, 303},
		{"GET", h + "/sections/new", "", 403, 403, 403, 200, 200},
		{"POST", h + "/sections", "title=S&category={category}&visibility=staff", 403, 403, 403, 303, 303},
		{"GET", h + "/sections/{section}", "", 403, 403, 403, 200, 200},
		{"POST", h + "/sections/{section}", "title=S&was.title=Repairs", 403, 403, 403, 303, 303},
		{"POST", h + "/sections/{section}/order", "do=up", 403, 403, 403, 303, 303},
		{"POST", h + "/sections/{section}/delete", "", 403, 403, 403, 409, 409}, // with articles

		{"GET", "/agent/export/conversations.csv", "", 403, 403, 403, 403, 200},
		{"GET", "/agent/export/users.csv", "", 403, 403, 403, 403, 200},
		{"GET", "/agent/export/audit.csv", "", 403, 403, 403, 403, 200},
		{"GET", "/admin/team", "", 403, 403, 403, 403, 303},
		{"GET", "/admin/directory", "", 403, 403, 403, 403, 200},
		{"POST", "/admin/directory/{user}", "do=send", 403, 403, 403, 403, 303},
		{"GET", "/admin/directory/invite", "", 403, 403, 403, 403, 200},
		{"POST", "/admin/directory/invite", "name=Zoe&email=zoe@people.test&role=agent&do=save", 403, 403, 403, 403, 303},
		{"GET", "/admin/teams", "", 403, 403, 403, 403, 200},
		{"POST", "/admin/teams", "title=Second", 403, 403, 403, 403, 303},
		{"GET", "/admin/teams/{team}", "", 403, 403, 403, 403, 200},
		{"POST", "/admin/teams/{team}", "title=Third&was.title=Billing", 403, 403, 403, 403, 303},
		{"POST", "/admin/teams/{team}/delete", "sure=yes", 403, 403, 403, 403, 303},
		{"GET", "/admin/roles", "", 403, 403, 403, 403, 200},
		{"POST", "/admin/roles/{role}", "was.merge=yes&merge=yes", 403, 403, 403, 403, 303},
		{"GET", "/admin/mailboxes", "", 403, 403, 403, 403, 200},
		{"POST", "/admin/mailboxes", "address=sales@desk.test&name=Sales", 403, 403, 403, 403, 303},
		{"GET", "/admin/sending", "", 403, 403, 403, 403, 200},
		{"POST", "/admin/sending", "domain=desk.test&do=make", 403, 403, 403, 403, 303},
		{"POST", "/admin/sending", "key=0&do=use", 403, 403, 403, 403, 404},
		{"GET", "/admin/mailboxes/{mailbox}", "", 403, 403, 403, 403, 200},
		{"POST", "/admin/mailboxes/{mailbox}", "name=Second+line", 403, 403, 403, 403, 303},
		{"GET", "/admin/mailboxes/{mailbox}/dns", "", 403, 403, 403, 403, 200},
		{"GET", "/admin/mailboxes/{mailbox}/texts/{text}", "", 403, 403, 403, 403, 200},
		{"POST", "/admin/mailboxes/{mailbox}/texts/{text}", "body=Hello,%0A%0A{{message}}&do=save", 403, 403, 403, 403, 303},
		{"GET", "/admin/senders", "", 403, 403, 403, 403, 200},
		{"POST", "/admin/senders", "list=block&pattern=spam.test&do=add", 403, 403, 403, 403, 303},
		{"POST", "/admin/senders", "list=passing&pattern=group@acme.test&do=name&back=/agent/conversations/1", 403, 403, 403, 403, 303},
		{"GET", "/admin/mail", "", 403, 403, 403, 403, 200},
		{"GET", "/admin/mail/{mail}", "", 403, 403, 403, 403, 200},
		{"GET", "/admin/mail/{mail}/source", "", 404, 404, 403, 403, 200},
		{"POST", "/admin/mail/{mail}/replay", "", 403, 403, 403, 403, 303},
		{"GET", "/admin/queue", "", 403, 403, 403, 403, 200},
		{"POST", "/admin/queue", "name=*&do=pause", 403, 403, 403, 403, 303},
		{"POST", "/admin/queue", "name=*&do=resume", 403, 403, 403, 403, 303},
		{"POST", "/admin/queue", "name=*&do=try", 403, 403, 403, 403, 409}, // without a relay
		{"GET", "/admin/suppressions", "", 403, 403, 403, 200, 200},
		{"POST", "/admin/suppressions", "do=stop&address=stop@acme.test&reason=Asked+for+it", 403, 403, 403, 403, 303},
		{"POST", "/admin/suppressions", "address=stopped@acme.test&person={user}", 403, 403, 403, 303, 303},
		{"GET", "/admin/outbox", "", 403, 403, 403, 403, 200},
		{"GET", "/admin/outbox/held", "", 403, 403, 403, 403, 200},
		{"POST", "/admin/outbox/held", "do=send&sure=yes&upto=1", 403, 403, 403, 403, 409}, // without a relay
		{"POST", "/admin/outbox/held", "do=discard&sure=yes&upto=1", 403, 403, 403, 403, 303},
		{"GET", "/admin/outbox/{delivery}", "", 403, 403, 403, 403, 200},
		{"GET", "/admin/outbox/{delivery}/source", "", 403, 403, 403, 403, 410},
		{"GET", "/frame/outbox/{delivery}", "", 403, 403, 403, 403, 410},
		{"POST", "/admin/outbox/{delivery}/retry", "", 403, 403, 403, 403, 409},
		{"POST", "/admin/outbox/{delivery}/send", "", 403, 403, 403, 403, 409},
		{"POST", "/admin/outbox/{delivery}/discard", "", 403, 403, 403, 403, 303},
		{"GET", "/admin/settings", "", 403, 403, 403, 403, 200},
		{"POST", "/admin/settings", "name=Desk&time_zone=UTC&flood_ten_minutes=10&flood_hour=20&flood_day=50&automatic_hour=600&suspended_days=30",
			403, 403, 403, 403, 303},
		{"GET", "/admin/audit", "", 403, 403, 403, 403, 200},
		{"GET", "/admin/tags", "", 403, 403, 403, 403, 200},
		{"POST", "/admin/tags", "do=rename&tag=printer&to=device", 403, 403, 403, 403, 303},
		{"GET", "/admin/appearance", "", 403, 403, 403, 403, 200},
		{"POST", "/admin/appearance", "name=Desk&language=en&accent=%23aa3300", 403, 403, 403, 403, 303},
	}
}

func (r row) want(who string) int {
	return map[string]int{"own": r.own, "other": r.other, "collaborator": r.collaborator, "agent": r.agent, "admin": r.admin,
		"": http.StatusSeeOther, "disabled": http.StatusSeeOther}[who]
}

func (w *site) do(t *testing.T, who string, r row, headers ...string) answer {
	t.Helper()
	if r.method == http.MethodGet {
		return w.ask(t, who, r.path, nil, headers...)
	}
	form, err := url.ParseQuery(w.at(r.form))
	if err != nil {
		t.Fatal(err)
	}
	return w.ask(t, who, r.path, form, headers...)
}

func TestEveryRouteAnswersEachRoleAsTheMatrixSays(t *testing.T) {
	t.Parallel()
	for _, who := range []string{"", "disabled", "own", "other", "collaborator", "agent", "admin"} {
		t.Run("as "+who, func(t *testing.T) {
			t.Parallel()
			w := openSite(t)
			w.names["{draft}"] = "1"
			for _, r := range matrix() {
				got := w.do(t, who, r)
				if got.Status != r.want(who) {
					t.Errorf("%s %s: %d, want %d", r.method, w.at(r.path), got.Status, r.want(who))
				}
				toSignIn := strings.HasPrefix(got.Header.Get("Location"), "/signin")
				if stranger := who == "" || who == "disabled"; toSignIn != stranger {
					t.Errorf("%s %s leads to %q", r.method, r.path, got.Header.Get("Location"))
				}
			}
		})
	}
}

func TestAMissingObjectAnswersLikeAForeignOne(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	foreign := w.ask(t, "other", "/conversations/{conversation}", nil)
	for _, path := range []string{"/conversations/999999", "/conversations/x", "/conversations/-1", "/conversations/99999999999999999999"} {
		missing := w.ask(t, "other", path, nil)
		if missing.Status != http.StatusNotFound || missing.Body != foreign.Body {
			t.Errorf("%s tells more than that there is nothing: %d", path, missing.Status)
		}
	}
}

func TestEveryRouteStandsInTheMatrix(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	tested := map[string]bool{}
	for _, r := range matrix() {
		tested[r.method+" "+shape(r.path)] = true
	}
	for _, open := range []string{"GET /", "GET /signin", "POST /signin", "POST /signin/link", "GET /signin/code", "POST /signin/code", "POST /signout", "GET /reset", "POST /reset", "GET /accept/", "POST /accept/", "GET /accept/*", "POST /accept/*", "GET /static/*",
		"POST /language", "GET /brand.css", "GET /brand/logo", "GET /brand/icon", "GET /brand/preview",
		// Who reads which article there: TestEveryReaderSeesTheHelpCenterOfTheirOwn.
		"GET /categories/*", "GET /sections/*", "GET /articles/*", "POST /articles/*/feedback", "GET /help/images/*", "GET /search", "GET /sitemap.xml", "GET /articles.atom", "GET /robots.txt",
		// TestTheContactFormAnswersEverybodyAlike.
		"GET /contact", "POST /contact"} {
		tested[open] = true
	}
	err := chi.Walk(w.server.routes(), func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if strings.HasPrefix(route, "/api/") || strings.HasPrefix(route, "/*/api/") {
			return nil
		}
		name := method + " " + shape(strings.TrimPrefix(route, "/*"))
		if !tested[name] {
			t.Errorf("%s has no row in the matrix", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNoFormIsTakenFromAnotherSite(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.names["{draft}"] = "1"
	before := w.state(t)
	for _, r := range matrix() {
		if r.method != http.MethodPost {
			continue
		}
		for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.test"}, {"Origin", "null"}} {
			if got := w.do(t, "admin", r, header...); got.Status != http.StatusForbidden {
				t.Errorf("%s with %v: %d", r.path, header, got.Status)
			}
		}
	}
	for _, path := range []string{"/signin", "/signin/link", "/signin/code", "/signout", "/reset", "/accept/x", "/contact"} {
		if got := w.ask(t, "", path, url.Values{"email": {"own@people.test"}}, "Sec-Fetch-Site", "cross-site"); got.Status != http.StatusForbidden {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
	if after := w.state(t); after != before {
		t.Error("a refused form changed something")
	}
}

func TestNothingChangesOnGET(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.names["{draft}"] = "1"
	before := w.state(t)
	for _, r := range matrix() {
		for _, who := range []string{"admin", "own", "collaborator"} {
			got := w.ask(t, who, r.path, nil)
			if _, shows := onlyPost()[r.path]; shows && got.Status != http.StatusMethodNotAllowed {
				t.Errorf("GET %s: %d", r.path, got.Status)
			}
		}
	}
	if after := w.state(t); after != before {
		t.Error("a GET changed something")
	}
}

// shape is a path without the names of what stands in it.
func shape(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "{") {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, "/")
}

// onlyPost are paths without a page of their own.
func onlyPost() map[string]bool {
	shown, paths := map[string]bool{}, map[string]bool{}
	for _, r := range matrix() {
		if r.method == http.MethodGet {
			shown[shape(r.path)] = true
		}
	}
	for _, r := range matrix() {
		if r.method == http.MethodPost && !shown[shape(r.path)] {
			paths[r.path] = true
		}
	}
	return paths
}

// state is a digest of all that is stored, but for what readers have seen and
// what was exported.
func (w *site) state(t *testing.T) string {
	t.Helper()
	tables, err := w.Pool.Query(t.Context(), `select table_name::text from information_schema.tables
		where table_schema = 'public' and table_type = 'BASE TABLE' and table_name not in ('sessions', 'sign_ins', 'conversation_reads', 'sign_in_attempts') order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for tables.Next() {
		var name string
		if err := tables.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	var all strings.Builder
	for _, name := range names {
		but := ""
		if name == "audit" {
			but = ` where act not like 'export.%' and coalesce(detail->>'act', '') not like 'export.%'`
		}
		fmt.Fprintln(&all, name, w.Text(t, `select coalesce(md5(string_agg(t::text, ' ' order by t::text)), '') from `+name+` t`+but))
	}
	return all.String()
}
