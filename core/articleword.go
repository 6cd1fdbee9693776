package core

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// Words of articles, and what somebody who mistyped one may have meant. PostgreSQL
// finds the words that share trigrams with it, and the fewest letters to change
// decide among them.

// learnWords keeps the words of an article that was published. They are in order, so
// that two who publish never wait in a circle.
func learnWords(ctx context.Context, tx pgx.Tx, id ArticleID) error {
	_, err := tx.Exec(ctx, `
		insert into article_words (word)
		select w from articles a, unnest(tsvector_to_array(to_tsvector('simple', a.title || ' ' || left(a.plain, 100000)))) w
		where a.id = $1 and w ~ '^[[:alpha:]]{3,30}$' order by w on conflict do nothing`, id)
	return err
}

const (
	mostTypedWords = 8 // of a search are looked up
	mostMeant      = 3 // words may be meant by one
)

// alikeWords gives a search with every unknown word changed into those that it may
// have been: as one reads it, and as a tsquery. Empty where nothing is alike. Words
// that stand only where the reader may not read are unknown, and never offered.
func alikeWords(ctx context.Context, tx pgx.Tx, reader Actor, typed string) (instead, query string, err error) {
	words := strings.FieldsFunc(strings.ToLower(nfc(typed)), func(r rune) bool { return !searchable(r) })
	words = words[:min(len(words), mostTypedWords)]
	args := reader.helpSight()
	args["words"] = words
	candidates, err := rows[struct{ Typed, Word string }](ctx, tx, `
		select t.typed, n.word from unnest(@words::text[]) t(typed) cross join lateral (
			select w.word from unnest(word_grams(t.typed)) g cross join lateral (
				select word from article_words where grams @> array[g] and length(word) between length(t.typed) - 2 and length(t.typed) + 2) w
			group by w.word order by w.word = t.typed desc, count(*) desc, w.word limit 40) n
		where 'staff' = any(@sees) or exists (select from articles a join sections s on s.id = a.section_id
			where a.search @@ phraseto_tsquery('simple', n.word) and `+readsArticle+`)`, args)
	if err != nil {
		return "", "", err
	}
	meant := map[string][]string{}
	for _, c := range candidates {
		meant[c.Typed] = append(meant[c.Typed], c.Word)
	}
	changed := false
	var read, all []string
	for _, word := range words {
		near := nearest(word, meant[word])
		if len(near) == 0 {
			near = []string{word}
		}
		changed = changed || near[0] != word
		read = append(read, near[0])
		all = append(all, "('"+strings.Join(near, "':* | '")+"':*)")
	}
	if !changed {
		return "", "", nil
	}
	return strings.Join(read, " "), strings.Join(all, " & "), nil
}

// nearest are the words with the fewest letters to change, if these are few enough:
// none in up to three letters, one in up to seven, else two. The word itself, if it is
// known, stands alone.
func nearest(typed string, words []string) (near []string) {
	least := 0
	switch n := utf8.RuneCountInString(typed); {
	case n > 7:
		least = 2
	case n > 3:
		least = 1
	}
	for _, word := range words {
		switch n := letterChanges([]rune(typed), []rune(word)); {
		case n < least:
			least, near = n, []string{word}
		case n == least && !slices.Contains(near, word):
			near = append(near, word)
		}
	}
	return near[:min(len(near), mostMeant)]
}

// letterChanges counts the letters to add, to drop, to replace, or to swap with their
// neighbour, that make one word another (Damerau's distance, no letter twice).
func letterChanges(a, b []rune) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
