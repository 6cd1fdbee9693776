package web

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"postdesk/core"
)

// What the rows of the Help Center are about, made by the admin.

func aCategory(a *apiDesk, t testing.TB) int64 {
	c, err := a.CreateCategory(t.Context(), a.people["adm"], fmt.Sprintf("Category %d", a.next()), "")
	must(t, err)
	return int64(c.ID)
}

func aSection(a *apiDesk, t testing.TB) int64 { return sectionFor(core.VisiblePublic)(a, t) }

func sectionFor(v core.Visibility) func(a *apiDesk, t testing.TB) int64 {
	return func(a *apiDesk, t testing.TB) int64 {
		s, err := a.CreateSection(t.Context(), a.people["adm"], core.NewSection{Category: core.CategoryID(aCategory(a, t)), Title: "Section", Visibility: v})
		must(t, err)
		return int64(s.ID)
	}
}

// articleIn makes an article in a section of its own.
func articleIn(v core.Visibility, publish bool) func(a *apiDesk, t testing.TB) int64 {
	return func(a *apiDesk, t testing.TB) int64 {
		one, err := a.CreateArticle(t.Context(), a.people["adm"], core.NewArticle{Section: core.SectionID(sectionFor(v)(a, t)), Title: "Toner",
			Body: "How to change it", Publish: publish})
		must(t, err)
		return int64(one.ID)
	}
}

var (
	aDraft        = articleIn(core.VisiblePublic, false)
	published     = articleIn(core.VisiblePublic, true)
	staffArticle  = articleIn(core.VisibleStaff, true)
	filledSection = func(a *apiDesk, t testing.TB) int64 {
		return a.row(t, `select section_id from articles where id = $1`, published(a, t))
	}
	filledCategory = func(a *apiDesk, t testing.TB) int64 {
		return a.row(t, `select category_id from sections where id = $1`, filledSection(a, t))
	}
	// revised is a draft with two texts.
	revised = func(a *apiDesk, t testing.TB) int64 {
		id := aDraft(a, t)
		_, err := a.SaveArticle(t.Context(), a.people["adm"], core.ArticleID(id), 1, core.ArticleText{Title: "Ink"})
		must(t, err)
		return id
	}
	// proposed is a proposal of the admin's.
	proposed = func(a *apiDesk, t testing.TB) int64 {
		p, err := a.ProposeRevision(t.Context(), a.people["adm"], core.ArticleID(published(a, t)), 1, core.ArticleText{Title: "Ink"})
		must(t, err)
		return int64(p.ID)
	}
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const draftSaved = "404 404 404 200 200 200"

// helpMatrix are the rows 22 to 26 of the matrix S2.
var helpMatrix = []apiRow{
	{"GET /categories", nil, "", everybody, ""},
	{"POST /categories", nil, `{"title":"Category %d"}`, peopleMade, ""},
	{"GET /categories/{id}", filledCategory, "", everybody, nobody},
	{"GET /categories/{id}", aCategory, "", staffViews, nobody},
	{"PUT /categories/{id}", aCategory, `{"title":"Other %d"}`, peopleDone, noPeople},
	{"DELETE /categories/{id}", aCategory, "", peopleDone, noPeople},
	{"GET /sections", nil, "", everybody, ""},
	{"POST /sections", nil, `{"title":"Section %d","category_id":{category}}`, peopleMade, ""},
	{"GET /sections/{id}", filledSection, "", everybody, nobody},
	{"GET /sections/{id}", sectionFor(core.VisibleStaff), "", staffViews, nobody},
	{"PUT /sections/{id}", aSection, `{"title":"Other %d"}`, peopleDone, noPeople},
	{"DELETE /sections/{id}", aSection, "", peopleDone, noPeople},
	{"GET /articles", nil, "", everybody, ""},
	{"POST /articles", nil, `{"title":"Article %d","body":"Words","section_id":{section}}`, peopleMade, ""},
	{"POST /articles", nil, `{"title":"Article %d","body":"Words","section_id":{section},"status":"PUBLISHED"}`, peopleMade, ""},
	{"GET /articles/{id}", published, "", everybody, nobody},
	{"GET /articles/{id}", staffArticle, "", staffViews, nobody},
	{"GET /articles/{id}", aDraft, "", staffViews, nobody},
	{"PUT /articles/{id}", aDraft, `{"title":"Draft %d","revision":1}`, draftSaved, nobody},
	{"PUT /articles/{id}", published, `{"title":"Published %d","revision":1}`, peopleDone, nobody},
	{"PUT /articles/{id}", staffArticle, `{"title":"Published %d","revision":1}`, "404 404 404 403 200 200", nobody},
	{"PUT /articles/{id}", aDraft, `{"section_id":{section},"revision":1}`, "404 404 404 403 200 200", nobody},
	{"DELETE /articles/{id}", aDraft, "", peopleDone, noPeople},
	{"DELETE /articles/{id}", published, "", peopleDone, noPeople},
	{"POST /articles/{id}/publish", aDraft, "", peopleDone, noPeople},
	{"POST /articles/{id}/unpublish", published, "", peopleDone, noPeople},
	{"GET /articles/{id}/revisions", revised, "", staffViews, nobody},
	{"POST /articles/{id}/restore", revised, `{"number":1,"revision":2}`, draftSaved, nobody},
	{"GET /articles/{id}/proposals", published, "", staffViews, nobody},
	{"POST /articles/{id}/proposals", published, `{"body":"Better %d","revision":1}`, "403 403 403 201 201 201", nobody},
	{"POST /proposals/{id}/accept", proposed, `{"revision":1}`, peopleDone, noPeople},
	{"POST /proposals/{id}/decline", proposed, `{"answer":"Thank you"}`, peopleDone, noPeople},
	{"POST /proposals/{id}/withdraw", proposed, "", "404 404 404 403 403 200", nobody},
}

func TestAnArticleIsSavedByItsRevisionOnly(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	path := fmt.Sprintf("/articles/%d", aDraft(a, t))
	if res := a.call(t, "agt", "PUT", path, `{"title":"A"}`); res.Code != 400 || !strings.Contains(res.Body.String(), `"parameter":"revision"`) {
		t.Errorf("without a revision: %d %s", res.Code, res.Body)
	}
	fields(t, a.call(t, "agt", "PUT", path, `{"title":"A","revision":1,"status":"PUBLISHED","id":7}`).data(t), `{"title":"A","body":"How to change it","status":"DRAFT","revision":2}`)
	if res := a.call(t, "col", "PUT", path, `{"title":"B","revision":1}`); res.Code != 409 {
		t.Errorf("with an old revision: %d %s", res.Code, res.Body)
	}
	fields(t, a.call(t, "col", "PUT", path, `{"body":"C","revision":2}`).data(t), `{"title":"A","body":"C","revision":3}`)
	rows := a.call(t, "col", "GET", path+"/revisions", "").rows(t)
	if len(rows) != 3 || rows[0]["kind"] != "SAVED" || rows[2]["kind"] != "CREATED" {
		t.Errorf("revisions: %v", rows)
	}
}

func TestACustomerReadsWhatIsPublishedForThemAndNotWhoWroteIt(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	aDraft(a, t)
	staffArticle(a, t)
	id := published(a, t)
	if rows := a.call(t, "own", "GET", "/articles", "").rows(t); len(rows) != 1 || rows[0]["author"] != nil || rows[0]["id"] != float64(id) {
		t.Errorf("articles of a customer: %v", rows)
	}
	if rows := a.call(t, "own", "GET", "/articles?status=DRAFT", "").rows(t); len(rows) != 0 {
		t.Errorf("drafts of a customer: %v", rows)
	}
	if rows := a.call(t, "own", "GET", "/categories", "").rows(t); len(rows) != 1 {
		t.Errorf("categories of a customer: %v", rows)
	}
	if rows := a.call(t, "col", "GET", "/articles", "").rows(t); len(rows) != 3 {
		t.Errorf("articles of a collaborator: %v", rows)
	}
	if _, err := a.PublishArticle(t.Context(), a.people["col"], core.ArticleID(aDraft(a, t)), 0); !errors.Is(err, core.ErrForbidden) {
		t.Errorf("a collaborator publishes: %v", err)
	}
}
