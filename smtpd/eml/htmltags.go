package eml

import (
	"strings"

	"golang.org/x/net/html/atom"
)

func isBlock(a atom.Atom) bool {
	switch a {
	case atom.Div, atom.Table, atom.Tbody, atom.Thead, atom.Tfoot, atom.Tr, atom.Section, atom.Article, atom.Header, atom.Footer,
		atom.Nav, atom.Aside, atom.Main, atom.Form, atom.Fieldset, atom.Address, atom.Dt, atom.Dd, atom.Dl, atom.Center, atom.Figure,
		atom.Figcaption, atom.Caption, atom.Body, atom.Html, atom.Option, atom.Optgroup, atom.Details, atom.Summary, atom.Li, atom.Legend,
		atom.Menu, atom.Dir, atom.Dialog, atom.Hgroup, atom.Textarea, atom.Select, atom.Iframe, atom.Object, atom.Video, atom.Audio, atom.Svg:
		return true
	}
	return false
}

// hides tells elements that no reader of the page sees, such as preview lines.
func hides(a atom.Atom, t htmlTag) bool {
	if a == atom.Template {
		return true
	}
	if t.style == "" && !t.hidden || !isBlock(a) && a != atom.Span && a != atom.P && a != atom.Td && a != atom.A && a != atom.Font {
		return false
	}
	style := strings.ToLower(strings.ReplaceAll(t.style, " ", "")) + ";"
	return t.hidden || strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden") || strings.Contains(style, "opacity:0;") ||
		strings.Contains(style, "max-height:0") && strings.Contains(style, "overflow:hidden") || strings.Contains(style, "mso-hide:all") && strings.Contains(style, "font-size:0")
}

// keepsLines tells elements in which line ends and blanks count as in <pre>.
func keepsLines(a atom.Atom, style string) bool {
	return style != "" && (isBlock(a) || a == atom.Span || a == atom.P || a == atom.Td) && strings.Contains(strings.ToLower(strings.ReplaceAll(style, " ", "")), "white-space:pre")
}
