package core_test

import (
	"errors"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestOnlyAdminsSeeAndChangeRoles(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	no := false
	for _, actor := range []core.Actor{d.Customer(t, "c@x.test"), d.Collaborator(t, "m@x.test"), d.Agent(t, "a@x.test"), {}} {
		if _, err := d.RoleSettings(t.Context(), actor); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("%s sees them: %v", actor.Role, err)
		}
		if _, err := d.UpdateRole(t.Context(), actor, core.RoleAgent, core.RightsChanges{Merge: &no}); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("%s changes them: %v", actor.Role, err)
		}
	}
}

func TestWhatNoToggleCanGiveCannotBeToggled(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	owner := d.Owner(t, "o@x.test")
	yes, own := true, core.AccessOwn
	for _, c := range []struct {
		role    core.Role
		changes core.RightsChanges
		field   string // "": it can
	}{
		{core.RoleAgent, core.RightsChanges{Reply: &yes, Access: &own}, ""},
		{core.RoleCollaborator, core.RightsChanges{Access: &own}, ""},
		{core.RoleCollaborator, core.RightsChanges{Reply: &yes}, "permissions"},
		{core.RoleCollaborator, core.RightsChanges{ViewSuspended: &yes, Access: &own}, "permissions"},
		{core.RoleCustomer, core.RightsChanges{Access: &own}, "role"},
		{core.RoleAdmin, core.RightsChanges{}, "role"},
		{core.RoleOwner, core.RightsChanges{Access: &own}, "role"},
		{"king", core.RightsChanges{}, "role"},
	} {
		_, err := d.UpdateRole(t.Context(), owner, c.role, c.changes)
		var invalid core.Invalid
		if errors.As(err, &invalid); invalid.Field != c.field || (err == nil) != (c.field == "") {
			t.Errorf("%s: %v, want a fault of %q", c.role, err, c.field)
		}
	}
}

func TestAToggleCountsAtOnceForOpenSessionsAndLeavesTheOthers(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner, agent := t.Context(), d.Owner(t, "o@x.test"), d.Agent(t, "a@x.test")
	session := d.Session(t, agent.ID)
	c := d.Conversation(t, d.Customer(t, "c@x.test"), "help")
	no, yes, own := false, true, core.AccessOwn
	may := func() (reply, merge, all bool) {
		t.Helper()
		a, err := d.ActorOf(ctx, session)
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.Desk.Conversation(ctx, a, c)
		return a.Can(core.DoReply) == nil, a.Can(core.DoMerge) == nil, err == nil
	}
	if _, err := d.UpdateRole(ctx, owner, core.RoleAgent, core.RightsChanges{Reply: &no, Access: &own}); err != nil {
		t.Fatal(err)
	}
	if reply, merge, all := may(); reply || !merge || all {
		t.Errorf("reply %v, merge %v, all %v", reply, merge, all)
	}
	updated, err := d.UpdateRole(ctx, owner, core.RoleAgent, core.RightsChanges{Merge: &no, Reply: &yes})
	if err != nil || updated.Rights.Access != core.AccessOwn || updated.People != 1 {
		t.Errorf("%+v %v", updated, err)
	}
	if reply, merge, _ := may(); !reply || merge {
		t.Errorf("reply %v, merge %v", reply, merge)
	}
}

func TestWhoIsNoAdminAnyMoreChangesNoRole(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner, admin := t.Context(), d.Owner(t, "o@x.test"), d.Admin(t, "a@x.test")
	if _, err := d.UpdateUser(ctx, owner, admin.ID, role(core.RoleAgent)); err != nil {
		t.Fatal(err)
	}
	no := false
	if _, err := d.UpdateRole(ctx, admin, core.RoleAgent, core.RightsChanges{Merge: &no}); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("%v", err)
	}
	if _, err := d.DeleteTeam(ctx, admin, 1); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("%v", err)
	}
}
