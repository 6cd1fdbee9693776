package web

import (
	"fmt"
	"net/http"

	"postdesk/core"
)

// shelfPage is the form of a category or a section; ID 0 is a new one.
type shelfPage struct {
	base
	C          core.Category
	S          core.Section
	Sections   []core.Section  // of the category
	Categories []core.Category // for the section to stand in
	ShelfTitle string          // as typed: Title is the page's own
}

// Visibilities are offered for a section.
func (shelfPage) Visibilities() []core.Visibility { return core.Visibilities() }

func categoryPath(id core.CategoryID) string {
	return fmt.Sprintf("%s/categories/%d", helpCenterPath, id)
}
func sectionPath(id core.SectionID) string { return fmt.Sprintf("%s/sections/%d", helpCenterPath, id) }

func (s *server) newCategory(v *visit) error {
	return s.showCategory(v, http.StatusOK, core.Category{}, nil)
}

func (s *server) category(v *visit) error {
	c, err := s.categoryOf(v)
	if err != nil {
		return err
	}
	return s.showCategory(v, http.StatusOK, c, nil)
}

// categoryOf reads the one of the path for who may change it.
func (s *server) categoryOf(v *visit) (core.Category, error) {
	if err := v.actor.Can(core.DoManageCategories); err != nil {
		return core.Category{}, err
	}
	id, err := pathID[core.CategoryID](v, "id")
	if err != nil {
		return core.Category{}, err
	}
	return s.desk.Category(v.ctx(), v.actor, id)
}

func (s *server) showCategory(v *visit, status int, c core.Category, f faults) (err error) {
	if err := v.actor.Can(core.DoManageCategories); err != nil {
		return err
	}
	p := shelfPage{C: c, ShelfTitle: c.Title}
	title := "New category"
	if c.ID != 0 {
		title = "Category"
		if p.Sections, err = s.desk.Sections(v.ctx(), v.actor, c.ID); err != nil {
			return err
		}
	}
	if p.base, err = s.page(v, title, "helpcenter"); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "agenthelpcategory", p)
}

func (s *server) createCategory(v *visit) error {
	title, description := v.field("title"), v.field("description")
	_, err := s.desk.CreateCategory(v.ctx(), v.actor, title, description)
	return v.after(err, helpCenterPath, "created", func(status int, f faults) error {
		return s.showCategory(v, status, core.Category{Title: title, Description: description}, f)
	})
}

func (s *server) updateCategory(v *visit) error {
	c, err := s.categoryOf(v)
	if err != nil {
		return err
	}
	_, err = s.desk.UpdateCategory(v.ctx(), v.actor, c.ID, core.CategoryChanges{Title: v.changed("title"), Description: v.changed("description")})
	return v.after(err, categoryPath(c.ID), "updated", func(status int, f faults) error {
		c.Title, c.Description = v.field("title"), v.field("description")
		return s.showCategory(v, status, c, f)
	})
}

func (s *server) deleteCategory(v *visit) error {
	c, err := s.categoryOf(v)
	if err != nil {
		return err
	}
	return v.after(s.desk.DeleteCategory(v.ctx(), v.actor, c.ID), helpCenterPath, "removed", func(status int, f faults) error {
		return s.showCategory(v, status, c, f)
	})
}

func (s *server) newSection(v *visit) error {
	return s.showSection(v, http.StatusOK, core.Section{Category: number[core.CategoryID](v.query("category")), Visibility: core.VisiblePublic}, nil)
}

func (s *server) section(v *visit) error {
	of, err := s.sectionOf(v)
	if err != nil {
		return err
	}
	return s.showSection(v, http.StatusOK, of, nil)
}

// sectionOf reads the one of the path for who may change it.
func (s *server) sectionOf(v *visit) (core.Section, error) {
	if err := v.actor.Can(core.DoManageCategories); err != nil {
		return core.Section{}, err
	}
	id, err := pathID[core.SectionID](v, "id")
	if err != nil {
		return core.Section{}, err
	}
	return s.desk.Section(v.ctx(), v.actor, id)
}

func (s *server) showSection(v *visit, status int, of core.Section, f faults) (err error) {
	if err := v.actor.Can(core.DoManageCategories); err != nil {
		return err
	}
	p := shelfPage{S: of, ShelfTitle: of.Title}
	if p.Categories, err = s.desk.Categories(v.ctx(), v.actor); err != nil {
		return err
	}
	title := "New section"
	if of.ID != 0 {
		title = "Section"
	}
	if p.base, err = s.page(v, title, "helpcenter"); err != nil {
		return err
	}
	p.Faults = f
	return s.render(v, status, "agenthelpsection", p)
}

// typedSection is a section as the form has it.
func typedSection(v *visit, of core.Section) core.Section {
	of.Title, of.Description = v.field("title"), v.field("description")
	of.Category, of.Visibility = fieldID[core.CategoryID](v, "category"), core.Visibility(v.field("visibility"))
	return of
}

func (s *server) createSection(v *visit) error {
	of := typedSection(v, core.Section{})
	_, err := s.desk.CreateSection(v.ctx(), v.actor, core.NewSection{Category: of.Category, Title: of.Title, Description: of.Description, Visibility: of.Visibility})
	return v.after(err, helpCenterPath, "created", func(status int, f faults) error { return s.showSection(v, status, of, f) })
}

func (s *server) updateSection(v *visit) error {
	of, err := s.sectionOf(v)
	if err != nil {
		return err
	}
	changes := core.SectionChanges{Title: v.changed("title"), Description: v.changed("description"),
		Category:   changedTo(v.changed("category"), number[core.CategoryID]),
		Visibility: changedTo(v.changed("visibility"), func(text string) core.Visibility { return core.Visibility(text) })}
	_, err = s.desk.UpdateSection(v.ctx(), v.actor, of.ID, changes)
	return v.after(err, sectionPath(of.ID), "updated", func(status int, f faults) error {
		return s.showSection(v, status, typedSection(v, of), f)
	})
}

func (s *server) deleteSection(v *visit) error {
	of, err := s.sectionOf(v)
	if err != nil {
		return err
	}
	return v.after(s.desk.DeleteSection(v.ctx(), v.actor, of.ID), helpCenterPath, "removed", func(status int, f faults) error {
		return s.showSection(v, status, of, f)
	})
}
