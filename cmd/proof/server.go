package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// A server is a PostgreSQL of the proof's own, beside the gateway and not below
// it: it can be stopped, killed and started, put on a disk of its own, and set as
// it likes. It listens on one port of loopback, behind a password of the moment.
type server struct {
	bin      string   // folder of PostgreSQL's programs
	dir      string   // the cluster
	log      string   // what PostgreSQL says
	settings []string // name=value, for the next start
	env      []string // NAME=value, for the next start

	port     string
	password string
	runAs    *syscall.Credential
	process  *os.Process
	ended    chan error
}

// newServer makes a cluster in a folder that does not exist yet. name is that of
// its log.
func newServer(ctx context.Context, w *workshop, dir, name string) (*server, error) {
	s := &server{dir: dir, log: filepath.Join(w.dir, name+".log"), password: rand.Text()}
	var err error
	if s.bin, err = programs(); err == nil {
		s.runAs, err = databaseUser()
	}
	if err == nil {
		s.port, err = freePort()
	}
	if err == nil {
		err = s.initialise(ctx, w)
	}
	return s, err
}

// programs finds the newest PostgreSQL of this machine.
func programs() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // only a bad pattern fails
	if len(found) == 0 {
		initdb, err := exec.LookPath("initdb")
		if err != nil {
			return "", fmt.Errorf("PostgreSQL is not installed: %w", err)
		}
		return filepath.Dir(initdb), nil
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // no number is the oldest
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

// databaseUser is whom PostgreSQL runs as, which refuses root; nil is ourselves.
func databaseUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL refuses to run as root: %w", err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err1, err2)
}

// own makes a folder of PostgreSQL's user.
func (s *server) own(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil || s.runAs == nil {
		return err
	}
	return os.Chown(dir, int(s.runAs.Uid), int(s.runAs.Gid))
}

func (s *server) initialise(ctx context.Context, w *workshop) error {
	if err := s.own(s.dir); err != nil {
		return err
	}
	secret, err := os.CreateTemp(w.dir, "password-")
	if err != nil {
		return err
	}
	defer os.Remove(secret.Name())
	_, err = secret.WriteString(s.password + "\n")
	if s.runAs != nil {
		err = errors.Join(err, secret.Chown(int(s.runAs.Uid), int(s.runAs.Gid)))
	}
	if err = errors.Join(err, secret.Close()); err != nil {
		return err
	}
	return s.run(ctx, "initdb", "-D", s.dir, "--username=postgres", "--pwfile="+secret.Name(), "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=C", "--lc-ctype=C.UTF-8", "--data-checksums", "--no-sync")
}

// run runs one of PostgreSQL's programs as its user.
func (s *server) run(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, name), args...)
	cmd.Dir = "/"
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH"), "PGPASSWORD=" + s.password}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.runAs}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// url is how the gateway reaches a database of the server.
func (s *server) url(database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword("postgres", s.password), Host: "127.0.0.1:" + s.port, Path: "/" + database}
	u.RawQuery = "sslmode=disable"
	return u.String()
}

// start returns when the server takes connections that may write, which after a
// crash can take as long as the recovery.
func (s *server) start(ctx context.Context) error {
	if err := s.launch(); err != nil {
		return err
	}
	return s.awaitReady(ctx)
}

// launch starts the server and does not wait for it.
func (s *server) launch() error {
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"-D", s.dir, "-c", "listen_addresses=127.0.0.1", "-c", "port=" + s.port, "-c", "unix_socket_directories=",
		"-c", "logging_collector=off", "-c", "timezone=UTC"}
	for _, setting := range s.settings {
		args = append(args, "-c", setting)
	}
	cmd := exec.Command(filepath.Join(s.bin, "postgres"), args...)
	cmd.Dir = s.dir
	cmd.Env = append([]string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}, s.env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.runAs, Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	s.process, s.ended = cmd.Process, ended
	go func() { ended <- cmd.Wait(); close(ended) }()
	return nil
}

func (s *server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		var standby bool
		conn, err := pgx.Connect(ctx, s.url("postgres"))
		if err == nil {
			err = conn.QueryRow(ctx, `select pg_is_in_recovery()`).Scan(&standby)
			_ = conn.Close(ctx)
		}
		if err == nil && !standby {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL did not start: %w\n%s", errors.Join(err, ctx.Err()), lastLines(s.log))
		case <-s.ended:
			return fmt.Errorf("PostgreSQL ended\n%s", lastLines(s.log))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// create makes an empty database and gives its URL.
func (s *server) create(ctx context.Context, name string) (string, error) {
	_, err := s.ask(ctx, "postgres", `create database `+pgx.Identifier{name}.Sanitize())
	return s.url(name), err
}

// ask runs one statement in a database and gives the first column of its first
// row as text, empty if there is none.
func (s *server) ask(ctx context.Context, database, sql string) (text string, err error) {
	conn, err := pgx.Connect(ctx, s.url(database))
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	result, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	for _, r := range result {
		if len(r.Rows) > 0 && len(r.Rows[0]) > 0 {
			return string(r.Rows[0][0]), err
		}
	}
	return "", err
}

// Ways to end a server.
const (
	inOrder     = syscall.SIGINT  // sessions are cut, everything is written
	immediately = syscall.SIGQUIT // as PostgreSQL does when one of its processes crashed
	asACrash    = syscall.SIGKILL
)

// end ends the server, and returns when no process of it is left.
func (s *server) end(how syscall.Signal) {
	if s.process == nil {
		return
	}
	_ = s.process.Signal(how)
	select {
	case <-s.ended:
	case <-time.After(stopTime):
		_ = s.process.Kill()
		<-s.ended
	}
	// What is left after a kill ends by itself when it notices; a crash of the
	// machine would not wait.
	for left := s.processes(); len(left) > 0; left = s.processes() {
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		pause(2)
	}
	s.process = nil
}

// processes are those that work in its folder, as all of PostgreSQL does.
func (s *server) processes() (pids []int) {
	all, err := processes()
	if err != nil {
		return nil
	}
	for pid := range all {
		if in, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid)); err == nil && strings.TrimSuffix(in, " (deleted)") == s.dir {
			pids = append(pids, pid)
		}
	}
	return pids
}

// version is the server's, for the record.
func (s *server) version(ctx context.Context) string {
	text, err := s.ask(ctx, "postgres", `show server_version`)
	if err != nil {
		return "unknown"
	}
	return "PostgreSQL " + text
}
