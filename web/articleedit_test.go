package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"postdesk/core"
)

func textOfArea(t *testing.T, page answer, name string) string {
	t.Helper()
	areas := page.find(t, "textarea", "name="+name)
	if len(areas) != 1 {
		t.Fatalf("%d fields %q: %s", len(areas), name, page.Body)
	}
	return strings.TrimSpace(textOf(areas[0]))
}

func valueOf(t *testing.T, page answer, name string) string {
	t.Helper()
	fields := page.find(t, "input", "name="+name)
	if len(fields) != 1 {
		t.Fatalf("%d fields %q", len(fields), name)
	}
	for _, a := range fields[0].Attr {
		if a.Key == "value" {
			return a.Val
		}
	}
	return ""
}

func TestTwoEditorsAtOnceLoseNoWord(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	path := helpCenterPath + "/articles/{written}"
	mine := url.Values{"revision": {"1"}, "title": {"Toner <b>"}, "body": {"\r\nMy words.\r\n\r\n</textarea><script>alert(1)</script>"}, "note": {"Mine"}}
	if got := w.ask(t, "agent", path, url.Values{"revision": {"1"}, "title": {"Toner"}, "body": {"Their words."}}); got.Status != http.StatusSeeOther {
		t.Fatalf("the first: %d", got.Status)
	}
	page := w.ask(t, "collaborator", path, mine)
	if page.Status != http.StatusConflict {
		t.Fatalf("the second: %d", page.Status)
	}
	if got := textOfArea(t, page, "body"); got != "My words.\n\n</textarea><script>alert(1)</script>" {
		t.Errorf("typed words became %q", got)
	}
	if valueOf(t, page, "title") != "Toner <b>" || valueOf(t, page, "note") != "Mine" || valueOf(t, page, "revision") != "2" {
		t.Error("the title, the note or the revision is lost")
	}
	if theirs := page.find(t, "textarea", "readonly"); len(theirs) != 1 || strings.TrimSpace(textOf(theirs[0])) != "Their words." {
		t.Error("the newer text is not beside it")
	}
	if len(page.find(t, "ins")) == 0 || len(page.find(t, "del")) == 0 || !strings.Contains(page.Body, "removed") {
		t.Error("the difference is not shown by marks and words")
	}
	if got := w.articleText(t, "{written}"); got != "Toner|Their words.|2|draft" {
		t.Errorf("before somebody decides it is %q", got)
	}
	mine.Set("revision", "2")
	for range 2 { // pressed twice
		if got := w.ask(t, "collaborator", path, mine); got.Status != http.StatusSeeOther {
			t.Errorf("mine over theirs: %d", got.Status)
		}
	}
	if got := w.articleText(t, "{written}"); !strings.HasPrefix(got, "Toner <b>|") || !strings.Contains(got, "My words.") || !strings.HasSuffix(got, "|3|draft") {
		t.Errorf("it became %q", got)
	}
	if got := w.Text(t, `select string_agg(number || ' ' || kind, ', ' order by number) from article_revisions where article_id = `+w.names["{written}"]); got != "1 created, 2 saved, 3 saved" {
		t.Errorf("revisions: %s", got)
	}
}

// What becomes of an article while somebody writes never costs their words.
func TestWordsOutliveWhatBecomesOfTheArticle(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	typed := url.Values{"revision": {"1"}, "title": {"Kept title"}, "body": {"Kept words"}}
	if _, err := w.PublishArticle(t.Context(), w.people["admin"], number[core.ArticleID](w.names["{written}"]), 0); err != nil {
		t.Fatal(err)
	}
	page := w.ask(t, "collaborator", helpCenterPath+"/articles/{written}", typed)
	if page.Status != http.StatusForbidden || textOfArea(t, page, "body") != "Kept words" || valueOf(t, page, "title") != "Kept title" {
		t.Errorf("published meanwhile: %d", page.Status)
	}
	if len(page.find(t, "form", "action="+w.at(helpCenterPath+"/articles/{written}/propose"))) != 1 {
		t.Error("the words cannot be proposed")
	}
	if err := w.DeleteArticle(t.Context(), w.people["admin"], number[core.ArticleID](w.names["{written}"])); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/articles/{written}", "/articles/{written}/propose"} {
		page = w.ask(t, "agent", helpCenterPath+path, typed)
		if page.Status != http.StatusNotFound || textOfArea(t, page, "body") != "Kept words" || valueOf(t, page, "title") != "Kept title" {
			t.Errorf("deleted meanwhile, %s: %d", path, page.Status)
		}
	}
	if page = w.ask(t, "own", helpCenterPath+"/articles/{written}", typed); page.Status != http.StatusNotFound || strings.Contains(page.Body, "Kept words") {
		t.Errorf("a customer is told %d", page.Status)
	}
}

func TestAFaultStandsBesideItsFieldAndKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	for _, row := range []struct{ path, form, field string }{
		{"/articles", "section={section}&title=+&body=Kept+words", "title"},
		{"/articles", "section=999&title=Kept&body=Kept+words", "section"},
		{"/articles", "section={section}&title=Kept&body=Kept+words&locale=12", "locale"},
		{"/articles/{written}", "revision=1&title=&body=Kept+words", "title"},
		{"/articles/{written}", "revision=1&title=" + strings.Repeat("x", 201) + "&body=Kept+words", "title"},
		{"/articles/{published}/propose", "revision=1&title=&body=Kept+words", "title"},
		{"/articles/{written}/publish", "revision=1&title=&body=Kept+words", "title"},
		{"/articles/{written}/images", "revision=1&title=Kept&body=Kept+words", "image"},
	} {
		form, _ := url.ParseQuery(w.at(row.form))
		page := w.ask(t, "agent", helpCenterPath+row.path, form)
		if page.Status != http.StatusBadRequest || textOfArea(t, page, "body") != "Kept words" {
			t.Errorf("%s (%s): %d", row.path, row.form, page.Status)
		}
		if len(page.find(t, "input", "name="+row.field, "aria-invalid"))+len(page.find(t, "select", "name="+row.field, "aria-invalid")) != 1 {
			t.Errorf("%s (%s): the fault is not beside %s", row.path, row.form, row.field)
		}
	}
	for _, row := range [][2]string{{"/categories", "title=&description=Kept"}, {"/categories/{shelf}", "title=&was.title=Scanners&description=Kept"},
		{"/sections", "title=&description=Kept&category={shelf}&visibility=staff"}, {"/sections/{group}", "title=&was.title=Empty&description=Kept&category={shelf}&visibility=staff"}} {
		form, _ := url.ParseQuery(w.at(row[1]))
		page := w.ask(t, "agent", helpCenterPath+row[0], form)
		if page.Status != http.StatusBadRequest || valueOf(t, page, "description") != "Kept" || len(page.find(t, "input", "name=title", "aria-invalid")) != 1 {
			t.Errorf("%s: %d", row[0], page.Status)
		}
	}
	page := w.ask(t, "agent", helpCenterPath+"/categories/{category}/delete", url.Values{})
	if page.Status != http.StatusConflict || !strings.Contains(page.Body, "still has sections") {
		t.Errorf("a category with sections: %d", page.Status)
	}
}

func TestOnlyPicturesAreAddedAndTheFormComesBackAsItWas(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	path := helpCenterPath + "/articles/{written}/images"
	picture := aPicture(t)
	for name, content := range map[string][]byte{"a.svg": []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`),
		"wrong.png": []byte("GIF is what this is not"), "large.png": append(picture, make([]byte, core.MaxArticleImageBytes)...), "empty.png": nil} {
		page := w.sendPicture(t, "collaborator", path, name, content, "text/html")
		if page.Status != http.StatusBadRequest || textOfArea(t, page, "body") != "Half a text" || len(page.find(t, "input", "name=image", "aria-invalid")) != 1 {
			t.Errorf("%s: %d", name, page.Status)
		}
		if told := w.sendPicture(t, "collaborator", path, name, content, "application/json"); told.Status != http.StatusBadRequest || !strings.Contains(told.Body, `"problem"`) {
			t.Errorf("%s to a script: %d %s", name, told.Status, told.Body)
		}
	}
	page := w.sendPicture(t, "collaborator", path, "A [new] tray.png", picture, "text/html")
	line := "![A new tray](/help/images/" + w.names["{digest}"] + ")"
	if page.Status != http.StatusOK || textOfArea(t, page, "body") != "Half a text" || valueOf(t, page, "title") != "Half a title" || len(page.find(t, "input", "readonly", "value="+line)) != 1 {
		t.Errorf("a picture: %d, no line %s", page.Status, line)
	}
	if told := w.sendPicture(t, "collaborator", path, "A [new] tray.png", picture, "application/json"); told.Status != http.StatusOK || !strings.Contains(told.Body, line) {
		t.Errorf("to a script: %d %s", told.Status, told.Body)
	}
	page = w.ask(t, "collaborator", path+"/{digest}/delete", url.Values{"revision": {"1"}, "title": {"Half"}, "body": {"Half a text"}})
	if page.Status != http.StatusOK || textOfArea(t, page, "body") != "Half a text" || w.Text(t, `select count(*) from article_images where article_id = `+w.names["{written}"]) != "0" {
		t.Errorf("taken away: %d", page.Status)
	}
}

// Hostile Markdown stays text in the preview, the fragment for scripts, a revision, a
// difference, a proposal and the conflict.
func TestHostileMarkdownStaysTextOnEveryPageOfTheEditor(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	hostile := strings.Join(hostileMarkdown(t), "\n\n")
	form := func(revision string) url.Values {
		return url.Values{"revision": {revision}, "title": {`"><img src=x onerror=alert(1)>`}, "body": {hostile}, "note": {"<script>alert(1)</script>"}}
	}
	const at = helpCenterPath + "/articles/{written}"
	pages := map[string]answer{
		"preview":  w.ask(t, "agent", at+"/preview", form("1")),
		"fragment": w.ask(t, "agent", at+"/preview", form("1"), "HX-Request", "true"),
		"new":      w.ask(t, "agent", helpCenterPath+"/preview", form("")),
	}
	if got := w.articleText(t, "{written}"); got != "Toner|Shake it.|1|draft" {
		t.Fatalf("a preview saved %q", got)
	}
	if got := w.ask(t, "agent", at, form("1")); got.Status != http.StatusSeeOther {
		t.Fatalf("saved: %d", got.Status)
	}
	if got := w.ask(t, "collaborator", helpCenterPath+"/articles/{published}/propose", form("1")); got.Status != http.StatusSeeOther {
		t.Fatalf("proposed: %d", got.Status)
	}
	w.names["{theirs}"] = w.Text(t, `select max(id)::text from article_proposals`)
	stale := form("1")
	stale.Set("body", hostile+"\nmore")
	pages["conflict"] = w.ask(t, "agent", at, stale)
	for _, path := range []string{at, at + "/revisions", at + "/revisions/2", at + "/difference?from=1&to=2", helpCenterPath + "/proposals/{theirs}",
		helpCenterPath, helpCenterPath + "?view=drafts", helpCenterPath + "?view=proposals", helpCenterPath + "?q=alert"} {
		pages[path] = w.ask(t, "agent", path, nil)
	}
	for name, page := range pages {
		if page.Status != http.StatusOK && page.Status != http.StatusConflict {
			t.Errorf("%s: %d", name, page.Status)
		}
		for _, script := range page.find(t, "script") {
			if textOf(script) != "" || !hasAll(script, []string{"src", "defer"}) {
				t.Errorf("%s runs %q", name, textOf(script))
			}
		}
		assertNothingActs(t, name, page)
	}
}

// assertNothingActs finds what would run, load from elsewhere or lead into a script.
func assertNothingActs(t *testing.T, name string, page answer) {
	t.Helper()
	for _, tag := range []string{"a", "img", "svg", "iframe", "object", "embed", "form", "input", "button", "div", "p", "textarea", "style", "base", "math"} {
		for _, n := range page.find(t, tag) {
			if tag == "iframe" || tag == "object" || tag == "embed" || tag == "style" || tag == "base" || tag == "math" {
				t.Errorf("%s has <%s>", name, tag)
			}
			for _, a := range n.Attr {
				value := strings.ToLower(strings.TrimSpace(a.Val))
				acts := strings.HasPrefix(a.Key, "on") || a.Key == "style" || (a.Key == "href" || a.Key == "action" || a.Key == "formaction") && strings.HasPrefix(value, "javascript:") ||
					a.Key == "src" && !strings.HasPrefix(value, "/")
				if acts {
					t.Errorf("%s: <%s %s=%q>", name, tag, a.Key, a.Val)
				}
			}
		}
	}
}
