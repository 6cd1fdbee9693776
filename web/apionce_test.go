package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"postdesk/core"
)

const onceBody = `{"subject":"Once","contents":"C","requester_email":"once@new.test"}`

func TestRequestsAtOnceWithOneKeyAreDoneOnceAndAnsweredAlike(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	const n = 8
	answers := make([]apiResponse, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { answers[i] = a.call(t, "agt", "POST", "/cases", onceBody, "Idempotency-Key", "k1") })
	}
	all.Wait()
	for _, res := range answers {
		if res.Code != 201 || res.Body.String() != answers[0].Body.String() {
			t.Errorf("%d %s, the first got %s", res.Code, res.Body, answers[0].Body)
		}
	}
	if made := a.Text(t, `select count(*) from conversations`); made != "1" {
		t.Errorf("%s cases were made", made)
	}
	if sent := a.Text(t, `select count(*) from deliveries where recipient = 'once@new.test'`); sent != "1" {
		t.Errorf("%s mails were written", sent)
	}
}

func TestARepeatedRequestSaysSoAndIsNotDoneAgain(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	first := a.call(t, "agt", "POST", "/cases", onceBody, "Idempotency-Key", "k1")
	again := a.call(t, "agt", "POST", "/cases", onceBody, "Idempotency-Key", "k1")
	if first.Header().Get("Idempotency-Replayed") != "" || again.Header().Get("Idempotency-Replayed") != "true" {
		t.Error("only the second answer is a repeated one")
	}
	if again.Code != 201 || again.Body.String() != first.Body.String() {
		t.Errorf("%d %s, the first got %s", again.Code, again.Body, first.Body)
	}
	for name, res := range map[string]apiResponse{
		"another key":    a.call(t, "agt", "POST", "/cases", onceBody, "Idempotency-Key", "k2"),
		"another person": a.call(t, "adm", "POST", "/cases", onceBody, "Idempotency-Key", "k1"),
		"no key":         a.call(t, "agt", "POST", "/cases", onceBody),
	} {
		if res.Code != 201 || res.Body.String() == first.Body.String() {
			t.Errorf("%s: %d %s", name, res.Code, res.Body)
		}
	}
}

func TestARefusalIsRepeatedToo(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	body := `{"email":"own@acme.test"}`
	first := a.call(t, "agt", "POST", "/users", body, "Idempotency-Key", "k1")
	a.Exec(t, `update addresses set address = 'moved@acme.test' where address = 'own@acme.test'`)
	again := a.call(t, "agt", "POST", "/users", body, "Idempotency-Key", "k1")
	if first.Code != 400 || again.Code != 400 || again.Body.String() != first.Body.String() {
		t.Errorf("%d %s, then %d %s", first.Code, first.Body, again.Code, again.Body)
	}
}

func TestAKeyOfAnotherRequestIsAConflict(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	id := a.aCase(t)
	first := a.call(t, "agt", "POST", fmt.Sprintf("/cases/%d/notes", id), `{"contents":"One"}`, "Idempotency-Key", "k1")
	if first.Code != 201 {
		t.Fatalf("%d %s", first.Code, first.Body)
	}
	for name, res := range map[string]apiResponse{
		"body":   a.call(t, "agt", "POST", fmt.Sprintf("/cases/%d/notes", id), `{"contents":"Two"}`, "Idempotency-Key", "k1"),
		"path":   a.call(t, "agt", "POST", fmt.Sprintf("/cases/%d/reply", id), `{"contents":"One"}`, "Idempotency-Key", "k1"),
		"method": a.call(t, "agt", "PUT", fmt.Sprintf("/cases/%d", id), `{"contents":"One"}`, "Idempotency-Key", "k1"),
	} {
		if code, _, _ := res.fault(); res.Code != 409 || code != "RESOURCE_CONFLICT" {
			t.Errorf("another %s: %d %s", name, res.Code, res.Body)
		}
	}
}

func TestAnAnswerFromBeforeAChangeOfRoleIsNotRepeated(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	path := fmt.Sprintf("/cases/%d/notes", a.aCase(t))
	if res := a.call(t, "col", "POST", path, `{"contents":"Hush"}`, "Idempotency-Key", "k1"); res.Code != 201 {
		t.Fatalf("%d %s", res.Code, res.Body)
	}
	a.Exec(t, `update users set role = 'customer' where id = $1`, a.people["col"].ID)
	res := a.call(t, "col", "POST", path, `{"contents":"Hush"}`, "Idempotency-Key", "k1")
	if res.Code != 409 || strings.Contains(res.Body.String(), "Hush") {
		t.Errorf("%d %s", res.Code, res.Body)
	}
}

// direct is a call past the token, to break it in the middle.
func (a *apiDesk) direct(ctx context.Context, caller, body string) (*api, *apiCall) {
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/api/v1/cases", strings.NewReader(body))
	return newAPI(a.Desk.Desk, slog.New(slog.DiscardHandler)), &apiCall{w: httptest.NewRecorder(), r: req, actor: a.people[caller], body: []byte(body)}
}

func TestARequestWithAKeyIsDoneToTheEndWhenItsClientGoesAway(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	ctx, hangUp := context.WithCancel(t.Context())
	h, c := a.direct(ctx, "agt", onceBody)
	out := h.once(c, "k1", func(c *apiCall) (apiAnswer, error) {
		hangUp()
		return h.createCase(c)
	})
	again := a.call(t, "agt", "POST", "/cases", onceBody, "Idempotency-Key", "k1")
	if out.status != 201 || again.Code != 201 || again.Body.String() != string(out.body) {
		t.Errorf("%d %s, then %d %s", out.status, out.body, again.Code, again.Body)
	}
}

func TestARequestThatBrokeIsNotTriedAgainByItsKey(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	h, c := a.direct(t.Context(), "agt", onceBody)
	out := h.once(c, "k1", func(c *apiCall) (apiAnswer, error) {
		if _, err := h.createCase(c); err != nil {
			t.Error(err)
		}
		panic("after the case was made")
	})
	again := a.call(t, "agt", "POST", "/cases", onceBody, "Idempotency-Key", "k1")
	if out.status != 500 || again.Code != 500 || a.Text(t, `select count(*) from conversations`) != "1" {
		t.Errorf("%d, then %d %s", out.status, again.Code, again.Body)
	}
}

func TestAKeyThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	for _, key := range []string{strings.Repeat("k", 256), "k\u00e9", "k\x7f"} {
		res := a.call(t, "agt", "POST", "/cases", onceBody, "Idempotency-Key", key)
		if _, parameter, _ := res.fault(); res.Code != 400 || parameter != "Idempotency-Key" {
			t.Errorf("%q: %d %s", key, res.Code, res.Body)
		}
	}
}

// Two handlers are two processes: the second one starts in the middle.
func TestATokenThatAsksTooOftenWaitsInEveryProcessAndNoOtherDoes(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	a.Exec(t, `update instance set api_requests_a_minute = 60`)
	processes := []http.Handler{a.handler(), a.handler()}
	passed, refused := 0, apiResponse{}
	for i := 0; i < 200 && refused.ResponseRecorder == nil; i++ { // a minute may end in between
		a.h = processes[i%2]
		switch res := a.call(t, "agt", "GET", "/me", ""); res.Code {
		case http.StatusOK:
			passed++
		default:
			refused = res
		}
	}
	if refused.ResponseRecorder == nil {
		t.Fatalf("%d requests passed", passed)
	}
	if passed < 60 {
		t.Errorf("refused after %d requests, 60 are allowed", passed)
	}
	if code, _, _ := refused.fault(); refused.Code != http.StatusTooManyRequests || code != "RATE_LIMIT_REACHED" ||
		refused.Header().Get("Retry-After") == "" || refused.Header().Get("X-RateLimit-Limit") != "60" || refused.Header().Get("X-RateLimit-Remaining") != "0" {
		t.Errorf("%d %v: %s", refused.Code, refused.Header(), refused.Body)
	}
	checkAnswer(t, "GET", "/me", refused)
	if res := a.call(t, "adm", "GET", "/me", ""); res.Code != 200 {
		t.Errorf("another token: %d", res.Code)
	}
}

func TestAProcessTellsOfRequestsTogether(t *testing.T) {
	t.Parallel()
	told, requests := 0, 0
	rate := &apiRate{seen: map[string]*tokenUse{}, count: func(_ context.Context, _ []byte, n int) (core.Usage, error) {
		told++
		requests += n
		return core.Usage{Requests: requests, Limit: 3000, Left: time.Hour}, nil
	}}
	passed := 0
	for range 3100 {
		if ok, err := rate.admit(t.Context(), httptest.NewRecorder(), "token"); ok && err == nil {
			passed++
		}
	}
	if passed != 3000 || told > 110 {
		t.Errorf("%d passed, in %d statements", passed, told)
	}
}
