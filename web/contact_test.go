package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/alexedwards/scs/v2"

	"postdesk/core"
	"postdesk/core/coretest"
)

// contactSite is one whose contact form can be filed.
func contactSite(t *testing.T) *site {
	t.Helper()
	d := coretest.OpenDesk(t, core.Config{PublicURL: "https://desk.test", Read: readTest,
		Write: func(m core.ContactMail) []byte { return fmt.Appendf(nil, "From: %s\r\n\r\n%+v", m.From.Address, m) }})
	return siteOf(t, d, Config{Desk: d.Desk, PublicURL: "http://desk.test", Sessions: scs.New(), Read: readTest, Compose: composeTest})
}

func TestTheContactFormAnswersEverybodyAlike(t *testing.T) {
	t.Parallel()
	w := contactSite(t)
	w.Exec(t, `insert into sender_list (list, pattern) values ('block', 'bad@spam.test')`)
	before := w.Text(t, `select count(*)::text from inbound`)
	first := answer{}
	for i, email := range []string{"nobody@new.test", "own@people.test", "disabled@people.test", "agent@people.test", "bad@spam.test"} {
		form := url.Values{"name": {"Some One"}, "email": {email}, "subject": {"Help"}, "contents": {"It broke"}}
		if i == 0 {
			form.Set("website", "https://spam.test") // which no person fills in
		}
		got := w.ask(t, "", "/contact", form)
		if i == 0 {
			first = got
		}
		if got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/contact?sent=yes" || got.Body != first.Body {
			t.Errorf("%s: %d to %s", email, got.Status, got.Header.Get("Location"))
		}
	}
	if got := w.Text(t, `select (count(*) - $1::text::int) || ' ' || count(*) filter (where trapped) from inbound`, before); got != "5 1" {
		t.Errorf("kept: %s", got)
	}
	if page := w.ask(t, "", "/contact?sent=yes", nil); page.Status != http.StatusOK || !strings.Contains(page.Body, "Thank you") {
		t.Errorf("%d: %s", page.Status, page.Body)
	}
	bad := w.ask(t, "", "/contact", url.Values{"email": {"no address"}, "subject": {"A <subject>"}, "contents": {"My long words"}})
	if bad.Status != http.StatusBadRequest || !strings.Contains(bad.Body, "My long words") || !strings.Contains(bad.Body, "A &lt;subject&gt;") || !strings.Contains(bad.Body, "no address that mail can go to") {
		t.Errorf("what was typed is lost: %d %s", bad.Status, bad.Body)
	}
	mine := w.ask(t, "own", "/contact", url.Values{"subject": {"Signed in"}, "contents": {"It is me"}})
	if mine.Status != http.StatusSeeOther || w.Text(t, `select m.is_verified || ' ' || m.author_id from messages m join conversations c on c.id = m.conversation_id where c.subject = 'Signed in'`) != fmt.Sprint("true ", w.people["own"].ID) {
		t.Errorf("a signed-in person's form: %d", mine.Status)
	}
	for range 20 {
		bad = w.ask(t, "", "/contact", url.Values{"email": {"own@people.test"}, "subject": {"Help"}, "contents": {"My long words"}})
	}
	if bad.Status != http.StatusTooManyRequests || !strings.Contains(bad.Body, "My long words") {
		t.Errorf("no end of forms: %d", bad.Status)
	}
}

func TestArticlesAreOfferedOnceBeforeAQuestionIsSent(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	owner := w.people["owner"]
	category, err := w.CreateCategory(t.Context(), owner, "Help", "")
	if err != nil {
		t.Fatal(err)
	}
	section, err := w.CreateSection(t.Context(), owner, core.NewSection{Category: category.ID, Title: "Printers", Visibility: core.VisiblePublic})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.CreateArticle(t.Context(), owner, core.NewArticle{Section: section.ID, Title: "The paper jam", Body: "Open the tray.", Publish: true}); err != nil {
		t.Fatal(err)
	}
	form := url.Values{"subject": {"A paper jam again"}, "contents": {"My long words"}, "form": {"k"}}
	offered := w.ask(t, "own", "/conversations", form)
	if offered.Status != http.StatusOK || !strings.Contains(offered.Body, "The paper jam") || !strings.Contains(offered.Body, "My long words") {
		t.Errorf("%d: %s", offered.Status, offered.Body)
	}
	form.Set("suggested", "yes")
	sent, again := w.ask(t, "own", "/conversations", form), w.ask(t, "own", "/conversations", form)
	if sent.Status != http.StatusSeeOther || sent.Header.Get("Location") != again.Header.Get("Location") {
		t.Errorf("sent: %d to %s, then %s", sent.Status, sent.Header.Get("Location"), again.Header.Get("Location"))
	}
	if got := w.Text(t, `select count(*)::text from conversations where subject = 'A paper jam again'`); got != "1" {
		t.Errorf("%s conversations", got)
	}
}

func TestTheOrganizationsTabIsThereWhereItShares(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	member := func() bool {
		t.Helper()
		page := w.ask(t, "other", "/conversations?of=organization", nil)
		thread := w.ask(t, "other", "/conversations/{conversation}", nil)
		if page.Status != thread.Status || page.Status != http.StatusOK && page.Status != http.StatusNotFound {
			t.Errorf("list %d, conversation %d", page.Status, thread.Status)
		}
		if strings.Contains(page.Body+thread.Body, "SECRET-CANARY") || strings.Contains(thread.Body, `name="contents"`) {
			t.Error("a colleague reads or does too much")
		}
		return page.Status == http.StatusOK && strings.Contains(page.Body, "The printer is on fire")
	}
	if member() {
		t.Error("nothing is shared yet")
	}
	w.Exec(t, `update organizations set shares_conversations = true`)
	w.Exec(t, `update users set organization_id = $1 where id in ($2, $3)`, w.names["{organization}"], w.people["own"].ID, w.people["other"].ID)
	if !member() {
		t.Error("a colleague does not see what is shared")
	}
	if got := w.ask(t, "other", "/conversations/{conversation}/reply", url.Values{"contents": {"me too"}}); got.Status != http.StatusForbidden || !strings.Contains(got.Body, "Only the person who asked") {
		t.Errorf("a colleague answers: %d", got.Status)
	}
}
