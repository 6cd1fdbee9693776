package core

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// An Excerpt shows where a search found its words. The zero Excerpt is that of a
// list without a search.
type Excerpt struct {
	Subject []Piece // the whole of it
	Text    []Piece // a few words; none where only the subject or the people have them
	Note    bool    // the text is private
}

// A Piece is text, marked if it was looked for. It is as somebody wrote it: whoever
// shows it escapes it.
type Piece struct {
	Text   string
	Marked bool
}

// Of a text no more is looked at, and no more shown, in characters.
const (
	mostExcerpted = 20_000
	excerptBefore = 60
	excerptAfter  = 140
)

// excerpts marks the words of the inquiry in subjects, and in the messages and
// notes that the hits name.
func (q inquiry) excerpts(ctx context.Context, tx pgx.Tx, listed []ConversationRow, hits []hit) error {
	if len(q.terms) == 0 {
		return nil
	}
	posts := make([]int64, len(hits))
	for i, h := range hits {
		posts[i] = h.Post
	}
	texts, err := rows[struct{ Text string }](ctx, tx, `
		select coalesce(left(case when post > 0 then (select m.text from messages m where m.id = post)
			when post < 0 then (select n.text from notes n where n.id = -post) end, @most), '') as text
		from unnest(@posts::bigint[]) with ordinality as p (post, n) order by n`, pgx.StrictNamedArgs{"posts": posts, "most": mostExcerpted})
	if err != nil {
		return err
	}
	marker := q.marker()
	for i := range listed {
		listed[i].Found = Excerpt{Subject: marker.mark(listed[i].Subject)}
		if cut, ok := marker.cut(texts[i].Text); ok {
			listed[i].Found.Text, listed[i].Found.Note = cut, hits[i].Post < 0
		}
	}
	return nil
}

// A marker knows words as they are compared.
type marker struct {
	words     map[string]bool
	beginning string // of a word that may go on
}

func (q inquiry) marker() marker {
	m := marker{words: map[string]bool{}}
	for _, t := range q.terms {
		if t.barred {
			continue
		}
		var last string
		for _, w := range wordSpans(t.text) {
			last = searchFold(t.text[w.from:w.to])
			m.words[last] = true
		}
		if t.goesOn {
			m.beginning = last
		}
	}
	return m
}

func (m marker) knows(word string) bool {
	folded := searchFold(word)
	return m.words[folded] || m.beginning != "" && strings.HasPrefix(folded, m.beginning)
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// A span is a word in a text, by its bytes.
type span struct{ from, to int }

// wordSpans finds the words; in scripts without spaces each letter is one.
func wordSpans(text string) (found []span) {
	start := -1
	end := func(at int) {
		if start >= 0 {
			found = append(found, span{start, at})
		}
		start = -1
	}
	for i, r := range text {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
			end(i)
			found = append(found, span{i, i + utf8.RuneLen(r)})
		case isWordRune(r) || unicode.Is(unicode.Mn, r) && start >= 0:
			if start < 0 {
				start = i
			}
		default:
			end(i)
		}
	}
	end(len(text))
	return found
}

// mark splits a text at the words that are known.
func (m marker) mark(text string) []Piece {
	var pieces []Piece
	at := 0
	for _, w := range wordSpans(text) {
		if !m.knows(text[w.from:w.to]) {
			continue
		}
		if w.from > at {
			pieces = append(pieces, Piece{Text: text[at:w.from]})
		}
		if last := len(pieces) - 1; last >= 0 && pieces[last].Marked && w.from == at {
			pieces[last].Text += text[w.from:w.to]
		} else {
			pieces = append(pieces, Piece{text[w.from:w.to], true})
		}
		at = w.to
	}
	if at < len(text) {
		pieces = append(pieces, Piece{Text: text[at:]})
	}
	return pieces
}

// cut takes the words around the first that is known; ok is false where none is.
func (m marker) cut(text string) (pieces []Piece, ok bool) {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	for _, w := range wordSpans(text) {
		if !m.knows(text[w.from:w.to]) {
			continue
		}
		before, after := lastRunes(text[:w.from], excerptBefore), firstRunes(text[w.from:], excerptAfter)
		if len(before) < w.from {
			before = "… " + afterSpace(before)
		}
		if w.from+len(after) < len(text) {
			after += " …"
		}
		return m.mark(before + after), true
	}
	return nil, false
}

// afterSpace leaves out half a word.
func afterSpace(s string) string {
	if _, rest, found := strings.Cut(s, " "); found {
		return rest
	}
	return s
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func lastRunes(s string, n int) string {
	at := len(s)
	for ; n > 0 && at > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(s[:at])
		at -= size
	}
	return s[at:]
}
