package core_test

import (
	"errors"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// T65.
func TestAProvenMailOfAStoppedAddressLetsMailGoThereAgainAndSaysSo(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	d.Exec(t, `insert into suppressions (address, reason) values ('cara@acme.test', 'Reported failed 5.1.1: no such user')`)
	left := func() string { return d.Text(t, `select count(*)::text from suppressions`) }
	tells := func(m core.Mail) bool {
		return strings.Contains(strings.Join(m.Trace.Sentences(), " "), "Mail to its author goes out again. It had stopped: Reported failed 5.1.1: no such user.")
	}
	if m := file(t, d, written("cara@acme.test", "one@acme.test", "Hello"), core.Unproven); left() != "1" || tells(m) {
		t.Error("an unproven mail let mail go there again")
	}
	if m := file(t, d, written("cara@acme.test", "two@acme.test", "Hello"), core.Proven); left() != "0" || !tells(m) {
		t.Errorf("left %s; the trace tells %q", left(), m.Trace.Sentences())
	}
	if m := file(t, d, written("cara@acme.test", "three@acme.test", "Hello"), core.Proven); tells(m) {
		t.Error("it is told twice")
	}
}

func TestStoppedAddressesAreFoundWithTheirCauseAndPerson(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	abe, cara := d.Agent(t, "abe@desk.test"), d.Customer(t, "cara@acme.test")
	id := d.Conversation(t, cara, "wine")
	if _, err := d.Reply(t.Context(), abe, id, core.ReplyForm{Text: "Here"}); err != nil {
		t.Fatal(err)
	}
	d.Exec(t, `insert into suppressions (address, reason, delivery_id) select recipient, 'Reported failed 5.1.1', id from deliveries`)
	d.Exec(t, `insert into suppressions (address, reason) values ('bob_x@other.test', 'Asked for it')`)
	for query, want := range map[string]string{"": "cara@acme.test bob_x@other.test", "CARA": "cara@acme.test", "b_x": "bob_x@other.test", "b%x": "", "asked": "bob_x@other.test"} {
		found, total, err := d.Suppressions(t.Context(), abe, query, core.Page{})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range found {
			if !strings.Contains(want, s.Address.String()) {
				t.Errorf("%q finds %s", query, s.Address)
			}
			if s.Address == cara.Address && (s.Conversation != id || s.Person.ID != cara.ID || s.Delivery == 0 || !strings.Contains(s.Means(), "no such address")) {
				t.Errorf("it is not told why: %+v", s)
			}
		}
		if total != len(strings.Fields(want)) {
			t.Errorf("%q finds %d of %q", query, total, want)
		}
	}
	of, err := d.SuppressionsOf(t.Context(), d.Collaborator(t, "mia@partner.test"), cara.ID)
	if err != nil || len(of) != 1 || of[0].Address != cara.Address {
		t.Errorf("of Cara: %+v, %v", of, err)
	}
	if _, err := d.SuppressionsOf(t.Context(), cara, cara.ID); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a customer: %v", err)
	}
	_, warnings, err := d.ReplyPreview(t.Context(), abe, id, nil)
	if err != nil || len(warnings) != 1 || warnings[0] != "Mail to cara@acme.test has stopped: The mail was taken at first, and came back. There is no such address. Is it written as it should be? (Reported failed 5.1.1)" {
		t.Errorf("the composer warns: %q, %v", warnings, err)
	}
}

func TestAnAdminStopsMailToAnAddress(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	abe, olga := d.Agent(t, "abe@desk.test"), d.Owner(t, "olga@desk.test")
	for _, c := range []struct {
		who             core.Actor
		address, reason string
		want            error
	}{
		{abe, "cara@acme.test", "Asked for it", core.ErrForbidden},
		{olga, "abe@desk.test", "Asked for it", core.ErrConflict},
		{olga, "support@desk.test", "Asked for it", core.ErrConflict},
		{olga, "Cara@ACME.test", "Asked for it", nil},
		{olga, "cara@acme.test", "Asked again", nil},
	} {
		if err := d.Suppress(t.Context(), c.who, c.address, c.reason); !errors.Is(err, c.want) {
			t.Errorf("%s stops %s: %v, want %v", c.who.Role, c.address, err, c.want)
		}
	}
	for field, form := range map[string][2]string{"address": {"cara", "Asked"}, "reason": {"bob@acme.test", " \n "}} {
		var invalid core.Invalid
		if err := d.Suppress(t.Context(), olga, form[0], form[1]); !errors.As(err, &invalid) || invalid.Field != field {
			t.Errorf("%q: %v", form, err)
		}
	}
	if got := d.Text(t, `select string_agg(address || ' ' || reason, ', ') from suppressions`); got != "cara@acme.test Asked again" {
		t.Errorf("stopped: %s", got)
	}
	for _, want := range []error{nil, core.ErrNotFound} {
		if err := d.ClearSuppression(t.Context(), abe, "cara@acme.test"); !errors.Is(err, want) {
			t.Errorf("cleared: %v, want %v", err, want)
		}
	}
}
