package core_test

import (
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// noticed is a desk on which Abe was told a minute ago of what Cara wrote.
func noticed(t *testing.T) (d coretest.Desk, abe core.Actor, id core.ConversationID, door string) {
	t.Helper()
	d = coretest.OpenDesk(t, core.Config{RelaySet: true, PublicURL: "https://desk.test"})
	abe = d.Owner(t, "abe@private.test")
	m := file(t, d, written("cara@acme.test", "one@acme.test", "It does not print."), core.Proven)
	door = replyAddressOf(t, d, "abe@private.test")
	d.Exec(t, `update deliveries set created_at = created_at - interval '1 minute', sent_at = now() - interval '1 minute', state = 'sent'`)
	return d, abe, m.Conversation, door
}

func TestAnAnswerAfterAnotherRequesterIsNotSentToThem(t *testing.T) {
	t.Parallel()
	held := func(t *testing.T, d coretest.Desk, door string) {
		m := file(t, d, written("abe@private.test", "answer@private.test", "Is it on?"), core.Proven, door)
		if m.Rule != core.RuleStaffDraft || !strings.Contains(m.Reason, "another requester in between") {
			t.Errorf("%s: %s", m.Rule, m.Reason)
		}
	}
	t.Run("it was changed", func(t *testing.T) {
		t.Parallel()
		d, abe, id, door := noticed(t)
		cole := "cole@other.test"
		if err := d.UpdateConversation(t.Context(), abe, id, core.Changes{RequesterEmail: &cole, ConfirmRequester: true}); err != nil {
			t.Fatal(err)
		}
		held(t, d, door)
	})
	t.Run("the conversation was merged into another's", func(t *testing.T) {
		t.Parallel()
		d, abe, first, _ := noticed(t)
		second := file(t, d, written("cole@other.test", "two@other.test", "Mine neither."), core.Proven)
		door := replyAddressOf(t, d, "abe@private.test")
		d.Exec(t, `update deliveries set created_at = created_at - interval '1 minute', sent_at = now() - interval '1 minute', state = 'sent'`)
		into, err := d.Merge(t.Context(), abe, []core.ConversationID{first, second.Conversation}, false)
		if err != nil || into != first {
			t.Fatalf("merged into #%d (%v)", into, err)
		}
		held(t, d, door)
	})
}

func TestTwoAnswersToOneNoticeAreTwoAndTheSameWordsOne(t *testing.T) {
	t.Parallel()
	d, _, id, door := noticed(t)
	for i, c := range []struct {
		text string
		rule core.Rule
	}{{"Is it on?", core.RuleStaffReply}, {"And is it full?", core.RuleStaffReply}, {"Is it on?", core.RuleStaffDraft}} {
		m := file(t, d, written("abe@private.test", string(rune('a'+i))+"@private.test", c.text), core.Proven, door)
		if m.Rule != c.rule {
			t.Errorf("answer %d, %q: %s: %s", i, c.text, m.Rule, m.Reason)
		}
	}
	if said := d.Text(t, `select string_agg(text, '|' order by id) from messages where by_staff and conversation_id = $1`, id); said != "Is it on?|And is it full?" {
		t.Errorf("said %q", said)
	}
}

func TestADraftNoticeSaysWhyAndItsAnswerGoesToNoCustomer(t *testing.T) {
	t.Parallel()
	d, _, _, door := noticed(t)
	later := written("cara@acme.test", "three@acme.test", "Wait, it does.")
	later.InReplyTo = []string{"one@acme.test"}
	if m := file(t, d, later, core.Proven); m.Rule != core.RuleRequester {
		t.Fatal(m.Rule)
	}
	d.Exec(t, `update deliveries set created_at = created_at - interval '1 minute', state = 'sent'`)
	m := file(t, d, written("abe@private.test", "answer@private.test", "Is it on?"), core.Proven, door)
	if m.Rule != core.RuleStaffDraft || !strings.Contains(m.Reason, "the customer wrote again in between (cara, ") {
		t.Fatalf("%s: %s", m.Rule, m.Reason)
	}
	if told := d.Text(t, `select warnings[1] from drafts`); !strings.HasPrefix(told, "Not sent: the customer wrote again in between") {
		t.Errorf("the draft says %q", told)
	}
	o := outgoingTo(t, d, "abe@private.test")
	if o.Notice != core.NoticeDraft || !strings.HasPrefix(o.Problem, "the customer wrote again in between") {
		t.Fatalf("%s: %s", o.Notice, o.Problem)
	}
	d.Exec(t, `update deliveries set created_at = created_at - interval '1 minute', sent_at = now() - interval '1 minute', state = 'sent'`)
	m = file(t, d, written("abe@private.test", "thanks@private.test", "Please send it."), core.Proven, o.ReplyTo)
	if m.Rule != core.RuleStaffDraft || !strings.Contains(m.Reason, "it answers a notice about another mail") {
		t.Errorf("%s: %s", m.Rule, m.Reason)
	}
	if n := d.Text(t, `select count(*)::text from messages where by_staff`); n != "0" {
		t.Errorf("%s messages of staff", n)
	}
}

func TestWhatIsPrivateToTheTeamIsSeenHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"plain":                 "Write to abe@private.test today, and then tell me about it.",
		"a colleague's":         "Write to bob@private.test today, and then tell me about it.",
		"for a URL":             "See mailto:abe%40private.test today, and then tell me about it.",
		"for a page":            "Write to abe&#64;private.test today, and then tell me about it.",
		"over two lines":        "Write to abe@priv\nate.test today, and then tell me about it.",
		"with unseen letters":   "Write to abe@\u200bprivate.test today, and then tell me about it.",
		"with a wide sign":      "Write to abe＠private.test today, and then tell me about it.",
		"a page of the panel":   "See https://desk.test/agent/users/7 today, and then tell me about it.",
		"a link that was wrapt": "See https://safe.test/?url=https%3A%2F%2Fdesk.test%2Fagent%2Fconversations%2F1 and tell me about it.",
	} {
		d, _, _, door := noticed(t)
		d.Agent(t, "bob@private.test")
		if m := file(t, d, written("abe@private.test", "answer@private.test", text), core.Proven, door); m.Rule != core.RuleStaffDraft {
			t.Errorf("%s: %s", name, m.Rule)
		}
	}
	// The customer's own address, and ours, are nobody's secret.
	d, _, _, door := noticed(t)
	if m := file(t, d, written("abe@private.test", "answer@private.test", "I write to cara@acme.test from support@desk.test, and you did so too."), core.Proven, door); m.Rule != core.RuleStaffReply {
		t.Errorf("%s: %s", m.Rule, m.Reason)
	}
}

func TestTokensAreFoundInPieces(t *testing.T) {
	t.Parallel()
	keys, err := core.NewKeys([16]byte{1}, []core.Key{{Number: 3, Secret: [32]byte{1}}})
	if err != nil {
		t.Fatal(err)
	}
	token := keys.Mint(core.PurposeStaff, 42)
	for name, text := range map[string]string{
		"whole":        "x " + token + " y",
		"upper case":   "x " + strings.ToUpper(token) + " y",
		"two lines":    "x " + token[:10] + "\n" + token[10:] + " y",
		"quoted lines": "x " + token[:10] + "\n> > " + token[10:30] + "\r\n> " + token[30:] + " y",
		"soft break":   "x " + token[:39] + "=\r\n" + token[39:] + " y",
		"for a URL":    "x support%2B" + token + "%40desk.test y",
		"unseen":       "x " + token[:5] + "\u200b" + token[5:] + " y",
		"among others": "x " + strings.Repeat("a", 50) + token + strings.Repeat("b", 9) + " y",
	} {
		hidden, held := keys.HideTokens(text)
		if !held || strings.Contains(strings.ToLower(hidden), token[20:]) || !strings.HasPrefix(hidden, "x ") || !strings.HasSuffix(hidden, " y") {
			t.Errorf("%s: %t %q", name, held, hidden)
		}
	}
	for _, text := range []string{"", "x", strings.Repeat("word ", 50), strings.Repeat("abcdefgh\n", 20), "x " + token[:39] + " y", "\xff\xfe" + token[:30]} {
		if hidden, held := keys.HideTokens(text); held || hidden != core.Redact(text) {
			t.Errorf("%q became %q", text, hidden)
		}
	}
}

func FuzzHideTokens(f *testing.F) {
	keys, err := core.NewKeys([16]byte{1}, []core.Key{{Number: 3, Secret: [32]byte{1}}})
	if err != nil {
		f.Fatal(err)
	}
	token := keys.Mint(core.PurposeStaff, 42)
	for _, seed := range []string{"", " ", "\n> ", "=\r\n", "\xff", "\u200b", "+"} {
		f.Add("before ", 7, seed, "after")
	}
	f.Fuzz(func(t *testing.T, before string, at int, between, after string) {
		at = max(0, min(at, len(token)))
		hidden, held := keys.HideTokens(before + token[:at] + between + token[at:] + after)
		if strings.Contains(strings.ToLower(hidden), token) {
			t.Errorf("a token is left in %q", hidden)
		}
		if strings.Trim(between, " \r\n>=\u200b") == "" && !held {
			t.Errorf("a token broken by %q was not seen", between)
		}
	})
}

func TestAnAddressOfTheTeamIsKnownHoweverItsDomainIsWritten(t *testing.T) {
	t.Parallel()
	d, _, _, door := noticed(t)
	d.Agent(t, "jürgen@xn--mnchen-3ya.test")
	for i, text := range []string{
		"Write to jürgen@xn--mnchen-3ya.test please.", "Write to jürgen@münchen.test please.", "Write to ju\u0308rgen@mu\u0308nchen.test please.",
		"Write to JÜRGEN@MÜNCHEN.test please.", "Write to jürgen\u2060@\u00admünchen.test please.", "Write to jürgen@münchen。test please.",
	} {
		d.Exec(t, `update deliveries set created_at = now() - interval '1 minute', sent_at = now() - interval '1 minute', state = 'sent'`)
		m := file(t, d, written("abe@private.test", string(rune('a'+i))+"@private.test", text), core.Proven, door)
		if m.Rule != core.RuleStaffDraft || !strings.Contains(m.Reason, "address of somebody of the team") {
			t.Errorf("%q: %s %s", text, m.Rule, m.Reason)
		}
	}
}
