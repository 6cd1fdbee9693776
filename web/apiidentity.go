package web

import (
	"context"

	"postdesk/core"
)

type identityJSON struct {
	Email      string `json:"email"`
	IsPrimary  bool   `json:"is_primary"`
	IsVerified bool   `json:"is_verified"`
}

func identityOf(i core.Identity) identityJSON {
	return identityJSON{i.Address.String(), i.Primary, i.Verified}
}

func (a *api) identities(c *apiCall, id core.UserID) (apiAnswer, error) {
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
func (a *api) addIdentity(c *apiCall, id core.UserID) (apiAnswer, error) {
	var form struct {
		Email string `json:"email"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	if form.Email == "" {
		return apiAnswer{}, core.Invalid{Field: "email", Code: core.CodeRequired, Problem: "An email address is needed."}
	}
	if err := a.desk.AddIdentity(c.ctx(), c.actor, id, form.Email); err != nil {
		return apiAnswer{}, err
	}
	address, err := core.ParseAddress(form.Email)
	if err != nil {
		return apiAnswer{}, err
	}
	return made("identity", identityJSON{Email: address.String(), IsVerified: id != c.actor.ID})
}

// afterIdentity does something with the address in the path, and shows the
// addresses that the person has then.
func (a *api) afterIdentity(do func(context.Context, core.Actor, core.UserID, string) error) apiHandler {
	return byID(func(c *apiCall, id core.UserID) (apiAnswer, error) {
		if err := do(c.ctx(), c.actor, id, c.address()); err != nil {
			return apiAnswer{}, err
		}
		return a.identities(c, id)
	})
}

// address gives the address in the path. The router splits the path as it was
// escaped, if a slash or the like had to be.
func (c *apiCall) address() string { return c.plainParam("address") }

// A newAddress in a change of a person is refused with a hint, not ignored.
type newAddress struct {
	Email any `json:"email"`
}

func (n newAddress) refused() error {
	if n.Email == nil {
		return nil
	}
	return core.Invalid{Field: "email", Code: core.CodeInvalid,
		Problem: "Addresses are changed by themselves: POST /users/{id}/identities adds one, /primary makes one the first."}
}
