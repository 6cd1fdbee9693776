package core_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// organization makes one with domains.
func organization(t *testing.T, d coretest.Desk, by core.Actor, name string, domains ...string) core.OrganizationID {
	t.Helper()
	o, err := d.CreateOrganization(t.Context(), by, core.NewOrganization{Name: name, Domains: domains})
	if err != nil {
		t.Fatal(err)
	}
	return o.ID
}

// of tells which organization an address's person is in, 0 for none.
func of(t *testing.T, d coretest.Desk, email string) string {
	t.Helper()
	return d.Text(t, `select coalesce(u.organization_id, 0) from users u join addresses a on a.user_id = u.id where a.address = $1`, email)
}

func TestAProvenFirstMailJoinsTheOrganizationOfTheLongestDomain(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	acme := organization(t, d, owner, "Acme", "acme.test", "Bücher.test")
	lab := organization(t, d, owner, "Acme Lab", "@LAB.acme.test")
	for email, want := range map[string]core.OrganizationID{
		"a@acme.test":              acme,
		"b@mail.acme.test":         acme,
		"c@lab.acme.test":          lab,
		"d@deep.lab.acme.test":     lab,
		"e@notacme.test":           0,
		"f@acme.test.evil.test":    0,
		"g@xn--bcher-kva.test":     acme,
		"h@elsewhere.test":         0,
		"i@xn--acme-0ra.test":      0,
		"j@lab.acme.test.acme.org": 0,
	} {
		if _, err := core.MakeCustomer(ctx, d.Desk, address(t, email), "", true); err != nil {
			t.Fatal(err)
		}
		if got := of(t, d, email); got != fmt.Sprint(want) {
			t.Errorf("%s is in organization %s, want %d", email, got, want)
		}
	}
}

func TestAnUnprovenFirstMailJoinsOnlyWhenTheAddressIsVerified(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner, who := t.Context(), d.Owner(t, "owner@desk.test"), address(t, "cara@acme.test")
	acme := organization(t, d, owner, "Acme", "acme.test")
	id, err := core.MakeCustomer(ctx, d.Desk, who, "Cara", false)
	if err != nil {
		t.Fatal(err)
	}
	if got := of(t, d, who.String()); got != "0" {
		t.Errorf("an unproven mail joined %s", got)
	}
	if n, err := d.JoinExisting(ctx, owner, acme); err != nil || n != 0 {
		t.Errorf("an unverified address was let in: %d %v", n, err)
	}
	secret, err := core.MintLink(ctx, d.Desk, core.LinkVerify, id, who)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.AcceptLink(ctx, secret, core.AcceptForm{Password: goodPassword}); err != nil {
		t.Fatal(err)
	}
	if got := of(t, d, who.String()); got != fmt.Sprint(acme) {
		t.Errorf("after verification in %s, want %d", got, acme)
	}
}

func TestAnOrganizationSetByHandIsKeptAndSoIsNoneByHand(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner, agent := t.Context(), d.Owner(t, "owner@desk.test"), d.Agent(t, "ann@desk.test")
	other := organization(t, d, owner, "Other")
	byHand, err := d.CreateUser(ctx, agent, core.NewUser{Email: "one@acme.test", Organization: other})
	if err != nil {
		t.Fatal(err)
	}
	none := d.Customer(t, "two@acme.test")
	nobody := core.OrganizationID(0)
	if _, err := d.UpdateUser(ctx, agent, none.ID, core.UserChanges{Organization: &nobody}); err != nil {
		t.Fatal(err)
	}
	free := d.Customer(t, "three@acme.test")
	staff := d.Collaborator(t, "four@acme.test")
	acme := organization(t, d, owner, "Acme", "acme.test")
	if free, err := d.Joinable(ctx, owner, acme); err != nil || len(free) != 1 {
		t.Errorf("%v are offered, want the free one: %v", free, err)
	}
	if n, err := d.JoinExisting(ctx, owner, acme); err != nil || n != 1 {
		t.Errorf("%d joined: %v", n, err)
	}
	for _, who := range []core.Actor{{ID: byHand.ID, Address: byHand.Primary()}, none, free} {
		if _, _, err := d.AcceptLink(ctx, link(t, d, core.LinkVerify, who), core.AcceptForm{Password: goodPassword}); err != nil {
			t.Fatal(err)
		}
	}
	for email, want := range map[string]core.OrganizationID{"one@acme.test": other, "two@acme.test": 0, "three@acme.test": acme, staff.Address.String(): 0} {
		if got := of(t, d, email); got != fmt.Sprint(want) {
			t.Errorf("%s is in %s, want %d", email, got, want)
		}
	}
}

func TestADomainBelongsToOneOrganization(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	var wg sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		domains := []string{"acme.test", "acme.example.test"}
		if i%2 == 0 {
			domains = []string{"ACME.example.test.", "acme.TEST"}
		}
		wg.Go(func() {
			_, errs[i] = d.CreateOrganization(ctx, owner, core.NewOrganization{Name: fmt.Sprint("Acme ", i), Domains: domains})
		})
	}
	wg.Wait()
	well := 0
	for _, err := range errs {
		if err == nil {
			well++
		} else if got := fault(t, err); got.Field != "domains" || got.Code != core.CodeDuplicate {
			t.Errorf("%+v", got)
		}
	}
	if n := d.Text(t, `select count(*) from organizations`); well != 1 || n != "1" {
		t.Errorf("%d made theirs, %s organizations", well, n)
	}
}

func TestPublicProvidersAreNoCompanysDomainUnlessForced(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	for _, domain := range []string{"gmail.com", "GMAIL.com", "mail.gmail.com", "co.uk", "com", "localhost", "yahoo.co.uk", "not a domain", "-x.test", "a..b"} {
		got := fault(t, second(d.CreateOrganization(ctx, owner, core.NewOrganization{Name: "Acme", Domains: []string{domain}})))
		if got.Field != "domains" || got.Code != core.CodeInvalid {
			t.Errorf("%s: %+v", domain, got)
		}
	}
	o, err := d.CreateOrganization(ctx, owner, core.NewOrganization{Name: "Home", Domains: []string{"gmail.com", "gmail.com", " "}, ForceDomains: true})
	if err != nil || len(o.Domains) != 1 {
		t.Errorf("forced: %+v %v", o, err)
	}
	if core.PublicProvider("gmail.com.acme.test") || core.PublicProvider("notgmail.com") || core.PublicProvider("acme.test") {
		t.Error("a company was taken for a provider")
	}
}

func TestOrganizationsAreChangedByThoseWithTheRight(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, agent := t.Context(), d.Agent(t, "ann@desk.test")
	id := organization(t, d, agent, "Acme", "acme.test", "old.test")
	name, domains, shares := "Acme Inc", []string{"new.test", "acme.test"}, true
	o, err := d.UpdateOrganization(ctx, agent, id, core.OrganizationChanges{Name: &name, Domains: &domains, SharesConversations: &shares})
	if err != nil || o.Name != name || fmt.Sprint(o.Domains) != "[acme.test new.test]" || !o.SharesConversations {
		t.Errorf("%+v %v", o, err)
	}
	weak := agent
	weak.Rights.ManagePeople = false
	for _, by := range []core.Actor{weak, d.Collaborator(t, "col@desk.test"), d.Customer(t, "cara@acme.test")} {
		if _, err := d.UpdateOrganization(ctx, by, id, core.OrganizationChanges{Name: &name}); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("by a %s: %v", by.Role, err)
		}
	}
	if _, err := d.UpdateOrganization(ctx, agent, 999, core.OrganizationChanges{Name: &name}); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("none: %v", err)
	}
	all, total, err := d.Organizations(ctx, agent, "NEW.t", core.Page{})
	if err != nil || total != 1 || all[0].ID != id {
		t.Errorf("%v %d %v", all, total, err)
	}
	if _, err := d.Organization(ctx, d.Customer(t, "cole@acme.test"), id); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a customer looks: %v", err)
	}
}
