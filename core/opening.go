package core

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// An opening is a mail that opens a conversation.
type opening struct {
	a   *arrival
	own *ours
	dec Decision
}

// openSQL makes the customers of unknown addresses, and a conversation with its
// first message for each mail, in one statement: with one for each mail PostgreSQL
// was more occupied by starting them than by what they did. An address that somebody
// took in the meantime gives no row. (Not "exists": a plan made while there were few
// addresses would go on reading all of them.)
const openSQL = `
	with given as materialized (
		select g.*, case when g.makes then nextval('users_id_seq') else g.known end as author,
			nextval('conversations_id_seq') as conversation, nextval('messages_id_seq') as message
		from unnest($1::text[], $2::boolean[], $3::text[], $4::boolean[], $5::bigint[], $6::text[], $7::bigint[], $8::text[],
			$9::timestamptz[], $10::text[], $11::text[], $12::boolean[], $13::boolean[], $14::text[], $15::bigint[], $16::tsvector[])
			with ordinality as g (name, makes, address, verified, known, subject, mailbox, root,
			received_at, text, elided, elided_private, has_html, warnings, inbound, words, n)
		where not (g.makes and coalesce((select true from addresses where address = g.address), (select true from mailboxes where address = g.address), false))),
	account as (
		insert into users (id, name, role, enabled) overriding system value
		select author, name, 'customer', true from given where makes),
	identity as (
		insert into addresses (address, user_id, is_primary, verified_at)
		select address, author, true, case when verified then now() end from given where makes),
	conversation as (
		insert into conversations (id, subject, requester_id, mailbox_id, channel, root, created_at, updated_at) overriding system value
		select conversation, subject, author, mailbox, 'mail', root, received_at, received_at from given),
	message as (
		insert into messages (id, conversation_id, author_id, author_address, source, text, elided, elided_private, has_html, is_verified,
			warnings, inbound_id, created_at) overriding system value
		select message, conversation, author, address, 'mail', text, elided, elided_private, has_html, verified,
			string_to_array(warnings, E'\n'), inbound, received_at from given),
	entry as (
		insert into search_entries (conversation_id, post, words)
		select conversation, message, search_vector(subject || ' ' || coalesce(
			(select u.name || ' ' || string_agg(a.address, ' ') from users u join addresses a on a.user_id = u.id where u.id = given.known group by u.id),
			name || ' ' || address), '') || words from given)
	select n, author, conversation, message from given`

// openAll opens conversations. ErrConflict when an address was taken meanwhile.
func openAll(ctx context.Context, tx pgx.Tx, list []opening) error {
	if len(list) == 0 {
		return nil
	}
	found, err := tx.Query(ctx, openSQL, openingColumns(list)...)
	if err != nil {
		return err
	}
	var n int
	var author UserID
	var opened filed
	tag, err := pgx.ForEachRow(found, []any{&n, &author, &opened.conversation, &opened.post}, func() error {
		a := list[n-1].a
		a.author.ID, a.opened = author, opened
		return nil
	})
	if err == nil && int(tag.RowsAffected()) < len(list) {
		err = fmt.Errorf("an address was taken in the meantime: %w", ErrConflict)
	}
	return err
}

// openingColumns are the mails as openSQL takes them: a list for each column.
func openingColumns(list []opening) []any {
	text, elided, words := make([]string, len(list)), make([]string, len(list)), make([]pgtype.TSVector, len(list))
	for i, o := range list {
		text[i], elided[i] = publicText(o.a, o.dec)
		words[i] = searchWords(text[i])
	}
	return []any{
		column(list, func(o opening) string { return authorName(o.a) }),
		column(list, func(o opening) bool { return o.dec.MakesAccount }),
		column(list, func(o opening) string { return o.a.from.String() }),
		column(list, func(o opening) bool { return o.dec.Verified }),
		column(list, func(o opening) UserID { return o.a.author.ID }),
		column(list, func(o opening) string { return subjectOf(o.a.letter) }),
		column(list, func(o opening) MailboxID { return o.a.mailbox }),
		column(list, func(o opening) string { return newRoot(o.a.claimDomain(o.own)) }),
		column(list, func(o opening) time.Time { return o.a.claim.Envelope.ReceivedAt }),
		text, elided,
		column(list, func(o opening) bool { return o.dec.Rule == RuleMention }),
		column(list, func(o opening) bool { return o.a.letter.HTML != "" }),
		column(list, func(o opening) string { return strings.Join(o.dec.Warnings, "\n") }),
		column(list, func(o opening) InboundID { return o.a.claim.ID }),
		words,
	}
}

// column is one value of each, for a statement that takes them all at once.
func column[T, V any](list []T, of func(T) V) []V {
	values := make([]V, len(list))
	for i, v := range list {
		values[i] = of(v)
	}
	return values
}
