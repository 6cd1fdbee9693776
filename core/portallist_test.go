package core_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/core/coretest"
)

// colleagues are two people of an organization and what one of them asked.
func colleagues(t *testing.T) (d coretest.Desk, cara, cole core.Actor, id core.ConversationID) {
	t.Helper()
	d = coretest.OpenDesk(t, core.Config{})
	cara, cole = d.Customer(t, "cara@acme.test"), d.Customer(t, "cole@acme.test")
	d.Exec(t, `with o as (insert into organizations (name, shares_conversations) values ('Acme', true) returning id)
		update users set organization_id = (select id from o) where id in ($1, $2)`, cara.ID, cole.ID)
	id = d.Conversation(t, cara, "The printer is on fire")
	return d, cara, cole, id
}

func TestAnOrganizationsConversationsAreReadByItsMembersAlone(t *testing.T) {
	t.Parallel()
	d, cara, cole, id := colleagues(t)
	file := d.Text(t, `insert into attachments (message_id, filename, content_type, size, sha256, content)
		select id, 'a.txt', 'text/plain', 1, sha256('x'), 'x' from messages where conversation_id = $1 returning id::text`, id)
	attachment := core.AttachmentID(0)
	fmt.Sscan(file, &attachment)
	for _, c := range []struct {
		name   string
		change string // and back by undo
		undo   string
		reads  bool
	}{
		{"a colleague", `select 1`, `select 1`, true},
		{"not shared", `update organizations set shares_conversations = false`, `update organizations set shares_conversations = true`, false},
		{"left", `update users set organization_id = null where id = %[2]d`, `update users set organization_id = (select max(id) from organizations) where id = %[2]d`, false},
		{"the requester left", `update users set organization_id = null where id = %[1]d`, `update users set organization_id = (select max(id) from organizations) where id = %[1]d`, false},
		{"the requester joined the team", `update users set role = 'agent' where id = %[1]d`, `update users set role = 'customer' where id = %[1]d`, false},
		{"disabled", `update users set enabled = false where id = %[2]d`, `update users set enabled = true where id = %[2]d`, false},
		{"in the trash", `update conversations set trashed_at = now()`, `update conversations set trashed_at = null`, false},
		{"closed", `update conversations set status = 'closed'`, `update conversations set status = 'new'`, true},
		{"between colleagues of the team", `insert into conversation_links (conversation_id, other_id, relation) select id, id, 'mention' from conversations`, `delete from conversation_links`, false},
		{"again", `select 1`, `select 1`, true},
	} {
		sql := func(s string) string {
			if strings.Contains(s, "%[") {
				return strings.NewReplacer("%[1]d", fmt.Sprint(cara.ID), "%[2]d", fmt.Sprint(cole.ID)).Replace(s)
			}
			return s
		}
		d.Exec(t, sql(c.change))
		_, thread := d.MyConversation(t.Context(), cole, id)
		_, bytes := d.OpenAttachment(t.Context(), cole, attachment)
		list, err := d.Threads(t.Context(), cole, core.ThreadSearch{Shared: true})
		listed := err == nil && len(list.Threads) == 1 && list.Ours == 1
		if (thread == nil) != c.reads || (bytes == nil) != c.reads || listed != c.reads {
			t.Errorf("%s: reads %v, file %v, list %+v (%v)", c.name, thread, bytes, list, err)
		}
		if !c.reads && !errors.Is(thread, core.ErrNotFound) {
			t.Errorf("%s: %v", c.name, thread)
		}
		d.Exec(t, sql(c.undo))
	}
	if _, err := d.PortalReply(t.Context(), cole, id, "me too", nil); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("a colleague answers: %v", err)
	}
	if err := d.Complete(t.Context(), cole, id); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("a colleague completes: %v", err)
	}
	stranger := d.Customer(t, "eve@other.test")
	if _, err := d.PortalReply(t.Context(), stranger, id, "hello", nil); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a stranger answers: %v", err)
	}
	if own, err := d.Threads(t.Context(), cole, core.ThreadSearch{}); err != nil || len(own.Threads) != 0 || own.Organization != "Acme" {
		t.Errorf("%+v (%v)", own, err)
	}
}

func TestWhatIsPrivateMovesNothingInThePortal(t *testing.T) {
	t.Parallel()
	d, cara, _, id := colleagues(t)
	agent := d.Agent(t, "abe@desk.test")
	other := d.Conversation(t, cara, "Invoice")
	d.Exec(t, `update messages set created_at = now() - interval '1 hour' where conversation_id = $1`, id)
	d.Exec(t, `update messages set elided = 'FOLDED' where conversation_id = $1`, id)
	at := func(query string) core.ThreadList {
		list, err := d.Threads(t.Context(), cara, core.ThreadSearch{Query: query})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if err := d.ReadThread(t.Context(), cara, id); err != nil {
		t.Fatal(err)
	}
	before := at("")
	d.Note(t, id, agent, "SECRET")
	tag := []string{"SECRET"}
	if err := d.UpdateConversation(t.Context(), agent, id, core.Changes{Tags: &tag}); err != nil {
		t.Fatal(err)
	}
	after := at("")
	if len(after.Threads) != 2 || after.Threads[0].ID != other || after.Threads[1].Unread || !after.Threads[1].UpdatedAt.Equal(before.Threads[1].UpdatedAt) || after.Threads[1].Messages != 1 {
		t.Errorf("a note shows: %+v", after.Threads)
	}
	for query, found := range map[string]int{"SECRET": 0, "FOLDED": 0, "printer": 1, "FIRE printer": 1, "printer invoice": 0, "%": 0, fmt.Sprint("#", id): 1, "": 2} {
		if got := at(query).Total; got != found {
			t.Errorf("%q finds %d, want %d", query, got, found)
		}
	}
	d.Message(t, id, agent, "Water it.")
	if got := at("").Threads[0]; got.ID != id || !got.Unread || got.Preview != "Water it." || time.Since(got.UpdatedAt) > time.Hour {
		t.Errorf("an answer does not show: %+v", got)
	}
}

func TestAFormOfThePortalThatIsSentTwiceIsFiledOnce(t *testing.T) {
	t.Parallel()
	d, cara, cole, id := colleagues(t)
	q := core.Question{Subject: "Again", Text: "Still on fire", Form: "k1"}
	first, err := d.Ask(t.Context(), cara, q)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := d.Ask(t.Context(), cara, q); err != nil || again != first {
		t.Errorf("%d, then %d (%v)", first, again, err)
	}
	f := core.PortalForm{Text: "Hello?", Form: "k2"}
	one, err := d.PortalAnswer(t.Context(), cara, id, f)
	if err != nil {
		t.Fatal(err)
	}
	if two, err := d.PortalAnswer(t.Context(), cara, id, f); err != nil || one != two {
		t.Errorf("%d, then %d (%v)", one, two, err)
	}
	d.Exec(t, `update conversations set status = 'closed' where id = $1`, id)
	after, err := d.Ask(t.Context(), cara, core.Question{Subject: "Once more", Text: "It burns again", After: id})
	if err != nil || d.Text(t, `select relation from conversation_links where conversation_id = $1 and other_id = $2`, after, id) != "follow_up" {
		t.Errorf("no follow-up: %v", err)
	}
	if _, err := d.Ask(t.Context(), cole, core.Question{Subject: "Mine?", Text: "x", After: id}); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("after somebody else's: %v", err)
	}
}
