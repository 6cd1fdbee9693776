package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"postdesk/core"
)

// Config is what the pages must be told by whoever starts them.
type Config struct {
	Desk *core.Desk
	// PublicURL is where people reach us, without a trailing slash. Links are
	// built from it alone; https makes cookies Secure.
	PublicURL string
	// Sessions brings its store; New sets up its cookie.
	Sessions *scs.SessionManager
	Logger   *slog.Logger
	// RelaySet is false when outgoing mail has no way out: pages say so.
	RelaySet bool
	// SMTPAddr is where this process takes mail, to show how a held mail can be
	// answered without sending it. Empty if it takes none.
	SMTPAddr string
	// Read reads the bytes of an outgoing mail, to show them.
	Read func(raw []byte) core.Letter
	// Compose writes a mail, to show what a text of a mailbox makes of one.
	Compose func(o *core.Outgoing) (raw []byte, err error)
	// SigningRecord asks the DNS for the record of a DKIM key, and says what is
	// wrong with it. Published tells what else the DNS says about a sending domain.
	// Without them pages say that they could not look.
	SigningRecord func(ctx context.Context, key core.SigningKey) (state RecordState, problem string)
	Published     func(ctx context.Context, domain string) []Finding
	// Proxies are the networks whose word is taken for who asks.
	Proxies []netip.Prefix
	// Answered is told of each answer, by the pattern of its route, if it is set. A
	// stream took no time: it lasts as long as somebody looks.
	Answered func(route, method string, status int, took time.Duration)
}

// server holds what handlers share. Nothing in it changes after New but the count of
// streams.
type server struct {
	streams   streams
	desk      *core.Desk
	sessions  *scs.SessionManager
	log       *slog.Logger
	pages     pages // in English
	german    pages
	assets    assets
	publicURL string
	secure    bool
	relaySet  bool
	smtpAddr  string
	read      func(raw []byte) core.Letter
	compose   func(o *core.Outgoing) (raw []byte, err error)

	storing  chan struct{} // who takes a file into the database
	creating sync.Mutex    // who makes an article or a proposal: a button pressed twice makes one
	articles *markdownCache

	signingRecord func(context.Context, core.SigningKey) (RecordState, string)
	published     func(context.Context, string) []Finding
	proxies       []netip.Prefix
	answered      func(route, method string, status int, took time.Duration)
}

// New makes the handler of all pages and of the API. The error is of the
// embedded files.
func New(cfg Config) (http.Handler, error) {
	s, err := newServer(cfg)
	if err != nil {
		return nil, err
	}
	return s.guard(s.routes()), nil
}

func newServer(cfg Config) (*server, error) {
	shared, err := printed()
	if err != nil {
		return nil, err
	}
	s := &server{
		german: shared.german, assets: shared.assets,
		desk: cfg.Desk, sessions: cfg.Sessions, log: cfg.Logger, pages: shared.english,
		publicURL: strings.TrimRight(cfg.PublicURL, "/"), secure: strings.HasPrefix(cfg.PublicURL, "https://"),
		relaySet: cfg.RelaySet, smtpAddr: cfg.SMTPAddr, read: cfg.Read, compose: cfg.Compose, storing: make(chan struct{}, storedAtOnce), articles: newMarkdownCache(),
		signingRecord: cfg.SigningRecord, published: cfg.Published, proxies: cfg.Proxies, answered: cfg.Answered,
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.setCookie()
	return s, nil
}

// routes is every page there is. Open pages are for everybody, the others lead a
// stranger to the sign-in; what a signed-in person may do is core's to say.
func (s *server) routes() chi.Router {
	top := chi.NewRouter()
	if s.answered != nil {
		top.Use(s.observed)
	}
	top.Get("/static/{file}", s.static)
	top.Route("/api/v1", s.mountAPI)
	r := chi.NewRouter()
	top.Mount("/", r)
	r.Use(middleware.GetHead) // what looks at a link before a person does asks so
	r.Use(s.sessions.LoadAndSave)
	r.NotFound(s.open(func(*visit) error { return core.ErrNotFound }))
	r.MethodNotAllowed(s.open(func(*visit) error { return errMethod }))

	get := func(path string, h handler) { r.Get(path, s.signedIn(h)) }
	post := func(path string, h handler) { r.Post(path, s.signedIn(h)) }

	// Everybody.
	r.Get("/", s.open(s.home))
	r.Get("/categories/{place}", s.open(s.helpCategory))
	r.Get("/sections/{place}", s.open(s.helpSection))
	r.Get("/articles/{place}", s.open(s.helpArticle))
	r.Post("/articles/{place}/feedback", s.open(s.rateArticle))
	r.Get(core.ArticleImagePath+"{digest}", s.open(s.helpImage))
	r.Get("/search", s.open(s.helpSearch))
	r.Get("/sitemap.xml", s.open(s.sitemap))
	r.Get("/articles.atom", s.open(s.feed))
	r.Get("/robots.txt", s.robots)
	r.Get("/contact", s.open(s.contactForm))
	r.Post("/contact", s.open(s.contact))
	r.Get("/signin", s.open(s.signInPage))
	r.Post("/signin", s.open(s.signIn))
	r.Post("/signin/link", s.open(s.mailSignInLink))
	r.Get("/signin/code", s.open(s.codePage))
	r.Post("/signin/code", s.open(s.giveCode))
	r.Post("/signout", s.open(s.signOut))
	r.Post("/language", s.open(s.setLanguage))
	r.Get("/brand.css", s.open(s.brandStyle))
	r.Get("/brand/logo", s.open(s.brandLogo))
	r.Get("/brand/icon", s.open(s.brandIcon))
	r.Get("/brand/preview", s.open(s.brandPreview))
	r.Get("/reset", s.open(s.resetPage))
	r.Post("/reset", s.open(s.reset))
	for _, path := range []string{"/accept/", "/accept/{secret}"} { // without a secret it is a dead link, too
		r.Get(path, s.open(s.acceptPage))
		r.Post(path, s.open(s.accept))
	}

	// Customers, and staff as requesters.
	get("/conversations", s.myConversations)
	post("/conversations", s.ask)
	get("/conversations/new", s.newThread)
	get("/conversations/{id}", s.myConversation)
	post("/conversations/{id}/reply", s.portalReply)
	post("/conversations/{id}/complete", s.complete)
	get("/profile", s.profile)
	post("/profile", s.updateProfile)
	post("/profile/password", s.changePassword)
	post("/profile/addresses", s.addOwnAddress)
	post("/profile/addresses/cancel", s.cancelOwnAddress)
	post("/profile/addresses/primary", s.makeOwnPrimary)
	post("/profile/addresses/remove", s.removeOwnAddress)
	post("/profile/sessions/end-others", s.endOtherSessions)
	post("/profile/sessions/{id}/end", s.endSession)
	get("/profile/two-factor", s.twoFactor)
	post("/profile/two-factor", s.actOnTwoFactor)
	post("/profile/notifications", s.setNotifications)
	get("/profile/tokens", s.tokens)
	post("/profile/tokens", s.createToken)
	post("/profile/tokens/{handle}/end", s.endToken)
	get("/files/{id}", s.file)

	// The agent area.
	get("/agent", s.inbox)
	post("/agent/many", s.many)
	get("/agent/new", s.newConversation)
	post("/agent/new", s.createConversation)
	get("/agent/conversations/{id}", s.conversation)
	r.Get("/agent/events", s.open(s.listEvents)) // a stranger's script is told 401
	r.Get("/agent/conversations/{id}/events", s.open(s.conversationEvents))
	post("/agent/conversations/{id}/reply", s.reply)
	post("/agent/conversations/{id}/note", s.note)
	post("/agent/conversations/{id}/properties", s.updateConversation)
	post("/agent/conversations/{id}/requester", s.changeRequester)
	post("/agent/conversations/{id}/participants", s.addParticipant)
	post("/agent/conversations/{id}/participants/remove", s.removeParticipant)
	post("/agent/conversations/{id}/follow", s.follow)
	get("/agent/conversations/{id}/merge", s.mergePage)
	post("/agent/conversations/{id}/merge", s.merge)
	post("/agent/conversations/{id}/unmerge", s.unmerge)
	get("/agent/conversations/{id}/split/{post}", s.splitPage)
	post("/agent/conversations/{id}/split/{post}", s.split)
	post("/agent/conversations/{id}/file-as-note", s.fileAsNote)
	post("/agent/conversations/{id}/trash", s.trash)
	post("/agent/conversations/{id}/restore", s.restore)
	get("/agent/conversations/{id}/recipients", s.recipients)
	post("/agent/conversations/{id}/drafts", s.saveDraft)
	post("/agent/conversations/{id}/drafts/files", s.addDraftFiles)
	post("/agent/conversations/{id}/drafts/files/{file}/remove", s.removeDraftFile)
	post("/agent/conversations/{id}/drafts/{draft}/discard", s.discardDraft)
	get("/agent/people/suggest", s.suggestPeople)
	get("/agent/mentions", s.mentions)
	get("/agent/mentions/suggest", s.suggestMentions)
	post("/agent/conversations/{id}/mails/{delivery}", s.onMail)
	post("/agent/conversations/{id}/tags", s.tags)
	get("/agent/conversations/{id}/replies", s.repliesFor)
	post("/agent/conversations/{id}/replies/insert", s.insertReply)
	get("/agent/replies", s.savedReplies)
	post("/agent/replies", s.saveReply)
	get("/agent/replies/{id}", s.savedReply)
	post("/agent/replies/{id}", s.saveReply)
	post("/agent/replies/{id}/delete", s.deleteReply)
	get("/agent/users", s.users)
	get("/agent/users/new", s.newUser)
	post("/agent/users/new", s.createUser)
	get("/agent/users/suggest", s.suggestUsers)
	get("/agent/users/{id}", s.user)
	post("/agent/users/{id}", s.updateUser)
	post("/agent/users/{id}/notes", s.userNote)
	post("/agent/users/{id}/addresses", s.addAddress)
	post("/agent/users/{id}/addresses/primary", s.makePrimary)
	post("/agent/users/{id}/addresses/remove", s.removeAddress)
	post("/agent/users/{id}/disable", s.disableUser)
	post("/agent/users/{id}/enable", s.enableUser)
	post("/agent/users/{id}/send-link", s.sendLink)
	post("/agent/users/{id}/copy-link", s.copyLink)
	post("/agent/users/{id}/two-factor/reset", s.resetTwoFactor)
	post("/agent/users/{id}/tokens/{handle}/end", s.endTokenOf)
	get("/agent/users/{id}/merge", s.mergeUserPage)
	post("/agent/users/{id}/merge", s.mergeUser)
	post("/agent/users/{id}/unmerge", s.unmergeUser)
	get("/agent/users/{id}/anonymise", s.anonymisePage)
	post("/agent/users/{id}/anonymise", s.anonymise)
	get("/agent/organizations", s.organizations)
	get("/agent/organizations/suggest", s.suggestOrganizations)
	get("/agent/organizations/new", s.newOrganization)
	post("/agent/organizations", s.createOrganization)
	get("/agent/organizations/{id}", s.organization)
	post("/agent/organizations/{id}", s.updateOrganization)
	post("/agent/organizations/{id}/notes", s.organizationNote)
	post("/agent/organizations/{id}/join", s.joinExisting)
	get("/agent/suspended", s.suspended)
	post("/agent/suspended", s.actOnSuspended)
	get("/agent/suspended/{id}", s.suspendedMail)
	s.writingRoutes(get, post)

	// Administration.
	get("/agent/export/conversations.csv", s.exportConversations)
	get("/agent/export/users.csv", s.exportUsers)
	get("/agent/export/audit.csv", s.exportAudit)
	get("/admin/team", s.team)
	get("/admin/directory", s.directory)
	post("/admin/directory/{id}", s.onMember)
	get("/admin/directory/invite", s.invitePage)
	post("/admin/directory/invite", s.invite)
	get("/admin/teams", s.teams)
	post("/admin/teams", s.createTeam)
	get("/admin/teams/{id}", s.teamPage)
	post("/admin/teams/{id}", s.updateTeam)
	post("/admin/teams/{id}/delete", s.deleteTeam)
	get("/admin/roles", s.roles)
	post("/admin/roles/{role}", s.updateRole)
	get("/admin/mailboxes", s.mailboxes)
	post("/admin/mailboxes", s.createMailbox)
	get("/admin/mailboxes/{id}", s.mailbox)
	post("/admin/mailboxes/{id}", s.renameMailbox)
	get("/admin/mailboxes/{id}/dns", s.mailboxDNS)
	get("/admin/mailboxes/{id}/texts/{kind}", s.mailText)
	post("/admin/mailboxes/{id}/texts/{kind}", s.setMailText)
	get("/admin/sending", s.signing)
	post("/admin/sending", s.actOnSigning)
	get("/admin/senders", s.senders)
	post("/admin/senders", s.actOnSenders)
	get("/admin/mail", s.mails)
	get("/admin/mail/{id}", s.mail)
	get("/admin/mail/{id}/source", s.mailSource)
	post("/admin/mail/{id}/replay", s.replay)
	get("/admin/queue", s.queue)
	post("/admin/queue", s.actOnQueue)
	get("/admin/suppressions", s.suppressions)
	post("/admin/suppressions", s.actOnSuppressions)
	get("/admin/outbox", s.deliveries)
	get("/admin/outbox/held", s.held)
	post("/admin/outbox/held", s.actOnHeld)
	get("/admin/outbox/{id}", s.delivery)
	get("/admin/outbox/{id}/source", s.deliverySource)
	post("/admin/outbox/{id}/retry", s.retryDelivery)
	post("/admin/outbox/{id}/send", s.sendHeld)
	post("/admin/outbox/{id}/discard", s.discardHeld)
	get("/admin/settings", s.settings)
	post("/admin/settings", s.updateSettings)
	get("/admin/appearance", s.appearance)
	post("/admin/appearance", s.updateAppearance)
	get("/admin/tags", s.allTags)
	post("/admin/tags", s.actOnTag)
	get("/admin/audit", s.audit)

	// The HTML of mail, for sandboxed frames.
	get("/frame/conversations/{id}/{inbound}", s.frameOfConversation)
	get("/frame/mail/{id}", s.frameOfMail)
	get("/frame/outbox/{id}", s.frameOfDelivery)
	return top
}

// setCookie makes the cookie one that no other site and no script gets.
func (s *server) setCookie() {
	s.sessions.HashTokenInStore = true
	s.sessions.Lifetime = core.SessionLifetime
	s.sessions.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		s.fail(&visit{w: w, r: r}, err)
	}
	c := &s.sessions.Cookie
	c.Name, c.Path, c.HttpOnly, c.SameSite = "postdesk_session", "/", true, http.SameSiteLaxMode
	if s.secure {
		c.Name, c.Secure = "__Host-postdesk_session", true
	}
}

// panelPolicy lets a page of ours load our own style, script, images and frames,
// and nothing else. No script stands in a page: what a mail smuggles in stays text.
const panelPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guard is what every answer passes: headers, the origin check for everything
// that changes something, the session, a limit on what is taken in, and the last
// net under a panic.
func (s *server) guard(next http.Handler) http.Handler {
	csrf := http.NewCrossOriginProtection()
	if u, err := url.Parse(s.publicURL); err == nil && u.Host != "" {
		// A proxy in front may rewrite Host; the configured origin stays ours.
		_ = csrf.AddTrustedOrigin(u.Scheme + "://" + u.Host)
	}
	// The API reads no cookie, so nobody can be made to use it by a page.
	csrf.AddInsecureBypassPattern("/api/v1/")
	csrf.SetDenyHandler(s.sessions.LoadAndSave(s.open(func(*visit) error { return errCrossOrigin })))
	inner := s.limit(csrf.Handler(next))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", panelPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		// Not no-referrer: browsers would then post forms with "Origin: null".
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "private, no-cache")
		if s.secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		r = s.asked(r)
		defer s.recovered(w, r)
		inner.ServeHTTP(w, r)
	})
}

// maxBody is the largest form with its files, in bytes.
const maxBody = 35 << 20

func (s *server) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > maxBody && !strings.HasPrefix(r.URL.Path, "/api/") {
			w.Header().Set("Connection", "close") // the rest is not waited for
			s.fail(&visit{w: w, r: r}, &http.MaxBytesError{Limit: maxBody})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}
