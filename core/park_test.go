package core_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"postdesk/core"
	"postdesk/core/coretest"
)

func accepted(t *testing.T, d coretest.Desk, from string) core.Claim {
	t.Helper()
	claim, err := d.Accept(t.Context(), core.Envelope{From: from, Recipients: []string{"support@desk.test"}}, []byte("words of "+from), true)
	if err != nil {
		t.Fatal(err)
	}
	return claim
}

func TestAClaimEndsWithinAMinuteAndHoldsForWhoRenewsIt(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	dead, slow, passed := accepted(t, d, "dead@acme.test"), accepted(t, d, "slow@acme.test"), accepted(t, d, "passed@acme.test")
	if n := d.Text(t, `select count(*) from inbound where due_at <= now() + interval '45 seconds'`); n != "3" {
		t.Errorf("%s of 3 claims end within 45 seconds", n)
	}
	d.Exec(t, `update inbound set due_at = now(), attempts = attempts + (id = $1)::int`, passed.ID)
	if err := d.RenewInbound(t.Context(), map[core.InboundID]int{slow.ID: slow.Attempt, passed.ID: passed.Attempt}); err != nil {
		t.Fatal(err)
	}
	claims, err := d.ClaimInbound(t.Context(), 5)
	if err != nil || len(claims) != 2 || claims[0].ID != dead.ID || claims[1].ID != passed.ID {
		t.Errorf("claimed %+v (%v), want those of the dead process and the one that has passed on", claims, err)
	}
}

func TestADatabaseThatWasAwayCostsAMailNoTry(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	accepted(t, d, "cara@acme.test")
	again := func(cause error) {
		t.Helper()
		d.Exec(t, `update inbound set due_at = now()`)
		if err := d.Park(t.Context(), claimed(t, d), cause); err != nil {
			t.Fatal(err)
		}
	}
	d.Exec(t, `update inbound set tries = 0`)
	for range 10 {
		again(fmt.Errorf("apply: %w", &pgconn.PgError{Code: "57P01"}))
	}
	if got := d.Text(t, `select state || ' ' || tries || ' ' || (due_at <= now() + interval '5 seconds') from inbound`); got != "received 0 true" {
		t.Errorf("after ten outages: %s", got)
	}
	// One that takes the database down each time comes to an end.
	d.Exec(t, `update inbound set attempts = 60`)
	for range 3 {
		again(io.ErrUnexpectedEOF)
	}
	if got := d.Text(t, `select state from inbound`); got != "failed" {
		t.Errorf("after sixty outages and three more: %s", got)
	}
}

func TestADatabaseThatIsAwayIsToldFromOneThatRefuses(t *testing.T) {
	t.Parallel()
	for err, away := range map[error]bool{
		&pgconn.PgError{Code: "57P01"}:                    true, // administrator's command
		&pgconn.PgError{Code: "57P03"}:                    true, // starting up
		&pgconn.PgError{Code: "53100"}:                    true, // disk full
		&pgconn.PgError{Code: "53300"}:                    true, // too many connections
		&pgconn.PgError{Code: "58030"}:                    true, // I/O error
		fmt.Errorf("accept: %w", io.ErrUnexpectedEOF):     true,
		&pgconn.PgError{Code: "23505"}:                    false,
		&pgconn.PgError{Code: "57014"}:                    false, // cancelled
		fmt.Errorf("apply: %w", context.DeadlineExceeded): false,
		errors.New("the parser broke"):                    false,
		core.ErrNotFound:                                  false,
	} {
		if core.DatabaseAway(err) != away {
			t.Errorf("%v: away %v", err, !away)
		}
	}
}
