package eml

import (
	"strings"
	"unicode"

	"postdesk/core"
)

// pageMarks carries over what the page itself called a quote.
func (t *trimmer) pageMarks(marks []mark) {
	for _, m := range marks {
		i := t.after(t.lineAt(m.start))
		if i >= len(t.lines) || t.lines[i].kind != lineText && t.lines[i].kind != lineRule {
			continue
		}
		switch {
		case m.kind == markSignature, m.kind == markFields && !t.looksLikeFields(i):
		case m.kind == markRange && m.end > m.start:
			t.set(i, t.lineAt(m.end-1)+1, lineQuote)
			if next := t.after(i + 1); t.is(next, lineQuote) && t.lines[next].start < m.end {
				t.lines[i].kind = lineAttribution
			}
		default:
			t.quoteBegins(i, m.kind)
		}
	}
}

// quoteBegins: a mark over lines with ">" is an attribution; without any below,
// everything is older.
func (t *trimmer) quoteBegins(i int, kind markKind) {
	quote := i
	for quote < len(t.lines) && quote < i+7 && !t.is(quote, lineQuote) {
		quote++
	}
	if kind < markFields && t.is(quote, lineQuote) {
		t.set(i, quote, lineAttribution)
		return
	}
	t.lines[i].kind = lineHistory
}

// looksLikeFields tells whether most of the lines from i on are a short word, a
// colon and something.
func (t *trimmer) looksLikeFields(i int) bool {
	fields, n := 0, 0
	for ; i < len(t.lines) && n < 5 && t.lines[i].kind != lineBlank; i++ {
		n++
		s := t.of(i)
		if colon := strings.IndexAny(s, ":："); colon > 0 && colon < 40 && colon < len(s)-1 {
			fields++
		}
	}
	return fields >= 3
}

// foldText trims the text of a mail, and what its page knows better: where it
// says that a quote or a signature is, though its text does not show that.
func foldText(l core.Letter, marks []mark) []core.Span {
	l.Folds = trim(l.Text, marks)
	if l.HTML == "" || l.PlainText == "" || len(l.HTML) > maxTextIn || !mayMark(l.HTML) {
		return l.Folds
	}
	page := core.Letter{}
	page.Text, marks = htmlText(l.HTML)
	page.Folds = trim(page.Text, marks)
	l.Folds = foldQuoteOfPage(l, page, marks)
	signatures := 0
	for _, m := range marks {
		if m.kind != markSignature || m.end-m.start > maxSignatureBytes || m.end > len(page.Text) {
			continue
		}
		if signatures++; signatures > maxSignatures {
			break
		}
		span, ok := findWords(l.Text, page.Text[m.start:m.end], l.Folds)
		if !ok {
			continue
		}
		if with := addSpans(l.Folds, span); (core.Letter{Text: l.Text, Folds: with}).HasNewText() {
			l.Folds = with
		}
	}
	return l.Folds
}

// foldQuoteOfPage folds the lines of a text that the page says too, in the same
// order and nowhere but in what it folds.
func foldQuoteOfPage(l, page core.Letter, marks []mark) []core.Span {
	if page.Folds == nil || !page.HasNewText() {
		return l.Folds
	}
	fresh, older := squeeze(page.NewText()), squeeze(elidedQuotes(page, marks))
	if len(squeeze(l.NewText())) <= len(fresh) && l.HasNewText() {
		return l.Folds
	}
	var more []core.Span
	folded, strange, at, above := l.Folds, 0, 0, 0
	for line := range strings.Lines(l.Text) {
		start := at
		at += len(line)
		for len(folded) > 0 && folded[0].End <= start {
			folded = folded[1:]
		}
		words := squeeze(line)
		if words == "" {
			continue
		}
		from := above // rules and the like go with what is below them
		above = at
		if len(folded) > 0 && folded[0].Start <= start || strings.Contains(fresh, words) {
			continue
		}
		i := strings.Index(older, words)
		if i < 0 {
			if strange++; strange > mostStrangeLines {
				break
			}
			continue
		}
		older = older[i+len(words):]
		more = append(more, core.Span{Start: from, End: at})
	}
	if strange > len(more) { // text and page are not the same words
		return l.Folds
	}
	with := addSpans(l.Folds, more...)
	if !(core.Letter{Text: l.Text, Folds: with}).HasNewText() {
		return l.Folds
	}
	return with
}

// elidedQuotes is what a page folds apart from its signatures.
func elidedQuotes(page core.Letter, marks []mark) string {
	var b strings.Builder
	for _, f := range page.Folds {
		at := f.Start
		for ; len(marks) > 0 && marks[0].start < f.End; marks = marks[1:] { // those of signatures are in order
			if m := marks[0]; m.kind == markSignature && at <= m.start && m.start < m.end && m.end <= f.End {
				b.WriteString(page.Text[at:m.start])
				at = m.end
			}
		}
		b.WriteString(page.Text[at:f.End])
	}
	return b.String()
}

// maxSignatures bounds how many signatures of a page are looked for in the text.
const maxSignatures = 8

// mostStrangeLines bounds how many lines of a text are looked for in vain.
const mostStrangeLines = 50

// squeeze leaves the letters and digits of a text.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return r
	}, s)
}
