package web

import (
	"crypto/rand"
	"net/http"

	"postdesk/core"
)

type newConversationPage struct {
	base
	Email, Subject, Text, CC string
	Mailbox                  core.MailboxID
	Mailboxes                []core.Mailbox
	FormKey                  string // what is made of this page is made once
}

func (s *server) newConversation(v *visit) error {
	return s.showNewConversation(v, http.StatusOK, newConversationPage{Email: v.query("email")}, nil)
}

func (s *server) showNewConversation(v *visit, status int, p newConversationPage, f faults) (err error) {
	for _, do := range []core.Deed{core.DoOpenForCustomer, core.DoReply} { // its words are a public message
		if err := v.actor.Can(do); err != nil {
			return err
		}
	}
	if p.Mailboxes, err = s.desk.Mailboxes(v.ctx(), v.actor); err != nil {
		return err
	}
	if p.base, err = s.page(v, "New conversation", "inbox"); err != nil {
		return err
	}
	p.Faults, p.FormKey = f, rand.Text()
	return s.render(v, status, "newconversation", p)
}

func (s *server) createConversation(v *visit) error {
	p := newConversationPage{Email: v.field("requester_email"), Subject: v.field("subject"), Text: v.r.PostFormValue("contents"),
		CC: v.field("cc"), Mailbox: fieldID[core.MailboxID](v, "mailbox_id")}
	again := func(status int, f faults) error { return s.showNewConversation(v, status, p, f) }
	files, err := uploads(v.r)
	if err != nil {
		return v.after(err, "", "", again)
	}
	id, err := s.desk.CreateConversation(v.ctx(), v.actor, core.NewConversation{Subject: p.Subject, Text: p.Text,
		RequesterEmail: p.Email, CC: addressesIn(p.CC), Files: files, Mailbox: p.Mailbox, Form: v.field("form")})
	said := "replied"
	if !s.relaySet {
		said = "held"
	}
	return v.after(err, pathOf(id), said, again)
}
