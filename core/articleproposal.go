package core

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// A ProposalState is what became of a proposal.
type ProposalState string

// The states.
const (
	ProposalOpen      ProposalState = "open"
	ProposalAccepted  ProposalState = "accepted"
	ProposalDeclined  ProposalState = "declined"
	ProposalWithdrawn ProposalState = "withdrawn" // by its author
)

// A Proposal is a revision of a published article that waits for somebody with the
// right.
type Proposal struct {
	ID           ProposalID
	Article      ArticleID
	ArticleTitle string
	Base         int // the revision that it changes
	Newest       int // the article's revision today
	Author       PersonRef
	Title        string
	Body         string // Markdown
	Note         string // why, in its author's words
	State        ProposalState
	CreatedAt    time.Time
	DecidedAt    *time.Time
	DecidedBy    PersonRef
	Answer       string // to its author
}

// Stale tells that the article was changed since.
func (p Proposal) Stale() bool { return p.State == ProposalOpen && p.Base != p.Newest }

const proposalColumns = `p.id, p.article_id as article, a.title as article_title, p.base, a.revision as newest,
	coalesce((select ` + personOf + theUser + `p.author_id), '{}') as author, p.title, p.body, p.note, p.state, p.created_at, p.decided_at,
	coalesce((select ` + personOf + theUser + `p.decided_by), '{}') as decided_by, p.answer`

const fromProposals = ` from article_proposals p join articles a on a.id = p.article_id where a.deleted_at is null `

// A ProposalFilter narrows a list. Empty fields filter nothing.
type ProposalFilter struct {
	Article ArticleID
	Author  UserID
	State   ProposalState
	Page    Page
}

// Proposals lists them, newest first, and counts them. ErrNotFound for an article that
// is not there, and for who is no staff.
func (d *Desk) Proposals(ctx context.Context, actor Actor, f ProposalFilter) (found []Proposal, total int, err error) {
	defer wrap(&err, "proposals")
	if err := actor.Can(DoReadDraft); err != nil {
		return nil, 0, err
	}
	err = d.read(ctx, func(tx pgx.Tx) error {
		if f.Article != 0 {
			if _, err := articleSeen(ctx, tx, actor, f.Article); err != nil {
				return err
			}
		}
		found, total, err = list[Proposal](ctx, tx, proposalColumns, fromProposals+`
			and (@article = 0 or p.article_id = @article) and (@author = 0 or p.author_id = @author) and (@state = '' or p.state = @state)`,
			`p.id desc`, f.Page, pgx.StrictNamedArgs{"article": int64(f.Article), "author": int64(f.Author), "state": string(f.State)})
		return err
	})
	return found, total, err
}

// Proposal gives one. ErrNotFound.
func (d *Desk) Proposal(ctx context.Context, actor Actor, id ProposalID) (_ Proposal, err error) {
	defer wrap(&err, "proposal %d", id)
	if err := actor.Can(DoReadDraft); err != nil {
		return Proposal{}, err
	}
	return proposal(ctx, d.pool, id)
}

func proposal(ctx context.Context, q querier, id ProposalID) (Proposal, error) {
	return one[Proposal](ctx, q, `select `+proposalColumns+fromProposals+` and p.id = $1`, id)
}

// ProposeRevision offers another text for a published article; base is the revision
// that was read. Anybody of staff may. ErrNotFound, ErrConflict for a draft, which
// is saved itself, and for a StaleArticle; Invalid.
func (d *Desk) ProposeRevision(ctx context.Context, actor Actor, id ArticleID, base int, t ArticleText) (made Proposal, err error) {
	defer d.attempt(ctx, &err, actor, "propose a revision of", object("article", id))
	if err := d.writes(ctx, actor, id); err != nil {
		return Proposal{}, err
	}
	if t, err = t.cleaned(); err != nil {
		return Proposal{}, err
	}
	if base <= 0 {
		return Proposal{}, Invalid{Field: "revision", Code: CodeRequired, Problem: "The revision that was read is needed."}
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		a, err := lockArticle(ctx, tx, actor, id)
		if err != nil {
			return err
		}
		if a.Status == ArticleDraft {
			return refuse(ErrConflict, "This article is a draft: save it instead.")
		}
		if err := a.unchanged(base); err != nil {
			return err
		}
		if t.Title == a.Title && t.Body == a.Body {
			return Invalid{Field: "body", Code: CodeInvalid, Problem: "Nothing in it is another than in the article."}
		}
		proposed, err := value[ProposalID](ctx, tx, `
			insert into article_proposals (article_id, base, author_id, title, body, note)
			values (@article, @base, @actor, @title, @body, @note) returning id`,
			pgx.StrictNamedArgs{"article": id, "base": base, "actor": actor.ID, "title": t.Title, "body": t.Body, "note": t.Note})
		if err != nil {
			return err
		}
		if made, err = proposal(ctx, tx, proposed); err != nil {
			return err
		}
		return audit(ctx, tx, actor, "article.revision_proposed", object("article", id), map[string]any{"proposal": proposed})
	})
	return made, err
}

// An Acceptance is what somebody accepts of a proposal.
type Acceptance struct {
	Revision int          // of the article, as it was read beside the proposal
	Text     *ArticleText // another text than the proposed one: it takes up what the article became since
	Answer   string
}

// AcceptProposal makes a proposal the article's newest revision, under the name of
// its author. Where the article was changed since, only a text that was put together
// from both is taken; else the error is a StaleArticle (ErrConflict). ErrNotFound,
// ErrForbidden, Invalid.
func (d *Desk) AcceptProposal(ctx context.Context, actor Actor, id ProposalID, accept Acceptance) (changed Article, err error) {
	err = d.decide(ctx, actor, id, ProposalAccepted, accept.Answer, func(tx pgx.Tx, a Article, p Proposal) error {
		if err := a.unchanged(accept.Revision); err != nil {
			return err
		}
		text := ArticleText{Title: p.Title, Body: p.Body, Note: p.Note}
		if accept.Text != nil {
			if text, err = accept.Text.cleaned(); err != nil {
				return err
			}
		} else if p.Stale() {
			return StaleArticle{a}
		}
		if changed, err = setText(ctx, tx, actor, p.Author.ID, a, text, RevisionProposed); err != nil {
			return err
		}
		return audit(ctx, tx, actor, "article.proposal_accepted", object("article", a.ID), map[string]any{"proposal": id})
	})
	return changed, err
}

// DeclineProposal refuses a proposal, with a word to its author. ErrNotFound,
// ErrForbidden, ErrConflict if it is decided.
func (d *Desk) DeclineProposal(ctx context.Context, actor Actor, id ProposalID, answer string) error {
	return d.decide(ctx, actor, id, ProposalDeclined, answer, func(tx pgx.Tx, a Article, _ Proposal) error {
		return audit(ctx, tx, actor, "article.proposal_declined", object("article", a.ID), map[string]any{"proposal": id})
	})
}

// WithdrawProposal takes one's own back. ErrNotFound, ErrForbidden, ErrConflict if it
// is decided.
func (d *Desk) WithdrawProposal(ctx context.Context, actor Actor, id ProposalID) error {
	return d.decide(ctx, actor, id, ProposalWithdrawn, "", func(tx pgx.Tx, a Article, _ Proposal) error {
		return audit(ctx, tx, actor, "article.proposal_withdrawn", object("article", a.ID), map[string]any{"proposal": id})
	})
}

// decide ends a proposal that waits. Its author may withdraw it; the rest is for who
// may edit what the public reads.
func (d *Desk) decide(ctx context.Context, actor Actor, id ProposalID, state ProposalState, answer string, do func(tx pgx.Tx, a Article, p Proposal) error) (err error) {
	defer d.attempt(ctx, &err, actor, "decide on", object("proposal", id))
	right := DoEditPublished
	if state == ProposalWithdrawn {
		right = DoEditDraft
	}
	if err := actor.Can(right); err != nil {
		return err
	}
	return d.tx(ctx, func(tx pgx.Tx) error {
		known, err := proposal(ctx, tx, id)
		if err != nil {
			return err
		}
		a, err := lockArticle(ctx, tx, actor, known.Article)
		if err != nil {
			return err
		}
		p, err := proposal(ctx, tx, id) // as it is now that nobody else decides
		if err != nil {
			return err
		}
		switch {
		case state == ProposalWithdrawn && p.Author.ID != actor.ID:
			return ErrForbidden
		case p.State != ProposalOpen:
			return refuse(ErrConflict, "This proposal was %s already.", p.State)
		case state == ProposalAccepted && a.Status != ArticlePublished:
			return refuse(ErrConflict, "This article is a draft now: take over what you need of the proposal, and decline it.")
		}
		_, err = tx.Exec(ctx, `
			update article_proposals set state = @state, decided_at = now(), decided_by = @actor, answer = @answer where id = @id`,
			pgx.StrictNamedArgs{"id": id, "state": state, "actor": actor.ID, "answer": cleanLine(answer, maxArticleNote)})
		if err != nil {
			return err
		}
		return do(tx, a, p)
	})
}
