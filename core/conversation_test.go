package core_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestCaseAccessDecidesWhichConversationsStaffSee(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	boss := d.Person(t, core.RoleAdmin, "boss@desk.test")
	d.Exec(t, `insert into teams (title) values ('Ours'), ('Theirs')`)

	for _, role := range []core.Role{core.RoleCollaborator, core.RoleAgent, core.RoleAdmin} {
		for _, access := range []core.Access{core.AccessOwn, core.AccessTeams, core.AccessAll} {
			actor := d.Person(t, role, fmt.Sprintf("%s-%s@desk.test", role, access))
			actor.Rights.Access = access
			actor.Teams = []core.TeamID{1}
			d.Exec(t, `insert into team_members (team_id, user_id) values (1, $1)`, actor.ID)
			for name, tie := range map[string]func(core.ConversationID) core.CaseFacts{
				"stranger": func(core.ConversationID) core.CaseFacts { return core.CaseFacts{Requester: cara.ID} },
				"assignee": func(id core.ConversationID) core.CaseFacts {
					d.Exec(t, `update conversations set assignee_id = $2 where id = $1`, id, actor.ID)
					return core.CaseFacts{Requester: cara.ID, Assignee: actor.ID}
				},
				"team": func(id core.ConversationID) core.CaseFacts {
					d.Exec(t, `update conversations set team_id = 1 where id = $1`, id)
					return core.CaseFacts{Requester: cara.ID, Team: 1}
				},
				"other team": func(id core.ConversationID) core.CaseFacts {
					d.Exec(t, `update conversations set team_id = 2 where id = $1`, id)
					return core.CaseFacts{Requester: cara.ID, Team: 2}
				},
				"requester": func(id core.ConversationID) core.CaseFacts {
					d.Exec(t, `update conversations set requester_id = $2 where id = $1`, id, actor.ID)
					return core.CaseFacts{Requester: actor.ID}
				},
				"participant": func(id core.ConversationID) core.CaseFacts {
					d.Exec(t, `insert into participants (conversation_id, address, user_id, via) values ($1, $2, $3, 'agent')`, id, actor.Address, actor.ID)
					return core.CaseFacts{Requester: cara.ID, Participant: true}
				},
				"mentioned": func(id core.ConversationID) core.CaseFacts {
					d.Exec(t, `insert into mentions (note_id, user_id) values ($1, $2)`, d.Note(t, id, boss, "see this"), actor.ID)
					return core.CaseFacts{Requester: cara.ID, Mentioned: true}
				},
			} {
				id := d.Conversation(t, cara, "case access")
				want := actor.MayView(tie(id))
				_, err := d.Desk.Conversation(t.Context(), actor, id)
				if got := err == nil; got != want || !got && !errors.Is(err, core.ErrNotFound) {
					t.Errorf("%s with access %s as %s sees it: %v (%v), want %v", role, access, name, got, err, want)
				}
				if entries, err := d.Timeline(t.Context(), actor, id); (err == nil) != want || want != (len(entries) > 0) {
					t.Errorf("%s with access %s as %s: timeline of %d (%v), want %v", role, access, name, len(entries), err, want)
				}
				list, _, err := d.Conversations(t.Context(), actor, core.ListFilter{Page: core.Page{Limit: 100}})
				listed := slices.ContainsFunc(list, func(r core.ConversationRow) bool { return r.ID == id })
				if err != nil || listed != want {
					t.Errorf("%s with access %s as %s: listed %v (%v), want %v", role, access, name, listed, err, want)
				}
			}
		}
	}
}

// TestTheMatrixOfConversations is matrix S2 of reliability.md, rows 2 to 11 and
// 13, at the desk.
func TestTheMatrixOfConversations(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	own := d.Person(t, core.RoleCustomer, "own@acme.test")
	oth := d.Person(t, core.RoleCustomer, "oth@other.test")
	cc := d.Person(t, core.RoleCustomer, "cc@acme.test")
	col := d.Person(t, core.RoleCollaborator, "col@partner.test")
	agt := d.Person(t, core.RoleAgent, "agt@desk.test")
	adm := d.Person(t, core.RoleAdmin, "adm@desk.test")
	dis := d.Person(t, core.RoleAgent, "dis@desk.test")
	d.Exec(t, `update users set enabled = false where id = $1`, dis.ID)
	people := []core.Actor{own, oth, cc, col, agt, adm, dis}

	id := d.Conversation(t, own, "the matrix")
	d.Exec(t, `insert into participants (conversation_id, address, user_id, via) values ($1, $2, $3, 'mail')`, id, cc.Address, cc.ID)
	other := d.Conversation(t, own, "to merge")
	post, note := d.Message(t, id, own, "with a file"), d.Note(t, id, agt, "with a file")
	d.Exec(t, `insert into attachments (message_id, filename, content_type, size, sha256, content) values ($1, 'a', 'text/plain', 1, '', 'x')`, post)
	d.Exec(t, `insert into attachments (note_id, filename, content_type, size, sha256, content) values ($1, 'b', 'text/plain', 1, '', 'y')`, note)
	urgent := "urgent"

	const ok, no, never = "200", "404", "403"
	for _, row := range []struct {
		name string
		want []string // own, oth, cc, col, agt, adm, disabled meanwhile
		do   func(context.Context, core.Actor) error
	}{
		{"portal conversation", []string{ok, no, no, no, no, no, no}, func(ctx context.Context, a core.Actor) error {
			_, err := d.MyConversation(ctx, a, id)
			return err
		}},
		{"portal reply", []string{ok, no, no, no, no, no, never}, func(ctx context.Context, a core.Actor) error {
			_, err := d.PortalReply(ctx, a, id, "more", nil)
			return err
		}},
		{"portal complete", []string{ok, no, no, no, no, no, never}, func(ctx context.Context, a core.Actor) error {
			return d.Complete(ctx, a, id)
		}},
		{"attachment of a message", []string{ok, no, no, ok, ok, ok, ok}, func(ctx context.Context, a core.Actor) error {
			_, err := d.Attachment(ctx, a, 1)
			return err
		}},
		{"attachment of a note", []string{no, no, no, ok, ok, ok, ok}, func(ctx context.Context, a core.Actor) error {
			_, err := d.Attachment(ctx, a, 2)
			return err
		}},
		{"staff view", []string{no, no, no, ok, ok, ok, ok}, func(ctx context.Context, a core.Actor) error {
			_, err := d.Desk.Conversation(ctx, a, id)
			return err
		}},
		{"timeline", []string{no, no, no, ok, ok, ok, ok}, func(ctx context.Context, a core.Actor) error {
			_, err := d.Timeline(ctx, a, id)
			return err
		}},
		{"note", []string{no, no, no, ok, ok, ok, never}, func(ctx context.Context, a core.Actor) error {
			_, err := d.AddNote(ctx, a, id, "seen")
			return err
		}},
		{"reply", []string{no, no, no, never, ok, ok, never}, func(ctx context.Context, a core.Actor) error {
			_, err := d.Reply(ctx, a, id, core.ReplyForm{Text: "hello"})
			return err
		}},
		{"preview", []string{no, no, no, never, ok, ok, ok}, func(ctx context.Context, a core.Actor) error {
			_, _, err := d.ReplyPreview(ctx, a, id, nil)
			return err
		}},
		{"draft", []string{no, no, no, never, ok, ok, never}, func(ctx context.Context, a core.Actor) error {
			_, err := d.SaveDraft(ctx, a, id, core.DraftForm{Text: "hm"})
			return err
		}},
		{"change", []string{no, no, no, never, ok, ok, never}, func(ctx context.Context, a core.Actor) error {
			return d.UpdateConversation(ctx, a, id, core.Changes{Priority: &urgent})
		}},
		{"change requester", []string{no, no, no, never, ok, ok, never}, func(ctx context.Context, a core.Actor) error {
			return d.UpdateConversation(ctx, a, id, core.Changes{Requester: &own.ID})
		}},
		{"participant", []string{no, no, no, never, ok, ok, never}, func(ctx context.Context, a core.Actor) error {
			return d.AddParticipant(ctx, a, id, "cole@x.test")
		}},
		{"follow", []string{no, no, no, never, ok, ok, ok}, func(ctx context.Context, a core.Actor) error {
			return d.Follow(ctx, a, id, true)
		}},
		{"merge", []string{no, no, no, never, "400", "400", never}, func(ctx context.Context, a core.Actor) error {
			_, err := d.Merge(ctx, a, []core.ConversationID{id, id}, false)
			return err
		}},
		{"trash", []string{no, no, no, never, ok, ok, never}, func(ctx context.Context, a core.Actor) error {
			if err := d.Trash(ctx, a, other); err != nil {
				return err
			}
			return d.Restore(ctx, a, other)
		}},
		{"open for a customer", []string{never, never, never, never, ok, ok, never}, func(ctx context.Context, a core.Actor) error {
			_, err := d.CreateConversation(ctx, a, core.NewConversation{Subject: "s", Text: "t", Requester: own.ID})
			return err
		}},
		{"missing object", []string{no, no, no, no, no, no, no}, func(ctx context.Context, a core.Actor) error {
			_, err := d.Desk.Conversation(ctx, a, 999)
			return err
		}},
		{"note on a missing object", []string{no, no, no, no, no, no, never}, func(ctx context.Context, a core.Actor) error {
			_, err := d.AddNote(ctx, a, 999, "seen")
			return err
		}},
	} {
		for i, actor := range people {
			if got := answer(row.do(t.Context(), actor)); got != row.want[i] {
				t.Errorf("%s by %s: %s, want %s", row.name, actor.Name, got, row.want[i])
			}
		}
	}
}

// answer names an error as the matrix does.
func answer(err error) string {
	var invalid core.Invalid
	switch {
	case err == nil:
		return "200"
	case errors.Is(err, core.ErrNotFound):
		return "404"
	case errors.Is(err, core.ErrForbidden):
		return "403"
	case errors.Is(err, core.ErrConflict):
		return "409"
	case errors.As(err, &invalid):
		return "400"
	}
	return err.Error()
}

func TestTheListSearchesSubjectPeopleAndText(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	dan := d.Person(t, core.RoleCustomer, "dan@other.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	printer := d.Conversation(t, cara, "100% printer")
	invoice := d.Conversation(t, dan, "invoice")
	d.Note(t, invoice, agent, "the accountant knows")
	merged := d.Conversation(t, dan, "gone")
	d.Exec(t, `update conversations set merged_into = $2 where id = $1`, merged, invoice)
	trashed := d.Conversation(t, dan, "thrown away")
	d.Exec(t, `update conversations set trashed_at = now(), status = 'open', assignee_id = $2 where id = $1`, trashed, agent.ID)
	d.Exec(t, `update conversations set assignee_id = $2, updated_at = now() + interval '1 second' where id = $1`, printer, agent.ID)

	for _, c := range []struct {
		name   string
		filter core.ListFilter
		want   []core.ConversationID
	}{
		{"all, newest first", core.ListFilter{}, []core.ConversationID{printer, invoice}},
		{"mine", core.ListFilter{View: core.ViewMine}, []core.ConversationID{printer}},
		{"unassigned", core.ListFilter{View: core.ViewUnassigned}, []core.ConversationID{invoice}},
		{"team", core.ListFilter{View: core.ViewTeam}, nil},
		{"trash", core.ListFilter{View: core.ViewTrash}, []core.ConversationID{trashed}},
		{"status", core.ListFilter{Status: core.StatusOpen}, nil},
		{"requester", core.ListFilter{Requester: dan.ID}, []core.ConversationID{invoice}},
		{"subject", core.ListFilter{Query: "INVO"}, []core.ConversationID{invoice}},
		{"percent is no wildcard", core.ListFilter{Query: "100% pri"}, []core.ConversationID{printer}},
		{"address", core.ListFilter{Query: "cara@acme"}, []core.ConversationID{printer}},
		{"note", core.ListFilter{Query: "accountant"}, []core.ConversationID{invoice}},
		{"number", core.ListFilter{Query: fmt.Sprintf("#%d", invoice)}, []core.ConversationID{invoice}},
		{"nothing", core.ListFilter{Query: "nobody said this"}, nil},
	} {
		list, total, err := d.Conversations(t.Context(), agent, c.filter)
		var got []core.ConversationID
		for _, row := range list {
			got = append(got, row.ID)
		}
		if err != nil || !slices.Equal(got, c.want) || total != len(c.want) {
			t.Errorf("%s: %v of %d (%v), want %v", c.name, got, total, err, c.want)
		}
	}
	list, total, err := d.Conversations(t.Context(), agent, core.ListFilter{Page: core.Page{Limit: 1, Offset: 1}})
	if err != nil || total != 2 || len(list) != 1 || list[0].ID != invoice {
		t.Errorf("second page: %v of %d (%v)", list, total, err)
	}
}

func TestActivityIsUnreadUntilSomebodyLooks(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	id := d.Conversation(t, cara, "hello")
	unread := func() bool {
		list, _, err := d.Conversations(t.Context(), agent, core.ListFilter{})
		if err != nil || len(list) != 1 {
			t.Fatalf("%v (%v)", list, err)
		}
		return list[0].Unread
	}
	if !unread() {
		t.Error("nobody has looked, and it is read")
	}
	if err := d.MarkRead(t.Context(), agent, id); err != nil {
		t.Fatal(err)
	}
	if unread() {
		t.Error("unread after a look")
	}
	if _, err := d.PortalReply(t.Context(), cara, id, "more", nil); err != nil {
		t.Fatal(err)
	}
	if !unread() {
		t.Error("read, and the customer wrote since")
	}
}

func TestPropertiesChangeWithAnEventEach(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	mia := d.Person(t, core.RoleCollaborator, "mia@partner.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	id := d.Conversation(t, cara, "hello")
	d.Exec(t, `insert into teams (title) values ('Second line')`)
	subject, kind, status, team := "Better", "problem", core.StatusPending, core.TeamID(1)
	tags := []string{"b", "a"}
	change := core.Changes{Subject: &subject, Type: &kind, Status: &status, Team: &team, Assignee: &agent.ID, Tags: &tags}
	if err := d.UpdateConversation(t.Context(), agent, id, change); err != nil {
		t.Fatal(err)
	}
	c, err := d.Desk.Conversation(t.Context(), agent, id)
	if err != nil || c.Subject != subject || c.Type != kind || c.Status != status || c.Team.Title != "Second line" ||
		c.Assignee.ID != agent.ID || len(c.Tags) != 2 || c.Priority != "normal" || c.Requester.Address != cara.Address {
		t.Errorf("%+v (%v)", c, err)
	}
	if err := d.UpdateConversation(t.Context(), agent, id, change); err != nil { // again: nothing to tell
		t.Fatal(err)
	}
	var told []string
	entries, err := d.Timeline(t.Context(), agent, id)
	for _, e := range entries {
		if e.Kind == core.EntryEvent {
			told = append(told, e.Text)
		}
	}
	slices.Sort(told)
	want := []string{"changed status from new to pending", "changed subject from About hello to Better", "changed tags from none to a, b",
		"changed type from question to problem", "made Agent the assignee", "made Second line the team"}
	if err != nil || !slices.Equal(told, want) {
		t.Errorf("events %q (%v), want %q", told, err, want)
	}

	bad, never, gone := "huge", core.StatusNew, core.TeamID(9)
	for name, c := range map[string]core.Changes{
		"priority": {Priority: &bad}, "type": {Type: &bad}, "status": {Status: &never}, "assigned_team_id": {Team: &gone},
		"assigned_agent_id": {Assignee: &mia.ID}, "requester_id": {Requester: new(core.UserID)}, "subject": {Subject: new(string)},
	} {
		var invalid core.Invalid
		if err := d.UpdateConversation(t.Context(), agent, id, c); !errors.As(err, &invalid) || (invalid.Field != name && name != "requester_id") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOnlyAnAdminReopensAClosedConversation(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	admin := d.Person(t, core.RoleAdmin, "admin@desk.test")
	id := d.Conversation(t, cara, "hello")
	closed, open := core.StatusClosed, core.StatusOpen
	for _, step := range []struct {
		by   core.Actor
		to   core.Status
		want string
	}{{agent, closed, "200"}, {agent, open, "403"}, {admin, open, "200"}} {
		if got := answer(d.UpdateConversation(t.Context(), step.by, id, core.Changes{Status: &step.to})); got != step.want {
			t.Errorf("%s to %s: %s, want %s", step.by.Name, step.to, got, step.want)
		}
	}
}

func TestCompletedConversationsCloseAfterTheSetTime(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	old, fresh, open := d.Conversation(t, cara, "old"), d.Conversation(t, cara, "fresh"), d.Conversation(t, cara, "open")
	d.Exec(t, `update conversations set status = 'completed', completed_at = now() - interval '97 hours' where id = $1`, old)
	d.Exec(t, `update conversations set status = 'completed', completed_at = now() - interval '95 hours' where id = $1`, fresh)
	d.Exec(t, `update conversations set completed_at = now() - interval '97 hours' where id = $1`, open)
	for _, want := range []int{1, 0} {
		if n, err := d.CloseCompleted(t.Context()); err != nil || n != want {
			t.Errorf("closed %d (%v), want %d", n, err, want)
		}
	}
	if got := d.Text(t, `select string_agg(status, ' ' order by id) from conversations`); got != "closed completed new" {
		t.Error(got)
	}
	d.Exec(t, `update conversations set completed_at = now() - interval '1 year'`)
	d.Exec(t, `update instance set close_completed_hours = null`)
	if n, err := d.CloseCompleted(t.Context()); err != nil || n != 0 {
		t.Errorf("switched off, and closed %d (%v)", n, err)
	}
}
