package main

import (
	"context"
	"fmt"
	"strings"
)

// The conversations that a grown database has: each of a requester of its own,
// known by number, so that the n-th can be answered.
func grownRequester(n int) string { return fmt.Sprintf("r%d@%s", n, senderDomain) }

func grownRoot(n int) string { return fmt.Sprintf("c.grown%d@desk.test", n) }

// grow fills a desk with conversations of one message, past all rules and triggers.
func grow(ctx context.Context, db *database, conversations int) error {
	for _, statement := range grownSQL {
		var args []any
		if strings.Contains(statement, "$1") {
			args = append(args, conversations)
		}
		if _, err := db.conn.Exec(ctx, statement, args...); err != nil {
			return fmt.Errorf("%.60s: %w", statement, err)
		}
	}
	return nil
}

// grownSQL takes the number of conversations as $1.
var grownSQL = [...]string{
	`set session_replication_role = replica`,
	`insert into users (id, name, role, enabled) overriding system value
		select 10000000 + n, 'Requester ' || n, 'customer', true from generate_series(1, $1::int) n`,
	`insert into addresses (address, user_id, is_primary, verified_at)
		select 'r' || n || '@` + senderDomain + `', 10000000 + n, true, now() from generate_series(1, $1::int) n`,
	`insert into conversations (id, subject, requester_id, mailbox_id, channel, root, created_at, updated_at) overriding system value
		select 10000000 + n, 'Grown number ' || n, 10000000 + n, (select min(id) from mailboxes), 'mail', 'c.grown' || n || '@desk.test', t, t
		from generate_series(1, $1::int) n, lateral (select now() - interval '1 minute' * ($1 - n + 1) as t) x`,
	`insert into messages (id, conversation_id, author_id, author_address, source, text, is_verified, created_at) overriding system value
		select c.id, c.id, c.requester_id, a.address, 'mail', 'Words of ' || c.subject, true, c.created_at
		from conversations c join addresses a on a.user_id = c.requester_id where c.id > 10000000`,
	`insert into search_entries (conversation_id, post, words)
		select conversation_id, id, search_vector('Grown', text) from messages where id > 10000000`,
	`insert into inbound (digest, state, attempts, tries, due_at, received_at, helo, tls, envelope_from, recipients, size, from_address, subject,
			message_id, content_digest, kind, origin, rule, opened, conversation_id, post_id, raw)
		select sha256(id::text::bytea), 'success', 1, 1, created_at, created_at, 'grown', false, author_address, '{support@desk.test}', 100, author_address, 'Grown',
			'grown' || id, sha256(id::text::bytea), 'human', 'proven', 'new', true, id, id, 'x'
		from messages where id > 10000000`,
	`set session_replication_role = origin`,
	`vacuum analyze`,
	`checkpoint`,
}

// replyTo answers a conversation as its requester. It is the n-th mail.
func replyTo(conversation, n, size int, text string) mail {
	m := composeFrom(grownRequester(conversation), "reply", n, size, text)
	m.raw = append(fmt.Appendf(nil, "In-Reply-To: <%s>\r\n", grownRoot(conversation)), m.raw...)
	return m
}
