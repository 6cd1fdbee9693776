package core_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/core/coretest"
)

// queued puts a mail into the outbox that has waited for some minutes, and gives
// its number.
func queued(t *testing.T, d coretest.Desk, recipient string, minutes int) core.DeliveryID {
	t.Helper()
	var id core.DeliveryID
	err := d.Pool.QueryRow(t.Context(), `
		insert into deliveries (purpose, state, recipient, mailbox_id, bounce_name, id_name, automatic, schedule_from, due_at, bytes, composed_at)
		values ('reply', 'queued', $1, $2, $3, $3, false, now() - $4 * interval '1 minute', now() - interval '1 minute', 'x', now()) returning id`,
		recipient, d.Mailbox, core.NewRowName(), minutes).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestTheQueueTellsWhatWaitsByDestination(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	olga := d.Owner(t, "olga@desk.test")
	for i := range 3 {
		queued(t, d, fmt.Sprintf("c%d@acme.test", i), 60*i)
	}
	later := queued(t, d, "bob@other.test", 5)
	d.Exec(t, `update deliveries set due_at = now() + interval '1 hour' where id = $1`, later)
	d.Exec(t, `insert into destinations (name, failures, failed_until, problem) values ('acme.test', 2, now() + interval '2 hours', '421 4.4.2 timeout'), ('quiet.test', 0, null, '')`)
	q, err := d.Queue(t.Context(), olga, core.Page{})
	if err != nil {
		t.Fatal(err)
	}
	if q.Everything.Queued != 4 || q.Everything.Due != 3 || q.Total != 2 || q.Paused != 0 || len(q.Destinations) != 2 {
		t.Fatalf("the queue is %+v", q)
	}
	acme, other := q.Destinations[0], q.Destinations[1]
	if acme.Name != "acme.test" || acme.Queued != 3 || acme.Failures != 2 || !strings.Contains(acme.Reason(), "could not be reached") {
		t.Errorf("acme is %+v", acme)
	}
	if acme.WaitsUntil == nil || acme.NextAttemptAt == nil || !acme.NextAttemptAt.Equal(*acme.WaitsUntil) {
		t.Errorf("nothing is tried before the wait is over: %+v", acme)
	}
	if acme.Oldest == nil || time.Since(*acme.Oldest) < 119*time.Minute {
		t.Errorf("the oldest waits since %v", acme.Oldest)
	}
	if other.Name != "other.test" || other.Due != 0 || other.NextAttemptAt == nil || other.WaitsUntil != nil {
		t.Errorf("other is %+v", other)
	}
}

func TestTheQueueHasPagesAndItsHeadOnEach(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	olga := d.Owner(t, "olga@desk.test")
	for i := range 7 {
		queued(t, d, fmt.Sprintf("c@d%d.test", i), 0)
	}
	d.Exec(t, `insert into destinations (name, paused_at, paused_by) values ('empty.test', now(), $1)`, olga.ID)
	seen := map[string]bool{}
	for offset := 0; offset < 12; offset += 3 {
		q, err := d.Queue(t.Context(), olga, core.Page{Limit: 3, Offset: offset})
		if err != nil {
			t.Fatal(err)
		}
		if q.Total != 8 || q.Everything.Queued != 7 || q.Paused != 1 {
			t.Errorf("at %d the head is %+v", offset, q)
		}
		for i, to := range q.Destinations {
			if seen[to.Name] {
				t.Errorf("%s stands on two pages", to.Name)
			}
			if offset+i == 0 && (to.Name != "empty.test" || to.PausedBy.ID != olga.ID) {
				t.Errorf("what is paused comes first, with who did it: %+v", to)
			}
			seen[to.Name] = true
		}
	}
	if len(seen) != 8 {
		t.Errorf("pages show %d of 8", len(seen))
	}
}

func TestOnlyAdminsTouchTheQueue(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	queued(t, d, "cara@acme.test", 0)
	for role, want := range map[core.Role]error{core.RoleCustomer: core.ErrForbidden, core.RoleCollaborator: core.ErrForbidden,
		core.RoleAgent: core.ErrForbidden, core.RoleAdmin: nil} {
		who := d.Person(t, role, string(role)+"@desk.test")
		_, shown := d.Queue(t.Context(), who, core.Page{})
		for act, err := range map[string]error{"shown": shown, "paused": d.Pause(t.Context(), who, "acme.test"), "resumed": d.Resume(t.Context(), who, "acme.test"),
			"tried": d.TryNow(t.Context(), who, "acme.test")} {
			if !errors.Is(err, want) {
				t.Errorf("%s as %s: %v, want %v", act, role, err, want)
			}
		}
		for act, err := range map[string]error{"paused": d.Pause(t.Context(), who, "nobody.test"), "resumed": d.Resume(t.Context(), who, "nobody.test"),
			"tried": d.TryNow(t.Context(), who, "nobody.test")} {
			if want == nil && !errors.Is(err, core.ErrNotFound) || want != nil && !errors.Is(err, want) {
				t.Errorf("what nobody knows, %s as %s: %v", act, role, err)
			}
		}
	}
}

func TestAPauseIsToldOnceAndByWhom(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	olga, ann := d.Owner(t, "olga@desk.test"), d.Admin(t, "ann@desk.test")
	queued(t, d, "cara@acme.test", 0)
	for _, who := range []core.Actor{olga, ann} {
		if err := d.Pause(t.Context(), who, "acme.test"); err != nil {
			t.Fatal(err)
		}
	}
	q, err := d.Queue(t.Context(), olga, core.Page{})
	if err != nil || q.Destinations[0].PausedBy.ID != olga.ID || q.Destinations[0].NextAttemptAt != nil {
		t.Errorf("paused by %+v, %v", q.Destinations, err)
	}
	if err := d.TryNow(t.Context(), olga, "acme.test"); !errors.Is(err, core.ErrConflict) {
		t.Errorf("what is paused was tried: %v", err)
	}
	for range 2 {
		if err := d.Resume(t.Context(), ann, "acme.test"); err != nil {
			t.Fatal(err)
		}
	}
	told := d.Text(t, `select string_agg(act || ' ' || actor_id, ', ' order by id) from audit where object = 'destination acme.test'`)
	if want := fmt.Sprintf("destination.paused %d, destination.resumed %d", olga.ID, ann.ID); told != want {
		t.Errorf("told %q, want %q", told, want)
	}
}

// Minutes ago; -1: not at all.
func TestAPauseStopsTheClockOfAMail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                 string
		written              int // the mail's schedule_from
		domain, everything   int // paused since
		resume               string
		wantAfter, wantOther int // schedule_from, in minutes ago: acme, other
	}{
		{"a pause in the life of a mail", 100, 30, -1, "acme.test", 70, 100},
		{"a mail that was written in the pause", 10, 30, -1, "acme.test", 0, 10},
		{"a pause of everything", 100, -1, 30, "*", 70, 70},
		{"the domain's pause ends within that of everything", 100, 30, 60, "acme.test", 100, 100},
		{"the domain's pause began before that of everything", 100, 60, 30, "acme.test", 70, 100},
		{"everything goes on but the domain, paused for longer", 100, 60, 30, "*", 100, 70},
		{"everything goes on but the domain, paused later", 100, 30, 60, "*", 70, 40},
		{"a mail written between both begins", 45, 60, 30, "acme.test", 30, 45},
		{"a mail written when both stood", 10, 60, 30, "acme.test", 10, 10},
		{"nothing is paused", 100, -1, -1, "acme.test", 100, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := coretest.OpenDesk(t, core.Config{RelaySet: true})
			olga := d.Owner(t, "olga@desk.test")
			acme, other := queued(t, d, "cara@acme.test", c.written), queued(t, d, "bob@other.test", c.written)
			for name, since := range map[string]int{"acme.test": c.domain, "*": c.everything} {
				if since >= 0 {
					d.Exec(t, `insert into destinations (name, paused_at) values ($1, now() - $2 * interval '1 minute')`, name, since)
				}
			}
			if err := d.Resume(t.Context(), olga, c.resume); err != nil {
				t.Fatal(err)
			}
			ago := func(id core.DeliveryID) string {
				return d.Text(t, `select round(extract(epoch from now() - schedule_from) / 60)::text from deliveries where id = $1`, id)
			}
			if ago(acme) != fmt.Sprint(c.wantAfter) || ago(other) != fmt.Sprint(c.wantOther) {
				t.Errorf("acme waits for %s minutes, want %d; other for %s, want %d", ago(acme), c.wantAfter, ago(other), c.wantOther)
			}
		})
	}
}

func TestHoweverPausesOverlapAMailLosesTheTimeThatItWaitedUnpaused(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	olga := d.Owner(t, "olga@desk.test")
	id := queued(t, d, "cara@acme.test", 100)
	pausedSince := func(name string, minutes int) {
		d.Exec(t, `insert into destinations (name, paused_at) values ($1, now() - $2 * interval '1 minute') on conflict (name) do update set paused_at = excluded.paused_at`, name, minutes)
	}
	// Unpaused from 100 to 80 minutes ago; then one pause or the other until now.
	pausedSince("acme.test", 80)
	pausedSince("*", 50)
	for _, name := range []string{"acme.test", "*"} {
		if err := d.Resume(t.Context(), olga, name); err != nil {
			t.Fatal(err)
		}
	}
	if waited := d.Text(t, `select round(extract(epoch from now() - schedule_from) / 60)::text from deliveries where id = $1`, id); waited != "20" {
		t.Errorf("it waited unpaused for %s minutes, want 20", waited)
	}
}

func TestTryNowMakesMailDueButWhatACourierHolds(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	olga := d.Owner(t, "olga@desk.test")
	waits, held, elsewhere := queued(t, d, "cara@acme.test", 60), queued(t, d, "cole@acme.test", 60), queued(t, d, "bob@other.test", 60)
	d.Exec(t, `update deliveries set due_at = now() + interval '10 minutes', tries = 3`)
	d.Exec(t, `update deliveries set claimed_until = due_at where id = $1`, held)
	d.Exec(t, `insert into destinations (name, failures, failed_until, problem) values ('acme.test', 3, now() + interval '1 hour', 'connection refused')`)
	if err := d.TryNow(t.Context(), olga, "acme.test"); err != nil {
		t.Fatal(err)
	}
	due := func(id core.DeliveryID) string {
		return d.Text(t, `select (due_at <= now())::text from deliveries where id = $1`, id)
	}
	if due(waits) != "true" || due(held) != "false" || due(elsewhere) != "false" {
		t.Errorf("due: %s, held by a courier %s, elsewhere %s", due(waits), due(held), due(elsewhere))
	}
	if got := d.Text(t, `select (failed_until <= now())::text || failures from destinations`); got != "true3" {
		t.Errorf("the wait: %s", got)
	}
	if tries := d.Text(t, `select tries::text from deliveries where id = $1`, waits); tries != "3" {
		t.Errorf("the schedule began again: %s", tries)
	}
	if err := d.RetryDelivery(t.Context(), olga, held); !errors.Is(err, core.ErrConflict) {
		t.Errorf("what a courier holds was given to another: %v", err)
	}
}
