package web

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unstyled are classes of templates and scripts without a rule of their own: tones
// that are the plain look, and what scripts and tests find things by.
var unstyled = strings.Fields("article audit calm codes contact html in-panel portal-search refused suggested vital ×")

// unwritten are classes with rules that no template writes out: tones, kinds and
// states that the program fills in, by how they begin.
var unwritten = strings.Fields("tint- status- toc- added removed held expired callout caution important tip warning")

var (
	cssAside  = regexp.MustCompile(`(?s)/\*.*?\*/|"[^"]*"|url\([^)]*\)`)
	cssBody   = regexp.MustCompile(`\{[^{}]*\}`)
	cssClass  = regexp.MustCompile(`\.([a-zA-Z][\w-]*)`)
	attrClass = regexp.MustCompile(`(?s)class="((?:\{\{.*?\}\}|[^"{])*)"`)
	branch    = regexp.MustCompile(`(?s)\{\{-?\s*(?:if|else|end|with|range)\b.*?\}\}`)
	filledIn  = regexp.MustCompile(`(?s)\S*\{\{.*?\}\}\S*`)
	jsClass   = regexp.MustCompile(`(?:className|classList\.\w+\()\s*=?\s*(.*)`)
	jsWords   = regexp.MustCompile(`'([^']*)'`)
)

// joined gives the embedded files of a folder that end so, one after the other.
func joined(t *testing.T, folder, suffix string) string {
	t.Helper()
	var all strings.Builder
	entries, err := fs.ReadDir(embedded, folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), suffix) || strings.Contains(e.Name(), ".min.") {
			continue
		}
		text, err := fs.ReadFile(embedded, path.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// styledIn are the classes that style sheets have rules for.
func styledIn(css string) (classes []string) {
	for _, m := range cssClass.FindAllStringSubmatch(cssBody.ReplaceAllString(cssAside.ReplaceAllString(css, ""), "{}"), -1) {
		classes = append(classes, m[1])
	}
	return classes
}

// writtenIn are the classes that templates and scripts write out.
func writtenIn(html, js string) (classes []string) {
	for _, m := range attrClass.FindAllStringSubmatch(html, -1) {
		classes = append(classes, strings.Fields(filledIn.ReplaceAllString(branch.ReplaceAllString(m[1], " "), ""))...)
	}
	for _, m := range jsClass.FindAllStringSubmatch(js, -1) {
		for _, word := range jsWords.FindAllStringSubmatch(m[1], -1) {
			classes = append(classes, strings.Fields(word[1])...)
		}
	}
	return classes
}

// strays are classes that only one side knows.
func strays(css, html, js string) (found []string) {
	styled, written := styledIn(css), writtenIn(html, js)
	for _, class := range styled {
		if !slices.Contains(written, class) && !slices.ContainsFunc(unwritten, func(begin string) bool { return strings.HasPrefix(class, begin) }) {
			found = append(found, "no template has ."+class)
		}
	}
	for _, class := range written {
		if !slices.Contains(styled, class) && !slices.Contains(unstyled, class) {
			found = append(found, "no style sheet has ."+class)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func TestStyleSheetsAndTemplatesKnowTheSameClasses(t *testing.T) {
	t.Parallel()
	for _, stray := range strays(joined(t, "static", ".css"), joined(t, "templates", ".html"), joined(t, "static", ".js")) {
		t.Error(stray)
	}
	control := strays(`.used { a: .5rem } .lost, .tint-3 { b: c } /* .aside */`, `<b class="used{{if .Lost}} typo{{end}} tone-{{.Tone}}">`, `x.className = 'by-script';`)
	if got := strings.Join(control, "; "); got != "no style sheet has .by-script; no style sheet has .typo; no template has .lost" {
		t.Error("control: ", got)
	}
}
