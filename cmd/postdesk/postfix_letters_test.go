package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestAnAddressBeyondASCIIGoesFullCircleThroughARealServer(t *testing.T) {
	t.Parallel()
	w := newStreet(t, streetSetup{people: []string{"žofie@acme.test", "cara@acme.test"}})
	question := w.file(letter{From: "Žofie Nováková <žofie@acme.test>", Subject: "Tiskárna", Text: "Netiskne."})
	w.want("rule", question["rule"], "new")
	w.owner.do("POST", path("/cases/%v/reply", question["case_id"]), object{"contents": "Je zapnutá?", "cc": []string{"cara@acme.test"}})
	reply := w.inbox("žofie@acme.test", "Je zapnutá?")
	w.want("To", reply.Addresses("To"), "[žofie@acme.test]")
	w.signed(reply)
	// Cara's copy names her in its header, so that it needs SMTPUTF8, too.
	w.want("To of the copy", w.inbox("cara@acme.test", "Je zapnutá?").Addresses("To"), "[žofie@acme.test]")
	back := w.file(answer(reply, "žofie@acme.test", "Už ano."))
	w.want("her answer", fmt.Sprint(back["rule"], back["case_id"]), fmt.Sprint("requester", question["case_id"]))
}

func TestARelayThatKnowsNoLettersBeyondASCIIIsSaidSo(t *testing.T) {
	t.Parallel()
	w := newStreet(t, streetSetup{relay: &postfixSetup{settings: []string{"smtputf8_enable = no"}}, people: []string{"žofie@acme.test"}})
	w.owner.do("POST", "/cases", object{"subject": "Your order", "contents": "It is on its way.", "requester_email": "žofie@acme.test"})
	w.quiet()
	reply := w.delivery("REPLY", "žofie@acme.test")
	w.want("state", reply["state"], "FAILED")
	w.want("why: "+fmt.Sprint(reply["last_response"]), strings.Contains(fmt.Sprint(reply["last_response"]), "letters beyond ASCII"), true)
}

// T119: where the relay tells its limit, it is not even tried.
func TestT119AMailBeyondTheLimitOfARealServerFailsWithAPlainReason(t *testing.T) {
	t.Parallel()
	limit := "message_size_limit = 300000"
	for name, c := range map[string]struct {
		relay, server []string
		says          string
	}{
		"the relay tells its limit":         {relay: []string{limit}, says: "takes 0.3 MB at most"},
		"the relay tells no limit":          {relay: []string{limit, "smtpd_discard_ehlo_keywords = size"}, says: "552 5.3.4"},
		"the customer's server has a limit": {server: []string{limit}, says: "5.3.4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newStreet(t, streetSetup{relay: &postfixSetup{settings: c.relay}, server: c.server, people: []string{"cara@acme.test"}})
			question := w.file(letter{From: "cara@acme.test", Text: "Where is the manual?"})
			w.inbox("cara@acme.test", "has reached us")
			w.reply(question["case_id"], "Here it is.", "", file{"files", "manual.pdf", strings.Repeat("0123456789abcdef", 30_000)})
			w.eventually("the reply has failed", func() bool { return w.delivery("REPLY", "cara@acme.test")["state"] == "FAILED" })
			why := fmt.Sprint(w.delivery("REPLY", "cara@acme.test")["last_response"])
			w.want("why: "+why, strings.Contains(why, c.says), true)
			w.inbox("olga@desk.test", "could not be delivered")
			w.settled()
			w.want("how often Olga is told", w.told(), 1)
			w.want("mails to the customer", len(w.mailboxes.mailbox("cara@acme.test")), 1)
		})
	}
}
