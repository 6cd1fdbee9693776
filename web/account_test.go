package web

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// person makes one with a password.
func (w *site) account(t *testing.T, role core.Role, email string) {
	t.Helper()
	id, err := w.CreateAccount(t.Context(), core.NewUser{Email: email, Role: role}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.KnowsPassword(t, id)
}

// signIn signs in by the form, and gives the cookie.
func (w *site) signIn(t *testing.T, email string, headers ...string) string {
	t.Helper()
	in := w.ask(t, "", "/signin", url.Values{"email": {email}, "password": {coretest.Password}}, headers...)
	if in.Status != http.StatusSeeOther {
		t.Fatalf("sign-in: %d", in.Status)
	}
	return cookieOf(in)
}

func cookieOf(a answer) string {
	cookie, _, _ := strings.Cut(a.Header.Get("Set-Cookie"), ";")
	return cookie
}

// opens tells whether a cookie still opens the profile.
func (w *site) opens(t *testing.T, cookie string) bool {
	t.Helper()
	return w.ask(t, "", "/profile", nil, "Cookie", cookie).Status == http.StatusOK
}

// link gives the secret that the next mail brings.
func (w *site) link(t *testing.T) string {
	t.Helper()
	for {
		c, err := w.ClaimDelivery(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if c.Outgoing != nil && c.Outgoing.Link != "" {
			return path.Base(c.Outgoing.Link)
		}
	}
}

func TestAMailedLinkSignsInAndLeadsToWhereOneWanted(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.Exec(t, `update deliveries set state = 'failed' where state = 'held'`)
	form := url.Values{"email": {"own@people.test"}, "password": {"half typed"}, "next": {w.at("/conversations/{conversation}")}}
	sent := w.ask(t, "", "/signin/link", form)
	form.Set("email", "nobody@people.test")
	unknown := w.ask(t, "", "/signin/link", form)
	if sent.Status != http.StatusOK || unknown.Status != sent.Status || strings.ReplaceAll(unknown.Body, "nobody@", "own@") != sent.Body {
		t.Errorf("a known and an unknown address differ: %d, %d", sent.Status, unknown.Status)
	}
	if strings.Contains(sent.Body, "half typed") {
		t.Error("the password comes back")
	}
	empty := w.ask(t, "", "/signin/link", url.Values{"email": {" "}, "next": {"/profile"}})
	if empty.Status != http.StatusBadRequest || len(empty.find(t, "p", "class=fault")) != 1 || len(empty.find(t, "input", "name=next", "value=/profile")) != 1 {
		t.Errorf("without an address: %d", empty.Status)
	}
	secret := w.link(t)
	before := w.state(t)
	for range 3 { // a mail scanner (reliability A40)
		page := w.ask(t, "", "/accept/"+secret, nil)
		if page.Status != http.StatusOK || page.Header.Get("Set-Cookie") != "" || len(page.find(t, "input", "name=password")) != 0 ||
			page.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("the page of the link: %d", page.Status)
		}
	}
	if w.state(t) != before {
		t.Error("looking at the link changed something")
	}
	in := w.ask(t, "", "/accept/"+secret, url.Values{})
	if to := in.Header.Get("Location"); in.Status != http.StatusSeeOther || to != w.at("/conversations/{conversation}?said=no-password") {
		t.Errorf("%d to %s", in.Status, to)
	}
	if page := w.ask(t, "", "/profile", nil, "Cookie", cookieOf(in)); page.Status != http.StatusOK || len(page.find(t, "input", "name=old_password")) != 0 {
		t.Errorf("the profile of somebody without a password: %d", page.Status)
	}
	if again := w.ask(t, "", "/accept/"+secret, url.Values{}); again.Status != http.StatusGone {
		t.Errorf("again: %d", again.Status)
	}
}

func TestALinkNeverLeadsAwayFromHere(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.Exec(t, `update deliveries set state = 'failed' where state = 'held'`)
	w.ask(t, "", "/signin/link", url.Values{"email": {"agent@people.test"}, "next": {"//evil.test/agent"}})
	secret := w.link(t)
	w.Exec(t, `update links set leads_to = 'https://evil.test/' where purpose = 'sign_in'`) // as if it had got in
	if in := w.ask(t, "", "/accept/"+secret, url.Values{}); !strings.HasPrefix(in.Header.Get("Location"), "/agent?") {
		t.Errorf("led to %s", in.Header.Get("Location"))
	}
}

// A33 of reliability.md.
func TestEveryDeadLinkShowsTheSamePage(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	secret, _, err := w.CopyLink(t.Context(), w.people["owner"], w.people["somebody"].ID)
	if err != nil {
		t.Fatal(err)
	}
	unknown := w.ask(t, "", "/accept/"+core.NewSecret(), nil)
	before := w.state(t)
	for what, dead := range map[string]string{"empty": "", "a null byte": "%00", "null bytes in it": secret[:20] + "%00" + secret[20:], "upper-case": strings.ToUpper(secret),
		"truncated": secret[:42], "longer": secret + "A", "a dot": ".x", "encoded": "%2e%2e%2fprofile", "bad UTF-8": "%ff%fe", "long": strings.Repeat("a", 5000)} {
		for _, form := range []url.Values{nil, {"password": {"a long password"}}} {
			got := w.ask(t, "", "/accept/"+dead, form)
			if got.Status != http.StatusGone || got.Body != unknown.Body || got.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s: %d, or another page", what, got.Status)
			}
		}
	}
	if w.state(t) != before {
		t.Error("a dead link changed something")
	}
	if page := w.ask(t, "", "/accept/"+secret, nil); page.Status != http.StatusOK {
		t.Errorf("the living one: %d", page.Status)
	}
}

// A36 of reliability.md.
func TestAnOldCookieIsDeadAfterWhateverEndsASession(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	owner := w.people["owner"]
	for what, end := range map[string]func(t *testing.T, id core.UserID, cookie, other string) (dead []string){
		"signing out": func(t *testing.T, _ core.UserID, cookie, _ string) []string {
			w.ask(t, "", "/signout", url.Values{}, "Cookie", cookie)
			return []string{cookie}
		},
		"a password change": func(t *testing.T, _ core.UserID, cookie, other string) []string {
			form := url.Values{"old_password": {coretest.Password}, "password": {"another long password"}}
			changed := w.ask(t, "", "/profile/password", form, "Cookie", cookie)
			if now := cookieOf(changed); now == "" || now == cookie || !w.opens(t, now) {
				t.Errorf("who changed it is not signed in under a new id: %d", changed.Status)
			}
			return []string{cookie, other}
		},
		"disabling": func(t *testing.T, id core.UserID, cookie, other string) []string {
			if err := w.DisableUser(t.Context(), owner, id); err != nil {
				t.Fatal(err)
			}
			return []string{cookie, other}
		},
		"a role change": func(t *testing.T, id core.UserID, cookie, other string) []string {
			role := core.RoleCollaborator
			if _, err := w.UpdateUser(t.Context(), owner, id, core.UserChanges{Role: &role}); err != nil {
				t.Fatal(err)
			}
			return []string{cookie, other}
		},
		"signing out everywhere else": func(t *testing.T, _ core.UserID, cookie, other string) []string {
			w.ask(t, "", "/profile/sessions/end-others", url.Values{}, "Cookie", cookie)
			return []string{other}
		},
		"signing in again": func(t *testing.T, id core.UserID, cookie, _ string) []string {
			email := w.Text(t, `select address from addresses where user_id = $1`, id)
			if now := w.signIn(t, email, "Cookie", cookie); now == cookie || !w.opens(t, now) {
				t.Error("no new id at the sign-in")
			}
			return []string{cookie}
		},
	} {
		t.Run(what, func(t *testing.T) {
			email := strings.ReplaceAll(what, " ", ".") + "@staff.test"
			w.account(t, core.RoleAgent, email)
			w.Exec(t, `delete from sign_in_attempts`)
			cookie, other := w.signIn(t, email), w.signIn(t, email)
			if !w.opens(t, cookie) || !w.opens(t, other) {
				t.Fatal("the sessions are not open")
			}
			var id core.UserID
			if err := w.Pool.QueryRow(t.Context(), `select user_id from addresses where address = $1`, email).Scan(&id); err != nil {
				t.Fatal(err)
			}
			dead := end(t, id, cookie, other)
			for i, c := range []string{cookie, other} {
				want := true
				for _, d := range dead {
					want = want && c != d
				}
				if w.opens(t, c) != want {
					t.Errorf("browser %d: open %v, want %v", i, !want, want)
				}
			}
		})
	}
}

func TestAPlantedOrOldFashionedSessionIsNobodys(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.account(t, core.RoleAgent, "ann@staff.test")
	m := w.server.sessions
	ctx, err := m.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	m.Put(ctx, "user", int64(w.people["admin"].ID)) // as before sign-ins were written down
	m.Put(ctx, "version", 1)
	token, _, err := m.Commit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	planted := m.Cookie.Name + "=" + token
	if w.opens(t, planted) {
		t.Error("a session without a sign-in opens the profile")
	}
	in := w.signIn(t, "ann@staff.test", "Cookie", planted)
	if in == planted || w.opens(t, planted) || !w.opens(t, in) {
		t.Error("the planted session became the victim's")
	}
}

func TestTheProfileShowsWhereOneIsSignedInAndEndsIt(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.account(t, core.RoleCustomer, "cara@acme.test")
	here := w.signIn(t, "cara@acme.test", "User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
	there := w.signIn(t, "cara@acme.test", "User-Agent", "<script>alert(1)</script>")
	page := w.ask(t, "", "/profile", nil, "Cookie", here)
	if !strings.Contains(page.Body, "Firefox on Linux") || strings.Count(page.Body, "This browser") != 1 || len(page.scripts(t)) != 0 {
		t.Error("the list of sessions is not as it should be")
	}
	var ends []string
	for _, form := range page.find(t, "form") {
		if action := attribute(form, "action"); strings.HasPrefix(action, "/profile/sessions/") && strings.HasSuffix(action, "/end") {
			ends = append(ends, action)
		}
	}
	if len(ends) != 2 {
		t.Fatalf("%d End buttons", len(ends))
	}
	if foreign := w.ask(t, "other", ends[0], url.Values{}); foreign.Status != http.StatusNotFound {
		t.Errorf("somebody else ends it: %d", foreign.Status)
	}
	for _, action := range ends { // the other browser signed in last
		if action == ends[0] {
			w.ask(t, "", action, url.Values{}, "Cookie", here)
		}
	}
	if !w.opens(t, here) || w.opens(t, there) {
		t.Error("the wrong browser was signed out")
	}
	own := w.ask(t, "", ends[1], url.Values{}, "Cookie", here)
	if own.Status != http.StatusSeeOther || !strings.HasPrefix(own.Header.Get("Location"), "/?") || w.opens(t, here) {
		t.Errorf("ending the own session: %d to %s", own.Status, own.Header.Get("Location"))
	}
}

func TestAnAddressOfOnesOwnWaitsIsSentAgainAndGivenUp(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.account(t, core.RoleCustomer, "cara@acme.test")
	cookie := w.signIn(t, "cara@acme.test")
	do := func(path string, want int, said string) answer {
		t.Helper()
		got := w.ask(t, "", path, url.Values{"email": {"cara@home.test"}}, "Cookie", cookie)
		if got.Status != want || want == http.StatusSeeOther && got.Header.Get("Location") != "/profile?said="+said {
			t.Errorf("%s: %d to %s", path, got.Status, got.Header.Get("Location"))
		}
		return got
	}
	waits := func() bool {
		t.Helper()
		return strings.Contains(w.ask(t, "", "/profile", nil, "Cookie", cookie).Body, "Waits for its link")
	}
	do("/profile/addresses", http.StatusSeeOther, "verify")
	if !waits() {
		t.Error("the address does not wait")
	}
	do("/profile/addresses", http.StatusSeeOther, "verify")
	do("/profile/addresses/primary", http.StatusNotFound, "")
	do("/profile/addresses/cancel", http.StatusSeeOther, "given-up")
	do("/profile/addresses/cancel", http.StatusNotFound, "")
	if waits() {
		t.Error("the address still waits")
	}
	w.Exec(t, `insert into addresses (address, user_id, is_primary, verified_at)
		select 'cara@home.test', user_id, false, now() from addresses where address = 'cara@acme.test'`)
	do("/profile/addresses/primary", http.StatusSeeOther, "primary")
	if got := do("/profile/addresses/remove", http.StatusConflict, ""); !strings.Contains(got.Body, "The primary address stays") {
		t.Error("no word of why")
	}
}

func TestTheInvitePageSaysWhoInvitesAndAsWhat(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	users, _, err := w.Invite(t.Context(), w.people["owner"], []core.Invitee{{Email: "zoe@people.test", Role: core.RoleCollaborator}})
	if err != nil {
		t.Fatal(err)
	}
	secret, _, err := w.CopyLink(t.Context(), w.people["owner"], users[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	page := w.ask(t, "", "/accept/"+secret, nil)
	lead := page.find(t, "p", "class=lead")
	if len(lead) != 1 || !strings.Contains(textOf(lead[0]), w.people["owner"].Name) || !strings.Contains(textOf(lead[0]), "Collaborator") {
		t.Error("the page names neither inviter nor role")
	}
	if len(page.find(t, "input", "required")) != 2 || len(page.find(t, "input", "autocomplete=new-password")) != 1 ||
		len(page.find(t, "input", "autocomplete=username", "value=zoe@people.test")) != 1 {
		t.Error("it asks for more than name and password, or in a way that a password manager misses")
	}
	in := w.ask(t, "", "/accept/"+secret, url.Values{"name": {"Zoe"}, "password": {"a long password"}})
	if in.Status != http.StatusSeeOther || in.Header.Get("Location") != "/agent" {
		t.Errorf("%d to %s", in.Status, in.Header.Get("Location"))
	}
}

func TestABrowserIsNamedInShortWords(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0":                                                                 "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36":                        "Chrome on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0":          "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15":                  "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0 Mobile/15E148 Safari/604.1": "Chrome on iPhone",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36":    "Samsung Internet on Android",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 OPR/112.0.0.0":           "Opera on ChromeOS",
		"curl/8.5.0":            "curl/8.5.0",
		"":                      "Unknown browser",
		" ":                     "Unknown browser",
		strings.Repeat("ä", 60): strings.Repeat("ä", 39) + "…",
	} {
		if got := browserName(agent); got != want {
			t.Errorf("%q: %q, want %q", agent, got, want)
		}
	}
}
