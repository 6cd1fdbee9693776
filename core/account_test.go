package core_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/core/coretest"
)

const goodPassword = coretest.Password

// link mints one for a person.
func link(t *testing.T, d coretest.Desk, purpose core.LinkPurpose, who core.Actor) string {
	t.Helper()
	secret, err := core.MintLink(t.Context(), d.Desk, purpose, who.ID, who.Address)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestTheSetupLinkMakesTheFirstOwnerOnceAndIsNeededNoMore(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx := t.Context()
	older, needed, err := d.SetupLink(ctx)
	if err != nil || !needed {
		t.Fatal(needed, err)
	}
	secret, _, err := d.SetupLink(ctx)
	if err != nil {
		t.Fatal(err)
	}
	info, err := d.Link(ctx, secret)
	if err != nil || info.Purpose != core.LinkSetup || !info.NeedsName || !info.NeedsEmail {
		t.Errorf("%+v %v", info, err)
	}
	form := core.AcceptForm{Name: "Olive Owner", Email: "olive@desk.test", Password: goodPassword}
	if _, _, err := d.AcceptLink(ctx, older, form); !errors.Is(err, core.ErrExpired) {
		t.Errorf("the older link: %v", err)
	}
	if got := fault(t, third(d.AcceptLink(ctx, secret, core.AcceptForm{Name: "Olive", Email: "olive@desk.test", Password: "short"}))); got.Field != "password" {
		t.Errorf("%+v", got)
	}
	if got := fault(t, third(d.AcceptLink(ctx, secret, core.AcceptForm{Email: "olive", Password: goodPassword}))); got.Field != "email" {
		t.Errorf("%+v", got)
	}
	errs := make([]error, 3)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = third(d.AcceptLink(ctx, secret, form)) })
	}
	wg.Wait()
	well := 0
	for _, err := range errs {
		if err == nil {
			well++
		} else if !errors.Is(err, core.ErrExpired) {
			t.Errorf("a second press: %v", err)
		}
	}
	if n := d.Text(t, `select count(*) from users where role = 'owner' and enabled`); well != 1 || n != "1" {
		t.Errorf("%d presses worked, %s owners", well, n)
	}
	if secret, needed, err := d.SetupLink(ctx); err != nil || needed || secret != "" {
		t.Errorf("still needed: %q %v %v", secret, needed, err)
	}
	owner, version, err := d.SignIn(ctx, "Olive@DESK.test", goodPassword, "192.0.2.1")
	if err != nil || owner.Role != core.RoleOwner || owner.Name != "Olive Owner" {
		t.Fatalf("%+v %v", owner, err)
	}
	if _, err := d.BeginSession(ctx, owner, version, "192.0.2.1", "a browser"); err != nil {
		t.Errorf("the session: %v", err)
	}
}

func third[A, B any](_ A, _ B, err error) error { return err }

func TestWhoWroteToTheNewDeskBeforeBecomesItsOwner(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, early := t.Context(), d.Customer(t, "olive@desk.test")
	secret, _, err := d.SetupLink(ctx)
	if err != nil {
		t.Fatal(err)
	}
	owner, _, err := d.AcceptLink(ctx, secret, core.AcceptForm{Name: "Olive", Email: "olive@desk.test", Password: goodPassword})
	if err != nil || owner.ID != early.ID || owner.Role != core.RoleOwner {
		t.Errorf("%+v %v, want user %d as owner", owner, err, early.ID)
	}
}

func TestALinkWorksOnceAndKillsTheOlderOnesAndEverySession(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, who := t.Context(), d.Customer(t, "cara@acme.test")
	d.Exec(t, `update addresses set verified_at = null`)
	token, err := d.CreateToken(ctx, "cara@acme.test")
	if err != nil {
		t.Fatal(err)
	}
	first, reset := link(t, d, core.LinkVerify, who), link(t, d, core.LinkReset, who)
	secret := link(t, d, core.LinkVerify, who)
	if _, err := d.Link(ctx, first); !errors.Is(err, core.ErrExpired) {
		t.Errorf("a newer link left the older alive: %v", err)
	}
	for range 3 { // a mail scanner
		if info, err := d.Link(ctx, secret); err != nil || info.NeedsName || info.Address != who.Address || time.Until(info.Expires) < 6*24*time.Hour {
			t.Fatalf("looking: %+v %v", info, err)
		}
	}
	if n := d.Text(t, `select count(*) from addresses where verified_at is not null`); n != "0" {
		t.Error("looking at the link verified the address")
	}
	before := d.Session(t, who.ID)
	actor, version, err := d.AcceptLink(ctx, secret, core.AcceptForm{Password: goodPassword, Name: "Mallory"})
	if err != nil || actor.ID != who.ID || actor.Name != "Cara" {
		t.Fatalf("%+v %v", actor, err)
	}
	for what, err := range map[string]error{
		"the link again":      third(d.AcceptLink(ctx, secret, core.AcceptForm{Password: goodPassword})),
		"the reset link":      third(d.AcceptLink(ctx, reset, core.AcceptForm{Password: goodPassword})),
		"the session before":  second(d.ActorOf(ctx, before)),
		"the API token":       second(d.ActorByToken(ctx, token)),
		"an empty secret":     second(d.Link(ctx, "")),
		"an upper-case one":   second(d.Link(ctx, strings.ToUpper(secret))),
		"a truncated one":     second(d.Link(ctx, secret[:42])),
		"the hash of a token": second(d.Link(ctx, token)),
	} {
		if !errors.Is(err, core.ErrExpired) {
			t.Errorf("%s: %v, want expired", what, err)
		}
	}
	if _, err := d.BeginSession(ctx, actor, version, "", ""); err != nil {
		t.Errorf("the new session: %v", err)
	}
	if n := d.Text(t, `select count(*) from addresses where verified_at is not null`); n != "1" {
		t.Error("using the link did not verify the address")
	}
}

func TestOldLinksExpire(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, who := t.Context(), d.Customer(t, "cara@acme.test")
	secret := link(t, d, core.LinkReset, who)
	if info, err := d.Link(ctx, secret); err != nil || time.Until(info.Expires) > time.Hour {
		t.Errorf("%+v %v", info, err)
	}
	d.Exec(t, `update links set expires_at = now() - interval '1 second'`)
	if _, _, err := d.AcceptLink(ctx, secret, core.AcceptForm{Password: goodPassword}); !errors.Is(err, core.ErrExpired) {
		t.Errorf("an old link: %v", err)
	}
	if d.Text(t, `select password_hash is null from users`) != "true" {
		t.Error("an old link set a password")
	}
}

func TestALinkThatComesBackInAMailIsRevoked(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, who := t.Context(), d.Customer(t, "cara@acme.test")
	for _, purpose := range []core.LinkPurpose{core.LinkVerify, core.LinkReset, core.LinkSignIn} {
		secret := link(t, d, purpose, who)
		shown, err := core.RevokeLinksIn(ctx, d.Desk, "> https://desk.test/accept/"+secret+"\n> "+core.NewSecret())
		if err != nil || len(shown) != 1 || shown[0] != secret {
			t.Errorf("%s: found %q %v", purpose, shown, err)
		}
		if _, err := d.Link(ctx, secret); !errors.Is(err, core.ErrExpired) {
			t.Errorf("a %s link that was shown around: %v", purpose, err)
		}
	}
}

func TestDisableWinsOverALinkThatIsUsedAtTheSameTime(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	for round := range 4 {
		who := d.Customer(t, fmt.Sprintf("c%d@acme.test", round))
		secret := link(t, d, core.LinkVerify, who)
		var version int
		var accepted, disabled error
		var wg sync.WaitGroup
		wg.Go(func() { _, version, accepted = d.AcceptLink(ctx, secret, core.AcceptForm{Password: goodPassword}) })
		wg.Go(func() { disabled = d.DisableUser(ctx, owner, who.ID) })
		wg.Wait()
		if disabled != nil || accepted != nil && !errors.Is(accepted, core.ErrExpired) {
			t.Errorf("disable: %v, accept: %v", disabled, accepted)
		}
		if _, err := d.BeginSession(ctx, who, version, "", ""); !errors.Is(err, core.ErrExpired) {
			t.Errorf("round %d: a session of the disabled lives: %v", round, err)
		}
	}
}

func TestOfSeveralPasswordChangesAtOnceOneCounts(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx := t.Context()
	account(t, d, core.RoleAgent, "ann@desk.test")
	actor, _, err := d.SignIn(ctx, "ann@desk.test", goodPassword, "c")
	if err != nil {
		t.Fatal(err)
	}
	versions := make([]int, 4)
	errs := make([]error, 4)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			versions[i], errs[i] = d.ChangePassword(ctx, actor, goodPassword, fmt.Sprint("another good one ", i), "c")
		})
	}
	wg.Wait()
	well := 0
	for i, err := range errs {
		switch {
		case err == nil:
			well++
			if _, err := d.BeginSession(ctx, actor, versions[i], "", ""); err != nil {
				t.Errorf("the session that changed it: %v", err)
			}
		case !errors.Is(err, core.ErrExpired) && !errors.Is(err, core.ErrForbidden):
			t.Errorf("a late one: %v", err)
		}
	}
	if well != 1 {
		t.Errorf("%d changes of one password were told to have worked", well)
	}
}
