package main

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Mail-law section 5, sentence by sentence: automatic mail, and its brakes.

func TestWhichFirstMailsAMachineAnswers(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.person("agent", "abe@machine.test", "Abe Agent")
	s.person("collaborator", "mia@machine.test", "Mia Meyer")
	s.sql(`insert into sender_list (pattern, list) values ('blocked@acme.test', 'block')`)
	type row struct {
		letter
		answered bool
	}
	rows := map[string]row{
		"a person's":                     {letter{From: "person@acme.test"}, true},
		"Auto-Submitted: no":             {letter{From: "no@acme.test", Headers: []string{"Auto-Submitted: no"}}, true},
		"X-Auto-Response-Suppress: None": {letter{From: "none@acme.test", Headers: []string{"X-Auto-Response-Suppress: None"}}, true},
		"a first-class one":              {letter{From: "first@acme.test", Headers: []string{"Precedence: first-class"}}, true},
		"a null sender":                  {letter{From: "null@acme.test", EnvelopeFrom: "<>"}, false},
		"unproven":                       {letter{From: "someone@unproven.test"}, false},
		"refuted":                        {letter{From: "someone@strict.test"}, false},
		"an agent's":                     {letter{From: "abe@machine.test"}, false},
		"a collaborator's":               {letter{From: "mia@machine.test"}, false},
		"a blocked sender's":             {letter{From: "blocked@acme.test"}, false},
		"another desk's":                 {letter{From: "desk@acme.test", Headers: []string{"X-Postdesk-Loop: 00112233445566778899aabbccddeeff; hops=1"}}, false},
		"a report": {letter{From: "report@acme.test", Headers: []string{`Content-Type: multipart/report; report-type=delivery-status; boundary="b"`},
			Text: "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.test\n\nFinal-Recipient: rfc822; a@b.test\nAction: failed\nStatus: 5.1.1\n\n--b--"}, false},
		"a receipt": {letter{From: "receipt@acme.test", Headers: []string{`Content-Type: multipart/report; report-type=disposition-notification; boundary="b"`},
			Text: "--b\nContent-Type: message/disposition-notification\n\nDisposition: manual-action/MDN-sent-manually; displayed\n\n--b--"}, false},
	}
	for _, local := range []string{"mailer-daemon", "postmaster", "noreply", "no-reply", "no_reply", "donotreply", "do-not-reply"} {
		rows["from "+local] = row{letter{From: local + "@acme.test"}, false}
		rows["by "+local] = row{letter{From: "by." + local + "@acme.test", EnvelopeFrom: local + "@acme.test"}, false}
	}
	for i, local := range []string{"owner-friends", "friends-request", "friends-owner", "friends-bounces"} {
		rows["by "+local] = row{letter{From: fmt.Sprintf("friend%d@acme.test", i), EnvelopeFrom: local + "@acme.test"}, false}
	}
	for i, header := range []string{"Auto-Submitted: auto-generated", "Auto-Submitted: auto-replied", "Auto-Submitted: auto-notified", "Precedence: bulk",
		"Precedence: list", "Precedence: junk", "List-Id: <a.test>", "List-Post: <mailto:a@a.test>", "List-Unsubscribe: <https://a.test>", "Mailing-List: a",
		"X-Auto-Response-Suppress: All", "X-Auto-Response-Suppress: OOF", "X-Auto-Response-Suppress: AutoReply", "X-Auto-Response-Suppress: DR, RN, NRN, OOF"} {
		rows[header] = row{letter{From: fmt.Sprintf("header%d@acme.test", i), Headers: []string{header}}, false}
	}
	ids := map[string]string{}
	for name, r := range rows {
		if r.Text == "" {
			r.Text = "Hello from " + name
		}
		ids[name] = s.mail(r.letter)
	}
	s.quiet()
	for name, r := range rows {
		to := r.From
		want := 0
		if r.answered {
			want = 1
		}
		s.want(name+": automatic mails", s.automatic(to), want)
		for _, m := range s.outbox(to) { // an agent's notices are no answer to them
			s.want(name+": acknowledged", strings.Contains(m.Field("Subject"), "We have received"), r.answered)
		}
	}
}

func TestAutomaticMailSaysWhatItIsAndAPersonsDoesNot(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	first := s.file(letter{From: `"Nachtigall Fink" <cara@acme.test>`, Subject: "Drossel kaufen", Text: "Kanarienvogel https://evil.test/kaufen", HeaderTo: `"Amsel" <support@desk.test>`})
	s.quiet()
	mails := s.outbox("cara@acme.test")
	s.want("mails of a first contact", len(mails), 1)
	ack := mails[0]
	for _, word := range []string{"nachtigall", "fink", "drossel", "kanarienvogel", "evil", "amsel"} {
		s.want("a word of hers: "+word, strings.Contains(strings.ToLower(ack.all()), word), false)
	}
	s.want("links for a password", len(ack.Links()), 1)
	s.want("Auto-Submitted", ack.Header.Get("Auto-Submitted"), "auto-replied")
	s.want("X-Auto-Response-Suppress", ack.Header.Get("X-Auto-Response-Suppress"), "All")
	s.want("In-Reply-To", ack.Header.Get("In-Reply-To"), "<"+first["message_id"].(string)+">")
	instance, hops, _ := strings.Cut(ack.Header.Get("X-Postdesk-Loop"), ";")
	s.want("instance", len(instance), 32)
	s.want("hop count", strings.TrimSpace(hops), "hops=1")
	s.want("return path is a bounce address", strings.HasPrefix(ack.Message.From, "support+") && ack.Message.From != ack.replyTo(), true)
	notice := s.got("olga@desk.test", "Kanarienvogel")
	s.want("a notice", notice.Header.Get("Auto-Submitted"), "auto-generated")
	s.want("a notice's mark", notice.Header.Get("X-Postdesk-Loop") != "", true)

	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Goldammer", "cc": []string{"dora@other.test"}})
	for _, to := range []string{"cara@acme.test", "dora@other.test"} {
		reply := s.got(to, "Goldammer")
		for _, field := range []string{"Auto-Submitted", "X-Auto-Response-Suppress", "X-Postdesk-Loop", "Precedence"} {
			s.want("an agent's words to "+to+": "+field, reply.Header.Get(field), "")
		}
	}
	// Somebody in CC, who writes for the first time, is asked to set a password. That is automatic as well.
	m := s.file(answer(s.got("dora@other.test", "Goldammer"), "dora@other.test", "Me too."))
	s.want("rule", m["rule"], "participant")
	asked := s.got("dora@other.test", "/accept/")
	s.want("asked: Auto-Submitted", asked.Header.Get("Auto-Submitted"), "auto-generated")
	s.want("asked: In-Reply-To", asked.Header.Get("In-Reply-To"), "<"+m["message_id"].(string)+">")
	s.want("asked: her words", strings.Contains(asked.all(), "Me too."), false)
	s.want("automatic mails to her", s.automatic("dora@other.test"), 1)
}

func TestOneAddressGetsOneAutomaticMailAnHourAndThreeADay(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	office := postOffice{t: t, desks: []*story{s}}
	write := func(n int) { s.file(letter{From: "cara@acme.test", Subject: fmt.Sprint(n), Text: fmt.Sprint(n)}) }
	want := []int{1, 1, 2, 2, 3, 3, 3, 3}
	for i, n := range want {
		write(i)
		s.want(fmt.Sprintf("after mail %d", i+1), s.automatic("cara@acme.test"), n)
		if i%2 == 1 {
			office.passes("61 minutes", "deliveries")
		}
	}
	office.passes("21 hours", "deliveries")
	write(100)
	s.want("the next day", s.automatic("cara@acme.test"), 4)
	s.want("why not", s.count(`select count(*) from inbound where automatic_skipped like '%a short while ago%'`), 5)
}

func TestAMachineThatAnswersThreeTimesIsMutedUntilAPersonWrites(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	office := postOffice{t: t, desks: []*story{s}}
	vacation := responders[0]
	for n := 1; n <= 3; n++ {
		s.file(letter{From: "cara@acme.test", Subject: fmt.Sprint(n), Text: fmt.Sprint(n)})
		s.quiet()
		all := s.outbox("cara@acme.test")
		s.want("acknowledged", len(all), n)
		s.want("muted before", s.count(`select count(*) from automatic_mutes`), 0)
		s.want("a vacation", s.file(vacation.answer(all[n-1]))["rule"], "auto_reply")
		office.passes("25 hours", "deliveries")
	}
	s.want("muted", s.count(`select count(*) from automatic_mutes where address = 'cara@acme.test'`), 1)
	muted := s.file(letter{From: "cara@acme.test", Text: "It is me."})
	s.quiet()
	s.want("automatic mails", s.automatic("cara@acme.test"), 3)
	s.want("why", s.count(path(`select count(*) from inbound where id = %v and automatic_skipped like '%%muted%%'`, muted["id"])), 1)
	s.want("a person wrote", s.count(`select count(*) from automatic_mutes`), 0)
	s.file(letter{From: "cara@acme.test", Text: "Me again."})
	s.want("automatic mails", s.automatic("cara@acme.test"), 4)
	// An answer that comes late was not a machine's that waits for us.
	s.file(letter{From: "dora@acme.test", Text: "1"})
	s.quiet()
	late := s.outbox("dora@acme.test")[0]
	office.passes("11 minutes", "deliveries")
	s.file(vacation.answer(late))
	s.want("answered by a machine", s.count(`select count(*) from deliveries where recipient = 'dora@acme.test' and machine_answered_at is not null`), 0)
}

// atBoth sends first mails to two gateways at once, and waits until all are filed.
func (s *story) atBoth(second listening, mails []letter) {
	s.t.Helper()
	var all sync.WaitGroup
	for i, l := range mails {
		to := s.at.SMTP
		if i%2 == 1 {
			to = second.SMTP
		}
		raw := fmt.Sprintf("From: %s\r\nTo: support@desk.test\r\nSubject: %d\r\nMessage-ID: <both%d@client.test>\r\n\r\nNumber %d\r\n", l.From, i, i, i)
		all.Go(func() {
			if err := sendRaw(to, l.From, []string{s.mailbox}, []byte(raw)); err != nil {
				s.t.Errorf("%s: %v", l.From, err)
			}
		})
	}
	all.Wait()
	s.quiet()
}

func TestTheBrakesHoldForTwoGatewaysTogether(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	second, _ := s.start()
	s.sql(`update instance set automatic_hour = 8`)
	var mails []letter
	for i := range 30 {
		mails = append(mails, letter{From: "cara@acme.test"}, letter{From: fmt.Sprintf("c%d@acme.test", i)})
	}
	s.atBoth(second, mails)
	s.want("filed", s.count(`select count(*) from inbound where state in ('success', 'suspended')`), 60)
	s.want("of one address", s.count(`select count(*) from inbound where from_address = 'cara@acme.test' and opened`), 10)
	s.want("as a flood", s.count(`select count(*) from inbound where suspension = 'flood' and from_address = 'cara@acme.test'`), 20)
	s.want("others", s.count(`select count(*) from inbound where from_address <> 'cara@acme.test' and opened`), 30)
	s.want("automatic mails to one address at most", s.count(`select count(*) from (select from deliveries where automatic group by recipient having count(*) > 1) x`), 0)
	s.want("automatic mails in all", s.count(`select count(*) from deliveries where automatic`), 8)
	skipped := s.count(`select count(*) from inbound where automatic_skipped like 'So much%'`)
	s.want("skipped, counted", skipped >= 22, true)
	// Admins see it.
	olga := s.signedIn("olga@desk.test")
	olga.open("/agent/inbox")
	s.want("an alarm on every page", olga.says(fmt.Sprint(skipped)) && olga.says("automatic"), true)
}

func TestUnprovenMailDoesNotUseUpWhatProvenMailMayDo(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	forged := func(n int) object {
		return s.file(letter{From: "cara@acme.test", EnvelopeFrom: "eve@unproven.test", Subject: fmt.Sprint("forged ", n), Text: fmt.Sprint(n)})
	}
	for n := range 10 {
		forged(n)
	}
	s.want("one more", forged(10)["suspension_code"], "FLOOD")
	real := s.file(letter{From: "cara@acme.test", Subject: "It is me", Text: "Really."})
	s.want("the real one", real["rule"], "new")
	s.want("is answered", s.automatic("cara@acme.test"), 1)
	for n := range 9 {
		s.want("more of hers", s.file(letter{From: "cara@acme.test", Subject: fmt.Sprint("mine ", n), Text: fmt.Sprint(n)})["rule"], "new")
	}
	s.want("her own too many", s.file(letter{From: "cara@acme.test", Text: "Too much."})["suspension_code"], "FLOOD")
	// 20 an hour, 50 a day.
	office := postOffice{t: t, desks: []*story{s}}
	opened := func() int { return s.count(`select count(*) from inbound where opened and origin = 'proven'`) }
	for round, want := range []int{20, 20, 30, 40, 50, 50} {
		office.passes(map[bool]string{true: "11 minutes", false: "50 minutes"}[round < 2], "inbound")
		for n := range 11 {
			s.mail(letter{From: "cara@acme.test", Subject: fmt.Sprint(round, n), Text: fmt.Sprint(round, n)})
		}
		s.quiet()
		s.want(fmt.Sprint("conversations after round ", round), opened(), want)
	}
}

func TestNoBrakeStopsWhatSomebodyAskedFor(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.person("agent", "abe@machine.test", "Abe Agent")
	s.sql(`update instance set automatic_hour = 0`)
	first := s.file(letter{From: "cara@acme.test", Text: "Hello."})
	s.want("automatic mails", s.automatic("cara@acme.test"), 0)
	s.got("olga@desk.test", "Hello.")
	for i := range 12 {
		s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": fmt.Sprint("Answer ", i)})
	}
	answers := 0
	page := 0
	s.quiet()
	for _, m := range s.outbox("cara@acme.test") {
		answers++
		if strings.Contains(m.Text, s.at.PublicURL+"/reset") {
			page++
		}
	}
	s.want("answers", answers, 12)
	s.want("of them with the page for a password: the first", page, 1)
	s.owner.do("POST", "/users", object{"full_name": "Ned New", "email": "ned@machine.test", "role": "AGENT"})
	s.got("ned@machine.test", "/accept/")
	cara := s.stranger()
	cara.open("/reset")
	cara.submit("/reset", url.Values{"email": {"cara@acme.test"}})
	s.got("cara@acme.test", "/accept/")
	s.want("counted as automatic", s.count(`select count(*) from deliveries where automatic`), 0)
}
