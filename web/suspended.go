package web

import (
	"fmt"
	"net/http"
	"slices"

	"postdesk/core"
)

type suspendedPage struct {
	base
	Rows      []core.Mail
	Ticked    []core.InboundID
	Requester string
	paging
}

// Has tells a line that was ticked when the form came back.
func (p suspendedPage) Has(id core.InboundID) bool { return slices.Contains(p.Ticked, id) }

func (s *server) suspended(v *visit) error { return s.showSuspended(v, http.StatusOK, nil, nil) }

func (s *server) showSuspended(v *visit, status int, ticked []core.InboundID, f faults) error {
	yes, page := true, listPage(v)
	if err := v.actor.Can(core.DoListSuspended); err != nil {
		return err
	}
	rows, total, err := s.desk.Mails(v.ctx(), v.actor, core.MailFilter{Suspended: &yes, Page: page})
	if err != nil {
		return err
	}
	b, err := s.page(v, "Suspended mail", "suspended")
	b.Faults = f
	if err != nil {
		return err
	}
	return s.render(v, status, "suspended", suspendedPage{base: b, Rows: rows, Ticked: ticked, paging: pagingOf(v, page, len(rows), total)})
}

// actOnSuspended releases or deletes one or several.
func (s *server) actOnSuspended(v *visit) error {
	ids := idsOf[core.InboundID](v.r.PostForm["id"])
	one := v.field("from") == "mail" && len(ids) == 1
	err := v.actor.Can(core.DoListSuspended)
	said := "released"
	switch {
	case err != nil:
	case len(ids) == 0:
		err = core.Invalid{Field: "", Code: core.CodeRequired, Problem: "Tick the mails first."}
	case v.field("do") == "delete":
		said, err = "deleted", s.desk.DeleteMails(v.ctx(), v.actor, ids)
	default:
		err = s.desk.Release(v.ctx(), v.actor, ids, v.field("requester"), v.field("do") == "trust")
	}
	f, status, ok := faultsOf(err)
	switch {
	case ok && one:
		return s.showSuspendedMail(v, status, ids[0], f)
	case ok:
		if needed := f["requester"].Problem; needed != "" {
			f = faults{"": {Problem: needed + " Open it to do that."}}
		}
		return s.showSuspended(v, status, ids, f)
	case err != nil:
		return err
	}
	return v.see("/agent/suspended", said)
}

// mailPage shows one received mail: suspended, or of the log.
type mailPage struct {
	base
	M          core.Mail
	L          core.Letter
	Readable   bool
	Sentences  []string
	Requester  string
	Releasable bool
	Trustable  bool
	InLog      bool
}

// Frame is where its HTML is shown.
func (p mailPage) Frame() string { return fmt.Sprintf("/frame/mail/%d", p.M.ID) }

func (s *server) suspendedMail(v *visit) error {
	id, err := pathID[core.InboundID](v, "id")
	if err != nil {
		return err
	}
	return s.showSuspendedMail(v, http.StatusOK, id, nil)
}

func (s *server) showSuspendedMail(v *visit, status int, id core.InboundID, f faults) error {
	p, err := s.mailPage(v, id, "suspended")
	if err != nil {
		return err
	}
	if p.M.Status != core.MailSuspended {
		return core.ErrNotFound
	}
	p.Faults, p.Requester = f, v.field("requester")
	return s.render(v, status, "mail", p)
}

func (s *server) mailPage(v *visit, id core.InboundID, area string) (p mailPage, err error) {
	if p.M, err = s.desk.Mail(v.ctx(), v.actor, id); err != nil {
		return p, err
	}
	if p.M.HasSource {
		if p.L, err = s.desk.MailLetter(v.ctx(), v.actor, id); err != nil {
			return p, err
		}
		p.Readable = true
	}
	if p.M.Rule != "" {
		p.Sentences = p.M.Trace.Sentences()
	}
	p.Releasable = p.M.Status == core.MailSuspended && p.M.HasSource &&
		p.M.Suspension != core.SuspendedReport && p.M.Suspension != core.SuspendedVirus
	switch p.M.Suspension {
	case core.SuspendedFlood, core.SuspendedSpam, core.SuspendedBlocked, core.SuspendedUnregistered:
		p.Trustable = p.Releasable
	}
	p.InLog = area == "mail"
	p.base, err = s.page(v, firstOf(p.M.Subject, "(no subject)"), area)
	return p, err
}
