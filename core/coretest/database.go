// Package coretest gives tests a real PostgreSQL database of their own,
// migrated and empty.
//
// It promises that no test sees another one's rows and that a test without a
// database fails; it never skips one. It is for tests only.
package coretest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"postdesk/migrations"
)

// Database returns a pool on a database of the test's own, dropped when the
// test ends.
func Database(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), URL(t))
	if err != nil {
		t.Fatalf("database of the test: %v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// URL returns the connection string of a database of the test's own, dropped
// when the test ends, for tests that start several processes or pools on it.
// POSTDESK_TEST_DATABASE_URL names the server to make it on (a role that may
// create databases); without it the test program runs a private one.
func URL(t testing.TB) string {
	t.Helper()
	s, err := sharedServer()
	if err != nil {
		t.Fatalf("server for tests: %v", err)
	}
	name := fmt.Sprintf("%s%s", clonePrefix, strings.ToLower(rand.Text()))
	if err := s.execute(t.Context(), `create database `+quote(name)+` template `+quote(s.template)+s.strategy); err != nil {
		t.Fatalf("clone the template: %v", err)
	}
	t.Cleanup(func() {
		// The test's own context has ended by now.
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.execute(ctx, `drop database `+quote(name)+` with (force)`); err != nil {
			t.Errorf("drop the database of the test: %v", err)
		}
	})
	return withDatabase(s.admin, name)
}

const (
	clonePrefix    = "postdesk_test_"
	templatePrefix = "postdesk_template_"
)

// A server is where the databases of this test program live.
type server struct {
	admin    string // connection string of a database to give orders from
	template string // name of the migrated database to clone
	strategy string // how it is cloned, in SQL
}

// sharedServer is started by the first test that needs it, and ends with the
// test program.
var sharedServer = sync.OnceValues(func() (*server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	s := &server{admin: os.Getenv("POSTDESK_TEST_DATABASE_URL"), template: templatePrefix + migrations.Fingerprint()[:16]}
	if s.admin == "" {
		var err error
		if s.admin, err = privateServer(ctx); err != nil {
			return nil, err
		}
		if inMemory() {
			s.strategy = ` strategy file_copy` // half of the work of writing each page to the log first
		}
	}
	return s, s.makeTemplate(ctx)
})

// makeTemplate migrates a database under another name and renames it, so that
// a template is whole or absent. Test programs take turns.
func (s *server) makeTemplate(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, `select pg_advisory_lock(hashtext($1))`, s.template); err != nil {
		return err
	}
	var there bool
	err = conn.QueryRow(ctx, `select exists (select from pg_database where datname = $1)`, s.template).Scan(&there)
	if err != nil || there {
		return err
	}
	half := s.template + "_new"
	if _, err := conn.Exec(ctx, `drop database if exists `+quote(half)+` with (force)`); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `create database `+quote(half)); err != nil {
		return err
	}
	if err := migrations.Up(ctx, withDatabase(s.admin, half)); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, `alter database `+quote(half)+` rename to `+quote(s.template))
	return err
}

// execute runs one order on a connection of its own: a test program needs few
// of them, and none is left open to count when it ends.
func (s *server) execute(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// withDatabase names another database of the same server, in either form of a
// connection string.
func withDatabase(conn, name string) string {
	if u, err := url.Parse(conn); err == nil && u.Scheme != "" {
		u.Path = "/" + name
		return u.String()
	}
	return conn + " dbname=" + name
}
