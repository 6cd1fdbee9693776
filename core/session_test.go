package core_test

import (
	"errors"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// signedIn opens a session as a page does.
func signedIn(t *testing.T, d coretest.Desk, email, password, browser string) (core.Actor, core.SessionID) {
	t.Helper()
	actor, version, err := d.SignIn(t.Context(), email, password, "")
	if err != nil {
		t.Fatal(err)
	}
	id, err := d.BeginSession(t.Context(), actor, version, "192.0.2.1", browser)
	if err != nil {
		t.Fatal(err)
	}
	return actor, id
}

func TestPeopleSeeAndEndTheirOwnSessionsAndNobodyElses(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx := t.Context()
	account(t, d, core.RoleCustomer, "cara@acme.test")
	account(t, d, core.RoleOwner, "olive@desk.test")
	cara, phone := signedIn(t, d, "cara@acme.test", goodPassword, "a phone")
	_, desk := signedIn(t, d, "cara@acme.test", goodPassword, "a\u202edesk\x00top")
	_, third := signedIn(t, d, "cara@acme.test", goodPassword, "")
	olive, other := signedIn(t, d, "olive@desk.test", goodPassword, "")
	d.Exec(t, `update sign_ins set seen_at = now() - interval '1 hour' where id <> $1`, phone)
	own, err := d.Sessions(ctx, cara)
	if err != nil || len(own) != 3 || own[0].ID != phone || own[0].Client != "192.0.2.1" || own[2].Browser != "adesktop" {
		t.Fatalf("%+v %v", own, err)
	}
	if err := d.EndSession(ctx, cara, other); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("somebody else's: %v", err)
	}
	if err := d.EndSession(ctx, olive, desk); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a customer's, by the owner: %v", err)
	}
	if err := d.EndSession(ctx, cara, desk); err != nil {
		t.Fatal(err)
	}
	if err := d.EndSession(ctx, cara, desk); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("one that is over: %v", err)
	}
	alive := func(want string) {
		t.Helper()
		got := ""
		for _, s := range []core.SessionID{phone, desk, third, other} {
			_, err := d.ActorOf(ctx, s)
			switch {
			case err == nil:
				got += "y"
			case errors.Is(err, core.ErrExpired):
				got += "n"
			default:
				t.Error(err)
			}
		}
		if got != want {
			t.Errorf("alive %s, want %s", got, want)
		}
	}
	alive("ynyy")
	if err := d.EndOtherSessions(ctx, cara, third); err != nil {
		t.Fatal(err)
	}
	alive("nnyy")
	if left, err := d.Sessions(ctx, cara); err != nil || len(left) != 1 || left[0].ID != third {
		t.Errorf("%+v %v", left, err)
	}
}

func TestASessionIsWrittenToOnlyEveryFiveMinutesAndEndsByItself(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, who := t.Context(), d.Agent(t, "ann@desk.test")
	id := d.Session(t, who.ID)
	look := func() {
		t.Helper()
		if _, err := d.ActorOf(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	age := func() string {
		return d.Text(t, `select round(extract(epoch from now() - seen_at) / 60)::int from sign_ins`)
	}
	d.Exec(t, `update sign_ins set seen_at = now() - interval '4 minutes'`)
	if look(); age() != "4" {
		t.Errorf("a look wrote, seen %s minutes ago", age())
	}
	d.Exec(t, `update sign_ins set seen_at = now() - interval '6 minutes'`)
	if look(); age() != "0" {
		t.Errorf("seen %s minutes ago, want now", age())
	}
	d.Exec(t, `update sign_ins set created_at = now() - interval '15 days'`)
	if _, err := d.ActorOf(ctx, id); !errors.Is(err, core.ErrExpired) {
		t.Errorf("an old session: %v", err)
	}
	if own, err := d.Sessions(ctx, who); err != nil || len(own) != 0 {
		t.Errorf("it is still shown: %+v %v", own, err)
	}
	if err := d.TidyAccounts(ctx); err != nil {
		t.Fatal(err)
	}
	if n := d.Text(t, `select count(*) from sign_ins`); n != "0" {
		t.Errorf("%s rows are left", n)
	}
}

func TestASessionBegunWithOldCredentialsNeverLives(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx := t.Context()
	account(t, d, core.RoleAgent, "ann@desk.test")
	ann, old, err := d.SignIn(ctx, "ann@desk.test", goodPassword, "")
	if err != nil {
		t.Fatal(err)
	}
	now, err := d.ChangePassword(ctx, ann, goodPassword, "another good one", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.BeginSession(ctx, ann, old, "", ""); !errors.Is(err, core.ErrExpired) {
		t.Errorf("a sign-in with the password of a moment ago: %v", err)
	}
	late, err := d.BeginSession(ctx, ann, now, "", "")
	if err != nil {
		t.Fatal(err)
	}
	// As a commit between the check and the insert would leave it.
	d.Exec(t, `update users set credential_version = credential_version + 1`)
	if _, err := d.ActorOf(ctx, late); !errors.Is(err, core.ErrExpired) {
		t.Errorf("a row of an older version: %v", err)
	}
}

func TestPeopleSeeAndEndTheirOwnTokensByAHandleThatOpensNothing(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, ann, bob := t.Context(), d.Agent(t, "ann@desk.test"), d.Agent(t, "bob@desk.test")
	secret, err := d.CreateToken(ctx, "ann@desk.test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.ActorByToken(ctx, secret); err != nil {
		t.Fatal(err)
	}
	own, err := d.APITokens(ctx, ann)
	if err != nil || len(own) != 1 || own[0].LastUsedAt == nil {
		t.Fatalf("%+v %v", own, err)
	}
	if others, err := d.APITokens(ctx, bob); err != nil || len(others) != 0 {
		t.Errorf("somebody else sees %+v %v", others, err)
	}
	if _, err := d.ActorByToken(ctx, own[0].Handle); !errors.Is(err, core.ErrExpired) {
		t.Errorf("the handle opens: %v", err)
	}
	for _, c := range []struct {
		by     core.Actor
		handle string
	}{{bob, own[0].Handle}, {ann, ""}, {ann, own[0].Handle[:8]}, {ann, "zz"}, {ann, own[0].Handle + "00"}} {
		if err := d.EndAPIToken(ctx, c.by, c.handle); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("%s ends %q: %v", c.by.Name, c.handle, err)
		}
	}
	if err := d.EndAPIToken(ctx, ann, own[0].Handle); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ActorByToken(ctx, secret); !errors.Is(err, core.ErrExpired) {
		t.Errorf("an ended token: %v", err)
	}
}
