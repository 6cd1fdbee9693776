package core

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Feedback is what a visitor says about an article.
type Feedback struct {
	// Visitor tells strangers apart: whatever the edge gave this browser. Who is
	// signed in is known by the account.
	Visitor string
	Client  string // the network address, for the rate
	Helpful bool
	Words   string // may be empty
}

// maxFeedbackAnHour is how often one client may rate.
const maxFeedbackAnHour = 60

// RateArticle keeps one answer of each visitor to "was this helpful"; a later one
// replaces it. ErrNotFound for what the reader may not read, and for drafts; ErrRate.
func (d *Desk) RateArticle(ctx context.Context, reader Actor, id ArticleID, f Feedback) (err error) {
	defer wrap(&err, "rate article %d", id)
	who := "visitor " + f.Visitor
	if reader.Can(DoUsePortal) == nil && reader.ID != 0 {
		who = fmt.Sprintf("user %d", reader.ID)
	} else if f.Visitor == "" {
		return Invalid{Field: "visitor", Code: CodeRequired, Problem: "Your browser takes no cookies, so your answer cannot be told from others."}
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		args := reader.helpSight()
		args["id"] = id
		if _, err := value[ArticleID](ctx, tx, `select a.id`+fromArticles+` where a.id = @id and `+readsArticle, args); err != nil {
			return err
		}
		tries, err := countTries(ctx, tx, "feedback "+f.Client, time.Hour)
		if err != nil {
			return err
		}
		if tries > maxFeedbackAnHour {
			return tooMany(time.Hour, "Too many answers. Thank you, that is enough for now.")
		}
		_, err = tx.Exec(ctx, `
			insert into article_feedback (article_id, visitor, helpful, words) values (@id, @visitor, @helpful, @words)
			on conflict (article_id, visitor) do update set helpful = excluded.helpful, words = excluded.words, created_at = now()`,
			pgx.StrictNamedArgs{"id": id, "visitor": HashSecret(fmt.Sprintf("%s on %d", who, id)), "helpful": f.Helpful, "words": cleanText(f.Words, 2000)})
		return err
	})
}

// FeedbackCount is how many found an article helpful, and how many not.
type FeedbackCount struct {
	Helpful    int
	NotHelpful int
}

// A FeedbackWord is what a visitor wrote.
type FeedbackWord struct {
	Helpful   bool
	Words     string
	CreatedAt time.Time
}

// ArticleFeedback gives the counts and the words of visitors, newest first.
// ErrNotFound for who is no staff.
func (d *Desk) ArticleFeedback(ctx context.Context, actor Actor, id ArticleID, page Page) (count FeedbackCount, words []FeedbackWord, err error) {
	defer wrap(&err, "feedback on article %d", id)
	if err := actor.Can(DoReadDraft); err != nil {
		return count, nil, err
	}
	err = d.read(ctx, func(tx pgx.Tx) error {
		if _, err := articleSeen(ctx, tx, actor, id); err != nil {
			return err
		}
		if count, err = one[FeedbackCount](ctx, tx, `
			select count(*) filter (where helpful) as helpful, count(*) filter (where not helpful) as not_helpful
			from article_feedback where article_id = $1`, id); err != nil {
			return err
		}
		limit, offset := page.bounds()
		words, err = rows[FeedbackWord](ctx, tx, `
			select helpful, words, created_at from article_feedback where article_id = $1 and words <> '' order by created_at desc limit $2 offset $3`, id, limit, offset)
		return err
	})
	return count, words, err
}
