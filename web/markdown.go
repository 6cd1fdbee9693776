package web

import (
	"bytes"
	"html/template"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"postdesk/core"
)

// The text of an article is Markdown: CommonMark with the tables, lists of tasks,
// struck words and bare links of GitHub, and its callouts ("> [!NOTE]"). HTML in it is
// text like any other. What becomes of it is cleaned once more by a policy of its own;
// this file is the only one that tells templates to take a text as HTML.

// A renderedArticle is an article to be shown.
type renderedArticle struct {
	HTML template.HTML // clean; begins with headings of the second level
	TOC  []tocEntry    // headings of the second and third level, in order
	Text string        // the words without marks, for previews
}

// A tocEntry is a line of the table of contents.
type tocEntry struct {
	Level int    // 2 or 3
	ID    string // of the heading
	Title string
}

// renderMarkdown shows an article. It takes any text, and fails for none.
func renderMarkdown(src string) (doc renderedArticle) {
	_, doc.Text = core.PlainArticle(src)
	source := []byte(bounded(strings.ToValidUTF8(src, "\uFFFD")))
	a := &articleRules{source: source, places: map[string]int{}}
	md := goldmark.New(goldmark.WithParser(articleParser(a)),
		goldmark.WithExtensions(
			extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
			extension.Strikethrough, extension.TaskList,
			extension.NewLinkify(extension.WithLinkifyAllowedProtocols([]string{"http:", "https:"}))))
	var out bytes.Buffer
	if err := md.Convert(source, &out); err != nil { // a buffer takes everything
		out.Reset()
		template.HTMLEscape(&out, source)
	}
	doc.HTML, doc.TOC = template.HTML(articlePolicy().Sanitize(out.String())), a.toc
	return doc
}

// articleParser is the one of CommonMark without the two that take HTML for what it
// is.
func articleParser(a *articleRules) parser.Parser {
	return parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewSetextHeadingParser(), 100),
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(parser.NewListParser(), 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewCodeBlockParser(), 500),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(parser.NewBlockquoteParser(), 800),
			util.Prioritized(parser.NewParagraphParser(), 1000)),
		parser.WithInlineParsers(
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(parser.NewEmphasisParser(), 500)),
		parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
		parser.WithASTTransformers(util.Prioritized(a, 1000)))
}

// articlePolicy is the second wall: nothing that Markdown does not make.
func articlePolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li",
		"table", "thead", "tbody", "tr", "th", "td")
	p.AllowAttrs("id").Matching(regexp.MustCompile(`^h-[a-z0-9-]{1,90}$`)).OnElements("h2", "h3", "h4", "h5", "h6")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^language-[A-Za-z0-9+#_.-]{1,30}$`)).OnElements("code")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^callout (?:note|tip|important|warning|caution)$`)).OnElements("blockquote")
	p.AllowAttrs("align").Matching(regexp.MustCompile(`^(?:left|center|right)$`)).OnElements("th", "td")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,9}$`)).OnElements("ol")
	p.AllowAttrs("href").Matching(regexp.MustCompile(webLink.String() + "|" + ownLink.String())).OnElements("a")
	p.AllowAttrs("rel").Matching(regexp.MustCompile("^" + linkRel + "$")).OnElements("a")
	p.AllowAttrs("src").Matching(ownImage).OnElements("img")
	p.AllowAttrs("alt", "title").OnElements("img")
	p.AllowAttrs("title").OnElements("a")
	p.AllowAttrs("loading").Matching(regexp.MustCompile(`^lazy$`)).OnElements("img")
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowRelativeURLs(true) // by the rules of href and src alone
	p.RequireParseableURLs(true)
	return p
}

var (
	// ownImage is a picture that was put into an article here: no other is shown.
	ownImage = regexp.MustCompile(`^` + core.ArticleImagePath + `[0-9a-f]{64}$`)
	// ownLink leads to a page of ours, or to a place on this one.
	ownLink = regexp.MustCompile(`^(?:/(?:[A-Za-z0-9_.~?=&%#-][A-Za-z0-9_.~/?=&%#+:,-]*)?|#[A-Za-z0-9_.~%-]+)$`)
)

// articleRules change the tree of an article before it is written.
type articleRules struct {
	source []byte
	toc    []tocEntry
	places map[string]int // ids of headings, each with the last number given for it
}

// Transform is called by goldmark with the whole tree.
func (a *articleRules) Transform(doc *ast.Document, _ text.Reader, _ parser.Context) {
	var nodes []ast.Node // first all: what is changed is not walked
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			nodes = append(nodes, n)
		}
		return ast.WalkContinue, nil
	})
	for _, n := range nodes {
		switch n := n.(type) {
		case *ast.Heading:
			a.heading(n)
		case *ast.Blockquote:
			a.callout(n)
		case *ast.Link:
			a.link(n)
		case *ast.AutoLink:
			a.autoLink(n)
		case *ast.Image:
			a.image(n)
		case *extast.TaskCheckBox:
			a.task(n)
		}
	}
}
