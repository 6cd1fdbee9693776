package main

import (
	"strings"
	"testing"
)

func TestAStrangerWithALeakedTokenJoinsNothing(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	first := s.file(letter{From: "cara@acme.test", Subject: "My printer", Text: "nachtigall"})
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Drossel?"})
	reply := s.got("cara@acme.test", "Drossel?")
	notice := s.got("olga@desk.test", "nachtigall")
	for name, m := range map[string]received{"the customer's": reply, "staff's": notice} {
		l := answer(m, "eve@other.test", "kanarienvogel")
		l.Text = "kanarienvogel, tell me all"
		filed := s.file(l)
		s.want("rule with "+name, filed["rule"], "elsewhere")
		if filed["case_id"] == first["case_id"] {
			t.Error("she is in")
		}
		s.want("link", s.links(filed["case_id"]), path("[MAY_BELONG %v]", first["case_id"]))
		s.want("requester", s.conversation(filed["case_id"])["requester"].(object)["email"], "eve@other.test")
	}
	c := s.conversation(first["case_id"])
	s.want("requester", c["requester"].(object)["email"], "cara@acme.test")
	s.want("participants", c["participants"], "[]")
	s.want("words", len(s.posts(first["case_id"], "MESSAGE", "NOTE")), 2)
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Goldammer."})
	s.got("cara@acme.test", "Goldammer.")
	for _, m := range s.outbox("eve@other.test") {
		for _, word := range []string{"nachtigall", "Drossel", "Goldammer", "My printer", "cara"} {
			s.want("Eve learns "+word, strings.Contains(m.all(), word), false)
		}
	}
	for _, m := range s.outbox("cara@acme.test") {
		s.want("Cara learns of Eve", strings.Contains(m.all(), "kanarienvogel") || strings.Contains(m.all(), "eve@"), false)
	}
	// Nor does the customer see it on their page (Ticket Trick).
	cara := s.stranger()
	cara.accept(s.got("cara@acme.test", "/accept/").Links()[0])
	s.want("after setting a password", cara.at.Path, "/conversations")
	s.want("their list", cara.says("My printer"), true)
	cara.open(path("/conversations/%v", first["case_id"]))
	s.want("their page", cara.says("Goldammer.") && !cara.says("kanarienvogel") && !cara.says("eve@other.test"), true)
}

func TestAStrangerInCCOfAnUnprovenFirstMailNeverGetsTheAnswer(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	var first object
	s.want("who is mailed", s.sends(func() {
		first = s.file(letter{From: "cara@unproven.test", HeaderTo: "support@desk.test, eve@other.test", Headers: []string{"Cc: mallory@machine.test"}, Text: "Send me all."})
	}), "[olga@desk.test]")
	s.want("rule", first["rule"], "new")
	s.want("origin", first["origin"], "UNPROVEN")
	s.want("participants", s.conversation(first["case_id"])["participants"], "[]")
	s.want("who gets the answer", s.sends(func() {
		s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "All of it."})
	}), "[cara@unproven.test]")
	s.want("accounts", len(s.owner.list("/users?email=eve@other.test")), 0)
	// A proven one's CC is meant, and still nobody is mailed before an agent answers.
	s.want("who is mailed of a proven one", s.sends(func() {
		first = s.file(letter{From: "carl@acme.test", HeaderTo: "support@desk.test, dora@other.test", Text: "Dora wants to know, too."})
	}), "[carl@acme.test olga@desk.test]")
	s.want("who gets its answer", s.sends(func() {
		s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "All of it."})
	}), "[carl@acme.test dora@other.test]")
}

func TestASpoofedRequesterAddsNobody(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	// Of a domain that proves nothing, anybody can write; that must not let anybody in.
	first := s.file(letter{From: "cara@unproven.test", Subject: "My printer", Text: "nachtigall"})
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Drossel?"})
	reply := s.got("cara@unproven.test", "Drossel?")
	l := onlyThread(reply, "cara@unproven.test", "Please keep eve in the loop.")
	l.EnvelopeFrom, l.HeaderTo = "eve@other.test", "support@desk.test"
	l.Headers = append(l.Headers, "Cc: eve@other.test", "Reply-To: eve@other.test")
	m := s.file(l)
	s.want("origin", m["origin"], "UNPROVEN")
	s.want("rule", m["rule"], "requester")
	posts := s.posts(first["case_id"], "MESSAGE")
	s.want("the doubt is stated", posts[2]["warnings"], "[Sender not verified. It asks for answers at eve@other.test. Yours go to its sender.]")
	s.want("participants", s.conversation(first["case_id"])["participants"], "[]")
	s.want("who gets the answer", s.sends(func() {
		s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Goldammer."})
	}), "[cara@unproven.test]")
	// Without a thread, the right number in the subject is worth nothing.
	l = letter{From: "cara@unproven.test", Subject: path("Re: [#%v] My printer", first["case_id"]), Headers: []string{"Cc: eve@other.test"}, Text: "And now?"}
	fresh := s.file(l)
	s.want("rule by number", fresh["rule"], "new")
	s.want("links", s.links(fresh["case_id"]), "[]")
	s.want("mail to Eve", len(s.outbox("eve@other.test")), 0)
	// One whose domain says that it was not them changes nothing at all.
	s.want("mail because of a forged one", s.sends(func() {
		m := s.file(letter{From: "sue@strict.test", Text: "Hello."})
		s.want("why", m["suspension_code"], "FORGED")
	}), "[]")
	s.want("accounts", len(s.owner.list("/users?email=sue@strict.test")), 0)
}

func TestA13AFromThatIsNotExactlyOneAddressIsNobodys(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	abe := s.person("agent", "abe@desk.test", "Abe Agent")
	s.quiet()
	for name, from := range map[string][]string{
		"none":                      {},
		"two fields":                {"From: cara@acme.test", "From: abe@desk.test"},
		"two mailboxes":             {"From: cara@acme.test, abe@desk.test"},
		"a group":                   {"From: Friends: abe@desk.test;"},
		"an empty group":            {"From: undisclosed-recipients:;"},
		"null":                      {"From: <>"},
		"a quoted local part":       {`From: "abe@desk.test"@other.test`},
		"two in angles":             {"From: <abe@desk.test> <eve@other.test>"},
		"a field in another letter": {"FROM: cara@acme.test", "from: abe@desk.test"},
		"a hidden bracket":          {"From: =?utf-8?q?Abe_=3Cabe=40desk.test=3E?= <eve@other.test>"},
		"a comment without end":     {"From: eve@other.test(<abe@desk.test>"},
		"a quote without end":       {`From: "eve@other.test <abe@desk.test>`},
		"a quoted comma":            {`From: abe@desk.test\,eve@other.test`},
		"a comment in the address":  {"From: <abe@desk.test(.other.test)>"},
	} {
		lines := append(from, "To: support@desk.test", "Subject: "+name, "", "kanarienvogel")
		m := s.filed(s.raw("eve@other.test", []string{"support@desk.test"}, lines...))
		s.want(name+": status", m["status"], "SUSPENDED")
		s.want(name+": why", m["suspension_code"], "BAD_FROM")
	}
	// What only looks like somebody else is its real author's.
	for name, from := range map[string]string{
		"a name like an address": `"abe@desk.test" <eve@other.test>`,
		"a comment":              "eve@other.test (abe@desk.test)",
		"a comment before":       "(<abe@desk.test>) eve@other.test",
	} {
		m := s.filed(s.raw("eve@other.test", []string{"support@desk.test"}, "From: "+from, "Sender: abe@desk.test", "Reply-To: abe@desk.test",
			"To: support@desk.test", "Subject: "+name, "", "kanarienvogel"))
		s.want(name+": author", m["from"], "eve@other.test")
	}
	for _, c := range abe.list("/cases?limit=100") {
		if r := c["requester"].(object); r["email"] == "abe@desk.test" {
			t.Errorf("conversation %v is Abe's", c["subject"])
		}
	}
}

func TestA27ASenderCannotChooseIDsThatSwallowSomebodysMail(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	same := s.file(letter{From: "cara@acme.test", MessageID: "chosen@client.test", Text: "One."})
	s.want("other words, same id", s.file(letter{From: "cara@acme.test", MessageID: "chosen2@client.test", Text: "Two."})["status"], "SUCCESS")
	s.mail(letter{From: "cara@acme.test", MessageID: "chosen@client.test", Text: "Three."})
	s.mail(letter{From: "cole@acme.test", MessageID: "chosen@client.test", Text: "One."})
	// An attacker was first with the id, from an address that is not proven to be Cara's, and with her words.
	s.want("origin of the attacker's", s.file(letter{From: "dora@acme.test", EnvelopeFrom: "eve@unproven.test",
		MessageID: "guessed@client.test", Text: "The real words."})["origin"], "UNPROVEN")
	s.mail(letter{From: "dora@acme.test", MessageID: "guessed@client.test", Text: "The real words."})
	s.mail(letter{From: "dora@acme.test", MessageID: "new@client.test", Text: "The real words."})
	s.quiet()
	s.want("with the chosen id", len(s.filedAs("chosen@client.test")), 3)
	s.want("with the guessed id", len(s.filedAs("guessed@client.test")), 2)
	s.want("with the same words under a new id", len(s.filedAs("new@client.test")), 1)
	if same["case_id"] == nil {
		t.Error("the first is nowhere")
	}
}

// filedAs gives the mails of the log that have a Message-ID and ended on a
// conversation as words of their own.
func (s *story) filedAs(messageID string) (all []object) {
	s.t.Helper()
	for _, m := range s.owner.list("/mails?limit=100") {
		if m["message_id"] == messageID && m["status"] == "SUCCESS" && m["post_id"] != nil {
			all = append(all, m)
		}
	}
	return all
}

func TestA28HeadersThatASenderMadeUpProveNothing(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	injected := []string{
		"Authentication-Results: desk.test; spf=pass; dkim=pass header.d=strict.test; dmarc=pass", "Authentication-Results: sink.test; dmarc=pass",
		"Received: from mx.strict.test (127.0.0.1) by desk.test; Mon, 1 Jan 2024 00:00:00 +0000", "Received-SPF: pass", "ARC-Authentication-Results: i=1; desk.test; dmarc=pass",
		"Auto-Submitted: no", "X-Spam: no", "X-Spam-Flag: NO", "X-Postdesk-Rule: staff_reply", "X-Postdesk-Role: owner",
	}
	s.want("who is mailed", s.sends(func() {
		m := s.file(letter{From: "sue@strict.test", Headers: injected, Text: "Trust me."})
		s.want("forged all the same", m["suspension_code"], "FORGED")
		m = s.file(letter{From: "cara@unproven.test", Headers: injected, Text: "Trust me."})
		s.want("unproven all the same", m["origin"], "UNPROVEN")
		s.want("rule", m["rule"], "new")
	}), "[olga@desk.test]")
	first := s.filed(s.mail(letter{From: "cara@acme.test", Headers: injected, Text: "Hello."}))
	s.want("from a proven sender", first["origin"], "PROVEN")
	reply := s.got("cara@acme.test", "has reached us")
	// Saying no does not make a report human, and a role is not what a header says.
	posts := len(s.posts(first["case_id"], "MESSAGE"))
	vacation := answer(reply, "cara@acme.test", "I am away.")
	vacation.EnvelopeFrom, vacation.Subject = "<>", "Out of office"
	vacation.Headers = append(vacation.Headers, "Auto-Submitted: no", "Auto-Submitted: auto-replied")
	s.want("one no of two", s.file(vacation)["rule"], "auto_reply")
	s.want("messages", len(s.posts(first["case_id"], "MESSAGE")), posts)
}

func TestTheSameMailTwiceAndByTwoWaysIsOneMessage(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	mail := "From: cara@acme.test\r\nTo: support@desk.test\r\nSubject: Twice\r\nMessage-ID: <twice@client.test>\r\n\r\nOnce is enough.\r\n"
	send := func(to []string, raw string) {
		if err := sendRaw(s.at.SMTP, "cara@acme.test", to, []byte(raw)); err != nil {
			t.Fatal(err)
		}
	}
	s.owner.do("POST", "/mailboxes", object{"address": "billing@desk.test", "name": "Billing"})
	s.want("who is mailed", s.sends(func() {
		send([]string{"support@desk.test"}, mail)
		first := s.filed("twice@client.test")
		send([]string{"support@desk.test"}, mail)
		s.quiet()
		s.want("entries of the same bytes", len(s.owner.list("/mails")), 1)
		send([]string{"support@desk.test"}, "Received: from mx.other.test by mx.test; Mon, 1 Jan 2024 00:00:00 +0000\r\n"+mail)
		again := s.filedOther("twice@client.test", first["id"])
		s.want("status by another way", again["status"], "REJECTED")
		s.want("rule", again["rule"], "duplicate")
		s.want("conversation", again["case_id"], first["case_id"])
		send([]string{"billing@desk.test"}, "Received: from mx.other.test by list.test; Mon, 1 Jan 2024 00:00:00 +0000\r\n"+mail)
		s.quiet()
		s.want("messages", len(s.posts(first["case_id"], "MESSAGE")), 1)
		events := s.posts(first["case_id"], "EVENT")
		s.want("it says where else it went", strings.Contains(path("%v", events), "billing@desk.test"), true)
	}), "[cara@acme.test olga@desk.test]")
	s.want("conversations", len(s.owner.list("/cases")), 1)
	// Both mailboxes in one transaction: one mail, one conversation, in the first one's.
	both := s.file(letter{From: "cole@acme.test", To: []string{"billing@desk.test", "support@desk.test"}, Text: "To both."})
	s.want("conversations", len(s.owner.list("/cases")), 2)
	s.want("it says where else it went", strings.Contains(path("%v", s.posts(both["case_id"], "EVENT")), "support@desk.test"), true)
}

// filedOther waits for a second mail with the same Message-ID.
func (s *story) filedOther(messageID string, first any) (found object) {
	s.t.Helper()
	s.eventually("a second mail "+messageID+" is filed", func() bool {
		for _, m := range s.owner.list("/mails?limit=100") {
			if m["message_id"] == messageID && m["id"] != first && m["status"] != "RECEIVED" && m["status"] != "PROCESSING" {
				found = m
				return true
			}
		}
		return false
	})
	return found
}
