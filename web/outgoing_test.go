package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/alexedwards/scs/v2"

	"postdesk/core"
	"postdesk/core/coretest"
)

// openSendingSite is openSite with a relay.
func openSendingSite(t *testing.T) *site {
	t.Helper()
	d := coretest.OpenDesk(t, core.Config{PublicURL: "https://desk.test", Read: readTest, RelaySet: true})
	return siteOf(t, d, Config{Desk: d.Desk, PublicURL: "http://desk.test", Sessions: scs.New(), Read: readTest, RelaySet: true, Compose: composeTest})
}

// failReply makes Abe's reply fail as a server said.
func (w *site) failReply(t *testing.T, words string) string {
	t.Helper()
	id := w.Text(t, `select id::text from deliveries where purpose = 'reply' and recipient = 'own@people.test'`)
	w.Exec(t, `update deliveries set state = 'failed', failed_at = now(), last_response = $2 where id = $1::text::bigint`, id, words)
	return id
}

func (a answer) tells(t *testing.T, text string) bool {
	t.Helper()
	for _, n := range a.find(t, "body") {
		if strings.Contains(strings.Join(strings.Fields(textOf(n)), " "), text) {
			return true
		}
	}
	return false
}

func TestAFailureStandsAtTheHeadOfThePageAndOfTheMessageForAllStaff(t *testing.T) {
	t.Parallel()
	w := openSendingSite(t)
	id := w.failReply(t, "550 5.1.1 <own@people.test> no such user here")
	retry := "action=" + w.at("/agent/conversations/{conversation}/mails/") + id
	for who, may := range map[string]bool{"collaborator": false, "agent": true, "admin": true} {
		page := w.ask(t, who, "/agent/conversations/{conversation}", nil)
		banner := page.find(t, "div", "class=banner bad", "role=alert")
		if len(banner) != 1 || !strings.Contains(textOf(banner[0]), "There is no such address") {
			t.Errorf("%s is not told at the head of the page", who)
		}
		failed := page.find(t, "div", "class=mail-failed")
		if len(failed) != 1 || !strings.Contains(textOf(failed[0]), "550 5.1.1 <own@people.test> no such user here") {
			t.Errorf("%s does not see the server's words", who)
		}
		if got := len(page.find(t, "form", retry)) == 1; got != may {
			t.Errorf("%s has a button to try again: %v", who, got)
		}
	}
	if got := w.ask(t, "agent", "/agent/conversations/{conversation}/mails/"+id, url.Values{"do": {"retry"}}); got.Status != http.StatusSeeOther {
		t.Fatalf("retried: %d", got.Status)
	}
	page := w.ask(t, "agent", "/agent/conversations/{conversation}", nil)
	if len(page.find(t, "div", "class=mail-failed")) != 0 || len(page.find(t, "details", "class=mails")) == 0 {
		t.Error("what is on its way is not calm again")
	}
	if own := w.ask(t, "own", "/conversations/{conversation}", nil); own.tells(t, "Not delivered") || strings.Contains(own.Body, "mail-failed") {
		t.Error("a customer reads of deliveries")
	}
}

func TestARefusedRetrySaysWhy(t *testing.T) {
	t.Parallel()
	w := openSendingSite(t)
	id := w.failReply(t, "550 5.1.1 no")
	w.Exec(t, `insert into suppressions (address, reason) values ('own@people.test', 'Reported failed 5.1.1')`)
	got := w.ask(t, "agent", "/agent/conversations/{conversation}/mails/"+id, url.Values{"do": {"retry"}})
	if got.Status != http.StatusConflict || !got.tells(t, "Mail to its recipient has stopped: Reported failed 5.1.1") {
		t.Errorf("%d: no word of why", got.Status)
	}
	if !got.tells(t, "Mail to own@people.test has stopped") {
		t.Error("the composer does not warn")
	}
}

// TestAnAnswerToAStoppedAddressIsNotSaidToBeOnItsWay, and what is offered beside it
// is what helps.
func TestAnAnswerToAStoppedAddressIsNotSaidToBeOnItsWay(t *testing.T) {
	t.Parallel()
	w := openSendingSite(t)
	const path = "/agent/conversations/{conversation}"
	if page := w.ask(t, "agent", path+"?said=replied", nil); !page.tells(t, "Your reply is on its way.") {
		t.Error("what is on its way is not told")
	}
	w.Exec(t, `insert into suppressions (address, reason) values ('own@people.test', 'Reported failed 5.1.1')`)
	if got := w.ask(t, "agent", path+"/reply", url.Values{"contents": {"Once more"}, "do": {"send"}}); got.Status != http.StatusSeeOther {
		t.Fatalf("replied: %d", got.Status)
	}
	page := w.ask(t, "agent", path+"?said=replied", nil)
	if page.tells(t, "on its way") || !page.tells(t, "Your reply is saved, but it does not reach own@people.test") {
		t.Error("it is said to be on its way")
	}
	if len(page.find(t, "button", "value=retry")) != 0 || len(page.find(t, "button", "value=clear")) != 1 {
		t.Error("a try that is always refused is offered, or what helps is not")
	}
	if page := w.ask(t, "collaborator", path, nil); len(page.find(t, "button", "value=clear")) != 0 {
		t.Error("somebody may clear who does not manage people")
	}
	id := w.Text(t, `select max(id)::text from deliveries where state = 'failed'`)
	if got := w.ask(t, "agent", path+"/mails/"+id, url.Values{"do": {"clear"}, "address": {"own@people.test"}}); got.Status != http.StatusSeeOther {
		t.Fatalf("cleared: %d", got.Status)
	}
	if page := w.ask(t, "agent", path, nil); len(page.find(t, "button", "value=clear")) != 0 || len(page.find(t, "button", "value=retry")) != 1 {
		t.Error("no try is offered once mail goes there")
	}
}

// TestADraftThatBeginsWithNoteOpensInTheBoxForNotes: as an answer it is refused.
func TestADraftThatBeginsWithNoteOpensInTheBoxForNotes(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	const path = "/agent/conversations/{conversation}"
	w.Exec(t, `delete from drafts`)
	id := w.Text(t, `
		insert into drafts (conversation_id, user_id, source, text, is_verified) values ($1::text::bigint, (select user_id from addresses where address = 'agent@people.test'), 'mail', $2, false)
		returning id::text`, w.names["{conversation}"], "#note\nThe cable is broken.")
	w.Exec(t, `insert into attachments (draft_id, filename, content_type, size, sha256, content) values ($1::text::bigint, 'cable.txt', 'text/plain', 1, sha256('x'), 'x')`, id)
	page := w.ask(t, "agent", path, nil)
	if box := page.find(t, "textarea", "name=note"); len(box) != 1 || strings.TrimSpace(textOf(box[0])) != "The cable is broken." {
		t.Error("the draft is not in the box for notes")
	}
	if box := page.find(t, "textarea", "name=contents"); len(box) != 1 || strings.TrimSpace(textOf(box[0])) != "" {
		t.Error("it is in the box for answers")
	}
	if !strings.Contains(page.Body, `id="tab-note" checked`) || strings.Contains(page.Body, `id="tab-reply" checked`) || len(page.find(t, "input", "name=draft", "value="+id)) != 1 {
		t.Error("the box for notes is not open")
	}
	if got := w.ask(t, "agent", path+"/note", url.Values{"note": {"The cable is broken."}, "draft": {id}}); got.Status != http.StatusSeeOther {
		t.Fatalf("saved: %d", got.Status)
	}
	if got := w.Text(t, `select (select count(*) from drafts) || ' ' || n.text from notes n join attachments a on a.note_id = n.id where a.filename = 'cable.txt'`); got != "0 The cable is broken." {
		t.Errorf("became %q", got)
	}
	if got := w.ask(t, "agent", path+"/note", url.Values{"note": {"The cable is broken."}, "draft": {id}}); got.Status != http.StatusConflict {
		t.Errorf("saved twice: %d", got.Status)
	}
}

func TestHeldMailIsDecidedBesideItsMessageByAdminsAlone(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	discard := "value=discard"
	if page := w.ask(t, "agent", "/agent/conversations/{conversation}", nil); len(page.find(t, "button", discard)) != 0 || !page.tells(t, "held to") {
		t.Error("an agent decides about held mail, or does not see that it is held")
	}
	if page := w.ask(t, "admin", "/agent/conversations/{conversation}", nil); len(page.find(t, "button", discard)) == 0 {
		t.Error("an admin cannot decide")
	}
}

func TestTheQueuePagePausesAndResumes(t *testing.T) {
	t.Parallel()
	w := openSendingSite(t)
	do := func(what, name string) answer {
		return w.ask(t, "admin", "/admin/queue", url.Values{"name": {name}, "do": {what}})
	}
	if page := w.ask(t, "admin", "/admin/queue", nil); !page.tells(t, "people.test") || page.tells(t, "Resume") {
		t.Error("the queue does not show where mail goes")
	}
	if got := do("pause", "people.test"); got.Status != http.StatusSeeOther {
		t.Fatalf("paused: %d", got.Status)
	}
	if page := w.ask(t, "admin", "/admin/queue", nil); !page.tells(t, "Paused by "+w.people["admin"].Name) {
		t.Error("who paused it is not told")
	}
	if page := w.ask(t, "agent", "/agent/conversations/{conversation}", nil); !page.tells(t, "paused to") {
		t.Error("the conversation does not tell of the pause")
	}
	if got := do("try", "people.test"); got.Status != http.StatusConflict || !got.tells(t, "Resume it first") {
		t.Errorf("tried what is paused: %d", got.Status)
	}
	if got := do("resume", "people.test"); got.Status != http.StatusSeeOther {
		t.Errorf("resumed: %d", got.Status)
	}
	if got := do("pause", "nobody.test"); got.Status != http.StatusNotFound {
		t.Errorf("paused what nobody knows: %d", got.Status)
	}
	if got := do("", "*"); got.Status != http.StatusSeeOther {
		t.Errorf("tried everything: %d", got.Status)
	}
}

func TestAdminsAreToldOnEveryPageWhileMailIsHeldOrDoesNotLeave(t *testing.T) {
	t.Parallel()
	w := openSendingSite(t)
	w.Exec(t, `update deliveries set state = 'sent'`)
	w.Exec(t, `insert into destinations (name, failures, failed_until, problem) values ('*', 2, now(), 'connection refused')`)
	tells := func(who, text string) bool { return w.ask(t, who, "/agent", nil).tells(t, text) }
	if tells("admin", "held. Decide") || tells("admin", "does not leave") {
		t.Error("alarms in peace")
	}
	w.Exec(t, `update destinations set failures = 3`)
	w.Exec(t, `update deliveries set state = 'held' where id = (select min(id) from deliveries)`)
	for who, want := range map[string]bool{"admin": true, "agent": false} {
		if tells(who, "1 mail is held. Decide") != want || tells(who, "Mail does not leave: connection refused See the queue") != want {
			t.Errorf("%s is not told, or should not be: %v", who, want)
		}
	}
	if page := w.ask(t, "admin", "/admin/queue", nil); page.tells(t, "See the queue") {
		t.Error("the queue leads to itself")
	}
	w.Exec(t, `update destinations set paused_at = now()`)
	if tells("admin", "does not leave") {
		t.Error("what staff paused themselves is an alarm")
	}
}

func TestAllHeldMailIsDecidedAboutAfterATick(t *testing.T) {
	t.Parallel()
	w := openSendingSite(t)
	w.Exec(t, `update deliveries set state = 'held'`)
	page := w.ask(t, "admin", "/admin/outbox/held", nil)
	upto := page.find(t, "input", "name=upto")
	if len(upto) != 2 || !page.tells(t, "Yes, send") {
		t.Fatal("the page does not ask")
	}
	last := w.Text(t, `select max(id)::text from deliveries`)
	if got := w.ask(t, "admin", "/admin/outbox/held", url.Values{"do": {"discard"}, "upto": {last}}); got.Status != http.StatusBadRequest || !got.tells(t, "Tick this first.") {
		t.Errorf("discarded without a tick: %d", got.Status)
	}
	if got := w.ask(t, "admin", "/admin/outbox/held", url.Values{"do": {"send"}, "sure": {"yes"}, "upto": {last}}); got.Status != http.StatusSeeOther {
		t.Errorf("sent: %d", got.Status)
	}
	if left := w.Text(t, `select count(*)::text from deliveries where state = 'queued'`); left == "0" {
		t.Error("nothing is on its way")
	}
}

func TestAStoppedAddressIsToldWhereThePersonIsAndLetGoThere(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.Exec(t, `insert into suppressions (address, reason) values ('somebody@people.test', 'Reported failed 5.2.2: mailbox full')`)
	for _, who := range []string{"collaborator", "agent"} {
		if page := w.ask(t, who, "/agent/users/{user}", nil); !page.tells(t, "Mail to this address has stopped. The mail was taken at first, and came back. The mailbox of the recipient is full.") {
			t.Errorf("%s is not told", who)
		}
	}
	if page := w.ask(t, "agent", "/admin/suppressions?q=full", nil); !page.tells(t, "somebody@people.test") || page.tells(t, "stopped@acme.test") || page.tells(t, "Stop mail to an address") {
		t.Error("an agent does not find it, or may stop addresses")
	}
	got := w.ask(t, "agent", "/admin/suppressions", url.Values{"address": {"somebody@people.test"}, "person": {w.names["{user}"]}})
	if got.Status != http.StatusSeeOther || got.Header.Get("Location") != w.at("/agent/users/{user}?said=cleared") {
		t.Errorf("cleared: %d, to %q", got.Status, got.Header.Get("Location"))
	}
	if page := w.ask(t, "admin", "/admin/suppressions", url.Values{"do": {"stop"}, "address": {"own@people.test"}, "reason": {""}}); page.Status != http.StatusBadRequest || !page.tells(t, "Say why") {
		t.Errorf("stopped without a reason: %d", page.Status)
	}
}

func TestAShownMailSaysThatItsTokensAreMasked(t *testing.T) {
	t.Parallel()
	for relay, open := range map[bool]func(*testing.T) *site{false: openSite, true: openSendingSite} {
		w := open(t)
		const token = "caabcdefghijklmnopqrstuvwxyz234567abcdef"
		w.Exec(t, `update deliveries set bytes = $1, composed_at = now() where purpose = 'staff_notice'`, []byte("Reply-To: support+"+token+"@desk.test\r\n\r\nHello"))
		page := w.ask(t, "admin", "/admin/outbox/{delivery}", nil)
		source := w.ask(t, "admin", "/admin/outbox/{delivery}/source?download=1", nil)
		if strings.Contains(page.Body, token) == relay || strings.Contains(source.Body, token) == relay || page.tells(t, "is masked with x") != relay {
			t.Errorf("relay %v: page %v, source %v, said %v", relay, strings.Contains(page.Body, token), strings.Contains(source.Body, token), page.tells(t, "is masked with x"))
		}
	}
}
