package core

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// A RoleSetting is what a role may do, as it stands in the database.
type RoleSetting struct {
	Role   Role
	Rights Rights
	People int // who have the role: enabled, or invited to it
}

// Fixed says in a sentence why nothing of a role can be changed; "" where
// something can.
func (s RoleSetting) Fixed() string {
	switch {
	case s.Role.Admin():
		return "Has every right, and the administration besides."
	case s.Role == RoleCustomer:
		return "Sees and answers their own conversations only."
	}
	return ""
}

// RightsChanges are new values of a role's toggles; nil leaves one as it is.
type RightsChanges struct {
	Reply            *bool
	Merge            *bool
	ViewSuspended    *bool
	ManagePeople     *bool
	WriteArticles    *bool
	PublishArticles  *bool
	ManageCategories *bool
	Access           *Access
}

// RoleSettings lists the roles, lowest first, with the rights that count: an
// admin's cannot be taken away, a collaborator's are none. ErrForbidden.
func (d *Desk) RoleSettings(ctx context.Context, actor Actor) (_ []RoleSetting, err error) {
	defer wrap(&err, "roles")
	if err := actor.Can(DoAdminister); err != nil {
		return nil, err
	}
	var settings []RoleSetting
	for _, role := range Roles() {
		s, err := roleSetting(ctx, d.pool, role)
		if err != nil {
			return nil, err
		}
		settings = append(settings, s)
	}
	return settings, nil
}

func roleSetting(ctx context.Context, q querier, role Role) (RoleSetting, error) {
	r, err := one[struct {
		Rights
		People int
	}](ctx, q, `
		select may_reply as reply, may_merge as merge, may_view_suspended as view_suspended, may_manage_people as manage_people,
			may_write_articles as write_articles, may_publish_articles as publish_articles,
			may_manage_categories as manage_categories, case_access as access,
			(select count(*) from users u where u.role = roles.role and (u.enabled or u.invited_at is not null)) as people
		from roles where role = $1`, role)
	return RoleSetting{role, Actor{Role: role, Rights: r.Rights}.rights(), r.People}, err
}

// UpdateRole changes the toggles of a role, for everybody who has it, at once.
// Only an agent's can be changed, and the case access of collaborators
// (behaviour.md section 2). ErrForbidden, Invalid.
func (d *Desk) UpdateRole(ctx context.Context, actor Actor, role Role, c RightsChanges) (updated RoleSetting, err error) {
	defer d.attempt(ctx, &err, actor, "update", "role "+cleanLine(string(role), 40))
	if err := actor.Can(DoAdminister); err != nil {
		return RoleSetting{}, err
	}
	if err := c.check(role); err != nil {
		return RoleSetting{}, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if err := stillActs(ctx, tx, actor); err != nil {
			return err
		}
		if _, err := value[Role](ctx, tx, `select role from roles where role = $1 for no key update`, role); err != nil {
			return err
		}
		before, err := roleSetting(ctx, tx, role)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			update roles set
				may_reply = coalesce(@reply, may_reply), may_merge = coalesce(@merge, may_merge),
				may_view_suspended = coalesce(@suspended, may_view_suspended), may_manage_people = coalesce(@people, may_manage_people),
				may_write_articles = coalesce(@write, may_write_articles), may_publish_articles = coalesce(@publish, may_publish_articles),
				may_manage_categories = coalesce(@categories, may_manage_categories), case_access = coalesce(@access, case_access)
			where role = @role`,
			pgx.StrictNamedArgs{"role": role, "reply": c.Reply, "merge": c.Merge, "suspended": c.ViewSuspended, "people": c.ManagePeople,
				"write": c.WriteArticles, "publish": c.PublishArticles, "categories": c.ManageCategories, "access": c.Access})
		if err != nil {
			return err
		}
		if updated, err = roleSetting(ctx, tx, role); err != nil {
			return err
		}
		return recordRights(ctx, tx, actor, role, before.Rights, updated.Rights)
	})
	return updated, err
}

func recordRights(ctx context.Context, tx pgx.Tx, actor Actor, role Role, before, after Rights) error {
	c := changes{}
	c.note("reply_publicly", before.Reply, after.Reply)
	c.note("merge", before.Merge, after.Merge)
	c.note("view_suspended", before.ViewSuspended, after.ViewSuspended)
	c.note("manage_people", before.ManagePeople, after.ManagePeople)
	c.note("write_articles", before.WriteArticles, after.WriteArticles)
	c.note("publish_articles", before.PublishArticles, after.PublishArticles)
	c.note("manage_categories", before.ManageCategories, after.ManageCategories)
	c.note("case_access", before.Access, after.Access)
	if len(c) == 0 {
		return nil
	}
	return audit(ctx, tx, actor, "role.updated", "role "+string(role), c)
}

func (c RightsChanges) check(role Role) error {
	if c.Access != nil && *c.Access != AccessOwn && *c.Access != AccessTeams && *c.Access != AccessAll {
		return Invalid{Field: "case_access", Code: CodeInvalid, Problem: "Case access is own, teams or all."}
	}
	toggled := c
	toggled.Access = nil
	switch {
	case role.Rank() == 0:
		return Invalid{Field: "role", Code: CodeInvalid, Problem: "There is no such role."}
	case role.Admin(), role == RoleCustomer:
		return Invalid{Field: "role", Code: CodeInvalid, Problem: "The rights of this role cannot be changed."}
	case role == RoleCollaborator && toggled != RightsChanges{}:
		return Invalid{Field: "permissions", Code: CodeInvalid, Problem: "Collaborators have none of these rights, and cannot be given any."}
	}
	return nil
}
