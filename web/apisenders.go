package web

import (
	"net/url"
	"time"

	"github.com/go-chi/chi/v5"

	"postdesk/core"
)

type senderJSON struct {
	Pattern   string     `json:"pattern"`
	Note      string     `json:"note"`
	AddedBy   personJSON `json:"added_by"`
	CreatedAt time.Time  `json:"created_at"`
}

func senderOf(e core.SenderEntry) senderJSON {
	return senderJSON{e.Pattern, e.Note, personOf(e.AddedBy), e.CreatedAt.UTC()}
}

// senders lists the entries of the block list or the safe list.
func (a *api) senders(of core.SenderList, resource string) apiHandler {
	return func(c *apiCall) (apiAnswer, error) {
		page, err := c.page()
		if err != nil {
			return apiAnswer{}, err
		}
		all, total, err := a.desk.Senders(c.ctx(), c.actor, of, page)
		if err != nil {
			return apiAnswer{}, err
		}
		return listed(resource, all, total, senderOf)
	}
}

// addSender puts an address, a domain or * on a list. What hits the team, our own
// addresses or a public provider needs force.
func (a *api) addSender(to core.SenderList, resource string) apiHandler {
	return func(c *apiCall) (apiAnswer, error) {
		var form struct {
			Pattern string `json:"pattern"`
			Note    string `json:"note"`
			Force   bool   `json:"force"`
		}
		if err := c.decode(&form); err != nil {
			return apiAnswer{}, err
		}
		added, err := a.desk.AddSender(c.ctx(), c.actor, to, form.Pattern, form.Note, form.Force)
		if err != nil {
			return apiAnswer{}, err
		}
		return made(resource, senderOf(added))
	}
}

func (a *api) removeSender(from core.SenderList, resource string) apiHandler {
	return func(c *apiCall) (apiAnswer, error) {
		if err := a.desk.RemoveSender(c.ctx(), c.actor, from, c.plainParam("pattern")); err != nil {
			return apiAnswer{}, err
		}
		return a.senders(from, resource)(c)
	}
}

type passingJSON struct {
	Address   string     `json:"address"`
	Note      string     `json:"note"`
	AddedBy   personJSON `json:"added_by"`
	CreatedAt time.Time  `json:"created_at"`
}

func passingOf(p core.PassingAddress) passingJSON {
	return passingJSON{p.Address.String(), p.Note, personOf(p.AddedBy), p.CreatedAt.UTC()}
}

// passing lists the addresses that pass on other people's mail.
func (a *api) passing(c *apiCall) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	all, total, err := a.desk.PassingAddresses(c.ctx(), c.actor, page)
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("passing_address", all, total, passingOf)
}

func (a *api) namePassing(c *apiCall) (apiAnswer, error) {
	var form struct {
		Address string `json:"address"`
		Note    string `json:"note"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	named, err := a.desk.NamePassing(c.ctx(), c.actor, form.Address, form.Note)
	if err != nil {
		return apiAnswer{}, err
	}
	return made("passing_address", passingOf(named))
}

func (a *api) forgetPassing(c *apiCall) (apiAnswer, error) {
	if err := a.desk.ForgetPassing(c.ctx(), c.actor, c.plainParam("address")); err != nil {
		return apiAnswer{}, err
	}
	return a.passing(c)
}

// plainParam is a text in the path, with its escapes read.
func (c *apiCall) plainParam(name string) string {
	text := chi.URLParam(c.r, name)
	if c.r.URL.RawPath == "" {
		return text
	}
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}
