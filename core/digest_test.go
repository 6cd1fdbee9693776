package core_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/core/coretest"
)

// zoneAt is a zone where it is that hour now, by the database's clock. In POSIX
// names a minus is east.
func zoneAt(t *testing.T, d coretest.Desk, hour int) string {
	t.Helper()
	var utc int
	if _, err := fmt.Sscan(d.Text(t, `select extract(hour from now() at time zone 'UTC')::int::text`), &utc); err != nil {
		t.Fatal(err)
	}
	east := (hour - utc + 36) % 24 // -12 to 11 hours, shifted
	return fmt.Sprintf("Etc/GMT%+d", 12-east)
}

// digestDesk has an admin of yesterday, where it is noon, and mail that was
// suspended an hour ago.
func digestDesk(t *testing.T) (d coretest.Desk, admin core.Actor) {
	t.Helper()
	d = coretest.OpenDesk(t, core.Config{PublicURL: "https://desk.test"})
	admin = d.Admin(t, "ada@desk.test")
	d.Exec(t, `update users set created_at = now() - interval '3 days', timezone = $1`, zoneAt(t, d, 12))
	suspendedMail(t, d, core.SuspendedSpam, "eve@x.test")
	d.Exec(t, `update inbound set suspended_at = now() - interval '1 hour'`)
	return d, admin
}

func mailDigests(t *testing.T, d coretest.Desk) int {
	t.Helper()
	n, err := d.MailDigests(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestADigestComesOnceADayHoweverManyProcessesLook(t *testing.T) {
	t.Parallel()
	d, _ := digestDesk(t)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			if _, err := d.MailDigests(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	digests := func() string { return d.Text(t, `select count(*) from deliveries where kind = 'digest'`) }
	if digests() != "1" {
		t.Fatalf("%s digests", digests())
	}
	nextDay := func() {
		d.Exec(t, `update suspended_digests set day = day - 1, since = since - interval '1 day', upto = upto - interval '1 day'`)
	}
	if mailDigests(t, d); digests() != "1" {
		t.Error("a second one on the same day")
	}
	d.Exec(t, `update inbound set suspended_at = suspended_at - interval '1 day'`)
	nextDay()
	if mailDigests(t, d); digests() != "1" {
		t.Error("one the next day, of nothing new")
	}
	suspendedMail(t, d, core.SuspendedVirus, "eve@x.test")
	d.Exec(t, `update inbound set suspended_at = now() - interval '3 minutes' where suspension = 'virus'`)
	nextDay()
	if mailDigests(t, d); digests() != "2" {
		t.Error("none of what was new on the day after")
	}
	if counted := d.Text(t, `select count(*) from deliveries where automatic`); counted != "0" {
		t.Errorf("%s digests count for the brakes", counted)
	}
}

func TestADigestGoesToWhomItConcernsInTheirMorning(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sentence string
		change   func(t *testing.T, d coretest.Desk)
		want     int
	}{
		{"as it is", func(*testing.T, coretest.Desk) {}, 1},
		{"owners too", func(t *testing.T, d coretest.Desk) { d.Exec(t, `update users set role = 'owner'`) }, 1},
		{"no agents", func(t *testing.T, d coretest.Desk) { d.Exec(t, `update users set role = 'agent'`) }, 0},
		{"nobody who is disabled", func(t *testing.T, d coretest.Desk) { d.Exec(t, `update users set enabled = false`) }, 0},
		{"nobody who opted out", func(t *testing.T, d coretest.Desk) { d.Exec(t, `update users set suspended_digest = false`) }, 0},
		{"not before eight", func(t *testing.T, d coretest.Desk) { d.Exec(t, `update users set timezone = $1`, zoneAt(t, d, 6)) }, 0},
		{"at eight", func(t *testing.T, d coretest.Desk) { d.Exec(t, `update users set timezone = $1`, zoneAt(t, d, 8)) }, 1},
		{"in the zone of the desk, without one of their own", func(t *testing.T, d coretest.Desk) {
			d.Exec(t, `update instance set timezone = $1`, zoneAt(t, d, 6))
			d.Exec(t, `update users set timezone = null`)
		}, 0},
		{"not on the day when they came", func(t *testing.T, d coretest.Desk) { d.Exec(t, `update users set created_at = now()`) }, 0},
		{"not when all was judged", func(t *testing.T, d coretest.Desk) { d.Exec(t, `update inbound set raw = null`) }, 0},
		{"not what may not be committed yet: the next one tells it", func(t *testing.T, d coretest.Desk) { d.Exec(t, `update inbound set suspended_at = now()`) }, 0},
		{"not of nothing", func(t *testing.T, d coretest.Desk) { d.Exec(t, `delete from inbound`) }, 0},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			d, _ := digestDesk(t)
			c.change(t, d)
			if n := mailDigests(t, d); n != c.want {
				t.Errorf("%d digests, want %d", n, c.want)
			}
		})
	}
}

func TestADigestTellsCountsAndLinesThatLeadNowhere(t *testing.T) {
	t.Parallel()
	d, admin := digestDesk(t)
	for i := range 12 {
		suspendedMail(t, d, core.SuspendedForged, fmt.Sprintf("n%d@bank.test", i))
	}
	d.Exec(t, `update inbound set suspended_at = now() - interval '1 hour', from_name = 'Abe' || chr(8238) || ' http://evil.test', subject = 'Go to www.evil.test' || chr(10) || repeat('x', 200)`)
	judged := suspendedMail(t, d, core.SuspendedFlood, "judged@x.test")
	d.Exec(t, `update inbound set suspended_at = now() - interval '1 hour' where id = $1`, judged)
	mailDigests(t, d)
	if err := d.DeleteMails(t.Context(), admin, []core.InboundID{judged}); err != nil { // before it is composed
		t.Fatal(err)
	}
	claim, err := d.ClaimDelivery(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o := claim.Outgoing
	if o.Notice != core.NoticeDigest || o.Recipient.Address != "ada@desk.test" || o.Subject != "13 new mails in suspended mail" ||
		o.Page != "https://desk.test/agent/suspended" || o.Digest.Profile != "https://desk.test/profile" || o.ReplyTo != "" || o.AutoSubmitted != "auto-generated" || o.Loop == "" {
		t.Errorf("%+v", o)
	}
	if fmt.Sprint(o.Digest.Reasons) != "[{Forged 12} {Spam 1}]" || o.Digest.Total != 13 || len(o.Digest.Newest) != 10 || time.Since(o.Digest.Since) > 25*time.Hour {
		t.Errorf("%+v", o.Digest)
	}
	for _, line := range o.Digest.Newest {
		if all := line.Sender + line.Subject; !strings.HasPrefix(line.Sender, "Abe http[://]evil[.]test <n") || strings.Contains(all, "www.") || strings.ContainsAny(all, "\n\u202e") || len(line.Subject) > 120 {
			t.Errorf("%+v", line)
		}
	}
}

func TestAdminsAreShownABrakeAndAFlood(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	admin, agent := d.Admin(t, "ada@desk.test"), d.Agent(t, "abe@desk.test")
	alarms := func(who core.Actor) core.Alarms {
		a, err := d.Alarms(t.Context(), who)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	if a := alarms(admin); a.Braking() || a.Flooded() {
		t.Errorf("in peace: %+v", a)
	}
	d.Exec(t, `update instance set automatic_hour = 0`)
	file(t, d, written("cara@acme.test", "one@acme.test", "Hello"), core.Proven)
	for range 100 {
		suspendedMail(t, d, core.SuspendedForged, "eve@x.test")
	}
	if a := alarms(admin); !a.Braking() || a.Unanswered != 1 || !a.Flooded() || a.Suspended != 100 {
		t.Errorf("under attack: %+v", a)
	}
	if a := alarms(agent); a.Braking() || a.Flooded() {
		t.Errorf("an agent is shown %+v", a)
	}
	w, err := d.Waiting(t.Context())
	if err != nil || w.Alarms.Unanswered != 1 || w.Alarms.Suspended != 100 {
		t.Errorf("%+v (%v)", w, err)
	}
	d.Exec(t, `update inbound set received_at = received_at - interval '61 minutes', suspended_at = suspended_at - interval '61 minutes'`)
	if a := alarms(admin); a.Braking() || a.Flooded() {
		t.Errorf("an hour later: %+v", a)
	}
}
