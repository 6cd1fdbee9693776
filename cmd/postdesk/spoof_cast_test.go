package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/foxcpp/go-mockdns"
	"github.com/jackc/pgx/v5"
	"golang.org/x/net/idna"

	"postdesk/core"
	"postdesk/core/coretest"
	"postdesk/mailer/mailertest"
)

// A spoof is the running program with somebody of each sort, each with a
// conversation of their own and everything that can be known of it.
type spoof struct {
	*story
	coretest.Desk
	cara   client
	olga   *http.Client // the owner, signed in
	people []*suspect
	cells  []*cell
	before map[string]int // mails that had left when the cells began, by recipient
}

// A suspect is one person, who writes from one domain in one form.
type suspect struct {
	author, origin, form string
	domain               string // as a person writes it
	address              string // canonical
	id                   int64  // of the account, 0 for a stranger
	conversation         int64
	requester            string            // of the conversation
	names                map[string]string // locator to an address of ours, or to a Message-ID
}

// A cell is one mail of the table.
type cell struct {
	*suspect
	locator, rule string
	from          string // canonical
	word          string // stands in this mail alone
}

var spoofKey = ed25519.NewKeyFromSeed([]byte("postdesk tests sign with this 02"))

func ascii(domain string) string {
	name, err := idna.Lookup.ToASCII(domain)
	if err != nil {
		panic(err)
	}
	return name
}

// spoofZones make an origin what the table says, each in its own way.
func spoofZones() map[string]mockdns.Zone {
	z := zones()
	txt := func(domain, text string) { z[ascii(domain)+"."] = mockdns.Zone{TXT: []string{text}} }
	policy := func(domain, text string) {
		z["_dmarc."+ascii(domain)+"."] = mockdns.Zone{TXT: []string{"v=DMARC1; " + text}}
	}
	const pass, fail = "v=spf1 ip4:127.0.0.1 ip6:::1 -all", "v=spf1 -all"
	for _, proven := range []string{"spf.test", "münchen.test"} { // by SPF
		txt(proven, pass)
	}
	for _, proven := range []string{"dkim.test", "bücher.test"} { // by a signature, against SPF
		txt(proven, fail)
		z["s._domainkey."+ascii(proven)+"."] = mockdns.Zone{TXT: []string{"v=DKIM1; k=ed25519; p=" +
			base64.StdEncoding.EncodeToString(spoofKey.Public().(ed25519.PublicKey))}}
		policy(proven, "p=reject")
	}
	txt("deny.test", fail)   // no policy
	txt("köln.test", pass)   // but the envelope is another's
	txt("zürich.test", fail) // and a policy that asks for nothing
	policy("zürich.test", "p=none")
	txt("reject.test", fail)
	policy("reject.test", "p=reject")
	policy("parent.test", "p=none; sp=reject")
	policy("genève.test", "p=quarantine")
	policy("düsseldorf.test", "p=reject") // and a good signature of another domain
	return z
}

// envelopeOf: some write from an envelope that passes for its own domain.
func (c *cell) envelopeOf() string {
	switch c.domain {
	case "köln.test", "sub.parent.test", "genève.test":
		return "eve@other.test"
	}
	local, _, _ := strings.Cut(c.from, "@")
	if c.form == "unicode" {
		return local + "@" + c.domain
	}
	return c.from
}

// signer is the domain of the DKIM signature, empty for none.
func (c *cell) signer() string {
	switch c.domain {
	case "dkim.test", "bücher.test":
		return ascii(c.domain)
	case "düsseldorf.test":
		return "dkim.test"
	}
	return ""
}

func newSpoof(t *testing.T) *spoof {
	t.Helper()
	server, err := mockdns.NewServerWithLogger(spoofZones(), log.New(io.Discard, "", 0), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	s := newStory(t, func(set *settings) { set.Resolver = server.LocalAddr().String() })
	g := &spoof{story: s, Desk: coretest.Desk{Pool: s.db(), Mailbox: 1}, olga: s.session("olga@desk.test"), before: map[string]int{}}
	g.cara = s.person("customer", "cara@acme.test", "Cara Customer")
	s.person("collaborator", "mia@partner.test", "Mia Meyer")
	return g
}

// prepare makes the people, their conversations and the cells.
func (g *spoof) prepare() {
	g.t.Helper()
	forms := tableRows(spoofForms)
	origins := []string{"proven", "unproven", "refuted"}
	for _, row := range tableRows(spoofTable) {
		for _, form := range forms {
			p := &suspect{author: row[0], origin: row[1], form: form[0], domain: form[1+slices.Index(origins, row[1])], names: map[string]string{}}
			p.address = p.author + "." + p.form + "@" + ascii(p.domain)
			g.people = append(g.people, p)
			g.meet(p)
			for i, locator := range spoofLocators {
				g.cells = append(g.cells, &cell{suspect: p, locator: locator, rule: row[2+i], from: p.writesFrom(i), word: fmt.Sprintf("w%dx", len(g.cells))})
			}
		}
	}
	g.quiet()
	g.collect()
	for _, p := range g.people {
		g.part(p)
	}
	g.aMinutePasses()
	for _, m := range g.sink.Messages() {
		g.before[m.To[0]]++
	}
}

// writesFrom: a stranger is one only once, so each cell has another.
func (p *suspect) writesFrom(i int) string {
	if p.author == "stranger" && i > 0 {
		return fmt.Sprintf("stranger%d.%s@%s", i, p.form, ascii(p.domain))
	}
	return p.address
}

func (p *suspect) role() core.Role {
	switch {
	case strings.Contains(p.author, "agent"):
		return core.RoleAgent
	case strings.HasPrefix(p.author, "collaborator"):
		return core.RoleCollaborator
	}
	return core.RoleCustomer
}

// meet opens the conversation in which somebody is, or was, what they are.
func (g *spoof) meet(p *suspect) {
	g.t.Helper()
	if p.author != "stranger" {
		p.id = int64(g.Person(g.t, p.role(), p.address).ID)
		g.staff[p.address] = p.role() != core.RoleCustomer
	}
	p.requester = "cara@acme.test"
	cc := []string{"carl@acme.test"}
	switch {
	case p.author == "requester" || p.author == "disabled":
		p.requester = p.address
	case p.role() != core.RoleAgent:
		cc = append(cc, p.address)
	}
	opened := g.owner.do("POST", "/cases", object{"subject": "Goldammer", "contents": "Our words.", "requester_email": p.requester, "cc": cc})
	p.conversation = int64(opened["id"].(float64))
	mentioned := "mia@partner.test"
	if p.role() != core.RoleCustomer && p.author != "agent-elsewhere" && p.form == "plain" { // who is mentioned may view it
		mentioned = p.address
	}
	g.owner.do("POST", path("/cases/%v/notes", p.conversation), object{"contents": "@" + mentioned + " look"})
	if p.role() == core.RoleAgent {
		g.owner.do("PUT", path("/cases/%v", p.conversation), object{"assigned_agent_id": p.id})
		g.cara.do("POST", path("/cases/%v/reply", p.conversation), object{"contents": "Her words."})
	}
}

// part takes from people what they only had.
func (g *spoof) part(p *suspect) {
	g.t.Helper()
	switch p.author {
	case "agent-elsewhere":
		g.owner.do("PUT", path("/cases/%v", p.conversation), object{"assigned_agent_id": number(g.t, g.owner.id)})
	case "collaborator", "customer", "stranger":
		request := path("POST /agent/conversations/%v/participants/remove email=%v", p.conversation, url.QueryEscape(p.address))
		if answer, said := g.ask(g.olga, request, "Sec-Fetch-Site", "same-origin"); answer.StatusCode >= 400 {
			g.t.Fatalf("%s: %d %.300s", request, answer.StatusCode, said)
		}
	case "disabled":
		g.owner.do("POST", path("/users/%v/disable", p.id), nil)
	}
}

// collect reads, from the mails that left, what each conversation can be named by.
func (g *spoof) collect() {
	g.t.Helper()
	sent := map[string]received{}
	for _, m := range g.sink.Messages() {
		r := received{m, mailertest.Read(g.t, m.Raw)}
		sent[r.id()] = r
	}
	rows, err := g.Pool.Query(g.t.Context(), `
		select d.message_id, d.recipient, d.purpose, coalesce(d.conversation_id, n.conversation_id, 0)
		from deliveries d left join mentions m on m.id = d.mention_id left join notes n on n.id = m.note_id order by d.id`)
	if err != nil {
		g.t.Fatal(err)
	}
	type delivery struct {
		MessageID, Recipient, Purpose string
		Conversation                  int64
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[delivery])
	if err != nil {
		g.t.Fatal(err)
	}
	for _, p := range g.people {
		for _, d := range all {
			m, ok := sent[strings.Trim(d.MessageID, "<>")]
			if !ok || d.Conversation != p.conversation {
				continue
			}
			switch {
			case d.Purpose == "mention":
				p.names["mention"] = m.replyTo()
			case d.Recipient == p.address:
				p.names["own token"] = m.replyTo()
			case d.Recipient == "carl@acme.test":
				p.names["other's token"], p.names["thread"] = m.replyTo(), m.id()
			}
		}
		for _, locator := range spoofLocators[:4] {
			if p.names[locator] == "" {
				g.t.Fatalf("%s, %s, %s: no mail has its %s", p.author, p.origin, p.form, locator)
			}
		}
	}
}
