package web

import (
	"slices"
	"time"

	"postdesk/core"
)

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
