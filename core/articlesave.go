package core

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// NewArticle is what an article is made of.
type NewArticle struct {
	Section SectionID
	Title   string
	Body    string // Markdown
	Locale  string // empty: "en"
	Publish bool   // at once, by who may
}

// CreateArticle makes one, behind the others of its section; a draft unless it is
// published at once. Invalid, ErrForbidden.
func (d *Desk) CreateArticle(ctx context.Context, actor Actor, n NewArticle) (made Article, err error) {
	defer d.attempt(ctx, &err, actor, "create an article", "")
	if err := actor.Can(DoWriteArticle); err != nil {
		return Article{}, err
	}
	if n.Publish {
		if err := actor.Can(DoPublishArticle); err != nil {
			return Article{}, err
		}
	}
	text, err := ArticleText{Title: n.Title, Body: n.Body, Locale: n.Locale}.cleaned()
	if err != nil {
		return Article{}, err
	}
	if text.Locale == "" {
		text.Locale = "en"
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		if err := stillActs(ctx, tx, actor); err != nil {
			return err
		}
		if err := holdSection(ctx, tx, n.Section); err != nil {
			return err
		}
		id, err := insertArticle(ctx, tx, actor, n.Section, text)
		if err != nil {
			return err
		}
		if err := audit(ctx, tx, actor, "article.created", object("article", id), map[string]any{"title": text.Title}); err != nil {
			return err
		}
		if n.Publish {
			if err := publish(ctx, tx, actor, id); err != nil {
				return err
			}
		}
		made, err = articleSeen(ctx, tx, actor, id)
		return err
	})
	return made, err
}

// holdSection keeps a section there while an article is put into it.
func holdSection(ctx context.Context, tx pgx.Tx, id SectionID) error {
	_, err := value[SectionID](ctx, tx, `select id from sections where id = $1 for key share`, id)
	if errors.Is(err, ErrNotFound) {
		return Invalid{Field: "section_id", Code: CodeInvalid, Problem: "There is no such section."}
	}
	return err
}

func insertArticle(ctx context.Context, tx pgx.Tx, actor Actor, section SectionID, t ArticleText) (ArticleID, error) {
	headings, plain := PlainArticle(t.Body)
	return value[ArticleID](ctx, tx, `
		with made as (
			insert into articles (section_id, title, slug, body, headings, plain, locale, author_id, position)
			select @section, @title, @slug, @body, @headings, @plain, @locale, nullif(@actor::bigint, 0), coalesce(max(position), 0) + 1
			from articles where section_id = @section returning id, revision, title, body, author_id),
		first as (
			insert into article_revisions (article_id, number, kind, author_id, title, body)
			select id, revision, 'created', author_id, title, body from made)
		select id from made`,
		pgx.StrictNamedArgs{"section": section, "title": t.Title, "slug": Slug(t.Title), "body": t.Body, "headings": headings, "plain": plain,
			"locale": t.Locale, "actor": actor.ID})
}

// SaveArticle sets the text. Revision is the one that was read: where there is a
// newer one the error is a StaleArticle (ErrConflict) with that text. A draft is
// saved by all staff, what the public reads by those with the right, at once seen by
// all. A text that is as it was makes no revision. ErrNotFound, ErrForbidden, Invalid.
func (d *Desk) SaveArticle(ctx context.Context, actor Actor, id ArticleID, revision int, t ArticleText) (Article, error) {
	return d.saveArticle(ctx, actor, id, revision, t, 0)
}

// SaveAndMoveArticle sets the text and puts the article into another section: both,
// or, with the errors of SaveArticle and of MoveArticle, neither.
func (d *Desk) SaveAndMoveArticle(ctx context.Context, actor Actor, id ArticleID, revision int, t ArticleText, to SectionID) (Article, error) {
	return d.saveArticle(ctx, actor, id, revision, t, to)
}

// saveArticle moves nothing where to is 0.
func (d *Desk) saveArticle(ctx context.Context, actor Actor, id ArticleID, revision int, t ArticleText, to SectionID) (saved Article, err error) {
	defer d.attempt(ctx, &err, actor, "edit", object("article", id))
	if err := d.writes(ctx, actor, id); err != nil {
		return Article{}, err
	}
	if t, err = t.cleaned(); err != nil {
		return Article{}, err
	}
	if revision <= 0 {
		return Article{}, Invalid{Field: "revision", Code: CodeRequired, Problem: "The revision that was read is needed."}
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		a, err := lockEditable(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if err := a.unchanged(revision); err != nil {
			return err
		}
		kind := RevisionSaved
		if a.Status == ArticlePublished {
			kind = RevisionEdited
		}
		if saved, err = setText(ctx, tx, actor, actor.ID, a, t, kind); err != nil || to == 0 {
			return err
		}
		saved, err = moveArticle(ctx, tx, actor, saved, to)
		return err
	})
	return saved, err
}

// setText makes an author's text the newest revision of a locked article.
func setText(ctx context.Context, tx pgx.Tx, actor Actor, author UserID, a Article, t ArticleText, kind RevisionKind) (Article, error) {
	if t.Locale == "" {
		t.Locale = a.Locale
	}
	if t.Title == a.Title && t.Body == a.Body && t.Locale == a.Locale {
		return a, nil
	}
	headings, plain := PlainArticle(t.Body)
	_, err := tx.Exec(ctx, `
		with saved as (
			update articles set title = @title, slug = @slug, body = @body, headings = @headings, plain = @plain, locale = @locale,
				revision = revision + 1, updated_at = now()
			where id = @id returning id, revision)
		insert into article_revisions (article_id, number, kind, author_id, title, body, note)
		select id, revision, @kind, nullif(@author::bigint, 0), @title, @body, @note from saved`,
		pgx.StrictNamedArgs{"id": a.ID, "title": t.Title, "slug": Slug(t.Title), "body": t.Body, "headings": headings, "plain": plain,
			"locale": t.Locale, "kind": kind, "author": author, "note": t.Note})
	if err != nil {
		return Article{}, err
	}
	if a.Status == ArticlePublished {
		if err := learnWords(ctx, tx, a.ID); err != nil {
			return Article{}, err
		}
	}
	saved, err := articleSeen(ctx, tx, actor, a.ID)
	if err != nil {
		return Article{}, err
	}
	detail := changes{"revision": saved.Revision}
	detail.note("title", a.Title, saved.Title)
	detail.note("locale", a.Locale, saved.Locale)
	return saved, audit(ctx, tx, actor, "article."+string(kind), object("article", a.ID), detail)
}
