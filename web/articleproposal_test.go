package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"postdesk/core"
)

// propose offers a text as the collaborator, and gives its number as {theirs}.
func (w *site) propose(t *testing.T, revision, body string) {
	t.Helper()
	form := url.Values{"revision": {revision}, "title": {"Paper jams"}, "body": {body}, "note": {"Because of Cara"}}
	for range 2 { // pressed twice
		if got := w.ask(t, "collaborator", helpCenterPath+"/articles/{published}/propose", form); got.Status != http.StatusSeeOther {
			t.Fatalf("proposed: %d", got.Status)
		}
	}
	w.names["{theirs}"] = w.Text(t, `select max(id)::text from article_proposals`)
}

func TestAProposalIsAcceptedDeclinedAndItsAuthorHears(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	const at = helpCenterPath + "/proposals/{theirs}"
	w.propose(t, "1", "Open the front tray.")
	if got := w.Text(t, `select count(*) from article_proposals`); got != "2" { // with the one of the site
		t.Errorf("a button pressed twice made proposals: %s", got)
	}
	if page := w.ask(t, "agent", helpCenterPath+"?view=proposals", nil); !strings.Contains(page.Body, "Because of Cara") {
		t.Error("who decides does not see it")
	}
	if page := w.ask(t, "agent", at, nil); len(page.find(t, "ins")) == 0 || len(page.find(t, "del")) == 0 {
		t.Error("there is no difference to what readers see")
	}
	edited := url.Values{"revision": {"1"}, "title": {"Paper jams"}, "body": {"Open the front tray slowly."}, "answer": {"Thank you, with a word more"}}
	if got := w.ask(t, "agent", at+"/accept", edited); got.Status != http.StatusSeeOther {
		t.Fatalf("accepted: %d", got.Status)
	}
	if got := w.articleText(t, "{published}"); got != "Paper jams|Open the front tray slowly.|2|published" {
		t.Errorf("it became %q", got)
	}
	if page := w.ask(t, "collaborator", helpCenterPath+"?view=proposals", nil); !strings.Contains(page.Body, "Accepted") || !strings.Contains(page.Body, "Thank you, with a word more") {
		t.Error("the author does not hear of the decision")
	}
	if got := w.ask(t, "agent", at+"/decline", url.Values{}); got.Status != http.StatusConflict {
		t.Errorf("decided twice: %d", got.Status)
	}
	w.propose(t, "2", "Open nothing.")
	if got := w.ask(t, "agent", at+"/decline", url.Values{"answer": {"It must be opened"}}); got.Status != http.StatusSeeOther {
		t.Errorf("declined: %d", got.Status)
	}
	if page := w.ask(t, "collaborator", at, nil); !strings.Contains(page.Body, "It must be opened") || !strings.Contains(page.Body, "Declined") {
		t.Error("the author does not hear why")
	}
	w.propose(t, "2", "Open all.")
	if got := w.ask(t, "collaborator", at+"/withdraw", url.Values{}); got.Status != http.StatusSeeOther {
		t.Errorf("withdrawn: %d", got.Status)
	}
	if got := w.articleText(t, "{published}"); got != "Paper jams|Open the front tray slowly.|2|published" {
		t.Errorf("what was not accepted changed it: %q", got)
	}
}

func TestAStaleProposalShowsWhatCameSince(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	const at = helpCenterPath + "/proposals/{theirs}"
	w.propose(t, "1", "Open the front tray.")
	if _, err := w.SaveArticle(t.Context(), w.people["admin"], number[core.ArticleID](w.names["{published}"]), 1, core.ArticleText{Title: "Paper jams", Body: "Call us."}); err != nil {
		t.Fatal(err)
	}
	form := url.Values{"revision": {"1"}, "title": {"Paper jams"}, "body": {"Both: call us."}, "answer": {"Kept answer"}}
	page := w.ask(t, "agent", at+"/accept", form) // opened before the change
	if page.Status != http.StatusConflict || textOfArea(t, page, "body") != "Both: call us." || valueOf(t, page, "answer") != "Kept answer" || valueOf(t, page, "revision") != "2" {
		t.Errorf("a stale page: %d", page.Status)
	}
	if theirs := page.find(t, "textarea", "readonly"); len(theirs) != 1 || strings.TrimSpace(textOf(theirs[0])) != "Call us." {
		t.Error("what readers see now is not beside it")
	}
	if got := w.articleText(t, "{published}"); got != "Paper jams|Call us.|2|published" {
		t.Errorf("it was overwritten: %q", got)
	}
	form.Set("revision", "2")
	if got := w.ask(t, "agent", at+"/accept", form); got.Status != http.StatusSeeOther {
		t.Errorf("put together: %d", got.Status)
	}
	if got := w.articleText(t, "{published}"); got != "Paper jams|Both: call us.|3|published" {
		t.Errorf("it became %q", got)
	}
}

func TestRevisionsAreComparedAndRestored(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	const at = helpCenterPath + "/articles/{written}"
	w.ask(t, "collaborator", at, url.Values{"revision": {"1"}, "title": {"Toner"}, "body": {"Never shake it."}, "note": {"Safer so"}})
	list := w.ask(t, "collaborator", at+"/revisions", nil)
	if !strings.Contains(list.Body, "Safer so") || len(list.find(t, "input", "name=from")) != 2 {
		t.Error("the list lacks a note or the choice of two")
	}
	page := w.ask(t, "collaborator", at+"/difference?from=1&to=2", nil)
	if page.Status != http.StatusOK || len(page.find(t, "ins")) == 0 || len(page.find(t, "del")) == 0 || !strings.Contains(page.Body, ">added<") {
		t.Errorf("difference: %d", page.Status)
	}
	if got := w.ask(t, "collaborator", at+"/restore", url.Values{"number": {"1"}, "revision": {"1"}}); got.Status != http.StatusConflict || textOfArea(t, got, "body") != "Shake it." {
		t.Errorf("restored over a newer one: %d", got.Status)
	}
	if got := w.ask(t, "collaborator", at+"/restore", url.Values{"number": {"1"}, "revision": {"2"}}); got.Status != http.StatusSeeOther {
		t.Errorf("restored: %d", got.Status)
	}
	if got := w.articleText(t, "{written}"); got != "Toner|Shake it.|3|draft" {
		t.Errorf("it became %q", got)
	}
	for _, path := range []string{"/revisions/9", "/revisions/x", "/difference?from=1&to=9"} {
		if got := w.ask(t, "agent", at+path, nil); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
}

func TestOrderGoesAStepAtATime(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		one  int
		do   string
		want []int
	}{{2, "up", []int{2, 1}}, {2, "down", []int{1, 3, 2}}, {1, "up", nil}, {3, "down", nil}, {9, "up", nil}} {
		if got := swapped([]int{1, 2, 3}, row.one, row.do); len(got) != len(row.want) || len(got) > 0 && (got[0] != row.want[0] || got[len(got)-1] != row.want[len(got)-1]) {
			t.Errorf("%d %s: %v, want %v", row.one, row.do, got, row.want)
		}
	}
	w := openSite(t)
	order := func() string {
		return w.Text(t, `select string_agg(title, ', ' order by position, id) from articles where section_id = `+w.names["{section}"])
	}
	for _, do := range []string{"up", "up", "down", "up"} {
		if got := w.ask(t, "agent", helpCenterPath+"/articles/{written}/order", url.Values{"do": {do}}); got.Status != http.StatusSeeOther {
			t.Errorf("%s: %d", do, got.Status)
		}
	}
	if got := order(); got != "Toner, Paper jams" {
		t.Errorf("order: %s", got)
	}
	if got := w.ask(t, "agent", helpCenterPath+"/articles/{written}/order", url.Values{"do": {"sideways"}}); got.Status != http.StatusBadRequest {
		t.Errorf("sideways: %d", got.Status)
	}
}
