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

func namesOfMembers(members []core.Member) string {
	var all []string
	for _, m := range members {
		all = append(all, m.Name)
	}
	return strings.Join(all, " ")
}

func TestTheDirectoryHasEverybodyOfTheStaffAndNobodyElse(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "olga@desk.test")
	d.Customer(t, "cara@acme.test")
	abe, mia, gone := d.Agent(t, "abe@desk.test"), d.Collaborator(t, "mia@lab.test"), d.Agent(t, "gone@desk.test")
	away, off := d.Agent(t, "away@desk.test"), d.Admin(t, "bert@desk.test")
	d.Exec(t, `update users set enabled = false, anonymised_at = now() where id = $1`, gone.ID)
	d.Exec(t, `update users set enabled = false, merged_into = $2 where id = $1`, away.ID, abe.ID)
	if err := d.DisableUser(ctx, owner, off.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Invite(ctx, owner, []core.Invitee{{Name: "Zoe", Email: "zoe@desk.test", Role: core.RoleAgent}}); err != nil {
		t.Fatal(err)
	}
	team, err := d.CreateTeam(ctx, owner, "Lab", []core.UserID{mia.ID, abe.ID})
	if err != nil {
		t.Fatal(err)
	}
	yes, no := true, false
	for _, c := range []struct {
		filter core.DirectoryFilter
		want   string
	}{
		{core.DirectoryFilter{Enabled: &yes}, "Abe Mia Olga"},
		{core.DirectoryFilter{Enabled: &no}, "Zoe Bert"},
		{core.DirectoryFilter{Enabled: &yes, Role: core.RoleAgent}, "Abe"},
		{core.DirectoryFilter{Team: team.ID}, "Abe Mia"},
		{core.DirectoryFilter{Query: "LAB.test"}, "Mia"},
		{core.DirectoryFilter{Query: "%"}, ""},
		{core.DirectoryFilter{Role: core.RoleCustomer}, ""},
	} {
		got, total, err := d.Directory(ctx, owner, c.filter)
		if err != nil || namesOfMembers(got) != c.want || total != len(got) {
			t.Errorf("%+v: %q of %d, %v; want %q", c.filter, namesOfMembers(got), total, err, c.want)
		}
	}
	for _, by := range []core.Actor{abe, mia, {}} {
		if _, _, err := d.Directory(ctx, by, core.DirectoryFilter{}); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("a %q reads the directory: %v", by.Role, err)
		}
	}
}

func TestTheDirectoryDoesNotEndAtAHundred(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	d.Exec(t, `insert into users (name, role, enabled) select 'Agent ' || lpad(n::text, 3, '0'), 'agent', true from generate_series(1, 130) n`)
	yes := true
	seen := map[core.UserID]bool{}
	for offset := 0; offset < 150; offset += 50 {
		got, total, err := d.Directory(ctx, owner, core.DirectoryFilter{Enabled: &yes, Page: core.Page{Limit: 50, Offset: offset}})
		if err != nil || total != 131 {
			t.Fatalf("%d of %d, %v", len(got), total, err)
		}
		for _, m := range got {
			seen[m.ID] = true
		}
	}
	if len(seen) != 131 {
		t.Errorf("%d people seen, want 131", len(seen))
	}
}

func TestTheDirectoryTellsHowFarAnInviteIs(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	invited, faults, err := d.Invite(ctx, owner, []core.Invitee{{Email: "zoe@desk.test", Role: core.RoleAgent}})
	if err != nil || len(faults) > 0 {
		t.Fatal(faults, err)
	}
	id := invited[0].ID
	state := func() core.InviteState {
		t.Helper()
		got, _, err := d.Directory(ctx, owner, core.DirectoryFilter{Query: "zoe"})
		if err != nil || len(got) != 1 || !got[0].Waits() {
			t.Fatalf("%+v %v", got, err)
		}
		return got[0].InviteState(time.Now())
	}
	want := func(what string, want core.InviteState) {
		t.Helper()
		if got := state(); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	want("just invited", core.InviteQueued)
	d.Exec(t, `update deliveries set state = 'held' where user_id = $1`, id)
	want("without a relay", core.InviteHeld)
	d.Exec(t, `update deliveries set state = 'sent', sent_at = now() where user_id = $1`, id)
	if _, err := core.MintLink(ctx, d.Desk, core.LinkInvite, id, invited[0].Primary()); err != nil {
		t.Fatal(err)
	}
	want("once the mail left", core.InviteOpen)
	d.Exec(t, `update links set expires_at = now() - interval '1 minute' where user_id = $1`, id)
	want("after seven days", core.InviteExpired)
	d.Exec(t, `update deliveries set state = 'failed', failed_at = now(), last_response = '550 no such user' where user_id = $1`, id)
	want("after a bounce", core.InviteFailed)
	if _, _, err := d.CopyLink(ctx, owner, id); err != nil {
		t.Fatal(err)
	}
	want("with a copied link", core.InviteOpen)
	d.Exec(t, `update links set revoked_at = now() where user_id = $1`, id)
	want("with a link that was shown around", core.InviteFailed)
	if err := d.SendAccountMail(ctx, owner, id); err != nil {
		t.Fatal(err)
	}
	want("sent again", core.InviteQueued)
}

func TestARevokedInviteIsOverAndAnAcceptedOneCannotBeRevoked(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner, admin := t.Context(), d.Owner(t, "owner@desk.test"), d.Admin(t, "admin@desk.test")
	invited, _, err := d.Invite(ctx, owner, []core.Invitee{
		{Email: "ann@desk.test", Role: core.RoleAgent}, {Email: "bob@desk.test", Role: core.RoleAgent}, {Email: "eve@desk.test", Role: core.RoleOwner}})
	if err != nil || len(invited) != 3 {
		t.Fatal(invited, err)
	}
	ann, bob, eve := invited[0], invited[1], invited[2]
	secret, _, err := d.CopyLink(ctx, admin, ann.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.RevokeInvite(ctx, admin, ann.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.AcceptLink(ctx, secret, core.AcceptForm{Password: goodPassword}); !errors.Is(err, core.ErrExpired) {
		t.Errorf("the link of a revoked invite: %v", err)
	}
	if got := d.Text(t, `select enabled || ' ' || coalesce(invited_at::text, 'never') from users where id = $1`, ann.ID); got != "false never" {
		t.Errorf("after the revoke: %s", got)
	}
	if n := d.Text(t, `select count(*) from deliveries where user_id = $1 and state in ('queued', 'held')`, ann.ID); n != "0" {
		t.Errorf("%s mails wait for the revoked", n)
	}
	secret, _, err = d.CopyLink(ctx, admin, bob.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.AcceptLink(ctx, secret, core.AcceptForm{Password: goodPassword}); err != nil {
		t.Fatal(err)
	}
	if err := d.RevokeInvite(ctx, admin, bob.ID); !errors.Is(err, core.ErrConflict) {
		t.Errorf("revoked after accepting: %v", err)
	}
	if got := d.Text(t, `select enabled from users where id = $1`, bob.ID); got != "true" {
		t.Error("who has accepted was shut out by a page that was open too long")
	}
	for what, err := range map[string]error{
		"revoke": d.RevokeInvite(ctx, admin, eve.ID), "send": d.SendAccountMail(ctx, admin, eve.ID), "copy": third(d.CopyLink(ctx, admin, eve.ID)),
	} {
		if !errors.Is(err, core.ErrForbidden) {
			t.Errorf("an admin does %s to an owner: %v", what, err)
		}
	}
	for _, by := range []core.Actor{d.Agent(t, "x@desk.test"), d.Collaborator(t, "y@desk.test"), {}} {
		if err := d.RevokeInvite(ctx, by, eve.ID); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("a %q revokes: %v", by.Role, err)
		}
	}
}

func TestThePeopleOfALimitAreCountedWithTheInvited(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	two, five := 2, 5
	if err := d.SetLimits(ctx, &two, &five); err != nil {
		t.Fatal(err)
	}
	off := d.Collaborator(t, "off@lab.test")
	if err := d.DisableUser(ctx, owner, off.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Invite(ctx, owner, []core.Invitee{{Email: "a@lab.test", Role: core.RoleCollaborator}, {Email: "b@desk.test", Role: core.RoleAdmin}}); err != nil {
		t.Fatal(err)
	}
	collaborators, seats, err := d.Rooms(ctx, owner)
	if err != nil || collaborators.Used != 1 || collaborators.Invited != 1 || collaborators.Full() || seats.Used != 2 || seats.Invited != 1 {
		t.Errorf("%+v %+v %v", collaborators, seats, err)
	}
	_, faults, err := d.Invite(ctx, owner, []core.Invitee{{Email: "c@lab.test", Role: core.RoleCollaborator}, {Email: "d@lab.test", Role: core.RoleCollaborator},
		{Email: "off@lab.test", Role: core.RoleCollaborator}})
	if !errors.Is(err, core.ErrLimit) || !strings.Contains(err.Error(), "room for 1 more, and these are 2") || len(faults) != 1 {
		t.Errorf("beyond the limit: %v, faults %v", err, faults)
	}
	if n := d.Text(t, `select count(*) from addresses where address in ('c@lab.test', 'd@lab.test')`); n != "0" {
		t.Errorf("%s of them were made all the same", n)
	}
	if _, _, err := d.Invite(ctx, owner, []core.Invitee{{Email: "c@lab.test", Role: core.RoleCollaborator}}); err != nil {
		t.Errorf("the last one: %v", err)
	}
	if collaborators, _, _ = d.Rooms(ctx, owner); !collaborators.Full() {
		t.Errorf("%+v is not full", collaborators)
	}
	if _, _, err := d.Rooms(ctx, d.Agent(t, "x@desk.test")); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("an agent asks: %v", err)
	}
}

func TestAnInviteHasFiftyRowsAtMost(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	owner := d.Owner(t, "owner@desk.test")
	rows := make([]core.Invitee, core.MostInvitees+1)
	for i := range rows {
		rows[i] = core.Invitee{Email: fmt.Sprintf("n%d@desk.test", i), Role: core.RoleAgent}
	}
	invited, faults, err := d.Invite(t.Context(), owner, rows)
	if err != nil || len(invited) != 0 || len(faults) != 1 || faults[0].Field != "invitees" {
		t.Errorf("%d invited, %v, %v", len(invited), faults, err)
	}
	if invited, faults, err = d.Invite(t.Context(), owner, rows[1:]); err != nil || len(invited) != core.MostInvitees {
		t.Errorf("%d invited, %v, %v", len(invited), faults, err)
	}
}
