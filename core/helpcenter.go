package core

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// The Help Center as its readers see it (behaviour.md section 6). A reader is an
// Actor; the zero Actor, and one who is disabled, is a stranger. What a reader may
// not see is left out by the queries themselves: it is not found, not counted, and
// not told of by what stands beside it.

// A Visibility tells who reads the published articles of a section.
type Visibility string

// The visibilities, from the widest.
const (
	VisiblePublic   Visibility = "public"
	VisibleSignedIn Visibility = "signed_in"
	VisibleStaff    Visibility = "staff"
)

// Visibilities gives all, the widest first.
func Visibilities() []Visibility {
	return []Visibility{VisiblePublic, VisibleSignedIn, VisibleStaff}
}

// sees gives the visibilities that a reader may see.
func (a Actor) sees() []Visibility {
	switch {
	case a.Can(DoReadDraft) == nil:
		return Visibilities()
	case a.Can(DoUsePortal) == nil && a.ID != 0:
		return []Visibility{VisiblePublic, VisibleSignedIn}
	}
	return []Visibility{VisiblePublic}
}

// helpSight are the parameters of the conditions below.
func (a Actor) helpSight() pgx.StrictNamedArgs { return pgx.StrictNamedArgs{"sees": a.sees()} }

// Conditions on articles a of sections s for a reader who sees @sees.
const (
	// readsArticle lets published articles through, as the public site shows them.
	readsArticle = `a.deleted_at is null and a.status = 'published' and s.visibility = any(@sees)`
	// seesArticle lets staff see drafts too.
	seesArticle = `a.deleted_at is null and case a.status when 'published' then s.visibility else 'staff' end = any(@sees)`
)

// fromArticles joins an article with where it stands.
const fromArticles = ` from articles a join sections s on s.id = a.section_id join categories c on c.id = s.category_id `

// An ArticleRef is an article in a list.
type ArticleRef struct {
	ID            ArticleID
	Title         string
	Slug          string
	Locale        string
	Status        ArticleStatus
	Section       SectionID
	SectionTitle  string
	Category      CategoryID
	CategoryTitle string
	Visibility    Visibility
	Excerpt       string // the beginning of the text, without marks
	Author        PersonRef
	Position      int
	Revision      int
	Proposals     int // that wait for a decision; told to staff only
	PublishedAt   *time.Time
	CreatedAt     time.Time
	UpdatedAt     time.Time // of the text
}

const articlePlaceColumns = `a.id, a.title, a.slug, a.locale, a.status, a.section_id as section, s.title as section_title,
	s.category_id as category, c.title as category_title, s.visibility, a.position, a.revision, a.published_at, a.created_at, a.updated_at,
	coalesce((select (select ` + personOf + theUser + `x.author_id) from (select a.author_id) x), '{}') as author,
	case when 'staff' = any(@sees) then (select count(*) from article_proposals p where p.article_id = a.id and p.state = 'open') else 0 end as proposals`

const articleRefColumns = articlePlaceColumns + `, left(a.plain, 200) as excerpt`

// A HelpHome is the first page.
type HelpHome struct {
	Categories []HelpCategory
	Popular    []ArticleRef // those that helped most
	Recent     []ArticleRef
}

// A HelpCategory is a category with the sections in it that the reader may see.
type HelpCategory struct {
	Category
	Sections []HelpSection
}

// A HelpSection is a section with the first of its articles.
type HelpSection struct {
	Section
	First []ArticleRef
}

// beside is how many articles are offered beside others, and firstAtHome how many
// of a section on the first page.
const (
	beside      = 5
	firstAtHome = 3
)

// HelpHome gives the first page of the Help Center. Customers and strangers see no
// category without a section that holds something for them.
func (d *Desk) HelpHome(ctx context.Context, reader Actor) (home HelpHome, err error) {
	defer wrap(&err, "help center")
	err = d.read(ctx, func(tx pgx.Tx) error {
		if home.Categories, err = helpCategories(ctx, tx, reader, 0); err != nil {
			return err
		}
		if err := firstArticles(ctx, tx, reader, home.Categories, 0, firstAtHome); err != nil {
			return err
		}
		args := reader.helpSight()
		args["limit"] = beside
		home.Popular, err = rows[ArticleRef](ctx, tx, `
			with best as (
				select a.id, f.votes`+fromArticles+`
				join (select article_id, count(*) filter (where helpful) - count(*) filter (where not helpful) as votes
				      from article_feedback group by article_id) f on f.article_id = a.id and f.votes > 0
				where `+readsArticle+` order by f.votes desc, a.updated_at desc, a.id desc limit @limit)
			select `+articleRefColumns+fromArticles+` join best b on b.id = a.id order by b.votes desc, a.updated_at desc, a.id desc`, args)
		if err != nil {
			return err
		}
		home.Recent, err = rows[ArticleRef](ctx, tx, `
			select `+articleRefColumns+fromArticles+` where `+readsArticle+` order by a.updated_at desc, a.id desc limit @limit`, args)
		return err
	})
	return home, err
}

// helpCategories gives one category, or all, with the sections that the reader may
// see and that hold something for them; staff see empty ones too.
func helpCategories(ctx context.Context, tx pgx.Tx, reader Actor, only CategoryID) ([]HelpCategory, error) {
	categories, err := rows[Category](ctx, tx, categoriesSQL, categoryArgs(reader, only))
	if err != nil {
		return nil, err
	}
	sections, err := rows[Section](ctx, tx, sectionsSQL, sectionArgs(reader, 0, only))
	if err != nil {
		return nil, err
	}
	var home []HelpCategory
	for _, c := range categories {
		shown := HelpCategory{Category: c}
		for _, s := range sections {
			if s.Category == c.ID && (s.Articles > 0 || reader.Can(DoReadDraft) == nil) {
				shown.Sections = append(shown.Sections, HelpSection{Section: s})
			}
		}
		if len(shown.Sections) > 0 || reader.Can(DoReadDraft) == nil {
			home = append(home, shown)
		}
	}
	return home, nil
}

// HelpCategory gives one category with its sections and the first articles of
// each. ErrNotFound, also where nothing in it is for the reader.
func (d *Desk) HelpCategory(ctx context.Context, reader Actor, id CategoryID) (found HelpCategory, err error) {
	defer wrap(&err, "help category %d", id)
	err = d.read(ctx, func(tx pgx.Tx) error {
		all, err := helpCategories(ctx, tx, reader, max(id, 1))
		if err != nil {
			return err
		}
		if len(all) == 0 || id <= 0 {
			return ErrNotFound
		}
		if err := firstArticles(ctx, tx, reader, all, id, beside); err != nil {
			return err
		}
		found = all[0]
		return nil
	})
	return found, err
}

// firstArticles puts the first articles into each section of a category, or of all
// with 0: one query for all of them.
func firstArticles(ctx context.Context, tx pgx.Tx, reader Actor, categories []HelpCategory, only CategoryID, limit int) error {
	args := reader.helpSight()
	args["category"], args["limit"] = int64(only), limit
	first, err := rows[ArticleRef](ctx, tx, `
		select `+articleRefColumns+` from sections s join categories c on c.id = s.category_id
		cross join lateral (select * from articles a where a.section_id = s.id and `+readsArticle+` order by a.position, a.id limit @limit) a
		where @category = 0 or c.id = @category order by s.position, s.id, a.position, a.id`, args)
	of := map[SectionID][]ArticleRef{}
	for _, a := range first {
		of[a.Section] = append(of[a.Section], a)
	}
	for _, c := range categories {
		for i := range c.Sections {
			c.Sections[i].First = of[c.Sections[i].ID]
		}
	}
	return err
}

// HelpSection gives one section with a page of its published articles, in their
// order, and counts them. ErrNotFound.
func (d *Desk) HelpSection(ctx context.Context, reader Actor, id SectionID, page Page) (s Section, articles []ArticleRef, total int, err error) {
	defer wrap(&err, "help section %d", id)
	err = d.read(ctx, func(tx pgx.Tx) error {
		if s, err = sectionSeen(ctx, tx, reader, id); err != nil {
			return err
		}
		args := reader.helpSight()
		args["section"] = id
		total = s.Articles
		args["limit"], args["offset"] = page.bounds()
		articles, err = rows[ArticleRef](ctx, tx, `select `+articleRefColumns+fromArticles+`
			where a.section_id = @section and `+readsArticle+` order by a.position, a.id limit @limit offset @offset`, args)
		return err
	})
	return s, articles, total, err
}

// A HelpArticle is an article with what stands beside it. Its Slug is the one of
// its address today: a reader who came by an older one is sent on.
type HelpArticle struct {
	Article
	Previous *ArticleRef // in the section
	Next     *ArticleRef
	Related  []ArticleRef
}

// HelpArticle gives an article to read: a draft to staff only. ErrNotFound.
func (d *Desk) HelpArticle(ctx context.Context, reader Actor, id ArticleID) (found HelpArticle, err error) {
	defer wrap(&err, "help article %d", id)
	err = d.read(ctx, func(tx pgx.Tx) error {
		if found.Article, err = articleSeen(ctx, tx, reader, id); err != nil {
			return err
		}
		args := reader.helpSight()
		args["section"], args["position"], args["id"] = found.Section, found.Position, id
		around, err := rows[ArticleRef](ctx, tx, `
			(select `+articleRefColumns+fromArticles+` where `+readsArticle+` and a.section_id = @section and (a.position, a.id) < (@position, @id)
			 order by a.position desc, a.id desc limit 1)
			union all
			(select `+articleRefColumns+fromArticles+` where `+readsArticle+` and a.section_id = @section and (a.position, a.id) > (@position, @id)
			 order by a.position, a.id limit 1)`, args)
		if err != nil {
			return err
		}
		found.surround(around)
		found.Related, err = alike(ctx, tx, reader, found.Title, id, beside)
		return err
	})
	return found, err
}

// surround tells the one before from the one after.
func (h *HelpArticle) surround(around []ArticleRef) {
	for i, a := range around {
		if a.Position < h.Position || a.Position == h.Position && a.ID < h.ID {
			h.Previous = &around[i]
		} else {
			h.Next = &around[i]
		}
	}
}

// mostInSitemap is what one file of a sitemap may hold (sitemaps.org).
const mostInSitemap = 50_000

// A SitemapEntry is an article that everybody may read.
type SitemapEntry struct {
	ID        ArticleID
	Slug      string
	UpdatedAt time.Time
}

// HelpSitemap lists what everybody may read, newest first.
func (d *Desk) HelpSitemap(ctx context.Context) (_ []SitemapEntry, err error) {
	defer wrap(&err, "sitemap")
	args := Actor{}.helpSight()
	args["limit"] = mostInSitemap
	return rows[SitemapEntry](ctx, d.pool, `select a.id, a.slug, greatest(a.updated_at, a.published_at) as updated_at`+fromArticles+`
		where `+readsArticle+` order by a.updated_at desc, a.id desc limit @limit`, args)
}
