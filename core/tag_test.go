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
