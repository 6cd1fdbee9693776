package web

import "postdesk/core"

type notificationsJSON struct {
	Assigned   bool `json:"assigned"`
	Unassigned bool `json:"unassigned"`
	Followed   bool `json:"followed"`
	Notes      bool `json:"notes"`
}

func (a *api) notifications(c *apiCall) (apiAnswer, error) {
	n, err := a.desk.Notifications(c.ctx(), c.actor)
	if err != nil {
		return apiAnswer{}, err
	}
	return found("notifications", notificationsJSON(n))
}

func (a *api) setNotifications(c *apiCall) (apiAnswer, error) {
	var form struct {
		Assigned   *bool `json:"assigned"`
		Unassigned *bool `json:"unassigned"`
		Followed   *bool `json:"followed"`
		Notes      *bool `json:"notes"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	n, err := a.desk.SetNotifications(c.ctx(), c.actor, core.NotificationChanges(form))
	if err != nil {
		return apiAnswer{}, err
	}
	return found("notifications", notificationsJSON(n))
}
