package web

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"postdesk/core"
)

// The HTML of a mail is hostile. It is cleaned, and shown all the same only in a
// frame without scripts and without an origin, under a policy that loads nothing.
// Pictures of the mail itself come along as data: a frame without an origin has no
// session to fetch them with. Pictures of the web are taken out until the reader
// asks, and are then loaded by the browser; the server never fetches any.

// framePolicy is the Content-Security-Policy of a frame.
func framePolicy(remoteImages bool) string {
	images := "data:"
	if remoteImages {
		images += " https: http:"
	}
	return "default-src 'none'; img-src " + images + "; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; " +
		"frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
}

// frameHead is black on white in every mode: mails are written for that.
const frameHead = `<!doctype html><html><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">` +
	`<style>html{background:#fff;color:#1c1b19;color-scheme:light;font:15px/1.5 system-ui,sans-serif;overflow-wrap:break-word}` +
	`body{margin:12px}img{max-width:100%;height:auto}table{max-width:100%}pre{white-space:pre-wrap}` +
	`.pd-blocked{border:1px dashed #aaa;color:#666;font-size:12px;padding:1px 5px}</style></head><body>`

// pictures are the files of a mail that its HTML may show, by content id.
type pictures map[string]core.File

// sendFrame answers with the HTML of a mail. After ?images=1, with its pictures
// of the web.
func (s *server) sendFrame(v *visit, source string, own pictures) error {
	remote := v.query("images") == "1"
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", framePolicy(remote))
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	page := frameHead + cleanHTML(source, own, remote) + "</body></html>"
	v.w.WriteHeader(http.StatusOK)
	_, _ = v.w.Write([]byte(page)) // the reader may have left
	return nil
}

// maxFrameHTML is how much HTML of a mail is shown; the whole stays in the
// original.
const maxFrameHTML = 4 << 20

// cleanHTML keeps what a mail needs to look like itself, and nothing that acts.
func cleanHTML(source string, own pictures, remote bool) string {
	if len(source) > maxFrameHTML {
		source = source[:maxFrameHTML]
	}
	return mailPolicy(remote).Sanitize(placePictures(source, own, remote))
}

// placePictures gives the mail's own pictures as data, and takes those of the web
// out. It reads tokens, not a tree: no depth of nesting matters to it.
func placePictures(source string, own pictures, remote bool) string {
	var out strings.Builder
	budget := 12 << 20
	z := html.NewTokenizer(strings.NewReader(source))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return out.String()
		case html.StartTagToken, html.SelfClosingTagToken:
			raw := slices.Clone(z.Raw())
			token := z.Token()
			if token.DataAtom != atom.Img && token.DataAtom != atom.Image {
				out.Write(raw)
				continue
			}
			out.WriteString(picture(token, own, remote, &budget))
		default:
			out.Write(z.Raw())
		}
	}
}

func picture(token html.Token, own pictures, remote bool, budget *int) string {
	source, alt := "", ""
	kept := token.Attr[:0]
	for _, a := range token.Attr {
		switch a.Key {
		case "src":
			source = strings.TrimSpace(a.Val)
		case "srcset":
		case "alt":
			alt = a.Val
			kept = append(kept, a)
		default:
			kept = append(kept, a)
		}
	}
	token.Attr, token.DataAtom, token.Data = kept, atom.Img, "img"
	scheme, rest, _ := strings.Cut(source, ":")
	switch strings.ToLower(scheme) {
	case "cid":
		source = dataURI(own[rest], budget)
	case "data":
		*budget -= len(source)
	case "http", "https":
		if !remote {
			source = ""
		}
	default:
		source = ""
	}
	if source == "" || *budget < 0 {
		return `<span class="pd-blocked">` + html.EscapeString(firstOf(alt, "image not loaded")) + `</span>`
	}
	token.Attr = append(token.Attr, html.Attribute{Key: "src", Val: source})
	return token.String()
}

// dataURI gives a picture that can do nothing but be looked at.
func dataURI(f core.File, budget *int) string {
	kind, ok := inertImage(f.Content)
	if !ok || len(f.Content) > *budget {
		return ""
	}
	*budget -= len(f.Content)
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(f.Content)
}

// inertImage tells the type of a picture by its first bytes, whatever the mail
// says: formats that hold pixels and no code.
func inertImage(content []byte) (kind string, ok bool) {
	kind = http.DetectContentType(content)
	return kind, slices.Contains([]string{"image/png", "image/jpeg", "image/gif", "image/webp"}, kind)
}

var (
	cssWord   = regexp.MustCompile(`(?i)^(?:[a-z0-9#%.,\s'"!+-]|(?:rgb|hsl)a?\([0-9.,%\s]+\)){1,200}$`)
	webLink   = regexp.MustCompile(`(?i)^(?:https?://[a-z0-9]|mailto:[a-z0-9])`)
	safeClass = regexp.MustCompile(`^pd-blocked$`)
	dataImage = regexp.MustCompile(`^data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+$`)
	anyWebURL = regexp.MustCompile(`(?i)^https?://`)
)

// mailPolicy is the list of what stays.
func mailPolicy(remote bool) *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("a", "abbr", "address", "b", "bdi", "big", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup",
		"dd", "del", "div", "dl", "dt", "em", "figcaption", "figure", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins",
		"kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "section", "small", "span", "strike", "strong", "sub", "sup", "table",
		"tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "wbr")
	p.AllowNoAttrs().OnElements("span", "font", "a")
	p.AllowAttrs("href").Matching(webLink).OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto", "data")
	p.RequireParseableURLs(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.RequireNoFollowOnLinks(true)
	p.AllowAttrs("class").Matching(safeClass).OnElements("span")
	p.AllowAttrs("align", "valign", "bgcolor", "color", "width", "height", "border", "cellpadding", "cellspacing", "dir", "lang").
		Matching(cssWord).Globally()
	p.AllowAttrs("colspan", "rowspan", "span", "start", "size").Matching(bluemonday.Integer).Globally()
	p.AllowAttrs("title", "alt").Globally()
	if remote {
		p.AllowAttrs("src").Matching(regexp.MustCompile(dataImage.String() + "|" + anyWebURL.String())).OnElements("img")
	} else {
		p.AllowAttrs("src").Matching(dataImage).OnElements("img")
	}
	p.AllowStyles("color", "background-color", "font-family", "font-size", "font-style", "font-weight", "text-align", "text-decoration",
		"line-height", "letter-spacing", "vertical-align", "white-space", "width", "max-width", "height", "border", "border-top",
		"border-bottom", "border-left", "border-right", "border-color", "border-style", "border-width", "border-radius", "border-collapse",
		"border-spacing", "padding", "padding-top", "padding-bottom", "padding-left", "padding-right", "margin", "margin-top",
		"margin-bottom", "margin-left", "margin-right", "direction", "list-style-type").Matching(cssWord).Globally()
	return p
}

// frameOfConversation shows a mail of a conversation.
func (s *server) frameOfConversation(v *visit) error {
	id, err := pathID[core.ConversationID](v, "id")
	if err != nil {
		return err
	}
	inbound, err := pathID[core.InboundID](v, "inbound")
	if err != nil {
		return err
	}
	entries, err := s.desk.Timeline(v.ctx(), v.actor, id)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(entries, func(e core.Entry) bool { return e.InboundID == inbound && e.Kind != core.EntryEvent })
	if at < 0 {
		return core.ErrNotFound
	}
	source, err := s.desk.MessageHTML(v.ctx(), v.actor, inbound)
	if err != nil {
		return err
	}
	own := pictures{}
	for _, ref := range entries[at].Attachments {
		if ref.ContentID == "" || ref.Size > 8<<20 || !strings.Contains(source, "cid:"+ref.ContentID) {
			continue
		}
		if own[ref.ContentID], err = s.desk.Attachment(v.ctx(), v.actor, ref.ID); err != nil {
			return err
		}
	}
	return s.sendFrame(v, source, own)
}

// frameOfMail shows a mail of the log, or a suspended one.
func (s *server) frameOfMail(v *visit) error {
	id, err := pathID[core.InboundID](v, "id")
	if err != nil {
		return err
	}
	letter, err := s.desk.MailLetter(v.ctx(), v.actor, id)
	if err != nil {
		return err
	}
	return s.sendFrame(v, letter.HTML, picturesOf(letter))
}

// frameOfDelivery shows an outgoing mail as its recipient sees it.
func (s *server) frameOfDelivery(v *visit) error {
	id, err := pathID[core.DeliveryID](v, "id")
	if err != nil {
		return err
	}
	raw, err := s.desk.DeliverySource(v.ctx(), v.actor, id)
	if err != nil {
		return err
	}
	letter := s.read(raw)
	return s.sendFrame(v, letter.HTML, picturesOf(letter))
}

func picturesOf(l core.Letter) pictures {
	own := pictures{}
	for _, a := range l.Attachments {
		if a.ContentID != "" {
			own[a.ContentID] = core.File{Content: a.Content}
		}
	}
	return own
}
