package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"postdesk/core"
)

// typedArticle is what somebody has written, and the revision that they read.
type typedArticle struct {
	core.ArticleText
	Revision int
	Section  core.SectionID // of a new article
}

func readArticleForm(v *visit) typedArticle {
	return typedArticle{core.ArticleText{Title: v.r.PostFormValue("title"), Body: strings.ReplaceAll(v.r.PostFormValue("body"), "\r\n", "\n"),
		Locale: v.field("locale"), Note: v.field("note")}, int(fieldID[core.ArticleID](v, "revision")), fieldID[core.SectionID](v, "section")}
}

// says tells that an article has this text already: a form that was sent twice.
func (t typedArticle) says(a core.Article) bool {
	return strings.Join(strings.Fields(t.Title), " ") == a.Title && strings.TrimSpace(t.Body) == strings.TrimSpace(a.Body)
}

func typedOf(a core.Article) typedArticle {
	return typedArticle{core.ArticleText{Title: a.Title, Body: a.Body, Locale: a.Locale}, a.Revision, a.Section}
}

// editorPage is the page of one article; ID 0 is a new one.
type editorPage struct {
	base
	A        core.Article
	Typed    typedArticle
	Sections []core.Section
	Images   []core.ArticleImage
	Added    *core.ArticleImage // just now
	Count    core.FeedbackCount
	Words    []core.FeedbackWord
	Waiting  []core.Proposal // of everybody, for who decides; else the reader's own
	Preview  *renderedArticle
	Changed  bool // there are words that are not saved
}

// Line is what shows a picture in the text.
func (editorPage) Line(i core.ArticleImage) string { return pictureLine(i) }

// PicturePath is where a picture of the article is changed.
func (p editorPage) PicturePath(i core.ArticleImage) string {
	return fmt.Sprintf("%s/images/%x", articlePath(p.A.ID), i.Digest)
}

// SizeOf is how large a picture is, in words.
func (editorPage) SizeOf(i core.ArticleImage) string { return size(int64(i.Size)) }

// articleOf reads the one of the path, for staff.
func (s *server) articleOf(v *visit) (core.Article, error) {
	if err := v.actor.Can(core.DoReadDraft); err != nil {
		return core.Article{}, err
	}
	id, err := pathID[core.ArticleID](v, "id")
	if err != nil {
		return core.Article{}, err
	}
	return s.desk.Article(v.ctx(), v.actor, id)
}

func (s *server) newArticle(v *visit) error {
	t := typedArticle{Section: number[core.SectionID](v.query("section"))}
	return s.showEditor(v, http.StatusOK, editorPage{Typed: t}, nil)
}

func (s *server) editor(v *visit) error {
	a, err := s.articleOf(v)
	if err != nil {
		return err
	}
	return s.showEditor(v, http.StatusOK, editorPage{A: a, Typed: typedOf(a)}, nil)
}

func (s *server) showEditor(v *visit, status int, p editorPage, f faults) (err error) {
	title := p.A.Title
	if p.A.ID == 0 {
		title = "New article"
		if err := v.actor.Can(core.DoWriteArticle); err != nil {
			return err
		}
	}
	if p.base, err = s.page(v, title, "helpcenter"); err != nil {
		return err
	}
	p.Faults = f
	p.Changed = v.r.Method == http.MethodPost
	if p.Sections, err = s.desk.Sections(v.ctx(), v.actor, 0); err != nil {
		return err
	}
	if p.A.ID != 0 {
		if err := s.fillEditor(v, &p); err != nil {
			return err
		}
	}
	return s.render(v, status, "agentarticle", p)
}

// fillEditor reads what stands around the text of an article.
func (s *server) fillEditor(v *visit, p *editorPage) (err error) {
	if p.Images, err = s.desk.ArticleImages(v.ctx(), v.actor, p.A.ID); err != nil {
		return err
	}
	if p.Count, p.Words, err = s.desk.ArticleFeedback(v.ctx(), v.actor, p.A.ID, core.Page{Limit: 20}); err != nil {
		return err
	}
	f := core.ProposalFilter{Article: p.A.ID, State: core.ProposalOpen, Page: core.Page{Limit: 20}}
	if !p.EditsPublished() {
		f.Author, f.State = v.actor.ID, ""
	}
	p.Waiting, _, err = s.desk.Proposals(v.ctx(), v.actor, f)
	return err
}

func (s *server) createArticle(v *visit) error {
	t := readArticleForm(v)
	s.creating.Lock() // two who press one button twice
	defer s.creating.Unlock()
	if id, err := s.createdBefore(v, t); err != nil || id != 0 {
		if err != nil {
			return err
		}
		return v.see(articlePath(id), "created")
	}
	a, err := s.desk.CreateArticle(v.ctx(), v.actor, core.NewArticle{Section: t.Section, Title: t.Title, Body: t.Body, Locale: t.Locale,
		Publish: v.field("do") == "publish"})
	return v.after(err, articlePath(a.ID), "created", func(status int, f faults) error {
		return s.showEditor(v, status, editorPage{Typed: t}, f)
	})
}

// createdBefore finds what this form has made already.
func (s *server) createdBefore(v *visit, t typedArticle) (core.ArticleID, error) {
	if err := v.actor.Can(core.DoWriteArticle); err != nil || t.Section <= 0 {
		return 0, err
	}
	found, _, err := s.desk.Articles(v.ctx(), v.actor, core.ArticleFilter{Section: t.Section, Author: v.actor.ID, Page: core.Page{Limit: 5}})
	for _, a := range found {
		if t.says(a) && a.Revision == 1 {
			return a.ID, nil
		}
	}
	return 0, err
}

func (s *server) saveArticle(v *visit) error {
	id, err := pathID[core.ArticleID](v, "id")
	if err != nil {
		return err
	}
	t := readArticleForm(v)
	_, err = s.desk.SaveArticle(v.ctx(), v.actor, id, t.Revision, t.ArticleText)
	return s.afterText(v, err, id, t, "updated")
}

// proposeRevision offers the text to who may change what the public reads.
func (s *server) proposeRevision(v *visit) error {
	id, err := pathID[core.ArticleID](v, "id")
	if err != nil {
		return err
	}
	t := readArticleForm(v)
	s.creating.Lock()
	defer s.creating.Unlock()
	if done, err := s.proposedBefore(v, id, t); err != nil || done {
		if err != nil {
			return err
		}
		return v.see(articlePath(id), "proposed")
	}
	_, err = s.desk.ProposeRevision(v.ctx(), v.actor, id, t.Revision, t.ArticleText)
	return s.afterText(v, err, id, t, "proposed")
}

func (s *server) proposedBefore(v *visit, id core.ArticleID, t typedArticle) (bool, error) {
	if v.actor.Can(core.DoReadDraft) != nil {
		return false, nil // core says why not
	}
	own, _, err := s.desk.Proposals(v.ctx(), v.actor, core.ProposalFilter{Article: id, Author: v.actor.ID, State: core.ProposalOpen, Page: core.Page{Limit: 20}})
	if errors.Is(err, core.ErrNotFound) {
		return false, nil // and what becomes of the words, too
	}
	for _, p := range own {
		if t.says(core.Article{ArticleRef: core.ArticleRef{Title: p.Title}, Body: p.Body}) {
			return true, nil
		}
	}
	return false, err
}

// afterText answers somebody who wrote. Whatever became of the article meanwhile,
// their words are on the page that comes.
func (s *server) afterText(v *visit, err error, id core.ArticleID, t typedArticle, said string) error {
	var stale core.StaleArticle
	switch {
	case errors.As(err, &stale) && t.says(stale.Newer):
		return v.see(articlePath(id), said) // sent twice
	case errors.As(err, &stale):
		return s.showConflict(v, stale.Newer, t)
	case errors.Is(err, core.ErrNotFound) && v.actor.Can(core.DoReadDraft) == nil:
		return s.showLost(v, t)
	case err == nil:
		return v.see(articlePath(id), said)
	}
	now, gone := s.articleOf(v)
	if gone != nil {
		return err
	}
	if errors.Is(err, core.ErrForbidden) {
		return s.showEditor(v, http.StatusForbidden, editorPage{A: now, Typed: t}, faults{"": {Problem: forbiddenText(v, now)}})
	}
	return v.after(err, "", "", func(status int, f faults) error {
		return s.showEditor(v, status, editorPage{A: now, Typed: t}, f)
	})
}

func forbiddenText(v *visit, now core.Article) string {
	if (base{Actor: v.actor}).MayEdit(now.ArticleRef) {
		return "Your role does not allow this. Your words are still here."
	}
	return "This article is published, and your role does not change what readers see. Your words are still here: propose them."
}

// preview shows what was typed as readers would see it, and saves nothing. A script
// gets that part alone.
func (s *server) previewArticle(v *visit) error {
	a, err := s.articleOf(v)
	if err != nil {
		return err
	}
	return s.showPreview(v, a)
}

func (s *server) previewNew(v *visit) error {
	if err := v.actor.Can(core.DoWriteArticle); err != nil {
		return err
	}
	return s.showPreview(v, core.Article{})
}

func (s *server) showPreview(v *visit, a core.Article) error {
	t := readArticleForm(v)
	p := editorPage{A: a, Typed: t}
	doc := renderMarkdown(t.Body)
	p.Preview = &doc
	if v.r.Header.Get("HX-Request") == "" {
		return s.showEditor(v, http.StatusOK, p, nil)
	}
	p.base = s.plainBase(v, "")
	return s.render(v, http.StatusOK, "agentpreview", p)
}
