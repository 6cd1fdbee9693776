package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestA35NobodyLearnsWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	c.file(letter{From: "nopassword@acme.test", Text: "Hello."})
	c.person("agent", "gone@desk.test", "Gone")
	c.owner.do("POST", "/users/"+c.Text(t, `select user_id from addresses where address = 'gone@desk.test'`)+"/disable", nil)
	addresses := []string{"nobody@acme.test", "own@acme.test", "OWN@Acme.Test", "nopassword@acme.test", "gone@desk.test", "adm@acme.test", "support@desk.test", "not an address", ""}
	// By forms that strangers can send.
	for _, form := range []string{"POST /signin password=wrong&next=&email=", "POST /reset email=", "POST /signin/link email="} {
		said := map[string]bool{}
		for _, address := range addresses {
			c.sql(`delete from sign_in_attempts`)
			answer, body := c.ask(c.session0(), form+url.QueryEscape(address), "Sec-Fetch-Site", "same-origin")
			typed := strings.NewReplacer(address, "TYPED", strings.ToLower(address), "TYPED", url.QueryEscape(address), "TYPED")
			if address == "" { // a form that was not filled in is no question about anybody
				continue
			}
			said[answer.Status+typed.Replace(body)+strings.Join(answer.Header.Values("Set-Cookie"), "")] = true
		}
		if len(said) != 1 {
			t.Errorf("%s has %d answers", form, len(said))
			for one := range said {
				t.Logf("%.1500s", one)
			}
		}
	}
	// By SMTP: people are no mailboxes.
	told := map[string]bool{}
	for _, address := range []string{"olga@desk.test", "gone@desk.test", "nobody@desk.test", "OLGA@DESK.TEST"} {
		d := c.dial()
		d.say(250, "MAIL FROM:<eve@other.test>")
		told[strings.ReplaceAll(strings.ToLower(d.say(550, "RCPT TO:<"+address+">")), strings.ToLower(address), "TYPED")] = true
		_ = d.Close()
	}
	c.want("answers to RCPT", len(told), 1)
	// By those who may not make accounts, and by one's own profile.
	for _, column := range []string{"own", "col"} {
		who, said := c.players[column], map[string]bool{}
		for _, address := range []string{"adm@acme.test", "gone@desk.test", "fresh@acme.test"} {
			for _, ask := range []func() (int, string){
				func() (int, string) { return who.request(`POST /users {"email":"` + address + `"}`) },
				func() (int, string) {
					return who.request(`POST /invites {"invitees":[{"email":"` + address + `","full_name":"x","role":"AGENT"}]}`)
				},
				func() (int, string) { return who.page("POST /agent/users/new email=" + address) },
			} {
				status, body := ask()
				c.want(column+" makes an account of "+address, status, 403)
				said[strings.ReplaceAll(body, address, "TYPED")] = true
			}
		}
		c.want("answers to "+column+" by two ways", len(said), 2)
	}
	said := map[string]bool{}
	for _, address := range []string{"adm@acme.test", "nobody-has-it@acme.test"} {
		c.sql(`delete from sign_in_attempts`)
		status, body := c.players["own"].request(strings.ReplaceAll(`POST /users/ME/identities {"email":"`+address+`"}`, "ME", c.players["own"].id))
		said[http.StatusText(status)+strings.ReplaceAll(body, address, "TYPED")] = true
	}
	c.want("answers to one who adds an address", len(said), 1)
}

// as makes a request with a session of this value, whoever has it.
func (s *story) as(cookie *http.Cookie, request string) *http.Response {
	s.t.Helper()
	answer, _ := s.ask(s.session0(), request, "Cookie", cookie.Name+"="+cookie.Value, "Sec-Fetch-Site", "same-origin")
	return answer
}

// cookie is the session of a signed-in browser.
func (s *story) cookie(of *http.Client) *http.Cookie {
	s.t.Helper()
	all := of.Jar.Cookies(&url.URL{Scheme: "http", Host: s.at.HTTP, Path: "/"})
	if len(all) != 1 {
		s.t.Fatalf("%d cookies", len(all))
	}
	return all[0]
}

func TestA36ASessionLivesAsLongAsWhatItWasGivenFor(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	inside := func(c *http.Cookie) bool { return s.as(c, "GET /profile").StatusCode == 200 }
	token := func(c client) int { status, _ := c.try("GET", "/me", nil); return status }

	cara := s.person("customer", "cara@acme.test", "Cara")
	planted := &http.Cookie{Name: s.cookie(s.session("cara@acme.test")).Name, Value: "plantedplantedplantedplantedplantedplanted1"}
	answer, _ := s.ask(s.session0(), "POST /signin email=cara@acme.test&password="+url.QueryEscape(password), "Cookie", planted.Name+"="+planted.Value, "Sec-Fetch-Site", "same-origin")
	given := answer.Cookies()[0]
	s.want("a planted id is taken over", given.Value == planted.Value || inside(planted), false)
	s.want("the cookie is for this host, this site and no script", given.Domain+given.Path, "/")
	s.want("HttpOnly and Lax", given.HttpOnly && given.SameSite == http.SameSiteLaxMode, true)
	s.want("she is inside", inside(given), true)
	// Another subdomain may set a cookie of that name beside ours: it opens nothing,
	// and who signs in again has a new id.
	both, _ := s.ask(s.session0(), "GET /profile", "Cookie", planted.Name+"="+planted.Value+"; "+given.Name+"="+given.Value)
	s.want("a cookie of a subdomain before ours", both.StatusCode == 200 && both.Header.Get("Set-Cookie") != "", false)
	again, _ := s.ask(s.session0(), "POST /signin email=cara@acme.test&password="+url.QueryEscape(password), "Cookie", given.Name+"="+given.Value, "Sec-Fetch-Site", "same-origin")
	s.want("the id after signing in again is another", again.Cookies()[0].Value == given.Value, false)
	s.want("the one before it is dead", inside(given), false)

	one, other := s.cookie(s.session("cara@acme.test")), s.cookie(s.session("cara@acme.test"))
	s.as(one, "POST /signout")
	s.want("after signing out", inside(one), false)
	s.want("the other browser", inside(other), true)

	one = s.cookie(s.session("cara@acme.test"))
	changed := s.as(one, "POST /profile/password old_password="+url.QueryEscape(password)+"&password=another+long+password")
	s.want("the password is changed", changed.StatusCode, 303)
	s.want("the other browser after a change of password", inside(other), false)
	s.want("the token after a change of password", token(cara), 401)
	if renewed := changed.Cookies(); len(renewed) == 1 {
		s.want("the id before the change", inside(one) && renewed[0].Value != one.Value, false)
		one = renewed[0]
	}
	s.want("the browser that changed it", inside(one), true)

	for what, end := range map[string]func(id string){
		"disable":     func(id string) { s.owner.do("POST", path("/users/%v/disable", id), nil) },
		"a promotion": func(id string) { s.owner.do("PUT", path("/users/%v", id), object{"role": "ADMIN"}) },
		"a demotion":  func(id string) { s.owner.do("PUT", path("/users/%v", id), object{"role": "CUSTOMER"}) },
	} {
		email := strings.ReplaceAll(what, " ", "") + "@desk.test"
		who := s.person("agent", email, "Abe")
		first, second := s.cookie(s.session(email)), s.cookie(s.session(email))
		s.want("before "+what, inside(first) && inside(second) && token(who) == 200, true)
		end(who.id)
		s.want("after "+what, inside(first) || inside(second), false)
		s.want("the token after "+what, token(who), 401)
		s.want("a post after "+what, s.as(first, "POST /profile full_name=Evil").StatusCode, 303)
		s.want("it changed", s.owner.do("GET", path("/users/%v", who.id), nil)["full_name"], "Abe")
	}
}

func TestA37AnotherSiteCanMakeNobodysBrowserAct(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	c.quiet()
	foreign := [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.test"}, {"Origin", "null"},
		{"Origin", "http://localhost:8080.evil.test"}, {"Origin", "http://evil.localhost:8080"}, {"Origin", "https://localhost:8080"}}
	// Every write of the role table, by an owner who may do all of them.
	owner := c.players["owr"]
	for i, d := range append(conversationDeeds, peopleDeeds...) {
		if !strings.HasPrefix(d.page, "POST") {
			continue
		}
		asked, done := d.page, d.done
		c.fill(owner, &asked, &done)
		answer, _ := c.ask(owner.http, asked, foreign[i%len(foreign)]...)
		c.want(asked+" from another site", answer.StatusCode, 403)
		if done != "" && !strings.Contains(d.page, "/{me}") {
			c.want(asked+" from another site came about", c.Text(t, `select `+done), false)
		}
	}
	for _, headers := range foreign {
		// Signing a victim in as somebody else, or out.
		for _, form := range []string{"POST /signin email=own@acme.test&password=" + url.QueryEscape(password), "POST /signout", "POST /reset email=own@acme.test", "POST /signin/link email=own@acme.test"} {
			answer, _ := c.ask(c.session0(), form, headers...)
			c.want(form+" from another site", answer.StatusCode, 403)
			c.want(form+" from another site begins a session", strings.Contains(strings.Join(answer.Header.Values("Set-Cookie"), ""), "session=") && answer.StatusCode < 400, false)
		}
	}
	// The API knows no cookie, and grants no other site anything.
	for _, request := range []string{"GET /api/v1/me", `POST /api/v1/teams {"title":"x"}`, `PUT /api/v1/users/` + owner.id + ` {"full_name":"x"}`} {
		answer, _ := c.ask(owner.http, request, "Origin", "https://evil.test")
		c.want(request+" with a cookie alone", answer.StatusCode, 401)
		c.want(request+" is shared", answer.Header.Get("Access-Control-Allow-Origin"), "")
	}
	// No page stands in a frame of another site.
	for _, page := range []string{"/", "/signin", "/reset", "/agent", "/profile", "/conversations", "/agent/users", "/agent/users/new", "/admin/directory", "/admin/settings", "/nothing", "/accept/x"} {
		answer, _ := c.ask(owner.http, "GET "+page)
		c.want(page+" may be framed", strings.Contains(answer.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") && answer.Header.Get("X-Frame-Options") == "DENY", true)
	}
	// No upgrade to a connection that the origin check does not see.
	answer, _ := c.ask(owner.http, "GET /agent", "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==", "Origin", "https://evil.test")
	c.want("a websocket", answer.StatusCode == http.StatusSwitchingProtocols, false)
}
