package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
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

// tiny is a picture of one pixel.
const tiny = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

var tinyDigest = func() string {
	content, _ := base64.StdEncoding.DecodeString(tiny)
	return fmt.Sprintf("%x", sha256.Sum256(content))
}()

// pictured is a draft with a picture.
func pictured(a *apiDesk, t testing.TB) int64 {
	id := aDraft(a, t)
	content, _ := base64.StdEncoding.DecodeString(tiny)
	_, err := a.AddArticleImage(t.Context(), a.people["adm"], core.ArticleID(id), "tiny.gif", bytes.NewReader(content))
	must(t, err)
	return id
}

// inside is what stands in a category or a section, for a call that orders it.
func (a *apiDesk) inside(t testing.TB, pattern string, id int64) int64 {
	if strings.HasPrefix(pattern, "/categories") {
		return a.row(t, `select coalesce(min(id), 1) from sections where category_id = $1`, id)
	}
	return a.row(t, `select coalesce(min(id), 1) from articles where section_id = $1`, id)
}

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
	{"PUT /categories/order", nil, `{"ids":[{category}]}`, peopleDone, ""},
	{"PUT /categories/{id}/order", filledCategory, `{"ids":[{inside}]}`, peopleDone, "403 403 403 403 400 400"},
	{"PUT /sections/{id}/order", filledSection, `{"ids":[{inside}]}`, peopleDone, "403 403 403 403 400 400"},
	{"GET /articles/search", nil, "", everybody, ""},
	{"GET /articles/{id}/images", pictured, "", staffViews, nobody},
	{"POST /articles/{id}/images", aDraft, `{"filename":"tiny.gif","content":"` + tiny + `"}`, "404 404 404 201 201 201", nobody},
	{"POST /articles/{id}/images", published, `{"filename":"tiny.gif","content":"` + tiny + `"}`, peopleMade, nobody},
	{"DELETE /articles/{id}/images/{digest}", pictured, "", draftSaved, nobody},
	{"GET /articles/{id}/feedback", published, "", staffViews, nobody},
	{"GET /articles/{id}/revisions/{number}", revised, "", staffViews, nobody},
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

func TestTextAndSectionOfAnArticleChangeTogetherOrNotAtAll(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	id := aDraft(a, t)
	path, other := fmt.Sprintf("/articles/%d", id), aSection(a, t)
	body := fmt.Sprintf(`{"title":"Ink","section_id":%d,"revision":1}`, other)
	if res := a.call(t, "col", "PUT", path, body); res.Code != 403 {
		t.Errorf("a collaborator moves: %d", res.Code)
	}
	if res := a.call(t, "agt", "PUT", path, `{"title":"Ink","section_id":999999,"revision":1}`); res.Code != 400 || !strings.Contains(res.Body.String(), "section_id") {
		t.Errorf("into no section: %d %s", res.Code, res.Body)
	}
	fields(t, a.call(t, "agt", "GET", path, "").data(t), `{"title":"Toner","revision":1}`)
	fields(t, a.call(t, "agt", "PUT", path, body).data(t), fmt.Sprintf(`{"title":"Ink","revision":2,"section_id":%d}`, other))
	fields(t, a.call(t, "col", "PUT", path, fmt.Sprintf(`{"title":"Ribbon","section_id":%d,"revision":2}`, other)).data(t), `{"title":"Ribbon","revision":3}`)
}

func TestTheSearchOfTheAPIMarksWhatItFound(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	id := published(a, t)
	aDraft(a, t)
	staffArticle(a, t)
	res := a.call(t, "own", "GET", "/articles/search?q=change", "")
	checkAnswer(t, "GET", "/articles/search", res)
	rows := res.rows(t)
	if len(rows) != 1 || rows[0]["id"] != float64(id) || fmt.Sprint(rows[0]["excerpt_parts"]) != "[map[is_hit:true text:change]]" {
		t.Errorf("found: %s", res.Body)
	}
	res = a.call(t, "own", "GET", "/articles/search?q=chnage", "")
	checkAnswer(t, "GET", "/articles/search", res)
	if res.json["searched_instead"] != "change" || len(res.rows(t)) != 1 {
		t.Errorf("mistyped: %s", res.Body)
	}
	if rows := a.call(t, "own", "GET", "/articles/search?q=toner&drafts=true", "").rows(t); len(rows) != 1 {
		t.Errorf("drafts of a customer: %v", rows)
	}
	if rows := a.call(t, "col", "GET", "/articles/search?q=toner&drafts=true", "").rows(t); len(rows) != 3 {
		t.Errorf("drafts of a collaborator: %v", rows)
	}
}

func TestArticlesAreOrderedPicturedAndReadInOldTextsByTheAPI(t *testing.T) {
	t.Parallel()
	a := openAPIDesk(t)
	section := aSection(a, t)
	var ids []int64
	for i := range 3 {
		one := a.call(t, "agt", "POST", "/articles", fmt.Sprintf(`{"title":"A%d","body":"Text","section_id":%d}`, i, section)).data(t)
		ids = append(ids, int64(one["id"].(float64)))
	}
	rows := a.call(t, "agt", "PUT", fmt.Sprintf("/sections/%d/order", section), fmt.Sprintf(`{"ids":[%d,%d]}`, ids[2], ids[0])).rows(t)
	if len(rows) != 3 || rows[0]["title"] != "A2" || rows[1]["title"] != "A0" || rows[2]["title"] != "A1" {
		t.Errorf("ordered: %v", rows)
	}
	images := fmt.Sprintf("/articles/%d/images", ids[0])
	if code, parameter, _ := a.call(t, "agt", "POST", images, `{"content":"***"}`).fault(); code != "FIELD_INVALID" || parameter != "content" {
		t.Errorf("no base64: %s %s", code, parameter)
	}
	fields(t, a.call(t, "agt", "POST", images, `{"filename":"tiny.gif","content":"`+tiny+`"}`).data(t),
		`{"filename":"tiny.gif","content_type":"image/gif","width":1,"height":1,"digest":"`+tinyDigest+`","path":"/help/images/`+tinyDigest+`"}`)
	a.call(t, "agt", "DELETE", images+"/"+tinyDigest, "").data(t)
	if rows := a.call(t, "agt", "GET", images, "").rows(t); len(rows) != 0 {
		t.Errorf("pictures left: %v", rows)
	}
	fields(t, a.call(t, "col", "GET", fmt.Sprintf("/articles/%d/revisions/1", ids[0]), "").data(t), `{"number":1,"title":"A0","body":"Text"}`)
	must(t, a.RateArticle(t.Context(), a.people["own"], core.ArticleID(published(a, t)), core.Feedback{Helpful: true, Words: "Good"}))
	rated := a.row(t, `select article_id from article_feedback`)
	got := a.call(t, "col", "GET", fmt.Sprintf("/articles/%d/feedback", rated), "").data(t)
	fields(t, got, `{"helpful_count":1,"not_helpful_count":0}`)
	if words, _ := got["words"].([]any); len(words) != 1 {
		t.Errorf("words: %v", got)
	}
}
