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

// unseenRound is white space and marks of direction.
const unseenRound = " \t\r\n\u00a0\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u202f\u2066\u2067\u2068\u2069\ufeff"

// of returns line i without what surrounds it.
func (d lined) of(i int) string {
	return strings.Trim(d.text[d.lines[i].start:d.lines[i].end], unseenRound)
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
		case s == "--", s == "—", s == "––", s == "__", s == "– –":
			d.lines[i].kind = lineSignature
			continue
		case strings.IndexByte("-_*=#~+[<", c) >= 0, s[len(s)-1] == '-', strings.HasPrefix(s, "\xe2\x80"), strings.HasPrefix(s, "\xe2\x94"):
			if isHistoryMark(s) {
				d.lines[i].kind = lineHistory
				d.headerBlock(i + 1)
				continue
			}
			if len(s) >= 3 && strings.Trim(s, "-_*=#~+ –—─━‐\u00a0") == "" {
				d.lines[i].kind = lineRule
				continue
			}
		}
		if isOurs(s) || d.headerBlock(i) {
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

// isFooter reports whether the paragraph at line i begins as legal words do and is
// about confidence.
func (d lined) isFooter(i int) bool {
	s := strings.TrimLeft(normal(cut(d.of(i), 80)), "*_#\"'[( ")
	if !footerStarts.begin(s) {
		return false
	}
	end := i
	for end < len(d.lines) && end < i+8 && d.lines[end].kind == lineText {
		end++
	}
	para := strings.ToLower(cut(d.text[d.lines[i].start:d.lines[max(end-1, i)].end], 1500))
	return containsAny(para, confidenceWords)
}
