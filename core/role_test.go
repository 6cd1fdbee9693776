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
