package web

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"postdesk/core"
)

// A library is a Help Center with an article of each kind. Words of each stand
// nowhere else: whoever may not read it must not see them.
type library struct {
	*site
	articles map[string]core.Article // by kind: public, signed_in, staff, draft, bare
	sections map[string]core.Section
	images   map[string]string
	category core.Category // of all of them but bare
	hidden   core.Category // of bare, which is for staff
}

// kinds are the articles with the words that only they hold: in the title, in the
// text, and in the title of the section.
var kinds = map[string][]string{
	"public":    {"zebrapublic", "wordspublic", "shelfpublic"},
	"signed_in": {"zebrasigned", "wordssigned", "shelfsigned"},
	"staff":     {"zebrastaff", "wordsstaff", "shelfstaff", "kanzleib"},
	"draft":     {"zebradraft", "wordsdraft"},
	"bare":      {"zebrabare", "wordsbare", "shelfbare", "topicbare"},
}

func openLibrary(t *testing.T) library {
	t.Helper()
	return furnishLibrary(t, openSite(t))
}

func furnishLibrary(t *testing.T, w *site) library {
	t.Helper()
	l := library{site: w, articles: map[string]core.Article{}, sections: map[string]core.Section{}, images: map[string]string{}}
	ctx, owner := t.Context(), w.people["owner"]
	w.Exec(t, `truncate categories cascade`) // what others furnished
	var err error
	if l.category, err = w.CreateCategory(ctx, owner, "Printing", "All about printing"); err != nil {
		t.Fatal(err)
	}
	if l.hidden, err = w.CreateCategory(ctx, owner, "topicbare", "Of the house"); err != nil {
		t.Fatal(err)
	}
	for i, kind := range []string{"public", "signed_in", "staff", "draft", "bare"} {
		if kind == "draft" {
			l.sections[kind] = l.sections["public"]
		} else {
			n := core.NewSection{Category: l.category.ID, Title: kinds[kind][2], Visibility: core.Visibility(kind)}
			if kind == "bare" {
				n.Category, n.Visibility = l.hidden.ID, core.VisibleStaff
			}
			if l.sections[kind], err = w.CreateSection(ctx, owner, n); err != nil {
				t.Fatal(err)
			}
		}
		a, err := w.CreateArticle(ctx, owner, core.NewArticle{Section: l.sections[kind].ID, Title: "Quokka " + kinds[kind][0], Publish: kind != "draft",
			Body: "About " + kinds[kind][1] + " of the " + map[string]string{"public": "kanzleic", "staff": "kanzleib"}[kind] + ".\n\n## First part\n\n> [!NOTE]\n> Mind it.\n\n| A | B |\n|---|--:|\n| 1 | 2 |\n\n## Second part\n\n```go\nx := 1\n```\n"})
		if err != nil {
			t.Fatal(err)
		}
		picture, err := w.AddArticleImage(ctx, owner, a.ID, "x.png", bytes.NewReader(dot(t, uint8(i))))
		if err != nil {
			t.Fatal(err)
		}
		l.articles[kind], l.images[kind] = a, picture.Path()
	}
	return l
}

func dot(t *testing.T, shade uint8) []byte {
	t.Helper()
	m, out := image.NewGray(image.Rect(0, 0, 1, 1)), bytes.Buffer{}
	m.SetGray(0, 0, color.Gray{Y: shade})
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// reads are the kinds that a reader opens, and lists those that lists and searches
// tell them of: drafts stand in no list.
func reads(who string) (opens, lists []string) {
	switch who {
	case "", "disabled":
		return []string{"public"}, []string{"public"}
	case "own", "other":
		return []string{"public", "signed_in"}, []string{"public", "signed_in"}
	}
	return []string{"public", "signed_in", "staff", "draft", "bare"}, []string{"public", "signed_in", "staff", "bare"}
}

// leaks are the words of kinds that a text must not hold.
func leaks(text string, but []string) (found []string) {
	for kind, words := range kinds {
		for _, word := range words {
			if !slices.Contains(but, kind) && strings.Contains(strings.ToLower(text), word) {
				found = append(found, word)
			}
		}
	}
	return found
}

func ok(allowed bool) int {
	if allowed {
		return http.StatusOK
	}
	return http.StatusNotFound
}

// Rows 22 and 23 of S2, and S3 for the Help Center: readers by visibilities, on every
// route of the public site.
func TestEveryReaderSeesTheHelpCenterOfTheirOwn(t *testing.T) {
	t.Parallel()
	l := openLibrary(t)
	for _, who := range []string{"", "disabled", "own", "other", "collaborator", "agent", "admin", "owner"} {
		opens, lists := reads(who)
		check := func(path string, status int, may []string) answer {
			t.Helper()
			got := l.ask(t, who, path, nil)
			if got.Status != status {
				t.Errorf("%s as %q: %d, want %d", path, who, got.Status, status)
			}
			// The way to sign in leads back to what was asked for.
			if found := leaks(strings.ReplaceAll(got.Body, url.QueryEscape(path), ""), may); len(found) > 0 {
				t.Errorf("%s tells %q of %v", path, who, found)
			}
			if got.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s gives %q a cookie", path, who)
			}
			return got
		}
		home := check("/", 200, lists)
		for _, kind := range lists {
			if !strings.Contains(home.Body, kinds[kind][0]) {
				t.Errorf("the home of %q lacks %s", who, kind)
			}
		}
		check(pathOfCategory(l.category.ID, l.category.Title), 200, lists)
		check(pathOfCategory(l.hidden.ID, l.hidden.Title), ok(slices.Contains(opens, "bare")), lists)
		for kind, a := range l.articles {
			may := slices.Contains(opens, kind)
			got := check(a.Path(), ok(may), opens)
			if may && !strings.Contains(got.Body, kinds[kind][1]) {
				t.Errorf("%q reads nothing of %s", who, kind)
			}
			// Nor does another address tell the title, by where it leads.
			if moved := l.ask(t, who, fmt.Sprintf("/articles/%d", a.ID), nil); (moved.Status == 301) != may || moved.Status == 404 && moved.Header.Get("Location") != "" {
				t.Errorf("the bare number of %s as %q: %d to %q", kind, who, moved.Status, moved.Header.Get("Location"))
			}
			if section := l.sections[kind]; kind != "draft" {
				check(pathOfSection(section.ID, section.Title), ok(may), lists)
			}
			found := l.ask(t, who, "/search?q="+kinds[kind][1], nil).find(t, "li", "class=entry")
			if slices.Contains(lists, kind) != (len(found) == 1) {
				t.Errorf("%q finds %d of %s", who, len(found), kind)
			}
			check(l.images[kind], ok(may), nil)
			if got := l.ask(t, who, fmt.Sprintf("/articles/%d/feedback", a.ID), url.Values{"helpful": {"yes"}}); (got.Status == 303) != slices.Contains(lists, kind) {
				t.Errorf("%q rates %s: %d", who, kind, got.Status)
			}
		}
		check("/search?q=quokka", 200, lists)
		check("/search?q=quokka&category="+fmt.Sprint(l.hidden.ID), 200, lists)
		// What is alike is offered among the words that the reader may read.
		for typed, instead := range map[string]string{"kanzleia": "kanzleic", "kanzleib": "kanzleic"} {
			got := l.ask(t, who, "/search?q="+typed, nil)
			if staff := len(lists) > 2; !staff && !strings.Contains(got.Body, "<b>"+instead+"</b>") || !staff && typed == "kanzleia" && len(leaks(got.Body, lists)) > 0 {
				t.Errorf("%q is offered something else for %s", who, typed)
			}
		}
		// Machines are told what strangers are, whoever asks.
		check("/sitemap.xml", 200, []string{"public"})
		check("/articles.atom", 200, []string{"public"})
		check("/robots.txt", 200, nil)
	}
	if found := leaks("Wordsdraft", []string{"public"}); len(found) != 1 {
		t.Errorf("the control finds %v", found)
	}
}

// What strangers may not read answers like what there is not.
func TestNoReaderTellsAHiddenArticleFromAMissingOne(t *testing.T) {
	t.Parallel()
	l := openLibrary(t)
	for _, who := range []string{"", "other"} {
		missing := l.ask(t, who, "/articles/987654", nil)
		for _, path := range []string{l.articles["staff"].Path(), l.articles["draft"].Path(), fmt.Sprintf("/articles/%d", l.articles["bare"].ID),
			pathOfSection(l.sections["staff"].ID, "shelfstaff"), pathOfCategory(l.hidden.ID, "x"), "/articles/x", "/articles/0-a", "/articles/-1", "/articles/99999999999999999999", "/sections/1x", "/help/images/00", l.images["staff"]} {
			got := l.ask(t, who, path, nil)
			same := strings.ReplaceAll(got.Body, url.QueryEscape(path), url.QueryEscape("/articles/987654"))
			if got.Status != 404 || same != missing.Body || got.Header.Get("Cache-Control") != "private, no-cache" || got.Header.Get("ETag") != "" {
				t.Errorf("%s as %q tells more than that there is nothing: %d", path, who, got.Status)
			}
		}
		if hint := strings.Contains(missing.Body, "/signin?next=%2Farticles%2F987654"); hint != (who == "") {
			t.Errorf("the hint to sign in as %q: %v", who, hint)
		}
	}
}

func TestAnAddressWithAnotherSlugLeadsToTheOneOfToday(t *testing.T) {
	t.Parallel()
	l := openLibrary(t)
	a := l.articles["public"]
	id := fmt.Sprint(a.ID)
	for _, path := range []string{"/articles/" + id, "/articles/" + id + "-", "/articles/" + id + "-old-title", "/articles/0" + id + "-x", "/articles/" + id + "-%2f%2fevil.test", "/articles/" + id + "-%5c%5cevil.test",
		"/articles/" + id + "-@evil.test", "/articles/" + id + "-x%0d%0aSet-Cookie:%20a=b", "/articles/" + id + "-http:%2f%2fevil.test"} {
		got := l.ask(t, "", path, nil)
		if got.Status != 301 || got.Header.Get("Location") != a.Path() || got.Header.Get("Cache-Control") != "private, no-cache" {
			t.Errorf("%s: %d to %q (%s)", path, got.Status, got.Header.Get("Location"), got.Header.Get("Cache-Control"))
		}
	}
	if got := l.ask(t, "", "/articles/"+id+"?lang=de&next=//evil.test", nil); got.Header.Get("Location") != a.Path()+"?lang=de&next=//evil.test" || localPath(got.Header.Get("Location")) == "" {
		t.Errorf("leads to %q", got.Header.Get("Location"))
	}
	for path, want := range map[string]string{fmt.Sprintf("/categories/%d-x", l.category.ID): pathOfCategory(l.category.ID, "Printing"),
		fmt.Sprintf("/sections/%d", l.sections["public"].ID): pathOfSection(l.sections["public"].ID, "shelfpublic")} {
		if got := l.ask(t, "", path, nil); got.Status != 301 || got.Header.Get("Location") != want {
			t.Errorf("%s: %d to %q", path, got.Status, got.Header.Get("Location"))
		}
	}
	if got := pathOfSection(3, "数据"); got != "/sections/3-section" {
		t.Errorf("a title without Latin letters: %s", got)
	}
}

func TestABrowserIsToldThatNothingChangedOnlyWhereNothingDid(t *testing.T) {
	t.Parallel()
	l := openLibrary(t)
	owner, path := l.people["owner"], l.articles["public"].Path()
	tagOf := func(who string, headers ...string) string {
		t.Helper()
		got := l.ask(t, who, path, nil, headers...)
		if got.Status != 200 || got.Header.Get("ETag") == "" || got.Header.Get("ETag") != l.ask(t, who, path, nil, headers...).Header.Get("ETag") {
			t.Fatalf("as %q: %d, %q", who, got.Status, got.Header.Get("ETag"))
		}
		return got.Header.Get("ETag")
	}
	stranger := tagOf("")
	for name, headers := range map[string][]string{"the same": {"If-None-Match", stranger}, "strong": {"If-None-Match", strings.TrimPrefix(stranger, "W/")},
		"one of several": {"If-None-Match", `"x", ` + stranger}, "any": {"If-None-Match", "*"}, "compressed": {"If-None-Match", stranger, "Accept-Encoding", "gzip"}} {
		if got := l.ask(t, "", path, nil, headers...); got.Status != 304 || got.Body != "" || got.Header.Get("Cache-Control") != "public, max-age=60" || !strings.Contains(strings.Join(got.Header.Values("Vary"), ", "), "Cookie") {
			t.Errorf("%s: %d, %v", name, got.Status, got.Header)
		}
	}
	for name, headers := range map[string][]string{"another": {"If-None-Match", `W/"0"`}, "another language": {"If-None-Match", stranger, "Accept-Language", "de"}} {
		if got := l.ask(t, "", path, nil, headers...); got.Status != 200 {
			t.Errorf("%s: %d", name, got.Status)
		}
	}
	for _, who := range []string{"own", "agent"} {
		own := tagOf(who)
		for other, tag := range map[string]string{"": stranger, "other": tagOf("other"), "collaborator": tagOf("collaborator")} {
			if tag == own {
				t.Errorf("%q and %q have one tag", who, other)
			}
			if got := l.ask(t, who, path, nil, "If-None-Match", tag); got.Status != 200 || got.Header.Get("Cache-Control") != "private, no-cache" {
				t.Errorf("%q with the page of %q: %d, %s", who, other, got.Status, got.Header.Get("Cache-Control"))
			}
		}
		if got := l.ask(t, who, path, nil, "If-None-Match", own); got.Status != 304 {
			t.Errorf("%q: %d", who, got.Status)
		}
	}
	name, accent, body := "Another name", "#aa3300", core.ArticleText{Title: l.articles["public"].Title, Body: "Other words"}
	staff := core.VisibleStaff
	for _, change := range []struct {
		what   string
		do     func() error
		status int
	}{
		{"the name of the desk", func() error { return l.UpdateBrand(t.Context(), owner, core.BrandChanges{Name: &name}) }, 200},
		{"the colour, which stands in a file of its own", func() error { return l.UpdateBrand(t.Context(), owner, core.BrandChanges{Accent: &accent}) }, 304},
		{"the text", func() error {
			_, err := l.SaveArticle(t.Context(), owner, l.articles["public"].ID, 1, body)
			return err
		}, 200},
		{"what stands beside it", func() error {
			_, err := l.CreateArticle(t.Context(), owner, core.NewArticle{Section: l.sections["public"].ID, Title: "The next", Publish: true})
			return err
		}, 200},
		{"who may read it", func() error {
			_, err := l.UpdateSection(t.Context(), owner, l.sections["public"].ID, core.SectionChanges{Visibility: &staff})
			return err
		}, 404},
	} {
		before := tagOf("")
		if err := change.do(); err != nil {
			t.Fatal(change.what, err)
		}
		if got := l.ask(t, "", path, nil, "If-None-Match", before); got.Status != change.status {
			t.Errorf("after %s changed: %d, want %d", change.what, got.Status, change.status)
		}
	}
}

func TestOnlyPagesThatNameNobodyAreKept(t *testing.T) {
	t.Parallel()
	l := openLibrary(t)
	path := l.articles["public"].Path()
	for _, row := range []struct{ who, path, cookie, want string }{
		{"", path, "", "public, max-age=60"}, {"", "/", languageCookie + "=de", "public, max-age=60"}, {"", path, visitorCookie + "=X", "private, no-cache"},
		{"", "/", "postdesk_session=gone", "private, no-cache"}, {"", path + "?rated=yes", "", "private, no-cache"}, {"", "/search?q=quokka", "", "private, no-cache"},
		{"", "/?said=signed-out", "", "private, no-cache"}, {"own", "/", "", "private, no-cache"},
		{"", l.images["public"], "", "public, max-age=31536000, immutable"}, {"own", l.images["public"], "", "private, no-cache"}, {"own", l.images["signed_in"], "", "private, no-cache"},
		{"agent", "/sitemap.xml", "", "public, max-age=3600"}, {"", "/articles.atom", "", "public, max-age=3600"},
	} {
		headers := []string{}
		if row.cookie != "" {
			headers = []string{"Cookie", row.cookie}
		}
		got := l.ask(t, row.who, row.path, nil, headers...)
		if got.Status != 200 || got.Header.Get("Cache-Control") != row.want || got.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s as %q with %q: %d, %s", row.path, row.who, row.cookie, got.Status, got.Header.Get("Cache-Control"))
		}
	}
	// Compressed for strangers alone, and the same words.
	for encoding, packed := range map[string]bool{"gzip": true, "br, gzip;q=0.5": true, "gzip;q=0": false, "identity": false} {
		got := l.ask(t, "", path, nil, "Accept-Encoding", encoding)
		if (got.Header.Get("Content-Encoding") == "gzip") != packed {
			t.Errorf("%s: %q", encoding, got.Header.Get("Content-Encoding"))
		}
		text := got.Body
		if packed {
			z, err := gzip.NewReader(strings.NewReader(got.Body))
			if err != nil {
				t.Fatal(err)
			}
			raw, err := io.ReadAll(z)
			if err != nil {
				t.Fatal(err)
			}
			text = string(raw)
		}
		if !strings.Contains(text, "wordspublic") || !strings.HasSuffix(strings.TrimSpace(text), "</html>") {
			t.Errorf("%s: %d octets", encoding, len(text))
		}
	}
	if got := l.ask(t, "own", path, nil, "Accept-Encoding", "gzip"); got.Header.Get("Content-Encoding") != "" {
		t.Error("the page of a customer is compressed")
	}
}

func TestAPageKeepsItsStyleForAYearByTheBytes(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	sheets := w.ask(t, "", "/", nil).find(t, "link", "rel=stylesheet")
	for _, sheet := range sheets {
		href := attribute(sheet, "href")
		if href == "/brand.css" {
			continue
		}
		got, stale := w.ask(t, "", href, nil), w.ask(t, "", strings.Split(href, "?")[0]+"?v=old", nil)
		if got.Status != 200 || got.Header.Get("Content-Type") != "text/css; charset=utf-8" || got.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || stale.Header.Get("Cache-Control") != "public, max-age=300" {
			t.Errorf("%s: %d %v", href, got.Status, got.Header)
		}
		if strings.Contains(href, "panel.css") {
			t.Error("the public site loads the style of the panel")
		}
	}
	if len(sheets) != 4 {
		t.Errorf("%d style sheets", len(sheets))
	}
	for _, path := range []string{"/static/nothing.css", "/static/..%2fpage.go", "/static/.."} {
		if got := w.ask(t, "", path, nil); got.Status != 404 {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
}

func TestAnArticleIsAPageOfItsOwn(t *testing.T) {
	t.Parallel()
	l := openLibrary(t)
	a := l.articles["public"]
	page := l.ask(t, "", a.Path(), nil)
	for name, got := range map[string]int{
		"one heading of the page": len(page.find(t, "h1")), "a main part": len(page.find(t, "main")), "an article in its language": len(page.find(t, "article", "lang=en")),
		"the way here": len(page.find(t, "nav", "class=crumbs", "aria-label=You are here")), "the contents": len(page.find(t, "nav", "class=toc")),
		"a canonical address": len(page.find(t, "link", "rel=canonical", "href=http://desk.test"+a.Path())), "a description": len(page.find(t, "meta", "name=description")),
		"a preview": len(page.find(t, "meta", "property=og:title", "content="+a.Title)), "a callout": len(page.find(t, "blockquote", "class=callout note")),
		"a table": len(page.find(t, "table")), "code": len(page.find(t, "code", "class=language-go")), "a search": len(page.find(t, "form", "role=search")),
		"a way to skip": len(page.find(t, "a", "class=skip", "href=#main")), "a way to people": len(page.find(t, "a", "href=/contact")), "the feed": len(page.find(t, "link", "rel=alternate")),
	} {
		if got != 1 {
			t.Errorf("%s: %d", name, got)
		}
	}
	if n := len(page.find(t, "script")) + len(page.find(t, "meta", "name=robots")) + len(page.find(t, "a", "href=/agent")) + strings.Count(page.Body, "/agent/helpcenter"); n != 0 {
		t.Errorf("%d things that belong to others", n)
	}
	for _, at := range []string{"h-first-part", "h-second-part"} {
		if len(page.find(t, "h2", "id="+at)) != 1 || len(page.find(t, "a", "href=#"+at)) != 2 {
			t.Errorf("nothing leads to %s", at)
		}
	}
	staff := l.ask(t, "collaborator", l.articles["draft"].Path(), nil)
	edit := fmt.Sprintf("/agent/helpcenter/articles/%d", l.articles["draft"].ID)
	if len(staff.find(t, "a", "href="+edit)) != 1 || len(staff.find(t, "a", "href=/agent")) != 1 || !strings.Contains(staff.Body, "Draft") || len(staff.find(t, "meta", "name=robots", "content=noindex")) != 1 || len(staff.find(t, "section", "id=feedback")) != 0 {
		t.Error("the draft is not shown as one")
	}
	for path, who := range map[string]string{l.articles["signed_in"].Path(): "own", "/search?q=quokka": "", pathOfSection(l.sections["signed_in"].ID, "shelfsigned"): "own"} {
		if len(l.ask(t, who, path, nil).find(t, "meta", "name=robots", "content=noindex")) != 1 {
			t.Errorf("%s asks to be listed", path)
		}
	}
	german := l.ask(t, "", a.Path(), nil, "Accept-Language", "de")
	if len(german.find(t, "html", "lang=de")) != 1 || len(german.find(t, "article", "lang=en")) != 1 || !strings.Contains(german.Body, "War das hilfreich?") {
		t.Error("the page is not in German around an English article")
	}
}

func TestASearchShowsWhatItFoundAndWhy(t *testing.T) {
	t.Parallel()
	l := openLibrary(t)
	hits := l.ask(t, "", "/search?q=wordspublic", nil)
	if marked := hits.find(t, "mark"); len(marked) != 1 || textOf(marked[0]) != "wordspublic" || len(hits.find(t, "input", "name=q", "value=wordspublic")) != 1 || !strings.Contains(hits.Body, "1 result<") {
		t.Errorf("marked: %d", len(marked))
	}
	if got := l.ask(t, "", "/search?q=zebrapublxc", nil); !strings.Contains(got.Body, "Showing results for <b>zebrapublic</b>") {
		t.Error("what was looked for instead is not said")
	}
	nothing := l.ask(t, "", "/search?q="+url.QueryEscape(`xylophone"><script>alert(1)</script>`), nil)
	if len(nothing.find(t, "li", "class=entry")) != 0 || len(nothing.find(t, "script")) != 0 || len(nothing.find(t, "a", "href=/contact")) != 1 || !strings.Contains(nothing.Body, "Nothing found for") {
		t.Error("an empty search leads nowhere")
	}
	if got := l.ask(t, "agent", "/search?q=quokka&category="+fmt.Sprint(l.hidden.ID), nil); len(got.find(t, "li", "class=entry")) != 1 || len(got.find(t, "option", "selected")) != 1 {
		t.Error("the category is not kept")
	}
	for _, query := range []string{"", "?q=", "?q=+", "?q=%00", "?q=%ff", "?q=!!", "?q=a%27)%3b--", "?page=-1&q=quokka", "?page=99999999999&q=quokka", "?category=x&q=quokka"} {
		if got := l.ask(t, "", "/search"+query, nil); got.Status != 200 {
			t.Errorf("/search%s: %d", query, got.Status)
		}
	}
	owner := l.people["owner"]
	for n := range helpPiece + 1 {
		if _, err := l.CreateArticle(t.Context(), owner, core.NewArticle{Section: l.sections["public"].ID, Title: fmt.Sprintf("Quokka %d", n), Publish: true}); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"/search?q=quokka", pathOfSection(l.sections["public"].ID, "shelfpublic")} {
		first := l.ask(t, "", path, nil)
		next := first.find(t, "a", "rel=next")
		if len(next) != 1 || len(first.find(t, "li", "class=entry")) != helpPiece {
			t.Fatalf("%s is not paged", path)
		}
		second := l.ask(t, "", attribute(next[0], "href"), nil)
		if len(second.find(t, "li", "class=entry")) != 2 || len(second.find(t, "a", "rel=prev")) != 1 {
			t.Errorf("the second page of %s", path)
		}
	}
}

func TestAVisitorSaysOnceWhetherAnArticleHelped(t *testing.T) {
	t.Parallel()
	l := openLibrary(t)
	a := l.articles["public"]
	path := fmt.Sprintf("/articles/%d/feedback", a.ID)
	count := func() string {
		return l.Text(t, `select count(*) filter (where helpful) || ' ' || count(*) filter (where not helpful) || ' ' || coalesce(max(words), '') from article_feedback`)
	}
	first := l.ask(t, "", path, url.Values{"helpful": {"yes"}})
	cookie := first.Header.Get("Set-Cookie")
	if first.Status != 303 || first.Header.Get("Location") != a.Path()+"?rated=yes#feedback" || !strings.HasPrefix(cookie, visitorCookie+"=") ||
		!strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") || count() != "1 0 " {
		t.Fatalf("%d to %q, cookie %q, %s", first.Status, first.Header.Get("Location"), cookie, count())
	}
	own := []string{"Cookie", strings.Split(cookie, ";")[0]}
	thanks := l.ask(t, "", a.Path()+"?rated=yes", nil, own...)
	if len(thanks.find(t, "textarea", "name=words")) != 1 || len(thanks.find(t, "input", "name=helpful", "value=yes")) != 1 {
		t.Error("no words are asked for")
	}
	again := l.ask(t, "", path, url.Values{"helpful": {"no"}, "words": {"Where is the tray?"}}, own...)
	if again.Status != 303 || !strings.HasSuffix(again.Header.Get("Location"), "?rated=told#feedback") || count() != "0 1 Where is the tray?" {
		t.Errorf("again: %d to %q, %s", again.Status, again.Header.Get("Location"), count())
	}
	for _, who := range []string{"own", "own", "other"} {
		if got := l.ask(t, who, path, url.Values{"helpful": {"yes"}}); got.Status != 303 || got.Header.Get("Set-Cookie") != "" {
			t.Errorf("as %s: %d", who, got.Status)
		}
	}
	if got := count(); got != "2 1 Where is the tray?" {
		t.Errorf("counted %s", got)
	}
	if got := l.ask(t, "agent", a.Path(), nil); !strings.Contains(got.Body, "Helpful: 2 yes, 1 no") {
		t.Error("staff are not told")
	}
	if got := l.ask(t, "own", a.Path(), nil); strings.Contains(got.Body, "2 yes") || strings.Contains(got.Body, "tray") {
		t.Error("a customer is told")
	}
	for name, row := range map[string]struct {
		form    url.Values
		headers []string
		status  int
	}{"no answer": {url.Values{}, nil, 400}, "another answer": {url.Values{"helpful": {"perhaps"}}, nil, 400},
		"another site": {url.Values{"helpful": {"yes"}}, []string{"Sec-Fetch-Site", "cross-site"}, 403}} {
		if got := l.ask(t, "", path, row.form, row.headers...); got.Status != row.status {
			t.Errorf("%s: %d", name, got.Status)
		}
	}
	l.Exec(t, `insert into sign_in_attempts (subject, at) select 'feedback 127.0.0.1', now() from generate_series(1, 60)`)
	late := l.ask(t, "", path, url.Values{"helpful": {"no"}, "words": {"Typed words"}}, own...)
	if late.Status != 429 || !strings.Contains(late.Body, "Too many answers") || !strings.Contains(late.Body, "Typed words") || !strings.Contains(late.Body, "wordspublic") {
		t.Errorf("too many: %d", late.Status)
	}
}

func TestMachinesAreToldWhatEverybodyMayRead(t *testing.T) {
	t.Parallel()
	l := openLibrary(t)
	var urls struct {
		Loc []string `xml:"url>loc"`
	}
	sitemap := l.ask(t, "agent", "/sitemap.xml", nil)
	if err := xml.Unmarshal([]byte(sitemap.Body), &urls); err != nil {
		t.Fatal(err)
	}
	want := []string{"http://desk.test/", "http://desk.test" + pathOfCategory(l.category.ID, "Printing"), "http://desk.test" + pathOfSection(l.sections["public"].ID, "shelfpublic"), "http://desk.test" + l.articles["public"].Path()}
	if !slices.Equal(urls.Loc, want) || strings.Count(sitemap.Body, "<lastmod>") != 1 {
		t.Errorf("the sitemap holds %q, want %q", urls.Loc, want)
	}
	for _, loc := range urls.Loc {
		if got := l.ask(t, "", strings.TrimPrefix(loc, "http://desk.test"), nil); got.Status != 200 {
			t.Errorf("%s: %d", loc, got.Status)
		}
	}
	var atom feed
	if err := xml.Unmarshal([]byte(l.ask(t, "", "/articles.atom", nil).Body), &atom); err != nil {
		t.Fatal(err)
	}
	if len(atom.Entries) != 1 || atom.Entries[0].Link.Href != want[3] || atom.Entries[0].Title != l.articles["public"].Title || atom.Updated != atom.Entries[0].Updated {
		t.Errorf("the feed: %+v", atom)
	}
	robots := l.ask(t, "", "/robots.txt", nil)
	for _, line := range []string{"User-agent: *", "Disallow: /agent", "Disallow: /conversations", "Sitemap: http://desk.test/sitemap.xml"} {
		if !slices.Contains(strings.Split(robots.Body, "\n"), line) {
			t.Errorf("robots are not told %q", line)
		}
	}
	if tag := sitemap.Header.Get("ETag"); l.ask(t, "", "/sitemap.xml", nil, "If-None-Match", tag).Status != 304 {
		t.Error("the sitemap is sent again")
	}
}

func TestAHelpCenterWithoutArticlesLeadsToPeople(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.Exec(t, `truncate categories cascade`)
	for who, want := range map[string][]string{"": {"/contact", "/signin"}, "own": {"/contact", "/conversations"}, "agent": {"/agent", "/conversations"}} {
		page := w.ask(t, who, "/", nil)
		for _, href := range want {
			if len(page.find(t, "a", "href="+href)) == 0 {
				t.Errorf("nothing leads %q to %s", who, href)
			}
		}
		if page.Status != 200 || len(page.find(t, "h1")) != 1 || len(page.find(t, "form", "role=search")) != 0 {
			t.Errorf("the empty home as %q: %d", who, page.Status)
		}
	}
	if got := w.ask(t, "", "/articles.atom", nil); got.Status != 200 || strings.Contains(got.Body, "<entry>") {
		t.Errorf("the feed of nothing: %d", got.Status)
	}
}

func TestThePublicSiteAsksTheSameNumberOfQueriesHoweverMuchItHolds(t *testing.T) {
	t.Parallel()
	w, counted := openCountedSite(t)
	l := furnishLibrary(t, w)
	paths := []string{"/", pathOfCategory(l.category.ID, "Printing"), pathOfSection(l.sections["public"].ID, "shelfpublic"), l.articles["public"].Path(), "/search?q=quokka", "/sitemap.xml", "/articles.atom"}
	count := func() (counts []int64) {
		for _, who := range []string{"", "agent"} {
			for _, path := range paths {
				l.ask(t, who, path, nil) // statements are prepared once for each connection
				before := counted.n.Load()
				if got := l.ask(t, who, path, nil); got.Status != 200 {
					t.Fatalf("%s as %q: %d", path, who, got.Status)
				}
				counts = append(counts, counted.n.Load()-before)
			}
		}
		return counts
	}
	few := count()
	owner := l.people["owner"]
	for n := range 4 {
		c, err := l.CreateCategory(t.Context(), owner, fmt.Sprint("More ", n), "")
		if err != nil {
			t.Fatal(err)
		}
		for m := range 3 {
			s, err := l.CreateSection(t.Context(), owner, core.NewSection{Category: c.ID, Title: fmt.Sprint("Section ", m)})
			if err != nil {
				t.Fatal(err)
			}
			for _, section := range []core.SectionID{s.ID, l.sections["public"].ID} {
				if _, err := l.CreateArticle(t.Context(), owner, core.NewArticle{Section: section, Title: fmt.Sprintf("Quokka %d %d", n, m), Publish: true}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if more := count(); !slices.Equal(few, more) {
		t.Errorf("queries a page: %v, with more of everything %v", few, more)
	}
	t.Logf("queries a page: %v", few)
}
