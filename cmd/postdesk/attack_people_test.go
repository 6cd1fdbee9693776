package main

import (
	"fmt"
	"strings"
	"testing"

	"postdesk/core"
)

// smuggled are fields that no form and no call takes, by page and by API.
const (
	smuggledForm = "&role=admin&is_enabled=true&enabled=true&verified=true&id=1&user_id=1&organization=1&organization_by_hand=true&credential_version=9" +
		"&password=evil+evil+evil&password_hash=x&teams=1&team=1&sends_teams=yes&may_manage_people=true&primary=true"
	smuggledJSON = `"role":"ADMIN","is_enabled":true,"enabled":true,"verified":true,"is_verified":true,"id":1,"user_id":1,"organization_by_hand":true,` +
		`"credential_version":9,"password":"evil evil evil","password_hash":"x","has_password":true,"permissions":{"manage_people":true},"case_access":"ALL","emails":["evil@other.test"],"created_at":"2001-01-01T00:00:00Z"`
)

func TestA38NoFieldThatIsNotAskedForIsStored(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	row := func(who string) string {
		return c.Text(t, `select concat_ws(' ', u.id, u.role, u.enabled, u.organization_id, u.organization_by_hand, u.credential_version, u.password_hash, u.created_at,
			(select string_agg(concat_ws(' ', a.address, a.verified_at, a.is_primary), ',' order by a.address) from addresses a where a.user_id = u.id),
			(select count(*) from team_members m where m.user_id = u.id)) from users u where u.id = $1`, c.players[who].actor.ID)
	}
	c.Exec(t, `insert into organizations (name) values ('Evil')`)
	c.Exec(t, `insert into teams (title) values ('Evil')`)
	for _, who := range []string{"own", "col", "agt"} {
		before := row(who)
		c.players[who].page("POST /profile full_name=New+Name" + smuggledForm)
		c.want(who+" after the own profile with more", row(who), before)
		c.players[who].request("PUT /users/" + c.players[who].id + ` {"full_name":"New",` + smuggledJSON + `}`)
		c.want(who+" after the own user by the API with more", row(who), before)
		c.players[who].page("POST /agent/users/" + c.players[who].id + " full_name=New&was.full_name=Old&was.role=x" + smuggledForm)
		c.want(who+" after the own user page with more", row(who), before)
	}
	// A customer made, edited, with an address: all that staff may, and no more.
	agent := c.players["agt"]
	for i, request := range []string{
		`POST /users {"email":"made0@acme.test","is_enabled":false,"verified":true,"id":1,"password":"evil evil evil","has_password":true,"organization_by_hand":true}`,
		`POST /users {"email":"made1@acme.test","role":"CUSTOMER","emails":["evil@other.test"],"created_at":"2001-01-01T00:00:00Z"}`,
	} {
		status, _ := agent.request(request)
		c.want(request, outcome(status), "yes")
		c.want(request+" made", c.Text(t, `select concat_ws(' ', u.role, u.enabled, u.password_hash is null, u.id <> 1, u.created_at > '2020-01-01', u.organization_by_hand, count(a))
			from users u join addresses a on a.user_id = u.id where u.id = (select user_id from addresses where address = $1) group by u.id`, fmt.Sprintf("made%d@acme.test", i)), "customer t t t t f 1")
	}
	status, _ := agent.page("POST /agent/users/new email=made2@acme.test" + smuggledForm)
	c.want("a page with more", outcome(status), "yes")
	c.want("it made", c.Text(t, `select concat_ws(' ', role, password_hash is null) from users where id = (select user_id from addresses where address = 'made2@acme.test')`), "customer t")
	// A conversation: whose it is, when it was made and what it was merged into are no fields.
	id := c.Conversation(t, c.players["own"].actor, "words")
	before := c.Text(t, `select concat_ws(' ', id, requester_id, created_at, mailbox_id, channel, merged_into, trashed_at, root) from conversations where id = $1`, id)
	agent.request(path("PUT /cases/%v", id) + ` {"priority":"HIGH","id":99,"created_at":"2001-01-01T00:00:00Z","mailbox_id":9,"merged_into_id":1,"is_trashed":true,"source_channel":"API","requester":{"id":1},"participants":[{"email":"evil@other.test"}]}`)
	agent.page(path("POST /agent/conversations/%v/properties", id) + " priority=low&was.priority=high&requester=evil@other.test&merged_into=1&trashed=true&id=9")
	c.want("the conversation", c.Text(t, `select concat_ws(' ', id, requester_id, created_at, mailbox_id, channel, merged_into, trashed_at, root) from conversations where id = $1`, id), before)
	c.want("nobody was let in", c.Text(t, `select count(*) from participants`), "0")
	// A note asked for as a message, and the other way round.
	c.players["col"].request(path("POST /cases/%v/notes", id) + ` {"contents":"zaunkönig","type":"MESSAGE","is_public":true,"by_staff":true,"author_id":1}`)
	c.want("a collaborator's note is a message", c.Text(t, `select count(*) from messages where text = 'zaunkönig'`), "0")
	c.want("and theirs", c.Text(t, `select author_id from notes where text = 'zaunkönig'`), c.players["col"].id)
	c.staysInside("zaunkönig")
}

func TestA38WhoTriesToRiseIsRefusedAndWrittenDown(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	peer := c.Person(t, core.RoleAgent, "peer@acme.test")
	for _, try := range []struct{ who, what, request string }{
		{"agt", "promotes themselves", `PUT /users/` + c.players["agt"].id + ` {"role":"ADMIN"}`},
		{"agt", "promotes a peer", fmt.Sprintf(`PUT /users/%d {"role":"ADMIN"}`, peer.ID)},
		{"agt", "demotes an admin", `PUT /users/` + c.players["adm"].id + ` {"role":"CUSTOMER"}`},
		{"agt", "disables an admin", `POST /users/` + c.players["adm"].id + `/disable`},
		{"agt", "gives an admin an address", `POST /users/` + c.players["adm"].id + `/identities {"email":"abes@other.test"}`},
		{"adm", "makes themselves owner", `PUT /users/` + c.players["adm"].id + ` {"role":"OWNER"}`},
		{"adm", "gives an owner an address", `POST /users/` + c.players["owr"].id + `/identities {"email":"adas@other.test"}`},
		{"col", "invites", `POST /invites {"invitees":[{"full_name":"x","email":"x@other.test","role":"OWNER"}]}`},
		{"col", "changes a role's rights", `PUT /roles {"role":"COLLABORATOR","permissions":{"reply_publicly":true}}`},
		{"own", "promotes themselves", `PUT /users/` + c.players["own"].id + ` {"role":"AGENT"}`},
	} {
		before, refused := c.credentials(), c.count(`select count(*) from audit where act = 'refused'`)
		status, said := c.players[try.who].request(try.request)
		c.want(try.who+" "+try.what, status, 403)
		c.want(try.who+" "+try.what+": accounts", c.credentials(), before)
		if got := c.count(`select count(*) from audit where act = 'refused'`); got != refused+1 {
			t.Errorf("%s %s: %d audit entries of it, want 1 (%s)", try.who, try.what, got-refused, said)
		}
		c.want("by whom", c.Text(t, `select actor_id from audit order by id desc limit 1`), c.players[try.who].id)
	}
	// So a reset to such an address reaches nobody.
	for _, address := range []string{"abes@other.test", "adas@other.test"} {
		c.want("a reset to "+address, c.resetFor(address), "")
	}
	c.want("rights of collaborators", c.Text(t, `select may_reply from roles where role = 'collaborator'`), "false")
}

// TestA39ForeignThingsAnswerLikeThoseThatThereAreNot: what is not yours answers like what there is not, by every way to it.
func TestA39ForeignThingsAnswerLikeThoseThatThereAreNot(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	own, oth := c.players["own"], c.players["oth"]
	mail := c.file(letter{From: "own@acme.test", Subject: "Printer", Headers: []string{"Cc: oth@acme.test"}, Text: "nachtigall"})
	id := mail["case_id"]
	note := c.owner.do("POST", path("/cases/%v/notes", id), object{"contents": "kanarienvogel"})
	c.owner.do("POST", path("/cases/%v/reply", id), object{"contents": "Answer."})
	message := c.Text(t, `select min(id) from messages where conversation_id = $1`, id)
	ids := map[string]string{"{case}": path("%v", id), "{file}": c.attach("message_id", message), "{notefile}": c.attach("note_id", note["id"]),
		"{draft}": c.Text(t, `insert into drafts (conversation_id, user_id, source, text, cc) values ($1, $2, 'agent', 'x', '{}') returning id`, id, c.players["agt"].actor.ID),
		"{user}":  own.id, "{mail}": path("%v", mail["id"]), "{delivery}": c.mailed["{delivery}"], "{org}": c.Text(t, `insert into organizations (name) values ('Acme') returning id`)}
	ways := []string{"GET /conversations/{case}", "POST /conversations/{case}/reply contents=x", "POST /conversations/{case}/complete", "GET /files/{file}", "GET /files/{notefile}",
		"GET /agent/conversations/{case}", "POST /agent/conversations/{case}/note note=x", "POST /agent/conversations/{case}/drafts/{draft}/discard", "POST /agent/conversations/{case}/merge with={case}",
		"POST /agent/conversations/{case}/file-as-note", "POST /agent/conversations/{case}/requester requester=oth@acme.test", "GET /frame/conversations/{case}/{mail}", "GET /frame/mail/{mail}",
		"GET /admin/mail/{mail}/source", "GET /agent/users/{user}", "POST /agent/users/{user}/notes note=x", "GET /agent/organizations/{org}", "GET /agent/suspended/{mail}", "GET /agent?q=nachtigall", "GET /agent/users?q=own"}
	calls := []string{"GET /cases/{case}", "GET /cases/{case}/posts", `POST /cases/{case}/reply {"contents":"x"}`, `POST /cases/{case}/notes {"contents":"x"}`, `PUT /cases/{case} {"requester_id":` + oth.id + `}`,
		`POST /cases/{case}/participants {"email":"oth@acme.test"}`, `POST /cases/{case}/merge {"case_ids":[{case}]}`, "GET /users/{user}", "GET /users/{user}/notes", "GET /users/{user}/identities",
		"GET /organizations/{org}", "GET /mails/{mail}", "GET /mails/{mail}/source", "GET /autocomplete/emails?query=own", "GET /users?query=own"}
	before := c.snapshot(id)
	for way, asks := range map[string][]string{"page": ways, "API": calls} {
		for _, request := range asks {
			there, missing := request, request
			for name, number := range ids {
				there, missing = strings.ReplaceAll(there, name, number), strings.ReplaceAll(missing, name, "987654")
			}
			ask := oth.page
			if way == "API" {
				ask = oth.request
			}
			status, said := ask(there)
			c.want(way+" "+request, status, 404)
			if _, nothing := ask(missing); said != nothing {
				t.Errorf("%s %s of something differs from that of nothing:\n%.300s\n%.300s", way, request, said, nothing)
			}
		}
	}
	c.want("the conversation afterwards", c.snapshot(id), before)
	// By way of merge, of another requester and of a note that once was public: what
	// one could read as its requester is gone, and what was not theirs stays so.
	mine := c.file(letter{From: "oth@acme.test", Subject: "Mine", Text: "drossel"})
	c.owner.do("POST", path("/cases/%v/merge", id), object{"case_ids": []any{mine["case_id"]}})
	for _, merged := range []any{id, mine["case_id"]} {
		status, said := oth.page(path("GET /conversations/%v", merged))
		c.want(path("after the merge, #%v", merged), status == 404 || !strings.Contains(said, "nachtigall"), true)
		status, said = oth.request(path("GET /cases/%v/posts", merged))
		c.want(path("after the merge, #%v by the API", merged), status == 404 || !strings.Contains(said, "nachtigall"), true)
	}
	c.owner.do("PUT", path("/cases/%v", id), object{"requester_id": number(t, oth.id)})
	for way, said := range map[string]func() (int, string){"page": func() (int, string) { return oth.page(path("GET /conversations/%v", id)) },
		"API": func() (int, string) { return oth.request(path("GET /cases/%v/posts", id)) }} {
		status, text := said()
		c.want("as the new requester by "+way, status, 200)
		for _, word := range []string{"nachtigall", "kanarienvogel", "own@acme.test"} {
			c.want("the new requester reads "+word+" by "+way, strings.Contains(text, word), false)
		}
	}
	status, _ := oth.page("GET /files/" + ids["{file}"])
	c.want("a file of a message from before", status, 404)
	status, _ = oth.page("GET /files/" + ids["{notefile}"])
	c.want("a file of a note", status, 404)
	status, _ = own.page(path("GET /conversations/%v", id))
	c.want("the requester from before", status, 404)
}
