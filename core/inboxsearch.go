package core

import (
	"context"
	"fmt"
	"maps"
	"regexp"
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
		args[name] = canonicalWord(t.text)
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
	lookedThroughFirst = 250    // how common the words are shows in these
	commonFrom         = 6      // hits among them, for which it is worth to go on
	lookedThrough      = 4_000  // then, at most
	mostNamed          = 5_000  // youngest of what the index names
	mostJudged         = 5_000  // of these, where some words must not be there
	lookedThroughOwn   = 4_000  // of who sees only their own: the index would name mostly what is hidden
	lookedThroughAtAll = 10_000 // for a phrase of words that many have
)

// search finds the first n of the list. What the actor may not view is not looked
// at: it neither gives a hit nor counts. Not 0, bound is how many of the newest
// were looked through, where there may be more behind them.
func (f ListFilter) search(ctx context.Context, tx pgx.Tx, actor Actor, q inquiry, n int) (hits []hit, bound int, err error) {
	if q.words == "" {
		hits, err = f.addNumbered(ctx, tx, actor, q, nil)
		return hits, 0, err
	}
	s := searcher{listing: f.listing(actor).from(f.Cursor), newer: f.Cursor != nil && f.Cursor.Newer, bars: q.barred != ""}
	s.args["words"] = q.words
	if s.bars {
		s.args["barred"] = q.barred
	}
	window := lookedThroughFirst
	if actor.rights().Access == AccessOwn {
		window = lookedThroughOwn
	}
	hits, all, err := s.lookThrough(ctx, tx, max(n, window), n)
	if found := len(hits); err == nil && !all && window == lookedThroughFirst && found >= commonFrom {
		window = min(lookedThrough, window+window*n/found*3/2)
		hits, all, err = s.lookThrough(ctx, tx, max(n, window), n)
	}
	if err == nil && !all {
		hits, bound, err = s.lookFurther(ctx, tx, q, n)
	}
	if err != nil {
		return nil, 0, err
	}
	hits, err = f.addNumbered(ctx, tx, actor, q, hits)
	return hits, bound, err
}

// lookFurther asks the index of words, unless it would name too much: it knows
// words, but not which stand together.
func (s searcher) lookFurther(ctx context.Context, tx pgx.Tx, q inquiry, n int) (hits []hit, bound int, err error) {
	if plain := nextTo.ReplaceAllString(q.words, "&"); plain != q.words {
		apart := s
		apart.args = maps.Clone(s.args)
		apart.args["words"] = plain
		some, all, err := apart.lookThrough(ctx, tx, lookedThroughFirst, commonFrom)
		if err != nil {
			return nil, 0, err
		}
		if all && len(some) == commonFrom {
			hits, all, err = s.lookThrough(ctx, tx, lookedThroughAtAll, n)
			if !all {
				bound = lookedThroughAtAll
			}
			return hits, bound, err
		}
	}
	hits, err = plannedRows[hit](ctx, tx, s.lookUp(n), s.args)
	return hits, 0, err
}

// nextTo is between the words of a phrase, as PostgreSQL writes a tsquery. Words
// have no such signs (search_fold).
var nextTo = regexp.MustCompile(`<(-|\d+)>`)

// A searcher looks for words in a listing.
type searcher struct {
	listing
	newer bool
	bars  bool // some words must not be there
}

// lookThrough finds n among the first of the list; all tells that there is no more
// to be found, or to be asked for.
func (s searcher) lookThrough(ctx context.Context, tx pgx.Tx, window, n int) (hits []hit, all bool, err error) {
	hits, err = plannedRows[hit](ctx, tx, s.walk(window, n), s.args)
	if err != nil || len(hits) == n {
		return hits, true, err
	}
	listed, err := planned[int](ctx, tx, `select count(*)::int from `+s.ids(s.newer, window)+` c`, s.args)
	return hits, listed < window, err
}

// walk looks through the window until n are found. "offset 0" keeps the database
// from turning the order round.
func (s searcher) walk(window, n int) string {
	barring := ``
	if s.bars {
		barring = ` and not exists (select from search_entries e where e.conversation_id = c.id and e.words @@ @barred::tsquery offset 0)`
	}
	return fmt.Sprintf(`
		select c.id, found.post from %s c cross join lateral (
			select e.post from search_entries e where e.conversation_id = c.id and e.words @@ @words::tsquery
			order by e.post desc limit 1) found
		where true%s%s limit %d`, s.ids(s.newer, window), barring, activity(s.newer), n)
}

// lookUp asks the index of words. "lateral" and "offset 0" keep the database from
// reading all conversations for the few that are named.
func (s searcher) lookUp(n int) string {
	named := fmt.Sprintf(`
		select c.id, c.updated_at, found.post from (
			select conversation_id, max(post) as post from search_entries where words @@ @words::tsquery
			group by conversation_id order by conversation_id desc limit %d) found
		cross join lateral (select * from conversations c where c.id = found.conversation_id offset 0) c
		where %s and (%s)%s`, mostNamed, s.where, strings.Join(s.sources, ` or `), activity(s.newer))
	if !s.bars {
		return fmt.Sprintf(`select id, post from (%s limit %d) c%s`, named, n, activity(s.newer))
	}
	return fmt.Sprintf(`select c.id, c.post from (%s limit %d) c
		where not exists (select from search_entries e where e.conversation_id = c.id and e.words @@ @barred::tsquery offset 0)%s limit %d`,
		named, mostJudged, activity(s.newer), n)
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
