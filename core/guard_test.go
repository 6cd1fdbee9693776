package core_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestADatabaseThatMayForgetItsCommitsIsRefused(t *testing.T) {
	t.Parallel()
	url := coretest.URL(t)
	open := func() error {
		pool, err := pgxpool.New(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		_, err = core.Open(t.Context(), pool, core.Config{})
		if err == nil {
			_, err = pool.Exec(t.Context(), `do $$ begin execute format('alter database %I set synchronous_commit to off', current_database()); end $$`)
		}
		return err
	}
	if err := open(); err != nil {
		t.Fatalf("a sound server: %v", err)
	}
	err := open()
	if err == nil || !strings.Contains(err.Error(), "synchronous_commit = off") || strings.Contains(err.Error(), "\n") {
		t.Errorf("with synchronous_commit off: %v", err)
	}
}

func TestAMailThatCannotBeFiledFailsIsShownAndCanBeReplayed(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	l := written("cara@acme.test", "one@acme.test", "Hello")
	l.FromFields, l.Kind = 1, core.KindHuman
	env := core.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), From: "cara@acme.test", Recipients: []string{"support@desk.test"}}
	claim, err := d.Accept(t.Context(), env, []byte("x"), true)
	if err != nil {
		t.Fatal(err)
	}
	for try := 1; ; try++ {
		if err := d.Park(t.Context(), claim, errors.New("the parser broke")); err != nil {
			t.Fatal(err)
		}
		m, err := d.Mail(t.Context(), operator(), claim.ID)
		if err != nil {
			t.Fatal(err)
		}
		if m.Status == core.MailFailed {
			if try != 3 || m.LastError != "the parser broke" {
				t.Errorf("failed after %d tries with %q", try, m.LastError)
			}
			break
		}
		d.Exec(t, `update inbound set due_at = now()`)
		claim = claimed(t, d)
	}
	if err := d.Replay(t.Context(), operator(), claim.ID); err != nil {
		t.Fatal(err)
	}
	if err := d.Apply(t.Context(), claimed(t, d), l, core.Origin{Verdict: core.Proven}); err != nil {
		t.Fatal(err)
	}
	if m, err := d.Mail(t.Context(), operator(), claim.ID); err != nil || m.Status != core.MailSuccess || m.Conversation == 0 {
		t.Errorf("replayed: %+v, %v", m, err)
	}
	if err := d.Replay(t.Context(), operator(), claim.ID); err != nil {
		t.Fatal(err)
	}
	if left, err := d.ClaimInbound(t.Context(), 1); err != nil || len(left) != 0 {
		t.Errorf("a filed mail was due again: %v, %v", left, err)
	}
}

func claimed(t *testing.T, d coretest.Desk) core.Claim {
	t.Helper()
	claims, err := d.ClaimInbound(t.Context(), 1)
	if err != nil || len(claims) != 1 {
		t.Fatalf("claims %v, %v", claims, err)
	}
	return claims[0]
}
