package core

import (
	"slices"
	"strings"

	"postdesk/core/language"
)

// What our mails say can be written anew for each mailbox. A text is plain words
// with placeholders; one source makes the text part and the HTML part of a mail.
// This file says which texts there are and what each may hold; mailtextread.go
// reads a text, mailtextsaid.go puts the values of one mail into it.

// A TextKind is one of the texts: the notice where a mail has one, else its
// purpose.
type TextKind string

// The kinds. The digest of suspended mail is a list, and has no text.
const (
	TextReply           = TextKind(PurposeReply)
	TextCopy            = TextKind(PurposeCopy)
	TextAcknowledgement = TextKind(PurposeAcknowledgement)
	TextMessage         = TextKind(NoticeMessage)
	TextNote            = TextKind(NoticeNote)
	TextMention         = TextKind(PurposeMentionMail)
	TextDraft           = TextKind(NoticeDraft)
	TextDelayed         = TextKind(NoticeDelayed)
	TextFailed          = TextKind(NoticeFailed)
	TextInvite          = TextKind(PurposeInvite)
	TextVerify          = TextKind(PurposeVerify)
	TextConfirm         = TextKind(NoticeConfirm)
	TextReset           = TextKind(PurposeReset)
	TextSignIn          = TextKind(NoticeSignIn)
	TextAddresses       = TextKind(NoticeAddresses)
	TextSecurity        = TextKind(NoticeSecurity)
)

// Longest subject and body of a text, in characters.
const (
	maxTextSubject = 255
	maxTextBody    = 10_000
)

// A MailText is what the mails of one kind say. Empty: the standard text.
type MailText struct {
	Subject string // empty where a mail keeps its conversation's
	Body    string
}

// A Placeholder stands in a text as {{name}} for what differs from mail to mail.
type Placeholder struct {
	Name     string
	Becomes  string // what stands there in a mail, in words
	Required bool   // exactly once in the body
	Alone    bool   // alone on its line, once; never in a subject
	Subject  bool   // may stand in the subject
}

// A TextRule says what the text of a kind may hold.
type TextRule struct {
	Kind         TextKind
	Name         string
	When         string // to whom it goes, and when
	HasSubject   bool   // else a mail keeps its conversation's
	FirstOnly    bool   // its mails have no conversation: they are sent from the first mailbox alone
	Placeholders []Placeholder
	Standard     MailText // what the program brings, in English unless In says otherwise
}

// TextRules lists the texts of a mailbox, those that customers read most first.
func TextRules() []TextRule { return slices.Clone(textRules) }

// Rule gives the rule of a kind; ok is false for a kind that has no text.
func (k TextKind) Rule() (_ TextRule, ok bool) {
	i := slices.IndexFunc(textRules, func(r TextRule) bool { return r.Kind == k })
	if i < 0 {
		return TextRule{}, false
	}
	return textRules[i], true
}

// placeholder finds one of the rule's own.
func (r TextRule) placeholder(name string) (Placeholder, bool) {
	i := slices.IndexFunc(r.Placeholders, func(p Placeholder) bool { return p.Name == name })
	if i < 0 {
		return Placeholder{}, false
	}
	return r.Placeholders[i], true
}

var textRules = []TextRule{
	textRule(TextReply, "Answer", "To the customer and customers in copy, when somebody answers. It keeps the conversation's subject; quoted history and files follow it.",
		"message! signature link author name mailbox", "a page where a customer who has no password yet can ask for one. Left out for everybody else"),
	textRule(TextAcknowledgement, "Acknowledgement", "To a customer who wrote for the first time, by machine. It repeats nothing of their mail: whoever stands there may not have written it.",
		"link! mailbox date", "the link with which they confirm the address and set a password. Left out where none is needed"),
	textRule(TextCopy, "Copy for a collaborator", "To a collaborator in copy, when somebody answers or writes. “"+CopyNotice+"” always stands above it.",
		"message! signature author name mailbox", ""),
	textRule(TextMessage, "A customer wrote", "To agents. It keeps the conversation's subject.",
		"message! link author where name mailbox", "the conversation in the panel"),
	textRule(TextNote, "A private note was added", "To agents who follow the conversation. No word of the note can stand in it.",
		"link! author where name mailbox", "the conversation in the panel"),
	textRule(TextMention, "Mention", "To staff who are mentioned in a note. No word of the note can stand in it.",
		"link! author where name", "the note in the panel, after sign-in"),
	textRule(TextDraft, "Kept as a draft", "To staff whose answer by mail was not sent.", "link! problem where name mailbox", "the conversation in the panel"),
	textRule(TextDelayed, "Not delivered yet", "To the author of an answer that waits for hours.", "link! problem where name mailbox", "the conversation in the panel"),
	textRule(TextFailed, "Could not be delivered", "To the author of an answer that did not arrive.", "link! problem where name mailbox", "the conversation in the panel"),
	textRule(TextInvite, "Invite", "To somebody who shall join the team.", "link! author desk name mailbox", "the link with which they accept and set a password"),
	textRule(TextVerify, "Confirm the address", "To somebody whose account has no password yet.", "link! desk mailbox", "the link with which they confirm the address and set a password"),
	textRule(TextConfirm, "Confirm another address", "To an address that was added to an account.", "link! desk mailbox", "the link with which they confirm the address, by their password"),
	textRule(TextReset, "Set a new password", "To somebody who asked for a new password.", "link! desk mailbox", "the link with which they set it"),
	textRule(TextSignIn, "Sign-in link", "To somebody who asked to sign in without a password.", "link! desk mailbox", "the link that signs them in"),
	textRule(TextSecurity, "The security of an account was changed", "To somebody whose two-factor sign-in was changed or reset, or is being guessed at, or for whom an API token was made.", "problem! link desk name mailbox", "their profile"),
	textRule(TextAddresses, "Addresses were changed", "To a customer whose addresses were changed by staff.", "link author desk mailbox", "their profile"),
}

// textRule reads the names of placeholders; ! marks the required ones.
func textRule(kind TextKind, name, when, names, link string) TextRule {
	r := TextRule{Kind: kind, Name: name, When: when, Standard: standardText(kind, language.English)}
	r.HasSubject = r.Standard.Subject != ""
	// Not TextVerify: whoever wrote to a mailbox is asked for a password from there.
	r.FirstOnly = slices.Contains([]TextKind{TextInvite, TextConfirm, TextReset, TextSignIn, TextAddresses, TextSecurity}, kind)
	for _, name := range strings.Fields(names) {
		bare := strings.TrimSuffix(name, "!")
		p := Placeholder{Name: bare, Required: bare != name, Becomes: becomes(bare, link)}
		p.Alone = bare == "message" || bare == "signature" || bare == "link"
		p.Subject = r.HasSubject && !p.Alone && bare != "where" // mail-law section 4: no number in the subject of a mention
		r.Placeholders = append(r.Placeholders, p)
	}
	return r
}

func becomes(name, link string) string {
	return map[string]string{
		"message":   "what the person wrote, with its pictures",
		"signature": "the signature of who answers; the name, if there is none",
		"link":      link,
		"author":    "the name of who wrote or did it",
		"name":      "the name of who gets the mail",
		"mailbox":   "the address of this mailbox",
		"desk":      "the name of this help desk",
		"date":      "when their mail came",
		"where":     "what it is about: conversation #42",
		"problem":   "what went wrong",
	}[name]
}
