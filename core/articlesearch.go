package core

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"
)

// An ArticleSearch is what a reader looks for.
type ArticleSearch struct {
	Typed    string
	Category CategoryID // 0: everywhere
	Drafts   bool       // drafts too, for staff
	Page     Page
}

// A Found is one article with what fits the search.
type Found struct {
	ArticleRef
	TitleParts   []FoundPart
	ExcerptParts []FoundPart // around the words that were found
}

// A FoundPart is a part of a text; Hit ones are the words that were looked for. All
// of it is text, never markup.
type FoundPart struct {
	Text string
	Hit  bool
}

// Findings are the answer to a search.
type Findings struct {
	Articles []Found
	Total    int    // at most mostFound are counted
	Instead  string // what was looked for instead, where nothing fits what was typed
}

// mostFound of the articles with a word are weighed against each other: who finds
// more needs another word.
const mostFound = 1000

// SearchArticles finds the articles with all words of what was typed, the last one as
// the beginning of a word; "a phrase", -without and or work as in other searches.
// Titles weigh more than headings, these more than the text. Where nothing fits, words
// that are alike are tried. What the reader may not see is not found.
func (d *Desk) SearchArticles(ctx context.Context, reader Actor, s ArticleSearch) (f Findings, err error) {
	defer wrap(&err, "search articles")
	s.Typed = cleanLine(s.Typed, 200)
	if !strings.ContainsFunc(s.Typed, searchable) {
		return Findings{}, nil
	}
	err = d.read(ctx, func(tx pgx.Tx) error {
		f, err = s.find(ctx, tx, reader, askedFor(s.Typed))
		if err != nil || f.Total > 0 {
			return err
		}
		instead, words, err := alikeWords(ctx, tx, reader, s.Typed)
		if err != nil || instead == "" {
			return err
		}
		if f, err = s.find(ctx, tx, reader, asked{options: words}); err == nil && f.Total > 0 {
			f.Instead = instead
		}
		return err
	})
	return f, err
}

// asked is a search as PostgreSQL takes it.
type asked struct {
	typed   string // whole words, in the syntax of websearch_to_tsquery
	whole   string // typed without the word that may go on
	begun   string // the word that may go on, as a tsquery; may be empty
	exact   bool   // phrases and exclusions: as written, in no language
	options string // a tsquery instead of all these
}

// askedFor reads what was typed.
func askedFor(typed string) asked {
	a := asked{typed: typed, whole: typed, exact: strings.Contains(typed, `"`) || strings.HasPrefix(typed, "-") || strings.Contains(typed, " -")}
	if i := strings.LastIndexByte(typed, ' ') + 1; !a.exact && !strings.ContainsFunc(typed[i:], func(r rune) bool { return !searchable(r) }) {
		a.whole, a.begun = typed[:i], "'"+typed[i:]+"':*"
	}
	return a
}

func searchable(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
}

// articleQuery is the tsquery of an asked: the words as they are typed, or their stems
// in one of the languages that Postdesk speaks.
const articleQuery = `(
	select case when @options <> '' then to_tsquery('simple', @options)
		when @exact then websearch_to_tsquery('simple', @typed)
		when @begun = '' then websearch_to_tsquery('simple', @typed) || websearch_to_tsquery('english', @typed) || websearch_to_tsquery('german', @typed)
		else (websearch_to_tsquery('simple', @whole) && to_tsquery('simple', @begun)) || websearch_to_tsquery('english', @typed) || websearch_to_tsquery('german', @typed)
	end as query) q`

// Marks of ts_headline. No text of an article holds them: cleanText takes them out.
const (
	hitStarts = "\x02"
	hitEnds   = "\x03"
)

const headlineOptions = `'StartSel=` + hitStarts + `, StopSel=` + hitEnds + `, MaxFragments=2, MaxWords=30, MinWords=12, FragmentDelimiter=" … "'`
const titleOptions = `'StartSel=` + hitStarts + `, StopSel=` + hitEnds + `, HighlightAll=true'`

// searchSQL weighs the first articles that fit, and makes excerpts of one page of
// them only.
const searchSQL = `
	with fit as materialized (
		select a.id, a.search, q.query` + fromArticles + ` cross join ` + articleQuery + `
		where a.search @@ q.query and (@category = 0 or s.category_id = @category) and ` + seesArticle + `
		and (@drafts or a.status = 'published')
		limit @most),
	best as (
		select id, query, ts_rank('{0, 0.1, 0.4, 1}', search, query, 1) as weight, count(*) over () as total
		from fit order by weight desc, id desc limit @limit offset @offset)
	select ` + articleRefColumns + `, b.total,
		ts_headline(article_config(a.locale), a.title, b.query, ` + titleOptions + `) as title_marked,
		ts_headline(article_config(a.locale), left(a.plain, 20000), b.query, ` + headlineOptions + `) as excerpt_marked
	from best b join articles a on a.id = b.id join sections s on s.id = a.section_id join categories c on c.id = s.category_id
	order by b.weight desc, b.id desc`

func (s ArticleSearch) find(ctx context.Context, tx pgx.Tx, reader Actor, a asked) (f Findings, err error) {
	args := reader.helpSight()
	args["typed"], args["whole"], args["begun"], args["exact"], args["options"] = a.typed, a.whole, a.begun, a.exact, a.options
	args["category"], args["drafts"], args["most"] = int64(s.Category), s.Drafts, mostFound
	args["limit"], args["offset"] = s.Page.bounds()
	found, err := rows[struct {
		ArticleRef
		Total         int
		TitleMarked   string
		ExcerptMarked string
	}](ctx, tx, searchSQL, args)
	for _, row := range found {
		f.Total = row.Total
		f.Articles = append(f.Articles, Found{row.ArticleRef, foundParts(row.TitleMarked), foundParts(row.ExcerptMarked)})
	}
	return f, err
}

// foundParts reads the marks of a headline.
func foundParts(marked string) (parts []FoundPart) {
	for i, piece := range strings.Split(marked, hitStarts) {
		hit, after, _ := strings.Cut(piece, hitEnds)
		if i == 0 {
			hit, after = "", piece
		}
		if hit != "" {
			parts = append(parts, FoundPart{hit, true})
		}
		if after != "" {
			parts = append(parts, FoundPart{after, false})
		}
	}
	return parts
}

// SuggestArticles offers published articles that may answer a text, such as a new
// question, best first: none for a text without words of an article's title.
func (d *Desk) SuggestArticles(ctx context.Context, reader Actor, text string, limit int) (found []ArticleRef, err error) {
	defer wrap(&err, "suggest articles")
	err = d.read(ctx, func(tx pgx.Tx) error {
		found, err = alike(ctx, tx, reader, text, 0, limit)
		return err
	})
	return found, err
}

// mostAlike articles are weighed for what stands beside another.
const mostAlike = 200

// mostAlikeWords of a text are looked for: the longest say the most.
const mostAlikeWords = 12

// alike finds articles with words of a text in their title or headings.
func alike(ctx context.Context, tx pgx.Tx, reader Actor, text string, but ArticleID, limit int) ([]ArticleRef, error) {
	words := longWords(cleanText(text, 5000))
	if len(words) == 0 {
		return nil, nil
	}
	args := reader.helpSight()
	args["words"], args["but"], args["limit"], args["most"] = words, but, max(1, min(limit, 20)), mostAlike
	return rows[ArticleRef](ctx, tx, `
		with asked as (
			select (string_agg('''' || lexeme || '''', ' | '))::tsquery as query from (
				select unnest(tsvector_to_array(to_tsvector('english', array_to_string(@words::text[], ' '))
					|| to_tsvector('german', array_to_string(@words::text[], ' ')))) as lexeme) l),
		fit as materialized (
			select a.id, ts_rank('{0, 0, 0.3, 1}', a.search, asked.query, 1) as weight`+fromArticles+` cross join asked
			where ts_filter(a.search, '{a,b}') @@ asked.query and a.id <> @but and `+readsArticle+` limit @most),
		best as (select id, weight from fit order by weight desc, id desc limit @limit)
		select `+articleRefColumns+` from best b join articles a on a.id = b.id join sections s on s.id = a.section_id
		join categories c on c.id = s.category_id order by b.weight desc, b.id desc`, args)
}

// longWords gives the longest words of a text, once each, in no order that matters.
func longWords(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !searchable(r) })
	words = slices.DeleteFunc(words, func(w string) bool { return len([]rune(w)) < 3 })
	slices.SortFunc(words, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	words = slices.Compact(words)
	return words[:min(len(words), mostAlikeWords)]
}
