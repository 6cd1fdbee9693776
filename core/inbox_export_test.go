package core

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ExplainList tells how the database finds a list, or what a search that fills no
// page by looking through comes to.
func ExplainList(ctx context.Context, d *Desk, actor Actor, f ListFilter) (plan string, err error) {
	err = d.read(ctx, func(tx pgx.Tx) error {
		l := f.listing(actor)
		asked := []string{`select * from ` + l.ids(false, 51) + ` c`, `select ` + l.count(mostShown)}
		if f.Query != "" {
			q, err := readInquiry(ctx, tx, f.Query)
			if err != nil {
				return err
			}
			s := searcher{listing: l}
			s.args["words"] = q.words
			hits, _, err := s.lookThrough(ctx, tx, lookedThroughFirst, 51)
			if asked = []string{s.lookUp(51)}; len(hits) == 51 {
				asked = []string{s.walk(lookedThroughFirst, 51)}
			}
			if err != nil {
				return err
			}
		}
		for _, sql := range asked {
			lines, err := plannedLines(ctx, tx, `explain `+sql, l.args)
			if err != nil {
				return err
			}
			plan += strings.Join(lines, "\n") + "\n"
		}
		return nil
	})
	return plan, err
}

func plannedLines(ctx context.Context, tx pgx.Tx, sql string, args pgx.NamedArgs) ([]string, error) {
	r, err := tx.Query(ctx, sql, pgx.QueryExecModeExec, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(r, pgx.RowTo[string])
}
