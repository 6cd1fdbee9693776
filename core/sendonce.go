package core

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// What was made of a form, by its author and key.
const (
	postsOfForms = `select id from messages where author_id = $1 and form = $2 and text = $3`
	notesOfForms = `select id from notes where author_id = $1 and form = $2 and text = $3`
	casesOfForms = `select conversation_id from messages where author_id = $1 and form = $2 and text = $3`
	markPost     = `update messages set form = $2 where id = $1`
	markNote     = `update notes set form = $2 where id = $1`
)

// longestForm bounds the key of a form, in bytes.
const longestForm = 64

// madeBy gives what was made of this form with these words already, or 0: a button
// that is pressed twice does its act once, and who goes back and writes more says
// more. Two who send one form at once wait for each other.
func madeBy[T ~int64](ctx context.Context, tx pgx.Tx, formsSQL string, actor Actor, form, text string) (made T, err error) {
	if form == "" {
		return 0, nil
	}
	if len(form) > longestForm {
		return 0, Invalid{Field: "form", Code: CodeInvalid, Problem: "The form has a key that is none of ours."}
	}
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('form ' || $1::text || ' ' || $2::text, 0))`, fmt.Sprint(actor.ID), form); err != nil {
		return 0, err
	}
	made, err = value[T](ctx, tx, formsSQL+` limit 1`, actor.ID, form, cleanText(text, maxWords))
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	return made, err
}

func markMade(ctx context.Context, tx pgx.Tx, markSQL string, id int64, form string) error {
	if form == "" {
		return nil
	}
	_, err := tx.Exec(ctx, markSQL, id, form)
	return err
}

// A Collision is that somebody else spoke in the conversation after its author had
// looked: two agents would answer one question. It is an ErrConflict, and gone once
// they have seen what was said.
type Collision struct {
	Who     string
	ByStaff bool
	At      time.Time
}

// Error says who was faster.
func (c Collision) Error() string {
	if c.ByStaff {
		return c.Who + " has replied in the meantime."
	}
	return c.Who + " has written in the meantime."
}

// Unwrap gives ErrConflict.
func (c Collision) Unwrap() error { return ErrConflict }

// collides refuses a reply whose author has not seen what others said since.
func collides(ctx context.Context, tx pgx.Tx, actor Actor, id ConversationID, seen PostID) error {
	if seen == 0 {
		return nil
	}
	c, err := one[Collision](ctx, tx, `
		select coalesce(nullif(u.name, ''), nullif(m.author_address, ''), 'Somebody') as who, m.by_staff, m.created_at as at
		from messages m left join users u on u.id = m.author_id
		where m.conversation_id = $1 and m.id > $2 and m.author_id is distinct from $3
		order by m.id desc limit 1`, id, seen, actor.ID)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return c
}
