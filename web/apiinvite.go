package web

import (
	"net/http"
	"time"

	"postdesk/core"
)

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
	if len(faults) > 0 {
		return apiAnswer{}, manyFaults(faults)
	}
	if err != nil {
		return apiAnswer{}, err
	}
	answer, err := listed("user", invited, len(invited), userOf)
	answer.status = http.StatusCreated
	return answer, err
}

// An inviteJSON is an account that waits for its person to accept. The link is a
// secret: it goes by mail, or is copied on a page.
type inviteJSON struct {
	User      userJSON   `json:"user"`
	State     string     `json:"state"`
	InvitedAt *time.Time `json:"invited_at"`
	ExpiresAt *time.Time `json:"expires_at"` // null: no link works
}

func inviteOf(m core.Member) inviteJSON {
	return inviteJSON{userOf(m.User), upper(m.InviteState(time.Now())), instant(m.InvitedAt), instant(m.LinkExpires)}
}

func (a *api) invites(c *apiCall) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	all, total, err := a.desk.Directory(c.ctx(), c.actor, core.DirectoryFilter{Waiting: true, Page: page})
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("invite", all, total, inviteOf)
}

// resendInvite is for who waits: others have no invite to send again.
func (a *api) resendInvite(c *apiCall, id core.UserID) (apiAnswer, error) {
	u, err := a.desk.User(c.ctx(), c.actor, id)
	if err == nil && u.InvitedAt == nil && c.actor.Can(core.DoAdminister) == nil {
		return apiAnswer{}, core.Refusal{Kind: core.ErrConflict, Problem: u.Name + " has no invite that waits."}
	}
	if err := a.desk.SendAccountMail(c.ctx(), c.actor, id); err != nil {
		return apiAnswer{}, err
	}
	return a.userIfSeen(c, id)
}
