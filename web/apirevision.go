package web

import (
	"math"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"postdesk/core"
)

type revisionJSON struct {
	Number    int         `json:"number"`
	Kind      string      `json:"kind"`
	Author    *personJSON `json:"author"`
	Title     string      `json:"title"`
	Note      string      `json:"note"`
	CreatedAt time.Time   `json:"created_at"`
}

func revisionOf(r core.Revision) revisionJSON {
	return revisionJSON{r.Number, upper(r.Kind), somebody(r.Author), r.Title, r.Note, r.CreatedAt.UTC()}
}

func (a *api) revisions(c *apiCall, id core.ArticleID) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	all, total, err := a.desk.ArticleRevisions(c.ctx(), c.actor, id, page)
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("revision", all, total, revisionOf)
}

// revisionTextJSON is a revision with its text.
type revisionTextJSON struct {
	revisionJSON
	Body string `json:"body"`
}

func (a *api) revision(c *apiCall, id core.ArticleID) (apiAnswer, error) {
	number, err := strconv.Atoi(chi.URLParam(c.r, "number"))
	if err != nil || number < 1 || number > math.MaxInt32 {
		return apiAnswer{}, core.ErrNotFound
	}
	one, err := a.desk.ArticleRevision(c.ctx(), c.actor, id, number)
	if err != nil {
		return apiAnswer{}, err
	}
	return found("revision", revisionTextJSON{revisionOf(one), one.Body})
}

func (a *api) restoreRevision(c *apiCall, id core.ArticleID) (apiAnswer, error) {
	var form struct {
		Number   int `json:"number"`
		Revision int `json:"revision"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	one, err := a.desk.RestoreRevision(c.ctx(), c.actor, id, form.Number, form.Revision)
	return articleAnswer(c, one, err)
}

type proposalJSON struct {
	ID        core.ProposalID `json:"id"`
	ArticleID core.ArticleID  `json:"article_id"`
	Base      int             `json:"base"`
	IsStale   bool            `json:"is_stale"`
	Author    *personJSON     `json:"author"`
	Title     string          `json:"title"`
	Body      string          `json:"body"`
	Note      string          `json:"note"`
	State     string          `json:"state"`
	DecidedBy *personJSON     `json:"decided_by"`
	DecidedAt *time.Time      `json:"decided_at"`
	Answer    string          `json:"answer"`
	CreatedAt time.Time       `json:"created_at"`
}

func proposalOf(p core.Proposal) proposalJSON {
	return proposalJSON{p.ID, p.Article, p.Base, p.Stale(), somebody(p.Author), p.Title, p.Body, p.Note, upper(p.State), somebody(p.DecidedBy),
		instant(p.DecidedAt), p.Answer, p.CreatedAt.UTC()}
}

func (a *api) proposals(c *apiCall, id core.ArticleID) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	state, err := c.choice("state", "open", "accepted", "declined", "withdrawn")
	if err != nil {
		return apiAnswer{}, err
	}
	all, total, err := a.desk.Proposals(c.ctx(), c.actor, core.ProposalFilter{Article: id, State: core.ProposalState(state), Page: page})
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("proposal", all, total, proposalOf)
}

func (a *api) proposeRevision(c *apiCall, id core.ArticleID) (apiAnswer, error) {
	var form struct {
		Title    *string `json:"title"`
		Body     *string `json:"body"`
		Note     string  `json:"note"`
		Revision int     `json:"revision"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	now, err := a.desk.Article(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	text := core.ArticleText{Title: given(form.Title, now.Title), Body: given(form.Body, now.Body), Note: form.Note}
	p, err := a.desk.ProposeRevision(c.ctx(), c.actor, id, form.Revision, text)
	if err != nil {
		return apiAnswer{}, err
	}
	return made("proposal", proposalOf(p))
}

func (a *api) acceptProposal(c *apiCall, id core.ProposalID) (apiAnswer, error) {
	var form struct {
		Revision int    `json:"revision"`
		Answer   string `json:"answer"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	one, err := a.desk.AcceptProposal(c.ctx(), c.actor, id, core.Acceptance{Revision: form.Revision, Answer: form.Answer})
	return articleAnswer(c, one, err)
}

func (a *api) declineProposal(c *apiCall, id core.ProposalID) (apiAnswer, error) {
	var form struct {
		Answer string `json:"answer"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	if err := a.desk.DeclineProposal(c.ctx(), c.actor, id, form.Answer); err != nil {
		return apiAnswer{}, err
	}
	return a.decided(c, id)
}

func (a *api) withdrawProposal(c *apiCall, id core.ProposalID) (apiAnswer, error) {
	if err := a.desk.WithdrawProposal(c.ctx(), c.actor, id); err != nil {
		return apiAnswer{}, err
	}
	return a.decided(c, id)
}

func (a *api) decided(c *apiCall, id core.ProposalID) (apiAnswer, error) {
	p, err := a.desk.Proposal(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	return found("proposal", proposalOf(p))
}
