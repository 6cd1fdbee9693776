package core_test

import (
	"fmt"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// answered is a desk on which Abe answered Cara, and where her copy bounces to.
func answered(t *testing.T) (d coretest.Desk, id core.ConversationID, bounce string) {
	t.Helper()
	d = coretest.OpenDesk(t, core.Config{RelaySet: true, PublicURL: "https://desk.test"})
	abe := d.Owner(t, "abe@private.test")
	m := file(t, d, written("cara@acme.test", "one@acme.test", "It does not print."), core.Proven)
	if _, err := d.Reply(t.Context(), abe, m.Conversation, core.ReplyForm{Text: "Is it on?"}); err != nil {
		t.Fatal(err)
	}
	return d, m.Conversation, bounceAddressOf(t, d, "cara@acme.test", core.PurposeReply)
}

// bounceAddressOf sends what waits until a mail to somebody was sent, and gives its
// envelope sender.
func bounceAddressOf(t *testing.T, d coretest.Desk, recipient string, purpose core.DeliveryPurpose) string {
	t.Helper()
	for {
		c, err := d.ClaimDelivery(t.Context())
		if err != nil {
			t.Fatalf("no %s to %s: %v", purpose, recipient, err)
		}
		if err := d.StoreComposed(t.Context(), c, []byte("bytes")); err != nil {
			t.Fatal(err)
		}
		if err := d.FinishDelivery(t.Context(), c, core.Receipt{Outcome: core.Sent, Code: 250}); err != nil {
			t.Fatal(err)
		}
		if c.Recipient.String() == recipient && c.Purpose == purpose {
			return c.EnvelopeFrom
		}
	}
}

func reported(t *testing.T, d coretest.Desk, bounce, id string, r core.Report) core.Mail {
	t.Helper()
	l := written("mailer-daemon@acme.test", id+"@acme.test", "words of a machine")
	l.Kind, l.Report = core.KindReport, &r
	m := file(t, d, l, core.Unproven, bounce)
	if m.Rule != core.RuleReport || m.Status != core.MailSuccess {
		t.Fatalf("report %s: %s %s", id, m.Rule, m.Status)
	}
	return m
}

func TestTheFinalStateWinsInWhateverOrderReportsCome(t *testing.T) {
	t.Parallel()
	const state, events, suppressed, told = `select state || ': ' || last_response from deliveries where purpose = 'reply'`,
		`select coalesce(string_agg(substr(kind, 10), ' ' order by id), '') from events where kind like 'delivery!_%' escape '!' and conversation_id is not null`,
		`select count(*)::text from suppressions`, `select count(*)::text from deliveries where kind = 'failed'`
	said := func(action core.Action, status string) core.Report {
		return core.Report{Action: action, Status: []string{status}, Permanent: strings.HasPrefix(status, "5"), FailedRecipients: []string{"cara@acme.test"}}
	}
	delayed, relayed, delivered := said(core.ActionDelayed, "4.4.1"), said(core.ActionRelayed, "2.0.0"), said(core.ActionDelivered, "2.1.5")
	expanded, failed, expired := said(core.ActionExpanded, "2.0.0"), said(core.ActionFailed, "5.1.1"), said(core.ActionFailed, "4.4.7")
	complaint := core.Report{Feedback: true}
	for name, c := range map[string]struct {
		reports                         []core.Report
		state, events, suppressed, told string
	}{
		"late":                                {[]core.Report{delayed, delayed}, "sent: Reported delayed 4.4.1", "delayed", "0", "0"},
		"passed on":                           {[]core.Report{relayed}, "sent: Reported relayed 2.0.0", "relayed", "0", "0"},
		"expanded":                            {[]core.Report{expanded}, "sent: Reported expanded 2.0.0", "expanded", "0", "0"},
		"a complaint":                         {[]core.Report{complaint}, "sent: Reported as unwanted", "unwanted", "0", "0"},
		"failed":                              {[]core.Report{failed, failed}, "failed: Reported failed 5.1.1", "failed", "1", "1"},
		"expired: fails without suppression":  {[]core.Report{expired}, "failed: Reported failed 4.4.7", "failed", "0", "1"},
		"late, then delivered":                {[]core.Report{delayed, delivered}, "sent: Reported delivered 2.1.5", "delayed delivered", "0", "0"},
		"delivered, then late":                {[]core.Report{delivered, delayed}, "sent: Reported delivered 2.1.5", "delivered delayed", "0", "0"},
		"failed, then late":                   {[]core.Report{failed, delayed}, "failed: Reported failed 5.1.1", "failed delayed", "1", "1"},
		"failed, then delivered":              {[]core.Report{failed, delivered}, "failed: Reported failed 5.1.1", "failed delivered", "1", "1"},
		"a great mail says nothing of others": {[]core.Report{said(core.ActionFailed, "5.3.4")}, "failed: Reported failed 5.3.4", "failed", "0", "1"},
		"nor does a policy":                   {[]core.Report{said(core.ActionFailed, "5.7.1")}, "failed: Reported failed 5.7.1", "failed", "0", "1"},
		"nor does a full mailbox":             {[]core.Report{said(core.ActionFailed, "5.2.2")}, "failed: Reported failed 5.2.2", "failed", "0", "1"},
		"a mailbox that is closed does":       {[]core.Report{said(core.ActionFailed, "5.2.1")}, "failed: Reported failed 5.2.1", "failed", "1", "1"},
		"T51: late, delivered, then failed":   {[]core.Report{delayed, delivered, failed}, "failed: Reported failed 5.1.1", "delayed delivered failed", "0", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, _, bounce := answered(t)
			for i, r := range c.reports {
				reported(t, d, bounce, string(rune('a'+i)), r)
			}
			for what, want := range map[string]string{state: c.state, events: c.events, suppressed: c.suppressed, told: c.told} {
				if got := d.Text(t, what); got != want {
					t.Errorf("%s: %q, want %q", what, got, want)
				}
			}
			if n := d.Text(t, `select count(*)::text from deliveries where recipient = 'cara@acme.test' and created_at > (select min(received_at) from inbound where kind = 'report')`); n != "0" {
				t.Errorf("the customer gets %s mails", n)
			}
		})
	}
}

func TestAReportsWordsForStaffAreBoundedAndHoldNoSecret(t *testing.T) {
	t.Parallel()
	d, id, bounce := answered(t)
	token := bounce[strings.IndexByte(bounce, '+')+1 : strings.IndexByte(bounce, '@')]
	secret := core.NewSecret()
	reported(t, d, bounce, "a", core.Report{Action: core.ActionFailed, Permanent: true, Status: []string{"5.1.1"},
		FailedRecipients: []string{"elsewhere@far.test", "more@far.test"},
		Text:             "no " + token + "\r\nin https://desk.test/accept/" + secret + " " + strings.Repeat("long ", 500)})
	words := d.Text(t, `select last_response from deliveries where purpose = 'reply'`)
	event := d.Text(t, `select detail->>'text' from events where conversation_id = $1 and kind = 'delivery_failed'`, id)
	for _, shown := range []string{words, event, d.Text(t, `select reason from suppressions`)} {
		if strings.Contains(shown, token) || strings.Contains(shown, secret) || strings.ContainsAny(shown, "\r\n") || len(shown) > 800 {
			t.Errorf("shown to staff: %q", shown)
		}
	}
	// It was forwarded: whom it failed at is shown, and whom we wrote to is stopped.
	if !strings.HasPrefix(words, "Reported failed 5.1.1 for elsewhere@far.test, more@far.test: no […]") {
		t.Errorf("said %q", words)
	}
	if !strings.HasPrefix(event, "mail to cara@acme.test could not be delivered: ") {
		t.Errorf("told %q", event)
	}
	if to := d.Text(t, `select string_agg(address, ' ') from suppressions`); to != "cara@acme.test" {
		t.Errorf("stopped: %s", to)
	}
	o := outgoingTo(t, d, "abe@private.test")
	for o.Notice != core.NoticeFailed {
		o = outgoingTo(t, d, "abe@private.test")
	}
	if !strings.HasPrefix(o.Problem, "Mail to cara@acme.test could not be delivered: The mail was taken at first, and came back. There is no such address. Is it written as it should be? Word for word: Reported failed") {
		t.Errorf("the author reads %q", o.Problem)
	}
	if want := fmt.Sprintf("Not delivered: [#%d] ", id); !strings.HasPrefix(o.Subject, want) || o.InReplyTo == "" && len(o.References) == 0 {
		t.Errorf("the subject is %q, after %q", o.Subject, o.References)
	}
}

func TestABouncedMentionOrAcknowledgementFlagsThePersonAndMailsNobody(t *testing.T) {
	t.Parallel()
	d, id, _ := answered(t)
	mia := d.Collaborator(t, "mia@partner.test")
	bob := d.Agent(t, "bob@private.test")
	if _, err := d.AddNote(t.Context(), bob, id, "@mia@partner.test please look"); err != nil {
		t.Fatal(err)
	}
	bounce := bounceAddressOf(t, d, "mia@partner.test", core.PurposeMentionMail)
	before := d.Text(t, `select count(*)::text from deliveries`)
	reported(t, d, bounce, "a", core.Report{Action: core.ActionFailed, Permanent: true, Status: []string{"5.1.1"}})
	if after := d.Text(t, `select count(*)::text from deliveries`); after != before {
		t.Errorf("%s deliveries, %s before", after, before)
	}
	if flag := d.Text(t, `select detail->>'text' from events where user_id = $1 and kind = 'delivery_suppressed'`, mia.ID); !strings.HasPrefix(flag, "mail to mia@partner.test stops until they write to us") {
		t.Errorf("her page says %q", flag)
	}
	if n := d.Text(t, `select count(*)::text from suppressions where address = 'mia@partner.test'`); n != "1" {
		t.Errorf("%s suppressions", n)
	}
}
