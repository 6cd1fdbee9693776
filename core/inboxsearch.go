package core

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// An inquiry is what was typed to find conversations, by the rules that people know
// from searching elsewhere: all words, "quoted words" together, -without some, and
// #number for one conversation. The last word may go on. Letter case and accents do
// not count. The words of subject and people are found together with those of each
// message and note.
type inquiry struct {
	number ConversationID
	terms  []term
	words  string // a tsquery; empty: nothing was asked for but the number
	barred string // a tsquery of what must not stand anywhere in the conversation
}

type term struct {
	text   string
	barred bool
	goesOn bool
}

// mostTerms of an inquiry count.
const mostTerms = 12

// parseInquiry reads what was typed.
func parseInquiry(typed string) (q inquiry) {
	rest := strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`).Replace(cleanLine(typed, 200))
	if number, only := strings.CutPrefix(rest, "#"); only || len(rest) < 19 {
		if n, err := strconv.ParseInt(number, 10, 64); err == nil && n > 0 {
			q.number = ConversationID(n)
			if only {
				return q
			}
		}
	}
	for rest = strings.TrimSpace(rest); rest != "" && len(q.terms) < mostTerms; rest = strings.TrimSpace(rest) {
		var t term
		if after, found := strings.CutPrefix(rest, "-"); found && after != "" && after[0] != ' ' {
			t.barred, rest = true, after
		}
		if after, quoted := strings.CutPrefix(rest, `"`); quoted {
			t.text, rest, _ = strings.Cut(after, `"`)
		} else {
			t.text, rest, _ = strings.Cut(rest, " ")
			t.goesOn = rest == "" && !t.barred && mayGoOn(t.text)
		}
		if strings.ContainsFunc(t.text, isWordRune) {
			q.terms = append(q.terms, t)
		}
	}
	return q
}

// mayGoOn tells the beginning of a word that is long enough to say something: one
// letter begins thousands of words.
func mayGoOn(text string) bool {
	last, _ := utf8.DecodeLastRuneInString(text)
	return isWordRune(last) && utf8.RuneCountInString(text) >= 3
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

// readInquiry has the database make its queries of the words, with the same
// functions that made the index of the texts.
func readInquiry(ctx context.Context, tx pgx.Tx, typed string) (inquiry, error) {
	q := parseInquiry(typed)
	wanted, barred := []string{`''::tsquery`}, []string{`''::tsquery`}
	args := pgx.NamedArgs{}
	for i, t := range q.terms {
		name := fmt.Sprintf("term%d", i)
		args[name] = t.text
		made := `phraseto_tsquery('pg_catalog.simple', search_fold(@` + name + `::text))`
		if t.goesOn {
			made = `coalesce((nullif(` + made + `::text, '') || ':*')::tsquery, '')`
		}
		if t.barred {
			barred = append(barred, made)
		} else {
			wanted = append(wanted, made)
		}
	}
	if len(q.terms) == 0 {
		return q, nil
	}
	made, err := one[struct{ Words, Barred string }](ctx, tx,
		`select (`+strings.Join(wanted, ` && `)+`)::text as words, (`+strings.Join(barred, ` || `)+`)::text as barred`, args)
	q.words, q.barred = made.Words, made.Barred
	return q, err
}

// How many of the newest conversations of a list are looked through one by one
// before the index of words is asked. A word that many have in them fills a page on
// this way at once, where the index would name them all; of one that few have, the
// index names few.
const (
	lookedThrough         = 1_000
	lookedThroughNarrowly = 4_000 // of who sees not everything, and whom the index would name mostly what is hidden
)

// search finds the first n of the list. What the actor may not view is not looked
// at: it neither gives a hit nor counts.
func (f ListFilter) search(ctx context.Context, tx pgx.Tx, actor Actor, q inquiry, n int) ([]hit, error) {
	var hits []hit
	l := f.listing(actor).from(f.Cursor)
	newer := f.Cursor != nil && f.Cursor.Newer
	if q.words != "" {
		l.args["words"] = q.words
		barring := ``
		if q.barred != "" {
			barring = ` and not exists (select from search_entries e where e.conversation_id = c.id and e.words @@ @barred::tsquery offset 0)`
			l.args["barred"] = q.barred
		}
		window := max(n, lookedThrough)
		if actor.rights().Access != AccessAll {
			window = max(n, lookedThroughNarrowly)
		}
		var err error
		if hits, err = plannedRows[hit](ctx, tx, l.walk(newer, window, n, barring), l.args); err != nil {
			return nil, err
		}
		if len(hits) < n {
			seen, err := planned[int](ctx, tx, `select count(*)::int from `+l.ids(newer, window)+` c`, l.args)
			if err != nil {
				return nil, err
			}
			if seen == window {
				if hits, err = plannedRows[hit](ctx, tx, l.lookUp(newer, n, barring), l.args); err != nil {
					return nil, err
				}
			}
		}
	}
	return f.addNumbered(ctx, tx, actor, q, hits)
}

// walk looks through the newest ones until n are found. "offset 0" keeps the
// database from turning the order round.
func (l listing) walk(newer bool, window, n int, barring string) string {
	return fmt.Sprintf(`
		select c.id, found.post from %s c cross join lateral (
			select e.post from search_entries e where e.conversation_id = c.id and e.words @@ @words::tsquery
			order by e.post desc limit 1) found
		where true%s%s limit %d`, l.ids(newer, window), barring, activity(newer), n)
}

// lookUp asks the index of words.
func (l listing) lookUp(newer bool, n int, barring string) string {
	return fmt.Sprintf(`
		with found as materialized (
			select conversation_id, max(post) as post from search_entries where words @@ @words::tsquery group by conversation_id)
		select c.id, found.post from found join conversations c on c.id = found.conversation_id
		where %s and (%s)%s%s limit %d`, l.where, strings.Join(l.sources, ` or `), barring, activity(newer), n)
}

// addNumbered puts the conversation of that number on top of the first page.
func (f ListFilter) addNumbered(ctx context.Context, tx pgx.Tx, actor Actor, q inquiry, hits []hit) ([]hit, error) {
	if q.number == 0 || f.Cursor != nil {
		return hits, nil
	}
	l := f.listing(actor)
	l.args["number"] = q.number
	numbered, err := plannedRows[hit](ctx, tx, `select c.id, 0::bigint as post from conversations c
		where c.id = @number and `+l.where+` and (`+strings.Join(l.sources, ` or `)+`)`, l.args)
	if err != nil {
		return nil, err
	}
	for _, h := range hits {
		if len(numbered) == 0 || h.ID != numbered[0].ID {
			numbered = append(numbered, h)
		}
	}
	return numbered, nil
}
