package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"postdesk/core"
	"postdesk/core/coretest"
)

const twoFactorPassword = coretest.Password

// A tab keeps its cookie from one request to the next.
type tab struct {
	w      *site
	cookie *http.Cookie
}

func (b *tab) ask(t *testing.T, path string, form url.Values) answer {
	t.Helper()
	headers := []string{}
	if b.cookie != nil {
		headers = append(headers, "Cookie", b.cookie.Name+"="+b.cookie.Value)
	}
	a := b.w.ask(t, "", path, form, headers...)
	for _, c := range (&http.Response{Header: a.Header}).Cookies() {
		if c.Name == b.w.server.sessions.Cookie.Name {
			b.cookie = c
		}
	}
	return a
}

// password gives somebody one.
func (w *site) password(t *testing.T, who string) {
	t.Helper()
	w.KnowsPassword(t, w.people[who].ID)
}

func codeNow(t *testing.T, secret string) string {
	t.Helper()
	code, err := hotp.GenerateCodeCustom(secret, uint64(time.Now().Unix()/30), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// firstFactor gives the password in a new one.
func (w *site) firstFactor(t *testing.T, who string) (*tab, answer) {
	t.Helper()
	b := &tab{w: w}
	return b, b.ask(t, "/signin", url.Values{"email": {w.people[who].Address.String()}, "password": {twoFactorPassword}})
}

// setUp turns two-factor on by the pages, and gives secret and backup codes.
func (b *tab) setUp(t *testing.T) (secret string, codes []string) {
	t.Helper()
	begun := b.ask(t, "/profile/two-factor", url.Values{"do": {"begin"}, "password": {twoFactorPassword}})
	fields := begun.find(t, "input", "name=secret")
	if begun.Status != http.StatusOK || len(fields) != 1 || len(begun.find(t, "img", "class=qr")) != 1 {
		t.Fatalf("the set-up: %d\n%s", begun.Status, begun.Body)
	}
	for _, a := range fields[0].Attr {
		if a.Key == "value" {
			secret = a.Val
		}
	}
	wrong := b.ask(t, "/profile/two-factor", url.Values{"do": {"confirm"}, "code": {"1"}, "secret": {secret}})
	if wrong.Status != http.StatusForbidden || len(wrong.find(t, "img", "class=qr")) != 1 {
		t.Errorf("after a wrong code: %d", wrong.Status)
	}
	done := b.ask(t, "/profile/two-factor", url.Values{"do": {"confirm"}, "code": {codeNow(t, secret)}, "secret": {secret}})
	for _, list := range done.find(t, "ul", "class=code-list mono") {
		for item := range list.ChildNodes() {
			codes = append(codes, textOf(item))
		}
	}
	if done.Status != http.StatusOK || len(codes) != 10 || done.Header.Get("Cache-Control") != "no-store" || !strings.Contains(done.Body, `download="backup-codes.txt"`) {
		t.Fatalf("%d codes, %d\n%s", len(codes), done.Status, done.Body)
	}
	b.w.Exec(t, `update two_factors set last_step = 0`)
	return secret, codes
}

func TestASignInWithTwoFactorsByThePages(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.password(t, "agent")
	first, _ := w.firstFactor(t, "agent")
	secret, codes := first.setUp(t)
	if page := first.ask(t, "/agent", nil); page.Status != http.StatusOK {
		t.Errorf("the browser that turned it on: %d", page.Status)
	}

	b, got := w.firstFactor(t, "agent")
	if got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/signin/code" {
		t.Fatalf("the password leads to %d %q", got.Status, got.Header.Get("Location"))
	}
	before := b.cookie.Value
	if page := b.ask(t, "/signin/code", nil); page.Status != http.StatusOK || len(page.find(t, "input", "name=code")) != 1 {
		t.Errorf("the page of the code: %d", page.Status)
	}
	if page := b.ask(t, "/signin/code", url.Values{"code": {"123"}}); page.Status != http.StatusForbidden {
		t.Errorf("a wrong code: %d", page.Status)
	}
	got = b.ask(t, "/signin/code", url.Values{"code": {codeNow(t, secret)}, "next": {"//evil.test"}})
	if got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/agent" || b.cookie.Value == before {
		t.Fatalf("the code leads to %d %q, new session %v", got.Status, got.Header.Get("Location"), b.cookie.Value != before)
	}
	if page := b.ask(t, "/agent", nil); page.Status != http.StatusOK {
		t.Errorf("signed in: %d", page.Status)
	}
	planted := &tab{w: w, cookie: &http.Cookie{Name: b.cookie.Name, Value: before}}
	if page := planted.ask(t, "/agent", nil); page.Status != http.StatusSeeOther {
		t.Errorf("the session from before the code is in: %d", page.Status)
	}
	w.Exec(t, `update backup_codes set used_at = now() where code_hash <> all($1)`, [][]byte{core.HashSecret(strings.ReplaceAll(codes[0], "-", "")), core.HashSecret(strings.ReplaceAll(codes[1], "-", ""))})
	b, _ = w.firstFactor(t, "agent")
	if got = b.ask(t, "/signin/code", url.Values{"code": {codes[0]}}); got.Header.Get("Location") != "/profile/two-factor?said=codes-few" {
		t.Errorf("with one code left: %q", got.Header.Get("Location"))
	}
}

// TestWhoOwesTheCodeCanDoNothing walks every route with a session that has given
// the password alone.
func TestWhoOwesTheCodeCanDoNothing(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.names["{draft}"] = "1"
	w.password(t, "admin")
	first, _ := w.firstFactor(t, "admin")
	first.setUp(t)
	b, _ := w.firstFactor(t, "admin")
	before := w.state(t)
	for _, r := range matrix() {
		form, err := url.ParseQuery(w.at(r.form))
		if err != nil {
			t.Fatal(err)
		}
		if r.method == http.MethodGet {
			form = nil
		}
		if got := b.ask(t, r.path, form); got.Status != http.StatusSeeOther || !strings.HasPrefix(got.Header.Get("Location"), "/signin") {
			t.Errorf("%s %s: %d %q", r.method, r.path, got.Status, got.Header.Get("Location"))
		}
	}
	if w.state(t) != before {
		t.Error("something changed")
	}
	if page := b.ask(t, "/signin/code", nil); page.Status != http.StatusOK {
		t.Errorf("the page of the code: %d", page.Status)
	}
}

// TestStaffWhoMustAreLedToTheSetUp: from every page of staff's, and nowhere else.
func TestStaffWhoMustAreLedToTheSetUp(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.names["{draft}"] = "1"
	w.Exec(t, `update instance set staff_two_factor = true`)
	before := w.state(t)
	for _, r := range matrix() {
		if !forStaff(r.path) {
			continue
		}
		got := w.do(t, "admin", r)
		if strings.HasSuffix(r.path, "/events") { // a script asks, and follows nowhere
			if got.Status != http.StatusForbidden {
				t.Errorf("%s: %d", r.path, got.Status)
			}
			continue
		}
		if got.Status != http.StatusSeeOther || !strings.HasPrefix(got.Header.Get("Location"), "/profile/two-factor?") {
			t.Errorf("%s %s: %d %q", r.method, r.path, got.Status, got.Header.Get("Location"))
		}
	}
	if w.state(t) != before {
		t.Error("something changed")
	}
	for _, path := range []string{"/profile", "/profile/two-factor", "/conversations"} {
		if got := w.ask(t, "admin", path, nil); got.Status != http.StatusOK {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
	if got := w.ask(t, "own", "/conversations", nil); got.Status != http.StatusOK {
		t.Errorf("a customer: %d", got.Status)
	}
	w.password(t, "agent")
	b, got := w.firstFactor(t, "agent")
	if got.Header.Get("Location") != "/profile/two-factor" {
		t.Errorf("signing in leads to %q", got.Header.Get("Location"))
	}
	b.setUp(t)
	if got := b.ask(t, "/agent", nil); got.Status != http.StatusOK {
		t.Errorf("after the set-up: %d", got.Status)
	}
}

func TestAMailedLinkLeadsToTheCode(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.password(t, "own")
	first, _ := w.firstFactor(t, "own")
	secret, _ := first.setUp(t)
	link := core.NewSecret()
	w.Exec(t, `insert into links (secret_hash, purpose, user_id, address, expires_at) values ($1, 'sign_in', $2, $3, now() + interval '1 hour')`,
		core.HashSecret(link), w.people["own"].ID, w.people["own"].Address)
	b := &tab{w: w}
	if got := b.ask(t, "/accept/"+link, url.Values{}); got.Header.Get("Location") != "/signin/code" {
		t.Fatalf("the link leads to %q", got.Header.Get("Location"))
	}
	if got := b.ask(t, "/conversations", nil); got.Status != http.StatusSeeOther {
		t.Errorf("the link alone: %d", got.Status)
	}
	if got := b.ask(t, "/signin/code", url.Values{"code": {codeNow(t, secret)}}); got.Header.Get("Location") != "/conversations" {
		t.Errorf("the code leads to %q", got.Header.Get("Location"))
	}
}

func TestATokenIsShownOnceAndNeedsARecentCode(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.password(t, "agent")
	b, _ := w.firstFactor(t, "agent")
	_, codes := b.setUp(t)
	w.Exec(t, `update sign_ins set second_factor_at = now() - interval '1 hour' where second_factor_at is not null`)
	if got := b.ask(t, "/profile/tokens", url.Values{"name": {"Script"}}); got.Status != http.StatusBadRequest || strings.Contains(got.Body, `id="token"`) {
		t.Errorf("without a code: %d", got.Status)
	}
	got := b.ask(t, "/profile/tokens", url.Values{"name": {"Script"}, "days": {"30"}, "code": {codes[0]}})
	shown := got.find(t, "input", "id=token")
	if got.Status != http.StatusOK || len(shown) != 1 || got.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d\n%s", got.Status, got.Body)
	}
	secret := ""
	for _, a := range shown[0].Attr {
		if a.Key == "value" {
			secret = a.Val
		}
	}
	actor, err := w.ActorByToken(t.Context(), secret)
	if err != nil || actor.ID != w.people["agent"].ID {
		t.Errorf("the token is %d's: %v", actor.ID, err)
	}
	if page := b.ask(t, "/profile/tokens", nil); strings.Contains(page.Body, secret) || !strings.Contains(page.Body, "Script") {
		t.Error("the token is shown again, or not listed")
	}
	w.Exec(t, `update api_tokens set expires_at = now() where name = 'Script'`)
	if _, err := w.ActorByToken(t.Context(), secret); err == nil {
		t.Error("the token works after its end")
	}
	for field, form := range map[string]url.Values{"name": {"name": {" "}}, "days": {"name": {"x"}, "days": {"-1"}}} {
		if got := b.ask(t, "/profile/tokens", form); got.Status != http.StatusBadRequest || len(got.find(t, "input", "name="+field, "aria-invalid=true")) != 1 {
			t.Errorf("%s: %d", field, got.Status)
		}
	}
}

func TestTheSecretIsNowhereButOnThePageThatShowsIt(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.password(t, "agent")
	b, _ := w.firstFactor(t, "agent")
	secret, codes := b.setUp(t)
	for _, path := range []string{"/profile", "/profile/two-factor", "/profile/tokens"} {
		page := b.ask(t, path, nil)
		for _, canary := range append(codes, secret) {
			if strings.Contains(page.Body, canary) {
				t.Errorf("%s shows %q", path, canary)
			}
		}
	}
	again := b.ask(t, "/profile/two-factor", url.Values{"do": {"begin"}, "password": {twoFactorPassword}})
	if again.Status != http.StatusConflict || strings.Contains(again.Body, `class="qr"`) {
		t.Errorf("beginning again: %d", again.Status)
	}
}
