package web

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestMarkdownBecomesTheHTMLOfAnArticle(t *testing.T) {
	t.Parallel()
	picture := "/help/images/" + strings.Repeat("0a", 32)
	for _, row := range [][2]string{
		{"# Top\n\n## Down *here*\n\n## Down here", `<h2 id="h-top">Top</h2>|<h2 id="h-down-here">Down <em>here</em></h2>|<h2 id="h-down-here-2">Down here</h2>`},
		{"### Größe & Maß", `<h3 id="h-groesse-mass">Größe &amp; Maß</h3>`},
		{"| a | b |\n|:--|--:|\n| 1 | 2 |", `<table>|<thead>|<tr>|<th align="left">a</th>|<th align="right">b</th>|</tr>|</thead>|<tbody>|<tr>|<td align="left">1</td>|<td align="right">2</td>|</tr>|</tbody>|</table>`},
		{"~~old~~ `code`", `<p><del>old</del> <code>code</code></p>`},
		{"```go\nif a < b {}\n```", `<pre><code class="language-go">if a &lt; b {}|</code></pre>`},
		{"- [x] done\n- [ ] open", `<ul>|<li>☑ done</li>|<li>☐ open</li>|</ul>`},
		{"> [!NOTE]\n> Mind *this*.", `<blockquote class="callout note"><p>Mind <em>this</em>.</p>|</blockquote>`},
		{"> [!warning]\n\nafter", `<blockquote class="callout warning"></blockquote>|<p>after</p>`},
		{"> [!NOPE]\n> x", `<blockquote>|<p>[!NOPE]|x</p>|</blockquote>`},
		{"[out](https://x.test/a?b=1&c=2 \"t\")", `<p><a href="https://x.test/a?b=1&amp;c=2" title="t" rel="noopener noreferrer nofollow">out</a></p>`},
		{"[in](/articles/7-x) [here](#h-top)", `<p><a href="/articles/7-x">in</a> <a href="#h-top">here</a></p>`},
		{"see https://x.test/y. And www.x.test", `<p>see <a href="https://x.test/y" rel="noopener noreferrer nofollow">https://x.test/y</a>. And <a href="http://www.x.test" rel="noopener noreferrer nofollow">www.x.test</a></p>`},
		{"<help@desk.test>", `<p><a href="mailto:help@desk.test" rel="noopener noreferrer nofollow">help@desk.test</a></p>`},
		{"![Menu](" + picture + ")", `<p><img src="` + picture + `" alt="Menu" loading="lazy"></p>`},
		{"![Spy](https://x.test/p.png)", `<p><a href="https://x.test/p.png" rel="noopener noreferrer nofollow">Spy</a></p>`},
		{"![No](data:image/png;base64,AA) ![gone](/files/7)", `<p>No gone</p>`},
		{"<b>bold</b> <script>alert(1)</script>", `<p>&lt;b&gt;bold&lt;/b&gt; &lt;script&gt;alert(1)&lt;/script&gt;</p>`},
		{"<div onclick=x>\n\n*a*", `<p>&lt;div onclick=x&gt;</p>|<p><em>a</em></p>`},
		{"", ``},
	} {
		if got := strings.ReplaceAll(strings.TrimSpace(string(renderMarkdown(row[0]).HTML)), "\n", "|"); got != row[1] {
			t.Errorf("%q becomes\n%s, want\n%s", row[0], got, row[1])
		}
	}
}

func TestTheTableOfContentsHasTheUpperHeadings(t *testing.T) {
	t.Parallel()
	doc := renderMarkdown("# One\n\n## Two `x`\n\n### [Three](/a)\n\n#### Four\n\nSetext\n---\n\ntext with *marks*")
	want := []tocEntry{{2, "h-one", "One"}, {2, "h-two-x", "Two x"}, {3, "h-three", "Three"}, {2, "h-setext", "Setext"}}
	if !slices.Equal(doc.TOC, want) {
		t.Errorf("contents: %v", doc.TOC)
	}
	if !strings.HasSuffix(doc.Text, "text with marks") || strings.ContainsAny(doc.Text, "#*`") {
		t.Errorf("text: %q", doc.Text)
	}
}

// hostileMarkdown wants what HTML wants, by the ways of Markdown; each line is one.
func hostileMarkdown(t testing.TB) []string {
	t.Helper()
	raw, err := os.ReadFile("testdata/hostilemarkdown.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(raw)) {
		all = append(all, unbraced(strings.ReplaceAll(strings.TrimSuffix(line, "\n"), `\n`, "\n")))
	}
	for _, vector := range vectors(t) {
		all = append(all, vector)
	}
	return all
}

func TestHostileMarkdownKeepsNothingThatActs(t *testing.T) {
	t.Parallel()
	all := hostileMarkdown(t)
	if len(all) < 350 {
		t.Errorf("there are only %d vectors", len(all))
	}
	for _, source := range all {
		articleHolds(t, source)
	}
}

func FuzzHostileMarkdown(f *testing.F) {
	for _, source := range hostileMarkdown(f) {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) { articleHolds(t, source) })
}

// articleHolds reads what becomes of a text as a browser would, and holds what must be
// true of it.
func articleHolds(t *testing.T, source string) {
	t.Helper()
	doc := renderMarkdown(source)
	clean := string(doc.HTML)
	if again := articlePolicy().Sanitize(clean); again != clean {
		t.Errorf("not stable:\n%.300q\n%.300q\n%.300q", source, clean, again)
	}
	root, err := html.Parse(strings.NewReader("<!doctype html><html><head></head><body>" + clean + "</body></html>"))
	if err != nil {
		t.Fatalf("what is left cannot be read: %v", err)
	}
	ids := map[string]bool{}
	for n := range root.Descendants() {
		if n.Type == html.CommentNode {
			t.Errorf("keeps a comment: %.300q", source)
		}
		if n.Type != html.ElementNode || n.Data == "html" || n.Data == "head" || n.Data == "body" {
			continue
		}
		for _, a := range n.Attr {
			if !articleAttributes[n.Data+" "+a.Key].match(a.Val) {
				t.Errorf("keeps <%s %s=%q>:\n%.300q\n%.300q", n.Data, a.Key, a.Val, source, clean)
			}
			if a.Key == "id" && ids[a.Val] {
				t.Errorf("two are called %s: %.300q", a.Val, source)
			}
			ids[a.Val] = ids[a.Val] || a.Key == "id"
		}
		if !slices.Contains(articleElements, n.Data) || n.Namespace != "" {
			t.Errorf("keeps <%s %s>:\n%.300q\n%.300q", n.Namespace, n.Data, source, clean)
		}
	}
	for _, e := range doc.TOC {
		if !ids[e.ID] {
			t.Errorf("the contents lead to %s, which is not there: %.300q", e.ID, source)
		}
	}
}

// What may be in an article, told apart from the rules that made it.
var articleElements = strings.Fields("p br hr h2 h3 h4 h5 h6 strong em del code pre blockquote ul ol li table thead tbody tr th td a img")

type valueRule struct{ *regexp.Regexp }

func (r valueRule) match(v string) bool { return r.Regexp != nil && r.MatchString(v) }

var articleAttributes = func() map[string]valueRule {
	rules := map[string]valueRule{}
	for names, value := range map[string]string{
		"a href":                        `^(https?://[^/\\@][^\\\s]*|mailto:[^\s\\]*|/([^/\\].*)?|#.+)$`,
		"a rel":                         `^noopener noreferrer nofollow$`,
		"a title|img alt|img title":     `(?s)^.*$`,
		"img src":                       `^/help/images/[0-9a-f]{64}$`,
		"img loading":                   `^lazy$`,
		"h2 id|h3 id|h4 id|h5 id|h6 id": `^h-[a-z0-9-]+$`,
		"code class":                    `^language-\S+$`,
		"blockquote class":              `^callout [a-z]+$`,
		"th align|td align":             `^(left|right|center)$`,
		"ol start":                      `^[0-9]+$`,
	} {
		for name := range strings.SplitSeq(names, "|") {
			rules[name] = valueRule{regexp.MustCompile(value)}
		}
	}
	return rules
}()

func TestMarksThatAreTooManyAreTextAndCodeStaysAsItIs(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("*a_ ", 3000)
	for name, row := range map[string]struct{ source, has, hasNot string }{
		"few":           {"*a*", "<em>a</em>", "\\"},
		"many":          {many + "\n\n*b*", "<em>b</em>", "<em>a"},
		"in code":       {"```\n" + many + "\n```", many, "\\"},
		"no fence":      {"```a`b\n" + many, "*a_", "<em>a"},
		"longer fence":  {"````\n```\n````\n" + many, "*a_", "<em>a"},
		"deep":          {strings.Repeat("> ", 3000) + "x", "x", strings.Repeat("<blockquote>\n", mostNested+1)},
		"deep and tidy": {strings.Repeat("> ", 5) + "x", strings.Repeat("<blockquote>\n", 5), "&gt;"},
	} {
		got := string(renderMarkdown(row.source).HTML)
		if !strings.Contains(got, row.has) || strings.Contains(got, row.hasNot) {
			t.Errorf("%s: %.300q", name, got)
		}
	}
}
