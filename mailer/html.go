package mailer

import (
	_ "embed"
	"html"
	"strings"

	"postdesk/core"
)

// One design for all mail: a person's words stand free, in the reader's own
// colours; the help desk's own mail is a card. The skeleton is tables, styles
// stand at each element and colours also as attributes, because mail programs
// know little else; the style element of the head adds what newer ones know.
// Nothing is loaded from anywhere.

//go:embed templates/head.html
var htmlHead string

const (
	font   = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;"
	table  = `<table role="presentation" cellpadding="0" cellspacing="0" border="0"`
	little = "font-size:14px;line-height:21px;"
)

// A page is HTML under way. Text gets into it through esc alone.
type page struct {
	strings.Builder
	ground, ink string // of a button
	open        string // the element that lines go on in: p or ul
	dim         string // class and colour of what steps back: free words have no colour of their own
	url         string // the same of links
}

// html writes the body as one HTML document.
func (b *body) html() string {
	p := &page{dim: ` class="dim" style="color:#6b7683;`, url: ` style="`}
	p.ground, p.ink = "#1f55cc", "#ffffff"
	if b.Card {
		p.dim, p.url = ` class="dim" style="color:#5a6675;`, ` class="url" style="color:#1f55cc;`
	}
	if own, ok := core.PaletteOf(b.Accent); ok {
		p.ground, p.ink = own.Ground, own.Ink
	}
	p.Grow(6000 + 2*b.size())
	p.put("<!DOCTYPE html>\n<html lang=\"", b.Language.Code(), "\">\n", htmlHead, "<title>")
	p.esc(b.Instance)
	p.put("</title>\n</head>\n")
	if b.Card {
		p.card(b)
	} else {
		p.free(b)
	}
	p.put("</html>\n")
	return p.String()
}

// size is about how much text the body has.
func (b *body) size() (n int) {
	for _, q := range b.Quotes {
		n += len(q.Text)
	}
	for _, p := range b.Main {
		for _, block := range p {
			n += len(block.Words)
		}
	}
	return n
}

// put takes markup of ours alone.
func (p *page) put(markup ...string) {
	for _, m := range markup {
		p.WriteString(m)
	}
}

// esc takes any text.
func (p *page) esc(text string) {
	if strings.ContainsAny(text, `<>&'"`) {
		text = html.EscapeString(text)
	}
	p.WriteString(text)
}

// card sets the mail on a ground, 560 pixels wide at most; the comments are for
// the program that knows no max-width.
func (p *page) card(b *body) {
	p.put(`<body class="page" bgcolor="#f3f4f6" style="margin:0;padding:0;background-color:#f3f4f6;">`, "\n",
		table, ` class="page" width="100%" bgcolor="#f3f4f6" style="background-color:#f3f4f6;">`, "\n",
		`<tr><td class="outer" align="center" style="padding:32px 12px;">`, "\n",
		"<!--[if mso]>", table, ` width="560"><tr><td><![endif]-->`, "\n",
		table, ` width="100%" style="max-width:560px;">`, "\n",
		`<tr><td class="edge dim" align="left" style="padding:0 4px 12px 4px;`, font, `font-size:14px;line-height:20px;font-weight:600;color:#5a6675;">`)
	p.esc(b.Instance)
	p.put("</td></tr>\n",
		`<tr><td class="inner ink" align="left" bgcolor="#ffffff" style="padding:32px 32px 16px 32px;background-color:#ffffff;border:1px solid #e1e5ea;border-radius:10px;`,
		font, `font-size:16px;line-height:25px;color:#1c232c;word-break:break-word;">`, "\n")
	p.content(b)
	p.put("</td></tr>\n")
	if len(b.Small) > 0 {
		p.put(`<tr><td class="edge dim" align="left" style="padding:16px 4px 0 4px;`, font, `font-size:13px;line-height:20px;color:#5a6675;word-break:break-word;">`, "\n")
		p.paragraphs(b.Small, false)
		p.put("</td></tr>\n")
	}
	p.put("</table>\n<!--[if mso]></td></tr></table><![endif]-->\n</td></tr>\n</table>\n</body>\n")
}

// free sets no ground and no colour: the mail looks like one that a person wrote.
func (p *page) free(b *body) {
	p.put(`<body style="margin:0;padding:0;">`, "\n", table, ` width="100%">`, "\n",
		`<tr><td class="free" align="left" style="padding:20px;`, font, `font-size:15px;line-height:24px;word-break:break-word;">`, "\n",
		`<div style="max-width:640px;">`, "\n")
	p.content(b)
	p.put("</div>\n</td></tr>\n</table>\n</body>\n")
}

func (p *page) content(b *body) {
	if b.Alert != "" {
		p.put(table, ` width="100%" style="margin:0 0 20px 0;"><tr><td class="alert" bgcolor="#fdf3d7" style="padding:10px 14px;background-color:#fdf3d7;border:1px solid #ecd9a0;border-radius:6px;`,
			font, little, `color:#5c4708;">`)
		p.esc(b.Alert)
		p.put("</td></tr></table>\n")
	}
	p.paragraphs(b.Main, b.Card)
	if !b.Card && len(b.Small) > 0 {
		p.put("<div", p.dim, `font-size:13px;line-height:20px;">`, "\n")
		p.paragraphs(b.Small, false)
		p.put("</div>\n")
	}
	if len(b.Quotes) == 0 {
		return
	}
	p.put("<p", p.dim, `margin:28px 0 12px 0;font-size:13px;line-height:20px;">`, html.EscapeString(b.Language.Say(core.ReplyAbove)), "</p>\n")
	for _, q := range b.Quotes {
		p.put("<div", p.dim, `margin:0 0 20px 0;font-size:14px;line-height:22px;">`, "\n", `<p style="margin:0 0 6px 0;">`)
		p.esc(q.Head)
		p.put("</p>\n", `<blockquote type="cite" class="said" style="margin:0;padding:2px 0 2px 14px;border-left:3px solid #c3cad3;">`)
		p.words(q.Text)
		p.put("</blockquote>\n</div>\n")
	}
}

// paragraphs ends what is open after each. In a card the words of somebody else
// are marked as such.
func (p *page) paragraphs(all []paragraph, mark bool) {
	for _, lines := range all {
		for _, b := range lines {
			p.block(b, mark)
		}
		p.end()
	}
}

func (p *page) block(b block, mark bool) {
	switch b.Kind {
	case core.LineHeading:
		p.end()
		p.put(`<h1 style="margin:0 0 16px 0;font-size:21px;line-height:28px;font-weight:600;">`)
		p.spans(b.Spans)
		p.put("</h1>\n")
	case core.LineItem:
		p.begin("ul", `<ul style="margin:0 0 16px 0;padding:0 0 0 24px;">`)
		p.put("<li>")
		p.spans(b.Spans)
		p.put("</li>\n")
	case core.LineMessage:
		p.end()
		p.message(b, mark)
	case core.LineSignature:
		p.end()
		p.put("<div", p.dim, `">`)
		p.words(b.Words)
		p.put("</div>\n")
	case core.LineLink:
		p.link(b.Link, mark)
	default:
		if p.open == "p" {
			p.put("<br>\n")
		}
		p.begin("p", `<p dir="auto" style="margin:0 0 16px 0;">`)
		p.spans(b.Spans)
	}
}

func (p *page) begin(element, tag string) {
	if p.open != element {
		p.end()
		p.put(tag)
		p.open = element
	}
}

func (p *page) end() {
	if p.open != "" {
		p.put("</", p.open, ">\n")
	}
	p.open = ""
}

func (p *page) spans(all []span) {
	for _, s := range all {
		if s.Bold {
			p.put("<b>")
		}
		if s.URL == "" {
			p.esc(s.Text)
		} else {
			p.anchor(s.URL)
		}
		if s.Bold {
			p.put("</b>")
		}
	}
}

func (p *page) anchor(url string) {
	p.put(`<a href="`)
	p.esc(url)
	p.put(`"`, p.url, `word-break:break-all;">`)
	p.esc(url)
	p.put("</a>")
}

// message is a person's words with their pictures.
func (p *page) message(b block, mark bool) {
	if mark {
		p.put(table, ` width="100%" style="margin:0 0 24px 0;"><tr><td class="said ink" align="left" style="padding:2px 0 2px 16px;border-left:3px solid #c3cad3;`,
			font, `font-size:16px;line-height:25px;color:#1c232c;word-break:break-word;">`, "\n")
	}
	p.words(b.Words)
	for _, i := range b.Images {
		p.put(`<p style="margin:0 0 16px 0;"><img src="cid:`)
		p.esc(i.ID)
		p.put(`" alt="`)
		p.esc(i.Name)
		p.put(`" style="max-width:100%;height:auto;border:0;"></p>`, "\n")
	}
	if mark {
		p.put("</td></tr></table>\n")
	}
}

// link is a button on a card. One that works once stands there in full, too.
func (p *page) link(l link, card bool) {
	if l.URL == "" {
		return
	}
	if !card || l.Label == "" {
		if l.Label != "" {
			p.block(block{Spans: []span{{Text: l.Label + ":"}}}, card)
		}
		p.block(block{Spans: []span{{Text: l.URL, URL: l.URL}}}, card)
	} else {
		p.end()
		p.button(l)
	}
	if l.Expires == "" {
		return
	}
	p.end()
	if card && l.Label != "" {
		p.put(`<p style="margin:0 0 4px 0;`, little, `">`)
		p.anchor(l.URL)
		p.put("</p>\n")
	}
	p.put("<p", p.dim, "margin:0 0 16px 0;", little, `">`)
	p.esc(l.Expires)
	p.put("</p>\n")
}

// button is a cell with a ground of its own, which stays where styles do not.
func (p *page) button(l link) {
	p.put(table, ` style="margin:8px 0 20px 0;"><tr><td class="`, p.buttonClass(), `" align="center" bgcolor="`, p.ground, `" style="background-color:`, p.ground, `;border-radius:7px;mso-padding-alt:11px 22px;"><a href="`)
	p.esc(l.URL)
	p.put(`" style="display:inline-block;padding:11px 22px;`, font, `font-size:15px;line-height:22px;font-weight:600;color:`, p.ink, `;text-decoration:none;"><font color="`, p.ink, `">`)
	p.esc(l.Label)
	p.put("</font></a></td></tr></table>\n")
}

// buttonClass lets our own colour change with the reader's theme. One that somebody
// chose stays: its words are readable on it by themselves.
func (p *page) buttonClass() string {
	if p.ground == "#1f55cc" {
		return "button"
	}
	return "button-own"
}

// words cuts a text at its empty lines.
func (p *page) words(text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" {
			p.end()
			continue
		}
		if p.open == "p" {
			p.put("<br>\n")
		}
		p.begin("p", `<p dir="auto" style="margin:0 0 14px 0;">`)
		p.spans(spans(line, true))
	}
	p.end()
}
