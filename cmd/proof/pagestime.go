package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// measured is what one kind of page took.
type measured struct {
	name    string
	took    []time.Duration // sorted
	asked   int             // with those that warm
	used    usage           // by all of them
	octets  int             // of the greatest page
	queries int
}

func (m measured) at(part float64) time.Duration { return m.took[int(float64(len(m.took)-1)*part)] }

func (m measured) misses() bool {
	return m.at(0.5) >= barMedian || m.at(0.95) >= barP95 || m.octets >= barOctets
}

func (m measured) String() string {
	ms := func(d time.Duration) float64 { return d.Seconds() * 1000 }
	verdict := ""
	if m.misses() {
		verdict = "  MISSED"
	}
	each := float64(max(1, m.asked))
	return fmt.Sprintf("%-40s median %6.1f ms  p95 %6.1f ms  max %6.1f ms  CPU %5.1f + %5.1f ms  %6.1f KB  %3d queries%s", m.name,
		ms(m.at(0.5)), ms(m.at(0.95)), ms(m.at(1)), ms(m.used.gateway)/each, ms(m.used.postgreSQL)/each, float64(m.octets)/1000, m.queries, verdict)
}

// measure asks for n pages after some that warm what a running server has warm.
func (v *visitor) measure(ctx context.Context, k kind, n int) (m measured, err error) {
	m.name, m.asked = k.name, n+n/20
	for i := range n + n/20 {
		took, page, err := v.get(ctx, k.path(i))
		if err != nil {
			return m, err
		}
		if i >= n/20 {
			m.took, m.octets = append(m.took, took), max(m.octets, len(page))
		}
	}
	slices.Sort(m.took)
	return m, nil
}

// get measures from the first octet of the request to the last of the page.
func (v *visitor) get(ctx context.Context, path string) (time.Duration, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, v.root+path, nil)
	if err != nil {
		return 0, nil, err
	}
	start := time.Now()
	answer, err := v.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	took := time.Since(start)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", path, answer.Status)
	}
	return took, page, err
}

var olderLink = regexp.MustCompile(`href="([^"]*)" rel="next"`)

// older gives a list and up to n pages behind it.
func (v *visitor) older(ctx context.Context, path string, n int) (paths []string, err error) {
	for paths = []string{path}; len(paths) <= n; paths = append(paths, path) {
		_, page, err := v.get(ctx, path)
		if err != nil {
			return nil, err
		}
		next := olderLink.FindSubmatch(page)
		if next == nil {
			break
		}
		path = html.UnescapeString(string(next[1]))
	}
	return paths, nil
}

// countQueries counts the statements of do in the log of PostgreSQL, thrice, and gives
// the fewest: workers ask something now and then.
func (db *database) countQueries(ctx context.Context, g *gateway, do func() error) (fewest int, err error) {
	log := filepath.Join(g.dataDir, "postgres.log")
	defer func() { err = errors.Join(err, db.logStatements(ctx, "none")) }()
	if err := db.logStatements(ctx, "all"); err != nil {
		return 0, err
	}
	for try := range 3 {
		before, err := os.ReadFile(log)
		if err != nil {
			return 0, err
		}
		if err := do(); err != nil {
			return 0, err
		}
		after, err := os.ReadFile(log)
		if err != nil {
			return 0, err
		}
		if n := len(loggedStatement.FindAll(after[len(before):], -1)); try == 0 || n < fewest {
			fewest = n
		}
	}
	return fewest, nil
}

var loggedStatement = regexp.MustCompile(`LOG:  (?:execute [^:]+|statement): `)

// logStatements returns when the gateway's connections know.
func (db *database) logStatements(ctx context.Context, which string) error {
	if _, err := db.conn.Exec(ctx, `alter system set log_statement = '`+which+`'`); err != nil {
		return err
	}
	if _, err := db.conn.Exec(ctx, `select pg_reload_conf()`); err != nil {
		return err
	}
	pause(200)
	return nil
}
