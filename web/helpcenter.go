package web

import (
	"fmt"
	"net/http"

	"postdesk/core"
)

// The Help Center in the agent area: what there is, in its order, drafts included.

// WritesArticles tells who creates, moves and deletes articles.
func (b base) WritesArticles() bool { return b.Actor.Can(core.DoWriteArticle) == nil }

// Publishes tells who publishes and unpublishes articles.
func (b base) Publishes() bool { return b.Actor.Can(core.DoPublishArticle) == nil }

// EditsPublished tells who changes what the public reads.
func (b base) EditsPublished() bool { return b.Actor.Can(core.DoEditPublished) == nil }

// ManagesShelves tells who changes categories and sections.
func (b base) ManagesShelves() bool { return b.Actor.Can(core.DoManageCategories) == nil }

// MayEdit tells who saves an article as it is; of the staff, others propose.
func (b base) MayEdit(a core.ArticleRef) bool {
	return a.Status == core.ArticleDraft || b.EditsPublished()
}

// ReadBy is a plain sentence of who reads a section.
func (b base) ReadBy(of core.Visibility) string {
	switch of {
	case core.VisiblePublic:
		return "Everybody reads it, signed in or not, and search engines find it."
	case core.VisibleSignedIn:
		return "Customers who are signed in read it, and staff."
	}
	return "Staff alone read it, collaborators too. Customers never see it."
}

const helpCenterPath = "/agent/helpcenter"

type helpCenterPage struct {
	base
	View     string // of helpViews
	Query    string
	Section  core.Section // that the list is of, if of one
	Shelves  []shelf
	Whole    bool           // the shelves show their articles
	Articles []core.Article // of a list that is no tree
	Found    core.Findings
	Waiting  []core.Proposal // for the reader to decide
	Own      []core.Proposal // of the reader
	paging
	Count helpCounts
}

type helpCounts struct{ Articles, Drafts, Waiting, Own, Mine int }

// A shelf is a category with its sections, and these with their articles.
type shelf struct {
	core.Category
	Sections []shelfSection
}

type shelfSection struct {
	core.Section
	Articles []core.Article
}

// mostInTree is how many articles stand on the first page; where there are more, it
// has the sections alone.
const mostInTree = 200

func (s *server) helpCenter(v *visit) (err error) {
	if err := v.actor.Can(core.DoReadDraft); err != nil {
		return err
	}
	p := helpCenterPage{View: v.query("view"), Query: v.query("q")}
	if p.base, err = s.page(v, "Help Center", "helpcenter"); err != nil {
		return err
	}
	if v.query("said") == "article-gone" && p.WritesArticles() {
		if id := number[core.ArticleID](v.query("of")); id > 0 {
			p.Undo = &undo{Action: articlePath(id) + "/bring-back"}
		}
	}
	sections, err := s.desk.Sections(v.ctx(), v.actor, 0)
	if err != nil {
		return err
	}
	if p.Count, err = s.helpCounts(v, sections); err != nil {
		return err
	}
	if err := s.fillHelpCenter(v, &p, sections); err != nil {
		return err
	}
	return s.render(v, http.StatusOK, "agenthelp", p)
}

func (s *server) helpCounts(v *visit, sections []core.Section) (c helpCounts, err error) {
	for _, section := range sections {
		c.Articles += section.Articles + section.Drafts
		c.Drafts += section.Drafts
	}
	one := core.Page{Limit: 1}
	if _, c.Mine, err = s.desk.Articles(v.ctx(), v.actor, core.ArticleFilter{Author: v.actor.ID, Page: one}); err != nil {
		return c, err
	}
	if _, c.Own, err = s.desk.Proposals(v.ctx(), v.actor, core.ProposalFilter{Author: v.actor.ID, Page: one}); err != nil {
		return c, err
	}
	if v.actor.Can(core.DoEditPublished) == nil {
		_, c.Waiting, err = s.desk.Proposals(v.ctx(), v.actor, core.ProposalFilter{State: core.ProposalOpen, Page: one})
	}
	return c, err
}

// fillHelpCenter reads what the page shows.
func (s *server) fillHelpCenter(v *visit, p *helpCenterPage, sections []core.Section) error {
	page := listPage(v)
	if p.Query != "" {
		return s.fillFound(v, p, page)
	}
	f := core.ArticleFilter{Page: page}
	switch p.View {
	case "proposals":
		return s.fillProposals(v, p, page)
	case "drafts":
		f.Status = core.ArticleDraft
	case "mine":
		f.Author = v.actor.ID
	case "deleted":
		f.Deleted = true
	case "section":
		f.Section, f.Ordered = number[core.SectionID](v.query("section")), true
		var err error
		if p.Section, err = s.desk.Section(v.ctx(), v.actor, f.Section); err != nil {
			return err
		}
	default:
		p.View = ""
		return s.fillShelves(v, p, sections)
	}
	found, total, err := s.desk.Articles(v.ctx(), v.actor, f)
	p.Articles, p.paging = found, pagingOf(v, page, len(found), total)
	return err
}

func (s *server) fillFound(v *visit, p *helpCenterPage, page core.Page) (err error) {
	p.View = "search"
	p.Found, err = s.desk.SearchArticles(v.ctx(), v.actor, core.ArticleSearch{Typed: p.Query, Drafts: true, Page: page})
	p.paging = pagingOf(v, page, len(p.Found.Articles), p.Found.Total)
	return err
}

// fillProposals shows who decides what waits, and everybody their own.
func (s *server) fillProposals(v *visit, p *helpCenterPage, page core.Page) (err error) {
	if p.EditsPublished() {
		if p.Waiting, _, err = s.desk.Proposals(v.ctx(), v.actor, core.ProposalFilter{State: core.ProposalOpen, Page: core.Page{Limit: 100}}); err != nil {
			return err
		}
	}
	total := 0
	p.Own, total, err = s.desk.Proposals(v.ctx(), v.actor, core.ProposalFilter{Author: v.actor.ID, Page: page})
	p.paging = pagingOf(v, page, len(p.Own), total)
	return err
}

func (s *server) fillShelves(v *visit, p *helpCenterPage, sections []core.Section) error {
	categories, err := s.desk.Categories(v.ctx(), v.actor)
	if err != nil {
		return err
	}
	var articles []core.Article
	if p.Whole = p.Count.Articles <= mostInTree; p.Whole {
		if articles, err = s.allArticles(v, core.ArticleFilter{Ordered: true}); err != nil {
			return err
		}
	}
	for _, c := range categories {
		shown := shelf{Category: c}
		for _, section := range sections {
			if section.Category == c.ID {
				shown.Sections = append(shown.Sections, shelfSection{section, articlesOf(articles, section.ID)})
			}
		}
		p.Shelves = append(p.Shelves, shown)
	}
	return nil
}

func articlesOf(all []core.Article, section core.SectionID) (of []core.Article) {
	for _, a := range all {
		if a.Section == section {
			of = append(of, a)
		}
	}
	return of
}

// allArticles reads a list page by page, to its end.
func (s *server) allArticles(v *visit, f core.ArticleFilter) (all []core.Article, err error) {
	for {
		f.Page = core.Page{Limit: 100, Offset: len(all)}
		found, total, err := s.desk.Articles(v.ctx(), v.actor, f)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
		if len(found) == 0 || len(all) >= total {
			return all, nil
		}
	}
}

func articlePath(id core.ArticleID) string { return fmt.Sprintf("%s/articles/%d", helpCenterPath, id) }
