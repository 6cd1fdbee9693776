package core_test

import (
	"errors"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// mailsIn gives the mails of all entries of a conversation as somebody sees them.
func mailsIn(t *testing.T, d coretest.Desk, who core.Actor, id core.ConversationID) map[string]core.DeliveryState {
	t.Helper()
	entries, err := d.Timeline(t.Context(), who, id)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]core.DeliveryState{}
	for _, e := range entries {
		for _, m := range e.Deliveries {
			found[string(e.Kind)+" "+string(m.Purpose)+" "+m.Recipient.String()] = m
		}
	}
	return found
}

func TestEachMailStandsBesideWhatItCarriedForEveryoneWhoMayLook(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	abe, mia := d.Agent(t, "abe@desk.test"), d.Collaborator(t, "mia@partner.test")
	m := file(t, d, written("cara@acme.test", "one@acme.test", "Hello"), core.Proven)
	if _, err := d.Reply(t.Context(), abe, m.Conversation, core.ReplyForm{Text: "Here", CC: []string{"mia@partner.test", "bob@acme.test"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.AddNote(t.Context(), abe, m.Conversation, "@mia@partner.test please look"); err != nil {
		t.Fatal(err)
	}
	older := d.Conversation(t, d.Customer(t, "other@acme.test"), "older")
	d.Exec(t, `update conversations set created_at = now() - interval '1 day' where id = $1`, older)
	for _, merged := range []bool{false, true} {
		at := m.Conversation
		if merged {
			survivor, err := d.Merge(t.Context(), abe, []core.ConversationID{older, at}, false)
			if err != nil {
				t.Fatal(err)
			}
			at = survivor
		}
		for _, who := range []core.Actor{abe, mia} {
			found := mailsIn(t, d, who, at)
			for _, want := range []string{"reply cara@acme.test", "reply bob@acme.test", "copy mia@partner.test"} {
				_, message := found["MESSAGE "+want]
				_, note := found["NOTE "+want]
				if !message && !(merged && note) {
					t.Errorf("merged %v: %s sees no %q: %v", merged, who.Role, want, found)
				}
			}
			if s := found["NOTE mention mia@partner.test"]; s.State != core.DeliveryHeld || s.User != mia.ID {
				t.Errorf("merged %v: the mention mail is %+v", merged, s)
			}
			if !merged && found["MESSAGE acknowledgement cara@acme.test"].State != core.DeliveryHeld {
				t.Errorf("the acknowledgement is not beside what it acknowledges: %v", found)
			}
		}
	}
}

func TestAMailTellsWhatHoldsItUp(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	abe := d.Agent(t, "abe@desk.test")
	id := d.Conversation(t, d.Customer(t, "cara@acme.test"), "wine")
	if _, err := d.Reply(t.Context(), abe, id, core.ReplyForm{Text: "Here"}); err != nil {
		t.Fatal(err)
	}
	mail := func() core.DeliveryState { return mailsIn(t, d, abe, id)["MESSAGE reply cara@acme.test"] }
	for _, c := range []struct {
		name, sql string
		is        func(core.DeliveryState) bool
	}{
		{"on its way", `select 1`, func(m core.DeliveryState) bool { return m.Well() && m.NextAttemptAt != nil }},
		{"in hand", `update deliveries set claimed_until = now() + interval '1 hour'`, func(m core.DeliveryState) bool { return m.Sending && m.NextAttemptAt == nil }},
		{"late", `update deliveries set claimed_until = null, attempts = 1, last_response = '450 4.2.0 greylisted'`,
			func(m core.DeliveryState) bool {
				return m.Late() && !m.Well() && strings.Contains(m.Reason(), "greylisting")
			}},
		{"a failing destination", `insert into destinations (name, failures, failed_until) values ('acme.test', 1, '2126-01-01')`,
			func(m core.DeliveryState) bool { return m.NextAttemptAt.Year() == 2126 }},
		{"a pause of everything", `insert into destinations (name, paused_at) values ('*', now())`,
			func(m core.DeliveryState) bool { return m.Paused && m.NextAttemptAt == nil && !m.Well() }},
		{"perhaps delivered", `update deliveries set perhaps_delivered = true`, func(m core.DeliveryState) bool { return m.PerhapsDelivered }},
		{"sent, with the server's words", `with a as (insert into delivery_attempts (delivery_id, attempt, outcome, response) select id, 2, 'sent', '250 queued as 4711' from deliveries)
			update deliveries set state = 'sent', sent_at = now(), last_response = '250 queued as 4711'`,
			func(m core.DeliveryState) bool {
				return m.Well() && m.Said == "250 queued as 4711" && m.SentAt != nil && !m.PerhapsDelivered
			}},
		{"reported late", `update deliveries set last_response = 'Reported delayed 4.4.1'`,
			func(m core.DeliveryState) bool {
				return m.Reported() == core.ActionDelayed && !m.Well() && m.Said == "250 queued as 4711"
			}},
		{"reported to have arrived", `update deliveries set last_response = 'Reported delivered 2.0.0'`, core.DeliveryState.Well},
		{"failed", `update deliveries set state = 'failed', failed_at = now(), last_response = 'Reported failed 5.1.1'`,
			func(m core.DeliveryState) bool {
				return m.Failed() && strings.Contains(m.Reason(), "no such address")
			}},
		{"given up on purpose", `update deliveries set last_response = 'Discarded by Olga'`, func(m core.DeliveryState) bool { return !m.Failed() && !m.Well() }},
	} {
		d.Exec(t, c.sql)
		if m := mail(); !c.is(m) {
			t.Errorf("%s: %+v", c.name, m)
		}
	}
}

func TestWhoeverTheLastMailDidNotReachIsTold(t *testing.T) {
	t.Parallel()
	address := func(text string) core.Address {
		a, err := core.ParseAddress(text)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	mail := func(id core.DeliveryID, to string, state core.DeliveryStatus, words string) core.DeliveryState {
		return core.DeliveryState{ID: id, Recipient: address(to), State: state, LastResponse: words}
	}
	entries := []core.Entry{
		{Deliveries: []core.DeliveryState{mail(1, "cara@a.test", core.DeliveryFailed, "550"), mail(2, "bob@a.test", core.DeliveryFailed, "550"), mail(3, "dan@a.test", core.DeliverySent, "250")}},
		{Deliveries: []core.DeliveryState{mail(4, "cara@a.test", core.DeliverySent, "250"), mail(5, "bob@a.test", core.DeliveryQueued, ""), mail(6, "dan@a.test", core.DeliveryFailed, "552")}},
		{Deliveries: []core.DeliveryState{mail(7, "eve@a.test", core.DeliveryFailed, "Discarded by Olga"), {ID: 8, State: core.DeliveryFailed}}},
	}
	var told []string
	for _, m := range core.Unreached(entries) {
		told = append(told, m.Recipient.String())
	}
	if got := strings.Join(told, " "); got != "bob@a.test dan@a.test" {
		t.Errorf("told of %q", got)
	}
}

func TestWhoMayReplyMayRetryAReplyThatFailed(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	abe, mia, cara := d.Agent(t, "abe@desk.test"), d.Collaborator(t, "mia@partner.test"), d.Customer(t, "cara@acme.test")
	stranger := d.Agent(t, "carl@desk.test")
	stranger.Rights.Access = core.AccessOwn
	id := d.Conversation(t, cara, "wine")
	d.Exec(t, `update conversations set assignee_id = $2 where id = $1`, id, abe.ID)
	if _, err := d.Reply(t.Context(), abe, id, core.ReplyForm{Text: "Here"}); err != nil {
		t.Fatal(err)
	}
	mail := mailsIn(t, d, abe, id)["MESSAGE reply cara@acme.test"].ID
	if err := d.RetryDelivery(t.Context(), abe, mail); !errors.Is(err, core.ErrConflict) {
		t.Errorf("an agent hurried a mail that did not fail: %v", err)
	}
	fail := func(words string) {
		d.Exec(t, `update deliveries set state = 'failed', failed_at = now(), tries = 5, last_response = $2 where id = $1`, mail, words)
	}
	fail("554 5.7.1 no")
	for name, who := range map[string]core.Actor{"without access": stranger, "a collaborator": mia, "the customer": cara} {
		if err := d.RetryDelivery(t.Context(), who, mail); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("%s: %v", name, err)
		}
		if err := d.RetryDelivery(t.Context(), who, 999999); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("%s learns that a mail is missing: %v", name, err)
		}
	}
	d.Exec(t, `insert into suppressions (address, reason) values ('cara@acme.test', 'Reported failed 5.1.1')`)
	var refusal core.Refusal
	if err := d.RetryDelivery(t.Context(), abe, mail); !errors.Is(err, core.ErrConflict) || !errors.As(err, &refusal) || !strings.Contains(refusal.Problem, "5.1.1") {
		t.Errorf("a stopped address was tried, or the reason is not told: %v", err)
	}
	d.Exec(t, `delete from suppressions`)
	if err := d.RetryDelivery(t.Context(), abe, mail); err != nil {
		t.Fatal(err)
	}
	if got := d.Text(t, `select state || ' ' || tries || ' ' || (failed_at is null)::text from deliveries where id = $1`, mail); got != "queued 0 true" {
		t.Errorf("the mail is %s", got)
	}
	if told := d.Text(t, `select count(*)::text from audit where act = 'delivery.retried' and actor_id = $1`, abe.ID); told != "1" {
		t.Errorf("told %s times", told)
	}
	d.Exec(t, `update deliveries set purpose = 'staff_notice' where id = $1`, mail)
	fail("554")
	if err := d.RetryDelivery(t.Context(), abe, mail); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("an agent sent a notice again: %v", err)
	}
}

func TestTokensAreMaskedInShownMailsOnceMailCanLeave(t *testing.T) {
	t.Parallel()
	for _, relay := range []bool{false, true} {
		d := coretest.OpenDesk(t, core.Config{RelaySet: relay})
		olga := d.Owner(t, "olga@desk.test")
		id := queued(t, d, "cara@acme.test", 0)
		const token, name = "caabcdefghijklmnopqrstuvwxyz234567abcdef", "cuabcdefghijklmnopqrstuvwxyz234567abcdef"
		raw := "DKIM-Signature: b=" + strings.Repeat("aB3/", 20) + "\r\nReply-To: <support+" + token + "@desk.test>\r\nMessage-ID: <" + name + ".x@desk.test>\r\n\r\n" + strings.ToUpper(token)
		d.Exec(t, `update deliveries set bytes = $2 where id = $1`, id, []byte(raw))
		shown, err := d.DeliverySource(t.Context(), olga, id)
		if err != nil {
			t.Fatal(err)
		}
		hidden := token[:6] + strings.Repeat("x", 34)
		want := raw
		if relay {
			want = strings.NewReplacer(token, hidden, strings.ToUpper(token), strings.ToUpper(token[:6])+hidden[6:]).Replace(raw)
		}
		if string(shown) != want {
			t.Errorf("relay %v: %s", relay, shown)
		}
		if kept := d.Text(t, `select convert_from(bytes, 'UTF8') from deliveries where id = $1`, id); kept != raw {
			t.Errorf("what is sent was masked: %s", kept)
		}
	}
}
