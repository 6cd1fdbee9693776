package core_test

import (
	"testing"

	"postdesk/core"
)

const (
	customer, collaborator = core.RoleCustomer, core.RoleCollaborator
	agent, admin, owner    = core.RoleAgent, core.RoleAdmin, core.RoleOwner

	somebody core.UserID = 8
)

// mayGrant is the row "change a role", said once more and without cleverness.
func mayGrant(by, from, to core.Role) string {
	switch {
	case by == customer || by == collaborator:
		return "403"
	case from == to:
		return "yes"
	case by == agent:
		if from == customer && to == collaborator {
			return "yes"
		}
		return "403"
	case by == admin && (from == owner || to == owner):
		return "403"
	}
	return "yes"
}

func TestWhoChangesWhichRole(t *testing.T) {
	t.Parallel()
	for _, by := range core.Roles() {
		for _, from := range core.Roles() {
			for _, to := range core.Roles() {
				if got, want := outcome(actor(by).MayGrant(somebody, from, to, false)), mayGrant(by, from, to); got != want {
					t.Errorf("%s makes %s %s: %s, want %s", by, from, to, got, want)
				}
			}
		}
	}
}

func TestNobodyChangesTheirOwnRole(t *testing.T) {
	t.Parallel()
	for _, by := range core.Roles() {
		for _, to := range core.Roles() {
			if to == by {
				continue
			}
			if got := outcome(actor(by).MayGrant(me, by, to, false)); got != "403" {
				t.Errorf("%s makes themselves %s: %s", by, to, got)
			}
		}
	}
}

func TestExceptionsOfChangingARole(t *testing.T) {
	t.Parallel()
	without := actor(agent)
	without.Rights.ManagePeople = false
	for _, c := range []struct {
		name      string
		by        core.Actor
		subject   core.UserID
		from, to  core.Role
		lastOwner bool
		want      string
	}{
		{"an agent without the right", without, somebody, customer, collaborator, false, "403"},
		{"an agent with the right", actor(agent), somebody, customer, collaborator, false, "yes"},
		{"an agent takes it back", actor(agent), somebody, collaborator, customer, false, "403"},
		{"the last owner by an owner", actor(owner), somebody, owner, admin, true, "409"},
		{"the last owner by themselves", actor(owner), me, owner, admin, true, "409"},
		{"the last owner by an admin", actor(admin), somebody, owner, admin, true, "409"},
		{"the last owner by an agent", actor(agent), somebody, owner, admin, true, "403"},
		{"the last owner stays one", actor(owner), me, owner, owner, true, "yes"},
		{"one of several owners by an owner", actor(owner), somebody, owner, customer, false, "yes"},
		{"a role that there is not", actor(owner), somebody, customer, "root", false, "400"},
		{"no role", actor(owner), somebody, customer, "", false, "400"},
		{"a role that there is not, by a customer", actor(customer), somebody, customer, "root", false, "403"},
	} {
		if got := outcome(c.by.MayGrant(c.subject, c.from, c.to, c.lastOwner)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestWhoseAccountsAreMadeEditedDisabledAndGivenAddresses(t *testing.T) {
	t.Parallel()
	// by, the account's role, make or invite, edit, disable, add an address
	for _, c := range []struct {
		by, role                   core.Role
		make, edit, disable, alias string
	}{
		{customer, customer, "403", "403", "403", "403"},
		{customer, collaborator, "403", "403", "403", "403"},
		{customer, agent, "403", "403", "403", "403"},
		{customer, admin, "403", "403", "403", "403"},
		{customer, owner, "403", "403", "403", "403"},
		{collaborator, customer, "403", "403", "403", "403"},
		{collaborator, collaborator, "403", "403", "403", "403"},
		{collaborator, agent, "403", "403", "403", "403"},
		{collaborator, admin, "403", "403", "403", "403"},
		{collaborator, owner, "403", "403", "403", "403"},
		{agent, customer, "yes", "yes", "yes", "yes"},
		{agent, collaborator, "403", "403", "403", "403"},
		{agent, agent, "403", "403", "403", "403"},
		{agent, admin, "403", "403", "403", "403"},
		{agent, owner, "403", "403", "403", "403"},
		{admin, customer, "yes", "yes", "yes", "yes"},
		{admin, collaborator, "yes", "yes", "yes", "yes"},
		{admin, agent, "yes", "yes", "yes", "yes"},
		{admin, admin, "yes", "yes", "yes", "403"},
		{admin, owner, "403", "403", "403", "403"},
		{owner, customer, "yes", "yes", "yes", "yes"},
		{owner, collaborator, "yes", "yes", "yes", "yes"},
		{owner, agent, "yes", "yes", "yes", "yes"},
		{owner, admin, "yes", "yes", "yes", "yes"},
		{owner, owner, "yes", "yes", "yes", "403"},
	} {
		a := actor(c.by)
		for deed, got := range map[string][2]string{
			"make":        {outcome(a.MayCreate(c.role)), c.make},
			"edit":        {outcome(a.MayEdit(c.role)), c.edit},
			"disable":     {outcome(a.MayDisable(somebody, c.role, false)), c.disable},
			"add address": {outcome(a.MayAddAddress(c.role)), c.alias},
		} {
			if got[0] != got[1] {
				t.Errorf("%s, %s, %s: %s, want %s", c.by, c.role, deed, got[0], got[1])
			}
		}
	}
}

func TestAnAgentWithoutTheRightManagesNobody(t *testing.T) {
	t.Parallel()
	a := actor(agent)
	a.Rights.ManagePeople = false
	if a.MayCreate(customer) == nil || a.MayEdit(customer) == nil || a.MayDisable(somebody, customer, false) == nil || a.MayAddAddress(customer) == nil {
		t.Error("allowed")
	}
}

func TestExceptionsOfDisabling(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		by        core.Role
		subject   core.UserID
		role      core.Role
		lastOwner bool
		want      string
	}{
		{"yourself", admin, me, admin, false, "403"},
		{"yourself as one of several owners", owner, me, owner, false, "403"},
		{"yourself as the last owner", owner, me, owner, true, "409"},
		{"the last owner by an admin", admin, somebody, owner, true, "409"},
		{"the last owner by an agent", agent, somebody, owner, true, "403"},
		{"an owner by an admin", admin, somebody, owner, false, "403"},
		{"an owner by an owner", owner, somebody, owner, false, "yes"},
	} {
		if got := outcome(actor(c.by).MayDisable(c.subject, c.role, c.lastOwner)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestAnAccountOfARoleThatThereIsNotIsNotMade(t *testing.T) {
	t.Parallel()
	if got := outcome(actor(owner).MayCreate("root")); got != "400" {
		t.Error(got)
	}
}
