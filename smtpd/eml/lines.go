package eml

import (
	"strings"
)

// What a line of a text is to the quote trimmer.
type lineKind byte

const (
	lineText lineKind = iota
	lineBlank
	lineQuote       // begins with ">"
	lineAttribution // "On Monday, Cara wrote:", all lines of it
	lineHistory     // from here on everything is an older mail
	lineHeader      // a field of a header block that lineHistory began
	lineSignature   // "-- "
	lineRule        // dashes or underscores alone
	lineFooter      // legal words begin
)

// A textLine is one line of a text: text[start:end], the line end included.
type textLine struct {
	start, end int
	kind       lineKind
}

// A page of text, cut into lines that know what they are.
type lined struct {
	text  string
	lines []textLine
}

// cutLines cuts a text into lines and tells quotes and blank lines apart.
func cutLines(text string) lined {
	d := lined{text: text, lines: make([]textLine, 0, strings.Count(text, "\n")+1)}
	for at := 0; at < len(text); {
		end := strings.IndexByte(text[at:], '\n')
		next := len(text)
		if end >= 0 {
			next = at + end + 1
		}
		l := textLine{start: at, end: next}
		switch s := strings.TrimLeft(text[at:next], " \t\r\n\u00a0"); {
		case s == "":
			l.kind = lineBlank
		case s[0] == '>' && !strings.HasPrefix(s, ">From "):
			l.kind = lineQuote
		}
		d.lines = append(d.lines, l)
		at = next
	}
	return d
}

// of returns line i without what surrounds it.
func (d lined) of(i int) string {
	return strings.Trim(d.text[d.lines[i].start:d.lines[i].end], " \t\r\n\u00a0\u200e\u200f")
}

// is reports whether line i exists and is of that kind.
func (d lined) is(i int, k lineKind) bool {
	return i >= 0 && i < len(d.lines) && d.lines[i].kind == k
}

// after returns the first line from i on that is not blank.
func (d lined) after(i int) int {
	for i < len(d.lines) && d.lines[i].kind == lineBlank {
		i++
	}
	return i
}

func (d lined) set(from, to int, k lineKind) {
	for ; from < to && from < len(d.lines); from++ {
		if d.lines[from].kind != lineBlank {
			d.lines[from].kind = k
		}
	}
}

// classify finds the marks of quotes, signatures and footers among the lines of
// text, in the first part of it; below that only ">" is looked at.
func (d lined) classify() {
	for i := 0; i < len(d.lines) && d.lines[i].start < maxRuleBytes; i++ {
		if d.lines[i].kind != lineText {
			continue
		}
		s := d.of(i)
		if s == "" {
			d.lines[i].kind = lineBlank
			continue
		}
		switch c := s[0]; {
		case s == "--":
			d.lines[i].kind = lineSignature
			continue
		case strings.IndexByte("-_*=#~+[", c) >= 0:
			if isHistoryMark(s) {
				d.lines[i].kind = lineHistory
				d.headerBlock(i + 1)
				continue
			}
			if len(s) >= 3 && strings.Trim(s, "-_*=#~+ ") == "" {
				d.lines[i].kind = lineRule
				continue
			}
		}
		if d.headerBlock(i) {
			d.lines[i].kind = lineHistory
			continue
		}
		if endsLikeAttribution(s) {
			d.attribution(i, s)
		}
		if d.lines[i].kind == lineText && (i == 0 || d.lines[i-1].kind != lineText) && d.isFooter(i) {
			d.lines[i].kind = lineFooter
		}
	}
}

// headerBlock reports whether a block of mail fields, as Outlook writes it over a
// quote, begins at line i, and marks its lines: three different fields at least.
func (d lined) headerBlock(i int) bool {
	first, last, seen, odd := i, i, 0, 0
	for ; i < len(d.lines) && i < first+14 && odd < 4 && d.lines[i].kind != lineQuote; i++ {
		if d.lines[i].kind == lineBlank {
			if bits(seen) >= 3 {
				break
			}
			odd++
			continue
		}
		f := fieldOf(d.of(i))
		switch {
		case f == 0 && seen == 0:
			return false
		case f == 0:
			odd++ // a long field goes on
		default:
			seen |= f
			last = i
		}
	}
	if bits(seen) < 3 || seen&(isFrom|isDate) == 0 {
		return false
	}
	d.set(first, last+1, lineHeader)
	return true
}

func bits(n int) (count int) {
	for ; n > 0; n &= n - 1 {
		count++
	}
	return count
}

// fieldOf tells which mail field a line is, in any language, 0 if none.
func fieldOf(s string) int {
	colon := strings.IndexAny(s[:min(len(s), 40)], ":：")
	if colon <= 0 {
		return 0
	}
	label := strings.Trim(s[:colon], "* _\t\u00a0\u200e\u200f")
	if len(label) > 36 || strings.Count(label, " ") > 2 {
		return 0
	}
	return fieldNames[strings.ToLower(label)]
}

// endsLikeAttribution is a quick look at what an attribution could end with.
func endsLikeAttribution(s string) bool {
	return s[len(s)-1] == ':' || strings.HasSuffix(s, "：") || strings.HasSuffix(s, "wrote") || strings.HasSuffix(s, "--") || s[len(s)-1] == '>' || s[len(s)-1] == ']'
}

// attribution marks line i, and up to three lines before it, if together they say
// who wrote what is quoted below.
func (d lined) attribution(i int, s string) {
	bare := strings.Trim(s, "-*_[] \t")
	if len(s) < 120 && containsAny(strings.ToLower(bare), forwardWords) {
		d.lines[i].kind = lineHistory
		d.headerBlock(d.after(i + 1))
		return
	}
	quoted := d.is(d.after(i+1), lineQuote)
	if !startsLikeAttribution(bare) {
		for n := 1; n <= 3 && d.is(i-n, lineText); n++ {
			if !startsLikeAttribution(strings.TrimLeft(cut(d.of(i-n), 60), "-*_[ \t")) {
				continue
			}
			whole := strings.TrimSpace(d.text[d.lines[i-n].start:d.lines[i].end])
			if len(whole) <= 600 && isAttribution(strings.Join(strings.Fields(whole), " "), quoted) {
				d.set(i-n, i+1, lineAttribution)
				return
			}
		}
	}
	if len(s) <= 600 && isAttribution(s, quoted) {
		d.lines[i].kind = lineAttribution
	}
}

// isAttribution weighs one attribution, its lines joined: somebody wrote, and a
// date or an address; or a date, an address in brackets and a colon. Without a
// quoted line below it takes more, as people write such lines too.
func isAttribution(s string, quoted bool) bool {
	address := strings.IndexByte(s, '@') > 0
	digitCount := 0
	for i := 0; i < len(s); i++ {
		if isDigit(s[i]) {
			digitCount++
		}
	}
	if digitCount == 0 && !address && !quoted {
		return false
	}
	lower := strings.ToLower(strings.Trim(s, "-*_ \t"))
	if containsAny(lower, wroteWords) {
		return quoted || address || digitCount >= 5 && startsLikeAttribution(lower)
	}
	if !address || digitCount < 4 || len(lower) >= 300 {
		return false
	}
	end := strings.TrimRight(lower, ":： ])")
	bracketed := strings.ContainsAny(lower, "<[") && (strings.HasSuffix(end, ">") || !strings.Contains(lower, "<"))
	return bracketed && (quoted || len(end) < len(lower)) || quoted && !strings.Contains(lower, "<")
}

func startsLikeAttribution(s string) bool {
	if s == "" {
		return false
	}
	if isDigit(s[0]) {
		return true
	}
	word := s
	if i := strings.IndexAny(s, " ,.\t"); i > 0 {
		word = s[:i]
	}
	return attributionStarts[strings.ToLower(word)]
}

// isFooter reports whether the paragraph at line i begins as legal words do and is
// about confidence.
func (d lined) isFooter(i int) bool {
	s := strings.ToLower(strings.TrimLeft(cut(d.of(i), 200), "*_#\"'[( "))
	begins := false
	for _, p := range footerStarts {
		if strings.HasPrefix(s, p) {
			begins = true
			break
		}
	}
	if !begins {
		return false
	}
	end := i
	for end < len(d.lines) && end < i+8 && d.lines[end].kind == lineText {
		end++
	}
	para := strings.ToLower(cut(d.text[d.lines[i].start:d.lines[max(end-1, i)].end], 1500))
	return containsAny(para, confidenceWords)
}
