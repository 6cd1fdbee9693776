package core_test

import (
	"errors"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestWhoMayMergePeopleAndWhom(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	admin, agent, mia := d.Admin(t, "ada@desk.test"), d.Agent(t, "abe@desk.test"), d.Collaborator(t, "mia@partner.test")
	cara, double, shut := d.Customer(t, "cara@acme.test"), d.Customer(t, "double@acme.test"), d.Customer(t, "shut@acme.test")
	gone, deleted := d.Customer(t, "gone@acme.test"), d.Customer(t, "deleted@acme.test")
	if err := errors.Join(d.DisableUser(t.Context(), admin, shut.ID), d.MergeUsers(t.Context(), admin, cara.ID, gone.ID), d.AnonymiseUser(t.Context(), admin, deleted.ID)); err != nil {
		t.Fatal(err)
	}
	with := func(change func(r *core.Rights)) core.Actor {
		a := agent
		change(&a.Rights)
		return a
	}
	own, teams := with(func(r *core.Rights) { r.Access = core.AccessOwn }), with(func(r *core.Rights) { r.Access = core.AccessTeams })
	seen := d.Conversation(t, cara, "assigned")
	d.Exec(t, `update conversations set assignee_id = $2 where id = $1`, seen, agent.ID)
	for name, c := range map[string]struct {
		actor           core.Actor
		survivor, other core.UserID
		want            error
	}{
		"a customer":                       {cara, cara.ID, double.ID, core.ErrForbidden},
		"a collaborator":                   {mia, cara.ID, double.ID, core.ErrForbidden},
		"without the right over people":    {with(func(r *core.Rights) { r.ManagePeople = false }), cara.ID, double.ID, core.ErrForbidden},
		"without the right to merge":       {with(func(r *core.Rights) { r.Merge = false }), cara.ID, double.ID, core.ErrForbidden},
		"own access, sees only one":        {own, cara.ID, double.ID, core.ErrNotFound},
		"own access, the other way round":  {own, double.ID, cara.ID, core.ErrNotFound},
		"access by teams, sees only one":   {teams, cara.ID, double.ID, core.ErrNotFound},
		"with oneself":                     {agent, cara.ID, cara.ID, core.ErrConflict},
		"with a colleague":                 {admin, cara.ID, mia.ID, core.ErrConflict},
		"into a colleague":                 {admin, agent.ID, cara.ID, core.ErrConflict},
		"with somebody disabled":           {agent, cara.ID, shut.ID, core.ErrConflict},
		"into somebody disabled":           {agent, shut.ID, cara.ID, core.ErrConflict},
		"with somebody merged already":     {agent, double.ID, gone.ID, core.ErrConflict},
		"with somebody deleted":            {agent, cara.ID, deleted.ID, core.ErrConflict},
		"with nobody":                      {agent, cara.ID, 999, core.ErrNotFound},
		"with an old standing":             {core.Actor{ID: mia.ID, Role: core.RoleAgent, Enabled: true, Rights: core.BuiltinRights(core.RoleAgent)}, cara.ID, double.ID, core.ErrForbidden},
		"undone by a collaborator":         {mia, 0, gone.ID, core.ErrForbidden},
		"undone without one of the rights": {with(func(r *core.Rights) { r.Merge = false }), 0, gone.ID, core.ErrForbidden},
		"undone where nothing was merged":  {agent, 0, double.ID, core.ErrConflict},
	} {
		merge := func() error { return d.MergeUsers(t.Context(), c.actor, c.survivor, c.other) }
		if c.survivor == 0 {
			merge = func() error { return d.UnmergeUsers(t.Context(), c.actor, c.other) }
		} else if _, err := d.PreviewMerge(t.Context(), c.actor, c.survivor, c.other); err == nil && name != "with an old standing" {
			t.Errorf("%s: the preview shows it", name)
		}
		if err := merge(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if got := d.Text(t, `select count(*) from users where merged_into is not null`); got != "1" {
		t.Fatalf("%s are merged away", got)
	}
	// Who sees both may, by whatever access.
	second := d.Conversation(t, double, "assigned too")
	d.Exec(t, `update conversations set assignee_id = $2 where id = $1`, second, agent.ID)
	if err := d.MergeUsers(t.Context(), own, cara.ID, double.ID); err != nil {
		t.Errorf("own access, sees both: %v", err)
	}
}

func TestTheWayBackOfAMergeStopsAtWhatHappenedSince(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, admin := t.Context(), d.Admin(t, "ada@desk.test")
	cara, double, third := d.Customer(t, "cara@acme.test"), d.Customer(t, "double@acme.test"), d.Customer(t, "third@acme.test")
	if err := d.AddIdentity(ctx, admin, double.ID, "second@acme.test"); err != nil {
		t.Fatal(err)
	}
	kept, given := d.Conversation(t, double, "kept"), d.Conversation(t, double, "given away")
	if err := errors.Join(d.MergeUsers(ctx, admin, cara.ID, double.ID), d.MergeUsers(ctx, admin, third.ID, cara.ID)); err != nil {
		t.Fatal(err)
	}
	if id, err := d.SurvivorOf(ctx, admin, double.ID); err != nil || id != third.ID {
		t.Errorf("merges of merges lead to %d (%v)", id, err)
	}
	if err := d.UnmergeUsers(ctx, admin, double.ID); !errors.Is(err, core.ErrConflict) {
		t.Errorf("undone under a later merge: %v", err)
	}
	if err := d.UnmergeUsers(ctx, admin, cara.ID); err != nil {
		t.Fatal(err)
	}
	// The double's primary address is Cara's own now, one was given to somebody
	// else, and one conversation has another requester.
	email := "third@acme.test"
	if err := errors.Join(
		d.MakePrimary(ctx, admin, cara.ID, "double@acme.test"),
		d.RemoveIdentity(ctx, admin, cara.ID, "second@acme.test"), d.AddIdentity(ctx, admin, third.ID, "second@acme.test"),
		d.UpdateConversation(ctx, admin, given, core.Changes{RequesterEmail: &email, ConfirmRequester: true}),
		d.UnmergeUsers(ctx, admin, double.ID)); err != nil {
		t.Fatal(err)
	}
	if got := sum(t, d, double.ID); got != "on double@acme.test* asked 1 cc - said 1 notes 0 phone  zone - tags  org 0" || kept != 1 {
		t.Errorf("who came back: %s", got)
	}
	if got := sum(t, d, cara.ID); got != "on cara@acme.test* asked - cc - said 0 notes 0 phone  zone - tags  org 0" {
		t.Errorf("who stays: %s", got)
	}
	if got := d.Text(t, `select string_agg(detail->>'left', ' ') from events where kind = 'unmerged' and user_id = $1`, double.ID); got != `["second@acme.test"]` {
		t.Errorf("what was left is told as %s", got)
	}
	journey, err := d.UserJourney(ctx, admin, double.ID, core.JourneyFilter{Only: core.EntryEvent})
	if err != nil || len(journey) == 0 || journey[0].Sentence() != "undid the merge with Cara, but for second@acme.test: gone or somebody else's by then" {
		t.Errorf("told as %+v (%v)", journey, err)
	}
	if err := errors.Join(d.MergeUsers(ctx, admin, cara.ID, double.ID), d.MakePrimary(ctx, admin, cara.ID, "double@acme.test"), d.RemoveIdentity(ctx, admin, cara.ID, "cara@acme.test")); err != nil {
		t.Fatal(err)
	}
	if err := d.UnmergeUsers(ctx, admin, double.ID); !errors.Is(err, core.ErrConflict) {
		t.Errorf("undone although Cara had no address left: %v", err)
	}
}

// TestNoWayBackMakesWordsPublic: a conversation that goes back holds words of the
// other's from another conversation by then.
func TestNoWayBackMakesWordsPublic(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, agent := t.Context(), d.Agent(t, "abe@desk.test")
	cara, double := d.Customer(t, "cara@acme.test"), d.Customer(t, "double@acme.test")
	theirs := d.Conversation(t, double, "of the double")
	hers := d.Conversation(t, cara, "a secret of Cara's")
	if err := d.MergeUsers(ctx, agent, cara.ID, double.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Merge(ctx, agent, []core.ConversationID{hers, theirs}, false); err != nil {
		t.Fatal(err)
	}
	if got := said(t, d, theirs); got != "M a secret of Cara's, M of the double" {
		t.Fatal(got)
	}
	if err := d.UnmergeUsers(ctx, agent, double.ID); err != nil {
		t.Fatal(err)
	}
	if got := said(t, d, theirs); got != "M of the double, N a secret of Cara's" {
		t.Error(got)
	}
	thread, err := d.MyConversation(ctx, double, theirs)
	if err != nil || len(thread.Posts) != 1 {
		t.Errorf("the double reads %+v (%v)", thread.Posts, err)
	}
}
