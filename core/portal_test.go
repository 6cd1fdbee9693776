package core_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestTheRequesterSeesPublicWordsAndNothingElse(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	mia := d.Person(t, core.RoleCollaborator, "mia@partner.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	d.Exec(t, `update users set name = 'agent@desk.test' where id = $1`, agent.ID)
	id := d.Conversation(t, cara, "hello")
	d.Exec(t, `update messages set elided = 'CANARY elided', elided_private = true, warnings = '{CANARY warning}'`)
	d.Message(t, id, agent, "good morning")
	before, err := d.MyConversation(t.Context(), cara, id)
	if err != nil {
		t.Fatal(err)
	}
	d.Note(t, id, mia, "CANARY note")
	if _, err := d.AddNote(t.Context(), mia, id, "CANARY too"); err != nil {
		t.Fatal(err)
	}
	tag := []string{"CANARY tag"}
	if err := d.UpdateConversation(t.Context(), agent, id, core.Changes{Tags: &tag}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.SaveDraft(t.Context(), agent, id, core.DraftForm{Text: "CANARY draft"}); err != nil {
		t.Fatal(err)
	}
	thread, err := d.MyConversation(t.Context(), cara, id)
	if err != nil || len(thread.Posts) != 2 || !thread.Posts[0].Mine || thread.Posts[1].Mine || !thread.Posts[1].ByStaff {
		t.Fatalf("%+v (%v)", thread, err)
	}
	list, err := d.MyConversations(t.Context(), cara)
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v (%v)", list, err)
	}
	shown, _ := json.Marshal(map[string]any{"thread": thread, "list": list})
	for _, private := range []string{"CANARY", "desk.test", "partner"} {
		if strings.Contains(string(shown), private) {
			t.Errorf("the requester sees %s in %s", private, shown)
		}
	}
	if !thread.UpdatedAt.Equal(before.UpdatedAt) || !list[0].UpdatedAt.Equal(before.UpdatedAt) {
		t.Error("a note moved the time that the requester sees")
	}
}

func TestMyConversationsAreThoseThatIAskedFor(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	dan := d.Person(t, core.RoleCustomer, "dan@acme.test")
	mine, trashed, his := d.Conversation(t, cara, "mine"), d.Conversation(t, cara, "trashed"), d.Conversation(t, dan, "his")
	d.Exec(t, `update conversations set trashed_at = now() where id = $1`, trashed)
	d.Exec(t, `insert into participants (conversation_id, address, user_id, via) values ($1, $2, $3, 'mail')`, his, cara.Address, cara.ID)
	opened, err := d.OpenConversation(t.Context(), cara, "From the portal", "hello", nil)
	if err != nil {
		t.Fatal(err)
	}
	list, err := d.MyConversations(t.Context(), cara)
	if err != nil || len(list) != 2 || list[0].ID != opened || list[1].ID != mine {
		t.Errorf("%+v (%v)", list, err)
	}
	for _, id := range []core.ConversationID{trashed, his, 999} {
		if _, err := d.MyConversation(t.Context(), cara, id); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("conversation %d: %v", id, err)
		}
	}
	if got := d.Text(t, `select status || channel || requester_id from conversations where id = $1`, opened); got != fmt.Sprintf("newhelpcenter%d", cara.ID) {
		t.Error(got)
	}
	// A role that sees all cases sees no more of them here.
	cara.Rights.Access = core.AccessAll
	if _, err := d.MyConversation(t.Context(), cara, his); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("with access all: %v", err)
	}
	for _, c := range []struct{ subject, text, field string }{{"", "t", "subject"}, {"s", "", "contents"}} {
		var invalid core.Invalid
		if _, err := d.OpenConversation(t.Context(), cara, c.subject, c.text, nil); !errors.As(err, &invalid) || invalid.Field != c.field {
			t.Errorf("%s: %v", c.field, err)
		}
	}
}

func TestTheRequesterMarksTheirConversationCompleted(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	id := d.Conversation(t, cara, "hello")
	if err := d.Complete(t.Context(), cara, id); err != nil {
		t.Fatal(err)
	}
	if _, err := d.PortalReply(t.Context(), cara, id, "not yet, after all", nil); err != nil {
		t.Fatal(err)
	}
	if got := d.Text(t, `select status || (completed_at is null) from conversations`); got != "opentrue" {
		t.Error(got)
	}
	d.Exec(t, `update conversations set status = 'closed'`)
	if err := d.Complete(t.Context(), cara, id); !errors.Is(err, core.ErrConflict) {
		t.Errorf("a closed one: %v", err)
	}
}
