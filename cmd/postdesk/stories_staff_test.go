package main

import (
	"net/url"
	"strings"
	"testing"
)

// withAbe is a story in which Abe, an agent, was told a minute ago of what Cara
// wrote in the conversation that is his.
func withAbe(t *testing.T, address string) (s *story, conversation any, notice received) {
	t.Helper()
	s = newStory(t)
	abe := s.person("agent", address, "Abe Agent")
	m := s.file(letter{From: "cara@acme.test", Subject: "My printer", Text: "It does not print."})
	s.owner.do("PUT", path("/cases/%v", m["case_id"]), object{"assigned_agent_id": number(t, abe.id)})
	s.file(answer(s.got("cara@acme.test", "has reached us"), "cara@acme.test", "Not at all."))
	notice = s.got(address, "Not at all.")
	s.aMinutePasses()
	return s, m["case_id"], notice
}

// drafts of a person, as their page shows them.
func (s *story) drafted(email string, id any, text string) bool {
	s.t.Helper()
	b := s.signedIn(email)
	b.open(path("/agent/conversations/%v", id))
	return b.says(text)
}

func TestAnAgentAnswersByMailWithAllThreeProofs(t *testing.T) {
	t.Parallel()
	// On a domain of their own, and on the mailbox's own domain.
	for _, address := range []string{"abe@machine.test", "abe@desk.test"} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			s, id, notice := withAbe(t, address)
			s.want("who is mailed", s.sends(func() {
				m := s.file(answer(notice, "Abe Agent <"+address+">", "Is it switched on?"))
				s.want("rule", m["rule"], "staff_reply")
				s.want("conversation", m["case_id"], id)
			}), "[cara@acme.test]")
			reply := s.got("cara@acme.test", "Is it switched on?")
			s.want("from", reply.Addresses("From"), "[support@desk.test]")
			for _, secret := range []string{address, notice.replyTo(), notice.id(), "Your answer to this mail goes to the customer"} {
				s.want("the customer reads "+secret, strings.Contains(reply.all(), secret), false)
			}
			s.want("status", s.conversation(id)["status"], "OPEN")
			back := s.file(answer(reply, "cara@acme.test", "Now it is."))
			s.want("the answer comes back", back["case_id"], id)
			// Marked as a note it is one, and nobody outside hears of it.
			second := s.got(address, "Now it is.")
			s.aMinutePasses()
			m := s.file(answer(second, address, "#note\nkanarienvogel"))
			s.want("rule of a note", m["rule"], "staff_reply")
			notes := s.posts(id, "NOTE")
			s.want("notes", len(notes), 1)
			s.want("text of the note", strings.TrimSpace(notes[0]["contents"].(string)), "kanarienvogel")
			s.staysInside("kanarienvogel")
		})
	}
}

func TestAnAgentsMailWithLessThanAllProofsIsADraft(t *testing.T) {
	t.Parallel()
	for name, missing := range map[string]func(s *story, id any, notice received) letter{
		"possession: by References alone": func(_ *story, _ any, notice received) letter {
			return onlyThread(notice, "abe@machine.test", "kanarienvogel")
		},
		"possession: a colleague's notice": func(s *story, _ any, notice received) letter {
			s.person("agent", "bob@desk.test", "Bob Agent")
			return answer(notice, "bob@desk.test", "kanarienvogel")
		},
		"possession: the customer's address": func(s *story, _ any, _ received) letter {
			return answer(s.got("cara@acme.test", "has reached us"), "abe@machine.test", "kanarienvogel")
		},
		"a program answered within 15 seconds": func(s *story, _ any, notice received) letter {
			s.sql(`update deliveries set created_at = now(), sent_at = now()`)
			return answer(notice, "abe@machine.test", "kanarienvogel")
		},
		"the customer wrote in between": func(s *story, _ any, notice received) letter {
			s.file(answer(s.got("cara@acme.test", "has reached us"), "cara@acme.test", "Wait."))
			s.aMinutePasses()
			return answer(notice, "abe@machine.test", "kanarienvogel")
		},
		"it looks like a vacation answer": func(_ *story, _ any, notice received) letter {
			l := answer(notice, "abe@machine.test", "kanarienvogel")
			l.Subject = "Out of office: My printer"
			return l
		},
		"the conversation is closed": func(s *story, id any, notice received) letter {
			s.owner.do("PUT", path("/cases/%v", id), object{"status": "CLOSED"})
			return answer(notice, "abe@machine.test", "kanarienvogel")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, id, notice := withAbe(t, "abe@machine.test")
			l := missing(s, id, notice)
			messages := len(s.posts(id, "MESSAGE"))
			m := s.file(l)
			if name == "it looks like a vacation answer" && m["rule"] == "auto_reply" {
				s.want("conversation", m["case_id"], id)
			} else {
				s.want("rule", m["rule"], "staff_draft")
				s.want("conversation", m["case_id"], id)
				s.want("a draft is no post", m["post_id"], nil)
				s.want("its author finds it", s.drafted(l.From, id, "kanarienvogel"), true)
			}
			s.want("messages", len(s.posts(id, "MESSAGE")), messages)
			s.staysInside("kanarienvogel")
		})
	}
}

func TestAnUnprovenAgentsMailIsADraftWithTheDoubtStated(t *testing.T) {
	t.Parallel()
	s, id, notice := withAbe(t, "abe@unproven.test")
	s.want("mail because of it", s.sends(func() {
		m := s.file(answer(notice, "abe@unproven.test", "kanarienvogel"))
		s.want("rule", m["rule"], "staff_draft")
		s.want("origin", m["origin"], "UNPROVEN")
	}), "[]")
	abe := s.signedIn("abe@unproven.test")
	abe.open(path("/agent/conversations/%v", id))
	s.want("the draft", abe.says("kanarienvogel"), true)
	s.want("its doubt", abe.says("Sender not verified"), true)
	s.staysInside("kanarienvogel")
	// Abe looks at it and sends it: then it is his word.
	abe.submit(path("/agent/conversations/%v/reply", id), url.Values{"do": {"send"}})
	s.got("cara@acme.test", "kanarienvogel")
	s.want("messages", len(s.posts(id, "MESSAGE")), 3)
}

func TestAForgedAgentReachesNobody(t *testing.T) {
	t.Parallel()
	s, id, notice := withAbe(t, "abe@strict.test")
	s.want("mail because of it", s.sends(func() {
		for _, l := range []letter{answer(notice, "abe@strict.test", "kanarienvogel"), onlyThread(notice, "abe@strict.test", "kanarienvogel two")} {
			m := s.file(l)
			s.want("status", m["status"], "SUSPENDED")
			s.want("why", m["suspension_code"], "FORGED")
		}
	}), "[]")
	s.want("messages", len(s.posts(id, "MESSAGE")), 2)
	s.want("notes", len(s.posts(id, "NOTE")), 0)
	s.want("drafts", s.drafted("abe@strict.test", id, "kanarienvogel"), false)
	s.staysInside("kanarienvogel")
}

func TestNoTokenThatWasGuessedOrBorrowedSpeaksForAnAgent(t *testing.T) {
	t.Parallel()
	s, id, notice := withAbe(t, "abe@machine.test")
	other := s.file(letter{From: "cole@other.test", Subject: "My scanner", Text: "It does not scan."})
	reply := s.got("cara@acme.test", "has reached us")
	to := notice.replyTo()
	at := strings.IndexByte(to, '@')
	for i := strings.IndexByte(to, '+') + 1; i < at; i++ {
		flipped := byte('a')
		if to[i] == 'a' {
			flipped = 'b'
		}
		_, err := s.tryMail(letter{From: "abe@machine.test", To: []string{to[:i] + string(flipped) + to[i+1:]}, Text: "kanarienvogel"})
		s.want("code for a changed token", code(err), 550)
	}
	// An id as an address, the customer's own token, and one of another conversation.
	id40, _, _ := strings.Cut(notice.id(), ".")
	_, err := s.tryMail(letter{From: "abe@machine.test", To: []string{"support+" + id40 + "@desk.test"}, Text: "kanarienvogel"})
	s.want("code for an id as a token", code(err), 550)
	for _, l := range []letter{
		{From: "abe@machine.test", To: []string{reply.replyTo()}, Text: "kanarienvogel 1"},
		{From: "abe@machine.test", Headers: []string{"In-Reply-To: <" + reply.id() + ">"}, Text: "kanarienvogel 2"},
	} {
		s.want("rule", s.file(l)["rule"], "staff_draft")
	}
	// A token of this conversation with the thread of the other speaks there, not here.
	l := letter{From: "abe@machine.test", To: []string{to}, Headers: []string{"In-Reply-To: <" + other["message_id"].(string) + ">"}, Text: "Hello Cara."}
	s.want("conversation by token", s.file(l)["case_id"], id)
	s.want("words in the other", len(s.posts(other["case_id"], "MESSAGE", "NOTE")), 1)
	s.staysInside("kanarienvogel")
}

func TestOurOwnMailThatComesBackIsALoop(t *testing.T) {
	t.Parallel()
	s, id, notice := withAbe(t, "abe@machine.test")
	s.owner.do("POST", path("/cases/%v/reply", id), object{"contents": "A word of ours."})
	reply := s.got("cara@acme.test", "A word of ours.")
	posts := len(s.posts(id))
	s.want("mail because of it", s.sends(func() {
		for _, m := range []received{notice, reply, s.got("cara@acme.test", "has reached us")} {
			// A rule of somebody's mailbox sends it on, with its bytes as they were.
			if err := sendRaw(s.at.SMTP, "abe@machine.test", []string{"support@desk.test"}, m.Raw); err != nil {
				t.Fatal(err)
			}
			back := s.filed(m.id())
			s.want("status", back["status"], "SUSPENDED")
			s.want("why", back["suspension_code"], "LOOP")
		}
		own := s.file(letter{From: "support@desk.test", Text: "I am you."})
		s.want("why not from ourselves", own["suspension_code"], "LOOP")
	}), "[]")
	s.want("posts", len(s.posts(id)), posts)
}

// bounce is a delivery report on a mail that came out.
func bounce(m received, to, action, status string) []string {
	return []string{
		"From: Mail Delivery System <mailer-daemon@machine.test>", "To: " + to, "Subject: Undelivered Mail Returned to Sender",
		"Auto-Submitted: auto-replied", "MIME-Version: 1.0", `Content-Type: multipart/report; report-type=delivery-status; boundary="b"`, "",
		"--b", "Content-Type: text/plain", "", "I could not deliver your mail.", "",
		"--b", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; mx.machine.test", "",
		"Final-Recipient: rfc822; " + m.To[0], "Action: " + action, "Status: " + status, "Diagnostic-Code: smtp; 550 no such user", "",
		"--b", "Content-Type: message/rfc822", "", strings.ReplaceAll(string(m.Raw), "\r\n--", "\r\n --"), "", "--b--",
	}
}

func TestABounceWithItsTokenFailsTheDeliveryAndIsToldOnce(t *testing.T) {
	t.Parallel()
	s, id, _ := withAbe(t, "abe@machine.test")
	s.owner.do("POST", path("/cases/%v/reply", id), object{"contents": "A word of ours."})
	reply := s.got("cara@acme.test", "A word of ours.")
	s.quiet()
	state := func() any {
		for _, d := range s.owner.list("/deliveries") {
			if d["purpose"] == "REPLY" {
				return d["state"]
			}
		}
		return nil
	}
	messages := len(s.posts(id, "MESSAGE", "NOTE"))
	// Anybody can write a report; without the token it changes nothing.
	s.want("mail because of a report without its token", s.sends(func() {
		m := s.filed(s.raw("", []string{"support@desk.test"}, bounce(reply, "support@desk.test", "failed", "5.1.1")...))
		s.want("status", m["status"], "SUSPENDED")
		s.want("why", m["suspension_code"], "REPORT")
	}), "[]")
	s.want("state", state(), "SENT")
	s.want("mail because of a delay", s.sends(func() {
		s.want("rule", s.filed(s.raw("", []string{reply.Message.From}, bounce(reply, reply.Message.From, "delayed", "4.4.1")...))["rule"], "report")
	}), "[]")
	s.want("state", state(), "SENT")

	s.want("who is told", s.sends(func() {
		for range 2 {
			m := s.filed(s.raw("", []string{reply.Message.From}, bounce(reply, reply.Message.From, "failed", "5.1.1")...))
			s.want("rule", m["rule"], "report")
			s.want("status", m["status"], "SUCCESS")
			s.want("conversation", m["case_id"], id)
		}
	}), "[olga@desk.test]")
	s.want("state", state(), "FAILED")
	s.want("words in the conversation", len(s.posts(id, "MESSAGE", "NOTE")), messages)
	told := s.got("olga@desk.test", "could not be delivered")

	// A bounce of what told of it makes no further mail, nor does one of a notice.
	s.want("mail because of a bounce at staff", s.sends(func() {
		m := s.filed(s.raw("", []string{told.Message.From}, bounce(told, told.Message.From, "failed", "5.1.1")...))
		s.want("rule", m["rule"], "report")
	}), "[]")

	// The address gets nothing until its owner writes.
	s.want("mail to a dead address", s.sends(func() {
		s.owner.do("POST", path("/cases/%v/reply", id), object{"contents": "Again."})
	}), "[]")
	s.file(answer(reply, "cara@acme.test", "I am back."))
	s.owner.do("POST", path("/cases/%v/reply", id), object{"contents": "Welcome."})
	s.got("cara@acme.test", "Welcome.")
}
