package web

import (
	"crypto/rand"
	"net/http"

	"postdesk/core"
)

// The contact form is for everybody. What it takes is filed by the law of a mail of
// unproven origin, and its answer is the same whoever's address it is (reliability.md
// S7). No captcha: a field that no person sees, and rates.

type contactPage struct {
	base
	contactTyped
	Sent   bool
	Mailto core.Address
}

// contactTyped is what somebody typed.
type contactTyped struct{ Name, Email, Subject, Text, Form string }

// maxContactBody is the largest contact form with its files, in bytes.
const maxContactBody = core.MaxContactFileBytes + 2<<20

func (s *server) contactForm(v *visit) error {
	if v.actor.ID != 0 {
		http.Redirect(v.w, v.r, "/conversations/new", http.StatusSeeOther)
		return nil
	}
	return s.showContact(v, http.StatusOK, contactPage{contactTyped: contactTyped{Form: rand.Text()}, Sent: v.query("sent") == "yes"}, nil)
}

func (s *server) showContact(v *visit, status int, p contactPage, f faults) (err error) {
	if p.Mailto, err = s.desk.ContactAddress(v.ctx()); err != nil {
		return err
	}
	if p.base, err = s.page(v, v.t("Contact us"), "contact"); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "contact", p)
}

// contact takes a form. Of somebody who has signed in meanwhile it is their own
// question.
func (s *server) contact(v *visit) error {
	if v.actor.ID != 0 {
		return s.ask(v)
	}
	t := contactTyped{v.field("name"), v.field("email"), v.field("subject"), v.r.PostFormValue("contents"), v.field("form")}
	files, err := contactFiles(v)
	if err == nil {
		err = s.desk.Contact(v.ctx(), core.ContactForm{Name: t.Name, Email: t.Email, Subject: t.Subject, Text: t.Text, Files: files,
			Client: clientOf(v.r), Form: t.Form, Trapped: v.field("website") != ""})
	}
	return v.after(err, "/contact?sent=yes", "", func(status int, f faults) error {
		return s.showContact(v, status, contactPage{contactTyped: t}, f.withFiles(v))
	})
}

// contactFiles reads the files, unless they are more than the form takes.
func contactFiles(v *visit) ([]core.Upload, error) {
	chosen, err := heads(v.r)
	if err != nil {
		return nil, err
	}
	size := int64(0)
	for _, head := range chosen {
		size += head.Size
	}
	if err := core.ContactFilesFit(len(chosen), size); err != nil {
		return nil, err
	}
	return uploads(v.r)
}
