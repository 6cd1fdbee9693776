package core_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// account makes a person with a password, whose hash costs next to nothing.
func account(t *testing.T, d coretest.Desk, r core.Role, email string) core.UserID {
	t.Helper()
	id, err := d.CreateAccount(t.Context(), core.NewUser{Email: email, Role: r}, nil)
	if err != nil {
		t.Fatal(err)
	}
	d.KnowsPassword(t, id)
	return id
}

func TestAPasswordIsHashedAtTheFullCostAndSignsIn(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	password := goodPassword
	id, err := d.CreateAccount(t.Context(), core.NewUser{Email: "cara@acme.test"}, &password)
	if err != nil {
		t.Fatal(err)
	}
	const argon2id = "$argon2id$v=19$m=65536,t=1,p=2$"
	if hash := d.Text(t, `select password_hash from users where id = $1`, id); !strings.HasPrefix(hash, argon2id) || strings.Contains(hash, password) {
		t.Errorf("the hash is %q, want one of %s", hash, argon2id)
	}
	if actor, _, err := d.SignIn(t.Context(), "cara@acme.test", password, "192.0.2.1"); err != nil || actor.ID != id {
		t.Errorf("%+v %v", actor, err)
	}
	if _, _, err := d.SignIn(t.Context(), "cara@acme.test", password+"x", "192.0.2.1"); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("with another password: %v", err)
	}
}

func TestSignInAnswersTheSameForEveryReason(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx := t.Context()
	owner := d.Owner(t, "owner@desk.test")
	account(t, d, core.RoleCustomer, "cara@acme.test")
	off := account(t, d, core.RoleAgent, "off@desk.test")
	d.Customer(t, "nopassword@acme.test")
	if err := d.DisableUser(ctx, owner, off); err != nil {
		t.Fatal(err)
	}
	var sentence string
	for i, c := range []struct{ email, password string }{
		{"cara@acme.test", "wrong password"},
		{"cara@acme.test", ""},
		{"unknown@acme.test", goodPassword},
		{"off@desk.test", goodPassword},
		{"nopassword@acme.test", goodPassword},
		{"nopassword@acme.test", ""},
		{"no address", goodPassword},
		{"", ""},
	} {
		actor, version, err := d.SignIn(ctx, c.email, c.password, fmt.Sprintf("192.0.2.%d", i))
		var refusal core.Refusal
		if !errors.As(err, &refusal) || !errors.Is(err, core.ErrForbidden) || actor.ID != 0 || version != 0 {
			t.Fatalf("%q %q: %+v %v", c.email, c.password, actor, err)
		}
		if sentence == "" {
			sentence = refusal.Problem
		}
		if refusal.Problem != sentence {
			t.Errorf("%q: %q differs from %q", c.email, refusal.Problem, sentence)
		}
	}
	actor, _, err := d.SignIn(ctx, " Cara@ACME.test", goodPassword, "192.0.2.99")
	if err != nil || actor.Role != core.RoleCustomer || actor.Timezone != "UTC" {
		t.Errorf("%+v %v", actor, err)
	}
}

func TestAClientThatTriesTooOftenIsRefusedAndOthersAreNot(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx := t.Context()
	account(t, d, core.RoleCustomer, "cara@acme.test")
	for i := range 10 {
		_, _, err := d.SignIn(ctx, fmt.Sprintf("guess%d@acme.test", i), "wrong password", fmt.Sprintf("2001:db8::%d", i))
		if !errors.Is(err, core.ErrForbidden) {
			t.Fatalf("try %d: %v", i, err)
		}
	}
	if _, _, err := d.SignIn(ctx, "cara@acme.test", goodPassword, "2001:db8::ffff"); !errors.Is(err, core.ErrRate) {
		t.Errorf("the eleventh try of one network: %v", err)
	}
	if err := d.RequestReset(ctx, "cara@acme.test", "2001:db8::fffe"); !errors.Is(err, core.ErrRate) {
		t.Errorf("a reset of that network: %v", err)
	}
	if _, _, err := d.SignIn(ctx, "cara@acme.test", goodPassword, "2001:db8:1::1"); err != nil {
		t.Errorf("somebody else: %v", err)
	}
}

func TestAnAccountUnderAttackIsSlowedAndNeverLocked(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx := t.Context()
	account(t, d, core.RoleCustomer, "cara@acme.test")
	d.Exec(t, `insert into sign_in_attempts select 'account cara@acme.test', now() - interval '10 minutes' from generate_series(1, 21)`)
	if _, _, err := d.SignIn(ctx, "cara@acme.test", goodPassword, "192.0.2.7"); err != nil {
		t.Errorf("the owner of the account: %v", err)
	}
	if n := d.Text(t, `select count(*) from sign_in_attempts where subject = 'account cara@acme.test'`); n != "21" {
		t.Errorf("%s tries remembered, want those of the attacker", n)
	}
	if n := d.Text(t, `select count(*) from sign_in_attempts where subject = 'client 192.0.2.7'`); n != "0" {
		t.Errorf("a right password counts %s against its client", n)
	}
}

func TestAResetAnswersTheSameForAllAndMailsThreeAnHour(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	id := account(t, d, core.RoleCustomer, "cara@acme.test")
	if err := d.AddIdentity(ctx, owner, id, "cara@home.test"); err != nil {
		t.Fatal(err)
	}
	off := account(t, d, core.RoleCustomer, "off@acme.test")
	if err := d.DisableUser(ctx, owner, off); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Invite(ctx, owner, []core.Invitee{{Email: "ann@desk.test", Role: core.RoleAgent}}); err != nil {
		t.Fatal(err)
	}
	for i, email := range []string{"Cara@acme.test", "unknown@acme.test", "off@acme.test", "ann@desk.test", "nonsense", "cara@home.test"} {
		if err := d.RequestReset(ctx, email, fmt.Sprintf("192.0.2.%d", i)); err != nil {
			t.Errorf("%s: %v", email, err)
		}
	}
	if got := d.Text(t, `select string_agg(recipient, ' ') from deliveries where purpose = 'reset'`); got != "cara@acme.test cara@acme.test" {
		t.Errorf("reset mail to %s, want the primary address alone", got)
	}
	for i := range 5 {
		if err := d.RequestReset(ctx, "cara@acme.test", fmt.Sprintf("198.51.100.%d", i)); err != nil {
			t.Errorf("request %d: %v", i, err)
		}
	}
	if n := d.Text(t, `select count(*) from deliveries where purpose = 'reset'`); n != "4" {
		t.Errorf("%s reset mails, want three for the one address and one for the other", n)
	}
}

func TestAPasswordChangeEndsOtherSessionsAndTokens(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx := t.Context()
	account(t, d, core.RoleAgent, "ann@desk.test")
	actor, version, err := d.SignIn(ctx, "ann@desk.test", goodPassword, "c")
	if err != nil {
		t.Fatal(err)
	}
	other, err := d.BeginSession(ctx, actor, version, "192.0.2.1", "a browser")
	if err != nil {
		t.Fatal(err)
	}
	token, err := d.CreateToken(ctx, "ann@desk.test")
	if err != nil {
		t.Fatal(err)
	}
	reset := link(t, d, core.LinkReset, actor)
	if _, err := d.ChangePassword(ctx, actor, "wrong password", "another good one", "c"); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("with a wrong old one: %v", err)
	}
	if got := fault(t, second(d.ChangePassword(ctx, actor, goodPassword, "short", "c"))); got.Field != "password" {
		t.Errorf("%+v", got)
	}
	now, err := d.ChangePassword(ctx, actor, goodPassword, "another good one", "c")
	if err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"the other session": second(d.ActorOf(ctx, other)),
		"the API token":     second(d.ActorByToken(ctx, token)),
		"the reset link":    second(d.Link(ctx, reset)),
	} {
		if !errors.Is(err, core.ErrExpired) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := d.BeginSession(ctx, actor, now, "", ""); err != nil {
		t.Errorf("the own session: %v", err)
	}
	if _, _, err := d.SignIn(ctx, "ann@desk.test", goodPassword, "c"); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("the old password: %v", err)
	}
}

func TestOnlyHashesOfSecretsAreStored(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	account(t, d, core.RoleOwner, "owner@desk.test")
	token, err := d.CreateToken(t.Context(), "owner@desk.test")
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"api_tokens", "users", "audit", "events"} {
		for _, secret := range []string{token, goodPassword} {
			if n := d.Text(t, `select count(*) from `+table+` r where position($1 in r::text) > 0`, secret); n != "0" {
				t.Errorf("a secret stands in %s", table)
			}
		}
	}
	if _, err := d.CreateToken(t.Context(), "nobody@desk.test"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a token for nobody: %v", err)
	}
}
