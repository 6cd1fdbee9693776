package core_test

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// An agentsMail is an agent's answer by mail, ready to be filed, on a conversation
// of its own.
type agentsMail struct {
	agent        core.Actor
	conversation core.ConversationID
	apply        func() error
}

func agentAnswers(t *testing.T, d coretest.Desk, name string) agentsMail {
	t.Helper()
	agent, cara := d.Agent(t, name+"@desk.test"), name+"@acme.test"
	first := file(t, d, written(cara, name+".1@acme.test", "My printer is on fire."), core.Proven)
	d.Exec(t, `update conversations set assignee_id = $1 where id = $2`, agent.ID, first.Conversation)
	more := written(cara, name+".2@acme.test", "It still is.")
	more.InReplyTo = []string{name + ".1@acme.test"}
	file(t, d, more, core.Proven)
	to := replyAddressOf(t, d, name+"@desk.test")
	// All that was an hour ago: who answers at once is taken for a machine.
	d.Exec(t, `update messages set created_at = created_at - interval '1 hour'`)
	d.Exec(t, `update deliveries set created_at = created_at - interval '1 hour', sent_at = sent_at - interval '1 hour'`)
	d.Exec(t, `update tokens set created_at = created_at - interval '1 hour'`)
	l := written(name+"@desk.test", name+".3@desk.test", "Pull the plug, please.")
	l.Kind, l.FromFields = core.KindHuman, 1
	return agentsMail{agent, first.Conversation, func() error {
		env := core.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), From: name + "@desk.test", Recipients: []string{to}}
		c, err := d.Accept(t.Context(), env, []byte(l.Text+name), true)
		if err != nil {
			return err
		}
		if err = d.Apply(t.Context(), c, l, core.Origin{Verdict: core.Proven}); err == nil {
			return nil
		}
		// Where the change came in the midst of it, nothing was done: it is tried again.
		if err := d.Park(t.Context(), c, err); err != nil {
			return err
		}
		d.Exec(t, `update inbound set due_at = now() where id = $1`, c.ID)
		return d.Apply(t.Context(), claimed(t, d), l, core.Origin{Verdict: core.Proven})
	}}
}

// outcome is what has become of the answer: for whom, and who was mailed.
func (m agentsMail) outcome(t *testing.T, d coretest.Desk) string {
	return d.Text(t, `
		select format('%s by rule %s: %s messages of staff, %s others of theirs, %s notes, %s drafts, %s replies',
			i.state, i.rule,
			(select count(*) from messages m where m.conversation_id = $1 and m.author_id = $2 and m.by_staff),
			(select count(*) from messages m where m.author_id = $2 and not m.by_staff),
			(select count(*) from notes n where n.conversation_id = $1 and n.author_id = $2),
			(select count(*) from drafts x where x.conversation_id = $1 and x.user_id = $2),
			(select count(*) from deliveries x where x.conversation_id = $1 and x.purpose = 'reply'))
		from inbound i where i.message_id = (select local || '.3@desk.test' from (select split_part(address, '@', 1) as local from addresses where user_id = $2 and is_primary) a)`,
		m.conversation, m.agent.ID)
}

// R21: whoever loses the agent's role while their answer is on its way has sent it
// as an agent, or has not; nothing between.
func TestARoleThatChangesWhileAnAnswerArrivesGivesTheOutcomeOfOneOrder(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{RelaySet: true})
	owner := d.Owner(t, "olga@desk.test")
	role := core.RoleCollaborator
	demote := func(m agentsMail) error {
		_, err := d.UpdateUser(t.Context(), owner, m.agent.ID, core.UserChanges{Role: &role})
		return err
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	before, after := agentAnswers(t, d, "before"), agentAnswers(t, d, "after")
	must(before.apply())
	must(demote(before))
	must(demote(after))
	must(after.apply())
	serial := map[string]int{before.outcome(t, d): 0, after.outcome(t, d): 0}
	if len(serial) != 2 {
		t.Fatalf("both orders end alike: %v", serial)
	}
	for round := range 8 {
		m := agentAnswers(t, d, fmt.Sprintf("race%d", round))
		var both sync.WaitGroup
		both.Go(func() {
			if err := m.apply(); err != nil {
				t.Error(err)
			}
		})
		both.Go(func() {
			if err := demote(m); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		got := m.outcome(t, d)
		if _, known := serial[got]; !known {
			t.Errorf("round %d ends as no order does: %s, want one of %v", round, got, serial)
		}
		serial[got]++
	}
	t.Log(serial)
}
