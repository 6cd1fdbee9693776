package core_test

import (
	"context"
	"reflect"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestWhatWaitsIsCountedByStateAndByTheGreatestDestinationsAlone(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	d.Exec(t, `
		insert into deliveries (purpose, state, recipient, mailbox_id, bounce_name, id_name, automatic, schedule_from)
		select 'reply', case when n % 2 = 0 then 'queued' else 'held' end, 'cara@d' || least(n / 2, 24) || '.test', $1, n, n, false, now() - interval '1 hour'
		from generate_series(0, 79) n`, d.Mailbox)
	d.Exec(t, `
		insert into inbound (digest, received_at, due_at, envelope_from, recipients, size, raw, helo, tls)
		select sha256(n::text::bytea), now() - interval '2 hours', now(), 'cara@acme.test', '{support@desk.test}', 1, 'x', '', false from generate_series(1, 3) n`)
	w, err := d.Waiting(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]int{"received": 3, "suspended": 0, "failed": 0}; !reflect.DeepEqual(w.Inbound, want) {
		t.Errorf("inbound %v, want %v", w.Inbound, want)
	}
	if w.InboundOldest < 7200 || w.InboundOldest > 7300 || w.OutboundOldest < 3600 || w.OutboundOldest > 3700 {
		t.Errorf("the oldest wait %v s and %v s", w.InboundOldest, w.OutboundOldest)
	}
	sums, names := map[string]int{}, map[string]int{}
	for _, to := range w.Outbound {
		sums[to.State] += to.Mails
		names[to.State]++
		if to.Destination == "d24.test" && to.Mails != 16 {
			t.Errorf("%+v", to)
		}
		if to.Destination == core.OtherDestinations && to.Mails != 5 {
			t.Errorf("%+v", to)
		}
	}
	if sums["queued"] != 40 || sums["held"] != 40 || names["queued"] != 21 || names["held"] != 21 {
		t.Errorf("%v mails at %v destinations: %+v", sums, names, w.Outbound)
	}
}
