package core_test

import (
	"fmt"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestTagsAreCleanCountedAndCompletedFromWhatTheReaderSees(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara, abe, mia := d.Customer(t, "cara@acme.test"), d.Agent(t, "abe@desk.test"), d.Collaborator(t, "mia@partner.test")
	near := d.Agent(t, "near@desk.test")
	near.Rights.Access = core.AccessOwn
	id, other := d.Conversation(t, cara, "one"), d.Conversation(t, cara, "other")
	d.Exec(t, `update conversations set assignee_id = $2 where id = $1`, id, near.ID)
	change := func(who core.Actor, id core.ConversationID, add, remove string) string {
		return answer(d.ChangeTags(t.Context(), who, id, strings.Split(add, ","), strings.Split(remove, ",")))
	}
	if got := change(abe, id, " Billing ,billing,refund\x00,"+strings.Repeat("x", 60), ""); got != "200" {
		t.Error(got)
	}
	if got := change(abe, id, "BILLING,late", "REFUND"); got != "200" {
		t.Error(got)
	}
	if got := d.Text(t, `select array_to_string(tags, ' ') from conversations where id = $1`, id); got != "Billing late "+strings.Repeat("x", 50) {
		t.Error(got)
	}
	change(abe, other, "bill-me,secret", "")
	var many []string
	for i := range 25 {
		many = append(many, fmt.Sprint("t", i))
	}
	for who, want := range map[string]string{change(abe, id, strings.Join(many, ","), ""): "400", change(mia, id, "x", ""): "403", change(cara, id, "x", ""): "404"} {
		if who != want {
			t.Errorf("%s, want %s", who, want)
		}
	}
	for name, c := range map[string]struct {
		who       core.Actor
		typed     string
		completed string
	}{"all": {abe, "bil", "Billing bill-me"}, "own": {near, "bil", "Billing"}, "no pattern": {abe, "%", ""}} {
		got, err := d.UsedTags(t.Context(), c.who, c.typed)
		if err != nil || strings.Join(got, " ") != c.completed {
			t.Errorf("%s: %q (%v)", name, got, err)
		}
	}
	if got := answer(ignore(d.UsedTags(t.Context(), cara, ""))); got != "404" {
		t.Errorf("a customer: %s", got)
	}
}

// TestATagIsRenamedMergedAndDeletedOnAllConversations with an event on each and one
// entry in the audit. Letter case tells no tags apart.
func TestATagIsRenamedMergedAndDeletedOnAllConversations(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara, admin, abe := d.Customer(t, "cara@acme.test"), d.Admin(t, "ada@desk.test"), d.Agent(t, "abe@desk.test")
	var ids []core.ConversationID
	for _, tags := range []string{"{vip,late}", "{VIP}", "{important,vip}", "{late}"} {
		id := d.Conversation(t, cara, "tagged")
		d.Exec(t, `update conversations set tags = $2::text[] where id = $1`, id, tags)
		ids = append(ids, id)
	}
	d.Exec(t, `update conversations set trashed_at = now() where id = $1`, ids[1])
	all := func() string {
		return d.Text(t, `select string_agg(array_to_string(tags, ','), ' | ' order by id) from conversations`)
	}
	list := func() (said []string) {
		found, err := d.Tags(t.Context(), admin, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			said = append(said, fmt.Sprint(f.Tag, " ", f.Conversations))
		}
		return said
	}
	if got := strings.Join(list(), ", "); got != "important 1, late 2, vip 3" {
		t.Errorf("the tags are %s", got)
	}
	rename := func(who core.Actor, from, to string, merge bool) string {
		n, err := d.RenameTag(t.Context(), who, from, to, merge)
		return fmt.Sprint(answer(err), " ", n)
	}
	for _, c := range []struct{ got, want, all string }{
		{rename(abe, "vip", "x", true), "403 0", "late,vip"},
		{rename(admin, "vip", "Important", false), "400 0", "late,vip"},
		{rename(admin, "vip", "a, b", true), "400 0", "late,vip"},
		{rename(admin, "nobody", "x", false), "409 0", "late,vip"},
	} {
		if c.got != c.want {
			t.Errorf("it is %s, want %s", c.got, c.want)
		}
	}
	if got := all(); got != "vip,late | VIP | important,vip | late" {
		t.Errorf("what was refused left %s", got)
	}
	if got := rename(admin, "Vip", "Important", true); got != "200 3" || all() != "Important,late | Important | Important | late" {
		t.Errorf("merged: %s, and the tags are %s", got, all())
	}
	if got := rename(admin, "important", "key", false); got != "200 3" || all() != "key,late | key | key | late" {
		t.Errorf("renamed: %s, and the tags are %s", got, all())
	}
	if n, err := d.DeleteTag(t.Context(), admin, "late"); err != nil || n != 2 || all() != "key | key | key | " {
		t.Errorf("deleted: %d, %v, and the tags are %s", n, err, all())
	}
	if got := d.Text(t, `select string_agg(detail->>'from' || (detail->>'to'), ' ' order by id) from events where kind = 'tags' and conversation_id = $1`, ids[2]); got != `["important", "vip"]["Important"] ["Important"]["key"]` {
		t.Errorf("the events are %s", got)
	}
	if got := d.Text(t, `select string_agg(act || ' ' || object || ' ' || (detail->>'conversations'), ', ' order by id) from audit where act like 'tag.%'`); got != "tag.renamed tag Vip 3, tag.renamed tag important 3, tag.deleted tag late 2" {
		t.Errorf("the audit says %s", got)
	}
}

// TestATagOfManyConversationsIsChangedInSteps: of more than one transaction takes.
func TestATagOfManyConversationsIsChangedInSteps(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	cara, admin := d.Customer(t, "cara@acme.test"), d.Admin(t, "ada@desk.test")
	id := d.Conversation(t, cara, "tagged")
	d.Exec(t, `update conversations set tags = '{many}' where id = $1`, id)
	d.Exec(t, `insert into conversations (mailbox_id, requester_id, channel, subject, root, tags)
		select mailbox_id, requester_id, channel, subject, root || n, tags from conversations, generate_series(1, 1100) n where id = $1`, id)
	if n, err := d.RenameTag(t.Context(), admin, "many", "few", false); err != nil || n != 1101 {
		t.Errorf("%d, %v", n, err)
	}
	if got := d.Text(t, `select count(*) || ' ' || count(distinct xmin::text) from conversations where tags = '{few}'`); got != "1101 3" {
		t.Errorf("conversations and transactions: %s", got)
	}
}
