package web

import (
	"encoding/json"
	"fmt"
	"strings"
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

// sample is a value of a schema.
func sample(doc map[string]any, schema any) any {
	if ref, ok := dig(schema, "$ref").(string); ok {
		return sample(doc, dig(doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...))
	}
	if any, ok := dig(schema, "oneOf").([]any); ok {
		return sample(doc, any[0])
	}
	if values, ok := dig(schema, "enum").([]any); ok {
		return values[0]
	}
	kind := dig(schema, "type")
	if list, ok := kind.([]any); ok {
		kind = list[0]
	}
	switch kind {
	case "object":
		v := map[string]any{}
		properties, _ := dig(schema, "properties").(map[string]any)
		for name, of := range properties {
			v[name] = sample(doc, of)
		}
		return v
	case "array":
		return []any{sample(doc, dig(schema, "items"))}
	case "integer":
		return 987654
	case "boolean":
		return false
	}
	return "x"
}

// Every field of a body that is described is one that the server takes, and of the
// type that it takes.
func TestTheServerTakesEveryFieldThatIsDescribed(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	doc, asked := described(t), 0
	for _, row := range apiMatrix {
		method, path, _ := strings.Cut(row.route, " ")
		schema := dig(doc, "paths", path, strings.ToLower(method), "requestBody", "content", "application/json", "schema")
		if schema == nil {
			if row.body != "" {
				t.Errorf("%s takes a body that is not described", row.route)
			}
			continue
		}
		body, err := json.Marshal(sample(doc, schema))
		if err != nil {
			t.Fatal(err)
		}
		_, at, _ := a.request(t, row, false)
		res := a.call(t, "adm", method, at, string(body))
		if ignored := res.Header().Get("Ignored-Fields"); ignored != "" {
			t.Errorf("%s describes fields that the server does not take: %s", row.route, ignored)
		}
		if _, parameter, message := res.fault(); strings.Contains(message, "does not fit here") || strings.Contains(message, "not the JSON") {
			t.Errorf("%s: %s of the described type is refused: %s", row.route, parameter, message)
		}
		asked++
	}
	if asked < 15 {
		t.Errorf("%d bodies are described", asked)
	}
}
