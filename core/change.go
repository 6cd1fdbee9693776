package core

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Changes are new values for a conversation; nil leaves a field as it is.
type Changes struct {
	Subject        *string
	Status         *Status
	Priority       *string
	Type           *string
	Tags           *[]string
	Assignee       *UserID // 0: nobody
	Team           *TeamID // 0: none
	Requester      *UserID
	RequesterEmail *string // instead of Requester; an unknown address makes the customer
	// ConfirmRequester says that the new requester may be at another domain than
	// the old one: who is asked elsewhere from now on is told every answer.
	ConfirmRequester bool
	// Shown is what the changes were made from: what somebody else changed since is
	// not written over. nil: whatever stands there now.
	Shown *Shown
}

// UpdateConversation changes properties; each change is an event. ErrNotFound,
// ErrForbidden, ErrConflict, Invalid of the field as the API names it.
func (d *Desk) UpdateConversation(ctx context.Context, actor Actor, id ConversationID, ch Changes) (err error) {
	defer d.attempt(ctx, &err, actor, "update", object("conversation", id))
	return d.change(ctx, actor, id, DoChange, func(tx pgx.Tx, c locked) error { return d.update(ctx, tx, actor, c, ch) })
}

func (d *Desk) update(ctx context.Context, tx pgx.Tx, actor Actor, c locked, ch Changes) error {
	if err := c.open(); err != nil {
		return err
	}
	if err := ch.changedMeanwhile(c); err != nil {
		return err
	}
	if err := setProperties(ctx, tx, actor, c, ch); err != nil {
		return err
	}
	if ch.Status != nil {
		if err := MaySet(actor.Role, c.Status, *ch.Status); err != nil {
			return err
		}
		if err := setStatus(ctx, tx, c, *ch.Status, actor.ID); err != nil {
			return err
		}
	}
	if ch.Assignee != nil {
		if err := setAssignee(ctx, tx, actor.ID, c, *ch.Assignee); err != nil {
			return err
		}
	}
	if ch.Team != nil {
		if err := setTeam(ctx, tx, actor.ID, c, *ch.Team); err != nil {
			return err
		}
	}
	if ch.Requester != nil || ch.RequesterEmail != nil {
		return d.changeRequester(ctx, tx, actor, c, ch)
	}
	return nil
}

// setProperties sets subject, priority, type and tags.
func setProperties(ctx context.Context, tx pgx.Tx, actor Actor, c locked, ch Changes) error {
	subject, priority, kind, tags := c.Subject, c.Priority, c.Type, c.Tags
	if ch.Subject != nil {
		if subject = cleanLine(*ch.Subject, maxSubject); subject == "" {
			return Invalid{Field: "subject", Code: CodeEmpty, Problem: "There is no subject."}
		}
	}
	if ch.Priority != nil {
		if priority = *ch.Priority; !slices.Contains([]string{"low", "normal", "high", "urgent"}, priority) {
			return Invalid{Field: "priority", Code: CodeInvalid, Problem: "There is no such priority."}
		}
	}
	if ch.Type != nil {
		if kind = *ch.Type; !slices.Contains([]string{"question", "task", "problem", "incident"}, kind) {
			return Invalid{Field: "type", Code: CodeInvalid, Problem: "There is no such type."}
		}
	}
	if ch.Tags != nil {
		tags = cleanTags(*ch.Tags)
	}
	if _, err := tx.Exec(ctx, `
		update conversations set subject = $2, priority = $3, type = $4, tags = $5 where id = $1`,
		c.ID, subject, priority, kind, tags); err != nil {
		return err
	}
	for _, e := range []struct {
		kind     string
		changed  bool
		from, to any
	}{
		{eventSubject, subject != c.Subject, c.Subject, subject},
		{eventPriority, priority != c.Priority, c.Priority, priority},
		{eventType, kind != c.Type, c.Type, kind},
		{eventTags, !slices.Equal(tags, c.Tags), c.Tags, tags},
	} {
		if !e.changed {
			continue
		}
		if err := insertEvent(ctx, tx, c.ID, e.kind, actor.ID, map[string]any{"from": e.from, "to": e.to}, 0); err != nil {
			return err
		}
	}
	return nil
}

// maxSubject bounds a subject, in characters.
const maxSubject = 500

// setStatus moves the status and remembers when it was completed and closed.
func setStatus(ctx context.Context, tx pgx.Tx, c locked, to Status, by UserID) error {
	if to == c.Status {
		return nil
	}
	if _, err := tx.Exec(ctx, `
		update conversations set status = $2,
			completed_at = case when $2 = 'completed' then now() when $2 = 'closed' then completed_at end,
			closed_at = case when $2 = 'closed' then now() end
		where id = $1`, c.ID, to); err != nil {
		return err
	}
	return insertEvent(ctx, tx, c.ID, eventStatus, by, map[string]any{"from": c.Status, "to": to}, 0)
}

// setAssignee gives the conversation to an enabled agent, or with 0 to nobody.
func setAssignee(ctx context.Context, tx pgx.Tx, by UserID, c locked, to UserID) error {
	if to == c.Assignee {
		return nil
	}
	name := ""
	if to != 0 {
		var err error
		name, err = value[string](ctx, tx, `
			select name from users where id = $1 and enabled and role in ('agent', 'admin', 'owner')`, to)
		if errors.Is(err, ErrNotFound) {
			return Invalid{Field: "assigned_agent_id", Code: CodeInvalid, Problem: "Only an enabled agent can be the assignee."}
		}
		if err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `update conversations set assignee_id = nullif($2, 0) where id = $1`, c.ID, to); err != nil {
		return err
	}
	return insertEvent(ctx, tx, c.ID, eventAssignee, by, map[string]any{"to": name}, 0)
}

// setTeam gives the conversation to a team, or with 0 to none.
func setTeam(ctx context.Context, tx pgx.Tx, by UserID, c locked, to TeamID) error {
	if to == c.Team {
		return nil
	}
	title := ""
	if to != 0 {
		var err error
		title, err = value[string](ctx, tx, `select title from teams where id = $1`, to)
		if errors.Is(err, ErrNotFound) {
			return Invalid{Field: "assigned_team_id", Code: CodeInvalid, Problem: "There is no such team."}
		}
		if err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `update conversations set team_id = nullif($2, 0) where id = $1`, c.ID, to); err != nil {
		return err
	}
	return insertEvent(ctx, tx, c.ID, eventTeam, by, map[string]any{"to": title}, 0)
}

// Trash takes a conversation out of all lists; mail to it makes a new one.
// ErrNotFound, ErrForbidden, ErrConflict.
func (d *Desk) Trash(ctx context.Context, actor Actor, id ConversationID) (err error) {
	defer d.attempt(ctx, &err, actor, "trash", object("conversation", id))
	return d.change(ctx, actor, id, DoMerge, func(tx pgx.Tx, c locked) error { return trash(ctx, tx, actor, c) })
}

func trash(ctx context.Context, tx pgx.Tx, actor Actor, c locked) error {
	if err := c.open(); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `update conversations set trashed_at = now() where id = $1`, c.ID); err != nil {
		return err
	}
	return insertEvent(ctx, tx, c.ID, eventTrashed, actor.ID, nil, 0)
}

// Restore takes it out of the trash again. ErrNotFound, ErrForbidden.
func (d *Desk) Restore(ctx context.Context, actor Actor, id ConversationID) (err error) {
	defer d.attempt(ctx, &err, actor, "restore", object("conversation", id))
	return d.change(ctx, actor, id, DoMerge, func(tx pgx.Tx, c locked) error { return restore(ctx, tx, actor, c) })
}

func restore(ctx context.Context, tx pgx.Tx, actor Actor, c locked) error {
	if !c.Trashed {
		return nil
	}
	if _, err := tx.Exec(ctx, `update conversations set trashed_at = null where id = $1`, c.ID); err != nil {
		return err
	}
	return insertEvent(ctx, tx, c.ID, eventRestored, actor.ID, nil, 0)
}

// CloseCompleted closes what has been completed for as long as the setting says
// (mail-law section 8), a few hundred at a time, and tells how many. For a worker.
func (d *Desk) CloseCompleted(ctx context.Context) (n int, err error) {
	defer wrap(&err, "close completed conversations")
	err = d.tx(ctx, func(tx pgx.Tx) error {
		closed, err := value[[]ConversationID](ctx, tx, `
			with due as (
				select c.id from conversations c, instance i
				where c.status = 'completed' and i.close_completed_hours > 0
					and c.completed_at <= now() - i.close_completed_hours * interval '1 hour'
				order by c.completed_at limit 500 for no key update of c skip locked),
			closed as (
				update conversations c set status = 'closed', closed_at = now() from due where c.id = due.id returning c.id),
			told as (
				insert into events (conversation_id, kind, detail)
				select id, 'status', '{"from": "completed", "to": "closed"}' from closed)
			select coalesce(array_agg(id), '{}') from closed`)
		n = len(closed)
		touch(tx, closed...)
		return err
	})
	return n, err
}
