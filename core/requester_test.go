package core_test

import (
	"errors"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestARequesterAtAnotherDomainNeedsAConfirmation(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	d.Exec(t, `update users set name = 'Cara' where id = $1`, cara.ID)
	for email, asked := range map[string]string{
		"cole@acme.test":      "",
		"cole@shop.acme.test": "",
		"CARA@Acme.Test":      "",
		"eve@other.test":      "Cara is at acme.test, eve at other.test. eve will get every further answer. Please confirm this.",
		"eve@xacme.test":      "Cara is at acme.test, eve at xacme.test. eve will get every further answer. Please confirm this.",
		"eve@acme.test.evil":  "Cara is at acme.test, eve at acme.test.evil. eve will get every further answer. Please confirm this.",
		"eve@acme.other.test": "Cara is at acme.test, eve at acme.other.test. eve will get every further answer. Please confirm this.",
	} {
		id := d.Conversation(t, cara, "words")
		err := d.UpdateConversation(t.Context(), agent, id, core.Changes{RequesterEmail: &email})
		var invalid core.Invalid
		if errors.As(err, &invalid); invalid.Problem != asked || asked != "" && (invalid.Field != "confirm_requester" || invalid.Code != core.CodeRequired) {
			t.Errorf("%s: %v", email, err)
		}
		if asked == "" {
			continue
		}
		if d.Text(t, `select count(*)::text from addresses where address = $1`, email) != "0" {
			t.Errorf("%s: a customer was made by what was refused", email)
		}
		if c, err := d.Desk.Conversation(t.Context(), agent, id); err != nil || c.Requester.ID != cara.ID {
			t.Errorf("%s is requester unconfirmed (%v)", email, err)
		}
		if err := d.UpdateConversation(t.Context(), agent, id, core.Changes{RequesterEmail: &email, ConfirmRequester: true}); err != nil {
			t.Errorf("%s, confirmed: %v", email, err)
		}
	}
}
