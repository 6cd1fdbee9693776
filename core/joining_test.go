package core_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestDomainsAreTakenInEveryFormThatPeopleType(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	o, err := d.CreateOrganization(ctx, owner, core.NewOrganization{Name: "Acme",
		Domains: []string{"@ACME.test", "acme.test.", "Bücher.test", "xn--bcher-kva.test", " lab.acme.test ", ""}})
	if err != nil || !slices.Equal(o.Domains, []string{"acme.test", "lab.acme.test", "xn--bcher-kva.test"}) {
		t.Fatalf("%v %v", o.Domains, err)
	}
	for _, wrong := range []string{"cara@acme.test", "http://acme.test", "acme test", "-a.test", "a..test", strings.Repeat("a", 64) + ".test"} {
		got := fault(t, second(d.CreateOrganization(ctx, owner, core.NewOrganization{Name: "X", Domains: []string{wrong}})))
		if got.Field != "domains" || got.Code != core.CodeInvalid || got.Value != "" {
			t.Errorf("%q: %+v, want a fault that cannot be forced", wrong, got)
		}
	}
	for _, taken := range []string{"bücher.test", "Acme.Test"} {
		got := fault(t, second(d.CreateOrganization(ctx, owner, core.NewOrganization{Name: "X", Domains: []string{"free.test", taken}})))
		if got.Field != "domains" || got.Code != core.CodeDuplicate || got.Problem != core.DuplicateProblem || got.Organization != o.ID || got.Value == "" {
			t.Errorf("%q: %+v", taken, got)
		}
	}
	if n := d.Text(t, `select count(*) from organizations`); n != "1" {
		t.Errorf("%s organizations, want 1", n)
	}
}

func TestAPublicProviderIsTakenOnlyByForceAndAskedForOnce(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	for _, public := range []string{"gmail.com", "@GMAIL.com", "mail.gmail.com", "co.uk", "test", "yahoo.co.uk"} {
		got := fault(t, second(d.CreateOrganization(ctx, owner, core.NewOrganization{Name: "X", Domains: []string{"fine.test", public}})))
		if got.Code != core.CodeInvalid || got.Value == "" {
			t.Errorf("%s: %+v", public, got)
		}
	}
	o, err := d.CreateOrganization(ctx, owner, core.NewOrganization{Name: "Club", Domains: []string{"gmail.com"}, ForceDomains: true})
	if err != nil {
		t.Fatal(err)
	}
	domains := []string{"gmail.com", "club.test"}
	if o, err = d.UpdateOrganization(ctx, owner, o.ID, core.OrganizationChanges{Domains: &domains}); err != nil || len(o.Domains) != 2 {
		t.Errorf("another domain beside the forced one: %v %v", o.Domains, err)
	}
	domains = append(domains, "gmx.de")
	if got := fault(t, second(d.UpdateOrganization(ctx, owner, o.ID, core.OrganizationChanges{Domains: &domains}))); got.Value != "gmx.de" {
		t.Errorf("a second public one: %+v", got)
	}
}

func TestTheOfferNamesWhoCanJoinAndTakesNobodyElse(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	ctx, owner := t.Context(), d.Owner(t, "owner@desk.test")
	lab := organization(t, d, owner, "Lab", "lab.acme.test")
	acme := organization(t, d, owner, "Acme")
	in, deep, home := d.Customer(t, "cara@acme.test"), d.Customer(t, "dan@mail.acme.test"), d.Customer(t, "fay@home.test")
	d.Customer(t, "eve@lab.acme.test") // the longest match is another's
	d.Customer(t, "gil@notacme.test")
	d.Collaborator(t, "mia@acme.test")
	d.Exec(t, `update addresses set verified_at = null where user_id = $1`, d.Customer(t, "new@acme.test").ID)
	d.Exec(t, `update users set organization_by_hand = true where id = $1`, d.Customer(t, "hand@acme.test").ID)
	if err := d.AddIdentity(ctx, owner, home.ID, "fay@acme.test"); err != nil {
		t.Fatal(err)
	}
	domains := []string{"acme.test"}
	if _, err := d.UpdateOrganization(ctx, owner, acme, core.OrganizationChanges{Domains: &domains}); err != nil {
		t.Fatal(err)
	}
	found, err := d.Joinable(ctx, owner, acme)
	var who []core.UserID
	for _, c := range found {
		who = append(who, c.ID)
	}
	if err != nil || fmt.Sprint(who) != fmt.Sprint([]core.UserID{in.ID, deep.ID, home.ID}) || found[0].Name != "Cara" || found[2].Address.String() != "fay@acme.test" {
		t.Errorf("%+v %v", found, err)
	}
	if n, err := d.JoinExisting(ctx, owner, acme); err != nil || n != 3 {
		t.Errorf("%d joined, %v", n, err)
	}
	if n, err := d.JoinExisting(ctx, owner, acme); err != nil || n != 0 {
		t.Errorf("%d joined again, %v", n, err)
	}
	if n := d.Text(t, `select count(*) from audit where act = 'organization.joined_existing'`); n != "1" {
		t.Errorf("%s entries, want one: nothing happened the second time", n)
	}
	if found, err := d.Joinable(ctx, owner, lab); err != nil || len(found) != 1 {
		t.Errorf("to the lab: %+v %v", found, err)
	}
	for _, by := range []core.Actor{d.Collaborator(t, "x@lab.test"), in, {}} {
		if _, err := d.Joinable(ctx, by, acme); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("a %q asks: %v", by.Role, err)
		}
	}
}

func TestADomainIsShownAsPeopleWriteItAndCanBeTypedBack(t *testing.T) {
	t.Parallel()
	for domain, want := range map[string]string{
		"xn--bcher-kva.test": "bücher.test", "acme.test": "acme.test", "r3--x.test": "r3--x.test", "xn--zz.test": "xn--zz.test", "": "",
	} {
		if got := core.ShownDomain(domain); got != want {
			t.Errorf("%s is shown as %q, want %q", domain, got, want)
		}
	}
}
