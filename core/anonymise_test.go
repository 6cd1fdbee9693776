package core_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"postdesk/core"
	"postdesk/core/coretest"
)

// keptWords are the columns where a deleted person's name or address may still
// stand: the desk's record of what was said, and decisions about mail to come.
func keptWords() map[string]string {
	return map[string]string{
		"inbound.raw": "the raw mail", "inbound.subject": "a subject", "inbound.message_id": "how the sender's program calls the mail",
		"conversations.subject": "a subject", "deliveries.subject": "the conversation's subject",
		"messages.text": "words", "messages.elided": "words", "notes.text": "words", "notes.elided": "words", "drafts.text": "words",
		"attachments.filename": "words", "attachments.content": "words", "attachments.content_id": "words",
		"sender_list.pattern": "a block", "search_entries.words": "words, and how the person is called now",
	}
}

// tracesOf looks for a text in every column of the database, of whatever type.
func tracesOf(t *testing.T, d coretest.Desk, text string) (found []string) {
	t.Helper()
	columns, err := d.Pool.Query(t.Context(), `
		select c.table_name, c.column_name, c.data_type = 'bytea' from information_schema.columns c join information_schema.tables b using (table_schema, table_name)
		where c.table_schema = 'public' and b.table_type = 'BASE TABLE' order by 1, 2`)
	if err != nil {
		t.Fatal(err)
	}
	type column struct {
		Table, Name string
		Bytes       bool
	}
	all, err := pgx.CollectRows(columns, pgx.RowToStructByPos[column])
	if err != nil || len(all) < 100 {
		t.Fatalf("%d columns (%v)", len(all), err)
	}
	kept := keptWords()
	for _, c := range all {
		as := pgx.Identifier{c.Name}.Sanitize() + `::text`
		if c.Bytes {
			as = `encode(` + pgx.Identifier{c.Name}.Sanitize() + `, 'escape')`
		}
		var n int
		if err := d.Pool.QueryRow(t.Context(), `select count(*) from `+pgx.Identifier{c.Table}.Sanitize()+` where `+as+` ilike '%' || $1 || '%'`, text).Scan(&n); err != nil {
			t.Fatalf("%s.%s: %v", c.Table, c.Name, err)
		}
		if _, words := kept[c.Table+"."+c.Name]; n > 0 && !words {
			found = append(found, c.Table+"."+c.Name)
		}
	}
	return found
}

// eventful gives somebody as much of a history as there is.
func eventful(t *testing.T, d coretest.Desk) (cara core.UserID, conversation core.ConversationID) {
	t.Helper()
	ctx, owner, agent := t.Context(), d.Owner(t, "olga@desk.test"), d.Agent(t, "abe@desk.test")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	first := written("canaria@acme.test", "1@acme.test", "Hello, this is Canaria Bird")
	first.From[0].Name = "Canaria Bird"
	first.To = []core.NamedAddress{{Address: "cole@far.test"}}
	conversation = file(t, d, first, core.Proven).Conversation
	cara = whose(t, d, "canaria@acme.test")
	eve := d.Customer(t, "eve@stranger.test")
	theirs := d.Conversation(t, eve, "of Eve")
	must(d.AddIdentity(ctx, owner, cara, "canaria@home.test"))
	must(d.AddParticipant(ctx, agent, theirs, "canaria@home.test"))
	phone, name, tags := "555-CANARIA", "Canaria Bird", []string{"canaria"}
	_, err := d.UpdateUser(ctx, owner, cara, core.UserChanges{Name: &name, Phone: &phone, Tags: &tags})
	must(err)
	_, err = d.AddUserNote(ctx, agent, cara, "canaria@acme.test likes tea, @abe@desk.test")
	must(err)
	_, err = d.Reply(ctx, agent, conversation, core.ReplyForm{Text: "Dear Canaria", CC: []string{"canaria@home.test", "cole@far.test"}})
	must(err)
	email := "eve@stranger.test"
	must(d.UpdateConversation(ctx, agent, conversation, core.Changes{RequesterEmail: &email, ConfirmRequester: true}))
	email = "canaria@acme.test"
	must(d.UpdateConversation(ctx, agent, conversation, core.Changes{RequesterEmail: &email, ConfirmRequester: true}))
	second := written("eve@stranger.test", "2@stranger.test", "Look, canaria@acme.test")
	second.Cc = []core.NamedAddress{{Name: "Canaria Bird", Address: "canaria@home.test"}}
	file(t, d, second, core.Unproven)
	third := written("canaria@home.test", "3@home.test", "Again")
	third.From[0].Name, third.Cc = "Canaria at home", []core.NamedAddress{{Address: "zoe@far.test"}}
	file(t, d, third, core.Proven, replyAddressOf(t, d, "canaria@acme.test"))
	_, _, err = d.SignIn(ctx, "canaria@acme.test", "wrong", "192.0.2.9")
	if !errors.Is(err, core.ErrForbidden) {
		t.Fatal(err)
	}
	must(d.RequestReset(ctx, "canaria@home.test", "192.0.2.9"))
	d.Exec(t, `insert into suppressions (address, reason) values ('canaria@home.test', '550 <canaria@home.test> unknown')`)
	d.Exec(t, `insert into automatic_mutes values ('canaria@acme.test')`)
	d.Exec(t, `insert into sender_list (list, pattern) values ('safe', 'canaria@acme.test'), ('block', 'canaria@home.test')`)
	// A notice of what Eve wrote holds her words, and those stay.
	d.Exec(t, `update deliveries set state = 'sent', last_response = '250 CANARIA@acme.test ok',
		bytes = case when conversation_id is null or conversation_id in ($1, $2) then 'To: canaria@acme.test' else 'words' end::bytea`, conversation, theirs)
	d.Exec(t, `insert into delivery_attempts (delivery_id, attempt, outcome, response) select id, 1, 'sent', '250 canaria@acme.test' from deliveries`)
	must(d.ClearSuppression(ctx, owner, "canaria@home.test"))
	d.Exec(t, `insert into drafts (conversation_id, user_id, source, text, cc) values ($1, $2, 'agent', 'x', '{Canaria@acme.test,cole@far.test}')`, theirs, agent.ID)
	d.Exec(t, `insert into api_answers (user_id, key, request, body) values ($1, 'k', 'x', 'made canaria@acme.test')`, agent.ID)
	d.Exec(t, `insert into events (conversation_id, kind, detail) values ($1, 'delivery_failed', '{"text": "cannot be reached: 550 canaria@acme.test"}')`, theirs)

	double := d.Customer(t, "canaria@third.test")
	d.Exec(t, `update users set name = 'Canaria Double', phone = '555-CANARIA' where id = $1`, double.ID)
	must(d.MergeUsers(ctx, agent, cara, double.ID))
	split := d.Customer(t, "splitter@far.test")
	must(d.MergeUsers(ctx, agent, split.ID, cara))
	must(d.UnmergeUsers(ctx, agent, cara))
	d.Exec(t, `insert into sign_ins (user_id, credential_version, client, browser) values ($1, 1, 'canaria', 'canaria')`, cara)
	return cara, conversation
}

func TestOfADeletedPersonNothingIsLeftButWhatWasSaid(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara, conversation := eventful(t, d)
	owner := d.Owner(t, "second@desk.test")
	d.Exec(t, `update instance set accepts_unknown = true`)
	if found := strings.Join(tracesOf(t, d, "canaria"), " "); !strings.Contains(found, "addresses.address") || !strings.Contains(found, "deliveries.bytes") ||
		!strings.Contains(found, "audit.detail") || !strings.Contains(found, "user_merges.moved") || !strings.Contains(found, "events.detail") {
		t.Fatalf("the canary sings in %s only", found)
	}
	words := d.Text(t, `select (select count(*) from messages) || ' ' || (select count(*) from conversations) || ' ' || (select count(*) from inbound where raw is not null)`)
	untouched := d.Text(t, `select string_agg(a.address || u.name, ' ' order by a.address) from addresses a join users u on u.id = a.user_id where address not like 'canaria%'`)

	if err := d.AnonymiseUser(t.Context(), owner, cara); err != nil {
		t.Fatal(err)
	}
	if found := tracesOf(t, d, "canaria"); len(found) > 0 {
		t.Errorf("the canary still sings in %s", strings.Join(found, " "))
		for _, column := range found {
			table, name, _ := strings.Cut(column, ".")
			t.Log(column, d.Text(t, fmt.Sprintf(`select string_agg(%s::text, ' | ') from %s where %[1]s::text ilike '%%canaria%%'`, name, table)))
		}
	}
	if n := d.Text(t, `select count(*) from search_entries e left join messages m on m.id = e.post left join notes n on n.id = -e.post
		where e.words <> search_vector(search_about(e.conversation_id), coalesce(m.text, n.text)) or e.words @@ 'canaria' and coalesce(m.text, n.text) not ilike '%canaria%'`); n != "0" {
		t.Errorf("the search finds the person in %s entries by what nobody said", n)
	}
	if got := d.Text(t, `select (select count(*) from messages) || ' ' || (select count(*) from conversations) || ' ' || (select count(*) from inbound where raw is not null)`); got != words {
		t.Errorf("the record was %s and is %s", words, got)
	}
	if got := d.Text(t, `select string_agg(a.address || u.name, ' ' order by a.address) from addresses a join users u on u.id = a.user_id`); got != untouched {
		t.Errorf("others were %s and are %s", untouched, got)
	}
	if got := d.Text(t, `select array_to_string(cc, ' ') from drafts`); got != "cole@far.test" {
		t.Errorf("the draft goes to %s", got)
	}
	c, err := d.Desk.Conversation(t.Context(), owner, conversation)
	if err != nil || c.Requester.DisplayName() != core.DeletedName || !c.Requester.Address.IsZero() {
		t.Errorf("the requester is %+v (%v)", c.Requester, err)
	}
	u, err := d.User(t.Context(), owner, cara)
	if err != nil || !u.Deleted || u.DisplayName() != core.DeletedName || len(u.Addresses) > 0 || u.Enabled {
		t.Errorf("the person is %+v (%v)", u, err)
	}
	if journey, err := d.UserJourney(t.Context(), owner, cara, core.JourneyFilter{Only: core.EntryEvent}); err != nil || len(journey) != 1 || journey[0].Event != "anonymised" {
		t.Errorf("journey %+v (%v)", journey, err)
	}
	if got := d.Text(t, `select count(*) from audit where object = 'user ' || $1::bigint and act in ('user.updated', 'user.address_added', 'user.merged', 'user.anonymised')`, cara); got != "4" {
		t.Errorf("%s acts on the person are left in the audit", got)
	}
	for name, err := range map[string]error{
		"enabled": d.EnableUser(t.Context(), owner, cara), "mailed": d.SendAccountMail(t.Context(), owner, cara), "deleted": d.AnonymiseUser(t.Context(), owner, cara),
		"given an address": d.AddIdentity(t.Context(), owner, cara, "new@acme.test"), "merged": d.MergeUsers(t.Context(), owner, whose(t, d, "eve@stranger.test"), cara),
		"noted on": nil,
	} {
		if name != "noted on" && !errors.Is(err, core.ErrConflict) {
			t.Errorf("%s again: %v", name, err)
		}
	}
	name := "Back"
	if _, err := d.UpdateUser(t.Context(), owner, cara, core.UserChanges{Name: &name}); !errors.Is(err, core.ErrConflict) {
		t.Errorf("renamed: %v", err)
	}
	if users, total, err := d.Users(t.Context(), owner, core.UserFilter{Query: "Deleted"}); err != nil || total != 0 {
		t.Errorf("found in the list: %v (%v)", users, err)
	}
}

func TestMailOfADeletedPersonIsASomebodyNew(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	owner := d.Owner(t, "olga@desk.test")
	first := file(t, d, written("cara@acme.test", "1@acme.test", "Hello"), core.Proven)
	if _, err := d.Reply(t.Context(), owner, first.Conversation, core.ReplyForm{Text: "Hello Cara"}); err != nil {
		t.Fatal(err)
	}
	c := claimTo(t, d, "cara@acme.test", core.PurposeReply)
	was := whose(t, d, "cara@acme.test")
	if err := d.AnonymiseUser(t.Context(), owner, was); err != nil {
		t.Fatal(err)
	}
	byToken := file(t, d, written("cara@acme.test", "2@acme.test", "By token"), core.Proven, c.Outgoing.ReplyTo)
	thread := written("cara@acme.test", "3@acme.test", "By thread")
	thread.InReplyTo = []string{c.Outgoing.MessageID}
	byThread := file(t, d, thread, core.Proven)
	now := whose(t, d, "cara@acme.test")
	if now == was || byToken.Rule != core.RuleNew || byThread.Rule != core.RuleElsewhere {
		t.Errorf("user %d was %d; by token %s, by thread %s", now, was, byToken.Rule, byThread.Rule)
	}
	if by := d.Text(t, `select string_agg(distinct author_id::text, ' ') from messages where inbound_id in ($1, $2)`, byToken.ID, byThread.ID); by != fmt.Sprint(now) {
		t.Errorf("written by %s", by)
	}
	if got := d.Text(t, `select count(*) from conversation_links where conversation_id = $1 and other_id = $2`, byThread.Conversation, first.Conversation); got != "1" {
		t.Errorf("%s links to the old conversation", got)
	}
	me := core.Actor{ID: now, Role: core.RoleCustomer, Enabled: true}
	if _, err := d.MyConversation(t.Context(), me, first.Conversation); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("who comes anew reads what was: %v", err)
	}
}

// claimTo composes mails until the one of a purpose to somebody.
func claimTo(t *testing.T, d coretest.Desk, recipient string, purpose core.DeliveryPurpose) core.Delivery {
	t.Helper()
	for {
		c, err := d.ClaimDelivery(t.Context())
		if err != nil {
			t.Fatalf("no %s to %s: %v", purpose, recipient, err)
		}
		if c.Outgoing == nil {
			continue
		}
		if err := d.StoreComposed(t.Context(), c, []byte("bytes")); err != nil {
			t.Fatal(err)
		}
		if c.Recipient.String() == recipient && c.Outgoing.Purpose == purpose {
			return c
		}
	}
}

func TestWhoMayDeletePeople(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	owner, admin, agent := d.Owner(t, "olga@desk.test"), d.Admin(t, "ada@desk.test"), d.Agent(t, "abe@desk.test")
	mia, cara, second := d.Collaborator(t, "mia@partner.test"), d.Customer(t, "cara@acme.test"), d.Admin(t, "second@desk.test")
	for name, c := range map[string]struct {
		actor core.Actor
		whom  core.UserID
		want  error
	}{
		"a customer":                    {cara, cara.ID, core.ErrForbidden},
		"a collaborator":                {mia, cara.ID, core.ErrForbidden},
		"an agent":                      {agent, cara.ID, core.ErrForbidden},
		"an admin, himself":             {admin, admin.ID, core.ErrForbidden},
		"an admin, an owner":            {admin, owner.ID, core.ErrConflict},
		"the last owner, herself":       {owner, owner.ID, core.ErrConflict},
		"an admin, somebody not there":  {admin, 999, core.ErrNotFound},
		"an admin with an old standing": {core.Actor{ID: mia.ID, Role: core.RoleAdmin, Enabled: true, Rights: core.BuiltinRights(core.RoleAdmin)}, cara.ID, core.ErrForbidden},
	} {
		if err := d.AnonymiseUser(t.Context(), c.actor, c.whom); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if got := d.Text(t, `select count(*) from users where anonymised_at is not null`); got != "0" {
		t.Fatalf("%s were deleted", got)
	}
	another := d.Owner(t, "omar@desk.test")
	if err := d.AnonymiseUser(t.Context(), admin, another.ID); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("an admin deletes an owner: %v", err)
	}
	conversation := d.Conversation(t, cara, "asked")
	d.Exec(t, `update conversations set assignee_id = $2 where id = $1`, conversation, second.ID)
	for _, whom := range []core.Actor{mia, agent, second} {
		if err := d.AnonymiseUser(t.Context(), admin, whom.ID); err != nil {
			t.Errorf("an admin deletes a %s: %v", whom.Role, err)
		}
	}
	if err := d.AnonymiseUser(t.Context(), owner, another.ID); err != nil {
		t.Errorf("an owner deletes an owner: %v", err)
	}
	if got := d.Text(t, `select coalesce(assignee_id, 0) from conversations`); got != "0" {
		t.Errorf("assigned to %s", got)
	}
}
