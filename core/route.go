package core

// This file is mail-law.md section 2: what a received mail may cause. Facts in,
// decision out; first match wins. Each rule is a function of its own, in the
// law's order and with the law's name.

// A Rule is the name of a routing rule. The names are an interface: API, log and
// trace carry them.
type Rule string

// The rules, in order.
const (
	RuleDuplicate    Rule = "duplicate"
	RuleLoop         Rule = "loop"
	RuleReport       Rule = "report"
	RuleBadFrom      Rule = "bad_from"
	RuleForged       Rule = "forged"
	RuleDisabled     Rule = "disabled"
	RuleFiltered     Rule = "filtered"
	RuleAutoReply    Rule = "auto_reply"
	RuleUnregistered Rule = "unregistered"
	RuleMention      Rule = "mention"
	RuleRequester    Rule = "requester"
	RuleCollaborator Rule = "collaborator"
	RuleStaffReply   Rule = "staff_reply"
	RuleStaffDraft   Rule = "staff_draft"
	RuleParticipant  Rule = "participant"
	RuleElsewhere    Rule = "elsewhere"
	RuleNew          Rule = "new"
)

// A Suspension says why a mail is suspended.
type Suspension string

// The suspensions.
const (
	SuspendedLoop         Suspension = "loop"
	SuspendedReport       Suspension = "report"
	SuspendedBadFrom      Suspension = "bad_from"
	SuspendedForged       Suspension = "forged"
	SuspendedDisabled     Suspension = "disabled_user"
	SuspendedBlocked      Suspension = "blocked"
	SuspendedSpam         Suspension = "spam"
	SuspendedVirus        Suspension = "virus"
	SuspendedFlood        Suspension = "flood"
	SuspendedAutoReply    Suspension = "auto_reply"
	SuspendedUnregistered Suspension = "unregistered"
)

// Author facts: the user found by the From address.
type Author struct {
	ID       UserID // 0: unknown
	Role     Role
	Disabled bool
	MayReply bool // has the right to answer customers
}

// Known tells that the From address belongs to an account.
func (a Author) Known() bool { return a.ID != 0 }

// Facts are all that a decision depends on.
type Facts struct {
	Kind            Kind
	NullSender      bool // MAIL FROM:<>
	Unanswerable    bool // RFC 3834 section 2
	VacationSubject bool
	NoteMarker      bool   // the first line is #note
	Loop            string // why it is our own mail coming back, or ""
	UsableFrom      bool   // exactly one mailbox that can be read
	Origin          Verdict
	Author          Author

	DuplicateOf InboundID      // filed before by another way (section 7)
	FiledAt     ConversationID // where that one was filed

	Bounce DeliveryID // a valid bounce token in RCPT names it

	Blocked, Safe  bool // lists
	Spam, Virus    bool // of a filter, where one is set
	OverBrake      bool // section 5, new conversations
	AcceptsUnknown bool // "new conversations from unknown senders"

	Locator  Locator // with a bounce token: that delivery's
	Standing Standing
	Status   Status // of the located conversation
	Trashed  bool

	NearNotice           bool           // within 15 s of our notice to the author
	NewerCustomerMessage bool           // than the notice that is answered
	MentionAnswers       ConversationID // what the author's first answer opened, still fit for more

	AlsoToCustomer bool // the customer stands in its To or Cc

	// Automatic is why no automatic mail may go to the author (section 5: rates,
	// mutes), or "".
	Automatic string
	// HeldAnyway: no relay is set, automatic mail to unproven senders leaves nobody.
	HeldAnyway bool

	Released bool // staff released it: no automatic mail, joins no organization
	Without  Rule // with Released: the rule that is left out
}

// An Effect is what becomes of a mail.
type Effect string

// The effects. Each mail has exactly one.
const (
	EffectCounted  Effect = "counted"  // a duplicate: nothing added
	EffectSuspend  Effect = "suspend"  // kept for staff to judge
	EffectReport   Effect = "report"   // recorded on the delivery
	EffectAnswered Effect = "answered" // shown on the delivery, nothing else
	EffectEvent    Effect = "event"    // a quiet event
	EffectOpen     Effect = "open"     // a new conversation
	EffectMessage  Effect = "message"  // public words of requester or participant
	EffectNote     Effect = "note"     // private
	EffectReply    Effect = "reply"    // a public reply in the company's name
	EffectDraft    Effect = "draft"    // for its author, in the composer
)

// A Relation says why two conversations are linked.
type Relation string

// The relations.
const (
	RelatedMention   Relation = "mention"    // opened by an answer to a mention mail
	RelatedMayBelong Relation = "may_belong" // located, but not let in
	RelatedFollowUp  Relation = "follow_up"  // the author was on a closed one
	RelatedAlsoNames Relation = "also_names" // the mail names it as well
	RelatedSplit     Relation = "split"
)

// A LinkTo is a link that a decision asks for. Only staff see links.
type LinkTo struct {
	Conversation ConversationID
	Relation     Relation
}

// A Decision is what a mail causes, and why. For a collaborator it has no arm
// that speaks to a customer.
type Decision struct {
	Rule         Rule
	Effect       Effect
	Suspension   Suspension
	Conversation ConversationID // where message, note, reply, draft or event go
	Mention      MentionID      // what was answered; its source gets the event
	Links        []LinkTo
	Delivery     DeliveryID // of a report or an answer at a bounce address

	Verified      bool // the origin was proven
	Reopens       bool
	MakesAccount  bool // the author is unknown and becomes a customer
	JoinsByDomain bool
	AddsPeople    bool     // To and Cc become participants; else suggestions
	Acknowledges  bool     // by one automatic mail, which asks a new customer to set a password
	AsksPassword  bool     // of a new customer by an automatic mail, with nothing to acknowledge
	Skipped       string   // why no automatic mail, where one was due
	Warnings      []string // shown with the words
	Reason        string
}

// Warnings that a message, note or draft may carry.
const (
	WarnNotVerified    = "Sender not verified."
	WarnForged         = "The sender's domain says that it did not send this; staff released it."
	WarnAlsoToCustomer = "Also sent to the customer by its author."
)

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
		if named != 0 && f.FiledAt != 0 && named != f.FiledAt {
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

// 5.
func forged(f Facts) (Decision, bool) {
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
	d := f.words(RuleRequester, EffectMessage, "Its requester wrote, "+f.located())
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
	return f.private(RuleCollaborator, EffectNote, "A collaborator wrote, "+f.located()), true
}

// 13. The three proofs: locator, possession, origin.
func staffReply(f Facts) (Decision, bool) {
	proven := f.Locator.How == ByOwnToken && f.Locator.Staff && f.Origin == Proven
	now := f.Kind == KindHuman && !f.NearNotice && !f.VacationSubject && !f.NewerCustomerMessage
	if !f.Author.Role.Agent() || !f.Author.MayReply || !f.Standing.MayView || !proven || !now || f.final() {
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
		return f.private(RuleStaffDraft, EffectNote, "A colleague without the right to reply wrote, "+f.located()), true
	}
	return f.private(RuleStaffDraft, EffectDraft, "An agent wrote, but not with every proof that a public reply needs: kept as a draft."), true
}

// 15.
func participant(f Facts) (Decision, bool) {
	if !f.Locator.Located() || !f.Standing.Participant || f.Author.Role.Staff() || f.final() {
		return no()
	}
	d := f.words(RuleParticipant, EffectMessage, "Somebody in CC wrote, "+f.located())
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
		return false, "The sender is not verified."
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
