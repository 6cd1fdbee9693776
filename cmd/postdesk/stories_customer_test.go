package main

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestFirstContactMakesACustomerAndAConversation(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	m := s.file(letter{From: "Cara Customer <cara@acme.test>", Subject: "My printer", Text: "It does not print."})
	s.want("status", m["status"], "SUCCESS")
	s.want("rule", m["rule"], "new")
	s.want("origin", m["origin"], "PROVEN")

	users := s.owner.list("/users?email=cara@acme.test")
	s.want("customers", len(users), 1)
	s.want("name", users[0]["full_name"], "Cara Customer")
	s.want("role", users[0]["role"], "CUSTOMER")
	c := s.conversation(m["case_id"])
	s.want("subject", c["subject"], "My printer")
	s.want("status", c["status"], "NEW")
	posts := s.posts(m["case_id"])
	s.want("posts", len(posts), 1)
	s.want("text", posts[0]["contents"], "It does not print.")

	s.quiet()
	s.want("one automatic mail", len(s.outbox("cara@acme.test")), 1)
	s.want("told as automatic", s.outbox("cara@acme.test")[0].Field("Auto-Submitted"), "auto-replied")
}

func TestAPersonAtACompanysDomainJoinsItsOrganization(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	acme := s.owner.do("POST", "/organizations", object{"name": "Acme", "domains": []string{"acme.test", "unproven.test"}})
	s.file(letter{From: "cara@acme.test", Text: "Hello."})
	s.want("organization", s.owner.list("/users?email=cara@acme.test")[0]["organization_id"], acme["id"])
	// Who only says so joins nothing.
	s.file(letter{From: "carl@unproven.test", Text: "Hello."})
	s.want("organization of the unproven", s.owner.list("/users?email=carl@unproven.test")[0]["organization_id"], nil)
	s.file(letter{From: "pat@partner.test", Text: "Hello."})
	s.want("organization of another domain", s.owner.list("/users?email=pat@partner.test")[0]["organization_id"], nil)
}

func TestASecondMailInTheThreadIsAddedByTokenAndByReferencesAlone(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	first := s.file(letter{From: "cara@acme.test", Text: "One."})
	ack := s.got("cara@acme.test", "has reached us")
	byToken := s.file(onlyToken(ack, "cara@acme.test", "Two."))
	s.want("rule by token", byToken["rule"], "requester")
	s.want("conversation by token", byToken["case_id"], first["case_id"])
	byThread := s.file(onlyThread(ack, "cara@acme.test", "Three."))
	s.want("rule by References", byThread["rule"], "requester")
	s.want("conversation by References", byThread["case_id"], first["case_id"])
	// Their own first mail is enough, too.
	own := s.file(letter{From: "cara@acme.test", Headers: []string{"References: <" + first["message_id"].(string) + ">"}, Text: "Four."})
	s.want("conversation by their own id", own["case_id"], first["case_id"])

	posts := s.posts(first["case_id"], "MESSAGE")
	s.want("messages", len(posts), 4)
	for i, text := range []string{"One.", "Two.", "Three.", "Four."} {
		s.want("text", strings.TrimSpace(posts[i]["contents"].(string)), text)
	}
	s.quiet()
	s.want("automatic mails", len(s.outbox("cara@acme.test")), 1)
}

func TestAReplyFromThePanelReachesTheCustomerAndTheirAnswerComesBack(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.person("agent", "abe@desk.test", "Abe Agent")
	first := s.file(letter{From: "cara@acme.test", Subject: "My printer", Text: "It does not print."})
	s.quiet()

	abe := s.signedIn("abe@desk.test")
	abe.open(path("/agent/conversations/%v", first["case_id"]))
	s.want("the page shows the mail", abe.says("It does not print."), true)
	abe.submit(path("/agent/conversations/%v/reply", first["case_id"]), url.Values{"contents": {"Is it switched on?"}, "do": {"send"}})
	s.want("after the reply", abe.code, 200)

	reply := s.got("cara@acme.test", "Is it switched on?")
	s.want("from", reply.Addresses("From"), "[support@desk.test]")
	s.want("to", reply.Addresses("To"), "[cara@acme.test]")
	s.want("an agent's words are not automatic", reply.Field("Auto-Submitted"), "")
	s.want("the agent's address stays inside", strings.Contains(reply.all(), "abe@desk.test"), false)
	s.want("status", s.conversation(first["case_id"])["status"], "OPEN")
	s.want("assignee", s.conversation(first["case_id"])["assigned_agent"].(object)["email"], "abe@desk.test")

	s.owner.do("PUT", path("/cases/%v", first["case_id"]), object{"status": "PENDING"})
	back := s.file(answer(reply, "cara@acme.test", "Now it is."))
	s.want("rule", back["rule"], "requester")
	s.want("conversation", back["case_id"], first["case_id"])
	s.want("status after the answer", s.conversation(first["case_id"])["status"], "OPEN")
	notice := s.got("abe@desk.test", "Now it is.")
	s.want("the agent is told", notice.Addresses("To"), "[abe@desk.test]")
	abe.open(path("/agent/conversations/%v", first["case_id"]))
	s.want("the page shows the answer", abe.says("Now it is."), true)
}

func TestEqualSubjectsFromTwoPeopleAreTwoConversations(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	cara := s.file(letter{From: "cara@acme.test", Subject: "Help", Text: "Mine."})
	cole := s.file(letter{From: "cole@acme.test", Subject: "Re: Help", Text: "Mine too."})
	again := s.file(letter{From: "cara@acme.test", Subject: "Re: Help", Text: "Another matter."})
	s.want("rules", fmt.Sprint(cara["rule"], cole["rule"], again["rule"]), "newnewnew")
	s.want("conversations", len(s.owner.list("/cases")), 3)
	s.want("links", s.links(cole["case_id"]), "[]")
}

func TestAMailToAClosedConversationOpensAFollowUp(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	first := s.file(letter{From: "cara@acme.test", Subject: "My printer", Text: "It does not print."})
	ack := s.got("cara@acme.test", "has reached us")
	s.owner.do("PUT", path("/cases/%v", first["case_id"]), object{"status": "CLOSED"})
	before := len(s.posts(first["case_id"], "MESSAGE", "NOTE"))

	next := s.file(answer(ack, "cara@acme.test", "It stopped again."))
	s.want("rule", next["rule"], "elsewhere")
	if next["case_id"] == first["case_id"] {
		t.Fatal("the answer went to the closed conversation")
	}
	s.want("link of the new one", s.links(next["case_id"]), path("[FOLLOW_UP %v]", first["case_id"]))
	s.want("link of the old one", s.links(first["case_id"]), path("[FOLLOW_UP %v]", next["case_id"]))
	s.want("status of the old one", s.conversation(first["case_id"])["status"], "CLOSED")
	s.want("words in the old one", len(s.posts(first["case_id"], "MESSAGE", "NOTE")), before)
	s.want("requester", s.conversation(next["case_id"])["requester"].(object)["email"], "cara@acme.test")
}

func TestAttachmentsAndNonASCIISurviveBothWays(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.person("agent", "abe@desk.test", "Ægir Ångström")
	content := "\x00\x01\xff binary \r\n.\r\n ümläut"
	id := s.raw("zoe@acme.test", []string{"support@desk.test"},
		"From: =?utf-8?q?Zo=C3=AB_M=C3=BCller?= <zoe@acme.test>", "To: support@desk.test",
		"Subject: =?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte("Drucker läuft nicht — 印刷"))+"?=",
		"MIME-Version: 1.0", `Content-Type: multipart/mixed; boundary="b"`, "",
		"--b", "Content-Type: text/plain; charset=iso-8859-1", "Content-Transfer-Encoding: quoted-printable", "", "Gr=FC=DFe aus K=F6ln", "",
		"--b", "Content-Type: application/octet-stream", "Content-Transfer-Encoding: base64",
		"Content-Disposition: attachment; filename*=utf-8''%E8%AB%8B%E6%B1%82%E6%9B%B8%20%C3%BC.pdf", "",
		base64.StdEncoding.EncodeToString([]byte(content)), "--b--")
	m := s.filed(id)
	s.want("name", s.owner.list("/users?email=zoe@acme.test")[0]["full_name"], "Zoë Müller")
	s.want("subject", s.conversation(m["case_id"])["subject"], "Drucker läuft nicht — 印刷")
	post := s.posts(m["case_id"])[0]
	s.want("text", strings.TrimSpace(post["contents"].(string)), "Grüße aus Köln")
	attachment := post["attachments"].([]any)[0].(object)
	s.want("file name", attachment["filename"], "請求書 ü.pdf")
	s.want("size", attachment["size"], len(content))

	abe := s.signedIn("abe@desk.test")
	abe.open(path("/files/%v", attachment["id"]))
	s.want("content", abe.text, content)

	abe.open(path("/agent/conversations/%v", m["case_id"]))
	abe.submit(path("/agent/conversations/%v/reply", m["case_id"]), url.Values{"contents": {"Schöne Grüße, 日本\n.\nEnde"}, "do": {"send"}},
		file{"files", "Lösung 解.bin", content})
	reply := s.got("zoe@acme.test", "Schöne Grüße, 日本")
	s.want("the line with a dot stays", strings.Contains(reply.Text, "日本\n.\nEnde"), true)
	s.want("subject of the reply", reply.Field("Subject"), "Re: Drucker läuft nicht — 印刷")
	s.want("files of the reply", len(reply.Attachments), 1)
	s.want("file name of the reply", reply.Attachments[0].Filename, "Lösung 解.bin")
	s.want("content of the reply", string(reply.Attachments[0].Content), content)
	back := s.file(answer(reply, "zoe@acme.test", "Dankeschön, 谢谢"))
	s.want("conversation", back["case_id"], m["case_id"])
	posts := s.posts(m["case_id"], "MESSAGE")
	s.want("text of the answer", strings.TrimSpace(posts[len(posts)-1]["contents"].(string)), "Dankeschön, 谢谢")
}

func TestADisabledCustomersMailIsSuspendedAndTheirConversationsStay(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	first := s.file(letter{From: "cara@acme.test", Text: "One."})
	ack := s.got("cara@acme.test", "has reached us")
	cara := s.owner.list("/users?email=cara@acme.test")[0]
	s.owner.do("POST", path("/users/%v/disable", cara["id"]), nil)

	var answered, fresh object
	s.want("mail because of it", s.sends(func() {
		answered = s.file(answer(ack, "cara@acme.test", "Two."))
		fresh = s.file(letter{From: "CARA@acme.test", Text: "Three."})
	}), "[]")
	for _, m := range []object{answered, fresh} {
		s.want("status", m["status"], "SUSPENDED")
		s.want("why", m["suspension_code"], "DISABLED_USER")
	}
	s.want("the conversation stays as it was", len(s.posts(first["case_id"], "MESSAGE")), 1)
	s.want("nothing is mailed to them", s.sends(func() {
		s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Are you there?"})
	}), "[]")

	// Once enabled, what was kept can be let in.
	s.owner.do("POST", path("/users/%v/enable", cara["id"]), nil)
	s.owner.do("POST", path("/mails/%v/release", fresh["id"]), nil)
	m := s.filed(fresh["message_id"].(string))
	s.eventually("the released mail is filed", func() bool {
		m = s.owner.do("GET", path("/mails/%v", fresh["id"]), nil)
		return m["status"] == "SUCCESS"
	})
	s.want("rule after release", m["rule"], "new")
	status, _ := s.owner.try("POST", path("/mails/%v/release", fresh["id"]), nil)
	s.want("a second release", status, 409)
}

func TestAVacationAnswerNeitherLoopsNorReopens(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	first := s.file(letter{From: "cara@acme.test", Text: "One."})
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Done.", "status": "COMPLETED"})
	reply := s.got("cara@acme.test", "Done.")
	for _, status := range []string{"COMPLETED", "PENDING", "CLOSED"} {
		s.owner.do("PUT", path("/cases/%v", first["case_id"]), object{"status": status})
		s.want("mail because of it", s.sends(func() {
			vacation := answer(reply, "cara@acme.test", "I am away until Monday.")
			vacation.EnvelopeFrom = "<>"
			vacation.Headers = append(vacation.Headers, "Auto-Submitted: auto-replied (vacation)")
			m := s.file(vacation)
			s.want("rule", m["rule"], "auto_reply")
			s.want("conversation", m["case_id"], first["case_id"])
		}), "[]")
		s.want("status", s.conversation(first["case_id"])["status"], status)
	}
	s.want("messages and notes", len(s.posts(first["case_id"], "MESSAGE", "NOTE")), 2)

	// One without any mark, seconds after our acknowledgement, and one to nothing of theirs.
	s.want("mail because of it", s.sends(func() {
		bare := answer(reply, "cara@acme.test", "Ich bin nicht im Haus.")
		bare.Subject, bare.EnvelopeFrom = "Abwesenheitsnotiz: Re: A question", "<>"
		s.want("rule of one without marks", s.file(bare)["rule"], "auto_reply")
		stranger := answer(reply, "eve@other.test", "I am away.")
		stranger.Headers = append(stranger.Headers, "Auto-Submitted: auto-replied")
		m := s.file(stranger)
		s.want("status of a stranger's", m["status"], "SUSPENDED")
		s.want("why", m["suspension_code"], "AUTO_REPLY")
	}), "[]")
	s.want("customers", len(s.owner.list("/users?role=customer")), 1)
}
