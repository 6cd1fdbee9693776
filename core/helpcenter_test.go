package core_test

import (
	"errors"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/core/coretest"
)

// A library is a Help Center with one category and a section of each visibility.
type library struct {
	coretest.Desk
	author   core.Actor
	category core.CategoryID
	sections map[core.Visibility]core.SectionID
}

func openLibrary(t testing.TB) *library {
	t.Helper()
	l := &library{Desk: coretest.OpenDesk(t, core.Config{}), sections: map[core.Visibility]core.SectionID{}}
	l.author = l.Admin(t, "author@desk.test")
	c, err := l.CreateCategory(t.Context(), l.author, "Devices", "All that prints")
	if err != nil {
		t.Fatal(err)
	}
	l.category = c.ID
	for _, v := range core.Visibilities() {
		s, err := l.CreateSection(t.Context(), l.author, core.NewSection{Category: c.ID, Title: "For " + string(v), Visibility: v})
		if err != nil {
			t.Fatal(err)
		}
		l.sections[v] = s.ID
	}
	return l
}

// write makes an article; a draft unless it is published.
func (l *library) write(t testing.TB, v core.Visibility, title, body string, publish bool) core.Article {
	t.Helper()
	a, err := l.CreateArticle(t.Context(), l.author, core.NewArticle{Section: l.sections[v], Title: title, Body: body, Publish: publish})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func titlesOf(all []core.ArticleRef) string {
	titles := make([]string, len(all))
	for i, a := range all {
		titles[i] = a.Title
	}
	return strings.Join(titles, ", ")
}

func TestEveryReaderSeesWhatIsForThemByEveryWay(t *testing.T) {
	t.Parallel()
	l := openLibrary(t)
	all := map[string]core.Article{
		"public": l.write(t, core.VisiblePublic, "Toner public", "A toner", true), "signed_in": l.write(t, core.VisibleSignedIn, "Toner signed_in", "A toner", true),
		"staff": l.write(t, core.VisibleStaff, "Toner staff", "A toner", true), "draft": l.write(t, core.VisiblePublic, "Toner draft", "A toner", false),
	}
	gone := l.write(t, core.VisiblePublic, "Toner gone", "A toner", true)
	if err := l.DeleteArticle(t.Context(), l.author, gone.ID); err != nil {
		t.Fatal(err)
	}
	disabled := l.Agent(t, "disabled@desk.test")
	disabled.Enabled = false
	for name, row := range map[string]struct {
		reader          core.Actor
		published, read string
	}{
		"stranger":     {core.Actor{}, "public", "public"},
		"disabled":     {disabled, "public", "public"},
		"customer":     {l.Customer(t, "c@acme.test"), "public signed_in", "public signed_in"},
		"collaborator": {l.Collaborator(t, "col@expert.test"), "public signed_in staff", "public signed_in staff draft"},
		"agent":        {l.Agent(t, "agt@desk.test"), "public signed_in staff", "public signed_in staff draft"},
	} {
		for kind, a := range all {
			_, err := l.HelpArticle(t.Context(), row.reader, a.ID)
			if sees := err == nil; sees != strings.Contains(row.read, kind) || !sees && !errors.Is(err, core.ErrNotFound) {
				t.Errorf("%s reads %s: %v", name, kind, err)
			}
		}
		ways := waysToArticles(t, l, row.reader)
		for way, titles := range ways {
			for kind := range all {
				want := row.published
				if way == "list" {
					want = row.read
				}
				if strings.Contains(titles, "Toner "+kind) != strings.Contains(want, kind) {
					t.Errorf("%s by %s: %s", name, way, titles)
				}
			}
			if strings.Contains(titles, "gone") {
				t.Errorf("%s by %s finds what was deleted", name, way)
			}
		}
	}
	if entries, err := l.HelpSitemap(t.Context()); err != nil || len(entries) != 1 || entries[0].ID != all["public"].ID {
		t.Errorf("sitemap: %v, %v", entries, err)
	}
}

// waysToArticles gives the titles that a reader comes upon, by way.
func waysToArticles(t *testing.T, l *library, reader core.Actor) map[string]string {
	t.Helper()
	ways := map[string]string{}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	home, err := l.HelpHome(t.Context(), reader)
	must(err)
	ways["recent"] = titlesOf(home.Recent)
	category, err := l.HelpCategory(t.Context(), reader, l.category)
	must(err)
	for _, s := range category.Sections {
		ways["category"] += titlesOf(s.First) + ", "
		_, in, total, err := l.HelpSection(t.Context(), reader, s.ID, core.Page{})
		must(err)
		if total != len(in) {
			t.Errorf("section %s counts %d of %d", s.Title, total, len(in))
		}
		ways["section"] += titlesOf(in) + ", "
	}
	listed, _, err := l.Articles(t.Context(), reader, core.ArticleFilter{})
	must(err)
	for _, a := range listed {
		ways["list"] += a.Title + ", "
	}
	found, err := l.SearchArticles(t.Context(), reader, core.ArticleSearch{Typed: "toner"})
	must(err)
	mistyped, err := l.SearchArticles(t.Context(), reader, core.ArticleSearch{Typed: "tomer"})
	must(err)
	for _, f := range found.Articles {
		ways["search"] += f.Title + ", "
	}
	for _, f := range mistyped.Articles {
		ways["mistyped search"] += f.Title + ", "
	}
	suggested, err := l.SuggestArticles(t.Context(), reader, "My toner is empty", 10)
	must(err)
	ways["suggestions"] = titlesOf(suggested)
	return ways
}
