package coretest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"postdesk/core"
)

// A Desk is a core.Desk on a database of the test's own, with one mailbox. Its
// builders write rows as they would stand there, without mail or rights.
type Desk struct {
	*core.Desk
	Pool    *pgxpool.Pool
	Mailbox core.MailboxID
}

// OpenDesk opens a desk whose mailbox is support@desk.test. Mail is held.
func OpenDesk(t testing.TB, cfg core.Config) Desk {
	t.Helper()
	pool := Database(t)
	desk, err := core.Open(t.Context(), pool, cfg)
	if err != nil {
		t.Fatalf("open desk: %v", err)
	}
	d := Desk{Desk: desk, Pool: pool}
	d.scan(t, &d.Mailbox, `with d as (insert into own_domains values ('desk.test'))
		insert into mailboxes (address, name) values ('support@desk.test', 'Support') returning id`)
	return d
}

// Person makes an enabled account, named like the address, and gives it as an
// Actor with the built-in rights of its role.
func (d Desk) Person(t testing.TB, role core.Role, email string) core.Actor {
	t.Helper()
	address, err := core.ParseAddress(email)
	if err != nil {
		t.Fatal(err)
	}
	local := address.Local()
	a := core.Actor{Role: role, Rights: core.BuiltinRights(role), Enabled: true, Address: address,
		Name: strings.ToUpper(local[:1]) + local[1:]}
	d.scan(t, &a.ID, `insert into users (name, role, enabled) values ($1, $2, true) returning id`, a.Name, a.Role)
	d.Exec(t, `insert into addresses (address, user_id, is_primary, verified_at) values ($1, $2, true, now())`, address, a.ID)
	return a
}

// Conversation makes one of the requester's, with a first message.
func (d Desk) Conversation(t testing.TB, requester core.Actor, text string) core.ConversationID {
	t.Helper()
	var id core.ConversationID
	d.scan(t, &id, `
		insert into conversations (subject, requester_id, mailbox_id, channel, root)
		values ($1, $2, $3, 'mail', 'c.' || gen_random_uuid() || '@desk.test') returning id`,
		"About "+text, requester.ID, d.Mailbox)
	d.Message(t, id, requester, text)
	return id
}

// Message adds public words.
func (d Desk) Message(t testing.TB, id core.ConversationID, author core.Actor, text string) core.PostID {
	t.Helper()
	var post core.PostID
	d.scan(t, &post, `
		insert into messages (conversation_id, author_id, author_address, source, text, is_verified, by_staff)
		values ($1, $2, $3, 'mail', $4, true, $5) returning id`,
		id, author.ID, author.Address.String(), text, author.Role.Agent())
	return post
}

// Note adds private words about a conversation.
func (d Desk) Note(t testing.TB, id core.ConversationID, author core.Actor, text string) core.NoteID {
	t.Helper()
	var note core.NoteID
	d.scan(t, &note, `
		insert into notes (conversation_id, author_id, source, text, is_verified)
		values ($1, $2, 'agent', $3, true) returning id`, id, author.ID, text)
	return note
}

// Session signs a person in without a password.
func (d Desk) Session(t testing.TB, who core.UserID) core.SessionID {
	t.Helper()
	var id core.SessionID
	d.scan(t, &id, `insert into sign_ins (user_id, credential_version) select id, credential_version from users where id = $1 returning id`, who)
	return id
}

// Exec runs a statement that must succeed.
func (d Desk) Exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := d.Pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// Text gives one value as text.
func (d Desk) Text(t testing.TB, sql string, args ...any) string {
	t.Helper()
	var v any
	d.scan(t, &v, sql, args...)
	return fmt.Sprint(v)
}

func (d Desk) scan(t testing.TB, to any, sql string, args ...any) {
	t.Helper()
	if err := d.Pool.QueryRow(t.Context(), sql, args...).Scan(to); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
