package main

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
)

// withFile is a mail of somebody with one file.
func (s *story) withFile(from, to, text, name, content string, headers ...string) object {
	s.t.Helper()
	lines := append([]string{"From: " + from, "To: " + to, "Subject: Re: My printer", "MIME-Version: 1.0"}, headers...)
	lines = append(lines, `Content-Type: multipart/mixed; boundary="b"`, "",
		"--b", "Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: 8bit", "", "<p>"+text+"</p>",
		"--b", "Content-Type: application/octet-stream", "Content-Transfer-Encoding: base64", "Content-Disposition: attachment; filename=\""+name+"\"", "",
		base64.StdEncoding.EncodeToString([]byte(content)), "--b--")
	return s.filed(s.raw(from, []string{to}, lines...))
}

// files of a mail: "name=content".
func (m received) files() (all []string) {
	for _, a := range m.Attachments {
		all = append(all, a.Filename+"="+string(a.Content))
	}
	return all
}

func TestAnAgentsMailWithAFileReachesTheCustomerWithIt(t *testing.T) {
	t.Parallel()
	s, id, notice := withAbe(t, "abe@machine.test")
	s.want("rule", s.withFile("abe@machine.test", notice.replyTo(), "Schön, hier ist es.", "plan.bin", "\x00plan")["rule"], "staff_reply")
	reply := s.got("cara@acme.test", "Schön, hier ist es.")
	s.want("files", reply.files(), "[plan.bin=\x00plan]")
	s.want("the conversation", len(s.posts(id, "MESSAGE")[2]["attachments"].([]any)), 1)
}

func TestADraftOfAMailIsSentWithItsFilesByItsAuthorAlone(t *testing.T) {
	t.Parallel()
	s, id, notice := withAbe(t, "abe@unproven.test")
	s.want("rule", s.withFile("abe@unproven.test", notice.replyTo(), "Drossel, bitte.", "plan.bin", "\x00plan")["rule"], "staff_draft")
	s.want("another sees it", s.drafted("olga@desk.test", id, "Drossel, bitte."), false)
	abe := s.signedIn("abe@unproven.test")
	abe.open(path("/agent/conversations/%v", id))
	abe.submit(path("/agent/conversations/%v/reply", id), url.Values{"contents": {"Drossel, besser so."}, "do": {"send"}})
	reply := s.got("cara@acme.test", "Drossel, besser so.")
	s.want("files", reply.files(), "[plan.bin=\x00plan]")
	abe.open(path("/agent/conversations/%v", id))
	s.want("the draft is gone", abe.says("was kept as a draft"), false)
}

func TestACustomersAnswersReachTheCollaboratorAsSafeCopies(t *testing.T) {
	t.Parallel()
	s, _, id, _ := withMia(t)
	reply := s.got("cara@acme.test", "We ask our expert.")
	s.want("who is mailed of a mail", s.sends(func() {
		s.withFile("cara@acme.test", reply.replyTo(), "Zaunkönig, see cara@acme.test.", "cara@acme.test.log", "42")
	}), "[mia@partner.test olga@desk.test]")
	copied := s.got("mia@partner.test", "Zaunkönig")
	s.want("files", len(copied.Attachments), 1)
	s.want("her address", strings.Contains(copied.all(), "cara@acme.test"), false)

	cara := s.stranger()
	cara.accept(s.got("cara@acme.test", "/accept/").Links()[0])
	cara.open(path("/conversations/%v", id))
	s.want("who is mailed of an answer on the page", s.sends(func() {
		cara.submit(path("/conversations/%v/reply", id), url.Values{"contents": {"Goldammer, says cara@acme.test."}}, file{"files", "x.txt", "43"})
	}), "[mia@partner.test olga@desk.test]")
	copied = s.got("mia@partner.test", "Goldammer")
	s.want("files of it", copied.files(), "[x.txt=43]")
	s.want("her address in it", strings.Contains(copied.all(), "cara@acme.test"), false)
	s.want("messages", len(s.posts(id, "MESSAGE")), 4)
}

func TestAConversationOnACustomersBehalfIsAnsweredLikeAnyOther(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	opened := s.owner.do("POST", "/cases", object{"subject": "Your order", "contents": "It is on its way.", "requester_email": "new@other.test"})
	words := s.got("new@other.test", "It is on its way.")
	s.want("from", words.Addresses("From"), "[support@desk.test]")
	s.want("role", s.owner.list("/users?email=new@other.test")[0]["role"], "CUSTOMER")
	s.quiet()
	for _, m := range s.outbox("new@other.test") {
		s.want("one mail says it", strings.Contains(m.Text, "It is on its way."), m.id() == words.id())
	}
	back := s.file(answer(words, "new@other.test", "Thank you."))
	s.want("rule", back["rule"], "requester")
	s.want("conversation", back["case_id"], opened["id"])
	s.want("status", s.conversation(opened["id"])["status"], "OPEN")
}

func TestCustomersInCCAnswerAndSeeEachOther(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	first := s.file(letter{From: "cara@acme.test", Subject: "My printer", Text: "It does not print."})
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Dora knows.", "cc": []string{"dora@other.test"}})
	s.want("accounts before she writes", len(s.owner.list("/users?email=dora@other.test")), 0)
	copied := s.got("dora@other.test", "Dora knows.")
	s.want("to", copied.Addresses("To"), "[cara@acme.test]")
	s.want("cc", copied.Addresses("Cc"), "[dora@other.test]")
	s.want("answers go to us", copied.replyTo() != s.got("cara@acme.test", "Dora knows.").replyTo(), true)
	// She answers all: the other customer has it from her, we do not send it on.
	l, outside := replyAll(copied, "Dora <dora@other.test>", "I do.")
	s.want("what leaves us", outside, "[cara@acme.test]")
	s.want("who is mailed", s.sends(func() {
		m := s.file(l)
		s.want("rule", m["rule"], "participant")
		s.want("conversation", m["case_id"], first["case_id"])
	}), "[dora@other.test olga@desk.test]")
	s.want("now she is a customer", s.owner.list("/users?email=dora@other.test")[0]["role"], "CUSTOMER")
	s.want("the requester stays", s.conversation(first["case_id"])["requester"].(object)["email"], "cara@acme.test")
	s.want("verify mail", strings.Contains(s.got("dora@other.test", "/accept/").Field("Subject"), "Confirm"), true)
}
