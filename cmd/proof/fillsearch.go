package main

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// withoutTriggers keeps them still while do copies: those that follow words for the
// search take a millisecond a row, and all rows at once take a fraction of that.
func withoutTriggers(ctx context.Context, tx pgx.Tx, do func() error) error {
	turn := `do $$ declare t text; begin
		for t in select distinct tgrelid::regclass::text from pg_trigger where not tgisinternal loop
			execute 'alter table ' || t || ' disable trigger user';
		end loop;
	end $$`
	if _, err := tx.Exec(ctx, turn); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, strings.Replace(turn, "disable", "enable", 1))
	return err
}

// learnWords does what the triggers would have done, on two connections, and sorts
// the words into their index at the end.
func learnWords(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var index, why string
	if err := conn.QueryRow(ctx, `
		select pg_get_indexdef(oid), coalesce(obj_description(oid, 'pg_class'), '') from pg_class where relname = 'search_entries_words'`).Scan(&index, &why); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `drop index search_entries_words`); err != nil {
		return err
	}
	group, within := errgroup.WithContext(ctx)
	for half := range 2 {
		group.Go(func() error { return learnHalf(within, url, half) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, `set maintenance_work_mem = '256MB'; `+index+`; comment on index search_entries_words is `+quoted(why))
	return err
}

func learnHalf(ctx context.Context, url string, half int) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	_, err = conn.Exec(ctx, `
		select search_renew(ids) from (select array_agg(id order by id) as ids from conversations where id % 2 = $1 group by id / 1000) pieces`, half)
	return err
}
