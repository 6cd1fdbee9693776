package core_test

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// crowd are first mails of many authors, of every origin and some of them by the
// same person.
func crowd(n int) (letters []core.Letter, origins []core.Origin) {
	for i := range n {
		l := written(fmt.Sprintf("u%d@acme.test", i), fmt.Sprintf("m%d@acme.test", i), fmt.Sprintf("Words of %d.", i))
		l.FromFields, l.Kind = 1, core.KindHuman
		l.Cc = []core.NamedAddress{{Address: fmt.Sprintf("colleague%d@acme.test", i)}}
		letters = append(letters, l)
		origins = append(origins, core.Origin{Verdict: []core.Verdict{core.Proven, core.Unproven, core.Refuted}[i%3], Reason: "test"})
	}
	return letters, origins
}

func accept(t *testing.T, d coretest.Desk, letters []core.Letter) (claims []core.Claim) {
	t.Helper()
	for _, l := range letters {
		env := core.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), From: l.From[0].Address, Recipients: []string{"support@desk.test"}}
		c, err := d.Accept(t.Context(), env, []byte(l.Text), true)
		if err != nil {
			t.Fatal(err)
		}
		claims = append(claims, c)
	}
	return claims
}

// became tells what the database holds, without ids and times.
const became = `
	select string_agg(line, E'\n' order by line) from (
		select 'mail ' || state || ' ' || coalesce(rule, '') || ' ' || coalesce(suspension, '') || ' ' || coalesce(from_address, '') || ' ' || opened as line from inbound
		union all select 'message ' || m.text || ' ' || a.address || ' ' || c.subject || ' ' || m.is_verified || array_to_string(m.warnings, ',')
			from messages m join conversations c on c.id = m.conversation_id join addresses a on a.user_id = c.requester_id
		union all select 'person ' || u.name || ' ' || u.role || ' ' || coalesce(o.name, '') from users u left join organizations o on o.id = u.organization_id
		union all select 'in CC ' || address || ' ' || via from participants
		union all select 'suggested ' || address from participant_suggestions
		union all select 'delivery ' || purpose || ' ' || recipient || ' ' || state || ' ' || coalesce(link_purpose, '') from deliveries) x`

func TestMailsFiledTogetherBecomeWhatTheyBecomeAlone(t *testing.T) {
	t.Parallel()
	letters, origins := crowd(9)
	var results []string
	for _, together := range []bool{false, true} {
		d := coretest.OpenDesk(t, core.Config{})
		d.Person(t, core.RoleOwner, "olga@desk.test")
		d.Exec(t, `with o as (insert into organizations (name) values ('Acme') returning id) insert into organization_domains select 'acme.test', id from o`)
		claims := accept(t, d, letters)
		if together {
			if err := d.FileAll(t.Context(), claims, letters, origins); err != nil {
				t.Fatal(err)
			}
		} else {
			for i, c := range claims {
				if err := d.Apply(t.Context(), c, letters[i], origins[i]); err != nil {
					t.Fatal(err)
				}
			}
		}
		results = append(results, d.Text(t, became))
	}
	if results[0] != results[1] || results[0] == "" {
		t.Errorf("alone:\n%s\n\ntogether:\n%s", results[0], results[1])
	}
}

func TestOneLostClaimKeepsNoOtherMailFromBeingFiled(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	letters, origins := crowd(6)
	claims := accept(t, d, letters)
	d.Exec(t, `update inbound set attempts = attempts + 1 where id = $1`, claims[3].ID) // somebody else has it now
	if err := d.FileTogether(t.Context(), claims, letters, origins); err != nil {
		t.Fatal(err)
	}
	if waiting := d.Text(t, `select string_agg(id::text, ',') from inbound where state = 'received'`); waiting != fmt.Sprint(claims[3].ID) {
		t.Errorf("left: %s, want %d", waiting, claims[3].ID)
	}
}

func TestACrowdAtOnceIsFiledOnceEach(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	d.Exec(t, `insert into sender_list (list, pattern) values ('safe', 'acme.test')`)
	var all sync.WaitGroup
	file := func(l core.Letter) {
		all.Go(func() {
			env := core.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), From: l.From[0].Address, Recipients: []string{"support@desk.test"}}
			c, err := d.Accept(t.Context(), env, []byte(l.Text), true)
			if err == nil && c.Held {
				err = d.Apply(t.Context(), c, l, core.Origin{Verdict: core.Proven})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	letters, _ := crowd(60)
	for _, l := range letters {
		file(l)
	}
	for i := range 32 { // R21: parallel copies of one mail, and parallel first mails of one sender
		file(letters[0])
		l := letters[1]
		l.MessageID, l.Text = fmt.Sprintf("more%d@acme.test", i), fmt.Sprintf("More %d.", i)
		file(l)
	}
	all.Wait()
	for what, want := range map[string]string{
		`select count(*)::text from conversations`:                             "92",
		`select count(*)::text from messages`:                                  "92",
		`select count(*)::text from users`:                                     "60",
		`select count(*)::text from inbound where state = 'success'`:           "92",
		`select sum(arrivals)::text from inbound where subject = 'A question'`: "124",
		`select count(distinct conversation_id)::text from inbound`:            "92",
	} {
		if got := d.Text(t, what); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
}
