package web

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// A look is how the HTML of a mail is wanted.
type look struct {
	remote bool // with its pictures of the web
	bare   bool // without styles, colours and sizes: nothing can hide
}

// heldBack is what a mail has and its page does not show.
type heldBack struct {
	Images int // pictures of the web, until the reader asks for them
	Pixels int // pictures of the web that count readers; never loaded
	Others int // other things of the web: backgrounds, styles, films; never loaded
	Hidden int // elements that the mail itself hides
}

// A cleaner writes the HTML of a mail anew, from its tags on the list alone. It
// reads tokens, not a tree: no depth of nesting matters to it, and what browsers
// make of a broken tree is made of these tags.
type cleaner struct {
	look
	own    pictures
	data   []string       // the pictures that come with the page
	placed map[string]int // which of them is whose, by id
	room   int            // for more, in bytes
	out    strings.Builder
	seen   heldBack
	open   [2]int // elements that wait for their end: boxes, and the dress of letters
	tags   int
	skip   string // the element whose words are being dropped
	err    error
}

const (
	// maxFrameHTML is how much HTML of a mail is shown, in bytes; the whole stays
	// in the original.
	maxFrameHTML = 2 << 20
	// maxTags bounds what a browser has to build. Beyond it the words go on without
	// their tags.
	maxTags = 120_000
)

// maxOpen is how deep elements may stand in each other, by kind. What dresses
// letters is put up again by browsers in every paragraph, if it is left open.
func maxOpen(kind int) int { return [2]int{80, 20}[kind] }

// cleanHTML keeps what a mail needs to look like itself, and nothing that acts.
// The error is that of a picture that could not be read.
func cleanHTML(source string, own pictures, as look) (clean string, seen heldBack, err error) {
	if len(source) > maxFrameHTML {
		source = source[:maxFrameHTML]
	}
	c := &cleaner{look: as, own: own, room: maxPictures, placed: map[string]int{}}
	z := html.NewTokenizer(strings.NewReader(strings.ToValidUTF8(source, "\uFFFD")))
	for z.Next() != html.ErrorToken {
		c.token(z.Token())
	}
	return c.pictured(mailPolicy(as.remote).Sanitize(c.out.String())), c.seen, c.err
}

func (c *cleaner) token(token html.Token) {
	switch token.Type {
	case html.StartTagToken, html.SelfClosingTagToken:
		c.skip = ""
		c.start(token)
	case html.EndTagToken:
		c.skip = ""
		c.end(token.Data)
	case html.TextToken:
		if c.skip == "" {
			c.out.WriteString(html.EscapeString(strings.Map(noNulls, token.Data)))
		}
	}
}

func (c *cleaner) start(token html.Token) {
	c.count(token)
	if slices.Contains(droppedWithWords, token.Data) && token.Type == html.StartTagToken {
		c.skip = token.Data
		return
	}
	if c.tags++; c.tags > maxTags {
		return
	}
	switch token.Data {
	case "img", "image":
		token.Data, token.Type = "img", html.StartTagToken
		c.image(token)
		return
	case "body": // what it sets holds for all that follows
		token.Data = "div"
		c.bodyColour(&token)
	case "textarea", "xmp", "listing", "plaintext":
		token = html.Token{Data: "pre"}
	}
	if !isShown(token.Data) {
		return
	}
	if kind, nests := nesting(token.Data); nests {
		if c.open[kind]++; c.open[kind] > maxOpen(kind) {
			return
		}
	}
	token.Type, token.Attr = html.StartTagToken, c.attributes(token)
	c.out.WriteString(token.String())
}

func (c *cleaner) end(element string) {
	switch element {
	case "body":
		element = "div"
	case "textarea", "xmp", "listing":
		element = "pre"
	}
	if !isShown(element) || void(element) {
		return
	}
	if kind, nests := nesting(element); nests {
		if c.open[kind]--; c.open[kind] >= maxOpen(kind) {
			return
		}
		c.open[kind] = max(0, c.open[kind])
	}
	c.out.WriteString("</" + element + ">")
}

// nesting gives the kind of an element that goes on until it is closed. The others
// end where the next one begins, and mails leave them open.
func nesting(element string) (kind int, nests bool) {
	switch element {
	case "a", "b", "big", "code", "em", "font", "i", "s", "small", "strike", "strong", "tt", "u":
		return 1, true
	case "p", "li", "dt", "dd", "tr", "td", "th", "tbody", "thead", "tfoot", "colgroup", "rt", "rp":
		return 0, false
	}
	return 0, !void(element)
}

func void(element string) bool {
	return slices.Contains([]string{"br", "hr", "img", "wbr", "col"}, element)
}

// attributes are those that stay, each once.
func (c *cleaner) attributes(token html.Token) (kept []html.Attribute) {
	for _, a := range token.Attr {
		if a.Key == "href" && token.Data == "a" {
			if u, ok := cleanURL(a.Val); ok {
				kept = append(kept, html.Attribute{Key: "href", Val: u.String()}, html.Attribute{Key: "rel", Val: linkRel},
					html.Attribute{Key: "target", Val: "_blank"})
			}
			continue
		}
		rule := attributes[a.Key]
		if rule == nil || c.bare && !slices.Contains([]string{"alt", "title", "class", "dir", "lang", "colspan", "rowspan", "start", "value"}, a.Key) {
			continue
		}
		switch a.Key {
		case "style":
			hides := false
			if a.Val, hides = cleanStyle(a.Val); hides {
				c.seen.Hidden++
			}
		case "title", "alt":
			a.Val = shorten(strings.Map(noNulls, a.Val), 1000)
		default:
			a.Val = strings.TrimSpace(a.Val)
		}
		if a.Val == "" && a.Key == "style" || !rule.MatchString(a.Val) ||
			slices.ContainsFunc(kept, func(other html.Attribute) bool { return other.Key == a.Key }) {
			continue
		}
		kept = append(kept, html.Attribute{Key: a.Key, Val: a.Val})
	}
	return kept
}

// bodyColour makes a style of the colour that only a <body> has as an attribute.
func (c *cleaner) bodyColour(token *html.Token) {
	if colour := strings.TrimSpace(attributeOf(*token, "bgcolor")); colour != "" {
		style := "background-color:" + colour + ";" + attributeOf(*token, "style")
		token.Attr = slices.DeleteFunc(token.Attr, func(a html.Attribute) bool { return a.Key == "style" || a.Key == "bgcolor" })
		token.Attr = append(token.Attr, html.Attribute{Key: "style", Val: style})
	}
}

// count counts what else an element would have loaded from the web.
func (c *cleaner) count(token html.Token) {
	for _, a := range token.Attr {
		remote := false
		switch a.Key {
		case "style":
			remote = cssRemote.MatchString(a.Val)
		case "background", "poster", "data", "xlink:href":
			remote = isRemote(a.Val)
		case "src", "srcset":
			remote = isRemote(a.Val) && token.Data != "img" && token.Data != "image"
		case "href":
			remote = isRemote(a.Val) && (token.Data == "link" || token.Data == "image" || token.Data == "use")
		}
		if remote {
			c.seen.Others++
		}
	}
}

func isRemote(address string) bool {
	address = strings.ToLower(strings.Map(noControls, address))
	return strings.HasPrefix(address, "//") || strings.HasPrefix(address, "http:") || strings.HasPrefix(address, "https:")
}

// cleanURL reads an address as browsers do and gives it in the one form in which
// everybody reads it alike: http, https or mailto, with a host that is not dressed
// up by a name before it.
func cleanURL(address string) (*url.URL, bool) {
	address = strings.TrimSpace(strings.Map(noControls, address))
	if strings.HasPrefix(address, "//") {
		address = "https:" + address
	}
	if !webLink.MatchString(address) || len(address) > 8000 {
		return nil, false
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "mailto" && u.Hostname() == "" || strings.ContainsAny(u.Host, `\%`) {
		return nil, false
	}
	u.User = nil
	again, err := url.Parse(u.String())
	if err != nil || again.String() != u.String() || !webLink.MatchString(u.String()) {
		return nil, false
	}
	return again, true
}

func attributeOf(token html.Token, key string) string {
	for _, a := range token.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// noControls drops what browsers drop from an address before they read it.
func noControls(r rune) rune {
	if unicode.IsControl(r) {
		return -1
	}
	return r
}

func noNulls(r rune) rune {
	if unicode.IsControl(r) && r != '\t' && r != '\n' {
		return -1
	}
	return r
}

func noSpaces(r rune) rune {
	if unicode.IsSpace(r) {
		return -1
	}
	return r
}

// shorten cuts a text between two characters.
func shorten(text string, bytes int) string {
	if len(text) <= bytes {
		return text
	}
	for bytes > 0 && !utf8.RuneStart(text[bytes]) {
		bytes--
	}
	return text[:bytes]
}
