package mailer

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/semaphore"

	"postdesk/core"
	"postdesk/mailer/mailertest"
)

// queue puts n composed mails into the outbox, to copy1@, copy2@ and so on.
func (s scene) queue(t *testing.T, n int, domain string) {
	t.Helper()
	s.Exec(t, `
		insert into deliveries (purpose, state, recipient, mailbox_id, conversation_id, author_id, bounce_name, id_name, automatic, bytes, composed_at)
		select 'reply', 'queued', 'copy' || n || '@' || $2, $3, $4, $5, (random() * 9e18)::bigint, (random() * 9e18)::bigint, false,
			convert_to(E'Subject: ' || n || E'\r\n\r\nhello\r\n', 'UTF8'), now() from generate_series(1, $1::int) n`,
		n, domain, s.Mailbox, s.conversation, s.abe.ID)
}

// courier runs one with so many connections on a desk.
func courier(t *testing.T, desk *core.Desk, transport Transport, connections int) (stop func()) {
	t.Helper()
	c := &Courier{Desk: desk, Transport: transport, MaxConnections: connections, Log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { c.Run(ctx) })
	stop = func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return stop
}

// another opens a second desk on the database of the first, as another process would.
func (s scene) another(t *testing.T) *core.Desk {
	t.Helper()
	desk, err := core.Open(t.Context(), s.Pool, core.Config{PublicURL: "https://help.desk.test", RelaySet: true})
	if err != nil {
		t.Fatal(err)
	}
	return desk
}

func TestConnectionsAreFewOverAllProcessesAndUsedAgain(t *testing.T) {
	t.Parallel()
	s := newScene(t, true)
	sink := mailertest.NewSink(t)
	const most, mails = 3, 300
	s.queue(t, mails, "customer.test")
	courier(t, s.Desk.Desk, smarthost(t, sink.URL(), nil), most)
	courier(t, s.another(t), smarthost(t, sink.URL(), nil), most)
	s.await(t, "300", `select count(*) from deliveries where state = 'sent' and tries = 1`)
	total, atOnce := sink.Connections()
	if atOnce > most || total > 60 {
		t.Errorf("%d connections, %d at once", total, atOnce)
	}
	used, seen := map[int]int{}, map[string]bool{}
	for _, m := range sink.Messages() {
		if used[m.Connection]++; seen[m.To[0]] {
			t.Errorf("%s got a mail twice", m.To[0])
		}
		seen[m.To[0]] = true
	}
	for connection, n := range used {
		if n > maxTransacts {
			t.Errorf("connection %d carried %d mails", connection, n)
		}
	}
}

func TestWithoutARelayEachDomainHasItsOwnConnections(t *testing.T) {
	t.Parallel()
	s := newScene(t, true)
	sink := mailertest.NewSink(t)
	s.queue(t, 30, "a.test")
	s.queue(t, 30, "b.test")
	s.queue(t, 1, "null.test")
	courier(t, s.Desk.Desk, direct(t, sink, domains("a.test", "b.test")), 1)
	s.await(t, "60 1", `select count(*) filter (where state = 'sent') || ' ' || count(*) filter (where state = 'failed') from deliveries where author_id is not null and purpose = 'reply'`)
	on := map[int]string{}
	for _, m := range sink.Messages() {
		_, domain, _ := strings.Cut(m.To[0], "@")
		if on[m.Connection] == "" {
			on[m.Connection] = domain
		}
		if on[m.Connection] != domain {
			t.Errorf("a connection carried mail to %s and %s", on[m.Connection], domain)
		}
	}
	if _, atOnce := sink.Connections(); atOnce > 2 {
		t.Errorf("%d connections at once to two domains", atOnce)
	}
}

func TestAFailingRelayIsWaitedForAsAWhole(t *testing.T) { // T63, R11
	t.Parallel()
	s := newScene(t, true)
	sink := mailertest.NewSink(t)
	sink.Misbehave(mailertest.Fault{At: "EHLO", HangUp: true})
	s.queue(t, 50, "customer.test")
	courier(t, s.Desk.Desk, smarthost(t, sink.URL(), nil), 1)
	s.await(t, "1 t t", `select concat_ws(' ', max(failures), max(failed_until) > now(), max(problem) <> '') from destinations where name = '*'`)
	// One mail met the failure; the others of its batch were given back untried.
	s.await(t, "1 1 49", `select concat_ws(' ', sum(tries), count(*) filter (where last_response <> ''),
		count(*) filter (where due_at <= now() and claimed_until is null)) from deliveries`)
	s.Exec(t, `update destinations set failed_until = now()`)
	s.await(t, "2", `select max(failures) from destinations`)
	s.await(t, "2 2", `select concat_ws(' ', sum(tries), (select count(*) from delivery_attempts)) from deliveries`)
	sink.Behave()
	s.Exec(t, `update destinations set failed_until = now()`)
	s.await(t, "48", `select count(*) from deliveries where state = 'sent'`) // two wait for their own time
	s.await(t, "0", `select count(*) from destinations`)
	s.Exec(t, `update deliveries set due_at = now() where state = 'queued'`)
	s.await(t, "50", `select count(*) from deliveries where state = 'sent'`)
}

func TestAServerThatTakesFewerConnectionsIsNoFailure(t *testing.T) {
	t.Parallel()
	s := newScene(t, true)
	sink := mailertest.NewSink(t)
	gate := oneAtATime(t, sink.Address())
	s.queue(t, 1, "first.test")
	courier(t, s.Desk.Desk, smarthost(t, "smtp://"+gate, nil), 5)
	s.await(t, "1", `select count(*) from deliveries where state = 'sent'`)
	s.queue(t, 200, "customer.test")
	s.await(t, "201 201", `select count(*) || ' ' || sum(tries) from deliveries where state = 'sent'`)
	if _, atOnce := sink.Connections(); atOnce > 2 { // one may be closing
		t.Errorf("%d connections at once", atOnce)
	}
}

// oneAtATime passes one connection on, and answers others with 421 that come while
// it stays: one that is just ending is waited for, as the sender cannot know better.
func oneAtATime(t *testing.T, to string) (address string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	place := make(chan struct{}, 1)
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			select {
			case place <- struct{}{}:
				go pass(client, to, func() { <-place })
			case <-time.After(200 * time.Millisecond):
				_, _ = client.Write([]byte("421 4.7.0 too many connections\r\n"))
				_ = client.Close()
			}
		}
	}()
	return listener.Addr().String()
}

func pass(client net.Conn, to string, done func()) {
	defer done()
	defer client.Close()
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
	_, _ = io.Copy(client, server)
}

func TestASlowMailKeepsNoOtherWaiting(t *testing.T) {
	t.Parallel()
	s := newScene(t, true)
	sink := mailertest.NewSink(t)
	sink.Misbehave(mailertest.Fault{At: "RCPT", Address: "copy1@customer.test", Hang: true})
	host := impatient(smarthost(t, sink.URL(), nil))
	host.peer.patience.command = stalled + 3*time.Second
	s.queue(t, 10, "customer.test")
	courier(t, s.Desk.Desk, host, 3)
	s.await(t, "9 0", `select count(*) filter (where state = 'sent' and tries = 1) || ' ' || count(*) filter (where state = 'queued' and claimed_until is null) from deliveries`)
	s.await(t, "9 1", `select count(*) filter (where state = 'sent') || ' ' || count(*) filter (where state = 'queued' and tries = 1) from deliveries`)
}

func TestStoppingLetsARunningDialogueFinishAndGivesTheRestBack(t *testing.T) {
	t.Parallel()
	s := newScene(t, true)
	sink := mailertest.NewSink(t)
	sink.Misbehave(mailertest.Fault{At: "RCPT", Hang: true, Times: 1})
	host := impatient(smarthost(t, sink.URL(), nil))
	host.peer.patience.command = 2 * time.Second
	s.queue(t, 5, "customer.test")
	stop := courier(t, s.Desk.Desk, host, 1)
	s.await(t, "5", `select count(*) from deliveries where claimed_until is not null`)
	stopped := make(chan struct{})
	go func() { defer close(stopped); stop() }()
	s.await(t, "4", `select count(*) from deliveries where state = 'queued' and claimed_until is null and due_at <= now() and tries = 0`)
	<-stopped
	s.await(t, "5", `select count(*) from deliveries where state = 'queued' and claimed_until is null`)
}

func TestTheTimesOfMailRunWhileItsDestinationFails(t *testing.T) {
	t.Parallel()
	s := newScene(t, true)
	sink := mailertest.NewSink(t)
	s.queue(t, 3, "customer.test")
	s.queue(t, 1, "paused.test")
	s.Exec(t, `insert into destinations (name, failures, failed_until, problem) values ('*', 9, now() + interval '1 hour', 'connection refused')`)
	s.Exec(t, `insert into destinations (name, paused_at) values ('paused.test', now())`)
	s.Exec(t, `update deliveries set schedule_from = now() - interval '121 hours' where recipient in ('copy1@customer.test', 'copy1@paused.test')`)
	s.Exec(t, `update deliveries set schedule_from = now() - interval '5 hours' where recipient = 'copy2@customer.test'`)
	courier(t, s.Desk.Desk, smarthost(t, sink.URL(), nil), 2)
	s.await(t, "failed Given up after five days. The last answer was: connection refused",
		`select state || ' ' || last_response from deliveries where recipient = 'copy1@customer.test'`)
	s.await(t, "queued true 0", `select state || ' ' || (warned_at is not null) || ' ' || tries from deliveries where recipient = 'copy2@customer.test'`)
	s.await(t, "delivery_delayed delivery_failed", `select string_agg(kind, ' ' order by kind) from events where kind like 'delivery%'`)
	s.await(t, "2", `select count(*) from deliveries where state = 'queued' and warned_at is null and purpose = 'reply'`)
	s.await(t, "1", `select count(*) from deliveries where recipient = 'abe@desk.test' and kind = 'failed'`)
	if total, _ := sink.Connections(); total != 0 {
		t.Errorf("%d connections", total)
	}
}

func TestManyMailsWhoseTimeIsOverKeepNoOtherDestinationWaiting(t *testing.T) {
	t.Parallel()
	s := newScene(t, true)
	s.queue(t, 250, "gone.test")
	s.queue(t, 1, "there.test")
	s.Exec(t, `insert into destinations (name, failures, failed_until, problem) values ('gone.test', 9, now() + interval '1 hour', 'connection refused')`)
	s.Exec(t, `update deliveries set schedule_from = now() - interval '121 hours' where domain = 'gone.test'`)
	sink := mailertest.NewSink(t)
	c := &Courier{Desk: s.Desk.Desk, Transport: direct(t, sink, domains("there.test")), MaxConnections: 1, Log: slog.New(slog.DiscardHandler), composing: make(chan struct{}, 1)}
	c.slots = c.Desk.OpenLanes(1, true)
	defer c.slots.Close()
	ctx, stop := context.WithCancel(t.Context())
	defer c.lanes.all.Wait()
	defer stop()
	const failed = `select count(*) from deliveries where state = 'failed' and domain = 'gone.test'`
	for i, want := range []string{"100", "200", "250"} {
		more, err := c.dispatch(ctx)
		if got := s.Text(t, failed); err != nil || more != (i < 2) || got != want {
			t.Fatalf("look %d: %s given up, more %v, %v", i, got, more, err)
		}
		if i == 0 {
			s.await(t, "1", `select count(*) from deliveries where state = 'sent' and domain = 'there.test'`)
		}
	}
}

func TestNothingIsSentToWhatStaffPaused(t *testing.T) {
	t.Parallel()
	for name, perDomain := range map[string]bool{"relay": false, "direct": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, true)
			sink := mailertest.NewSink(t)
			var transport Transport = smarthost(t, sink.URL(), nil)
			if perDomain {
				transport = direct(t, sink, domains("a.test", "b.test"))
			}
			s.queue(t, 3, "a.test")
			s.queue(t, 3, "b.test")
			s.Exec(t, `insert into destinations (name, paused_at) values ('*', now()), ('a.test', now())`)
			courier(t, s.Desk.Desk, transport, 2)
			s.Exec(t, `delete from destinations where name = '*'`)
			s.await(t, "b.test b.test b.test", `select string_agg(domain, ' ') from deliveries where state = 'sent'`)
			s.Exec(t, `delete from destinations`)
			s.await(t, "6", `select count(*) from deliveries where state = 'sent'`)
			for i, m := range sink.Messages()[:3] {
				if !strings.HasSuffix(m.To[0], "@b.test") {
					t.Errorf("mail %d went to %s", i, m.To[0])
				}
			}
		})
	}
}

// TestAMailIsRecordedBeforeTheDotOfTheNext holds the recorder up by a lock.
func TestAMailIsRecordedBeforeTheDotOfTheNext(t *testing.T) {
	t.Parallel()
	s := newScene(t, true)
	sink := mailertest.NewSink(t)
	s.queue(t, 3, "customer.test")
	tx, err := s.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `lock table delivery_attempts in exclusive mode`); err != nil {
		t.Fatal(err)
	}
	courier(t, s.Desk.Desk, smarthost(t, sink.URL(), nil), 1)
	deadline := time.Now().Add(mailertest.Patience)
	for strings.Count(strings.Join(sink.Commands(), " "), "DATA") < 2 || s.Text(t, `select count(*) from pg_locks where not granted`) == "0" {
		if time.Now().After(deadline) {
			t.Fatalf("heard %q", sink.Commands())
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := len(sink.Messages()); n != 1 {
		t.Errorf("%d mails are there, and none is recorded", n)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.await(t, "3", `select count(*) from deliveries where state = 'sent'`)
}

func TestALargeMailIsReadWhenItsTurnHasCome(t *testing.T) {
	t.Parallel()
	s := newScene(t, true)
	sink := mailertest.NewSink(t)
	s.queue(t, 2, "customer.test")
	s.Exec(t, `update deliveries set bytes = bytes || convert_to(repeat(E'.a line\r\n', 300000), 'UTF8')`)
	courier(t, s.Desk.Desk, smarthost(t, sink.URL(), nil), 1)
	s.await(t, "2", `select count(*) from deliveries where state = 'sent'`)
	for _, m := range sink.Messages() {
		if got := s.Text(t, `select bytes = $2 from deliveries where recipient = $1`, m.To[0], m.Raw); got != "true" {
			t.Errorf("%s got %d other bytes", m.To[0], len(m.Raw))
		}
	}
}

func TestLargeMailsWaitForMemoryAndSmallOnesDoNot(t *testing.T) {
	t.Parallel()
	s := newScene(t, true)
	sink := mailertest.NewSink(t)
	s.queue(t, 1, "large.test")
	s.Exec(t, `update deliveries set bytes = bytes || convert_to(repeat(E'.a line\r\n', 30000), 'UTF8')`)
	s.queue(t, 1, "small.test")
	c := &Courier{Desk: s.Desk.Desk, Transport: direct(t, sink, domains("large.test", "small.test")), Log: slog.New(slog.DiscardHandler),
		memory: semaphore.NewWeighted(memoryForMails)}
	if err := c.memory.Acquire(t.Context(), memoryForMails); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { c.Run(ctx) })
	defer running.Wait()
	defer stop()
	s.await(t, "small.test true", `select string_agg(domain, ' ') filter (where state = 'sent') || ' ' || bool_or(claimed_until > now()) from deliveries where purpose = 'reply'`)
	c.memory.Release(memoryForMails)
	s.await(t, "2", `select count(*) from deliveries where state = 'sent' and purpose = 'reply' and tries = 1`)
}
