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
	Sent  bool // a link, if anybody has the address
}

func (s *server) signInPage(v *visit) error {
	if v.actor.ID != 0 {
		return v.see(firstOf(localPath(v.query("next")), homeOf(v.actor)), "")
	}
	return s.showSignIn(v, http.StatusOK, signInPage{Next: localPath(v.query("next"))}, nil)
}

func (s *server) showSignIn(v *visit, status int, page signInPage, f faults) error {
	var err error
	if page.base, err = s.page(v, v.t("Sign in"), ""); err != nil {
		return err
	}
	page.Faults = f
	return s.render(v, status, "signin", page)
}

func (s *server) signIn(v *visit) error {
	typed := signInPage{Email: v.field("email"), Next: localPath(v.r.PostFormValue("next"))}
	actor, version, err := s.desk.SignIn(v.ctx(), typed.Email, v.r.PostFormValue("password"), clientOf(v.r))
	if owes, err := s.oweCode(v, err, typed.Next); owes {
		return err
	}
	if f, status, ok := faultsOf(err); ok {
		return s.showSignIn(v, status, typed, f)
	}
	if err != nil {
		return err
	}
	if err := s.begin(v, actor, version); err != nil {
		return err
	}
	return v.see(firstOf(typed.Next, homeOf(actor)), "")
}

// mailSignInLink answers the same whether or not anybody has the address.
func (s *server) mailSignInLink(v *visit) error {
	typed := signInPage{Email: v.field("email"), Next: localPath(v.r.PostFormValue("next"))}
	if typed.Email == "" {
		return s.showSignIn(v, http.StatusBadRequest, typed, faults{"email": {Problem: "Type the address that the link goes to."}})
	}
	err := s.desk.RequestSignInLink(v.ctx(), typed.Email, clientOf(v.r), typed.Next)
	if f, status, ok := faultsOf(err); ok {
		return s.showSignIn(v, status, typed, f)
	}
	if err != nil {
		return err
	}
	typed.Sent = true
	return s.showSignIn(v, http.StatusOK, typed, nil)
}

func (s *server) signOut(v *visit) error {
	if err := s.end(v); err != nil {
		return err
	}
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
	b, err := s.page(v, v.t("Set a password"), "")
	b.Faults = f
	if err != nil {
		return err
	}
	return s.render(v, status, "reset", resetPage{base: b, Email: v.field("email"), Sent: sent})
}

// reset answers the same whether or not anybody has the address.
func (s *server) reset(v *visit) error {
	err := s.desk.RequestReset(v.ctx(), v.field("email"), clientOf(v.r))
	if f, status, ok := faultsOf(err); ok {
		return s.showReset(v, status, false, f)
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
	b, err := s.page(v, v.lang.Translate(acceptTitle(link.Purpose)), "")
	b.Faults = f
	if err != nil {
		return err
	}
	b.zone = core.Zone(link.Timezone, b.zone.String()) // nobody is signed in yet
	b.Here = "/"                                       // the secret stays out of every other address
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
	case core.LinkSignIn:
		return "Sign in"
	}
	return "Set a new password"
}

// accept uses the link up and signs in.
func (s *server) accept(v *visit) error {
	secret := chi.URLParam(v.r, "secret")
	link, err := s.desk.Link(v.ctx(), secret)
	if err != nil {
		return err
	}
	form := core.AcceptForm{Name: v.field("name"), Email: v.field("email"),
		Password: v.r.PostFormValue("password"), Client: clientOf(v.r)}
	actor, version, err := s.desk.AcceptLink(v.ctx(), secret, form)
	if owes, err := s.oweCode(v, err, link.Next); owes {
		return err
	}
	if f, status, ok := faultsOf(err); ok && !errors.Is(err, core.ErrExpired) {
		return s.showAccept(v, status, form, f)
	}
	if err != nil {
		return err
	}
	if err := s.begin(v, actor, version); err != nil {
		return err
	}
	said := ""
	if link.Purpose == core.LinkSignIn && !link.HasPassword {
		said = "no-password"
	}
	return v.see(firstOf(localPath(link.Next), homeOf(actor)), said)
}
