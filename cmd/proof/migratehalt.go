package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// trapped makes an empty database whose migration is counted, and waits at a
// statement if it reaches that number.
func (k *migrationKiller) trapped(ctx context.Context, database string, target int) (string, error) {
	url, err := k.fleet.server.create(ctx, database)
	if err == nil {
		_, err = k.fleet.server.ask(ctx, database, fmt.Sprintf(traps, target))
	}
	return url, err
}

func (k *migrationKiller) migrate(ctx context.Context, database string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, k.binary, "migrate", "--database-url", k.fleet.server.url(database))
	cmd.Env = environment(cmd.Environ())
	return cmd
}

// halt returns when the migration waits at the statement.
func (k *migrationKiller) halt(ctx context.Context, database string, step int) (h halted, err error) {
	h = halted{database: database, release: func() {}}
	url, err := k.trapped(ctx, database, step)
	if err != nil {
		return h, err
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return h, err
	}
	h.release = sync.OnceFunc(func() { _ = conn.Close(context.WithoutCancel(ctx)) })
	if _, err := conn.Exec(ctx, `select pg_advisory_lock(1)`); err != nil {
		return h, err
	}
	h.process = k.migrate(ctx, database)
	if err := h.process.Start(); err != nil {
		return h, err
	}
	for range 1000 {
		var waits bool
		err := conn.QueryRow(ctx, `select exists (select from pg_stat_activity where datname = current_database() and wait_event = 'advisory')`).Scan(&waits)
		if err != nil || waits {
			return h, err
		}
		pause(20)
	}
	return h, errors.New("the migration did not reach its statement")
}

// again runs a migration after a kill, and compares.
func (k *migrationKiller) again(ctx context.Context, database string) error {
	s := k.fleet.server
	if _, err := s.ask(ctx, database, `drop event trigger if exists tick`); err != nil {
		return err
	}
	if out, err := k.migrate(ctx, database).CombinedOutput(); err != nil {
		return fmt.Errorf("migrate again: %w\n%s", err, out)
	}
	schema, err := s.schema(ctx, database)
	if err != nil {
		return err
	}
	if schema != k.reference {
		return fmt.Errorf("%s: the schema is another one than that of a migration in peace", database)
	}
	return errors.Join(k.once(ctx, s, database), s.drop(ctx, database))
}

func (s *server) drop(ctx context.Context, database string) error {
	_, err := s.ask(ctx, "postgres", `drop database `+pgx.Identifier{database}.Sanitize()+` with (force)`)
	return err
}

// schema is all that PostgreSQL's own program tells of the tables.
func (s *server) schema(ctx context.Context, database string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "pg_dump"), "--schema-only", "--schema=public", "--dbname", s.url(database))
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("pg_dump: %w", err)
	}
	var lines []string
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, `\restrict`) && !strings.HasPrefix(line, `\unrestrict`) { // a word of the moment
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, ""), nil
}

// killBackend kills one of the server's own processes.
func (s *server) killBackend(pid string) error {
	n, err := strconv.Atoi(pid)
	if err != nil {
		return fmt.Errorf("no process of PostgreSQL waits: %w", err)
	}
	for _, own := range s.processes() {
		if own == n {
			return syscall.Kill(n, syscall.SIGKILL)
		}
	}
	return fmt.Errorf("process %d is not of this server", n)
}
