package web

import (
	"net/http"

	"postdesk/core"
)

func (s *server) healthOf(v *visit, id core.MailboxID) (core.MailboxHealth, error) {
	all, err := s.desk.MailboxHealths(v.ctx(), v.actor)
	return all[id], err
}

// mailboxDNSPage is what the DNS says about the domain of a mailbox. The mailbox
// page is shown first and fetches it afterwards: the DNS may take its time.
type mailboxDNSPage struct {
	base
	M core.Mailbox
	D *sendingDomain
}

// Asked tells that there was something to ask the DNS with.
func (p mailboxDNSPage) Asked() bool {
	return p.D.Findings != nil || p.D.Active != nil && p.D.Active.State != RecordUnknown
}

// Good tells that nothing is to be done.
func (p mailboxDNSPage) Good() bool {
	for _, f := range p.D.Findings {
		if !f.Good {
			return false
		}
	}
	return p.D.Active != nil && p.D.Active.Seen()
}

func (s *server) mailboxDNS(v *visit) error {
	id, err := pathID[core.MailboxID](v, "id")
	if err != nil {
		return err
	}
	p := mailboxDNSPage{}
	if p.M, err = s.desk.Mailbox(v.ctx(), v.actor, id); err != nil {
		return err
	}
	keys, err := s.desk.SigningKeys(v.ctx(), v.actor)
	if err != nil {
		return err
	}
	p.D = domainOf(p.M.Address.Domain(), keys)
	s.lookAt(v.ctx(), []*sendingDomain{p.D})
	if p.base, err = s.page(v, "DNS of "+p.M.Address.Domain(), "mailboxes"); err != nil {
		return err
	}
	return s.render(v, http.StatusOK, "mailboxdns", p)
}
