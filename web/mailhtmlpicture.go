package web

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"

	"postdesk/core"
)

// A picture is a file of a mail that the mail's own HTML may show.
type picture struct {
	id   string // its Content-ID, without brackets
	link string // where the reader can have it alone; may be empty
	size int64
	load func() ([]byte, error)
}

type pictures []picture

// find gives what a mail means by "cid:…". Programs write the same id with
// brackets, in other letters and percent-encoded. Only files of this mail are
// looked at: no other's can be shown.
func (all pictures) find(reference string) (picture, bool) {
	id := strings.TrimSpace(reference)
	if len(id) >= 4 && strings.EqualFold(id[:4], "cid:") {
		id = id[4:]
	}
	if decoded, err := url.PathUnescape(id); err == nil {
		id = decoded
	}
	id = strings.Trim(id, "<> \t\r\n")
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		if at := slices.IndexFunc(all, func(p picture) bool { return p.id != "" && same(p.id, id) }); at >= 0 {
			return all[at], true
		}
	}
	return picture{}, false
}

// picturesOf are those of a letter whose bytes are at hand.
func picturesOf(l core.Letter) (own pictures) {
	for _, a := range l.Attachments {
		own = append(own, picture{id: a.ContentID, size: max(int64(len(a.Content)), a.Size), load: a.Bytes})
	}
	return own
}

const (
	// maxPicture is the largest picture that comes with the page, in bytes, and
	// maxPictures what they take on it together. The rest are links.
	maxPicture  = 8 << 20
	maxPictures = 12 << 20
)

// image puts an <img> of the mail: its own pictures as data, those of the web only
// if the reader asked, and words in place of what is not shown.
func (c *cleaner) image(token html.Token) {
	source := strings.TrimSpace(attributeOf(token, "src"))
	if source == "" {
		source = firstOfSet(attributeOf(token, "srcset"))
	}
	alt := strings.TrimSpace(attributeOf(token, "alt"))
	pixels := c.seen.Pixels
	shown, link := c.imageSource(token, source)
	if c.seen.Pixels > pixels {
		return // nobody was meant to see it
	}
	if shown != "" {
		token.Attr = append(c.attributes(token), html.Attribute{Key: "src", Val: shown})
		c.out.WriteString(token.String())
		return
	}
	words := html.EscapeString(firstOf(shorten(alt, 200), "image"))
	if link != "" {
		words = `<a href="` + link + `" rel="` + linkRel + `" target="_blank">` + words + `</a>`
	}
	c.out.WriteString(`<span class="pd-blocked">` + words + `</span>`)
}

// imageSource is where a picture is shown from; or nothing, and perhaps a link to
// it.
func (c *cleaner) imageSource(token html.Token, source string) (shown, link string) {
	if own, is := c.own.find(source); is {
		return c.ownSource(own)
	}
	scheme, rest, _ := strings.Cut(strings.Map(noControls, source), ":")
	switch {
	case strings.EqualFold(scheme, "data"):
		return c.dataSource(rest), ""
	case strings.HasPrefix(source, "//"):
		source = "https:" + source
	case !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https"):
		return "", ""
	}
	if counts(token) {
		c.seen.Pixels++
		return "", ""
	}
	c.seen.Images++
	if u, ok := cleanURL(source); ok && c.remote && publicHost(u) {
		return u.String(), ""
	}
	return "", ""
}

// ownSource gives a picture of the mail, loaded once for every place that shows it.
func (c *cleaner) ownSource(p picture) (shown, link string) {
	if place, is := c.placed[p.id]; is {
		if size := len(c.data[place]); size <= c.room {
			c.room -= size
			return placeOf(place), ""
		}
		return "", p.link
	}
	if p.size > maxPicture || int(p.size) > c.room {
		return "", p.link
	}
	content, err := p.load()
	if err != nil {
		c.err = err
		return "", p.link
	}
	if shown = c.place(content); shown == "" {
		return "", p.link
	}
	c.placed[p.id] = len(c.data) - 1
	return shown, ""
}

// dataSource reads a picture that stands in the HTML, whatever type it claims.
func (c *cleaner) dataSource(rest string) string {
	kind, data, _ := strings.Cut(rest, ",")
	if !strings.HasSuffix(strings.ToLower(strings.TrimSpace(kind)), ";base64") || len(data) > c.room {
		return ""
	}
	if decoded, err := url.PathUnescape(data); err == nil {
		data = decoded
	}
	data = strings.TrimRight(strings.Map(noSpaces, data), "=")
	content, err := base64.RawStdEncoding.DecodeString(data)
	if err != nil {
		return ""
	}
	return c.place(content)
}

// place keeps a picture for the page, if there is room, and gives the mark that
// stands for it until the page is done: the lists need not look through its bytes.
func (c *cleaner) place(content []byte) string {
	data := dataURI(content)
	if data == "" || len(data) > c.room {
		return ""
	}
	c.room -= len(data)
	c.data = append(c.data, data)
	return placeOf(len(c.data) - 1)
}

func placeOf(n int) string { return fmt.Sprintf("cid:%d", n) }

// places finds the marks in a clean page. In words and values there are no quotes.
var places = regexp.MustCompile(` src="cid:([0-9]+)"`)

// pictured puts the pictures where their marks are.
func (c *cleaner) pictured(page string) string {
	var out strings.Builder
	at := 0
	for _, m := range places.FindAllStringSubmatchIndex(page, -1) {
		n, err := strconv.Atoi(page[m[2]:m[3]])
		if err != nil || n >= len(c.data) {
			continue
		}
		out.WriteString(page[at:m[0]] + ` src="` + c.data[n] + `"`)
		at = m[1]
	}
	out.WriteString(page[at:])
	return out.String()
}

// dataURI gives a picture that can do nothing but be looked at.
func dataURI(content []byte) string {
	kind, ok := inertImage(content)
	if !ok {
		return ""
	}
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(content)
}

// inertImage tells the type of a picture by its first bytes, whatever the mail
// says: formats that hold pixels and no code.
func inertImage(content []byte) (kind string, ok bool) {
	kind = http.DetectContentType(content)
	return kind, slices.Contains([]string{"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"}, kind)
}

// counts tells a picture that is too small to be seen: it is there to count
// readers, and is not loaded even when the others are.
func counts(token html.Token) bool {
	width, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(attributeOf(token, "width")), "px"), 64)
	height, err2 := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(attributeOf(token, "height")), "px"), 64)
	if err == nil && err2 == nil {
		return width <= 2 && height <= 2
	}
	style := strings.ToLower(strings.Join(strings.Fields(attributeOf(token, "style")), ""))
	return strings.Contains(";"+style, ";display:none") ||
		tinyStyle(style, "width:") && tinyStyle(style, "height:")
}

func tinyStyle(style, property string) bool {
	_, value, found := strings.Cut(";"+style, ";"+property)
	value, _, _ = strings.Cut(value, ";")
	n, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSuffix(value, "!important"), "px"), 64)
	return found && err == nil && n <= 2
}

// publicHost tells an address that a picture may be loaded from. A mail must not
// make the reader's browser knock at what only their own network reaches.
func publicHost(u *url.URL) bool {
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if ip, err := netip.ParseAddr(host); err == nil {
		ip = ip.Unmap()
		return ip.IsGlobalUnicast() && !ip.IsPrivate()
	}
	if last := host[strings.LastIndexByte(host, '.')+1:]; last == host || net.ParseIP(host) != nil || strings.Trim(last, "0123456789") == "" ||
		strings.HasPrefix(last, "0x") || slices.Contains([]string{"local", "localhost", "internal", "lan", "home", "corp", "intranet"}, last) {
		return false // also the numbers that browsers read as an address, such as 0x7f.1
	}
	return u.Port() == "" || u.Port() == "80" || u.Port() == "443"
}

// firstOfSet is the first address of a srcset.
func firstOfSet(set string) string {
	if words := strings.Fields(set); len(words) > 0 {
		return strings.TrimRight(words[0], ",")
	}
	return ""
}
