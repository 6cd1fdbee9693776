package core

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// makePrivate turns messages of the conversations from into notes of the
// conversation into, with their attachments, before from gets a new requester or
// goes into another's: those that the requester of the result could not read
// before, neither as requester, also before a split, nor in a copy that was sent to
// them, and those of collaborators; with everything, all. Known messages stay: that
// requester has had them in another way. What became private is kept in
// made_private; the undo of a merge alone reads it.
func makePrivate(ctx context.Context, tx pgx.Tx, from []ConversationID, into ConversationID, requester UserID, everything bool, known ...int64) (int, error) {
	return hiding{from: from, into: into, requester: requester, everything: everything, known: known}.makePrivate(ctx, tx)
}

// hiding is what makePrivate goes by.
type hiding struct {
	from       []ConversationID
	into       ConversationID
	requester  UserID // of the result
	everything bool
	known      []int64 // messages that the requester has had in another way
	only       []int64 // nil: all messages of from
}

func (h hiding) args() pgx.StrictNamedArgs {
	return pgx.StrictNamedArgs{"from": h.from, "requester": h.requester, "everything": h.everything,
		"known": nonNil(h.known), "all": h.only == nil, "only": nonNil(h.only)}
}

// fromPrivate finds the messages m that may not stay public.
const fromPrivate = `from messages m
			join conversations c on c.id = m.conversation_id
			join users u on u.id = m.author_id
			where m.conversation_id = any(@from) and (@all or m.id = any(@only)) and m.id <> all(@known)
				and (@everything or m.author_id <> @requester and (
					u.role = 'collaborator' and not m.by_staff
					or c.requester_id <> @requester and not exists (
						select from deliveries y
						where y.post_id = m.id and y.purpose = 'reply' and y.state = 'sent' and y.user_id = @requester)
					and not exists (
						select from conversation_splits s where s.requester_id = @requester and m.id = any(s.messages))))`

func (h hiding) makePrivate(ctx context.Context, tx pgx.Tx) (int, error) {
	args := h.args()
	args["into"] = h.into
	moved, err := rows[struct{ Message, Note int64 }](ctx, tx, `
		with private as materialized (
			select m.*, c.requester_id, nextval(pg_get_serial_sequence('notes', 'id')) as note
			`+fromPrivate+`
			order by m.id),
		noted as (
			insert into notes (id, conversation_id, author_id, source, text, elided, has_html, is_verified,
				was_message, warnings, inbound_id, came_from, created_at)
			overriding system value
			select note, @into, author_id, source, text, elided, has_html, is_verified,
				true, warnings, inbound_id, coalesce(nullif(conversation_id, @into), came_from), created_at
			from private),
		kept as (
			insert into made_private (message_id, note_id, conversation_id, requester_id, by_staff, elided_private, deliveries)
			select id, note, conversation_id, requester_id, by_staff, elided_private, array(select y.id from deliveries y where y.post_id = private.id)
			from private)
		select id as message, note from private`,
		args)
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

// makePublicAgain undoes what a merge at that time made private of a conversation,
// as far as its notes stand there: for the same requester alone, and no
// collaborator's words in somebody else's request.
func makePublicAgain(ctx context.Context, tx pgx.Tx, id ConversationID, merge int64) error {
	_, err := tx.Exec(ctx, `
		with back as materialized (
			select p.*, n.id as note from made_private p
			join notes n on n.id = p.note_id and n.conversation_id = p.conversation_id
			join conversations c on c.id = p.conversation_id and c.requester_id = p.requester_id
			join users u on u.id = n.author_id
			where p.conversation_id = $1 and p.created_at = (select created_at from conversation_merges where id = $2)
				and (u.role <> 'collaborator' or p.by_staff or n.author_id = c.requester_id)),
		said as (
			insert into messages (id, conversation_id, author_id, author_address, source, text, elided, elided_private, has_html,
				is_verified, by_staff, warnings, inbound_id, created_at)
			overriding system value
			select b.message_id, n.conversation_id, n.author_id,
				case when b.by_staff then '' else coalesce((select from_address from inbound where id = n.inbound_id),
					(select address from addresses where user_id = n.author_id and is_primary), '') end,
				n.source, n.text, n.elided, b.elided_private, n.has_html, n.is_verified, b.by_staff, n.warnings, n.inbound_id, n.created_at
			from back b join notes n on n.id = b.note
			returning id)
		select from said`, id, merge)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	const again = `from made_private p join messages m on m.id = p.message_id where m.conversation_id = $1`
	batch.Queue(`update attachments f set message_id = x.message_id, note_id = null from (select p.* `+again+`) x where f.note_id = x.note_id`, id)
	batch.Queue(`update inbound i set post_id = x.message_id, note_id = null from (select p.* `+again+`) x where i.note_id = x.note_id`, id)
	batch.Queue(`update deliveries y set post_id = x.message_id from (select p.* `+again+`) x where y.id = any(x.deliveries) and y.post_id is null`, id)
	batch.Queue(`delete from notes n using (select p.* `+again+`) x where n.id = x.note_id`, id) // and with it the row of made_private
	return tx.SendBatch(ctx, batch).Close()
}
