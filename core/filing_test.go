package core_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/core/coretest"
)

// mailToken mints a reply address as a mail would carry it, and gives the
// address of the given delivery's Reply-To.
func replyAddressOf(t *testing.T, d coretest.Desk, recipient string) string {
	t.Helper()
	for {
		c, err := d.ClaimDelivery(t.Context())
		if err != nil {
			t.Fatalf("no mail to %s: %v", recipient, err)
		}
		if c.Recipient.String() == recipient && c.Outgoing != nil {
			return c.Outgoing.ReplyTo
		}
	}
}

func TestTheSameMailAtAnotherMailboxIsToldOnItsConversation(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	d.Exec(t, `insert into mailboxes (address, name) values ('billing@desk.test', 'Billing')`)
	l := written("cara@acme.test", "one@acme.test", "Hello")
	first := file(t, d, l, core.Unproven)
	for verdict, want := range map[core.Verdict]string{core.Refuted: "", core.Unproven: "also sent this to billing@desk.test"} {
		d.Exec(t, `delete from inbound where id <> $1`, first.ID)
		again := file(t, d, l, verdict, "support@desk.test", "billing@desk.test")
		if again.Rule != core.RuleDuplicate || again.Conversation != first.Conversation {
			t.Fatalf("rule %s in #%d", again.Rule, again.Conversation)
		}
		if told := d.Text(t, `select coalesce(string_agg(detail->>'text', ', '), '') from events where conversation_id = $1 and kind = 'also_sent'`, first.Conversation); told != want {
			t.Errorf("%s: told %q, want %q", verdict, told, want)
		}
		d.Exec(t, `delete from events`)
	}
}

func TestAMailPassedOnForAMailboxOfOursIsNoFault(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	d.Exec(t, `insert into passing_addresses values ('sales@acme.test')`)
	l := written("sales@acme.test", "one@acme.test", "Hello")
	l.ReplyTo = []core.NamedAddress{{Address: "Support@desk.test"}}
	if m := file(t, d, l, core.Proven); m.Rule != core.RuleNew || m.From != "sales@acme.test" {
		t.Errorf("rule %s, author %s", m.Rule, m.From)
	}
}

func TestNoReleaseMakesAMailboxOfOursAPerson(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	bad := written("", "bad@acme.test", "Hello")
	bad.From = nil
	m := file(t, d, bad, core.Unproven)
	for _, requester := range []string{"support@desk.test", "support+tag@desk.test"} {
		err := d.Release(t.Context(), operator(), []core.InboundID{m.ID}, requester, false)
		if invalid := (core.Invalid{}); !errors.As(err, &invalid) || invalid.Field != "requester" {
			t.Errorf("named %s: %v", requester, err)
		}
	}
	own := written("support@desk.test", "own@acme.test", "Hello")
	m = file(t, d, own, core.Unproven)
	d.Exec(t, `insert into passing_addresses values ('support@desk.test')`)
	if err := d.Release(t.Context(), operator(), []core.InboundID{m.ID}, "", false); err != nil {
		t.Fatal(err)
	}
	refile(t, d, m.ID, own, core.Unproven)
	if m, _ = d.Mail(t.Context(), operator(), m.ID); m.Status != core.MailSuspended || m.Suspension != core.SuspendedBadFrom {
		t.Errorf("%s %s", m.Status, m.Suspension)
	}
}

// refile applies a mail that was released or replayed.
func refile(t *testing.T, d coretest.Desk, id core.InboundID, l core.Letter, verdict core.Verdict) {
	t.Helper()
	claims, err := d.ClaimInbound(t.Context(), 10)
	if err != nil || len(claims) != 1 || claims[0].ID != id {
		t.Fatalf("claims %+v: %v", claims, err)
	}
	l.FromFields = max(l.FromFields, 1)
	if l.Kind == "" {
		l.Kind = core.KindHuman
	}
	if err := d.Apply(t.Context(), claims[0], l, core.Origin{Verdict: verdict}); err != nil {
		t.Fatal(err)
	}
}

func TestAReplayAfterAReleaseLeavesOutNoOtherRule(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Customer(t, "cara@acme.test")
	l := written("cara@acme.test", "one@acme.test", "Hello")
	m := file(t, d, l, core.Refuted)
	if err := d.Release(t.Context(), operator(), []core.InboundID{m.ID}, "", false); err != nil {
		t.Fatal(err)
	}
	d.Exec(t, `update users set enabled = false where id = $1`, cara.ID)
	refile(t, d, m.ID, l, core.Refuted)
	for range 2 {
		if m, _ = d.Mail(t.Context(), operator(), m.ID); m.Suspension != core.SuspendedDisabled {
			t.Fatalf("%s %s: the rule of a disabled author was left out, or that of forgery came back", m.Status, m.Suspension)
		}
		if err := d.Replay(t.Context(), operator(), m.ID); err != nil {
			t.Fatal(err)
		}
		refile(t, d, m.ID, l, core.Refuted)
	}
}

func TestAForgedVacationMutesNobody(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Customer(t, "cara@acme.test")
	for range 3 {
		d.Exec(t, `insert into deliveries (purpose, state, recipient, user_id, mailbox_id, bounce_name, id_name, automatic)
			values ('acknowledgement', 'sent', 'cara@acme.test', $1, $2, (random() * 1e15)::bigint, (random() * 1e15)::bigint, true)`, cara.ID, d.Mailbox)
	}
	l := written("cara@acme.test", "away@acme.test", "I am away")
	l.Kind = core.KindAutoReply
	file(t, d, l, core.Refuted)
	if n := d.Text(t, `select count(*)::text from automatic_mutes`); n != "0" {
		t.Error("a refuted origin muted automatic mail to Cara")
	}
	l.MessageID = "away2@acme.test"
	file(t, d, l, core.Unproven)
	if n := d.Text(t, `select count(*)::text from automatic_mutes`); n != "1" {
		t.Error("three answers by a machine muted nobody")
	}
}

func TestALinkThatComesBackInTheHTMLOrInARewrittenURLIsRevoked(t *testing.T) {
	t.Parallel()
	for name, quote := range map[string]func(*core.Letter, string){
		"HTML":    func(l *core.Letter, s string) { l.HTML = `<a href="https://help.desk.test/accept/` + s + `">x</a>` },
		"subject": func(l *core.Letter, s string) { l.Subject = s },
		"percent-encoded": func(l *core.Letter, s string) {
			l.Text = "https://safe.test/?url=https%3A%2F%2Fhelp.desk.test%2Faccept%2F" + s + "&data=1"
		},
		"underscores": func(l *core.Letter, s string) {
			l.Text = "https://defense.test/v3/__https://help.desk.test/accept/" + s + "__;!!x"
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := coretest.OpenDesk(t, core.Config{})
			secret, _, err := d.SetupLink(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			l := written("cara@acme.test", "one@acme.test", "See below")
			quote(&l, secret)
			m := file(t, d, l, core.Unproven)
			if _, err := d.Link(t.Context(), secret); !errors.Is(err, core.ErrExpired) {
				t.Errorf("the link still works: %v", err)
			}
			if shown := d.Text(t, `select (select string_agg(text, '') from messages) || (select string_agg(subject, '') from conversations)`) + m.Subject; strings.Contains(shown, secret) {
				t.Error("the secret is shown")
			}
		})
	}
}

func TestATokenInAMailIsNotShownToAnybody(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{PublicURL: "https://help.desk.test"})
	agent := d.Agent(t, "abe@desk.test")
	file(t, d, written("cara@acme.test", "one@acme.test", "Hello"), core.Proven)
	token := replyAddressOf(t, d, "cara@acme.test")
	l := written("cole@acme.test", "two@acme.test", "Cara wrote to "+token)
	l.Subject = "About " + token
	m := file(t, d, l, core.Proven)
	c, err := d.Desk.Conversation(t.Context(), agent, m.Conversation)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := d.Timeline(t.Context(), agent, m.Conversation)
	if err != nil {
		t.Fatal(err)
	}
	shown := c.Subject + m.Subject
	for _, e := range entries {
		shown += e.Text
	}
	for _, rcpt := range file(t, d, written("cara@acme.test", "three@acme.test", "More"), core.Proven, token).Recipients {
		shown += rcpt
	}
	if local, _, _ := strings.Cut(strings.TrimPrefix(token, "support+"), "@"); strings.Contains(shown, local) {
		t.Errorf("the token %s stands in %q", local, shown)
	}
}

func TestAVacationNoticedLateIsNoReply(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{PublicURL: "https://help.desk.test"})
	d.Owner(t, "olga@desk.test")
	m := file(t, d, written("cara@acme.test", "one@acme.test", "Hello"), core.Proven)
	token := replyAddressOf(t, d, "olga@desk.test")
	d.Exec(t, `update deliveries set sent_at = now() - interval '10 minutes' - interval '5 seconds', created_at = now() - interval '20 minutes'`)
	d.Exec(t, `update tokens set created_at = now() - interval '20 minutes'`)
	d.Exec(t, `update messages set created_at = now() - interval '21 minutes'`)
	answer := written("olga@desk.test", "away@desk.test", "Out of the office")
	answer.Kind, answer.FromFields = core.KindHuman, 1
	claim, err := d.Accept(t.Context(), core.Envelope{From: "olga@desk.test", Recipients: []string{token}}, []byte("away"), true)
	if err != nil {
		t.Fatal(err)
	}
	claim.Envelope.ReceivedAt = time.Now().Add(-10 * time.Minute) // and it was parked since
	if err := d.Apply(t.Context(), claim, answer, core.Origin{Verdict: core.Proven}); err != nil {
		t.Fatal(err)
	}
	if got, _ := d.Mail(t.Context(), operator(), claim.ID); got.Rule != core.RuleStaffDraft || got.Conversation != m.Conversation {
		t.Errorf("what came 5 s after the notice was decided by %s", got.Rule)
	}
}

func TestWordsOnTheLineOfTheNoteMarkerStayPrivate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"#note\nThey never pay.":           "They never pay.",
		"#note They never pay.":            "They never pay.",
		"#Note: They never pay.":           "They never pay.",
		"\ufeff *#note* \nThey never pay.": "They never pay.",
		"#notebooks are in stock.":         "",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			d := coretest.OpenDesk(t, core.Config{PublicURL: "https://help.desk.test"})
			d.Owner(t, "olga@desk.test")
			file(t, d, written("cara@acme.test", "one@acme.test", "Hello"), core.Proven)
			token := replyAddressOf(t, d, "olga@desk.test")
			d.Exec(t, `update deliveries set created_at = now() - interval '1 minute'`)
			got := file(t, d, written("olga@desk.test", "two@desk.test", text), core.Proven, token)
			note := d.Text(t, `select coalesce(string_agg(text, ''), '') from notes`)
			if got.Rule != core.RuleStaffReply || note != want {
				t.Errorf("rule %s, note %q", got.Rule, note)
			}
			if follows := d.Text(t, `select count(*)::text from followers`); follows != "1" {
				t.Error("who noted does not follow")
			}
		})
	}
}

func TestASuppressedAddressThatWritesIsAnsweredAgain(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	d.Exec(t, `insert into suppressions (address, reason) values ('cara@acme.test', 'Mailbox full.')`)
	file(t, d, written("cara@acme.test", "one@acme.test", "Hello"), core.Proven)
	if state := d.Text(t, `select state from deliveries where purpose = 'acknowledgement'`); state != "held" {
		t.Errorf("the acknowledgement of her proven mail is %s", state)
	}
}

func TestAMentionMailSentBackWithNothingNewShowsNothingOfIt(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{PublicURL: "https://help.desk.test"})
	agent, mia := d.Agent(t, "abe@desk.test"), d.Collaborator(t, "mia@partner.test")
	id := d.Conversation(t, d.Customer(t, "cara@acme.test"), "wine")
	if _, err := d.AddNote(t.Context(), agent, id, "@mia@partner.test please look"); err != nil {
		t.Fatal(err)
	}
	token := replyAddressOf(t, d, "mia@partner.test")
	l := written("mia@partner.test", "two@partner.test", "From: Support\nAbe mentioned you in a note")
	l.Folds = []core.Span{{Start: 0, End: len(l.Text)}}
	m := file(t, d, l, core.Proven, token)
	if m.Rule != core.RuleMention {
		t.Fatalf("rule %s", m.Rule)
	}
	thread, err := d.MyConversation(t.Context(), mia, m.Conversation)
	if err != nil || len(thread.Posts) != 1 || strings.Contains(thread.Posts[0].Text, "Abe mentioned") {
		t.Errorf("%+v (%v)", thread.Posts, err)
	}
	if elided := d.Text(t, `select elided from messages where id = $1`, m.Post); !strings.Contains(elided, "Abe mentioned") {
		t.Errorf("staff see %q", elided)
	}
}

func TestAMailThatKillsItsProcessComesToAnEnd(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	claim, err := d.Accept(t.Context(), core.Envelope{From: "cara@acme.test", Recipients: []string{"support@desk.test"}}, []byte("bomb"), true)
	if err != nil {
		t.Fatal(err)
	}
	for end := false; !end; {
		d.Exec(t, `update inbound set due_at = now()`) // the lease of a process that died
		claims, err := d.ClaimInbound(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if end = len(claims) == 0; !end && claims[0].Attempt > 10 {
			t.Fatal("claimed for ever")
		}
	}
	m, err := d.Mail(t.Context(), operator(), claim.ID)
	if err != nil || m.Status != core.MailFailed || m.LastError == "" {
		t.Fatalf("%s %q (%v)", m.Status, m.LastError, err)
	}
	if err := d.Replay(t.Context(), operator(), claim.ID); err != nil {
		t.Fatal(err)
	}
	claims, err := d.ClaimInbound(t.Context(), 1)
	if err != nil || len(claims) != 1 {
		t.Fatalf("a replay gives %d claims (%v)", len(claims), err)
	}
	if err := d.Park(t.Context(), claims[0], errors.New("the database was away")); err != nil {
		t.Fatal(err)
	}
	if m, _ := d.Mail(t.Context(), operator(), claim.ID); m.Status == core.MailFailed {
		t.Error("a replay has tries of its own")
	}
}

func TestWhatAMailChangesIsToldAsInThePanel(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{PublicURL: "https://help.desk.test"})
	d.Owner(t, "olga@desk.test")
	m := file(t, d, written("cara@acme.test", "one@acme.test", "Hello"), core.Proven)
	token := replyAddressOf(t, d, "olga@desk.test")
	d.Exec(t, `update deliveries set created_at = now() - interval '1 minute'`)
	file(t, d, written("olga@desk.test", "two@desk.test", "Hello Cara"), core.Proven, token)
	d.Exec(t, `update conversations set status = 'completed', completed_at = now()`)
	l := written("cara@acme.test", "three@acme.test", "Thanks, but")
	l.References = []string{"one@acme.test"}
	file(t, d, l, core.Proven)
	told := d.Text(t, `select string_agg(kind || ' ' || coalesce(detail->>'to', ''), ', ' order by id) from events where conversation_id = $1`, m.Conversation)
	if told != "status open, assignee Olga, status open" {
		t.Errorf("told: %s", told)
	}
	if now := d.Text(t, `select concat_ws(' ', status, completed_at, (select count(*) from followers)) from conversations`); now != "open 1" {
		t.Errorf("it is %s", now)
	}
}

func TestAComplaintIsRecordedInWords(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{PublicURL: "https://help.desk.test"})
	file(t, d, written("cara@acme.test", "one@acme.test", "Hello"), core.Proven)
	c, err := d.ClaimDelivery(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l := written("fbl@isp.test", "two@isp.test", "A complaint")
	l.Kind, l.Report = core.KindReport, &core.Report{Feedback: true, Text: "abuse"}
	m := file(t, d, l, core.Unproven, c.EnvelopeFrom)
	if got := d.Text(t, `select last_response from deliveries where id = $1`, c.ID); m.Rule != core.RuleReport || got != "Reported as unwanted: abuse" {
		t.Errorf("rule %s, %q", m.Rule, got)
	}
}

func TestAMailOfTheCustomerThatWasFiledLateIsNewerThanTheNotice(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{PublicURL: "https://help.desk.test"})
	d.Owner(t, "olga@desk.test")
	file(t, d, written("cara@acme.test", "one@acme.test", "Hello"), core.Proven)
	token := replyAddressOf(t, d, "olga@desk.test")
	late := written("cara@acme.test", "two@acme.test", "Please cancel it")
	late.References, late.Kind, late.FromFields = []string{"one@acme.test"}, core.KindHuman, 1
	claim, err := d.Accept(t.Context(), core.Envelope{From: "cara@acme.test", Recipients: []string{"support@desk.test"}}, []byte("two"), true)
	if err != nil {
		t.Fatal(err)
	}
	claim.Envelope.ReceivedAt = time.Now().Add(-time.Hour) // it was parked
	if err := d.Apply(t.Context(), claim, late, core.Origin{Verdict: core.Proven}); err != nil {
		t.Fatal(err)
	}
	d.Exec(t, `update deliveries set created_at = now() - interval '1 minute'`)
	answer := file(t, d, written("olga@desk.test", "three@desk.test", "It is on its way"), core.Proven, token)
	if answer.Rule != core.RuleStaffDraft || !answer.Trace.Facts.NewerCustomerMessage {
		t.Errorf("rule %s: the agent has not seen what Cara wrote", answer.Rule)
	}
}
