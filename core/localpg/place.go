package localpg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// A place is the data folder and what lies in it:
//
//	lock          who runs the cluster, and where it listens
//	postgres/     the cluster, 0700, of the user that PostgreSQL runs as
//	postgres.conf its settings, ours to write
//	postgres.log  what PostgreSQL says
//	run/          the socket, 0700, unless the path is too long for one
type place struct {
	dir     string // the data folder, absolute, links followed
	cluster string
	socket  string // folder of the socket, set by prepare
	runAs   *syscall.Credential
}

// maxSocketPath is what the shortest of our systems allows (macOS 104 bytes
// with the final NUL; Linux 108).
const maxSocketPath = 103

// settle makes the data folder when there is none, and finds out who
// PostgreSQL shall run as.
func settle(dataDir string) (*place, error) {
	dir, err := filepath.Abs(dataDir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return nil, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	p := &place{dir: dir, cluster: filepath.Join(dir, "postgres")}
	if os.Geteuid() != 0 {
		return p, nil
	}
	if p.runAs, err = unprivileged(p); err != nil {
		return nil, err
	}
	return p, nil
}

// Exists tells whether there is a cluster in a data folder, or something there
// that cannot be looked at. It makes nothing.
func Exists(dataDir string) bool {
	_, err := os.Stat(filepath.Join(dataDir, "postgres", "PG_VERSION"))
	return !errors.Is(err, fs.ErrNotExist)
}

func (p *place) path(name string) string { return filepath.Join(p.dir, name) }

// unprivileged chooses whom PostgreSQL, which refuses root, runs as: the owner
// of the cluster, else of the data folder, else "postgres", else "nobody".
func unprivileged(p *place) (*syscall.Credential, error) {
	for _, path := range []string{p.cluster, p.dir} {
		uid, gid, err := owner(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err == nil && uid != 0 {
			return &syscall.Credential{Uid: uid, Gid: gid}, nil
		}
		if err == nil && path == p.cluster {
			return nil, fmt.Errorf("%s belongs to root, as whom PostgreSQL refuses to run; give it to its user: chown -R postgres %s", path, path)
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil && uid != 0 {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and this system has neither a user postgres nor nobody")
}

// prepare makes the way to the cluster passable for its user and makes the
// socket folder. stale is the socket folder of the process before us.
func (p *place) prepare(stale string) error {
	if err := p.openWay(); err != nil {
		return err
	}
	if stale != "" && stale != p.path("run") && filepath.Dir(stale) == shortTemp {
		os.RemoveAll(stale) // best effort: it is empty but for a dead socket
	}
	p.socket = p.path("run")
	if len(filepath.Join(p.socket, socketName)) <= maxSocketPath {
		return p.ownFolder(p.socket)
	}
	socket, err := os.MkdirTemp(shortTemp, "postdesk-")
	if err != nil {
		return err
	}
	p.socket = socket
	return p.ownFolder(socket)
}

const socketName = ".s.PGSQL.5432"

// clearSocket removes the socket of a server that was killed. PostgreSQL would
// refuse to if a process had that server's number now; we know that it is gone.
func (p *place) clearSocket() error {
	for _, name := range []string{socketName, socketName + ".lock"} {
		if err := os.Remove(filepath.Join(p.socket, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// shortTemp and not os.TempDir, which may itself be too long.
const shortTemp = "/tmp"

// leave removes the socket folder, which is empty once PostgreSQL has ended.
func (p *place) leave() {
	if p.socket != "" {
		os.Remove(p.socket) // best effort: nothing depends on its absence
	}
}

// ownFolder makes a folder that only PostgreSQL's user (and root) can enter.
func (p *place) ownFolder(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if info, err := os.Lstat(path); err != nil || !info.IsDir() {
		return errors.Join(err, fmt.Errorf("%s is not a folder", path))
	}
	if err := os.Chmod(path, 0o700); err != nil {
		return err
	}
	if p.runAs == nil {
		return nil
	}
	return os.Lchown(path, int(p.runAs.Uid), int(p.runAs.Gid))
}

// give hands a file that root made to the owner of its folder, who would
// otherwise be locked out by one command that was run as root.
func (p *place) give(file *os.File) error {
	if p.runAs == nil {
		return nil
	}
	uid, gid, err := owner(filepath.Dir(file.Name()))
	if err != nil {
		return err
	}
	return file.Chown(int(uid), int(gid))
}

// replace writes a file under another name and renames it: root must not
// follow a link that the folder's owner laid there.
func (p *place) replace(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-")
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	err = errors.Join(err, file.Chmod(0o644), p.give(file), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		os.Remove(file.Name()) // best effort: its name says that it is no file of worth
	}
	return err
}

// openWay lets PostgreSQL's user walk through the data folder. The folders
// above it are not ours to change.
func (p *place) openWay() error {
	if p.runAs == nil {
		return nil
	}
	for dir := p.dir; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		switch {
		case mayEnter(info, p.runAs):
		case dir == p.dir:
			if err := os.Chmod(dir, info.Mode().Perm()|0o711); err != nil {
				return err
			}
		default:
			return fmt.Errorf("PostgreSQL refuses to run as root, and the user that it runs as (id %d) cannot enter %s; choose a --data-dir elsewhere, such as /var/lib/postdesk", p.runAs.Uid, dir)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

func mayEnter(info fs.FileInfo, as *syscall.Credential) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	mode := info.Mode().Perm()
	switch {
	case st.Uid == as.Uid:
		return mode&0o100 != 0
	case st.Gid == as.Gid || slices.Contains(as.Groups, st.Gid):
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}

func owner(path string) (uid, gid uint32, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, fmt.Errorf("who owns %s cannot be told", path)
	}
	return st.Uid, st.Gid, nil
}
