package web

import (
	"net/url"

	"postdesk/core"
)

type searchPage struct {
	helpBase
	Findings   core.Findings
	Categories []core.Category
	Category   core.CategoryID // 0: everywhere
	Paging     paging
}

func (s *server) helpSearch(v *visit) error {
	typed, piece := v.query("q"), pieceOf(v, "page", helpPiece)
	p := searchPage{Category: max(0, number[core.CategoryID](v.query("category")))}
	var err error
	if p.Categories, err = s.desk.Categories(v.ctx(), v.actor); err != nil {
		return err
	}
	if p.Findings, err = s.desk.SearchArticles(v.ctx(), v.actor, core.ArticleSearch{Typed: typed, Category: p.Category, Page: piece}); err != nil {
		return err
	}
	title := v.t("Search")
	if typed != "" {
		title = v.t("Search: {query}", "query", typed)
	}
	if p.helpBase, err = s.helpPage(v, title, "/search"); err != nil {
		return err
	}
	p.Crumbs = []crumb{{v.t("Help Center"), "/"}}
	p.Query, p.NoIndex = typed, true
	p.Paging = footOf(v, "page", piece, len(p.Findings.Articles), p.Findings.Total)
	return s.showHelp(v, "helpsearch", p)
}

// searchPath is the search for some words, everywhere.
func searchPath(typed string) string { return "/search?" + url.Values{"q": {typed}}.Encode() }

// signInPath is the sign-in that leads back to a page.
func signInPath(here string) string {
	return "/signin?" + url.Values{"next": {localPath(here)}}.Encode()
}
