package core_test
import ("testing";"time";"postdesk/core";"postdesk/core/coretest")
func TestTmpSpeed(t *testing.T) {
	d := coretest.OpenDesk(t, core.Config{})
	cara := d.Person(t, core.RoleCustomer, "cara@acme.test")
	agent := d.Person(t, core.RoleAgent, "agent@desk.test")
	d.Exec(t, `insert into conversations (subject, requester_id, mailbox_id, channel, root, updated_at) select 'S '||g, $1, $2, 'mail', 'r'||g, now() - g * interval '1 second' from generate_series(1,50000) g`, cara.ID, d.Mailbox)
	d.Exec(t, `insert into messages (conversation_id, author_id, source, text, is_verified) select 1 + g % 50000, $1, 'mail', repeat('hello world ', 30)||g, true from generate_series(1,150000) g`, cara.ID)
	d.Exec(t, `analyze`)
	for _, acc := range []core.Access{core.AccessAll, core.AccessOwn} {
		agent.Rights.Access = acc
		for range 2 {
			s := time.Now(); l, n, err := d.Conversations(t.Context(), agent, core.ListFilter{}); t.Log("list", acc, time.Since(s), len(l), n, err)
			s = time.Now(); l, n, err = d.Conversations(t.Context(), agent, core.ListFilter{Query: "world 77777"}); t.Log("search", acc, time.Since(s), len(l), n, err)
			s = time.Now(); e, err := d.Timeline(t.Context(), agent, 5); t.Log("timeline", time.Since(s), len(e), err)
		}
	}
}
