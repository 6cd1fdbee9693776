package web

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"

	"postdesk/core"
)

// heading makes room for the title above, and gives a place to link to.
func (a *articleRules) heading(n *ast.Heading) {
	n.Level = max(n.Level, 2)
	title := strings.TrimSpace(a.words(n))
	id := a.place("h-" + core.Slug(title))
	n.SetAttributeString("id", []byte(id))
	if n.Level <= 3 && title != "" {
		a.toc = append(a.toc, tocEntry{n.Level, id, title})
	}
}

// place gives an id that no heading has yet.
func (a *articleRules) place(base string) string {
	id := base
	for a.places[id] > 0 {
		a.places[base]++
		id = base + "-" + strconv.Itoa(a.places[base])
	}
	a.places[id]++
	return id
}

// words are the text within a node.
func (a *articleRules) words(n ast.Node) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				b.Write(n.Value(a.source))
				if n.SoftLineBreak() || n.HardLineBreak() {
					b.WriteByte(' ')
				}
			}
		case *ast.String:
			if entering {
				b.Write(n.Value)
			}
		case *ast.AutoLink:
			if entering {
				b.Write(n.Label(a.source))
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

var calloutLine = regexp.MustCompile(`(?i)^\[!(note|tip|important|warning|caution)\][ \t]*\n?$`)

// callout marks a quote whose first line names its kind, and takes that line away.
func (a *articleRules) callout(n *ast.Blockquote) {
	first, ok := n.FirstChild().(*ast.Paragraph)
	if !ok || first.Lines().Len() == 0 {
		return
	}
	line := first.Lines().At(0)
	kind := calloutLine.FindSubmatch(line.Value(a.source))
	if kind == nil {
		return
	}
	n.SetAttributeString("class", append([]byte("callout "), bytes.ToLower(kind[1])...))
	for child := first.FirstChild(); child != nil; child = first.FirstChild() {
		first.RemoveChild(first, child)
		if t, ok := child.(*ast.Text); ok && t.SoftLineBreak() {
			break
		}
	}
	if !first.HasChildren() {
		n.RemoveChild(n, first)
	}
}

// link lets links lead to the web and to pages of ours. Of others the words stay.
func (a *articleRules) link(n *ast.Link) {
	to, foreign, ok := linkTo(string(n.Destination))
	if !ok {
		unwrap(n)
		return
	}
	n.Destination = []byte(to)
	if foreign {
		n.SetAttributeString("rel", []byte(linkRel))
	}
}

// linkTo gives an address as it may be written; foreign ones are not ours.
func linkTo(address string) (to string, foreign, ok bool) {
	if ownLink.MatchString(address) {
		return address, false, true
	}
	u, ok := cleanURL(address)
	if !ok {
		return "", false, false
	}
	return u.String(), true, true
}

// autoLink does so for addresses that stand by themselves.
func (a *articleRules) autoLink(n *ast.AutoLink) {
	address, label := string(n.URL(a.source)), ast.NewString(n.Label(a.source))
	if n.AutoLinkType == ast.AutoLinkEmail && !hasPrefixFold(address, "mailto:") {
		address = "mailto:" + address
	}
	to, foreign, ok := linkTo(address)
	if !ok || !foreign {
		n.Parent().ReplaceChild(n.Parent(), n, label)
		return
	}
	n.Parent().ReplaceChild(n.Parent(), n, foreignLink(to, label))
}

func foreignLink(to string, label ast.Node) *ast.Link {
	link := ast.NewLink()
	link.Destination = []byte(to)
	link.SetAttributeString("rel", []byte(linkRel))
	link.AppendChild(link, label)
	return link
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// task shows a box of a list of tasks as a character: there is nothing to tick.
func (a *articleRules) task(n *extast.TaskCheckBox) {
	box := "☐ "
	if n.IsChecked {
		box = "☑ "
	}
	n.Parent().ReplaceChild(n.Parent(), n, ast.NewString([]byte(box)))
}

// image shows pictures of ours. A picture of the web becomes a link to it, with the
// words that stand for it: no reader's browser is made to tell another server.
func (a *articleRules) image(n *ast.Image) {
	if ownImage.Match(n.Destination) {
		n.SetAttributeString("loading", []byte("lazy"))
		return
	}
	to, foreign, ok := linkTo(string(n.Destination))
	if !ok || !foreign || withinLink(n) {
		unwrap(n)
		return
	}
	words := strings.TrimSpace(a.words(n))
	if words == "" {
		words = to
	}
	n.Parent().ReplaceChild(n.Parent(), n, foreignLink(to, ast.NewString([]byte(words))))
}

func withinLink(n ast.Node) bool {
	for p := n.Parent(); p != nil; p = p.Parent() {
		if p.Kind() == ast.KindLink {
			return true
		}
	}
	return false
}

// unwrap leaves what stands within a node in its place.
func unwrap(n ast.Node) {
	parent := n.Parent()
	for child := n.FirstChild(); child != nil; child = n.FirstChild() {
		parent.InsertBefore(parent, n, child)
	}
	parent.RemoveChild(parent, n)
}
