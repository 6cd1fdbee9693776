package web

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"golang.org/x/net/html"

	"postdesk/core"
	"postdesk/core/coretest"
)

// site is a help desk with people and things of each kind, on a database and a
// port of its own.
type site struct {
	coretest.Desk
	server *server
	root   string
	names  map[string]string // {conversation}, {user} … to numbers
	people map[string]core.Actor
}

// readTest stands for the reader of mails: the HTML is what comes after the head.
func readTest(raw []byte) core.Letter {
	_, body, _ := strings.Cut(string(raw), "\r\n\r\n")
	return core.Letter{Subject: "A mail", Text: "words", HTML: body}
}

// composeTest stands for the writer of mails: what comes after the head is the
// text that the mailbox has for it.
func composeTest(o *core.Outgoing) ([]byte, error) {
	return []byte("Subject: A mail\r\n\r\n<p>" + o.Words.Body + "</p>"), nil
}

func openSite(t *testing.T) *site {
	t.Helper()
	d := coretest.OpenDesk(t, core.Config{PublicURL: "https://desk.test", Read: readTest})
	return siteOf(t, d, Config{Desk: d.Desk, PublicURL: "http://desk.test", Sessions: scs.New(), Read: readTest, Compose: composeTest})
}

// siteOf furnishes the pages of a desk.
func siteOf(t *testing.T, d coretest.Desk, cfg Config) *site {
	t.Helper()
	s, err := newServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(s.guard(s.routes()))
	t.Cleanup(listener.Close)
	w := &site{Desk: d, server: s, root: listener.URL, names: map[string]string{}, people: map[string]core.Actor{}}
	w.furnish(t)
	return w
}

// furnish makes one of each.
func (w *site) furnish(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	for name, role := range map[string]core.Role{"own": core.RoleCustomer, "other": core.RoleCustomer, "collaborator": core.RoleCollaborator,
		"agent": core.RoleAgent, "admin": core.RoleAdmin, "disabled": core.RoleAgent, "owner": core.RoleOwner, "somebody": core.RoleCustomer} {
		w.people[name] = w.Person(t, role, name+"@people.test")
	}
	owner := w.people["owner"]
	conversation := w.Conversation(t, w.people["own"], "The printer is on fire <script>alert(1)</script>")
	w.Note(t, conversation, w.people["agent"], "SECRET-CANARY")
	if _, err := w.Reply(ctx, w.people["agent"], conversation, core.ReplyForm{Text: "Water it.", Files: []core.Upload{
		{Filename: "../../evil.html", ContentType: "text/html", Content: []byte("<script>alert(1)</script>")}}}); err != nil {
		t.Fatal(err)
	}
	w.names["{conversation}"] = w.Text(t, `select max(id)::text from conversations`)
	w.names["{post}"] = fmt.Sprint(w.Message(t, conversation, w.people["own"], "Another matter"))
	w.names["{spare}"] = ""
	w.Conversation(t, w.people["somebody"], "Another one")
	w.names["{spare}"] = w.Text(t, `select max(id)::text from conversations`)
	w.Exec(t, `update conversations set tags = '{printer}' where id = $1`, w.names["{spare}"])
	gone := []core.ConversationID{w.Conversation(t, w.people["somebody"], "One"), w.Conversation(t, w.people["somebody"], "And one")}
	if _, err := w.Merge(ctx, owner, gone, false); err != nil {
		t.Fatal(err)
	}
	w.names["{gone}"] = fmt.Sprint(gone[1])
	reply, err := w.SaveReply(ctx, w.people["agent"], 0, core.SavedReplyForm{Name: "Thanks", Text: "Thank you, {{requester.name}}.", Visibility: core.ForEveryone})
	if err != nil {
		t.Fatal(err)
	}
	w.names["{reply}"] = fmt.Sprint(reply)
	w.names["{user}"] = w.Text(t, `select user_id::text from addresses where address = 'somebody@people.test'`)
	double, merged := w.Customer(t, "double@people.test"), w.Customer(t, "merged@people.test")
	if err := w.MergeUsers(ctx, owner, w.people["somebody"].ID, merged.ID); err != nil {
		t.Fatal(err)
	}
	w.names["{double}"], w.names["{merged}"] = fmt.Sprint(double.ID), fmt.Sprint(merged.ID)
	w.names["{file}"] = w.Text(t, `select max(id)::text from attachments`)
	if _, err := w.CreateOrganization(ctx, owner, core.NewOrganization{Name: "Acme", Domains: []string{"acme.test"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.CreateTeam(ctx, owner, "Billing", nil); err != nil {
		t.Fatal(err)
	}
	w.names["{organization}"] = w.Text(t, `select max(id)::text from organizations`)
	w.names["{role}"] = "agent"
	w.names["{team}"] = w.Text(t, `select max(id)::text from teams`)
	w.names["{text}"] = "reply"
	w.names["{mailbox}"] = w.Text(t, `select min(id)::text from mailboxes`)
	w.names["{mail}"] = w.mail(t, "new@acme.test", core.Proven)
	w.names["{mailed}"] = w.Text(t, `select conversation_id::text from inbound where id = `+w.names["{mail}"])
	w.names["{suspended}"] = w.mail(t, "forged@acme.test", core.Refuted)
	w.names["{delivery}"] = w.Text(t, `select max(id)::text from deliveries where purpose = 'staff_notice'`)
	w.Exec(t, `insert into suppressions (address, reason) values ('stopped@acme.test', 'Reported failed 5.1.1: 550 no such user')`)
	own := w.people["own"]
	w.names["{session}"] = fmt.Sprint(w.Session(t, own.ID))
	if _, err := w.CreateToken(ctx, own.Address.String()); err != nil {
		t.Fatal(err)
	}
	tokens, err := w.APITokens(ctx, own)
	if err != nil {
		t.Fatal(err)
	}
	w.names["{token}"] = tokens[0].Handle
	if err := w.DisableUser(ctx, owner, w.people["disabled"].ID); err != nil {
		t.Fatal(err)
	}
	w.shelve(t)
}

// mail receives one, and gives its number.
func (w *site) mail(t *testing.T, from string, origin core.Verdict) string {
	t.Helper()
	raw := []byte("From: " + from + "\r\n\r\n<p onclick=alert(1)>Hello</p><img src=\"https://tracker.test/x.gif\">")
	claim, err := w.Accept(t.Context(), core.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), From: from,
		Recipients: []string{"support@desk.test"}, ReceivedAt: time.Now()}, raw, true)
	if err != nil {
		t.Fatal(err)
	}
	letter := core.Letter{FromFields: 1, From: []core.NamedAddress{{Address: from}}, Subject: "A mail", MessageID: from, Text: "words",
		HTML: readTest(raw).HTML, Kind: core.KindHuman}
	if err := w.Apply(t.Context(), claim, letter, core.Origin{Verdict: origin, Domain: "acme.test", Reason: "as the test says"}); err != nil {
		t.Fatal(err)
	}
	return w.Text(t, `select max(id)::text from inbound`)
}

// at puts the numbers into a path.
func (w *site) at(path string) string {
	for name, number := range w.names {
		path = strings.ReplaceAll(path, name, number)
	}
	return path
}

// session signs a person in without a password.
func (w *site) session(t *testing.T, who string) *http.Cookie {
	t.Helper()
	actor, known := w.people[who]
	if !known {
		return nil
	}
	m := w.server.sessions
	ctx, err := m.Load(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	m.Put(ctx, sessionSignIn, int64(w.Session(t, actor.ID)))
	token, _, err := m.Commit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Cookie{Name: m.Cookie.Name, Value: token}
}

// answer is what came back, with its page read.
type answer struct {
	Status int
	Header http.Header
	Body   string
	parsed *parsed
}

// A parsed page is read once, however much is looked for on it.
type parsed struct {
	once sync.Once
	root *html.Node
	err  error
}

func answered(status int, header http.Header, body string) answer {
	return answer{status, header, body, &parsed{}}
}

// ask makes a request as a person ("" is a stranger); a form makes it a POST.
func (w *site) ask(t *testing.T, who, path string, form url.Values, headers ...string) answer {
	t.Helper()
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(t.Context(), method, w.root+w.at(path), body)
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if c := w.session(t, who); c != nil {
		r.AddCookie(c)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answered(resp.StatusCode, resp.Header, string(text))
}

// find gives the elements with a tag and all of these attributes ("name=value",
// or "name" alone).
func (a answer) find(t *testing.T, tag string, attributes ...string) []*html.Node {
	t.Helper()
	p := a.parsed
	p.once.Do(func() { p.root, p.err = html.Parse(strings.NewReader(a.Body)) })
	if p.err != nil {
		t.Fatal(p.err)
	}
	var found []*html.Node
	for n := range p.root.Descendants() {
		if n.Type == html.ElementNode && n.Data == tag && hasAll(n, attributes) {
			found = append(found, n)
		}
	}
	return found
}

func hasAll(n *html.Node, attributes []string) bool {
	for _, wanted := range attributes {
		name, value, exact := strings.Cut(wanted, "=")
		has := false
		for _, a := range n.Attr {
			has = has || a.Key == name && (!exact || a.Val == value)
		}
		if !has {
			return false
		}
	}
	return true
}

// textOf is all text under a node.
func textOf(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

// scripts are those of a page that are not our own file, left empty.
func (a answer) scripts(t *testing.T) []*html.Node {
	t.Helper()
	return slices.DeleteFunc(a.find(t, "script"), func(n *html.Node) bool {
		return n.FirstChild == nil && slices.ContainsFunc(n.Attr, func(own html.Attribute) bool {
			name, ours := strings.CutPrefix(own.Val, "/static/")
			name, _, _ = strings.Cut(name, "?")
			_, err := fs.Stat(embedded, "static/"+name)
			return own.Key == "src" && ours && err == nil
		})
	})
}
