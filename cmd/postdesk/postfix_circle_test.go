package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestAMailGoesFullCircleThroughRealMailServers(t *testing.T) {
	t.Parallel()
	for name, relay := range map[string]*postfixSetup{
		"the customer's server is our relay": nil,
		"a relay passes our mail on":         {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newStreet(t, streetSetup{people: []string{"cara@acme.test"}, relay: relay})
			question := w.withFile("Cara Čapek <cara@acme.test>", "support@desk.test", "It does not print.", "printer.log", octets())
			w.want("rule", question["rule"], "new")
			asked := "<" + question["message_id"].(string) + ">"
			w.theAcknowledgement(asked)
			w.inbox("olga@desk.test", "It does not print.")

			w.reply(question["case_id"], "Schöne Grüße!\n.\nIst er an? 日本", "", file{"files", "Lösung 解.bin", octets()})
			reply := w.inbox("cara@acme.test", "Ist er an?")
			w.theReply(reply, asked)

			back := w.file(answer(reply, "Cara Čapek <cara@acme.test>", "Now it is."))
			w.want("her answer", fmt.Sprint(back["rule"], back["case_id"]), fmt.Sprint("requester", question["case_id"]))
			w.inbox("olga@desk.test", "Now it is.")
			w.reply(question["case_id"], "Then all is well.", "")
			last := w.inbox("cara@acme.test", "Then all is well.")
			w.want("what the last reply answers", last.Field("In-Reply-To"), "<"+back["message_id"].(string)+">")
			w.settled()
			w.want("mails in her mailbox", len(w.mailboxes.mailbox("cara@acme.test")), 3)
			w.want("state of the reply", w.delivery("REPLY", "cara@acme.test")["state"], "SENT")
		})
	}
}

// octets are all that there are, and what line ends and dots could break.
func octets() string {
	var all strings.Builder
	for b := range 256 {
		all.WriteByte(byte(b))
	}
	return all.String() + "\r\n.\r\n\n.\n\rFrom \x00\r\n"
}

// theAcknowledgement is marked as a machine's, and answers her own mail.
func (w *street) theAcknowledgement(asked string) {
	w.t.Helper()
	ack := w.inbox("cara@acme.test", "has reached us")
	w.want("Auto-Submitted of the acknowledgement", ack.Field("Auto-Submitted"), "auto-replied")
	w.want("In-Reply-To of the acknowledgement", ack.Field("In-Reply-To"), asked)
	w.want("return path of the acknowledgement", strings.HasPrefix(ack.Message.From, "support+"), true)
	w.signed(ack)
}

// theReply is a person's, as the law has it (mail-law sections 4 and 5).
func (w *street) theReply(reply received, asked string) {
	w.t.Helper()
	w.want("From", reply.Addresses("From"), "[support@desk.test]")
	w.want("To", reply.Addresses("To"), "[cara@acme.test]")
	w.want("Cc", reply.Addresses("Cc"), "[]")
	w.want("Reply-To is her token", strings.HasPrefix(reply.replyTo(), "support+") && reply.replyTo() != reply.Message.From, true)
	w.want("return path", strings.HasPrefix(reply.Message.From, "support+") && strings.HasSuffix(reply.Message.From, "@desk.test"), true)
	w.want("Message-ID is ours", strings.HasSuffix(reply.id(), "@desk.test"), true)
	w.want("In-Reply-To of the answer", reply.Field("In-Reply-To"), asked)
	w.want("References name her mail", strings.Contains(reply.Field("References"), asked), true)
	for _, machines := range []string{"Auto-Submitted", "X-Auto-Response-Suppress", "Precedence", "X-Mailer"} {
		w.want(machines, reply.Field(machines), "")
	}
	w.want("the words", strings.Contains(reply.Text, "Schöne Grüße!\n.\nIst er an? 日本"), true)
	w.want("the words in HTML", strings.Contains(reply.HTML, "日本"), true)
	w.want("the file", fmt.Sprintf("%q", reply.files()), fmt.Sprintf("%q", []string{"Lösung 解.bin=" + octets()}))
	w.want("staff stay inside", strings.Contains(reply.all(), "olga@desk.test"), false)
	w.signed(reply)
}
