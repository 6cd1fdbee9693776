package core

import "postdesk/core/language"

// standardText is what the program brings in a language: the files of the
// catalogue. An empty subject: the mail keeps its conversation's.
func standardText(kind TextKind, in language.Tag) MailText {
	text := in.Mail(string(kind))
	return MailText{text.Subject, text.Body}
}

// In is the rule with the standard text of a language.
func (r TextRule) In(t language.Tag) TextRule {
	r.Standard = standardText(r.Kind, t)
	return r
}

// The lines that stand in our mails whatever a text says, in each language: an
// answer that brings one back is known by it.

// ReplyAbove stands between the new words and the quoted history of a mail that
// has one; whoever reads an answer may fold from this line on.
const ReplyAbove = "-- Please reply above this line --"

// CopyNotice is the first line of a collaborator's copy, whatever its text says
// (mail-law section 4).
const CopyNotice = "Your answer becomes a private note; the customer is not on this mail."

// InEachLanguage gives a fixed line as each language says it.
func InEachLanguage(line string) (said []string) {
	for _, t := range language.All() {
		said = append(said, t.Say(line))
	}
	return said
}
