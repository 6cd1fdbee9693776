package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"
)

// A library is a filled Help Center: six categories of ten sections, two of ten for
// who signed in or for staff, and articles of which two of three are English and the
// rest German; a few are drafts or deleted.
type library struct {
	seed     uint64
	articles int
	now      time.Time
	words    [][]string
}

const libraryCategories, sectionsPerCategory = 6, 10

func newLibrary(seed uint64, articles int) *library {
	return &library{seed, articles, time.Now().UTC().Truncate(time.Hour), vocabularies(seed)}
}

// copyAll writes everything, and the words by which mistyped ones are mended.
func (l *library) copyAll(ctx context.Context, conn *pgx.Conn) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		s := newSpeaker(l.seed, 1, l.words)
		for c := range libraryCategories {
			if _, err := tx.Exec(ctx, `insert into categories (title, position) values ($1, $2)`, upperFirst(s.say(0, 2)), c); err != nil {
				return err
			}
		}
		for i := range libraryCategories * sectionsPerCategory {
			visibility := map[int]string{3: "signed_in", 7: "staff"}[i%sectionsPerCategory]
			if visibility == "" {
				visibility = "public"
			}
			if _, err := tx.Exec(ctx, `insert into sections (category_id, title, position, visibility)
				select id, $2, $3, $4 from categories order by id limit 1 offset $1`, i/sectionsPerCategory, upperFirst(s.say(0, 2)), i, visibility); err != nil {
				return err
			}
		}
		var first int64
		if err := tx.QueryRow(ctx, `select min(id) from sections`).Scan(&first); err != nil {
			return err
		}
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{"articles"},
			[]string{"section_id", "title", "slug", "body", "headings", "plain", "locale", "status", "position", "published_at", "updated_at", "deleted_at"},
			pgx.CopyFromSlice(l.articles, func(i int) ([]any, error) { return l.article(s, first, i), nil })); err != nil {
			return err
		}
		return l.finish(ctx, tx)
	})
}

// article writes one: a title, and paragraphs under headings.
func (l *library) article(s *speaker, firstSection int64, i int) []any {
	language, locale := 0, "en"
	if i%3 == 2 {
		language, locale = 1, "de"
	}
	title := upperFirst(strings.NewReplacer(". ", " ", ".\n\n", " ").Replace(s.say(language, 3+s.IntN(4))))
	var body, headings, plain strings.Builder
	for range 2 + s.IntN(6) {
		heading, text := upperFirst(s.say(language, 2)), s.say(language, 40+s.IntN(60))
		fmt.Fprintf(&body, "## %s\n\n%s\n\n", heading, text)
		fmt.Fprintf(&headings, "%s\n", heading)
		fmt.Fprintf(&plain, "%s\n%s\n", heading, text)
	}
	status, deleted, at := "published", any(nil), l.now.Add(-time.Duration(i)*time.Hour)
	switch {
	case i%20 == 7:
		status = "draft"
	case i%50 == 11:
		deleted = at
	}
	slug := strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return '-'
	}, strings.ToLower(title)), "-")
	section := firstSection + int64(s.IntN(libraryCategories*sectionsPerCategory))
	return []any{section, title, slug, body.String(), headings.String(), plain.String(), locale, status, i, at, at, deleted}
}

// finish adds what stands beside articles, and looks at all of it once.
func (l *library) finish(ctx context.Context, tx pgx.Tx) error {
	visitor := sha256.Sum256([]byte("visitor"))
	for _, sql := range []string{
		`insert into article_revisions (article_id, number, kind, title, body) select id, 1, 'created', title, body from articles`,
		`insert into article_words (word) select distinct w from articles a, unnest(tsvector_to_array(to_tsvector('simple', a.title || ' ' || a.plain))) w
		 where a.status = 'published' and w ~ '^[[:alpha:]]{3,30}$' order by w on conflict do nothing`,
		`analyze`,
	} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `insert into article_feedback (article_id, visitor, helpful)
		select id, $1::bytea || int4send(n), (id + n) % 3 <> 0 from articles, generate_series(1, 3) n where id % 2 = 0`, visitor[:])
	return err
}

func upperFirst(text string) string {
	r := []rune(text)
	r[0] = unicode.ToUpper(r[0])
	return string(r)
}
