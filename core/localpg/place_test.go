package localpg

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root runs PostgreSQL as somebody else")
	}
}

func TestRootRunsPostgreSQLAsSomebodyElse(t *testing.T) {
	t.Parallel()
	asRoot(t)
	dir := madeDir(t)
	run(t, dir)
	for path, mine := range map[string]bool{"postgres": false, "run": false, "lock": true, "postgres.log": true, ".": true} {
		uid, _, err := owner(filepath.Join(dir, path))
		if err != nil || (uid == 0) != mine {
			t.Errorf("%s belongs to %d: %v", path, uid, err)
		}
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o711 {
		t.Errorf("the data folder is %v: %v", info.Mode(), err)
	}
}

func TestRootLeavesAnotherUsersFolderUsableToThem(t *testing.T) {
	t.Parallel()
	asRoot(t)
	const daemon = 1
	dir := dataDir(t)
	if err := os.Chown(dir, daemon, daemon); err != nil {
		t.Fatal(err)
	}
	run(t, dir)
	for _, path := range []string{"postgres", "run", "lock", "postgres.log", "postgres.conf"} {
		if uid, _, err := owner(filepath.Join(dir, path)); err != nil || uid != daemon {
			t.Errorf("%s belongs to %d: %v", path, uid, err)
		}
	}
}

func TestAFolderBehindAClosedOneIsRefusedInOneLine(t *testing.T) {
	t.Parallel()
	asRoot(t)
	closed := dataDir(t) // 0700 and root's
	_, err := Run(t.Context(), filepath.Join(closed, "data"), 0, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "cannot enter "+closed) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	if info, _ := os.Stat(closed); info.Mode().Perm() != 0o700 {
		t.Errorf("the folder above ours is now %v", info.Mode())
	}
}

func TestALinkInPlaceOfAFileIsNotFollowed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"lock", "postgres.log", "postgres.conf", "run"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := madeDir(t)
			target := filepath.Join(dir, "target")
			if err := os.WriteFile(target, []byte("theirs"), 0o640); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			if s, err := Run(t.Context(), dir, 0, slog.New(slog.DiscardHandler)); err == nil {
				t.Cleanup(func() { s.Close() })
			}
			info, err := os.Stat(target)
			if err != nil || info.Mode().Perm() != 0o640 || info.Size() != 6 {
				t.Errorf("the link's target is now %v: %v", info, err)
			}
		})
	}
}

func TestWhoMayEnterAFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	uid, gid, err := owner(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		mode     os.FileMode
		uid, gid uint32
		want     bool
	}{
		{0o700, uid, gid + 1, true},
		{0o700, uid + 1, gid, false},
		{0o710, uid + 1, gid, true},
		{0o701, uid + 1, gid, false},
		{0o711, uid + 1, gid + 1, true},
		{0o710, uid + 1, gid + 1, false},
	} {
		if err := os.Chmod(dir, c.mode); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if got := mayEnter(info, &syscall.Credential{Uid: c.uid, Gid: c.gid}); got != c.want {
			t.Errorf("%v for %d/%d: %v, want %v", c.mode, c.uid, c.gid, got, c.want)
		}
	}
	os.Chmod(dir, 0o700)
}
