package web

import (
	"errors"
	"net/http"

	"github.com/go-chi/chi/v5"

	"postdesk/core"
)

type signInPage struct {
	base
	Email string
	Next  string
}

func (s *server) signInPage(v *visit) error {
	if v.actor.ID != 0 {
		return v.see(firstOf(localPath(v.query("next")), homeOf(v.actor)), "")
	}
	return s.showSignIn(v, http.StatusOK, "", localPath(v.query("next")), nil)
}

func (s *server) showSignIn(v *visit, status int, email, next string, f faults) error {
	b, err := s.page(v, "Sign in", "")
	b.Faults = f
	if err != nil {
		return err
	}
	return s.render(v, status, "signin", signInPage{base: b, Email: email, Next: next})
}

func (s *server) signIn(v *visit) error {
	email, next := v.field("email"), localPath(v.r.PostFormValue("next"))
	actor, version, err := s.desk.SignIn(v.ctx(), email, v.r.PostFormValue("password"), clientOf(v.r))
	switch {
	case errors.Is(err, core.ErrRate):
		return s.showSignIn(v, http.StatusTooManyRequests, email, next, faults{"": {Problem: problemOf(err)}})
	case errors.Is(err, core.ErrForbidden):
		return s.showSignIn(v, http.StatusForbidden, email, next, faults{"": {Problem: problemOf(err)}})
	case err != nil:
		return err
	}
	if err := s.begin(v, actor, version); err != nil {
		return err
	}
	return v.see(firstOf(next, homeOf(actor)), "")
}

func (s *server) signOut(v *visit) error {
	if err := s.sessions.Destroy(v.ctx()); err != nil {
		return err
	}
	return v.see("/", "signed-out")
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

type resetPage struct {
	base
	Email string
	Sent  bool
}

func (s *server) resetPage(v *visit) error { return s.showReset(v, http.StatusOK, false, nil) }

func (s *server) showReset(v *visit, status int, sent bool, f faults) error {
	b, err := s.page(v, "Set a password", "")
	b.Faults = f
	if err != nil {
		return err
	}
	return s.render(v, status, "reset", resetPage{base: b, Email: v.field("email"), Sent: sent})
}

// reset answers the same whether or not anybody has the address.
func (s *server) reset(v *visit) error {
	err := s.desk.RequestReset(v.ctx(), v.field("email"), clientOf(v.r))
	if errors.Is(err, core.ErrRate) {
		return s.showReset(v, http.StatusTooManyRequests, false, faults{"": {Problem: problemOf(err)}})
	}
	if err != nil {
		return err
	}
	return s.showReset(v, http.StatusOK, true, nil)
}

type acceptPage struct {
	base
	Link   core.LinkInfo
	Name   string
	Email  string
	Secret string
}

// acceptPage shows what a link is for. Mail scanners look at it too, so it uses
// nothing up (reliability A40).
func (s *server) acceptPage(v *visit) error {
	return s.showAccept(v, http.StatusOK, core.AcceptForm{}, nil)
}

func (s *server) showAccept(v *visit, status int, typed core.AcceptForm, f faults) error {
	secret := chi.URLParam(v.r, "secret")
	link, err := s.desk.Link(v.ctx(), secret)
	if err != nil {
		return err
	}
	b, err := s.page(v, acceptTitle(link.Purpose), "")
	b.Faults = f
	if err != nil {
		return err
	}
	b.Here = "/" // the secret stays out of every other address
	v.w.Header().Set("Cache-Control", "no-store")
	return s.render(v, status, "accept", acceptPage{base: b, Link: link, Secret: secret,
		Name: firstOf(typed.Name, link.Name), Email: typed.Email})
}

func acceptTitle(p core.LinkPurpose) string {
	switch p {
	case core.LinkSetup:
		return "Set up your help desk"
	case core.LinkInvite:
		return "Accept your invite"
	case core.LinkVerify:
		return "Confirm your address"
	}
	return "Set a new password"
}

// accept uses the link up and signs in.
func (s *server) accept(v *visit) error {
	form := core.AcceptForm{Name: v.field("name"), Email: v.field("email"),
		Password: v.r.PostFormValue("password"), Client: clientOf(v.r)}
	actor, version, err := s.desk.AcceptLink(v.ctx(), chi.URLParam(v.r, "secret"), form)
	if f, status, ok := faultsOf(err); ok && !errors.Is(err, core.ErrExpired) {
		return s.showAccept(v, status, form, f)
	}
	if err != nil {
		return err
	}
	if err := s.begin(v, actor, version); err != nil {
		return err
	}
	return v.see(homeOf(actor), "")
}
