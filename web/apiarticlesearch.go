package web

import (
	"time"

	"postdesk/core"
)

// foundArticleJSON is an article without its text, and where in it the words are.
type foundArticleJSON struct {
	ID           core.ArticleID  `json:"id"`
	Title        string          `json:"title"`
	SectionID    core.SectionID  `json:"section_id"`
	CategoryID   core.CategoryID `json:"category_id"`
	Status       string          `json:"status"`
	Visibility   string          `json:"visibility"`
	Locale       string          `json:"locale"`
	Path         string          `json:"path"`
	UpdatedAt    time.Time       `json:"updated_at"`
	TitleParts   []foundPartJSON `json:"title_parts"`
	ExcerptParts []foundPartJSON `json:"excerpt_parts"`
}

type foundPartJSON struct {
	Text string `json:"text"`
	Hit  bool   `json:"is_hit"`
}

func partsOf(parts []core.FoundPart) []foundPartJSON {
	shown := make([]foundPartJSON, len(parts))
	for i, p := range parts {
		shown[i] = foundPartJSON(p)
	}
	return shown
}

func foundArticleOf(f core.Found) foundArticleJSON {
	return foundArticleJSON{f.ID, f.Title, f.Section, f.Category, upper(f.Status), upper(f.Visibility), f.Locale, f.Path(), f.UpdatedAt.UTC(),
		partsOf(f.TitleParts), partsOf(f.ExcerptParts)}
}

// searchArticles finds what the site's search finds; staff may ask for drafts too.
func (a *api) searchArticles(c *apiCall) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	typed, err := c.search()
	if err != nil {
		return apiAnswer{}, err
	}
	category, err := c.number("category_id")
	if err != nil {
		return apiAnswer{}, err
	}
	drafts, err := c.flag("drafts")
	if err != nil {
		return apiAnswer{}, err
	}
	f, err := a.desk.SearchArticles(c.ctx(), c.actor, core.ArticleSearch{Typed: typed, Category: core.CategoryID(category), Drafts: deref(drafts), Page: page})
	if err != nil {
		return apiAnswer{}, err
	}
	answer, err := listed("found_article", f.Articles, f.Total, foundArticleOf)
	answer.instead = f.Instead
	return answer, err
}
