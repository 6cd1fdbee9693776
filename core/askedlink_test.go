package core_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestASignInLinkSignsInOnceAndTouchesNoPassword(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true, PublicURL: "https://help.desk.test"})
	ctx := t.Context()
	id := account(t, d, core.RoleAgent, "ann@desk.test")
	browser := d.Session(t, id)
	if err := d.RequestSignInLink(ctx, " Ann@DESK.test", "192.0.2.1", "/agent/users/7"); err != nil {
		t.Fatal(err)
	}
	mail, secret := mailed(t, d)
	if mail.Purpose != core.PurposeReset || mail.Outgoing.Notice != core.NoticeSignIn || mail.Outgoing.Subject != "Your sign-in link" {
		t.Errorf("%+v", mail.Outgoing)
	}
	for range 3 { // a mail scanner
		info, err := d.Link(ctx, secret)
		if err != nil || info.Purpose != core.LinkSignIn || info.NeedsName || !info.HasPassword || info.Next != "/agent/users/7" ||
			time.Until(info.Expires) > 15*time.Minute {
			t.Fatalf("%+v %v", info, err)
		}
	}
	actor, version, err := d.AcceptLink(ctx, secret, core.AcceptForm{Password: "something else", Name: "Mallory"})
	if err != nil || actor.ID != id || actor.Name != "ann" {
		t.Fatalf("%+v %v", actor, err)
	}
	if _, err := d.BeginSession(ctx, actor, version, "", ""); err != nil {
		t.Error(err)
	}
	if _, err := d.ActorOf(ctx, browser); err != nil {
		t.Errorf("the session before: %v", err)
	}
	if _, _, err := d.SignIn(ctx, "ann@desk.test", goodPassword, ""); err != nil {
		t.Errorf("the password: %v", err)
	}
	if _, _, err := d.AcceptLink(ctx, secret, core.AcceptForm{}); !errors.Is(err, core.ErrExpired) {
		t.Errorf("again: %v", err)
	}
}

func TestANewerSignInLinkKillsTheOlderAndUsingOneKillsTheRest(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	ctx, who := t.Context(), d.Customer(t, "cara@acme.test")
	ask := func(client string) {
		t.Helper()
		if err := d.RequestSignInLink(ctx, "cara@acme.test", client, ""); err != nil {
			t.Fatal(err)
		}
	}
	ask("192.0.2.1")
	_, older := mailed(t, d)
	ask("192.0.2.2")
	_, newer := mailed(t, d)
	if _, err := d.Link(ctx, older); !errors.Is(err, core.ErrExpired) {
		t.Errorf("the older one: %v", err)
	}
	ask("192.0.2.3") // not composed yet
	if _, _, err := d.AcceptLink(ctx, newer, core.AcceptForm{}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ClaimDelivery(ctx); !errors.Is(err, core.ErrNoWork) {
		t.Errorf("a mail with one more link leaves: %v", err)
	}
	if d.Text(t, `select password_hash is null from users where id = $1`, who.ID) != "true" {
		t.Error("a password came from nowhere")
	}
}

func TestASignInLinkGoesOnlyToTheEnabledAndTheirPrimaryAddress(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	cara, off := d.Customer(t, "cara@acme.test"), d.Customer(t, "off@acme.test")
	if err := d.DisableUser(ctx, owner, off.ID); err != nil {
		t.Fatal(err)
	}
	if err := d.AddIdentity(ctx, owner, cara.ID, "cara@home.test"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Invite(ctx, owner, []core.Invitee{{Email: "ann@desk.test", Role: core.RoleAgent}}); err != nil {
		t.Fatal(err)
	}
	for i, email := range []string{"CARA@home.test", "unknown@acme.test", "off@acme.test", "ann@desk.test", "nonsense", ""} {
		if err := d.RequestSignInLink(ctx, email, fmt.Sprintf("192.0.2.%d", i), ""); err != nil {
			t.Errorf("%s: %v", email, err)
		}
	}
	if got := d.Text(t, `select string_agg(recipient || ' ' || link_purpose, ', ') from deliveries where purpose = 'reset'`); got != "cara@acme.test sign_in" {
		t.Errorf("mail to %s", got)
	}
	for i := range 5 {
		if err := d.RequestSignInLink(ctx, "cara@acme.test", fmt.Sprintf("198.51.100.%d", i), ""); err != nil {
			t.Error(err)
		}
	}
	if n := d.Text(t, `select count(*) from deliveries where link_purpose = 'sign_in'`); n != "4" {
		t.Errorf("%s mails, want three an hour for an address", n)
	}
	if err := d.RequestReset(ctx, "cara@acme.test", "203.0.113.1"); err != nil {
		t.Fatal(err)
	}
	if n := d.Text(t, `select count(*) from deliveries where link_purpose = 'reset'`); n != "1" {
		t.Errorf("%s reset mails: the counts are not apart", n)
	}
}

func TestTheFirstProofByASignInLinkEndsWhatWasBegunBefore(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner, who := t.Context(), d.Owner(t, "owner@desk.test"), d.Customer(t, "cara@acme.test")
	d.Exec(t, `update addresses set verified_at = null where user_id = $1`, who.ID)
	org, err := d.CreateOrganization(ctx, owner, core.NewOrganization{Name: "Acme", Domains: []string{"acme.test"}})
	if err != nil {
		t.Fatal(err)
	}
	planted, reset, verify := d.Session(t, who.ID), link(t, d, core.LinkReset, who), link(t, d, core.LinkVerify, who)
	token, err := d.CreateToken(ctx, "cara@acme.test")
	if err != nil {
		t.Fatal(err)
	}
	actor, _, err := d.AcceptLink(ctx, link(t, d, core.LinkSignIn, who), core.AcceptForm{})
	if err != nil || actor.ID != who.ID {
		t.Fatal(actor, err)
	}
	for what, err := range map[string]error{
		"a planted session": second(d.ActorOf(ctx, planted)), "the API token": second(d.ActorByToken(ctx, token)),
		"the reset link": second(d.Link(ctx, reset)), "the verification link": second(d.Link(ctx, verify)),
	} {
		if !errors.Is(err, core.ErrExpired) {
			t.Errorf("%s: %v", what, err)
		}
	}
	u, err := d.User(ctx, who, who.ID)
	if err != nil || !u.Addresses[0].Verified || u.Organization != org.ID || u.HasPassword {
		t.Errorf("%+v %v", u, err)
	}
}

// A33 of reliability.md.
func TestADeadLinkDoesNothingWhateverKilledIt(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner, who := t.Context(), d.Owner(t, "owner@desk.test"), d.Customer(t, "cara@acme.test")
	off, gone := d.Customer(t, "off@acme.test"), who
	gone.Address = address(t, "never@acme.test") // not, or no longer, the person's
	dead := map[string]string{"empty": "", "null bytes": "\x00\x00", "unknown": core.NewSecret(), "of no address of theirs": link(t, d, core.LinkReset, gone)}
	for _, purpose := range []core.LinkPurpose{core.LinkVerify, core.LinkReset, core.LinkSignIn} {
		name := string(purpose) + " "
		revoked := link(t, d, purpose, who)
		dead[name+"revoked by a newer one"] = revoked
		expired := link(t, d, purpose, who)
		d.Exec(t, `update links set expires_at = now() - interval '1 second' where revoked_at is null and purpose = $1 and user_id = $2`, purpose, who.ID)
		dead[name+"expired"], dead[name+"upper-case"], dead[name+"truncated"] = expired, strings.ToUpper(expired), expired[:42]
		dead[name+"with a null byte"], dead[name+"twice"] = expired+"\x00", expired+expired
		dead[name+"of the disabled"] = link(t, d, purpose, off)
	}
	if err := d.DisableUser(ctx, owner, off.ID); err != nil {
		t.Fatal(err)
	}
	before := d.Text(t, `select string_agg(u::text, ' ' order by id) from users u`) + d.Text(t, `select string_agg(l::text, ' ' order by secret_hash) from links l`)
	for what, secret := range dead {
		if _, err := d.Link(ctx, secret); !errors.Is(err, core.ErrExpired) {
			t.Errorf("looking at one %s: %v", what, err)
		}
		if _, _, err := d.AcceptLink(ctx, secret, core.AcceptForm{Password: goodPassword}); !errors.Is(err, core.ErrExpired) {
			t.Errorf("using one %s: %v", what, err)
		}
	}
	after := d.Text(t, `select string_agg(u::text, ' ' order by id) from users u`) + d.Text(t, `select string_agg(l::text, ' ' order by secret_hash) from links l`)
	if after != before {
		t.Error("a dead link changed something")
	}
}

func TestAnAccountMailThatWaitsDiesWithThePasswordChange(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx := t.Context()
	id := account(t, d, core.RoleAgent, "ann@desk.test")
	ann, version, err := d.SignIn(ctx, "ann@desk.test", goodPassword, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.RequestReset(ctx, "ann@desk.test", ""), d.RequestSignInLink(ctx, "ann@desk.test", "", ""),
		d.AddIdentity(ctx, ann, id, "ann@evil.test")); err != nil {
		t.Fatal(err)
	}
	session, err := d.BeginSession(ctx, ann, version, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.EndSession(ctx, ann, session); err != nil {
		t.Fatal(err)
	}
	if n := d.Text(t, `select count(*) from deliveries where state = 'held'`); n != "3" {
		t.Errorf("%s mails wait after a session ended, want all three", n)
	}
	if _, err := d.ChangePassword(ctx, ann, goodPassword, "another good one", ""); err != nil {
		t.Fatal(err)
	}
	if got := d.Text(t, `select string_agg(distinct state, ' ') from deliveries`); got != "failed" {
		t.Errorf("account mails are %s", got)
	}
	if waiting, err := d.PendingIdentities(ctx, ann); err != nil || len(waiting) != 0 {
		t.Errorf("addresses still wait: %v %v", waiting, err)
	}
}

// A32 of reliability.md.
func TestWhoAsksForLinksBeforeTheFirstMailHasNothingAfterIt(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx := t.Context()
	if err := errors.Join(d.RequestReset(ctx, "victim@acme.test", ""), d.RequestSignInLink(ctx, "victim@acme.test", "", "")); err != nil {
		t.Fatal(err)
	}
	mallory := withPassword(t, d, "mallory@evil.test")
	if err := d.AddIdentity(ctx, mallory, mallory.ID, "victim@acme.test"); err != nil {
		t.Fatal(err)
	}
	victim, err := core.MakeCustomer(ctx, d.Desk, address(t, "victim@acme.test"), "Victim", true)
	if err != nil || victim == mallory.ID {
		t.Fatal(victim, err)
	}
	if got := d.Text(t, `select concat((select count(*) from links where user_id = $1), (select count(*) from deliveries where user_id = $1),
		(select count(*) from users where id = $1 and password_hash is not null))`, victim); got != "000" {
		t.Errorf("links, mails, passwords from before: %s", got)
	}
	added := mallory
	added.Address = address(t, "victim@acme.test")
	// The link that went to the victim, and that the victim passes on.
	if _, _, err := d.AcceptLink(ctx, link(t, d, core.LinkVerify, added), core.AcceptForm{Password: goodPassword}); !errors.Is(err, core.ErrConflict) {
		t.Errorf("the address went to two people: %v", err)
	}
	if owner := d.Text(t, `select user_id from addresses where address = 'victim@acme.test'`); owner != fmt.Sprint(victim) {
		t.Errorf("the address belongs to %s", owner)
	}
}
