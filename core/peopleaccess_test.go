package core_test

import (
	"errors"
	"slices"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// TestWhoMayNotViewACustomerDoesNothingToThem: the right over people is one over
// those whom case access shows (behaviour.md section 2). Numbers can be counted up,
// so what is hidden must be as if it was not there.
func TestWhoMayNotViewACustomerDoesNothingToThem(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	narrow := d.Agent(t, "abe@desk.test")
	narrow.Rights.Access = core.AccessOwn
	d.Exec(t, `update roles set case_access = 'own' where role = 'agent'`)
	seen, hidden := d.Customer(t, "seen@acme.test"), d.Customer(t, "hidden@beta.test")
	d.Exec(t, `update conversations set assignee_id = $2 where id = $1`, d.Conversation(t, seen, "assigned"), narrow.ID)
	d.Exec(t, `insert into addresses (address, user_id, is_primary, verified_at)
		select 'second.' || address, user_id, false, now() from addresses where user_id in ($1, $2)`, seen.ID, hidden.ID)
	phone, ctx := "+49 1", t.Context()
	update := func(id core.UserID) error {
		_, err := d.UpdateUser(ctx, narrow, id, core.UserChanges{Phone: &phone})
		return err
	}
	collaborator := core.RoleCollaborator
	for _, deed := range []struct {
		name string
		do   func(id core.UserID, email string) error
	}{
		{"update", func(id core.UserID, _ string) error { return update(id) }},
		{"add an address", func(id core.UserID, email string) error { return d.AddIdentity(ctx, narrow, id, "new."+email) }},
		{"make another one primary", func(id core.UserID, email string) error { return d.MakePrimary(ctx, narrow, id, "second."+email) }},
		{"remove an address", func(id core.UserID, email string) error { return d.RemoveIdentity(ctx, narrow, id, "new."+email) }},
		{"send the link", func(id core.UserID, _ string) error { return d.SendAccountMail(ctx, narrow, id) }},
		{"copy the link", func(id core.UserID, _ string) error { _, _, err := d.CopyLink(ctx, narrow, id); return err }},
		{"disable", func(id core.UserID, _ string) error { return d.DisableUser(ctx, narrow, id) }},
		{"enable", func(id core.UserID, _ string) error { return d.EnableUser(ctx, narrow, id) }},
		{"raise", func(id core.UserID, _ string) error {
			_, err := d.UpdateUser(ctx, narrow, id, core.UserChanges{Role: &collaborator})
			return err
		}},
	} {
		if err := deed.do(hidden.ID, hidden.Address.String()); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("%s of a hidden customer: %v", deed.name, err)
		}
		if err := deed.do(seen.ID, seen.Address.String()); err != nil {
			t.Errorf("%s of one whose conversation is the agent's: %v", deed.name, err)
		}
	}
	if err := update(narrow.ID); err != nil {
		t.Errorf("the own profile: %v", err)
	}
}

// TestAnOrganizationThatIsHiddenCannotBeReachedThroughItsPeople: who could put a
// customer of theirs into any organization would read its page from then on.
func TestAnOrganizationThatIsHiddenCannotBeReachedThroughItsPeople(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	admin, narrow := d.Admin(t, "ada@desk.test"), d.Agent(t, "abe@desk.test")
	narrow.Rights.Access = core.AccessOwn
	seen, mate := d.Customer(t, "seen@acme.test"), d.Customer(t, "mate@acme.test")
	d.Exec(t, `update conversations set assignee_id = $2 where id = $1`, d.Conversation(t, seen, "assigned"), narrow.ID)
	d.Exec(t, `update addresses set verified_at = now() where user_id = $1`, mate.ID)
	secret, err := d.CreateOrganization(t.Context(), admin, core.NewOrganization{Name: "Secret"})
	if err != nil {
		t.Fatal(err)
	}
	known, err := d.CreateOrganization(t.Context(), admin, core.NewOrganization{Name: "Known", Domains: []string{"acme.test"}})
	if err != nil {
		t.Fatal(err)
	}
	d.Exec(t, `update users set organization_id = $2 where id = $1`, seen.ID, known.ID)
	var fault core.Invalid
	if _, err := d.UpdateUser(t.Context(), narrow, seen.ID, core.UserChanges{Organization: &secret.ID}); !errors.As(err, &fault) || fault.Field != "organization_id" {
		t.Errorf("put into it: %v", err)
	}
	if _, err := d.CreateUser(t.Context(), narrow, core.NewUser{Email: "new@else.test", Organization: secret.ID}); !errors.As(err, &fault) || fault.Field != "organization_id" {
		t.Errorf("made in it: %v", err)
	}
	if _, err := d.UpdateUser(t.Context(), narrow, seen.ID, core.UserChanges{Organization: &known.ID}); err != nil {
		t.Errorf("put into one that the agent sees: %v", err)
	}
	name := "Mine"
	if _, err := d.UpdateOrganization(t.Context(), narrow, secret.ID, core.OrganizationChanges{Name: &name}); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("changed: %v", err)
	}
	if _, err := d.JoinExisting(t.Context(), narrow, secret.ID); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("filled: %v", err)
	}
	if _, err := d.Joinable(t.Context(), narrow, secret.ID); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("asked who could join: %v", err)
	}
	ids := func(actor core.Actor) (ids []core.UserID) {
		all, err := d.Joinable(t.Context(), actor, known.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			ids = append(ids, c.ID)
		}
		return ids
	}
	if got := ids(narrow); len(got) != 0 {
		t.Errorf("a hidden customer is named among those who could join: %v", got)
	}
	if n, err := d.JoinExisting(t.Context(), narrow, known.ID); n != 0 || err != nil {
		t.Errorf("%d hidden ones joined, %v", n, err)
	}
	if got := ids(admin); !slices.Equal(got, []core.UserID{mate.ID}) {
		t.Errorf("could join: %v", got)
	}
}

// TestWhoMadeAnAccountSeesIt: else an agent with access to their own cases would
// be led from + New to a page that is not there.
func TestWhoMadeAnAccountSeesIt(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	narrow, other := d.Agent(t, "abe@desk.test"), d.Agent(t, "bea@desk.test")
	d.Exec(t, `update roles set case_access = 'own' where role = 'agent'`)
	narrow.Rights.Access, other.Rights.Access = core.AccessOwn, core.AccessOwn
	made, err := d.CreateUser(t.Context(), narrow, core.NewUser{Email: "cara@acme.test"})
	if err != nil {
		t.Fatal(err)
	}
	acme, err := d.CreateOrganization(t.Context(), narrow, core.NewOrganization{Name: "Acme"})
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []struct {
		actor core.Actor
		want  error
	}{{narrow, nil}, {other, core.ErrNotFound}} {
		if _, err := d.User(t.Context(), who.actor, made.ID); !errors.Is(err, who.want) {
			t.Errorf("%s looks at the customer: %v, want %v", who.actor.Address, err, who.want)
		}
		if _, err := d.Organization(t.Context(), who.actor, acme.ID); !errors.Is(err, who.want) {
			t.Errorf("%s looks at the organization: %v, want %v", who.actor.Address, err, who.want)
		}
	}
}
