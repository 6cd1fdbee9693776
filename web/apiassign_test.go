package web

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// writes are the rows of the matrix that take a body: everything that changes
// something, but for DELETE.
func writes() []apiRow {
	return slices.DeleteFunc(slices.Clone(apiMatrix), func(r apiRow) bool {
		return !strings.HasPrefix(r.route, "POST ") && !strings.HasPrefix(r.route, "PUT ")
	})
}

// placeholder stands in a row's body for a number.
var placeholder = regexp.MustCompile(`{(customer|section|category|inside)}`)

// with is the row with fields put into its body, over those that are there.
func (r apiRow) with(t *testing.T, fields map[string]any) apiRow {
	t.Helper()
	body := map[string]json.RawMessage{}
	if r.body != "" {
		plain := placeholder.ReplaceAllString(r.body, `"$0"`)
		if err := json.Unmarshal([]byte(plain), &body); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range fields {
		raw, ok := value.(json.RawMessage)
		if !ok {
			var err error
			if raw, err = json.Marshal(value); err != nil {
				t.Fatal(err)
			}
		}
		body[name] = raw
	}
	whole, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r.body = strings.NewReplacer(`"{customer}"`, "{customer}", `"{section}"`, "{section}", `"{category}"`, "{category}", `"{inside}"`, "{inside}").Replace(string(whole))
	return r
}

// takes are the fields that the description has for a route.
func (r apiRow) takes(t *testing.T) []string {
	t.Helper()
	method, pattern, _ := strings.Cut(r.route, " ")
	fields, _ := dig(described(t), "paths", pattern, strings.ToLower(method), "requestBody", "content", "application/json", "schema", "properties").(map[string]any)
	return slices.Sorted(maps.Keys(fields))
}

// foreign are fields that somebody might hope for.
var foreign = map[string]any{
	"id": 1, "role": "OWNER", "roles": []string{"OWNER"}, "verified": true, "is_verified": true, "verified_at": "2001-01-01T00:00:00Z",
	"is_enabled": true, "enabled": true, "has_password": true, "password": "owned owned owned", "password_hash": "x", "organisation_id": 1,
	"organization_id": 1, "organization_by_hand": true, "team_ids": []int{1}, "invited_at": nil, "is_primary": true, "created_at": "2001-01-01T00:00:00Z",
	"permissions": map[string]bool{"manage_people": true}, "case_access": "ALL", "by_staff": true, "actor_id": 1, "author_id": 1, "is_deleted": true,
	"merged_into_id": 1, "emails": []string{"owned@evil.test"}, "credential_version": 1, "source": "MAIL", "rights": "all",
}

func TestFieldsThatARouteDoesNotTakeAreNeverStored(t *testing.T) {
	t.Parallel()
	eachOn(t, writes(), func(t *testing.T, a *apiDesk, row apiRow) {
		a.Exec(t, `insert into teams (title) values ('One') on conflict do nothing`)
		a.anOrganization(t)
		extra := maps.Clone(foreign)
		for _, known := range row.takes(t) {
			delete(extra, known)
		}
		for _, caller := range []string{"own", "oth", "col", "agt", "adm"} {
			one := row.with(t, extra)
			if row.object != nil { // made before the look, since making it changes people
				id := row.object(a, t)
				one.object = func(*apiDesk, testing.TB) int64 { return id }
			}
			before := a.standing(t)
			res, path := a.callRow(t, one, caller, false)
			if res.Code >= http.StatusInternalServerError {
				t.Errorf("%s as %s: %d %s", path, caller, res.Code, res.Body)
			}
			if after := a.standing(t); after != before {
				t.Errorf("%s as %s with fields of others changed who is what:\n%s\n%s", path, caller, before, after)
			}
		}
	})
}

// standing is all that makes somebody more or less, of the people of the matrix
// and of whoever is an owner or admin.
func (a *apiDesk) standing(t *testing.T) string {
	t.Helper()
	var ids []int64
	for _, p := range a.people {
		ids = append(ids, int64(p.ID))
	}
	return a.Text(t, `
		select coalesce(string_agg(concat_ws(' ', u.id, u.role, u.enabled, u.organization_id, u.password_hash, u.invited_at, u.merged_into, u.anonymised_at,
			(select string_agg(m.team_id::text, ',') from team_members m where m.user_id = u.id)), '; ' order by u.id), '')
		|| (select concat_ws(' ', may_manage_people, may_view_suspended) from roles where role = 'collaborator')
		|| (select string_agg(address, ' ' order by address) from addresses where address like '%evil.test')
		from users u where u.id = any($1) or u.role in ('admin', 'owner')`, ids)
}

// odd are values of every other type, and those at the ends of a type.
var odd = []string{`null`, `true`, `0`, `-1`, `1.5`, `1e40`, `99999999999999999999`, `9223372036854775807`, `""`, `"\u0000"`, `"\ud800"`, `"x\r\nBcc: y@z.test"`,
	`[]`, `[null]`, `[[]]`, `[-1]`, `["\u0000"]`, `[9223372036854775807]`, `{}`, `{"a":1}`, `[{}]`, `[{"email":[],"role":7}]`, `[{"email":"a@b.test","role":"AGENT","team_ids":[-1]}]`}

func TestAValueOfAnotherTypeIsAnAnswerAndNoFaultOfOurs(t *testing.T) {
	t.Parallel()
	eachOn(t, writes(), func(t *testing.T, a *apiDesk, row apiRow) {
		if row.object != nil { // one is enough: what counts is what is sent
			id := row.object(a, t)
			row.object = func(*apiDesk, testing.TB) int64 { return id }
		}
		_, pattern, _ := strings.Cut(row.route, " ")
		try := func(body string) {
			one := row
			one.body = body
			method, path, body := a.request(t, one, false)
			res := a.call(t, "adm", method, path, body)
			if res.Code >= http.StatusInternalServerError {
				t.Errorf("%s %s with %s: %d %s", method, path, body, res.Code, res.Body)
			}
			checkAnswer(t, method, pattern, res)
		}
		for _, field := range row.takes(t) {
			for _, value := range odd {
				try(row.with(t, map[string]any{field: json.RawMessage(value)}).body)
			}
		}
		for _, body := range []string{"null", "[]", `"x"`, "1", "true", "{", "\x00", "[{}]"} {
			try(body)
		}
	})
}
