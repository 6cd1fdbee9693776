package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/alexedwards/scs/v2"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"postdesk/core"
	"postdesk/core/coretest"
)

// statements counts what is asked of the database.
type statements struct{ n atomic.Int64 }

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	s.n.Add(1)
	return ctx
}
func (*statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (*statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}
func (s *statements) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) { s.n.Add(1) }
func (*statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)       {}

// openCountedSite is a site whose pages are counted.
func openCountedSite(t *testing.T) (*site, *statements) {
	t.Helper()
	d, counted := coretest.OpenDesk(t, core.Config{}), &statements{}
	cfg := d.Pool.Config()
	cfg.ConnConfig.Tracer = counted
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if d.Desk, err = core.Open(t.Context(), pool, core.Config{PublicURL: "https://desk.test", Read: readTest}); err != nil {
		t.Fatal(err)
	}
	return siteOf(t, d, Config{Desk: d.Desk, PublicURL: "http://desk.test", Sessions: scs.New(), Read: readTest, Compose: composeTest}), counted
}

// grow makes things of every kind until there are n in each list.
func (w *site) grow(t *testing.T, n int) {
	t.Helper()
	for _, sql := range []string{
		`insert into users (name, role, enabled) select 'Person ' || n, 'customer', true from generate_series(1, $1) n`,
		`insert into addresses (address, user_id, is_primary) select 'grown' || id || '@acme.test', id, true from users where name like 'Person %' on conflict do nothing`,
		`update users set organization_id = (select max(id) from organizations) where name like 'Person %' and $1 > 0`,
		`insert into conversations (subject, requester_id, mailbox_id, channel, root, assignee_id)
			select 'Grown', (select requester_id from conversations order by id limit 1), 1, 'mail', 'grown' || gen_random_uuid(), (select min(id) from users where role = 'agent') from generate_series(1, $1)`,
		`insert into messages (conversation_id, author_id, source, text, is_verified)
			select o.id, c.requester_id, 'mail', repeat('words of a customer ', 20), true from conversations c, generate_series(1, $1) n,
				lateral (select min(id) as id from conversations where n > 0) o where c.id = o.id`,
		`insert into notes (conversation_id, author_id, source, text, is_verified)
			select (select min(id) from conversations), (select min(id) from users where role = 'agent'), 'agent', 'words', true from generate_series(1, $1 / 2)`,
		`insert into notes (user_id, author_id, source, text, is_verified)
			select (select requester_id from conversations order by id limit 1), (select min(id) from users where role = 'agent'), 'agent', 'words', true from generate_series(1, $1)`,
		`insert into notes (organization_id, author_id, source, text, is_verified)
			select (select max(id) from organizations), (select min(id) from users where role = 'agent'), 'agent', 'words', true from generate_series(1, $1)`,
		`insert into deliveries (purpose, state, recipient, conversation_id, post_id, mailbox_id, bounce_name, id_name, automatic, composed_at, last_response)
			select 'reply', 'failed', 'own@people.test', m.conversation_id, m.id, 1, 7000000 + m.id * 3, 7000001 + m.id * 3, false, now(), '550 no'
			from messages m where not exists (select from deliveries d where d.post_id = m.id) and $1 > 0`,
		`insert into inbound (digest, state, suspension, reason, due_at, received_at, suspended_at, helo, tls, envelope_from, recipients, size, from_address, subject, raw)
			select sha256(convert_to('grown' || random() || n, 'UTF8')), 'suspended', 'loop', 'why', now(), now(), now(), 'h', true, 'a@b.test', '{support@desk.test}', 10, 'a@b.test', 'Grown', 'raw' from generate_series(1, $1) n`,
	} {
		args := []any{n}
		if !strings.Contains(sql, "$1") {
			args = nil
		}
		w.Exec(t, sql, args...)
	}
}

func TestThePagesAskTheSameNumberOfQueriesHoweverMuchTheyShow(t *testing.T) {
	t.Parallel()
	w, counted := openCountedSite(t)
	w.grow(t, 3)
	first := w.Text(t, `select min(id)::text from conversations`)
	requester := w.Text(t, `select requester_id::text from conversations order by id limit 1`)
	pages := []struct{ who, path string }{
		{"agent", "/agent"}, {"agent", "/agent?view=mine"}, {"agent", "/agent?view=unassigned"}, {"agent", "/agent?q=words"},
		{"agent", "/agent/conversations/" + first}, {"admin", "/agent/conversations/" + first + "?all=1"},
		{"agent", "/agent/users"}, {"agent", "/agent/users/" + requester}, {"agent", "/agent/organizations/{organization}"},
		{"agent", "/agent/suspended"}, {"admin", "/admin/outbox"}, {"admin", "/admin/mail"},
		{"own", "/conversations"}, {"own", "/conversations/" + first},
	}
	count := func() (counts []int64) {
		for _, p := range pages {
			w.ask(t, p.who, p.path, nil) // statements are prepared once for each connection
			before := counted.n.Load()
			if got := w.ask(t, p.who, p.path, nil); got.Status != http.StatusOK {
				t.Fatalf("%s as %s: %d", p.path, p.who, got.Status)
			}
			counts = append(counts, counted.n.Load()-before)
		}
		return counts
	}
	few := count()
	for _, n := range []int{25, 200} {
		w.grow(t, n)
		for i, more := range count() {
			if more != few[i] {
				t.Errorf("%s asks %d queries, with %d more things %d", pages[i].path, few[i], n, more)
			}
		}
	}
	t.Logf("queries a page: %s", fmt.Sprint(few))
}

func TestALongConversationIsALightPageThatKeepsWhatLinksLeadTo(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	first := w.Text(t, `select min(id)::text from conversations`)
	agent := w.people["agent"]
	for range 3 {
		w.grow(t, 30)
	}
	old := w.Text(t, `with n as (insert into notes (conversation_id, author_id, source, text, is_verified, created_at)
		select id, $1, 'agent', 'MENTIONED', true, created_at + interval '1 millisecond' from conversations where id = $2 returning id),
		m as (insert into mentions (note_id, user_id) select id, $1 from n returning id, note_id)
		insert into deliveries (purpose, state, recipient, user_id, conversation_id, mention_id, mailbox_id, bounce_name, id_name, automatic)
		select 'mention', 'sent', 'agent@people.test', $1, $2, id, 1, 5, 6, false from m returning (select note_id::text from m)`, agent.ID, first)
	w.grow(t, 60)
	w.Exec(t, `delete from deliveries where purpose = 'reply'`)
	w.Exec(t, `update messages set created_at = created_at + id * interval '1 second' where conversation_id = $1`, first)
	page := w.ask(t, "agent", "/agent/conversations/"+first, nil)
	if len(page.Body) > 100_000 {
		t.Errorf("the page weighs %d octets", len(page.Body))
	}
	if !strings.Contains(page.Body, " earlier</a>") || strings.Count(page.Body, `class="said-by`) > 30 {
		t.Errorf("nothing is folded: %d entries", strings.Count(page.Body, `class="said-by`))
	}
	if len(page.find(t, "li", "id=note-"+old)) != 1 {
		t.Error("the note that mentions the reader is left out")
	}
	middle := w.Text(t, `select id::text from messages where conversation_id = $1 order by created_at, id offset 50 limit 1`, first)
	if len(page.find(t, "li", "id=post-"+middle)) != 0 {
		t.Error("a message of the middle stands on the page")
	}
	for _, query := range []string{"?at=post-" + middle, "?all=1"} {
		if whole := w.ask(t, "agent", "/agent/conversations/"+first+query, nil); len(whole.find(t, "li", "id=post-"+middle)) != 1 {
			t.Errorf("%s does not show message %s", query, middle)
		}
	}
}
