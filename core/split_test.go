package core_test

import (
	"errors"
	"fmt"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestASplitGivesWordsToWhoWroteThem(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	cole := d.Person(t, core.RoleCustomer, "cole@acme.test")
	mia := d.Person(t, core.RoleCollaborator, "mia@partner.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	old := d.Conversation(t, cara, "caras")
	d.Exec(t, `update conversations set priority = 'high', tags = '{billing}', assignee_id = $2, status = 'open' where id = $1`, old, agent.ID)
	d.Exec(t, `insert into participants (conversation_id, address, user_id, via) values ($1, $2, $3, 'mail'), ($1, $4, $5, 'agent')`,
		old, cole.Address, cole.ID, mia.Address, mia.ID)
	first := d.Message(t, old, cole, "coles other matter")
	d.Message(t, old, agent, "ours")
	d.Message(t, old, cole, "coles second")
	d.Note(t, old, agent, "private")
	d.Exec(t, `insert into attachments (message_id, filename, content_type, size, sha256, content) values ($1, 'x', 'text/plain', 1, '', 'x')`, first)
	d.Exec(t, `insert into tokens (name, purpose, address, user_id, conversation_id, mailbox_id) values (7, 2, $1, $2, $3, $4)`, agent.Address, agent.ID, old, d.Mailbox)
	d.Exec(t, `insert into deliveries (purpose, state, recipient, user_id, conversation_id, post_id, mailbox_id, reply_token, bounce_name, id_name, automatic)
		values ('staff_notice', 'sent', $1, $2, $3, $4, $5, 7, 1, 1, true)`, agent.Address, agent.ID, old, first, d.Mailbox)

	p, err := d.PreviewSplit(t.Context(), agent, old, first)
	if err != nil || p.Requester.ID != cole.ID || p.Same || p.Later != 1 || p.Stay != 2 ||
		len(p.CC) != 1 || p.CC[0].ID != mia.ID || len(p.Suggested) != 1 || p.Suggested[0].ID != cara.ID || p.Subject != "coles other matter" {
		t.Errorf("preview %+v (%v)", p, err)
	}
	made, err := d.Split(t.Context(), agent, old, core.SplitForm{Post: first, Rest: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := said(t, d, old); got != "M caras, M ours, N private" {
		t.Error(got)
	}
	if got := said(t, d, made); got != "M coles other matter, M coles second" {
		t.Error(got)
	}
	c, err := d.Desk.Conversation(t.Context(), agent, made)
	if err != nil || c.Requester.ID != cole.ID || c.Status != core.StatusNew || c.Priority != "high" || c.Assignee.ID != agent.ID || fmt.Sprint(c.Tags) != "[billing]" ||
		len(c.Participants) != 1 || c.Participants[0].ID != mia.ID || c.Participants[0].Via != "split" ||
		len(c.Suggestions) != 1 || c.Suggestions[0].Address != cara.Address ||
		len(c.Links) != 1 || c.Links[0].Conversation != old || c.Links[0].Relation != "split" {
		t.Errorf("%+v (%v)", c, err)
	}
	if got := d.Text(t, `select t.conversation_id || ' ' || y.conversation_id from tokens t, deliveries y where t.name = 7`); got != fmt.Sprintf("%d %d", made, made) {
		t.Errorf("the notice stayed behind: %s", got)
	}
	if thread, err := d.MyConversation(t.Context(), cole, made); err != nil || len(thread.Posts) != 2 || len(thread.Posts[0].Attachments) != 1 {
		t.Errorf("%+v (%v)", thread, err)
	}
	if _, err := d.MyConversation(t.Context(), cara, made); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("the old requester reads the new one: %v", err)
	}

	// A merge back is the undo: Cara has read what stood in hers, but not what was said since.
	if _, err := d.Reply(t.Context(), agent, made, core.ReplyForm{Text: "for cole"}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Merge(t.Context(), agent, []core.ConversationID{old, made}, false); err != nil {
		t.Fatal(err)
	}
	if got := said(t, d, old); got != "M caras, M coles other matter, M coles second, M ours, N for cole, N private" {
		t.Error(got)
	}
}

func TestWhatMayNotBeSplitOff(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	mia := d.Person(t, core.RoleCollaborator, "mia@partner.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	bare := d.Person(t, core.RoleAgent, "bare@desk.test")
	bare.Rights.Merge = false
	id, other := d.Conversation(t, cara, "one"), d.Conversation(t, cara, "other")
	second, ours := d.Message(t, id, cara, "two"), d.Message(t, id, agent, "ours")
	note := d.Note(t, id, agent, "private")
	alone := core.PostID(number(t, d.Text(t, `select id from messages where conversation_id = $1`, other)))
	for name, c := range map[string]struct {
		actor core.Actor
		id    core.ConversationID
		form  core.SplitForm
		want  string
	}{
		"the company's words":   {agent, id, core.SplitForm{Post: ours}, "409"},
		"a note":                {agent, id, core.SplitForm{Post: core.PostID(note) + 1000}, "404"},
		"another's message":     {agent, id, core.SplitForm{Post: alone}, "404"},
		"the only message":      {agent, other, core.SplitForm{Post: alone}, "409"},
		"without the right":     {bare, id, core.SplitForm{Post: second}, "403"},
		"by a collaborator":     {mia, id, core.SplitForm{Post: second}, "403"},
		"by the customer":       {cara, id, core.SplitForm{Post: second}, "404"},
		"a missing one":         {agent, 999, core.SplitForm{Post: second}, "404"},
		"a subject of controls": {agent, id, core.SplitForm{Post: second, Subject: "\x00\x01"}, "400"},
	} {
		if got := answer(ignore(d.Split(t.Context(), c.actor, c.id, c.form))); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	d.Exec(t, `update conversations set status = 'closed' where id = $1`, id)
	if got := answer(ignore(d.Split(t.Context(), agent, id, core.SplitForm{Post: second}))); got != "409" {
		t.Errorf("a closed one: %s", got)
	}
	if got := d.Text(t, `select count(*) from conversations`); got != "2" {
		t.Errorf("%s conversations", got)
	}
}

func number(t *testing.T, text string) (n int64) {
	t.Helper()
	if _, err := fmt.Sscan(text, &n); err != nil {
		t.Fatal(err)
	}
	return n
}
