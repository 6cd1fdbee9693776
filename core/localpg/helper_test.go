package localpg

import (
	"bufio"
	"context"
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

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(pollTime) {
		if ok() {
			return
		}
	}
	t.Fatalf("%s: not within 30 s", what)
}
