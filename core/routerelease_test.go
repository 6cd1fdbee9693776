package core_test

import (
	"testing"

	"postdesk/core"
)

// What staff let in, and what a machine answers.

func TestReleaseRunsTheRulesAgainWithoutTheFiringOne(t *testing.T) {
	t.Parallel()
	cara := by(core.RoleCustomer)
	quiet := func(d core.Decision) core.Decision {
		d.Acknowledges, d.JoinsByDomain, d.Skipped = false, false, "It was released by hand."
		return d
	}
	staffQuiet := func(d core.Decision) core.Decision {
		d.JoinsByDomain = false
		return d
	}
	labelled := func(d core.Decision) core.Decision {
		d = doubted(d)
		d.Warnings = append(d.Warnings, core.WarnForged)
		return d
	}
	over := func(f *core.Facts) { f.OverBrake = true }
	virus := func(f *core.Facts) { f.Virus = true }
	noFrom := func(f *core.Facts) { f.UsableFrom = false }
	vacation := kindOf(core.KindAutoReply)
	runRouteCases(t, []routeCase{
		{"filtered: filed as the other rules say; sends no automatic mail, joins no organization",
			mailWith(over, releasedFrom(core.RuleFiltered)), quiet(openedBy(core.RuleNew))},
		{"filtered: into its thread", mailWith(cara, isRequester, names(core.ByOwnToken), func(f *core.Facts) { f.Blocked = true }, releasedFrom(core.RuleFiltered)),
			message42(core.RuleRequester)},
		{"unregistered: the unknown sender becomes a customer", mailWith(noStrangers, releasedFrom(core.RuleUnregistered)), quiet(openedBy(core.RuleNew))},
		{"auto_reply: opened by hand, answered by nobody", mailWith(vacation, releasedFrom(core.RuleAutoReply)),
			staffQuiet(changed(openedBy(core.RuleNew), func(d *core.Decision) { d.Acknowledges = false }))},
		{"auto_reply: what a machine wrote does not reopen, released too", mailWith(vacation, cara, isRequester, names(core.ByThread), releasedFrom(core.RuleAutoReply)),
			changed(message42(core.RuleRequester), func(d *core.Decision) { d.Reopens = false })},
		{"T36: disabled: when she is enabled and an agent releases, a note", mailWith(by(core.RoleCollaborator), isInCC, mayView, names(core.ByOwnToken), releasedFrom(core.RuleDisabled)),
			to42(core.RuleCollaborator, core.EffectNote)},
		{"disabled: released although still disabled", mailWith(cara, isDisabled, isRequester, names(core.ByThread), releasedFrom(core.RuleDisabled)), message42(core.RuleRequester)},
		{"forged: with origin unproven for good and the label kept", mailWith(cara, isRequester, unproven, names(core.ByOwnToken), releasedFrom(core.RuleForged)),
			labelled(message42(core.RuleRequester))},
		{"forged: never verified, even where the verdict still says refuted", mailWith(by(core.RoleAgent), mayView, refuted, toNotice, releasedFrom(core.RuleForged)),
			labelled(to42(core.RuleStaffDraft, core.EffectDraft))},
		{"bad_from: staff name the requester", mailWith(cara, unproven, releasedFrom(core.RuleBadFrom)), doubtedRelease(knownOpenedBy(core.RuleNew))},
		{"loop: when its From has since been named as passing on mail", mailWith(unproven, releasedFrom(core.RuleLoop)), doubtedRelease(openedBy(core.RuleNew))},
		{"another rule may fire then: forged, and over the brake", mailWith(unproven, over, releasedFrom(core.RuleForged)), suspendedAs(core.RuleFiltered, core.SuspendedFlood)},
		{"another rule may fire then: bad_from left out, the named person is disabled", mailWith(noFrom, cara, isDisabled, releasedFrom(core.RuleBadFrom)),
			suspendedAs(core.RuleDisabled, core.SuspendedDisabled)},
		{"virus never", mailWith(cara, virus, releasedFrom(core.RuleFiltered)), suspendedAs(core.RuleFiltered, core.SuspendedVirus)},
		{"report never", mailWith(cara, kindOf(core.KindReport), releasedFrom(core.RuleReport)), suspendedAs(core.RuleReport, core.SuspendedReport)},
		{"only what was released: the label too", mailWith(cara, isRequester, unproven, names(core.ByOwnToken), func(f *core.Facts) { f.Without = core.RuleForged }),
			doubted(message42(core.RuleRequester))},
		{"only what was released: Without alone leaves out nothing", mailWith(refuted, func(f *core.Facts) { f.Without = core.RuleForged }),
			suspendedAs(core.RuleForged, core.SuspendedForged)},
	})
}

// doubtedRelease is a released, unproven mail's new conversation.
func doubtedRelease(d core.Decision) core.Decision {
	return changed(doubted(d), func(d *core.Decision) { d.Skipped = "It was released by hand." })
}

// Section 5: when a new conversation is acknowledged, and what is said where it
// is not. The cases vary one condition of a mail that would be acknowledged.
func TestAcknowledgementsGoOnlyToProvenPeople(t *testing.T) {
	t.Parallel()
	noRelay := func(f *core.Facts) { f.HeldAnyway = true }
	unanswerable := func(f *core.Facts) { f.Unanswerable = true }
	rate := func(f *core.Facts) { f.Automatic = "This address had automatic mail a short while ago." }
	for _, c := range []struct {
		sentence string
		facts    core.Facts
		sent     bool
		skipped  string
	}{
		{"sent if origin is proven", mailWith(), true, ""},
		{"sent to a known customer's new conversation", mailWith(by(core.RoleCustomer)), true, ""},
		{"sent for rule elsewhere", mailWith(names(core.ByThread)), true, ""},
		{"sent for a follow-up", mailWith(by(core.RoleCustomer), isRequester, isClosed, names(core.ByOwnToken)), true, ""},
		{"unproven: not", mailWith(unproven), false, "The sender is not verified."},
		{"unproven too while no relay is set: then it is held and leaves nobody", mailWith(unproven, noRelay), true, ""},
		{"kind generated: not", mailWith(kindOf(core.KindGenerated)), false, ""},
		{"T09c: envelope sender null: not", mailWith(nullSender), false, ""},
		{"no relay, envelope sender null: not", mailWith(unproven, nullSender, noRelay), false, ""},
		{"RFC 3834: lists, bulk, X-Auto-Response-Suppress: never", mailWith(unanswerable), false, ""},
		{"no relay, unanswerable: never", mailWith(unanswerable, noRelay), false, ""},
		{"not staff: a collaborator", mailWith(by(core.RoleCollaborator)), false, ""},
		{"not staff: an agent's forwarded mail", mailWith(by(core.RoleAgent), unproven, noRelay), false, ""},
		{"not suspended", mailWith(refuted, noRelay), false, ""},
		{"not released", mailWith(releasedFrom(core.RuleFiltered)), false, "It was released by hand."},
		{"not released, no relay", mailWith(noRelay, releasedFrom(core.RuleFiltered)), false, "It was released by hand."},
		{"at most 1 an hour and 3 a day per address; mutes; 600 an hour in all", mailWith(rate), false, "This address had automatic mail a short while ago."},
		{"T40: the rates count without a relay too", mailWith(unproven, noRelay, rate), false, "This address had automatic mail a short while ago."},
		{"an answer in a thread is not acknowledged", mailWith(by(core.RoleCustomer), isRequester, names(core.ByOwnToken)), false, ""},
		{"nor a participant's who has an account", mailWith(by(core.RoleCustomer), isInCC, names(core.ByOwnToken)), false, ""},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			got := core.Route(c.facts)
			if got.Acknowledges != c.sent || got.Skipped != c.skipped || got.AsksPassword {
				t.Errorf("acknowledges %t, skipped %q, asks for a password %t; want %t, %q, false", got.Acknowledges, got.Skipped, got.AsksPassword, c.sent, c.skipped)
			}
		})
	}
}

func TestANewCustomerInCCIsAskedToSetAPasswordOnTheSameConditions(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		fact fact
		asks bool
	}{
		"proven":                    {func(*core.Facts) {}, true},
		"unproven":                  {unproven, false},
		"unproven, no relay is set": {func(f *core.Facts) { f.Origin, f.HeldAnyway = core.Unproven, true }, true},
		"generated":                 {kindOf(core.KindGenerated), false},
		"null sender":               {nullSender, false},
		"unanswerable":              {func(f *core.Facts) { f.Unanswerable = true }, false},
		"too much in an hour":       {func(f *core.Facts) { f.Automatic = "Enough." }, false},
		"released":                  {releasedFrom(core.RuleFiltered), false},
		"has an account":            {by(core.RoleCustomer), false},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			got := core.Route(mailWith(isInCC, names(core.ByOwnToken), c.fact))
			if got.Rule != core.RuleParticipant || got.AsksPassword != c.asks || got.Acknowledges {
				t.Errorf("rule %s asks %t and acknowledges %t; want participant, %t, false", got.Rule, got.AsksPassword, got.Acknowledges, c.asks)
			}
		})
	}
}
