package eml

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A mark is a place of a text of which the page that it was made of says something.
type mark struct {
	start, end int // end is 0 where only the beginning is known
	kind       markKind
}

type markKind byte

const (
	markNone      markKind = iota
	markQuote              // a quote begins: how far it reaches is seen from the text
	markRange              // a quote from start to end
	markFields             // Outlook's fields begin, in any language, and below them all is older
	markHard               // everything below is older, whatever it looks like
	markSignature          // a signature from start to end
)

func (m mark) moved(by int) mark {
	m.start += by
	if m.end > 0 {
		m.end += by
	}
	return m
}

// htmlText writes a page as text: no word is lost or glued to the next one, lists,
// tables and links stay what they are, quotes get a "> ". It reads tokens and
// builds no tree, so no nesting is too deep for it.
func htmlText(page string) (string, []mark) {
	w := writePage(page, false)
	return strings.Trim(string(w.out), "\n"), w.marks
}

// writePage writes a page, with a pictureMark where one of the mail's own pictures
// stands if those are asked for.
func writePage(page string, pictures bool) *htmlWriter {
	w := newHTMLWriter(page)
	w.showPictures = pictures
	if w.run(); w.hidden.tag != 0 || w.hid && len(bytes.TrimSpace(w.out)) == 0 { // what was to be hidden has no end, or is all there is
		w = newHTMLWriter(page)
		w.showPictures, w.showAll = pictures, true
		w.run()
	}
	return w
}

type htmlWriter struct {
	tokens  *html.Tokenizer
	out     []byte
	marks   []mark
	breaks  int  // line ends owed before the next word
	space   bool // a blank owed
	quote   int
	pre     int
	lists   []int // counters, -1 for bullets
	bullet  string
	link    string
	linkAt  int
	marking markKind // what the next word begins
	showAll bool

	showPictures bool
	pictures     []string    // Content-IDs, in the order of their marks
	hidden       openElement // being skipped
	hid          bool        // something was
	lines        openElement // its style keeps line ends
	sign         openElement // a signature
	signAt       int
	quoted       openElement // a quote that no blockquote marks
	quotedMark   int         // its mark, -1 before its first word
	cells        bool        // a cell of the current row was written
}

// An openElement waits for the end tag that belongs to it.
type openElement struct {
	tag   atom.Atom
	depth int
}

func newHTMLWriter(page string) *htmlWriter {
	z := html.NewTokenizer(strings.NewReader(page))
	return &htmlWriter{tokens: z, out: make([]byte, 0, min(len(page)/2+64, maxTextOut))}
}

func (w *htmlWriter) run() {
	for len(w.out) < maxTextOut {
		switch t := w.tokens.Next(); t {
		case html.ErrorToken:
			w.endLink()
			return
		case html.TextToken:
			if w.hidden.tag == 0 {
				w.words(w.tokens.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			tag, attrs := tagOf(w.tokens.Raw())
			w.start(tag, attrs, t == html.SelfClosingTagToken)
		case html.EndTagToken:
			tag, _ := tagOf(w.tokens.Raw()[1:])
			w.end(tag)
		}
	}
}

// tagOf reads the name of a tag without its first character, and tells whether it
// may have attributes. The tokenizer's own way copies every name.
func tagOf(raw []byte) (tag atom.Atom, attrs bool) {
	raw = raw[1:]
	n := bytes.IndexAny(raw, " \t\r\n\f/>")
	if n < 0 {
		n = len(raw)
	}
	var lower [16]byte // longer ones mean nothing to us
	if n <= len(lower) {
		for i, c := range raw[:n] {
			if 'A' <= c && c <= 'Z' {
				c |= 0x20
			}
			lower[i] = c
		}
		tag = atom.Lookup(lower[:n])
	}
	return tag, n+1 < len(raw)
}

// words writes text with its blanks made one.
func (w *htmlWriter) words(t []byte) {
	if w.pre > 0 || w.lines.tag != 0 && len(bytes.TrimSpace(t)) > 0 {
		w.preformatted(t)
		return
	}
	for len(t) > 0 {
		i := 0
		for i < len(t) && !isBlank(t, i) {
			i++
		}
		if i > 0 {
			w.word(t[:i])
			t = t[i:]
			continue
		}
		n := blankLen(t)
		w.space = true
		t = t[n:]
	}
}

func isBlank(t []byte, i int) bool { return blankLen(t[i:]) > 0 }

// blankLen is the length of the white space that t begins with, non-breaking
// space too.
func blankLen(t []byte) int {
	switch t[0] {
	case ' ', '\t', '\n', '\r', '\f':
		return 1
	case 0xc2:
		if len(t) > 1 && t[1] == 0xa0 {
			return 2
		}
	}
	return 0
}

func (w *htmlWriter) preformatted(t []byte) {
	for {
		line, rest, more := bytes.Cut(t, []byte("\n"))
		if len(line) > 0 {
			w.word(bytes.TrimSuffix(line, []byte("\r")))
		}
		if !more {
			return
		}
		w.breaks++
		t = rest
	}
}

// word writes what stands on the line now, after what is owed before it.
func (w *htmlWriter) word(t []byte) {
	switch {
	case len(w.out) == 0 || w.breaks > 0 || w.marking != markNone:
		w.newLine()
		if w.sign.tag != 0 && w.signAt < 0 {
			w.signAt = len(w.out)
		}
	case w.space:
		w.out = append(w.out, ' ')
	}
	w.breaks, w.space = 0, false
	w.out = append(w.out, t...)
}

func (w *htmlWriter) newLine() {
	prefix := min(w.quote, maxListNesting)
	if len(w.out) > 0 {
		w.out = bytes.TrimRight(w.out, " \t")
		for n := max(1, min(w.breaks, 3)); n > 0; n-- {
			w.out = append(w.out, '\n')
			if n > 1 && prefix > 0 {
				w.out = append(w.out, '>')
			}
		}
	}
	if w.marking != markNone {
		if w.quoted.tag != 0 && w.quotedMark < 0 {
			w.quotedMark = len(w.marks)
		}
		w.marks = append(w.marks, mark{start: len(w.out), kind: w.marking})
		w.marking = markNone
	}
	for range prefix {
		w.out = append(w.out, "> "...)
	}
	for range min(len(w.lists), maxListNesting) - 1 {
		w.out = append(w.out, "  "...)
	}
	w.out = append(w.out, w.bullet...)
	w.bullet = ""
}

func (w *htmlWriter) owe(breaks int) {
	w.breaks = max(w.breaks, breaks)
	w.space = false
}
