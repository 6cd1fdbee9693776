package eml

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/atom"
)

// An htmlTag holds the attributes that matter.
type htmlTag struct {
	class, id, name, typ, style, href, alt, src, start string
	hidden                                             bool
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
		case "name", "data-marker":
			t.name = string(value)
		case "type":
			t.typ = string(value)
		case "style":
			t.style = string(value)
		case "href":
			t.href = string(value)
		case "alt":
			t.alt = string(value)
		case "src":
			t.src = string(value)
		case "start", "value":
			t.start = string(value)
		case "hidden":
			t.hidden = true
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
	if a == w.quoted.tag && a != 0 && !selfClosing {
		w.quoted.depth++
	}
	if a == w.lines.tag && a != 0 && !selfClosing {
		w.lines.depth++
	}
	switch a {
	case atom.Script, atom.Style, atom.Title:
		w.hidden = openElement{a, 1}
		return
	}
	t := w.attributes(more)
	if !selfClosing && !w.showAll && hides(a, t) {
		w.hidden, w.hid = openElement{a, 1}, true
		return
	}
	if k := beginsQuote(t); k != markNone {
		w.marking = max(w.marking, k)
		if k == markRange && w.quoted.tag == 0 && isBlock(a) && !selfClosing {
			w.quoted, w.quotedMark = openElement{a, 1}, -1
		}
	}
	if w.sign.tag == 0 && isSignature(t) {
		w.sign, w.signAt = openElement{a, 1}, -1
	}
	if w.lines.tag == 0 && !selfClosing && keepsLines(a, t.style) {
		w.lines = openElement{a, 1}
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
		w.item(t.start)
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
		w.picture(t.src)
		if alt := strings.TrimSpace(t.alt); alt != "" {
			apart := utf8.RuneCountInString(alt) > 2 // what is shorter is a sign among letters
			w.space = w.space || apart
			w.words([]byte(alt))
			w.space = w.space || apart
		}
	default:
		if isBlock(a) {
			w.owe(1)
		}
	}
}

func (w *htmlWriter) item(value string) {
	w.bullet = "- "
	if n := len(w.lists); n > 0 && w.lists[n-1] >= 0 {
		if number, err := strconv.Atoi(value); err == nil && number > 0 {
			w.lists[n-1] = number - 1
		}
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
				w.marks = append(w.marks, mark{start: w.signAt, end: len(w.out), kind: markSignature})
			}
		}
	}
	if a == w.quoted.tag && a != 0 {
		if w.quoted.depth--; w.quoted.depth == 0 {
			w.quoted.tag = 0
			if w.quotedMark >= 0 && w.marks[w.quotedMark].kind == markRange {
				w.marks[w.quotedMark].end = len(w.out)
			}
		}
	}
	if a == w.lines.tag && a != 0 {
		if w.lines.depth--; w.lines.depth == 0 {
			w.lines.tag = 0
		}
	}
	switch a {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.owe(2)
	case atom.Button, atom.Label:
		w.space = true
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
	case hasFoldPrefix(href, "tel:"):
		target = href[len("tel:"):]
	case hasFoldPrefix(href, "ftp://"):
	default:
		return
	}
	target = strings.TrimSuffix(target, "/")
	shown := strings.TrimSpace(string(w.out[w.linkAt:]))
	if target == "" || shown == "" || saysTarget(shown, target) {
		return
	}
	owed := w.space
	w.space = true
	w.word([]byte("<" + strings.TrimPrefix(strings.TrimPrefix(href, "mailto:"), "tel:") + ">"))
	w.space = owed
}

// saysTarget reports whether the words of a link are where it leads, escaped or
// with the blanks of a telephone number.
func saysTarget(shown, target string) bool {
	shown, target = strings.ToLower(shown), strings.ToLower(target)
	if strings.Contains(shown, target) || strings.IndexByte(target, '%') >= 0 && strings.Contains(shown, string(decodePercent(target))) {
		return true
	}
	digits := func(s string) string {
		return strings.Map(func(r rune) rune {
			if '0' <= r && r <= '9' {
				return r
			}
			return -1
		}, s)
	}
	return strings.Trim(target, "+0123456789-.() ") == "" && strings.Contains(digits(shown), digits(target))
}
