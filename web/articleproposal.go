package web

import (
	"errors"
	"fmt"
	"net/http"

	"postdesk/core"
)

// proposalPage is one proposal beside what readers see today.
type proposalPage struct {
	base
	P      core.Proposal
	A      core.Article
	Typed  typedArticle          // what would be accepted
	Lines  []core.DifferenceLine // from today's text to the typed one
	Theirs []core.DifferenceLine // what became another since it was proposed
	Answer string                // as typed
	Doc    renderedArticle
}

func proposalPath(id core.ProposalID) string {
	return fmt.Sprintf("%s/proposals/%d", helpCenterPath, id)
}

func (s *server) proposalOf(v *visit) (core.Proposal, error) {
	if err := v.actor.Can(core.DoReadDraft); err != nil {
		return core.Proposal{}, err
	}
	id, err := pathID[core.ProposalID](v, "id")
	if err != nil {
		return core.Proposal{}, err
	}
	return s.desk.Proposal(v.ctx(), v.actor, id)
}

func (s *server) proposal(v *visit) error {
	p, err := s.proposalOf(v)
	if err != nil {
		return err
	}
	t := typedArticle{ArticleText: core.ArticleText{Title: p.Title, Body: p.Body}}
	return s.showProposal(v, http.StatusOK, proposalPage{P: p, Typed: t}, nil)
}

// showProposal compares with the newest text, which is the one that is read now.
func (s *server) showProposal(v *visit, status int, p proposalPage, f faults) (err error) {
	if p.A, err = s.desk.Article(v.ctx(), v.actor, p.P.Article); err != nil {
		return err
	}
	p.Typed.Revision = p.A.Revision
	p.Lines, p.Doc = core.Difference(p.A.Body, p.Typed.Body), renderMarkdown(p.Typed.Body)
	if p.P.State != core.ProposalOpen { // what it was about
		base, err := s.desk.ArticleRevision(v.ctx(), v.actor, p.P.Article, p.P.Base)
		if err != nil {
			return err
		}
		p.Lines = core.Difference(base.Body, p.P.Body)
	} else if p.P.Stale() {
		if _, _, p.Theirs, err = s.desk.RevisionDifference(v.ctx(), v.actor, p.P.Article, p.P.Base, p.A.Revision); err != nil {
			return err
		}
	}
	if p.base, err = s.page(v, "Proposal", "helpcenter"); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "agentproposal", p)
}

// acceptProposal takes the text of the form, as it was proposed or changed since.
func (s *server) acceptProposal(v *visit) error {
	if err := v.actor.Can(core.DoEditPublished); err != nil {
		return err
	}
	p, err := s.proposalOf(v)
	if err != nil {
		return err
	}
	t := readArticleForm(v)
	accept := core.Acceptance{Revision: t.Revision, Answer: v.field("answer")}
	if _, typed := v.r.PostForm["body"]; typed {
		accept.Text = &core.ArticleText{Title: t.Title, Body: t.Body, Note: p.Note}
	} else {
		t.Title, t.Body = p.Title, p.Body
	}
	_, err = s.desk.AcceptProposal(v.ctx(), v.actor, p.ID, accept)
	return s.afterDecision(v, err, p.ID, "accepted", t)
}

func (s *server) declineProposal(v *visit) error {
	if err := v.actor.Can(core.DoEditPublished); err != nil {
		return err
	}
	p, err := s.proposalOf(v)
	if err != nil {
		return err
	}
	t := readArticleForm(v)
	if t.Title+t.Body == "" {
		t.Title, t.Body = p.Title, p.Body
	}
	return s.afterDecision(v, s.desk.DeclineProposal(v.ctx(), v.actor, p.ID, v.field("answer")), p.ID, "proposal-no", t)
}

func (s *server) withdrawProposal(v *visit) error {
	id, err := pathID[core.ProposalID](v, "id")
	if err != nil {
		return err
	}
	return s.afterDecision(v, s.desk.WithdrawProposal(v.ctx(), v.actor, id), id, "withdrawn", typedArticle{})
}

// afterDecision shows the proposal; what was typed stands there still where it could
// not be taken.
func (s *server) afterDecision(v *visit, err error, id core.ProposalID, said string, t typedArticle) error {
	if err == nil {
		return v.see(proposalPath(id), said)
	}
	status, _ := statusOf(err)
	f, _, ok := faultsOf(err)
	var stale core.StaleArticle
	if errors.As(err, &stale) {
		f, ok = faults{"": {Problem: "Somebody changed the article meanwhile. Look at the difference again: accepting replaces what they wrote."}}, true
	}
	if !ok || status == http.StatusForbidden {
		return err
	}
	p, gone := s.proposalOf(v)
	if gone != nil {
		return gone
	}
	if t.Title+t.Body == "" {
		t.Title, t.Body = p.Title, p.Body
	}
	return s.showProposal(v, status, proposalPage{P: p, Typed: t, Answer: v.field("answer")}, f)
}
