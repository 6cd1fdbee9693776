package main

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
)

func TestACollaboratorsFilesAreNotForCustomers(t *testing.T) {
	t.Parallel()
	s, _, id, copied := withMia(t)
	m := s.filed(s.raw("mia@partner.test", []string{copied.replyTo()}, "From: mia@partner.test", "To: "+copied.replyTo(), "Subject: Re: My printer",
		"MIME-Version: 1.0", `Content-Type: multipart/mixed; boundary="b"`, "",
		"--b", "Content-Type: text/html", "", "<p>kanarienvogel</p>",
		"--b", "Content-Type: text/plain; name=secret.txt", "Content-Disposition: attachment; filename=secret.txt", "Content-Transfer-Encoding: base64", "",
		base64.StdEncoding.EncodeToString([]byte("nachtigall")), "--b--"))
	s.want("rule", m["rule"], "collaborator")
	attachment := s.posts(id, "NOTE")[0]["attachments"].([]any)[0].(object)

	olga := s.signedIn("olga@desk.test")
	olga.open(path("/files/%v", attachment["id"]))
	s.want("staff read it", olga.text, "nachtigall")
	olga.open(path("/frame/conversations/%v/%v", id, m["id"]))
	s.want("staff see the mail", olga.says("kanarienvogel"), true)

	browser := s.stranger()
	browser.accept(s.got("cara@acme.test", "/accept/").Links()[0])
	for _, page := range []string{path("/files/%v", attachment["id"]), path("/frame/conversations/%v/%v", id, m["id"]), path("/frame/mail/%v", m["id"]),
		path("/admin/mail/%v/source", m["id"]), path("/agent/conversations/%v", id)} {
		browser.open(page)
		if browser.code != 404 && browser.code != 403 || browser.says("kanarienvogel") || strings.Contains(browser.text, "nachtigall") {
			t.Errorf("%s answers the customer %d: %s", page, browser.code, browser.text)
		}
	}
	cara := client{s: s, email: "cara@acme.test", token: s.token("cara@acme.test")}
	for _, p := range cara.list(path("/cases/%v/posts", id)) {
		s.want("type that the customer's program sees", p["type"], "MESSAGE")
	}
	for _, what := range []string{"/mails", path("/mails/%v/source", m["id"]), "/deliveries", "/users", path("/users/%v/notes", 1)} {
		if code, o := cara.try("GET", what, nil); code != 403 && code != 404 {
			t.Errorf("GET %s answers the customer %d: %v", what, code, o)
		}
	}
	s.staysInside("kanarienvogel", "nachtigall", "secret.txt")
}

func TestAnotherRequesterOrAnotherConversationMakesNoWordsPublic(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	cara := s.file(letter{From: "cara@acme.test", Subject: "One", Text: "nachtigall"})
	cole := s.file(letter{From: "cole@other.test", Subject: "Two", Text: "Zaunkönig"})
	s.owner.do("POST", path("/cases/%v/merge", cara["case_id"]), object{"case_ids": []any{cole["case_id"]}})
	s.owner.do("POST", path("/cases/%v/reply", cara["case_id"]), object{"contents": "Drossel."})
	reply := s.got("cara@acme.test", "Drossel.")
	s.want("Cara reads Cole's words", strings.Contains(reply.all(), "Zaunkönig"), false)
	s.want("Cole hears of Cara's", len(s.outbox("cole@other.test")), 1)

	// Now it is Cole's: what only Cara could read is private from here on.
	dora := s.file(letter{From: "dora@other.test", Subject: "Three", Text: "Goldammer"})
	user := s.owner.list("/users?email=cole@other.test")[0]
	s.owner.do("PUT", path("/cases/%v", dora["case_id"]), object{"requester_id": user["id"]})
	s.owner.do("POST", path("/cases/%v/reply", dora["case_id"]), object{"contents": "Dear Cole."})
	s.want("Cole reads Dora's words", strings.Contains(s.got("cole@other.test", "Dear Cole.").all(), "Goldammer"), false)
	s.want("Dora gets it", strings.Contains(path("%v", s.outbox("dora@other.test")), "Dear Cole."), false)
	s.want("her words are a note", strings.TrimSpace(s.posts(dora["case_id"], "NOTE")[0]["contents"].(string)), "Goldammer")
}

func TestNoTokenOfOnePersonTravelsToAnother(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.person("collaborator", "mia@partner.test", "Mia Meyer")
	s.file(letter{From: "cara@acme.test", Text: "One."})
	token := strings.TrimPrefix(strings.TrimSuffix(s.got("cara@acme.test", "has reached us").replyTo(), "@desk.test"), "support+")
	again := s.file(letter{From: "cara@acme.test", Subject: "Fwd: support+" + token + "@desk.test",
		Text: "I wrote to support+" + token + "@desk.test and to SUPPORT+" + strings.ToUpper(token) + "@DESK.TEST, id <" + token + ".x@desk.test>. Zaunkönig."})
	s.owner.do("POST", path("/cases/%v/reply", again["case_id"]), object{"contents": "You wrote to support+" + token + "@desk.test.",
		"cc": []string{"mia@partner.test", "dora@other.test"}})
	s.got("dora@other.test", "Zaunkönig")
	s.got("mia@partner.test", "Zaunkönig")
	s.quiet()
	for _, address := range []string{"dora@other.test", "mia@partner.test", "olga@desk.test"} {
		for _, m := range s.outbox(address) {
			if strings.Contains(strings.ToLower(m.all()), token) {
				t.Errorf("%s gets Cara's token:\n%s", address, m.all())
			}
		}
	}
}

func TestAReleasedMailIsFiledOnceAndAnsweredToNobody(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	organization := s.owner.do("POST", "/organizations", object{"name": "Strict", "domains": []string{"strict.test"}})
	forged := s.file(letter{From: "sue@strict.test", Subject: "My scanner", Text: "It does not scan."})
	badFrom := s.filed(s.raw("cole@other.test", []string{"support@desk.test"}, "From: cole@other.test, eve@other.test", "Subject: Two of us", "", "Whose is it?"))
	looping := s.file(letter{From: "support@desk.test", Text: "I am you."})
	s.want("suspended", len(s.owner.list("/mails?is_suspended=true")), 3)

	olga := s.signedIn("olga@desk.test")
	olga.open("/agent/suspended")
	s.want("the page lists it", olga.says("My scanner") && olga.says("sue@strict.test"), true)
	s.want("who is mailed because of the release", s.sends(func() {
		olga.submit("/agent/suspended", url.Values{"id": {path("%v", forged["id"])}, "do": {"release"}})
		s.eventually("the released mail is filed", func() bool {
			forged = s.owner.do("GET", path("/mails/%v", forged["id"]), nil)
			return forged["status"] == "SUCCESS"
		})
	}), "[olga@desk.test]")
	s.want("rule", forged["rule"], "new")
	post := s.posts(forged["case_id"])[0]
	s.want("the label stays", strings.Contains(path("%v", post["warnings"]), "did not send this"), true)
	s.want("it is not verified", post["is_verified"], false)
	if users := s.owner.list("/users?email=sue@strict.test"); len(users) != 1 || users[0]["organization_id"] == organization["id"] {
		t.Errorf("the customer is %v", users)
	}
	code, _ := s.owner.try("POST", path("/mails/%v/release", forged["id"]), nil)
	s.want("a second release", code, 409)

	// Whose a mail without one author is, staff must say.
	if code, _ = s.owner.try("POST", path("/mails/%v/release", badFrom["id"]), nil); code < 400 {
		t.Errorf("it was released without a requester: %d", code)
	}
	s.want("who is mailed because of it", s.sends(func() {
		s.owner.do("POST", path("/mails/%v/release", badFrom["id"]), object{"requester": "cole@other.test"})
		s.eventually("it is filed", func() bool {
			badFrom = s.owner.do("GET", path("/mails/%v", badFrom["id"]), nil)
			return badFrom["status"] == "SUCCESS"
		})
	}), "[olga@desk.test]")
	s.want("requester", s.conversation(badFrom["case_id"])["requester"].(object)["email"], "cole@other.test")
	if code, _ = s.owner.try("POST", path("/mails/%v/release", looping["id"]), nil); code < 400 {
		t.Errorf("our own mail was released: %d", code)
	}
}

func TestACollaboratorsMailFromBeforeTheyWereEnabledBecomesANote(t *testing.T) {
	t.Parallel()
	s, mia, id, copied := withMia(t)
	s.owner.do("POST", path("/users/%v/disable", mia.id), nil)
	s.want("who gets the next reply", s.sends(func() {
		s.owner.do("POST", path("/cases/%v/reply", id), object{"contents": "Goldammer."})
	}), "[cara@acme.test]")
	m := s.file(onlyThread(copied, "mia@partner.test", "kanarienvogel"))
	s.want("why", m["suspension_code"], "DISABLED_USER")
	s.owner.do("POST", path("/users/%v/enable", mia.id), nil)
	s.owner.do("POST", path("/mails/%v/release", m["id"]), nil)
	s.eventually("it is filed", func() bool {
		m = s.owner.do("GET", path("/mails/%v", m["id"]), nil)
		return m["status"] == "SUCCESS"
	})
	s.want("rule", m["rule"], "collaborator")
	s.want("conversation", m["case_id"], id)
	s.staysInside("kanarienvogel")
}

func TestAnAnswerToAConversationInTheTrashOpensAnother(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	first := s.file(letter{From: "cara@acme.test", Text: "One."})
	ack := s.got("cara@acme.test", "has reached us")
	olga := s.signedIn("olga@desk.test")
	olga.open(path("/agent/conversations/%v", first["case_id"]))
	olga.submit(path("/agent/conversations/%v/trash", first["case_id"]), nil)
	m := s.file(answer(ack, "cara@acme.test", "Two."))
	s.want("rule", m["rule"], "elsewhere")
	s.want("link", s.links(m["case_id"]), path("[MAY_BELONG %v]", first["case_id"]))
	s.want("messages in the trash", len(s.posts(first["case_id"], "MESSAGE")), 1)
}
