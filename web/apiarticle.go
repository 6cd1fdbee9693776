package web

import (
	"time"

	"postdesk/core"
)

// helpRoutes are those of the Help Center.
func (a *api) helpRoutes() []apiRoute {
	return []apiRoute{
		{"GET", "/categories", a.categories},
		{"POST", "/categories", a.createCategory},
		{"PUT", "/categories/order", a.orderCategories},
		{"GET", "/categories/{id}", byID(a.category)},
		{"PUT", "/categories/{id}", byID(a.updateCategory)},
		{"DELETE", "/categories/{id}", byID(a.deleteCategory)},
		{"PUT", "/categories/{id}/order", byID(a.orderSections)},
		{"GET", "/sections", a.sections},
		{"POST", "/sections", a.createSection},
		{"GET", "/sections/{id}", byID(a.section)},
		{"PUT", "/sections/{id}", byID(a.updateSection)},
		{"DELETE", "/sections/{id}", byID(a.deleteSection)},
		{"PUT", "/sections/{id}/order", byID(a.orderArticles)},
		{"GET", "/articles", a.articles},
		{"GET", "/articles/search", a.searchArticles},
		{"POST", "/articles", a.createArticle},
		{"GET", "/articles/{id}", byID(a.article)},
		{"PUT", "/articles/{id}", byID(a.updateArticle)},
		{"DELETE", "/articles/{id}", byID(a.deleteArticle)},
		{"POST", "/articles/{id}/publish", byID(a.publishArticle)},
		{"POST", "/articles/{id}/unpublish", byID(a.unpublishArticle)},
		{"GET", "/articles/{id}/images", byID(a.articleImages)},
		{"POST", "/articles/{id}/images", byID(a.addArticleImage)},
		{"DELETE", "/articles/{id}/images/{digest}", byID(a.deleteArticleImage)},
		{"GET", "/articles/{id}/feedback", byID(a.articleFeedback)},
		{"GET", "/articles/{id}/revisions", byID(a.revisions)},
		{"GET", "/articles/{id}/revisions/{number}", byID(a.revision)},
		{"POST", "/articles/{id}/restore", byID(a.restoreRevision)},
		{"GET", "/articles/{id}/proposals", byID(a.proposals)},
		{"POST", "/articles/{id}/proposals", byID(a.proposeRevision)},
		{"POST", "/proposals/{id}/accept", byID(a.acceptProposal)},
		{"POST", "/proposals/{id}/decline", byID(a.declineProposal)},
		{"POST", "/proposals/{id}/withdraw", byID(a.withdrawProposal)},
	}
}

type articleJSON struct {
	ID            core.ArticleID  `json:"id"`
	Title         string          `json:"title"`
	Body          string          `json:"body"`
	SectionID     core.SectionID  `json:"section_id"`
	CategoryID    core.CategoryID `json:"category_id"`
	Status        string          `json:"status"`
	Visibility    string          `json:"visibility"`
	Locale        string          `json:"locale"`
	Revision      int             `json:"revision"`
	Position      int             `json:"position"`
	Path          string          `json:"path"`
	Author        *personJSON     `json:"author"` // null for customers
	ProposalCount int             `json:"proposal_count"`
	PublishedAt   *time.Time      `json:"published_at"`
	CreatedAt     time.Time       `json:"created_at"`
	UpdatedAt     time.Time       `json:"updated_at"`
}

// articleFor tells customers nothing of who wrote it.
func articleFor(reader core.Actor) func(core.Article) articleJSON {
	return func(a core.Article) articleJSON {
		shown := articleJSON{ID: a.ID, Title: a.Title, Body: a.Body, SectionID: a.Section, CategoryID: a.Category, Status: upper(a.Status),
			Visibility: upper(a.Visibility), Locale: a.Locale, Revision: a.Revision, Position: a.Position, Path: a.Path(),
			ProposalCount: a.Proposals, PublishedAt: instant(a.PublishedAt), CreatedAt: a.CreatedAt.UTC(), UpdatedAt: a.UpdatedAt.UTC()}
		if reader.Can(core.DoReadDraft) == nil {
			shown.Author = somebody(a.Author)
		}
		return shown
	}
}

// articleAnswer is the article after what was done to it.
func articleAnswer(c *apiCall, one core.Article, err error) (apiAnswer, error) {
	if err != nil {
		return apiAnswer{}, err
	}
	return found("article", articleFor(c.actor)(one))
}

func (a *api) articles(c *apiCall) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	section, err := c.number("section_id")
	if err != nil {
		return apiAnswer{}, err
	}
	category, err := c.number("category_id")
	if err != nil {
		return apiAnswer{}, err
	}
	status, err := c.choice("status", string(core.ArticleDraft), string(core.ArticlePublished))
	if err != nil {
		return apiAnswer{}, err
	}
	query, err := c.search()
	if err != nil {
		return apiAnswer{}, err
	}
	all, total, err := a.desk.Articles(c.ctx(), c.actor, core.ArticleFilter{Section: core.SectionID(section), Category: core.CategoryID(category),
		Status: core.ArticleStatus(status), Query: query, Page: page})
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("article", all, total, articleFor(c.actor))
}

func (a *api) article(c *apiCall, id core.ArticleID) (apiAnswer, error) {
	one, err := a.desk.Article(c.ctx(), c.actor, id)
	return articleAnswer(c, one, err)
}

func (a *api) createArticle(c *apiCall) (apiAnswer, error) {
	var form struct {
		Title     string         `json:"title"`
		Body      string         `json:"body"`
		SectionID core.SectionID `json:"section_id"`
		Locale    string         `json:"locale"`
		Status    *string        `json:"status"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	status := lower[core.ArticleStatus](form.Status)
	if status != nil && *status != core.ArticleDraft && *status != core.ArticlePublished {
		return apiAnswer{}, badParameter("status", "It takes DRAFT or PUBLISHED.")
	}
	one, err := a.desk.CreateArticle(c.ctx(), c.actor, core.NewArticle{Section: form.SectionID, Title: form.Title, Body: form.Body,
		Locale: form.Locale, Publish: deref(status) == core.ArticlePublished})
	if err != nil {
		return apiAnswer{}, err
	}
	return made("article", articleFor(c.actor)(one))
}

// updateArticle changes the fields that are given, if the revision that was read is
// the newest.
func (a *api) updateArticle(c *apiCall, id core.ArticleID) (apiAnswer, error) {
	var form struct {
		Title     *string         `json:"title"`
		Body      *string         `json:"body"`
		SectionID *core.SectionID `json:"section_id"`
		Locale    *string         `json:"locale"`
		Note      string          `json:"note"`
		Revision  int             `json:"revision"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	now, err := a.desk.Article(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	text := core.ArticleText{Title: given(form.Title, now.Title), Body: given(form.Body, now.Body), Locale: deref(form.Locale), Note: form.Note}
	if form.SectionID == nil {
		saved, err := a.desk.SaveArticle(c.ctx(), c.actor, id, form.Revision, text)
		return articleAnswer(c, saved, err)
	}
	saved, err := a.desk.SaveAndMoveArticle(c.ctx(), c.actor, id, form.Revision, text, *form.SectionID)
	return articleAnswer(c, saved, err)
}

func (a *api) deleteArticle(c *apiCall, id core.ArticleID) (apiAnswer, error) {
	if err := a.desk.DeleteArticle(c.ctx(), c.actor, id); err != nil {
		return apiAnswer{}, err
	}
	return found("article", rowJSON[core.ArticleID]{id})
}

func (a *api) publishArticle(c *apiCall, id core.ArticleID) (apiAnswer, error) {
	var form struct {
		Revision int `json:"revision"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	one, err := a.desk.PublishArticle(c.ctx(), c.actor, id, form.Revision)
	return articleAnswer(c, one, err)
}

func (a *api) unpublishArticle(c *apiCall, id core.ArticleID) (apiAnswer, error) {
	one, err := a.desk.UnpublishArticle(c.ctx(), c.actor, id)
	return articleAnswer(c, one, err)
}

type feedbackJSON struct {
	Helpful    int                `json:"helpful_count"`
	NotHelpful int                `json:"not_helpful_count"`
	Words      []feedbackWordJSON `json:"words"`
}

type feedbackWordJSON struct {
	Helpful   bool      `json:"is_helpful"`
	Words     string    `json:"words"`
	CreatedAt time.Time `json:"created_at"`
}

// articleFeedback gives the counts, and a page of what visitors wrote.
func (a *api) articleFeedback(c *apiCall, id core.ArticleID) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	count, words, err := a.desk.ArticleFeedback(c.ctx(), c.actor, id, page)
	if err != nil {
		return apiAnswer{}, err
	}
	shown := feedbackJSON{count.Helpful, count.NotHelpful, make([]feedbackWordJSON, len(words))}
	for i, w := range words {
		shown.Words[i] = feedbackWordJSON{w.Helpful, w.Words, w.CreatedAt.UTC()}
	}
	return found("feedback", shown)
}
