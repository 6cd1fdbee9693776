package main

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// withMia is a story in which Mia, a collaborator, is in CC of an agent's reply
// to Cara.
func withMia(t *testing.T) (s *story, mia client, conversation any, copied received) {
	t.Helper()
	s = newStory(t)
	mia = s.person("collaborator", "mia@partner.test", "Mia Meyer")
	m := s.file(letter{From: "Cara Customer <cara@acme.test>", Subject: "My printer", Text: "It does not print."})
	s.owner.do("POST", path("/cases/%v/reply", m["case_id"]),
		object{"contents": "We ask our expert.", "cc": []string{"mia@partner.test"}})
	return s, mia, m["case_id"], s.got("mia@partner.test", "We ask our expert.")
}

func TestACollaboratorInCCAnswersAndItIsAPrivateNote(t *testing.T) {
	t.Parallel()
	for name, reply := range map[string]func(received) (letter, []string){
		"plain": func(m received) (letter, []string) {
			return answer(m, "mia@partner.test", "kanarienvogel: the fuser."), nil
		},
		"reply-all": func(m received) (letter, []string) {
			return replyAll(m, "mia@partner.test", "kanarienvogel: the fuser.")
		},
		"by thread": func(m received) (letter, []string) {
			return onlyThread(m, "mia@partner.test", "kanarienvogel: the fuser."), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, id, copied := withMia(t)
			s.want("first line", strings.HasPrefix(copied.Text, "Your answer becomes a private note; the customer is not on this mail."), true)
			l, outside := reply(copied)
			s.want("what leaves us by reply-all", len(outside), 0)
			s.want("who is mailed", s.sends(func() {
				m := s.file(l)
				s.want("rule", m["rule"], "collaborator")
				s.want("conversation", m["case_id"], id)
			}), "[olga@desk.test]")
			notes := s.posts(id, "NOTE")
			s.want("notes", len(notes), 1)
			s.want("text", strings.TrimSpace(notes[0]["contents"].(string)), "kanarienvogel: the fuser.")
			s.want("author", notes[0]["author"].(object)["email"], "mia@partner.test")
			s.want("verified", notes[0]["is_verified"], true)
			s.want("messages", len(s.posts(id, "MESSAGE")), 2)
			s.want("status", s.conversation(id)["status"], "OPEN")
			// Later mail to the customer does not bring it out either.
			s.owner.do("POST", path("/cases/%v/reply", id), object{"contents": "We know more now."})
			s.got("cara@acme.test", "We know more now.")
			s.staysInside("kanarienvogel", "mia@partner.test", "Mia Meyer")
			cara := s.stranger()
			cara.accept(s.got("cara@acme.test", "/accept/").Links()[0])
			cara.open(path("/conversations/%v", id))
			s.want("the customer's page", cara.says("We know more now.") && !strings.Contains(cara.text, "kanarienvogel") && !strings.Contains(cara.text, "Mia"), true)
		})
	}
}

func TestTheCopyOfACollaboratorNamesNoCustomerAddressAnywhere(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.person("collaborator", "mia@partner.test", "Mia Meyer")
	first := s.file(letter{From: `"cara@acme.test" <cara@acme.test>`, Subject: "Order of cara@acme.test", HeaderTo: "support@desk.test, cole@acme.test",
		MessageID: "cara@acme.test", Text: "Write to cara@acme.test or Cole <COLE@acme.test>.\n-- \nCara, mailto:cara@acme.test"})
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{
		"contents": "Dear cara@acme.test, what does cole@acme.test say?", "cc": []string{"mia@partner.test", "dora@other.test"}})
	copied := s.got("mia@partner.test", "what does")
	reply := s.got("cara@acme.test", "what does")
	s.want("the customers see each other", strings.Contains(reply.all(), "dora@other.test"), true)
	s.want("sender", copied.Addresses("From"), "[support@desk.test]")
	s.want("recipient", copied.Addresses("To"), "[support@desk.test]")
	s.want("CC", copied.Addresses("Cc"), "[]")
	// The customer's answer goes to her as a copy as well.
	s.file(answer(reply, "cara@acme.test", "I am cara@acme.test, ask dora@other.test. Weiter."))
	second := s.got("mia@partner.test", "Weiter.")
	for _, m := range []received{copied, second} {
		for _, address := range []string{"cara@acme.test", "cole@acme.test", "dora@other.test", first["message_id"].(string)} {
			if strings.Contains(strings.ToLower(m.all()), address) {
				t.Errorf("the copy names %s:\n%s", address, m.all())
			}
		}
	}
}

func TestA47TheCustomerPutTheCollaboratorInCC(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.person("collaborator", "mia@partner.test", "Mia Meyer")
	first := s.file(letter{From: "cara@acme.test", HeaderTo: "support@desk.test, mia@partner.test", Text: "Mia knows of it."})
	s.quiet()
	s.want("nobody writes to her before an agent answers", len(s.outbox("mia@partner.test")), 0)

	// She answers all from the copy that Cara sent her: no token, References alone.
	l := letter{From: "mia@partner.test", HeaderTo: "cara@acme.test, support@desk.test", Subject: "Re: A question", Text: "kanarienvogel",
		Headers: []string{"In-Reply-To: <" + first["message_id"].(string) + ">"}}
	s.want("who is mailed", s.sends(func() {
		m := s.file(l)
		s.want("rule", m["rule"], "collaborator")
		s.want("conversation", m["case_id"], first["case_id"])
	}), "[olga@desk.test]")
	notes := s.posts(first["case_id"], "NOTE")
	s.want("notes", len(notes), 1)
	s.want("staff learn that the customer has it", notes[0]["warnings"], "[Also sent to the customer by its author.]")
	s.staysInside("kanarienvogel")
}

func TestACollaboratorsAnswerToTheCustomersAddressIsANoteToo(t *testing.T) {
	t.Parallel()
	s, _, id, _ := withMia(t)
	// Somebody forwarded Cara's copy to her: the role counts, not the token.
	reply := s.got("cara@acme.test", "We ask our expert.")
	m := s.file(answer(reply, "mia@partner.test", "kanarienvogel"))
	s.want("rule", m["rule"], "collaborator")
	s.want("conversation", m["case_id"], id)
	s.staysInside("kanarienvogel")
}

func TestAnUnprovenCollaboratorsNoteSaysSo(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.person("collaborator", "max@unproven.test", "Max Muster")
	s.person("collaborator", "sue@strict.test", "Sue Strict")
	first := s.file(letter{From: "cara@acme.test", Text: "Hello."})
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]),
		object{"contents": "We ask.", "cc": []string{"max@unproven.test", "sue@strict.test"}})
	m := s.file(answer(s.got("max@unproven.test", "We ask."), "max@unproven.test", "kanarienvogel"))
	s.want("rule", m["rule"], "collaborator")
	note := s.posts(first["case_id"], "NOTE")[0]
	s.want("verified", note["is_verified"], false)
	s.want("warnings", note["warnings"], "[Sender not verified.]")
	// One whose domain says that it was not them is nothing at all.
	forged := s.file(answer(s.got("sue@strict.test", "We ask."), "sue@strict.test", "kanarienvogel"))
	s.want("forged", forged["suspension_code"], "FORGED")
	s.want("notes", len(s.posts(first["case_id"], "NOTE")), 1)
	s.staysInside("kanarienvogel")
}

func TestACollaboratorCannotReplyOrChangePropertiesByPageAPIOrMail(t *testing.T) {
	t.Parallel()
	s, mia, id, copied := withMia(t)
	before := s.conversation(id)
	refused := func(what string, got int) { s.t.Helper(); s.want(what, got, 403) }
	sent := s.sends(func() {
		for what, change := range map[string]object{"status": {"status": "CLOSED"}, "priority": {"priority": "URGENT"}, "subject": {"subject": "x"},
			"type": {"type": "TASK"}, "tags": {"tags": []string{"x"}}, "assignee": {"assigned_agent_id": 1}, "requester": {"requester_id": 1}} {
			code, _ := mia.try("PUT", path("/cases/%v", id), change)
			refused("API: "+what, code)
		}
		code, _ := mia.try("POST", path("/cases/%v/reply", id), object{"contents": "kanarienvogel"})
		refused("API: reply", code)
		code, _ = mia.try("POST", path("/cases/%v/participants", id), object{"email": "eve@other.test"})
		refused("API: CC", code)
		code, _ = mia.try("POST", "/cases", object{"subject": "x", "contents": "kanarienvogel", "requester_email": "cara@acme.test"})
		refused("API: on behalf", code)

		page := s.signedIn("mia@partner.test")
		page.open(path("/agent/conversations/%v", id))
		s.want("she may read it", page.says("It does not print."), true)
		for _, act := range []string{"reply", "properties", "requester", "participants", "trash", "merge"} {
			action := path("/agent/conversations/%v/", id) + act
			if page.form(action) != nil {
				t.Errorf("her page offers %s", act)
			}
			page.post(action, url.Values{"contents": {"kanarienvogel"}, "do": {"send"}, "status": {"closed"}, "email": {"eve@other.test"}, "requester": {"1"}, "id": {"1"}, "with": {"1"}})
			refused("page: "+act, page.code)
			page.open(path("/agent/conversations/%v", id))
		}

		s.want("by mail", s.file(answer(copied, "mia@partner.test", "#close\n#status closed\nkanarienvogel"))["rule"], "collaborator")
		fresh := s.file(letter{From: "mia@partner.test", Subject: path("[#%v] Re: My printer", id), Headers: []string{"X-Status: closed"}, Text: "kanarienvogel"})
		s.want("by a fresh mail with its number", fresh["rule"], "new")
		s.want("whose conversation that is", s.conversation(fresh["case_id"])["requester"].(object)["email"], "mia@partner.test")
		if fresh["case_id"] == id {
			t.Error("the number in the subject counted")
		}
	})
	s.want("the owner is told twice, nobody else", sent, "[olga@desk.test olga@desk.test]")
	after := s.conversation(id)
	for _, property := range []string{"subject", "status", "priority", "type", "tags", "assigned_agent", "requester", "participants"} {
		s.want(property, fmt.Sprint(after[property]), fmt.Sprint(before[property]))
	}
	s.want("messages", len(s.posts(id, "MESSAGE")), 2)
	s.staysInside("kanarienvogel")
}

func TestACollaboratorMayHaveAConversationOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.person("collaborator", "mia@partner.test", "Mia Meyer")
	var first object
	s.want("staff get no acknowledgement", s.sends(func() {
		first = s.file(letter{From: "mia@partner.test", Subject: "My own printer", Text: "Mine broke, too."})
	}), "[olga@desk.test]")
	s.want("rule", first["rule"], "new")
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Which one?"})
	m := s.file(answer(s.got("mia@partner.test", "Which one?"), "mia@partner.test", "The blue one."))
	s.want("rule of her answer", m["rule"], "requester")
	s.want("conversation", m["case_id"], first["case_id"])

	page := s.signedIn("mia@partner.test")
	page.open(path("/conversations/%v", first["case_id"]))
	s.want("her page shows the answer", page.says("Which one?"), true)
	page.submit(path("/conversations/%v/reply", first["case_id"]), url.Values{"contents": {"No, the red one."}})
	s.got("olga@desk.test", "No, the red one.")
	posts := s.posts(first["case_id"], "MESSAGE")
	s.want("messages", len(posts), 4)
	s.want("notes", len(s.posts(first["case_id"], "NOTE")), 0)
}

func TestWhoWasACollaboratorReadsAndSaysNothingAnyMore(t *testing.T) {
	t.Parallel()
	s, mia, id, copied := withMia(t)
	s.owner.do("PUT", path("/users/%v", mia.id), object{"role": "CUSTOMER"})
	s.staff["mia@partner.test"] = false
	s.want("participants", s.conversation(id)["participants"], "[]")
	s.want("who gets the next reply", s.sends(func() {
		s.owner.do("POST", path("/cases/%v/reply", id), object{"contents": "Nachtigall."})
	}), "[cara@acme.test]")
	words := len(s.posts(id, "MESSAGE", "NOTE"))
	m := s.file(answer(copied, "mia@partner.test", "What became of it?"))
	s.want("rule", m["rule"], "elsewhere")
	s.want("words", len(s.posts(id, "MESSAGE", "NOTE")), words)
	for _, sent := range s.outbox("mia@partner.test") {
		s.want("she learns more", strings.Contains(sent.all(), "Nachtigall."), false)
	}
}

func TestACustomersAnswerToTheCollaboratorsAddressIsTheCustomers(t *testing.T) {
	t.Parallel()
	s, _, id, copied := withMia(t)
	// Mia forwarded her copy to Cara.
	m := s.file(answer(copied, "cara@acme.test", "I am the one who has the printer."))
	s.want("rule", m["rule"], "requester")
	s.want("conversation", m["case_id"], id)
	s.want("author", s.posts(id, "MESSAGE")[2]["author"].(object)["email"], "cara@acme.test")
}

func TestAnAnswerToTheReturnAddressIsWhatAnAnswerToTheMailWouldBe(t *testing.T) {
	t.Parallel()
	s, _, id, copied := withMia(t)
	reply := s.got("cara@acme.test", "We ask our expert.")
	to := func(m received, from, text string) letter {
		return letter{From: from, To: []string{m.Message.From}, Text: text}
	}
	s.want("the customer's", s.file(to(reply, "cara@acme.test", "Thank you."))["rule"], "requester")
	s.want("the collaborator's", s.file(to(copied, "mia@partner.test", "kanarienvogel"))["rule"], "collaborator")
	elsewhere := s.file(to(reply, "eve@other.test", "Let me in."))
	s.want("a stranger's", elsewhere["rule"], "elsewhere")
	s.owner.do("POST", path("/cases/%v/notes", id), object{"contents": "@Mia Meyer look"})
	mention := s.file(to(s.got("mia@partner.test", "mentioned you"), "mia@partner.test", "kanarienvogel"))
	s.want("one to a mention mail", mention["rule"], "mention")
	s.want("mail because of a vacation there", s.sends(func() {
		l := to(reply, "cara@acme.test", "I am away.")
		l.EnvelopeFrom, l.Headers = "<>", []string{"Auto-Submitted: auto-replied"}
		s.want("a vacation", s.file(l)["rule"], "auto_reply")
	}), "[]")
	s.staysInside("kanarienvogel")
}
