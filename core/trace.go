package core

import "fmt"

// A Trace answers "why did this land here?": the facts, the rule, and the reason
// in words.
type Trace struct {
	Facts    Facts
	Decision Decision
	Origin   Origin
	Defects  []string
}

func traceOf(a *arrival, dec Decision) Trace {
	return Trace{Facts: a.facts, Decision: dec, Origin: a.origin, Defects: a.letter.Defects}
}

// Sentences tell the decision to a person.
func (t Trace) Sentences() []string {
	s := []string{
		fmt.Sprintf("Rule %q: %s", t.Decision.Rule, t.Decision.Reason),
		"Sender " + string(t.Origin.Verdict) + ": " + t.Origin.Reason,
		t.author(), t.located(),
	}
	if t.Facts.Kind != KindHuman {
		s = append(s, fmt.Sprintf("It was not written by a person: %s.", t.Facts.Kind))
	}
	if t.Facts.Released {
		s = append(s, fmt.Sprintf("Staff released it; rule %q was left out.", t.Facts.Without))
	}
	if t.Decision.Skipped != "" {
		s = append(s, "No acknowledgement was sent. "+t.Decision.Skipped)
	}
	if len(t.Decision.Links) > 0 {
		s = append(s, "It is linked to other conversations for staff.")
	}
	for _, defect := range t.Defects {
		s = append(s, "Defect: "+defect)
	}
	return s
}

func (t Trace) author() string {
	a := t.Facts.Author
	switch {
	case !t.Facts.UsableFrom:
		return "No author could be read."
	case !a.Known():
		return "The author was unknown."
	case a.Disabled:
		return fmt.Sprintf("The author is a disabled %s.", a.Role)
	}
	return fmt.Sprintf("The author is a known %s.", a.Role)
}

func (t Trace) located() string {
	l, s := t.Facts.Locator, t.Facts.Standing
	var is string
	switch {
	case !l.Located():
		return "It names no conversation of ours."
	case s.Requester:
		is = "its requester"
	case s.Participant:
		is = "in CC there"
	case s.MayView:
		is = "somebody who may view it"
	default:
		is = "not part of it"
	}
	if l.Conversation == 0 {
		return fmt.Sprintf("It was located by %s; the author is %s.", l.How, is)
	}
	return fmt.Sprintf("It was located by %s: conversation #%d; the author is %s.", l.How, l.Conversation, is)
}
