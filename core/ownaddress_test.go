package core_test

import (
	"errors"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// people with a password, as most who add addresses.
func withPassword(t *testing.T, d coretest.Desk, email string) core.Actor {
	t.Helper()
	account(t, d, core.RoleCustomer, email)
	actor, _, err := d.SignIn(t.Context(), email, goodPassword, "")
	if err != nil {
		t.Fatal(err)
	}
	return actor
}

// waiting are a person's addresses that wait for their link.
func waiting(t *testing.T, d coretest.Desk, who core.Actor) (list string) {
	t.Helper()
	found, err := d.PendingIdentities(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range found {
		list += a.String() + " "
	}
	return list
}

func TestAnAddressThatWaitsTellsNothingOfWhetherSomebodyHasIt(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	ctx, cara := t.Context(), withPassword(t, d, "cara@acme.test")
	d.Customer(t, "victim@other.test")
	for _, email := range []string{"free@home.test", "victim@other.test"} {
		if err := d.AddIdentity(ctx, cara, cara.ID, email); err != nil {
			t.Fatal(err)
		}
	}
	if got := waiting(t, d, cara); got != "free@home.test victim@other.test " {
		t.Errorf("before the mail is composed: %s", got)
	}
	c, older := mailed(t, d)
	if got := waiting(t, d, cara); c.Recipient.String() != "free@home.test" || got != "free@home.test victim@other.test " {
		t.Errorf("mail to %s, waiting %s", c.Recipient, got)
	}
	if err := d.AddIdentity(ctx, cara, cara.ID, "free@home.test"); err != nil { // send again
		t.Fatal(err)
	}
	if _, err := d.Link(ctx, older); !errors.Is(err, core.ErrExpired) {
		t.Errorf("the older link: %v", err)
	}
	if _, secret := mailed(t, d); second(d.Link(ctx, secret)) != nil {
		t.Error("the newer link is dead")
	}
	if _, err := d.ClaimDelivery(ctx); !errors.Is(err, core.ErrNoWork) {
		t.Errorf("the victim has mail: %v", err)
	}
	if got := fault(t, d.AddIdentity(ctx, cara, cara.ID, "CARA@acme.test")); got.Field != "email" || got.Code != core.CodeDuplicate {
		t.Errorf("the own address: %+v", got)
	}
	if err := d.AddIdentity(ctx, cara, cara.ID, "fourth@home.test"); !errors.Is(err, core.ErrRate) {
		t.Errorf("the fourth in an hour: %v", err)
	}
}

func TestAnAddressThatIsGivenUpHasNeitherLinkNorMail(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	ctx, cara, bob := t.Context(), withPassword(t, d, "cara@acme.test"), withPassword(t, d, "bob@acme.test")
	for _, email := range []string{"sent@home.test", "queued@home.test"} {
		if err := d.AddIdentity(ctx, cara, cara.ID, email); err != nil {
			t.Fatal(err)
		}
	}
	_, secret := mailed(t, d)
	for _, email := range []string{"sent@home.test", "queued@home.test"} {
		if err := d.CancelIdentity(ctx, bob, email); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("somebody else cancels %s: %v", email, err)
		}
		if err := d.CancelIdentity(ctx, cara, email); err != nil {
			t.Errorf("%s: %v", email, err)
		}
		if err := d.CancelIdentity(ctx, cara, email); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("%s again: %v", email, err)
		}
	}
	if err := d.CancelIdentity(ctx, cara, "cara@acme.test"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("the own address: %v", err)
	}
	if _, _, err := d.AcceptLink(ctx, secret, core.AcceptForm{Password: goodPassword}); !errors.Is(err, core.ErrExpired) {
		t.Errorf("its link: %v", err)
	}
	if got := waiting(t, d, cara); got != "" {
		t.Errorf("waiting: %s", got)
	}
	if _, err := d.ClaimDelivery(ctx); !errors.Is(err, core.ErrNoWork) {
		t.Errorf("its mail leaves: %v", err)
	}
}

// The holder of a mistyped address must not get the account.
func TestWhoHasNoPasswordAddsNoAddress(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, cara := t.Context(), d.Customer(t, "cara@acme.test")
	if err := d.AddIdentity(ctx, cara, cara.ID, "typo@home.test"); !errors.Is(err, core.ErrConflict) {
		t.Errorf("without a password: %v", err)
	}
	typo := cara
	typo.Address = address(t, "typo@home.test")
	if _, _, err := d.AcceptLink(ctx, link(t, d, core.LinkVerify, typo), core.AcceptForm{Password: "the stranger's own"}); !errors.Is(err, core.ErrExpired) {
		t.Errorf("a stranger's link: %v", err)
	}
	if d.Text(t, `select password_hash is null from users where id = $1`, cara.ID) != "true" {
		t.Error("a stranger set the password")
	}
}

func TestTheOldAddressHearsOfOneThatThePersonAdded(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, cara := t.Context(), withPassword(t, d, "cara@acme.test")
	added := cara
	added.Address = address(t, "cara@home.test")
	if _, _, err := d.AcceptLink(ctx, link(t, d, core.LinkVerify, added), core.AcceptForm{Password: goodPassword}); err != nil {
		t.Fatal(err)
	}
	if got := d.Text(t, `select string_agg(recipient || ' ' || kind, ', ') from deliveries`); got != "cara@acme.test addresses" {
		t.Errorf("told: %s", got)
	}
}

// A32 of reliability.md.
func TestAChangeOfAddressKillsTheLinksBeforeIt(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(d coretest.Desk, cara core.Actor) error{
		"another primary one": func(d coretest.Desk, cara core.Actor) error {
			return d.MakePrimary(t.Context(), cara, cara.ID, "cara@home.test")
		},
		"a removed one": func(d coretest.Desk, cara core.Actor) error {
			return d.RemoveIdentity(t.Context(), cara, cara.ID, "cara@home.test")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := coretest.OpenDesk(t, core.Config{})
			ctx, cara := t.Context(), withPassword(t, d, "cara@acme.test")
			d.Exec(t, `insert into addresses (address, user_id, is_primary, verified_at) values ('cara@home.test', $1, false, now())`, cara.ID)
			if err := errors.Join(d.RequestReset(ctx, "cara@acme.test", ""), d.RequestSignInLink(ctx, "cara@acme.test", "", "")); err != nil {
				t.Fatal(err)
			}
			reset, signIn := link(t, d, core.LinkReset, cara), link(t, d, core.LinkSignIn, cara)
			if err := change(d, cara); err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{reset, signIn} {
				if _, _, err := d.AcceptLink(ctx, secret, core.AcceptForm{Password: goodPassword}); !errors.Is(err, core.ErrExpired) {
					t.Errorf("an older link: %v", err)
				}
			}
			if n := d.Text(t, `select count(*) from deliveries where state = 'held' and link_purpose is not null`); n != "0" {
				t.Errorf("%s mails would bring one more", n)
			}
		})
	}
}

func TestAnInviteFollowsThePrimaryAddress(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	users, _, err := d.Invite(ctx, owner, []core.Invitee{{Email: "typo@desk.test", Role: core.RoleAgent}})
	if err != nil {
		t.Fatal(err)
	}
	_, old := mailed(t, d)
	d.Exec(t, `insert into addresses (address, user_id, is_primary, verified_at) values ('ann@desk.test', $1, false, now())`, users[0].ID)
	if err := d.MakePrimary(ctx, owner, users[0].ID, "ann@desk.test"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Link(ctx, old); !errors.Is(err, core.ErrExpired) {
		t.Errorf("the invite at the old address: %v", err)
	}
	c, secret := mailed(t, d)
	info, err := d.Link(ctx, secret)
	if err != nil || c.Recipient.String() != "ann@desk.test" || info.Role != core.RoleAgent || info.InvitedBy != owner.Name {
		t.Errorf("%+v %+v %v", c, info, err)
	}
}
