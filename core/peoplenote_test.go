package core_test

import (
	"errors"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestNotesOnPeopleAreForStaffWhoMayViewThem(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent, cara, carl := d.Agent(t, "a@x.test"), d.Customer(t, "cara@acme.test"), d.Customer(t, "carl@acme.test")
	for _, text := range []string{"one", "two"} {
		if _, err := d.AddUserNote(t.Context(), agent, cara.ID, text); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.AddUserNote(t.Context(), agent, carl.ID, "of somebody else"); err != nil {
		t.Fatal(err)
	}
	notes, total, err := d.UserNotes(t.Context(), agent, cara.ID, core.Page{Limit: 1})
	if err != nil || total != 2 || len(notes) != 1 || notes[0].Text != "two" || notes[0].Author.ID != agent.ID || !notes[0].Verified {
		t.Errorf("%+v of %d, %v", notes, total, err)
	}
	narrow := d.Agent(t, "n@x.test")
	narrow.Rights.Access = core.AccessOwn
	for _, who := range []core.Actor{cara, narrow, {}} {
		if notes, _, err := d.UserNotes(t.Context(), who, cara.ID, core.Page{}); err == nil || len(notes) > 0 {
			t.Errorf("%s reads %+v", who.Name, notes)
		}
	}
	if _, _, err := d.UserNotes(t.Context(), cara, cara.ID, core.Page{}); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("the person herself: %v", err)
	}
}

func TestNotesOnOrganizationsAreForStaffWhoMayViewThem(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent := d.Agent(t, "a@x.test")
	acme, err := d.CreateOrganization(t.Context(), agent, core.NewOrganization{Name: "Acme"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.AddOrganizationNote(t.Context(), agent, acme.ID, "pays late"); err != nil {
		t.Fatal(err)
	}
	notes, total, err := d.OrganizationNotes(t.Context(), agent, acme.ID, core.Page{})
	if err != nil || total != 1 || notes[0].Text != "pays late" {
		t.Errorf("%+v of %d, %v", notes, total, err)
	}
	if _, _, err := d.OrganizationNotes(t.Context(), d.Customer(t, "c@x.test"), acme.ID, core.Page{}); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a customer: %v", err)
	}
}
