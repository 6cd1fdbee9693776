package core_test

import (
	"errors"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// composedFor gives the purposes of what is composed for an address now.
func composedFor(t *testing.T, d coretest.Desk, address string) map[core.DeliveryPurpose]*core.Outgoing {
	t.Helper()
	found := map[core.DeliveryPurpose]*core.Outgoing{}
	for {
		c, err := d.ClaimDelivery(t.Context())
		if errors.Is(err, core.ErrNoWork) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		if c.Recipient.String() == address {
			found[c.Purpose] = c.Outgoing
		}
		if err := d.StoreComposed(t.Context(), c, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMailThatWaitsFollowsAChangeOfRole(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to core.Role
		want     []core.DeliveryPurpose
	}{
		{core.RoleCollaborator, core.RoleCustomer, nil},
		{core.RoleCollaborator, core.RoleAgent, []core.DeliveryPurpose{core.PurposeCopy, core.PurposeMentionMail}},
		{core.RoleCustomer, core.RoleCollaborator, []core.DeliveryPurpose{core.PurposeCopy}},
		{core.RoleAgent, core.RoleCustomer, nil},
		{core.RoleAgent, core.RoleCollaborator, []core.DeliveryPurpose{core.PurposeMentionMail}},
		{core.RoleAgent, core.RoleAdmin, []core.DeliveryPurpose{core.PurposeMentionMail, core.PurposeStaffNotice}},
	} {
		d := coretest.OpenDesk(t, core.Config{})
		owner, mia := d.Owner(t, "olga@desk.test"), d.Person(t, c.from, "mia@partner.test")
		customer := d.Customer(t, cara)
		id := d.Conversation(t, customer, "help")
		if _, err := d.Reply(t.Context(), owner, id, core.ReplyForm{Text: "answer", CC: []string{"mia@partner.test"}}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.AddNote(t.Context(), owner, id, "@mia@partner.test look"); err != nil {
			t.Fatal(err)
		}
		if _, err := d.PortalReply(t.Context(), customer, id, "more", nil); err != nil {
			t.Fatal(err)
		}
		if _, err := d.UpdateUser(t.Context(), owner, mia.ID, core.UserChanges{Role: &c.to}); err != nil {
			t.Fatal(err)
		}
		mails := composedFor(t, d, "mia@partner.test")
		if len(mails) != len(c.want) {
			t.Errorf("%s to %s: %v, want %v", c.from, c.to, mails, c.want)
		}
		for _, purpose := range c.want {
			if mails[purpose] == nil {
				t.Errorf("%s to %s: no %s", c.from, c.to, purpose)
			}
		}
	}
}

func TestANameThatIsAnAddressOfStaffIsMaskedForCustomers(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	owner, mia := d.Owner(t, "olga@desk.test"), d.Collaborator(t, "mia@partner.test")
	d.Exec(t, `update users set name = 'mia@partner.test' where id = $1`, mia.ID)
	id := d.Conversation(t, mia, "help")
	if _, err := d.Reply(t.Context(), owner, id, core.ReplyForm{Text: "answer", CC: []string{cara}}); err != nil {
		t.Fatal(err)
	}
	o := composedFor(t, d, cara)[core.PurposeReply]
	if o == nil || len(o.Quote) != 1 || o.Quote[0].Author != "m…@p…" {
		t.Errorf("%+v", o)
	}
}

func TestWhoIsNoLongerTheRequesterGetsNothingThatIsUnwritten(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent, mia := d.Agent(t, abe), d.Collaborator(t, "mia@partner.test")
	id := d.Conversation(t, mia, "help")
	if _, err := d.Reply(t.Context(), agent, id, core.ReplyForm{Text: "answer", CC: []string{cara}}); err != nil {
		t.Fatal(err)
	}
	if err := d.UpdateConversation(t.Context(), d.Owner(t, olga), id, core.Changes{Requester: &agent.ID, ConfirmRequester: true}); err != nil {
		t.Fatal(err)
	}
	if mails := composedFor(t, d, "mia@partner.test"); len(mails) != 0 {
		t.Errorf("%+v", mails)
	}
}
