package core_test

import (
	"errors"
	"sync"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestWhoHasTheAddressGetsTheRoleInsteadAndItsTeams(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, admin := t.Context(), d.Admin(t, "admin@desk.test")
	cara := d.Customer(t, "cara@acme.test")
	if err := d.AddIdentity(ctx, admin, cara.ID, "second@home.test"); err != nil {
		t.Fatal(err)
	}
	first, err := d.CreateTeam(ctx, admin, "First", nil)
	if err != nil {
		t.Fatal(err)
	}
	second, err := d.CreateTeam(ctx, admin, "Second", nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := d.GiveRoleInstead(ctx, admin, core.Invitee{Name: "Somebody", Email: "SECOND@home.test", Role: core.RoleCollaborator, Teams: []core.TeamID{first.ID}})
	if err != nil || u.ID != cara.ID || u.Role != core.RoleCollaborator || u.Name != "Cara" || !u.Enabled || len(u.Teams) != 1 {
		t.Fatalf("%+v %v", u, err)
	}
	u, err = d.GiveRoleInstead(ctx, admin, core.Invitee{Email: "cara@acme.test", Role: core.RoleAgent, Teams: []core.TeamID{second.ID}})
	if err != nil || u.Role != core.RoleAgent || len(u.Teams) != 2 {
		t.Errorf("%+v %v: a team was lost", u, err)
	}
	if acts := d.Text(t, `select string_agg(act, ' ' order by id) from audit where object = 'user ' || $1::bigint and act <> 'user.address_added'`, cara.ID); acts != "user.role user.updated user.role user.updated" {
		t.Errorf("audit: %s", acts)
	}
}

func TestARoleInsteadIsRefusedAsItsSentencesSay(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner, admin := t.Context(), d.Owner(t, "owner@desk.test"), d.Admin(t, "admin@desk.test")
	agent, off := d.Agent(t, "ann@desk.test"), d.Customer(t, "off@acme.test")
	d.Collaborator(t, "mia@lab.test")
	d.Customer(t, "cara@acme.test")
	if err := d.DisableUser(ctx, owner, off.ID); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		by    core.Actor
		email string
		role  core.Role
		want  error
		said  string
	}{
		{admin, "mia@lab.test", core.RoleCollaborator, core.ErrConflict, "Mia is a collaborator already."},
		{admin, "ann@desk.test", core.RoleCollaborator, core.ErrConflict, "Ann is an agent already."},
		{admin, "off@acme.test", core.RoleAgent, core.ErrConflict, "Off is disabled: enable first."},
		{admin, "nobody@acme.test", core.RoleAgent, core.ErrConflict, "Nobody has nobody@acme.test any more: save the invite again."},
		{admin, "cara@acme.test", core.RoleOwner, core.ErrForbidden, "Only an owner makes or unmakes owners."},
		{admin, "admin@desk.test", core.RoleOwner, core.ErrForbidden, "Only an owner makes or unmakes owners."},
		{admin, "owner@desk.test", core.RoleAdmin, core.ErrConflict, "Owner is an owner already."},
		{agent, "cara@acme.test", core.RoleCollaborator, core.ErrForbidden, ""},
	} {
		_, err := d.GiveRoleInstead(ctx, c.by, core.Invitee{Email: c.email, Role: c.role})
		var refusal core.Refusal
		if errors.As(err, &refusal); !errors.Is(err, c.want) || refusal.Problem != c.said {
			t.Errorf("%s as %s: %v, want %q", c.email, c.role, err, c.said)
		}
	}
	if got := fault(t, second(d.GiveRoleInstead(ctx, owner, core.Invitee{Email: "ann@desk.test", Role: core.RoleCustomer}))); got.Field != "role" {
		t.Errorf("made a customer: %+v", got)
	}
	if n := d.Text(t, `select count(*) from audit where act = 'user.role'`); n != "0" {
		t.Errorf("%s roles were changed", n)
	}
}

func TestARoleInsteadIsCountedByTheLimitAtOnce(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx := t.Context()
	admins := []core.Actor{d.Owner(t, "owner@desk.test"), d.Admin(t, "admin@desk.test")}
	two := 2
	if err := d.SetLimits(ctx, &two, nil); err != nil {
		t.Fatal(err)
	}
	var deeds []func() error
	for i, email := range []string{"a@acme.test", "b@acme.test", "c@acme.test", "d@acme.test"} {
		c, by := d.Customer(t, email), admins[i%2]
		deeds = append(deeds,
			func() error {
				return second(d.GiveRoleInstead(ctx, by, core.Invitee{Email: email, Role: core.RoleCollaborator}))
			},
			func() error { return second(d.UpdateUser(ctx, by, c.ID, role(core.RoleCollaborator))) },
			func() error {
				return third(d.Invite(ctx, by, []core.Invitee{{Email: "new-" + email, Role: core.RoleCollaborator}}))
			})
	}
	errs := make([]error, len(deeds))
	var wg sync.WaitGroup
	for i, do := range deeds {
		wg.Go(func() { errs[i] = do() })
	}
	wg.Wait()
	refused := 0
	for _, err := range errs {
		switch {
		case errors.Is(err, core.ErrLimit):
			refused++
		case err != nil && !errors.Is(err, core.ErrConflict): // is one already, by the other way
			t.Error(err)
		}
	}
	if n := d.Text(t, `select count(*) from users where role = 'collaborator' and (enabled or invited_at is not null)`); n != "2" || refused == 0 {
		t.Errorf("%s collaborators, want 2; %d refused: %v", n, refused, errs)
	}
}

// What stands in mail-law sections 2 and 3, of somebody who was put everywhere.
func TestWhoLosesTheStaffRoleStaysOnlyAsRequester(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	mia, cara := d.Collaborator(t, "mia@lab.test"), d.Customer(t, "cara@acme.test")
	if err := d.AddIdentity(ctx, owner, mia.ID, "mia@home.test"); err != nil {
		t.Fatal(err)
	}
	d.Exec(t, `delete from deliveries`)
	put, bare, own := d.Conversation(t, cara, "one"), d.Conversation(t, cara, "two"), d.Conversation(t, mia, "mine")
	d.Exec(t, `insert into participants (conversation_id, address, user_id, via, by_staff) values ($1, 'mia@lab.test', $3, 'agent', true), ($2, 'mia@home.test', null, 'agent', true)`, put, bare, mia.ID)
	if _, err := d.Reply(ctx, owner, put, core.ReplyForm{Text: "Look."}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Reply(ctx, owner, own, core.ReplyForm{Text: "Yours."}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.AddUserNote(ctx, owner, cara.ID, "ask @mia@lab.test"); err != nil {
		t.Fatal(err)
	}
	waiting := `select string_agg(purpose, ' ' order by purpose) from deliveries where user_id = $1 and state = 'held'`
	if got := d.Text(t, waiting, mia.ID); got != "copy mention reply" {
		t.Fatalf("before, %s wait", got)
	}
	if _, err := d.UpdateUser(ctx, owner, mia.ID, role(core.RoleCustomer)); err != nil {
		t.Fatal(err)
	}
	if got := d.Text(t, waiting, mia.ID); got != "reply" {
		t.Errorf("%s wait, want the answer to the own request alone", got)
	}
	if n := d.Text(t, `select count(*) from participants`); n != "0" {
		t.Errorf("%s places in CC are left", n)
	}
	if n := d.Text(t, `select count(*) from tokens where address in ('mia@lab.test', 'mia@home.test') and revoked_at is null`); n != "0" {
		t.Errorf("%s reply tokens live on", n)
	}
	if got := d.Text(t, `select requester_id from conversations where id = $1`, own); got != d.Text(t, `select $1::bigint`, mia.ID) {
		t.Errorf("the own request went to %s", got)
	}
}
