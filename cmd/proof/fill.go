package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"postdesk/core/localpg"
)

// sizes are how much a filled help desk has, and how it is chosen.
type sizes struct {
	Conversations int    `help:"Conversations." default:"100000"`
	People        int    `help:"People, staff among them." default:"50000"`
	Messages      int    `help:"Messages; half as many notes and events come along." default:"500000"`
	Long          int    `help:"Conversations with 200 entries." default:"50"`
	Seed          uint64 `help:"The same seed makes the same help desk, but for its dates, which end today." default:"1"`
}

type fillCommand struct {
	sizes
	DatabaseURL string        `help:"PostgreSQL with a help desk without conversations." placeholder:"URL"`
	DataDir     string        `help:"Or the data folder of a gateway, whose private PostgreSQL is taken." placeholder:"DIR"`
	Timeout     time.Duration `help:"For everything." default:"15m"`
}

// Run fills an empty help desk, whether its gateway runs or not, with the years of
// a busy one. The words are of several languages and as frequent as words are.
func (c *fillCommand) Run(ctx context.Context, all *commands) error {
	if (c.DatabaseURL == "") == (c.DataDir == "") {
		return errors.New("fill wants either --database-url or --data-dir")
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	w, err := openWorkshop(ctx, all)
	if err != nil {
		return err
	}
	defer w.close()
	g := &gateway{binary: w.binary, dataDir: c.DataDir, database: c.DatabaseURL}
	if c.DataDir == "" {
		g.dataDir = w.dir
	}
	if _, err := g.command(ctx, "", "migrate"); err != nil {
		return err
	}
	url := c.DatabaseURL
	if url == "" {
		server, err := localpg.Open(ctx, c.DataDir, startTime, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		defer func() { _ = server.Close() }()
		url = server.URL()
	}
	return c.fill(ctx, url)
}

// fill puts everything into the migrated database and tells what it did.
func (s sizes) fill(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	start := time.Now()
	st, err := newStock(s, start)
	if err != nil {
		return err
	}
	var told []string
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var any bool
		if err := tx.QueryRow(ctx, `select exists (select from conversations) or exists (select from users)`).Scan(&any); err != nil {
			return err
		}
		if any {
			return errors.New("somebody uses this help desk already: fill wants one without people and conversations")
		}
		return withoutTriggers(ctx, tx, func() error {
			return withoutReferences(ctx, tx, func() error {
				told, err = st.copyAll(ctx, tx)
				return err
			})
		})
	})
	if err != nil {
		return err
	}
	if err := learnWords(ctx, url); err != nil {
		return fmt.Errorf("words for the search: %w", err)
	}
	if _, err := conn.Exec(ctx, `vacuum analyze`); err != nil {
		return err
	}
	fmt.Printf("seed %d: %s in %.1f s\n", s.Seed, strings.Join(told, ", "), time.Since(start).Seconds())
	return nil
}

// withoutReferences takes the foreign keys away while do copies, and has them
// checked for all rows at once afterwards: row by row takes several times as long,
// and mails and messages refer to each other.
func withoutReferences(ctx context.Context, tx pgx.Tx, do func() error) error {
	rows, err := tx.Query(ctx, `
		select conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid), coalesce(obj_description(oid, 'pg_constraint'), '')
		from pg_constraint where contype = 'f' and connamespace = current_schema()::regnamespace`)
	if err != nil {
		return err
	}
	type reference struct{ table, name, definition, why string }
	references, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r reference, err error) {
		return r, row.Scan(&r.table, &r.name, &r.definition, &r.why)
	})
	if err != nil {
		return err
	}
	for _, r := range references {
		if _, err := tx.Exec(ctx, `alter table `+r.table+` drop constraint `+r.name); err != nil {
			return err
		}
	}
	if err := do(); err != nil {
		return err
	}
	for _, r := range references {
		again := `alter table ` + r.table + ` add constraint ` + r.name + ` ` + r.definition
		if r.why != "" {
			again += `; comment on constraint ` + r.name + ` on ` + r.table + ` is ` + quoted(r.why)
		}
		if _, err := tx.Exec(ctx, again); err != nil {
			return err
		}
	}
	return nil
}

func quoted(text string) string { return `'` + strings.ReplaceAll(text, `'`, `''`) + `'` }

// A table is rows to copy: next gives one, or nil at the end.
type table struct {
	name    string
	columns string
	next    func() []any
}

// copyTable returns how many rows there were. An identity goes on behind them.
func copyTable(ctx context.Context, tx pgx.Tx, t table) (int64, error) {
	n, err := tx.CopyFrom(ctx, pgx.Identifier{t.name}, strings.Fields(t.columns), pgx.CopyFromFunc(func() ([]any, error) { return t.next(), nil }))
	if err == nil && strings.HasPrefix(t.columns, "id ") {
		_, err = tx.Exec(ctx, `select setval(pg_get_serial_sequence('`+t.name+`', 'id'), coalesce((select max(id) from `+t.name+`), 1))`)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", t.name, err)
	}
	return n, err
}

func (st *stock) copyAll(ctx context.Context, tx pgx.Tx) (told []string, err error) {
	for _, t := range st.tables() {
		n, err := copyTable(ctx, tx, t)
		if err != nil {
			return nil, err
		}
		told = append(told, fmt.Sprintf("%d %s", n, strings.ReplaceAll(t.name, "_", " ")))
	}
	return told, nil
}
