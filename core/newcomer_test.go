package core_test

import (
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

func TestABareAddressInCCThatWritesBecomesACustomerAndIsAskedToSetAPassword(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	d.Exec(t, `with o as (insert into organizations (name) values ('Acme') returning id)
		insert into organization_domains (domain, organization_id) select 'acme.test', id from o`)
	first := written("cara@acme.test", "one@acme.test", "Hello")
	first.Cc = []core.NamedAddress{{Name: "Cole", Address: "cole@acme.test"}}
	opened := file(t, d, first, core.Proven)
	answer := written("cole@acme.test", "two@acme.test", "I agree")
	answer.References = []string{"one@acme.test"}
	got := file(t, d, answer, core.Proven)
	if got.Rule != core.RuleParticipant || got.Conversation != opened.Conversation {
		t.Fatalf("rule %s in #%d, want participant in #%d", got.Rule, got.Conversation, opened.Conversation)
	}
	if name := d.Text(t, `select o.name from addresses a join users u on u.id = a.user_id join organizations o on o.id = u.organization_id where a.address = 'cole@acme.test'`); name != "Acme" {
		t.Errorf("joined %q, want Acme", name)
	}
	asked := d.Text(t, `select count(*)::text from deliveries d join users u on u.id = d.user_id
		where d.recipient = 'cole@acme.test' and d.purpose = 'verify' and d.automatic and d.inbound_id is not null and u.account_mailed_at is not null`)
	if asked != "1" {
		t.Errorf("asked %s times, want once, by automatic mail with its cause", asked)
	}
	again := written("cole@acme.test", "three@acme.test", "And another thing")
	again.References = []string{"two@acme.test"}
	file(t, d, again, core.Proven)
	if n := d.Text(t, `select count(*)::text from deliveries where recipient = 'cole@acme.test'`); n != "1" {
		t.Errorf("%s mails to Cole, want the one", n)
	}
}
