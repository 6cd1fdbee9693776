package web

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/alexedwards/scs/v2"

	"postdesk/core"
	"postdesk/core/coretest"
)

// A sink takes the log of a site, of pages and desk.
type sink struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// loggedSite is a site whose log is kept, as the program writes it.
func loggedSite(t *testing.T) (*site, *sink) {
	t.Helper()
	kept := &sink{}
	log := slog.New(slog.NewJSONHandler(kept, &slog.HandlerOptions{Level: slog.LevelDebug}))
	d := coretest.OpenDesk(t, core.Config{PublicURL: "https://desk.test", Read: readTest, Logger: log})
	return siteOf(t, d, Config{Desk: d.Desk, PublicURL: "http://desk.test", Sessions: scs.New(), Logger: log, Read: readTest, Compose: composeTest}), kept
}

var acceptLink = regexp.MustCompile(`/accept/([\w-]{10,})`)

// S9 of reliability.md: what a secret was shown to keeps none of it.
func TestS9NoSecretIsInALogAnErrorPageOrAnExport(t *testing.T) {
	t.Parallel()
	w, kept := loggedSite(t)
	const right, wrong = "correct-horse-battery-7431", "wrong-horse-battery-9917"
	var pages strings.Builder
	see := func(a answer) answer { pages.WriteString(a.Body); return a }
	// A link, the password that it is used with, the session that it gives, a token.
	copied := w.ask(t, "admin", "/agent/users/{user}/copy-link", url.Values{})
	found := acceptLink.FindStringSubmatch(copied.Body)
	if found == nil {
		t.Fatalf("no link in %d %.500s", copied.Status, copied.Body)
	}
	used := w.ask(t, "", "/accept/"+found[1], url.Values{"password": {right}}, "Sec-Fetch-Site", "same-origin")
	cookie, _, _ := strings.Cut(used.Header.Get("Set-Cookie"), ";")
	_, session, _ := strings.Cut(cookie, "=")
	token, err := w.CreateToken(t.Context(), w.people["admin"].Address.String())
	if err != nil || len(session) < 20 {
		t.Fatalf("%v, session %q, %d", err, session, used.Status)
	}
	secrets := map[string]string{"link": found[1], "password": right, "wrong password": wrong, "session": session, "token": token}
	walk := func() {
		see(w.ask(t, "", "/accept/"+found[1], nil))
		see(w.ask(t, "", "/accept/"+found[1], url.Values{"password": {right}}))
		for _, password := range []string{right, wrong} {
			see(w.ask(t, "", "/signin", url.Values{"email": {"somebody@people.test"}, "password": {password}}))
		}
		see(w.ask(t, "", "/signin?next=/accept/x", url.Values{"email": {"somebody@people.test\r\nx: y"}, "password": {wrong}, "next": {"//evil.test"}}))
		see(w.ask(t, "", "/profile", nil, "Cookie", cookie))
		see(w.ask(t, "", "/nowhere", nil, "Cookie", cookie))
		see(w.ask(t, "", "/profile/password", url.Values{"old_password": {wrong}, "password": {right}}, "Cookie", cookie))
		for _, path := range []string{"/api/v1/me", "/api/v1/users", "/api/v1/nothing", "/api/v1/audit?limit=0"} {
			see(w.api(t, token, "GET", path, ""))
			see(w.api(t, token+"x", "GET", path, ""))
		}
		see(w.api(t, token, "POST", "/api/v1/cases", `{"subject":`))
	}
	walk()
	for _, path := range []string{"/agent/export/conversations.csv", "/agent/export/users.csv", "/agent/export/audit.csv"} {
		see(w.ask(t, "admin", path, nil))
	}
	// And once more with everything broken: errors are told to the log.
	for _, table := range []string{"links", "audit", "conversations", "api_usage", "sign_in_attempts"} {
		w.Exec(t, `alter table `+table+` rename to gone_`+table)
	}
	walk()
	log := kept.String()
	if !strings.Contains(log, "page failed") || !strings.Contains(log, "api request failed") || !strings.Contains(pages.String(), "Reference") {
		t.Fatalf("nothing failed: %.1000s", log)
	}
	for name, secret := range secrets {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds the %s", name)
		}
		if strings.Contains(pages.String(), secret) && name != "link" { // its own form leads to it
			t.Errorf("a page or an export holds the %s", name)
		}
	}
	for _, word := range []string{"SQLSTATE", "gone_", "$argon2", "goroutine"} {
		if strings.Contains(pages.String(), word) {
			t.Errorf("a page or an answer holds %q", word)
		}
	}
}

func TestA42EveryLineOfTheLogIsOneLineOfJSONWhateverIsSent(t *testing.T) {
	t.Parallel()
	w, kept := loggedSite(t)
	w.Exec(t, `alter table conversations rename to gone`)
	const nasty = "\x1b[2J\x1b]0;title\x07\"},{\"level\":\"ERROR\",\"msg\":\"forged\"}"
	for _, path := range []string{"/agent?q=" + url.QueryEscape(nasty+"\r\nforged"), "/agent/conversations/1?x=" + url.QueryEscape(nasty), "/conversations"} {
		if got := w.ask(t, "admin", path, nil, "User-Agent", "agent \"quoted\" \\", "Referer", "https://x.test/\"", "X-Request-Id", `"}{`); got.Status != 500 || strings.Contains(got.Body, "gone") {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
	lines := 0
	for line := range strings.Lines(kept.String()) {
		var entry map[string]any
		lines++
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry["msg"] == "forged" || strings.ContainsAny(line, "\x1b\x07\r") {
			t.Errorf("%q: %v", line, err)
		}
	}
	if lines < 3 {
		t.Errorf("%d lines", lines)
	}
	w.Exec(t, `alter table gone rename to conversations`)
	if got := w.ask(t, "admin", "/agent", nil); got.Status != 200 {
		t.Errorf("afterwards: %d", got.Status)
	}
}

// A41: no header says where a request comes from, unless a configured proxy wrote it.
func TestA41ASpoofedAddressDoesNotGetAroundTheThrottle(t *testing.T) {
	t.Parallel()
	w, _ := loggedSite(t)
	try := func() int {
		const spoofed = "198.51.100.7"
		return w.ask(t, "", "/signin", url.Values{"email": {"nobody@nobody.test"}, "password": {"guessed it"}},
			"X-Forwarded-For", spoofed, "X-Real-IP", spoofed, "Forwarded", "for="+spoofed, "True-Client-IP", spoofed, "CF-Connecting-IP", spoofed).Status
	}
	before := try()
	// Ten by the client that really asks.
	w.Exec(t, `insert into sign_in_attempts (subject, at) select 'client 127.0.0.1', now() - n * interval '1 second' from generate_series(1, 10) n`)
	if after := try(); before == http.StatusTooManyRequests || after != http.StatusTooManyRequests {
		t.Errorf("the first try in a minute: %d, the twelfth: %d", before, after)
	}
}

// raw sends bytes, and gives the statuses of all answers until the server hangs up.
func (w *site) raw(t *testing.T, request string) (statuses []int) {
	t.Helper()
	at, err := url.Parse(w.root)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", at.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	if half, ok := c.(*net.TCPConn); ok {
		_ = half.CloseWrite()
	}
	in := bufio.NewReader(c)
	for {
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return statuses
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		statuses = append(statuses, res.StatusCode)
	}
}

func TestA41ARequestHasOneLengthAndHidesNoOther(t *testing.T) {
	t.Parallel()
	w, _ := loggedSite(t)
	const hidden = "POST /signin HTTP/1.1\r\nHost: desk.test\r\nContent-Length: 0\r\n\r\n"
	for name, head := range map[string]string{
		"two lengths":           "Content-Length: 3\r\nContent-Length: 0\r\n",
		"a list of lengths":     "Content-Length: 0, 3\r\n",
		"a length with a sign":  "Content-Length: +0\r\n",
		"a space before colon":  "Content-Length : 0\r\n",
		"an unknown coding":     "Transfer-Encoding: xchunked\r\n",
		"chunked not at last":   "Transfer-Encoding: chunked, identity\r\n",
		"a folded coding":       "Transfer-Encoding:\r\n chunked, x\r\n",
		"a bare line end":       "X: y\nContent-Length 0\r\n",
		"a header with control": "X-\x00: y\r\n",
	} {
		got := w.raw(t, "POST /signin HTTP/1.1\r\nHost: desk.test\r\n"+head+"\r\n"+hidden)
		if len(got) != 1 || got[0] != 400 && got[0] != 501 {
			t.Errorf("%s: answers %v, want one refusal", name, got)
		}
	}
	// A control: two whole requests have two answers.
	if got := w.raw(t, "GET /signin HTTP/1.1\r\nHost: desk.test\r\n\r\nGET /signin HTTP/1.1\r\nHost: desk.test\r\n\r\n"); len(got) != 2 {
		t.Errorf("two requests: %v", got)
	}
	if got := w.raw(t, "GET /signin HTTP/1.1\r\nHost: desk.test\r\nX: "+strings.Repeat("x", 2<<20)+"\r\n\r\n"); len(got) != 1 || got[0] != 431 {
		t.Errorf("endless headers: %v", got)
	}
}
