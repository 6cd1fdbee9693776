package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const replyText = "/admin/mailboxes/{mailbox}/texts/reply"

func TestATextIsPreviewedSavedAndSetBackInThePanel(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	typed := url.Values{"body": {"Dear {{name}},\r\n\r\n{{message}}"}, "do": {"preview"}}
	shown := w.ask(t, "admin", replyText, typed)
	if shown.Status != http.StatusOK || !strings.Contains(frameOf(t, shown), "Dear {{name}}") || strings.TrimSpace(bodyOf(t, shown)) != "Dear {{name}},\n\n{{message}}" {
		t.Errorf("preview: %d, %q, %q", shown.Status, frameOf(t, shown), bodyOf(t, shown))
	}
	if got := w.Text(t, `select count(*)::text from mailbox_texts`); got != "0" {
		t.Errorf("the preview saved %s", got)
	}
	typed.Set("do", "save")
	if a := w.ask(t, "admin", replyText, typed); a.Status != http.StatusSeeOther {
		t.Fatalf("save: %d", a.Status)
	}
	if list := w.ask(t, "admin", "/admin/mailboxes/{mailbox}", nil); strings.Count(list.Body, ">Changed<") != 1 || !strings.Contains(list.Body, ">Standard<") {
		t.Error("the list does not tell which text is changed")
	}
	again := w.ask(t, "admin", replyText, nil)
	if got := bodyOf(t, again); strings.TrimSpace(got) != "Dear {{name}},\n\n{{message}}" {
		t.Errorf("saved %q", got)
	}
	if a := w.ask(t, "admin", replyText, url.Values{"body": {"{{message}}"}, "do": {"save"}}); a.Status != http.StatusConflict || !strings.Contains(a.Body, "in the meantime") {
		t.Errorf("who began from the text before: %d", a.Status)
	}
	seen := attribute(again.find(t, "input", "name=seen")[0], "value")
	if a := w.ask(t, "admin", replyText, url.Values{"seen": {seen}, "do": {"standard"}}); a.Status != http.StatusSeeOther {
		t.Fatalf("standard: %d", a.Status)
	}
	if got := w.Text(t, `select count(*)::text from mailbox_texts`); got != "0" {
		t.Errorf("%s texts are left", got)
	}
}

func frameOf(t *testing.T, a answer) string {
	t.Helper()
	frames := a.find(t, "iframe")
	if len(frames) != 1 || attribute(frames[0], "sandbox") != "" || attribute(frames[0], "src") != "" {
		t.Fatalf("%d frames, or one that may do something", len(frames))
	}
	return attribute(frames[0], "srcdoc")
}

func bodyOf(t *testing.T, a answer) string {
	t.Helper()
	areas := a.find(t, "textarea", "name=body")
	if len(areas) != 1 || areas[0].FirstChild == nil {
		t.Fatalf("%d text areas", len(areas))
	}
	return areas[0].FirstChild.Data
}

func TestAFaultStandsBesideTheTextWithItsLineAndWhatWasTyped(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	for _, do := range []string{"save", "preview"} {
		a := w.ask(t, "admin", replyText, url.Values{"body": {"\r\n\r\nHello {{nam}}\r\n{{message}}"}, "do": {do}})
		if want := map[string]int{"save": http.StatusBadRequest, "preview": http.StatusOK}[do]; a.Status != want {
			t.Errorf("%s: %d", do, a.Status)
		}
		fault := a.find(t, "div", "id=e-body")
		if len(fault) != 1 || !strings.Contains(a.Body, "Line 3: there is no {{nam}} in this text") || !strings.Contains(a.Body, "Hello {{nam}}") || len(a.find(t, "iframe")) != 0 {
			t.Errorf("%s: %s", do, a.Body)
		}
	}
}

// TestAPreviewIsOnlyShown: what an admin types as markup stays text in the page,
// and the page lets no more run than any other.
func TestAPreviewIsOnlyShown(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	const evil = `"></iframe><script>alert(1)</script>`
	a := w.ask(t, "admin", replyText, url.Values{"body": {"{{message}}\n\n" + evil}, "do": {"preview"}})
	for _, script := range a.find(t, "script") {
		if !strings.HasPrefix(attribute(script, "src"), "/static/") || script.FirstChild != nil {
			t.Errorf("a script: %+v", script)
		}
	}
	if !strings.Contains(frameOf(t, a), evil) {
		t.Error("the frame does not show the mail as it is written")
	}
	policy := a.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "script-src 'self';") || strings.Contains(policy, "img-src *") || policy == panelPolicy {
		t.Errorf("policy %q", policy)
	}
}

func TestAMailboxIsRenamed(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	if a := w.ask(t, "admin", "/admin/mailboxes/{mailbox}", url.Values{"name": {" "}}); a.Status != http.StatusBadRequest || !strings.Contains(a.Body, "A name is needed.") {
		t.Errorf("no name: %d", a.Status)
	}
	if a := w.ask(t, "admin", "/admin/mailboxes/{mailbox}", url.Values{"name": {"Second line"}}); a.Status != http.StatusSeeOther {
		t.Fatalf("rename: %d", a.Status)
	}
	if a := w.ask(t, "admin", "/admin/mailboxes", nil); !strings.Contains(a.Body, "Second line") || !strings.Contains(a.Body, w.at(`href="/admin/mailboxes/{mailbox}"`)) {
		t.Error("the list does not show it")
	}
	for _, path := range []string{"/admin/mailboxes/4711", "/admin/mailboxes/x", "/admin/mailboxes/{mailbox}/texts/digest", "/admin/mailboxes/4711/texts/reply"} {
		if a := w.ask(t, "admin", path, nil); a.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
}
