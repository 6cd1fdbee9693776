package web

import (
	"bytes"
	_ "embed"
	"log/slog"
	"net/http"

	"github.com/go-chi/chi/v5"

	"postdesk/core"
)

// An api answers in JSON what the pages answer in HTML. Whoever acts is the owner
// of the token, with exactly their rights: core says what they may.
type api struct {
	desk *core.Desk
	log  *slog.Logger
	rate *apiRate
}

func newAPI(desk *core.Desk, log *slog.Logger) *api {
	return &api{desk: desk, log: log, rate: newAPIRate(desk)}
}

// mountAPI puts the API at a router of its own.
func (s *server) mountAPI(r chi.Router) { newAPI(s.desk, s.log).mount(r) }

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
	return append(a.helpRoutes(), []apiRoute{
		{"GET", "/me", a.me},
		{"PUT", "/me", a.updateMe},
		{"GET", "/me/notifications", a.notifications},
		{"PUT", "/me/notifications", a.setNotifications},
		{"GET", "/me/sessions", a.sessions},
		{"DELETE", "/me/sessions/{id}", byID(a.endSession)},

		{"GET", "/mails", a.mails},
		{"GET", "/mails/{id}", byID(a.mail)},
		{"GET", "/mails/{id}/source", byID(a.mailSource)},
		{"POST", "/mails/{id}/release", byID(a.releaseMail)},
		{"POST", "/mails/{id}/replay", byID(a.replayMail)},
		{"DELETE", "/mails/{id}", byID(a.deleteMail)},

		{"GET", "/cases", a.cases},
		{"POST", "/cases", a.createCase},
		{"GET", "/cases/{id}", byID(a.theCase)},
		{"PUT", "/cases/{id}", byID(a.updateCase)},
		{"GET", "/cases/{id}/posts", byID(a.posts)},
		{"POST", "/cases/{id}/reply", byID(a.reply)},
		{"POST", "/cases/{id}/notes", byID(a.noteOnCase)},
		{"POST", "/cases/{id}/merge", byID(a.mergeCases)},
		{"POST", "/cases/{id}/participants", byID(a.addParticipant)},
		{"POST", "/cases/{id}/split", byID(a.splitCase)},
		{"POST", "/cases/{id}/unmerge", byID(a.caseAct(a.unmergeCase))},
		{"POST", "/cases/{id}/trash", byID(a.caseAct(a.trashCase))},
		{"POST", "/cases/{id}/restore", byID(a.caseAct(a.restoreCase))},
		{"POST", "/cases/{id}/tags", byID(a.caseAct(a.changeTags))},
		{"GET", "/tags", a.usedTags},
		{"GET", "/saved-replies", a.savedReplies},
		{"POST", "/saved-replies", a.createSavedReply},
		{"GET", "/saved-replies/{id}", byID(a.savedReply)},
		{"PUT", "/saved-replies/{id}", byID(a.updateSavedReply)},
		{"DELETE", "/saved-replies/{id}", byID(a.deleteSavedReply)},

		{"GET", "/users", a.users},
		{"POST", "/users", a.createUser},
		{"GET", "/users/{id}", byID(a.user)},
		{"PUT", "/users/{id}", byID(a.updateUser)},
		{"POST", "/users/{id}/disable", a.afterUser(a.desk.DisableUser)},
		{"POST", "/users/{id}/enable", a.afterUser(a.desk.EnableUser)},
		{"POST", "/users/{id}/send-link", a.afterUser(a.desk.SendAccountMail)},
		{"POST", "/users/{id}/merge", byID(a.mergeUsers)},
		{"POST", "/users/{id}/unmerge", a.afterUser(a.desk.UnmergeUsers)},
		{"POST", "/users/{id}/anonymise", a.afterUser(a.desk.AnonymiseUser)},
		{"GET", "/users/{id}/journey", journeyOn(a.desk.UserJourney)},
		{"GET", "/users/{id}/notes", notesOn(a.desk.UserNotes)},
		{"POST", "/users/{id}/notes", noteOn(a.desk.AddUserNote, a.desk.UserNotes)},
		{"GET", "/users/{id}/identities", byID(a.identities)},
		{"POST", "/users/{id}/identities", byID(a.addIdentity)},
		{"DELETE", "/users/{id}/identities/{address}", a.afterIdentity(a.desk.RemoveIdentity)},
		{"POST", "/users/{id}/identities/{address}/primary", a.afterIdentity(a.desk.MakePrimary)},

		{"GET", "/invites", a.invites},
		{"POST", "/invites", a.invite},
		{"POST", "/invites/{id}/resend", byID(a.resendInvite)},
		{"DELETE", "/invites/{id}", a.afterUser(a.desk.RevokeInvite)},
		{"GET", "/autocomplete/emails", a.suggestEmails},

		{"GET", "/organizations", a.organizations},
		{"POST", "/organizations", a.createOrganization},
		{"GET", "/organizations/{id}", byID(a.organization)},
		{"PUT", "/organizations/{id}", byID(a.updateOrganization)},
		{"GET", "/organizations/{id}/notes", notesOn(a.desk.OrganizationNotes)},
		{"POST", "/organizations/{id}/notes", noteOn(a.desk.AddOrganizationNote, a.desk.OrganizationNotes)},
		{"GET", "/organizations/{id}/journey", journeyOn(a.desk.OrganizationJourney)},
		{"POST", "/organizations/{id}/join-existing", byID(a.joinExisting)},

		{"GET", "/teams", a.teams},
		{"POST", "/teams", a.createTeam},
		{"GET", "/teams/{id}", byID(a.team)},
		{"PUT", "/teams/{id}", byID(a.updateTeam)},
		{"DELETE", "/teams/{id}", byID(a.deleteTeam)},
		{"GET", "/mailboxes", a.mailboxes},
		{"POST", "/mailboxes", a.createMailbox},
		{"GET", "/blocked-senders", a.senders(core.BlockList, "blocked_sender")},
		{"POST", "/blocked-senders", a.addSender(core.BlockList, "blocked_sender")},
		{"DELETE", "/blocked-senders/{pattern}", a.removeSender(core.BlockList, "blocked_sender")},
		{"GET", "/safe-senders", a.senders(core.SafeList, "safe_sender")},
		{"POST", "/safe-senders", a.addSender(core.SafeList, "safe_sender")},
		{"DELETE", "/safe-senders/{pattern}", a.removeSender(core.SafeList, "safe_sender")},
		{"GET", "/passing-addresses", a.passing},
		{"POST", "/passing-addresses", a.namePassing},
		{"DELETE", "/passing-addresses/{address}", a.forgetPassing},
		{"GET", "/roles", a.roles},
		{"PUT", "/roles", a.updateRole},
		{"GET", "/audit", a.auditTrail},

		{"GET", "/deliveries", a.deliveries},
		{"GET", "/deliveries/{id}", byID(a.delivery)},
		{"GET", "/deliveries/{id}/source", byID(a.deliverySource)},
		{"POST", "/deliveries/{id}/retry", byID(a.retryDelivery)},
		{"POST", "/deliveries/{id}/send", a.afterDelivery(a.desk.SendHeld)},
		{"POST", "/deliveries/{id}/discard", a.afterDelivery(a.desk.DiscardHeld)},
		{"GET", "/queue", a.queue},
		{"POST", "/queue/{name}/pause", a.afterQueue(a.desk.Pause)},
		{"POST", "/queue/{name}/resume", a.afterQueue(a.desk.Resume)},
		{"POST", "/queue/{name}/try", a.afterQueue(a.desk.TryNow)},
		{"GET", "/suppressions", a.suppressions},
		{"POST", "/suppressions", a.suppress},
		{"DELETE", "/suppressions/{address}", a.clearSuppression},
	}...)
}

// The description of the API, held to the routes by a test.
//
//go:embed apiopenapi.json
var openAPIDocument []byte

func openAPI(*apiCall) (apiAnswer, error) {
	answer, err := sourceOf(bytes.NewReader(openAPIDocument), int64(len(openAPIDocument)))
	answer.mime = "application/json"
	return answer, err
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
