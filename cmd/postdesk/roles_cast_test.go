package main

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// A cast is one of each role in a running program. Its builders make things
// straight in the database.
type cast struct {
	*story
	coretest.Desk
	players map[string]player
	mailed  map[string]string // {mail}, {suspended}, {delivery}: each is one for all
}

// A player is one person with a signed-in browser, which follows no redirect, and
// a token.
type player struct {
	client
	actor core.Actor
	http  *http.Client
}

// newCast starts the program with one of each.
func newCast(t *testing.T) *cast {
	t.Helper()
	s := newStory(t)
	c := &cast{story: s, Desk: coretest.Desk{Pool: s.db(), Mailbox: 1}, players: map[string]player{}}
	for name, role := range map[string]core.Role{"own": "customer", "oth": "customer", "col": "collaborator", "agt": "agent", "adm": "admin"} {
		c.players[name] = c.play(s.person(string(role), name+"@acme.test", "Person "+name), role)
	}
	c.players["owr"] = c.play(s.owner, core.RoleOwner)
	c.players["bare"] = c.players["agt"] // once the role has lost its rights
	c.mailed = map[string]string{
		"{mail}":      fmt.Sprint(s.file(letter{From: "cara@acme.test", Text: "Hello."})["id"]),
		"{suspended}": fmt.Sprint(s.file(letter{From: "sue@strict.test", Text: "Hello."})["id"]),
		"{delivery}":  c.Text(t, `select min(id) from deliveries`),
	}
	return c
}

func (c *cast) play(by client, role core.Role) player {
	c.t.Helper()
	address, err := core.ParseAddress(by.email)
	if err != nil {
		c.t.Fatal(err)
	}
	return player{client: by, http: c.session(by.email),
		actor: core.Actor{ID: core.UserID(number(c.t, by.id)), Role: role, Address: address, Name: by.email}}
}

// session signs somebody in, and gives the cookies with which a request of any
// sort can be made.
func (s *story) session(email string) *http.Client {
	s.t.Helper()
	s.sql(`delete from sign_in_attempts`) // everybody here is one client
	return &http.Client{Jar: s.signedIn(email).http.Jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// page makes a request as a browser does from one of our pages: "POST /path
// a=b&c=d".
func (p player) page(request string) (int, string) {
	p.s.t.Helper()
	answer, body := p.s.ask(p.http, request, "Sec-Fetch-Site", "same-origin")
	return answer.StatusCode, body
}

// request asks by the API: "PUT /path {json}".
func (p player) request(request string) (int, string) {
	p.s.t.Helper()
	answer, body := p.s.ask(http.DefaultClient, strings.Replace(request, " /", " /api/v1/", 1), "Authorization", "Bearer "+p.token)
	return answer.StatusCode, body
}

// ask sends a request, of which all that is not a form is JSON, and reads the
// answer.
func (s *story) ask(by *http.Client, request string, headers ...string) (*http.Response, string) {
	s.t.Helper()
	method, rest, _ := strings.Cut(request, " ")
	target, body, _ := strings.Cut(rest, " ")
	r, err := http.NewRequestWithContext(s.t.Context(), method, "http://"+s.at.HTTP+target, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if strings.HasPrefix(body, "{") {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return s.exchange(by, r)
}

// exchange sends a request and reads the answer.
func (s *story) exchange(by *http.Client, r *http.Request) (*http.Response, string) {
	s.t.Helper()
	answer, err := by.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer, string(body)
}

// fill puts things into texts by their names in braces: each is made for this
// cell of the table alone, so that nobody meets what another one did.
func (c *cast) fill(who player, texts ...*string) {
	c.t.Helper()
	c.serial++
	word := fmt.Sprintf("word%dx", c.serial)
	made := map[string]string{"{word}": word, "{me}": fmt.Sprint(who.actor.ID), "{myrole}": string(who.actor.Role), "{agt}": fmt.Sprint(c.players["agt"].actor.ID)}
	for _, text := range texts {
		for {
			name := firstName(*text)
			if name == "" {
				break
			}
			if made[name] == "" {
				made[name] = c.make(name, word, who)
			}
			*text = strings.ReplaceAll(*text, name, made[name])
		}
	}
}

// firstName is the first "{name}" of a text; the braces of JSON are none.
func firstName(text string) string {
	for rest := text; ; {
		_, after, found := strings.Cut(rest, "{")
		if !found {
			return ""
		}
		name, _, closed := strings.Cut(after, "}")
		if closed && name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz") == "" {
			return "{" + name + "}"
		}
		rest = after
	}
}

// make makes one thing, and gives its number.
func (c *cast) make(name, word string, who player) string {
	c.t.Helper()
	own := c.players["own"].actor
	conversation := func(of core.Actor) core.ConversationID { return c.Conversation(c.t, of, name+" "+word) }
	person := func(role core.Role) string { return fmt.Sprint(c.Person(c.t, role, string(role)+word+"@acme.test").ID) }
	switch name {
	case "{case}", "{spare}":
		return fmt.Sprint(conversation(own))
	case "{mycase}":
		return fmt.Sprint(conversation(who.actor))
	case "{trashed}":
		return c.Text(c.t, `update conversations set trashed_at = now() where id = $1 returning id`, conversation(own))
	case "{cccase}":
		return c.Text(c.t, `insert into participants (conversation_id, address, via) values ($1, 'cc@acme.test', 'mail') returning conversation_id`, conversation(own))
	case "{file}":
		return c.attach("message_id", c.Message(c.t, conversation(own), own, word))
	case "{notefile}":
		return c.attach("note_id", c.Note(c.t, conversation(own), who.actor, word))
	case "{org}":
		return c.Text(c.t, `insert into organizations (name) values ($1) returning id`, word)
	case "{team}":
		return c.Text(c.t, `insert into teams (title) values ($1) returning id`, word)
	case "{disabled}":
		return c.Text(c.t, `update users set enabled = false where id = $1 returning id`, person("customer"))
	case "{newcomer}", "{customer}":
		return person("customer")
	case "{collaborator}", "{agent}", "{admin}", "{owner}":
		return person(core.Role(strings.Trim(name, "{}")))
	}
	if c.mailed[name] == "" {
		c.t.Fatalf("there is no %s", name)
	}
	return c.mailed[name]
}

// attach adds a file to a message or a note.
func (c *cast) attach(column string, to any) string {
	c.t.Helper()
	return c.Text(c.t, `insert into attachments (`+column+`, filename, content_type, size, sha256, content)
		values ($1, 'f.txt', 'text/plain', 1, 'x', 'x') returning id`, to)
}

// outcome is a status as the role table writes it: yes for what was done or shown.
func outcome(status int) string {
	if status < 400 {
		return "yes"
	}
	return strconv.Itoa(status)
}
