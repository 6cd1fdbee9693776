package web

import "postdesk/core"

// A permissionsJSON holds the toggles of a role (behaviour.md section 2).
type permissionsJSON struct {
	ReplyPublicly    bool `json:"reply_publicly"`
	Merge            bool `json:"merge"`
	ViewSuspended    bool `json:"view_suspended"`
	ManagePeople     bool `json:"manage_people"`
	WriteArticles    bool `json:"write_articles"`
	PublishArticles  bool `json:"publish_articles"`
	ManageCategories bool `json:"manage_categories"`
}

type roleJSON struct {
	Role        string          `json:"role"`
	Permissions permissionsJSON `json:"permissions"`
	CaseAccess  string          `json:"case_access"`
}

func roleOf(s core.RoleSetting) roleJSON {
	r := s.Rights
	return roleJSON{upper(s.Role), permissionsJSON{r.Reply, r.Merge, r.ViewSuspended, r.ManagePeople,
		r.WriteArticles, r.PublishArticles, r.ManageCategories}, upper(r.Access)}
}

func (a *api) roles(c *apiCall) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	all, err := a.desk.RoleSettings(c.ctx(), c.actor)
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("role", pageOf(all, page), len(all), roleOf)
}

func (a *api) updateRole(c *apiCall) (apiAnswer, error) {
	var form struct {
		Role        *string `json:"role"`
		Permissions struct {
			ReplyPublicly    *bool `json:"reply_publicly"`
			Merge            *bool `json:"merge"`
			ViewSuspended    *bool `json:"view_suspended"`
			ManagePeople     *bool `json:"manage_people"`
			WriteArticles    *bool `json:"write_articles"`
			PublishArticles  *bool `json:"publish_articles"`
			ManageCategories *bool `json:"manage_categories"`
		} `json:"permissions"`
		CaseAccess *string `json:"case_access"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	if form.Role == nil && c.actor.Can(core.DoAdminister) == nil {
		return apiAnswer{}, core.Invalid{Field: "role", Code: core.CodeRequired, Problem: "Name the role to change."}
	}
	p := form.Permissions
	s, err := a.desk.UpdateRole(c.ctx(), c.actor, deref(lower[core.Role](form.Role)), core.RightsChanges{
		Reply: p.ReplyPublicly, Merge: p.Merge, ViewSuspended: p.ViewSuspended, ManagePeople: p.ManagePeople,
		WriteArticles: p.WriteArticles, PublishArticles: p.PublishArticles, ManageCategories: p.ManageCategories,
		Access: lower[core.Access](form.CaseAccess),
	})
	if err != nil {
		return apiAnswer{}, err
	}
	return found("role", roleOf(s))
}
