package main

import (
	"net/url"
	"strings"
	"testing"
)

func TestAMailIsFiledByItsEnvelopeWhateverItsHeaderSays(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	m := s.file(letter{From: "cara@acme.test", HeaderTo: "somebody@other.test", Text: "You were in BCC."})
	s.want("rule", m["rule"], "new")
	s.want("nobody is written to", s.sends(func() {
		m = s.file(letter{From: "cole@acme.test", EnvelopeFrom: "<>", Text: "A person behind a null sender."})
		s.want("rule of a null sender", m["rule"], "new")
	}), "[olga@desk.test]")
}

func TestAListsOrAMachinesMailIsFiledAndNotAnswered(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	for name, headers := range map[string][]string{
		"a list":      {"List-Id: <news.machine.test>", "List-Unsubscribe: <https://machine.test/u>"},
		"bulk":        {"Precedence: bulk"},
		"a monitor":   {"Auto-Submitted: auto-generated"},
		"as it asks":  {"X-Auto-Response-Suppress: All"},
		"another one": {"X-Loop: helpdesk@machine.test", "Precedence: junk"},
	} {
		s.want(name+": who is mailed", s.sends(func() {
			m := s.file(letter{From: strings.ReplaceAll(name, " ", ".") + "@machine.test", Headers: headers, Text: "News."})
			s.want(name+": rule", m["rule"], "new")
		}), "[olga@desk.test]")
	}
}

func TestTwoHelpDesksDoNotAnswerEachOtherForEver(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	// A machine that marks nothing answers everything with a mail of a new subject.
	answered := 0
	for i := range 8 {
		s.file(letter{From: "desk@machine.test", Subject: path("[Ticket %v] We have received your mail", i), Text: path("Your ticket has number %v.", i)})
		s.quiet()
		answered = len(s.outbox("desk@machine.test"))
	}
	s.want("automatic mails to it", answered, 1)
	s.want("conversations", len(s.owner.list("/cases")), 8)
}

func TestAFloodIsSuspendedAndOthersAreNot(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	for i := range 10 {
		s.file(letter{From: "eve@unproven.test", Subject: path("Flood %v", i), Text: path("%v", i)})
	}
	over := s.file(letter{From: "eve@unproven.test", Subject: "One more", Text: "One more."})
	s.want("why", over["suspension_code"], "FLOOD")
	s.want("another's", s.file(letter{From: "cara@acme.test", Text: "Hello."})["rule"], "new")
	s.want("suspended mails", len(s.owner.list("/mails?is_suspended=true")), 1)
}

func TestACustomerWhoGotNoAccountMailFindsTheWayFromTheFirstAnswer(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	organization := s.owner.do("POST", "/organizations", object{"name": "Unproven", "domains": []string{"unproven.test"}})
	first := s.file(letter{From: "cara@unproven.test", Subject: "My printer", Text: "It does not print."})
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Is it switched on?"})
	reply := s.got("cara@unproven.test", "Is it switched on?")
	page := s.at.PublicURL + "/reset"
	s.want("the answer names the page", strings.Contains(reply.Text, page), true)
	s.want("and holds no secret", strings.Contains(reply.all(), "/accept/"), false)

	cara := s.stranger()
	cara.open(page)
	cara.submit("/reset", url.Values{"email": {"cara@unproven.test"}})
	known := cara.text
	mail := s.got("cara@unproven.test", "/accept/")
	cara.accept(mail.Links()[0])
	s.want("leads to", cara.at.Path, "/conversations")
	s.want("her conversation", cara.says("My printer"), true)
	s.want("now she is of the organization", s.owner.list("/users?email=cara@unproven.test")[0]["organization_id"], organization["id"])
	// The page says the same to whom it does not know.
	eve := s.stranger()
	eve.open(page)
	eve.submit("/reset", url.Values{"email": {"eve@other.test"}})
	s.want("what it says", strings.ReplaceAll(eve.text, "eve@other.test", "x"), strings.ReplaceAll(known, "cara@unproven.test", "x"))
	s.quiet()
	s.want("mail to the unknown", len(s.outbox("eve@other.test")), 0)
	// A second answer need not name the page.
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Is it plugged in?"})
	s.want("the second answer names it", strings.Contains(s.got("cara@unproven.test", "Is it plugged in?").Text, page), false)
}

func TestAnAgentInCCOfACustomersMailHearsOfItAndAnswersByDraft(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.person("agent", "abe@machine.test", "Abe Agent")
	first := s.file(letter{From: "cara@acme.test", HeaderTo: "support@desk.test, abe@machine.test", Text: "Abe knows of it."})
	s.got("abe@machine.test", "Abe knows of it.")
	s.aMinutePasses()
	// From his own copy of Cara's mail, to all: no token of ours.
	s.want("who is mailed", s.sends(func() {
		m := s.file(letter{From: "abe@machine.test", HeaderTo: "cara@acme.test, support@desk.test", Text: "kanarienvogel",
			Headers: []string{"In-Reply-To: <" + first["message_id"].(string) + ">"}})
		s.want("rule", m["rule"], "staff_draft")
	}), "[abe@machine.test]")
	s.want("messages", len(s.posts(first["case_id"], "MESSAGE")), 1)
	s.staysInside("kanarienvogel")
}

func TestAnAnswerToAMergedConversationGoesToItsSurvivor(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	one := s.file(letter{From: "cara@acme.test", Subject: "One", Text: "One."})
	two := s.file(letter{From: "cara@acme.test", Subject: "Two", Text: "Two."})
	s.owner.do("POST", path("/cases/%v/reply", two["case_id"]), object{"contents": "About two."})
	reply := s.got("cara@acme.test", "About two.")
	s.owner.do("POST", path("/cases/%v/merge", one["case_id"]), object{"case_ids": []any{two["case_id"]}})
	for _, l := range []letter{onlyToken(reply, "cara@acme.test", "By token."), onlyThread(reply, "cara@acme.test", "By thread.")} {
		m := s.file(l)
		s.want("rule", m["rule"], "requester")
		s.want("conversation", m["case_id"], one["case_id"])
	}
	s.want("messages", len(s.posts(one["case_id"], "MESSAGE")), 5)
}
