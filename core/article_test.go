package core_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"strings"
	"sync"
	"testing"

	"postdesk/core"
)

// articleDeeds are all that people do with articles, each on objects of its own.
var articleDeeds = []struct {
	name string
	do   func(t *testing.T, l *library, actor core.Actor) error
	// who may: customer, collaborator, agent who only writes, agent who only publishes,
	// agent who only manages categories, agent with all rights
	customer, collaborator, writer, publisher, manager, agent error
}{
	{"create", func(t *testing.T, l *library, a core.Actor) error {
		_, err := l.CreateArticle(t.Context(), a, core.NewArticle{Section: l.sections[core.VisiblePublic], Title: "T"})
		return err
	}, no, no, nil, no, no, nil},
	{"create and publish", func(t *testing.T, l *library, a core.Actor) error {
		_, err := l.CreateArticle(t.Context(), a, core.NewArticle{Section: l.sections[core.VisiblePublic], Title: "T", Publish: true})
		return err
	}, no, no, no, no, no, nil},
	{"save a draft", onArticle(false, func(t *testing.T, l *library, a core.Actor, id core.ArticleID) error {
		_, err := l.SaveArticle(t.Context(), a, id, 1, core.ArticleText{Title: "N"})
		return err
	}), gone, nil, nil, nil, nil, nil},
	{"edit what is published", onArticle(true, func(t *testing.T, l *library, a core.Actor, id core.ArticleID) error {
		_, err := l.SaveArticle(t.Context(), a, id, 1, core.ArticleText{Title: "N"})
		return err
	}), no, no, no, no, no, nil},
	{"publish", onArticle(false, func(t *testing.T, l *library, a core.Actor, id core.ArticleID) error {
		_, err := l.PublishArticle(t.Context(), a, id, 1)
		return err
	}), no, no, no, nil, no, nil},
	{"unpublish", onArticle(true, func(t *testing.T, l *library, a core.Actor, id core.ArticleID) error {
		_, err := l.UnpublishArticle(t.Context(), a, id)
		return err
	}), no, no, no, nil, no, nil},
	{"move a draft", onArticle(false, func(t *testing.T, l *library, a core.Actor, id core.ArticleID) error {
		_, err := l.MoveArticle(t.Context(), a, id, l.sections[core.VisibleStaff])
		return err
	}), no, no, nil, no, no, nil},
	{"move what is published", onArticle(true, func(t *testing.T, l *library, a core.Actor, id core.ArticleID) error {
		_, err := l.MoveArticle(t.Context(), a, id, l.sections[core.VisibleStaff])
		return err
	}), no, no, no, no, no, nil},
	{"order articles", onArticle(true, func(t *testing.T, l *library, a core.Actor, id core.ArticleID) error {
		return l.OrderArticles(t.Context(), a, l.sections[core.VisiblePublic], []core.ArticleID{id})
	}), no, no, no, no, no, nil},
	{"delete a draft", onArticle(false, func(t *testing.T, l *library, a core.Actor, id core.ArticleID) error {
		return l.DeleteArticle(t.Context(), a, id)
	}), no, no, nil, no, no, nil},
	{"delete what is published", onArticle(true, func(t *testing.T, l *library, a core.Actor, id core.ArticleID) error {
		return l.DeleteArticle(t.Context(), a, id)
	}), no, no, no, no, no, nil},
	{"restore in a draft", onArticle(false, func(t *testing.T, l *library, a core.Actor, id core.ArticleID) error {
		_, err := l.RestoreRevision(t.Context(), a, id, 1, 1)
		return err
	}), gone, nil, nil, nil, nil, nil},
	{"restore in what is published", onArticle(true, func(t *testing.T, l *library, a core.Actor, id core.ArticleID) error {
		_, err := l.RestoreRevision(t.Context(), a, id, 1, 1)
		return err
	}), no, no, no, no, no, nil},
	{"propose", onArticle(true, func(t *testing.T, l *library, a core.Actor, id core.ArticleID) error {
		_, err := l.ProposeRevision(t.Context(), a, id, 1, core.ArticleText{Title: "N"})
		return err
	}), no, nil, nil, nil, nil, nil},
	{"accept", onProposal(func(t *testing.T, l *library, a core.Actor, id core.ProposalID) error {
		_, err := l.AcceptProposal(t.Context(), a, id, core.Acceptance{Revision: 1})
		return err
	}), no, no, no, no, no, nil},
	{"decline", onProposal(func(t *testing.T, l *library, a core.Actor, id core.ProposalID) error {
		return l.DeclineProposal(t.Context(), a, id, "")
	}), no, no, no, no, no, nil},
	{"a picture in a draft", onArticle(false, addPicture), gone, nil, nil, nil, nil, nil},
	{"a picture in what is published", onArticle(true, addPicture), no, no, no, no, no, nil},
	{"read revisions", onArticle(true, func(t *testing.T, l *library, a core.Actor, id core.ArticleID) error {
		_, _, err := l.ArticleRevisions(t.Context(), a, id, core.Page{})
		return err
	}), gone, nil, nil, nil, nil, nil},
	{"read feedback", onArticle(true, func(t *testing.T, l *library, a core.Actor, id core.ArticleID) error {
		_, _, err := l.ArticleFeedback(t.Context(), a, id, core.Page{})
		return err
	}), gone, nil, nil, nil, nil, nil},
	{"make a category", func(t *testing.T, l *library, a core.Actor) error {
		_, err := l.CreateCategory(t.Context(), a, "C", "")
		return err
	}, no, no, no, no, nil, nil},
	{"make a section", func(t *testing.T, l *library, a core.Actor) error {
		_, err := l.CreateSection(t.Context(), a, core.NewSection{Category: l.category, Title: "S"})
		return err
	}, no, no, no, no, nil, nil},
	{"change a section", func(t *testing.T, l *library, a core.Actor) error {
		v := core.VisiblePublic
		_, err := l.UpdateSection(t.Context(), a, l.sections[v], core.SectionChanges{Visibility: &v})
		return err
	}, no, no, no, no, nil, nil},
	{"order sections", func(t *testing.T, l *library, a core.Actor) error {
		return l.OrderSections(t.Context(), a, l.category, []core.SectionID{l.sections[core.VisibleStaff]})
	}, no, no, no, no, nil, nil},
	{"order categories", func(t *testing.T, l *library, a core.Actor) error {
		return l.OrderCategories(t.Context(), a, []core.CategoryID{l.category})
	}, no, no, no, no, nil, nil},
}

var (
	no   = core.ErrForbidden
	gone = core.ErrNotFound
)

func onArticle(published bool, do func(t *testing.T, l *library, actor core.Actor, id core.ArticleID) error) func(*testing.T, *library, core.Actor) error {
	return func(t *testing.T, l *library, actor core.Actor) error {
		return do(t, l, actor, l.write(t, core.VisiblePublic, "Toner", "Words", published).ID)
	}
}

func onProposal(do func(t *testing.T, l *library, actor core.Actor, id core.ProposalID) error) func(*testing.T, *library, core.Actor) error {
	return onArticle(true, func(t *testing.T, l *library, actor core.Actor, id core.ArticleID) error {
		p, err := l.ProposeRevision(t.Context(), l.author, id, 1, core.ArticleText{Title: "N"})
		if err != nil {
			t.Fatal(err)
		}
		return do(t, l, actor, p.ID)
	})
}

func addPicture(t *testing.T, l *library, actor core.Actor, id core.ArticleID) error {
	_, err := l.AddArticleImage(t.Context(), actor, id, "menu.png", bytes.NewReader(picture(t)))
	return err
}

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 3, 2))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEveryDeedOnArticlesIsForWhoHasTheRight(t *testing.T) {
	t.Parallel()
	l := openLibrary(t)
	with := func(email string, rights core.Rights) core.Actor {
		a := l.Agent(t, email)
		a.Rights = rights
		return a
	}
	customer, collaborator, agent := l.Customer(t, "c@acme.test"), l.Collaborator(t, "col@expert.test"), l.Agent(t, "agt@desk.test")
	writer, publisher := with("w@desk.test", core.Rights{WriteArticles: true}), with("p@desk.test", core.Rights{PublishArticles: true})
	manager := with("m@desk.test", core.Rights{ManageCategories: true})
	for _, deed := range articleDeeds {
		for who, row := range map[string]struct {
			actor core.Actor
			want  error
		}{
			"stranger": {core.Actor{}, no}, "customer": {customer, deed.customer}, "collaborator": {collaborator, deed.collaborator}, "writer": {writer, deed.writer},
			"publisher": {publisher, deed.publisher}, "manager": {manager, deed.manager}, "agent": {agent, deed.agent},
		} {
			if err := deed.do(t, l, row.actor); !errors.Is(err, row.want) || row.want == nil && err != nil {
				t.Errorf("%s by a %s: %v, want %v", deed.name, who, err, row.want)
			}
		}
	}
}

func TestOfManyWhoSaveAtOnceOneWinsAndTheOthersSeeItsText(t *testing.T) {
	t.Parallel()
	l := openLibrary(t)
	id := l.write(t, core.VisiblePublic, "Toner", "Words", false).ID
	const savers = 32
	errs := make([]error, savers)
	var all sync.WaitGroup
	for i := range savers {
		all.Go(func() {
			_, errs[i] = l.SaveArticle(context.WithoutCancel(t.Context()), l.author, id, 1, core.ArticleText{Title: "Toner", Body: fmt.Sprintf("Text %d", i)})
		})
	}
	all.Wait()
	now, err := l.Article(t.Context(), l.author, id)
	if err != nil {
		t.Fatal(err)
	}
	won := 0
	for i, err := range errs {
		var stale core.StaleArticle
		switch {
		case err == nil:
			won++
			if now.Body != fmt.Sprintf("Text %d", i) {
				t.Errorf("%d won, and the text is %q", i, now.Body)
			}
		case !errors.Is(err, core.ErrConflict) || !errors.As(err, &stale) || stale.Newer.Body != now.Body || stale.Newer.Revision != 2:
			t.Errorf("%d lost with %v, %+v", i, err, stale.Newer)
		}
	}
	if won != 1 || now.Revision != 2 || l.Text(t, `select count(*) from article_revisions where article_id = $1`, id) != "2" {
		t.Errorf("%d won, revision %d", won, now.Revision)
	}
}

func TestAProposalBecomesTheTextUnderItsAuthorsNameUnlessTheArticleMovedOn(t *testing.T) {
	t.Parallel()
	l := openLibrary(t)
	expert := l.Collaborator(t, "col@expert.test")
	id := l.write(t, core.VisiblePublic, "Toner", "One", true).ID
	propose := func(base int, body string) core.Proposal {
		t.Helper()
		p, err := l.ProposeRevision(t.Context(), expert, id, base, core.ArticleText{Title: "Toner", Body: body})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first, second := propose(1, "Two"), propose(1, "Three")
	if a, err := l.AcceptProposal(t.Context(), l.author, first.ID, core.Acceptance{Revision: 1}); err != nil || a.Body != "Two" || a.Revision != 2 {
		t.Fatalf("accepted: %+v, %v", a, err)
	}
	if r, err := l.ArticleRevision(t.Context(), l.author, id, 2); err != nil || r.Author.ID != expert.ID || r.Kind != core.RevisionProposed {
		t.Errorf("revision: %+v, %v", r, err)
	}
	var stale core.StaleArticle
	if _, err := l.AcceptProposal(t.Context(), l.author, second.ID, core.Acceptance{Revision: 2}); !errors.As(err, &stale) || stale.Newer.Body != "Two" {
		t.Errorf("a stale proposal: %v", err)
	}
	if p, err := l.Proposal(t.Context(), expert, second.ID); err != nil || !p.Stale() {
		t.Errorf("stale: %+v, %v", p, err)
	}
	merged := core.ArticleText{Title: "Toner", Body: "Two and three"}
	if a, err := l.AcceptProposal(t.Context(), l.author, second.ID, core.Acceptance{Revision: 2, Text: &merged}); err != nil || a.Body != merged.Body {
		t.Errorf("put together: %+v, %v", a, err)
	}
	if err := l.DeclineProposal(t.Context(), l.author, second.ID, ""); !errors.Is(err, core.ErrConflict) {
		t.Errorf("decided twice: %v", err)
	}
	back, err := l.RestoreRevision(t.Context(), l.author, id, 1, 3)
	if err != nil || back.Body != "One" || back.Revision != 4 {
		t.Errorf("restored: %+v, %v", back, err)
	}
}

func TestAPictureIsWhatItsBytesSayAndSeenByWhoReadsItsArticle(t *testing.T) {
	t.Parallel()
	l := openLibrary(t)
	id := l.write(t, core.VisibleSignedIn, "Toner", "Words", false).ID
	added, err := l.AddArticleImage(t.Context(), l.author, id, "../x.svg", bytes.NewReader(picture(t)))
	if err != nil || added.ContentType != "image/png" || added.Width != 3 || added.Height != 2 || added.Filename != "x.svg" || len(added.Path()) != len(core.ArticleImagePath)+64 {
		t.Fatalf("%+v, %v", added, err)
	}
	for name, content := range map[string]string{
		"svg": `<svg xmlns="http://www.w3.org/2000/svg"/>`, "html": "<html>", "empty": "", "cut": "\x89PNG\r\n\x1a\n", "huge": "GIF89a\xff\xff\xff\xff\x00\x00\x00",
		"large": string(picture(t)) + strings.Repeat("x", core.MaxArticleImageBytes), "webp": "RIFF\x00\x00\x00\x00WEBPVP9 aaaaaaaaaaaaaaaaaaaaaaaa",
	} {
		var invalid core.Invalid
		if _, err := l.AddArticleImage(t.Context(), l.author, id, "x.png", strings.NewReader(content)); !errors.As(err, &invalid) {
			t.Errorf("%s is taken: %v", name, err)
		}
	}
	customer := l.Customer(t, "c@acme.test")
	sees := func(reader core.Actor) bool {
		f, err := l.HelpImage(t.Context(), reader, added.Digest)
		return err == nil && bytes.Equal(f.Content, picture(t))
	}
	if !sees(l.author) || sees(customer) || sees(core.Actor{}) {
		t.Error("the picture of a draft is for staff")
	}
	if _, err := l.PublishArticle(t.Context(), l.author, id, 0); err != nil {
		t.Fatal(err)
	}
	if !sees(customer) || sees(core.Actor{}) {
		t.Error("the picture of an article for who is signed in")
	}
}

func TestEachVisitorAnswersOnceWhetherAnArticleHelped(t *testing.T) {
	t.Parallel()
	l := openLibrary(t)
	id := l.write(t, core.VisiblePublic, "Toner", "Words", true).ID
	customer := l.Customer(t, "c@acme.test")
	for i, f := range []core.Feedback{{Visitor: "a", Helpful: true}, {Visitor: "a", Words: "Not at all"}, {Visitor: "b", Helpful: true}} {
		if err := l.RateArticle(t.Context(), core.Actor{}, id, f); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	for range 2 {
		if err := l.RateArticle(t.Context(), customer, id, core.Feedback{Helpful: true}); err != nil {
			t.Error(err)
		}
	}
	if err := l.RateArticle(t.Context(), core.Actor{}, l.write(t, core.VisibleStaff, "Secret", "", true).ID, core.Feedback{Visitor: "a"}); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("an article that cannot be read: %v", err)
	}
	count, words, err := l.ArticleFeedback(t.Context(), l.author, id, core.Page{})
	if err != nil || count != (core.FeedbackCount{Helpful: 2, NotHelpful: 1}) || len(words) != 1 || words[0].Words != "Not at all" {
		t.Errorf("%+v %+v %v", count, words, err)
	}
	var last error
	for i := range 70 {
		last = l.RateArticle(t.Context(), core.Actor{}, id, core.Feedback{Visitor: fmt.Sprint(i), Client: "192.0.2.1"})
	}
	if !errors.Is(last, core.ErrRate) {
		t.Errorf("the 70th answer of one client: %v", last)
	}
}
