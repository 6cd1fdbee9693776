package web

import (
	"net/http"

	"postdesk/core"
)

// What is done with an account, apart from its properties.

func (s *server) userNote(v *visit) error {
	id, err := pathID[core.UserID](v, "id")
	if err != nil {
		return err
	}
	text := v.r.PostFormValue("note")
	noted, err := s.desk.AddUserNote(v.ctx(), v.actor, id, text)
	return s.onUser(v, notedWord(noted), func(p *userPage) { p.Note = text }, func(core.UserID) error { return err })
}

func (s *server) addAddress(v *visit) error {
	email := v.field("email")
	return s.onUser(v, "counts", func(p *userPage) { p.Email = email }, func(id core.UserID) error {
		return s.desk.AddIdentity(v.ctx(), v.actor, id, email)
	})
}

func (s *server) makePrimary(v *visit) error {
	return s.onUser(v, "new-primary", nil, func(id core.UserID) error {
		return s.desk.MakePrimary(v.ctx(), v.actor, id, v.field("email"))
	})
}

func (s *server) removeAddress(v *visit) error {
	return s.onUser(v, "freed", nil, func(id core.UserID) error {
		return s.desk.RemoveIdentity(v.ctx(), v.actor, id, v.field("email"))
	})
}

// disableUser also takes an invite back, which is to be disabled before one ever
// was enabled.
func (s *server) disableUser(v *visit) error {
	if v.field("do") == "revoke" {
		return s.onUser(v, "revoked", nil, func(id core.UserID) error { return s.desk.RevokeInvite(v.ctx(), v.actor, id) })
	}
	return s.onUser(v, "disabled", nil, func(id core.UserID) error { return s.desk.DisableUser(v.ctx(), v.actor, id) })
}

func (s *server) enableUser(v *visit) error {
	return s.onUser(v, "enabled", nil, func(id core.UserID) error { return s.desk.EnableUser(v.ctx(), v.actor, id) })
}

func (s *server) sendLink(v *visit) error {
	return s.onUser(v, "link-sent", nil, func(id core.UserID) error { return s.desk.SendAccountMail(v.ctx(), v.actor, id) })
}

// copyLink shows a new link once, on the answer to the POST: it never stands in
// an address of ours that somebody could come back to.
func (s *server) copyLink(v *visit) error {
	id, err := pathID[core.UserID](v, "id")
	if err != nil {
		return err
	}
	secret, _, err := s.desk.CopyLink(v.ctx(), v.actor, id)
	if err != nil {
		return s.onUser(v, "", nil, func(core.UserID) error { return err })
	}
	p, err := s.userPage(v, id)
	if err != nil {
		return err
	}
	p.Link = s.publicURL + "/accept/" + secret
	v.w.Header().Set("Cache-Control", "no-store")
	return s.render(v, http.StatusOK, "user", p)
}
