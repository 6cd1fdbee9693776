package core_test

import (
	"errors"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// clockBehind lets the database's clock run days behind that of this process.
func clockBehind(t *testing.T, d coretest.Desk) {
	t.Helper()
	d.Exec(t, `create schema behind`)
	d.Exec(t, `create function behind.now() returns timestamptz language sql stable as $$ select pg_catalog.now() - interval '10 days' $$`)
	d.Exec(t, `do $$ begin execute format('alter database %I set search_path = behind, public, pg_catalog', current_database()); end $$`)
	d.Pool.Reset()
}

func TestAWrongClockOfOursGivesNoMailUpAndWarnsOfNone(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	clockBehind(t, d)
	id := queued(t, d, "cara@acme.test", 1)
	c, err := d.ClaimDelivery(t.Context())
	if err != nil || c.ID != id {
		t.Fatal(c.ID, err)
	}
	if err := d.FinishDelivery(t.Context(), c, core.Receipt{Outcome: core.Later, Code: 451, Text: "later"}); err != nil {
		t.Fatal(err)
	}
	got := d.Text(t, `select state || ' ' || (warned_at is null) || ' ' || (due_at between now() + interval '50 seconds' and now() + interval '70 seconds') from deliveries where id = $1`, id)
	if got != "queued true true" {
		t.Errorf("a mail of a minute ago is %s", got)
	}
}

// answeredForTwo is a conversation of Cara's with Carl in CC, in which Abe answered
// and only Carl's mail was written and sent. It gives Cara's.
func answeredForTwo(t *testing.T, d coretest.Desk, abe core.Actor) (core.ConversationID, core.DeliveryID) {
	t.Helper()
	d.Customer(t, "carl@acme.test")
	m := file(t, d, written("cara@acme.test", "one@acme.test", "It does not print."), core.Proven)
	if _, err := d.Reply(t.Context(), abe, m.Conversation, core.ReplyForm{Text: "Is it on?", CC: []string{"carl@acme.test"}}); err != nil {
		t.Fatal(err)
	}
	d.Exec(t, `update deliveries set state = 'sent', sent_at = now(), composed_at = now(), bytes = 'x' where recipient = 'carl@acme.test'`)
	var id core.DeliveryID
	if err := d.Pool.QueryRow(t.Context(), `select id from deliveries where purpose = 'reply' and recipient = 'cara@acme.test'`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return m.Conversation, id
}

func TestARetryWritesNothingToWhoIsNotMeantAnyMore(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true, PublicURL: "https://desk.test"})
	olga, abe := d.Owner(t, "olga@private.test"), d.Agent(t, "abe@private.test")
	conversation, id := answeredForTwo(t, d, abe)
	carl := "carl@acme.test"
	if err := d.UpdateConversation(t.Context(), abe, conversation, core.Changes{RequesterEmail: &carl}); err != nil {
		t.Fatal(err)
	}
	if got := d.Text(t, `select state || ' ' || (post_id is not null) from deliveries where id = $1`, id); got != "failed true" {
		t.Fatal(got)
	}
	for _, who := range []core.Actor{abe, olga} {
		if err := d.RetryDelivery(t.Context(), who, id); !errors.Is(err, core.ErrConflict) {
			t.Errorf("%s retried a mail to the old requester: %v", who.Name, err)
		}
	}
}

func TestARetryTellsNothingToWhoGotAnotherRole(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true, PublicURL: "https://desk.test"})
	olga, abe := d.Owner(t, "olga@private.test"), d.Agent(t, "abe@private.test")
	file(t, d, written("cara@acme.test", "one@acme.test", "It does not print."), core.Proven)
	d.Exec(t, `update deliveries set state = 'failed', failed_at = now() where purpose = 'staff_notice'`)
	d.Exec(t, `update deliveries set user_id = $1, recipient = 'abe@private.test' where purpose = 'staff_notice'`, abe.ID)
	d.Exec(t, `update users set role = 'customer' where id = $1`, abe.ID)
	var id core.DeliveryID
	if err := d.Pool.QueryRow(t.Context(), `select id from deliveries where purpose = 'staff_notice'`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	if err := d.RetryDelivery(t.Context(), olga, id); !errors.Is(err, core.ErrConflict) {
		t.Errorf("a notice to who is no agent any more was retried: %v", err)
	}
}

func TestAnAgentCannotUndoWhatAnAdminDiscarded(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true, PublicURL: "https://desk.test"})
	olga, abe := d.Owner(t, "olga@private.test"), d.Agent(t, "abe@private.test")
	_, id := answeredForTwo(t, d, abe)
	d.Exec(t, `update deliveries set state = 'held' where id = $1`, id)
	if err := d.DiscardHeld(t.Context(), olga, id); err != nil {
		t.Fatal(err)
	}
	if err := d.RetryDelivery(t.Context(), abe, id); !errors.Is(err, core.ErrConflict) {
		t.Errorf("an agent retried what an admin discarded: %v", err)
	}
	if err := d.RetryDelivery(t.Context(), olga, id); err != nil {
		t.Errorf("an admin thinks better of it: %v", err)
	}
}

func TestMailThatWaitsForAnAddressFailsWhenMailToItStops(t *testing.T) {
	t.Parallel()
	d, id, bounce := answered(t)
	abe := d.Admin(t, "ada@private.test")
	if _, err := d.Reply(t.Context(), abe, id, core.ReplyForm{Text: "Is it off?"}); err != nil {
		t.Fatal(err)
	}
	const waiting = `select string_agg(state, ' ' order by id) from deliveries where purpose = 'reply'`
	if got := d.Text(t, waiting); got != "sent queued" {
		t.Fatal(got)
	}
	reported(t, d, bounce, "dsn", core.Report{Action: core.ActionFailed, Permanent: true, Status: []string{"5.1.1"}, Text: "unknown user"})
	if got := d.Text(t, waiting); got != "failed failed" {
		t.Errorf("the mails to a dead address are %s", got)
	}
}

func TestMailInHandIsNotCalledStoppedAndMayBeSent(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	olga := d.Owner(t, "olga@desk.test")
	id := queued(t, d, "cara@acme.test", 1)
	c, err := d.ClaimDelivery(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Suppress(t.Context(), olga, "cara@acme.test", "She asked for it."); err != nil {
		t.Fatal(err)
	}
	if err := d.FinishDelivery(t.Context(), c, core.Receipt{Outcome: core.Sent, Code: 250}); err != nil {
		t.Fatal(err)
	}
	if got := d.Text(t, `select state from deliveries where id = $1`, id); got != "sent" {
		t.Errorf("a mail that was sent is %s", got)
	}
}

func TestMailThatWasInHandWhenAllWasHeldIsNotSentBesideIt(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	olga := d.Owner(t, "olga@desk.test")
	id := queued(t, d, "cara@acme.test", 1)
	c, err := d.ClaimDelivery(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.HoldOutbox(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.SendHeld(t.Context(), olga, id); !errors.Is(err, core.ErrConflict) {
		t.Errorf("it was sent once more: %v", err)
	}
	if err := d.DiscardHeld(t.Context(), olga, id); !errors.Is(err, core.ErrConflict) {
		t.Errorf("it was discarded on its way: %v", err)
	}
	if out, err := d.SendAllHeld(t.Context(), olga, id); err != nil || out.Sent != 0 || out.Left != 1 {
		t.Errorf("all were sent: %+v, %v", out, err)
	}
	if out, err := d.DiscardAllHeld(t.Context(), olga, id); err != nil || out.Discarded != 0 {
		t.Errorf("all were discarded: %+v, %v", out, err)
	}
	if err := d.FinishDelivery(t.Context(), c, core.Receipt{Outcome: core.Sent, Code: 250}); err != nil {
		t.Fatal(err)
	}
	if got := d.Text(t, `select state from deliveries where id = $1`, id); got != "sent" {
		t.Errorf("it is %s", got)
	}
}

func TestAHeldMailIsOutOfHandOnceItIsComposed(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true, Hold: true, PublicURL: "https://desk.test"})
	olga := d.Owner(t, "olga@desk.test")
	file(t, d, written("cara@acme.test", "one@acme.test", "It does not print."), core.Proven)
	c, err := d.ClaimDelivery(t.Context())
	if err != nil || !c.Held {
		t.Fatal(c.Held, err)
	}
	if err := d.SendHeld(t.Context(), olga, c.ID); !errors.Is(err, core.ErrConflict) {
		t.Errorf("it was sent while it was composed: %v", err)
	}
	if err := d.StoreComposed(t.Context(), c, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := d.SendHeld(t.Context(), olga, c.ID); err != nil {
		t.Error(err)
	}
}
