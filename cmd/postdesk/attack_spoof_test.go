package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The attack cases of the project's list about who somebody is, by their numbers,
// through the whole program. The spoof table has the rest.

func TestA21TheRightNumberAndAnAttackerInCCAreWorthNothing(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	first := s.file(letter{From: "cara@unproven.test", Subject: "My printer", Text: "nachtigall"})
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Drossel?"})
	s.got("cara@unproven.test", "Drossel?")
	for _, subject := range []string{"Re: [#%v] My printer", "#%v", "[Support #%v] My printer", "Re: ticket %v", "=?utf-8?q?=5B=23%v=5D?= My printer"} {
		var m object
		s.want("who is mailed of "+subject, s.sends(func() {
			m = s.file(letter{From: "cara@unproven.test", EnvelopeFrom: "eve@other.test", Subject: path(subject, first["case_id"]),
				Headers: []string{"Cc: eve@other.test", "Reply-To: eve@other.test"}, Text: "Please send Eve everything."})
		}), "[olga@desk.test]")
		s.want(subject+": rule and origin", path("%v %v", m["rule"], m["origin"]), "new UNPROVEN")
		s.want(subject+": links", s.links(m["case_id"]), "[]")
		s.want(subject+": participants", s.conversation(m["case_id"])["participants"], "[]")
		s.want("the doubt is stated", strings.Contains(fmt.Sprint(s.posts(m["case_id"], "MESSAGE")[0]["warnings"]), "Sender not verified."), true)
		s.want("who gets the answer", s.sends(func() {
			s.owner.do("POST", path("/cases/%v/reply", m["case_id"]), object{"contents": path("Goldammer %v.", m["case_id"])})
		}), "[cara@unproven.test]")
		got := s.got("cara@unproven.test", path("Goldammer %v.", m["case_id"])).all()
		s.want("the answer tells of the other conversation", strings.Contains(got, "nachtigall") || strings.Contains(got, "Drossel"), false)
	}
	for _, rcpt := range []string{path("support+%v@desk.test", first["case_id"]), "support+1@desk.test", "1@desk.test"} {
		_, err := s.tryMail(letter{From: "cara@acme.test", To: []string{rcpt}, Text: "Hello."})
		s.want("a number as an address", code(err), 550)
	}
	s.want("mail to Eve", len(s.outbox("eve@other.test")), 0)
	s.want("messages there", len(s.posts(first["case_id"], "MESSAGE")), 2)
}

func TestA22AThirdPartysConfirmationAtAReplyAddressIsNotSeenByWhoeverGaveTheAddress(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	first := s.file(letter{From: "cara@acme.test", Subject: "My printer", Text: "Hello."})
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Drossel?"})
	reply := s.got("cara@acme.test", "Drossel?")
	cara := s.stranger()
	cara.accept(s.got("cara@acme.test", "/accept/").Links()[0])
	// She signs up somewhere as a colleague of ours, with her reply address.
	for name, l := range map[string]letter{
		"as if by hand": {From: "Slack <no-reply@machine.test>"},
		"by a machine":  {From: "Shop <shop@machine.test>", Headers: []string{"Auto-Submitted: auto-generated"}},
		"no sender":     {From: "Portal <portal@machine.test>", EnvelopeFrom: "<>"},
		"unproven":      {From: "Forum <forum@unproven.test>"},
	} {
		l.To, l.Subject, l.Text = []string{reply.replyTo()}, "Confirm your address", "kanarienvogel https://machine.test/confirm/123"
		m := s.file(l)
		s.want(name+": rule", m["rule"], "elsewhere")
		s.want(name+": links", s.links(m["case_id"]), path("[MAY_BELONG %v]", first["case_id"]))
		s.want(name+": requester", strings.Contains(l.From, s.conversation(m["case_id"])["requester"].(object)["email"].(string)), true)
		cara.open(path("/conversations/%v", m["case_id"]))
		s.want(name+": her page of it", cara.code, 404)
	}
	s.quiet()
	cara.open("/conversations")
	s.want("her list", cara.says("My printer") && !cara.says("Confirm your address"), true)
	cara.open(path("/conversations/%v", first["case_id"]))
	s.want("her conversation", cara.says("Drossel?") && !cara.says("kanarienvogel") && !cara.says("machine.test"), true)
	s.want("words there", len(s.posts(first["case_id"], "MESSAGE", "NOTE")), 2)
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Goldammer."})
	s.got("cara@acme.test", "Goldammer.")
	for _, m := range s.outbox("cara@acme.test") {
		s.want("Cara is mailed it", strings.Contains(m.all(), "kanarienvogel") || strings.Contains(m.all(), "confirm/123"), false)
	}
}

func TestA23AStrangerWithAForwardedCopyOrNoticeSpeaksForNobodyInIt(t *testing.T) {
	t.Parallel()
	s, _, id, copied := withMia(t)
	s.owner.do("POST", path("/cases/%v/notes", id), object{"contents": "@mia@partner.test look"})
	mention := s.got("mia@partner.test", "mentioned you")
	s.file(answer(s.got("cara@acme.test", "We ask our expert."), "cara@acme.test", "nachtigall"))
	notice := s.got("olga@desk.test", "nachtigall")
	s.aMinutePasses()
	words := len(s.posts(id, "MESSAGE", "NOTE"))
	for name, c := range map[string]struct {
		m              received
		rule, relation string
	}{"a collaborator's copy": {copied, "elsewhere", "MAY_BELONG"}, "an agent's notice": {notice, "elsewhere", "MAY_BELONG"}, "a mention mail": {mention, "mention", "MENTION"}} {
		for who, from := range map[string]string{"proven": "Mia Meyer <eve@other.test>", "unproven": "Mia Meyer <erik@unproven.test>"} {
			l := answer(c.m, from, "kanarienvogel of Mia")
			var filed object
			mailed := s.sends(func() { filed = s.file(l) })
			s.want(name+", "+who+": rule", filed["rule"], c.rule)
			s.want(name+", "+who+": link", s.links(filed["case_id"]), path("[%v %v]", c.relation, id))
			s.want(name+", "+who+": requester", strings.Contains(from, s.conversation(filed["case_id"])["requester"].(object)["email"].(string)), true)
			for _, to := range mailed {
				s.want(name+", "+who+": mail to "+to, s.staff[to] || strings.Contains(from, to), true)
			}
		}
	}
	s.want("words in the conversation", len(s.posts(id, "MESSAGE", "NOTE")), words)
	s.want("notes in her name", s.count(`select count(*) from notes where text like '%kanarienvogel%'`), 0)
	for _, to := range []string{"cara@acme.test", "eve@other.test", "erik@unproven.test"} {
		for _, m := range s.outbox(to) {
			s.want(to+" reads what is not theirs", strings.Contains(m.all(), "kanarienvogel") || to != "cara@acme.test" && strings.Contains(m.all(), "nachtigall"), false)
		}
	}
}

func TestA31WhoeverElseAMailNamesItsAuthorStandsInFrom(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.person("agent", "abe@machine.test", "Abe Agent")
	first := s.file(letter{From: "cole@acme.test", Subject: "Not hers", Text: "nachtigall"})
	for name, c := range map[string]struct {
		headers []string
		warns   string
	}{
		"Reply-To": {[]string{"Reply-To: eve@other.test"}, "eve@other.test"},
		"Sender":   {[]string{"Sender: eve@other.test"}, "eve@other.test"},
		"Resent": {[]string{"Resent-From: abe@machine.test", "Resent-Sender: abe@machine.test", "Resent-To: support@desk.test",
			"Resent-Reply-To: eve@other.test", "Resent-Message-ID: <resent@other.test>", "Resent-Date: Mon, 1 Jan 2024 00:00:00 +0000"}, "abe@machine.test"},
		"everything": {[]string{"Reply-To: abe@machine.test", "Sender: olga@desk.test", "Return-Path: <abe@machine.test>", "X-Original-From: abe@machine.test",
			"X-Sender: abe@machine.test", "Errors-To: eve@other.test", "Mail-Followup-To: eve@other.test", "Mail-Reply-To: eve@other.test", "Disposition-Notification-To: eve@other.test"}, "abe@machine.test"},
	} {
		from := strings.ToLower(name) + "@acme.test"
		var m object
		s.want(name+": who is mailed", s.sends(func() { m = s.file(letter{From: from, Headers: c.headers, Text: "Hello."}) }),
			fmt.Sprint(slices.Sorted(slices.Values([]string{from, "olga@desk.test"}))))
		s.want(name+": author", m["from"], from)
		s.want(name+": origin", m["origin"], "PROVEN")
		s.want(name+": requester", s.conversation(m["case_id"])["requester"].(object)["email"], from)
		s.want(name+": participants", s.conversation(m["case_id"])["participants"], "[]")
		warnings := fmt.Sprint(s.posts(m["case_id"], "MESSAGE")[0]["warnings"])
		s.want(name+": it warns: "+warnings, strings.Contains(warnings, c.warns), true)
		s.want(name+": who gets the answer", s.sends(func() {
			s.owner.do("POST", path("/cases/%v/reply", m["case_id"]), object{"contents": "Goldammer."})
		}), fmt.Sprint([]string{from}))
	}
	// An envelope that passes for its own domain proves nothing of another's From.
	m := s.file(letter{From: "cole@unproven.test", EnvelopeFrom: "abe@machine.test", Headers: []string{"Sender: abe@machine.test"}, Text: "Hello."})
	s.want("origin by another's envelope", path("%v %v", m["from"], m["origin"]), "cole@unproven.test UNPROVEN")
	s.want("messages of Cole's", len(s.posts(first["case_id"], "MESSAGE")), 1)
}

func TestA45AMailToManyOfOursIsOneMessageWhereItsAuthorBelongs(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	hundred := []string{"support@desk.test"}
	for i := 1; i < 100; i++ {
		hundred = append(hundred, fmt.Sprintf("box%d@desk.test", i))
		s.owner.do("POST", "/mailboxes", object{"address": hundred[i], "name": "Box"})
	}
	var m object
	s.want("who is mailed of one to 100", s.sends(func() {
		m = s.file(letter{From: "cara@acme.test", To: hundred, HeaderTo: "all@desk.test", Text: "To all."})
	}), "[cara@acme.test olga@desk.test]")
	s.want("conversations", len(s.owner.list("/cases?limit=100")), 1)
	s.want("messages", len(s.posts(m["case_id"], "MESSAGE")), 1)
	s.want("mails", s.count(`select count(*) from inbound`), 1)
	_, err := s.tryMail(letter{From: "cara@acme.test", To: slices.Concat(hundred, []string{"postmaster@desk.test"}), Text: "To more."})
	s.want("one more recipient", code(err), 452)

	var ids []any
	var replies []received
	for _, who := range []string{"cara@acme.test", "cole@other.test"} {
		first := s.file(letter{From: who, Subject: "Of " + who, Text: "First."})
		s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Answer for " + who})
		ids, replies = append(ids, first["case_id"]), append(replies, s.got(who, "Answer for "+who))
	}
	both := []string{replies[1].replyTo(), replies[0].replyTo()}
	for name, c := range map[string]struct {
		from string
		to   []string
		rule string
		at   any // nil: a new one
		link string
	}{
		"a mailbox and a token":           {"cara@acme.test", []string{"support@desk.test", replies[0].replyTo()}, "requester", ids[0], ""},
		"the token first":                 {"cara@acme.test", []string{replies[0].replyTo(), "box7@desk.test"}, "requester", ids[0], ""},
		"two tokens, hers second":         {"cara@acme.test", both, "requester", ids[0], ""},
		"two tokens, his first":           {"cole@other.test", both, "requester", ids[1], ""},
		"two tokens, on neither":          {"eve@partner.test", both, "new", nil, path("[MAY_BELONG %v MAY_BELONG %v]", ids[0], ids[1])},
		"two tokens, on neither, mailbox": {"erik@unproven.test", append([]string{"support@desk.test"}, both...), "new", nil, path("[MAY_BELONG %v MAY_BELONG %v]", ids[0], ids[1])},
	} {
		before := s.count(`select count(*) from messages where not by_staff`)
		m := s.file(letter{From: c.from, To: c.to, Subject: name, Text: "Words " + name})
		s.want(name+": rule", m["rule"], c.rule)
		s.want(name+": messages more", s.count(`select count(*) from messages where not by_staff`), before+1)
		if c.at != nil {
			s.want(name+": conversation", m["case_id"], c.at)
			continue
		}
		links := s.links(m["case_id"])
		slices.Sort(links)
		s.want(name+": links", links, c.link)
	}
	s.quiet()
	for _, to := range []string{"eve@partner.test", "erik@unproven.test"} {
		for _, m := range s.outbox(to) {
			s.want(to+" is told of others", strings.Contains(m.all(), "First.") || strings.Contains(m.all(), "Answer for"), false)
		}
	}
}
