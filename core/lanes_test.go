package core_test

import (
	"errors"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestLanesAreBoundedOverAllProcessesAndFreeWhenOneDies(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	here, there := d.OpenLanes(2, true), d.OpenLanes(2, true)
	defer there.Close()
	take := func(l *core.Lanes, destination string) *core.Lane {
		t.Helper()
		lane, err := l.Take(ctx, core.Demand{Destination: destination})
		if err != nil {
			t.Fatal(err)
		}
		return lane
	}
	full := func(l *core.Lanes) {
		t.Helper()
		if _, err := l.Take(ctx, core.Demand{Destination: "a.test"}); !errors.Is(err, core.ErrNoWork) {
			t.Errorf("a third lane: %v", err)
		}
	}
	first := take(here, "a.test")
	take(there, "a.test")
	take(there, "b.test")
	full(here)
	full(there)
	first.Release(ctx)
	second := take(here, "a.test")
	full(there)
	here.Close() // the process dies, with its session
	if second.Held() {
		t.Error("a lane is held whose session is lost")
	}
	// The server may need a moment to notice.
	var err error
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if _, err = there.Take(ctx, core.Demand{Destination: "a.test"}); err == nil {
			return
		}
	}
	t.Errorf("the lane of the dead is not free: %v", err)
}

// due writes a composed mail into the outbox.
func due(t *testing.T, d coretest.Desk, recipient string) {
	t.Helper()
	d.Exec(t, `
		insert into deliveries (purpose, state, recipient, mailbox_id, bounce_name, id_name, automatic, bytes, composed_at)
		values ('reply', 'queued', $1, $2, (random() * 9e18)::bigint, (random() * 9e18)::bigint, false, 'x', now())`, recipient, d.Mailbox)
}

func TestOneProbesAFailingDestination(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	for range 3 {
		due(t, d, "cara@a.test")
	}
	d.Exec(t, `insert into destinations (name, failures, failed_until, problem) values ('a.test', 3, now() - interval '1 second', 'refused')`)
	here, there := d.OpenLanes(2, true), d.OpenLanes(2, true)
	defer here.Close()
	defer there.Close()
	demands, _, err := here.Demands(ctx, 20, 10, nil)
	if err != nil || len(demands) != 1 || demands[0] != (core.Demand{Destination: "a.test", Due: 3, Failures: 3}) {
		t.Fatalf("%+v, %v", demands, err)
	}
	lane, err := here.Take(ctx, demands[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := there.Take(ctx, demands[0]); !errors.Is(err, core.ErrNoWork) {
		t.Errorf("a second probe: %v", err)
	}
	other, err := there.Take(ctx, core.Demand{Destination: "a.test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Claim(ctx, 20); !errors.Is(err, core.ErrNoWork) {
		t.Errorf("claimed without probing: %v", err)
	}
	mails, err := lane.Claim(ctx, 20)
	if err != nil || len(mails) != 1 {
		t.Fatalf("%d mails, %v", len(mails), err)
	}
	if err := d.FinishDelivery(ctx, mails[0], core.Receipt{Outcome: core.Later, Unreachable: true, Text: "refused again"}); err != nil {
		t.Fatal(err)
	}
	if got := d.Text(t, `select failures || ' ' || problem || ' ' || (failed_until > now() + interval '30 seconds') from destinations`); got != "4 refused again true" {
		t.Error(got)
	}
}

func TestAnOutcomeIsRecordedOnceAndOnlyForItsClaim(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	due(t, d, "cara@a.test")
	old, err := d.ClaimDelivery(ctx)
	if err != nil {
		t.Fatal(err)
	}
	d.Exec(t, `update deliveries set due_at = now()`) // its lease ended
	current, err := d.ClaimDelivery(ctx)
	if err != nil {
		t.Fatal(err)
	}
	later := core.Receipt{Outcome: core.Later, Code: 451, Text: "not now"}
	if err := errors.Join(d.FinishDelivery(ctx, old, core.Receipt{Outcome: core.Sent}), d.GiveBack(ctx, []core.Delivery{old}),
		d.FinishDelivery(ctx, current, later), d.FinishDelivery(ctx, current, later), d.GiveBack(ctx, []core.Delivery{current})); err != nil {
		t.Fatal(err)
	}
	if got := d.Text(t, `select state || ' ' || tries || ' ' || (due_at > now()) || ' ' || (select count(*) from delivery_attempts) from deliveries`); got != "queued 1 true 1" {
		t.Error(got)
	}
}

func TestFailuresOfAnotherRelayAreForgotten(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	d.Exec(t, `insert into destinations (name, failures, failed_until, paused_at) values
		('*', 1, now(), null), ('a.test', 1, now(), null), ('b.test', 1, now(), now()), ('c.test', 0, null, now())`)
	lanes := d.OpenLanes(1, false)
	defer lanes.Close()
	if err := lanes.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := d.Text(t, `select string_agg(name || ' ' || failures || ' ' || (failed_until is null), ', ' order by name) from destinations`); got != "* 1 false, b.test 0 true, c.test 0 true" {
		t.Error(got)
	}
}

func TestADestinationIsTriedAgainWithinTwoMinutes(t *testing.T) {
	t.Parallel()
	for failures, want := range map[int]time.Duration{-1: 5 * time.Second, 0: 5 * time.Second, 1: 10 * time.Second, 3: 40 * time.Second, 5: 110 * time.Second, 1 << 30: 110 * time.Second} {
		if got := core.DestinationWait(failures); got != want {
			t.Errorf("%d: %v", failures, got)
		}
	}
}
