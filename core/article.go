package core

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// An ArticleStatus tells whether readers of the Help Center see an article.
type ArticleStatus string

// The statuses.
const (
	ArticleDraft     ArticleStatus = "draft"
	ArticlePublished ArticleStatus = "published"
)

// An Article is one page of the Help Center, with its newest text.
type Article struct {
	ArticleRef
	Body string // Markdown
}

const articleColumns = articleRefColumns + `, a.body`

// An ArticleFilter narrows a list. Empty fields filter nothing.
type ArticleFilter struct {
	Section  SectionID
	Category CategoryID
	Status   ArticleStatus
	Author   UserID
	Query    string // part of the title
	Proposed bool   // only those with a proposal that waits; staff
	Deleted  bool   // only those that were deleted; for who writes articles
	Ordered  bool   // as they stand in the Help Center, not the latest changed first
	Page     Page
}

// Articles lists what the reader may see, the latest changed first or in its order, and counts it:
// drafts are seen by staff only. ErrForbidden for the deleted.
func (d *Desk) Articles(ctx context.Context, reader Actor, f ArticleFilter) (found []Article, total int, err error) {
	defer wrap(&err, "articles")
	sees := seesArticle
	if f.Deleted {
		if err := reader.Can(DoWriteArticle); err != nil {
			return nil, 0, err
		}
		sees = `a.deleted_at is not null and 'staff' = any(@sees)`
	}
	args := reader.helpSight()
	args["section"], args["category"], args["author"] = int64(f.Section), int64(f.Category), int64(f.Author)
	args["status"], args["proposed"], args["title"] = string(f.Status), f.Proposed, likePattern(f.Query)
	where := fromArticles + ` where ` + sees + ` and (@section = 0 or a.section_id = @section) and (@category = 0 or s.category_id = @category)
		and (@author = 0 or a.author_id = @author) and (@status = '' or a.status = @status) and a.title ilike @title
		and (not @proposed or 'staff' = any(@sees) and exists (select from article_proposals p where p.article_id = a.id and p.state = 'open'))`
	order := ` order by a.updated_at desc, a.id desc`
	if f.Ordered {
		order = ` order by c.position, c.id, s.position, s.id, a.position, a.id`
	}
	err = d.read(ctx, func(tx pgx.Tx) error {
		if total, err = value[int](ctx, tx, `select count(*)`+where, args); err != nil {
			return err
		}
		args["limit"], args["offset"] = f.Page.bounds()
		found, err = rows[Article](ctx, tx, `select `+articleColumns+where+order+` limit @limit offset @offset`, args)
		return err
	})
	return found, total, err
}

// Article gives one with its text: a draft to staff only. ErrNotFound.
func (d *Desk) Article(ctx context.Context, reader Actor, id ArticleID) (_ Article, err error) {
	defer wrap(&err, "article %d", id)
	return articleSeen(ctx, d.pool, reader, id)
}

func articleSeen(ctx context.Context, q querier, reader Actor, id ArticleID) (Article, error) {
	args := reader.helpSight()
	args["id"] = id
	return one[Article](ctx, q, `select `+articleColumns+fromArticles+` where a.id = @id and `+seesArticle, args)
}

// Path is where the article stands in the Help Center.
func (a ArticleRef) Path() string {
	return "/articles/" + strconv.FormatInt(int64(a.ID), 10) + "-" + a.Slug
}

// A StaleArticle is the conflict of somebody who writes on the base of a text
// that is not the newest any more: it carries the newest, so that nothing of both
// is lost.
type StaleArticle struct {
	Newer Article
}

// Error says it to the person.
func (s StaleArticle) Error() string {
	return "Somebody else has changed this article meanwhile."
}

// Unwrap gives ErrConflict.
func (s StaleArticle) Unwrap() error { return ErrConflict }

// lockArticle gives an article that nobody else changes until the transaction
// ends, to staff who are still what they were. ErrNotFound.
func lockArticle(ctx context.Context, tx pgx.Tx, actor Actor, id ArticleID) (Article, error) {
	if err := stillActs(ctx, tx, actor); err != nil {
		return Article{}, err
	}
	if _, err := value[ArticleID](ctx, tx, `select id from articles where id = $1 and deleted_at is null for no key update`, id); err != nil {
		return Article{}, err
	}
	return articleSeen(ctx, tx, actor, id)
}

// lockEditable locks an article that the actor may edit. ErrNotFound, ErrForbidden.
func lockEditable(ctx context.Context, tx pgx.Tx, actor Actor, id ArticleID) (Article, error) {
	a, err := lockArticle(ctx, tx, actor, id)
	if err == nil {
		err = a.mayEdit(actor)
	}
	return a, err
}

// mayEdit is the right to change the text: of a draft all staff, of what the public
// reads those who write and publish.
func (a Article) mayEdit(actor Actor) error {
	if a.Status == ArticlePublished {
		return actor.Can(DoEditPublished)
	}
	return actor.Can(DoEditDraft)
}

// writes refuses those who are no staff: what they may not read is not there, what
// they may read they may not change (reliability.md, rows 24 and 25).
func (d *Desk) writes(ctx context.Context, actor Actor, id ArticleID) error {
	err := actor.Can(DoEditDraft)
	if err == nil || !actor.Enabled {
		return err
	}
	if _, unseen := articleSeen(ctx, d.pool, actor, id); unseen != nil {
		return unseen
	}
	return ErrForbidden
}

// unchanged refuses who read another text than the newest; 0 is whichever.
func (a Article) unchanged(read int) error {
	if read != 0 && read != a.Revision {
		return StaleArticle{a}
	}
	return nil
}
