package core

import (
	"context"
	"errors"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"
)

// A Page is a piece of a list. The zero Page is the first.
type Page struct {
	Limit  int // default 50, at most 100
	Offset int
}

func (p Page) bounds() (limit, offset int) {
	limit = p.Limit
	if limit <= 0 {
		limit = 50
	}
	return min(limit, 100), max(p.Offset, 0)
}

// querier is the pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// rows reads all rows into structs, by column name.
func rows[T any](ctx context.Context, q querier, sql string, args ...any) ([]T, error) {
	r, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(r, pgx.RowToStructByName[T])
}

// one reads the only row, or gives ErrNotFound.
func one[T any](ctx context.Context, q querier, sql string, args ...any) (T, error) {
	r, err := q.Query(ctx, sql, args...)
	if err != nil {
		var none T
		return none, err
	}
	v, err := pgx.CollectExactlyOneRow(r, pgx.RowToStructByName[T])
	return v, notFound(err)
}

// value reads one column of the only row, or gives ErrNotFound.
func value[T any](ctx context.Context, q querier, sql string, args ...any) (T, error) {
	r, err := q.Query(ctx, sql, args...)
	if err != nil {
		var none T
		return none, err
	}
	v, err := pgx.CollectExactlyOneRow(r, pgx.RowTo[T])
	return v, notFound(err)
}

// list reads one page and counts the whole.
func list[T any](ctx context.Context, q querier, columns, where, order string, page Page, args pgx.StrictNamedArgs) ([]T, int, error) {
	total, err := value[int](ctx, q, `select count(*)`+where, args)
	if err != nil {
		return nil, 0, err
	}
	paged := pgx.StrictNamedArgs{}
	for k, v := range args {
		paged[k] = v
	}
	paged["limit"], paged["offset"] = page.bounds()
	found, err := rows[T](ctx, q, `select `+columns+where+` order by `+order+` limit @limit offset @offset`, paged)
	return found, total, err
}

func notFound(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// likePattern finds a text anywhere, taking its own % and _ as they are.
func likePattern(s string) string {
	s = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(cleanLine(s, 200))
	return "%" + s + "%"
}

// cleanLine makes one line of what a person typed: valid, composed, without
// controls, spaces folded, at most limit characters.
func cleanLine(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf) && r != '\u200c' && r != '\u200d':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Join(strings.Fields(nfc(s)), " ")
	if r := []rune(s); len(r) > limit {
		s = strings.TrimSpace(string(r[:limit]))
	}
	return s
}

// cleanText is cleanLine for several lines.
func cleanText(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || !unicode.IsControl(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.TrimSpace(s)
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit])
	}
	return s
}
