package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// linkTo waits for the newest mail to somebody that says something, and gives the
// link in it.
func (s *story) linkTo(address, saying string) string {
	s.t.Helper()
	links := s.got(address, saying).Links()
	if len(links) == 0 {
		s.t.Fatalf("no link to %s in the mail that says %q", address, saying)
	}
	return links[0]
}

// resetFor asks for a new password, as anybody can, and gives the link that came.
func (s *story) resetFor(address string) string {
	s.t.Helper()
	s.quiet()
	before := len(s.outbox(address))
	s.sql(`delete from sign_in_attempts`)
	b := s.stranger()
	b.open("/reset")
	b.submit("/reset", url.Values{"email": {address}})
	s.quiet()
	if all := s.outbox(address); len(all) > before {
		return all[len(all)-1].Links()[0]
	}
	return ""
}

// credentials are all that opens an account: nothing may change them but who may.
func (s *story) credentials() string {
	s.t.Helper()
	return s.text(`select string_agg(concat_ws(' ', u.id, u.role, u.enabled, u.password_hash, u.credential_version, a.address, a.verified_at, a.is_primary), '; ' order by u.id, a.address)
		from users u left join addresses a on a.user_id = u.id`)
}

func TestA32WhoWasThereBeforeTheVictimHasNothingOfThem(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.person("customer", "eve@other.test", "Eve")
	// Before Cara's first mail: a reset, a sign-in and an address of Eve's account.
	s.want("a reset of nobody", s.resetFor("cara@acme.test"), "")
	eve := s.signedIn("eve@other.test")
	eve.open("/profile")
	eve.post("/profile/addresses", url.Values{"email": {"cara@acme.test"}})
	asked := s.linkTo("cara@acme.test", "/accept/")
	s.file(letter{From: "cara@acme.test", Subject: "My printer", Text: "It does not print."})
	cara := s.owner.list("/users?email=cara@acme.test")[0]
	s.want("Cara is herself", cara["role"], "CUSTOMER")
	s.want("nobody set her a password", cara["has_password"], false)
	s.want("Eve has one address", len(s.owner.list("/users?email=eve@other.test")[0]["emails"].([]any)), 1)
	// The mail that Eve had sent to Cara gives her address to nobody any more.
	late := s.stranger()
	late.open(asked)
	late.post(late.at.Path, url.Values{"password": {password}})
	if late.code < 400 {
		t.Errorf("Eve's link still works: %d at %s", late.code, late.at)
	}
	s.want("whose is cara@", s.owner.list("/users?email=cara@acme.test")[0]["id"], cara["id"])

}

func TestA32ProvingAnAddressEndsWhateverWasOpenBefore(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.person("customer", "cara@acme.test", "Cara")
	thief := s.session("cara@acme.test") // who knows her password
	older := s.resetFor("cara@acme.test")
	s.ask(thief, "POST /profile/addresses email=eve@other.test", "Sec-Fetch-Site", "same-origin")
	change := s.linkTo("eve@other.test", "/accept/")
	newest := s.resetFor("cara@acme.test")
	cara := s.stranger()
	cara.open(newest)
	cara.submit(cara.at.Path, url.Values{"password": {"only Cara knows this"}})
	s.want("Cara is in", cara.code, 200)
	for what, link := range map[string]string{"an older reset": older, "an address asked for before": change, "the same again": newest} {
		late := s.stranger()
		late.open(link)
		s.want(what+" is", late.code, 410)
		late.post(late.at.Path, url.Values{"password": {password}})
		s.want(what+", pressed, is", late.code, 410)
	}
	answer, _ := s.ask(thief, "GET /conversations")
	s.want("the other session leads to", answer.Header.Get("Location"), "/signin?next=%2Fconversations")
	s.want("addresses", len(s.owner.list("/users?email=cara@acme.test")[0]["emails"].([]any)), 1)
}

// linksOfEachKind are unused links: of an invite, a verification, a reset and a
// sign-in, with the address they went to.
func (s *story) linksOfEachKind() map[string]string {
	s.t.Helper()
	s.owner.do("POST", "/invites", object{"invitees": []object{{"full_name": "Zoe", "email": "zoe@desk.test", "role": "AGENT"}}})
	s.file(letter{From: "vera@acme.test", Text: "Hello."})
	s.person("customer", "rita@acme.test", "Rita")
	s.person("customer", "sina@acme.test", "Sina")
	b := s.stranger()
	b.post("/signin/link", url.Values{"email": {"sina@acme.test"}})
	return map[string]string{"invite": s.linkTo("zoe@desk.test", "/accept/"), "verify": s.linkTo("vera@acme.test", "/accept/"),
		"reset": s.resetFor("rita@acme.test"), "sign-in": s.linkTo("sina@acme.test", "/accept/")}
}

func TestA33ASecretThatIsNotExactlyTheNewestDoesNothing(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	links := s.linksOfEachKind()
	verify := strings.TrimPrefix(links["verify"], s.at.PublicURL+"/accept/")
	reset := strings.TrimPrefix(links["reset"], s.at.PublicURL+"/accept/")
	replyToken, _, _ := strings.Cut(strings.TrimPrefix(s.got("vera@acme.test", "has reached us").replyTo(), "support+"), "@")
	flipped := []byte(verify)
	flipped[len(flipped)/2] ^= 1
	s.sql(`update links set expires_at = now() - interval '1 second' where purpose = 'reset'`)
	known := map[string]string{"truncated": verify[:len(verify)-1], "longer": verify + "A", "upper case": strings.ToUpper(verify), "lower case": strings.ToLower(verify),
		"one bit": string(flipped), "expired": reset, "a reply token": replyToken, "an API token": s.owner.token, "null": "null", "undefined": "undefined",
		"nothing": "%20", "NUL": "%00", "a quote": "'%20or%20''='", "a wildcard": "%25", "a backslash": "..%5C..", "its hash": s.text(`select encode(secret_hash, 'hex') from links limit 1`),
		"very long": strings.Repeat("a", 4000)}
	before := s.credentials()
	plain := ""
	for name, secret := range known {
		for _, method := range []string{"GET", "POST"} {
			answer, body := s.ask(s.session0(), method+" /accept/"+secret+" password="+strings.ReplaceAll(password, " ", "+")+"&name=X&email=evil@other.test", "Sec-Fetch-Site", "none")
			if answer.StatusCode != 410 && answer.StatusCode != 404 {
				t.Errorf("%s by %s: %d", name, method, answer.StatusCode)
			}
			if len(answer.Cookies()) > 0 {
				t.Errorf("%s by %s begins a session", name, method)
			}
			if plain == "" {
				plain = body
			}
			s.want(name+" by "+method+": the same page as every other", body == plain, true)
		}
	}
	s.want("accounts", s.credentials(), before)
	// Neither is a link of one person another one's, nor one of a kind another's.
	s.want("secrets stored as they are", s.count(`select count(*) from links where encode(secret_hash, 'escape') like '%`+verify[:20]+`%'`), 0)
	for _, as := range []string{"invite", "sign-in"} {
		b := s.stranger()
		b.open(links[as])
		s.want(as+" still works", b.code, 200)
	}
	invited := s.stranger()
	invited.open(links["invite"])
	invited.submit(invited.at.Path, url.Values{"password": {password}, "name": {"Zoe"}})
	s.want("the invite opens its own role", s.owner.list("/users?email=zoe@desk.test")[0]["role"], "AGENT")
	s.want("and nobody else's account", s.owner.list("/users?email=vera@acme.test")[0]["has_password"], false)
	again := s.stranger()
	again.open(links["invite"])
	s.want("a second time", again.code, 410)
}

// session0 is a browser that never signed in, and follows no redirect.
func (s *story) session0() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func TestA34AResetLinkIsAtOurAddressWhateverTheRequestSaysOfItsHost(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	form := func(i int) string { return fmt.Sprintf("email=cara%d%%40acme.test", i) }
	for i, head := range []string{
		"POST /reset HTTP/1.1\r\nHost: evil.test",
		"POST /reset HTTP/1.1\r\nHost: evil.test:8080\r\nX-Forwarded-Host: evil.test\r\nX-Forwarded-Proto: https\r\nForwarded: host=evil.test",
		"POST /reset HTTP/1.1\r\nHost: localhost:8080\r\nX-Forwarded-Host: evil.test\r\nX-Host: evil.test\r\nX-Original-URL: //evil.test/reset\r\nX-Forwarded-Server: evil.test",
		"POST http://evil.test/reset HTTP/1.1\r\nHost: localhost:8080",
		"POST http://evil.test/reset HTTP/1.1\r\nHost: evil.test",
		"POST /reset HTTP/1.1\r\nHost: localhost:8080@evil.test",
		"POST /reset HTTP/1.1\r\nHost: localhost:8080\r\nHost: evil.test",
		"POST /reset HTTP/1.0",
	} {
		s.person("customer", fmt.Sprintf("cara%d@acme.test", i), "Cara")
		s.sql(`delete from sign_in_attempts`)
		status := s.rawHTTP(head + fmt.Sprintf("\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(form(i)), form(i)))
		s.quiet()
		mails := s.outbox(fmt.Sprintf("cara%d@acme.test", i))
		if status == 400 { // two hosts, or one that is none: not even looked at
			s.want(head+": mails", len(mails), 0)
			continue
		}
		s.want(head, status, 200)
		s.want(head+": mails", len(mails), 1)
		s.want(head+": the link is ours", strings.HasPrefix(mails[0].Links()[0], s.at.PublicURL+"/accept/"), true)
		s.want(head+": their host is in the mail", strings.Contains(mails[0].all(), "evil.test"), false)
	}
}

// rawHTTP sends octets to the panel and gives the status of the answer.
func (s *story) rawHTTP(octets string) int {
	s.t.Helper()
	c, err := net.Dial("tcp", s.at.HTTP)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(c, octets); err != nil {
		s.t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		s.t.Fatalf("%.80q: %v", octets, err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

func TestA40AScannerThatOpensALinkUsesNothingUp(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	links := s.linksOfEachKind()
	s.quiet()
	before := s.credentials() + s.text(`select string_agg(concat_ws(' ', purpose, consumed_at, revoked_at), ';' order by purpose) from links`)
	scanners := [][]string{{"User-Agent", "Mozilla/5.0 (compatible; SafeLinks)", "X-Ms-Exchange-Organization", "1"},
		{"Purpose", "prefetch", "Sec-Purpose", "prefetch;prerender", "X-Moz", "prefetch"}, {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}}
	for kind, link := range links {
		target := strings.TrimPrefix(link, s.at.PublicURL)
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "GET", "PROPFIND", "PUT", "DELETE"} {
			for _, headers := range scanners {
				answer, _ := s.ask(s.session0(), method+" "+target, headers...)
				if shown := method == "GET" || method == "HEAD"; (answer.StatusCode == 200) != shown || answer.StatusCode >= 500 {
					t.Errorf("%s of a link (%s) with %v: %d", method, kind, headers, answer.StatusCode)
				}
				s.want(kind+" by "+method+" begins a session", len(answer.Cookies()), 0)
			}
		}
		// What follows links does not come from our page.
		answer, _ := s.ask(s.session0(), "POST "+target+" password=long+enough+words&name=X", "Sec-Fetch-Site", "cross-site")
		s.want(kind+" posted from another site", answer.StatusCode, 403)
	}
	s.want("accounts and links", s.credentials()+s.text(`select string_agg(concat_ws(' ', purpose, consumed_at, revoked_at), ';' order by purpose) from links`), before)
	for kind, link := range links {
		s.sql(`delete from sign_in_attempts`)
		person, late := s.stranger(), s.stranger()
		person.open(link)
		late.open(link)
		values := url.Values{}
		if kind != "sign-in" {
			values.Set("password", password)
		}
		person.submit(person.at.Path, values)
		s.want("a person with the "+kind+" is in", person.at.Path == "/conversations" || person.at.Path == "/agent", true)
		late.submit(late.at.Path, values)
		s.want("the second to press the "+kind, late.code, 410)
	}
}
