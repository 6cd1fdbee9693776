package main

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

// told is how often Olga was told that a mail did not arrive.
func (w *street) told() (n int) {
	w.t.Helper()
	for _, m := range w.mailboxes.mailbox("olga@desk.test") {
		if strings.Contains(m.Text, "could not be delivered") {
			n++
		}
	}
	return n
}

// T48, by a report that a real Postfix wrote.
func TestABounceOfARealRelayFailsTheDeliveryAndIsToldOnce(t *testing.T) {
	t.Parallel()
	w := newStreet(t, streetSetup{relay: &postfixSetup{}, people: []string{"cara@acme.test"}})
	opened := w.owner.do("POST", "/cases", object{"subject": "Your order", "contents": "It is on its way.", "requester_email": "gone@acme.test"})
	w.eventually("the reply has failed", func() bool { return w.delivery("REPLY", "gone@acme.test")["state"] == "FAILED" })
	why := fmt.Sprint(w.delivery("REPLY", "gone@acme.test")["last_response"])
	w.want("it says what the customer's server said: "+why, strings.Contains(why, "5.1.1") && strings.Contains(why, "gone@acme.test"), true)
	w.want("suppressed", w.count(`select count(*) from suppressions where address = 'gone@acme.test'`), 1)
	w.want("the conversation says so", strings.Contains(fmt.Sprint(w.posts(opened["id"], "EVENT")), "gone@acme.test"), true)
	w.want("words in the conversation", len(w.posts(opened["id"], "MESSAGE", "NOTE")), 1)
	w.inbox("olga@desk.test", "could not be delivered")
	w.settled()
	w.want("how often she is told", w.told(), 1)
	w.want("mails to the customer", w.count(`select count(*) from deliveries where recipient = 'gone@acme.test'`), 1)

	w.owner.do("POST", path("/cases/%v/reply", opened["id"]), object{"contents": "Did it arrive?"})
	w.settled()
	w.want("another mail there", w.delivery("REPLY", "gone@acme.test")["state"], "FAILED")
	w.want("went no further than to us", w.relay.logged("to=<gone@acme.test>"), 1)
}

// T51: the relay warns of a server that is down, which changes nothing; when that
// is up again the mail arrives.
func TestADelayThatARealRelayReportsIsShownAndChangesNothing(t *testing.T) {
	t.Parallel()
	slow := net.JoinHostPort("127.0.0.1", freePort(t))
	w := newStreet(t, streetSetup{relay: &postfixSetup{routes: map[string]string{"slow.test": slow}, settings: []string{"delay_warning_time = 1s"}}})
	opened := w.owner.do("POST", "/cases", object{"subject": "Your order", "contents": "It is on its way.", "requester_email": "dora@slow.test"})
	w.eventually("the delay is shown", func() bool {
		w.relay.flush()
		return strings.Contains(fmt.Sprint(w.delivery("REPLY", "dora@slow.test")["last_response"]), "delayed")
	})
	w.quiet()
	w.want("state", w.delivery("REPLY", "dora@slow.test")["state"], "SENT")
	w.want("suppressed", w.count(`select count(*) from suppressions`), 0)
	w.want("words in the conversation", len(w.posts(opened["id"], "MESSAGE", "NOTE")), 1)
	w.want("how often Olga is told", w.told(), 0)
	w.want("what the relay still has", w.relay.waiting(), 1)
}
