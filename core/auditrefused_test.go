package core_test

import (
	"errors"
	"fmt"
	"testing"

	"postdesk/core"
)

func TestWhoIsRefusedAnAdministrativeActIsWrittenDown(t *testing.T) {
	t.Parallel()
	a := openAuditDesk(t)
	ctx, agent, collaborator := t.Context(), a.Agent(t, "ann@desk.test"), a.Collaborator(t, "col@lab.test")
	admin, talk := core.RoleAdmin, a.Conversation(t, a.Customer(t, "bob@acme.test"), "Printer")
	for _, c := range []struct {
		by          core.Actor
		act, object string
		do          func(by core.Actor) error
	}{
		{agent, "change the role of", fmt.Sprintf("user %d", agent.ID), func(by core.Actor) error {
			return second(a.UpdateUser(ctx, by, agent.ID, core.UserChanges{Role: &admin}))
		}},
		{agent, "disable", fmt.Sprintf("user %d", a.owner.ID), func(by core.Actor) error { return a.DisableUser(ctx, by, a.owner.ID) }},
		{agent, "add an address to", fmt.Sprintf("user %d", a.owner.ID), func(by core.Actor) error {
			return a.AddIdentity(ctx, by, a.owner.ID, "mine@desk.test")
		}},
		{agent, "invite team members", "", func(by core.Actor) error {
			_, _, err := a.Invite(ctx, by, []core.Invitee{{Email: "x@desk.test", Role: core.RoleAdmin}})
			return err
		}},
		{collaborator, "reply to", fmt.Sprintf("conversation %d", talk), func(by core.Actor) error {
			return second(a.Reply(ctx, by, talk, core.ReplyForm{Text: "Hello"}))
		}},
		{collaborator, "update", fmt.Sprintf("conversation %d", talk), func(by core.Actor) error {
			return a.UpdateConversation(ctx, by, talk, core.Changes{Tags: &[]string{"mine"}})
		}},
		{collaborator, "open a conversation for somebody", "", func(by core.Actor) error {
			return second(a.CreateConversation(ctx, by, core.NewConversation{}))
		}},
		{collaborator, "update", "role collaborator", func(by core.Actor) error {
			return second(a.UpdateRole(ctx, by, core.RoleCollaborator, core.RightsChanges{}))
		}},
	} {
		if err := c.do(c.by); !errors.Is(err, core.ErrForbidden) {
			t.Errorf("%s: %v", c.act, err)
		}
		trail, _, err := a.AuditTrail(ctx, a.owner, core.AuditFilter{Actor: c.by.ID, Act: "refused"})
		if err != nil || len(trail) == 0 || trail[0].Object != c.object || trail[0].Detail["act"] != c.act {
			t.Errorf("%s on %s: %v %v", c.act, c.object, trail, err)
		}
	}
}

func TestNobodyFloodsTheAuditByBeingRefused(t *testing.T) {
	t.Parallel()
	a := openAuditDesk(t)
	agent := a.Agent(t, "ann@desk.test")
	for range 30 {
		if err := a.DisableUser(t.Context(), agent, a.owner.ID); !errors.Is(err, core.ErrForbidden) {
			t.Fatal(err)
		}
	}
	if _, n, err := a.AuditTrail(t.Context(), a.owner, core.AuditFilter{Act: "refused"}); err != nil || n != 20 {
		t.Errorf("%d refusals of an hour are kept: %v", n, err)
	}
	a.Exec(t, `update audit set at = at - interval '61 minutes' where act = 'refused'`)
	_ = a.DisableUser(t.Context(), agent, a.owner.ID) // refused, as before
	if _, n, err := a.AuditTrail(t.Context(), a.owner, core.AuditFilter{Act: "refused"}); err != nil || n != 21 {
		t.Errorf("%d refusals after an hour: %v", n, err)
	}
}
