package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/alexedwards/scs/v2"
)

func TestTheServerAnswersTheAPIInJSONAndByTokenAlone(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	h, err := New(Config{Desk: a.Desk.Desk, PublicURL: "https://desk.test", Sessions: scs.New()})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()
	for _, c := range []struct {
		method, path, caller string
		want                 int
	}{
		{"GET", "/me", "agt", 200}, {"HEAD", "/me", "agt", 200}, {"GET", "/me", "", 401}, {"GET", "", "agt", 404}, {"GET", "/", "agt", 404},
		{"GET", "/nothing", "agt", 404}, {"PATCH", "/me", "agt", 405}, {"GET", "/me/", "agt", 404}, {"POST", "/cases", "agt", 400},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, server.URL+"/api/v1"+c.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+a.tokens[c.caller])
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		envelope := fmt.Sprintf(`{"status":%d,`, c.want)
		if res.StatusCode != c.want || res.Header.Get("Content-Type") != jsonType || c.method != "HEAD" && !strings.HasPrefix(string(body), envelope) {
			t.Errorf("%s %s: %d %s %s", c.method, c.path, res.StatusCode, res.Header.Get("Content-Type"), body)
		}
		if res.Header.Get("Cache-Control") != "no-store" || len(res.Cookies()) > 0 {
			t.Errorf("%s %s: %v", c.method, c.path, res.Header)
		}
	}
}

func TestADisabledPersonsTokenIsDead(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	path := fmt.Sprintf("/users/%d", a.people["oth"].ID)
	fields(t, a.call(t, "agt", "POST", path+"/disable", "").data(t), `{"is_enabled":false,"full_name":"Oth"}`)
	for range 2 {
		if res := a.call(t, "oth", "GET", "/me", ""); res.Code != 401 {
			t.Errorf("%d %s", res.Code, res.Body)
		}
		a.call(t, "agt", "POST", path+"/enable", "").data(t) // does not bring it back
	}
}

func FuzzABodyIsReadOrRefused(f *testing.F) {
	for _, seed := range []string{"", "{}", "null", `{"a":"x","b":{"c":[1]},"d":null}`, `{"b":{"c":["x"]}}`, "[", "{\n\"a\":\n}", `{"d":1.5}`, "{} x", "\xff", `{"a":"\ud800"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var form struct {
			A string `json:"a"`
			B struct {
				C []int64 `json:"c"`
			} `json:"b"`
			D optional[int64] `json:"d"`
		}
		err := (&apiCall{body: body}).decode(&form)
		if err == nil {
			return
		}
		if status, problems := refusal(err); status != 400 || len(problems) != 1 || problems[0].Message == "" {
			t.Errorf("%q: %d %v", body, status, problems)
		}
		var fault apiFault
		if errors.As(err, &fault) && !strings.Contains(fault.message, "line ") {
			t.Errorf("%q: no line in %q", body, fault.message)
		}
	})
}
