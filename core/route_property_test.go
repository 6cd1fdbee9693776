package core_test

import (
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"postdesk/core"
)

// A property of the mail law holds for every mail and its decision.
type property struct {
	sentence string
	holds    func(f core.Facts, d core.Decision) bool
}

// lawProperties are the six of mail-law section 2 as far as one decision shows
// them, and what follows from the rest of the law.
func lawProperties() []property {
	return []property{
		{"1. no message of a collaborator outside their own request, ever", noMessageOfACollaborator},
		{"2. no mail adds a recipient to an existing conversation, and an unproven mail adds none at all", func(f core.Facts, d core.Decision) bool {
			return !d.AddsPeople || d.Effect == core.EffectOpen && d.Conversation == 0 && f.Origin == core.Proven
		}},
		{"3. a refuted origin changes nothing", refutedChangesNothing},
		{"4. a located mail never ends in an unlinked new conversation", locatedIsLinked},
		{"5. every mail ends in exactly one terminal state", oneEffect},
		{"6. deciding twice gives the same decision", func(f core.Facts, d core.Decision) bool {
			return reflect.DeepEqual(core.Route(f), d)
		}},
		{"a reply in the company's name needs all three proofs", threeProofs},
		{"suspended mail causes nothing: no answer, account, link or recipient", func(f core.Facts, d core.Decision) bool {
			return d.Effect != core.EffectSuspend || reflect.DeepEqual(d, core.Decision{Rule: d.Rule, Effect: d.Effect, Suspension: d.Suspension, Reason: d.Reason, Delivery: f.Bounce})
		}},
		{"automatic mail goes to proven people who are not staff, and never for released mail", automaticMailIsDue},
		{"a release joins no organization", func(f core.Facts, d core.Decision) bool {
			return !d.JoinsByDomain || !f.Released && f.Origin == core.Proven
		}},
		{"a message is by somebody who is on the conversation, and no closed or trashed one takes it", func(f core.Facts, d core.Decision) bool {
			return d.Effect != core.EffectMessage || d.Rule == core.RuleMention && d.Conversation == f.MentionAnswers ||
				d.Conversation == f.Locator.Conversation && f.Standing.On() && f.Status != core.StatusClosed && !f.Trashed
		}},
		{"notes and drafts are the words of staff", func(f core.Facts, d core.Decision) bool {
			return d.Effect != core.EffectNote && d.Effect != core.EffectDraft || f.Author.Role.Staff()
		}},
		{"what no person wrote reopens nothing", func(f core.Facts, d core.Decision) bool {
			return !d.Reopens || f.Kind == core.KindHuman && d.Effect == core.EffectMessage
		}},
		{"verified is what has a proven origin", func(f core.Facts, d core.Decision) bool {
			return !d.Verified || f.Origin == core.Proven
		}},
		{"the doubt is stated exactly where there is one", func(f core.Facts, d core.Decision) bool {
			return slices.Contains(d.Warnings, core.WarnNotVerified) == (slices.Contains(carriers(), d.Effect) && f.Origin != core.Proven)
		}},
		{"only who has no account gets one", func(f core.Facts, d core.Decision) bool {
			return d.MakesAccount == (!f.Author.Known() && (d.Effect == core.EffectOpen || d.Effect == core.EffectMessage))
		}},
	}
}

// carriers are the effects that file words.
func carriers() []core.Effect {
	return []core.Effect{core.EffectOpen, core.EffectMessage, core.EffectNote, core.EffectReply, core.EffectDraft}
}

func noMessageOfACollaborator(f core.Facts, d core.Decision) bool {
	if f.Author.Role != core.RoleCollaborator {
		return true
	}
	switch d.Effect {
	case core.EffectReply, core.EffectDraft:
		return false
	case core.EffectMessage:
		return d.Rule == core.RuleRequester && f.Standing.Requester && d.Conversation == f.Locator.Conversation ||
			d.Rule == core.RuleMention && d.Conversation == f.MentionAnswers
	}
	return true
}

// refutedChangesNothing: a report or a machine's answer at a bounce address is
// told by its token, whatever its From; the rules before forged see to it.
func refutedChangesNothing(f core.Facts, d core.Decision) bool {
	if f.Origin != core.Refuted {
		return true
	}
	if d.Verified || d.AddsPeople || d.JoinsByDomain || d.Effect == core.EffectReply {
		return false
	}
	if f.Released && f.Without == core.RuleForged {
		return !d.Acknowledges && !d.AsksPassword
	}
	nothing := len(d.Links) == 0 && !d.MakesAccount && !d.Acknowledges && !d.AsksPassword && !d.Reopens
	switch d.Effect {
	case core.EffectSuspend, core.EffectCounted:
		return nothing
	case core.EffectReport, core.EffectAnswered:
		return nothing && f.Bounce != 0
	}
	return false
}

// locatedIsLinked: a mention of a person or an organization has no conversation
// to link to; there the mention itself tells where it belongs.
func locatedIsLinked(f core.Facts, d core.Decision) bool {
	if d.Effect != core.EffectOpen {
		return true
	}
	linked := func(c core.ConversationID) bool {
		return c == 0 || slices.ContainsFunc(d.Links, func(l core.LinkTo) bool { return l.Conversation == c && l.Relation != "" })
	}
	for _, also := range f.Locator.Also {
		if !linked(also) {
			return false
		}
	}
	if f.Locator.How == core.ByMention {
		return linked(f.Locator.Conversation) && d.Mention == f.Locator.Mention
	}
	return linked(f.Locator.Conversation)
}

// oneEffect: what each effect needs to be carried out is there, and nothing of
// the other effects.
func oneEffect(f core.Facts, d core.Decision) bool {
	if d.Rule == "" || d.Reason == "" || d.Delivery != f.Bounce || (d.Suspension != "") != (d.Effect == core.EffectSuspend) {
		return false
	}
	opens := d.MakesAccount && d.Effect != core.EffectMessage || d.AddsPeople || d.Acknowledges
	switch d.Effect {
	case core.EffectSuspend, core.EffectOpen:
		return d.Conversation == 0
	case core.EffectMessage, core.EffectNote, core.EffectReply, core.EffectDraft:
		return d.Conversation != 0 && !opens
	case core.EffectEvent:
		return (d.Conversation != 0 || d.Mention != 0) && !opens && len(d.Links) == 0
	case core.EffectReport, core.EffectAnswered:
		return f.Bounce != 0 && !opens && len(d.Links) == 0
	case core.EffectCounted:
		return f.DuplicateOf != 0 && !opens
	}
	return false
}

func threeProofs(f core.Facts, d core.Decision) bool {
	if d.Effect != core.EffectReply {
		return true
	}
	where, possession, origin := d.Conversation == f.Locator.Conversation, f.Locator.How == core.ByOwnToken && f.Locator.Staff, f.Origin == core.Proven
	may := f.Author.Role.Agent() && f.Author.MayReply && f.Standing.MayView && (!f.Author.Disabled || f.Released)
	now := f.Kind == core.KindHuman && !f.NearNotice && !f.VacationSubject && !f.NewerCustomerMessage && !f.NothingNew && !f.NoteMarker
	return where && possession && origin && may && now && f.Status != core.StatusClosed && !f.Trashed
}

func automaticMailIsDue(f core.Facts, d core.Decision) bool {
	if d.Acknowledges || d.AsksPassword {
		return d.Skipped == "" && f.Kind == core.KindHuman && !f.NullSender && !f.Unanswerable && !f.Author.Role.Staff() &&
			!f.Released && f.Automatic == "" && (f.Origin == core.Proven || f.Origin == core.Unproven && f.HeldAnyway) &&
			(d.Acknowledges && d.Effect == core.EffectOpen) != (d.AsksPassword && d.MakesAccount && d.Effect == core.EffectMessage)
	}
	return true
}

// draw gives a number from 0 to below n; chance and a fuzzer's bytes both do.
type draw func(n int) int

func (d draw) half() bool   { return d(2) == 0 }
func (d draw) rarely() bool { return d(12) == 11 }

func oneOf[T any](d draw, of ...T) T { return of[d(len(of))] }

// factsFrom makes facts of all sorts, also such as no mail has. It keeps to what
// gathering guarantees: who is unknown has no role, no request and no view; a mail
// that is located, and not by a mention, names a conversation.
func factsFrom(d draw) core.Facts {
	f := core.Facts{
		Kind:       oneOf(d, core.KindHuman, core.KindHuman, core.KindHuman, core.KindAutoReply, core.KindGenerated, core.KindReport),
		NullSender: d.rarely(), Unanswerable: d.rarely(), VacationSubject: d.rarely(), NoteMarker: d.rarely(),
		Loop: oneOf(d, "", "", "", "", "", "", "", "a mark"), UsableFrom: !d.rarely(),
		Origin:  oneOf(d, core.Proven, core.Proven, core.Unproven, core.Refuted),
		Blocked: d.rarely(), Safe: d.rarely(), Spam: d.rarely(), Virus: d.rarely(), OverBrake: d.rarely(),
		AcceptsUnknown: d.half(), Trashed: d.rarely(), NearNotice: d.rarely(), NewerCustomerMessage: d.rarely(), NothingNew: d.rarely(),
		Status:         oneOf(d, core.StatusOpen, core.StatusNew, core.StatusPending, core.StatusCompleted, core.StatusClosed),
		AlsoToCustomer: d.half(), HeldAnyway: d.half(), Automatic: oneOf(d, "", "", "Enough."),
		Standing: core.Standing{Participant: d.half()},
	}
	if d.rarely() {
		f.DuplicateOf, f.FiledAt = mail3, oneOf(d, 0, case42, case77)
	}
	if d.rarely() {
		f.Bounce = bounce9
	}
	if !d.rarely() {
		f.Author = core.Author{ID: me, Role: oneOf(d, core.Roles()...), Disabled: d.rarely(), MayReply: d.half()}
		f.Standing.Requester, f.Standing.MayView = d.half(), d.half()
		f.MentionAnswers = oneOf(d, 0, case43)
	}
	f.Locator = locatorFrom(d)
	if d.rarely() {
		f.Released, f.Without = true, oneOf(d, core.RuleLoop, core.RuleReport, core.RuleBadFrom, core.RuleForged, core.RuleDisabled,
			core.RuleFiltered, core.RuleAutoReply, core.RuleUnregistered)
	}
	return f
}

func locatorFrom(d draw) core.Locator {
	l := core.Locator{How: oneOf(d, core.ByNothing, core.ByOwnToken, core.ByOthersToken, core.ByThread, core.ByMention, core.ByOwnToken, "")}
	switch l.How {
	case core.ByMention:
		l.Mention, l.Conversation = mention5, oneOf(d, case42, 0)
	case core.ByOwnToken:
		l.Staff, l.Conversation = d.half(), case42
	case core.ByOthersToken, core.ByThread:
		l.Conversation = case42
	}
	l.Also = oneOf(d, nil, nil, []core.ConversationID{case77}, []core.ConversationID{case77, case43})
	return l
}

func checkProperties(t *testing.T, f core.Facts) core.Decision {
	t.Helper()
	decision := core.Route(f)
	for _, p := range lawProperties() {
		if !p.holds(f, decision) {
			t.Errorf("broken: %s\nfacts %+v\ndecision %+v", p.sentence, f, decision)
		}
	}
	return decision
}

// seeded is chance that can be had again: SEED in the environment.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64)
	if err != nil {
		seed = rand.Uint64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("again with SEED=%d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, seed))
}

// The test fails too if some rule, effect or suspension was never seen: a
// property of what does not happen proves nothing.
func TestThePropertiesOfTheMailLawHoldForAllFacts(t *testing.T) {
	t.Parallel()
	chance := seeded(t)
	seen := map[any]int{}
	for range 60_000 {
		d := checkProperties(t, factsFrom(chance.IntN))
		if t.Failed() {
			return
		}
		seen[d.Rule]++
		seen[d.Effect]++
		seen[d.Suspension]++
	}
	for _, r := range []core.Rule{core.RuleDuplicate, core.RuleLoop, core.RuleReport, core.RuleBadFrom, core.RuleForged, core.RuleDisabled,
		core.RuleFiltered, core.RuleAutoReply, core.RuleUnregistered, core.RuleMention, core.RuleRequester, core.RuleCollaborator,
		core.RuleStaffReply, core.RuleStaffDraft, core.RuleParticipant, core.RuleElsewhere, core.RuleNew} {
		if seen[r] == 0 {
			t.Errorf("rule %s was never seen", r)
		}
	}
	for _, e := range append(carriers(), core.EffectCounted, core.EffectSuspend, core.EffectReport, core.EffectAnswered, core.EffectEvent) {
		if seen[e] == 0 {
			t.Errorf("effect %s was never seen", e)
		}
	}
	for _, s := range []core.Suspension{core.SuspendedLoop, core.SuspendedReport, core.SuspendedBadFrom, core.SuspendedForged, core.SuspendedDisabled,
		core.SuspendedBlocked, core.SuspendedSpam, core.SuspendedVirus, core.SuspendedFlood, core.SuspendedAutoReply, core.SuspendedUnregistered} {
		if seen[s] == 0 {
			t.Errorf("suspension %s was never seen", s)
		}
	}
}

func FuzzRoute(f *testing.F) {
	chance := rand.New(rand.NewPCG(1, 2))
	for range 16 {
		seed := make([]byte, 64)
		for i := range seed {
			seed[i] = byte(chance.IntN(256))
		}
		f.Add(seed)
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		checkProperties(t, factsFrom(func(n int) int {
			if len(data) == 0 {
				return 0
			}
			b := data[0]
			data = data[1:]
			return int(b) % n
		}))
	})
}
