package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"postdesk/core"
	"postdesk/mailer/mailertest"
)

// An ending is what became of a mail, in one line: what stands in the database
// because of it.
type ending struct{ Word, Facts string }

// The facts of an ending, in this order: origin, author, rule, state, what it
// became, links, who is on the conversation that it opened, accounts of the
// author.
const endingsSQL = `
	select split_part(i.message_id, '@', 1), concat_ws('; ',
		i.origin, i.from_address, i.rule, nullif(concat_ws(' ', nullif(i.state, 'success'), i.suspension), ''),
		(select string_agg(concat_ws(' ', case when by_staff then 'reply' else 'message' end, 'in', case when i.opened then 'new' else conversation_id::text end, 'verified', is_verified), ',') from messages where inbound_id = i.id),
		(select string_agg(concat_ws(' ', 'note in', conversation_id, 'verified', is_verified), ',') from notes where inbound_id = i.id),
		(select string_agg(concat_ws(' ', 'draft in', conversation_id, 'verified', is_verified), ',') from drafts where inbound_id = i.id),
		(select string_agg('event ' || kind, ',') from events where inbound_id = i.id),
		(select string_agg(relation || ' ' || other_id, ',') from conversation_links where i.opened and conversation_id = i.conversation_id),
		(select 'by ' || a.address || ' with ' || array_to_string(array(select address from participants where conversation_id = c.id order by address), ' ')
			from conversations c join addresses a on a.user_id = c.requester_id and a.is_primary where i.opened and c.id = i.conversation_id),
		'accounts ' || (select count(*) from addresses where address = i.from_address))
	from inbound i where i.message_id like '%@client.test'`

// want is the ending that the tables ask for.
func (c *cell) want(g *spoof) string {
	becomes, where, link, _ := effectOf(g.t, c.rule, c.author)
	facts := []string{c.origin, c.from, c.rule}
	add := func(format string, args ...any) { facts = append(facts, fmt.Sprintf(format, args...)) }
	at := fmt.Sprint(c.conversation)
	if where == "new" {
		at = "new"
	}
	if becomes == "suspended" {
		add("suspended %s", map[string]string{"forged": "forged", "disabled": "disabled_user"}[c.rule])
	} else {
		add("%s in %s verified %s", becomes, at, map[bool]string{true: "t", false: "f"}[c.origin == "proven"])
	}
	if link != "-" {
		add("%s %d", link, c.conversation)
	}
	if where == "new" {
		with := ""
		if c.origin == "proven" && c.rule != "mention" {
			with = "eve@machine.test"
		}
		add("by %s with %s", c.from, with)
	}
	if c.author == "stranger" && c.origin == "refuted" {
		add("accounts 0")
	} else {
		add("accounts 1")
	}
	return strings.Join(facts, "; ")
}

// judge counts the cells that did not end as they should, and fails the test for
// each.
func (g *spoof) judge() (deviations int) {
	g.t.Helper()
	rows, err := g.Pool.Query(g.t.Context(), endingsSQL)
	if err != nil {
		g.t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ending])
	if err != nil {
		g.t.Fatal(err)
	}
	ended := map[string]string{}
	for _, e := range all {
		ended[e.Word] = e.Facts
	}
	for _, c := range g.cells {
		if got, want := ended[c.word], c.want(g); got != want {
			deviations++
			why := g.Text(g.t, `select coalesce((select reason from inbound where message_id = $1), 'not there')`, c.word+"@client.test")
			g.t.Errorf("%s, %s, %s, %s: %s\n got %s\nwant %s", c.author, c.origin, c.locator, c.form, why, got, want)
		}
	}
	return deviations + g.judgePeople() + g.judgeMail()
}

// judgePeople: no mail changed who is on a conversation that was there before.
func (g *spoof) judgePeople() (deviations int) {
	g.t.Helper()
	for _, p := range g.people {
		with := []string{"carl@acme.test"}
		if p.author == "participant" || p.author == "collaborator-cc" {
			with = append(with, p.address)
		}
		slices.Sort(with)
		got := g.Text(g.t, `
			select a.address || ' with ' || array_to_string(array(select address from participants where conversation_id = c.id order by address), ' ')
			from conversations c join addresses a on a.user_id = c.requester_id and a.is_primary where c.id = $1`, p.conversation)
		if want := p.requester + " with " + strings.Join(with, " "); got != want {
			deviations++
			g.t.Errorf("%s, %s, %s: on the conversation: %s, want %s", p.author, p.origin, p.form, got, want)
		}
	}
	return deviations
}

// judgeMail: what left because of the cells, by recipient, is what the tables
// allow, and no word of a cell reached anybody outside but an agent's reply.
func (g *spoof) judgeMail() (deviations int) {
	g.t.Helper()
	want, replies := map[string]int{}, map[string]*cell{}
	for _, c := range g.cells {
		switch _, _, _, mailed := effectOf(g.t, c.rule, c.author); {
		case mailed == "customers":
			want[c.requester]++
			want["carl@acme.test"]++
			replies[c.word] = c
		case mailed == "author" && c.origin == "proven" && c.role() == core.RoleCustomer:
			want[c.from] = 1
		}
	}
	got := map[string]int{}
	seen := map[string]int{} // how often each mail came: the first are those from before
	for _, m := range g.sink.Messages() {
		to := m.To[0]
		if seen[to]++; seen[to] <= g.before[to] || g.staff[to] {
			continue
		}
		got[to]++
		deviations += g.judgeWords(m, replies)
	}
	for to, n := range got {
		if n != want[to] {
			deviations++
			g.t.Errorf("%s was mailed %d times, want %d", to, n, want[to])
		}
	}
	for to, n := range want {
		if got[to] == 0 {
			deviations++
			g.t.Errorf("%s was not mailed, want %d", to, n)
		}
	}
	return deviations
}

// judgeWords: a mail that left holds words of no cell, or those of one reply.
func (g *spoof) judgeWords(m mailertest.Message, replies map[string]*cell) (deviations int) {
	g.t.Helper()
	all := received{m, mailertest.Read(g.t, m.Raw)}.all()
	for _, c := range g.cells {
		if !strings.Contains(all, c.word+" says") {
			continue
		}
		if r := replies[c.word]; r == nil || m.To[0] != r.requester && m.To[0] != "carl@acme.test" {
			deviations++
			g.t.Errorf("%s reads %s, %s, %s, %s:\n%s", m.To[0], c.author, c.origin, c.locator, c.form, m.Raw)
		}
	}
	return deviations
}
