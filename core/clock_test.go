package core_test

import (
	"errors"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/core/coretest"
)

// setBack leaves everything as it is when the clock of the database was set back.
func setBack(t *testing.T, d coretest.Desk, by string) {
	t.Helper()
	for _, sql := range []string{
		`update continuity set beat_at = beat_at + $1::interval`,
		`update deliveries set due_at = due_at + $1::interval, claimed_until = claimed_until + $1::interval, schedule_from = schedule_from + $1::interval, created_at = created_at + $1::interval`,
		`update inbound set due_at = due_at + $1::interval, received_at = received_at + $1::interval`,
		`update destinations set failed_until = failed_until + $1::interval`,
		`update sign_ins set created_at = created_at + $1::interval, second_factor_at = second_factor_at + $1::interval`,
		`update links set created_at = created_at + $1::interval, expires_at = expires_at + $1::interval`,
		`update api_tokens set created_at = created_at + $1::interval, expires_at = expires_at + $1::interval`,
		`update sign_in_attempts set at = at + $1::interval`,
	} {
		d.Exec(t, sql, by)
	}
}

// R18: what waits goes on, whether nobody has tried it, its server was away, or a
// courier died with it.
func TestNothingWaitsForAClockThatWasSetBack(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"1 hour", "1 day", "1 year"} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			d := coretest.OpenDesk(t, core.Config{RelaySet: true})
			d.Owner(t, "olga@desk.test")
			for _, id := range []string{"one@acme.test", "two@acme.test", "three@acme.test"} {
				file(t, d, written("cara@acme.test", id, "Hello"), core.Proven)
			}
			d.Exec(t, `update deliveries set tries = 2, due_at = now() + interval '9 minutes' where id = (select min(id) from deliveries)`)
			d.Exec(t, `update deliveries set claimed_until = now() + interval '1 minute', due_at = now() + interval '1 minute' where id = (select max(id) from deliveries)`)
			d.Exec(t, `insert into destinations (name, failures, failed_until, problem) values ('*', 3, now() + interval '40 seconds', 'refused')`)
			d.Exec(t, `update inbound set state = 'received', due_at = now() + interval '30 seconds' where id = (select min(id) from inbound)`)
			if _, err := d.Look(t.Context()); err != nil {
				t.Fatal(err)
			}
			setBack(t, d, by)
			if _, err := d.Look(t.Context()); err != nil {
				t.Fatal(err)
			}
			for what, sql := range map[string]string{
				"mail out":             `select count(*) from deliveries where state = 'queued' and claimed_until is null and due_at > now()`,
				"mail out, in hand":    `select count(*) from deliveries where due_at > now() + interval '15 minutes' or claimed_until > now() + interval '15 minutes'`,
				"its last day":         `select count(*) from deliveries where state = 'queued' and schedule_from > now()`,
				"mail in":              `select count(*) from inbound where state = 'received' and due_at > now() + interval '40 seconds'`,
				"a destination":        `select count(*) from destinations where failed_until > now() + interval '2 minutes'`,
				"mail that has failed": `select count(*) from deliveries where state = 'failed'`,
			} {
				if n := d.Text(t, sql); n != "0" {
					t.Errorf("%s: %s wait", what, n)
				}
			}
			if c, err := d.ClaimDelivery(t.Context()); err != nil {
				t.Errorf("nothing goes out: %v, %v", c, err)
			}
		})
	}
}

// A look without a leap leaves what waits alone, and so does housekeeping.
func TestWhatWaitsRightlyGoesOnWaiting(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	d.Owner(t, "olga@desk.test")
	file(t, d, written("cara@acme.test", "one@acme.test", "Hello"), core.Proven)
	d.Exec(t, `update deliveries set tries = 7, due_at = now() + interval '4 hours 20 minutes'`)
	d.Exec(t, `insert into destinations (name, failures, failed_until, problem) values ('*', 9, now() + interval '100 seconds', 'refused')`)
	for range 2 {
		if _, err := d.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if calm, err := d.MindClock(t.Context()); err != nil || !calm {
		t.Fatalf("calm %v, %v", calm, err)
	}
	if n := d.Text(t, `select count(*) from deliveries where due_at < now() + interval '4 hours'`); n != "0" {
		t.Errorf("%s mails wait no longer", n)
	}
	if n := d.Text(t, `select count(*) from destinations where failed_until > now() + interval '1 minute'`); n != "1" {
		t.Error("the destination waits no longer")
	}
}

// Housekeeping mends what no look has seen.
func TestHousekeepingFindsWhatWaitsForAnotherYear(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	d.Owner(t, "olga@desk.test")
	file(t, d, written("cara@acme.test", "one@acme.test", "Hello"), core.Proven)
	d.Exec(t, `update deliveries set due_at = now() + interval '1 year'`)
	if _, err := d.MindClock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := d.Text(t, `select count(*) from deliveries where due_at > now()`); n != "0" {
		t.Errorf("%s mails still wait", n)
	}
}

// R18: sessions and tokens never live longer than declared.
func TestSessionsAndTokensDoNotOutliveAClockThatWasSetBack(t *testing.T) {
	t.Parallel()
	for by, want := range map[string]struct{ young, old error }{
		"1 hour": {core.ErrExpired, nil}, // made within the hour, and a day ago
		"1 year": {core.ErrExpired, core.ErrExpired},
	} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			d := coretest.OpenDesk(t, core.Config{})
			account(t, d, core.RoleOwner, "olga@desk.test")
			_, young := signedIn(t, d, "olga@desk.test", goodPassword, "young")
			olga, old := signedIn(t, d, "olga@desk.test", goodPassword, "old")
			d.Exec(t, `update sign_ins set created_at = now() - interval '1 day' where id = $1`, old)
			d.Exec(t, `insert into links (secret_hash, purpose, user_id, created_at, expires_at) values ('x', 'reset', $1, now() - interval '2 hours', now() + interval '1 hour'), ('y', 'reset', $1, now(), now() + interval '1 hour')`, olga.ID)
			d.Exec(t, `insert into api_tokens (secret_hash, user_id, created_at, expires_at) values ('x', $1, now() - interval '10 days', now() + interval '20 days')`, olga.ID)
			d.Exec(t, `insert into sign_in_attempts (subject, at) values ('client 192.0.2.9', now())`)
			if _, err := d.Look(t.Context()); err != nil {
				t.Fatal(err)
			}
			setBack(t, d, by)
			// As a process that starts afterwards: what this one has read of the clock
			// did not go back.
			late, err := core.Open(t.Context(), d.Pool, core.Config{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := late.Look(t.Context()); err != nil {
				t.Fatal(err)
			}
			for id, want := range map[core.SessionID]error{young: want.young, old: want.old} {
				if _, err := d.ActorOf(t.Context(), id); !errors.Is(err, want) {
					t.Errorf("session %d: %v, want %v", id, err, want)
				}
			}
			if n := d.Text(t, `select count(*) from links where revoked_at is null and expires_at > now() + interval '61 minutes'`); n != "0" {
				t.Errorf("%s links live on", n)
			}
			if n := d.Text(t, `select count(*) from api_tokens where expires_at between now() + interval '19 days 23 hours' and now() + interval '20 days 5 minutes' or expires_at between now() + interval '29 days' and now() + interval '30 days 5 minutes'`); n != "1" {
				t.Errorf("the token lives until %s", d.Text(t, `select expires_at::text from api_tokens`))
			}
			if n := d.Text(t, `select count(*) from sign_in_attempts where at > now()`); n != "0" {
				t.Error("a try of the future slows people down")
			}
		})
	}
}

// R18: a mail of yesterday's is not given up because the clock was ahead for a minute.
func TestNothingIsGivenUpByAClockThatLeaps(t *testing.T) {
	t.Parallel()
	const week = 7 * 24 * time.Hour
	for name, leaps := range map[string]bool{"it leaps": true, "a week has passed": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := coretest.OpenDesk(t, core.Config{RelaySet: true})
			d.Owner(t, "olga@desk.test")
			file(t, d, written("cara@acme.test", "one@acme.test", "Hello"), core.Proven)
			if _, err := d.Look(t.Context()); err != nil {
				t.Fatal(err)
			}
			c, err := d.ClaimDelivery(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			d.Exec(t, `update deliveries set schedule_from = schedule_from - $1::interval where id = $2`, week, c.ID)
			if leaps {
				d.Leap(week)
			}
			if err := d.FinishDelivery(t.Context(), c, core.Receipt{Outcome: core.Later, Text: "busy"}); err != nil {
				t.Fatal(err)
			}
			want := map[bool]string{true: "queued", false: "failed"}[leaps]
			if state := d.Text(t, `select state from deliveries where id = $1`, c.ID); state != want {
				t.Errorf("the mail is %s, want %s", state, want)
			}
			if calm, err := d.MindClock(t.Context()); err != nil || calm == leaps {
				t.Errorf("calm %v, %v", calm, err)
			}
		})
	}
}
