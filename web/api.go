package web

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/httprate"

	"postdesk/core"
)

// apiRate is how many requests one token may make in a minute.
const apiRate = 3000

// An api answers in JSON what the pages answer in HTML. Whoever acts is the owner
// of the token, with exactly their rights: core says what they may.
type api struct {
	desk    *core.Desk
	log     *slog.Logger
	limiter *httprate.RateLimiter
}

func newAPI(desk *core.Desk, log *slog.Logger, perMinute int) *api {
	return &api{desk: desk, log: log, limiter: httprate.NewRateLimiter(perMinute, time.Minute)}
}

// mountAPI puts the API at a router of its own.
func (s *server) mountAPI(r chi.Router) { newAPI(s.desk, s.log, apiRate).mount(r) }

func (a *api) mount(r chi.Router) {
	r.NotFound(a.open(func(*apiCall) (apiAnswer, error) { return apiAnswer{}, core.ErrNotFound }))
	r.MethodNotAllowed(a.open(func(c *apiCall) (apiAnswer, error) { return apiAnswer{}, wrongMethod(r, c) }))
	put := func(method, path string, do http.HandlerFunc) {
		r.Method(method, path, do)
		if method == http.MethodGet {
			r.Method(http.MethodHead, path, do)
		}
	}
	put(http.MethodGet, "/openapi.json", a.open(openAPI))
	for _, route := range a.routes() {
		put(route.method, route.path, a.signedIn(route.do))
	}
}

type apiRoute struct {
	method, path string
	do           apiHandler
}

// routes is every request that needs a token.
func (a *api) routes() []apiRoute {
	return []apiRoute{
		{"GET", "/me", a.me},

		{"GET", "/mails", a.mails},
		{"GET", "/mails/{id}", a.mail},
		{"GET", "/mails/{id}/source", a.mailSource},
		{"POST", "/mails/{id}/release", a.releaseMail},
		{"POST", "/mails/{id}/replay", a.replayMail},
		{"DELETE", "/mails/{id}", a.deleteMail},

		{"GET", "/cases", a.cases},
		{"POST", "/cases", a.createCase},
		{"GET", "/cases/{id}", a.theCase},
		{"PUT", "/cases/{id}", a.updateCase},
		{"GET", "/cases/{id}/posts", a.posts},
		{"POST", "/cases/{id}/reply", a.reply},
		{"POST", "/cases/{id}/notes", a.noteOnCase},
		{"POST", "/cases/{id}/merge", a.mergeCases},
		{"POST", "/cases/{id}/participants", a.addParticipant},

		{"GET", "/users", a.users},
		{"POST", "/users", a.createUser},
		{"GET", "/users/{id}", a.user},
		{"PUT", "/users/{id}", a.updateUser},
		{"POST", "/users/{id}/disable", a.disableUser},
		{"POST", "/users/{id}/enable", a.enableUser},
		{"GET", "/users/{id}/notes", a.userNotes},
		{"POST", "/users/{id}/notes", a.noteOnUser},
		{"GET", "/users/{id}/identities", a.identities},
		{"POST", "/users/{id}/identities", a.addIdentity},
		{"POST", "/invites", a.invite},
		{"GET", "/autocomplete/emails", a.suggestEmails},

		{"GET", "/organizations", a.organizations},
		{"POST", "/organizations", a.createOrganization},
		{"GET", "/organizations/{id}", a.organization},
		{"PUT", "/organizations/{id}", a.updateOrganization},
		{"GET", "/organizations/{id}/notes", a.organizationNotes},
		{"POST", "/organizations/{id}/notes", a.noteOnOrganization},

		{"GET", "/teams", a.teams},
		{"POST", "/teams", a.createTeam},
		{"GET", "/mailboxes", a.mailboxes},
		{"POST", "/mailboxes", a.createMailbox},
		{"GET", "/roles", a.roles},
		{"PUT", "/roles", a.updateRole},

		{"GET", "/deliveries", a.deliveries},
		{"GET", "/deliveries/{id}", a.delivery},
		{"GET", "/deliveries/{id}/source", a.deliverySource},
		{"POST", "/deliveries/{id}/retry", a.retryDelivery},
		{"POST", "/deliveries/{id}/send", a.sendDelivery},
		{"POST", "/deliveries/{id}/discard", a.discardDelivery},
	}
}

// wrongMethod tells which methods the path takes.
func wrongMethod(r chi.Router, c *apiCall) error {
	path := chi.RouteContext(c.ctx()).RoutePath
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE"} {
		if r.Match(chi.NewRouteContext(), method, path) {
			c.w.Header().Add("Allow", method)
		}
	}
	return apiFault{http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "", "This address takes no such request."}
}
