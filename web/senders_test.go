package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"postdesk/core"
)

func TestSeveralSuspendedMailsAreJudgedEachByItself(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.Exec(t, `insert into sender_list (list, pattern) values ('block', 'spam.test')`)
	spam, virus := w.mail(t, "eve@spam.test", core.Unproven), w.mail(t, "eve2@spam.test", core.Unproven)
	w.Exec(t, `update inbound set suspension = 'virus' where id = `+virus)
	page := w.ask(t, "agent", "/agent/suspended?reason=blocked", nil)
	for _, says := range []string{"Blocked 1", "Virus 1", "Forged 1", "eve@spam.test", "The sender stays blocked", "All 1 on this page"} {
		if !strings.Contains(page.Body, says) {
			t.Errorf("the list does not say %q", says)
		}
	}
	if strings.Contains(page.Body, "eve2@spam.test") {
		t.Error("the list of one reason shows another")
	}
	if found := w.ask(t, "agent", "/agent/suspended?q=EVE2", nil); !strings.Contains(found.Body, "eve2@spam.test") || strings.Contains(found.Body, "eve@spam.test") {
		t.Error("the search finds nothing, or too much")
	}
	judged := w.ask(t, "agent", "/agent/suspended", url.Values{"all": {"page"}, "shown": {spam, virus}, "do": {"release"}})
	if judged.Status != http.StatusOK || !strings.Contains(judged.Body, "1 released, 1 was not.") || !strings.Contains(judged.Body, "Mail "+virus+" cannot be released") {
		t.Errorf("%d: what became of each is not told", judged.Status)
	}
	if none := w.ask(t, "agent", "/agent/suspended", url.Values{"id": {virus}, "do": {"release"}}); none.Status != http.StatusConflict {
		t.Errorf("nothing was released: %d", none.Status)
	}
	if empty := w.ask(t, "agent", "/agent/suspended", url.Values{"do": {"delete"}}); empty.Status != http.StatusBadRequest {
		t.Errorf("nothing ticked: %d", empty.Status)
	}
	deleted := w.ask(t, "agent", "/agent/suspended?reason=virus", url.Values{"id": {virus}, "do": {"delete"}})
	if to := deleted.Header.Get("Location"); deleted.Status != http.StatusSeeOther || !strings.HasPrefix(to, "/agent/suspended?") || !strings.Contains(to, "reason=virus") {
		t.Errorf("deleted: %d to %s", deleted.Status, to)
	}
	if gone := w.ask(t, "agent", "/agent/suspended/"+virus, nil); gone.Status != http.StatusOK || !strings.Contains(gone.Body, "deleted this mail") || strings.Contains(gone.Body, ">Delete<") {
		t.Errorf("the page of a deleted mail: %d", gone.Status)
	}
	w.Exec(t, `update inbound set removed_by = null where id = `+virus)
	if gone := w.ask(t, "agent", "/agent/suspended/"+virus, nil); !strings.Contains(gone.Body, "kept as long as suspended mail is kept") {
		t.Error("the page of a mail whose time was over does not say so")
	}
}

func TestTheListsOfSendersAskBeforeTheyHitTheTeam(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	asked := w.ask(t, "admin", "/admin/senders", url.Values{"list": {"block"}, "pattern": {"People.test"}, "note": {"<b>why</b>"}})
	if asked.Status != http.StatusBadRequest || !strings.Contains(asked.Body, "of your team writes from there") || !strings.Contains(asked.Body, `name="sure" value="people.test"`) ||
		!strings.Contains(asked.Body, `value="People.test"`) {
		t.Fatalf("%d: not asked", asked.Status)
	}
	for _, c := range []struct {
		sure string
		want int
	}{{"other.test", http.StatusBadRequest}, {"people.test", http.StatusSeeOther}} {
		if got := w.ask(t, "admin", "/admin/senders", url.Values{"list": {"block"}, "pattern": {"people.TEST"}, "note": {"<b>why</b>"}, "sure": {c.sure}}); got.Status != c.want {
			t.Errorf("sure of %s: %d, want %d", c.sure, got.Status, c.want)
		}
	}
	w.ask(t, "admin", "/admin/senders", url.Values{"list": {"safe"}, "pattern": {"cara@bücher.test"}})
	page := w.ask(t, "admin", "/admin/senders", nil)
	for _, says := range []string{"<b>people.test</b>", "&lt;b&gt;why&lt;/b&gt;", "cara@bücher.test", "cara@xn--bcher-kva.test", "None is named."} {
		if !strings.Contains(page.Body, says) {
			t.Errorf("the page does not say %q", says)
		}
	}
	for _, back := range []string{"https://evil.test/", "//evil.test", "/signout", "/agent//evil.test"} {
		got := w.ask(t, "admin", "/admin/senders", url.Values{"list": {"passing"}, "pattern": {"x@x.test"}, "do": {"decline"}, "back": {back}})
		if to := got.Header.Get("Location"); !strings.HasPrefix(to, "/admin/senders?") {
			t.Errorf("back to %s leads to %s", back, to)
		}
	}
}

func TestOnlyAdminsAreOfferedTheDigestAndShownAlarms(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	for who, want := range map[string]bool{"admin": true, "agent": false, "own": false} {
		if got := strings.Contains(w.ask(t, who, "/profile", nil).Body, "Daily digest of suspended mail"); got != want {
			t.Errorf("%s is offered the digest: %v", who, got)
		}
	}
	w.ask(t, "admin", "/profile", url.Values{"full_name": {"Ada"}, "was.suspended_digest": {"shown"}})
	if on := w.Text(t, `select suspended_digest from users where id = `+w.Text(t, `select user_id::text from addresses where address = 'admin@people.test'`)); on != "false" {
		t.Errorf("the box was cleared, and the digest is %s", on)
	}
	w.Exec(t, `update instance set automatic_hour = 0`)
	w.mail(t, "fresh@acme.test", core.Proven)
	w.Exec(t, `update inbound set automatic_skipped = 'So much automatic mail went out in the last hour that no more is sent.' where from_address = 'fresh@acme.test'`)
	for who, want := range map[string]bool{"admin": true, "agent": false} {
		if got := strings.Contains(w.ask(t, who, "/agent", nil).Body, "more is held back: 1 first contact got"); got != want {
			t.Errorf("%s is shown the alarm: %v", who, got)
		}
	}
}
