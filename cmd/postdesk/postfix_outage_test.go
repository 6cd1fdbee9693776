package main

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
)

// database lets nobody into the story's database, or in again.
func (s *story) database(open bool) {
	s.t.Helper()
	config, err := pgx.ParseConfig(s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	name := pgx.Identifier{config.Database}.Sanitize()
	config.Database = "postgres"
	admin, err := pgx.ConnectConfig(s.t.Context(), config)
	if err != nil {
		s.t.Fatal(err)
	}
	defer admin.Close(s.t.Context())
	orders := []string{fmt.Sprintf(`alter database %s allow_connections %v`, name, open)}
	if !open {
		orders = append(orders, `select pg_terminate_backend(pid) from pg_stat_activity where datname = `+quoteLiteral(s.url))
	}
	for _, order := range orders {
		if _, err := admin.Exec(s.t.Context(), order, pgx.QueryExecModeSimpleProtocol); err != nil {
			s.t.Fatal(err)
		}
	}
}

// restarted starts the program where it was.
func (w *street) restarted() {
	w.t.Helper()
	w.at, w.stop = w.start(w.changes...)
	w.at.SMTP = w.server.addr
}

// R9, smaller: a real Postfix before us keeps what we cannot take. The outage
// begins while mail is coming in.
func TestR9AfterAnOutageAllThatARealServerKeptArrivesOnce(t *testing.T) {
	t.Parallel()
	type outage struct{ begins, ends func(w *street) }
	for name, outage := range map[string]outage{
		"of the program":  {func(w *street) { w.stop() }, func(w *street) { w.restarted() }},
		"of the database": {func(w *street) { w.database(false) }, func(w *street) { w.database(true) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const mails = 50
			// Nothing is sent: what an outage does to that is another matter.
			w := newStreet(t, streetSetup{settings: func(set *settings) { set.Relay = "" }})
			pour := func(from, to int) {
				codes := w.pour(to-from, func(i int) (string, string, string) {
					who := fmt.Sprintf("c%d@acme.test", from+i)
					return who, "support@desk.test", fmt.Sprintf("From: %s\r\nTo: support@desk.test\r\nSubject: Number %d\r\nMessage-ID: <%s>\r\n\r\nWords of %s.\r\n", who, from+i, who, who)
				})
				w.want("what their server says", fmt.Sprint(codes), fmt.Sprint(map[int]int{0: to - from}))
			}
			pour(0, 20)
			outage.begins(w)
			pour(20, mails)
			w.eventually("their server has tried in vain", func() bool { return w.server.deferred() >= mails-20 })
			outage.ends(w)
			w.eventually("their server has nothing left for us", func() bool { w.server.flush(); return w.server.waiting() == 0 })
			// What was being read when the database went is read again when its lease
			// ends. A mail that is being filed right now is let be: waiting for its row
			// while holding others can deadlock with the filing.
			w.sql(`update inbound set due_at = now() where id in (
				select id from inbound where state = 'received' order by id for update skip locked)`)
			w.drained(mails)
			w.want("mails", w.count(`select count(*) from inbound where state = 'success'`), mails)
			w.want("different mails", w.count(`select count(distinct message_id) from inbound where message_id like 'c%@acme.test'`), mails)
			w.want("conversations", w.count(`select count(*) from conversations`), mails)
			w.want("acknowledgements", w.count(`select count(distinct recipient) from deliveries where purpose = 'acknowledgement'`), mails)
			w.want("acknowledgements to the same", w.count(`select count(*) from deliveries where purpose = 'acknowledgement'`)-mails, 0)
		})
	}
}
