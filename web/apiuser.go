package web

import (
	"context"
	"errors"
	"time"

	"postdesk/core"
)

type userJSON struct {
	ID             core.UserID          `json:"id"`
	FullName       string               `json:"full_name"`
	Role           string               `json:"role"`
	Emails         []string             `json:"emails"` // the primary one first
	IsEnabled      bool                 `json:"is_enabled"`
	IsDeleted      bool                 `json:"is_deleted"`
	MergedIntoID   *core.UserID         `json:"merged_into_id"` // the same person as that one
	HasPassword    bool                 `json:"has_password"`
	InvitedAt      *time.Time           `json:"invited_at"` // an invite waits for its answer since then
	OrganizationID *core.OrganizationID `json:"organization_id"`
	TimeZone       *string              `json:"time_zone"` // null: the instance's
	Locale         string               `json:"locale"`
	Phone          string               `json:"phone"`
	Tags           []string             `json:"tags"`
	TeamIDs        []core.TeamID        `json:"team_ids"`
	CreatedAt      time.Time            `json:"created_at"`
}

func userOf(u core.User) userJSON {
	shown := userJSON{
		ID: u.ID, FullName: u.Name, Role: upper(u.Role), Emails: []string{}, IsEnabled: u.Enabled, IsDeleted: u.Deleted,
		MergedIntoID: ref(u.MergedInto), HasPassword: u.HasPassword,
		InvitedAt: instant(u.InvitedAt), OrganizationID: ref(u.Organization), Locale: u.Language, Phone: u.Phone,
		Tags: nonNil(u.Tags), TeamIDs: []core.TeamID{}, CreatedAt: u.CreatedAt.UTC(),
	}
	if u.Timezone != "" {
		shown.TimeZone = &u.Timezone
	}
	for _, i := range u.Addresses {
		shown.Emails = append(shown.Emails, i.Address.String())
	}
	for _, t := range u.Teams {
		shown.TeamIDs = append(shown.TeamIDs, t.ID)
	}
	return shown
}

func (a *api) users(c *apiCall) (apiAnswer, error) {
	f, err := userFilter(c)
	if err != nil {
		return apiAnswer{}, err
	}
	all, total, err := a.desk.Users(c.ctx(), c.actor, f)
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("user", all, total, userOf)
}

func userFilter(c *apiCall) (f core.UserFilter, err error) {
	if f.Page, err = c.page(); err != nil {
		return f, err
	}
	if f.Email, err = c.query("email"); err != nil {
		return f, err
	}
	role, err := c.choice("role", "customer", "collaborator", "agent", "admin", "owner")
	if err != nil {
		return f, err
	}
	f.Role = core.Role(role)
	if f.Enabled, err = c.flag("is_enabled"); err != nil {
		return f, err
	}
	organization, err := c.number("organization_id")
	if err != nil {
		return f, err
	}
	f.Organization = core.OrganizationID(organization)
	f.Query, err = c.search()
	return f, err
}

func (a *api) user(c *apiCall, id core.UserID) (apiAnswer, error) {
	u, err := a.desk.User(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	return found("user", userOf(u))
}

func (a *api) createUser(c *apiCall) (apiAnswer, error) {
	var form struct {
		FullName       string              `json:"full_name"`
		Email          string              `json:"email"`
		Role           *string             `json:"role"`
		OrganizationID core.OrganizationID `json:"organization_id"`
		TimeZone       string              `json:"time_zone"`
		Locale         string              `json:"locale"`
		Phone          string              `json:"phone"`
		Tags           []string            `json:"tags"`
		TeamIDs        []core.TeamID       `json:"team_ids"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	n := core.NewUser{Name: form.FullName, Email: form.Email, Organization: form.OrganizationID,
		Timezone: form.TimeZone, Locale: form.Locale, Phone: form.Phone, Tags: form.Tags, Teams: form.TeamIDs}
	if form.Role != nil {
		n.Role = *lower[core.Role](form.Role)
	}
	u, err := a.desk.CreateUser(c.ctx(), c.actor, n)
	if err != nil {
		return apiAnswer{}, err
	}
	return made("user", userOf(u))
}

func (a *api) updateUser(c *apiCall, id core.UserID) (apiAnswer, error) {
	var form struct {
		newAddress
		FullName       *string                       `json:"full_name"`
		Role           *string                       `json:"role"`
		OrganizationID optional[core.OrganizationID] `json:"organization_id"`
		TimeZone       optional[string]              `json:"time_zone"`
		Locale         *string                       `json:"locale"`
		Phone          *string                       `json:"phone"`
		Tags           *[]string                     `json:"tags"`
		TeamIDs        *[]core.TeamID                `json:"team_ids"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	if err := form.refused(); err != nil {
		return apiAnswer{}, err
	}
	u, err := a.desk.UpdateUser(c.ctx(), c.actor, id, core.UserChanges{
		Name: form.FullName, Role: lower[core.Role](form.Role), Organization: form.OrganizationID.pointer(),
		Timezone: form.TimeZone.pointer(), Locale: form.Locale, Phone: form.Phone, Tags: form.Tags, Teams: form.TeamIDs,
	})
	if err != nil {
		return apiAnswer{}, err
	}
	return found("user", userOf(u))
}

// afterUser shows a person after something was done with the account.
func (a *api) afterUser(do func(context.Context, core.Actor, core.UserID) error) apiHandler {
	return byID(func(c *apiCall, id core.UserID) (apiAnswer, error) {
		if err := do(c.ctx(), c.actor, id); err != nil {
			return apiAnswer{}, err
		}
		return a.userIfSeen(c, id)
	})
}

// userIfSeen shows a person whom the caller changed: a number alone if case
// access does not show them any more.
func (a *api) userIfSeen(c *apiCall, id core.UserID) (apiAnswer, error) {
	answer, err := a.user(c, id)
	if errors.Is(err, core.ErrNotFound) {
		return found("user", rowJSON[core.UserID]{id})
	}
	return answer, err
}
