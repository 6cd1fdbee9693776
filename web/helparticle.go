package web

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"

	"postdesk/core"
)

type articlePage struct {
	helpBase
	Article core.HelpArticle
	Doc     renderedArticle
	Count   core.FeedbackCount // told to staff
	Staff   bool               // the reader is
	Rated   string             // what this visitor just said: "yes", "no", or "told" with words; else empty
	Words   string             // what they typed
}

// Draft tells that nobody but staff reads it.
func (p articlePage) Draft() bool { return p.Article.Status == core.ArticleDraft }

// Open tells that everybody reads it.
func (p articlePage) Open() bool {
	return !p.Draft() && p.Article.Visibility == core.VisiblePublic
}

func (s *server) helpArticle(v *visit) error {
	id, err := placeID[core.ArticleID](v)
	if err != nil {
		return err
	}
	a, err := s.desk.HelpArticle(v.ctx(), v.actor, id)
	if err != nil || v.moved(a.Path()) {
		return err
	}
	p, err := s.articlePage(v, a)
	if err != nil {
		return err
	}
	if rated := v.query("rated"); rated == "yes" || rated == "no" || rated == "told" {
		p.Rated = rated
	}
	return s.showHelp(v, "helparticle", p)
}

// articlePage lays out an article that the reader may see.
func (s *server) articlePage(v *visit, a core.HelpArticle) (p articlePage, err error) {
	p = articlePage{Article: a, Doc: s.articles.render(a.Body), Staff: v.actor.Can(core.DoReadDraft) == nil}
	if p.helpBase, err = s.helpPage(v, a.Title, a.Path()); err != nil {
		return p, err
	}
	p.Crumbs = []crumb{{v.t("Help Center"), "/"}, {a.CategoryTitle, pathOfCategory(a.Category, a.CategoryTitle)}, {a.SectionTitle, pathOfSection(a.Section, a.SectionTitle)}}
	p.Description, p.NoIndex, p.IsArticle = excerptOf(a.Excerpt), !p.Open(), true
	if p.Staff {
		p.Count, _, err = s.desk.ArticleFeedback(v.ctx(), v.actor, a.ID, core.Page{Limit: 1})
	}
	return p, err
}

// visitorCookie tells visitors of the Help Center apart who say that an article
// helped, so that each counts once. It is made of chance and names nobody.
const visitorCookie = "postdesk_visitor"

// visitor is what this browser is known by; it is known only from its first answer
// on.
func (s *server) visitor(v *visit) *http.Cookie {
	const year = 365 * 24 * 3600
	c := &http.Cookie{Name: visitorCookie, Value: rand.Text(), Path: "/", MaxAge: year, HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode}
	if had, err := v.r.Cookie(visitorCookie); err == nil && len(had.Value) == len(c.Value) {
		c.Value = had.Value
	}
	return c
}

// rateArticle takes the answer to "was this helpful", and words to it.
func (s *server) rateArticle(v *visit) error {
	id, err := placeID[core.ArticleID](v)
	if err != nil {
		return err
	}
	a, err := s.desk.HelpArticle(v.ctx(), v.actor, id)
	if err != nil {
		return err
	}
	helpful, words := v.field("helpful"), v.field("words")
	if helpful != "yes" && helpful != "no" {
		return core.Invalid{Field: "helpful", Code: core.CodeInvalid, Problem: "Say whether it helped: yes or no."}
	}
	cookie, rated := s.visitor(v), helpful
	err = s.desk.RateArticle(v.ctx(), v.actor, id, core.Feedback{Visitor: cookie.Value, Client: clientOf(v.r), Helpful: helpful == "yes", Words: words})
	if f, status, ok := faultsOf(err); err != nil && ok {
		return s.showUnrated(v, a, helpful, words, status, f)
	} else if err != nil {
		return err
	}
	if v.actor.ID == 0 {
		http.SetCookie(v.w, cookie)
	}
	if words != "" {
		rated = "told"
	}
	http.Redirect(v.w, v.r, a.Path()+"?rated="+rated+"#feedback", http.StatusSeeOther)
	return nil
}

// showUnrated shows the article with what was typed, and why it was not taken.
func (s *server) showUnrated(v *visit, a core.HelpArticle, helpful, words string, status int, f faults) error {
	p, err := s.articlePage(v, a)
	if err != nil {
		return err
	}
	p.Faults, p.Words, p.NoIndex = f, words, true
	if words != "" {
		p.Rated = helpful
	}
	return s.render(v, status, "helparticle", p)
}

// EditPath is where staff work on the article.
func (p articlePage) EditPath() string {
	return "/agent/helpcenter/articles/" + strconv.FormatInt(int64(p.Article.ID), 10)
}

// FeedbackPath takes the answer to "was this helpful".
func (p articlePage) FeedbackPath() string { return fmt.Sprintf("/articles/%d/feedback", p.Article.ID) }
