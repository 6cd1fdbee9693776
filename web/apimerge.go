package web

import "postdesk/core"

// mergeUsers makes one customer of two: the one in the path survives.
func (a *api) mergeUsers(c *apiCall, id core.UserID) (apiAnswer, error) {
	var form struct {
		UserID core.UserID `json:"user_id"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	if form.UserID <= 0 && c.actor.Can(core.DoManagePeople) == nil {
		return apiAnswer{}, core.Invalid{Field: "user_id", Code: core.CodeRequired, Problem: "Name the customer who is the same person."}
	}
	if err := a.desk.MergeUsers(c.ctx(), c.actor, id, form.UserID); err != nil {
		return apiAnswer{}, err
	}
	return a.userIfSeen(c, id)
}
