package web

import (
	"time"

	"postdesk/core"
)

// The shelves of the Help Center: categories and the sections in them.

type categoryJSON struct {
	ID          core.CategoryID `json:"id"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Position    int             `json:"position"`
	CreatedAt   time.Time       `json:"created_at"`
}

func categoryOf(c core.Category) categoryJSON {
	return categoryJSON{c.ID, c.Title, c.Description, c.Position, c.CreatedAt.UTC()}
}

func (a *api) categories(c *apiCall) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	all, err := a.desk.Categories(c.ctx(), c.actor)
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("category", pageOf(all, page), len(all), categoryOf)
}

func (a *api) category(c *apiCall, id core.CategoryID) (apiAnswer, error) {
	one, err := a.desk.Category(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	return found("category", categoryOf(one))
}

func (a *api) createCategory(c *apiCall) (apiAnswer, error) {
	var form struct {
		Title       string `json:"title"`
		Description string `json:"description"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	one, err := a.desk.CreateCategory(c.ctx(), c.actor, form.Title, form.Description)
	if err != nil {
		return apiAnswer{}, err
	}
	return made("category", categoryOf(one))
}

func (a *api) updateCategory(c *apiCall, id core.CategoryID) (apiAnswer, error) {
	var form struct {
		Title       *string `json:"title"`
		Description *string `json:"description"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	one, err := a.desk.UpdateCategory(c.ctx(), c.actor, id, core.CategoryChanges(form))
	if err != nil {
		return apiAnswer{}, err
	}
	return found("category", categoryOf(one))
}

func (a *api) deleteCategory(c *apiCall, id core.CategoryID) (apiAnswer, error) {
	if err := a.desk.DeleteCategory(c.ctx(), c.actor, id); err != nil {
		return apiAnswer{}, err
	}
	return found("category", rowJSON[core.CategoryID]{id})
}

type sectionJSON struct {
	ID           core.SectionID  `json:"id"`
	CategoryID   core.CategoryID `json:"category_id"`
	Title        string          `json:"title"`
	Description  string          `json:"description"`
	Position     int             `json:"position"`
	Visibility   string          `json:"visibility"`
	ArticleCount int             `json:"article_count"`
	CreatedAt    time.Time       `json:"created_at"`
}

func sectionOf(s core.Section) sectionJSON {
	return sectionJSON{s.ID, s.Category, s.Title, s.Description, s.Position, upper(s.Visibility), s.Articles, s.CreatedAt.UTC()}
}

func (a *api) sections(c *apiCall) (apiAnswer, error) {
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	category, err := c.number("category_id")
	if err != nil {
		return apiAnswer{}, err
	}
	all, err := a.desk.Sections(c.ctx(), c.actor, core.CategoryID(category))
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("section", pageOf(all, page), len(all), sectionOf)
}

func (a *api) section(c *apiCall, id core.SectionID) (apiAnswer, error) {
	one, err := a.desk.Section(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	return found("section", sectionOf(one))
}

func (a *api) createSection(c *apiCall) (apiAnswer, error) {
	var form struct {
		Title       string          `json:"title"`
		Description string          `json:"description"`
		CategoryID  core.CategoryID `json:"category_id"`
		Visibility  *string         `json:"visibility"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	one, err := a.desk.CreateSection(c.ctx(), c.actor, core.NewSection{Category: form.CategoryID, Title: form.Title,
		Description: form.Description, Visibility: deref(lower[core.Visibility](form.Visibility))})
	if err != nil {
		return apiAnswer{}, err
	}
	return made("section", sectionOf(one))
}

func (a *api) updateSection(c *apiCall, id core.SectionID) (apiAnswer, error) {
	var form struct {
		Title       *string          `json:"title"`
		Description *string          `json:"description"`
		CategoryID  *core.CategoryID `json:"category_id"`
		Visibility  *string          `json:"visibility"`
	}
	if err := c.decode(&form); err != nil {
		return apiAnswer{}, err
	}
	one, err := a.desk.UpdateSection(c.ctx(), c.actor, id, core.SectionChanges{Category: form.CategoryID, Title: form.Title,
		Description: form.Description, Visibility: lower[core.Visibility](form.Visibility)})
	if err != nil {
		return apiAnswer{}, err
	}
	return found("section", sectionOf(one))
}

func (a *api) deleteSection(c *apiCall, id core.SectionID) (apiAnswer, error) {
	if err := a.desk.DeleteSection(c.ctx(), c.actor, id); err != nil {
		return apiAnswer{}, err
	}
	return found("section", rowJSON[core.SectionID]{id})
}
