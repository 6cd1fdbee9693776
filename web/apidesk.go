package web

import (
	_ "embed"
	"net/http"
	"slices"
	"time"

	"postdesk/core"
)

// The description of the API, held to the routes by a test.
//
//go:embed apiopenapi.json
var openAPIDocument []byte

func openAPI(*apiCall) (apiAnswer, error) {
	return apiAnswer{status: http.StatusOK, raw: openAPIDocument, mime: "application/json"}, nil
}

type organizationJSON struct {
	ID                  core.OrganizationID `json:"id"`
	Name                string              `json:"name"`
	Domains             []string            `json:"domains"`
	SharesConversations bool                `json:"shares_conversations"`
	CreatedAt           time.Time           `json:"created_at"`
}

func organizationOf(o core.Organization) organizationJSON {
	return organizationJSON{o.ID, o.Name, nonNil(o.Domains), o.SharesConversations, o.CreatedAt.UTC()}
}

func (a *api) organizations(c *apiCall) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	query, err := c.query("query")
	if err != nil {
		return apiAnswer{}, err
	}
	all, total, err := a.desk.Organizations(c.ctx(), c.actor, query, page)
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("organization", all, total, organizationOf)
}

func (a *api) organization(c *apiCall) (apiAnswer, error) {
	id, err := callID[core.OrganizationID](c)
	if err != nil {
		return apiAnswer{}, err
	}
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

func (a *api) updateOrganization(c *apiCall) (apiAnswer, error) {
	id, err := callID[core.OrganizationID](c)
	if err != nil {
		return apiAnswer{}, err
	}
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

func (a *api) organizationNotes(c *apiCall) (apiAnswer, error) {
	return peopleNotes(c, a.desk.OrganizationNotes)
}

func (a *api) noteOnOrganization(c *apiCall) (apiAnswer, error) {
	return noteOnPeople(c, a.desk.AddOrganizationNote, a.desk.OrganizationNotes)
}

type teamJSON struct {
	ID        core.TeamID   `json:"id"`
	Title     string        `json:"title"`
	MemberIDs []core.UserID `json:"member_ids"`
}

func teamOf(t core.Team) teamJSON { return teamJSON{t.ID, t.Title, nonNil(t.Members)} }

func (a *api) teams(c *apiCall) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	all, err := a.desk.Teams(c.ctx(), c.actor)
	if err != nil {
		return apiAnswer{}, err
	}
	slices.SortFunc(all, func(a, b core.Team) int { return int(b.ID - a.ID) }) // newest first
	return listed("team", pageOf(all, page), len(all), teamOf)
}

func (a *api) createTeam(c *apiCall) (apiAnswer, error) {
	var form struct {
		Title     string        `json:"title"`
		MemberIDs []core.UserID `json:"member_ids"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	t, err := a.desk.CreateTeam(c.ctx(), c.actor, form.Title, form.MemberIDs)
	if err != nil {
		return apiAnswer{}, err
	}
	return made("team", teamOf(t))
}

type mailboxJSON struct {
	ID        core.MailboxID `json:"id"`
	Address   string         `json:"address"`
	Name      string         `json:"name"`
	CreatedAt time.Time      `json:"created_at"`
}

func mailboxOf(m core.Mailbox) mailboxJSON {
	return mailboxJSON{m.ID, m.Address.String(), m.Name, m.CreatedAt.UTC()}
}

func (a *api) mailboxes(c *apiCall) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	all, err := a.desk.Mailboxes(c.ctx(), c.actor)
	if err != nil {
		return apiAnswer{}, err
	}
	slices.SortFunc(all, func(a, b core.Mailbox) int { return int(b.ID - a.ID) }) // newest first
	return listed("mailbox", pageOf(all, page), len(all), mailboxOf)
}

func (a *api) createMailbox(c *apiCall) (apiAnswer, error) {
	var form struct {
		Address string `json:"address"`
		Name    string `json:"name"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	if form.Address == "" {
		return apiAnswer{}, core.Invalid{Field: "address", Code: core.CodeRequired, Problem: "An email address is needed."}
	}
	m, err := a.desk.CreateMailbox(c.ctx(), c.actor, form.Address, form.Name)
	if err != nil {
		return apiAnswer{}, err
	}
	return made("mailbox", mailboxOf(m))
}
