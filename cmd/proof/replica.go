package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// What makes a primary wait for its standby, and lets one follow it. Nothing else
// of PostgreSQL is changed.
var (
	synchronous  = []string{"synchronous_standby_names=standby", "synchronous_commit=on"}
	asynchronous = []string{"synchronous_standby_names="}
)

// cloning is how a standby begins.
var cloning = []string{"--checkpoint=fast", "--write-recovery-conf"}

// cloned makes a standby of a running server with PostgreSQL's own program, and
// starts it. It reaches the server at host, and is reached with the same password.
func (s *server) cloned(ctx context.Context, w *workshop, name, host string) (*server, error) {
	c := &server{bin: s.bin, runAs: s.runAs, password: s.password, dir: filepath.Join(w.dir, name+"-cluster"), log: filepath.Join(w.dir, name+"-postgres.log")}
	var err error
	if c.port, err = freePort(); err != nil {
		return nil, err
	}
	if err := c.own(c.dir); err != nil {
		return nil, err
	}
	if err := c.run(ctx, "pg_basebackup", append([]string{"--pgdata", c.dir, "--dbname", s.replicationURL(host, "standby")}, cloning...)...); err != nil {
		return nil, err
	}
	if err := c.launch(); err != nil {
		return nil, err
	}
	return c, s.awaitStandby(ctx)
}

// replicationURL is how a standby reaches the server, and what it calls itself.
func (s *server) replicationURL(host, name string) string {
	u, err := url.Parse(s.url("postgres"))
	if err != nil {
		return ""
	}
	u.Host = host + ":" + s.port
	q := u.Query()
	q.Set("application_name", name)
	u.RawQuery = q.Encode()
	return u.String()
}

// awaitStandby returns when a standby follows.
func (s *server) awaitStandby(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		state, err := s.ask(ctx, "postgres", `select state from pg_stat_replication where application_name = 'standby'`)
		if err == nil && state == "streaming" {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("no standby follows: %w", errors.Join(err, ctx.Err()))
		}
		pause(50)
	}
}

// follow makes settings hold on a running server.
func (s *server) follow(ctx context.Context, settings []string) error {
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		if _, err := s.ask(ctx, "postgres", fmt.Sprintf("alter system set %s = '%s'", name, value)); err != nil {
			return err
		}
	}
	if _, err := s.ask(ctx, "postgres", `select pg_reload_conf()`); err != nil {
		return err
	}
	pause(200) // its processes read it when they are told
	return nil
}

// promote makes a standby the primary, and tells how long that took.
func (s *server) promote(ctx context.Context) (time.Duration, error) {
	begin := time.Now()
	err := s.run(ctx, "pg_ctl", "promote", "--pgdata", s.dir, "--wait")
	return time.Since(begin), err
}

// either is a URL of two servers, for a database that is on both. The first is
// reached at host.
func either(host string, a, b *server, database string) string {
	return fmt.Sprintf("postgres://postgres:%s@%s:%s,127.0.0.1:%s/%s?sslmode=disable&target_session_attrs=read-write", a.password, host, a.port, b.port, database)
}

// removeCluster takes a server's folder away: the next round makes its own.
func (s *server) removeCluster() {
	s.end(asACrash)
	_ = os.RemoveAll(s.dir)
}

// halt stops those of the server's processes that have a title, until they are
// released.
func (s *server) halt(title string) (release func()) {
	var stopped []int
	for _, pid := range s.processes() {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) // it has ended
		if strings.Contains(string(line), title) && syscall.Kill(pid, syscall.SIGSTOP) == nil {
			stopped = append(stopped, pid)
		}
	}
	return func() {
		for _, pid := range stopped {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	}
}
