package core

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// A RevisionKind is how a text of an article came about.
type RevisionKind string

// The kinds.
const (
	RevisionCreated  RevisionKind = "created"  // with the article
	RevisionSaved    RevisionKind = "saved"    // in a draft
	RevisionEdited   RevisionKind = "edited"   // in what the public reads
	RevisionRestored RevisionKind = "restored" // from an older revision
	RevisionProposed RevisionKind = "proposed" // from an accepted proposal
)

// A Revision is one text that an article had.
type Revision struct {
	Number    int
	Kind      RevisionKind
	Author    PersonRef
	Title     string
	Body      string // Markdown; empty in lists
	Note      string
	CreatedAt time.Time
}

const revisionColumns = `r.number, r.kind, coalesce((select ` + personOf + theUser + `r.author_id), '{}') as author, r.title, r.note, r.created_at`

// ArticleRevisions lists the texts of an article, newest first, and counts them.
// ErrNotFound for who is no staff.
func (d *Desk) ArticleRevisions(ctx context.Context, actor Actor, id ArticleID, page Page) (found []Revision, total int, err error) {
	defer wrap(&err, "revisions of article %d", id)
	if err := actor.Can(DoReadDraft); err != nil {
		return nil, 0, err
	}
	err = d.read(ctx, func(tx pgx.Tx) error {
		if _, err := articleSeen(ctx, tx, actor, id); err != nil {
			return err
		}
		found, total, err = list[Revision](ctx, tx, revisionColumns+`, '' as body`, ` from article_revisions r where r.article_id = @id`,
			`r.number desc`, page, pgx.StrictNamedArgs{"id": id})
		return err
	})
	return found, total, err
}

// ArticleRevision gives one text of an article. ErrNotFound.
func (d *Desk) ArticleRevision(ctx context.Context, actor Actor, id ArticleID, number int) (_ Revision, err error) {
	defer wrap(&err, "revision %d of article %d", number, id)
	if err := actor.Can(DoReadDraft); err != nil {
		return Revision{}, err
	}
	return revision(ctx, d.pool, id, number)
}

func revision(ctx context.Context, q querier, id ArticleID, number int) (Revision, error) {
	return one[Revision](ctx, q, `select `+revisionColumns+`, r.body from article_revisions r join articles a on a.id = r.article_id
		where r.article_id = $1 and r.number = $2::bigint and a.deleted_at is null`, id, number)
}

// RevisionDifference tells what became another between two texts of an article.
// ErrNotFound.
func (d *Desk) RevisionDifference(ctx context.Context, actor Actor, id ArticleID, from, to int) (before, after Revision, lines []DifferenceLine, err error) {
	defer wrap(&err, "difference of revisions of article %d", id)
	if err := actor.Can(DoReadDraft); err != nil {
		return before, after, nil, err
	}
	err = d.read(ctx, func(tx pgx.Tx) error {
		if before, err = revision(ctx, tx, id, from); err != nil {
			return err
		}
		after, err = revision(ctx, tx, id, to)
		return err
	})
	return before, after, Difference(before.Body, after.Body), err
}

// RestoreRevision makes an old text the newest again, as a new revision. Read is
// the revision that was the newest when somebody decided so: else a StaleArticle
// (ErrConflict). The right is that of SaveArticle. ErrNotFound, ErrForbidden.
func (d *Desk) RestoreRevision(ctx context.Context, actor Actor, id ArticleID, number, read int) (restored Article, err error) {
	defer d.attempt(ctx, &err, actor, "restore a revision of", object("article", id))
	if err := d.writes(ctx, actor, id); err != nil {
		return Article{}, err
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		a, err := lockArticle(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if err := a.mayEdit(actor); err != nil {
			return err
		}
		if err := a.unchanged(read); err != nil {
			return err
		}
		old, err := revision(ctx, tx, id, number)
		if err != nil {
			return err
		}
		text := ArticleText{Title: old.Title, Body: old.Body, Note: fmt.Sprintf("Revision %d", number)}
		restored, err = setText(ctx, tx, actor, actor.ID, a, text, RevisionRestored)
		return err
	})
	return restored, err
}
