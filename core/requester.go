package core

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// changeRequester gives the conversation to another person. What they could not
// read before becomes private first (mail-law section 2). The old requester gets
// nothing any more, unless staff put them in CC.
func (d *Desk) changeRequester(ctx context.Context, tx pgx.Tx, actor Actor, c locked, ch Changes) error {
	var id UserID
	var email string
	if ch.Requester != nil {
		id = *ch.Requester
	}
	if ch.RequesterEmail != nil {
		email = *ch.RequesterEmail
	}
	to, err := d.requesterGiven(ctx, tx, id, email)
	if err != nil || to == c.Requester {
		return err
	}
	if err := sameDomain(ctx, tx, c.Requester, to); err != nil && !ch.ConfirmRequester {
		return err
	}
	count, err := makePrivate(ctx, tx, []ConversationID{c.ID}, c.ID, to, false)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `
		with gone as (
			delete from participants where conversation_id = $1
				and (user_id = $2 or address in (select address from addresses where user_id = $2))),
		unwritten as (
			update deliveries set state = 'failed', failed_at = now(),
				last_response = 'The requester changed before this mail was written.'
			where conversation_id = $1 and user_id = $3 and purpose = 'reply' and composed_at is null and state in ('queued', 'held'))
		update conversations set requester_id = $2, updated_at = now() where id = $1`, c.ID, to, c.Requester); err != nil {
		return err
	}
	names, err := value[[]string](ctx, tx, `
		select array_agg(coalesce(nullif(name, ''), '?') order by id = $2) from users where id in ($1, $2)`, c.Requester, to)
	if err != nil {
		return err
	}
	if err := insertEvent(ctx, tx, c.ID, eventRequester, actor.ID, map[string]any{"from": names[0], "to": names[1]}, 0); err != nil {
		return err
	}
	return tellMadePrivate(ctx, tx, actor, c.ID, count)
}

// sameDomain asks for a confirmation where the answers would go to another domain
// than before (reliability.md, A48): an Invalid of "confirm_requester". Below one
// another counts as the same.
func sameDomain(ctx context.Context, tx pgx.Tx, old, next UserID) error {
	people, err := rows[struct{ Person PersonRef }](ctx, tx, `
		select jsonb_build_object('ID', u.id, 'Name', u.name, 'Address', a.address, 'Enabled', u.enabled, 'Invited', u.invited_at is not null) as person
		from users u join addresses a on a.user_id = u.id and a.is_primary where u.id in ($1, $2) order by u.id = $2`, old, next)
	if err != nil {
		return err
	}
	if len(people) < 2 {
		return ErrNotFound
	}
	was, will := people[0].Person, people[1].Person
	from, to := was.Address.Domain(), will.Address.Domain()
	if from == to || strings.HasSuffix(from, "."+to) || strings.HasSuffix(to, "."+from) {
		return nil
	}
	return Invalid{Field: "confirm_requester", Code: CodeRequired, Problem: fmt.Sprintf(
		"%s is at %s, %s at %s. %[3]s will get every further answer. Please confirm this.",
		was.DisplayName(), from, will.DisplayName(), to)}
}

func tellMadePrivate(ctx context.Context, tx pgx.Tx, actor Actor, id ConversationID, count int) error {
	if count == 0 {
		return nil
	}
	return insertEvent(ctx, tx, id, eventMadePrivate, actor.ID, map[string]any{"count": count}, 0)
}
