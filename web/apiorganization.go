package web

import (
	"time"

	"postdesk/core"
)

type organizationJSON struct {
	ID                  core.OrganizationID `json:"id"`
	Name                string              `json:"name"`
	Domains             []string            `json:"domains"`
	SharesConversations bool                `json:"shares_conversations"`
	UserCount           int                 `json:"user_count"`
	CreatedAt           time.Time           `json:"created_at"`
}

func organizationOf(o core.Organization) organizationJSON {
	return organizationJSON{o.ID, o.Name, nonNil(o.Domains), o.SharesConversations, o.Members, o.CreatedAt.UTC()}
}

func (a *api) organizations(c *apiCall) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	query, err := c.search()
	if err != nil {
		return apiAnswer{}, err
	}
	all, total, err := a.desk.Organizations(c.ctx(), c.actor, query, page)
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("organization", all, total, organizationOf)
}

func (a *api) organization(c *apiCall, id core.OrganizationID) (apiAnswer, error) {
	o, err := a.desk.Organization(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	return found("organization", organizationOf(o))
}

func (a *api) createOrganization(c *apiCall) (apiAnswer, error) {
	var form struct {
		Name                string   `json:"name"`
		Domains             []string `json:"domains"`
		SharesConversations bool     `json:"shares_conversations"`
		ForceDomains        bool     `json:"force_domains"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	o, err := a.desk.CreateOrganization(c.ctx(), c.actor, core.NewOrganization(form))
	if err != nil {
		return apiAnswer{}, err
	}
	return made("organization", organizationOf(o))
}

func (a *api) updateOrganization(c *apiCall, id core.OrganizationID) (apiAnswer, error) {
	var form struct {
		Name                *string   `json:"name"`
		Domains             *[]string `json:"domains"`
		SharesConversations *bool     `json:"shares_conversations"`
		ForceDomains        bool      `json:"force_domains"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	o, err := a.desk.UpdateOrganization(c.ctx(), c.actor, id, core.OrganizationChanges(form))
	if err != nil {
		return apiAnswer{}, err
	}
	return found("organization", organizationOf(o))
}

// joinExisting lets those in who wrote before the domain was added, and tells how
// many they were.
func (a *api) joinExisting(c *apiCall, id core.OrganizationID) (apiAnswer, error) {
	n, err := a.desk.JoinExisting(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	return found("organization", struct {
		ID     core.OrganizationID `json:"id"`
		Joined int                 `json:"joined_count"`
	}{id, n})
}
