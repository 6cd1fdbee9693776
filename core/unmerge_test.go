package core_test

import (
	"fmt"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestTheUndoOfAMergeGivesBackWhatItTook(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	dan := d.Person(t, core.RoleCustomer, "dan@other.test")
	mia := d.Person(t, core.RoleCollaborator, "mia@partner.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	other := d.Person(t, core.RoleAgent, "other@desk.test")
	old, young := d.Conversation(t, cara, "caras"), d.Conversation(t, dan, "dans")
	d.Exec(t, `update conversations set status = 'completed', completed_at = now() where id = $1`, old)
	answered := d.Message(t, young, agent, "to dan")
	d.Message(t, young, cara, "cara in dans")
	d.Note(t, young, agent, "private")
	d.Exec(t, `insert into attachments (message_id, filename, content_type, size, sha256, content) values ($1, 'x', 'text/plain', 1, '', 'x')`, answered)
	d.Exec(t, `insert into deliveries (purpose, state, recipient, user_id, conversation_id, post_id, mailbox_id, bounce_name, id_name, automatic)
		values ('reply', 'sent', $1, $2, $3, $4, $5, 1, 1, false)`, dan.Address, dan.ID, young, answered, d.Mailbox)
	d.Exec(t, `insert into participants (conversation_id, address, user_id, via) values ($1, $2, $3, 'agent')`, young, mia.Address, mia.ID)
	d.Exec(t, `insert into followers values ($1, $2)`, young, other.ID)
	d.Exec(t, `insert into drafts (conversation_id, user_id, source, text) values ($1, $2, 'agent', 'draft')`, young, agent.ID)

	for round := range 2 { // undo, redo, undo
		if _, err := d.Merge(t.Context(), agent, []core.ConversationID{old, young}, true); err != nil {
			t.Fatal(err)
		}
		if got := said(t, d, old); got != "M cara in dans, M caras, N dans, N private, N to dan" {
			t.Errorf("round %d, merged: %s", round, got)
		}
		merged, err := d.MergedInto(t.Context(), agent, old)
		if err != nil || len(merged) != 1 || merged[0].ID != young || merged[0].Requester.ID != dan.ID {
			t.Errorf("merged in: %+v (%v)", merged, err)
		}
		if err := d.Unmerge(t.Context(), agent, young); err != nil {
			t.Fatal(err)
		}
		if got := said(t, d, old) + " | " + said(t, d, young); got != "M caras | M cara in dans, M dans, M to dan, N private" {
			t.Errorf("round %d, undone: %s", round, got)
		}
	}
	thread, err := d.MyConversation(t.Context(), dan, young)
	if err != nil || len(thread.Posts) != 3 || thread.Posts[1].ID != answered && thread.Posts[2].ID != answered {
		t.Errorf("Dan reads %+v (%v)", thread, err)
	}
	if got := d.Text(t, `select y.post_id || ' ' || f.message_id from deliveries y, attachments f`); got != fmt.Sprintf("%d %d", answered, answered) {
		t.Errorf("mail and file are of %s", got)
	}
	c, err := d.Desk.Conversation(t.Context(), agent, old)
	if err != nil || len(c.Participants) != 0 || c.Status != core.StatusCompleted {
		t.Errorf("the survivor: %+v (%v)", c, err)
	}
	if c, err = d.Desk.Conversation(t.Context(), other, old); err != nil || c.Following {
		t.Errorf("the follower stayed (%v)", err)
	}
	if c, err = d.Desk.Conversation(t.Context(), agent, young); err != nil || c.MergedInto != 0 || len(c.Participants) != 1 {
		t.Errorf("who came back: %+v (%v)", c, err)
	}
	if drafts, err := d.Drafts(t.Context(), agent, young); err != nil || len(drafts) != 1 {
		t.Errorf("drafts %v (%v)", drafts, err)
	}
	for name, c := range map[string]struct {
		actor core.Actor
		id    core.ConversationID
		want  string
	}{"again": {agent, young, "409"}, "by a collaborator": {mia, young, "403"}, "by a customer": {dan, young, "404"}, "a missing one": {agent, 999, "404"}} {
		if got := answer(d.Unmerge(t.Context(), c.actor, c.id)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestTheUndoOfAMergeKeepsPrivateWhatItsRequesterNeverRead(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	dan := d.Person(t, core.RoleCustomer, "dan@other.test")
	eve := d.Person(t, core.RoleCustomer, "eve@third.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	merge := func(t *testing.T) (old, young core.ConversationID) {
		t.Helper()
		old, young = d.Conversation(t, cara, "caras"), d.Conversation(t, dan, "dans")
		d.Message(t, young, cara, "cara in dans")
		if _, err := d.Merge(t.Context(), agent, []core.ConversationID{old, young}, false); err != nil {
			t.Fatal(err)
		}
		return old, young
	}
	undo := func(t *testing.T, young core.ConversationID, want string) {
		t.Helper()
		if err := d.Unmerge(t.Context(), agent, young); err != nil {
			t.Fatal(err)
		}
		if got := said(t, d, young); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}

	t.Run("of another person since", func(t *testing.T) { // as a merge of people does
		old, young := merge(t)
		d.Exec(t, `update conversations set requester_id = $2 where id = $1`, young, eve.ID)
		undo(t, young, "N cara in dans, N dans")
		if got := said(t, d, old); got != "M caras" {
			t.Error(got)
		}
	})
	t.Run("made private in the survivor since", func(t *testing.T) {
		old, young := merge(t)
		if err := d.UpdateConversation(t.Context(), agent, old, core.Changes{Requester: &eve.ID, ConfirmRequester: true}); err != nil {
			t.Fatal(err)
		}
		undo(t, young, "M dans, N cara in dans")
	})
	t.Run("what was said in the survivor stays there", func(t *testing.T) {
		old, young := merge(t)
		if _, err := d.Reply(t.Context(), agent, old, core.ReplyForm{Text: "to cara"}); err != nil {
			t.Fatal(err)
		}
		undo(t, young, "M cara in dans, M dans")
		if got := said(t, d, old); got != "M caras, M to cara" {
			t.Error(got)
		}
	})
	t.Run("a merge of the merge first", func(t *testing.T) {
		oldest := d.Conversation(t, eve, "eves")
		old, young := merge(t)
		if _, err := d.Merge(t.Context(), agent, []core.ConversationID{oldest, old}, false); err != nil {
			t.Fatal(err)
		}
		if got := answer(d.Unmerge(t.Context(), agent, young)); got != "409" {
			t.Errorf("out of the middle: %s", got)
		}
		undo(t, old, "M cara in dans, M caras, N dans")
		undo(t, young, "M cara in dans, M dans")
		if got := said(t, d, oldest); got != "M eves" {
			t.Error(got)
		}
	})
	t.Run("a mail that named it since goes along", func(t *testing.T) {
		old, young := merge(t)
		post := d.Message(t, old, dan, "dan again")
		d.Exec(t, `with i as (insert into inbound (digest, due_at, received_at, helo, tls, envelope_from, recipients, size, state, conversation_id, post_id, trace)
			values ('x', now(), now(), '', false, '', '{}', 1, 'success', $1, $2, $3) returning id) update messages set inbound_id = i.id from i where messages.id = $2`,
			old, post, fmt.Sprintf(`{"Facts": {"Locator": {"Named": %d}}}`, young))
		undo(t, young, "M cara in dans, M dan again, M dans")
		if got := d.Text(t, `select conversation_id from inbound`); got != fmt.Sprint(young) {
			t.Errorf("answers to it go to %s", got)
		}
	})
}
