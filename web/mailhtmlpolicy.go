package web

import (
	"regexp"
	"slices"
	"strings"

	"github.com/microcosm-cc/bluemonday"
)

// shownElements is the list of what stays of a mail: words, lists, tables and
// pictures. Everything else loses its tags and keeps its words.
var shownElements = strings.Fields(`a abbr acronym address article aside b bdi big blockquote br caption center cite code col colgroup dd
	del dfn dir div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark menu nav ol p pre q rp rt
	ruby s samp section small span strike strong sub sup table tbody td tfoot th thead tr tt u ul var wbr`)

// droppedWithWords are elements whose content is not for reading.
var droppedWithWords = strings.Fields(`script style title iframe noembed noframes noscript`)

// attributeRules are the attributes that stay, each with what it may say. None
// names a thing for others to find, acts, or loads.
var attributeRules = []struct{ names, value string }{
	{`align valign clear`, `[a-z]{3,12}`},
	{`color bgcolor`, `#?[0-9a-z]{3,24}`},
	{`width height`, `[0-9]{1,4}(?:\.[0-9]{0,8})?(?:px|%)?`},
	{`border cellpadding cellspacing hspace vspace`, `[0-9]{1,3}(?:px)?`},
	{`colspan rowspan span`, `[1-9][0-9]{0,2}`},
	{`start value`, `-?[0-9]{1,6}`},
	{`size`, `[+-]?[1-9][0-9]?`},
	{`type`, `[1aAiI]|disc|circle|square`},
	{`face`, cssFonts},
	{`dir`, `ltr|rtl|auto`},
	{`lang`, `[a-z0-9-]{1,35}`},
	{`nowrap noshade`, ``},
	{`title alt`, `[^\x00-\x08\x0e-\x1f]*`},
	{`style`, anyStyles},
	// The paragraphs of Outlook have no space between them: its style says so, and is not read.
	{`class`, `pd-blocked|MsoNormal|MsoPlainText|MsoListParagraph`},
}

// attributes are the rules by name.
var attributes = byName(len(attributeRules), func(i int) (string, string) { return attributeRules[i].names, attributeRules[i].value })

// byName gives every name of a table the rule for its value.
func byName(n int, row func(i int) (names, value string)) map[string]*regexp.Regexp {
	rules := map[string]*regexp.Regexp{}
	for i := range n {
		names, value := row(i)
		rule := regexp.MustCompile(`(?i)^(?:` + value + `)$`)
		for _, name := range strings.Fields(names) {
			rules[name] = rule
		}
	}
	return rules
}

// linkRel is what every link says of where it leads.
const linkRel = "noopener noreferrer nofollow"

var (
	webLink   = regexp.MustCompile(`(?i)^(?:https?://[^/?#\\@]|mailto:[^/\\])`)
	ownFile   = regexp.MustCompile(`^/files/[0-9]{1,19}$`)
	anyWebURL = regexp.MustCompile(`(?i)^https?://[^/?#\\@]`)
	ownPlace  = regexp.MustCompile(`^cid:[0-9]{1,6}$`)
)

// mailPolicy is the second wall: the same lists, enforced once more by bluemonday
// on what the first one let through.
func mailPolicy(remote bool) *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(shownElements...)
	p.AllowNoAttrs().OnElements("span", "font", "a")
	for name, value := range attributes {
		p.AllowAttrs(name).Matching(value).Globally()
	}
	p.AllowAttrs("href").Matching(regexp.MustCompile(webLink.String() + "|" + ownFile.String())).OnElements("a")
	p.AllowAttrs("rel").Matching(regexp.MustCompile("^" + linkRel + "$")).OnElements("a")
	p.AllowAttrs("target").Matching(regexp.MustCompile("^_blank$")).OnElements("a")
	images := ownPlace
	if remote {
		images = regexp.MustCompile(ownPlace.String() + "|" + anyWebURL.String())
	}
	p.AllowAttrs("src").Matching(images).OnElements("img")
	p.AllowURLSchemes("http", "https", "mailto", "cid")
	p.AllowRelativeURLs(true) // for ownFile alone, by the rule of href
	p.RequireParseableURLs(true)
	return p
}

// isShown tells whether an element is on the list.
func isShown(element string) bool { return slices.Contains(shownElements, element) }
