package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"time"
)

type migrateCommand struct {
	Starts  int           `help:"Gateways that start at once on one database." default:"5"`
	Kills   int           `help:"Kills in the middle of each migration: by turns of the process, and of PostgreSQL's below it." default:"2"`
	Seed    uint64        `help:"Chooses the statements again; 0 draws one." default:"0"`
	Timeout time.Duration `help:"For everything." default:"2h"`
	Control bool          `help:"Then leave a migration half done by hand, and fail unless the comparison finds it."`
}

// Run fails unless gateways that start together bring the schema up to date once,
// and a killed migration can be run again to the same schema.
func (m *migrateCommand) Run(ctx context.Context, c *commands) error {
	ctx, cancel := context.WithTimeout(ctx, m.Timeout)
	defer cancel()
	m.Seed = seeded(m.Seed)
	return onFleet(ctx, c, "migrate", []string{"max_connections=300"}, func(f *fleet) error {
		if err := m.race(ctx, f); err != nil {
			return err
		}
		k := &migrationKiller{migrateCommand: m, fleet: f, binary: f.gateways[0].binary, random: rand.New(rand.NewPCG(m.Seed, 1))}
		if err := k.prove(ctx); err != nil {
			return err
		}
		tellFigure("%d starts at once, each migration applied once; %d kills in the middle of %d migrations, each rerun to the same schema", m.Starts, k.kills, len(k.steps))
		if !m.Control {
			return nil
		}
		return k.control(ctx)
	})
}

// race starts gateways on an empty database, and on one whose newest migrations are
// missing, as an older program leaves it.
func (m *migrateCommand) race(ctx context.Context, f *fleet) error {
	begin := time.Now()
	var all []*gateway
	for n := range m.Starts {
		all = append(all, f.make(fmt.Sprintf("start%d", n+1), "smtp,web,mail"))
	}
	if err := startAll(ctx, all); err != nil {
		return err
	}
	if err := m.once(ctx, f.server, "postdesk"); err != nil {
		return err
	}
	fmt.Printf("%d gateways that started at once on an empty database all came up in %.1f s\n", m.Starts, time.Since(begin).Seconds())
	for _, g := range all {
		g.stop()
	}
	return nil
}

// once fails unless each migration was applied exactly once, and the last is the
// newest that anybody applied.
func (m *migrateCommand) once(ctx context.Context, s *server, database string) error {
	said, err := s.ask(ctx, database, `select string_agg(version_id || ' ' || n, ', ') from (
		select version_id, count(*) n from goose_db_version where is_applied group by 1 having count(*) <> 1) x`)
	if err == nil && said != "" {
		err = fmt.Errorf("migrations that were not applied once: %s", said)
	}
	return err
}

// A migrationKiller stops migrations in the middle of a statement and kills.
type migrationKiller struct {
	*migrateCommand
	fleet  *fleet
	binary string
	random *rand.Rand

	steps     []migrationSteps
	reference string // the schema of a migration in peace
	kills     int
}

// migrationSteps are the numbers of the statements of one migration, counted from
// the first of all.
type migrationSteps struct {
	after       string // the version before it
	first, last int
}

// traps let a migration wait at the statement that is aimed at, for a lock that the
// proof has. They stand in a schema of their own, and are taken away before the
// migration is run again.
const traps = `
	create schema proof;
	create sequence proof.step;
	create table proof.plan as select %d::bigint as target;
	create table proof.log (step bigint, after bigint);
	create function proof.tick() returns event_trigger language plpgsql as $$
	declare
		n bigint := nextval('proof.step');
		v bigint := 0;
	begin
		if to_regclass('public.goose_db_version') is not null then
			execute 'select coalesce(max(version_id), 0) from public.goose_db_version' into v;
		end if;
		insert into proof.log values (n, v);
		if n = (select target from proof.plan) then
			perform pg_advisory_lock(1);
		end if;
	end $$;
	create event trigger tick on ddl_command_end execute function proof.tick()`

// prove learns the statements from a migration in peace, and kills in each migration.
func (k *migrationKiller) prove(ctx context.Context) error {
	s := k.fleet.server
	if _, err := k.trapped(ctx, "peace", 0); err != nil {
		return err
	}
	if out, err := k.migrate(ctx, "peace").CombinedOutput(); err != nil {
		return fmt.Errorf("migrate: %w\n%s", err, out)
	}
	said, err := s.ask(ctx, "peace", `select string_agg(concat_ws(' ', after, first, last), ',' order by first) from (
		select after, min(step) as first, max(step) as last from proof.log group by after) x`)
	if err != nil {
		return err
	}
	for text := range strings.SplitSeq(said, ",") {
		var p migrationSteps
		if _, err := fmt.Sscan(text, &p.after, &p.first, &p.last); err != nil {
			return err
		}
		k.steps = append(k.steps, p)
	}
	if k.reference, err = s.schema(ctx, "peace"); err != nil {
		return err
	}
	for n := range k.Kills {
		for at := 0; at < len(k.steps); at += migrationsAtOnce {
			if err := k.batch(ctx, n, k.steps[at:min(at+migrationsAtOnce, len(k.steps))]); err != nil {
				return err
			}
		}
	}
	return nil
}

// migrationsAtOnce wait in databases of their own; a kill hits all of them.
const migrationsAtOnce = 6

// A halted migration waits in the middle of a statement.
type halted struct {
	database string
	process  *exec.Cmd
	release  func()
}

// batch halts some migrations, kills, and runs all of them again.
func (k *migrationKiller) batch(ctx context.Context, round int, steps []migrationSteps) error {
	var waiting []halted
	defer func() {
		for _, h := range waiting {
			h.release()
		}
	}()
	for _, p := range steps {
		h, err := k.halt(ctx, fmt.Sprintf("kill_%d_%s", round, p.after), p.first+k.random.IntN(p.last-p.first+1))
		waiting = append(waiting, h)
		if err != nil {
			return fmt.Errorf("after version %s: %w", p.after, err)
		}
	}
	if err := k.kill(ctx, round, waiting); err != nil {
		return err
	}
	k.kills += len(waiting)
	return together(len(waiting), func(n int) error { return k.again(ctx, waiting[n].database) })
}

// kill ends all processes, or one of PostgreSQL's, by which PostgreSQL ends all
// sessions and recovers as after a crash.
func (k *migrationKiller) kill(ctx context.Context, round int, waiting []halted) error {
	s := k.fleet.server
	if round%2 == 0 {
		for _, h := range waiting {
			_ = h.process.Process.Kill()
			_ = h.process.Wait() // it was killed
			h.release()
		}
		return nil
	}
	pid, err := s.ask(ctx, "postgres", `select pid from pg_stat_activity where wait_event = 'advisory' limit 1`)
	if err != nil {
		return err
	}
	if err := s.killBackend(pid); err != nil {
		return err
	}
	for _, h := range waiting {
		if h.process.Wait() == nil {
			return errors.New("a migration succeeded though PostgreSQL crashed below it")
		}
		h.release()
	}
	return s.awaitReady(ctx)
}

// control leaves out one statement of the newest migration.
func (k *migrationKiller) control(ctx context.Context) error {
	s := k.fleet.server
	if _, err := s.create(ctx, "control"); err != nil {
		return err
	}
	if out, err := k.migrate(ctx, "control").CombinedOutput(); err != nil {
		return fmt.Errorf("migrate: %w\n%s", err, out)
	}
	index, err := s.ask(ctx, "control", `select indexname from pg_indexes where schemaname = 'public' and tablename = 'deliveries' and indexname not in (select conname from pg_constraint) limit 1`)
	if err != nil {
		return err
	}
	if _, err := s.ask(ctx, "control", `drop index `+index); err != nil {
		return err
	}
	if err := k.again(ctx, "control"); err == nil {
		return errors.New("the control was not found: a schema without one index passed")
	}
	fmt.Println("control, a schema without one index: found")
	return nil
}
