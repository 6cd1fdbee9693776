package coretest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"postdesk/migrations"
)

func TestEachTestHasAMigratedDatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	one, two := Database(t), Database(t)
	if _, err := one.Exec(t.Context(), `create table mine ()`); err != nil {
		t.Fatal(err)
	}
	var seen bool
	if err := two.QueryRow(t.Context(), `select to_regclass('mine') is not null`).Scan(&seen); err != nil || seen {
		t.Errorf("the other database has it: %v, %v", seen, err)
	}
	database, program, err := migrations.Versions(t.Context(), two.Config().ConnString())
	if err != nil || database != program || program == 0 {
		t.Errorf("schema %d, want %d: %v", database, program, err)
	}
}

func TestTheDatabaseIsGoneWhenItsTestEnds(t *testing.T) {
	t.Parallel()
	var name string
	t.Run("inner", func(t *testing.T) {
		pool := Database(t)
		name = pool.Config().ConnConfig.Database
		// A connection that the test forgets must not keep the database.
		conn, err := pgx.Connect(t.Context(), pool.Config().ConnString())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close(context.Background()) })
	})
	s, err := sharedServer()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), s.admin)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var there bool
	err = conn.QueryRow(t.Context(), `select exists (select from pg_database where datname = $1)`, name).Scan(&there)
	if err != nil || there || name == "" {
		t.Errorf("database %q is left: %v, %v", name, there, err)
	}
}

func TestAnotherDatabaseOfTheSameServerIsNamed(t *testing.T) {
	t.Parallel()
	for conn, want := range map[string]string{
		"postgres://u:p%40w@db.test:5433/old?sslmode=disable":     "postgres://u:p%40w@db.test:5433/new?sslmode=disable",
		"postgres://postdesk@/postdesk?host=%2Ftmp%2Fa&port=5432": "postgres://postdesk@/new?host=%2Ftmp%2Fa&port=5432",
		"host=db.test user=u dbname=old":                          "host=db.test user=u dbname=old dbname=new",
	} {
		got := withDatabase(conn, "new")
		if got != want {
			t.Errorf("%s became %s, want %s", conn, got, want)
		}
		config, err := pgx.ParseConfig(got)
		if err != nil || config.Database != "new" {
			t.Errorf("%s names %v: %v", got, config, err)
		}
	}
}

func BenchmarkADatabaseOfOnesOwn(b *testing.B) {
	for b.Loop() {
		URL(b)
	}
}
