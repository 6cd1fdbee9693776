package core_test

import (
	"errors"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// heldMails are seven: two replies of Abe, one of them to somebody disabled since,
// one to a stopped address, an automatic mail to an unproven sender, an invite, and
// what was written after the overview.
func heldMails(t *testing.T, d coretest.Desk) (olga core.Actor, o core.HeldOverview) {
	t.Helper()
	olga = d.Owner(t, "olga@desk.test")
	d.Exec(t, `insert into suppressions (address, reason) values ('stopped@acme.test', 'Reported failed 5.1.1')`)
	gone := d.Customer(t, "gone@acme.test")
	asked := d.Customer(t, "asked@acme.test")
	d.Exec(t, `update users set account_mailed_at = now() where id = $1`, asked.ID)
	for _, sql := range []string{
		`values ('staff_notice', 'cara@acme.test', null, false, null)`, `values ('staff_notice', 'gone@acme.test', null, false, null)`,
		`values ('staff_notice', 'stopped@acme.test', null, false, null)`, `values ('acknowledgement', 'asked@acme.test', (select user_id from addresses where address = 'asked@acme.test'), true, 'verify')`,
		`values ('invite', 'new@desk.test', null, false, 'invite')`,
	} {
		d.Exec(t, `insert into deliveries (purpose, recipient, user_id, to_unproven, link_purpose, state, mailbox_id, bounce_name, id_name, automatic, bytes, composed_at)
			select a, b, c::bigint, d, e, 'held', $1, $2, $2, false, 'x', now() from (`+sql+`) x (a, b, c, d, e)`, d.Mailbox, core.NewRowName())
	}
	d.Exec(t, `update users set enabled = false where id = $1`, gone.ID)
	o, err := d.Held(t.Context(), olga)
	if err != nil {
		t.Fatal(err)
	}
	d.Exec(t, `insert into deliveries (purpose, recipient, state, mailbox_id, bounce_name, id_name, automatic) values ('staff_notice', 'late@acme.test', 'held', $1, $2, $2, false)`,
		d.Mailbox, core.NewRowName())
	return olga, o
}

const states = `select string_agg(recipient || ' ' || state, ', ' order by id) from deliveries`

func TestAllHeldMailIsSentButWhatMayNotLeave(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true, Hold: true})
	olga, o := heldMails(t, d)
	if o.Mails() != 5 || o.Leaves() != 2 || o.Unproven() != 1 || o.Unwelcome() != 2 || len(o.Kinds) != 3 || o.Kinds[0].Mails != 3 || o.Kinds[0].People != 3 {
		t.Errorf("before it: %+v", o)
	}
	out, err := d.SendAllHeld(t.Context(), olga, o.Upto)
	if err != nil || out != (core.HeldOutcome{Sent: 2, Discarded: 1, Left: 2}) {
		t.Fatalf("%+v, %v", out, err)
	}
	const want = "cara@acme.test queued, gone@acme.test held, stopped@acme.test held, asked@acme.test failed, new@desk.test queued, late@acme.test held"
	for range 2 {
		if got := d.Text(t, states); got != want {
			t.Errorf("the mails are: %s", got)
		}
		out, err = d.SendAllHeld(t.Context(), olga, o.Upto)
		if err != nil || out != (core.HeldOutcome{Left: 2}) {
			t.Errorf("once more: %+v, %v", out, err)
		}
	}
	if asked := d.Text(t, `select (account_mailed_at is null)::text from users u join addresses a on a.user_id = u.id where address = 'asked@acme.test'`); asked != "true" {
		t.Error("whose mail was discarded was not asked")
	}
	if told := d.Text(t, `select string_agg(act || ' ' || (detail->>'sent'), ', ') from audit where object = 'outbox'`); told != "delivery.sent_all 2" {
		t.Errorf("told: %s", told)
	}
}

func TestAllHeldMailIsDiscardedThatWasSeen(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true, Hold: true})
	olga, o := heldMails(t, d)
	for _, want := range []core.HeldOutcome{{Discarded: 5}, {}} {
		if out, err := d.DiscardAllHeld(t.Context(), olga, o.Upto); err != nil || out != want {
			t.Errorf("%+v, %v", out, err)
		}
	}
	if got := d.Text(t, `select string_agg(recipient, ', ') from deliveries where state <> 'failed'`); got != "late@acme.test" {
		t.Errorf("left: %s", got)
	}
	if secrets := d.Text(t, `select count(*)::text from deliveries where link_purpose is not null and bytes is not null and state = 'failed'`); secrets != "0" {
		t.Error("a discarded mail keeps its link")
	}
}

func TestOnlyAdminsDecideAboutHeldMail(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent, admin := d.Agent(t, "abe@desk.test"), d.Admin(t, "ann@desk.test")
	_, seen := d.Held(t.Context(), agent)
	_, sent := d.SendAllHeld(t.Context(), agent, 1)
	_, discarded := d.DiscardAllHeld(t.Context(), agent, 1)
	for what, err := range map[string]error{"seen": seen, "sent": sent, "discarded": discarded} {
		if !errors.Is(err, core.ErrForbidden) {
			t.Errorf("%s by an agent: %v", what, err)
		}
	}
	if _, err := d.SendAllHeld(t.Context(), admin, 1); !errors.Is(err, core.ErrConflict) {
		t.Errorf("sent without a relay: %v", err)
	}
}
