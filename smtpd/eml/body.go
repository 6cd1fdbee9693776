package eml

import (
	"slices"
	"strings"

	"golang.org/x/net/html"

	"postdesk/core"
)

// A body is what a part of a mail says, in the forms that it says it.
type body struct {
	text  string // readable: the text/plain, else what the page says
	plain string // the text/plain parts alone
	html  string
	marks []mark // what the page itself calls a quote or a signature
}

// A reader gathers the body and the files of one mail.
type reader struct {
	files     []core.Attachment
	from      []*part  // that hold the files
	notes     []string // lines that stand in for what cannot be read
	reports   []*part  // machine-readable parts of reports
	method    string   // of a calendar part
	textIn    int
	tnefs     []tnefMail
	calendars []string // a line for each invitation
	defect    func(string)
	unwraps   int
	readings  int
}

// body reads a part. wantText is false where a text/plain sibling already says
// what the page does.
func (r *reader) body(p *part, wantText bool) body {
	if p.tooDeep {
		r.attach(p)
		return body{}
	}
	if !p.isMultipart() {
		return r.leaf(p, wantText)
	}
	switch p.media.value {
	case "multipart/alternative":
		return r.alternative(p, wantText)
	case "multipart/encrypted":
		r.encrypted()
	case "multipart/signed":
		r.defect(defectSigned)
	}
	bodies := make([]body, 0, len(p.children))
	for _, c := range p.children {
		bodies = append(bodies, r.body(c, wantText))
	}
	return joinBodies(bodies)
}

// alternative takes the best form of each kind: the first text that says
// something, the last page; another form of words only where there is neither.
func (r *reader) alternative(p *part, wantText bool) body {
	var b body
	for _, c := range p.children {
		one := r.form(c)
		b.plain = joinText(b.plain, one.plain)
		if blank(b.text) {
			b.text = one.text
		}
		if one.html != "" {
			b.html = one.html
		}
	}
	for _, c := range p.children {
		if blank(b.text) && b.html == "" && isText(c) && !c.tooDeep {
			b.text = r.words(c, false).text
		}
	}
	if wantText && b.html != "" && (blank(b.text) || isStub(b.text)) {
		if text, marks := htmlText(b.html); blank(b.text) || !holds(text, b.text) {
			b.text, b.marks = text, marks
		}
	}
	return b
}

// form reads one form of an alternative. It is what the mail says also where it
// has a file name; a form that hardly anybody writes is a file.
func (r *reader) form(p *part) body {
	if p.isMultipart() || p.tooDeep {
		return r.body(p, false)
	}
	if t := p.media.value; (t == "text/plain" || t == "text/html") && !strings.EqualFold(p.disposition.value, "attachment") {
		return r.words(p, false)
	}
	return r.file(p)
}

// stubWords are in texts that only say that the words are in the page.
var stubWords = []string{"html", "browser", "web page", "webpage", "online version", "web version", "webversion", "onlineversion", "version en ligne", "versión web"}

// isStub tells the text of senders that write only pages: a short one that speaks
// of pages, or has no word at all.
func isStub(s string) bool {
	if len(s) > 400 {
		return false
	}
	s = strings.TrimSpace(strings.ToLower(s))
	return containsAny(s, stubWords) || strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") || strings.IndexFunc(s, func(r rune) bool { return r > 0x7f || 'a' <= r && r <= 'z' || '0' <= r && r <= '9' }) < 0
}

// holds reports whether a page says what the text does.
func holds(page, text string) bool {
	return strings.Contains(strings.Join(strings.Fields(page), " "), strings.Join(strings.Fields(text), " "))
}

func joinBodies(bs []body) body {
	if len(bs) == 1 {
		return bs[0]
	}
	pages := false
	for _, one := range bs {
		pages = pages || one.html != ""
	}
	var text, plain, page strings.Builder
	var marks []mark
	for _, one := range bs {
		appendText(&text, one.text)
		appendText(&plain, one.plain)
		for _, m := range one.marks {
			marks = append(marks, m.moved(text.Len()-len(one.text)))
		}
		switch {
		case one.html != "":
			page.WriteString(one.html)
		case pages && !blank(one.text):
			page.WriteString(`<div style="white-space:pre-wrap">` + html.EscapeString(one.text) + "</div>")
		}
	}
	return body{text: text.String(), plain: plain.String(), html: page.String(), marks: marks}
}

// appendText adds a text as a paragraph of its own.
func appendText(b *strings.Builder, s string) {
	if blank(s) {
		return
	}
	if b.Len() > 0 {
		b.WriteString("\n\n")
	}
	b.WriteString(s)
}

func joinText(a, b string) string {
	switch {
	case blank(a):
		return b
	case blank(b):
		return a
	}
	return a + "\n\n" + b
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }

// leaf reads a part without children.
func (r *reader) leaf(p *part, wantText bool) body {
	if strings.EqualFold(p.disposition.value, "attachment") || p.name() != "" && r.readings > 0 && p.disposition.value != "" {
		return r.file(p)
	}
	if isText(p) {
		return r.words(p, wantText)
	}
	return r.file(p)
}

// isText reports whether a part is words to be shown: also one of a subtype that
// nobody knows (RFC 2046 section 4.1.4), unless it is called a file.
func isText(p *part) bool {
	kind, sub, _ := strings.Cut(p.media.value, "/")
	switch {
	case kind != "text":
		return false
	case sub == "plain", sub == "html", sub == "markdown":
		return true
	case p.name() != "" || p.disposition.value != "", strings.Contains(sub, "html"), strings.Contains(sub, "card"), strings.Contains(sub, "calendar"):
		return false
	}
	switch sub {
	case "csv", "css", "xml", "javascript", "ecmascript", "rtf", "directory", "rfc822-headers", "tab-separated-values":
		return false
	}
	return true
}

// words reads a part of text.
func (r *reader) words(p *part, wantText bool) body {
	r.readings++
	switch p.media.value {
	case "text/html":
		page := clean(newlines(r.pageText(p)))
		b := body{html: page}
		if wantText {
			b.text, b.marks = htmlText(page)
		}
		return b
	case "text/enriched", "text/richtext":
		text, _ := htmlText(enrichedPage(newlines(r.decodeText(p, r.textOf(p), false))))
		return body{text: text}
	case "text/plain", "text/markdown":
		return r.plainText(p)
	}
	return body{text: r.plainText(p).text}
}

// file reads a part that is no text: a container that can be opened, or a file.
func (r *reader) file(p *part) body {
	switch t := p.media.value; {
	case t == "text/calendar":
		r.calendar(p)
	case t == "application/ms-tnef", t == "application/vnd.ms-tnef", strings.EqualFold(p.name(), "winmail.dat"):
		r.tnef(p)
		return body{}
	case isSMIME(p):
		if b, ok := r.smime(p); ok {
			return b
		}
	case t == "message/delivery-status", t == "message/disposition-notification", t == "message/feedback-report",
		t == "message/global-delivery-status", t == "text/rfc822-headers", t == "message/rfc822", t == "message/global":
		r.reports = append(r.reports, p)
	case t == "application/pgp-encrypted":
		r.encrypted()
	}
	r.attach(p)
	return body{}
}

func (r *reader) encrypted() {
	r.defect(defectEncrypted)
	if !slices.Contains(r.notes, noteEncrypted) {
		r.notes = append(r.notes, noteEncrypted)
	}
}

const noteEncrypted = "This mail is encrypted and cannot be read here. Its content is attached."

func (r *reader) decode(p *part) []byte {
	if p.torn() {
		p.sketch.giveUp()
		return nil
	}
	return decodeTransfer(p.body, p.header.get("content-transfer-encoding"), r.defect)
}

// decodeText decodes a text part within what is left of the bound on text.
func (r *reader) decodeText(p *part, data []byte, isHTML bool) string {
	if left := maxTextIn - r.textIn; len(data) > left {
		r.defect("the text is longer than is read; all of it is attached")
		file := core.Attachment{Content: data}
		if p.isLong() {
			file = r.inPlace(p)
		}
		file.Filename, file.ContentType = fileName(p, data), p.media.value
		r.keep(p, file)
		data = data[:left]
	}
	r.textIn += len(data)
	s, honest := bodyText(data, p.media.get("charset"), isHTML)
	if !honest {
		r.defect("the declared charset is not the real one")
	}
	return cut(s, maxTextOut)
}

func (r *reader) pageText(p *part) string { return r.decodeText(p, r.textOf(p), true) }

func (r *reader) plainText(p *part) body {
	data, files := cutUU(r.cutPGP(p, r.textOf(p)))
	for _, f := range files {
		r.keep(p, f)
	}
	s := newlines(r.decodeText(p, data, false))
	if strings.EqualFold(p.media.get("format"), "flowed") {
		s = unflow(s, strings.EqualFold(p.media.get("delsp"), "yes"))
	}
	return body{text: s, plain: s}
}
