package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"postdesk/core/localpg"
)

// The bars of issue 7: a page of a great help desk is as quick as one of a small one.
const (
	barMedian = 50 * time.Millisecond
	barP95    = 150 * time.Millisecond
	barOctets = 100_000
)

type pagesCommand struct {
	sizes
	Requests int           `help:"Of each kind." default:"1000"`
	Only     string        `help:"Only kinds whose name has this." placeholder:"WORD"`
	DataDir  string        `help:"A data folder that fill has filled before; it is filled if it has nothing in it, and kept." placeholder:"DIR"`
	Timeout  time.Duration `help:"For everything." default:"60m"`
}

// Run fills a help desk and tells how long the pages take of people who see all of
// it, their teams' conversations, or their own. A bar that is missed is an error.
func (c *pagesCommand) Run(ctx context.Context, all *commands) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	start := time.Now()
	v := view{name: "pages", dataDir: c.DataDir, seed: c.Seed, prepare: c.prepare, measure: c.measure}
	err := v.run(ctx, all)
	fmt.Printf("%s in all\n", time.Since(start).Round(time.Second))
	return err
}

const (
	theirPassword = "a password that nobody types"
	agentOfPages  = "agent@pages.test"
	asksOfPages   = "customer@pages.test"
)

// prepare fills the database, with an agent who has a share of it and a customer who
// asked much.
func (c *pagesCommand) prepare(ctx context.Context, g *gateway) error {
	if _, err := g.command(ctx, "", "migrate"); err != nil {
		return err
	}
	server, err := localpg.Open(ctx, g.dataDir, startTime, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	conn, err := pgx.Connect(ctx, server.URL())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var filled, known bool
	if err := conn.QueryRow(ctx, `select exists (select from conversations), exists (select from addresses where address = $1)`, agentOfPages).Scan(&filled, &known); err != nil || known {
		return err
	}
	if !filled {
		if err := c.fill(ctx, server.URL()); err != nil {
			return err
		}
	}
	g.database = server.URL()
	defer func() { g.database = "" }()
	for email, role := range map[string]string{agentOfPages: "agent", asksOfPages: "customer"} {
		if _, err := g.command(ctx, theirPassword+"\n", "user", "create", "--role", role, "--email", email, "--password-stdin"); err != nil {
			return err
		}
	}
	_, err = conn.Exec(ctx, `
		update conversations set assignee_id = (select user_id from addresses where address = '`+agentOfPages+`') where assignee_id = 10;
		update conversations set requester_id = (select user_id from addresses where address = '`+asksOfPages+`') where id % 500 = 3;
		insert into team_members select 1, user_id from addresses where address = '`+agentOfPages+`'`)
	return err
}

// A kind of page: path gives the address of each request.
type kind struct {
	name string
	path func(n int) string
}

func always(path string) func(int) string { return func(int) string { return path } }

// measure prints a line for each kind and counts those that miss a bar.
func (c *pagesCommand) measure(ctx context.Context, g *gateway, db *database) (missed int, err error) {
	agent, err := signIn(ctx, g, agentOfPages)
	if err != nil {
		return 0, err
	}
	customer, err := signIn(ctx, g, asksOfPages)
	if err != nil {
		return 0, err
	}
	fmt.Printf("%d requests of each kind, one after the other\n", c.Requests)
	for _, access := range []string{"all", "teams", "own"} {
		if _, err := db.conn.Exec(ctx, `update roles set case_access = $1 where role = 'agent'`, access); err != nil {
			return 0, err
		}
		kinds, err := c.kinds(ctx, agent, access)
		if err != nil {
			return 0, err
		}
		n, err := c.measureKinds(ctx, g, db, agent, access+": ", kinds)
		if missed += n; err != nil {
			return missed, err
		}
	}
	n, err := c.measureKinds(ctx, g, db, customer, "portal: ", []kind{
		{"list", always("/conversations")}, {"conversation", always("/conversations/3")}})
	return missed + n, err
}

func (c *pagesCommand) measureKinds(ctx context.Context, g *gateway, db *database, v *visitor, who string, kinds []kind) (missed int, err error) {
	for _, k := range kinds {
		if !strings.Contains(who+k.name, c.Only) {
			continue
		}
		before, err := readUsage(g.process.Pid)
		if err != nil {
			return missed, err
		}
		m, err := v.measure(ctx, k, c.Requests)
		if err != nil {
			return missed, fmt.Errorf("%s%s: %w", who, k.name, err)
		}
		after, err := readUsage(g.process.Pid)
		if err != nil {
			return missed, err
		}
		m.used = after.since(before)
		if m.queries, err = db.countQueries(ctx, g, func() error { _, _, err := v.get(ctx, k.path(1)); return err }); err != nil {
			return missed, err
		}
		if m.name = who + m.name; m.misses() {
			missed++
		}
		fmt.Println(m)
	}
	return missed, nil
}

// kinds are the pages of staff. Conversations are drawn by the seed; the deep pages
// are those behind "Older", again and again.
func (c *pagesCommand) kinds(ctx context.Context, v *visitor, access string) ([]kind, error) {
	kinds := []kind{}
	for _, view := range []string{"all", "mine", "team", "unassigned", "trash"} {
		kinds = append(kinds, kind{"list " + view, always("/agent?view=" + view)})
	}
	kinds = append(kinds, kind{"list open", always("/agent?status=open")}, kind{"list closed", always("/agent?status=closed")})
	deep, err := v.older(ctx, "/agent?view=all", 40)
	if err != nil {
		return nil, err
	}
	kinds = append(kinds, kind{fmt.Sprintf("list, %d pages deep", len(deep)-1), func(n int) string { return deep[n%len(deep)] }})
	for _, search := range []struct{ name, words string }{
		{"frequent word", "the"}, {"two frequent words", "order invoice"}, {"rare word", "żółty"}, {"phrase", `"is you"`},
		{"a person", "person.3000"}, {"a name", "Müller"}, {"nothing found", "qqqqxyz"}, {"number", "#4711"},
	} {
		kinds = append(kinds, kind{"search, " + search.name, always("/agent?q=" + url.QueryEscape(search.words))})
	}
	if access != "all" {
		return kinds, nil
	}
	r := rand.New(rand.NewPCG(c.Seed, 100))
	some := func(path string, most int) func(int) string {
		return func(int) string { return fmt.Sprintf(path, 1+r.IntN(most)) }
	}
	return append(kinds,
		kind{"conversation", some("/agent/conversations/%d", c.Conversations)},
		kind{"conversation of 200 entries", func(n int) string {
			return fmt.Sprintf("/agent/conversations/%d", 1+n%c.Long*c.Conversations/c.Long)
		}},
		kind{"suggestions, addresses", func(n int) string {
			return "/agent/users/suggest?email=" + []string{"pe", "person.3", "mia1", "cara@", "qqq"}[n%5]
		}},
		kind{"people", always("/agent/users")}, kind{"a person", some("/agent/users/%d", c.People)},
		kind{"organizations", always("/agent/organizations")}, kind{"an organization", some("/agent/organizations/%d", max(1, c.People/25))},
		kind{"suspended mail", always("/agent/suspended")}), nil
}

// A visitor is somebody's browser, without a picture.
type visitor struct {
	root   string
	client http.Client
}

func signIn(ctx context.Context, g *gateway, email string) (*visitor, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	v := &visitor{root: "http://" + g.at.http, client: http.Client{Jar: jar, Timeout: time.Minute}}
	form := url.Values{"email": {email}, "password": {theirPassword}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, v.root+"/signin", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := v.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK || answer.Request.URL.Path == "/signin" {
		return nil, fmt.Errorf("sign-in of %s: %s", email, answer.Status)
	}
	return v, nil
}
