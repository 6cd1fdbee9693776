package web

import (
	"errors"
	"slices"

	"postdesk/core"
)

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

func (a *api) team(c *apiCall, id core.TeamID) (apiAnswer, error) {
	t, err := a.desk.Team(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	return found("team", teamOf(t))
}

// updateTeam changes what is given; member_ids are the members from then on.
func (a *api) updateTeam(c *apiCall, id core.TeamID) (apiAnswer, error) {
	var form struct {
		Title     *string        `json:"title"`
		MemberIDs *[]core.UserID `json:"member_ids"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	changes := core.TeamChanges{Title: form.Title}
	if form.MemberIDs != nil {
		now, err := a.desk.Team(c.ctx(), c.actor, id)
		if err != nil && !errors.Is(err, core.ErrNotFound) { // which ChangeTeam says to those who may know
			return apiAnswer{}, err
		}
		without := func(all, some []core.UserID) []core.UserID {
			return slices.DeleteFunc(slices.Clone(all), func(id core.UserID) bool { return slices.Contains(some, id) })
		}
		changes.Add, changes.Remove = without(*form.MemberIDs, now.Members), without(now.Members, *form.MemberIDs)
	}
	t, err := a.desk.ChangeTeam(c.ctx(), c.actor, id, changes)
	if err != nil {
		return apiAnswer{}, err
	}
	return found("team", teamOf(t))
}

// deleteTeam tells how many cases belong to no team now.
func (a *api) deleteTeam(c *apiCall, id core.TeamID) (apiAnswer, error) {
	n, err := a.desk.DeleteTeam(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	return found("team", struct {
		ID    core.TeamID `json:"id"`
		Cases int         `json:"case_count"`
	}{id, n})
}
