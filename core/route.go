package core

// This file is mail-law.md section 2: what a received mail may cause. Facts in,
// decision out; first match wins. Each rule is a function of its own, in the
// law's order and with the law's name.

// Route applies the mail law to a mail's facts. Pure and total: the same facts
// give the same decision, and every mail gets one.
func Route(f Facts) Decision {
	if d, ok := first(f, duplicate, loop, report, badFrom, forged, disabled, filtered); ok {
		return d
	}
	return admit(f)
}

// admit is the part of the law for mail that nothing keeps out.
func admit(f Facts) Decision {
	d, _ := first(f, autoReply, unregistered, mention, requester, collaborator, staffReply, staffDraft, participant, elsewhere, fresh)
	return d
}

type rule func(Facts) (Decision, bool)

func first(f Facts, rules ...rule) (Decision, bool) {
	for _, decide := range rules {
		if d, ok := decide(f); ok && !f.leavesOut(d) {
			d.Delivery = f.Bounce
			return d, true
		}
	}
	return Decision{}, false
}

// leavesOut tells that staff released the mail from this decision. From a report
// and a virus nobody can.
func (f Facts) leavesOut(d Decision) bool {
	return f.Released && d.Rule == f.Without && d.Rule != RuleReport && d.Suspension != SuspendedVirus
}

// no is a rule that does not apply.
func no() (Decision, bool) { return Decision{}, false }

func suspend(rule Rule, why Suspension, reason string) (Decision, bool) {
	return Decision{Rule: rule, Effect: EffectSuspend, Suspension: why, Reason: reason}, true
}

// 1.
func duplicate(f Facts) (Decision, bool) {
	if f.DuplicateOf == 0 {
		return no()
	}
	d := Decision{Rule: RuleDuplicate, Effect: EffectCounted, Conversation: f.FiledAt,
		Reason: "The same mail was filed before, by another way."}
	if f.Origin == Refuted {
		return d, true // whoever sent it again changes nothing
	}
	for _, named := range append([]ConversationID{f.Locator.Conversation}, f.Locator.Also...) {
		if named != 0 && named != f.FiledAt {
			d.Links = append(d.Links, LinkTo{named, RelatedAlsoNames})
		}
	}
	return d, true
}

// 2.
func loop(f Facts) (Decision, bool) {
	if f.Loop == "" {
		return no()
	}
	return suspend(RuleLoop, SuspendedLoop, "It is our own mail coming back: "+f.Loop+".")
}

// 3. A vacation at a bounce address is rule 8, a person's answer there goes on.
func report(f Facts) (Decision, bool) {
	switch {
	case f.Kind == KindReport && f.Bounce != 0:
		return Decision{Rule: RuleReport, Effect: EffectReport, Conversation: f.Locator.Conversation,
			Reason: "A delivery report for a mail of ours, proven by its bounce address."}, true
	case f.Kind == KindReport:
		return suspend(RuleReport, SuspendedReport, "A delivery report that does not prove which mail of ours it is about.")
	case f.Bounce == 0 || f.Kind == KindAutoReply || f.Kind == KindHuman && !f.NullSender:
		return no()
	}
	return Decision{Rule: RuleReport, Effect: EffectAnswered, Conversation: f.Locator.Conversation,
		Reason: "A machine wrote to the bounce address of a mail of ours."}, true
}

// 4.
func badFrom(f Facts) (Decision, bool) {
	if f.UsableFrom {
		return no()
	}
	return suspend(RuleBadFrom, SuspendedBadFrom, "It does not say in exactly one readable address who wrote it.")
}

// 5. Who is on the team signs in: the contact form is no way to speak in their name.
func forged(f Facts) (Decision, bool) {
	if f.Form && f.Author.Role.Staff() {
		return suspend(RuleForged, SuspendedForged, "Somebody who was not signed in wrote the address of a colleague into the contact form.")
	}
	if f.Origin != Refuted {
		return no()
	}
	return suspend(RuleForged, SuspendedForged, "The sender's domain says that it did not send this.")
}

// 6.
func disabled(f Facts) (Decision, bool) {
	if !f.Author.Disabled {
		return no()
	}
	return suspend(RuleDisabled, SuspendedDisabled, "The author's account is disabled.")
}

// 7. The brake counts only mail that would open a conversation.
func filtered(f Facts) (Decision, bool) {
	switch {
	case f.Virus:
		return suspend(RuleFiltered, SuspendedVirus, "The filter found a virus.")
	case f.Safe && f.Origin == Proven:
		return no()
	case f.Blocked:
		return suspend(RuleFiltered, SuspendedBlocked, "The sender is on the block list.")
	case f.Spam:
		return suspend(RuleFiltered, SuspendedSpam, "The filter calls it spam.")
	case f.OverBrake && admit(f).Effect == EffectOpen:
		return suspend(RuleFiltered, SuspendedFlood, "Too many new conversations from this address in a short time.")
	}
	return no()
}

// 8.
func autoReply(f Facts) (Decision, bool) {
	if f.Kind != KindAutoReply {
		return no()
	}
	if !f.Locator.Located() || !f.Standing.On() && !f.Standing.MayView {
		return suspend(RuleAutoReply, SuspendedAutoReply, "An automatic answer to nothing that its author is part of.")
	}
	return Decision{Rule: RuleAutoReply, Effect: EffectEvent, Conversation: f.Locator.Conversation, Mention: f.Locator.Mention,
		Verified: f.Origin == Proven, Reason: "An automatic answer: told, and otherwise without effect."}, true
}

// 9.
func unregistered(f Facts) (Decision, bool) {
	if f.Author.Known() || f.AcceptsUnknown || f.Standing.Participant {
		return no()
	}
	return suspend(RuleUnregistered, SuspendedUnregistered, "The sender is unknown, and unknown senders may not open conversations.")
}

// 10.
func mention(f Facts) (Decision, bool) {
	if f.Locator.How != ByMention {
		return no()
	}
	if f.MentionAnswers != 0 {
		d := f.words(RuleMention, EffectMessage, "A further answer to a mention mail goes where the first one went.")
		d.Conversation, d.Mention, d.Reopens = f.MentionAnswers, f.Locator.Mention, f.reopens()
		return d, true
	}
	d := f.open(RuleMention, "An answer to a mention mail opens a conversation of its own.")
	d.Mention, d.AddsPeople = f.Locator.Mention, false
	if f.Locator.Conversation != 0 {
		d.Links = append([]LinkTo{{f.Locator.Conversation, RelatedMention}}, d.Links...)
	}
	return d, true
}

// 11.
func requester(f Facts) (Decision, bool) {
	if !f.Locator.Located() || !f.Standing.Requester || f.final() {
		return no()
	}
	d := f.words(RuleRequester, EffectMessage, "Its requester wrote "+f.located())
	d.Reopens = f.reopens()
	return d, true
}

// 12. A collaborator's words are never a message outside their own request.
func collaborator(f Facts) (Decision, bool) {
	if f.Author.Role != RoleCollaborator || !f.Locator.Located() || f.Trashed {
		return no()
	}
	if !f.Standing.Participant && !(f.Standing.MayView && f.Origin == Proven) {
		return no()
	}
	return f.private(RuleCollaborator, EffectNote, "A collaborator wrote "+f.located()), true
}

// 13. The three proofs: locator, possession, origin.
func staffReply(f Facts) (Decision, bool) {
	proven := f.Locator.How == ByOwnToken && f.Locator.Staff && f.Origin == Proven
	now := f.Kind == KindHuman && !f.NearNotice && !f.VacationSubject && !f.NewerCustomerMessage && !f.NothingNew
	fit := f.Doubt == "" || f.NoteMarker // a note reaches no customer
	if !f.Author.Role.Agent() || !f.Author.MayReply || !f.Standing.MayView || !proven || !now || !fit || f.final() {
		return no()
	}
	if f.NoteMarker {
		return f.private(RuleStaffReply, EffectNote, "An agent answered a notice and marked the answer as a note."), true
	}
	d := f.words(RuleStaffReply, EffectReply, "An agent answered the notice that was sent to them.")
	return d, true
}

// 14.
func staffDraft(f Facts) (Decision, bool) {
	if !f.Author.Role.Agent() || !f.Locator.Located() || !f.Standing.MayView {
		return no()
	}
	if !f.Author.MayReply {
		return f.private(RuleStaffDraft, EffectNote, "A colleague without the right to reply wrote "+f.located()), true
	}
	return f.private(RuleStaffDraft, EffectDraft, notSentReason+f.notSent()+"."), true
}

// 15.
func participant(f Facts) (Decision, bool) {
	if !f.Locator.Located() || !f.Standing.Participant || f.Author.Role.Staff() || f.final() {
		return no()
	}
	d := f.words(RuleParticipant, EffectMessage, "Somebody in CC wrote "+f.located())
	d.Reopens = f.reopens()
	if d.MakesAccount = !f.Author.Known(); d.MakesAccount {
		d.JoinsByDomain = d.Verified && !f.Released
		d.AsksPassword, d.Skipped = f.automaticMail()
	}
	return d, true
}

// 16. A thread cannot be joined by a header or by a leaked token.
func elsewhere(f Facts) (Decision, bool) {
	if !f.Locator.Located() {
		return no()
	}
	relation, why := RelatedMayBelong, "It names a conversation that its author is not part of."
	switch {
	case f.Standing.On() && f.Status == StatusClosed && !f.Trashed:
		relation, why = RelatedFollowUp, "The conversation that it answers is closed."
	case f.Standing.On() && f.Trashed:
		why = "The conversation that it answers is in the trash."
	}
	d := f.open(RuleElsewhere, why)
	if f.Locator.Conversation != 0 {
		d.Links = append([]LinkTo{{f.Locator.Conversation, relation}}, d.Links...)
	}
	return d, true
}

// 17.
func fresh(f Facts) (Decision, bool) {
	if len(f.Locator.Also) > 0 {
		return f.open(RuleNew, "It names several conversations, and which of them is meant cannot be told."), true
	}
	return f.open(RuleNew, "It answers nothing that we know of."), true
}

// reopens: what no person wrote reopens nothing.
func (f Facts) reopens() bool { return f.Kind == KindHuman }

// final tells that the located conversation takes no more words of customers.
func (f Facts) final() bool { return f.Status == StatusClosed || f.Trashed }

// words is a decision for words that go to the located conversation.
func (f Facts) words(rule Rule, effect Effect, reason string) Decision {
	d := Decision{Rule: rule, Effect: effect, Conversation: f.Locator.Conversation, Reason: reason, Verified: f.Origin == Proven}
	for _, also := range f.Locator.Also {
		d.Links = append(d.Links, LinkTo{also, RelatedAlsoNames})
	}
	if !d.Verified {
		d.Warnings = append(d.Warnings, WarnNotVerified)
	}
	if f.Released && f.Without == RuleForged {
		d.Warnings = append(d.Warnings, WarnForged)
	}
	return d
}

// private is words that only staff read.
func (f Facts) private(rule Rule, effect Effect, reason string) Decision {
	d := f.words(rule, effect, reason)
	if f.AlsoToCustomer {
		d.Warnings = append(d.Warnings, WarnAlsoToCustomer)
	}
	return d
}

// open is a decision for a new conversation of the author's.
func (f Facts) open(rule Rule, reason string) Decision {
	d := f.words(rule, EffectOpen, reason)
	d.Conversation = 0
	for i := range d.Links {
		d.Links[i].Relation = RelatedMayBelong
	}
	d.MakesAccount = !f.Author.Known()
	d.JoinsByDomain = d.Verified && !f.Released
	d.AddsPeople = d.Verified
	d.Acknowledges, d.Skipped = f.automaticMail()
	return d
}

// automaticMail says whether the author gets automatic mail (section 5), and why not
// where a person would wonder.
func (f Facts) automaticMail() (yes bool, skipped string) {
	switch {
	case f.Kind != KindHuman, f.NullSender, f.Unanswerable, f.Author.Role.Staff():
		return false, ""
	case f.Released:
		return false, "It was released by hand."
	case f.Origin != Proven && !f.HeldAnyway:
		return false, automaticUnproven
	case f.Automatic != "":
		return false, f.Automatic
	}
	return true, ""
}

// located says in words how the conversation was found.
func (f Facts) located() string {
	switch f.Locator.How {
	case ByOwnToken:
		return "to their own reply address."
	case ByOthersToken:
		return "to somebody else's reply address."
	}
	return "in answer to a mail of the conversation."
}
