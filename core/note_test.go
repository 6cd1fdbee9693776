package core_test

import (
	"errors"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestANoteTellsWhomItMentionsAndNobodyOutside(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	mia := d.Person(t, core.RoleCollaborator, "mia@partner.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	off := d.Person(t, core.RoleAgent, "off@desk.test")
	d.Exec(t, `update users set enabled = false where id = $1`, off.ID)
	id := d.Conversation(t, cara, "hello")
	d.Exec(t, `update conversations set status = 'pending'`)
	note, err := d.AddNote(t.Context(), agent, id, "@Mia, @mia@partner.test: is @Cara right? @Off @agent@desk.test")
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Text(t, `select string_agg(user_id::text, ' ') from mentions where note_id = $1`, note.ID); got != d.Text(t, `select id from users where name = 'Mia'`) {
		t.Errorf("mentioned %s", got)
	}
	if got := d.Text(t, `select string_agg(purpose || ' ' || recipient, ', ') from deliveries`); got != "mention mia@partner.test" {
		t.Errorf("mailed %s", got)
	}
	if got := d.Text(t, `select status from conversations`); got != "pending" {
		t.Errorf("a note made it %s", got)
	}
	if _, err := d.AddNote(t.Context(), mia, id, "It is, @agent@desk.test"); err != nil {
		t.Errorf("a collaborator's note: %v", err)
	}
	entries, err := d.Timeline(t.Context(), mia, id)
	if err != nil || len(entries) != 3 || entries[1].Kind != core.EntryNote || entries[2].Author.ID != mia.ID || entries[2].Source != core.ChannelAgent {
		t.Errorf("%+v (%v)", entries, err)
	}
}

func TestAnAmbiguousMentionIsRefusedWithTheCandidates(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	d.Person(t, core.RoleCollaborator, "mia@partner.test")
	d.Person(t, core.RoleCollaborator, "mia@expert.test")
	id := d.Conversation(t, cara, "hello")
	_, err := d.AddNote(t.Context(), agent, id, "what does @Mia say?")
	var invalid core.Invalid
	if !errors.As(err, &invalid) || invalid.Field != "contents" ||
		!strings.Contains(invalid.Problem, "Mia (@mia@partner.test) or Mia (@mia@expert.test)") {
		t.Errorf("%v", err)
	}
	if got := d.Text(t, `select count(*) from notes`); got != "0" {
		t.Error("the refused note stands there")
	}
	if _, err := d.AddNote(t.Context(), agent, id, " \n "); answer(err) != "400" {
		t.Errorf("empty note: %v", err)
	}
}
