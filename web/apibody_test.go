package web

import (
	"fmt"
	"testing"
)

func TestFieldsThatNobodyTakesAreNamedOrRefusedAndNeverStored(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	oth := fmt.Sprintf("/users/%d", a.people["oth"].ID)
	for _, c := range []struct{ method, path, body, ignored string }{
		{"PUT", oth, `{"Full_Name":"Same","verified":true,"id":1}`, "id, verified"},
		{"PUT", oth, `{"full_name":"Same","time_zone":null,"tags":["vip"]}`, ""},
		{"POST", "/invites", `{"invitees":[{"email":"new@desk.test","role":"AGENT","is_enabled":true}],"all":1}`, "all, invitees[0].is_enabled"},
		{"PUT", "/roles", `{"role":"AGENT","permissions":{"merge":true,"become_admin":true}}`, "permissions.become_admin"},
		{"PUT", "/me", `{"full_name":"Me","a b":1,"x\r\nSet-Cookie: a":1}`, "(another)"},
	} {
		res := a.call(t, "adm", c.method, c.path, c.body)
		if got := res.Header().Get("Ignored-Fields"); res.Code >= 300 || got != c.ignored {
			t.Errorf("%s %s: %d, ignored %q, want %q: %s", c.method, c.body, res.Code, got, c.ignored, res.Body)
		}
	}
	res := a.call(t, "adm", "PUT", oth, `{"full_name":"Changed","verified":true}`, "Prefer", "return=minimal, handling=strict")
	if code, parameter, _ := res.fault(); res.Code != 400 || code != "FIELD_INVALID" || parameter != "verified" {
		t.Errorf("strict: %d %s", res.Code, res.Body)
	}
	fields(t, a.call(t, "adm", "GET", oth, "").data(t), fmt.Sprintf(`{"id":%d,"full_name":"Same","tags":["vip"],"is_enabled":true}`, a.people["oth"].ID))
}

func TestABodyHasToBeJSON(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	path := fmt.Sprintf("/users/%d/notes", a.people["own"].ID)
	for _, c := range []struct {
		kind, body string
		want       int
	}{
		{"application/json; charset=utf-8", `{"contents":"Hush"}`, 201}, {"application/merge-patch+json", `{"contents":"Hush"}`, 201},
		{"application/x-www-form-urlencoded", `{"contents":"Hush"}`, 201}, // curl -d
		{"application/x-www-form-urlencoded", "contents=Hush", 415}, {"text/plain", `{"contents":"Hush"}`, 415},
		{"multipart/form-data; boundary=x", "--x--", 415}, {"/;", `{"contents":"Hush"}`, 415}, {"text/xml", "", 400},
	} {
		res := a.call(t, "agt", "POST", path, c.body, "Content-Type", c.kind)
		code, parameter, _ := res.fault()
		if res.Code != c.want || c.want == 415 && (code != "REQUEST_INVALID" || parameter != "Content-Type") {
			t.Errorf("%s %s: %d %s", c.kind, c.body, res.Code, res.Body)
		}
		checkAnswer(t, "POST", "/users/{id}/notes", res)
	}
}
