package web

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"

	"postdesk/core"
)

type directoryPage struct {
	base
	Query             string
	Enabled, Disabled []core.User
	Settings          core.Settings
}

// directory lists every account of staff, in two lists.
func (s *server) directory(v *visit) (err error) {
	if err := v.actor.Can(core.DoAdminister); err != nil {
		return err
	}
	p := directoryPage{Query: v.query("q")}
	for _, list := range []struct {
		enabled bool
		into    *[]core.User
	}{{true, &p.Enabled}, {false, &p.Disabled}} {
		f := core.UserFilter{Staff: true, Enabled: &list.enabled, Query: p.Query, Page: core.Page{Limit: 100}}
		if *list.into, _, err = s.desk.Users(v.ctx(), v.actor, f); err != nil {
			return err
		}
	}
	if p.Settings, err = s.desk.Settings(v.ctx()); err != nil {
		return err
	}
	if p.base, err = s.page(v, "Agent directory", "directory"); err != nil {
		return err
	}
	return s.render(v, http.StatusOK, "directory", p)
}

type invitePage struct {
	base
	Rows  []inviteRow
	Teams []core.Team
	Roles []core.Role
}

// An inviteRow is one line of the form, as typed, with what is wrong with it.
type inviteRow struct {
	core.Invitee
	Number int
	Faults faults
}

// In tells a team that was chosen.
func (r inviteRow) In(id core.TeamID) bool { return slices.Contains(r.Teams, id) }

// Fault is what is wrong with a field of the line.
func (r inviteRow) Fault(field string) fault { return r.Faults[field] }

func (s *server) invitePage(v *visit) error {
	return s.showInvite(v, http.StatusOK, []core.Invitee{{Role: core.RoleCollaborator}}, nil, nil)
}

func (s *server) showInvite(v *visit, status int, invitees []core.Invitee, wrong []core.Invalid, f faults) (err error) {
	if err := v.actor.Can(core.DoAdminister); err != nil {
		return err
	}
	p := invitePage{}
	for i, invitee := range invitees {
		p.Rows = append(p.Rows, inviteRow{Invitee: invitee, Number: i, Faults: faults{}})
	}
	for _, fault := range wrong {
		p.place(fault)
	}
	for _, role := range core.Roles()[1:] {
		if v.actor.MayCreate(role) == nil {
			p.Roles = append(p.Roles, role)
		}
	}
	if p.Teams, err = s.desk.Teams(v.ctx(), v.actor); err != nil {
		return err
	}
	if p.base, err = s.page(v, "Add new team members", "directory"); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "invite", p)
}

var inviteField = regexp.MustCompile(`^invitees\[(\d+)\]\.(.+)$`)

// place puts a fault beside the field that has it.
func (p *invitePage) place(i core.Invalid) {
	m := inviteField.FindStringSubmatch(i.Field)
	if m == nil {
		return
	}
	if at, err := strconv.Atoi(m[1]); err == nil && at < len(p.Rows) {
		p.Rows[at].Faults[m[2]] = fault{i.Problem, i.Owner}
	}
}

// invite saves all rows or none. Empty ones are passed over; "another row" only
// shows the form again.
func (s *server) invite(v *visit) error {
	var invitees []core.Invitee
	for i, email := range v.r.PostForm["email"] {
		row := core.Invitee{Email: email, Name: at(v.r.PostForm["name"], i), Role: core.Role(at(v.r.PostForm["role"], i)),
			Teams: idsOf[core.TeamID](v.r.PostForm[fmt.Sprintf("teams.%d", i)])}
		if v.field("do") == "row" || row.Email != "" || row.Name != "" {
			invitees = append(invitees, row)
		}
	}
	if v.field("do") == "row" {
		return s.showInvite(v, http.StatusOK, append(invitees, core.Invitee{Role: core.RoleCollaborator}), nil, nil)
	}
	_, wrong, err := s.desk.Invite(v.ctx(), v.actor, invitees)
	if err == nil && len(wrong) == 0 {
		return v.see("/admin/directory", "invited")
	}
	f, status, ok := faultsOf(err)
	if err != nil && !ok {
		return err
	}
	if err == nil {
		status = http.StatusBadRequest
	}
	if len(invitees) == 0 {
		invitees = []core.Invitee{{Role: core.RoleCollaborator}}
		f = faults{"": {Problem: "Name somebody first."}}
	}
	return s.showInvite(v, status, invitees, wrong, f)
}

func at(values []string, i int) string {
	if i < len(values) {
		return values[i]
	}
	return ""
}
