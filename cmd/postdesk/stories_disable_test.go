package main

import (
	"net/url"
	"strings"
	"testing"
)

// disable and enable by the API, as the owner.
func (s *story) disable(id any) {
	s.t.Helper()
	s.owner.do("POST", path("/users/%v/disable", id), nil)
}

func (s *story) enable(id any) {
	s.t.Helper()
	s.owner.do("POST", path("/users/%v/enable", id), nil)
}

// released waits until a suspended mail that staff let in is filed.
func (s *story) released(m object) object {
	s.t.Helper()
	s.owner.do("POST", path("/mails/%v/release", m["id"]), nil)
	s.eventually("the released mail is filed", func() bool {
		m = s.owner.do("GET", path("/mails/%v", m["id"]), nil)
		return m["status"] == "SUCCESS"
	})
	return m
}

// suspends sends a mail in that must be kept as that of somebody disabled, and be
// answered to nobody.
func (s *story) suspends(what string, l letter) (m object) {
	s.t.Helper()
	s.want("mail because of "+what, s.sends(func() { m = s.file(l) }), "[]")
	s.want(what+" is suspended", m["suspension_code"], "DISABLED_USER")
	return m
}

// shows asks whether a page of the owner says something.
func (s *story) shows(who *browser, page, text string) bool {
	s.t.Helper()
	who.open(page)
	if who.code != 200 {
		s.t.Errorf("%s answers %d", page, who.code)
	}
	return who.says(text)
}

// stays asserts that an address is taken, and by whom, by every way in.
func (s *story) stays(address string, id any) {
	s.t.Helper()
	for way, body := range map[string]object{"/users": {"email": strings.ToUpper(address), "role": "CUSTOMER"},
		"/invites": {"invitees": []object{{"full_name": "Again", "email": address, "role": "AGENT"}}}} {
		code, answer := s.owner.try("POST", way, body)
		s.want("a taken address at "+way, code, 400)
		s.want("why at "+way, strings.Contains(path("%v", answer), "FIELD_DUPLICATE"), true)
	}
	olga := s.signedIn("olga@desk.test")
	olga.open("/agent/users/new")
	olga.submit("/agent/users/new", url.Values{"email": {address}})
	s.want("the form", olga.code, 400)
	s.want("it links to the owner", strings.Contains(olga.text, path(`href="/agent/users/%v"`, id)), true)
}

func TestADisabledCustomerIsShutOutEverywhereAndComesBackWhole(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	first := s.file(letter{From: "Cara Customer <cara@acme.test>", Subject: "My printer", Text: "It does not print."})
	ack := s.got("cara@acme.test", "/accept/")
	id := first["case_id"]
	cara := s.owner.list("/users?email=cara@acme.test")[0]["id"]
	s.stranger().accept(ack.Links()[0])
	caras := s.signedIn("cara@acme.test")
	other := s.file(letter{From: "Cole Other <cole@other.test>", Subject: "My scanner", Text: "It does not scan."})
	s.owner.do("POST", path("/cases/%v/reply", other["case_id"]), object{"contents": "Cara knows.", "cc": []string{"cara@acme.test"}})
	s.got("cara@acme.test", "Cara knows.")
	ask := s.stranger()
	ask.open("/reset")
	ask.submit("/reset", url.Values{"email": {"cara@acme.test"}})
	reset := s.got("cara@acme.test", "new password").Links()[0]

	s.disable(cara)

	// Sessions, sign-in and links.
	caras.open("/conversations")
	s.want("her session leads to", caras.at.Path, "/signin")
	caras.submit("/signin", url.Values{"email": {"cara@acme.test"}, "password": {password}})
	s.want("her password", caras.code, 403)
	late := s.stranger()
	late.open(reset)
	s.want("her reset link", late.code, 410)
	s.want("a reset mails nobody", s.sends(func() {
		ask.open("/reset")
		ask.submit("/reset", url.Values{"email": {"cara@acme.test"}})
		s.want("and says the same", ask.says("a link is on its way"), true)
	}), "[]")

	// No mail to her: as requester, in CC, nor a verification.
	s.want("who gets the answer", s.sends(func() {
		s.owner.do("POST", path("/cases/%v/reply", id), object{"contents": "Are you there?"})
	}), "[]")
	s.want("who gets the other answer", s.sends(func() {
		s.owner.do("POST", path("/cases/%v/reply", other["case_id"]), object{"contents": "Is it on?"})
	}), "[cole@other.test]")
	if code, _ := s.owner.try("POST", path("/cases/%v/participants", other["case_id"]), object{"email": "cara@acme.test"}); code >= 500 {
		t.Errorf("CC of the disabled: %d", code)
	}

	// Mail from her is kept, whatever it holds.
	answered := s.suspends("an answer by her token", answer(ack, "cara@acme.test", "Two."))
	s.suspends("an answer by its thread", onlyThread(ack, "cara@acme.test", "Three."))
	fresh := s.suspends("a new mail", letter{From: "CARA@Acme.test", Text: "Four."})
	s.want("the conversation stays as it was", len(s.posts(id, "MESSAGE")), 2)

	// Her name says so, to staff.
	olga := s.signedIn("olga@desk.test")
	for _, page := range []string{"/agent", path("/agent/conversations/%v", id), path("/agent/conversations/%v", other["case_id"]), path("/agent/users/%v", cara),
		"/agent/users", "/agent/suspended", "/admin/mail", path("/admin/mail/%v", first["id"]), path("/agent/suspended/%v", fresh["id"])} {
		s.want(page+" calls her disabled", s.shows(olga, page, "Cara Customer (Disabled)"), true)
	}
	s.want("the API", s.conversation(id)["requester"].(object)["is_enabled"], false)
	s.want("her name in the API", s.conversation(id)["requester"].(object)["full_name"], "Cara Customer")
	s.want("the suggestion", s.owner.list("/autocomplete/emails?query=cara")[0]["is_enabled"], false)
	s.stays("cara@acme.test", cara)

	s.enable(cara)

	s.want("where the old password leads", s.signedIn("cara@acme.test").at.Path, "/conversations")
	caras.open("/conversations")
	s.want("the old session stays dead", caras.at.Path, "/signin")
	late.open(reset)
	s.want("the old link stays dead", late.code, 410)
	s.want("her name", s.shows(olga, path("/agent/conversations/%v", id), "(Disabled)"), false)
	// What was kept can be let in, and her token, dead as it is, leaves the thread.
	s.want("rule of what was kept", s.released(fresh)["rule"], "new")
	s.want("the kept answer belongs to", s.released(answered)["case_id"], id)
	s.want("an answer in the thread", s.file(onlyThread(ack, "cara@acme.test", "Five."))["case_id"], id)
	s.owner.do("POST", path("/cases/%v/reply", id), object{"contents": "Welcome back."})
	s.want("an answer by a new token", s.file(onlyToken(s.got("cara@acme.test", "Welcome back."), "cara@acme.test", "Six."))["case_id"], id)
	s.want("nothing of the time was mailed later", len(s.outbox("cara@acme.test")), 4)
	for _, m := range s.sink.Messages() {
		if strings.Contains(string(m.Raw), "(Disabled)") {
			t.Errorf("a mail calls somebody disabled:\n%s", m.Raw)
		}
	}
}

func TestADisabledCollaboratorHearsAndSaysNothing(t *testing.T) {
	t.Parallel()
	s, mia, id, copied := withMia(t)
	mias := s.signedIn("mia@partner.test")
	s.owner.do("POST", path("/cases/%v/notes", id), object{"contents": "@Mia Meyer is it the fuser?"})
	mentioned := s.got("mia@partner.test", "mentioned you")

	s.disable(mia.id)

	mias.open("/agent")
	s.want("her session leads to", mias.at.Path, "/signin")
	code, _ := mia.try("GET", "/me", nil)
	s.want("her API token", code, 401)
	s.want("who gets the next answer", s.sends(func() {
		s.owner.do("POST", path("/cases/%v/reply", id), object{"contents": "We look at it."})
	}), "[cara@acme.test]")
	// A mention of her finds nobody, by page and by API.
	olga := s.signedIn("olga@desk.test")
	s.want("who hears of the mention", s.sends(func() {
		s.owner.try("POST", path("/cases/%v/notes", id), object{"contents": "@Mia Meyer are you there?"})
	}), "[]")
	s.want("the page names her among those who can be mentioned", s.shows(olga, path("/agent/conversations/%v", id), "@Mia Meyer,") || olga.says("@Mia Meyer."), false)
	kept := s.suspends("an answer by her token", answer(copied, "mia@partner.test", "kanarienvogel"))
	s.suspends("an answer to the mention", answer(mentioned, "mia@partner.test", "kanarienvogel too"))
	s.suspends("a mail of her own", letter{From: "mia@partner.test", Text: "kanarienvogel three"})
	s.want("her name in CC", s.shows(olga, path("/agent/conversations/%v", id), "Mia Meyer (Disabled)"), true)
	s.want("the directory", s.shows(olga, "/admin/directory", "Mia Meyer (Disabled)"), true)
	s.stays("mia@partner.test", mia.id)

	s.enable(mia.id)

	s.want("where the old password leads", s.signedIn("mia@partner.test").at.Path, "/agent")
	code, _ = mia.try("GET", "/me", nil)
	s.want("the old API token stays dead", code, 401)
	s.want("what was kept is a note", s.released(kept)["rule"], "collaborator")
	s.want("who gets the next answer", s.sends(func() {
		s.owner.do("POST", path("/cases/%v/reply", id), object{"contents": "Still at it."})
	}), "[cara@acme.test mia@partner.test]")
	s.want("an answer in the old thread", s.file(onlyThread(copied, "mia@partner.test", "goldammer"))["rule"], "collaborator")
	s.staysInside("kanarienvogel", "goldammer")
}

func TestADisabledAgentsConversationsFallToOthers(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	abe, bob := s.person("agent", "abe@desk.test", "Abe Agent"), s.person("agent", "bob@desk.test", "Bob Agent")
	team := s.owner.do("POST", "/teams", object{"title": "Printers", "member_ids": []int64{number(t, abe.id), number(t, bob.id)}})
	m := s.file(letter{From: "Cara Customer <cara@acme.test>", Subject: "My printer", Text: "It does not print."})
	id, ack := m["case_id"], s.got("cara@acme.test", "has reached us")
	s.stranger().accept(ack.Links()[0])
	s.owner.do("PUT", path("/cases/%v", id), object{"assigned_agent_id": number(t, abe.id)})
	s.file(answer(ack, "cara@acme.test", "Not at all."))
	notice := s.got("abe@desk.test", "Not at all.")
	abe.do("POST", path("/cases/%v/reply", id), object{"contents": "Is it on?"})
	mia, abes := s.person("collaborator", "mia@partner.test", "Mia Meyer"), s.signedIn("abe@desk.test")
	s.aMinutePasses()

	s.disable(abe.id)

	abes.open("/agent")
	s.want("his session leads to", abes.at.Path, "/signin")
	code, _ := abe.try("POST", path("/cases/%v/reply", id), object{"contents": "Still here."})
	s.want("his API token", code, 401)
	kept := s.suspends("an answer to his notice", answer(notice, "abe@desk.test", "kanarienvogel"))

	// His conversation does not sleep: owners hear of it, or the team does.
	olga := s.signedIn("olga@desk.test")
	s.want("who hears of a note", s.sends(func() { mia.do("POST", path("/cases/%v/notes", id), object{"contents": "kanarienvogel?"}) }), "[olga@desk.test]")
	s.want("it stands among the unassigned", s.shows(olga, "/agent?view=unassigned", "with Abe Agent (Disabled)"), true)
	s.want("its page says who hears", s.shows(olga, path("/agent/conversations/%v", id), "owners and admins hear of what happens here"), true)
	s.owner.do("PUT", path("/cases/%v", id), object{"assigned_team_id": team["id"]})
	s.want("who hears of it in a team", s.sends(func() { s.file(answer(ack, "cara@acme.test", "Anybody?")) }), "[bob@desk.test]")
	s.disable(bob.id)
	s.want("who hears of it in a team of the disabled", s.sends(func() { s.file(answer(ack, "cara@acme.test", "Nobody?")) }), "[olga@desk.test]")
	s.enable(bob.id)

	// Nobody can give him anything; his words keep his name.
	fresh := s.file(letter{From: "cole@other.test", Subject: "My scanner", Text: "It does not scan."})
	code, _ = s.owner.try("PUT", path("/cases/%v", fresh["case_id"]), object{"assigned_agent_id": number(t, abe.id)})
	s.want("to assign him", code, 400)
	olga.open(path("/agent/conversations/%v", fresh["case_id"]))
	s.want("he can be picked", olga.says("Abe Agent"), false)
	s.want("his name in the timeline", s.shows(olga, path("/agent/conversations/%v", id), "Abe Agent (Disabled)"), true)
	s.want("his team", s.shows(olga, path("/admin/teams/%v", team["id"]), "Abe Agent (Disabled)"), true)

	// To the customer, his state is nobody's business.
	caras := s.signedIn("cara@acme.test")
	s.want("the customer reads his name", s.shows(caras, path("/conversations/%v", id), "Abe Agent"), true)
	s.want("and no more of it", caras.says("Disabled"), false)
	bobs := s.signedIn("bob@desk.test")
	bobs.open(path("/agent/conversations/%v", id))
	bobs.submit(path("/agent/conversations/%v/reply", id), url.Values{"contents": {"I took over."}, "do": {"send"}})
	quoted := s.got("cara@acme.test", "I took over.")
	s.want("the quote names him", strings.Contains(quoted.all(), "Abe Agent wrote:"), true)
	s.want("and no more of it by mail", strings.Contains(quoted.all(), "Disabled"), false)
	s.want("who replied has it now", s.conversation(id)["assigned_agent"].(object)["email"], "bob@desk.test")

	s.enable(abe.id)

	s.want("where the old password leads", s.signedIn("abe@desk.test").at.Path, "/agent")
	s.want("what was kept is a draft, for his token died", s.released(kept)["rule"], "staff_draft")
	s.staysInside("kanarienvogel")
}

func TestMailThatWaitsForTheDisabledNeverLeaves(t *testing.T) {
	t.Parallel()
	s := newStory(t, func(set *settings) { set.HoldOutbox = true })
	first := s.file(letter{From: "cara@acme.test", Text: "One."})
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Two.", "cc": []string{"bare@other.test"}})
	s.quiet()
	cara := s.owner.list("/users?email=cara@acme.test")[0]["id"]
	// A second one waits as bytes for an address that had no account yet.
	s.file(letter{From: "bare@other.test", Text: "I am here, too."})
	bare := s.owner.list("/users?email=bare@other.test")[0]["id"]
	s.quiet()
	s.disable(cara)
	s.disable(bare)
	for _, d := range s.owner.list("/deliveries") {
		if to := d["recipient"]; to != "cara@acme.test" && to != "bare@other.test" {
			continue
		}
		s.want(path("%v to %v", d["purpose"], d["recipient"]), d["state"], "FAILED")
		for _, act := range []string{"send", "retry"} {
			code, _ := s.owner.try("POST", path("/deliveries/%v/"+act, d["id"]), nil)
			s.want(path("to %v a mail to the disabled", act), code, 409)
		}
	}
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Three."})
	s.quiet()
	s.want("what is made for them now", s.count(`select count(*) from deliveries where state <> 'failed' and recipient in ('cara@acme.test', 'bare@other.test')`), 0)
	s.enable(cara)
	s.quiet()
	s.want("mails that left", len(s.sink.Messages()), 0)
}

func TestNobodyShutsThemselvesOutNorTheLastOwner(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	ada, second := s.person("admin", "ada@desk.test", "Ada Admin"), s.person("owner", "otto@desk.test", "Otto Owner")
	for _, who := range []client{s.owner, ada} {
		code, _ := who.try("POST", path("/users/%v/disable", who.id), nil)
		s.want("to disable oneself as "+who.email, code, 403)
	}
	code, _ := ada.try("POST", path("/users/%v/disable", second.id), nil)
	s.want("an admin disables an owner", code, 403)
	s.disable(second.id)
	s.want("the last owner is", s.owner.do("GET", "/me", nil)["is_enabled"], true)
}

func TestDisablingAnInviteeRevokesTheInvite(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.owner.do("POST", "/invites", object{"invitees": []object{{"full_name": "Ina Invited", "email": "ina@desk.test", "role": "AGENT"}}})
	link := s.got("ina@desk.test", "invited").Links()[0]
	ina := s.owner.list("/users?email=ina@desk.test")[0]
	olga := s.signedIn("olga@desk.test")
	s.want("an invitee is called disabled", s.shows(olga, path("/agent/users/%v", ina["id"]), "(Disabled)"), false)
	s.disable(ina["id"])
	late := s.stranger()
	late.open(link)
	s.want("the invite", late.code, 410)
	s.want("her name", s.shows(olga, path("/agent/users/%v", ina["id"]), "Ina Invited (Disabled)"), true)
	s.want("no invite waits", s.owner.do("GET", path("/users/%v", ina["id"]), nil)["invited_at"], nil)
	s.stays("ina@desk.test", ina["id"])
}
