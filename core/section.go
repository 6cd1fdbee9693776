package core

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Section is a group of articles in a category. Who may read them is decided
// here.
type Section struct {
	ID            SectionID
	Category      CategoryID
	CategoryTitle string
	Title         string
	Description   string
	Position      int
	Visibility    Visibility
	Articles      int // published
	Drafts        int // told to staff only
	CreatedAt     time.Time
}

// NewSection is what a section is made of.
type NewSection struct {
	Category    CategoryID
	Title       string
	Description string
	Visibility  Visibility // empty: public
}

// SectionChanges are new values; nil leaves a field as it is.
type SectionChanges struct {
	Category    *CategoryID
	Title       *string
	Description *string
	Visibility  *Visibility
}

// sectionsSQL lists sections: one if @only is not 0, of one category if @category
// is not 0.
const sectionsSQL = `
	select s.id, s.category_id as category, c.title as category_title, s.title, s.description, s.position, s.visibility, s.created_at,
		coalesce(n.articles, 0) as articles, case when 'staff' = any(@sees) then coalesce(n.drafts, 0) else 0 end as drafts
	from sections s join categories c on c.id = s.category_id
	left join (select section_id, count(*) filter (where status = 'published') as articles, count(*) filter (where status = 'draft') as drafts
	           from articles where deleted_at is null and (@only = 0 or section_id = @only) group by section_id) n on n.section_id = s.id
	where s.visibility = any(@sees) and (@only = 0 or s.id = @only) and (@category = 0 or s.category_id = @category)
	order by c.position, c.id, s.position, s.id`

func sectionArgs(reader Actor, only SectionID, category CategoryID) pgx.StrictNamedArgs {
	args := reader.helpSight()
	args["only"], args["category"] = int64(only), int64(category)
	return args
}

// Sections lists those that the reader may see, in their order; of one category,
// or of all with 0.
func (d *Desk) Sections(ctx context.Context, reader Actor, category CategoryID) (_ []Section, err error) {
	defer wrap(&err, "sections")
	return rows[Section](ctx, d.pool, sectionsSQL, sectionArgs(reader, 0, category))
}

// Section gives one. ErrNotFound.
func (d *Desk) Section(ctx context.Context, reader Actor, id SectionID) (_ Section, err error) {
	defer wrap(&err, "section %d", id)
	return sectionSeen(ctx, d.pool, reader, id)
}

func sectionSeen(ctx context.Context, q querier, reader Actor, id SectionID) (Section, error) {
	if id <= 0 {
		return Section{}, ErrNotFound
	}
	return one[Section](ctx, q, sectionsSQL, sectionArgs(reader, id, 0))
}

// CreateSection makes one, behind the others of its category. Invalid,
// ErrForbidden.
func (d *Desk) CreateSection(ctx context.Context, actor Actor, n NewSection) (made Section, err error) {
	defer d.attempt(ctx, &err, actor, "create a section", "")
	if n.Visibility == "" {
		n.Visibility = VisiblePublic
	}
	c := SectionChanges{&n.Category, &n.Title, &n.Description, &n.Visibility}
	if err := c.check(actor); err != nil {
		return Section{}, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if err := stillActs(ctx, tx, actor); err != nil {
			return err
		}
		if err := c.place(ctx, tx); err != nil {
			return err
		}
		id, err := value[SectionID](ctx, tx, `
			insert into sections (category_id, title, description, visibility, position)
			select @category, @title, @description, @visibility, coalesce(max(position), 0) + 1 from sections where category_id = @category returning id`,
			pgx.StrictNamedArgs{"category": n.Category, "title": n.Title, "description": n.Description, "visibility": n.Visibility})
		if err != nil {
			return err
		}
		if made, err = sectionSeen(ctx, tx, actor, id); err != nil {
			return err
		}
		return audit(ctx, tx, actor, "section.created", object("section", id),
			map[string]any{"title": made.Title, "category": made.CategoryTitle, "visibility": made.Visibility})
	})
	return made, err
}

// check cleans what is given.
func (c *SectionChanges) check(actor Actor) error {
	if err := actor.Can(DoManageCategories); err != nil {
		return err
	}
	if c.Visibility != nil && !slices.Contains(Visibilities(), *c.Visibility) {
		return Invalid{Field: "visibility", Code: CodeInvalid, Problem: "It is public, for who is signed in, or for staff."}
	}
	return cleanShelf(c.Title, c.Description)
}

// place holds the category while something is put there.
func (c SectionChanges) place(ctx context.Context, tx pgx.Tx) error {
	if c.Category == nil {
		return nil
	}
	_, err := value[CategoryID](ctx, tx, `select id from categories where id = $1 for key share`, *c.Category)
	if errors.Is(err, ErrNotFound) {
		return Invalid{Field: "category_id", Code: CodeInvalid, Problem: "There is no such category."}
	}
	return err
}

// UpdateSection changes one: its words, its category, who reads its articles.
// ErrNotFound, Invalid, ErrForbidden.
func (d *Desk) UpdateSection(ctx context.Context, actor Actor, id SectionID, c SectionChanges) (updated Section, err error) {
	defer d.attempt(ctx, &err, actor, "update", object("section", id))
	if err := c.check(actor); err != nil {
		return Section{}, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		before, err := lockSection(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if err := c.place(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `
			update sections set category_id = coalesce(@category, category_id), title = coalesce(@title, title),
				description = coalesce(@description, description), visibility = coalesce(@visibility, visibility),
				position = case when coalesce(@category, category_id) = category_id then position
					else (select coalesce(max(position), 0) + 1 from sections o where o.category_id = @category) end
			where id = @id`,
			pgx.StrictNamedArgs{"id": id, "category": c.Category, "title": c.Title, "description": c.Description, "visibility": c.Visibility}); err != nil {
			return err
		}
		if updated, err = sectionSeen(ctx, tx, actor, id); err != nil {
			return err
		}
		detail := changes{}
		detail.note("title", before.Title, updated.Title)
		detail.note("description", before.Description, updated.Description)
		detail.note("category", before.CategoryTitle, updated.CategoryTitle)
		detail.note("visibility", before.Visibility, updated.Visibility)
		if len(detail) == 0 {
			return nil
		}
		return audit(ctx, tx, actor, "section.updated", object("section", id), detail)
	})
	return updated, err
}

func lockSection(ctx context.Context, tx pgx.Tx, actor Actor, id SectionID) (Section, error) {
	if err := stillActs(ctx, tx, actor); err != nil {
		return Section{}, err
	}
	if _, err := value[SectionID](ctx, tx, `select id from sections where id = $1 for update`, id); err != nil {
		return Section{}, err
	}
	return sectionSeen(ctx, tx, actor, id)
}

// DeleteSection takes an empty one away, with what was deleted from it before.
// ErrNotFound, ErrConflict where it still has articles, ErrForbidden.
func (d *Desk) DeleteSection(ctx context.Context, actor Actor, id SectionID) (err error) {
	defer d.attempt(ctx, &err, actor, "delete", object("section", id))
	if err := actor.Can(DoManageCategories); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		s, err := lockSection(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if s.Articles+s.Drafts > 0 {
			return refuse(ErrConflict, "This section still has articles. Move or delete them first.")
		}
		if _, err := tx.Exec(ctx, `delete from articles where section_id = $1 and deleted_at is not null`, id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `delete from sections where id = $1`, id); err != nil {
			return err
		}
		return audit(ctx, tx, actor, "section.deleted", object("section", id), map[string]any{"title": s.Title, "category": s.CategoryTitle})
	})
}

// OrderSections sets the order of the sections of a category; those that are not
// named stand behind the others, as before. Invalid for one that is not there,
// ErrForbidden.
func (d *Desk) OrderSections(ctx context.Context, actor Actor, category CategoryID, ids []SectionID) (err error) {
	defer d.attempt(ctx, &err, actor, "order sections", "")
	if err := actor.Can(DoManageCategories); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		return order(ctx, tx, actor, "sections", orderSections, int64(category), ids)
	})
}
