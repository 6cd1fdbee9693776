package web

import (
	"fmt"
	"slices"

	"postdesk/core"
)

// swapped gives the names up to the one that goes a step up or down, in their new
// order; what is not named stands behind as before. Nil: it stands at that end.
func swapped[T comparable](ids []T, one T, do string) []T {
	at := slices.Index(ids, one)
	to := at + 1
	if do == "up" {
		to = at - 1
	}
	if at < 0 || to < 0 || to >= len(ids) {
		return nil
	}
	ids = slices.Clone(ids[:max(at, to)+1])
	ids[at], ids[to] = ids[to], ids[at]
	return ids
}

// direction reads which button was pressed.
func direction(v *visit) (string, error) {
	if do := v.field("do"); do == "up" || do == "down" {
		return do, nil
	}
	return "", core.Invalid{Field: "do", Code: core.CodeInvalid, Problem: "It goes up or down."}
}

func (s *server) orderCategory(v *visit) error {
	c, err := s.categoryOf(v)
	if err != nil {
		return err
	}
	do, err := direction(v)
	if err != nil {
		return err
	}
	all, err := s.desk.Categories(v.ctx(), v.actor)
	if err != nil {
		return err
	}
	var ids []core.CategoryID
	for _, one := range all {
		ids = append(ids, one.ID)
	}
	if ids = swapped(ids, c.ID, do); ids != nil {
		err = s.desk.OrderCategories(v.ctx(), v.actor, ids)
	}
	return backToList(v, err, fmt.Sprintf("%s#category-%d", helpCenterPath, c.ID))
}

func (s *server) orderSection(v *visit) error {
	of, err := s.sectionOf(v)
	if err != nil {
		return err
	}
	do, err := direction(v)
	if err != nil {
		return err
	}
	all, err := s.desk.Sections(v.ctx(), v.actor, of.Category)
	if err != nil {
		return err
	}
	var ids []core.SectionID
	for _, one := range all {
		ids = append(ids, one.ID)
	}
	if ids = swapped(ids, of.ID, do); ids != nil {
		err = s.desk.OrderSections(v.ctx(), v.actor, of.Category, ids)
	}
	return backToList(v, err, fmt.Sprintf("%s#section-%d", helpCenterPath, of.ID))
}

func (s *server) orderArticle(v *visit) error {
	if err := v.actor.Can(core.DoEditPublished); err != nil {
		return err
	}
	a, err := s.articleOf(v)
	if err != nil {
		return err
	}
	do, err := direction(v)
	if err != nil {
		return err
	}
	all, err := s.allArticles(v, core.ArticleFilter{Section: a.Section, Ordered: true})
	if err != nil {
		return err
	}
	var ids []core.ArticleID
	for _, one := range all {
		ids = append(ids, one.ID)
	}
	if ids = swapped(ids, a.ID, do); ids != nil {
		err = s.desk.OrderArticles(v.ctx(), v.actor, a.Section, ids)
	}
	back := fmt.Sprintf("%s#article-%d", helpCenterPath, a.ID)
	if v.field("from") == "section" {
		back = fmt.Sprintf("%s?view=section&section=%d#article-%d", helpCenterPath, a.Section, a.ID)
	}
	return backToList(v, err, back)
}

func backToList(v *visit, err error, path string) error {
	if err != nil {
		return err
	}
	return v.see(path, "")
}
