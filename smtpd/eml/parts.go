package eml

import (
	"bytes"
	"slices"
	"strings"
)

// A part is one entity of a mail (RFC 2045 section 2.4): a leaf with a body, or
// a multipart with children.
type part struct {
	header      header
	media       media // as it is read
	declared    media // as the header says it
	disposition media
	body        []byte // as it stands in the mail
	children    []*part
	boundary    string
	closed      bool   // the boundary that ends a multipart has come
	tooDeep     bool   // not looked into: the bounds were reached
	rest        []byte // of the mail, from where this part begins

	// Of a great mail: where body and rest begin in its sketch.
	sketch     *sketch
	at, restAt int
}

func (p *part) isMultipart() bool { return strings.HasPrefix(p.media.value, "multipart/") }

// A walker cuts a mail into parts in one pass over its lines. Only boundaries of
// open multiparts are known to it, so a line costs one look-up however deep the
// mail is nested.
type walker struct {
	raw      []byte
	defect   func(string)
	open     []*part        // multiparts whose end has not come, outermost first
	level    map[string]int // boundary to its place in open
	leaf     *part
	from     int // where the body of leaf starts
	parts    int
	resniffs int
	charset  string
	sketch   *sketch // of a great mail: raw is what it keeps
	base     int     // from there on
}

// walk reads the entity that raw is.
func walk(raw []byte, defect func(string)) *part {
	w := &walker{raw: raw, defect: defect}
	return w.run(0, mailHeader)
}

func (w *walker) run(at int, lim headerLimits) *part {
	root, body := w.entity(at, "", lim)
	w.scan(body)
	if len(root.children) > 0 && slices.ContainsFunc(w.open, func(p *part) bool { return !p.closed }) {
		w.defect("a boundary that ends the parts is missing")
	}
	w.mend(root)
	root.header.charset = w.charset // what the first text says goes for the fields above it too
	return root
}

// usefulLabel is a charset that tells how raw bytes beside it may be meant.
func usefulLabel(charset string) string {
	switch l := normalLabel(charset); l {
	case "utf-8", "us-ascii", "utf-7", "utf-16", "utf-16le", "utf-16be":
		return ""
	default:
		return l
	}
}

// scan reads the lines from at on; only those that begin with two dashes matter.
func (w *walker) scan(at int) {
	for at < len(w.raw) && len(w.open) > 0 {
		if w.raw[at] != '-' {
			i := bytes.Index(w.raw[at:], []byte("\n--"))
			if i < 0 {
				break
			}
			at += i + 1
		}
		line, next := nextLine(w.raw, at)
		place, closes, ok := w.match(line)
		if !ok {
			at = next
			continue
		}
		w.closeLeaf(at)
		at = w.boundary(place, closes, at, next)
	}
	w.closeLeaf(len(w.raw) - w.brokenOff())
}

// brokenOff is the length of a boundary line of which only the beginning came: the
// mail was cut there.
func (w *walker) brokenOff() int {
	line := w.raw[bytes.LastIndexByte(w.raw, '\n')+1:]
	if len(line) < 5 || len(line) == len(w.raw) || !bytes.HasPrefix(line, []byte("--")) {
		return 0
	}
	for _, p := range w.open {
		if rest := p.boundary; len(line)-2 < len(rest) && rest[:len(line)-2] == string(line[2:]) {
			return len(line)
		}
	}
	return 0
}

// boundary acts on a boundary line of the multipart at place in w.open and
// returns where to read on. An ended multipart stays open until one around it goes
// on: some senders write the end between the parts.
func (w *walker) boundary(place int, closes bool, at, next int) int {
	for len(w.open) > place+1 {
		w.pop()
	}
	parent := w.open[place]
	if closes {
		parent.closed = true
		return next
	}
	if parent.closed {
		w.defect("parts follow behind the end of all parts")
	}
	if w.parts >= maxParts {
		w.defect("the mail has more parts than are read; the rest is one attachment")
		parent.children = append(parent.children, &part{media: media{value: "application/octet-stream"}, body: w.raw[at:], rest: w.raw[at:], tooDeep: true,
			sketch: w.sketch, at: w.base + at, restAt: w.base + at})
		w.open, w.level = nil, nil
		return len(w.raw)
	}
	def := ""
	if parent.media.value == "multipart/digest" {
		def = "message/rfc822"
	}
	child, body := w.entity(next, def, partHeader)
	parent.children = append(parent.children, child)
	return body
}

func (w *walker) pop() {
	last := w.open[len(w.open)-1]
	if w.level[last.boundary] == len(w.open)-1 {
		delete(w.level, last.boundary)
	}
	w.open = w.open[:len(w.open)-1]
}

// entity reads a header and opens what it announces.
func (w *walker) entity(at int, defaultType string, lim headerLimits) (*part, int) {
	w.parts++
	ends := func(line []byte) bool {
		_, _, ok := w.match(line)
		return ok
	}
	h, body := readHeader(w.raw, at, lim, ends, w.defect)
	p := &part{header: h, rest: w.raw[at:], sketch: w.sketch, restAt: w.base + at}
	p.header.charset = w.charset
	p.describe(defaultType)
	if w.charset == "" {
		w.charset = usefulLabel(p.media.get("charset"))
	}
	w.leaf, w.from = p, body
	if !p.isMultipart() {
		return p, body
	}
	p.boundary = strings.TrimRight(p.media.get("boundary"), " \t")
	switch {
	case len(w.open) >= maxDepth:
		w.defect("the mail is nested deeper than is read")
		p.tooDeep = true
	case p.boundary == "" || len(p.boundary) > maxIDBytes:
		w.defect("a multipart has no usable boundary")
	default:
		if w.level == nil {
			w.level = make(map[string]int, 4)
		}
		w.open = append(w.open, p)
		if _, taken := w.level[p.boundary]; !taken {
			w.level[p.boundary] = len(w.open) - 1
		} else {
			w.defect("two multiparts have the same boundary")
		}
	}
	return p, body
}

// describe reads the fields that say what the part is.
func (p *part) describe(defaultType string) {
	v := p.header.get("content-type")
	p.media = parseMedia(v, p.header.charset)
	p.declared = p.media
	switch t := p.media.value; {
	case strings.Count(t, "/") == 1 && !strings.HasPrefix(t, "/") && !strings.HasSuffix(t, "/"):
	case t == "multipart" || t == "":
		if p.media.value = defaultType; defaultType == "" {
			p.media.value = "text/plain"
		}
		if p.media.get("boundary") != "" {
			p.media.value = "multipart/mixed"
		}
	case t == "html":
		p.media.value = "text/html"
	case p.media.get("name") != "" || p.header.has("content-disposition"):
		p.media.value = "application/octet-stream"
	default: // RFC 2045 section 5.2
		p.media.value = "text/plain"
	}
	p.disposition = parseMedia(p.header.get("content-disposition"), p.header.charset)
}

// match tells a boundary line of an open multipart.
func (w *walker) match(line []byte) (place int, closes, ok bool) {
	if len(line) < 2 || line[0] != '-' || line[1] != '-' || len(w.open) == 0 {
		return 0, false, false
	}
	line = bytes.TrimRight(line[2:], " \t\r")
	if place, ok = w.level[string(line)]; ok {
		return place, false, true
	}
	if bytes.Count(line[:min(len(line), 200)], []byte("--")) == 0 {
		return 0, false, false
	}
	for place = len(w.open) - 1; place >= 0; place-- { // what stands behind the end is forgiven
		b := w.open[place].boundary
		if len(line) >= len(b)+2 && string(line[:len(b)]) == b && string(line[len(b):len(b)+2]) == "--" {
			return place, true, true
		}
	}
	return 0, false, false
}

// closeLeaf ends the body that is being read; the line end before a boundary
// belongs to the boundary (RFC 2046 section 5.1.1).
func (w *walker) closeLeaf(end int) {
	if w.leaf == nil {
		return
	}
	from := min(w.from, end)
	b := w.raw[from:end]
	if end < len(w.raw) {
		b = bytes.TrimSuffix(b, []byte("\n"))
		b = bytes.TrimRight(b, "\r")
	}
	w.leaf.body, w.leaf.at = b, w.base+from
	w.leaf = nil
}

// mend looks again at multiparts in which no part was found: the boundary was
// lost, another one is used, or all of it was encoded. A first part without its
// boundary is what stands before the second.
func (w *walker) mend(p *part) {
	for _, c := range p.children {
		w.mend(c)
	}
	if w.resniffs >= maxResniffs || p.tooDeep || len(p.body) == 0 {
		return
	}
	if len(p.children) > 0 {
		w.mendFirst(p)
		return
	}
	announced := p.isMultipart() || p.media.get("boundary") != ""
	if !announced && (p.media.value != "text/plain" || p.header.count("content-type") > 0) {
		return
	}
	again := &walker{raw: p.body, sketch: p.sketch, base: p.at}
	raw, boundary := p.body, ""
	decode := func(b []byte) []byte {
		return decodeTransfer(b, p.header.get("content-transfer-encoding"), func(string) {})
	}
	if announced && bytes.Contains(decode(raw[:min(len(raw), maxRuleBytes)]), []byte("--"+p.boundary)) {
		raw, boundary = decode(raw), p.boundary
		if transferOf(p.header.get("content-transfer-encoding")) != transferNone {
			if p.torn() {
				p.sketch.giveUp()
			}
			again = &walker{raw: raw}
		}
	}
	if boundary == "" {
		boundary = sniffBoundary(raw, announced)
	}
	if boundary == "" || !w.again(p, again, boundary) {
		if p.isMultipart() {
			w.defect("a multipart holds no part; it is read as text")
			p.media = media{value: "text/plain"} // never a page: that would render what nobody called one
		}
		return
	}
	w.defect("the boundary was guessed from the body")
	if !p.isMultipart() {
		p.media.value = "multipart/mixed"
	}
}

// again reads with another walker the parts of p that another boundary cuts, and
// tells whether there are any.
func (w *walker) again(p *part, again *walker, boundary string) bool {
	again.defect, again.parts, again.resniffs, again.charset = w.defect, w.parts, w.resniffs+1, w.charset
	p.boundary = boundary
	again.open, again.level = []*part{p}, map[string]int{boundary: 0}
	again.scan(0)
	w.parts, w.resniffs, w.charset = again.parts, again.resniffs, again.charset
	return len(p.children) > 0
}

// mendFirst makes a part of what stands before the first boundary if it has the
// header of one.
func (w *walker) mendFirst(p *part) {
	lost := bytes.TrimLeft(p.body, "\r\n")
	if name, _, ok := splitField(lost[:min(len(lost), maxNameBytes)]); !ok || !hasFoldPrefix(string(name), "content-") || !p.isMultipart() {
		return
	}
	w.defect("the first boundary is missing")
	again := &walker{raw: lost, defect: w.defect, parts: w.parts, resniffs: w.resniffs + 1, charset: w.charset,
		sketch: p.sketch, base: p.at + len(p.body) - len(lost)}
	p.children = slices.Insert(p.children, 0, again.run(0, partHeader))
	w.parts, w.resniffs = again.parts, again.resniffs
}

// sniffBoundary finds a line that must be a boundary: a field of a part stands
// under it, or where parts were announced, its end comes later. Where none were it
// must be the first line with anything in it.
func sniffBoundary(b []byte, announced bool) string {
	b = b[:min(len(b), maxRuleBytes)]
	for at, looked := 0, 0; at < len(b); {
		line, next := nextLine(b, at)
		if candidate := string(bytes.TrimRight(line, " \t")); strings.HasPrefix(candidate, "--") && strings.Trim(candidate, "-") != "" && next < len(b) {
			following, _ := nextLine(b, next)
			if len(following) > 8 && strings.EqualFold(string(following[:8]), "content-") {
				return candidate[2:]
			}
			if looked++; announced && looked <= maxResniffs && bytes.Contains(b[next:], []byte("\n"+candidate+"--")) {
				return candidate[2:]
			}
		}
		if len(line) > 0 && !announced {
			return ""
		}
		at = next
	}
	return ""
}
