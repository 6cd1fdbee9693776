package core_test

import (
	"errors"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// TestWhoWasMergedByMistakeLosesTheOthersAccountWithTheWayBack: while two are one,
// mail to the account may go to the one who does not belong there.
func TestWhoWasMergedByMistakeLosesTheOthersAccountWithTheWayBack(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, admin := t.Context(), d.Admin(t, "ada@desk.test")
	password := "correct horse battery"
	made := func(email string) core.UserID {
		id, err := d.CreateAccount(ctx, core.NewUser{Email: email}, &password)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	cara, mallory := made("cara@acme.test"), made("mallory@evil.test")
	if err := d.MergeUsers(ctx, admin, cara, mallory); err != nil {
		t.Fatal(err)
	}
	if err := d.MakePrimary(ctx, admin, cara, "mallory@evil.test"); err != nil {
		t.Fatal(err)
	}
	secret := d.Text(t, `select md5('x')`)
	d.Exec(t, `insert into links (secret_hash, purpose, user_id, address, expires_at) values ($1, 'reset', $2, 'mallory@evil.test', now() + interval '1 hour')`, core.HashSecret(secret), cara)
	taken := "now it is all mine"
	actor, version, err := d.AcceptLink(ctx, secret, core.AcceptForm{Password: taken})
	if err != nil || actor.ID != cara {
		t.Fatal(actor.ID, err)
	}
	session, err := d.BeginSession(ctx, actor, version, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.UnmergeUsers(ctx, admin, mallory); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ActorOf(ctx, session); !errors.Is(err, core.ErrExpired) {
		t.Errorf("the session goes on: %v", err)
	}
	if _, _, err := d.SignIn(ctx, "cara@acme.test", taken, "192.0.2.1"); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("the password opens the account: %v", err)
	}
	if back, _, err := d.SignIn(ctx, "mallory@evil.test", password, "192.0.2.1"); err != nil || back.ID != mallory {
		t.Errorf("the own account: %d %v", back.ID, err)
	}
}

func TestAPasswordFromBeforeTheMergeOutlivesTheWayBack(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, admin, double := t.Context(), d.Admin(t, "ada@desk.test"), d.Customer(t, "double@acme.test")
	password := "correct horse battery"
	cara, err := d.CreateAccount(ctx, core.NewUser{Email: "cara@acme.test"}, &password)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.MergeUsers(ctx, admin, cara, double.ID), d.UnmergeUsers(ctx, admin, double.ID)); err != nil {
		t.Fatal(err)
	}
	if actor, _, err := d.SignIn(ctx, "cara@acme.test", password, "192.0.2.1"); err != nil || actor.ID != cara {
		t.Errorf("%d %v", actor.ID, err)
	}
}
