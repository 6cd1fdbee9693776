package core_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/core/coretest"
)

const goodPassword = "correct horse battery"

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
	if _, err := d.ActorOf(ctx, owner.ID, version); err != nil {
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
	actor, version, err := d.AcceptLink(ctx, secret, core.AcceptForm{Password: goodPassword, Name: "Mallory"})
	if err != nil || actor.ID != who.ID || actor.Name != "Cara" {
		t.Fatalf("%+v %v", actor, err)
	}
	for what, err := range map[string]error{
		"the link again":      third(d.AcceptLink(ctx, secret, core.AcceptForm{Password: goodPassword})),
		"the reset link":      third(d.AcceptLink(ctx, reset, core.AcceptForm{Password: goodPassword})),
		"the session before":  second(d.ActorOf(ctx, who.ID, 1)),
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
	if _, err := d.ActorOf(ctx, who.ID, version); err != nil {
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
	secret := link(t, d, core.LinkVerify, who)
	shown, err := core.RevokeLinksIn(ctx, d.Desk, "> https://desk.test/accept/"+secret+"\n> "+core.NewSecret())
	if err != nil || len(shown) != 1 || shown[0] != secret {
		t.Errorf("found %q %v", shown, err)
	}
	if _, err := d.Link(ctx, secret); !errors.Is(err, core.ErrExpired) {
		t.Errorf("a link that was shown around: %v", err)
	}
}

func TestAnInviteeIsEnabledByAcceptingAndARevokedOneIsNot(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	invited, faults, err := d.Invite(ctx, owner, []core.Invitee{
		{Name: "Ann", Email: "ann@desk.test", Role: core.RoleAgent}, {Email: "bob@desk.test", Role: core.RoleCollaborator}})
	if err != nil || len(faults) > 0 || len(invited) != 2 {
		t.Fatal(invited, faults, err)
	}
	ann, _, err := d.CopyLink(ctx, owner, invited[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	bob, _, err := d.CopyLink(ctx, owner, invited[1].ID)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := d.Link(ctx, ann); err != nil || !info.NeedsName || info.Purpose != core.LinkInvite {
		t.Errorf("%+v %v", info, err)
	}
	actor, _, err := d.AcceptLink(ctx, ann, core.AcceptForm{Name: "Ann Agent", Password: goodPassword})
	if err != nil || !actor.Enabled || actor.Name != "Ann Agent" || actor.Role != core.RoleAgent {
		t.Errorf("%+v %v", actor, err)
	}
	if s := d.Text(t, `select state from deliveries where recipient = 'ann@desk.test'`); s != "failed" {
		t.Errorf("the invite mail with a dead link is %s", s)
	}
	if err := d.DisableUser(ctx, owner, invited[1].ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.AcceptLink(ctx, bob, core.AcceptForm{Password: goodPassword}); !errors.Is(err, core.ErrExpired) {
		t.Errorf("a revoked invite: %v", err)
	}
	if _, err := core.MintLink(ctx, d.Desk, core.LinkInvite, invited[1].ID, invited[1].Primary()); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("a link for a revoked invitee: %v", err)
	}
}

func TestAResetLinkDoesNotOpenAnInvite(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	invited, _, err := d.Invite(ctx, owner, []core.Invitee{{Email: "ann@desk.test", Role: core.RoleAgent}})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := core.MintLink(ctx, d.Desk, core.LinkReset, invited[0].ID, invited[0].Primary())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.AcceptLink(ctx, secret, core.AcceptForm{Password: goodPassword}); !errors.Is(err, core.ErrExpired) {
		t.Errorf("%v", err)
	}
}

func TestAnInviteMakesAllOrNone(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, admin := t.Context(), d.Admin(t, "admin@desk.test")
	taken := d.Customer(t, "cara@acme.test")
	_, faults, err := d.Invite(ctx, admin, []core.Invitee{
		{Email: "new@desk.test", Role: core.RoleAgent},
		{Email: "NEW@desk.test", Role: core.RoleAgent},
		{Email: "Cara@acme.test", Role: core.RoleCollaborator},
		{Email: "nonsense", Role: core.RoleAgent},
		{Email: "c@desk.test", Role: core.RoleCustomer},
		{Email: "o@desk.test", Role: core.RoleOwner},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]core.Invalid{
		"invitees[1].email": {Code: core.CodeDuplicate},
		"invitees[2].email": {Code: core.CodeDuplicate, Owner: taken.ID},
		"invitees[3].email": {Code: core.CodeInvalid},
		"invitees[4].role":  {Code: core.CodeInvalid},
		"invitees[5].role":  {Code: core.CodeInvalid},
	}
	for _, f := range faults {
		w, known := want[f.Field]
		if !known || f.Code != w.Code || f.Owner != w.Owner {
			t.Errorf("unexpected fault %+v", f)
		}
		delete(want, f.Field)
	}
	if len(want) > 0 {
		t.Errorf("not told: %v", want)
	}
	if n := d.Text(t, `select (select count(*) from users) + (select count(*) from deliveries)`); n != "2" {
		t.Errorf("%s rows, want the two people from before and no mail", n)
	}
	if _, _, err := d.Invite(ctx, d.Agent(t, "agent@desk.test"), []core.Invitee{{Email: "x@desk.test", Role: core.RoleCollaborator}}); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("an agent invites: %v", err)
	}
}

func TestAccountMailIsSentAgainFiveTimesADayAndEachKillsTheOlderLink(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner, who := t.Context(), d.Owner(t, "owner@desk.test"), d.Customer(t, "cara@acme.test")
	secret := link(t, d, core.LinkVerify, who)
	for range 5 {
		if err := d.SendAccountMail(ctx, owner, who.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Link(ctx, secret); !errors.Is(err, core.ErrExpired) {
		t.Errorf("the older link: %v", err)
	}
	if got := d.Text(t, `select count(*) filter (where state = 'held') || ' of ' || count(*) from deliveries`); got != "1 of 5" {
		t.Errorf("%s mails wait, want only the newest", got)
	}
	if err := d.SendAccountMail(ctx, owner, who.ID); !errors.Is(err, core.ErrLimit) {
		t.Errorf("the sixth: %v", err)
	}
	for _, r := range []core.Role{core.RoleCustomer, core.RoleCollaborator} {
		if err := d.SendAccountMail(ctx, d.Person(t, r, string(r)+"@x.test"), who.ID); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("by a %s: %v", r, err)
		}
	}
}

func TestAnOwnAddressCountsOnlyAfterItsHolderHasShownThePassword(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, who := t.Context(), d.Customer(t, "cara@acme.test")
	if _, _, err := d.AcceptLink(ctx, link(t, d, core.LinkVerify, who), core.AcceptForm{Password: goodPassword}); err != nil {
		t.Fatal(err)
	}
	d.Customer(t, "victim@other.test")
	for _, email := range []string{"cara@home.test", "victim@other.test"} {
		if err := d.AddIdentity(ctx, who, who.ID, email); err != nil {
			t.Errorf("%s: %v, want one answer for both", email, err)
		}
	}
	if n := d.Text(t, `select count(*) from addresses`); n != "2" {
		t.Errorf("%s addresses count, want the two primary ones", n)
	}
	if got := d.Text(t, `select string_agg(recipient, ' ') from deliveries where state = 'held'`); got != "cara@home.test" {
		t.Errorf("mail to %s", got)
	}
	added := who
	added.Address = address(t, "cara@home.test")
	secret := link(t, d, core.LinkVerify, added)
	if info, err := d.Link(ctx, secret); err != nil || !info.KnownPassword {
		t.Errorf("%+v %v", info, err)
	}
	if _, _, err := d.AcceptLink(ctx, secret, core.AcceptForm{Password: "the stranger's own"}); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("a stranger at a mistyped address: %v", err)
	}
	if _, _, err := d.SignIn(ctx, "cara@acme.test", "the stranger's own", "c"); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("the stranger's password: %v", err)
	}
	if _, _, err := d.AcceptLink(ctx, secret, core.AcceptForm{Password: goodPassword}); err != nil {
		t.Fatal(err)
	}
	u, err := d.User(ctx, who, who.ID)
	if err != nil || len(u.Addresses) != 2 || u.Primary() != who.Address || !u.Addresses[1].Verified {
		t.Errorf("%+v %v", u.Addresses, err)
	}
	if _, _, err := d.SignIn(ctx, "cara@home.test", goodPassword, "c"); err != nil {
		t.Errorf("sign-in by the added address: %v", err)
	}
}

func TestStaffAddAddressesOnlyToPeopleBelowThem(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, agent, admin := t.Context(), d.Agent(t, "agent@desk.test"), d.Admin(t, "admin@desk.test")
	customer, owner := d.Customer(t, "cara@acme.test"), d.Owner(t, "owner@desk.test")
	if err := d.AddIdentity(ctx, agent, customer.ID, "cara@home.test"); err != nil {
		t.Error(err)
	}
	for _, c := range []struct{ by, whom core.Actor }{{agent, admin}, {admin, owner}, {admin, d.Admin(t, "peer@desk.test")},
		{customer, agent}, {d.Collaborator(t, "col@desk.test"), customer}} {
		if err := d.AddIdentity(ctx, c.by, c.whom.ID, "evil@x.test"); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("%s to %s: %v", c.by.Role, c.whom.Role, err)
		}
	}
}

func TestAddressesThatStaffAddCountAtOnceAndTheOldAddressIsTold(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, agent, cara := t.Context(), d.Agent(t, "agent@desk.test"), d.Customer(t, "cara@acme.test")
	told := func() string {
		return d.Text(t, `select coalesce(string_agg(recipient || ' ' || kind, ', ' order by id), '') from deliveries`)
	}
	if err := d.AddIdentity(ctx, agent, cara.ID, "cara@home.test"); err != nil {
		t.Fatal(err)
	}
	if err := d.MakePrimary(ctx, agent, cara.ID, "CARA@home.test"); err != nil {
		t.Fatal(err)
	}
	if got := told(); got != "cara@acme.test addresses, cara@acme.test addresses" {
		t.Errorf("told: %s", got)
	}
	if err := d.RemoveIdentity(ctx, cara, cara.ID, "cara@home.test"); !errors.Is(err, core.ErrConflict) {
		t.Errorf("the primary address is removed: %v", err)
	}
	secret := link(t, d, core.LinkReset, cara)
	if err := d.RemoveIdentity(ctx, cara, cara.ID, "cara@acme.test"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Link(ctx, secret); !errors.Is(err, core.ErrExpired) {
		t.Errorf("the link of a removed address: %v", err)
	}
	if _, err := d.CreateUser(ctx, agent, core.NewUser{Email: "cara@acme.test"}); err != nil {
		t.Errorf("a removed address is free: %v", err)
	}
	u, err := d.User(ctx, cara, cara.ID)
	if err != nil || len(u.Addresses) != 1 || u.Primary().String() != "cara@home.test" {
		t.Errorf("%+v %v", u.Addresses, err)
	}
	if err := d.MakePrimary(ctx, cara, agent.ID, "agent@desk.test"); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("another's: %v", err)
	}
}
