package web

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var openAPIOnce = sync.OnceValues(func() (doc map[string]any, err error) {
	return doc, json.Unmarshal(openAPIDocument, &doc)
})

func described(t testing.TB) map[string]any {
	t.Helper()
	doc, err := openAPIOnce()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// dig walks into a description.
func dig(v any, path ...string) any {
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// checkAnswer holds an answer to the description: its status is among those that
// the route may give, and the body has exactly the fields described.
func checkAnswer(t *testing.T, method, pattern string, res apiResponse) {
	t.Helper()
	doc := described(t)
	answer := dig(doc, "paths", pattern, strings.ToLower(method), "responses", strconv.Itoa(res.Code))
	if ref, ok := dig(answer, "$ref").(string); ok {
		answer = dig(doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	content, _ := dig(answer, "content").(map[string]any)
	if len(content) == 0 {
		t.Errorf("%s %s: status %d is not described", method, pattern, res.Code)
		return
	}
	mime, _, _ := strings.Cut(res.Header().Get("Content-Type"), ";")
	media, ok := content[mime]
	if !ok {
		t.Errorf("%s %s: %d is %q, which is not described", method, pattern, res.Code, mime)
	}
	if mime != "application/json" {
		return
	}
	if res.json["status"] != float64(res.Code) {
		t.Errorf("%s %s: the envelope says %v, the status is %d", method, pattern, res.json["status"], res.Code)
	}
	if err := fits(doc, dig(media, "schema"), res.json); err != nil {
		t.Errorf("%s %s: %d: %v in %s", method, pattern, res.Code, err, res.Body)
	}
}

// fits checks a value against a schema, as far as this description goes. No
// object has fields that are not described.
func fits(doc map[string]any, schema, v any) error {
	if ref, ok := dig(schema, "$ref").(string); ok {
		return fits(doc, dig(doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...), v)
	}
	if any, ok := dig(schema, "oneOf").([]any); ok {
		var err error
		for _, one := range any {
			if err = fits(doc, one, v); err == nil {
				return nil
			}
		}
		return err
	}
	if values, ok := dig(schema, "enum").([]any); ok && !slices.Contains(values, v) {
		return fmt.Errorf("%v is none of %v", v, values)
	}
	if fixed, ok := dig(schema, "const").(string); ok && fixed != v {
		return fmt.Errorf("%v is not %q", v, fixed)
	}
	switch v := v.(type) {
	case map[string]any:
		return fitsObject(doc, schema, v)
	case []any:
		for i, one := range v {
			if err := fits(doc, dig(schema, "items"), one); err != nil {
				return fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return ofType(schema, "array")
	case string:
		if dig(schema, "format") == "date-time" {
			if at, err := time.Parse(time.RFC3339, v); err != nil || !strings.HasSuffix(v, "Z") || at.IsZero() {
				return fmt.Errorf("%q is no time in UTC", v)
			}
		}
		return ofType(schema, "string")
	case float64:
		return ofType(schema, "integer")
	case bool:
		return ofType(schema, "boolean")
	}
	return ofType(schema, "null")
}

func fitsObject(doc map[string]any, schema any, v map[string]any) error {
	properties, _ := dig(schema, "properties").(map[string]any)
	required, _ := dig(schema, "required").([]any)
	for _, name := range required {
		if _, ok := v[name.(string)]; !ok {
			return fmt.Errorf("%v is missing", name)
		}
	}
	if dig(schema, "additionalProperties") == true {
		return ofType(schema, "object")
	}
	for name, one := range v {
		if properties[name] == nil {
			return fmt.Errorf("%s is not described", name)
		}
		if err := fits(doc, properties[name], one); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return ofType(schema, "object")
}

func ofType(schema any, is string) error {
	want := dig(schema, "type")
	if list, ok := want.([]any); ok && slices.Contains(list, any(is)) || want == is {
		return nil
	}
	return fmt.Errorf("a %s, want %v", is, want)
}

func TestTheDescriptionHasEveryRouteAndNoOther(t *testing.T) {
	t.Parallel()
	mounted := map[string]bool{"GET /openapi.json": true}
	for _, route := range (&api{}).routes() {
		mounted[route.method+" "+route.path] = true
	}
	described, _ := dig(described(t), "paths").(map[string]any)
	for path, operations := range described {
		for method := range operations.(map[string]any) {
			name := strings.ToUpper(method) + " " + path
			if !mounted[name] {
				t.Errorf("%s is described, not mounted", name)
			}
			delete(mounted, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(mounted)) {
		t.Errorf("%s is mounted, not described", name)
	}
}

// The fields that interface.md promises.
var promisedFields = map[string]string{
	"Mail":         "id status suspension_code rule reason from envelope_from recipients message_id subject origin case_id post_id size created_at",
	"Case":         "id subject status priority type tags requester assigned_agent assigned_team participants source_channel linked_cases created_at updated_at",
	"Person":       "id full_name email",
	"Participant":  "id full_name email via",
	"LinkedCase":   "id relation",
	"Post":         "id type author source is_verified contents elided attachments warnings created_at",
	"User":         "id full_name role emails is_enabled has_password organization_id time_zone locale team_ids",
	"Organization": "id name domains shares_conversations",
	"Delivery":     "id state purpose recipient case_id attempts last_response next_attempt_at",
	"Article":      "id title body section_id status revision",
	"Section":      "id title category_id visibility",
	"Me":           "id full_name role permissions",
}

func TestTheDescriptionHasEveryFieldThatTheInterfacePromises(t *testing.T) {
	t.Parallel()
	for name, fields := range promisedFields {
		for field := range strings.FieldsSeq(fields) {
			if dig(described(t), "components", "schemas", name, "properties", field) == nil {
				t.Errorf("%s has no %s", name, field)
			}
		}
	}
}

func TestEveryReferenceInTheDescriptionLeadsSomewhere(t *testing.T) {
	t.Parallel()
	doc := described(t)
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok && dig(doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...) == nil {
				t.Errorf("%s leads nowhere", ref)
			}
			for _, one := range v {
				walk(one)
			}
		case []any:
			for _, one := range v {
				walk(one)
			}
		}
	}
	walk(doc)
}

func TestTheDescriptionIsServedToEverybody(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	res := a.call(t, "anon", http.MethodGet, "/openapi.json", "")
	if res.Code != 200 || res.Body.String() != string(openAPIDocument) {
		t.Errorf("status %d", res.Code)
	}
}
