package core_test

import (
	"errors"
	"sync"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// fault gives the Invalid in an error.
func fault(t *testing.T, err error) core.Invalid {
	t.Helper()
	var invalid core.Invalid
	if !errors.As(err, &invalid) {
		t.Fatalf("got %v, want an Invalid", err)
	}
	return invalid
}

func TestAnAddressThatAnyoneHoldsCannotBeRegisteredAgain(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	customer := d.Customer(t, "cara@acme.test")
	expert := d.Collaborator(t, "expert@bücher.test")
	gone := d.Agent(t, "gone@desk.test")
	if err := d.DisableUser(ctx, owner, gone.ID); err != nil {
		t.Fatal(err)
	}
	if err := d.AddIdentity(ctx, owner, customer.ID, "cara@home.test"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		form  string
		owner core.UserID
	}{
		{"cara@acme.test", customer.ID},
		{" CARA@ACME.TEST ", customer.ID},
		{`"cara"@acme.test`, customer.ID},
		{"cara@acme.test.", customer.ID},
		{"Cara@Home.test", customer.ID},
		{"expert@xn--bcher-kva.test", expert.ID},
		{"expert@BÜCHER.test", expert.ID},
		{"gone@desk.test", gone.ID},
		{"Owner@desk.test", owner.ID},
		{"support@desk.test", 0}, // the mailbox
	} {
		ways := map[string]func() error{
			"by hand": func() error {
				_, err := d.CreateUser(ctx, owner, core.NewUser{Email: c.form})
				return err
			},
			"by command": func() error {
				_, err := d.CreateAccount(ctx, core.NewUser{Email: c.form, Role: core.RoleAgent}, nil)
				return err
			},
			"as another's": func() error {
				return d.AddIdentity(ctx, owner, d.Customer(t, "x@"+core.NewMessageIDRandom()+".test").ID, c.form)
			},
			"by invite": func() error {
				_, faults, err := d.Invite(ctx, owner, []core.Invitee{{Email: c.form, Role: core.RoleAgent}})
				if err != nil || len(faults) != 1 {
					t.Fatalf("invite of %q: %v %v", c.form, faults, err)
				}
				return faults[0]
			},
		}
		for way, try := range ways {
			got := fault(t, try())
			if got.Code != core.CodeDuplicate || got.Problem != core.DuplicateProblem || got.Owner != c.owner {
				t.Errorf("%s %q: %+v, want a duplicate of %d", way, c.form, got, c.owner)
			}
		}
	}
}

func TestOfManyCreationsOfOneAddressAtOnceExactlyOneWins(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	ways := []func(email string) error{
		func(email string) error {
			_, err := d.CreateUser(ctx, owner, core.NewUser{Email: email})
			return err
		},
		func(email string) error {
			_, faults, err := d.Invite(ctx, owner, []core.Invitee{{Email: email, Role: core.RoleAgent}})
			if len(faults) > 0 {
				return faults[0]
			}
			return err
		},
		func(email string) error {
			_, err := d.CreateAccount(ctx, core.NewUser{Email: email}, nil)
			return err
		},
	}
	spellings := []string{"race@acme.test", "RACE@acme.test", "race@ACME.test"}
	errs := make([]error, 12)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = ways[i%len(ways)](spellings[i/len(ways)%len(spellings)]) })
	}
	wg.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
			continue
		}
		if got := fault(t, err); got.Code != core.CodeDuplicate || got.Owner == 0 {
			t.Errorf("a loser was told %+v", got)
		}
	}
	if made != 1 || d.Text(t, `select count(*) from users`) != "2" {
		t.Fatalf("%d were told that it is theirs; users %s, want the owner and one", made, d.Text(t, `select count(*) from users`))
	}
}

func TestAFirstMailAndAManualCreationMeetAtOneAccount(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner, who := t.Context(), d.Owner(t, "owner@desk.test"), address(t, "new@acme.test")
	var wg sync.WaitGroup
	ids := make([]core.UserID, 8)
	for i := range ids {
		wg.Go(func() {
			if i%2 == 0 {
				id, err := core.MakeCustomer(ctx, d.Desk, who, "New", true)
				if err != nil {
					t.Errorf("first mail: %v", err)
				}
				ids[i] = id
				return
			}
			u, err := d.CreateUser(ctx, owner, core.NewUser{Email: who.String()})
			ids[i] = u.ID
			var taken core.Invalid
			if errors.As(err, &taken) {
				ids[i] = taken.Owner
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id == 0 || id != ids[0] {
			t.Fatalf("several accounts for one address: %v", ids)
		}
	}
}

func TestACustomerIsEnabledAtOnceAndAskedToVerifyWhileATeamMemberWaits(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	customer, err := d.CreateUser(ctx, owner, core.NewUser{Email: "Cara@acme.test", Timezone: "Europe/Vienna"})
	if err != nil {
		t.Fatal(err)
	}
	if !customer.Enabled || customer.HasPassword || customer.Name != "cara" || customer.Role != core.RoleCustomer || customer.Timezone != "Europe/Vienna" {
		t.Errorf("made %+v", customer)
	}
	agent, err := d.CreateUser(ctx, owner, core.NewUser{Name: "Ann\u0000 \n Agent", Email: "ann@desk.test", Role: core.RoleAgent})
	if err != nil {
		t.Fatal(err)
	}
	if agent.Enabled || agent.InvitedAt == nil || agent.Name != "Ann Agent" || agent.DisplayName() != "Ann Agent" {
		t.Errorf("invited %+v", agent)
	}
	for email, purpose := range map[string]string{"cara@acme.test": "verify", "ann@desk.test": "invite"} {
		if got := d.Text(t, `select string_agg(purpose || ' ' || state, ',') from deliveries where recipient = $1`, email); got != purpose+" held" {
			t.Errorf("mail to %s: %s", email, got)
		}
	}
	if n := d.Text(t, `select count(*) from audit where act in ('user.created', 'user.invited') and actor_id = $1`, owner.ID); n != "2" {
		t.Errorf("%s acts in the audit, want 2", n)
	}
}

func TestFieldsOfANewUserAreChecked(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	owner := d.Owner(t, "owner@desk.test")
	for field, n := range map[string]core.NewUser{
		"email":           {Email: ""},
		"role":            {Email: "a@b.test", Role: "king"},
		"time_zone":       {Email: "a@b.test", Timezone: "Mars/Olympus"},
		"organization_id": {Email: "a@b.test", Organization: 99},
		"team_ids":        {Email: "a@b.test", Role: core.RoleAgent, Teams: []core.TeamID{99}},
	} {
		_, err := d.CreateUser(t.Context(), owner, n)
		if got := fault(t, err); got.Field != field {
			t.Errorf("%+v: fault of %q, want %q", n, got.Field, field)
		}
	}
	if n := d.Text(t, `select count(*) from users`); n != "1" {
		t.Errorf("%s users, want the owner alone", n)
	}
}

func TestABareAddressInCCBecomesThePersonWhenItGetsAnAccount(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	owner, customer := d.Owner(t, "owner@desk.test"), d.Customer(t, "cara@acme.test")
	c := d.Conversation(t, customer, "help")
	d.Exec(t, `insert into participants (conversation_id, address, via) values ($1, 'cole@acme.test', 'mail')`, c)
	u, err := d.CreateUser(t.Context(), owner, core.NewUser{Email: "cole@acme.test"})
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Text(t, `select user_id from participants where address = 'cole@acme.test'`); got != d.Text(t, `select $1::bigint`, u.ID) {
		t.Errorf("the participant is user %s, want %d", got, u.ID)
	}
}
