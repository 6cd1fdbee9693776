package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"postdesk/core"
)

type organizationsPage struct {
	base
	Query string
	Rows  []core.Organization
	paging
}

func (s *server) organizations(v *visit) error {
	p := organizationsPage{Query: v.query("q")}
	page := listPage(v)
	rows, total, err := s.desk.Organizations(v.ctx(), v.actor, p.Query, page)
	if err != nil {
		return err
	}
	if p.base, err = s.page(v, "Organizations", "organizations"); err != nil {
		return err
	}
	p.Rows, p.paging = rows, pagingOf(v, page, len(rows), total)
	return s.render(v, http.StatusOK, "organizations", p)
}

func organizationPath(id core.OrganizationID) string {
	return fmt.Sprintf("/agent/organizations/%d", id)
}

// organizationForm is what is typed about an organization, old or new.
type organizationForm struct {
	Name, Domains string
	Shares        bool
	Holder        *core.Organization // of a domain that is taken, if the reader may see it
}

func organizationTyped(v *visit) organizationForm {
	return organizationForm{Name: v.field("name"), Domains: v.field("domains"), Shares: v.field("shares") == "yes"}
}

// forced tells that the domains typed are those that were said to be meant: others
// are asked about again.
func (f organizationForm) forced(v *visit) bool {
	return f.Domains != "" && strings.Join(addressesIn(v.field("force")), " ") == strings.Join(addressesIn(f.Domains), " ")
}

// findHolder looks for the organization that has a domain already.
func (s *server) findHolder(v *visit, form *organizationForm, f faults) error {
	id := f["domains"].Organization
	if id == 0 {
		return nil
	}
	o, err := s.desk.Organization(v.ctx(), v.actor, id)
	if errors.Is(err, core.ErrNotFound) { // not for this reader
		return nil
	}
	form.Holder = &o
	return err
}

type newOrganizationPage struct {
	base
	organizationForm
}

func (s *server) newOrganization(v *visit) error {
	return s.showNewOrganization(v, http.StatusOK, organizationForm{}, nil)
}

func (s *server) showNewOrganization(v *visit, status int, form organizationForm, f faults) error {
	if err := v.actor.Can(core.DoManagePeople); err != nil {
		return err
	}
	if err := s.findHolder(v, &form, f); err != nil {
		return err
	}
	b, err := s.page(v, "New organization", "organizations")
	b.Faults = f
	if err != nil {
		return err
	}
	return s.render(v, status, "neworganization", newOrganizationPage{b, form})
}

func (s *server) createOrganization(v *visit) error {
	form := organizationTyped(v)
	made, err := s.desk.CreateOrganization(v.ctx(), v.actor, core.NewOrganization{Name: form.Name, Domains: addressesIn(form.Domains),
		SharesConversations: form.Shares, ForceDomains: form.forced(v)})
	return v.after(err, organizationPath(made.ID), "created", func(status int, f faults) error {
		return s.showNewOrganization(v, status, form, f)
	})
}

// peopleSize is how many people stand beside an organization at once.
const peopleSize = 25

type organizationPage struct {
	base
	organizationForm
	O       core.Organization
	Was     string // the domains that the form was made with
	Members []core.User
	People  paging
	journeyPart
	Staff    []core.User
	Joinable []core.Candidate
	Note     string
}

// Few are the first of those who can join.
func (p organizationPage) Few() []core.Candidate { return p.Joinable[:min(len(p.Joinable), 5)] }

// Others is how many more there are.
func (p organizationPage) Others() int { return len(p.Joinable) - len(p.Few()) }

// DomainList shows the domains as people write them.
func (p organizationPage) DomainList() []string { return shownDomains(p.O.Domains) }

func shownDomains(domains []string) []string {
	var all []string
	for _, d := range domains {
		all = append(all, core.ShownDomain(d))
	}
	return all
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
	people, total := pieceOf(v, "people", peopleSize), 0
	if p.Members, total, err = s.desk.Users(v.ctx(), v.actor, core.UserFilter{Organization: id, Page: people}); err != nil {
		return p, err
	}
	p.People = footOf(v, "people", people, len(p.Members), total)
	if p.journeyPart, err = readJourney(v, id, s.desk.OrganizationJourney, s.desk.JourneyPlace); err != nil {
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
	p.Was = strings.Join(shownDomains(p.O.Domains), ", ")
	p.organizationForm = organizationForm{Name: p.O.Name, Domains: p.Was, Shares: p.O.SharesConversations}
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
		if err := s.findHolder(v, &p.organizationForm, f); err != nil {
			return err
		}
		return s.render(v, status, "organization", p)
	})
}

func (s *server) updateOrganization(v *visit) error {
	form := organizationTyped(v)
	c := core.OrganizationChanges{Name: v.changed("name"), Domains: changedTo(v.changed("domains"), addressesIn),
		SharesConversations: v.switched("shares"), ForceDomains: form.forced(v)}
	return s.onOrganization(v, "updated", func(p *organizationPage) { p.organizationForm = form }, func(id core.OrganizationID) error {
		_, err := s.desk.UpdateOrganization(v.ctx(), v.actor, id, c)
		return err
	})
}

func (s *server) organizationNote(v *visit) error {
	id, err := pathID[core.OrganizationID](v, "id")
	if err != nil {
		return err
	}
	text := v.r.PostFormValue("note")
	noted, err := s.desk.AddOrganizationNote(v.ctx(), v.actor, id, text)
	return s.onOrganization(v, notedWord(noted), func(p *organizationPage) { p.Note = text }, func(core.OrganizationID) error { return err })
}

func (s *server) joinExisting(v *visit) error {
	return s.onOrganization(v, "joined", func(*organizationPage) {}, func(id core.OrganizationID) error {
		_, err := s.desk.JoinExisting(v.ctx(), v.actor, id)
		return err
	})
}
