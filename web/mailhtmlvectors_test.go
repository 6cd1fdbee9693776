package web

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// vectors are pieces of HTML that want to act, to load, to deceive or to look like
// us: testdata/hostile has one on each line, by name. What cannot stand in a line is
// written in braces.
func vectors(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/hostile/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(raw)) {
			name, vector, found := strings.Cut(strings.TrimSuffix(line, "\n"), " | ")
			name = strings.TrimSuffix(filepath.Base(file), ".txt") + ": " + name
			if _, twice := all[name]; twice || !found {
				t.Fatalf("%s: a line without a name of its own: %s", file, line)
			}
			all[name] = unbraced(vector)
		}
	}
	return all
}

var repeated = regexp.MustCompile(`\{([0-9]+):([^}]*)\}`)

func unbraced(vector string) string {
	vector = strings.NewReplacer("{NUL}", "\x00", "{SOH}", "\x01", "{TAB}", "\t", "{LF}", "\n", "{VT}", "\v", "{FF}", "\f", "{ESC}", "\x1b",
		"{BAD}", "\xe9", "{BOM}", "\ufeff").Replace(vector)
	return repeated.ReplaceAllStringFunc(vector, func(in string) string {
		parts := repeated.FindStringSubmatch(in)
		n, _ := strconv.Atoi(parts[1])
		return strings.Repeat(parts[2], n)
	})
}

func TestHostileHTMLKeepsNothingThatActs(t *testing.T) {
	t.Parallel()
	all := vectors(t)
	if len(all) < 300 {
		t.Errorf("there are only %d vectors", len(all))
	}
	for name, vector := range all {
		for _, as := range []look{{}, {remote: true}, {bare: true}} {
			holds(t, name, vector, as)
		}
	}
}

func FuzzHostileHTML(f *testing.F) {
	for _, vector := range vectors(f) {
		f.Add(vector, false, false)
	}
	f.Add(`<div style="color:red;display:none;font:bold 12px/1.5 'Segoe UI', Arial">x</div>`, true, false)
	f.Fuzz(func(t *testing.T, source string, remote, bare bool) {
		holds(t, "fuzzed", source, look{remote: remote, bare: bare})
	})
}

// holds cleans a piece of HTML, reads what is left as a browser would, and holds
// what must be true of it.
func holds(t *testing.T, name, source string, as look) {
	t.Helper()
	clean, _, err := cleanHTML(source, nil, as)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := cleanHTML(clean, nil, as)
	if err != nil || again != clean {
		t.Errorf("%s (%+v) is not stable:\n%.300q\n%.300q\n%.300q", name, as, source, clean, again)
	}
	root, err := html.Parse(strings.NewReader(frameHead + clean + "</body></html>"))
	if err != nil {
		t.Fatalf("%s: what is left cannot be read: %v", name, err)
	}
	for _, fault := range remainsOf(root, as) {
		t.Errorf("%s (%+v) %s:\n%.300q\n%.300q", name, as, fault, source, clean)
	}
}

// faultsOf looks for all that may not be in a page of a mail.
func remainsOf(root *html.Node, as look) (faults []string) {
	for n := range root.Descendants() {
		switch {
		case n.Type == html.CommentNode:
			faults = append(faults, "keeps a comment")
		case n.Type != html.ElementNode || n.Parent.Data == "head" || n.Parent.Type == html.DocumentNode || n.Data == "head" || n.Data == "body":
		case n.Namespace != "" || !slices.Contains(shownElements, n.Data):
			faults = append(faults, "keeps <"+n.Namespace+" "+n.Data+">")
		default:
			for _, a := range n.Attr {
				if left := remainOf(n.Data, a, as); left != "" {
					faults = append(faults, left+" "+a.Key+"="+a.Val)
				}
			}
		}
		if n.Type == html.ElementNode && n.Data == "body" && len(n.Attr) > 0 {
			faults = append(faults, "dresses the body")
		}
	}
	return faults
}

// plainStyle is what is left of styles, told apart from the rules that made it.
var plainStyle = regexp.MustCompile(`^(?:[a-z-]+:(?:[^;:()\\{}<>@*]|(?:rgb|hsl)a?\([^()]*\))+(?:;|$))+$`)

func remainOf(element string, a html.Attribute, as look) string {
	value := strings.ToLower(a.Val)
	switch a.Key {
	case "href":
		if element != "a" || !hasScheme(value, "http://", "https://", "mailto:") || strings.ContainsAny(value, "\t\n\r\\") {
			return "leads elsewhere:"
		}
	case "src":
		if element != "img" || strings.Contains(value, "svg") || !hasScheme(value, "data:image/") && !(as.remote && hasScheme(value, "http://", "https://")) {
			return "loads"
		}
	case "rel", "target":
		if element != "a" || value != linkRel && value != "_blank" {
			return "opens"
		}
	case "class":
		if value != "pd-blocked" && !strings.HasPrefix(value, "mso") {
			return "wears a class of ours:"
		}
	case "style":
		for _, word := range []string{"url", "position", "expression", "import", "transform", "z-index", "opacity", "visibility", "overflow"} {
			if strings.Contains(value, word) {
				return "keeps a style with " + word + ":"
			}
		}
		if as.bare || !plainStyle.MatchString(a.Val) {
			return "keeps a style:"
		}
	default:
		if a.Namespace != "" || attributes[a.Key] == nil || slices.Contains([]string{"id", "name", "tabindex", "background"}, a.Key) || strings.HasPrefix(a.Key, "on") {
			return "keeps"
		}
	}
	return ""
}

func hasScheme(value string, schemes ...string) bool {
	return slices.ContainsFunc(schemes, func(s string) bool { return strings.HasPrefix(value, s) })
}
