package core_test

import (
	"errors"
	"slices"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// TestOfSeveralEachAnswersForItself: one that refuses leaves the others changed, and
// itself as it was.
func TestOfSeveralEachAnswersForItself(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara, ann := d.Customer(t, "cara@acme.test"), d.Agent(t, "ann@desk.test")
	narrow := d.Agent(t, "abe@desk.test")
	narrow.Rights.Access = core.AccessOwn
	open, closed, trashed, foreign := d.Conversation(t, cara, "one"), d.Conversation(t, cara, "two"), d.Conversation(t, cara, "three"), d.Conversation(t, cara, "four")
	d.Exec(t, `update conversations set status = 'closed' where id = $1`, closed)
	d.Exec(t, `update conversations set trashed_at = now() where id = $1`, trashed)
	d.Exec(t, `update conversations set assignee_id = $1 where id <> $2`, narrow.ID, foreign)
	pending, urgent, yes, no := core.StatusPending, "urgent", true, false
	all := []core.ConversationID{foreign, open, closed, trashed, 99999}
	got, err := d.ChangeMany(t.Context(), narrow, all, core.ManyChanges{Status: &pending, Priority: &urgent, AddTag: " vip "})
	if err != nil || !slices.Equal(got.Done, []core.ConversationID{open}) || len(got.Left) != 4 {
		t.Fatalf("%+v %v", got, err)
	}
	for i, want := range []core.ConversationID{closed, trashed, foreign, 99999} {
		if got.Left[i].ID != want || got.Left[i].Problem == "" {
			t.Errorf("left: %+v, want %d", got.Left[i], want)
		}
	}
	if got.Left[2].Problem != got.Left[3].Problem {
		t.Error("a hidden one differs from one that is not there")
	}
	if s := d.Text(t, `select string_agg(status || priority || array_to_string(tags, ','), ' ' order by id) from conversations`); s != "pendingurgentvip closednormal newnormal newnormal" {
		t.Error(s)
	}
	if s := d.Text(t, `select string_agg(kind, ' ' order by kind) from events where conversation_id = $1`, open); s != "priority status tags" {
		t.Errorf("events: %s", s)
	}
	if n := d.Text(t, `select count(*) from events where conversation_id = $1`, closed); n != "0" {
		t.Error("one that refused has events")
	}
	got, err = d.ChangeMany(t.Context(), ann, []core.ConversationID{open, foreign, open}, core.ManyChanges{Trash: &yes})
	if err != nil || len(got.Done) != 2 {
		t.Fatalf("%+v %v", got, err)
	}
	got, err = d.ChangeMany(t.Context(), ann, got.Done, core.ManyChanges{Trash: &no})
	if n := d.Text(t, `select count(*) from conversations where trashed_at is not null`); err != nil || n != "1" {
		t.Errorf("%s in the trash: %v", n, err)
	}
	if got, err = d.ChangeMany(t.Context(), ann, []core.ConversationID{open}, core.ManyChanges{RemoveTag: "vip"}); err != nil || d.Text(t, `select tags::text from conversations where id = $1`, open) != "{}" {
		t.Errorf("%+v %v", got, err)
	}
}

func TestWhoMayChangeSeveral(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Customer(t, "cara@acme.test")
	id := d.Conversation(t, cara, "one")
	noTrash := d.Agent(t, "abe@desk.test")
	noTrash.Rights.Merge = false
	yes, pending := true, core.StatusPending
	for _, c := range []struct {
		name  string
		actor core.Actor
		ids   []core.ConversationID
		m     core.ManyChanges
		want  string
	}{
		{"customer", cara, []core.ConversationID{id}, core.ManyChanges{Status: &pending}, "404"},
		{"collaborator", d.Collaborator(t, "mia@partner.test"), []core.ConversationID{id}, core.ManyChanges{Status: &pending}, "403"},
		{"trash without the right", noTrash, []core.ConversationID{id}, core.ManyChanges{Trash: &yes}, "403"},
		{"none", noTrash, nil, core.ManyChanges{Status: &pending}, "400"},
		{"no change", noTrash, []core.ConversationID{id}, core.ManyChanges{}, "400"},
		{"too many", noTrash, make101(), core.ManyChanges{Status: &pending}, "400"},
	} {
		if _, err := d.ChangeMany(t.Context(), c.actor, c.ids, c.m); answer(err) != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := d.ChangeMany(t.Context(), noTrash, []core.ConversationID{id}, core.ManyChanges{Status: &pending}); err != nil {
		t.Error(err)
	}
	d.Exec(t, `update users set role = 'customer' where id = $1`, noTrash.ID)
	if _, err := d.ChangeMany(t.Context(), noTrash, []core.ConversationID{id}, core.ManyChanges{Status: &pending}); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("who lost the role in the meantime: %v", err)
	}
}

func make101() (ids []core.ConversationID) {
	for i := range core.ConversationID(101) {
		ids = append(ids, i+1)
	}
	return ids
}
