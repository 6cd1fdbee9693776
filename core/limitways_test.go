package core_test

import (
	"errors"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestEveryWayInAsksTheLimit(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	off, agentOff := d.Collaborator(t, "off@lab.test"), d.Agent(t, "off@desk.test")
	for _, id := range []core.UserID{off.ID, agentOff.ID} {
		if err := d.DisableUser(ctx, owner, id); err != nil {
			t.Fatal(err)
		}
	}
	cara, mia := d.Customer(t, "cara@acme.test"), d.Collaborator(t, "mia@lab.test")
	invited, _, err := d.Invite(ctx, owner, []core.Invitee{{Email: "nina@desk.test", Role: core.RoleAgent}})
	if err != nil {
		t.Fatal(err)
	}
	one, two := 1, 2 // mia; the owner and nina
	if err := d.SetLimits(ctx, &one, &two); err != nil {
		t.Fatal(err)
	}
	collaborator, agent := core.RoleCollaborator, core.RoleAgent
	for way, err := range map[string]error{
		"an invite to collaborate":    third(d.Invite(ctx, owner, []core.Invitee{{Email: "n1@x.test", Role: collaborator}})),
		"an invite of an agent":       third(d.Invite(ctx, owner, []core.Invitee{{Email: "n2@x.test", Role: agent}})),
		"an account made by an admin": second(d.CreateUser(ctx, owner, core.NewUser{Email: "n3@x.test", Role: core.RoleAdmin})),
		"the command":                 second(d.CreateAccount(ctx, core.NewUser{Email: "n4@x.test", Role: agent}, nil)),
		"a role change":               second(d.UpdateUser(ctx, owner, cara.ID, role(collaborator))),
		"a role change across limits": second(d.UpdateUser(ctx, owner, mia.ID, role(agent))),
		"a role instead of an invite": second(d.GiveRoleInstead(ctx, owner, core.Invitee{Email: "cara@acme.test", Role: collaborator})),
		"enabling a collaborator":     d.EnableUser(ctx, owner, off.ID),
		"enabling an agent":           d.EnableUser(ctx, owner, agentOff.ID),
	} {
		if !errors.Is(err, core.ErrLimit) {
			t.Errorf("%s: %v, want the limit", way, err)
		}
	}
	if _, err := d.UpdateUser(ctx, owner, off.ID, role(agent)); err != nil {
		t.Errorf("the role of somebody disabled takes no place: %v", err)
	}
	if err := d.EnableUser(ctx, owner, off.ID); !errors.Is(err, core.ErrLimit) {
		t.Errorf("but enabling does: %v", err)
	}
	if _, err := d.UpdateUser(ctx, owner, invited[0].ID, role(core.RoleAdmin)); err != nil {
		t.Errorf("another role with the same seat: %v", err)
	}
	secret, _, err := d.CopyLink(ctx, owner, invited[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.AcceptLink(ctx, secret, core.AcceptForm{Password: goodPassword}); err != nil {
		t.Errorf("who was invited was counted, and accepts: %v", err)
	}
	if n := d.Text(t, `select string_agg(role || ' ' || n, ', ' order by role) from
		(select role, count(*) n from users where role <> 'customer' and enabled group by role) r`); n != "admin 1, collaborator 1, owner 1" {
		t.Errorf("enabled: %s", n)
	}
}

func TestTheSetUpAsksTheLimitToo(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, none := t.Context(), 0
	if err := d.SetLimits(ctx, nil, &none); err != nil {
		t.Fatal(err)
	}
	secret, needed, err := d.SetupLink(ctx)
	if err != nil || !needed {
		t.Fatal(needed, err)
	}
	form := core.AcceptForm{Name: "Olga", Email: "olga@desk.test", Password: goodPassword}
	if _, _, err := d.AcceptLink(ctx, secret, form); !errors.Is(err, core.ErrLimit) {
		t.Errorf("an owner without a seat: %v", err)
	}
	d.Customer(t, "olga@desk.test")
	if _, _, err := d.AcceptLink(ctx, secret, form); !errors.Is(err, core.ErrLimit) {
		t.Errorf("a customer who becomes the owner: %v", err)
	}
	one := 1
	if err := d.SetLimits(ctx, nil, &one); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.AcceptLink(ctx, secret, form); err != nil {
		t.Errorf("the same link, with a seat: %v", err)
	}
}
