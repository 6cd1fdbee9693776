package core_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestTheLastEnabledOwnerStaysWhenTwoOwnersFallOnEachOther(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx := t.Context()
	for round := range 5 {
		a, b := d.Owner(t, fmt.Sprintf("a%d@desk.test", round)), d.Owner(t, fmt.Sprintf("b%d@desk.test", round))
		d.Exec(t, `update users set role = 'admin' where role = 'owner' and id <> $1 and id <> $2`, a.ID, b.ID)
		deeds := []func() error{
			func() error { return d.DisableUser(ctx, a, b.ID) },
			func() error { _, err := d.UpdateUser(ctx, b, a.ID, role(core.RoleAgent)); return err },
			func() error { return d.DisableUser(ctx, b, a.ID) },
			func() error { _, err := d.UpdateUser(ctx, a, b.ID, role(core.RoleCustomer)); return err },
		}
		var wg sync.WaitGroup
		errs := make([]error, len(deeds))
		for i, do := range deeds {
			wg.Go(func() { errs[i] = do() })
		}
		wg.Wait()
		if n := d.Text(t, `select count(*) from users where role = 'owner' and enabled`); n != "1" {
			t.Fatalf("%s owners after the fight, want 1: %v", n, errs)
		}
	}
	last, err := d.ActorOf(ctx, d.Session(t, core.UserID(lastOwnerOf(t, d))))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.DisableUser(ctx, last, last.ID); !errors.Is(err, core.ErrConflict) {
		t.Errorf("the last owner disables themselves: %v, want a conflict", err)
	}
	if _, err := d.UpdateUser(ctx, last, last.ID, role(core.RoleAdmin)); !errors.Is(err, core.ErrConflict) {
		t.Errorf("the last owner steps down: %v, want a conflict", err)
	}
}

func lastOwnerOf(t *testing.T, d coretest.Desk) (id int64) {
	t.Helper()
	if err := d.Pool.QueryRow(t.Context(), `select id from users where role = 'owner' and enabled`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestManyAdminsAtOnceCannotPassALimit(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx := t.Context()
	admins := []core.Actor{d.Owner(t, "owner@desk.test"), d.Admin(t, "admin@desk.test")}
	two, four := 2, 4
	if err := d.SetLimits(ctx, &two, &four); err != nil {
		t.Fatal(err)
	}
	invite := func(by core.Actor, email string, r core.Role) error {
		_, faults, err := d.Invite(ctx, by, []core.Invitee{{Email: email, Role: r}})
		if len(faults) > 0 {
			return faults[0]
		}
		return err
	}
	for r, class := range map[core.Role]string{core.RoleCollaborator: `role = 'collaborator'`, core.RoleAgent: `role in ('agent', 'admin', 'owner')`} {
		var deeds []func() error
		for i := range 4 {
			by, email := admins[i%2], fmt.Sprintf("%s%d@x.test", r, i)
			customer := d.Customer(t, "c-"+email)
			shut := d.Person(t, r, "shut-"+email)
			d.Exec(t, `update users set enabled = false where id = $1`, shut.ID)
			deeds = append(deeds,
				func() error { return invite(by, email, r) },
				func() error { _, err := d.UpdateUser(ctx, by, customer.ID, role(r)); return err },
				func() error { return d.EnableUser(ctx, by, shut.ID) },
				func() error {
					_, err := d.CreateAccount(ctx, core.NewUser{Email: "cmd-" + email, Role: r}, nil)
					return err
				})
		}
		errs := make([]error, len(deeds))
		var wg sync.WaitGroup
		for i, do := range deeds {
			wg.Go(func() { errs[i] = do() })
		}
		wg.Wait()
		well := 0
		for _, err := range errs {
			if err == nil {
				well++
			} else if !errors.Is(err, core.ErrLimit) {
				t.Errorf("%s: %v, want the limit", r, err)
			}
		}
		if well != 2 {
			t.Errorf("%d new %ss, want 2", well, r)
		}
		want := map[core.Role]string{core.RoleCollaborator: "2", core.RoleAgent: "4"}[r]
		if n := d.Text(t, `select count(*) from users where `+class+` and (enabled or invited_at is not null)`); n != want {
			t.Errorf("%s of %s, want %s", n, r, want)
		}
	}
	if err := d.SetLimits(ctx, nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := invite(admins[0], "late@x.test", core.RoleAgent); err != nil {
		t.Errorf("without limits: %v", err)
	}
}
