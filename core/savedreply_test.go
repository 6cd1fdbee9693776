package core_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestASavedReplyIsForWhomItWasSaved(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	abe, bob, admin := d.Agent(t, "abe@desk.test"), d.Agent(t, "bob@desk.test"), d.Admin(t, "ann@desk.test")
	mia, cara := d.Collaborator(t, "mia@partner.test"), d.Customer(t, "cara@acme.test")
	team, err := d.CreateTeam(t.Context(), admin, "Billing", []core.UserID{abe.ID})
	if err != nil {
		t.Fatal(err)
	}
	save := func(who core.Actor, name, visibility string, of core.TeamID) core.SavedReplyID {
		t.Helper()
		id, err := d.SaveReply(t.Context(), who, 0, core.SavedReplyForm{Name: name, Text: "Hello {{requester.name}}", Visibility: visibility, Team: of})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	shared, own, ours := save(abe, "Shared", core.ForEveryone, 0), save(abe, "Own", core.ForMe, 0), save(abe, "Ours", core.ForTeam, team.ID)
	for name, c := range map[string]struct {
		who                     core.Actor
		list, shared, own, ours string
	}{
		"the author":     {abe, "Ours Own Shared", "200", "200", "200"},
		"a colleague":    {bob, "Shared", "403", "404", "404"},
		"an admin":       {admin, "Ours Shared", "200", "404", "200"},
		"a collaborator": {mia, "", "403", "403", "403"},
		"a customer":     {cara, "", "404", "404", "404"},
	} {
		list, _ := d.SavedReplies(t.Context(), c.who)
		var names []string
		for _, r := range list {
			names = append(names, r.Name)
		}
		if got := strings.Join(names, " "); got != c.list {
			t.Errorf("%s sees %q", name, got)
		}
		for id, want := range map[core.SavedReplyID]string{shared: c.shared, own: c.own, ours: c.ours} {
			form := core.SavedReplyForm{Name: fmt.Sprint("Name", id), Text: "New words", Visibility: core.ForEveryone}
			if id == own {
				form.Visibility = core.ForMe
			}
			if id == ours {
				form.Visibility, form.Team = core.ForTeam, team.ID
			}
			form.Name = map[core.SavedReplyID]string{shared: "Shared", own: "Own", ours: "Ours"}[id]
			if got := answer(ignore(d.SaveReply(t.Context(), c.who, id, form))); got != want {
				t.Errorf("%s changes %s: %s, want %s", name, form.Name, got, want)
			}
		}
	}
	if got := answer(ignore(d.SaveReply(t.Context(), bob, 0, core.SavedReplyForm{Name: "shared", Text: "x", Visibility: core.ForEveryone}))); got != "400" {
		t.Errorf("a name that is taken: %s", got)
	}
	if got := answer(ignore(d.SaveReply(t.Context(), bob, 0, core.SavedReplyForm{Name: "x", Text: "x", Visibility: core.ForTeam, Team: team.ID}))); got != "400" {
		t.Errorf("for another's team: %s", got)
	}
	if got := answer(d.DeleteReply(t.Context(), bob, shared)); got != "403" {
		t.Errorf("deleted by a colleague: %s", got)
	}
	if err := d.DeleteReply(t.Context(), admin, shared); err != nil {
		t.Error(err)
	}
	if got := d.Text(t, `select string_agg(distinct act, ' ' order by act) from audit where act like 'saved_reply.%'`); got != "saved_reply.created saved_reply.deleted saved_reply.updated" {
		t.Errorf("audit: %s", got)
	}
}

func TestPlaceholdersOfASavedReplyAreKnownAndFilledOnce(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	abe, cara := d.Agent(t, "abe@desk.test"), d.Customer(t, "cara@acme.test")
	id := d.Conversation(t, cara, "printer")
	d.Exec(t, `update users set name = '{{agent.name}} {{mailbox.address}}' where id = $1`, cara.ID)
	var invalid core.Invalid
	_, err := d.SaveReply(t.Context(), abe, 0, core.SavedReplyForm{Name: "x", Text: "Hello\n{{requester.email}} {{ note }}"})
	if !errors.As(err, &invalid) || invalid.Field != "text" || !strings.Contains(invalid.Problem, "Line 2: there is no {{requester.email}}.") ||
		!strings.Contains(invalid.Problem, "{{ note }}") {
		t.Errorf("%v", err)
	}
	reply, err := d.SaveReply(t.Context(), abe, 0, core.SavedReplyForm{Name: "x", Text: "{{requester.name}}, {{ requester.first_name }}: {{conversation.number}} {{conversation.subject}} by {{agent.name}}, {{mailbox.address}}"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.FilledReply(t.Context(), abe, id, reply)
	want := fmt.Sprintf("{{agent.name}} {{mailbox.address}}, {{agent.name}}: #%d About printer by Abe, support@desk.test", id)
	if err != nil || got != want {
		t.Errorf("%q (%v), want %q", got, err, want)
	}
	if _, err := d.FilledReply(t.Context(), abe, 999, reply); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("for a missing conversation: %v", err)
	}
}
