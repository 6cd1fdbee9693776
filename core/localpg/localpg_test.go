package localpg

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// holdFolder makes the test program a gateway that runs a server until killed.
const holdFolder = "LOCALPG_TEST_HOLD"

// forget makes it drop the Server and collect garbage.
const forget = "LOCALPG_TEST_FORGET"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holdFolder); dir != "" {
		hold(dir)
	}
	code := m.Run()
	if dir, err := madeOnce(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// madeOnce is a data folder with a stopped cluster, for tests to copy.
var madeOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp(tempFolder(), "localpg-made-")
	if err != nil {
		return "", err
	}
	s, err := Run(context.Background(), dir, 0, slog.New(slog.DiscardHandler))
	if err != nil {
		return "", err
	}
	return dir, s.Close()
})

// madeDir is a data folder whose cluster has been made and stopped.
func madeDir(t *testing.T) string {
	t.Helper()
	made, err := madeOnce()
	if err != nil {
		t.Fatal(err)
	}
	dir := dataDir(t)
	if out, err := exec.Command("cp", "-Rp", filepath.Join(made, "postgres"), dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

func hold(dir string) {
	s, err := Run(context.Background(), dir, 0, slog.New(slog.DiscardHandler))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	url := s.URL()
	if os.Getenv(forget) != "" {
		s = nil
		for range 3 { // finalizers run after a collection, at the latest before the next but one
			runtime.GC()
			time.Sleep(pollTime)
		}
	}
	fmt.Println(url)
	select {}
}

// startHolder returns a process that runs the server of dir, and its URL.
func startHolder(t *testing.T, dir string, env ...string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), holdFolder+"="+dir), env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, _ := bufio.NewReader(out).ReadString('\n')
	if !strings.HasPrefix(line, "postgres://") {
		t.Fatalf("the holder says %q", line)
	}
	return cmd, strings.TrimSpace(line)
}

// tempFolder is in memory where there is plenty: these tests kill processes, not
// machines, and copying clusters on a busy disk takes seconds.
func tempFolder() string {
	const memory, room = "/dev/shm", 4 << 30
	var st syscall.Statfs_t
	if syscall.Statfs(memory, &st) == nil && uint64(st.Bavail)*uint64(st.Bsize) >= room {
		return memory
	}
	return "/tmp"
}

// dataDir is no t.TempDir, whose parent only its owner can enter.
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(tempFolder(), "localpg-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		endOf(t, dir)
		os.RemoveAll(dir)
	})
	return dir
}

// endOf waits until no server runs on the folder, so that a test leaves none.
func endOf(t *testing.T, dir string) {
	t.Helper()
	if err := endLeftover(context.Background(), &place{dir: dir, cluster: filepath.Join(dir, "postgres")}); err != nil {
		t.Error(err)
	}
}

func run(t *testing.T, dir string) *Server {
	t.Helper()
	s, err := Run(t.Context(), dir, 10*time.Second, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func query(ctx context.Context, url, sql string) (string, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	var text string
	err = conn.QueryRow(ctx, sql).Scan(&text)
	return text, err
}

func ask(t *testing.T, url, sql string) string {
	t.Helper()
	text, err := query(t.Context(), url, sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return text
}

func execute(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func postmaster(t *testing.T, dir string) int {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "postgres", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestAFreshFolderGetsADurableServerThatOnlyTheSocketReaches(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	s := run(t, dir)
	for setting, want := range map[string]string{
		"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "data_sync_retry": "off",
		"data_checksums": "on", "listen_addresses": "", "max_connections": "100", "shared_buffers": "256MB",
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

func TestAForgottenServerKeepsItsLock(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	// In a process of its own, for there is no way to end a forgotten server.
	startHolder(t, dir, forget+"=1")
	if _, err := Run(t.Context(), dir, 0, slog.New(slog.DiscardHandler)); !errors.Is(err, ErrLocked) {
		t.Errorf("got %v, want ErrLocked", err)
	}
}

func TestTheServerDiesWithAKilledGatewayAndTheNextFindsAllCommits(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	for round := range 3 {
		holder, url := startHolder(t, dir)
		if round == 0 {
			execute(t, url, `create table kept (round int)`)
		}
		execute(t, url, fmt.Sprintf(`insert into kept values (%d)`, round))
		if err := holder.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		holder.Wait()
	}
	if got := ask(t, run(t, dir).URL(), `select count(*)::text from kept`); got != "3" {
		t.Errorf("%s rows, want 3", got)
	}
}

func TestNothingRunsOnAfterAKilledGateway(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends the server with its parent; elsewhere the next start does")
	}
	dir := madeDir(t)
	holder, _ := startHolder(t, dir)
	pid := postmaster(t, dir)
	holder.Process.Kill()
	holder.Wait()
	eventually(t, "the server ends", func() bool { return !isPostmaster(pid, filepath.Join(dir, "postgres")) })
}

func TestAKilledServerIsStartedAgain(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	s := run(t, dir)
	execute(t, s.URL(), `create table mails as select 'hello' as text`)
	if err := syscall.Kill(postmaster(t, dir), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the row comes back", func() bool {
		got, err := query(t.Context(), s.URL(), `select text from mails`)
		return err == nil && got == "hello"
	})
}

func TestGatewayAndServerKilledTogetherRecover(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	holder, url := startHolder(t, dir)
	execute(t, url, `create table mails as select 'hello' as text`)
	syscall.Kill(postmaster(t, dir), syscall.SIGKILL)
	holder.Process.Kill()
	holder.Wait()
	if got := ask(t, run(t, dir).URL(), `select text from mails`); got != "hello" {
		t.Errorf("the row is %q", got)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(pollTime) {
		if ok() {
			return
		}
	}
	t.Fatalf("%s: not within 30 s", what)
}

func TestAStaleNumberOfAnotherProcessDoesNotBlockTheStart(t *testing.T) {
	t.Parallel()
	dir := madeDir(t)
	s := run(t, dir)
	content, err := os.ReadFile(filepath.Join(dir, "postgres", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// A stranger that runs as PostgreSQL's user and has its number now.
	stranger := exec.Command("sleep", "60")
	where, err := settle(dir)
	if err != nil {
		t.Fatal(err)
	}
	stranger.SysProcAttr = &syscall.SysProcAttr{Credential: where.runAs}
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { stranger.Process.Kill(); stranger.Wait() }()
	_, rest, _ := strings.Cut(string(content), "\n")
	stale := fmt.Sprintf("%d\n%s", stranger.Process.Pid, rest)
	if err := where.replace(filepath.Join(dir, "postgres", "postmaster.pid"), []byte(stale)); err != nil {
		t.Fatal(err)
	}
	ask(t, run(t, dir).URL(), `select 'up'`)
	if err := stranger.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the stranger was hurt: %v", err)
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
