package core

import "time"

// The words that the mail law is told in: what is known about a mail, and what
// becomes of it. The law itself is in route.go.

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
	ID       UserID `json:",omitzero"` // 0: unknown
	Role     Role   `json:",omitzero"`
	Disabled bool   `json:",omitzero"`
	MayReply bool   `json:",omitzero"` // has the right to answer customers
}

// Known tells that the From address belongs to an account.
func (a Author) Known() bool { return a.ID != 0 }

// Facts are all that a decision depends on.
type Facts struct {
	Kind            Kind    `json:",omitzero"`
	NullSender      bool    `json:",omitzero"` // MAIL FROM:<>
	Unanswerable    bool    `json:",omitzero"` // RFC 3834 section 2
	VacationSubject bool    `json:",omitzero"`
	NoteMarker      bool    `json:",omitzero"` // the first visible line is #note
	NothingNew      bool    `json:",omitzero"` // all of its text is quoted
	Loop            string  `json:",omitzero"` // why it is our own mail coming back, or ""
	UsableFrom      bool    `json:",omitzero"` // exactly one mailbox that can be read
	Origin          Verdict `json:",omitzero"`
	Form            bool    `json:",omitzero"` // it came by the contact form, and not by SMTP
	Author          Author  `json:",omitzero"`

	DuplicateOf InboundID      `json:",omitzero"` // filed before by another way (section 7)
	FiledAt     ConversationID `json:",omitzero"` // where that one was filed

	Bounce DeliveryID `json:",omitzero"` // a valid bounce token in RCPT names it

	Blocked, Safe  bool `json:",omitzero"` // lists
	Spam, Virus    bool `json:",omitzero"` // of a filter, where one is set
	OverBrake      bool `json:",omitzero"` // section 5, new conversations
	AcceptsUnknown bool `json:",omitzero"` // "new conversations from unknown senders"

	Locator  Locator  `json:",omitzero"` // with a bounce token: that delivery's
	Standing Standing `json:",omitzero"`
	Status   Status   `json:",omitzero"` // of the located conversation
	Trashed  bool     `json:",omitzero"`

	NearNotice           bool           `json:",omitzero"` // within 15 s of our notice to the author
	NewerCustomerMessage bool           `json:",omitzero"` // than the notice that is answered
	NewerBy              string         `json:",omitzero"` // who wrote it
	NewerAt              time.Time      `json:",omitzero"` // and when
	Doubt                string         `json:",omitzero"` // why an agent's words are looked at before they go out
	MentionAnswers       ConversationID `json:",omitzero"` // what the author's first answer opened, still fit for more

	AlsoToCustomer bool `json:",omitzero"` // the customer stands in its To or Cc

	// Automatic is why no automatic mail may go to the author (section 5: rates,
	// mutes), or "".
	Automatic string `json:",omitzero"`
	// HeldAnyway: no relay is set, automatic mail to unproven senders leaves nobody.
	HeldAnyway bool `json:",omitzero"`

	Released bool `json:",omitzero"` // staff released it: no automatic mail, joins no organization
	Without  Rule `json:",omitzero"` // with Released: the rule that is left out
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
	Conversation ConversationID `json:",omitzero"`
	Relation     Relation       `json:",omitzero"`
}

// A Decision is what a mail causes, and why. For a collaborator it has no arm
// that speaks to a customer.
type Decision struct {
	Rule         Rule           `json:",omitzero"`
	Effect       Effect         `json:",omitzero"`
	Suspension   Suspension     `json:",omitzero"`
	Conversation ConversationID `json:",omitzero"` // where message, note, reply, draft or event go
	Mention      MentionID      `json:",omitzero"` // what was answered; its source gets the event
	Links        []LinkTo       `json:",omitzero"`
	Delivery     DeliveryID     `json:",omitzero"` // of a report or an answer at a bounce address

	Verified      bool     `json:",omitzero"` // the origin was proven
	Reopens       bool     `json:",omitzero"`
	MakesAccount  bool     `json:",omitzero"` // the author is unknown and becomes a customer
	JoinsByDomain bool     `json:",omitzero"`
	AddsPeople    bool     `json:",omitzero"` // To and Cc become participants; else suggestions
	Acknowledges  bool     `json:",omitzero"` // by one automatic mail, which asks a new customer to set a password
	AsksPassword  bool     `json:",omitzero"` // of a new customer by an automatic mail, with nothing to acknowledge
	Skipped       string   `json:",omitzero"` // why no automatic mail, where one was due
	Warnings      []string `json:",omitzero"` // shown with the words
	Reason        string   `json:",omitzero"`
}

// Warnings that a message, note or draft may carry.
const (
	WarnNotVerified    = "Sender not verified."
	WarnSigned         = "This mail is signed. The signature was not verified."
	WarnForged         = "The sender's domain says that it did not send this; staff released it."
	WarnAlsoToCustomer = "Also sent to the customer by its author."
)

// Warnings about a sender who may not be whom they seem (reliability A14, A31):
// what is filled in is a name of the team, a domain of ours or a canonical address.
const (
	WarnNameOfTeam    = "Uses the name of %s of your team, but writes from another address."
	WarnAddressOfTeam = "Its address looks like that of %s of your team, but is another one."
	WarnDomainOfTeam  = "Its domain looks like %s, but is another one."
	WarnNameIsAddress = "Its name says %s, but it comes from another address."
	WarnReplyTo       = "It asks for answers at %s. Yours go to its sender."
	WarnSender        = "It was sent by %s for its author."
	WarnResent        = "It was sent on by %s."
)
