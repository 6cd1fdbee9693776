package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestA26ThousandsOfForgedSendersGetNothing: spam whose only aim is that we write
// to its victims, in their thousands and with its words.
func TestA26ThousandsOfForgedSendersGetNothing(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	const words = "kanarienvogel"
	n := many(10_000)
	began := time.Now()
	forged := func(i int) (from, to, raw string) {
		victim := fmt.Sprintf("victim%d@unproven.test", i)
		envelope := victim
		switch i % 4 {
		case 1:
			victim = fmt.Sprintf("victim%d@strict.test", i) // its domain says that it was not them
			envelope = victim
		case 2: // proven for somebody else
			victim, envelope = fmt.Sprintf("victim%d@acme.test", i), "eve@unproven.test"
		case 3:
			victim, envelope = fmt.Sprintf("victim%d@nowhere.test", i), "eve@other.test"
		}
		return envelope, s.mailbox, fmt.Sprintf("From: %q <%s>\r\nTo: %s\r\nReply-To: %s\r\nCc: cc%s\r\nSubject: %s %d\r\nMessage-ID: <%s%d@other.test>\r\n\r\n%s %d\r\n",
			words+" buy now", victim, s.mailbox, victim, victim, words, i, words, i, words, i)
	}
	half := n / 2
	codes := s.pour(half, forged)
	// A real customer in the midst of it.
	cara := s.mail(letter{From: "cara@acme.test", Subject: "A real question", Text: "Do you hear me?"})
	more := s.pour(n-half, func(i int) (from, to, raw string) { return forged(half + i) })
	s.got("cara@acme.test", "has reached us")
	real := s.owner.list("/mails?from=cara@acme.test")[0]
	s.want("the real customer's", fmt.Sprint(real["message_id"], real["rule"]), cara+"new")
	s.owner.do("POST", path("/cases/%v/reply", real["case_id"]), object{"contents": "I hear you."})
	s.drained(n)
	s.got("cara@acme.test", "I hear you.")
	t.Logf("%d forged mails in %s, codes %v and %v", n, time.Since(began).Round(time.Second), codes, more)
	s.want("taken", codes[0]+more[0], n)
	s.want("kept", s.count(`select count(*) from inbound`), n+1)
	s.want("refuted ones", s.count(`select count(*) from inbound where suspension = 'forged'`), n/4)
	s.want("automatic mails", s.count(`select count(*) from deliveries where automatic`), 1)
	victims, staff := 0, 0
	for _, m := range s.sink.Messages() {
		switch to := m.To[0]; {
		case s.staff[to]:
			staff++
		case to == "cara@acme.test":
			s.want("words of theirs", strings.Contains(strings.ToLower(s.read(m).all()), words), false)
		default:
			victims++
		}
	}
	t.Logf("mails to victims: %d; to staff: %d", victims, staff)
	s.want("mails to victims", victims, 0)
	olga := s.signedIn("olga@desk.test")
	olga.open("/agent/inbox")
	s.want("an alarm on every page", olga.says("not verified"), true)
}

// drained waits until n mails were filed and everything was sent, however long
// that takes while it goes on.
func (s *story) drained(n int) {
	s.t.Helper()
	left := func() int {
		return s.count(`select (select count(*) from inbound where state = 'received') + (select count(*) from deliveries where state = 'queued')`)
	}
	for last, since := left(), time.Now(); last > 0; time.Sleep(50 * time.Millisecond) {
		if now := left(); now < last {
			last, since = now, time.Now()
		}
		if time.Since(since) > time.Minute {
			s.t.Fatalf("%d of %d are stuck", last, n)
		}
	}
}

func TestWhatIsHeldForUnprovenSendersNeverLeaves(t *testing.T) {
	t.Parallel()
	var relay string
	s := newStory(t, func(set *settings) { relay, set.Relay = set.Relay, "" })
	unproven := s.file(letter{From: "cara@acme.test", EnvelopeFrom: "eve@unproven.test", Text: "In Cara's name."})
	proven := s.file(letter{From: "cara@acme.test", Text: "Really."})
	stranger := s.file(letter{From: "someone@unproven.test", Text: "Hello."})
	s.owner.do("POST", path("/cases/%v/reply", stranger["case_id"]), object{"contents": "First answer."})
	held := func() int { return s.count(`select count(*) from deliveries where automatic and state = 'held'`) }
	// What is held for the one that proves nothing takes nothing from Cara's own.
	s.want("held", held(), 3)
	s.want("of the unproven", s.count(path(`select count(*) from deliveries where automatic and inbound_id = %v and to_unproven`, unproven["id"])), 1)
	s.stop()
	s.at, s.stop = s.start(func(set *settings) { set.Relay = relay })
	s.want("held once there is a relay", held(), 1)
	s.want("of the proven", s.count(path(`select count(*) from deliveries where automatic and inbound_id = %v and state = 'held'`, proven["id"])), 1)
	s.quiet()
	s.want("mails", len(s.sink.Messages()), 0)
	s.owner.do("POST", path("/cases/%v/reply", stranger["case_id"]), object{"contents": "Second answer."})
	s.want("automatic mail to the unproven", len(s.outbox("cara@acme.test")), 0)
	s.got("someone@unproven.test", "Second answer.")
}
