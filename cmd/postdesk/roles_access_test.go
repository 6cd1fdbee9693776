package main

import (
	"fmt"
	"strings"
	"testing"

	"postdesk/core"
)

// TestCaseAccessGrantsItsConversationsAndNothingElse: own, teams and all for
// agents and collaborators; being requester, participant or mentioned always
// grants view of that conversation, of its requester's and of its organization's
// page, and of nothing else (behaviour.md section 2).
func TestCaseAccessGrantsItsConversationsAndNothingElse(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	c.sql(`delete from messages; delete from conversations`) // all that is there is of this test
	for _, column := range []string{"agt", "col"} {
		who := c.players[column]
		scenes := c.scenes(who)
		for _, access := range []string{"OWN", "TEAMS", "ALL"} {
			c.owner.do("PUT", "/roles", object{"role": strings.ToUpper(string(who.actor.Role)), "case_access": access})
			for _, s := range scenes {
				c.scene(who, access, s)
			}
			c.lists(who, access, scenes)
		}
	}
}

// A scene is a conversation with its requester and their organization, and how
// the reader stands to it. sees says at which access it is seen.
type scene struct {
	name               string
	id                 core.ConversationID
	user, organization string
	sees               string // of "OWN TEAMS ALL"
}

func (c *cast) scenes(who player) (all []scene) {
	c.t.Helper()
	team := c.Text(c.t, `insert into teams (title) values ('of ' || $1) returning id`, who.email)
	c.Exec(c.t, `insert into team_members (team_id, user_id) values ($1, $2)`, team, who.actor.ID)
	for _, s := range []struct{ name, sees, do string }{
		{"nobody's", "ALL", `select $1::bigint, $2::bigint, $3::bigint`},
		{"a colleague's", "ALL", `update conversations set assignee_id = ` + c.players["adm"].id + ` where id = $1 and $2 > 0 and $3 > 0`},
		{"another team's", "ALL", `with t as (insert into teams (title) values ('not of ` + who.email + `') returning id)
			update conversations set team_id = (select id from t) where id = $1 and $2 > 0 and $3 > 0`},
		{"an own team's", "TEAMS ALL", `update conversations set team_id = $3 where id = $1 and $2 > 0`},
		{"assigned", "OWN TEAMS ALL", `update conversations set assignee_id = $2 where id = $1 and $3 > 0`},
		{"participant", "OWN TEAMS ALL", `insert into participants (conversation_id, address, user_id, via) select $1, address, $2, 'mail' from addresses where user_id = $2 and $3 > 0`},
		{"mentioned", "OWN TEAMS ALL", `with n as (insert into notes (conversation_id, author_id, source, text, is_verified) values ($1, ` + c.players["adm"].id + `, 'agent', 'x', true) returning id)
			insert into mentions (note_id, user_id) select id, $2 from n where $3 > 0`},
	} {
		c.serial++
		word := fmt.Sprintf("scene%d", c.serial)
		requester := c.Person(c.t, core.RoleCustomer, word+"@acme.test")
		organization := c.Text(c.t, `insert into organizations (name) values ($1) returning id`, word)
		c.Exec(c.t, `update users set organization_id = $2 where id = $1`, requester.ID, organization)
		id := c.Conversation(c.t, requester, word)
		c.Exec(c.t, s.do, id, who.actor.ID, team)
		all = append(all, scene{s.name, id, fmt.Sprint(requester.ID), organization, s.sees})
	}
	own := c.Conversation(c.t, who.actor, "mine")
	return append(all, scene{"requester", own, who.id, "", "OWN TEAMS ALL"})
}

// scene looks at one conversation by every way there is to it.
func (c *cast) scene(who player, access string, s scene) {
	c.t.Helper()
	want := "404"
	if strings.Contains(s.sees, access) {
		want = "yes"
	}
	mail := c.Text(c.t, `select count(*) from messages where conversation_id = $1`, s.id)
	file := c.attach("message_id", c.Message(c.t, s.id, c.players["own"].actor, mail))
	hidden := c.attach("note_id", c.Note(c.t, s.id, c.players["adm"].actor, "secret"))
	pages := []string{path("GET /agent/conversations/%v", s.id), path("POST /agent/conversations/%v/note note=x", s.id), "GET /files/" + file, "GET /files/" + hidden}
	calls := []string{path("GET /cases/%v", s.id), path("GET /cases/%v/posts", s.id), path(`POST /cases/%v/notes {"contents":"x"}`, s.id), "GET /users/" + s.user}
	pages = append(pages, "GET /agent/users/"+s.user)
	if s.organization != "" {
		pages = append(pages, "GET /agent/organizations/"+s.organization, "POST /agent/users/"+s.user+"/notes note=x")
		calls = append(calls, "GET /organizations/"+s.organization, "GET /organizations/"+s.organization+"/notes", "GET /users/"+s.user+"/notes")
	}
	for _, request := range pages {
		if status, said := who.page(request); outcome(status) != want {
			c.t.Errorf("row %q: %s with access %s, %s: %s: %d, want %s: %.200s", rowView, who.actor.Role, access, s.name, request, status, want, said)
		}
	}
	for _, request := range calls {
		if status, said := who.request(request); outcome(status) != want {
			c.t.Errorf("row %q: %s with access %s, %s: API %s: %d, want %s: %.200s", rowView, who.actor.Role, access, s.name, request, status, want, said)
		}
	}
}

// lists holds that no list, count, search or suggestion knows more than the pages.
func (c *cast) lists(who player, access string, scenes []scene) {
	c.t.Helper()
	var sees, hidden []scene
	for _, s := range scenes {
		if strings.Contains(s.sees, access) {
			sees = append(sees, s)
		} else {
			hidden = append(hidden, s)
		}
	}
	if access != "ALL" {
		_, o := who.try("GET", "/cases?limit=100", nil)
		c.want(fmt.Sprintf("%s with %s: conversations counted", who.actor.Role, access), o["total_count"], len(sees))
		_, o = who.try("GET", "/cases?limit=100&query=scene", nil)
		c.want(fmt.Sprintf("%s with %s: conversations found", who.actor.Role, access), o["total_count"], len(sees)-1)
	}
	for _, s := range hidden {
		address := c.Text(c.t, `select address from addresses where user_id = $1`, number(c.t, s.user))
		name := strings.TrimSuffix(address, "@acme.test")
		for _, request := range []string{"GET /users?query=" + name, "GET /users?email=" + address, "GET /cases?query=" + name, "GET /organizations?query=" + name} {
			if _, said := who.request(request); !strings.Contains(said, `"data":[]`) || !strings.Contains(said, `"total_count":0`) {
				c.t.Errorf("row %q: %s with access %s, %s: API %s: %.300s", rowView, who.actor.Role, access, s.name, request, said)
			}
		}
		// An agent may make accounts, and is told whose an address is; others are not.
		if _, said := who.request("GET /autocomplete/emails?query=" + name); strings.Contains(said, address) != (who.actor.Role == core.RoleAgent) {
			c.t.Errorf("row %q: %s with access %s, %s: suggestions: %.300s", rowView, who.actor.Role, access, s.name, said)
		}
		for _, request := range []string{"GET /agent?q=" + name, "GET /agent/users?q=" + name, "GET /agent/organizations?q=" + name, path("GET /agent/conversations/%v", sees[0].id)} {
			if _, said := who.page(request); strings.Contains(said, address) || strings.Contains(said, path("conversations/%v\"", s.id)) {
				c.t.Errorf("row %q: %s with access %s, %s: %s shows it", rowView, who.actor.Role, access, s.name, request)
			}
		}
	}
}
