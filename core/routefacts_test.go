package core_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"postdesk/core"
)

// Routing is tested row by row: a case names the sentence of the mail law that it
// holds, says the facts, and the whole decision. Words in the reason are free.
type routeCase struct {
	sentence string
	facts    core.Facts
	want     core.Decision
}

func runRouteCases(t *testing.T, cases []routeCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			got := core.Route(c.facts)
			if !strings.HasSuffix(got.Reason, ".") {
				t.Errorf("the reason %q is no sentence", got.Reason)
			}
			got.Reason = ""
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("decided\n%+v, want\n%+v", got, c.want)
			}
		})
	}
}

// The numbers that the cases use.
const (
	case42   core.ConversationID = 42 // the conversation that is meant
	case43   core.ConversationID = 43 // what a mention's first answer opened
	case77   core.ConversationID = 77 // one that is named as well
	mention5 core.MentionID      = 5
	bounce9  core.DeliveryID     = 9
	mail3    core.InboundID      = 3
)

// A fact changes the plainest mail there is.
type fact func(*core.Facts)

// mailWith is a proven stranger's first mail, but for the facts given.
func mailWith(facts ...fact) core.Facts {
	f := core.Facts{Kind: core.KindHuman, UsableFrom: true, Origin: core.Proven, AcceptsUnknown: true,
		Locator: core.Locator{How: core.ByNothing}, Status: core.StatusOpen}
	for _, apply := range facts {
		apply(&f)
	}
	return f
}

func unproven(f *core.Facts)       { f.Origin = core.Unproven }
func refuted(f *core.Facts)        { f.Origin = core.Refuted }
func nullSender(f *core.Facts)     { f.NullSender = true }
func isDisabled(f *core.Facts)     { f.Author.Disabled = true }
func isClosed(f *core.Facts)       { f.Status = core.StatusClosed }
func isTrashed(f *core.Facts)      { f.Trashed = true }
func isRequester(f *core.Facts)    { f.Standing.Requester = true }
func isInCC(f *core.Facts)         { f.Standing.Participant = true }
func mayView(f *core.Facts)        { f.Standing.MayView = true }
func alsoTo(f *core.Facts)         { f.AlsoToCustomer = true }
func noStrangers(f *core.Facts)    { f.AcceptsUnknown = false }
func atBounce(f *core.Facts)       { f.Bounce = bounce9 }
func alsoNames77(f *core.Facts)    { f.Locator.Also = []core.ConversationID{case77} }
func usesNoteMarker(f *core.Facts) { f.NoteMarker = true }

func kindOf(k core.Kind) fact { return func(f *core.Facts) { f.Kind = k } }

// by is an author with an account, a colleague with the right to reply.
func by(r core.Role) fact {
	return func(f *core.Facts) { f.Author = core.Author{ID: me, Role: r, MayReply: r.Agent()} }
}

func withoutReply(f *core.Facts) { f.Author.MayReply = false }

// names is a mail that names #42.
func names(how core.How) fact {
	return func(f *core.Facts) { f.Locator = core.Locator{How: how, Conversation: case42} }
}

// toNotice is an answer to the author's own staff notice about #42.
func toNotice(f *core.Facts) {
	names(core.ByOwnToken)(f)
	f.Locator.Staff = true
}

// toMention is an answer to a mention mail, of a note on #42.
func toMention(f *core.Facts) {
	f.Locator = core.Locator{How: core.ByMention, Conversation: case42, Mention: mention5}
}

// toMentionOnUser is an answer to a mention mail, of a note on a person's page.
func toMentionOnUser(f *core.Facts) {
	f.Locator = core.Locator{How: core.ByMention, Mention: mention5}
}

func releasedFrom(r core.Rule) fact {
	return func(f *core.Facts) { f.Released, f.Without = true, r }
}

// changed is a decision, but for what the change says.
func changed(d core.Decision, change func(*core.Decision)) core.Decision {
	change(&d)
	return d
}

func suspendedAs(rule core.Rule, why core.Suspension) core.Decision {
	return core.Decision{Rule: rule, Effect: core.EffectSuspend, Suspension: why}
}

// openedBy is a proven author's new conversation, acknowledged; a stranger
// becomes a customer.
func openedBy(rule core.Rule, links ...core.LinkTo) core.Decision {
	return core.Decision{Rule: rule, Effect: core.EffectOpen, Links: links,
		Verified: true, MakesAccount: true, JoinsByDomain: true, AddsPeople: true, Acknowledges: true}
}

// knownOpenedBy is that of somebody who has an account.
func knownOpenedBy(rule core.Rule, links ...core.LinkTo) core.Decision {
	return changed(openedBy(rule, links...), func(d *core.Decision) { d.MakesAccount = false })
}

// staffOpenedBy is that of a colleague, whom no machine answers.
func staffOpenedBy(rule core.Rule, links ...core.LinkTo) core.Decision {
	return changed(knownOpenedBy(rule, links...), func(d *core.Decision) { d.Acknowledges = false })
}

// doubted is the same decision about an unproven mail.
func doubted(d core.Decision) core.Decision {
	if d.Acknowledges || d.AsksPassword {
		d.Acknowledges, d.AsksPassword, d.Skipped = false, false, "The sender is not verified."
	}
	d.Verified, d.JoinsByDomain, d.AddsPeople = false, false, false
	d.Warnings = slices.Concat([]string{core.WarnNotVerified}, d.Warnings)
	return d
}

// onDelivery is the same decision, shown on the delivery whose bounce address was
// written to.
func onDelivery(d core.Decision) core.Decision {
	d.Delivery = bounce9
	return d
}

// to42 is a proven mail whose words go to #42.
func to42(rule core.Rule, effect core.Effect, warnings ...string) core.Decision {
	return core.Decision{Rule: rule, Effect: effect, Conversation: case42, Verified: true, Warnings: warnings}
}

// message42 is a message of requester or participant, which reopens.
func message42(rule core.Rule) core.Decision {
	return changed(to42(rule, core.EffectMessage), func(d *core.Decision) { d.Reopens = true })
}

func mayBelong(c core.ConversationID) core.LinkTo {
	return core.LinkTo{Conversation: c, Relation: core.RelatedMayBelong}
}
func alsoNamed(c core.ConversationID) core.LinkTo {
	return core.LinkTo{Conversation: c, Relation: core.RelatedAlsoNames}
}
func followUp(c core.ConversationID) core.LinkTo {
	return core.LinkTo{Conversation: c, Relation: core.RelatedFollowUp}
}
func fromMention(c core.ConversationID) core.LinkTo {
	return core.LinkTo{Conversation: c, Relation: core.RelatedMention}
}
