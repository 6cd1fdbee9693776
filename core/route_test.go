package core_test

import (
	"fmt"
	"testing"

	"postdesk/core"
)

// Rules 1 to 9: what keeps a mail out. The rules that let it in are in
// routewords_test.go.

func TestMailThatWasFiledBeforeIsCounted(t *testing.T) {
	t.Parallel()
	filedAt42 := func(f *core.Facts) { f.DuplicateOf, f.FiledAt = mail3, case42 }
	counted := core.Decision{Rule: core.RuleDuplicate, Effect: core.EffectCounted, Conversation: case42}
	runRouteCases(t, []routeCase{
		{"the same mail was filed before: counted on the first, nothing added",
			mailWith(filedAt42, by(core.RoleCustomer), isRequester, names(core.ByOwnToken)), counted},
		{"first match wins: also if it would be a loop, a report, forged, disabled or filtered",
			mailWith(filedAt42, isDisabled, func(f *core.Facts) { f.Loop, f.Virus, f.Kind = "mark", true, core.KindReport }), counted},
		{"if it names another conversation, both are linked",
			mailWith(filedAt42, by(core.RoleCustomer), func(f *core.Facts) { f.Locator = core.Locator{How: core.ByThread, Conversation: case77} }),
			changed(counted, func(d *core.Decision) { d.Links = []core.LinkTo{alsoNamed(case77)} })},
		{"if it names several others, each is linked",
			mailWith(filedAt42, alsoNames77, func(f *core.Facts) { f.Locator.Also = append(f.Locator.Also, case42, case43) }),
			changed(counted, func(d *core.Decision) { d.Links = []core.LinkTo{alsoNamed(case77), alsoNamed(case43)} })},
		{"a refuted origin changes nothing: not even a link",
			mailWith(filedAt42, refuted, func(f *core.Facts) { f.Locator = core.Locator{How: core.ByThread, Conversation: case77} }), counted},
		{"release of a copy whose twin was filed meanwhile: one message",
			mailWith(filedAt42, releasedFrom(core.RuleFiltered)), counted},
	})
}

func TestOurOwnMailComingBackIsSuspended(t *testing.T) {
	t.Parallel()
	ours := func(f *core.Facts) { f.Loop = "it has a Message-ID of ours" }
	runRouteCases(t, []routeCase{
		{"our Message-ID, loop header or mailbox: suspended loop, never answered",
			mailWith(ours), suspendedAs(core.RuleLoop, core.SuspendedLoop)},
		{"T42: a notice auto-forwarded back by an agent is a loop, not a reply",
			mailWith(ours, by(core.RoleAgent), mayView, toNotice), suspendedAs(core.RuleLoop, core.SuspendedLoop)},
		{"before report: a report that is our own mail is a loop",
			mailWith(ours, kindOf(core.KindReport), atBounce), onDelivery(suspendedAs(core.RuleLoop, core.SuspendedLoop))},
	})
}

func TestReportsCountOnlyAtABounceAddress(t *testing.T) {
	t.Parallel()
	recorded := core.Decision{Rule: core.RuleReport, Effect: core.EffectReport, Conversation: case42, Delivery: bounce9}
	answered := core.Decision{Rule: core.RuleReport, Effect: core.EffectAnswered, Conversation: case42, Delivery: bounce9}
	runRouteCases(t, []routeCase{
		{"with a valid bounce token in RCPT: recorded on that delivery",
			mailWith(kindOf(core.KindReport), nullSender, unproven, atBounce, names(core.ByThread)), recorded},
		{"recorded also if From is refuted or cannot be read: the token is the proof",
			mailWith(kindOf(core.KindReport), nullSender, refuted, atBounce, names(core.ByThread), func(f *core.Facts) { f.UsableFrom = false }), recorded},
		{"without: suspended report, no effect on anyone",
			mailWith(kindOf(core.KindReport), nullSender), suspendedAs(core.RuleReport, core.SuspendedReport)},
		{"T53: a report that quotes our ids and token of #42 is still no message",
			mailWith(kindOf(core.KindReport), by(core.RoleCustomer), isRequester, names(core.ByOwnToken)), suspendedAs(core.RuleReport, core.SuspendedReport)},
		{"T113: a complaint report to the mailbox is suspended report",
			mailWith(kindOf(core.KindReport), by(core.RoleCustomer)), suspendedAs(core.RuleReport, core.SuspendedReport)},
		{"a vacation that comes to a bounce address is rule 8 with that delivery's conversation",
			mailWith(kindOf(core.KindAutoReply), atBounce, by(core.RoleCustomer), isRequester, names(core.ByThread)),
			onDelivery(to42(core.RuleAutoReply, core.EffectEvent))},
		{"a vacation from somebody else there is suspended auto_reply",
			mailWith(kindOf(core.KindAutoReply), atBounce, names(core.ByThread)), onDelivery(suspendedAs(core.RuleAutoReply, core.SuspendedAutoReply))},
		{"any other mail there is shown on the delivery as answered: generated",
			mailWith(kindOf(core.KindGenerated), atBounce, by(core.RoleCustomer), isRequester, names(core.ByThread)), answered},
		{"any other mail there is shown on the delivery as answered: human with a null sender",
			mailWith(nullSender, atBounce, by(core.RoleCustomer), isRequester, names(core.ByThread)), answered},
		{"if human and its envelope sender is not null, goes on: thread",
			mailWith(atBounce, by(core.RoleCustomer), isRequester, names(core.ByThread)), onDelivery(message42(core.RuleRequester))},
		{"goes on: an agent there has no staff token, so it is a draft",
			mailWith(atBounce, by(core.RoleAgent), mayView, names(core.ByThread)), onDelivery(to42(core.RuleStaffDraft, core.EffectDraft))},
		{"goes on: mention for a mention mail",
			mailWith(atBounce, by(core.RoleCollaborator), mayView, toMention),
			onDelivery(changed(staffOpenedBy(core.RuleMention, fromMention(case42)), func(d *core.Decision) { d.Mention, d.AddsPeople = mention5, false }))},
		{"without a conversation, none",
			mailWith(atBounce), onDelivery(openedBy(core.RuleNew))},
		{"goes on to the next rules: forged there is forged",
			mailWith(atBounce, refuted, by(core.RoleCustomer), isRequester, names(core.ByThread)), onDelivery(suspendedAs(core.RuleForged, core.SuspendedForged))},
	})
}

func TestMailWithoutARealSenderIsSuspended(t *testing.T) {
	t.Parallel()
	noFrom := func(f *core.Facts) { f.UsableFrom = false }
	runRouteCases(t, []routeCase{
		{"no usable From, or more than one mailbox: suspended bad_from",
			mailWith(noFrom), suspendedAs(core.RuleBadFrom, core.SuspendedBadFrom)},
		{"bad_from although a token locates it",
			mailWith(noFrom, names(core.ByOwnToken)), suspendedAs(core.RuleBadFrom, core.SuspendedBadFrom)},
		{"bad_from comes before forged",
			mailWith(noFrom, refuted), suspendedAs(core.RuleBadFrom, core.SuspendedBadFrom)},
		{"T10: origin refuted, suspended forged: no account, no automatic mail, no thread",
			mailWith(refuted, by(core.RoleCustomer), isRequester, names(core.ByThread), alsoNames77), suspendedAs(core.RuleForged, core.SuspendedForged)},
		{"forged: with the victim's own token too",
			mailWith(refuted, by(core.RoleCustomer), isRequester, names(core.ByOwnToken)), suspendedAs(core.RuleForged, core.SuspendedForged)},
		{"T12: a forged agent with a staff token sends nothing",
			mailWith(refuted, by(core.RoleAgent), mayView, toNotice), suspendedAs(core.RuleForged, core.SuspendedForged)},
		{"T35: a forged collaborator is no note",
			mailWith(refuted, by(core.RoleCollaborator), isInCC, mayView, names(core.ByOwnToken)), suspendedAs(core.RuleForged, core.SuspendedForged)},
		{"a forged vacation is forged",
			mailWith(refuted, kindOf(core.KindAutoReply), by(core.RoleCustomer), isRequester, names(core.ByOwnToken)), suspendedAs(core.RuleForged, core.SuspendedForged)},
		{"forged comes before disabled",
			mailWith(refuted, by(core.RoleCustomer), isDisabled), suspendedAs(core.RuleForged, core.SuspendedForged)},
	})
}

func TestMailOfTheDisabledIsSuspended(t *testing.T) {
	t.Parallel()
	stopped := suspendedAs(core.RuleDisabled, core.SuspendedDisabled)
	runRouteCases(t, []routeCase{
		{"author disabled: suspended disabled_user", mailWith(by(core.RoleCustomer), isDisabled), stopped},
		{"their conversations stay: no message either", mailWith(by(core.RoleCustomer), isDisabled, isRequester, names(core.ByOwnToken)), stopped},
		{"A49: disabled staff with a valid old token", mailWith(by(core.RoleAgent), isDisabled, toNotice), stopped},
		{"T36: invited and never accepted", mailWith(by(core.RoleCollaborator), isDisabled, isInCC, names(core.ByOwnToken)), stopped},
		{"before filtered and auto_reply", mailWith(by(core.RoleCustomer), isDisabled, kindOf(core.KindAutoReply), func(f *core.Facts) { f.Blocked = true }), stopped},
	})
}

func TestFilteredMailIsSuspended(t *testing.T) {
	t.Parallel()
	listed := func(set fact) core.Facts { return mailWith(by(core.RoleCustomer), set) }
	safe := func(f *core.Facts) { f.Safe = true }
	over := func(f *core.Facts) { f.OverBrake = true }
	all := func(f *core.Facts) { f.Blocked, f.Spam, f.OverBrake = true, true, true }
	virus := func(f *core.Facts) { f.Virus = true }
	was := func(why core.Suspension) core.Decision { return suspendedAs(core.RuleFiltered, why) }
	runRouteCases(t, []routeCase{
		{"on the block list: suspended blocked", listed(func(f *core.Facts) { f.Blocked = true }), was(core.SuspendedBlocked)},
		{"spam where a filter is set: suspended spam", listed(func(f *core.Facts) { f.Spam = true }), was(core.SuspendedSpam)},
		{"virus where a filter is set: suspended virus", listed(virus), was(core.SuspendedVirus)},
		{"over the brake: suspended flood", listed(over), was(core.SuspendedFlood)},
		{"a proven sender on the safe list skips all", mailWith(by(core.RoleCustomer), safe, all), knownOpenedBy(core.RuleNew)},
		{"a proven sender on the safe list skips all but virus", mailWith(by(core.RoleCustomer), safe, all, virus), was(core.SuspendedVirus)},
		{"an unproven sender on the safe list skips nothing", mailWith(by(core.RoleCustomer), safe, over, unproven), was(core.SuspendedFlood)},
		{"the brake counts what rule 10 would open", mailWith(by(core.RoleCollaborator), over, toMention), was(core.SuspendedFlood)},
		{"the brake counts what rule 16 would open: T17, a harvested address", mailWith(over, names(core.ByOthersToken)), was(core.SuspendedFlood)},
		{"the brake does not count a further answer to a mention mail",
			mailWith(by(core.RoleCollaborator), over, toMention, func(f *core.Facts) { f.MentionAnswers = case43 }),
			core.Decision{Rule: core.RuleMention, Effect: core.EffectMessage, Conversation: case43, Mention: mention5, Verified: true, Reopens: true}},
		{"the brake does not count a message", mailWith(by(core.RoleCustomer), over, isRequester, names(core.ByOwnToken)), message42(core.RuleRequester)},
		{"the brake does not count a note", mailWith(by(core.RoleCollaborator), over, isInCC, names(core.ByOwnToken)), to42(core.RuleCollaborator, core.EffectNote)},
		{"the brake does not count a vacation", mailWith(by(core.RoleCustomer), over, kindOf(core.KindAutoReply), isRequester, names(core.ByOwnToken)),
			to42(core.RuleAutoReply, core.EffectEvent)},
		{"what unregistered would suspend is not called flood", mailWith(over, noStrangers), suspendedAs(core.RuleUnregistered, core.SuspendedUnregistered)},
		{"the block list counts in a thread too", mailWith(by(core.RoleCustomer), isRequester, names(core.ByOwnToken), func(f *core.Facts) { f.Blocked = true }),
			was(core.SuspendedBlocked)},
	})
}

func TestAutoRepliesAreQuietEvents(t *testing.T) {
	t.Parallel()
	vacation := kindOf(core.KindAutoReply)
	event := to42(core.RuleAutoReply, core.EffectEvent)
	unseen := suspendedAs(core.RuleAutoReply, core.SuspendedAutoReply)
	onMention := func(c core.ConversationID) core.Decision {
		return changed(event, func(d *core.Decision) { d.Conversation, d.Mention = c, mention5 })
	}
	runRouteCases(t, []routeCase{
		{"located, and the author is requester: a quiet event, no reopening, no notice, no answer",
			mailWith(vacation, by(core.RoleCustomer), isRequester, names(core.ByThread)), event},
		{"located, and the author is participant by bare address", mailWith(vacation, isInCC, noStrangers, names(core.ByOwnToken)), event},
		{"located, and the author may view it", mailWith(vacation, by(core.RoleAgent), mayView, toNotice), event},
		{"T38: on a closed conversation: stays closed", mailWith(vacation, by(core.RoleCustomer), isRequester, isClosed, names(core.ByOwnToken)), event},
		{"unproven: still an event, not verified", mailWith(vacation, unproven, by(core.RoleCustomer), isRequester, names(core.ByThread)),
			changed(event, func(d *core.Decision) { d.Verified = false })},
		{"T33: for a mention, an event on the source conversation", mailWith(vacation, by(core.RoleCollaborator), mayView, toMention), onMention(case42)},
		{"for a mention, an event on the source user or organization", mailWith(vacation, by(core.RoleCollaborator), mayView, toMentionOnUser), onMention(0)},
		{"otherwise suspended: not located", mailWith(vacation, by(core.RoleCustomer)), unseen},
		{"otherwise suspended: located, and the author is nobody there", mailWith(vacation, names(core.ByOwnToken)), unseen},
		{"otherwise suspended: an unknown machine is no case for unregistered", mailWith(vacation, noStrangers), unseen},
	})
}

func TestUnknownSendersMayBeKeptOut(t *testing.T) {
	t.Parallel()
	out := suspendedAs(core.RuleUnregistered, core.SuspendedUnregistered)
	runRouteCases(t, []routeCase{
		{"author unknown and the setting off: suspended unregistered", mailWith(noStrangers), out},
		{"also with somebody else's token", mailWith(noStrangers, names(core.ByOthersToken)), out},
		{"also with a leaked mention address", mailWith(noStrangers, toMention), out},
		{"not a participant by address: who is one goes on", mailWith(noStrangers, isInCC, names(core.ByThread)),
			changed(message42(core.RuleParticipant), func(d *core.Decision) { d.MakesAccount, d.JoinsByDomain, d.AsksPassword = true, true, true })},
		{"who has an account goes on", mailWith(noStrangers, by(core.RoleCustomer)), knownOpenedBy(core.RuleNew)},
	})
}

func ExampleRoute() {
	// Mia, a collaborator in CC, presses Reply in her copy of an agent's answer.
	decision := core.Route(core.Facts{
		Kind:       core.KindHuman,
		UsableFrom: true,
		Origin:     core.Proven,
		Author:     core.Author{ID: 12, Role: core.RoleCollaborator},
		Locator:    core.Locator{How: core.ByOwnToken, Conversation: 42},
		Standing:   core.Standing{Participant: true, MayView: true},
		Status:     core.StatusOpen,
	})
	fmt.Printf("%s: %s in #%d\n%s\n", decision.Rule, decision.Effect, decision.Conversation, decision.Reason)
	// Output:
	// collaborator: note in #42
	// A collaborator wrote to their own reply address.
}
