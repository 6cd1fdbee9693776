package web

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"postdesk/core"
)

// shelve puts things of the Help Center into the site: {published} and {written}, a
// draft, of a public section, {proposed} by an admin, and an empty {shelf} and {group}.
func (w *site) shelve(t *testing.T) {
	t.Helper()
	ctx, admin := t.Context(), w.people["admin"]
	category, err := w.CreateCategory(ctx, admin, "Printers", "All about paper")
	if err != nil {
		t.Fatal(err)
	}
	section, err := w.CreateSection(ctx, admin, core.NewSection{Category: category.ID, Title: "Repairs"})
	if err != nil {
		t.Fatal(err)
	}
	published := w.write(t, section.ID, "Paper jams", "Open the **tray**.", true)
	draft := w.write(t, section.ID, "Toner", "Shake it.", false)
	proposal, err := w.ProposeRevision(ctx, admin, published.ID, 1, core.ArticleText{Title: "Paper jams", Body: "Open the rear tray.", Note: "Which one"})
	if err != nil {
		t.Fatal(err)
	}
	empty, err := w.CreateCategory(ctx, admin, "Scanners", "")
	if err != nil {
		t.Fatal(err)
	}
	group, err := w.CreateSection(ctx, admin, core.NewSection{Category: category.ID, Title: "Empty"})
	if err != nil {
		t.Fatal(err)
	}
	picture, err := w.AddArticleImage(ctx, admin, published.ID, "tray.png", bytes.NewReader(aPicture(t)))
	if err != nil {
		t.Fatal(err)
	}
	for name, number := range map[string]any{"{published}": published.ID, "{written}": draft.ID, "{proposed}": proposal.ID, "{shelf}": empty.ID,
		"{group}": group.ID, "{category}": category.ID, "{section}": section.ID} {
		w.names[name] = fmt.Sprint(number)
	}
	w.names["{number}"] = "1"
	w.names["{digest}"] = fmt.Sprintf("%x", picture.Digest)
}

func (w *site) write(t *testing.T, section core.SectionID, title, body string, publish bool) core.Article {
	t.Helper()
	a, err := w.CreateArticle(t.Context(), w.people["admin"], core.NewArticle{Section: section, Title: title, Body: body, Publish: publish})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func aPicture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 3, 2))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// words is what a page or the database says of an article's text.
func (w *site) articleText(t *testing.T, name string) string {
	t.Helper()
	return w.Text(t, `select title || '|' || body || '|' || revision || '|' || status from articles where id = `+w.names[name])
}

// The role table of behaviour.md section 2 over every act of the pages, for all rights
// of an agent. Each act is tried on a site of its own state: what is refused changes
// nothing at all.
func TestEveryActOnArticlesNeedsItsRight(t *testing.T) {
	t.Parallel()
	const at = helpCenterPath
	edit := "revision=1&title=New&body=New+words"
	acts := []struct {
		path, form, needs string // any of: write, publish, both, shelves; "" is all staff
		published         bool   // the article can be read by customers
	}{
		{at + "/articles/new", "", "write", true},
		{at + "/preview", "body=x", "write", true},
		{at + "/articles", "section={section}&title=T&body=B", "write", true},
		{at + "/articles", "section={section}&title=T&body=B&do=publish", "both", true},
		{at + "/articles/{written}", edit, "", false},
		{at + "/articles/{published}", edit, "both", true},
		{at + "/articles/{published}/propose", edit, "", true},
		{at + "/articles/{written}/publish", "revision=1", "publish", true},
		{at + "/articles/{written}/publish", edit, "publish", true},
		{at + "/articles/{published}/unpublish", "", "publish", true},
		{at + "/articles/{written}/move", "section={group}", "write", true},
		{at + "/articles/{published}/move", "section={group}", "both", true},
		{at + "/articles/{written}/order", "do=up", "both", true},
		{at + "/articles/{written}/delete", "", "write", true},
		{at + "/articles/{published}/delete", "", "both", true},
		{at + "/articles/{published}/restore", "number=1&revision=1", "both", true},
		{at + "/articles/{written}/restore", "number=1&revision=1", "", false},
		{at + "/articles/{published}/images/{digest}/delete", "", "both", true},
		{at + "/articles/{published}/images", "image=none", "both", true},
		{at + "/proposals/{proposed}/accept", "revision=1", "both", true},
		{at + "/proposals/{proposed}/decline", "answer=No", "both", true},
		{at + "/categories/new", "", "shelves", true},
		{at + "/categories", "title=C", "shelves", true},
		{at + "/categories/{shelf}", "title=C&was.title=Scanners", "shelves", true},
		{at + "/categories/{shelf}/order", "do=up", "shelves", true},
		{at + "/categories/{shelf}/delete", "", "shelves", true},
		{at + "/sections/new", "", "shelves", true},
		{at + "/sections", "title=S&category={shelf}&visibility=staff", "shelves", true},
		{at + "/sections/{group}", "title=S&was.title=Empty", "shelves", true},
		{at + "/sections/{group}/order", "do=up", "shelves", true},
		{at + "/sections/{group}/delete", "", "shelves", true},
	}
	type rights struct{ write, publish, shelves bool }
	has := func(r rights, needs string) bool {
		return map[string]bool{"": true, "write": r.write, "publish": r.publish, "both": r.write && r.publish, "shelves": r.shelves}[needs]
	}
	for name, r := range map[string]rights{"all": {true, true, true}, "no writing": {false, true, true}, "no publishing": {true, false, true}, "no shelves": {true, true, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := openSite(t)
			w.Exec(t, `update roles set may_write_articles = $1, may_publish_articles = $2, may_manage_categories = $3 where role = 'agent'`, r.write, r.publish, r.shelves)
			for _, who := range []string{"own", "collaborator", "agent"} {
				for _, act := range acts {
					allowed := who == "agent" && has(r, act.needs) || who == "collaborator" && act.needs == ""
					if allowed {
						continue // in the matrix
					}
					before := w.written(t)
					got := w.askForm(t, who, act.path, act.form)
					want := http.StatusForbidden
					if who == "own" && !act.published {
						want = http.StatusNotFound
					}
					if got.Status != want {
						t.Errorf("%s %s (%s): %d, want %d", who, act.path, act.form, got.Status, want)
					}
					if after := w.written(t); after != before {
						t.Errorf("%s changed something by %s (%s)", who, act.path, act.form)
					}
				}
			}
			w.allowed(t, func(needs string) bool { return has(r, needs) })
		})
	}
}

// allowed does as the agent what the role allows: all else would be a page that
// refuses everybody.
func (w *site) allowed(t *testing.T, has func(needs string) bool) {
	t.Helper()
	const at = helpCenterPath
	for _, act := range [][3]string{
		{at + "/articles", "section={section}&title=T&body=B", "write"},
		{at + "/articles/{written}", "revision=1&title=Toner&body=Shake+it+well.", ""},
		{at + "/articles/{written}/publish", "revision=2", "publish"},
		{at + "/articles/{published}", "revision=1&title=Paper+jams&body=Look+first.", "both"},
		{at + "/articles/{published}/unpublish", "", "publish"},
		{at + "/sections/{group}", "title=S&was.title=Empty", "shelves"},
		{at + "/categories/{shelf}/delete", "", "shelves"},
	} {
		if got := w.askForm(t, "agent", act[0], act[1]); has(act[2]) && got.Status != http.StatusSeeOther {
			t.Errorf("agent %s: %d, want it done", act[0], got.Status)
		}
	}
}

// written is all that the Help Center holds: what is refused is only told of in the
// audit.
func (w *site) written(t *testing.T) string {
	t.Helper()
	all := ""
	for _, table := range []string{"categories", "sections", "articles", "article_revisions", "article_proposals", "article_images"} {
		all += w.Text(t, `select coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from `+table+` t`)
	}
	return all
}

// askForm is a GET without a form.
func (w *site) askForm(t *testing.T, who, path, form string) answer {
	t.Helper()
	if form == "" && strings.HasSuffix(path, "/new") {
		return w.ask(t, who, path, nil)
	}
	values, err := url.ParseQuery(w.at(form))
	if err != nil {
		t.Fatal(err)
	}
	return w.ask(t, who, path, values)
}

// Without a right there is no button for it.
func TestPagesOfArticlesOfferWhatTheReaderMayDo(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	for _, row := range []struct {
		who, path string
		has, not  []string
	}{
		{"admin", helpCenterPath, []string{"New article", "New category", "New section", "/order", "Proposals", "Draft", "Published", "Repairs"}, nil},
		{"collaborator", helpCenterPath, []string{"Paper jams", "Toner", "My proposals"}, []string{"New article", "New category", "New section", "/order", "Deleted", "/sections/new", "/categories/new"}},
		{"collaborator", helpCenterPath + "/articles/{written}", []string{"Save draft"}, []string{"publish\"", "/move", "/delete\"", "/unpublish"}},
		{"collaborator", helpCenterPath + "/articles/{published}", []string{"/propose\"", ">Propose<"}, []string{"/publish", "/move", "/delete", "Save"}},
		{"agent", helpCenterPath + "/articles/{published}", []string{"readers see it at once", "/unpublish", "/move", "/delete", "Proposals waiting"}, []string{"/propose"}},
		{"agent", helpCenterPath + "?view=proposals", []string{"Waiting for a decision", "Which one"}, nil},
		{"collaborator", helpCenterPath + "?view=proposals", []string{"None of yours yet"}, []string{"Waiting for a decision", "Which one"}},
		{"collaborator", helpCenterPath + "/proposals/{proposed}", []string{"Proposal for"}, []string{"/accept", "/decline", "/withdraw"}},
		{"agent", helpCenterPath + "/proposals/{proposed}", []string{"/accept", "/decline"}, []string{"/withdraw"}},
		{"admin", helpCenterPath + "/proposals/{proposed}", []string{"/accept", "/decline", "/withdraw"}, nil},
	} {
		page := w.ask(t, row.who, row.path, nil)
		if page.Status != http.StatusOK {
			t.Errorf("%s %s: %d", row.who, row.path, page.Status)
		}
		for _, text := range row.has {
			if !strings.Contains(page.Body, text) {
				t.Errorf("%s %s has no %q", row.who, row.path, text)
			}
		}
		_, page.Body, _ = strings.Cut(page.Body, "<main")
		for _, text := range row.not {
			if strings.Contains(page.Body, text) {
				t.Errorf("%s %s has %q", row.who, row.path, text)
			}
		}
	}
}

// sendPicture uploads a file beside what was typed.
func (w *site) sendPicture(t *testing.T, who, path, name string, content []byte, accept string) answer {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, field := range [][2]string{{"revision", "1"}, {"title", "Half a title"}, {"body", "\nHalf a text"}} {
		if err := form.WriteField(field[0], field[1]); err != nil {
			t.Fatal(err)
		}
	}
	part, err := form.CreateFormFile("image", name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.root+w.at(path), &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Accept", accept)
	r.AddCookie(w.session(t, who))
	return w.send(t, r)
}

// send gives what comes back of a request.
func (w *site) send(t *testing.T, r *http.Request) answer {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	return answered(resp.StatusCode, resp.Header, text.String())
}
