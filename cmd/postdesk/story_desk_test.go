package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"postdesk/core"
	"postdesk/core/coretest"
)

// What a story needs and is not about goes straight to its database: each command
// is a start of the program, and each password that it hashes takes 64 MiB.

// password is everybody's.
const password = coretest.Password

// db is one pool for all that the story itself asks of its database.
func (s *story) db() *pgxpool.Pool {
	s.t.Helper()
	s.opening.Do(func() {
		pool, err := pgxpool.New(s.t.Context(), s.url)
		if err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(pool.Close)
		desk, err := core.Open(s.t.Context(), pool, core.Config{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
		if err != nil {
			s.t.Fatal(err)
		}
		s.desk = coretest.Desk{Desk: desk, Pool: pool, Mailbox: 1}
	})
	return s.desk.Pool
}

// person makes an account as the command does, and gives a client of the API that
// acts for it.
func (s *story) person(role, email, name string) client {
	s.t.Helper()
	s.db()
	id, err := s.desk.CreateAccount(s.t.Context(), core.NewUser{Email: email, Name: name, Role: core.Role(role)}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.desk.KnowsPassword(s.t, id)
	s.staff[email] = role != "customer"
	return client{s: s, id: fmt.Sprint(id), email: email, token: s.token(email)}
}

// token makes a token of the API.
func (s *story) token(email string) string {
	s.t.Helper()
	s.db()
	token, err := s.desk.CreateToken(s.t.Context(), email)
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// signingKey is one for all stories: to find a new one takes as long as a story.
var signingKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// hasKey gives a domain its key before the program would make it one.
func (s *story) hasKey(domain string) {
	s.t.Helper()
	key, err := signingKey()
	if err != nil {
		s.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		s.t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		s.t.Fatal(err)
	}
	s.sql(`insert into signing_keys (domain, selector, private, wrapped, public, activated_at) values ($1, 'pdstory', $2, false, $3, now())`, domain, private, public)
}

// sql changes what only time could change.
func (s *story) sql(statement string, args ...any) {
	s.t.Helper()
	if _, err := s.db().Exec(s.t.Context(), statement, args...); err != nil {
		s.t.Fatal(err)
	}
}

// count is what a query counts.
func (s *story) count(query string) (n int) {
	s.t.Helper()
	s.scan(query, &n)
	return n
}

// text is one text that a query gives.
func (s *story) text(query string) (text string) {
	s.t.Helper()
	s.scan(query, &text)
	return text
}

// scan asks for one value. No plan of it is kept, since tables are renamed.
func (s *story) scan(query string, to any) {
	s.t.Helper()
	if err := s.db().QueryRow(s.t.Context(), query, pgx.QueryExecModeDescribeExec).Scan(to); err != nil {
		s.t.Fatal(err)
	}
}

// Everything else in the stories is the program's: here its own command makes the
// accounts, of every role, and hashes what they sign in with.
func TestAnAccountMadeByCommandSignsInAndHasAToken(t *testing.T) {
	t.Parallel()
	s := emptyStory(t)
	for _, role := range []string{"owner", "admin", "agent", "collaborator", "customer"} {
		email := role + "@desk.test"
		id := s.command(password+"\n", "user", "create", "--role", role, "--email", email, "--name", "Person "+role, "--password-stdin")
		by := client{s: s, id: id, email: email, token: s.command("", "token", "create", "--email", email)}
		me := by.do("GET", "/me", nil)
		s.want("the id of "+email, path("%v", me["id"]), id)
		s.want("the name of "+email, me["full_name"], "Person "+role)
		s.want("cost of the password of "+email, s.count(`select count(*) from users where id = `+id+` and password_hash like '$argon2id$v=19$m=65536,t=1,p=2$%'`), 1)
		s.signedIn(email)
		wrong := s.stranger()
		wrong.open("/signin")
		wrong.submit("/signin", url.Values{"email": {email}, "password": {password + "x"}})
		s.want("where a wrong password leads", wrong.at.Path, "/signin")
	}
}
