package core_test

import (
	"errors"
	"fmt"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func role(r core.Role) core.UserChanges { return core.UserChanges{Role: &r} }

func TestRoleChangesFollowTheMatrix(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx := t.Context()
	actors := map[core.Role]core.Actor{}
	for _, r := range core.Roles() {
		actors[r] = d.Person(t, r, "actor-"+string(r)+"@desk.test")
	}
	d.Owner(t, "second@desk.test")
	n := 0
	for _, c := range []struct {
		by, from, to core.Role
		want         error
	}{
		{core.RoleCustomer, core.RoleCustomer, core.RoleCollaborator, core.ErrForbidden},
		{core.RoleCollaborator, core.RoleCustomer, core.RoleCollaborator, core.ErrForbidden},
		{core.RoleAgent, core.RoleCustomer, core.RoleCollaborator, nil},
		{core.RoleAgent, core.RoleCustomer, core.RoleAgent, core.ErrForbidden},
		{core.RoleAgent, core.RoleCollaborator, core.RoleCustomer, core.ErrForbidden},
		{core.RoleAgent, core.RoleAdmin, core.RoleAgent, core.ErrForbidden},
		{core.RoleAdmin, core.RoleCollaborator, core.RoleCustomer, nil},
		{core.RoleAdmin, core.RoleCustomer, core.RoleAdmin, nil},
		{core.RoleAdmin, core.RoleAdmin, core.RoleAgent, nil},
		{core.RoleAdmin, core.RoleCustomer, core.RoleOwner, core.ErrForbidden},
		{core.RoleAdmin, core.RoleOwner, core.RoleCustomer, core.ErrForbidden},
		{core.RoleOwner, core.RoleCustomer, core.RoleOwner, nil},
		{core.RoleOwner, core.RoleOwner, core.RoleAgent, nil},
	} {
		n++
		subject := d.Person(t, c.from, fmt.Sprintf("subject%d@acme.test", n))
		u, err := d.UpdateUser(ctx, actors[c.by], subject.ID, role(c.to))
		if !errors.Is(err, c.want) {
			t.Errorf("%s makes a %s a %s: %v, want %v", c.by, c.from, c.to, err, c.want)
		}
		want := c.from
		if c.want == nil {
			want = c.to
			if !u.Enabled || u.HasPassword {
				t.Errorf("%s to %s: enabled %v, password %v, want both as before", c.from, c.to, u.Enabled, u.HasPassword)
			}
		}
		if got := d.Text(t, `select role from users where id = $1`, subject.ID); got != string(want) {
			t.Errorf("%s by %s: is %s, want %s", c.from, c.by, got, want)
		}
	}
	for _, r := range core.Roles() {
		if _, err := d.UpdateUser(ctx, actors[r], actors[r].ID, role(core.RoleCollaborator)); r != core.RoleCollaborator && !errors.Is(err, core.ErrForbidden) {
			t.Errorf("a %s changes the own role: %v", r, err)
		}
	}
}

func TestAnAdminWhoWasDemotedMeanwhileGrantsNothing(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	owner, admin, customer := d.Owner(t, "owner@desk.test"), d.Admin(t, "admin@desk.test"), d.Customer(t, "cara@acme.test")
	if _, err := d.UpdateUser(t.Context(), owner, admin.ID, role(core.RoleAgent)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.UpdateUser(t.Context(), admin, customer.ID, role(core.RoleAdmin)); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("with the actor from before: %v, want forbidden", err)
	}
}

// credentialed gives a person everything that must die.
func credentialed(t *testing.T, d coretest.Desk, r core.Role, email string) (who core.Actor, token string) {
	t.Helper()
	who = d.Person(t, r, email)
	c := d.Conversation(t, d.Customer(t, "asks-"+email), "help")
	d.Exec(t, `insert into tokens (name, purpose, address, user_id, conversation_id, mailbox_id) values ($1, 1, $2, $3, $4, $5)`,
		int64(core.NewRowName()), email, who.ID, c, d.Mailbox)
	d.Exec(t, `insert into tokens (name, purpose, address, conversation_id, mailbox_id) values ($1, 2, $2, $3, $4)`,
		int64(core.NewRowName()), email, c, d.Mailbox)
	token, err := d.CreateToken(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.ActorByToken(t.Context(), token); err != nil {
		t.Fatalf("the token before: %v", err)
	}
	return who, token
}

func TestDisableEndsSessionsTokensLinksAndMail(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	who, token := credentialed(t, d, core.RoleCustomer, "cara@acme.test")
	secret, err := core.MintLink(ctx, d.Desk, core.LinkReset, who.ID, who.Address)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.SendAccountMail(ctx, owner, who.ID); err != nil {
		t.Fatal(err)
	}
	session := d.Session(t, who.ID)
	if _, err := d.ActorOf(ctx, session); err != nil {
		t.Fatal(err)
	}
	if err := d.DisableUser(ctx, owner, who.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ActorOf(ctx, session); !errors.Is(err, core.ErrExpired) {
		t.Errorf("the session: %v", err)
	}
	if _, err := d.ActorByToken(ctx, token); !errors.Is(err, core.ErrExpired) {
		t.Errorf("the API token: %v", err)
	}
	if _, err := d.Link(ctx, secret); !errors.Is(err, core.ErrExpired) {
		t.Errorf("the link: %v", err)
	}
	if _, _, err := d.AcceptLink(ctx, secret, core.AcceptForm{Password: "long enough"}); !errors.Is(err, core.ErrExpired) {
		t.Errorf("using the link: %v", err)
	}
	if n := d.Text(t, `select count(*) from tokens where revoked_at is null`); n != "0" {
		t.Errorf("%s reply tokens live on", n)
	}
	if s := d.Text(t, `select string_agg(distinct state, ',') from deliveries where user_id = $1`, who.ID); s != "failed" {
		t.Errorf("mail to the disabled is %s", s)
	}
	if _, err := core.MintLink(ctx, d.Desk, core.LinkVerify, who.ID, who.Address); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("a mail composed now would hold a link: %v", err)
	}
	u, err := d.User(ctx, owner, who.ID)
	if err != nil || u.DisplayName() != "Cara (Disabled)" {
		t.Errorf("shown as %q %v", u.DisplayName(), err)
	}
	if err := d.EnableUser(ctx, owner, who.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Link(ctx, secret); !errors.Is(err, core.ErrExpired) {
		t.Errorf("the old link after enable: %v", err)
	}
	if acts := d.Text(t, `select string_agg(act, ' ' order by id) from audit where object = $1 and act in ('user.disabled', 'user.enabled')`,
		fmt.Sprintf("user %d", who.ID)); acts != "user.disabled user.enabled" {
		t.Errorf("audit: %s", acts)
	}
}

func TestDisableFollowsTheMatrix(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	actors := map[core.Role]core.Actor{}
	for _, r := range core.Roles() {
		actors[r] = d.Person(t, r, string(r)+"@desk.test")
	}
	for _, c := range []struct {
		by, whom core.Role
		want     error
	}{
		{core.RoleCustomer, core.RoleCustomer, core.ErrForbidden},
		{core.RoleCollaborator, core.RoleCustomer, core.ErrForbidden},
		{core.RoleAgent, core.RoleCustomer, nil},
		{core.RoleAgent, core.RoleCollaborator, core.ErrForbidden},
		{core.RoleAgent, core.RoleAgent, core.ErrForbidden},
		{core.RoleAdmin, core.RoleAdmin, nil},
		{core.RoleAdmin, core.RoleOwner, core.ErrForbidden},
		{core.RoleOwner, core.RoleOwner, nil},
	} {
		subject := d.Person(t, c.whom, fmt.Sprintf("%s-by-%s@acme.test", c.whom, c.by))
		if err := d.DisableUser(t.Context(), actors[c.by], subject.ID); !errors.Is(err, c.want) {
			t.Errorf("%s disables a %s: %v, want %v", c.by, c.whom, err, c.want)
		}
		d.Exec(t, `update users set enabled = false where id = $1`, subject.ID)
	}
	for _, r := range core.Roles() {
		err := d.DisableUser(t.Context(), actors[r], actors[r].ID)
		if !errors.Is(err, core.ErrForbidden) && !errors.Is(err, core.ErrConflict) {
			t.Errorf("a %s disables themselves: %v", r, err)
		}
	}
	if err := d.DisableUser(t.Context(), actors[core.RoleOwner], 99999); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
}

func TestARoleChangeEndsSessionsAndTokensAndALostStaffRoleLeavesWhereStaffPutIt(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	who, token := credentialed(t, d, core.RoleAgent, "ann@desk.test")
	team, err := d.CreateTeam(ctx, owner, "First line", []core.UserID{who.ID})
	if err != nil || len(team.Members) != 1 {
		t.Fatal(team, err)
	}
	customer := d.Customer(t, "cara@acme.test")
	put, came, own := d.Conversation(t, customer, "one"), d.Conversation(t, customer, "two"), d.Conversation(t, who, "mine")
	d.Exec(t, `insert into participants (conversation_id, address, user_id, via, by_staff) values
		($1, 'ann@desk.test', $3, 'agent', true), ($2, 'ann@desk.test', $3, 'mail', false)`, put, came, who.ID)
	d.Exec(t, `update conversations set assignee_id = $1 where id = $2`, who.ID, put)
	session := d.Session(t, who.ID)
	if _, err := d.UpdateUser(ctx, owner, who.ID, role(core.RoleCustomer)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ActorOf(ctx, session); !errors.Is(err, core.ErrExpired) {
		t.Errorf("the session: %v", err)
	}
	if _, err := d.ActorByToken(ctx, token); !errors.Is(err, core.ErrExpired) {
		t.Errorf("the API token: %v", err)
	}
	if n := d.Text(t, `select count(*) from tokens where address = 'ann@desk.test' and revoked_at is null`); n != "0" {
		t.Errorf("%s reply tokens live on", n)
	}
	if got := d.Text(t, `select array_agg(conversation_id) from participants`); got != d.Text(t, `select array[$1::bigint]`, came) {
		t.Errorf("participant of %s, want only %d", got, came)
	}
	if got := d.Text(t, `select requester_id from conversations where id = $1`, own); got != fmt.Sprint(who.ID) {
		t.Errorf("the own request went to %s", got)
	}
	if n := d.Text(t, `select (select count(*) from team_members) + (select count(*) from conversations where assignee_id is not null)`); n != "0" {
		t.Errorf("%s places of staff left", n)
	}
}

func TestAnAgentsWayMakesACollaboratorWhoseVerificationLinkGoesOn(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner, agent := t.Context(), d.Owner(t, "owner@desk.test"), d.Agent(t, "ann@desk.test")
	u, err := d.CreateUser(ctx, agent, core.NewUser{Email: "expert@lab.test"})
	if err != nil {
		t.Fatal(err)
	}
	secret, _, err := d.CopyLink(ctx, agent, u.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.UpdateUser(ctx, agent, u.ID, role(core.RoleCollaborator)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Link(ctx, secret); err != nil {
		t.Errorf("the link of the new collaborator: %v", err)
	}
	if _, err := d.UpdateUser(ctx, owner, u.ID, role(core.RoleAdmin)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Link(ctx, secret); !errors.Is(err, core.ErrExpired) {
		t.Errorf("a link that an agent has seen opens an admin's account: %v", err)
	}
	if n := d.Text(t, `select count(*) from deliveries where user_id = $1 and state = 'held' and purpose = 'verify'`, u.ID); n != "1" {
		t.Errorf("%s new mails ask for a password, want 1", n)
	}
	if _, _, err := d.CopyLink(ctx, agent, u.ID); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("an agent copies an admin's link: %v", err)
	}
}

func TestPeopleChangeTheirOwnProfileAndNothingBeyond(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, customer := t.Context(), d.Customer(t, "cara@acme.test")
	name, zone := "Cara  Customer", "Asia/Tokyo"
	u, err := d.UpdateProfile(ctx, customer, core.ProfileChanges{Name: &name, Timezone: &zone})
	if err != nil || u.Name != "Cara Customer" || u.Timezone != zone {
		t.Errorf("%+v %v", u, err)
	}
	other, tags, org := d.Customer(t, "other@acme.test"), []string{"vip"}, core.OrganizationID(0)
	for what, try := range map[string]error{
		"tags":         second(d.UpdateUser(ctx, customer, customer.ID, core.UserChanges{Tags: &tags})),
		"organization": second(d.UpdateUser(ctx, customer, customer.ID, core.UserChanges{Organization: &org})),
		"another":      second(d.UpdateUser(ctx, customer, other.ID, core.UserChanges{Name: &name})),
	} {
		if !errors.Is(try, core.ErrForbidden) {
			t.Errorf("%s: %v, want forbidden", what, try)
		}
	}
	empty := " "
	if got := fault(t, second(d.UpdateProfile(ctx, customer, core.ProfileChanges{Name: &empty}))); got.Field != "full_name" {
		t.Errorf("%+v", got)
	}
	if _, err := d.User(ctx, customer, other.ID); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a customer looks at another: %v", err)
	}
	if u, err := d.User(ctx, customer, customer.ID); err != nil || u.Primary() != customer.Address {
		t.Errorf("a customer looks at themselves: %+v %v", u, err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestACustomersMessageReachesSomebodyWhenTheAssigneeIsDisabled(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner, agent, cara := t.Context(), d.Owner(t, "owner@desk.test"), d.Agent(t, "ann@desk.test"), d.Customer(t, "cara@acme.test")
	c := d.Conversation(t, cara, "help")
	d.Exec(t, `update conversations set assignee_id = $1 where id = $2`, agent.ID, c)
	for _, want := range []string{"ann@desk.test", "owner@desk.test"} {
		if _, err := d.PortalReply(ctx, cara, c, "are you there?", nil); err != nil {
			t.Fatal(err)
		}
		if got := d.Text(t, `select string_agg(recipient, ' ') from deliveries where purpose = 'staff_notice' and state = 'held'`); got != want {
			t.Errorf("told: %s, want %s", got, want)
		}
		if err := d.DisableUser(ctx, owner, agent.ID); err != nil {
			t.Fatal(err)
		}
	}
}
