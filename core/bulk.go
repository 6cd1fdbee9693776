package core

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ManyChanges are what is done to several conversations at once. What is nil or
// empty stays as it is.
type ManyChanges struct {
	Status    *Status
	Priority  *string
	Assignee  *UserID // 0: nobody
	Team      *TeamID // 0: none
	AddTag    string
	RemoveTag string
	Trash     *bool // into the trash, or out of it; needs the right to merge and trash
}

// A ManyOutcome is what became of each.
type ManyOutcome struct {
	Done []ConversationID // are as was asked
	Left []LeftConversation
}

// A LeftConversation could not be changed, and why.
type LeftConversation struct {
	ID      ConversationID
	Problem string
}

// mostAtOnce bounds how many are changed in one transaction.
const mostAtOnce = 100

// ChangeMany changes several conversations in one transaction, each by itself: what
// one of them refuses is told and leaves that one alone as it was. Events are those
// of single changes. ErrForbidden, ErrNotFound for customers, Invalid of "id" and of
// what is no change at all.
func (d *Desk) ChangeMany(ctx context.Context, actor Actor, ids []ConversationID, m ManyChanges) (o ManyOutcome, err error) {
	defer d.attempt(ctx, &err, actor, fmt.Sprintf("change %d conversations", len(ids)), "")
	for _, do := range append([]Deed{DoView}, m.deeds()...) {
		if err := actor.Can(do); err != nil {
			return o, err
		}
	}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	switch {
	case len(ids) == 0:
		return o, Invalid{Field: "id", Code: CodeRequired, Problem: "Tick the conversations first."}
	case len(ids) > mostAtOnce:
		return o, Invalid{Field: "id", Code: CodeInvalid, Problem: fmt.Sprintf("At most %d at once.", mostAtOnce)}
	case len(m.deeds()) == 0:
		return o, Invalid{Field: "do", Code: CodeRequired, Problem: "Choose what is to be changed."}
	}
	err = d.tx(ctx, func(tx pgx.Tx) error {
		o = ManyOutcome{}
		for _, id := range ids { // oldest first, so that two callers never wait in a circle
			err := step(ctx, tx, func() error { return d.changeOne(ctx, tx, actor, id, m) })
			if problem, ok := whyLeft(err); ok {
				o.Left = append(o.Left, LeftConversation{id, problem})
				continue
			}
			if err != nil {
				return err
			}
			o.Done = append(o.Done, id)
		}
		return nil
	})
	return o, err
}

// step undoes what a part of a transaction did, and nothing else, if it fails.
func step(ctx context.Context, tx pgx.Tx, do func() error) error {
	if _, err := tx.Exec(ctx, `savepoint step`); err != nil {
		return err
	}
	end := `release step`
	err := do()
	if err != nil {
		end = `rollback to step`
	}
	_, ended := tx.Exec(ctx, end)
	return errors.Join(err, ended)
}

// deeds are the rights that the changes need; none is no change.
func (m ManyChanges) deeds() (deeds []Deed) {
	if m.Status != nil || m.Priority != nil || m.Assignee != nil || m.Team != nil || m.AddTag != "" || m.RemoveTag != "" {
		deeds = append(deeds, DoChange)
	}
	if m.Trash != nil {
		deeds = append(deeds, DoMerge)
	}
	return deeds
}

func (d *Desk) changeOne(ctx context.Context, tx pgx.Tx, actor Actor, id ConversationID, m ManyChanges) error {
	c, err := lockConversation(ctx, tx, actor, id)
	if err != nil {
		return err
	}
	if m.Trash != nil {
		act := restore
		if *m.Trash {
			act = trash
		}
		return act(ctx, tx, actor, c)
	}
	ch := Changes{Status: m.Status, Priority: m.Priority, Assignee: m.Assignee, Team: m.Team}
	if m.AddTag != "" || m.RemoveTag != "" {
		tags := slices.DeleteFunc(slices.Clone(c.Tags), func(tag string) bool { return tag == cleanLine(m.RemoveTag, 50) })
		if m.AddTag != "" {
			tags = append(tags, m.AddTag)
		}
		ch.Tags = &tags
	}
	return d.update(ctx, tx, actor, c, ch)
}

// whyLeft is what to tell of one that could not be changed; ok is false for what
// must undo them all. Who lost the role meanwhile changes none.
func whyLeft(err error) (problem string, ok bool) {
	var invalid Invalid
	var refusal Refusal
	var failed *pgconn.PgError
	switch {
	case errors.As(err, &failed):
		return "", false
	case errors.As(err, &invalid):
		return invalid.Problem, true
	case errors.As(err, &refusal):
		return refusal.Problem, true
	case errors.Is(err, ErrNotFound):
		return "It is not there, or not yours to see.", true
	}
	return "", false
}
