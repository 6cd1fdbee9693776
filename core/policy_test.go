package core_test

import (
	"errors"
	"testing"

	"postdesk/core"
)

const me core.UserID = 7

// actor is an enabled person of a role with its built-in rights.
func actor(r core.Role) core.Actor {
	return core.Actor{ID: me, Role: r, Rights: core.BuiltinRights(r), Enabled: true}
}

// outcome names what a check of the policy answered.
func outcome(err error) string {
	var invalid core.Invalid
	switch {
	case err == nil:
		return "yes"
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

// The rows of the role table in behaviour.md section 2, then the finer ones of
// matrix S2 in reliability.md. "right" is a toggle that an agent needs: yes
// with it alone, 403 with all the others.
var roleTable = []struct {
	row                                         string
	do                                          core.Deed
	customer, collaborator, agent, admin, owner string
	right                                       func(*core.Rights)
}{
	{"see own conversations in the portal, reply there, edit own profile", core.DoUsePortal,
		"yes", "yes", "yes", "yes", "yes", nil},
	{"view conversations, users, organizations", core.DoView,
		"404", "yes", "yes", "yes", "yes", nil},
	{"private note on a conversation, a user, an organization; mention", core.DoNote,
		"404", "yes", "yes", "yes", "yes", nil},
	{"reply to a customer, by any channel", core.DoReply,
		"404", "403", "yes", "yes", "yes", func(r *core.Rights) { r.Reply = !r.Reply }},
	{"change status, priority, type, assignee, team, tags, requester, CC", core.DoChange,
		"404", "403", "yes", "yes", "yes", nil},
	{"merge, split, trash", core.DoMerge,
		"404", "403", "yes", "yes", "yes", func(r *core.Rights) { r.Merge = !r.Merge }},
	{"create a conversation on a customer's behalf", core.DoOpenForCustomer,
		"403", "403", "yes", "yes", "yes", nil},
	{"create, edit, disable, enable customers and organizations", core.DoManagePeople,
		"403", "403", "yes", "yes", "yes", func(r *core.Rights) { r.ManagePeople = !r.ManagePeople }},
	{"change a role", core.DoChangeRole,
		"403", "403", "yes", "yes", "yes", func(r *core.Rights) { r.ManagePeople = !r.ManagePeople }},
	{"invite team members, teams, mailboxes, roles, settings, mail log", core.DoAdminister,
		"403", "403", "403", "yes", "yes", nil},
	{"all raw mail", core.DoReadRaw,
		"404", "403", "403", "yes", "yes", nil},
	{"suspended mail: list", core.DoListSuspended,
		"403", "403", "yes", "yes", "yes", func(r *core.Rights) { r.ViewSuspended = !r.ViewSuspended }},
	{"suspended mail: source", core.DoReadSuspended,
		"404", "403", "yes", "yes", "yes", func(r *core.Rights) { r.ViewSuspended = !r.ViewSuspended }},
	{"Help Center: read a draft article", core.DoReadDraft,
		"404", "yes", "yes", "yes", "yes", nil},
	{"Help Center: edit and save an existing draft article", core.DoEditDraft,
		"404", "yes", "yes", "yes", "yes", nil},
	{"Help Center: create and delete articles", core.DoWriteArticle,
		"403", "403", "yes", "yes", "yes", func(r *core.Rights) { r.WriteArticles = !r.WriteArticles }},
	{"Help Center: publish and unpublish articles", core.DoPublishArticle,
		"403", "403", "yes", "yes", "yes", func(r *core.Rights) { r.PublishArticles = !r.PublishArticles }},
	{"Help Center: edit published articles", core.DoEditPublished,
		"403", "403", "yes", "yes", "yes", func(r *core.Rights) {
			r.WriteArticles, r.PublishArticles = !r.WriteArticles, !r.PublishArticles
		}},
	{"Help Center: categories and sections", core.DoManageCategories,
		"403", "403", "yes", "yes", "yes", func(r *core.Rights) { r.ManageCategories = !r.ManageCategories }},
}

func TestTheRoleTable(t *testing.T) {
	t.Parallel()
	for _, c := range roleTable {
		t.Run(c.row, func(t *testing.T) {
			t.Parallel()
			wants := []string{c.customer, c.collaborator, c.agent, c.admin, c.owner}
			for i, role := range core.Roles() {
				if got := outcome(actor(role).Can(c.do)); got != wants[i] {
					t.Errorf("%s: %s, want %s", role, got, wants[i])
				}
			}
			if c.right == nil {
				return
			}
			with, without := core.Rights{}, core.BuiltinRights(core.RoleAgent)
			c.right(&with)
			c.right(&without)
			agent := actor(core.RoleAgent)
			if agent.Rights = with; agent.Can(c.do) != nil {
				t.Error("refused to an agent with the right alone")
			}
			if agent.Rights = without; outcome(agent.Can(c.do)) != "403" {
				t.Error("allowed to an agent without the right")
			}
		})
	}
}

func TestTheRoleTableHasEveryDeed(t *testing.T) {
	t.Parallel()
	rows := map[core.Deed]bool{}
	for _, c := range roleTable {
		rows[c.do] = true
	}
	for do := core.DoUsePortal; do <= core.DoManageCategories; do++ {
		if !rows[do] {
			t.Errorf("deed %d has no row", do)
		}
	}
	for _, do := range []core.Deed{-1, 0, core.DoManageCategories + 1} {
		if err := actor(core.RoleOwner).Can(do); outcome(err) != "403" {
			t.Errorf("deed %d, which there is not: %v", do, err)
		}
	}
}

func TestEditingAPublishedArticleNeedsBothRights(t *testing.T) {
	t.Parallel()
	agent := actor(core.RoleAgent)
	for _, r := range []core.Rights{{WriteArticles: true}, {PublishArticles: true}} {
		if agent.Rights = r; outcome(agent.Can(core.DoEditPublished)) != "403" {
			t.Errorf("allowed with %+v", r)
		}
	}
}

func TestNoToggleGivesCollaboratorsOrCustomersARightOrTakesAnAdminsAway(t *testing.T) {
	t.Parallel()
	all, none := core.BuiltinRights(core.RoleOwner), core.Rights{}
	for do := core.DoUsePortal; do <= core.DoManageCategories; do++ {
		for _, role := range core.Roles() {
			want := outcome(actor(role).Can(do))
			toggled := actor(role)
			switch {
			case role == core.RoleAgent:
				continue
			case role.Admin():
				toggled.Rights = none
			default:
				toggled.Rights = all
			}
			if got := outcome(toggled.Can(do)); got != want {
				t.Errorf("%s, deed %d: %s, want %s", role, do, got, want)
			}
		}
	}
	admin := actor(core.RoleAdmin)
	if admin.Rights = none; !admin.MayView(core.CaseFacts{}) {
		t.Error("an admin's access was taken away")
	}
}

func TestTheDisabledAndPeopleWithoutARoleCanDoNothing(t *testing.T) {
	t.Parallel()
	people := []core.Actor{{}, {Enabled: true, Rights: core.BuiltinRights(core.RoleOwner)}, actor("root"), actor("OWNER")}
	for _, role := range core.Roles() {
		disabled := actor(role)
		disabled.Enabled = false
		people = append(people, disabled)
	}
	for _, a := range people {
		for do := core.DoUsePortal; do <= core.DoManageCategories; do++ {
			if got := outcome(a.Can(do)); got != "403" {
				t.Errorf("%q, deed %d: %s", a.Role, do, got)
			}
		}
		if a.MayView(core.CaseFacts{Requester: a.ID}) || a.MayReadOwn(a.ID) || a.MayCreate(core.RoleCustomer) == nil ||
			a.MayEdit(core.RoleCustomer) == nil || a.MayDisable(8, core.RoleCustomer, false) == nil ||
			a.MayAddAddress(core.RoleCustomer) == nil || a.MayGrant(8, core.RoleCustomer, core.RoleCollaborator, false) == nil {
			t.Errorf("%q may do something", a.Role)
		}
	}
}

func TestRolesAreOrderedFromCustomerToOwner(t *testing.T) {
	t.Parallel()
	for i, c := range []struct {
		role                core.Role
		staff, agent, admin bool
	}{
		{"root", false, false, false},
		{core.RoleCustomer, false, false, false},
		{core.RoleCollaborator, true, false, false},
		{core.RoleAgent, true, true, false},
		{core.RoleAdmin, true, true, true},
		{core.RoleOwner, true, true, true},
	} {
		if r := c.role; r.Rank() != i || r.Staff() != c.staff || r.Agent() != c.agent || r.Admin() != c.admin {
			t.Errorf("%s: rank %d, staff %v, agent %v, admin %v", r, r.Rank(), r.Staff(), r.Agent(), r.Admin())
		}
	}
}

func TestCaseAccess(t *testing.T) {
	t.Parallel()
	const other core.UserID = 8
	foreign := core.CaseFacts{Requester: other, Assignee: other, Team: 3}
	for _, c := range []struct {
		name             string
		facts            core.CaseFacts
		own, teams, full bool
	}{
		{"somebody else's", foreign, false, false, true},
		{"nobody's", core.CaseFacts{Requester: other}, false, false, true},
		{"of an own team", core.CaseFacts{Requester: other, Team: 2}, false, true, true},
		{"assigned", core.CaseFacts{Requester: other, Assignee: me, Team: 3}, true, true, true},
		{"requester", core.CaseFacts{Requester: me, Team: 3}, true, true, true},
		{"participant", core.CaseFacts{Requester: other, Participant: true}, true, true, true},
		{"mentioned", core.CaseFacts{Requester: other, Mentioned: true}, true, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for access, want := range map[core.Access]bool{
				core.AccessOwn: c.own, core.AccessTeams: c.teams, core.AccessAll: c.full, "": c.own,
			} {
				for _, role := range []core.Role{core.RoleCollaborator, core.RoleAgent} {
					a := actor(role)
					a.Rights.Access, a.Teams = access, []core.TeamID{1, 2}
					if got := a.MayView(c.facts); got != want {
						t.Errorf("%s with access %q: %v", role, access, got)
					}
				}
			}
			customer := actor(core.RoleCustomer)
			customer.Rights.Access = core.AccessAll
			if customer.MayView(c.facts) {
				t.Error("a customer has a staff view")
			}
		})
	}
}

func TestOnlyItsRequesterReadsAConversationInThePortal(t *testing.T) {
	t.Parallel()
	for _, role := range core.Roles() {
		if !actor(role).MayReadOwn(me) {
			t.Errorf("%s may not read the own", role)
		}
		if actor(role).MayReadOwn(8) || actor(role).MayReadOwn(0) {
			t.Errorf("%s may read another's", role)
		}
	}
	nobody := actor(core.RoleCustomer)
	if nobody.ID = 0; nobody.MayReadOwn(0) {
		t.Error("nobody reads nobody's")
	}
}

func TestBuiltinRights(t *testing.T) {
	t.Parallel()
	all := core.Rights{Reply: true, Merge: true, ViewSuspended: true, ManagePeople: true,
		WriteArticles: true, PublishArticles: true, ManageCategories: true, Access: core.AccessAll}
	for role, want := range map[core.Role]core.Rights{
		core.RoleCustomer: {Access: core.AccessOwn}, core.RoleCollaborator: {Access: core.AccessAll},
		core.RoleAgent: all, core.RoleAdmin: all, core.RoleOwner: all, "root": {Access: core.AccessOwn},
	} {
		if got := core.BuiltinRights(role); got != want {
			t.Errorf("%s: %+v", role, got)
		}
	}
}
