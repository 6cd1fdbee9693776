package core

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// PublishArticle shows an article to the readers of its section. Revision is the
// text that was read, so that nobody publishes what they have not seen
// (StaleArticle); 0 is whichever is the newest. ErrNotFound, ErrForbidden,
// ErrConflict if it is published.
func (d *Desk) PublishArticle(ctx context.Context, actor Actor, id ArticleID, revision int) (Article, error) {
	return d.changeStatus(ctx, actor, id, "publish", func(tx pgx.Tx, a Article) error {
		if a.Status == ArticlePublished {
			return refuse(ErrConflict, "This article is published.")
		}
		if err := a.unchanged(revision); err != nil {
			return err
		}
		return publish(ctx, tx, actor, id)
	})
}

// UnpublishArticle makes an article a draft again. ErrNotFound, ErrForbidden,
// ErrConflict if it is one.
func (d *Desk) UnpublishArticle(ctx context.Context, actor Actor, id ArticleID) (Article, error) {
	return d.changeStatus(ctx, actor, id, "unpublish", func(tx pgx.Tx, a Article) error {
		if a.Status == ArticleDraft {
			return refuse(ErrConflict, "This article is a draft.")
		}
		if _, err := tx.Exec(ctx, `update articles set status = 'draft' where id = $1`, id); err != nil {
			return err
		}
		return audit(ctx, tx, actor, "article.unpublished", object("article", id), nil)
	})
}

func (d *Desk) changeStatus(ctx context.Context, actor Actor, id ArticleID, act string, do func(tx pgx.Tx, a Article) error) (changed Article, err error) {
	defer d.attempt(ctx, &err, actor, act, object("article", id))
	if err := actor.Can(DoPublishArticle); err != nil {
		return Article{}, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		a, err := lockArticle(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if err := do(tx, a); err != nil {
			return err
		}
		changed, err = articleSeen(ctx, tx, actor, id)
		return err
	})
	return changed, err
}

// publish is the step of a locked draft.
func publish(ctx context.Context, tx pgx.Tx, actor Actor, id ArticleID) error {
	if _, err := tx.Exec(ctx, `update articles set status = 'published', published_at = coalesce(published_at, now()) where id = $1`, id); err != nil {
		return err
	}
	if err := learnWords(ctx, tx, id); err != nil {
		return err
	}
	return audit(ctx, tx, actor, "article.published", object("article", id), nil)
}

// MoveArticle puts an article into another section, behind the others there.
// Moving what the public reads takes the right to edit it. ErrNotFound, Invalid for a
// section that is not there, ErrForbidden.
func (d *Desk) MoveArticle(ctx context.Context, actor Actor, id ArticleID, to SectionID) (moved Article, err error) {
	defer d.attempt(ctx, &err, actor, "move", object("article", id))
	if err := actor.Can(DoWriteArticle); err != nil {
		return Article{}, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		a, err := lockArticle(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		moved, err = moveArticle(ctx, tx, actor, a, to)
		return err
	})
	return moved, err
}

// moveArticle is the step of a locked article.
func moveArticle(ctx context.Context, tx pgx.Tx, actor Actor, a Article, to SectionID) (Article, error) {
	if a.Section == to {
		return a, nil
	}
	if err := actor.Can(DoWriteArticle); err != nil {
		return Article{}, err
	}
	if err := a.mayEdit(actor); err != nil {
		return Article{}, err
	}
	if err := holdSection(ctx, tx, to); err != nil {
		return Article{}, err
	}
	if _, err := tx.Exec(ctx, `
		update articles set section_id = $2, position = (select coalesce(max(position), 0) + 1 from articles where section_id = $2)
		where id = $1`, a.ID, to); err != nil {
		return Article{}, err
	}
	moved, err := articleSeen(ctx, tx, actor, a.ID)
	if err != nil {
		return Article{}, err
	}
	detail := changes{}
	detail.note("section", a.SectionTitle, moved.SectionTitle)
	return moved, audit(ctx, tx, actor, "article.moved", object("article", a.ID), detail)
}

// OrderArticles sets the order of the articles of a section; those that are not
// named stand behind the others, as before. It changes what the public reads.
// Invalid for one that is not there, ErrForbidden.
func (d *Desk) OrderArticles(ctx context.Context, actor Actor, section SectionID, ids []ArticleID) (err error) {
	defer d.attempt(ctx, &err, actor, "order articles", "")
	if err := actor.Can(DoEditPublished); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		return order(ctx, tx, actor, "articles", orderArticles, int64(section), ids)
	})
}

// DeleteArticle takes an article away from everybody; it can be brought back.
// Deleting what the public reads takes the right to edit it. ErrNotFound,
// ErrForbidden.
func (d *Desk) DeleteArticle(ctx context.Context, actor Actor, id ArticleID) (err error) {
	defer d.attempt(ctx, &err, actor, "delete", object("article", id))
	if err := actor.Can(DoWriteArticle); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		a, err := lockEditable(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `update articles set deleted_at = now() where id = $1`, id); err != nil {
			return err
		}
		return audit(ctx, tx, actor, "article.deleted", object("article", id), map[string]any{"title": a.Title, "status": a.Status})
	})
}

// BringBackArticle undoes a deletion; the article comes back as a draft.
// ErrNotFound, ErrForbidden.
func (d *Desk) BringBackArticle(ctx context.Context, actor Actor, id ArticleID) (back Article, err error) {
	defer d.attempt(ctx, &err, actor, "bring back", object("article", id))
	if err := actor.Can(DoWriteArticle); err != nil {
		return Article{}, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if err := stillActs(ctx, tx, actor); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `update articles set deleted_at = null, status = 'draft' where id = $1 and deleted_at is not null`, id)
		if err != nil {
			return err
		}
		if back, err = articleSeen(ctx, tx, actor, id); err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return refuse(ErrConflict, "This article is not deleted.")
		}
		return audit(ctx, tx, actor, "article.brought_back", object("article", id), nil)
	})
	return back, err
}
