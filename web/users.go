package web

import (
	"fmt"
	"net/http"

	"postdesk/core"
)

type usersPage struct {
	base
	Query        string
	Role         core.Role
	State        string // "enabled", "disabled", or "" for both
	Organization core.Organization
	Roles        []core.Role
	Rows         []core.User
	paging
}

// Filtered tells that not everybody is asked for.
func (p usersPage) Filtered() bool {
	return p.Query != "" || p.Role != "" || p.State != "" || p.Organization.ID != 0
}

// users lists people: /agent/users?q=acme&role=customer&state=disabled&organization=7.
func (s *server) users(v *visit) (err error) {
	p := usersPage{Query: v.query("q"), Role: core.Role(v.query("role")), State: v.query("state"), Roles: core.Roles()}
	if p.Role.Rank() == 0 {
		p.Role = ""
	}
	f := core.UserFilter{Query: p.Query, Role: p.Role, Page: listPage(v)}
	switch p.State {
	case "enabled", "disabled":
		enabled := p.State == "enabled"
		f.Enabled = &enabled
	default:
		p.State = ""
	}
	if id := number[core.OrganizationID](v.query("organization")); id != 0 {
		if p.Organization, err = s.desk.Organization(v.ctx(), v.actor, id); err != nil {
			return err
		}
		f.Organization = id
	}
	total := 0
	if p.Rows, total, err = s.desk.Users(v.ctx(), v.actor, f); err != nil {
		return err
	}
	if p.base, err = s.page(v, "Users", "users"); err != nil {
		return err
	}
	p.paging = pagingOf(v, f.Page, len(p.Rows), total)
	return s.render(v, http.StatusOK, "users", p)
}

func userPath(id core.UserID) string { return fmt.Sprintf("/agent/users/%d", id) }
