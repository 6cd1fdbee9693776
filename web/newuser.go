package web

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"unicode/utf8"

	"postdesk/core"
)

type newUserPage struct {
	base
	Email   string
	Holder  core.AddressMatch // who has exactly this address; without a name: nobody
	Matches []core.AddressMatch
	Free    bool // it is an address, and nobody has it
}

// longestTyped is more than any address has, in octets.
const longestTyped = 1000

// newUser asks for an address, and shows who holds one like it.
func (s *server) newUser(v *visit) error {
	return s.showNewUser(v, http.StatusOK, v.query("email"), nil)
}

func (s *server) showNewUser(v *visit, status int, email string, f faults) error {
	p, err := s.lookFor(v, email)
	if err != nil {
		return err
	}
	if p.base, err = s.page(v, "New user", "users"); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "newuser", p)
}

// suggestUsers is the part of the page that follows what is typed.
func (s *server) suggestUsers(v *visit) error {
	p, err := s.lookFor(v, v.query("email"))
	if err != nil {
		return err
	}
	return s.renderPart(v, "newuser", "suggestions", p)
}

// lookFor finds who holds an address like this, from two characters on.
func (s *server) lookFor(v *visit, email string) (p newUserPage, err error) {
	if err := v.actor.Can(core.DoManagePeople); err != nil {
		return p, err
	}
	_, email = pasted(email)
	p.Email = email
	if utf8.RuneCountInString(email) < 2 || len(email) > longestTyped {
		return p, nil
	}
	if p.Matches, err = s.desk.SuggestAddresses(v.ctx(), v.actor, email); err != nil {
		return p, err
	}
	p.Holder, err = s.desk.AddressHolder(v.ctx(), v.actor, email)
	p.Free = errors.Is(err, core.ErrNotFound)
	var notYet core.Invalid
	if p.Free || errors.As(err, &notYet) {
		err = nil
	}
	return p, err
}

// renderPart answers with a piece of a page, for htmx to put in its place. It is
// as of now: nobody keeps it.
func (s *server) renderPart(v *visit, page, part string, data any) error {
	var out bytes.Buffer
	if err := s.pages.execute(&out, page, part, data); err != nil {
		return fmt.Errorf("render %s of %s: %w", part, page, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Cache-Control", "no-store")
	_, _ = out.WriteTo(v.w)
	return nil
}

func (s *server) createUser(v *visit) error {
	name, email := pasted(v.field("email"))
	user, err := s.desk.CreateUser(v.ctx(), v.actor, core.NewUser{Name: name, Email: email, Role: core.RoleCustomer})
	said := "made"
	if !s.relaySet {
		said = "made-held"
	}
	return v.after(err, userPath(user.ID), said, func(status int, f faults) error {
		return s.showNewUser(v, status, email, f)
	})
}

// pasted takes apart what mail programs copy: Cara <cara@acme.test>. Anything else
// is left as it is, for core to judge.
func pasted(text string) (name, address string) {
	if a, err := mail.ParseAddress(text); err == nil && a.Name != "" {
		return a.Name, a.Address
	}
	return "", text
}
