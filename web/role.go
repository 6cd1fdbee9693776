package web

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"postdesk/core"
)

type rolesPage struct {
	base
	Roles  []core.RoleSetting
	Rights []rightLine
	Edited core.Role // the role that the fault is of
}

// A rightLine is one toggle, over all roles.
type rightLine struct {
	Name, Label, Hint string
	has               func(core.Rights) bool
}

// Has tells that a role has the right.
func (l rightLine) Has(s core.RoleSetting) bool { return l.has(s.Rights) }

// rights are the toggles of behaviour.md section 2, in its order.
func rights() []rightLine {
	return []rightLine{
		{"reply", "Reply publicly", "Answer customers, in the panel and by mail.", func(r core.Rights) bool { return r.Reply }},
		{"merge", "Merge, split and trash", "Conversations; and bring them back.", func(r core.Rights) bool { return r.Merge }},
		{"suspended", "View suspended mail", "With its source; release and delete it.", func(r core.Rights) bool { return r.ViewSuspended }},
		{"people", "Create and update users and organizations", "Disable and enable customers, too.", func(r core.Rights) bool { return r.ManagePeople }},
		{"write", "Write articles", "Create and delete them.", func(r core.Rights) bool { return r.WriteArticles }},
		{"publish", "Publish articles", "And take them off the Help Center.", func(r core.Rights) bool { return r.PublishArticles }},
		{"categories", "Manage categories and sections", "Of the Help Center.", func(r core.Rights) bool { return r.ManageCategories }},
	}
}

// Toggles tells that a role's rights can be switched, each by itself.
func (p rolesPage) Toggles(s core.RoleSetting) bool { return s.Role == core.RoleAgent }

// Why is the sentence for a right that stands as it is.
func (p rolesPage) Why(s core.RoleSetting) string {
	if s.Role == core.RoleCollaborator {
		return "Collaborators have none of these rights, and cannot be given any."
	}
	return s.Fixed()
}

// Accesses are the kinds of case access, with what they mean.
func (p rolesPage) Accesses() []choice {
	return []choice{{Label: "Own", To: string(core.AccessOwn)}, {Label: "Own and their teams'", To: string(core.AccessTeams)}, {Label: "All", To: string(core.AccessAll)}}
}

// AccessOf names the case access of a role.
func (p rolesPage) AccessOf(s core.RoleSetting) string {
	for _, c := range p.Accesses() {
		if c.To == string(s.Rights.Access) {
			return c.Label
		}
	}
	return ""
}

func (s *server) roles(v *visit) error { return s.showRoles(v, http.StatusOK, "", nil) }

func (s *server) showRoles(v *visit, status int, edited core.Role, f faults) (err error) {
	p := rolesPage{Rights: rights(), Edited: edited}
	if p.Roles, err = s.desk.RoleSettings(v.ctx(), v.actor); err != nil {
		return err
	}
	if p.base, err = s.page(v, "Roles", "roles"); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "roles", p)
}

// updateRole changes what the reader switched; what somebody else switched in the
// meantime stays.
func (s *server) updateRole(v *visit) error {
	role := core.Role(chi.URLParam(v.r, "role"))
	c := core.RightsChanges{Reply: v.switched("reply"), Merge: v.switched("merge"), ViewSuspended: v.switched("suspended"),
		ManagePeople: v.switched("people"), WriteArticles: v.switched("write"), PublishArticles: v.switched("publish"),
		ManageCategories: v.switched("categories"), Access: changedTo(v.changed("access"), func(t string) core.Access { return core.Access(t) })}
	_, err := s.desk.UpdateRole(v.ctx(), v.actor, role, c)
	return v.after(err, "/admin/roles", "updated", func(status int, f faults) error {
		return s.showRoles(v, status, role, f)
	})
}

// switched reads a box that stands for a fact, with how it was beside it: nil if
// the reader left it, or the form has no such box.
func (v *visit) switched(name string) *bool {
	was := v.field("was." + name)
	now := v.field(name) == "yes"
	if was != "yes" && was != "no" || now == (was == "yes") {
		return nil
	}
	return &now
}
