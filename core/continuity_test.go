package core_test

import (
	"errors"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// R20
func TestARestoredDatabaseHoldsAllThatGoesOutUntilAnAdminLetsIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		deed string
		why  string
	}{
		"a dump loaded elsewhere":            {`update continuity set system = '1'`, "another PostgreSQL"},
		"it forgot what was seen":            {`update continuity set beat = 1`, "forgotten"},
		"recovered, and nothing young in it": {`update continuity set timeline = 99, beat_at = now() - interval '20 minutes'`, ""},
		"promoted a moment ago":              {`update continuity set timeline = 99`, ""},
		"stopped for a week":                 {`update continuity set beat_at = now() - interval '7 days'`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := coretest.OpenDesk(t, core.Config{RelaySet: true})
			d.Owner(t, "olga@desk.test")
			file(t, d, written("cara@acme.test", "one@acme.test", "Hello"), core.Proven)
			for range 3 {
				if r, err := d.Look(t.Context()); err != nil || r.Why != "" {
					t.Fatalf("a sound database: %+v, %v", r, err)
				}
			}
			if d.Text(t, `select count(*) from deliveries where state = 'queued'`) == "0" {
				t.Fatal("nothing is queued")
			}
			d.Exec(t, c.deed)
			r, err := d.Look(t.Context())
			if err != nil || (c.why == "") != r.At.IsZero() || !strings.Contains(r.Why, c.why) {
				t.Fatalf("found %+v (%v), want %q", r, err, c.why)
			}
			if c.why == "" {
				return
			}
			file(t, d, written("dora@acme.test", "two@acme.test", "Hello"), core.Proven)
			if n := d.Text(t, `select count(*) from deliveries where state = 'queued'`); n != "0" {
				t.Errorf("%s mails are not held", n)
			}
			if err := d.ReleaseOutbox(t.Context(), core.Actor{Role: core.RoleAgent, Enabled: true}); !errors.Is(err, core.ErrForbidden) {
				t.Errorf("an agent releases the outbox: %v", err)
			}
			if err := d.ReleaseOutbox(t.Context(), operator()); err != nil || !d.Restored().At.IsZero() {
				t.Fatalf("released: %+v, %v", d.Restored(), err)
			}
			file(t, d, written("emma@acme.test", "three@acme.test", "Hello"), core.Proven)
			if n := d.Text(t, `select count(*) from deliveries where state = 'queued'`); n == "0" {
				t.Error("new mail is still held")
			}
		})
	}
}

func TestAMachineThatSawTheDatabaseBeforeRemembersItOverARestart(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	var kept core.Witness
	open := func() *core.Desk {
		desk, err := core.Open(t.Context(), d.Pool, core.Config{RelaySet: true,
			Recall: func() core.Witness { return kept }, Remember: func(w core.Witness) { kept = w }})
		if err != nil {
			t.Fatal(err)
		}
		return desk
	}
	look := func() string {
		r, err := open().Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return r.Why
	}
	if why := look(); why != "" || kept.Beat != 1 || kept.System == "" {
		t.Fatalf("%q, kept %+v", why, kept)
	}
	// A standby was promoted while nobody looked: it knows all that this machine knew.
	d.Exec(t, `update continuity set timeline = 99, beat_at = now() - interval '1 hour'`)
	if why := look(); why != "" {
		t.Errorf("a promoted standby: %s", why)
	}
	// A snapshot of an hour ago: same server, same timeline.
	d.Exec(t, `update continuity set beat = 0`)
	if why := look(); !strings.Contains(why, "forgotten") {
		t.Errorf("a snapshot: %q", why)
	}
	// What was kept of another instance says nothing.
	d.Exec(t, `update continuity set restored_at = null, restored_why = null`)
	kept.Instance, kept.Beat = "another", 1_000_000
	if why := look(); why != "" {
		t.Errorf("another instance's witness: %s", why)
	}
}

func TestANewMachineTakesAnOldDatabaseOnANewTimelineForARestoredOne(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	look := func() string {
		desk, err := core.Open(t.Context(), d.Pool, core.Config{RelaySet: true})
		if err != nil {
			t.Fatal(err)
		}
		r, err := desk.Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return r.Why
	}
	look()
	for _, c := range []struct{ deed, why string }{
		{`update continuity set beat_at = now() - interval '7 days'`, ""},
		{`update continuity set timeline = 98, beat_at = now() - interval '1 minute'`, ""},
		{`update continuity set timeline = 99, beat_at = now() - interval '20 minutes'`, "20m"},
	} {
		d.Exec(t, c.deed)
		if why := look(); (why == "") != (c.why == "") || !strings.Contains(why, c.why) {
			t.Errorf("after %s: %q, want %q", c.deed, why, c.why)
		}
	}
}
