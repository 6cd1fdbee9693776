package migrations_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"postdesk/core/coretest"
	"postdesk/migrations"
)

// history makes files 1..n; file i adds one row to a table of file 1.
func history(n int) fstest.MapFS {
	files := fstest.MapFS{}
	for i := 1; i <= n; i++ {
		body := fmt.Sprintf("-- +goose Up\ninsert into applied values (%d);\n", i)
		if i == 1 {
			body = "-- +goose Up\ncreate table applied (file int);\ninsert into applied values (1);\n"
		}
		files[fmt.Sprintf("%05d_step.sql", i)] = &fstest.MapFile{Data: []byte(body)}
	}
	return files
}

// emptyDatabase returns the URL of a database without any schema.
func emptyDatabase(t *testing.T) string {
	t.Helper()
	admin := coretest.URL(t)
	name := "postdesk_test_" + strings.ToLower(rand.Text())
	execute(t, t.Context(), admin, `create database `+name)
	t.Cleanup(func() { execute(t, context.Background(), admin, `drop database `+name+` with (force)`) })
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func execute(t *testing.T, ctx context.Context, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		t.Fatal(err)
	}
}

func ask(t *testing.T, url, sql string) (text string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), sql).Scan(&text); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return text
}

const appliedFiles = `select coalesce(string_agg(file::text, ' ' order by file), '') from applied`

func TestTheEmbeddedHistoryIsAppliedOnce(t *testing.T) {
	t.Parallel()
	db := emptyDatabase(t)
	if database, program, err := migrations.Versions(t.Context(), db); err != nil || database != 0 || program == 0 {
		t.Errorf("of an empty database: %d, %d, %v", database, program, err)
	}
	for range 2 {
		if err := migrations.Up(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	if database, program, err := migrations.Versions(t.Context(), db); err != nil || database != program {
		t.Errorf("after Up: %d, %d, %v", database, program, err)
	}
}

func TestNoFileGoesBack(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.ToLower(string(content)), "+goose down") {
			t.Errorf("%s has a way back", name)
		}
	}
}

func TestAnOlderSchemaIsBroughtForward(t *testing.T) {
	t.Parallel()
	db := emptyDatabase(t)
	for _, n := range []int{1, 3} {
		if err := migrations.UpFrom(t.Context(), db, history(n)); err != nil {
			t.Fatal(err)
		}
	}
	if got := ask(t, db, appliedFiles); got != "1 2 3" {
		t.Errorf("applied %s", got)
	}
}

func TestANewerSchemaIsRefusedAndLeftAsItIs(t *testing.T) {
	t.Parallel()
	db := emptyDatabase(t)
	if err := migrations.UpFrom(t.Context(), db, history(3)); err != nil {
		t.Fatal(err)
	}
	err := migrations.UpFrom(t.Context(), db, history(2))
	if !errors.Is(err, migrations.ErrNewer) || !strings.Contains(err.Error(), "version 3, this program knows up to 2") {
		t.Errorf("got %v, want ErrNewer with both versions", err)
	}
	if got := ask(t, db, appliedFiles); got != "1 2 3" {
		t.Errorf("applied %s", got)
	}
}

func TestProcessesThatStartTogetherApplyEachFileOnce(t *testing.T) {
	t.Parallel()
	db := emptyDatabase(t)
	errs := make([]error, 5)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { errs[i] = migrations.UpFrom(t.Context(), db, history(4)) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if got := ask(t, db, appliedFiles); got != "1 2 3 4" {
		t.Errorf("applied %s", got)
	}
}

func TestAFileThatFailsLeavesNothingAndCanBeRunAgain(t *testing.T) {
	t.Parallel()
	db := emptyDatabase(t)
	broken := history(3)
	broken["00002_step.sql"].Data = []byte("-- +goose Up\ninsert into applied values (2);\nselect 1/0;\n")
	err := migrations.UpFrom(t.Context(), db, broken)
	if err == nil || !strings.Contains(err.Error(), "00002_step.sql") {
		t.Errorf("got %v, want an error that names the file", err)
	}
	if got := ask(t, db, appliedFiles); got != "1" {
		t.Errorf("applied %s", got)
	}
	if err := migrations.UpFrom(t.Context(), db, history(3)); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, db, appliedFiles); got != "1 2 3" {
		t.Errorf("applied %s", got)
	}
}

func TestALockWhoseHolderWasKilledRunsOut(t *testing.T) {
	t.Parallel()
	db := emptyDatabase(t)
	if err := migrations.UpFrom(t.Context(), db, history(1)); err != nil {
		t.Fatal(err)
	}
	execute(t, t.Context(), db, `update goose_lock
		set locked = true, locked_by = 'killed', lease_expires_at = now() + interval '1 second'`)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := migrations.UpFrom(ctx, db, history(2)); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, db, appliedFiles); got != "1 2" {
		t.Errorf("applied %s", got)
	}
}

func TestALiveLockIsRespected(t *testing.T) {
	t.Parallel()
	db := emptyDatabase(t)
	if err := migrations.UpFrom(t.Context(), db, history(1)); err != nil {
		t.Fatal(err)
	}
	execute(t, t.Context(), db, `update goose_lock
		set locked = true, locked_by = 'alive', lease_expires_at = now() + interval '1 hour'`)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := migrations.UpFrom(ctx, db, history(2)); err == nil {
		t.Error("migrated past somebody else's lock")
	}
	if err := migrations.UpFrom(t.Context(), db, history(1)); err != nil {
		t.Errorf("nothing to do, yet: %v", err)
	}
	if got := ask(t, db, appliedFiles); got != "1" {
		t.Errorf("applied %s", got)
	}
}

func TestAPoolersExecModeIsEnough(t *testing.T) {
	t.Parallel()
	db := emptyDatabase(t)
	u, err := url.Parse(db)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set("default_query_exec_mode", "exec")
	u.RawQuery = query.Encode()
	if err := migrations.Up(t.Context(), u.String()); err != nil {
		t.Error(err)
	}
}
