package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"postdesk/core"
)

type userPage struct {
	base
	journeyPart
	U           core.User
	Form, Was   properties
	Roles       []core.Role // that the reader may give
	Teams       []core.Team
	Staff       []core.User
	Merged      []core.MergedUser
	Stopped     stoppedMail
	MayEdit     bool
	MayRound    bool // change what is not the person's own to change
	MayDisable  bool
	MayAdd      bool // an address, and change the others
	MayMerge    bool
	MayDelete   bool
	Note, Email string
	Link        string // just copied
	Security    userSecurity
}

// Asked tells that the person has a link to answer yet.
func (p userPage) Asked() bool {
	return !p.U.HasPassword && (p.U.Enabled || p.U.InvitedAt != nil) && p.U.ID != p.Actor.ID
}

// HasMenu tells that there is something to do with the account.
func (p userPage) HasMenu() bool {
	return p.MayRound && (p.Asked() || !p.U.Enabled) || p.MayDisable || p.MayMerge || p.MayDelete
}

// Clock is what time it is for the person, or "" where that is what the page says
// anyway.
func (p userPage) Clock() string {
	zone, err := time.LoadLocation(p.U.Timezone)
	if p.U.Timezone == "" || err != nil || zone.String() == p.zone.String() {
		return ""
	}
	return p.now.In(zone).Format("It is 15:04 there, Monday.")
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
	p.Was = propertiesOf(p.U)
	p.Form = p.Was
	if p.journeyPart, err = readJourney(v, id, s.desk.UserJourney, s.desk.JourneyPlace); err != nil {
		return p, err
	}
	if p.Teams, err = s.desk.Teams(v.ctx(), v.actor); err != nil {
		return p, err
	}
	if p.Staff, _, err = s.desk.Users(v.ctx(), v.actor, enabledStaff()); err != nil {
		return p, err
	}
	if p.Merged, err = s.desk.Merged(v.ctx(), v.actor, id); err != nil {
		return p, err
	}
	if p.Stopped, err = s.desk.SuppressionsOf(v.ctx(), v.actor, id); err != nil {
		return p, err
	}
	if p.Security, err = s.userSecurity(v, p.U); err != nil {
		return p, err
	}
	p.ask(v.actor)
	p.base, err = s.page(v, p.U.DisplayName(), "users")
	return p, err
}

// ask finds out what the reader may do with the account; core asks again when it
// is done. Nobody does anything with one that was deleted.
func (p *userPage) ask(actor core.Actor) {
	id, role := p.U.ID, p.U.Role
	if p.U.Deleted {
		return
	}
	for _, other := range core.Roles() {
		if other == role || actor.MayGrant(id, role, other, false) == nil {
			p.Roles = append(p.Roles, other)
		}
	}
	p.MayRound = actor.MayEdit(role) == nil
	p.MayEdit = p.MayRound || id == actor.ID
	p.MayDisable = actor.MayDisable(id, role, false) == nil && (p.U.Enabled || p.U.InvitedAt != nil)
	p.MayAdd = actor.MayAddAddress(role) == nil
	p.MayMerge = actor.Can(core.DoManagePeople) == nil && actor.Can(core.DoMerge) == nil && role == core.RoleCustomer && p.U.Enabled
	p.MayDelete = actor.MayAnonymise(id, role, false) == nil
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
		Role: changedTo(v.changed("role"), func(t string) core.Role { return core.Role(t) }),
		Tags: changedTo(v.changed("tags"), tagsIn),
	}
	if sendsTeams(v) {
		if teams := idsOf[core.TeamID](v.r.PostForm["team"]); joinIDs(teams) != v.field("was.teams") {
			c.Teams = &teams
		}
	}
	return s.onUser(v, "updated", func(p *userPage) { p.retype(v) }, func(id core.UserID) error {
		if typed := v.changed("organization"); typed != nil {
			organization, err := s.desk.OrganizationNamed(v.ctx(), v.actor, *typed)
			if err != nil && v.actor.Can(core.DoManagePeople) == nil {
				return err // who may not set it is refused below, whatever it names
			}
			c.Organization = &organization
		}
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
