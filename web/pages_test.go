package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"postdesk/core"
)

func TestNextLeadsOnlyToThisSite(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"//evil.test", "https://evil.test", "javascript:alert(1)", `\\evil.test`, `/\evil.test`, "/\t/evil.test", " //evil.test",
		"", "agent", "/a//evil.test", "/%5cevil.test", "/%2F/evil.test", "http:/evil.test", "/\n/evil.test", "///evil.test", "/.%09/evil",
		"/" + strings.Repeat("a", 3000)} {
		if got := localPath(bad); got != "" {
			t.Errorf("%q leads to %q", bad, got)
		}
	}
	for _, good := range []string{"/", "/agent", "/agent?q=a+b&view=mine", "/agent/conversations/42", "/conversations?page=2"} {
		if got := localPath(good); got != good {
			t.Errorf("%q leads to %q", good, got)
		}
	}
}

func TestSigningInLeadsBackAndGivesANewSession(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	password := "a long password"
	if _, err := w.CreateAccount(t.Context(), core.NewUser{Name: "Ada", Email: "ada@people.test", Role: core.RoleAgent}, &password); err != nil {
		t.Fatal(err)
	}
	wrong := w.ask(t, "", "/signin", url.Values{"email": {"ada@people.test"}, "password": {"no"}, "next": {"/agent/users"}})
	unknown := w.ask(t, "", "/signin", url.Values{"email": {"nobody@people.test"}, "password": {"no"}, "next": {"/agent/users"}})
	if wrong.Status != http.StatusForbidden || unknown.Status != wrong.Status ||
		strings.ReplaceAll(unknown.Body, "nobody@", "ada@") != wrong.Body {
		t.Errorf("a wrong password and an unknown address differ: %d, %d", wrong.Status, unknown.Status)
	}
	if len(wrong.find(t, "input", "name=email", "value=ada@people.test")) != 1 || len(wrong.find(t, "input", "name=next", "value=/agent/users")) != 1 {
		t.Error("what was typed is gone")
	}
	planted := "postdesk_session=planted"
	in := w.ask(t, "", "/signin", url.Values{"email": {"ADA@people.test"}, "password": {password}, "next": {"//evil.test"}}, "Cookie", planted)
	cookie := in.Header.Get("Set-Cookie")
	if in.Status != http.StatusSeeOther || in.Header.Get("Location") != "/agent" {
		t.Errorf("sign-in: %d to %q", in.Status, in.Header.Get("Location"))
	}
	if strings.Contains(cookie, "planted") || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") {
		t.Errorf("cookie: %s", cookie)
	}
	if page := w.ask(t, "", "/agent", nil, "Cookie", strings.Split(cookie, ";")[0]); page.Status != http.StatusOK {
		t.Errorf("the session does not open the agent area: %d", page.Status)
	}
	out := w.ask(t, "", "/signout", url.Values{}, "Cookie", strings.Split(cookie, ";")[0])
	if page := w.ask(t, "", "/agent", nil, "Cookie", strings.Split(cookie, ";")[0]); out.Status != http.StatusSeeOther || page.Status != http.StatusSeeOther {
		t.Errorf("after signing out the session opens the agent area: %d", page.Status)
	}
}

func TestOverHTTPSTheCookieIsBoundToTheHost(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.server.secure = true
	w.server.setCookie()
	c := w.server.sessions.Cookie
	if c.Name != "__Host-postdesk_session" || !c.Secure || c.Path != "/" || c.Domain != "" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("cookie: %+v", c)
	}
}

func TestAStrangerIsLedBackAfterTheSignIn(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	got := w.ask(t, "", "/agent/conversations/{conversation}?tab=note", nil)
	want := w.at("/signin?next=%2Fagent%2Fconversations%2F{conversation}%3Ftab%3Dnote")
	if got.Header.Get("Location") != want {
		t.Errorf("led to %s, want %s", got.Header.Get("Location"), want)
	}
}

func TestALinkIsUsedUpByItsFormAndNotByLooking(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	secret, _, err := w.CopyLink(t.Context(), w.people["owner"], w.people["somebody"].ID)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if page := w.ask(t, "", "/accept/"+secret, nil); page.Status != http.StatusOK || len(page.find(t, "input", "name=password")) != 1 {
			t.Fatalf("the page of a link: %d", page.Status)
		}
	}
	short := w.ask(t, "", "/accept/"+secret, url.Values{"password": {"x"}})
	if short.Status != http.StatusBadRequest || len(short.find(t, "p", "class=fault")) != 1 {
		t.Errorf("a short password: %d", short.Status)
	}
	used := w.ask(t, "", "/accept/"+secret, url.Values{"password": {"a long password"}})
	if used.Status != http.StatusSeeOther || used.Header.Get("Location") != "/conversations" || used.Header.Get("Set-Cookie") == "" {
		t.Errorf("using a link: %d to %q", used.Status, used.Header.Get("Location"))
	}
	for _, form := range []url.Values{nil, {"password": {"another password"}}} {
		if again := w.ask(t, "", "/accept/"+secret, form); again.Status != http.StatusGone {
			t.Errorf("a used link: %d", again.Status)
		}
	}
}

func TestACollaboratorHasANoteBoxAndNoReplyBoxAndNoAdminLink(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	page := w.ask(t, "collaborator", "/agent/conversations/{conversation}", nil)
	action := w.at("/agent/conversations/{conversation}/")
	if len(page.find(t, "form", "action="+action+"note#reply")) != 1 || len(page.find(t, "form", "action="+action+"reply#reply")) != 0 ||
		len(page.find(t, "form", "action="+action+"properties")) != 0 {
		t.Error("a collaborator has other boxes than that for a note")
	}
	for _, a := range page.find(t, "a") {
		for _, attribute := range a.Attr {
			if attribute.Key == "href" && strings.HasPrefix(attribute.Val, "/admin") {
				t.Errorf("a collaborator sees %s", attribute.Val)
			}
		}
	}
	if agent := w.ask(t, "agent", "/agent/conversations/{conversation}", nil); len(agent.find(t, "form", "action="+action+"reply#reply")) != 1 {
		t.Error("an agent has no reply box")
	}
}

func TestACustomerNeverSeesANote(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	if staff := w.ask(t, "agent", "/agent/conversations/{conversation}", nil); !strings.Contains(staff.Body, "SECRET-CANARY") {
		t.Fatal("the note is not there")
	}
	for _, path := range []string{"/conversations", "/conversations/{conversation}", "/", "/profile"} {
		if page := w.ask(t, "own", path, nil); page.Status != http.StatusOK || strings.Contains(page.Body, "SECRET-CANARY") {
			t.Errorf("%s: %d, or shows the note", path, page.Status)
		}
	}
}

func TestWordsOfStrangersAreOnlyWords(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	for _, path := range []string{"/agent", "/agent?q=%3Cscript%3Ealert(1)%3C/script%3E", "/agent/conversations/{conversation}", "/agent/users?q=%22%3E%3Cscript%3E"} {
		page := w.ask(t, "agent", path, nil)
		if page.Status != http.StatusOK || len(page.scripts(t)) != 0 {
			t.Errorf("%s: %d, %d scripts", path, page.Status, len(page.scripts(t)))
		}
	}
}

func TestAFormComesBackWithWhatWasTyped(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	long := "a long and careful answer"
	got := w.ask(t, "agent", "/agent/conversations/{conversation}/reply", url.Values{"contents": {long}, "cc": {"not an address@"}, "do": {"send"}})
	area := got.find(t, "textarea", "name=contents")
	if got.Status != http.StatusBadRequest || len(area) != 1 || textOf(area[0]) != long || len(got.find(t, "p", "class=fault")) == 0 {
		t.Errorf("a faulty CC: %d, %d boxes", got.Status, len(area))
	}
	empty := w.ask(t, "agent", "/agent/conversations/{conversation}/note", url.Values{"note": {" "}})
	if empty.Status != http.StatusBadRequest || len(empty.find(t, "p", "class=fault")) != 1 {
		t.Errorf("an empty note: %d", empty.Status)
	}
	taken := w.ask(t, "agent", "/agent/users/new", url.Values{"email": {"OWN@people.test"}})
	if taken.Status != http.StatusBadRequest || !strings.Contains(taken.Body, core.DuplicateProblem) {
		t.Errorf("a taken address: %d", taken.Status)
	}
}

func TestAnInviteFaultStandsBesideItsRow(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	form := url.Values{"name": {"Zoe", "Own"}, "email": {"zoe@people.test", "own@people.test"}, "role": {"agent", "collaborator"}, "do": {"save"}}
	got := w.ask(t, "admin", "/admin/directory/invite", form)
	faults := got.find(t, "p", "class=fault")
	if got.Status != http.StatusBadRequest || len(faults) != 1 || textOf(faults[0]) != core.DuplicateProblem || len(got.find(t, "input", "value=zoe@people.test")) != 1 {
		t.Errorf("%d, %d faults", got.Status, len(faults))
	}
	if n := w.Text(t, `select count(*)::text from addresses where address = 'zoe@people.test'`); n != "0" {
		t.Error("half of the invites were made")
	}
}

func TestAStalePageUndoesNothing(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	path := "/agent/conversations/{conversation}/properties"
	w.ask(t, "admin", path, url.Values{"priority": {"urgent"}, "was.priority": {"normal"}})
	w.ask(t, "agent", path, url.Values{"priority": {"normal"}, "was.priority": {"normal"}, "type": {"task"}, "was.type": {"question"}})
	if got := w.Text(t, `select priority || ' ' || type from conversations where id = `+w.at("{conversation}")); got != "urgent task" {
		t.Errorf("the conversation is %s", got)
	}
}

func TestTimesAreInTheReadersZoneWithTheExactInstant(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.Exec(t, `update users set timezone = 'Asia/Tokyo' where id = $1`, w.people["agent"].ID)
	w.Exec(t, `update conversations set created_at = '2020-02-03 20:00:00Z' where id = `+w.at("{conversation}"))
	page := w.ask(t, "agent", "/agent/conversations/{conversation}", nil)
	times := page.find(t, "time", "datetime=2020-02-03T20:00:00Z")
	if len(times) != 1 || textOf(times[0]) != "4 Feb 2020, 05:00" {
		t.Fatalf("%d times", len(times))
	}
	if len(page.find(t, "time", "title=Tuesday, 4 February 2020, 05:00:00 JST (+09:00), Asia/Tokyo")) != 1 {
		t.Error("the exact instant is missing")
	}
}

func TestAnInternalErrorTellsAReferenceAndNothingElse(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	for name, h := range map[string]http.HandlerFunc{
		"error": w.server.open(func(*visit) error { return errors.New("password=hunter2") }),
		"panic": func(http.ResponseWriter, *http.Request) { panic("password=hunter2") },
	} {
		got := httptest.NewRecorder()
		w.server.guard(w.server.sessions.LoadAndSave(h)).ServeHTTP(got, httptest.NewRequest(http.MethodGet, "/", nil))
		page := answered(got.Code, got.Header(), got.Body.String())
		if page.Status != http.StatusInternalServerError || strings.Contains(page.Body, "hunter2") || len(page.find(t, "code")) != 1 {
			t.Errorf("%s: %d %s", name, page.Status, page.Body)
		}
	}
}

func TestAForgedHostIsInNoLink(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	got := w.ask(t, "admin", "/agent/users/{user}/copy-link", url.Values{}, "X-Forwarded-Host", "evil.test")
	if !strings.Contains(got.Body, "http://desk.test/accept/") || strings.Contains(got.Body, "evil.test") || strings.Contains(got.Body, w.root) {
		t.Errorf("the link follows the request: %d", got.Status)
	}
}

func TestTheCountOfSuspendedMailStandsInTheNavigationOfThoseWhoMaySeeIt(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	if page := w.ask(t, "agent", "/agent", nil); len(page.find(t, "span", "class=count")) == 0 {
		t.Error("an agent sees no count")
	}
	if page := w.ask(t, "collaborator", "/agent", nil); len(page.find(t, "span", "class=count")) != 0 || strings.Contains(page.Body, "/agent/suspended") {
		t.Error("a collaborator sees suspended mail")
	}
	if page := w.ask(t, "collaborator", "/", nil); len(page.find(t, "a", "href=/agent")) != 1 {
		t.Error("staff see no way into the agent area")
	}
	if page := w.ask(t, "own", "/", nil); len(page.find(t, "a", "href=/agent")) != 0 {
		t.Error("a customer sees the agent area")
	}
}
