package core

import (
	"fmt"
	"strings"
)

// A Trace answers "why did this land here?": the facts, the rule, and the reason
// in words. It is stored with every mail, so facts that are not so take no room.
type Trace struct {
	Facts    Facts
	Decision Decision
	Origin   Origin
	Defects  []string `json:",omitzero"`
	// Lifted is why mail to its author had stopped, where it goes again now.
	Lifted string `json:",omitzero"`
}

func traceOf(a *arrival, dec Decision) Trace {
	return Trace{Facts: a.facts, Decision: dec, Origin: a.origin, Defects: a.letter.Defects, Lifted: a.lifted}
}

// Sentences tell the decision to a person: what became of the mail, why, and what
// that rests on. A mail that was not decided yet has none.
func (t Trace) Sentences() []string {
	if t.Decision.Rule == "" {
		return nil
	}
	s := []string{
		t.outcome(),
		fmt.Sprintf("The rule %q decided: %s", t.Decision.Rule, t.Decision.Reason),
		t.sender(), t.author(), t.located(), t.kind(), t.released(), t.linked(), t.answered(), t.lifted(),
	}
	for _, defect := range t.Defects {
		s = append(s, "Defect: "+sentence(defect))
	}
	told := s[:0]
	for _, line := range s {
		if line != "" {
			told = append(told, line)
		}
	}
	return told
}

// outcome says what the mail is now.
func (t Trace) outcome() string {
	d := t.Decision
	switch d.Effect {
	case EffectCounted:
		return "It was counted on the mail that came first; nothing was added."
	case EffectSuspend:
		return fmt.Sprintf("It was suspended as %q.", d.Suspension)
	case EffectReport:
		return fmt.Sprintf("It was recorded on outgoing mail %d.", d.Delivery)
	case EffectAnswered:
		return fmt.Sprintf("It is shown on outgoing mail %d, and did nothing else.", d.Delivery)
	case EffectEvent:
		return "It became a quiet event" + in(d.Conversation) + "."
	case EffectOpen:
		return "It opened a conversation."
	case EffectMessage:
		return "It became a message" + in(d.Conversation) + "."
	case EffectNote:
		return "It became a private note" + in(d.Conversation) + "."
	case EffectReply:
		return "It went out as a public reply" + in(d.Conversation) + "."
	case EffectDraft:
		return "It became a draft for its author" + in(d.Conversation) + "."
	}
	return ""
}

func in(c ConversationID) string {
	if c == 0 {
		return ""
	}
	return fmt.Sprintf(" in #%d", c)
}

func (t Trace) sender() string {
	if t.Origin.Reason == "" {
		return fmt.Sprintf("The sender is %s.", t.Origin.Verdict)
	}
	return fmt.Sprintf("The sender is %s: %s", t.Origin.Verdict, sentence(t.Origin.Reason))
}

func (t Trace) author() string {
	a := t.Facts.Author
	switch {
	case !t.Facts.UsableFrom:
		return "Its author could not be read."
	case !a.Known():
		return "Its author had no account."
	case a.Disabled:
		return fmt.Sprintf("Its author was a disabled %s.", a.Role)
	case a.Role.Agent():
		return fmt.Sprintf("Its author was an %s.", a.Role)
	}
	return fmt.Sprintf("Its author was a %s.", a.Role)
}

// located says how a conversation was found, and what the author is there.
func (t Trace) located() string {
	l := t.Facts.Locator
	var how string
	switch {
	case !l.Located() && len(l.Also) > 0:
		return "It names more than one conversation, and its author is on none or on several of them."
	case !l.Located():
		return "It names no conversation of ours."
	case l.How == ByMention && l.Conversation == 0:
		return "It answers a mention mail, about a person or an organization."
	case l.How == ByMention:
		how = "It answers a mention mail, about"
	case l.How == ByOwnToken && l.Staff:
		how = "It came to the address of the author's own notice about"
	case l.How == ByOwnToken:
		how = "It came to the author's own reply address of"
	case l.How == ByOthersToken:
		how = "It came to somebody else's reply address of"
	default:
		how = "It answers a mail of"
	}
	return fmt.Sprintf("%s #%d, where the author %s.", how, l.Conversation, t.Facts.Standing.words())
}

func (s Standing) words() string {
	switch {
	case s.Requester:
		return "is the requester"
	case s.Participant:
		return "is in CC"
	case s.MayView:
		return "may read along"
	}
	return "has no part"
}

func (t Trace) kind() string {
	switch t.Facts.Kind {
	case KindAutoReply:
		return "It is an automatic answer, like a vacation notice."
	case KindReport:
		return "It is a report about another mail."
	case KindGenerated:
		return "It was written by a machine or sent by a list."
	}
	return ""
}

func (t Trace) released() string {
	if !t.Facts.Released {
		return ""
	}
	return fmt.Sprintf("Staff released it from the rule %q.", t.Facts.Without)
}

func (t Trace) linked() string {
	if len(t.Decision.Links) == 0 {
		return ""
	}
	var to []string
	for _, l := range t.Decision.Links {
		to = append(to, fmt.Sprintf("#%d (%s)", l.Conversation, l.Relation.words()))
	}
	return "For staff it is linked to " + strings.Join(to, ", ") + "."
}

func (r Relation) words() string {
	switch r {
	case RelatedMention:
		return "the mention"
	case RelatedMayBelong:
		return "may belong there"
	case RelatedFollowUp:
		return "follow-up"
	case RelatedAlsoNames:
		return "named as well"
	}
	return string(r)
}

// answered says what was sent by machine, or why nothing was where it was due.
func (t Trace) answered() string {
	switch d := t.Decision; {
	case d.Acknowledges:
		return "It was acknowledged by an automatic mail."
	case d.AsksPassword:
		return "Its author was asked by an automatic mail to set a password."
	case d.Skipped != "":
		return "No automatic mail went out. " + d.Skipped
	}
	return ""
}

// lifted says that its author can be reached again.
func (t Trace) lifted() string {
	if t.Lifted == "" {
		return ""
	}
	return "Mail to its author goes out again. It had stopped: " + sentence(t.Lifted)
}

// sentence ends a phrase with a stop.
func sentence(phrase string) string {
	if strings.HasSuffix(phrase, ".") {
		return phrase
	}
	return phrase + "."
}
