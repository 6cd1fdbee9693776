package main

import (
	"strings"
	"testing"
)

// A deed is one concrete thing out of a row of the role table in behaviour.md
// section 2, by a page and by the API ("" where there is no such way). want has
// one cell for each column: "yes" is done or shown, "page/api" where they differ.
// done must be true in the database after "yes", and false after everything else.
type deed struct{ row, page, api, want, done string }

// The columns of want: a customer whose things they are, another customer, a
// collaborator, an agent, an agent whose role lost its rights, an admin, an owner.
var columns = strings.Fields("own oth col agt bare adm owr")

const (
	everybody   = "yes yes yes yes yes yes yes"
	onlyOwn     = "yes 404 404 404 404 404 404"
	staffSee    = "404 404 yes yes yes yes yes"
	staffAndOwn = "404/yes 404 yes yes yes yes yes"
	agentsDo    = "404 404 403 yes yes yes yes"
	withRight   = "404 404 403 yes 403 yes yes"
	peopleRight = "403 403 403 yes 403 yes yes"
	adminsDo    = "403 403 403 403 403 yes yes"
	ownersDo    = "403 403 403 403 403 403 yes"
	nobodyDoes  = "403 403 403 403 403 403 403"
)

// The rows, in the words of behaviour.md; the last two are toggles of a role.
const (
	rowOwn       = "see own conversations in the portal, reply there, edit own profile"
	rowView      = "view conversations, users, organizations (case access)"
	rowNote      = "private note on a conversation, a user, an organization; @mention"
	rowReply     = "reply to a customer, by any channel"
	rowChange    = "change status, priority, type, assignee, team, tags, requester, CC"
	rowOpen      = "create a conversation on a customer's behalf"
	rowPeople    = "create, edit, disable, enable customers and organizations"
	rowRole      = "change a role"
	rowAdmin     = "invite team members, teams, mailboxes, roles, settings, mail log with all raw mail"
	rowMerge     = "merge, split, trash"
	rowSuspended = "view suspended mail (with its source)"
)

var conversationDeeds = []deed{
	{rowOwn, "GET /conversations", "GET /cases", everybody, ""},
	{rowOwn, "GET /conversations/{mycase}", "GET /cases/{mycase}", everybody, ""},
	{rowOwn, "GET /conversations/{case}", "", onlyOwn, ""},
	{rowOwn, "POST /conversations/{mycase}/reply contents={word}", `POST /cases/{mycase}/reply {"contents":"{word}"}`, everybody,
		`exists (select from messages where conversation_id = {mycase} and author_id = {me} and not by_staff and text = '{word}')`},
	{rowOwn, "POST /conversations/{case}/reply contents={word}", "", onlyOwn, `exists (select from messages where conversation_id = {case} and text = '{word}')`},
	{rowOwn, "POST /conversations/{mycase}/complete", "", everybody, `(select status = 'completed' from conversations where id = {mycase})`},
	{rowOwn, "POST /conversations/{case}/complete", "", onlyOwn, `(select status = 'completed' from conversations where id = {case})`},
	{rowOwn, "POST /conversations subject={word}&contents=x", "", everybody, `exists (select from conversations where subject = '{word}' and requester_id = {me})`},
	{rowOwn, "POST /profile full_name={word}", `PUT /users/{me} {"full_name":"{word}"}`, everybody, `(select name = '{word}' from users where id = {me})`},
	{rowOwn, "GET /profile", "GET /users/{me}", everybody, ""},
	{rowOwn, "GET /files/{file}", "", "yes 404 yes yes yes yes yes", ""},

	{rowView, "GET /agent", "", staffSee, ""},
	{rowView, "GET /agent/conversations/{case}", "GET /cases/{case}", staffAndOwn, ""},
	{rowView, "GET /agent/conversations/{mycase}", "GET /cases/{case}/posts", staffAndOwn, ""},
	{rowView, "GET /files/{notefile}", "GET /users", staffSee, ""},
	{rowView, "GET /agent/users/{customer}", "GET /users/{customer}", staffSee, ""},
	{rowView, "GET /agent/users/{owner}", "GET /users/{owner}", staffSee, ""},
	{rowView, "GET /agent/users", "GET /users/{customer}/identities", staffSee, ""},
	{rowView, "GET /agent/organizations", "GET /users/{customer}/notes", staffSee, ""},
	{rowView, "GET /agent/organizations/{org}", "GET /organizations/{org}", staffSee, ""},
	{rowView, "", "GET /organizations", staffSee, ""},
	{rowView, "", "GET /organizations/{org}/notes", staffSee, ""},
	{rowView, "", "GET /autocomplete/emails?query=acme", staffSee, ""},

	{rowNote, "POST /agent/conversations/{case}/note note={word}", `POST /cases/{case}/notes {"contents":"{word}"}`, staffSee,
		`exists (select from notes where conversation_id = {case} and author_id = {me} and text = '{word}')`},
	{rowNote, "POST /agent/conversations/{mycase}/note note={word}", `POST /cases/{mycase}/notes {"contents":"{word}"}`, staffSee,
		`exists (select from notes where conversation_id = {mycase} and text = '{word}')`},
	{rowNote, "POST /agent/users/{customer}/notes note={word}", `POST /users/{customer}/notes {"contents":"{word}"}`, staffSee,
		`exists (select from notes where user_id = {customer} and author_id = {me} and text = '{word}')`},
	{rowNote, "POST /agent/organizations/{org}/notes note={word}", `POST /organizations/{org}/notes {"contents":"{word}"}`, staffSee,
		`exists (select from notes where organization_id = {org} and author_id = {me} and text = '{word}')`},
	{rowNote, "POST /agent/conversations/{case}/note note=@collaborator{word}@acme.test+look", `POST /cases/{case}/notes {"contents":"@collaborator{word}@acme.test look"}`, staffSee,
		`exists (select from mentions m join notes n on n.id = m.note_id where n.conversation_id = {case} and m.user_id = {collaborator})`},

	{rowReply, "POST /agent/conversations/{case}/reply do=send&contents={word}", `POST /cases/{case}/reply {"contents":"{word}"}`,
		"404/yes 404 403 yes 403 yes yes", `exists (select from messages where conversation_id = {case} and author_id = {me} and text = '{word}')`},
	{rowReply, "POST /agent/conversations/{case}/reply do=send&contents=x&cc={word}@acme.test", `POST /cases/{case}/reply {"contents":"x","cc":["{word}@acme.test"]}`,
		"404/- 404 403 yes 403 yes yes", `exists (select from participants where conversation_id = {case} and address = '{word}@acme.test')`},
	{rowReply, "POST /agent/conversations/{case}/reply do=draft&contents={word}", "", withRight, `exists (select from drafts where conversation_id = {case} and text = '{word}')`},

	{rowChange, "POST /agent/conversations/{case}/properties status=pending&was.status=new", `PUT /cases/{case} {"status":"PENDING"}`, agentsDo,
		`(select status = 'pending' from conversations where id = {case})`},
	{rowChange, "POST /agent/conversations/{mycase}/properties status=closed&was.status=new", `PUT /cases/{mycase} {"status":"CLOSED"}`, agentsDo,
		`(select status = 'closed' from conversations where id = {mycase})`},
	{rowChange, "POST /agent/conversations/{case}/properties priority=high&was.priority=normal", `PUT /cases/{case} {"priority":"HIGH"}`, agentsDo,
		`(select priority = 'high' from conversations where id = {case})`},
	{rowChange, "POST /agent/conversations/{case}/properties type=task&was.type=question", `PUT /cases/{case} {"type":"TASK"}`, agentsDo,
		`(select type = 'task' from conversations where id = {case})`},
	{rowChange, "POST /agent/conversations/{case}/properties assignee={agt}&was.assignee=0", `PUT /cases/{case} {"assigned_agent_id":{agt}}`, agentsDo,
		`(select coalesce(assignee_id = {agt}, false) from conversations where id = {case})`},
	{rowChange, "POST /agent/conversations/{case}/properties team={team}&was.team=0", `PUT /cases/{case} {"assigned_team_id":{team}}`, agentsDo,
		`(select coalesce(team_id = {team}, false) from conversations where id = {case})`},
	{rowChange, "POST /agent/conversations/{case}/properties tags={word}&was.tags=", `PUT /cases/{case} {"tags":["{word}"]}`, agentsDo,
		`(select '{word}' = any(tags) from conversations where id = {case})`},
	{rowChange, "POST /agent/conversations/{case}/properties subject={word}&was.subject=", `PUT /cases/{case} {"subject":"{word}"}`, agentsDo,
		`(select subject = '{word}' from conversations where id = {case})`},
	{rowChange, "POST /agent/conversations/{case}/requester requester=customer{word}@acme.test", `PUT /cases/{case} {"requester_id":{customer}}`, agentsDo,
		`(select requester_id = {customer} from conversations where id = {case})`},
	{rowChange, "POST /agent/conversations/{case}/participants email={word}@acme.test", `POST /cases/{case}/participants {"email":"{word}@acme.test"}`, agentsDo,
		`exists (select from participants where conversation_id = {case} and address = '{word}@acme.test')`},
	{rowChange, "POST /agent/conversations/{cccase}/participants/remove email=cc@acme.test", "", agentsDo, `not exists (select from participants where conversation_id = {cccase})`},
	{rowChange, "POST /agent/conversations/{case}/follow follow=yes", "", agentsDo, `exists (select from followers where conversation_id = {case} and user_id = {me})`},

	{rowMerge, "POST /agent/conversations/{case}/merge with={spare}", `POST /cases/{case}/merge {"case_ids":[{spare}]}`, withRight,
		`exists (select from conversations where id in ({case}, {spare}) and merged_into is not null)`},
	{rowMerge, "POST /agent/conversations/{case}/trash", "", withRight, `(select trashed_at is not null from conversations where id = {case})`},
	{rowMerge, "POST /agent/conversations/{trashed}/restore", "", withRight, `(select trashed_at is null from conversations where id = {trashed})`},

	{rowOpen, "GET /agent/new", "", peopleRight, ""},
	{rowOpen, "POST /agent/new requester_email={word}@acme.test&subject={word}&contents=x", `POST /cases {"requester_email":"{word}@acme.test","subject":"{word}","contents":"x"}`,
		peopleRight, `exists (select from conversations c join messages m on m.conversation_id = c.id where c.subject = '{word}' and m.author_id = {me} and m.by_staff)`},

	{rowSuspended, "GET /agent/suspended", "GET /mails?is_suspended=true", peopleRight, ""},
	{rowSuspended, "GET /agent/suspended/{suspended}", "GET /mails/{suspended}/source", withRight, ""},
	{rowSuspended, "GET /frame/mail/{suspended}", "GET /mails/{suspended}", withRight, ""},
}

// TestTheRoleTable is behaviour.md section 2, row by row, by page and by API in
// the running program; by mail it goes on in roles_mail_test.go.
func TestTheRoleTable(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	for _, column := range columns {
		if column != "bare" {
			c.holdsAll(column)
		}
	}
	c.owner.do("PUT", "/roles", object{"role": "AGENT", "permissions": object{"reply_publicly": false, "merge": false, "view_suspended": false, "manage_people": false}})
	c.holdsAll("bare")
}

func (c *cast) holdsAll(column string) {
	c.t.Helper()
	for i, name := range columns {
		for _, table := range [][]deed{conversationDeeds, peopleDeeds} {
			for _, d := range table {
				if name == column {
					c.holds(d, column, strings.Fields(d.want)[i])
				}
			}
		}
	}
}

// holds does a deed by both ways, each on things of its own.
func (c *cast) holds(d deed, column, cell string) {
	c.t.Helper()
	byPage, byAPI, differ := strings.Cut(cell, "/")
	if !differ {
		byAPI = byPage
	}
	who := c.players[column]
	for _, way := range []struct {
		name, request, want string
		ask                 func(string) (int, string)
	}{{"page", d.page, byPage, who.page}, {"API", d.api, byAPI, who.request}} {
		if way.request == "" || way.want == "-" {
			continue
		}
		asked, done := way.request, d.done
		c.fill(who, &asked, &done)
		status, said := way.ask(asked)
		if got := outcome(status); got != way.want {
			c.t.Errorf("row %q: %s as %s by %s: %d, want %s: %.300s", d.row, way.request, column, way.name, status, way.want, said)
		}
		if done != "" && c.Text(c.t, `select `+done) != map[bool]string{true: "true", false: "false"}[way.want == "yes"] {
			c.t.Errorf("row %q: %s as %s by %s: want %s, and after it is %v that %s", d.row, way.request, column, way.name, way.want, way.want != "yes", done)
		}
	}
}
