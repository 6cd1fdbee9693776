package web

import (
	"errors"
	"time"

	"postdesk/core"
)

type mailJSON struct {
	ID             core.InboundID       `json:"id"`
	Status         string               `json:"status"`
	SuspensionCode *string              `json:"suspension_code"`
	Rule           *core.Rule           `json:"rule"` // the law's own name, as it is
	Reason         string               `json:"reason"`
	From           string               `json:"from"`
	EnvelopeFrom   string               `json:"envelope_from"`
	Recipients     []string             `json:"recipients"`
	MessageID      string               `json:"message_id"`
	Subject        string               `json:"subject"`
	Origin         *string              `json:"origin"`
	Evidence       *evidenceJSON        `json:"origin_evidence"` // of one mail; lists leave it out
	CaseID         *core.ConversationID `json:"case_id"`
	PostID         *int64               `json:"post_id"`
	PostType       *core.EntryKind      `json:"post_type"`
	Size           int64                `json:"size"`
	LastError      string               `json:"last_error"`
	Warnings       []string             `json:"warnings"`
	IsDeleted      bool                 `json:"is_deleted"`
	CreatedAt      time.Time            `json:"created_at"`
}

// An evidenceJSON is what the origin of a mail was judged by.
type evidenceJSON struct {
	Domain         string `json:"domain"` // of From
	SPF            string `json:"spf"`
	DKIM           string `json:"dkim"`
	DMARC          string `json:"dmarc"`
	ARC            string `json:"arc"` // what others say; believed by nobody
	Reason         string `json:"reason"`
	IsTrustedRelay bool   `json:"is_trusted_relay"`
}

// evidenceOf is null for what was not judged, or is one line of a list.
func evidenceOf(o core.Origin) *evidenceJSON {
	if o.Verdict == "" {
		return nil
	}
	return &evidenceJSON{o.Domain, o.SPF, o.DKIM, o.DMARC, o.ARC, o.Reason, o.Trusted}
}

func mailOf(m core.Mail) mailJSON {
	shown := mailJSON{
		ID: m.ID, Status: upper(m.Status), SuspensionCode: word(m.Suspension), Reason: m.Reason, From: m.From,
		EnvelopeFrom: m.EnvelopeFrom, Recipients: nonNil(m.Recipients), MessageID: m.MessageID, Subject: m.Subject,
		Origin: word(m.Origin), Evidence: evidenceOf(m.Trace.Origin), CaseID: ref(m.Conversation), Size: m.Size,
		LastError: m.LastError, Warnings: nonNil(doubts(m.Warnings)), IsDeleted: m.RemovedAt != nil, CreatedAt: m.ReceivedAt.UTC(),
	}
	if m.Rule != "" {
		shown.Rule = &m.Rule
	}
	switch {
	case m.Post != 0:
		shown.post(core.EntryMessage, int64(m.Post))
	case m.Note != 0:
		shown.post(core.EntryNote, int64(m.Note))
	case m.Event != 0:
		shown.post(core.EntryEvent, int64(m.Event))
	}
	return shown
}

// post names what the mail became in its case.
func (m *mailJSON) post(kind core.EntryKind, id int64) { m.PostType, m.PostID = &kind, &id }

// word shows an enumerated value that may not be known yet.
func word[T ~string](v T) *string {
	if v == "" {
		return nil
	}
	shown := upper(v)
	return &shown
}

func (a *api) mails(c *apiCall) (apiAnswer, error) {
	f, err := mailFilter(c)
	if err != nil {
		return apiAnswer{}, err
	}
	all, total, err := a.desk.Mails(c.ctx(), c.actor, f)
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("mail", all, total, mailOf)
}

func mailFilter(c *apiCall) (f core.MailFilter, err error) {
	if f.Page, err = c.page(); err != nil {
		return f, err
	}
	status, err := c.choice("status", "received", "processing", "success", "suspended", "rejected", "failed")
	if err != nil {
		return f, err
	}
	f.Status = core.MailStatus(status)
	if f.From, err = c.query("from"); err != nil {
		return f, err
	}
	if f.Suspended, err = c.flag("is_suspended"); err != nil {
		return f, err
	}
	var codes []string
	for _, s := range core.Suspensions() {
		codes = append(codes, string(s))
	}
	code, err := c.choice("suspension_code", codes...)
	if err != nil {
		return f, err
	}
	f.Suspension = core.Suspension(code)
	f.Query, err = c.query("q")
	return f, err
}

func (a *api) mail(c *apiCall, id core.InboundID) (apiAnswer, error) {
	m, err := a.desk.Mail(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	return found("mail", mailOf(m))
}

func (a *api) mailSource(c *apiCall, id core.InboundID) (apiAnswer, error) {
	source, err := a.desk.MailSource(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	return sourceOf(source.At(c.ctx()), source.Size())
}

func (a *api) releaseMail(c *apiCall, id core.InboundID) (apiAnswer, error) {
	var form struct {
		Requester string `json:"requester"`
		Trust     bool   `json:"trust"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	if err := a.desk.Release(c.ctx(), c.actor, []core.InboundID{id}, form.Requester, form.Trust); err != nil {
		return apiAnswer{}, err
	}
	return a.mailIfSeen(c, id)
}

func (a *api) replayMail(c *apiCall, id core.InboundID) (apiAnswer, error) {
	if err := a.desk.Replay(c.ctx(), c.actor, id); err != nil {
		return apiAnswer{}, err
	}
	return a.mail(c, id)
}

func (a *api) deleteMail(c *apiCall, id core.InboundID) (apiAnswer, error) {
	if _, err := a.desk.Mail(c.ctx(), c.actor, id); err != nil { // a missing one is not one in the wrong state
		return apiAnswer{}, err
	}
	if err := a.desk.DeleteMails(c.ctx(), c.actor, []core.InboundID{id}); err != nil {
		return apiAnswer{}, err
	}
	return a.mailIfSeen(c, id)
}

// mailIfSeen shows a mail after something was done with it. Agents see suspended
// mail only: to them a released one is just a number.
func (a *api) mailIfSeen(c *apiCall, id core.InboundID) (apiAnswer, error) {
	answer, err := a.mail(c, id)
	if errors.Is(err, core.ErrForbidden) {
		return found("mail", rowJSON[core.InboundID]{id})
	}
	return answer, err
}

// A rowJSON names a row that the caller changed or made, and may not see.
type rowJSON[T ~int64] struct {
	ID T `json:"id"`
}
