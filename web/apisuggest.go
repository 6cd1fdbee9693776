package web

import "postdesk/core"

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
