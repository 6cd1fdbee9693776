package core

import (
	"slices"
	"strings"
	"time"

	"postdesk/core/language"
)

// TextKind is the kind of text that a mail says.
func (o *Outgoing) TextKind() TextKind {
	if o.Notice != "" {
		return TextKind(o.Notice)
	}
	return TextKind(o.Purpose)
}

// Said is what the text of a mail says, with the mail's own values in it as data:
// what looks like a placeholder in a value is not one. A paragraph that holds a
// placeholder without a value is left out, but for the message. A text that does
// not keep its rule gives way to the standard text; ok is false for a mail whose
// kind has no text.
func (o *Outgoing) Said() (text ReadText, ok bool) {
	rule, ok := o.TextKind().Rule()
	if !ok {
		return text, false
	}
	rule = rule.In(o.Language)
	text = textFor(rule, o.Words.Body)
	if rule.Kind == TextReply && !text.holds(LineLink) { // mail-law section 5: the first answer shows the page
		text.Main = append(text.Main, textFor(rule, "").withLink()...)
	}
	text.Main, text.Small = o.fill(text.Main), o.fill(text.Small)
	return text, true
}

func textFor(rule TextRule, body string) ReadText {
	if body != "" {
		if text, faults := rule.read(body); len(faults) == 0 {
			return text
		}
	}
	text, _ := rule.read(rule.Standard.Body)
	return text
}

func (t ReadText) withLink() (with []TextParagraph) {
	for _, p := range t.Main {
		if slices.ContainsFunc(p, func(l TextLine) bool { return l.Kind == LineLink }) {
			with = append(with, p)
		}
	}
	return with
}

// fill puts the values in.
func (o *Outgoing) fill(paragraphs []TextParagraph) (filled []TextParagraph) {
	for _, p := range paragraphs {
		if o.fillParagraph(p) {
			filled = append(filled, p)
		}
	}
	return filled
}

// fillParagraph tells false where a value is missing.
func (o *Outgoing) fillParagraph(p TextParagraph) bool {
	for _, line := range p {
		for i := range line.Spans {
			s := &line.Spans[i]
			if s.Placeholder == "" || s.Placeholder == "message" {
				continue
			}
			if s.Text = o.textValue(s.Placeholder); s.Text == "" {
				return false
			}
		}
	}
	return true
}

// SaidSubject is the subject of a mail whose kind has one of its own, with the
// mail's values in it; "" for a mail that keeps its conversation's.
func (o *Outgoing) SaidSubject() string {
	rule, ok := o.TextKind().Rule()
	if !ok || !rule.HasSubject {
		return ""
	}
	subject := o.Words.Subject
	if subject == "" || checkSubject(rule, subject) != nil {
		subject = rule.In(o.Language).Standard.Subject
	}
	var b strings.Builder
	for _, s := range readSpans(subject, false, func(string) {}) {
		if s.Placeholder != "" {
			s.Text = o.textValue(s.Placeholder)
		}
		b.WriteString(s.Text)
	}
	return cleanSubject(b.String())
}

// textValue is what a placeholder becomes in this mail, on one line. There is none
// for a note's words: an Outgoing has no field for them.
func (o *Outgoing) textValue(name string) string {
	const limit = 100
	switch name {
	case "signature":
		return firstText(strings.TrimSpace(o.Signature), o.signer())
	case "link":
		return o.textLink()
	case "author":
		return firstText(cleanLine(o.Author, limit), o.Language.Say("Somebody"))
	case "name":
		return cleanLine(o.Recipient.Name, limit)
	case "mailbox":
		return cleanLine(o.From.Address, maxTextSubject)
	case "desk":
		return firstText(cleanLine(o.Instance, limit), o.Language.Say("Help desk"))
	case "date":
		return o.Moment(o.Date)
	case "where":
		return firstText(cleanLine(o.Where, maxTextSubject), o.Language.Say("the help desk"))
	case "problem":
		return cleanLine(o.Language.Translate(o.Problem), 2*maxTextSubject)
	}
	return ""
}

// signer signs an answer of somebody without a signature. A copy says who wrote
// above the words.
func (o *Outgoing) signer() string {
	if o.Purpose == PurposeReply {
		return cleanLine(o.Author, 100)
	}
	return ""
}

// textLink is where the link of a mail leads.
func (o *Outgoing) textLink() string {
	switch o.TextKind() {
	case TextReply, TextAddresses, TextSecurity:
		return o.AccountPage
	case TextAcknowledgement, TextInvite, TextVerify, TextConfirm, TextReset, TextSignIn:
		return o.Link
	}
	return o.Page
}

func firstText(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// Moment writes a time in the recipient's own language and zone, with how far that
// is from UTC.
func (o *Outgoing) Moment(t time.Time) string {
	zone := o.Zone
	if zone == nil {
		zone = time.UTC
	}
	local := t.In(zone)
	return o.Language.Time(local, language.Long) + " " + ZoneOffset(local)
}
