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

func TestTwoAdminsAtOneTeamUndoNothingOfEachOthers(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	ann, bob, eve := d.Agent(t, "ann@desk.test"), d.Agent(t, "bob@desk.test"), d.Collaborator(t, "eve@lab.test")
	team, err := d.CreateTeam(ctx, owner, "First line", []core.UserID{ann.ID})
	if err != nil {
		t.Fatal(err)
	}
	title := "Second  line"
	if _, err := d.ChangeTeam(ctx, owner, team.ID, core.TeamChanges{Title: &title}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ChangeTeam(ctx, owner, team.ID, core.TeamChanges{Add: []core.UserID{bob.ID, eve.ID, bob.ID}}); err != nil {
		t.Fatal(err)
	}
	got, err := d.ChangeTeam(ctx, owner, team.ID, core.TeamChanges{Remove: []core.UserID{ann.ID, 4711}})
	if err != nil || got.Title != "Second line" || !slices.Equal(got.Members, []core.UserID{bob.ID, eve.ID}) {
		t.Errorf("%+v %v", got, err)
	}
	if got := fault(t, second(d.ChangeTeam(ctx, owner, team.ID, core.TeamChanges{Add: []core.UserID{d.Customer(t, "cara@acme.test").ID}}))); got.Field != "members" {
		t.Errorf("a customer in a team: %+v", got)
	}
	if _, err := d.CreateTeam(ctx, owner, "Third", nil); err != nil {
		t.Fatal(err)
	}
	title = "Third"
	if got := fault(t, second(d.ChangeTeam(ctx, owner, team.ID, core.TeamChanges{Title: &title}))); got.Field != "title" || got.Code != core.CodeDuplicate {
		t.Errorf("a taken title: %+v", got)
	}
	if _, err := d.ChangeTeam(ctx, owner, 4711, core.TeamChanges{}); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a team that is not: %v", err)
	}
}

func TestADeletedTeamLeavesItsConversations(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner, ann := t.Context(), d.Owner(t, "owner@desk.test"), d.Agent(t, "ann@desk.test")
	team, err := d.CreateTeam(ctx, owner, "First line", []core.UserID{ann.ID})
	if err != nil {
		t.Fatal(err)
	}
	c := d.Conversation(t, d.Customer(t, "cara@acme.test"), "help")
	d.Exec(t, `update conversations set team_id = $1 where id = $2`, team.ID, c)
	for _, by := range []core.Actor{ann, d.Customer(t, "x@acme.test"), {}} {
		if _, err := d.DeleteTeam(ctx, by, team.ID); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("a %q deletes: %v", by.Role, err)
		}
	}
	if n, err := d.DeleteTeam(ctx, owner, team.ID); err != nil || n != 1 {
		t.Errorf("%d conversations, %v", n, err)
	}
	if got := d.Text(t, `select coalesce(team_id::text, 'none') from conversations where id = $1`, c); got != "none" {
		t.Errorf("the conversation is of team %s", got)
	}
	if got := d.Text(t, `select detail->>'title' || ' ' || (detail->>'conversations') from audit where act = 'team.deleted'`); got != "First line 1" {
		t.Errorf("audit: %s", got)
	}
	if _, err := d.DeleteTeam(ctx, owner, team.ID); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	if _, err := d.Team(ctx, owner, team.ID); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("read after: %v", err)
	}
}

func TestStaffAreNamedByNameOrAddress(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	ann, off := d.Agent(t, "ann@desk.test"), d.Agent(t, "off@desk.test")
	d.Agent(t, "twin@desk.test")
	d.Agent(t, "twin@other.test")
	d.Customer(t, "cara@acme.test")
	if err := d.DisableUser(ctx, owner, off.ID); err != nil {
		t.Fatal(err)
	}
	ids, err := d.StaffNamed(ctx, owner, []string{" ANN ", "", "Off@desk.test"})
	if err != nil || fmt.Sprint(ids) != fmt.Sprint([]core.UserID{ann.ID, off.ID}) {
		t.Errorf("%v %v", ids, err)
	}
	for word, said := range map[string]string{
		"Twin":           "More than one is called Twin: type the address.",
		"cara@acme.test": "cara@acme.test is a customer: only staff can be in a team.",
		"Cara":           "Nobody of the staff is called Cara, or has that address.",
		"100%s":          "Nobody of the staff is called 100%s, or has that address.",
	} {
		if got := fault(t, second(d.StaffNamed(ctx, owner, []string{word}))); got.Field != "add" || got.Problem != said {
			t.Errorf("%s: %+v", word, got)
		}
	}
	if _, err := d.StaffNamed(ctx, ann, []string{"Ann"}); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("by an agent: %v", err)
	}
	colleagues, err := d.Colleagues(ctx, ann)
	if err != nil || len(colleagues) != 4 || colleagues[0].ID != ann.ID {
		t.Errorf("%+v %v", colleagues, err)
	}
}

func TestWhoIsLosingTheStaffRoleComesIntoNoTeam(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner, ann := t.Context(), d.Owner(t, "owner@desk.test"), d.Agent(t, "ann@desk.test")
	team, err := d.CreateTeam(ctx, owner, "First line", nil)
	if err != nil {
		t.Fatal(err)
	}
	demotion, err := d.Pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = demotion.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := demotion.Exec(ctx, `update users set role = 'customer' where id = $1`, ann.ID); err != nil {
		t.Fatal(err)
	}
	added := make(chan error, 1)
	go func() {
		_, err := d.ChangeTeam(ctx, owner, team.ID, core.TeamChanges{Add: []core.UserID{ann.ID}})
		added <- err
	}()
	blocksSomebody(t, d, demotion)
	if err := demotion.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if got := fault(t, <-added); got.Field != "members" {
		t.Errorf("%+v", got)
	}
}
