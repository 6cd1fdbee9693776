package core

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Category is a shelf of the Help Center: sections stand in it.
type Category struct {
	ID          CategoryID
	Title       string
	Description string
	Position    int
	CreatedAt   time.Time
}

// CategoryChanges are new values; nil leaves a field as it is.
type CategoryChanges struct {
	Title       *string
	Description *string
}

// Bounds of what the Help Center's shelves are called, in characters.
const (
	maxShelfTitle       = 100
	maxShelfDescription = 500
)

// categoriesSQL lists categories, one if @only is not 0. Customers and strangers
// see those with a section of theirs that holds something.
const categoriesSQL = `
	select c.id, c.title, c.description, c.position, c.created_at from categories c
	where (@only = 0 or c.id = @only) and ('staff' = any(@sees) or exists (
		select from articles a join sections s on s.id = a.section_id where s.category_id = c.id and ` + readsArticle + `))
	order by c.position, c.id`

func categoryArgs(reader Actor, only CategoryID) pgx.StrictNamedArgs {
	args := reader.helpSight()
	args["only"] = int64(only)
	return args
}

// Categories lists the shelves in their order: staff all, others those that hold
// something for them.
func (d *Desk) Categories(ctx context.Context, reader Actor) (_ []Category, err error) {
	defer wrap(&err, "categories")
	return rows[Category](ctx, d.pool, categoriesSQL, categoryArgs(reader, 0))
}

// Category gives one. ErrNotFound.
func (d *Desk) Category(ctx context.Context, reader Actor, id CategoryID) (_ Category, err error) {
	defer wrap(&err, "category %d", id)
	return categorySeen(ctx, d.pool, reader, id)
}

func categorySeen(ctx context.Context, q querier, reader Actor, id CategoryID) (Category, error) {
	if id <= 0 {
		return Category{}, ErrNotFound
	}
	return one[Category](ctx, q, categoriesSQL, categoryArgs(reader, id))
}

// CreateCategory makes one, behind the others. Invalid, ErrForbidden.
func (d *Desk) CreateCategory(ctx context.Context, actor Actor, title, description string) (made Category, err error) {
	defer d.attempt(ctx, &err, actor, "create a category", "")
	c := CategoryChanges{&title, &description}
	if err := c.check(actor); err != nil {
		return Category{}, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if err := stillActs(ctx, tx, actor); err != nil {
			return err
		}
		id, err := value[CategoryID](ctx, tx, `
			insert into categories (title, description, position) select $1, $2, coalesce(max(position), 0) + 1 from categories returning id`,
			*c.Title, *c.Description)
		if err != nil {
			return err
		}
		if made, err = categorySeen(ctx, tx, actor, id); err != nil {
			return err
		}
		return audit(ctx, tx, actor, "category.created", object("category", id), map[string]any{"title": made.Title})
	})
	return made, err
}

// check cleans what is given.
func (c *CategoryChanges) check(actor Actor) error {
	if err := actor.Can(DoManageCategories); err != nil {
		return err
	}
	return cleanShelf(c.Title, c.Description)
}

// cleanShelf cleans the title and the description of a category or section; nil is
// not given.
func cleanShelf(title, description *string) error {
	if title != nil {
		if *title = cleanLine(*title, maxShelfTitle); *title == "" {
			return Invalid{Field: "title", Code: CodeRequired, Problem: "A title is needed."}
		}
	}
	if description != nil {
		*description = cleanLine(*description, maxShelfDescription)
	}
	return nil
}

// UpdateCategory changes one. ErrNotFound, Invalid, ErrForbidden.
func (d *Desk) UpdateCategory(ctx context.Context, actor Actor, id CategoryID, c CategoryChanges) (updated Category, err error) {
	defer d.attempt(ctx, &err, actor, "update", object("category", id))
	if err := c.check(actor); err != nil {
		return Category{}, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		before, err := lockCategory(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `
			update categories set title = coalesce(@title, title), description = coalesce(@description, description) where id = @id`,
			pgx.StrictNamedArgs{"id": id, "title": c.Title, "description": c.Description}); err != nil {
			return err
		}
		if updated, err = categorySeen(ctx, tx, actor, id); err != nil {
			return err
		}
		detail := changes{}
		detail.note("title", before.Title, updated.Title)
		detail.note("description", before.Description, updated.Description)
		if len(detail) == 0 {
			return nil
		}
		return audit(ctx, tx, actor, "category.updated", object("category", id), detail)
	})
	return updated, err
}

func lockCategory(ctx context.Context, tx pgx.Tx, actor Actor, id CategoryID) (Category, error) {
	if err := stillActs(ctx, tx, actor); err != nil {
		return Category{}, err
	}
	if _, err := value[CategoryID](ctx, tx, `select id from categories where id = $1 for update`, id); err != nil {
		return Category{}, err
	}
	return categorySeen(ctx, tx, actor, id)
}

// DeleteCategory takes an empty one away. ErrNotFound, ErrConflict where it still
// has sections, ErrForbidden.
func (d *Desk) DeleteCategory(ctx context.Context, actor Actor, id CategoryID) (err error) {
	defer d.attempt(ctx, &err, actor, "delete", object("category", id))
	if err := actor.Can(DoManageCategories); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		c, err := lockCategory(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		held, err := value[bool](ctx, tx, `select exists (select from sections where category_id = $1)`, id)
		if err != nil {
			return err
		}
		if held {
			return refuse(ErrConflict, "This category still has sections. Move or delete them first.")
		}
		if _, err := tx.Exec(ctx, `delete from categories where id = $1`, id); err != nil {
			return err
		}
		return audit(ctx, tx, actor, "category.deleted", object("category", id), map[string]any{"title": c.Title})
	})
}

// OrderCategories sets the order of all categories; those that are not named
// stand behind the others, as before. Invalid for one that is not there,
// ErrForbidden.
func (d *Desk) OrderCategories(ctx context.Context, actor Actor, ids []CategoryID) (err error) {
	defer d.attempt(ctx, &err, actor, "order categories", "")
	if err := actor.Can(DoManageCategories); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		return order(ctx, tx, actor, "categories", orderCategories, 0, ids)
	})
}

// The statements that order what stands in parent $1, which categories have none of.
const (
	orderCategories = `with theirs as (select id, row_number() over (order by array_position($2::bigint[], id), position, id) as place from categories where $1::bigint = 0)`
	orderSections   = `with theirs as (select id, row_number() over (order by array_position($2::bigint[], id), position, id) as place from sections where category_id = $1)`
	orderArticles   = `with theirs as (select id, row_number() over (order by array_position($2::bigint[], id), position, id) as place from articles where section_id = $1 and deleted_at is null)`
)

// order numbers what stands side by side. Two who order at once wait for each
// other; the later one's order stands.
func order[T ~int64](ctx context.Context, tx pgx.Tx, actor Actor, table, theirs string, parent int64, ids []T) error {
	if err := stillActs(ctx, tx, actor); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('order ' || $1, $2))`, table, parent); err != nil {
		return err
	}
	there, err := value[int](ctx, tx, theirs+` select count(*) from theirs where id = any($2)`, parent, ids)
	if err != nil {
		return err
	}
	if there != len(ids) || there == 0 {
		return Invalid{Field: "ids", Code: CodeInvalid, Problem: "Each of them is named once, and stands here."}
	}
	if _, err := tx.Exec(ctx, theirs+` update `+table+` t set position = o.place from theirs o where o.id = t.id and t.position <> o.place`, parent, ids); err != nil {
		return err
	}
	within := map[string]string{"categories": "helpcenter", "sections": object("category", CategoryID(parent)), "articles": object("section", SectionID(parent))}[table]
	return audit(ctx, tx, actor, "helpcenter.ordered", within, map[string]any{table: ids})
}
