package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"postdesk/core/localpg"
)

type articlesCommand struct {
	Articles int           `help:"Articles." default:"10000"`
	Requests int           `help:"Searches of all kinds in turn; a tenth of each page." default:"1000"`
	Seed     uint64        `help:"The same seed makes the same Help Center." default:"1"`
	Timeout  time.Duration `help:"For everything." default:"30m"`
}

// Run fills a Help Center and tells how long a stranger waits for its search and its
// pages. A bar that is missed is an error (issue 8).
func (c *articlesCommand) Run(ctx context.Context, all *commands) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	return view{name: "articles", seed: c.Seed, prepare: c.prepare, measure: c.measure}.run(ctx, all)
}

// prepare fills the database of a gateway that does not run yet.
func (c *articlesCommand) prepare(ctx context.Context, g *gateway) (err error) {
	if _, err := g.command(ctx, "", "migrate"); err != nil {
		return err
	}
	server, err := localpg.Open(ctx, g.dataDir, startTime, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	conn, err := pgx.Connect(ctx, server.URL())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	start := time.Now()
	if err := newLibrary(c.Seed, c.Articles).copyAll(ctx, conn); err != nil {
		return err
	}
	fmt.Printf("%d articles in %.1f s\n", c.Articles, time.Since(start).Seconds())
	return nil
}

// measure asks as a stranger: each kind of search, all of them in turn, and pages.
func (c *articlesCommand) measure(ctx context.Context, g *gateway, db *database) (missed int, err error) {
	v := &visitor{root: "http://" + g.at.http, client: http.Client{Timeout: time.Minute}}
	searches := newLibrary(c.Seed, c.Articles).searches()
	pages, err := c.pages(ctx, v, db)
	if err != nil {
		return 0, err
	}
	inTurn := []kind{{"search, all kinds in turn", func(n int) string { return searches[n%len(searches)].path(n) }}}
	for _, part := range []struct {
		requests int
		kinds    []kind
	}{{c.Requests, inTurn}, {max(20, c.Requests/len(searches)), searches}, {max(20, c.Requests/10), pages}} {
		p := &pagesCommand{Requests: part.requests}
		n, err := p.measureKinds(ctx, g, db, v, "", part.kinds)
		if missed += n; err != nil {
			return missed, err
		}
	}
	return missed, nil
}

// pages are those of strangers, at the addresses that they have today.
func (c *articlesCommand) pages(ctx context.Context, v *visitor, db *database) ([]kind, error) {
	kinds := []kind{{"home", always("/")}}
	for _, of := range []struct{ name, sql string }{
		{"category", `select '/categories/' || category_id from sections where visibility = 'public' order by random() limit 5`},
		{"section", `select '/sections/' || id from sections where visibility = 'public' order by random() limit 10`},
		{"article", `select '/articles/' || a.id from articles a join sections s on s.id = a.section_id where a.status = 'published' and a.deleted_at is null and s.visibility = 'public' order by random() limit 100`},
	} {
		rows, err := db.conn.Query(ctx, of.sql)
		if err != nil {
			return nil, err
		}
		paths, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, err
		}
		for i, path := range paths {
			if paths[i], err = v.settled(ctx, path); err != nil {
				return nil, err
			}
		}
		kinds = append(kinds, kind{of.name, func(n int) string { return paths[n%len(paths)] }})
	}
	return kinds, nil
}

// settled is the address that a path leads to.
func (v *visitor) settled(ctx context.Context, path string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, v.root+path, nil)
	if err != nil {
		return "", err
	}
	answer, err := v.client.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %s", path, answer.Status)
	}
	return answer.Request.URL.RequestURI(), nil
}

// searches are what people type, the same with the same seed.
func (l *library) searches() []kind {
	s := newSpeaker(l.seed, 3, l.words)
	word := func() string { return l.words[s.IntN(2)][s.rank.Uint64()] }
	long := func() string {
		for {
			if w := []rune(word()); len(w) > 4 {
				return string(w)
			}
		}
	}
	mistyped := func() string {
		w := []rune(long())
		i := 1 + s.IntN(len(w)-2)
		w[i], w[i+1] = w[i+1], w[i]
		return string(w)
	}
	var kinds []kind
	for _, of := range []struct {
		name string
		say  func() string
	}{
		{"a frequent word", func() string { return l.words[s.IntN(2)][20+s.IntN(10)] }},
		{"a word", long},
		{"a rare word", func() string { return l.words[s.IntN(2)][wordsPerLanguage-1-s.IntN(4000)] }},
		{"two words", func() string { return long() + " " + long() }},
		{"a phrase", func() string { return `"` + word() + " " + word() + `"` }},
		{"the beginning of a word", func() string { w := []rune(long()); return string(w[:len(w)-2]) }},
		{"a mistyped word", mistyped},
		{"a word and a mistyped one", func() string { return long() + " " + mistyped() }},
		{"nothing found", func() string { return fmt.Sprintf("qqxzw%d", s.IntN(1000)) }},
	} {
		var typed []string
		for range 200 {
			typed = append(typed, "/search?q="+url.QueryEscape(of.say()))
		}
		kinds = append(kinds, kind{"search, " + of.name, func(n int) string { return typed[n%len(typed)] }})
	}
	return kinds
}
