package core_test

import (
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestAReplyShowsWhatBecameOfItsMails(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	abe, cara := d.Person(t, core.RoleAgent, "abe@desk.test"), d.Person(t, core.RoleCustomer, "cara@acme.test")
	id := d.Conversation(t, cara, "a printer")
	post, err := d.Reply(t.Context(), abe, id, core.ReplyForm{Text: "Turn it off."})
	if err != nil {
		t.Fatal(err)
	}
	entries, err := d.Timeline(t.Context(), abe, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Kind != "MESSAGE" || e.ID != int64(post) {
			continue
		}
		if len(e.Deliveries) != 1 || e.Deliveries[0].Recipient.String() != "cara@acme.test" || e.Deliveries[0].State != "held" {
			t.Errorf("the deliveries of the reply are %+v", e.Deliveries)
		}
		return
	}
	t.Error("the reply is not in the timeline")
}
