package main

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
)

// many is how much an attack sends: its full size where somebody has the time.
func many(full int) int {
	if os.Getenv("POSTDESK_TEST_FULL") != "" {
		return full
	}
	return full / 50
}

// pour sends n mails over several connections at once; each is one transaction.
// What the gateway says to them is counted by code, 250 as 0.
func (s *story) pour(n int, mail func(i int) (from, to, raw string)) (codes map[int]int) {
	s.t.Helper()
	codes = map[int]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	next := make(chan int)
	for range 8 {
		all.Go(func() {
			for i := range next {
				from, to, raw := mail(i)
				err := sendRaw(s.at.SMTP, from, []string{to}, []byte(raw))
				mu.Lock()
				codes[code(err)]++
				mu.Unlock()
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
	return codes
}

// state is a digest of everything that a table holds.
func (s *story) state(tables ...string) string {
	s.t.Helper()
	var all []string
	for _, table := range tables {
		all = append(all, fmt.Sprint(table, s.count(`select coalesce(hashtext(string_agg(t::text, '|' order by t::text)), 0)::int from `+table+` t`)))
	}
	return strings.Join(all, " ")
}

func TestA25ThousandsOfForgedReportsChangeNothing(t *testing.T) {
	t.Parallel()
	s := newStory(t, func(set *settings) { set.MaxConnectionsPerIP = 100 })
	first := s.file(letter{From: "cara@acme.test", Text: "Hello."})
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "A word of ours."})
	reply := s.got("cara@acme.test", "A word of ours.")
	s.quiet()
	tables := []string{"users", "addresses", "suppressions", "automatic_mutes", "deliveries", "conversations", "messages", "notes", "events", "participants"}
	before, sent := s.state(tables...), len(s.sink.Messages())
	n := many(10_000)
	lines := strings.Join(bounce(reply, "support@desk.test", "failed", "5.1.1"), "\r\n")
	codes := s.pour(n, func(i int) (from, to, raw string) {
		to = "support@desk.test"
		switch i % 5 {
		case 1:
			to = reply.replyTo() // his own token, which is none for reports
		case 2:
			from = "mailer-daemon@machine.test"
		case 3: // guessed
			to = fmt.Sprintf("support+%040d@desk.test", i)
		case 4: // the real one, but for a letter
			at := len("support+") + 5 + i%30
			other := "a"
			if reply.Message.From[at] == 'a' {
				other = "b"
			}
			to = reply.Message.From[:at] + other + reply.Message.From[at+1:]
		}
		return from, to, "Message-ID: <dsn" + fmt.Sprint(i) + "@machine.test>\r\n" + lines
	})
	s.drained(n)
	s.quiet()
	t.Logf("%d forged reports: %v by code, %d mails sent, users and deliveries as before: %v", n, codes, len(s.sink.Messages())-sent, s.state(tables...) == before)
	s.want("taken", codes[0], n/5*3)
	s.want("refused", codes[550], n/5*2)
	s.want("mails sent", len(s.sink.Messages())-sent, 0)
	s.want("state", s.state(tables...), before)
	s.want("suspended", s.count(`select count(*) from inbound where suspension = 'report'`), n/5*3)
}

func TestR14AReportChangesTheDeliveryOfItsAddressAlone(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	var replies []received
	for _, who := range []string{"cara@acme.test", "bob@acme.test"} {
		m := s.file(letter{From: who, Text: "Hello from " + who})
		s.owner.do("POST", path("/cases/%v/reply", m["case_id"]), object{"contents": "To " + who})
		replies = append(replies, s.got(who, "To "+who))
	}
	s.quiet()
	cara, bob := replies[0], replies[1]
	state := func(who string) string {
		for _, d := range s.owner.list("/deliveries?limit=100&recipient=" + url.QueryEscape(who)) {
			if d["purpose"] == "REPLY" {
				return fmt.Sprint(d["state"], " ", d["last_response"])
			}
		}
		return ""
	}
	suppressed := func(who string) int {
		return s.count(`select count(*) from suppressions where address = '` + who + `'`)
	}
	report := func(lines []string, to received) {
		s.want("rule", s.filed(s.raw("", []string{to.Message.From}, lines...))["rule"], "report")
	}
	for _, c := range []struct{ action, status, says string }{{"delayed", "4.4.1", "delayed"}, {"relayed", "2.0.0", "relayed"}, {"delivered", "2.0.0", "delivered"}} {
		report(bounce(cara, cara.Message.From, c.action, c.status), cara)
		s.want(c.action, strings.HasPrefix(state("cara@acme.test"), "SENT") && strings.Contains(state("cara@acme.test"), c.says), true)
	}
	report([]string{"From: fbl@isp.test", "Subject: complaint", `Content-Type: multipart/report; report-type=feedback-report; boundary="b"`, "",
		"--b", "Content-Type: message/feedback-report", "", "Feedback-Type: abuse", "Original-Rcpt-To: <cara@acme.test>", "", "--b--"}, cara)
	s.want("a complaint", strings.HasPrefix(state("cara@acme.test"), "SENT"), true)
	// Cara's name at Bob's address: Bob's delivery, and a script that is text.
	lines := bounce(cara, bob.Message.From, "failed", "5.1.1")
	for i, l := range lines {
		lines[i] = strings.NewReplacer("550 no such user", "550 <script>alert(1)</script>", "I could not", "<script>alert(2)</script> could not").Replace(l)
	}
	report(lines, bob)
	s.want("Cara's", strings.HasPrefix(state("cara@acme.test"), "SENT"), true)
	s.want("Bob's", strings.HasPrefix(state("bob@acme.test"), "FAILED"), true)
	s.want("suppressed", fmt.Sprint(suppressed("cara@acme.test"), suppressed("bob@acme.test")), "0 1")
	olga := s.signedIn("olga@desk.test")
	failed := s.owner.list("/deliveries?limit=100&state=FAILED&recipient=bob@acme.test")[0]["id"]
	for _, page := range []string{path("/admin/outbox/%v", failed), "/admin/suppressions"} {
		olga.open(page)
		s.want(page+" shows a script as text", olga.says("<script>alert("), true)
	}
	// A failure that may pass suppresses nobody.
	report(bounce(cara, cara.Message.From, "failed", "4.4.7"), cara)
	s.want("given up", strings.HasPrefix(state("cara@acme.test"), "FAILED"), true)
	s.want("suppressed for it", suppressed("cara@acme.test"), 0)
	// Bob is reached again when he writes, and only he; or when staff say so.
	s.file(letter{From: "bob@acme.test", EnvelopeFrom: "eve@unproven.test", Text: "I am Bob."})
	s.want("after somebody wrote in his name", suppressed("bob@acme.test"), 1)
	olga.open("/admin/suppressions")
	s.want("there is a button", strings.Contains(olga.text, `name="address" value="bob@acme.test"`), true)
	olga.post("/admin/suppressions", url.Values{"address": {"bob@acme.test"}})
	s.want("after staff cleared it", suppressed("bob@acme.test"), 0)
	s.want("the audit says so", s.count(`select count(*) from audit where act = 'suppression.cleared' and object = 'bob@acme.test'`), 1)
	s.sql(`insert into suppressions (address, reason) values ('bob@acme.test', 'again')`)
	s.file(letter{From: "bob@acme.test", Text: "It is me."})
	s.want("after he wrote", suppressed("bob@acme.test"), 0)
	// After a 250 we report to nobody.
	for _, m := range s.sink.Messages() {
		s.want("envelope sender", strings.HasPrefix(m.From, "support+"), true)
	}
}

func TestWhatComesToABounceAddressAndIsNoReport(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	first := s.file(letter{From: "cara@acme.test", Text: "Hello."})
	s.quiet()
	ack := s.outbox("cara@acme.test")[0]
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Done.", "status": "COMPLETED"})
	reply := s.got("cara@acme.test", "Done.")
	// Many vacation programs answer to the envelope, not to the header.
	s.want("mail because of them", s.sends(func() {
		for _, m := range []received{ack, reply} {
			vacation := responders[4].answer(m)
			vacation.To, vacation.Headers = []string{m.Message.From}, []string{"Auto-Submitted: auto-replied"}
			back := s.file(vacation)
			s.want("rule", back["rule"], "auto_reply")
			s.want("conversation", back["case_id"], first["case_id"])
		}
		silent := s.file(letter{From: "cara@acme.test", EnvelopeFrom: "<>", To: []string{reply.Message.From}, Text: "A machine that does not say so."})
		s.want("rule of a silent one", silent["rule"], "report")
		// A bounce of the acknowledgement and of a notice make no mail (T52).
		notice := s.got("olga@desk.test", "Hello.")
		for _, m := range []received{ack, notice} {
			s.want("a bounce", s.filed(s.raw("", []string{m.Message.From}, bounce(m, m.Message.From, "failed", "5.1.1")...))["rule"], "report")
		}
	}), "[]")
	s.want("status", s.conversation(first["case_id"])["status"], "COMPLETED")
	s.want("words", len(s.posts(first["case_id"], "MESSAGE", "NOTE")), 2)
	// A person who writes there has the thread, and no more.
	m := s.file(letter{From: "cara@acme.test", To: []string{reply.Message.From}, Text: "My mail program answered to the wrong address."})
	s.want("a person", fmt.Sprint(m["rule"], m["case_id"]), fmt.Sprint("requester", first["case_id"]))
	m = s.file(letter{From: "eve@other.test", To: []string{reply.Message.From}, Text: "Tell me all."})
	s.want("a stranger", m["rule"], "elsewhere")
}

func TestMoreThanFiftyReceivedFieldsAreALoop(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	hops := func(n int) string {
		return strings.Repeat("Received: from a.test by b.test; Mon, 1 Jan 2024 00:00:00 +0000\r\n", n) + fmt.Sprintf("From: cara@acme.test\r\nSubject: %d\r\nMessage-ID: <hops%d@client.test>\r\n\r\nHops.\r\n", n, n)
	}
	s.want("50", sendRaw(s.at.SMTP, "cara@acme.test", []string{s.mailbox}, []byte(hops(50))), nil)
	err := sendRaw(s.at.SMTP, "cara@acme.test", []string{s.mailbox}, []byte(hops(51)))
	s.want("51", code(err), 554)
	s.want("51 says", strings.Contains(err.Error(), "5.4.6"), true)
	s.filed("hops50@client.test")
	s.want("mails", s.count(`select count(*) from inbound`), 1)
}
