package web

import (
	"fmt"

	"postdesk/core"
)

type helpCategoryPage struct {
	helpBase
	Category core.HelpCategory
}

func (s *server) helpCategory(v *visit) error {
	id, err := placeID[core.CategoryID](v)
	if err != nil {
		return err
	}
	p := helpCategoryPage{}
	if p.Category, err = s.desk.HelpCategory(v.ctx(), v.actor, id); err != nil {
		return err
	}
	path := pathOfCategory(id, p.Category.Title)
	if v.moved(path) {
		return nil
	}
	if p.helpBase, err = s.helpPage(v, p.Category.Title, path); err != nil {
		return err
	}
	p.Crumbs = []crumb{{v.t("Help Center"), "/"}}
	p.Description, p.NoIndex = p.Category.Description, !p.open()
	return s.showHelp(v, "helpcategory", p)
}

// open tells that a section of the category is for everybody.
func (p helpCategoryPage) open() bool {
	for _, s := range p.Category.Sections {
		if s.Visibility == core.VisiblePublic && s.Articles > 0 {
			return true
		}
	}
	return false
}

type helpSectionPage struct {
	helpBase
	Section  core.Section
	Articles []core.ArticleRef
	Paging   paging
}

// helpPiece is how many articles stand on a page of a section or of a search.
const helpPiece = 20

func (s *server) helpSection(v *visit) error {
	id, err := placeID[core.SectionID](v)
	if err != nil {
		return err
	}
	p, piece, total := helpSectionPage{}, pieceOf(v, "page", helpPiece), 0
	if p.Section, p.Articles, total, err = s.desk.HelpSection(v.ctx(), v.actor, id, piece); err != nil {
		return err
	}
	path := pathOfSection(id, p.Section.Title)
	if v.moved(path) {
		return nil
	}
	if p.helpBase, err = s.helpPage(v, p.Section.Title, path); err != nil {
		return err
	}
	if piece.Offset > 0 {
		p.Canonical += fmt.Sprintf("?page=%d", 1+piece.Offset/helpPiece)
	}
	p.Crumbs = []crumb{{v.t("Help Center"), "/"}, {p.Section.CategoryTitle, pathOfCategory(p.Section.Category, p.Section.CategoryTitle)}}
	p.Description, p.NoIndex = p.Section.Description, p.Section.Visibility != core.VisiblePublic
	p.Paging = footOf(v, "page", piece, len(p.Articles), total)
	return s.showHelp(v, "helpsection", p)
}
