package core_test

import (
	"strings"
	"testing"

	"postdesk/core"
)

func TestASearchFindsWordsStemsBeginningsPhrasesAndWhatWasMistyped(t *testing.T) {
	t.Parallel()
	l := openLibrary(t)
	l.write(t, core.VisiblePublic, "Changing the toner", "Open the *printer* and take the old cartridge out.\n\n## Disposal\n\nBring it back.", true)
	l.write(t, core.VisiblePublic, "Paper jams", "The printers stop when paper jams. A toner is not needed.", true)
	german, err := l.CreateArticle(t.Context(), l.author, core.NewArticle{Section: l.sections[core.VisiblePublic], Title: "Drucker einrichten", Body: "Die Häuser haben viele Drucker.", Locale: "de", Publish: true})
	if err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[string]string{
		"toner": "Changing the toner, Paper jams", "TONER": "Changing the toner, Paper jams", "change toner": "Changing the toner", "print": "Paper jams, Changing the toner",
		"cartr": "Changing the toner", "disposal": "Changing the toner", `"paper jams"`: "Paper jams", `"jams paper"`: "", "printer -jams": "Changing the toner",
		"haus": "Drucker einrichten", "häuser": "Drucker einrichten", "drucker": german.Title, "cartrigde": "Changing the toner", "toner papre": "Paper jams",
		"xylophone": "", "": "", "!!": "", "a & b | (": "", "toner'); drop": "", `"`: "", "-": "",
	} {
		f, err := l.SearchArticles(t.Context(), core.Actor{}, core.ArticleSearch{Typed: typed})
		if err != nil {
			t.Fatalf("%q: %v", typed, err)
		}
		titles := make([]string, len(f.Articles))
		for i, a := range f.Articles {
			titles[i] = a.Title
		}
		if got := strings.Join(titles, ", "); got != want || f.Total != len(f.Articles) {
			t.Errorf("%q finds %q, want %q", typed, got, want)
		}
		if (f.Instead != "") != (typed == "cartrigde" || typed == "toner papre") {
			t.Errorf("%q instead: %q", typed, f.Instead)
		}
	}
	f, err := l.SearchArticles(t.Context(), core.Actor{}, core.ArticleSearch{Typed: "cartridge"})
	if err != nil || len(f.Articles) != 1 {
		t.Fatal(f, err)
	}
	var marked, whole string
	for _, p := range f.Articles[0].ExcerptParts {
		whole += p.Text
		if p.Hit {
			marked += p.Text + "|"
		}
	}
	if marked != "cartridge|" || strings.ContainsAny(whole, "*#\x02\x03") || !strings.Contains(whole, "old cartridge out") {
		t.Errorf("marked %q in %q", marked, whole)
	}
}

func TestWordsOfAnArticleAreThoseWithoutItsMarks(t *testing.T) {
	t.Parallel()
	for _, row := range [][3]string{
		{"# One *two*\n\ntext\n\nSetext\n===\n", "One two\nSetext", "One two\n\ntext\n\nSetext"},
		{"[link](https://x.test/a) ![pic](/help/images/00) <https://y.test>", "", "link pic https://y.test"},
		{"> [!NOTE]\n> - [x] **done**\n\n1. `code`", "", "done\n\ncode"},
		{"| a | b |\n|---|:-:|\n| 1 | 2 |", "", "a b\n1 2"},
		{"```go\n# no *heading*\n```\nafter", "", "# no *heading*\nafter"},
		{`a\*b snake_case __bold__`, "", "a*b snake_case bold"},
	} {
		headings, text := core.PlainArticle(row[0])
		if headings != row[1] || text != row[2] {
			t.Errorf("%q: %q, %q", row[0], headings, text)
		}
	}
	for title, want := range map[string]string{"Größe & Maß?": "groesse-mass", "  Ça va, élève!": "ca-va-eleve", "日本": "article", "It's": "its", strings.Repeat("word ", 50): strings.Repeat("word-", 15) + "word"} {
		if got := core.Slug(title); got != want {
			t.Errorf("%q: %s, want %s", title, got, want)
		}
	}
}

func FuzzADifferenceHoldsBothTexts(f *testing.F) {
	f.Add("a\nb c d\ne", "a\nb x d\nf\ne")
	f.Add("", "\n")
	f.Fuzz(func(t *testing.T, before, after string) {
		var old, young []string
		for _, line := range core.Difference(before, after) {
			var text strings.Builder
			for _, p := range line.Pieces {
				text.WriteString(p.Text)
			}
			if line.Change != core.ChangeAdded {
				if old = append(old, text.String()); line.Old != len(old) {
					t.Errorf("line %d is called %d", len(old), line.Old)
				}
			}
			if line.Change != core.ChangeRemoved {
				if young = append(young, text.String()); line.New != len(young) {
					t.Errorf("line %d is called %d", len(young), line.New)
				}
			}
		}
		if strings.Join(old, "\n") != before || strings.Join(young, "\n") != after {
			t.Errorf("%q and %q became %q and %q", before, after, old, young)
		}
	})
}
