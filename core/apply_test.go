package core_test

import (
	"net/netip"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// file accepts and applies a letter, and gives its entry in the mail log.
func file(t *testing.T, d coretest.Desk, l core.Letter, verdict core.Verdict, recipients ...string) core.Mail {
	t.Helper()
	if len(recipients) == 0 {
		recipients = []string{"support@desk.test"}
	}
	if l.Kind == "" {
		l.Kind = core.KindHuman
	}
	if l.FromFields == 0 {
		l.FromFields = 1
	}
	from := ""
	if len(l.From) > 0 {
		from = l.From[0].Address
	}
	env := core.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "client.test", From: from, Recipients: recipients}
	claim, err := d.Accept(t.Context(), env, []byte("Subject: "+l.Subject+"\r\nMessage-ID: <"+l.MessageID+">\r\n\r\n"+l.Text), true)
	if err != nil {
		t.Fatal(err)
	}
	if claim.Held {
		if err := d.Apply(t.Context(), claim, l, core.Origin{Verdict: verdict, Reason: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	m, err := d.Mail(t.Context(), operator(), claim.ID)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func operator() core.Actor {
	return core.Actor{Role: core.RoleOwner, Enabled: true, Name: "the operator"}
}

func written(from, id, text string) core.Letter {
	return core.Letter{From: []core.NamedAddress{{Name: "", Address: from}}, MessageID: id, Subject: "A question", Text: text}
}

func TestAMailThatIsAppliedTwiceIsFiledOnce(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	l := written("cara@acme.test", "one@acme.test", "Hello")
	first := file(t, d, l, core.Proven)
	again := file(t, d, l, core.Proven)
	if first.ID != again.ID || again.Arrivals != 2 {
		t.Errorf("the same bytes again are mail %d, arrivals %d", again.ID, again.Arrivals)
	}
	if n := d.Text(t, `select count(*)::text from conversations`); n != "1" {
		t.Errorf("%s conversations", n)
	}
}

func TestASecondMailInTheThreadIsAdded(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	first := file(t, d, written("cara@acme.test", "one@acme.test", "Hello"), core.Proven)
	l := written("cara@acme.test", "two@acme.test", "More")
	l.References = []string{"one@acme.test"}
	second := file(t, d, l, core.Proven)
	if second.Rule != core.RuleRequester || second.Conversation != first.Conversation {
		t.Errorf("rule %s, conversation %d instead of %d: %s", second.Rule, second.Conversation, first.Conversation, strings.Join(second.Trace.Sentences(), " "))
	}
}
