package localpg

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestAFreshFolderGetsADurableServerThatOnlyTheSocketReaches(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	s := run(t, dir)
	for setting, want := range map[string]string{
		"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "data_sync_retry": "off",
		"data_checksums": "on", "listen_addresses": "", "max_connections": "100", "shared_buffers": "256MB", "jit": "off",
		"max_wal_size": "2GB", "server_encoding": "UTF8", "TimeZone": "UTC",
	} {
		if got := ask(t, s.URL(), "show "+setting); got != want {
			t.Errorf("%s is %q, want %q", setting, got, want)
		}
	}
	for _, folder := range []string{"run", "postgres"} {
		info, err := os.Stat(filepath.Join(dir, folder))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o700 {
			t.Errorf("%s is %v, want 0700", folder, info.Mode())
		}
	}
	info, err := os.Stat(filepath.Join(dir, "postgres.log"))
	if err != nil || info.Size() == 0 {
		t.Errorf("the log: %v, %v", info, err)
	}
}

func TestLettersBeyondASCIIFoldAndBytesSort(t *testing.T) {
	t.Parallel()
	s := run(t, madeDir(t))
	for sql, want := range map[string]string{
		`select lower('ÄÖÉЖ')`:                             "äöéж",
		`select ('GRÜSSE' ilike 'grüsse')::text`:           "true",
		`select to_tsvector('simple', 'Größe')::text`:      "'größe':1",
		`select ('Z' < 'a')::text`:                         "true",
		`select regexp_replace('über uns', '\W', '-')`:     "über-uns",
		`select current_user || ' ' || current_database()`: "postdesk postdesk",
	} {
		if got := ask(t, s.URL(), sql); got != want {
			t.Errorf("%s is %q, want %q", sql, got, want)
		}
	}
}

func TestAClosedServerIsGoneAndItsDataIsThereNextTime(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	s := run(t, dir)
	execute(t, s.URL(), `create table mails as select 'hello' as text`)
	pid := postmaster(t, dir)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if isPostmaster(pid, filepath.Join(dir, "postgres")) {
		t.Error("the server still runs")
	}
	if _, err := os.Stat(filepath.Join(dir, "run")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket folder is left: %v", err)
	}
	if got := ask(t, run(t, dir).URL(), `select text from mails`); got != "hello" {
		t.Errorf("the row is %q", got)
	}
}

func TestACommandUsesTheGatewaysServerAndLeavesItRunning(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	gateway := run(t, dir)
	command, err := Open(t.Context(), dir, 0, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if command.URL() != gateway.URL() {
		t.Errorf("the command connects to %s, the gateway runs %s", command.URL(), gateway.URL())
	}
	if err := command.Close(); err != nil {
		t.Fatal(err)
	}
	ask(t, gateway.URL(), `select 'still here'`)
}

func TestCommandsTakeTurns(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	first, err := Open(t.Context(), dir, 0, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir, 0, slog.New(slog.DiscardHandler)); !errors.Is(err, ErrLocked) {
		t.Errorf("the second command got %v, want ErrLocked", err)
	}
	second := make(chan error, 1)
	go func() {
		s, err := Open(t.Context(), dir, 30*time.Second, slog.New(slog.DiscardHandler))
		if err == nil {
			_, err = query(t.Context(), s.URL(), `select 'mine'`)
			err = errors.Join(err, s.Close())
		}
		second <- err
	}()
	ask(t, first.URL(), `select 'mine'`)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-second; err != nil {
		t.Error(err)
	}
}

func TestASecondGatewayWaitsForTheLock(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	first := run(t, dir)
	if _, err := Run(t.Context(), dir, 0, slog.New(slog.DiscardHandler)); !errors.Is(err, ErrLocked) {
		t.Fatalf("the second gateway got %v, want ErrLocked", err)
	}
	closed := make(chan error, 1)
	go func() { closed <- first.Close() }()
	ask(t, run(t, dir).URL(), `select 'second'`)
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

func TestAHalfMadeClusterNeverCounts(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	half := filepath.Join(dir, "postgres.new-1")
	if err := os.Mkdir(half, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(half, "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ask(t, run(t, dir).URL(), `select 'whole'`)
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the half is left: %v", err)
	}
}

func TestAnInterruptedStartLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, dir, 0, slog.New(slog.DiscardHandler)); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want context.Canceled", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "postgres*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	ask(t, run(t, dir).URL(), `select 'up'`)
}

func TestAServerThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	s := run(t, dir)
	execute(t, s.URL(), `alter system set shared_preload_libraries = 'no_such_library'`)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := Run(t.Context(), dir, 0, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "no_such_library") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one line that names the library", err)
	}
	// The lock is free again: the next try fails for the same reason.
	if _, err = Run(t.Context(), dir, 0, slog.New(slog.DiscardHandler)); errors.Is(err, ErrLocked) {
		t.Error(err)
	}
}

func TestALongDataFolderGetsAShortSocketFolder(t *testing.T) {
	t.Parallel()
	root := dataDir(t)
	dir := filepath.Join(root, strings.Repeat("long", 30))
	t.Cleanup(func() { endOf(t, dir) })
	holder, url := startHolderIn(t, root, dir)
	first := socketOf(t, url)
	if len(first) > 40 {
		t.Errorf("the socket folder is %s", first)
	}
	holder.Process.Kill()
	holder.Wait()
	s := run(t, dir)
	ask(t, s.URL(), `select 'up'`)
	if _, err := os.Stat(first); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the killed process's socket folder is left: %v", err)
	}
	second := socketOf(t, s.URL())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(second); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("our socket folder is left: %v", err)
	}
}

// startHolderIn opens root first, which as root is still closed to others.
func startHolderIn(t *testing.T, root, dir string) (*exec.Cmd, string) {
	t.Helper()
	if err := os.Chmod(root, 0o711); err != nil {
		t.Fatal(err)
	}
	return startHolder(t, dir)
}

func socketOf(t *testing.T, url string) string {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	return config.Host
}
