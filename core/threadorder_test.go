package core_test

import (
	"errors"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestMailsOfAConversationGoToAReaderOneAfterTheOther(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	conversation := d.Conversation(t, d.Customer(t, "reader@a.test"), "Order")
	for _, to := range []string{"reader@a.test", "reader@a.test", "other@a.test"} {
		due(t, d, to)
	}
	d.Exec(t, `update deliveries set conversation_id = $1`, conversation)
	lanes := d.OpenLanes(2, true)
	defer lanes.Close()
	demanded := func() int {
		t.Helper()
		demands, _, err := lanes.Demands(ctx, 20, 100, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(demands) == 0 {
			return 0
		}
		return demands[0].Due
	}
	if n := demanded(); n != 2 {
		t.Errorf("%d mails are demanded, want the first of each reader", n)
	}
	first, err := lanes.Take(ctx, core.Demand{Destination: "a.test"})
	if err != nil {
		t.Fatal(err)
	}
	second, err := lanes.Take(ctx, core.Demand{Destination: "a.test"})
	if err != nil {
		t.Fatal(err)
	}
	claimed, err := first.Claim(ctx, 20)
	if err != nil || len(claimed) != 2 {
		t.Fatalf("claimed %d, %v", len(claimed), err)
	}
	none := func() {
		t.Helper()
		if more, err := second.Claim(ctx, 20); !errors.Is(err, core.ErrNoWork) || demanded() != 0 {
			t.Errorf("claimed %v, %v while the one before is under way", more, err)
		}
	}
	none()
	for _, c := range claimed {
		if err := d.FinishDelivery(ctx, c, core.Receipt{Outcome: core.Sent, Code: 250}); err != nil {
			t.Fatal(err)
		}
	}
	if n := demanded(); n != 1 {
		t.Errorf("%d mails are demanded after the first", n)
	}
	if claimed, err = second.Claim(ctx, 20); err != nil || len(claimed) != 1 {
		t.Errorf("claimed %d, %v after the first was sent", len(claimed), err)
	}
}

func TestAMailThatWaitsForItsNextTryLetsOthersOfItsThreadPass(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	conversation := d.Conversation(t, d.Customer(t, "reader@a.test"), "Order")
	due(t, d, "reader@a.test")
	due(t, d, "reader@a.test")
	d.Exec(t, `update deliveries set conversation_id = $1`, conversation)
	d.Exec(t, `update deliveries set due_at = now() + interval '1 hour' where id = (select min(id) from deliveries)`)
	lanes := d.OpenLanes(1, true)
	defer lanes.Close()
	lane, err := lanes.Take(ctx, core.Demand{Destination: "a.test"})
	if err != nil {
		t.Fatal(err)
	}
	if claimed, err := lane.Claim(ctx, 20); err != nil || len(claimed) != 1 {
		t.Errorf("claimed %d, %v", len(claimed), err)
	}
}
