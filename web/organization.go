package web

import (
	"fmt"
	"net/http"

	"postdesk/core"
)

type organizationsPage struct {
	base
	Query         string
	Rows          []core.Organization
	Name, Domains string // of a new one, as typed
	Force         bool
	paging
}

func (s *server) organizations(v *visit) error {
	return s.showOrganizations(v, http.StatusOK, organizationsPage{}, nil)
}

func (s *server) showOrganizations(v *visit, status int, p organizationsPage, f faults) (err error) {
	p.Query = v.query("q")
	page, total := listPage(v), 0
	if p.Rows, total, err = s.desk.Organizations(v.ctx(), v.actor, p.Query, page); err != nil {
		return err
	}
	if p.base, err = s.page(v, "Organizations", "organizations"); err != nil {
		return err
	}
	p.Faults, p.paging = f, pagingOf(v, page, len(p.Rows), total)
	return s.render(v, status, "organizations", p)
}

func organizationPath(id core.OrganizationID) string {
	return fmt.Sprintf("/agent/organizations/%d", id)
}

func (s *server) createOrganization(v *visit) error {
	p := organizationsPage{Name: v.field("name"), Domains: v.field("domains"), Force: v.field("force") == "yes"}
	made, err := s.desk.CreateOrganization(v.ctx(), v.actor, core.NewOrganization{Name: p.Name, Domains: addressesIn(p.Domains), ForceDomains: p.Force})
	return v.after(err, organizationPath(made.ID), "created", func(status int, f faults) error {
		return s.showOrganizations(v, status, p, f)
	})
}

type organizationPage struct {
	base
	O        core.Organization
	Members  []core.User
	Total    int
	Journey  []core.JourneyEntry
	Only     core.EntryKind
	Staff    []core.User
	Joinable int
	Note     string
	Domains  string
}

func (s *server) organization(v *visit) error {
	id, err := pathID[core.OrganizationID](v, "id")
	if err != nil {
		return err
	}
	p, err := s.organizationPage(v, id)
	if err != nil {
		return err
	}
	return s.render(v, http.StatusOK, "organization", p)
}

func (s *server) organizationPage(v *visit, id core.OrganizationID) (p organizationPage, err error) {
	if p.O, err = s.desk.Organization(v.ctx(), v.actor, id); err != nil {
		return p, err
	}
	if p.Members, p.Total, err = s.desk.Users(v.ctx(), v.actor, core.UserFilter{Organization: id}); err != nil {
		return p, err
	}
	p.Only = kindOf(v.query("only"))
	if p.Journey, err = s.desk.OrganizationJourney(v.ctx(), v.actor, id, core.JourneyFilter{Only: p.Only, Page: core.Page{Limit: 100}}); err != nil {
		return p, err
	}
	if p.Staff, _, err = s.desk.Users(v.ctx(), v.actor, enabledStaff()); err != nil {
		return p, err
	}
	if v.actor.Can(core.DoManagePeople) == nil {
		if p.Joinable, err = s.desk.Joinable(v.ctx(), v.actor, id); err != nil {
			return p, err
		}
	}
	for i, d := range p.O.Domains {
		if i > 0 {
			p.Domains += ", "
		}
		p.Domains += d
	}
	p.base, err = s.page(v, p.O.Name, "organizations")
	return p, err
}

func (s *server) onOrganization(v *visit, said string, retry func(p *organizationPage), act func(id core.OrganizationID) error) error {
	id, err := pathID[core.OrganizationID](v, "id")
	if err != nil {
		return err
	}
	return v.after(act(id), organizationPath(id), said, func(status int, f faults) error {
		p, err := s.organizationPage(v, id)
		if err != nil {
			return err
		}
		p.Faults = f
		retry(&p)
		return s.render(v, status, "organization", p)
	})
}

func (s *server) updateOrganization(v *visit) error {
	shares := v.field("shares") == "yes"
	c := core.OrganizationChanges{Name: v.changed("name"), Domains: changedTo(v.changed("domains"), addressesIn),
		SharesConversations: &shares, ForceDomains: v.field("force") == "yes"}
	retry := func(p *organizationPage) { p.O.Name, p.Domains = v.field("name"), v.field("domains") }
	return s.onOrganization(v, "updated", retry, func(id core.OrganizationID) error {
		_, err := s.desk.UpdateOrganization(v.ctx(), v.actor, id, c)
		return err
	})
}

func (s *server) organizationNote(v *visit) error {
	text := v.r.PostFormValue("note")
	return s.onOrganization(v, s.notedWord(v, text), func(p *organizationPage) { p.Note = text }, func(id core.OrganizationID) error {
		_, err := s.desk.AddOrganizationNote(v.ctx(), v.actor, id, text)
		return err
	})
}

func (s *server) joinExisting(v *visit) error {
	return s.onOrganization(v, "joined", func(*organizationPage) {}, func(id core.OrganizationID) error {
		_, err := s.desk.JoinExisting(v.ctx(), v.actor, id)
		return err
	})
}
