package eml

import (
	"strings"

	"postdesk/core"
)

// trim finds what of a text is not new: quotes, what stands over them, signatures,
// footers. It folds and never deletes; answers between quoted lines stay; of a text
// without anything new all is folded, and Letter.NewText shows it whole. marks are what the page said that the
// text was made of.
func trim(text string, marks []mark) []core.Span {
	if blank(text) {
		return nil
	}
	t := trimmer{lined: cutLines(text)}
	t.classify()
	t.pageMarks(marks)
	t.folded = make([]bool, len(t.lines))
	t.fold(0, t.banner())
	t.history()
	t.quotes()
	t.signatures(marks)
	t.tails()
	return t.spans()
}

type trimmer struct {
	lined
	folded []bool
}

// lineAt returns the line that holds a place of the text.
func (t *trimmer) lineAt(place int) int {
	lo, hi := 0, len(t.lines)
	for lo < hi {
		if mid := (lo + hi) / 2; t.lines[mid].end <= place {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

func (t *trimmer) fold(from, to int) {
	for ; from < to && from < len(t.folded); from++ {
		t.folded[from] = true
	}
}

// history folds from the first mark of an older mail to the end, if something was
// written above it. At the top only the mark is folded: what follows is all there
// is (a forwarded mail, an answer below).
func (t *trimmer) history() {
	written := false
	for i := 0; i < len(t.lines); i++ {
		switch t.lines[i].kind {
		case lineText:
			written = true
		case lineAttribution, lineHistory:
			end := i + 1
			for end < len(t.lines) && (t.lines[end].kind == lineAttribution || t.lines[end].kind == lineHeader || t.lines[end].kind == lineHistory) {
				end++
			}
			if t.is(t.after(end), lineQuote) {
				t.fold(i, end)
				i = end - 1
				continue
			}
			if written {
				t.fold(i, len(t.lines))
				return
			}
			t.fold(i, end)
			i = end - 1
		}
	}
}

// A run is lines of one quote, with the blank ones between them.
type run struct {
	from, to   int
	attributed bool
	answered   bool // new words follow
}

// quotes folds quoted lines: those at the end, and a single one that an answer
// stands under. Between several answers they stay, as what is answered.
func (t *trimmer) quotes() {
	runs := t.runs()
	answered := 0
	for _, r := range runs {
		if r.answered {
			answered++
		}
	}
	for _, r := range runs {
		if !r.answered || r.attributed && answered == 1 {
			t.fold(r.from, r.to)
		}
	}
}

func (t *trimmer) runs() []run {
	var runs []run
	for i := 0; i < len(t.lines); i++ {
		if t.lines[i].kind != lineQuote || t.folded[i] {
			continue
		}
		r := run{from: i}
		for ; i < len(t.lines) && (t.lines[i].kind == lineQuote || t.lines[i].kind == lineBlank); i++ {
			if t.lines[i].kind == lineQuote {
				r.to = i + 1
			}
		}
		above := r.from - 1
		for above >= 0 && t.lines[above].kind == lineBlank {
			above--
		}
		r.attributed = above >= 0 && t.folded[above]
		runs = append(runs, r)
		i--
	}
	text := false // from the end: does text follow?
	next := len(t.lines)
	for k := len(runs) - 1; k >= 0; k-- {
		for i := runs[k].to; i < next; i++ {
			text = text || t.lines[i].kind == lineText && !t.folded[i] && !t.inSignature(i)
		}
		runs[k].answered = text
		next = runs[k].from
	}
	return runs
}

// inSignature reports whether line i stands shortly under a "-- ".
func (t *trimmer) inSignature(i int) bool {
	for n := 0; n < maxSignatureLines && i >= 0 && t.lines[i].kind != lineQuote; n++ {
		if t.lines[i].kind == lineSignature {
			return true
		}
		i--
	}
	return false
}

const (
	maxSignatureLines = 20
	maxSignatureBytes = 2000
)

// signatures folds what stands under "-- " up to the next quote, if it is as short
// as signatures are, what the page calls a signature, and footers.
func (t *trimmer) signatures(marks []mark) {
	for _, m := range marks {
		if m.kind == markSignature && m.end-m.start <= maxSignatureBytes {
			t.fold(t.lineAt(m.start), t.lineAt(m.end-1)+1)
		}
	}
	t.armor()
	written := false
	for i := 0; i < len(t.lines); i++ {
		switch t.lines[i].kind {
		case lineText:
			written = written || !t.folded[i]
		case lineSignature, lineFooter:
			footer := t.lines[i].kind == lineFooter && written
			end := i + 1
			for end < len(t.lines) && !t.folded[end] && t.lines[end].kind != lineQuote && (footer || end-i <= maxSignatureLines) {
				end++
			}
			if !footer && t.lines[i].kind == lineSignature && t.speaks(i, end) {
				continue // two dashes between words (T93)
			}
			if footer || end-i <= maxSignatureLines && t.lines[end-1].end-t.lines[i].start <= maxSignatureBytes {
				t.fold(i, end)
			}
		}
	}
}

// speaks tells that what stands under other dashes than "-- " asks or tells
// something, as no signature does.
func (t *trimmer) speaks(i, end int) bool {
	if strings.HasPrefix(t.text[t.lines[i].start:], "-- ") || end-i > maxSignatureLines+1 {
		return false
	}
	for i++; i < end; i++ {
		s := t.of(i)
		if t.lines[i].kind == lineText && !isDeviceLine(s) && (strings.HasSuffix(s, "?") || strings.HasSuffix(s, ".") && strings.Count(s, " ") >= 3) {
			return true
		}
	}
	return false
}

// armor folds what inline PGP puts round signed words (RFC 9580 section 7).
func (t *trimmer) armor() {
	if !strings.Contains(t.text, "-----BEGIN PGP SIGNED MESSAGE-----") {
		return
	}
	inside, top := false, false
	for i := range t.lines {
		s := t.of(i)
		top = top && s != "" || s == "-----BEGIN PGP SIGNED MESSAGE-----"
		inside = inside || s == "-----BEGIN PGP SIGNATURE-----"
		t.folded[i] = t.folded[i] || inside || top
		inside = inside && s != "-----END PGP SIGNATURE-----"
	}
}

// tails folds what mail programs put at the end of what was written: rules and
// "Sent from my phone", before a fold or the end of the text. What a mailing list
// adds under a rule goes too.
func (t *trimmer) tails() {
	for i := len(t.lines) - 1; i >= 0; i-- {
		if t.folded[i] || i != len(t.lines)-1 && !t.folded[i+1] {
			continue
		}
		at := i
		for at >= 0 && !t.folded[at] && (t.lines[at].kind == lineBlank || t.lines[at].kind == lineRule || t.lines[at].kind == lineSignature || t.lines[at].kind == lineText && isDeviceLine(t.of(at))) {
			at--
		}
		if t.isDashedName(at) {
			at--
		}
		t.fold(at+1, i+1)
		if at >= 0 && !t.folded[at] {
			if top, ok := t.listFooter(at); ok {
				t.fold(top, at+1)
			}
		}
		i = at + 1
		if at >= 0 && !t.folded[at] {
			i = at
		}
	}
}

// isDashedName knows "-Cara" as the last line: a name put under a mail.
func (t *trimmer) isDashedName(i int) bool {
	if i < 1 || t.folded[i] || t.lines[i].kind != lineText || t.lines[i-1].kind != lineBlank {
		return false
	}
	s := t.of(i)
	return len(s) > 2 && len(s) <= 40 && s[0] == '-' && 'A' <= s[1] && s[1] <= 'Z' && strings.Count(s, " ") <= 2 && !strings.ContainsAny(s, ".,:;!?")
}

// listFooter finds the rule of underscores over what a mailing list added.
func (t *trimmer) listFooter(last int) (top int, ok bool) {
	for i := last; i >= 0 && i > last-8; i-- {
		if t.lines[i].kind == lineRule && strings.HasPrefix(t.of(i), "____") {
			s := strings.ToLower(t.text[t.lines[i].start:t.lines[last].end])
			return i, containsAny(s, []string{"mailing list", "unsubscribe", "listinfo", "maillist"})
		}
	}
	return 0, false
}

// spans joins folded lines.
func (t *trimmer) spans() []core.Span {
	var spans []core.Span
	for i, l := range t.lines {
		if !t.folded[i] {
			continue
		}
		if n := len(spans); n > 0 && spans[n-1].End == l.start {
			spans[n-1].End = l.end
		} else {
			spans = append(spans, core.Span{Start: l.start, End: l.end})
		}
	}
	return spans
}
