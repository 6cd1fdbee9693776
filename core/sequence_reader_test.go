package core_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"postdesk/core"
)

// The part of the canary S3 that reads: whatever came about, each customer and each
// stranger looks everywhere where customers look, and finds no private word.

// publicTo are the canaries that stand in messages, files of messages and subjects
// of what somebody may read, by a query of its own.
func (w *walk) publicTo(id core.UserID) map[string]bool {
	var text string
	w.scan(&text, `
		select coalesce(string_agg(c.subject || ' ' || coalesce((select string_agg(m.text || ' ' || coalesce((
			select string_agg(f.filename, ' ') from attachments f where f.message_id = m.id), ''), ' ') from messages m where m.conversation_id = c.id), ''), ' '), '')
		from conversations c join users r on r.id = c.requester_id join users me on me.id = $1
		where c.trashed_at is null and c.merged_into is null and (r.id = me.id or r.role = 'customer' and me.role = 'customer'
			and exists (select from organizations o where o.id = me.organization_id and o.id = r.organization_id and o.shares_conversations))`, id)
	public := map[string]bool{}
	for _, name := range canaryWord.FindAllString(text, -1) {
		public[name] = true
	}
	return public
}

// unpublished are the canaries in what was shown that are not public.
func unpublished(shown any, public map[string]bool) (found []string) {
	text, err := json.Marshal(shown)
	if err != nil {
		return []string{err.Error()}
	}
	for _, name := range canaryWord.FindAllString(string(text), -1) {
		if !public[name] && !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	return found
}

// hideArticles writes what no customer may find in the Help Center.
func (w *walk) hideArticles() {
	owner := w.who(olga)
	category, err := w.CreateCategory(w.Context(), owner, "Help", "")
	if err != nil {
		w.Fatal(err)
	}
	for _, visibility := range []core.Visibility{core.VisibleStaff, core.VisiblePublic} {
		section, err := w.CreateSection(w.Context(), owner, core.NewSection{Category: category.ID, Title: "Section " + string(visibility), Visibility: visibility})
		if err != nil {
			w.Fatal(err)
		}
		hidden := w.canary(olga, "note") // published for staff alone, or a draft
		_, err = w.CreateArticle(w.Context(), owner, core.NewArticle{Section: section.ID, Title: "Words " + hidden, Body: "About " + hidden, Publish: visibility == core.VisibleStaff})
		if err != nil {
			w.Fatal(err)
		}
	}
}

// checkReaders looks everywhere as everybody who is not of the staff.
func (w *walk) checkReaders() {
	w.hideArticles()
	var last core.ConversationID
	var files []core.AttachmentID
	w.scan(&last, `select coalesce(max(id), 0) from conversations`)
	w.scan(&files, `select coalesce(array_agg(id), '{}') from attachments`)
	for _, address := range []string{cara, cole, eve, mia, abe, ""} {
		who := w.who(address)
		if who.Role.Staff() || who.ID != 0 && !who.Enabled {
			continue
		}
		public := w.publicTo(who.ID)
		w.seen["read as a customer"]++
		if len(public) > 0 {
			w.seen["read something"]++
		}
		w.readLists(who, public)
		for id := range last {
			thread, err := w.MyConversation(w.Context(), who, id+1)
			w.hides("conversation", who, err, thread, public)
		}
		for _, id := range files {
			file, err := w.OpenAttachment(w.Context(), who, id)
			w.hides("file", who, err, file.Name, public)
		}
		w.search(who, public)
	}
}

// hides is an answer to a reader: refused, or without a word that is not theirs.
func (w *walk) hides(what string, who core.Actor, err error, shown any, public map[string]bool) {
	w.Helper()
	if err != nil && !errors.Is(err, core.ErrNotFound) && !errors.Is(err, core.ErrForbidden) {
		w.Fatalf("%s: %v", what, err)
	}
	if found := unpublished(shown, public); len(found) > 0 {
		w.Errorf("%s shows %s the words %v", what, who.Address, found)
	}
}

func (w *walk) readLists(who core.Actor, public map[string]bool) {
	for _, shared := range []bool{false, true} {
		list, err := w.Threads(w.Context(), who, core.ThreadSearch{Shared: shared, Page: core.Page{Limit: 100}})
		w.hides("list", who, err, list, public)
		if shared && err == nil && list.Ours > list.Mine {
			w.seen["read of the organization"]++
		}
	}
	home, err := w.HelpHome(w.Context(), who)
	w.hides("Help Center", who, err, home, public)
}

// search looks for words that are not the reader's to read: nothing may be found.
// The last words are those of the articles.
func (w *walk) search(who core.Actor, public map[string]bool) {
	const sought = 20
	for n := len(w.words); n > 0; n -= 1 + min(len(w.words)-n, len(w.words)/sought) {
		name := fmt.Sprintf("canary%dx", n)
		if public[name] {
			continue
		}
		for _, shared := range []bool{false, true} {
			list, _ := w.Threads(w.Context(), who, core.ThreadSearch{Shared: shared, Query: name})
			if list.Total != 0 || len(list.Threads) != 0 {
				w.Errorf("%s finds %d conversations by %s, which %s wrote as %s", who.Address, list.Total, name, w.words[name].author, w.words[name].what)
			}
		}
		if w.words[name].author != olga {
			continue
		}
		found, err := w.SearchArticles(w.Context(), who, core.ArticleSearch{Typed: name})
		w.hides("search for articles", who, err, found.Articles, public)
		near, err := w.SuggestArticles(w.Context(), who, name, 5)
		w.hides("suggestions", who, err, near, public)
		if found.Total+len(near) != 0 {
			w.Errorf("%s finds an article by %s", who.Address, name)
		}
	}
}

// TestABrokenPortalQueryIsSeen is the control of the readers: each of these is
// caught.
func TestABrokenPortalQueryIsSeen(t *testing.T) {
	t.Parallel()
	public := map[string]bool{"canary1x": true}
	row := core.ThreadRow{Subject: "About canary1x", Preview: "canary1x"}
	if found := unpublished(core.Thread{ThreadRow: row, Posts: []core.ThreadPost{{Text: "canary1x"}}}, public); len(found) != 0 {
		t.Fatalf("nothing leaks, and yet: %v", found)
	}
	for name, shown := range map[string]any{
		"a note as the preview":   core.ThreadList{Threads: []core.ThreadRow{{Preview: "so canary2x"}}},
		"another's subject":       core.ThreadRow{Subject: "canary2x"},
		"a note as a message":     core.Thread{ThreadRow: row, Posts: []core.ThreadPost{{Text: "canary2x"}}},
		"a note's file":           core.Thread{Posts: []core.ThreadPost{{Attachments: []core.AttachmentRef{{Filename: "canary2x.txt"}}}}},
		"a draft in a search":     []core.Found{{ArticleRef: core.ArticleRef{Title: "canary2x"}}},
		"the excerpt of an entry": []core.ArticleRef{{Excerpt: "canary2x"}},
	} {
		if len(unpublished(shown, public)) == 0 {
			t.Errorf("%s is not seen", name)
		}
	}
}
