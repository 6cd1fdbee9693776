package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"postdesk/core"
)

type userJSON struct {
	ID             core.UserID          `json:"id"`
	FullName       string               `json:"full_name"`
	Role           string               `json:"role"`
	Emails         []string             `json:"emails"` // the primary one first
	IsEnabled      bool                 `json:"is_enabled"`
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
		ID: u.ID, FullName: u.Name, Role: upper(u.Role), Emails: []string{}, IsEnabled: u.Enabled, HasPassword: u.HasPassword,
		InvitedAt: instant(u.InvitedAt), OrganizationID: ref(u.Organization), Locale: u.Locale, Phone: u.Phone,
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
	f.Query, err = c.query("query")
	return f, err
}

func (a *api) user(c *apiCall) (apiAnswer, error) {
	id, err := callID[core.UserID](c)
	if err != nil {
		return apiAnswer{}, err
	}
	return a.userNow(c, id)
}

func (a *api) userNow(c *apiCall, id core.UserID) (apiAnswer, error) {
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
		TeamIDs        []core.TeamID       `json:"team_ids"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	n := core.NewUser{Name: form.FullName, Email: form.Email, Organization: form.OrganizationID,
		Timezone: form.TimeZone, Locale: form.Locale, Teams: form.TeamIDs}
	if form.Role != nil {
		n.Role = *lower[core.Role](form.Role)
	}
	u, err := a.desk.CreateUser(c.ctx(), c.actor, n)
	if err != nil {
		return apiAnswer{}, err
	}
	return made("user", userOf(u))
}

func (a *api) updateUser(c *apiCall) (apiAnswer, error) {
	id, err := callID[core.UserID](c)
	if err != nil {
		return apiAnswer{}, err
	}
	var form struct {
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
	u, err := a.desk.UpdateUser(c.ctx(), c.actor, id, core.UserChanges{
		Name: form.FullName, Role: lower[core.Role](form.Role), Organization: form.OrganizationID.pointer(),
		Timezone: form.TimeZone.pointer(), Locale: form.Locale, Phone: form.Phone, Tags: form.Tags, Teams: form.TeamIDs,
	})
	if err != nil {
		return apiAnswer{}, err
	}
	return found("user", userOf(u))
}

func (a *api) disableUser(c *apiCall) (apiAnswer, error) {
	return a.userAfter(c, a.desk.DisableUser)
}

func (a *api) enableUser(c *apiCall) (apiAnswer, error) {
	return a.userAfter(c, a.desk.EnableUser)
}

// userAfter shows a person after something was done with the account.
func (a *api) userAfter(c *apiCall, do func(context.Context, core.Actor, core.UserID) error) (apiAnswer, error) {
	id, err := callID[core.UserID](c)
	if err != nil {
		return apiAnswer{}, err
	}
	if err := do(c.ctx(), c.actor, id); err != nil {
		return apiAnswer{}, err
	}
	answer, err := a.userNow(c, id)
	if errors.Is(err, core.ErrNotFound) { // changed, and not to be viewed
		return found("user", rowJSON[core.UserID]{id})
	}
	return answer, err
}

func (a *api) userNotes(c *apiCall) (apiAnswer, error) {
	return peopleNotes(c, a.desk.UserNotes)
}

func (a *api) noteOnUser(c *apiCall) (apiAnswer, error) {
	return noteOnPeople(c, a.desk.AddUserNote, a.desk.UserNotes)
}

// peopleNotes lists the notes on a user or an organization.
func peopleNotes[T ~int64](c *apiCall, notes func(context.Context, core.Actor, T, core.Page) ([]core.Note, int, error)) (apiAnswer, error) {
	id, err := callID[T](c)
	if err != nil {
		return apiAnswer{}, err
	}
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	all, total, err := notes(c.ctx(), c.actor, id, page)
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("note", all, total, noteOf)
}

// noteOnPeople writes one, and shows it: it is among the newest.
func noteOnPeople[T ~int64](c *apiCall, add func(context.Context, core.Actor, T, string) (core.NoteID, error),
	notes func(context.Context, core.Actor, T, core.Page) ([]core.Note, int, error)) (apiAnswer, error) {
	id, err := callID[T](c)
	if err != nil {
		return apiAnswer{}, err
	}
	text, err := c.contents()
	if err != nil {
		return apiAnswer{}, err
	}
	note, err := add(c.ctx(), c.actor, id, text)
	if err != nil {
		return apiAnswer{}, err
	}
	newest, _, err := notes(c.ctx(), c.actor, id, core.Page{Limit: 100})
	if err != nil {
		return apiAnswer{}, err
	}
	for _, n := range newest {
		if n.ID == note {
			return made("note", noteOf(n))
		}
	}
	return made("note", rowJSON[core.NoteID]{note})
}

type identityJSON struct {
	Email      string `json:"email"`
	IsPrimary  bool   `json:"is_primary"`
	IsVerified bool   `json:"is_verified"`
}

func identityOf(i core.Identity) identityJSON {
	return identityJSON{i.Address.String(), i.Primary, i.Verified}
}

func (a *api) identities(c *apiCall) (apiAnswer, error) {
	id, err := callID[core.UserID](c)
	if err != nil {
		return apiAnswer{}, err
	}
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	u, err := a.desk.User(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("identity", pageOf(u.Addresses, page), len(u.Addresses), identityOf)
}

// addIdentity gives a person one more address. One's own waits for its mail, and
// the answer is the same whoever has it already.
func (a *api) addIdentity(c *apiCall) (apiAnswer, error) {
	id, err := callID[core.UserID](c)
	if err != nil {
		return apiAnswer{}, err
	}
	var form struct {
		Email string `json:"email"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	if form.Email == "" {
		return apiAnswer{}, core.Invalid{Field: "email", Code: core.CodeRequired, Problem: "An email address is needed."}
	}
	if err = a.desk.AddIdentity(c.ctx(), c.actor, id, form.Email); err != nil {
		return apiAnswer{}, err
	}
	address, err := core.ParseAddress(form.Email)
	if err != nil {
		return apiAnswer{}, err
	}
	return made("identity", identityJSON{Email: address.String(), IsVerified: id != c.actor.ID})
}

func (a *api) invite(c *apiCall) (apiAnswer, error) {
	var form struct {
		Invitees []struct {
			FullName string        `json:"full_name"`
			Email    string        `json:"email"`
			Role     string        `json:"role"`
			TeamIDs  []core.TeamID `json:"team_ids"`
		} `json:"invitees"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	var rows []core.Invitee
	for _, i := range form.Invitees {
		rows = append(rows, core.Invitee{Name: i.FullName, Email: i.Email, Role: *lower[core.Role](&i.Role), Teams: i.TeamIDs})
	}
	invited, faults, err := a.desk.Invite(c.ctx(), c.actor, rows)
	if err != nil {
		return apiAnswer{}, err
	}
	if len(faults) > 0 {
		return apiAnswer{}, manyFaults(faults)
	}
	answer, err := listed("user", invited, len(invited), userOf)
	answer.status = http.StatusCreated
	return answer, err
}

type suggestionJSON struct {
	UserID    core.UserID `json:"user_id"`
	FullName  string      `json:"full_name"`
	Email     string      `json:"email"`
	Role      string      `json:"role"`
	IsEnabled bool        `json:"is_enabled"`
}

func (a *api) suggestEmails(c *apiCall) (apiAnswer, error) {
	query, err := c.query("query")
	if err != nil {
		return apiAnswer{}, err
	}
	all, err := a.desk.SuggestAddresses(c.ctx(), c.actor, query)
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("email", all, len(all), func(m core.AddressMatch) suggestionJSON {
		return suggestionJSON{m.User, m.Name, m.Address.String(), upper(m.Role), m.Enabled}
	})
}
