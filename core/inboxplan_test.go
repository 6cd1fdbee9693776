package core_test

import (
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// TestListsAndTheirSearchAskTheirIndexes: among some thousand conversations no list
// reads the whole table, and words that few have come from the index of words.
func TestListsAndTheirSearchAskTheirIndexes(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent, cara := d.Agent(t, "ann@desk.test"), d.Customer(t, "cara@acme.test")
	d.Exec(t, `
		with made as (
			insert into conversations (subject, requester_id, mailbox_id, channel, root, assignee_id, updated_at, status)
			select 'About ' || i, $1, $2, 'mail', 'c' || i, case when i % 50 = 0 then $3::bigint else $1 end, now() - i * interval '1 minute',
				case when i % 20 = 0 then 'pending' else 'closed' end from generate_series(1, 6000) i returning id, requester_id)
		insert into messages (conversation_id, author_id, source, text, is_verified)
		select id, requester_id, 'mail', 'the words ' || md5(id::text), true from made`, cara.ID, d.Mailbox, agent.ID)
	for _, table := range []string{"conversations", "search_entries", "messages"} {
		d.Exec(t, `vacuum analyze `+table)
	}
	narrow := agent
	narrow.Rights.Access = core.AccessOwn
	for _, c := range []struct {
		name   string
		actor  core.Actor
		filter core.ListFilter
		index  string
	}{
		{"all", agent, core.ListFilter{}, "conversations_by_activity"},
		{"mine", agent, core.ListFilter{View: core.ViewMine}, "conversations_by_assignee"},
		{"status", agent, core.ListFilter{Status: core.StatusPending}, "conversations_by_status"},
		{"trash", agent, core.ListFilter{View: core.ViewTrash}, "conversations_in_trash"},
		{"unassigned", agent, core.ListFilter{View: core.ViewUnassigned}, "conversations_of_nobody"},
		{"own", narrow, core.ListFilter{}, "conversations_by_assignee"},
		{"a common word", agent, core.ListFilter{Query: "the"}, "search_entries_pkey"},
		{"a rare word", agent, core.ListFilter{Query: "c4ca4238a0b923820dcc509a6f75849b"}, "search_entries_words"},
	} {
		plan, err := core.ExplainList(t.Context(), d.Desk, c.actor, c.filter)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, c.index) {
			t.Errorf("%s does not ask %s:\n%s", c.name, c.index, plan)
		}
		if strings.Contains(plan, "Seq Scan on conversations") || strings.Contains(plan, "Seq Scan on search_entries") {
			t.Errorf("%s reads a whole table:\n%s", c.name, plan)
		}
	}
}

// TestPagesByCursorMissNothingAndShowNothingTwice, there and back, also where many
// share an instant.
func TestPagesByCursorMissNothingAndShowNothingTwice(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent, cara := d.Agent(t, "ann@desk.test"), d.Customer(t, "cara@acme.test")
	narrow := agent
	narrow.Rights.Access = core.AccessOwn
	for range 23 {
		d.Conversation(t, cara, "paged")
	}
	d.Exec(t, `update conversations set assignee_id = $1, updated_at = '2025-01-01'::timestamptz + (id / 4) * interval '1 microsecond'`, agent.ID)
	for _, f := range []core.ListFilter{{}, {View: core.ViewMine}, {Query: "paged"}} {
		for _, actor := range []core.Actor{agent, narrow} {
			f.Page = core.Page{Limit: 5}
			var down, up []core.ConversationID
			list, err := d.List(t.Context(), actor, f)
			for ; err == nil; list, err = d.List(t.Context(), actor, f) {
				for _, row := range list.Rows {
					down = append(down, row.ID)
				}
				if f.Cursor = list.Older; f.Cursor == nil {
					break
				}
			}
			if err != nil || len(down) != 23 {
				t.Fatalf("%+v: %v %v", f, down, err)
			}
			for i := range down {
				if down[i] != core.ConversationID(23-i) {
					t.Fatalf("%+v: %v", f, down)
				}
			}
			for f.Cursor = list.Newer; f.Cursor != nil; f.Cursor = list.Newer {
				if list, err = d.List(t.Context(), actor, f); err != nil {
					t.Fatal(err)
				}
				up = append(up, list.Rows[0].ID)
			}
			if len(up) == 0 || up[len(up)-1] != 23 || len(list.Rows) != 5 {
				t.Errorf("%+v back: %v", f, up)
			}
			f.Cursor = nil
		}
	}
}
