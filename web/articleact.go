package web

import (
	"errors"
	"fmt"
	"net/http"

	"postdesk/core"
)

// Acts on a whole article. What was typed beside them is kept or saved, never lost.

// publishArticle shows readers the text that the publisher sees: the form's, which is
// saved first, or the revision that the button names.
func (s *server) publishArticle(v *visit) error {
	if err := v.actor.Can(core.DoPublishArticle); err != nil {
		return err
	}
	id, err := pathID[core.ArticleID](v, "id")
	if err != nil {
		return err
	}
	t := readArticleForm(v)
	if _, typed := v.r.PostForm["body"]; typed {
		a, err := s.desk.SaveArticle(v.ctx(), v.actor, id, t.Revision, t.ArticleText)
		var stale core.StaleArticle
		switch {
		case errors.As(err, &stale) && t.says(stale.Newer):
			a = stale.Newer
		case err != nil:
			return s.afterText(v, err, id, t, "")
		}
		t.Revision = a.Revision
	}
	_, err = s.desk.PublishArticle(v.ctx(), v.actor, id, t.Revision)
	return s.afterAct(v, err, id, "published")
}

func (s *server) unpublishArticle(v *visit) error {
	return s.act(v, "unpublished", func(id core.ArticleID) error {
		_, err := s.desk.UnpublishArticle(v.ctx(), v.actor, id)
		return err
	})
}

func (s *server) moveArticle(v *visit) error {
	return s.act(v, "moved", func(id core.ArticleID) error {
		_, err := s.desk.MoveArticle(v.ctx(), v.actor, id, fieldID[core.SectionID](v, "section"))
		return err
	})
}

func (s *server) bringBackArticle(v *visit) error {
	return s.act(v, "brought-back", func(id core.ArticleID) error {
		_, err := s.desk.BringBackArticle(v.ctx(), v.actor, id)
		return err
	})
}

func (s *server) deleteArticle(v *visit) error {
	id, err := pathID[core.ArticleID](v, "id")
	if err != nil {
		return err
	}
	if err := s.desk.DeleteArticle(v.ctx(), v.actor, id); err != nil {
		return err
	}
	return v.see(fmt.Sprintf("%s?of=%d", helpCenterPath, id), "article-gone")
}

func (s *server) act(v *visit, said string, do func(core.ArticleID) error) error {
	id, err := pathID[core.ArticleID](v, "id")
	if err != nil {
		return err
	}
	return s.afterAct(v, do(id), id, said)
}

// afterAct shows the article, with what was wrong if there was.
func (s *server) afterAct(v *visit, err error, id core.ArticleID, said string) error {
	return v.after(err, articlePath(id), said, func(status int, f faults) error {
		a, err := s.articleOf(v)
		if err != nil {
			return err
		}
		if moved, ok := f["section_id"]; ok {
			f["section"] = moved
		}
		return s.showEditor(v, status, editorPage{A: a, Typed: typedOf(a)}, f)
	})
}

type revisionsPage struct {
	base
	A         core.Article
	Revisions []core.Revision
	paging
}

func (s *server) articleRevisions(v *visit) error {
	a, err := s.articleOf(v)
	if err != nil {
		return err
	}
	p, page, total := revisionsPage{A: a}, listPage(v), 0
	if p.Revisions, total, err = s.desk.ArticleRevisions(v.ctx(), v.actor, a.ID, page); err != nil {
		return err
	}
	p.paging = pagingOf(v, page, len(p.Revisions), total)
	if p.base, err = s.page(v, "Revisions", "helpcenter"); err != nil {
		return err
	}
	return s.render(v, http.StatusOK, "agentrevisions", p)
}

// revisionPage shows one text of an article, or what became another between two.
type revisionPage struct {
	base
	A       core.Article
	R       core.Revision
	Doc     renderedArticle
	Before  core.Revision // Number 0: one text alone
	Lines   []core.DifferenceLine
	Restore bool
}

// Earlier is the number of the one before.
func (p revisionPage) Earlier() int { return p.R.Number - 1 }

func (s *server) articleRevision(v *visit) error {
	a, err := s.articleOf(v)
	if err != nil {
		return err
	}
	n, err := pathID[core.ArticleID](v, "number")
	if err != nil {
		return err
	}
	p := revisionPage{A: a}
	if p.R, err = s.desk.ArticleRevision(v.ctx(), v.actor, a.ID, int(n)); err != nil {
		return err
	}
	p.Doc = renderMarkdown(p.R.Body)
	return s.showRevision(v, p, fmt.Sprintf("Revision %d", n))
}

func (s *server) articleDifference(v *visit) error {
	a, err := s.articleOf(v)
	if err != nil {
		return err
	}
	from, to := int(number[core.ArticleID](v.query("from"))), int(number[core.ArticleID](v.query("to")))
	if to == 0 {
		to = a.Revision
	}
	if from == 0 {
		from = max(to-1, 1)
	}
	p := revisionPage{A: a}
	if p.Before, p.R, p.Lines, err = s.desk.RevisionDifference(v.ctx(), v.actor, a.ID, min(from, to), max(from, to)); err != nil {
		return err
	}
	return s.showRevision(v, p, "Difference")
}

func (s *server) showRevision(v *visit, p revisionPage, title string) (err error) {
	if p.base, err = s.page(v, title, "helpcenter"); err != nil {
		return err
	}
	p.Restore = p.MayEdit(p.A.ArticleRef) && p.R.Number != p.A.Revision
	return s.render(v, http.StatusOK, "agentrevision", p)
}

// restoreRevision makes an old text the newest, unless a newer came meanwhile.
func (s *server) restoreRevision(v *visit) error {
	id, err := pathID[core.ArticleID](v, "id")
	if err != nil {
		return err
	}
	n, read := int(fieldID[core.ArticleID](v, "number")), int(fieldID[core.ArticleID](v, "revision"))
	_, err = s.desk.RestoreRevision(v.ctx(), v.actor, id, n, read)
	var stale core.StaleArticle
	if errors.As(err, &stale) {
		old, err := s.desk.ArticleRevision(v.ctx(), v.actor, id, n)
		if err != nil {
			return err
		}
		return s.showConflict(v, stale.Newer, typedArticle{ArticleText: core.ArticleText{Title: old.Title, Body: old.Body}, Revision: read})
	}
	return s.afterAct(v, err, id, "text-restored")
}
