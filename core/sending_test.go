package core_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"postdesk/core"
	"postdesk/core/coretest"
)

// outgoingTo composes all mail that waits, and gives the one to a recipient.
func outgoingTo(t *testing.T, d coretest.Desk, recipient string) *core.Outgoing {
	t.Helper()
	for {
		c, err := d.ClaimDelivery(t.Context())
		if err != nil {
			t.Fatalf("no mail to %s: %v", recipient, err)
		}
		if c.Recipient.String() == recipient {
			return c.Outgoing
		}
	}
}

func TestAReplyOutlivesAMergeThatComesBeforeItIsComposed(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{PublicURL: "https://help.desk.test"})
	agent, cara, cole := d.Agent(t, "abe@desk.test"), d.Customer(t, "cara@acme.test"), d.Customer(t, "cole@acme.test")
	older, middle, younger := d.Conversation(t, cara, "wine"), d.Conversation(t, cara, "beer"), d.Conversation(t, cara, "ale")
	d.Exec(t, `insert into participants (conversation_id, address, user_id, via) values ($1, $2, $3, 'mail')`, younger, cole.Address, cole.ID)
	if _, err := d.Reply(t.Context(), agent, younger, core.ReplyForm{Text: "Here is your ale."}); err != nil {
		t.Fatal(err)
	}
	for _, into := range []core.ConversationID{middle, older} {
		if _, err := d.Merge(t.Context(), agent, []core.ConversationID{into, younger}, false); err != nil {
			t.Fatal(err)
		}
	}
	o := outgoingTo(t, d, "cole@acme.test")
	if o == nil || o.Text != "Here is your ale." {
		t.Fatalf("composed %+v", o)
	}
	if quoted := fmt.Sprint(o.Quote); strings.Contains(quoted, "wine") || strings.Contains(quoted, "beer") {
		t.Errorf("Cole was never on what is quoted: %s", quoted)
	}
}

// TestAnAnswerAnswersTheCustomersMail: an acknowledgement is sent in between, and
// would part the answer from what it answers in a list by threads.
func TestAnAnswerAnswersTheCustomersMail(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{"one@acme.test": "one@acme.test", "": "the acknowledgement"} {
		d := coretest.OpenDesk(t, core.Config{PublicURL: "https://help.desk.test"})
		m := file(t, d, written("cara@acme.test", id, "Hello"), core.Proven)
		ack, err := d.ClaimDelivery(t.Context())
		if err == nil {
			err = d.StoreComposed(t.Context(), ack, []byte("bytes"))
		}
		if err != nil || ack.Purpose != core.PurposeAcknowledgement {
			t.Fatalf("%s: %v", ack.Purpose, err)
		}
		if _, err := d.Reply(t.Context(), d.Agent(t, "abe@desk.test"), m.Conversation, core.ReplyForm{Text: "Here"}); err != nil {
			t.Fatal(err)
		}
		o := outgoingTo(t, d, "cara@acme.test")
		if want == "the acknowledgement" {
			want = ack.Outgoing.MessageID
		}
		if o.InReplyTo != want || len(o.References) != 2 || o.References[1] != want {
			t.Errorf("a mail with the id %q is answered in reply to %q, references %q", id, o.InReplyTo, o.References)
		}
	}
}

func TestABareAddressInCCIsNotAskedToSetAPassword(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{PublicURL: "https://help.desk.test"})
	agent := d.Agent(t, "abe@desk.test")
	id := d.Conversation(t, d.Customer(t, "cara@acme.test"), "wine")
	if _, err := d.Reply(t.Context(), agent, id, core.ReplyForm{Text: "Here", CC: []string{"cole@acme.test"}}); err != nil {
		t.Fatal(err)
	}
	if o := outgoingTo(t, d, "cara@acme.test"); o.AccountPage == "" {
		t.Error("Cara, who got no account mail, is not shown the page")
	}
	if o := outgoingTo(t, d, "cole@acme.test"); o.AccountPage != "" {
		t.Error("Cole has no account")
	}
}

func TestWhoseAccountMailWasDiscardedIsShownThePage(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{PublicURL: "https://help.desk.test"})
	agent := d.Agent(t, "abe@desk.test")
	m := file(t, d, written("cara@acme.test", "one@acme.test", "Hello"), core.Unproven)
	if err := d.DiscardUnproven(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Reply(t.Context(), agent, m.Conversation, core.ReplyForm{Text: "Here"}); err != nil {
		t.Fatal(err)
	}
	if o := outgoingTo(t, d, "cara@acme.test"); o.AccountPage == "" {
		t.Error("nobody ever asked Cara to set a password")
	}
}

func TestAServersAnswerCannotKeepAMailFromItsEnd(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true, PublicURL: "https://help.desk.test"})
	agent, cara := d.Agent(t, "abe@desk.test"), d.Customer(t, "cara@acme.test")
	older, id := d.Conversation(t, cara, "ale"), d.Conversation(t, cara, "wine")
	if _, err := d.Reply(t.Context(), agent, id, core.ReplyForm{Text: "Here"}); err != nil {
		t.Fatal(err)
	}
	c, err := d.ClaimDelivery(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Merge(t.Context(), agent, []core.ConversationID{older, id}, false); err != nil {
		t.Fatal(err)
	}
	if err := d.FinishDelivery(t.Context(), c, core.Receipt{Outcome: core.Never, Code: 550, Text: "No\x00 such \xff user"}); err != nil {
		t.Fatal(err)
	}
	if told := d.Text(t, `select count(*)::text from events where kind = 'delivery_failed' and conversation_id = $1`, older); told != "1" {
		t.Error("the failure is not told where the conversation goes on")
	}
}

func TestTheFilesOfALargeMailAreReadFromItOnce(t *testing.T) {
	t.Parallel()
	files := make([]core.Attachment, 40)
	for i := range files {
		files[i] = core.Attachment{Filename: fmt.Sprint(i), ContentType: "image/png", Content: []byte{byte(i)}}
	}
	reads := 0
	d := coretest.OpenDesk(t, core.Config{PublicURL: "https://help.desk.test", Read: func([]byte) core.Letter {
		reads++
		return core.Letter{Attachments: files}
	}})
	d.Owner(t, "olga@desk.test")
	l := written("cara@acme.test", "one@acme.test", "Hello")
	l.Attachments = files
	file(t, d, l, core.Proven)
	o := outgoingTo(t, d, "olga@desk.test")
	if len(o.Files) != 40 || o.Files[7].Content[0] != 7 || reads != 1 {
		t.Errorf("%d files, the mail was read %d times", len(o.Files), reads)
	}
}

func TestAMailForAConversationThatIsMergedTwiceMeanwhileGoesToTheSurvivor(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Customer(t, "cara@acme.test")
	last, middle := d.Conversation(t, cara, "last"), d.Conversation(t, cara, "middle")
	first := file(t, d, written("cara@acme.test", "one@acme.test", "Hello"), core.Proven).Conversation
	one, err := d.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	two, err := d.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	merge := `update conversations set merged_into = $2 where id = $1`
	if _, err := one.Exec(t.Context(), merge, first, middle); err != nil {
		t.Fatal(err)
	}
	if _, err := two.Exec(t.Context(), merge, middle, last); err != nil {
		t.Fatal(err)
	}
	l := written("cara@acme.test", "two@acme.test", "More")
	l.References = []string{"one@acme.test"}
	l.Kind, l.FromFields = core.KindHuman, 1
	claim, err := d.Accept(t.Context(), core.Envelope{From: "cara@acme.test", Recipients: []string{"support@desk.test"}}, []byte("two"), true)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- d.Apply(t.Context(), claim, l, core.Origin{Verdict: core.Proven}) }()
	for _, merging := range []pgx.Tx{one, two} {
		blocksSomebody(t, d, merging)
		if err := merging.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if at := d.Text(t, `select conversation_id::text from messages where inbound_id = $1`, claim.ID); at != fmt.Sprint(last) {
		t.Errorf("filed in #%s, which was merged into #%d meanwhile", at, last)
	}
}

// blocksSomebody waits until somebody waits for a transaction.
func blocksSomebody(t *testing.T, d coretest.Desk, tx pgx.Tx) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if d.Text(t, `select count(*)::text from pg_stat_activity where $1 = any (pg_blocking_pids(pid))`, tx.Conn().PgConn().PID()) != "0" {
			return
		}
	}
	t.Fatal("nobody waits")
}

// TestNoMailWalksOverEverything holds that what is looked up for each mail is
// found by an index.
func TestNoMailWalksOverEverything(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	// Somebody who got many mails: an index of all of them is no way to the few with a link.
	d.Exec(t, `insert into deliveries (purpose, state, recipient, user_id, mailbox_id, bounce_name, id_name, automatic)
		select 'copy', 'sent', 'a@x.test', $1, $2, n, n, false from generate_series(1, 1000) n`, d.Customer(t, "a@x.test").ID, d.Mailbox)
	d.Exec(t, `analyze deliveries`)
	for sql, index := range map[string]string{
		`update participants set user_id = 1 where address = 'a@x.test' and user_id is null`:                                    "participants_bare",
		`update tokens set user_id = 1 where address = 'a@x.test' and user_id is null`:                                          "tokens_bare",
		`update inbound set post_id = null where post_id = 1`:                                                                   "inbound_of_message",
		`select count(*) from inbound where state = 'suspended' and raw is not null`:                                            "inbound_suspended",
		`select count(*) from inbound where automatic_skipped is not null and received_at > now() - interval '1 day'`:           "inbound_skipped",
		`update deliveries set state = 'failed' where user_id = 1 and link_purpose is not null and state in ('queued', 'held')`: "deliveries_with_link",
	} {
		tx, err := d.Pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), `set local enable_seqscan = off`); err != nil {
			t.Fatal(err)
		}
		rows, err := tx.Query(t.Context(), `explain `+sql)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || !strings.Contains(strings.Join(plan, "\n"), index) {
			t.Errorf("%s does not use %s: %v %s", sql, index, err, plan)
		}
		_ = tx.Rollback(t.Context())
	}
}

func TestOnePersonNamedTwiceGetsOneCopy(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cole, abe := d.Customer(t, "cole@acme.test"), d.Customer(t, "abe@acme.test")
	d.Exec(t, `insert into addresses (address, user_id, is_primary, verified_at) values ('cole@home.test', $1, false, now())`, cole.ID)
	l := written("cara@acme.test", "one@acme.test", "Hello")
	for _, cc := range []string{"cole@home.test", "cole@acme.test", "abe@acme.test"} {
		l.Cc = append(l.Cc, core.NamedAddress{Address: cc})
	}
	m := file(t, d, l, core.Proven)
	if in := d.Text(t, `select string_agg(address, ' ' order by address) from participants where conversation_id = $1`, m.Conversation); in != "abe@acme.test cole@home.test" && in != "abe@acme.test cole@acme.test" {
		t.Errorf("in CC: %s", in)
	}
	d.Exec(t, `update users set role = 'agent' where id = $1`, abe.ID)
	agent := d.Agent(t, "agent@desk.test")
	if _, err := d.AddNote(t.Context(), agent, m.Conversation, "Look"); err != nil {
		t.Fatal(err)
	}
	if n := d.Text(t, `select count(*)::text from deliveries where recipient = 'abe@acme.test' and kind = 'note'`); n != "1" {
		t.Error("an agent in CC counts as a follower")
	}
}
