package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"postdesk/core"
)

type suspendedPage struct {
	base
	Rows   []core.Mail
	Reason core.Suspension
	Query  string
	Chips  []choice
	Kept   int // days
	Ticked []core.InboundID
	Judged judgedWords
	paging
}

// Has tells a line that was ticked when the form came back.
func (p suspendedPage) Has(id core.InboundID) bool { return slices.Contains(p.Ticked, id) }

// Act is where the form of the list goes: back to the same list.
func (p suspendedPage) Act() string { return suspendedPath(p.Reason, p.Query) }

func suspendedPath(reason core.Suspension, query string) string {
	q := url.Values{}
	if reason != "" {
		q.Set("reason", string(reason))
	}
	if query != "" {
		q.Set("q", query)
	}
	if len(q) == 0 {
		return "/agent/suspended"
	}
	return "/agent/suspended?" + q.Encode()
}

// judgedWords tell what became of several mails of which not all could be judged.
type judgedWords struct {
	Head string
	Left []core.NotJudged
}

func (s *server) suspended(v *visit) error {
	return s.showSuspended(v, http.StatusOK, nil, judgedWords{}, nil)
}

func (s *server) showSuspended(v *visit, status int, ticked []core.InboundID, judged judgedWords, f faults) error {
	if err := v.actor.Can(core.DoListSuspended); err != nil {
		return err
	}
	yes := true
	p := suspendedPage{Reason: core.Suspension(v.query("reason")), Query: v.query("q"), Ticked: ticked, Judged: judged}
	page := listPage(v)
	rows, total, err := s.desk.Mails(v.ctx(), v.actor, core.MailFilter{Suspended: &yes, Suspension: p.Reason, Query: p.Query, Page: page})
	if err != nil {
		return err
	}
	counts, err := s.desk.SuspendedByReason(v.ctx(), v.actor)
	if err != nil {
		return err
	}
	settings, err := s.desk.Settings(v.ctx())
	if err != nil {
		return err
	}
	if p.base, err = s.page(v, "Suspended mail", "suspended"); err != nil {
		return err
	}
	p.Faults, p.Rows, p.Chips, p.Kept, p.paging = f, rows, p.chips(counts), settings.SuspendedDays, pagingOf(v, page, len(rows), total)
	return s.render(v, status, "suspended", p)
}

// chips lead to one reason each: those that there is mail for.
func (p suspendedPage) chips(counts map[core.Suspension]int) []choice {
	all := 0
	var chips []choice
	for _, reason := range core.Suspensions() {
		if n := counts[reason]; n > 0 || reason == p.Reason {
			all += n
			chips = append(chips, choice{fmt.Sprintf("%s %d", reason.Label(), n), suspendedPath(reason, p.Query), reason == p.Reason})
		}
	}
	return append([]choice{{fmt.Sprintf("All %d", all), suspendedPath("", p.Query), p.Reason == ""}}, chips...)
}

// actOnSuspended releases, deletes or blocks one or several.
func (s *server) actOnSuspended(v *visit) error {
	if err := v.actor.Can(core.DoListSuspended); err != nil {
		return err
	}
	ids := idsOf[core.InboundID](v.r.PostForm["id"])
	if v.field("all") == "page" {
		ids = idsOf[core.InboundID](v.r.PostForm["shown"])
	}
	if v.field("from") == "mail" && len(ids) == 1 {
		return s.actOnOne(v, ids[0])
	}
	if len(ids) == 0 {
		return s.showSuspended(v, http.StatusBadRequest, nil, judgedWords{}, faults{"": {Problem: "Tick the mails first."}})
	}
	judged, said, err := s.judge(v, ids)
	switch {
	case err != nil:
		return err
	case len(judged.Left) == 0:
		return v.see(suspendedPath(core.Suspension(v.query("reason")), v.query("q")), said)
	}
	status := http.StatusOK
	if len(judged.Done) == 0 {
		status = http.StatusConflict
	}
	words := judgedWords{Left: judged.Left, Head: fmt.Sprintf("%d %s, %d %s not.", len(judged.Done), said, len(judged.Left), wereOrWas(len(judged.Left)))}
	return s.showSuspended(v, status, leftOf(judged), words, nil)
}

func wereOrWas(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

func leftOf(j core.Judged) (ids []core.InboundID) {
	for _, left := range j.Left {
		ids = append(ids, left.ID)
	}
	return ids
}

// judge does what the button says with each mail by itself, and says it in a word
// of the table in page.go.
func (s *server) judge(v *visit, ids []core.InboundID) (judged core.Judged, said string, err error) {
	switch do := v.field("do"); do {
	case "delete":
		judged, err = s.desk.DeleteEach(v.ctx(), v.actor, ids)
		return judged, "deleted", err
	case "block":
		judged, err = s.desk.BlockSenderOf(v.ctx(), v.actor, ids)
		return judged, "blocked", err
	default:
		judged, err = s.desk.ReleaseEach(v.ctx(), v.actor, ids, v.field("requester"), do == "trust")
		return judged, "released", err
	}
}

// actOnOne is for the form of one mail's page, where a fault can be mended.
func (s *server) actOnOne(v *visit, id core.InboundID) error {
	var err error
	said := "released"
	switch do := v.field("do"); do {
	case "delete":
		said, err = "deleted", s.desk.DeleteMails(v.ctx(), v.actor, []core.InboundID{id})
	case "block":
		var judged core.Judged
		judged, err = s.desk.BlockSenderOf(v.ctx(), v.actor, []core.InboundID{id})
		if said = "blocked"; err == nil && len(judged.Left) > 0 {
			return s.showSuspendedMail(v, http.StatusConflict, id, faults{"": {Problem: judged.Left[0].Problem}})
		}
	default:
		err = s.desk.Release(v.ctx(), v.actor, []core.InboundID{id}, v.field("requester"), do == "trust")
	}
	return v.after(err, "/agent/suspended", said, func(status int, f faults) error {
		return s.showSuspendedMail(v, status, id, f)
	})
}

// mailPage shows one received mail: suspended, or of the log.
type mailPage struct {
	base
	M         core.Mail
	L         core.Letter
	Readable  bool
	Sentences []string
	Requester string
	InLog     bool
}

// Frame is where its HTML is shown.
func (p mailPage) Frame() string { return fmt.Sprintf("/frame/mail/%d", p.M.ID) }

// AsksForLoop tells a mail of our own that only naming its sender can release.
func (p mailPage) AsksForLoop() bool {
	return p.M.Suspension == core.SuspendedLoop && p.M.Releasable()
}

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
	p.InLog = area == "mail"
	p.base, err = s.page(v, firstOf(strings.TrimSpace(shown(p.M.Subject)), "(no subject)"), area)
	return p, err
}
