package mailer

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/core/coretest"
	"postdesk/mailer/mailertest"
)

// A scene is a desk with one conversation of Cara's and Abe to answer it.
type scene struct {
	coretest.Desk
	abe, cara    core.Actor
	conversation core.ConversationID
}

func newScene(t *testing.T, relay bool) scene {
	t.Helper()
	s := scene{Desk: coretest.OpenDesk(t, core.Config{PublicURL: "https://help.desk.test", RelaySet: relay})}
	s.abe, s.cara = s.Person(t, core.RoleAgent, "abe@desk.test"), s.Person(t, core.RoleCustomer, "cara@customer.test")
	s.conversation = s.Conversation(t, s.cara, "parcels")
	return s
}

func (s scene) reply(t *testing.T, text string) {
	t.Helper()
	if _, err := s.Reply(t.Context(), s.abe, s.conversation, core.ReplyForm{Text: text}); err != nil {
		t.Fatal(err)
	}
}

// run works until stop is called or the test ends, and gives the log.
func (s scene) run(t *testing.T, transport Transport) (log *safeLog, stop func()) {
	t.Helper()
	log = &safeLog{}
	c := &Courier{Desk: s.Desk.Desk, Transport: transport, Log: slog.New(slog.NewTextHandler(log, nil))}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Run(ctx)
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return log, stop
}

type safeLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *safeLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *safeLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// await polls until the query gives the text.
func (s scene) await(t *testing.T, want, sql string, args ...any) {
	t.Helper()
	deadline := time.Now().Add(mailertest.Patience)
	got := s.Text(t, sql, args...)
	for ; got != want; got = s.Text(t, sql, args...) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: %s, want %s; deliveries: %s", sql, got, want,
				s.Text(t, `select coalesce(string_agg(concat_ws(' ', purpose, state, attempts, last_response), E'\n'), '') from deliveries`))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestAReplyReachesTheCustomer(t *testing.T) {
	t.Parallel()
	s := newScene(t, true)
	sink := mailertest.NewSink(t)
	log, stop := s.run(t, smarthost(t, sink.URL(), nil))
	s.reply(t, "It is on its way.")
	got := sink.WaitForTo(t, "cara@customer.test", 1)[0]
	mail := mailertest.Read(t, got.Raw)
	if !strings.Contains(mail.Text, "It is on its way.") || !slices.Equal(mail.Addresses("From"), []string{"support@desk.test"}) {
		t.Errorf("got %s", got.Raw)
	}
	if !strings.HasPrefix(got.From, "support+") {
		t.Errorf("bounce address %q", got.From)
	}
	s.await(t, "sent", `select state from deliveries where recipient = 'cara@customer.test'`)
	if s.Text(t, `select convert_from(bytes, 'UTF8') from deliveries where recipient = 'cara@customer.test'`) != string(got.Raw) {
		t.Error("what was sent is not what is stored")
	}
	stop()
	if said := log.String(); !strings.Contains(said, "msg=\"mail sent\"") || core.Redact(said) != said {
		t.Errorf("log %s", said)
	}
}

func TestWithoutARelayMailIsHeldAndCanBeRead(t *testing.T) {
	t.Parallel()
	s := newScene(t, false)
	s.run(t, nil)
	s.reply(t, "It is on its way.")
	s.await(t, "held t 0", `select concat_ws(' ', state, bytes is not null, (select count(*) from delivery_attempts)) from deliveries`)
}

// TestALostAnswerKeepsTheBytesThroughTheDatabase is T61 from end to end.
func TestALostAnswerKeepsTheBytesThroughTheDatabase(t *testing.T) {
	t.Parallel()
	s := newScene(t, true)
	sink := mailertest.NewSink(t)
	sink.Misbehave(mailertest.Fault{At: "AFTER", HangUp: true, Times: 1})
	s.run(t, smarthost(t, sink.URL(), nil))
	s.reply(t, "It is on its way.")
	s.await(t, "queued t 1", `select concat_ws(' ', state, perhaps_delivered, attempts) from deliveries`)
	s.Exec(t, `update deliveries set due_at = now()`)
	got := sink.WaitFor(t, 2)
	if !bytes.Equal(got[0].Raw, got[1].Raw) {
		t.Error("the second try had other bytes")
	}
	s.await(t, "sent t 2", `select concat_ws(' ', state, perhaps_delivered, attempts) from deliveries`)
}

func TestARefusedReplyFailsAndItsAuthorIsTold(t *testing.T) {
	t.Parallel()
	s := newScene(t, true)
	sink := mailertest.NewSink(t)
	sink.Misbehave(mailertest.Fault{At: "RCPT", Address: "cara@customer.test", Code: 550, Enhanced: [3]int{5, 1, 1}, Text: "no such mailbox"})
	s.run(t, smarthost(t, sink.URL(), nil))
	s.reply(t, "It is on its way.")
	notice := mailertest.Read(t, sink.WaitForTo(t, "abe@desk.test", 1)[0].Raw)
	if !strings.Contains(notice.Text, "could not be delivered") || !strings.Contains(notice.Text, "no such mailbox") {
		t.Errorf("notice %s", notice.Text)
	}
	s.await(t, "failed 1", `select concat_ws(' ', state, attempts) from deliveries where recipient = 'cara@customer.test'`)
}

func TestTwoCouriersSendEachMailOnce(t *testing.T) {
	t.Parallel()
	s := newScene(t, true)
	sink := mailertest.NewSink(t)
	for range 30 {
		s.reply(t, "It is on its way.")
	}
	s.run(t, smarthost(t, sink.URL(), nil))
	s.run(t, smarthost(t, sink.URL(), nil))
	s.await(t, "30", `select count(*) from deliveries where state = 'sent' and tries = 1`)
	if got := sink.Messages(); len(got) != 30 {
		t.Errorf("%d mails", len(got))
	}
}

func TestWhatCannotBeComposedDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	log := &safeLog{}
	c := &Courier{Log: slog.New(slog.NewTextHandler(log, nil))}
	bad := base(core.PurposeReply)
	bad.MessageID = ""
	raw, failure := c.compose(&core.Delivery{ID: 1, Outgoing: &bad}, Compose)
	if raw != nil || failure == nil || failure.Outcome != core.Never {
		t.Errorf("%q, %+v", raw, failure)
	}
	if got := uncomposable(core.Refusal{Kind: core.ErrNotFound, Problem: "gone"}); got.Outcome != core.Never {
		t.Errorf("%+v", got)
	}
	if got := uncomposable(errors.New("database down at 10.0.0.3")); got.Outcome != core.Later || strings.Contains(got.Text, "10.0.0.3") {
		t.Errorf("%+v", got)
	}
	raw, failure = c.compose(&core.Delivery{ID: 1}, func(*core.Outgoing) ([]byte, error) { panic("a fault") })
	if raw != nil || failure == nil || failure.Outcome != core.Later {
		t.Errorf("%q, %+v", raw, failure)
	}
	if !strings.Contains(log.String(), "panicked") {
		t.Error("the panic was not logged")
	}
}
