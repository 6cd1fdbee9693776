package eml

import (
	"bytes"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A mark is a place of a text at which the page that it was made of says that a
// quote begins, or a range that it calls a signature.
type mark struct {
	start, end int  // end is 0 for a quote: how far it reaches is seen from the text
	hard       bool // everything below is older, whatever it looks like
}

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
	w := newHTMLWriter(page)
	if w.run(); w.hidden.tag != 0 { // what was to be hidden has no end: show all
		w = newHTMLWriter(page)
		w.showAll = true
		w.run()
	}
	return strings.Trim(string(w.out), "\n"), w.marks
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
	marking bool // the next word begins a quote
	hard    bool // and nothing new comes after it
	showAll bool
	hidden  openElement // being skipped
	sign    openElement // a signature
	signAt  int
	cells   bool // a cell of the current row was written
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
			name, attrs := w.tokens.TagName()
			w.start(atom.Lookup(name), attrs, t == html.SelfClosingTagToken)
		case html.EndTagToken:
			name, _ := w.tokens.TagName()
			w.end(atom.Lookup(name))
		}
	}
}

// words writes text with its blanks made one.
func (w *htmlWriter) words(t []byte) {
	if w.pre > 0 {
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
	case len(w.out) == 0 || w.breaks > 0 || w.marking:
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
	if w.marking {
		w.marks = append(w.marks, mark{start: len(w.out), hard: w.hard})
		w.marking, w.hard = false, false
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

// An htmlTag holds the attributes that matter.
type htmlTag struct {
	class, id, typ, style, href, alt, start string
}

func (w *htmlWriter) attributes(more bool) (t htmlTag) {
	for more {
		var key, value []byte
		key, value, more = w.tokens.TagAttr()
		switch string(key) {
		case "class":
			t.class = string(value)
		case "id":
			t.id = string(value)
		case "type":
			t.typ = string(value)
		case "style":
			t.style = string(value)
		case "href":
			t.href = string(value)
		case "alt":
			t.alt = string(value)
		case "start":
			t.start = string(value)
		}
	}
	return t
}

func (w *htmlWriter) start(a atom.Atom, more, selfClosing bool) {
	if w.hidden.tag != 0 {
		if a == w.hidden.tag && !selfClosing {
			w.hidden.depth++
		}
		return
	}
	if a == w.sign.tag && a != 0 {
		w.sign.depth++
	}
	switch a {
	case atom.Script, atom.Style, atom.Title, atom.Noscript:
		w.hidden = openElement{a, 1}
		return
	}
	t := w.attributes(more)
	if !selfClosing && !w.showAll && hides(a, t.style) {
		w.hidden = openElement{a, 1}
		return
	}
	if quotes, hard := beginsQuote(t); quotes {
		w.marking, w.hard = true, w.hard || hard
	}
	if w.sign.tag == 0 && isSignature(t) {
		w.sign, w.signAt = openElement{a, 1}, -1
	}
	w.open(a, t)
}

// open writes what an element begins with.
func (w *htmlWriter) open(a atom.Atom, t htmlTag) {
	switch a {
	case atom.Br:
		w.space = false
		w.breaks++
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Dl:
		w.owe(2)
	case atom.Hr:
		w.owe(1)
		w.word([]byte("---"))
		w.owe(1)
	case atom.Blockquote:
		w.owe(1)
		if !strings.Contains(strings.ReplaceAll(t.style, " ", ""), "border:none") || t.typ == "cite" {
			w.quote++
		}
	case atom.Pre:
		w.owe(1)
		w.pre++
	case atom.Ul, atom.Ol:
		w.owe(1)
		n := -1
		if a == atom.Ol {
			n = 0
			if s, err := strconv.Atoi(t.start); err == nil {
				n = s - 1
			}
		}
		if len(w.lists) < maxDepth*maxListNesting {
			w.lists = append(w.lists, n)
		}
	case atom.Li:
		w.owe(1)
		w.item()
	case atom.Td, atom.Th:
		if w.cells && w.breaks == 0 && len(w.out) > 0 {
			w.out = append(bytes.TrimRight(w.out, " "), '\t')
			w.space = false
		}
		w.cells = true
	case atom.Tr:
		w.owe(1)
		w.cells = false
	case atom.A:
		w.endLink()
		w.link, w.linkAt = t.href, len(w.out)
	case atom.Img:
		if alt := strings.TrimSpace(t.alt); alt != "" {
			w.words([]byte(alt))
		}
	default:
		if isBlock(a) {
			w.owe(1)
		}
	}
}

func (w *htmlWriter) item() {
	w.bullet = "- "
	if n := len(w.lists); n > 0 && w.lists[n-1] >= 0 {
		w.lists[n-1]++
		w.bullet = strconv.Itoa(w.lists[n-1]) + ". "
	}
}

func (w *htmlWriter) end(a atom.Atom) {
	if a == w.hidden.tag && a != 0 {
		if w.hidden.depth--; w.hidden.depth == 0 {
			w.hidden.tag = 0
		}
		return
	}
	if w.hidden.tag != 0 {
		return
	}
	if a == w.sign.tag && a != 0 {
		if w.sign.depth--; w.sign.depth == 0 {
			w.sign.tag = 0
			if w.signAt >= 0 {
				w.marks = append(w.marks, mark{start: w.signAt, end: len(w.out)})
			}
		}
	}
	switch a {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.owe(2)
	case atom.Blockquote:
		w.owe(1)
		w.quote = max(0, w.quote-1)
	case atom.Pre:
		w.owe(1)
		w.pre = max(0, w.pre-1)
	case atom.Ul, atom.Ol:
		w.owe(1)
		w.lists = w.lists[:max(0, len(w.lists)-1)]
		w.bullet = ""
	case atom.A:
		w.endLink()
	case atom.Td, atom.Th:
	default:
		if isBlock(a) {
			w.owe(1)
		}
	}
}

// endLink writes where a link leads, unless its words say so already.
func (w *htmlWriter) endLink() {
	href := strings.TrimSpace(w.link)
	w.link = ""
	if href == "" || len(href) > 2*maxIDBytes || w.linkAt > len(w.out) {
		return
	}
	target := href
	switch {
	case hasFoldPrefix(href, "mailto:"):
		target, _, _ = strings.Cut(href[len("mailto:"):], "?")
	case hasFoldPrefix(href, "http://"), hasFoldPrefix(href, "https://"):
		_, target, _ = strings.Cut(href, "://")
	default:
		return
	}
	target = strings.TrimSuffix(target, "/")
	shown := strings.TrimSpace(string(w.out[w.linkAt:]))
	if target == "" || shown == "" || strings.Contains(strings.ToLower(shown), strings.ToLower(target)) {
		return
	}
	w.space = true
	w.word([]byte("<" + strings.TrimPrefix(href, "mailto:") + ">"))
}
