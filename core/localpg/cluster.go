package localpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// settings is written beside the cluster at each start, so that every cluster
// follows the program that runs it; "alter system" still overrides it. What
// nobody may override is on the command line (see flags).
const settings = `# Written by postdesk at each start; changes here are lost.
# Use "alter system set" for settings of your own.
include 'postgres/postgresql.conf'
max_connections = 100
shared_buffers = 256MB
jit = off
max_wal_size = 2GB
min_wal_size = 80MB
checkpoint_timeout = 15min
random_page_cost = 1.1
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
# Neither statements nor key values: they would put people's words and
# addresses into the log.
log_min_error_statement = panic
log_error_verbosity = terse
`

// flags are the settings that nobody can override: what an accepted mail's
// safety rests on, and that nobody but us can connect.
func flags(where *place) []string {
	return []string{
		"-D", where.cluster,
		"-c", "config_file=" + where.path("postgres.conf"),
		"-c", "fsync=on",
		"-c", "full_page_writes=on",
		"-c", "synchronous_commit=on",
		"-c", "data_sync_retry=off",
		"-c", "listen_addresses=",
		"-c", "port=5432",
		"-c", "unix_socket_directories=" + where.socket,
		"-c", "unix_socket_permissions=0700",
		"-c", "logging_collector=off",
		"-c", "log_destination=stderr",
	}
}

// makeCluster makes the cluster if there is none. initdb works under another
// name, so that a cluster is whole or absent.
func makeCluster(ctx context.Context, bin binaries, where *place) error {
	if _, err := os.Stat(where.cluster); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	halves, _ := filepath.Glob(where.path("postgres.new-*")) // only a bad pattern fails
	for _, half := range halves {
		if err := os.RemoveAll(half); err != nil {
			return err
		}
	}
	half, err := os.MkdirTemp(where.dir, "postgres.new-")
	if err != nil {
		return err
	}
	if err := where.ownFolder(half); err != nil {
		return err
	}
	if err := initdb(ctx, bin, where, half); err != nil {
		return errors.Join(err, os.RemoveAll(half))
	}
	if err := os.Rename(half, where.cluster); err != nil {
		return err
	}
	return syncFolder(where.dir)
}

func initdb(ctx context.Context, bin binaries, where *place, dir string) error {
	cmd := exec.CommandContext(ctx, bin.path("initdb"), "-D", dir, "--username="+role,
		"--auth-local=trust", "--auth-host=reject", // the socket's folder keeps others out
		"--encoding=UTF8", "--locale=C", "--lc-ctype="+ctype(runtime.GOOS), "--data-checksums")
	cmd.Env = environment(os.Getenv)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: where.runAs, Setsid: true}
	// If this process dies, initdb goes on under a name that never counts.
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, lastLine(out))
	}
	return nil
}

// ctype sorts by bytes but knows letters beyond ASCII: under plain C, lower(),
// ILIKE and text search fail for them.
func ctype(goos string) string {
	if goos == "darwin" {
		return "en_US.UTF-8"
	}
	return "C.UTF-8"
}

// environment keeps PG* variables, which would change what PostgreSQL does, and
// our secrets away from it.
func environment(getenv func(string) string) []string {
	env := []string{"LC_ALL=C"}
	for _, name := range []string{"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		if value := getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func lastLine(out []byte) string {
	lines := strings.Split(string(bytes.TrimSpace(out)), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.Contains(lines[i], "error:") || strings.Contains(lines[i], "FATAL:") {
			return strings.TrimSpace(lines[i])
		}
	}
	return strings.TrimSpace(lines[len(lines)-1])
}
