package core

import (
	"fmt"
	"strings"

	"postdesk/core/language"
)

// notSentReason begins the reason of an agent's draft (mail-law: staff_draft).
const notSentReason = "An agent wrote, but it is not sent: "

// notSentIn is why an agent's mail is a draft, in the language of who reads it, ""
// where the reason says nothing.
func notSentIn(tag language.Tag, reason string) string {
	why := strings.TrimSuffix(strings.TrimPrefix(reason, notSentReason), ".")
	if why == "" {
		return ""
	}
	return tag.Translate(why) + "."
}

// notSent says why an agent's mail is a draft: the first thing that a public
// reply lacks.
func (f Facts) notSent() string {
	switch {
	case f.Origin != Proven:
		return "nothing proves that it is from them"
	case f.Locator.How != ByOwnToken || !f.Locator.Staff:
		return "it did not come to the address of their own notice"
	case f.final():
		return "the conversation is closed or in the trash"
	case f.NewerCustomerMessage && f.NewerBy != "":
		return fmt.Sprintf("the customer wrote again in between (%s, %s UTC)", f.NewerBy, f.NewerAt.UTC().Format("2 January 2006, 15:04"))
	case f.NewerCustomerMessage:
		return "the customer wrote again in between"
	case f.NothingNew:
		return "it says nothing but what it quotes"
	case f.NearNotice:
		return "it came within 15 seconds of a notice, as automatic answers do"
	case f.Kind != KindHuman || f.VacationSubject:
		return "it may be an automatic answer"
	}
	return f.Doubt
}
