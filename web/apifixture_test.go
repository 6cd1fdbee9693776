package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-chi/chi/v5"

	"postdesk/core"
	"postdesk/core/coretest"
)

// An apiDesk is the API on a desk of the test's own, with a person of each kind
// who has a token: the callers of the matrix S2.
type apiDesk struct {
	coretest.Desk
	h      http.Handler
	people map[string]core.Actor
	tokens map[string]string
	log    *bytes.Buffer
	count  atomic.Int64
}

// The callers: nobody, the requester of every case, another customer, a customer
// in CC, staff, and an agent who was disabled with the token still in hand.
var callers = []string{"anon", "own", "oth", "cc", "col", "agt", "adm", "dis"}

func openAPIDesk(t testing.TB) *apiDesk {
	t.Helper()
	a := &apiDesk{Desk: coretest.OpenDesk(t, core.Config{RelaySet: true, Logger: slog.New(slog.DiscardHandler)}),
		people: map[string]core.Actor{}, tokens: map[string]string{}, log: &bytes.Buffer{}}
	a.people["own"] = a.Customer(t, "own@acme.test")
	a.people["oth"] = a.Customer(t, "oth@acme.test")
	a.people["cc"] = a.Customer(t, "cc@acme.test")
	a.people["col"] = a.Collaborator(t, "col@expert.test")
	a.people["agt"] = a.Agent(t, "agt@desk.test")
	a.people["adm"] = a.Admin(t, "adm@desk.test")
	a.people["owner"] = a.Owner(t, "owner@desk.test")
	a.people["dis"] = a.Agent(t, "dis@desk.test")
	for name, p := range a.people {
		a.tokens[name] = a.token(t, p)
	}
	a.Exec(t, `update users set enabled = false where id = $1`, a.people["dis"].ID)
	a.h = a.handler()
	return a
}

func (a *apiDesk) token(t testing.TB, p core.Actor) string {
	t.Helper()
	secret, err := a.CreateToken(t.Context(), p.Address.String())
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// handler is the API as the server mounts it.
func (a *apiDesk) handler() http.Handler {
	r := chi.NewRouter()
	r.Route("/api/v1", newAPI(a.Desk.Desk, slog.New(slog.NewTextHandler(a.log, nil))).mount)
	return r
}

// An apiResponse is an answer with its JSON read.
type apiResponse struct {
	*httptest.ResponseRecorder
	json map[string]any
}

// call makes a request as one of the people; headers are pairs.
func (a *apiDesk) call(t testing.TB, caller, method, path, body string, headers ...string) apiResponse {
	t.Helper()
	var r io.Reader = http.NoBody
	if body != "" {
		r = strings.NewReader(body)
	}
	req := httptest.NewRequestWithContext(t.Context(), method, "/api/v1"+path, r)
	if token := a.tokens[caller]; token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res := apiResponse{ResponseRecorder: httptest.NewRecorder()}
	a.h.ServeHTTP(res, req)
	if strings.HasPrefix(res.Header().Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(res.Body.Bytes(), &res.json); err != nil {
			t.Fatalf("%s %s answers no JSON: %v: %q", method, path, err, res.Body)
		}
	}
	return res
}

// data is the object of an answer that must have gone well.
func (r apiResponse) data(t testing.TB) map[string]any {
	t.Helper()
	data, ok := r.json["data"].(map[string]any)
	if !ok || r.Code >= 300 {
		t.Fatalf("status %d, no data: %s", r.Code, r.Body)
	}
	return data
}

// rows are the objects of a list.
func (r apiResponse) rows(t testing.TB) []map[string]any {
	t.Helper()
	list, ok := r.json["data"].([]any)
	if !ok || r.Code >= 300 {
		t.Fatalf("status %d, no list: %s", r.Code, r.Body)
	}
	rows := make([]map[string]any, len(list))
	for i, one := range list {
		rows[i], _ = one.(map[string]any)
	}
	return rows
}

// fault is the first error of an answer: code, parameter, message.
func (r apiResponse) fault() (code, parameter, message string) {
	list, _ := r.json["errors"].([]any)
	if len(list) == 0 {
		return "", "", ""
	}
	first, _ := list[0].(map[string]any)
	text := func(name string) string { s, _ := first[name].(string); return s }
	return text("code"), text("parameter"), text("message")
}

// next is a number that no other object of this desk has.
func (a *apiDesk) next() int64 { return a.count.Add(1) }

// aCase is a new case of the customer "own", with "cc" in CC and a note.
func (a *apiDesk) aCase(t testing.TB) int64 {
	t.Helper()
	id := a.Conversation(t, a.people["own"], fmt.Sprintf("printer %d", a.next()))
	cc := a.people["cc"]
	a.Exec(t, `insert into participants (conversation_id, address, user_id, via, by_staff) values ($1, $2, $3, 'agent', true)`, id, cc.Address, cc.ID)
	a.Note(t, id, a.people["col"], "canary: the toner is poisoned")
	return int64(id)
}

// aMail is an accepted mail in a state of the table inbound.
func (a *apiDesk) aMail(t testing.TB, state string) int64 {
	t.Helper()
	suspension := ""
	if state == "suspended" {
		suspension = "spam"
	}
	return a.row(t, `
		insert into inbound (digest, state, suspension, due_at, received_at, helo, tls, envelope_from, recipients, size, from_address, rule, origin, raw)
		values (sha256($1::text::bytea), $2, nullif($3, ''), now(), now(), 'mx.test', false, 'own@acme.test', '{support@desk.test}', 5,
			'own@acme.test', 'filtered', 'unproven', 'From: own@acme.test'::bytea) returning id`,
		strconv.FormatInt(a.next(), 10), state, suspension)
}

// aDelivery is a composed mail in a state of the table deliveries.
func (a *apiDesk) aDelivery(t testing.TB, state string) int64 {
	t.Helper()
	n := a.next()
	return a.row(t, `
		insert into deliveries (purpose, state, recipient, user_id, mailbox_id, bounce_name, id_name, automatic, subject, bytes, composed_at)
		values ('acknowledgement', $1, 'own@acme.test', $2, $3, $4, $4, false, 'We have it', 'To: own@acme.test'::bytea, now()) returning id`,
		state, a.people["own"].ID, a.Mailbox, n)
}

func (a *apiDesk) anOrganization(t testing.TB) int64 {
	t.Helper()
	return a.row(t, `insert into organizations (name) values ('Acme') returning id`)
}

func (a *apiDesk) row(t testing.TB, sql string, args ...any) int64 {
	t.Helper()
	var id int64
	if err := a.Pool.QueryRow(t.Context(), sql, args...).Scan(&id); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return id
}
