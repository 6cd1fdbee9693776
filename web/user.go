package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"postdesk/core"
)

type usersPage struct {
	base
	Query string
	Role  core.Role
	Roles []choice
	Rows  []core.User
	paging
}

// users lists people: /agent/users?q=acme&role=customer.
func (s *server) users(v *visit) error {
	f := core.UserFilter{Query: v.query("q"), Role: core.Role(v.query("role")), Page: listPage(v)}
	if f.Role.Rank() == 0 {
		f.Role = ""
	}
	rows, total, err := s.desk.Users(v.ctx(), v.actor, f)
	if err != nil {
		return err
	}
	b, err := s.page(v, "Users", "users")
	if err != nil {
		return err
	}
	roles := []choice{{"Everybody", "/agent/users", f.Role == ""}}
	for _, role := range core.Roles() {
		roles = append(roles, choice{roleName(role) + "s", "/agent/users?role=" + string(role), role == f.Role})
	}
	return s.render(v, http.StatusOK, "users", usersPage{base: b, Query: f.Query, Role: f.Role, Roles: roles, Rows: rows,
		paging: pagingOf(v, f.Page, len(rows), total)})
}

type newUserPage struct {
	base
	Email   string
	Matches []core.AddressMatch
}

// newUser asks for an address, and shows who holds one like it.
func (s *server) newUser(v *visit) error {
	return s.showNewUser(v, http.StatusOK, v.query("email"), nil)
}

func (s *server) showNewUser(v *visit, status int, email string, f faults) error {
	if err := v.actor.Can(core.DoManagePeople); err != nil {
		return err
	}
	b, err := s.page(v, "New user", "users")
	b.Faults = f
	if err != nil {
		return err
	}
	p := newUserPage{base: b, Email: email}
	if len(email) >= 2 {
		if p.Matches, err = s.desk.SuggestAddresses(v.ctx(), v.actor, email); err != nil {
			return err
		}
	}
	return s.render(v, status, "newuser", p)
}

func (s *server) createUser(v *visit) error {
	email := v.field("email")
	user, err := s.desk.CreateUser(v.ctx(), v.actor, core.NewUser{Email: email, Role: core.RoleCustomer})
	return v.after(err, userPath(user.ID), "created", func(status int, f faults) error {
		return s.showNewUser(v, status, email, f)
	})
}

func userPath(id core.UserID) string { return fmt.Sprintf("/agent/users/%d", id) }

type userPage struct {
	base
	U             core.User
	Journey       []core.JourneyEntry
	Only          core.EntryKind
	Organizations []core.Organization
	Roles         []core.Role // that the reader may give
	Teams         []core.Team
	Staff         []core.User
	MayEdit       bool
	MayDisable    bool
	MayAdd        bool // an address
	Note, Email   string
	Link          string // just copied
}

// Asked tells that the person has a link to answer yet.
func (p userPage) Asked() bool { return !p.U.HasPassword }

// In tells that the person is in a team.
func (p userPage) In(id core.TeamID) bool {
	for _, t := range p.U.Teams {
		if t.ID == id {
			return true
		}
	}
	return false
}

// Knows tells that a choice of organizations holds the person's own.
func (p userPage) Knows() bool {
	for _, o := range p.Organizations {
		if o.ID == p.U.Organization {
			return true
		}
	}
	return p.U.Organization == 0
}

func (s *server) user(v *visit) error {
	id, err := pathID[core.UserID](v, "id")
	if err != nil {
		return err
	}
	p, err := s.userPage(v, id)
	if err != nil {
		return s.toSurvivor(v, id, err)
	}
	return s.render(v, http.StatusOK, "user", p)
}

func (s *server) userPage(v *visit, id core.UserID) (p userPage, err error) {
	if err := v.actor.Can(core.DoView); err != nil {
		return p, err
	}
	if p.U, err = s.desk.User(v.ctx(), v.actor, id); err != nil {
		return p, err
	}
	p.Only = kindOf(v.query("only"))
	if p.Journey, err = s.desk.UserJourney(v.ctx(), v.actor, id, core.JourneyFilter{Only: p.Only, Page: core.Page{Limit: 100}}); err != nil {
		return p, err
	}
	if p.Organizations, _, err = s.desk.Organizations(v.ctx(), v.actor, "", core.Page{Limit: 100}); err != nil {
		return p, err
	}
	if p.Teams, err = s.desk.Teams(v.ctx(), v.actor); err != nil {
		return p, err
	}
	if p.Staff, _, err = s.desk.Users(v.ctx(), v.actor, enabledStaff()); err != nil {
		return p, err
	}
	for _, role := range core.Roles() {
		if role == p.U.Role || v.actor.MayGrant(id, p.U.Role, role, false) == nil {
			p.Roles = append(p.Roles, role)
		}
	}
	p.MayEdit = v.actor.MayEdit(p.U.Role) == nil || id == v.actor.ID
	p.MayDisable = v.actor.MayDisable(id, p.U.Role, false) == nil
	p.MayAdd = v.actor.MayAddAddress(p.U.Role) == nil
	p.base, err = s.page(v, p.U.DisplayName(), "users")
	return p, err
}

// kindOf is a kind of entries that a journey can be narrowed to.
func kindOf(name string) core.EntryKind {
	switch name {
	case "notes":
		return core.EntryNote
	case "events":
		return core.EntryEvent
	case "conversations":
		return core.EntryMessage
	}
	return ""
}

// onUser runs an act on the person of the address and shows the page again.
func (s *server) onUser(v *visit, said string, retry func(p *userPage), act func(id core.UserID) error) error {
	id, err := pathID[core.UserID](v, "id")
	if err != nil {
		return err
	}
	return v.after(act(id), userPath(id), said, func(status int, f faults) error {
		p, err := s.userPage(v, id)
		if err != nil {
			return err
		}
		p.Faults = f
		if retry != nil {
			retry(&p)
		}
		return s.render(v, status, "user", p)
	})
}

func (s *server) updateUser(v *visit) error {
	c := core.UserChanges{
		Name: v.changed("full_name"), Timezone: v.changed("time_zone"), Locale: v.changed("locale"), Phone: v.changed("phone"),
		Role:         changedTo(v.changed("role"), func(t string) core.Role { return core.Role(t) }),
		Organization: changedTo(v.changed("organization"), number[core.OrganizationID]),
		Tags:         changedTo(v.changed("tags"), tagsIn),
	}
	if v.field("sends_teams") == "yes" {
		if teams := idsOf[core.TeamID](v.r.PostForm["team"]); joinIDs(teams) != v.field("was.teams") {
			c.Teams = &teams
		}
	}
	retry := func(p *userPage) { // as typed
		p.U.Name, p.U.Timezone, p.U.Locale, p.U.Phone = v.field("full_name"), v.field("time_zone"), v.field("locale"), v.field("phone")
		p.U.Tags = tagsIn(v.field("tags"))
	}
	return s.onUser(v, "updated", retry, func(id core.UserID) error {
		_, err := s.desk.UpdateUser(v.ctx(), v.actor, id, c)
		return err
	})
}

// idsOf reads numbers of a form with several values of one name.
func idsOf[T ~int64](values []string) []T {
	ids := []T{}
	for _, value := range values {
		ids = append(ids, number[T](value))
	}
	return ids
}

func joinIDs[T ~int64](ids []T) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = strconv.FormatInt(int64(id), 10)
	}
	return strings.Join(texts, ",")
}

// WasTeams is what the form was made with.
func (p userPage) WasTeams() string {
	ids := []core.TeamID{}
	for _, t := range p.Teams {
		if p.In(t.ID) {
			ids = append(ids, t.ID)
		}
	}
	return joinIDs(ids)
}

func (s *server) userNote(v *visit) error {
	text := v.r.PostFormValue("note")
	return s.onUser(v, s.notedWord(v, text), func(p *userPage) { p.Note = text }, func(id core.UserID) error {
		_, err := s.desk.AddUserNote(v.ctx(), v.actor, id, text)
		return err
	})
}

func (s *server) addAddress(v *visit) error {
	email := v.field("email")
	return s.onUser(v, "added", func(p *userPage) { p.Email = email }, func(id core.UserID) error {
		return s.desk.AddIdentity(v.ctx(), v.actor, id, email)
	})
}

func (s *server) disableUser(v *visit) error {
	return s.onUser(v, "disabled", nil, func(id core.UserID) error { return s.desk.DisableUser(v.ctx(), v.actor, id) })
}

func (s *server) enableUser(v *visit) error {
	return s.onUser(v, "enabled", nil, func(id core.UserID) error { return s.desk.EnableUser(v.ctx(), v.actor, id) })
}

func (s *server) sendLink(v *visit) error {
	return s.onUser(v, "link-sent", nil, func(id core.UserID) error { return s.desk.SendAccountMail(v.ctx(), v.actor, id) })
}

// copyLink shows a new link once, on the answer to the POST: it never stands in
// an address of ours that somebody could come back to.
func (s *server) copyLink(v *visit) error {
	id, err := pathID[core.UserID](v, "id")
	if err != nil {
		return err
	}
	secret, _, err := s.desk.CopyLink(v.ctx(), v.actor, id)
	if err != nil {
		return s.onUser(v, "", nil, func(core.UserID) error { return err })
	}
	p, err := s.userPage(v, id)
	if err != nil {
		return err
	}
	p.Link = s.publicURL + "/accept/" + secret
	v.w.Header().Set("Cache-Control", "no-store")
	return s.render(v, http.StatusOK, "user", p)
}
