package web

import (
	"regexp"
	"strings"
)

// What a style of a mail may say. A value is a word, a colour, a bounded size or
// the name of a font: no function but a colour's, no escape, no comment, and no
// size below zero, so nothing is moved over something else or out of sight.
const (
	cssWord   = `[a-z]{2,20}(?:-[a-z]{2,20}){0,3}`
	cssColour = `(?:#[0-9a-f]{3,8}|[a-z]{3,24}|(?:rgb|hsl)a?\([0-9a-z., %/]{5,40}\))`
	cssNumber = `(?:[0-9]{1,4}(?:\.[0-9]{0,8})?|\.[0-9]{1,8})`
	cssLength = `(?:` + cssNumber + `(?:px|pt|%)?|(?:[0-9]{1,2}(?:\.[0-9]{0,8})?|\.[0-9]{1,8})(?:r?em|ex|ch|in|cm|mm|pc))`
	cssSize   = `(?:` + cssLength + `|auto|inherit|initial|none)`
	cssSizes  = cssSize + `(?: ` + cssSize + `){0,3}`
	cssBorder = `(?:` + cssLength + `|` + cssColour + `)(?: (?:` + cssLength + `|` + cssColour + `)){0,3}`
	// Letters that nobody can read hide words: they get the size of their surroundings.
	cssText = `(?:(?:[6-9]|[1-9][0-9]|1[0-9]{2})(?:\.[0-9]{0,8})?(?:px|pt)|(?:[5-9][0-9]|[1-9][0-9]{2})(?:\.[0-9]{0,8})?%` +
		`|(?:0?\.[5-9][0-9]{0,7}|[1-9](?:\.[0-9]{0,8})?)r?em|(?:xx?-)?(?:small|large)|medium|smaller|larger|inherit)`
	cssFonts = `(?:` + cssFont + `)(?:, ?(?:` + cssFont + `))*`
	cssFont  = `"[\pL\pN ._-]+"|'[\pL\pN ._-]+'|[\pL\pN._-][\pL\pN ._-]*`
)

// styleRules are the properties that stay, each with what it may be set to.
var styleRules = []struct{ properties, value string }{
	{`color background-color border-color border-top-color border-right-color border-bottom-color border-left-color`, cssColour + `(?: ` + cssColour + `){0,3}`},
	{`font-family`, cssFonts},
	{`font-size`, cssText},
	{`font`, `(?:(?:normal|italic|oblique|bold|small-caps|[1-9]00) ){0,3}` + cssText + `(?:/` + cssLength + `)? (?:` + cssFonts + `)`},
	{`font-weight`, `[1-9]00|` + cssWord},
	{`font-style font-variant text-align text-transform white-space direction list-style-type list-style-position border-collapse
		table-layout caption-side empty-cells word-break word-wrap overflow-wrap box-sizing float clear`, cssWord},
	{`vertical-align`, cssWord + `|` + cssLength},
	{`text-decoration text-decoration-line list-style border-style`, cssWord + `(?: ` + cssWord + `){0,3}`},
	{`line-height`, cssLength + `|normal|inherit`},
	{`letter-spacing word-spacing`, `normal|` + cssLength + `|-(?:[01](?:\.[0-9]{0,4})?|\.[0-9]{1,4})px`},
	{`width min-width max-width height min-height text-indent border-spacing border-radius margin margin-top margin-right margin-bottom
		margin-left padding padding-top padding-right padding-bottom padding-left`, cssSizes},
	{`border border-top border-right border-bottom border-left border-width border-top-style border-right-style border-bottom-style
		border-left-style border-top-width border-right-width border-bottom-width border-left-width`, cssBorder},
	// What a mail hides stays hidden, as its sender meant it; the reader can have all shown.
	{`display`, `none|block|inline|inline-block|inline-table|list-item|table|table-row|table-cell`},
}

var (
	styles = byName(len(styleRules), func(i int) (string, string) { return styleRules[i].properties, styleRules[i].value })
	// anyStyles is the second wall: words, numbers and quotes, no function but a colour's.
	anyStyles  = `[a-z-]{4,30}:` + cssAny + `(?:;[a-z-]{4,30}:` + cssAny + `)*`
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cssRemote  = regexp.MustCompile(`(?i)(?:url\(\s*["']?|image-set\(\s*["'])\s*(?:https?:)?//`)
	colourOnly = regexp.MustCompile(`(?i)#[0-9a-f]{3,8}\b|rgba?\([0-9., %]{5,40}\)`)
)

const cssAny = `(?:[\pL\pN #%.,'"_/-]|(?:rgb|hsl)a?\([0-9a-z., %/]{5,40}\))+`

// maxStyle is how much of one style attribute is read, in bytes.
const maxStyle = 4000

// cleanStyle keeps the declarations that are on the list, in one form of writing.
// hides tells that what wears it is not shown.
func cleanStyle(style string) (clean string, hides bool) {
	if len(style) > maxStyle {
		style = style[:maxStyle]
	}
	var kept []string
	for _, declaration := range declarations(cssComment.ReplaceAllString(style, " ")) {
		property, value, _ := strings.Cut(declaration, ":")
		property = strings.ToLower(strings.TrimSpace(property))
		value = strings.Join(strings.Fields(strings.TrimSuffix(strings.TrimSpace(value), "!important")), " ")
		if property == "background" { // pictures behind words stay away, their colour does not
			property = "background-color"
			if colour := colourOnly.FindString(value); colour != "" {
				value = colour
			}
		}
		if rule := styles[property]; rule != nil && rule.MatchString(value) {
			kept = append(kept, property+":"+value)
			hides = hides || property == "display" && strings.EqualFold(value, "none")
		}
	}
	return strings.Join(kept, ";"), hides
}

// declarations splits a style at its semicolons, those in quotes and brackets
// left out, as a browser does.
func declarations(style string) (all []string) {
	quote, depth, from := byte(0), 0, 0
	for i := 0; i < len(style); i++ {
		switch c := style[i]; {
		case c == '\\':
			i++
		case quote != 0:
			if c == quote || c == '\n' {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			depth = max(0, depth-1)
		case c == ';' && depth == 0:
			all = append(all, style[from:i])
			from = i + 1
		}
	}
	return append(all, style[from:])
}
