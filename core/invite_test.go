package core_test

import (
	"errors"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

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
	if err := d.SendAccountMail(ctx, owner, who.ID); !errors.Is(err, core.ErrRate) {
		t.Errorf("the sixth: %v", err)
	}
	for _, r := range []core.Role{core.RoleCustomer, core.RoleCollaborator} {
		if err := d.SendAccountMail(ctx, d.Person(t, r, string(r)+"@x.test"), who.ID); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("by a %s: %v", r, err)
		}
	}
}
