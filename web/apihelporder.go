package web

import "postdesk/core"

// The order of what stands side by side in the Help Center. Each call takes the ids
// in their new order and answers all that stand there.

// order reads the ids of a request.
func order[T any](c *apiCall) ([]T, error) {
	var form struct {
		IDs []T `json:"ids"`
	}
	err := c.decode(&form)
	return form.IDs, err
}

func (a *api) orderCategories(c *apiCall) (apiAnswer, error) {
	ids, err := order[core.CategoryID](c)
	if err != nil {
		return apiAnswer{}, err
	}
	if _, err := c.page(); err != nil { // nothing is done for who asks wrongly
		return apiAnswer{}, err
	}
	if err := a.desk.OrderCategories(c.ctx(), c.actor, ids); err != nil {
		return apiAnswer{}, err
	}
	return a.categories(c)
}

func (a *api) orderSections(c *apiCall, id core.CategoryID) (apiAnswer, error) {
	ids, err := order[core.SectionID](c)
	if err != nil {
		return apiAnswer{}, err
	}
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	if err := a.desk.OrderSections(c.ctx(), c.actor, id, ids); err != nil {
		return apiAnswer{}, err
	}
	all, err := a.desk.Sections(c.ctx(), c.actor, id)
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("section", pageOf(all, page), len(all), sectionOf)
}

func (a *api) orderArticles(c *apiCall, id core.SectionID) (apiAnswer, error) {
	ids, err := order[core.ArticleID](c)
	if err != nil {
		return apiAnswer{}, err
	}
	page, err := c.page()
	if err != nil {
		return apiAnswer{}, err
	}
	if err := a.desk.OrderArticles(c.ctx(), c.actor, id, ids); err != nil {
		return apiAnswer{}, err
	}
	all, total, err := a.desk.Articles(c.ctx(), c.actor, core.ArticleFilter{Section: id, Ordered: true, Page: page})
	if err != nil {
		return apiAnswer{}, err
	}
	return listed("article", all, total, articleFor(c.actor))
}
