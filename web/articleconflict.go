package web

import (
	"net/http"

	"postdesk/core"
)

// conflictPage keeps two texts: what somebody typed, and the newer one that they had
// not read. Nothing is saved before they say which.
type conflictPage struct {
	base
	A          core.Article // the newer
	Typed      typedArticle
	Lines      []core.DifferenceLine // from the newer to the typed one
	Theirs     []core.DifferenceLine // from what was read to the newer
	NewerBy    core.Revision
	ReadNumber int
}

func (s *server) showConflict(v *visit, newer core.Article, t typedArticle) (err error) {
	p := conflictPage{A: newer, Typed: t, ReadNumber: t.Revision, Lines: core.Difference(newer.Body, t.Body)}
	if p.NewerBy, err = s.desk.ArticleRevision(v.ctx(), v.actor, newer.ID, newer.Revision); err != nil {
		return err
	}
	if t.Revision > 0 && t.Revision < newer.Revision {
		_, _, p.Theirs, _ = s.desk.RevisionDifference(v.ctx(), v.actor, newer.ID, t.Revision, newer.Revision) // only shown beside
	}
	if p.base, err = s.page(v, "Two texts of one article", "helpcenter"); err != nil {
		return err
	}
	return s.render(v, http.StatusConflict, "agentconflict", p)
}

// lostPage gives somebody their words back whose article is gone.
type lostPage struct {
	base
	Typed    typedArticle
	Sections []core.Section
}

func (s *server) showLost(v *visit, t typedArticle) (err error) {
	p := lostPage{Typed: t}
	if p.base, err = s.page(v, "This article is gone", "helpcenter"); err != nil {
		return err
	}
	if p.Sections, err = s.desk.Sections(v.ctx(), v.actor, 0); err != nil {
		return err
	}
	return s.render(v, http.StatusNotFound, "agentlost", p)
}
