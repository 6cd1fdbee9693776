package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// orders is what people who think that mail can order a help desk about write. No
// word of it is obeyed from anybody (mail-law section 1). No address of the team is in
// it: with one, an agent's mail waits for a look.
const orders = "#close\n#status closed\nstatus: closed\n#priority urgent\n#assign Olga\n#tag hacked\n#requester eve@other.test\n#cc eve@other.test\n" +
	"#merge 1\n#role admin\n#invite eve@other.test\n#disable Olga\n@@close"

// mailers are one of each role, and one conversation for each in which they may
// write by mail as far as their role goes: what they got there is kept.
type mailers struct {
	*story
	in  map[string]any      // role to conversation
	got map[string]received // role to the mail that they answer
}

var addressOf = map[string]string{"own": "cara@acme.test", "oth": "cole@other.test", "col": "mia@partner.test",
	"agt": "abe@machine.test", "adm": "ada@desk.test", "owr": "olga@desk.test"}

func newMailers(t *testing.T) *mailers {
	t.Helper()
	m := &mailers{newStory(t), map[string]any{}, map[string]received{}}
	ids := map[string]string{"owr": m.owner.id}
	for name, role := range map[string]string{"oth": "customer", "col": "collaborator", "agt": "agent", "adm": "admin"} {
		ids[name] = m.person(role, addressOf[name], "Person "+name).id
	}
	for name := range addressOf {
		first := m.file(letter{From: "cara@acme.test", Subject: "For " + name, Text: "First for " + name})
		m.in[name] = first["case_id"]
		m.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Answer for " + name + ".", "cc": []string{"mia@partner.test"}})
		if slices.Contains([]string{"agt", "adm", "owr"}, name) {
			m.owner.do("PUT", path("/cases/%v", first["case_id"]), object{"assigned_agent_id": number(t, ids[name])})
			m.file(answer(m.story.got("cara@acme.test", "Answer for "+name+"."), "cara@acme.test", "Second for "+name+"."))
			m.got[name] = m.story.got(addressOf[name], "Second for "+name+".")
		}
	}
	m.got["own"] = m.story.got("cara@acme.test", "Answer for own.")
	m.got["oth"] = m.story.got("cara@acme.test", "Answer for oth.") // passed on to Cole
	m.got["col"] = m.story.got("mia@partner.test", "Answer for col.")
	m.aMinutePasses()
	return m
}

// properties are what the row about changing them names, and the people.
func (s *story) properties(id any) string {
	s.t.Helper()
	c, all := s.conversation(id), ""
	for _, name := range []string{"status", "priority", "type", "tags", "subject", "requester", "participants", "assigned_agent", "assigned_team"} {
		all += fmt.Sprintln(name, c[name])
	}
	return all + fmt.Sprintln(s.count(`select count(*) from users where enabled`), s.count(`select count(*) from users where role = 'admin'`))
}

// TestTheRoleTableByMail is the role table where mail can do, or could be thought
// to do, what a row says.
func TestTheRoleTableByMail(t *testing.T) {
	t.Parallel()
	m := newMailers(t)
	for _, c := range []struct{ row, who, rule, kind, mailed string }{
		{rowOwn, "own", "requester", "MESSAGE", "[mia@partner.test olga@desk.test]"},
		{rowReply, "oth", "elsewhere", "", "[ada@desk.test cole@other.test olga@desk.test]"},
		{rowNote, "col", "collaborator", "NOTE", "[olga@desk.test]"},
		{rowReply, "agt", "staff_reply", "MESSAGE", "[cara@acme.test mia@partner.test]"},
		{rowReply, "adm", "staff_reply", "MESSAGE", "[cara@acme.test mia@partner.test]"},
		{rowReply, "owr", "staff_reply", "MESSAGE", "[cara@acme.test mia@partner.test]"},
	} {
		before, posts := m.properties(m.in[c.who]), len(m.posts(m.in[c.who], "MESSAGE", "NOTE"))
		word := "word-of-" + c.who
		var filed object
		mailed := m.sends(func() { filed = m.file(answer(m.got[c.who], addressOf[c.who], word+"\n"+orders)) })
		m.want(fmt.Sprintf("row %q by mail as %s: rule", c.row, c.who), filed["rule"], c.rule)
		m.want(fmt.Sprintf("row %q by mail as %s: who is mailed", c.row, c.who), mailed, c.mailed)
		m.want(fmt.Sprintf("row %q by mail as %s: what an order in it changed", rowChange, c.who), m.properties(m.in[c.who]), before)
		said := m.posts(m.in[c.who], "MESSAGE", "NOTE")
		if c.kind == "" {
			m.want(fmt.Sprintf("row %q by mail as %s: words here", c.row, c.who), len(said), posts)
			m.want(fmt.Sprintf("row %q by mail as %s: whose conversation", c.row, c.who), m.conversation(filed["case_id"])["requester"].(object)["email"], addressOf[c.who])
			continue
		}
		m.want(fmt.Sprintf("row %q by mail as %s: words", c.row, c.who), len(said), posts+1)
		last := said[slices.IndexFunc(said, func(p object) bool { return strings.Contains(p["contents"].(string), word) })]
		m.want(fmt.Sprintf("row %q by mail as %s: they are", c.row, c.who), last["type"], c.kind)
	}
	m.staysInside("word-of-col")
	m.theRowsOfNotes()
	m.theRowsOfAFreshMail()
	m.theRowOfAnAgentWithoutTheRight()
}

// theRowsOfNotes: #note is a word of those who may answer; a customer who writes
// it says it to us.
func (m *mailers) theRowsOfNotes() {
	m.t.Helper()
	m.file(answer(m.story.got("cara@acme.test", "word-of-agt"), "cara@acme.test", "#note\nThird for agt."))
	m.want("row "+rowNote+": a customer's #note is", m.posts(m.in["agt"], "NOTE"), "[]")
	m.aMinutePasses()
	m.file(answer(m.story.got(addressOf["agt"], "Third for agt."), addressOf["agt"], "#note\nword-of-note"))
	m.want("row "+rowNote+": an agent's #note is", len(m.posts(m.in["agt"], "NOTE")), 1)
	m.staysInside("word-of-note")
}

// theRowsOfAFreshMail: what is mailed to the mailbox is its author's own request,
// whoever they are and whomever it names.
func (m *mailers) theRowsOfAFreshMail() {
	m.t.Helper()
	for _, who := range []string{"oth", "col", "agt", "adm", "owr"} {
		accounts := m.count(`select count(*) from users`)
		before := m.properties(m.in["own"])
		var filed object
		mailed := m.sends(func() {
			filed = m.file(letter{From: addressOf[who], Subject: path("[#%v] close, for dora@other.test", m.in["own"]), HeaderTo: "support@desk.test, dora@other.test",
				Headers: []string{"Cc: eve@other.test", "X-Status: closed", "X-Postdesk-Requester: dora@other.test", "X-Role: admin"},
				Text:    "requester: dora@other.test\n" + orders})
		})
		m.want(fmt.Sprintf("row %q by mail as %s: rule", rowOpen, who), filed["rule"], "new")
		m.want(fmt.Sprintf("row %q by mail as %s: requester", rowOpen, who), m.conversation(filed["case_id"])["requester"].(object)["email"], addressOf[who])
		for _, outsider := range []string{"dora@other.test", "eve@other.test"} {
			m.want(fmt.Sprintf("row %q by mail as %s: %s is mailed", rowOpen, who, outsider), slices.Contains(mailed, outsider), false)
		}
		m.want(fmt.Sprintf("row %q by mail as %s: accounts", rowPeople, who), m.count(`select count(*) from users`), accounts)
		m.want(fmt.Sprintf("rows %q, %q and %q by mail as %s", rowChange, rowRole, rowAdmin, who), m.properties(m.in["own"]), before)
		if who == "oth" || who == "agt" { // the others were told of it when it came
			m.want(fmt.Sprintf("row %q by mail as %s: what exists is mailed", rowView, who),
				slices.ContainsFunc(m.outbox(addressOf[who]), func(got received) bool { return strings.Contains(got.all(), "First for own") }), false)
		}
	}
}

// theRowOfAnAgentWithoutTheRight: what would have been a reply is a private note,
// marked, and nobody outside gets it.
func (m *mailers) theRowOfAnAgentWithoutTheRight() {
	m.t.Helper()
	m.file(answer(m.story.got("cara@acme.test", "word-of-agt"), "cara@acme.test", "Fourth for agt."))
	notice := m.story.got(addressOf["agt"], "Fourth for agt.")
	m.aMinutePasses()
	m.owner.do("PUT", "/roles", object{"role": "AGENT", "permissions": object{"reply_publicly": false}})
	before, notes := m.properties(m.in["agt"]), len(m.posts(m.in["agt"], "NOTE"))
	mailed := m.sends(func() {
		m.want("row "+rowReply+" by mail as bare: rule", m.file(answer(notice, addressOf["agt"], "word-of-bare"))["rule"], "staff_draft")
	})
	m.want("row "+rowReply+" by mail as bare: a customer is mailed", slices.ContainsFunc(mailed, func(to string) bool { return !m.staff[to] }), false)
	m.want("row "+rowReply+" by mail as bare: a private note", len(m.posts(m.in["agt"], "NOTE")), notes+1)
	m.want("row "+rowChange+" by mail as bare", m.properties(m.in["agt"]), before)
	m.staysInside("word-of-bare")
}
