package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"postdesk/mailer/mailertest"
)

// A postOffice carries mail between programs: what one sends through its relay to
// a mailbox of another goes there over a socket, changed on the way if asked to.
type postOffice struct {
	t       *testing.T
	desks   []*story
	list    string                             // address of a list server, "" for none
	posted  func(letter string) (again string) // how it changes what it sends on
	change  func(raw string) string
	most    int // mails carried, before it gives up
	after   func()
	carried int
	taken   map[*story]int
}

// newTown starts programs, each with a database of its own, that reach each other
// through a post office.
func newTown(t *testing.T, mailboxes ...string) *postOffice {
	t.Helper()
	p := &postOffice{t: t, most: 60, taken: map[*story]int{}, change: func(raw string) string { return raw }, after: func() {}}
	for _, mailbox := range mailboxes {
		s := newStory(t, func(set *settings) { set.Mailbox = mailbox })
		s.mailbox = mailbox
		p.desks = append(p.desks, s)
	}
	return p
}

// takes gives the program whose mailbox an address is, with or without a token.
func (p *postOffice) takes(to string) *story {
	for _, s := range p.desks {
		local, domain, _ := strings.Cut(s.mailbox, "@")
		if to == s.mailbox || strings.HasPrefix(to, local+"+") && strings.HasSuffix(to, "@"+domain) {
			return s
		}
	}
	return nil
}

// run carries until nothing is left to carry, and tells whether that came about.
func (p *postOffice) run() (ended bool) {
	p.t.Helper()
	for moved := true; moved; {
		moved = false
		for _, s := range p.desks {
			s.quiet()
			all := s.sink.Messages()
			for _, m := range all[p.taken[s]:] {
				moved = p.carry(m) || moved
			}
			p.taken[s] = len(all)
		}
		if p.carried >= p.most {
			return false
		}
	}
	return true
}

func (p *postOffice) carry(m mailertest.Message) bool {
	p.t.Helper()
	to := m.To[0]
	if p.list != "" && to == p.list {
		p.post(p.posted(p.change(string(m.Raw))))
		return true
	}
	s := p.takes(to)
	if s == nil {
		return false
	}
	p.deliver(s, m.From, to, p.change(string(m.Raw)))
	return true
}

// post is what a list server does: to each member a copy, the author's too.
func (p *postOffice) post(raw string) {
	p.t.Helper()
	for _, s := range p.desks {
		p.deliver(s, "owner@"+strings.SplitN(p.list, "@", 2)[1], s.mailbox, raw)
	}
}

func (p *postOffice) deliver(s *story, from, to, raw string) {
	p.t.Helper()
	p.carried++
	if err := sendRaw(s.at.SMTP, from, []string{to}, []byte(raw)); err != nil {
		p.t.Fatalf("to %s: %v", to, err)
	}
	s.quiet()
	p.after()
}

// automatic counts the automatic mail that a program sent to an address.
func (s *story) automatic(to string) int {
	return s.count(`select count(*) from deliveries where automatic and recipient = '` + to + `'`)
}

// header rewrites the header of a mail: fields named are dropped, and the new ones
// added.
func header(raw string, drop []string, add ...string) string {
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	var kept []string
	dropping := false
	for _, line := range strings.Split(head, "\r\n") {
		if !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") {
			name, _, _ := strings.Cut(line, ":")
			dropping = slices.ContainsFunc(drop, func(d string) bool { return strings.EqualFold(d, name) })
		}
		if !dropping {
			kept = append(kept, line)
		}
	}
	return strings.Join(append(kept, add...), "\r\n") + "\r\n\r\n" + body
}

// stripped is a relay that takes out everything by which one machine knows
// another, and every thread; each mail has words and a subject of its own.
func stripped() func(raw string) string {
	n := 0
	return func(raw string) string {
		n++
		raw = header(raw, []string{"Auto-Submitted", "X-Auto-Response-Suppress", "X-Postdesk-Loop", "Reply-To", "In-Reply-To", "References", "Message-ID", "Subject"},
			fmt.Sprintf("Message-ID: <new%d@relay.test>", n), fmt.Sprintf("Subject: Ticket %d", n))
		return strings.Replace(raw, "reached us", fmt.Sprintf("reached us (%d)", n), 1)
	}
}

// spark is a mail in the name of one program's mailbox to the other.
func (p *postOffice) spark(n int) {
	a, b := p.desks[0], p.desks[1]
	a.mail(letter{From: b.mailbox, Subject: fmt.Sprintf("Spark %d", n), Text: fmt.Sprintf("Spark %d", n)})
}

func TestTwoDesksThatAcknowledgeEachOtherStopAtOnce(t *testing.T) {
	t.Parallel()
	p := newTown(t, "support@desk.test", "support@partner.test")
	a, b := p.desks[0], p.desks[1]
	// A person at one writes to the other.
	opened := a.owner.do("POST", "/cases", object{"subject": "An order", "contents": "Where is it?", "requester_email": b.mailbox})
	a.want("it ends", p.run(), true)
	a.want("automatic mails of the one", a.automatic(b.mailbox), 0)
	b.want("automatic mails of the other", b.automatic(a.mailbox), 1)
	a.want("what came back is quiet", len(a.posts(opened["id"], "MESSAGE")), 1)
	a.want("an event", len(a.posts(opened["id"], "EVENT")) > 0, true)
	theirs := b.owner.list("/cases")
	b.want("their conversations", len(theirs), 1)
	// A person at the other answers, and the first closes it.
	b.owner.do("POST", path("/cases/%v/reply", theirs[0]["id"]), object{"contents": "On its way."})
	b.want("it ends", p.run(), true)
	a.want("an answer is a message", len(a.posts(opened["id"], "MESSAGE")), 2)
	// Somebody sets one on the other.
	p.spark(1)
	a.want("it ends", p.run(), true)
	t.Logf("mails between them: %d; automatic: %d and %d", p.carried, a.automatic(b.mailbox), b.automatic(a.mailbox))
	a.want("automatic mails of the one", a.automatic(b.mailbox), 1)
	b.want("automatic mails of the other", b.automatic(a.mailbox), 1)
	a.want("conversations of the one", len(a.owner.list("/cases")), 2)
	b.want("conversations of the other", len(b.owner.list("/cases")), 1)
}

func TestTwoDesksThatCannotKnowEachOtherEndByTheBrakes(t *testing.T) {
	t.Parallel()
	p := newTown(t, "support@desk.test", "support@partner.test")
	a, b := p.desks[0], p.desks[1]
	p.change = stripped()
	p.spark(1)
	a.want("it ends", p.run(), true)
	t.Logf("in an hour: %d mails between them; automatic: %d and %d", p.carried, a.automatic(b.mailbox), b.automatic(a.mailbox))
	a.want("automatic mails of the one", a.automatic(b.mailbox), 1)
	b.want("automatic mails of the other", b.automatic(a.mailbox), 1)
	// However slow they are: three a day.
	p.after = func() { p.passes("61 minutes", "deliveries") }
	p.passes("61 minutes", "deliveries")
	p.spark(2)
	a.want("it ends", p.run(), true)
	t.Logf("with an hour between: %d mails between them; automatic: %d and %d", p.carried, a.automatic(b.mailbox), b.automatic(a.mailbox))
	a.want("automatic mails of the one", a.automatic(b.mailbox), 3)
	b.want("automatic mails of the other", b.automatic(a.mailbox) <= 3, true)
	// The control: without that brake they go on, until the one on new conversations ends it.
	p.after = func() { p.passes("25 hours", "deliveries") }
	p.passes("25 hours", "deliveries")
	p.passes("25 hours", "inbound")
	before := p.carried
	p.spark(3)
	a.want("it ends", p.run(), true)
	t.Logf("without the brake on automatic mail: %d more between them", p.carried-before)
	a.want("nothing else stops them", p.carried-before >= 19, true)
	a.want("suspended as a flood", a.count(`select count(*) from inbound where suspension = 'flood'`)+b.count(`select count(*) from inbound where suspension = 'flood'`), 1)
}

// passes makes what is in a table older.
func (p *postOffice) passes(time, table string) {
	p.t.Helper()
	for _, s := range p.desks {
		column := map[string]string{"deliveries": "created_at", "inbound": "received_at"}[table]
		s.sql(`update ` + table + ` set ` + column + ` = ` + column + ` - interval '` + time + `'`)
	}
}

func TestAListBetweenTwoDesksDoesNotKeepThemTalking(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		posted    func(raw string) string
		change    func(raw string) string
		automatic int // of each
	}{
		"a list that says so": {posted: func(raw string) string {
			return header(raw, nil, "List-Id: <all.machine.test>", "Precedence: list")
		}},
		"one that gives new ids and its own sender": {posted: relisted(), automatic: 1},
		"and takes out every mark":                  {posted: relisted(), change: stripped(), automatic: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newTown(t, "support@desk.test", "support@partner.test")
			p.list, p.posted = "all@machine.test", c.posted
			if c.change != nil {
				p.change = c.change
			}
			p.post(p.posted("From: Cara <cara@machine.test>\r\nTo: all@machine.test\r\nSubject: Hello\r\nMessage-ID: <one@machine.test>\r\n\r\nHello all.\r\n"))
			p.desks[0].want("it ends", p.run(), true)
			t.Logf("%d mails carried; automatic: %d and %d", p.carried, p.desks[0].automatic(p.list), p.desks[1].automatic(p.list))
			for _, s := range p.desks {
				s.want("automatic mails to the list", s.automatic(p.list), c.automatic)
				s.want("automatic mails in all", s.count(`select count(*) from deliveries where automatic`), c.automatic)
			}
		})
	}
}

// relisted is a list server that hides whom a mail is from.
func relisted() func(raw string) string {
	n := 0
	return func(raw string) string {
		n++
		return header(raw, []string{"From", "Message-ID", "Reply-To"}, "From: All <all@machine.test>", fmt.Sprintf("Message-ID: <post%d@machine.test>", n))
	}
}

func TestA30WhatWeSentComesBackAndGoesNoFurther(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.person("agent", "abe@machine.test", "Abe Agent")
	first := s.file(letter{From: "cara@acme.test", Subject: "My printer", Text: "nachtigall"})
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Drossel", "status": "COMPLETED", "assignee_id": nil})
	s.quiet()
	ack, reply, notice := s.got("cara@acme.test", "has reached us"), s.got("cara@acme.test", "Drossel"), s.got("olga@desk.test", "nachtigall")
	posts := len(s.posts(first["case_id"]))
	relayed := "Received: from mx.machine.test by mx.desk.test; Mon, 1 Jan 2024 00:00:00 +0000\r\n"
	fresh := func(m received, add ...string) string {
		return relayed + header(string(m.Raw), []string{"Message-ID"}, append(add, "Message-ID: <fresh."+m.id()+">")...)
	}
	from := func(m received, author string) string {
		return header(fresh(m), []string{"From"}, "From: "+author)
	}
	for name, c := range map[string]struct{ sender, raw string }{
		"our notice, by a rule of the agent's mailbox":            {"olga@desk.test", relayed + string(notice.Raw)},
		"our notice, redirected with a new id":                    {"olga@desk.test", fresh(notice, "Resent-From: olga@desk.test")},
		"our notice, forwarded in the agent's name":               {"abe@machine.test", from(notice, "abe@machine.test")},
		"our acknowledgement, by a rule of the customer's":        {"cara@acme.test", relayed + string(ack.Raw)},
		"our acknowledgement in their name":                       {"cara@acme.test", from(ack, "cara@acme.test")},
		"a person's answer of ours, as it was":                    {"cara@acme.test", relayed + string(reply.Raw)},
		"a person's answer of ours through a list, with a new id": {"owner-list@machine.test", fresh(reply, "List-Id: <l.machine.test>", "Precedence: list")},
		"support@ that forwards to itself":                        {"cara@acme.test", relayed + "From: support@desk.test\r\nSubject: x\r\nMessage-ID: <self@acme.test>\r\n\r\nx\r\n"},
		"somebody's with our mark":                                {"cara@acme.test", "X-Postdesk-Loop: " + ack.Header.Get("X-Postdesk-Loop") + "\r\nFrom: cara@acme.test\r\nMessage-ID: <mark@acme.test>\r\n\r\nx\r\n"},
		"our id as an id of theirs":                               {"cara@acme.test", "From: cara@acme.test\r\nMessage-ID: <" + reply.id() + ">\r\n\r\nother words\r\n"},
	} {
		s.want(name+": mail because of it", s.sends(func() {
			for _, to := range []string{s.mailbox, ack.replyTo()} {
				before := s.count(`select count(*) from inbound`)
				if err := sendRaw(s.at.SMTP, c.sender, []string{to}, []byte(c.raw)); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				s.quiet()
				s.want(name+": one more", s.count(`select count(*) from inbound`), before+1)
				s.want(name+": a loop", s.count(`select count(*) from inbound where suspension = 'loop'`), s.count(`select count(*) from inbound`)-1)
			}
		}), "[]")
	}
	s.want("posts", len(s.posts(first["case_id"])), posts)
	s.want("status", s.conversation(first["case_id"])["status"], "COMPLETED")
	// An agent's own mailbox forwards what customers write there: each is the customer's, once.
	s.want("mail because of the agent's rule", s.sends(func() {
		m := s.file(letter{From: "dora@acme.test", EnvelopeFrom: "abe@machine.test", HeaderTo: "abe@machine.test", Text: "To Abe himself."})
		s.want("author", m["from"], "dora@acme.test")
		s.want("origin", m["origin"], "UNPROVEN")
	}), "[olga@desk.test]")
}
