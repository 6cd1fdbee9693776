package core_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// suspendedMail puts a suspended mail into the log, as its reason left it.
func suspendedMail(t *testing.T, d coretest.Desk, why core.Suspension, from string) core.InboundID {
	t.Helper()
	d.Exec(t, `
		insert into inbound (digest, state, suspension, suspended_at, due_at, received_at, helo, tls, envelope_from, recipients, size, from_address, rule, origin, subject, raw)
		values (convert_to(gen_random_uuid()::text, 'UTF8'), 'suspended', $1, now(), now(), now(), 'h', false, $2, '{support@desk.test}', 1, $2, 'filtered', 'unproven', 'About ' || $1, 'x')`, string(why), from)
	var id core.InboundID
	if _, err := fmt.Sscan(d.Text(t, `select max(id)::text from inbound`), &id); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestEveryReasonIsToldAndReleasedAsTheLawSays(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent := d.Agent(t, "abe@desk.test")
	never := []core.Suspension{core.SuspendedReport, core.SuspendedVirus}
	trusted := []core.Suspension{core.SuspendedFlood, core.SuspendedSpam, core.SuspendedBlocked, core.SuspendedUnregistered}
	for _, why := range core.Suspensions() {
		for _, told := range []string{why.Why(), why.OnRelease()} {
			if !strings.HasSuffix(told, ".") || strings.Contains(told, "_") {
				t.Errorf("%s is told %q", why, told)
			}
		}
		if why.Label() == "" || why.Trustable() != slices.Contains(trusted, why) {
			t.Errorf("%s: label %q, trustable %v", why, why.Label(), why.Trustable())
		}
		requester := ""
		if why == core.SuspendedBadFrom {
			requester = "cara@acme.test"
		}
		from := string(why) + "@other.test"
		id := suspendedMail(t, d, why, from)
		err := d.Release(t.Context(), agent, []core.InboundID{id}, requester, true)
		if slices.Contains(trusted, why) != (err == nil) {
			t.Errorf("%s: released with trust: %v", why, err)
		}
		if got := d.Text(t, `select count(*) from sender_list where list = 'safe' and pattern = $1`, from); (got == "1") != slices.Contains(trusted, why) {
			t.Errorf("%s: %s on the safe list", why, got)
		}
		id = suspendedMail(t, d, why, from)
		err = d.Release(t.Context(), agent, []core.InboundID{id}, requester, false)
		switch {
		case slices.Contains(never, why), why == core.SuspendedLoop:
			if !errors.Is(err, core.ErrConflict) {
				t.Errorf("%s: released: %v", why, err)
			}
		case err != nil:
			t.Errorf("%s: %v", why, err)
		}
		if why == core.SuspendedLoop {
			d.Exec(t, `insert into passing_addresses (address) values ($1)`, from)
			if err := d.Release(t.Context(), agent, []core.InboundID{id}, "", false); err != nil {
				t.Errorf("a loop whose sender was named: %v", err)
			}
		}
	}
}

func TestOfTwoWhoReleaseAtOnceOneWins(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent := d.Agent(t, "abe@desk.test")
	id := suspendedMail(t, d, core.SuspendedSpam, "cara@acme.test")
	var wins, losses int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			err := d.Release(t.Context(), agent, []core.InboundID{id}, "", false)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				wins++
			case errors.Is(err, core.ErrConflict):
				losses++
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if wins != 1 || losses != 5 {
		t.Errorf("%d won, %d lost", wins, losses)
	}
	if n := d.Text(t, `select count(*) from audit where act = 'mail.released'`); n != "1" {
		t.Errorf("%s entries", n)
	}
	refile(t, d, id, written("cara@acme.test", "one@acme.test", "Hello"), core.Proven)
	if m, _ := d.Mail(t.Context(), operator(), id); m.Status != core.MailSuccess || d.Text(t, `select count(*) from deliveries where automatic`) != "0" {
		t.Errorf("released: %s, with automatic mail", m.Status)
	}
}

func TestOfSeveralEachHasItsOwnOutcome(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent := d.Agent(t, "abe@desk.test")
	spam, virus, bad := suspendedMail(t, d, core.SuspendedSpam, "a@x.test"), suspendedMail(t, d, core.SuspendedVirus, "b@x.test"), suspendedMail(t, d, core.SuspendedBadFrom, "")
	gone := suspendedMail(t, d, core.SuspendedFlood, "c@x.test")
	if err := d.DeleteMails(t.Context(), agent, []core.InboundID{gone}); err != nil {
		t.Fatal(err)
	}
	judged, err := d.ReleaseEach(t.Context(), agent, []core.InboundID{gone, virus, spam, spam, bad, 999}, "", false)
	if err != nil || !slices.Equal(judged.Done, []core.InboundID{spam}) || len(judged.Left) != 4 {
		t.Fatalf("%+v (%v)", judged, err)
	}
	for i, word := range []string{"“Virus”", "Name the address", "deleted", "no such mail"} {
		if !strings.Contains(judged.Left[i].Problem, word) {
			t.Errorf("mail %d: %q does not say %q", judged.Left[i].ID, judged.Left[i].Problem, word)
		}
	}
	if judged, err = d.DeleteEach(t.Context(), agent, []core.InboundID{virus, bad, gone}); err != nil || len(judged.Done) != 2 || len(judged.Left) != 1 {
		t.Errorf("%+v (%v)", judged, err)
	}
	m, err := d.Mail(t.Context(), agent, gone)
	if err != nil || m.HasSource || m.RemovedAt == nil || m.RemovedBy.ID != agent.ID || m.Subject != "About flood" {
		t.Errorf("deleted: %+v (%v)", m, err)
	}
	for _, who := range []core.Actor{d.Collaborator(t, "mia@partner.test"), d.Customer(t, "cara@acme.test")} {
		if _, err := d.ReleaseEach(t.Context(), who, []core.InboundID{spam}, "", false); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("%s: %v", who.Role, err)
		}
		if _, err := d.BlockSenderOf(t.Context(), who, []core.InboundID{spam}); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("%s: %v", who.Role, err)
		}
	}
}

func TestBlockingASenderDeletesTheMailAndSparesTheTeam(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent := d.Agent(t, "abe@desk.test")
	spam, again := suspendedMail(t, d, core.SuspendedSpam, "eve@x.test"), suspendedMail(t, d, core.SuspendedFlood, "eve@x.test")
	forged, own, ours := suspendedMail(t, d, core.SuspendedForged, "cara@acme.test"), suspendedMail(t, d, core.SuspendedSpam, "abe@desk.test"), suspendedMail(t, d, core.SuspendedSpam, "support@desk.test")
	judged, err := d.BlockSenderOf(t.Context(), agent, []core.InboundID{spam, again, forged, own, ours})
	if err != nil || !slices.Equal(judged.Done, []core.InboundID{spam, again}) || len(judged.Left) != 3 {
		t.Fatalf("%+v (%v)", judged, err)
	}
	if got := d.Text(t, `select string_agg(list || ' ' || pattern, ', ') from sender_list`); got != "block eve@x.test" {
		t.Errorf("lists: %s", got)
	}
	if got := d.Text(t, `select string_agg(act || ' ' || object, ', ' order by id) from audit`); got !=
		fmt.Sprintf("sender.blocked sender eve@x.test, mail.deleted mail %d, mail.deleted mail %d", spam, again) {
		t.Errorf("audit: %s", got)
	}
}

func TestSuspendedMailIsKeptAsLongAsTheSettingSays(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	d.Exec(t, `
		insert into inbound (digest, state, suspension, suspended_at, due_at, received_at, helo, tls, envelope_from, recipients, size, raw)
		select convert_to(i::text, 'UTF8'), 'suspended', 'spam', now() - interval '30 days 1 minute', now(), now(), 'h', false, '', '{}', 1, 'x' from generate_series(1, 450) i`)
	young, filed := suspendedMail(t, d, core.SuspendedSpam, "a@x.test"), suspendedMail(t, d, core.SuspendedSpam, "b@x.test")
	d.Exec(t, `update inbound set suspended_at = now() - interval '29 days 23 hours' where id = $1`, young)
	d.Exec(t, `update inbound set suspended_at = now() - interval '99 days', state = 'success' where id = $1`, filed)
	gone, err := d.PurgeSuspended(t.Context())
	if err != nil || gone != 450 {
		t.Fatalf("%d went (%v)", gone, err)
	}
	if left := d.Text(t, `select string_agg(id::text, ' ' order by id) from inbound where raw is not null`); left != fmt.Sprintf("%d %d", young, filed) {
		t.Errorf("left: %s", left)
	}
	m, err := d.Mail(t.Context(), operator(), 1)
	if err != nil || m.Status != core.MailSuspended || m.HasSource || m.RemovedAt == nil || m.RemovedBy.ID != 0 {
		t.Errorf("%+v (%v)", m, err)
	}
	d.Exec(t, `update instance set suspended_days = 29`)
	if gone, err := d.PurgeSuspended(t.Context()); err != nil || gone != 1 {
		t.Errorf("after the setting changed %d went (%v)", gone, err)
	}
	if gone, err := d.PurgeSuspended(t.Context()); err != nil || gone != 0 {
		t.Errorf("then %d (%v)", gone, err)
	}
}

func TestSuspendedMailIsFoundByReasonAndWords(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent := d.Agent(t, "abe@desk.test")
	suspendedMail(t, d, core.SuspendedSpam, "eve@x.test")
	suspendedMail(t, d, core.SuspendedSpam, "ev_@x.test")
	suspendedMail(t, d, core.SuspendedVirus, "eve@x.test")
	for _, c := range []struct {
		reason core.Suspension
		query  string
		want   int
	}{{"", "", 3}, {core.SuspendedSpam, "", 2}, {"", "EVE@", 2}, {core.SuspendedSpam, "eve", 1}, {"", "about VIRUS", 1}, {"", "%", 0}, {"", "ev_@", 1}, {core.SuspendedLoop, "", 0}} {
		found, total, err := d.Mails(t.Context(), agent, core.MailFilter{Suspension: c.reason, Query: c.query})
		if err != nil || total != c.want || len(found) != c.want {
			t.Errorf("%s %q: %d, want %d (%v)", c.reason, c.query, total, c.want, err)
		}
	}
	counts, err := d.SuspendedByReason(t.Context(), agent)
	if err != nil || counts[core.SuspendedSpam] != 2 || counts[core.SuspendedVirus] != 1 || len(counts) != 2 {
		t.Errorf("%v (%v)", counts, err)
	}
	if _, err := d.SuspendedByReason(t.Context(), d.Collaborator(t, "mia@partner.test")); !errors.Is(err, core.ErrForbidden) {
		t.Error(err)
	}
}
