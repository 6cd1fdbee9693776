package web

import (
	"fmt"
	"io"
	"net/http"

	"postdesk/core"
)

type mailsPage struct {
	base
	From   string
	Status []choice
	Rows   []core.Mail
	paging
}

// mails is the log of received mail: /admin/mail?status=failed&from=address.
func (s *server) mails(v *visit) error {
	if err := v.actor.Can(core.DoAdminister); err != nil {
		return err
	}
	f := core.MailFilter{Status: core.MailStatus(v.query("status")), From: v.query("from"), Page: listPage(v)}
	rows, total, err := s.desk.Mails(v.ctx(), v.actor, f)
	if err != nil {
		return err
	}
	b, err := s.page(v, "Mail log", "mail")
	if err != nil {
		return err
	}
	choices := []choice{{"All", "/admin/mail", f.Status == ""}}
	for _, status := range []core.MailStatus{core.MailSuccess, core.MailSuspended, core.MailRejected, core.MailFailed, core.MailReceived, core.MailProcessing} {
		label := upperFirst(string(status))
		if status == core.MailRejected {
			label = "Duplicate" // as the line itself says
		}
		choices = append(choices, choice{label, "/admin/mail?status=" + string(status), status == f.Status})
	}
	return s.render(v, http.StatusOK, "mails", mailsPage{base: b, From: f.From, Status: choices, Rows: rows,
		paging: pagingOf(v, f.Page, len(rows), total)})
}

func (s *server) mail(v *visit) error {
	if err := v.actor.Can(core.DoAdminister); err != nil {
		return err
	}
	id, err := pathID[core.InboundID](v, "id")
	if err != nil {
		return err
	}
	p, err := s.mailPage(v, id, "mail")
	if err != nil {
		return err
	}
	return s.render(v, http.StatusOK, "mail", p)
}

// mailSource gives the mail byte for byte, as text that nothing interprets.
func (s *server) mailSource(v *visit) error {
	id, err := pathID[core.InboundID](v, "id")
	if err != nil {
		return err
	}
	source, err := s.desk.MailSource(v.ctx(), v.actor, id)
	if err != nil {
		return err
	}
	sendRaw(v, fmt.Sprintf("mail-%d", id), source.At(v.ctx()), source.Size())
	return nil
}

// sendRaw shows the bytes of a mail as text, or gives them as a file.
func sendRaw(v *visit, name string, raw io.ReaderAt, size int64) {
	kind, disposition, ending := "text/plain; charset=utf-8", "inline", ".txt"
	if v.query("download") == "1" {
		kind, disposition, ending = "application/octet-stream", "attachment", ".eml"
	}
	sendPieces(v.w, kind, disposition, name+ending, raw, size)
}

func (s *server) replay(v *visit) error {
	id, err := pathID[core.InboundID](v, "id")
	if err != nil {
		return err
	}
	if err := s.desk.Replay(v.ctx(), v.actor, id); err != nil {
		return err
	}
	return v.see(fmt.Sprintf("/admin/mail/%d", id), "replayed")
}
