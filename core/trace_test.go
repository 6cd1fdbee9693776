package core_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"

	"postdesk/core"
)

func traceOf(f core.Facts, reason string, defects ...string) core.Trace {
	return core.Trace{Facts: f, Decision: core.Route(f), Origin: core.Origin{Verdict: f.Origin, Reason: reason}, Defects: defects}
}

// What the panel shows for a mail of each rule, word by word.
func TestATraceTellsWhyAMailLandedWhereItDid(t *testing.T) {
	t.Parallel()
	const signed, nothing = "signed by acme.test, matches the sender", "nothing shows that acme.test sent this mail"
	const isProven, isNot = "The sender is proven: signed by acme.test, matches the sender.", "The sender is unproven: nothing shows that acme.test sent this mail."
	cara, mia, abe := by(core.RoleCustomer), by(core.RoleCollaborator), by(core.RoleAgent)
	for _, c := range []struct {
		name  string
		trace core.Trace
		want  []string
	}{
		{"duplicate", traceOf(mailWith(cara, func(f *core.Facts) { f.DuplicateOf, f.FiledAt = mail3, case42 }), signed), []string{
			"It was counted on the mail that came first; nothing was added.",
			`The rule "duplicate" decided: The same mail was filed before, by another way.`,
			isProven, "Its author was a customer.", "It names no conversation of ours."}},
		{"loop", traceOf(mailWith(func(f *core.Facts) { f.Loop = "it carries our loop mark" }), signed), []string{
			`It was suspended as "loop".`,
			`The rule "loop" decided: It is our own mail coming back: it carries our loop mark.`,
			isProven, "Its author had no account.", "It names no conversation of ours."}},
		{"report at a bounce address", traceOf(mailWith(kindOf(core.KindReport), atBounce, names(core.ByThread), unproven), nothing), []string{
			"It was recorded on outgoing mail 9.",
			`The rule "report" decided: A delivery report for a mail of ours, proven by its bounce address.`,
			isNot, "Its author had no account.", "It answers a mail of #42, where the author has no part.", "It is a report about another mail."}},
		{"a machine at a bounce address", traceOf(mailWith(kindOf(core.KindGenerated), atBounce, cara), signed), []string{
			"It is shown on outgoing mail 9, and did nothing else.",
			`The rule "report" decided: A machine wrote to the bounce address of a mail of ours.`,
			isProven, "Its author was a customer.", "It names no conversation of ours.", "It was written by a machine or sent by a list."}},
		{"bad_from", traceOf(mailWith(unproven, func(f *core.Facts) { f.UsableFrom = false }), "", "there are two From fields"), []string{
			`It was suspended as "bad_from".`,
			`The rule "bad_from" decided: It does not say in exactly one readable address who wrote it.`,
			"The sender is unproven.", "Its author could not be read.", "It names no conversation of ours.", "Defect: there are two From fields."}},
		{"forged", traceOf(mailWith(refuted, cara, isRequester, names(core.ByThread)), "it was passed on."), []string{
			`It was suspended as "forged".`,
			`The rule "forged" decided: The sender's domain says that it did not send this.`,
			"The sender is refuted: it was passed on.", "Its author was a customer.", "It answers a mail of #42, where the author is the requester."}},
		{"disabled", traceOf(mailWith(cara, isDisabled), signed), []string{
			`It was suspended as "disabled_user".`,
			`The rule "disabled" decided: The author's account is disabled.`,
			isProven, "Its author was a disabled customer.", "It names no conversation of ours."}},
		{"auto_reply", traceOf(mailWith(kindOf(core.KindAutoReply), cara, isRequester, names(core.ByOwnToken)), signed), []string{
			"It became a quiet event in #42.",
			`The rule "auto_reply" decided: An automatic answer: told, and otherwise without effect.`,
			isProven, "Its author was a customer.", "It came to the author's own reply address of #42, where the author is the requester.",
			"It is an automatic answer, like a vacation notice."}},
		{"mention", traceOf(mailWith(mia, mayView, toMention), signed), []string{
			"It opened a conversation.",
			`The rule "mention" decided: An answer to a mention mail opens a conversation of its own.`,
			isProven, "Its author was a collaborator.", "It answers a mention mail, about #42, where the author may read along.",
			"For staff it is linked to #42 (the mention)."}},
		{"mention of a person", traceOf(mailWith(mia, toMentionOnUser), signed), []string{
			"It opened a conversation.",
			`The rule "mention" decided: An answer to a mention mail opens a conversation of its own.`,
			isProven, "Its author was a collaborator.", "It answers a mention mail, about a person or an organization."}},
		{"requester", traceOf(mailWith(cara, isRequester, names(core.ByOthersToken), alsoNames77), signed), []string{
			"It became a message in #42.",
			`The rule "requester" decided: Its requester wrote to somebody else's reply address.`,
			isProven, "Its author was a customer.", "It came to somebody else's reply address of #42, where the author is the requester.",
			"For staff it is linked to #77 (named as well)."}},
		{"collaborator", traceOf(mailWith(mia, isInCC, unproven, names(core.ByOwnToken)), nothing), []string{
			"It became a private note in #42.",
			`The rule "collaborator" decided: A collaborator wrote to their own reply address.`,
			isNot, "Its author was a collaborator.", "It came to the author's own reply address of #42, where the author is in CC."}},
		{"staff_reply", traceOf(mailWith(abe, mayView, toNotice), signed), []string{
			"It went out as a public reply in #42.",
			`The rule "staff_reply" decided: An agent answered the notice that was sent to them.`,
			isProven, "Its author was an agent.", "It came to the address of the author's own notice about #42, where the author may read along."}},
		{"staff_draft", traceOf(mailWith(abe, mayView, unproven, names(core.ByThread)), nothing), []string{
			"It became a draft for its author in #42.",
			`The rule "staff_draft" decided: An agent wrote, but it is not sent: nothing proves that it is from them.`,
			isNot, "Its author was an agent.", "It answers a mail of #42, where the author may read along."}},
		{"participant", traceOf(mailWith(isInCC, names(core.ByThread)), signed), []string{
			"It became a message in #42.",
			`The rule "participant" decided: Somebody in CC wrote in answer to a mail of the conversation.`,
			isProven, "Its author had no account.", "It answers a mail of #42, where the author is in CC.",
			"Its author was asked by an automatic mail to set a password."}},
		{"elsewhere", traceOf(mailWith(cara, isRequester, isClosed, names(core.ByThread)), signed), []string{
			"It opened a conversation.",
			`The rule "elsewhere" decided: The conversation that it answers is closed.`,
			isProven, "Its author was a customer.", "It answers a mail of #42, where the author is the requester.",
			"For staff it is linked to #42 (follow-up).", "It was acknowledged by an automatic mail."}},
		{"new, several named", traceOf(mailWith(unproven, func(f *core.Facts) { f.Locator.Also = []core.ConversationID{case42, case77} }), nothing), []string{
			"It opened a conversation.",
			`The rule "new" decided: It names several conversations, and which of them is meant cannot be told.`,
			isNot, "Its author had no account.", "It names more than one conversation, and its author is on none or on several of them.",
			"For staff it is linked to #42 (may belong there), #77 (may belong there).",
			"No automatic mail went out. The sender is not verified."}},
		{"new, released", traceOf(mailWith(unproven, releasedFrom(core.RuleForged)), nothing), []string{
			"It opened a conversation.",
			`The rule "new" decided: It answers nothing that we know of.`,
			isNot, "Its author had no account.", "It names no conversation of ours.", `Staff released it from the rule "forged".`,
			"No automatic mail went out. It was released by hand."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := c.trace.Sentences(); !slices.Equal(got, c.want) {
				t.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestADraftSaysWhatAReplyLacked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lacking fact
		want    string
	}{
		{unproven, "nothing proves that it is from them"},
		{names(core.ByOthersToken), "it did not come to the address of their own notice"},
		{names(core.ByOwnToken), "it did not come to the address of their own notice"}, // minted for them, but in no notice
		{isClosed, "the conversation is closed or in the trash"},
		{func(f *core.Facts) { f.NewerCustomerMessage = true }, "the customer wrote again in between"},
		{func(f *core.Facts) { f.VacationSubject = true }, "it may be an automatic answer"},
	} {
		d := core.Route(mailWith(by(core.RoleAgent), mayView, toNotice, c.lacking))
		if d.Effect != core.EffectDraft || d.Reason != "An agent wrote, but it is not sent: "+c.want+"." {
			t.Errorf("%s because %q, want a draft because %s", d.Effect, d.Reason, c.want)
		}
	}
}

func TestANewConversationElsewhereSaysWhatKeptItOut(t *testing.T) {
	t.Parallel()
	const stranger, closed, trashed = "It names a conversation that its author is not part of.", "The conversation that it answers is closed.", "The conversation that it answers is in the trash."
	for _, c := range []struct {
		facts core.Facts
		want  string
	}{
		{mailWith(names(core.ByThread)), stranger},
		{mailWith(names(core.ByThread), isTrashed), stranger},
		{mailWith(names(core.ByThread), isClosed), stranger},
		{mailWith(by(core.RoleAgent), isInCC, names(core.ByThread)), stranger},
		{mailWith(isInCC, names(core.ByThread), isClosed), closed},
		{mailWith(isInCC, names(core.ByThread), isTrashed), trashed},
		{mailWith(isInCC, names(core.ByThread), isClosed, isTrashed), trashed},
	} {
		if d := core.Route(c.facts); d.Rule != core.RuleElsewhere || d.Reason != c.want {
			t.Errorf("rule %s because %q, want elsewhere because %q; facts %+v", d.Rule, d.Reason, c.want, c.facts)
		}
	}
}

// Every decision is told in whole sentences, and survives the database.
func TestEveryTraceIsToldInSentences(t *testing.T) {
	t.Parallel()
	chance := seeded(t)
	for range 5_000 {
		trace := traceOf(factsFrom(chance.IntN), "signed by acme.test")
		for _, s := range trace.Sentences() {
			if !strings.HasSuffix(s, ".") || strings.HasSuffix(s, "..") || strings.Contains(s, "  ") || !unicode.IsUpper(rune(s[0])) {
				t.Fatalf("%q is no sentence; facts %+v", s, trace.Facts)
			}
		}
		stored, err := json.Marshal(trace)
		if err != nil {
			t.Fatal(err)
		}
		var read core.Trace
		if err := json.Unmarshal(stored, &read); err != nil || !reflect.DeepEqual(read.Sentences(), trace.Sentences()) {
			t.Fatalf("read back (%v) it tells %q, want %q", err, read.Sentences(), trace.Sentences())
		}
	}
}

func TestAMailThatWasNotDecidedHasNothingToTell(t *testing.T) {
	t.Parallel()
	if got := (core.Trace{}).Sentences(); len(got) != 0 {
		t.Errorf("it tells %q", got)
	}
}
