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

// makePrivate turns messages of the conversations from into notes of the
// conversation into, with their attachments, before from gets a new requester or
// goes into another's: those that the requester of the result could not read
// before, neither as requester nor in a copy that was sent to them, and those of
// collaborators; with everything, all. Known messages stay: that requester has had
// them in another way. There is no way back.
func makePrivate(ctx context.Context, tx pgx.Tx, from []ConversationID, into ConversationID, requester UserID, everything bool, known ...int64) (int, error) {
	moved, err := rows[struct{ Message, Note int64 }](ctx, tx, `
		with private as materialized (
			select m.*, nextval(pg_get_serial_sequence('notes', 'id')) as note
			from messages m
			join conversations c on c.id = m.conversation_id
			join users u on u.id = m.author_id
			where m.conversation_id = any(@from) and m.id <> all(@known) and (@everything or m.author_id <> @requester and (
				u.role = 'collaborator' and not m.by_staff
				or c.requester_id <> @requester and not exists (
					select from deliveries y
					where y.post_id = m.id and y.purpose = 'reply' and y.state = 'sent' and y.user_id = @requester)))
			order by m.id),
		noted as (
			insert into notes (id, conversation_id, author_id, source, text, elided, has_html, is_verified,
				was_message, warnings, inbound_id, came_from, created_at)
			overriding system value
			select note, @into, author_id, source, text, elided, has_html, is_verified,
				true, warnings, inbound_id, coalesce(nullif(conversation_id, @into), came_from), created_at
			from private)
		select id as message, note from private`,
		pgx.StrictNamedArgs{"from": from, "into": into, "requester": requester, "everything": everything, "known": nonNil(known)})
	if err != nil || len(moved) == 0 {
		return 0, err
	}
	messages, notes := make([]int64, len(moved)), make([]int64, len(moved))
	for i, m := range moved {
		messages[i], notes[i] = m.Message, m.Note
	}
	batch := &pgx.Batch{}
	batch.Queue(`
		update attachments f set message_id = null, note_id = x.note
		from unnest($1::bigint[], $2::bigint[]) x(message, note) where f.message_id = x.message`, messages, notes)
	batch.Queue(`
		update inbound i set post_id = null, note_id = x.note
		from unnest($1::bigint[], $2::bigint[]) x(message, note) where i.post_id = x.message`, messages, notes)
	// A copy that is not even written yet must not carry words that are private now.
	batch.Queue(`
		update deliveries set state = 'failed', failed_at = now(),
			last_response = 'The message became private by a merge or a change of requester before this mail was written.'
		where post_id = any($1) and composed_at is null and state in ('queued', 'held')`, messages)
	batch.Queue(`delete from messages where id = any($1)`, messages)
	return len(moved), tx.SendBatch(ctx, batch).Close()
}

func tellMadePrivate(ctx context.Context, tx pgx.Tx, actor Actor, id ConversationID, count int) error {
	if count == 0 {
		return nil
	}
	return insertEvent(ctx, tx, id, eventMadePrivate, actor.ID, map[string]any{"count": count}, 0)
}
