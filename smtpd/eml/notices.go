package eml

import (
	"strings"

	"postdesk/core"
)

// Defects after which not all of a mail is on the page. Staff are told above it.
const (
	defectEncrypted    = "the mail is encrypted and cannot be read"
	defectSigned       = "the mail is signed and the signature was not checked"
	defectSignedUnread = "the signed mail could not be unwrapped; it is attached as it came"
	defectCompressed   = "the mail is compressed and could not be unwrapped; it is attached as it came"
	defectTNEF         = "winmail.dat is damaged; it is attached as it came"
	defectUnread       = "the mail could not be read; all of it is shown as text"
)

// notices are the sentences for staff that defects call for.
func notices(found []string) (told []string) {
	for _, one := range found {
		switch one {
		case defectEncrypted:
			told = append(told, "This mail is encrypted and cannot be read here. What came is attached.")
		case defectSignedUnread, defectCompressed, defectTNEF:
			told = append(told, "Part of this mail could not be unwrapped. What came is attached.")
		case defectSigned:
			told = append(told, core.WarnSigned)
		case defectUnread:
			told = append(told, "This mail could not be read in full. The original is kept.")
		}
	}
	return told
}

// markSignatures makes detached signatures no files of their own: they say nothing
// to a person, and belong to a mail that is not sent on as it came.
func markSignatures(files []core.Attachment) {
	for i := range files {
		if isSignaturePart(files[i].ContentType) {
			files[i].Inline, files[i].Folded = true, true
		}
	}
}

// above puts what stands in for unreadable parts, and the cards of invitations, over
// the words of the mail.
func (r *reader) above(b *body) {
	top := joinText(strings.Join(r.notes, "\n"), strings.Join(r.calendars, "\n\n"))
	if blank(top) {
		return
	}
	text := joinText(top, b.text)
	for i := range b.marks {
		b.marks[i] = b.marks[i].moved(len(text) - len(b.text))
	}
	b.text = text
}
