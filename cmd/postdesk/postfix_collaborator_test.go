package main

import (
	"fmt"
	"strings"
	"testing"
)

// The promise of the collaborator, seen from the mailboxes: what is not in the
// customer's was not sent to her, whoever sent it.
func TestACollaboratorsReplyThroughARealServerNeverReachesTheCustomer(t *testing.T) {
	t.Parallel()
	w := newStreet(t, streetSetup{people: []string{"cara@acme.test", "mia@partner.test"}})
	w.person("collaborator", "mia@partner.test", "Mia Meyer")
	question := w.file(letter{From: "Cara Customer <cara@acme.test>", Subject: "Order of cara@acme.test", Text: "Write to cara@acme.test.\n-- \nCara, mailto:cara@acme.test"})
	w.reply(question["case_id"], "We ask our expert, cara@acme.test.", "mia@partner.test")
	copied := w.inbox("mia@partner.test", "We ask our expert")
	w.want("first line", strings.HasPrefix(copied.Text, "Your answer becomes a private note; the customer is not on this mail."), true)
	for _, secret := range []string{"cara@acme.test", "cara%40acme", "cara=acme", "cara=40acme", question["message_id"].(string)} {
		w.want("her copy names "+secret, strings.Contains(strings.ToLower(copied.all()), secret), false)
	}
	w.inbox("cara@acme.test", "We ask our expert")
	w.settled()
	before, told := len(w.mailboxes.mailbox("cara@acme.test")), len(w.mailboxes.mailbox("olga@desk.test"))

	l, outside := replyAll(copied, "Mia Meyer <mia@partner.test>", "kanarienvogel: the fuser.")
	w.want("what leaves us by reply-all", len(outside), 0)
	noted := w.file(l)
	w.want("her reply", fmt.Sprint(noted["rule"], noted["case_id"]), fmt.Sprint("collaborator", question["case_id"]))
	notes := w.posts(question["case_id"], "NOTE")
	w.want("notes", len(notes), 1)
	w.want("text", strings.TrimSpace(notes[0]["contents"].(string)), "kanarienvogel: the fuser.")
	w.want("verified", notes[0]["is_verified"], true)
	w.settled()
	w.want("mails to the customer because of it", len(w.mailboxes.mailbox("cara@acme.test"))-before, 0)
	w.want("mails to Olga because of it", len(w.mailboxes.mailbox("olga@desk.test"))-told, 1)

	w.reply(question["case_id"], "It is the fuser.", "")
	w.inbox("cara@acme.test", "It is the fuser.")
	for _, m := range w.mailboxes.mailbox("cara@acme.test") {
		for _, secret := range []string{"kanarienvogel", "mia@partner.test", "Mia Meyer"} {
			w.want("a mail to the customer says "+secret, strings.Contains(m.all(), secret), false)
		}
	}
}
