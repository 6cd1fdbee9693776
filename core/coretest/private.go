package coretest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5"

	"postdesk/core/localpg"
	"postdesk/migrations"
)

// mostServers bounds how many test programs run a server at the same time.
const mostServers = 64

// privateServer runs a server for this test program. Its data folder outlives
// the program, so the next one finds cluster and template made; programs that
// run at the same time have one each.
func privateServer(ctx context.Context) (string, error) {
	root, err := ownFolder()
	if err != nil {
		return "", err
	}
	for n := range mostServers {
		// It is never closed: it dies with the program, which has no last word.
		s, err := localpg.Run(ctx, filepath.Join(root, strconv.Itoa(n)), 0, slog.New(slog.DiscardHandler))
		if errors.Is(err, localpg.ErrLocked) {
			continue
		}
		if err != nil {
			return "", err
		}
		return s.URL(), sweep(ctx, s.URL())
	}
	return "", fmt.Errorf("all %d folders in %s are in use", mostServers, root)
}

// ownFolder is a well-known folder that nobody else may have laid there.
func ownFolder() (string, error) {
	root := filepath.Join(tempFolder(), fmt.Sprintf("postdesk-test-%d", os.Getuid()))
	if err := os.Mkdir(root, 0o711); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	info, err := os.Lstat(root)
	if err != nil {
		return "", err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || !info.IsDir() || int(st.Uid) != os.Getuid() {
		return "", fmt.Errorf("%s is not a folder of ours", root)
	}
	return root, nil
}

const roomForTests = 4 << 30 // bytes

// memory is a folder in memory, where Linux has it.
const memory = "/dev/shm"

// tempFolder is in memory where there is plenty, unless TMPDIR says otherwise:
// a database is some 700 files, and cloning them there takes 15 ms instead of
// up to 400 on a busy disk. The server keeps all its promises of durability.
func tempFolder() string {
	if inMemory() {
		return memory
	}
	return os.TempDir()
}

func inMemory() bool {
	var st syscall.Statfs_t
	return os.Getenv("TMPDIR") == "" && syscall.Statfs(memory, &st) == nil &&
		uint64(st.Bavail)*uint64(st.Bsize) >= roomForTests
}

// sweep drops what killed test programs and older schemas left. The lock of
// the data folder makes sure that nobody uses it.
func sweep(ctx context.Context, admin string) error {
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `select datname from pg_database
		where starts_with(datname, $1) or starts_with(datname, $2) and datname <> $3`,
		clonePrefix, templatePrefix, templatePrefix+migrations.Fingerprint()[:16])
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := conn.Exec(ctx, `drop database `+quote(name)+` with (force)`); err != nil {
			return err
		}
	}
	return nil
}
