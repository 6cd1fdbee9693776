package core_test

import (
	"errors"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

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

func TestAnAddressWithATagOfAMailboxIsNobodys(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent := d.Agent(t, "abe@desk.test")
	mailbox := d.Text(t, `select address from mailboxes order by id limit 1`)
	tagged := strings.Replace(mailbox, "@", "+anything@", 1)
	_, err := d.CreateUser(t.Context(), agent, core.NewUser{Email: tagged})
	var taken core.Invalid
	if !errors.As(err, &taken) || taken.Code != core.CodeDuplicate || taken.Mailbox == 0 {
		t.Errorf("mail to %s would come back to us, and an account there is %v", tagged, err)
	}
	if _, err := d.CreateUser(t.Context(), agent, core.NewUser{Email: "cara+anything@acme.test"}); err != nil {
		t.Errorf("a tag of somebody else's address: %v", err)
	}
}

func TestWhomStaffMadeJoinsTheOrganizationThatIsMadeLater(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent := d.Agent(t, "abe@desk.test")
	if _, err := d.CreateUser(t.Context(), agent, core.NewUser{Email: "cara@acme.test"}); err != nil {
		t.Fatal(err)
	}
	acme, err := d.CreateOrganization(t.Context(), agent, core.NewOrganization{Name: "Acme", Domains: []string{"acme.test"}})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := d.JoinExisting(t.Context(), agent, acme.ID); err != nil || n != 1 {
		t.Errorf("%d joined, %v", n, err)
	}
}
