package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"postdesk/core"
)

// keyOf is the key of desk.test that signs.
func (w *site) keyOf(t *testing.T) core.SigningKey {
	t.Helper()
	if err := w.MakeSigningKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	keys, err := w.SigningKeys(t.Context(), w.people["admin"])
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if k.Signs() && k.Domain == "desk.test" {
			return k
		}
	}
	t.Fatalf("keys %+v", keys)
	return core.SigningKey{}
}

// shows has the DNS show the records so.
func (w *site) shows(state RecordState, problem string) {
	w.server.signingRecord = func(context.Context, core.SigningKey) (RecordState, string) { return state, problem }
}

func TestThePageSaysWhatIsToBePublished(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	if page := w.ask(t, "admin", "/admin/sending", nil); !strings.Contains(page.Body, "Its key is being made.") {
		t.Errorf("before there is a key:\n%s", page.Body)
	}
	key := w.keyOf(t)
	w.server.published = func(_ context.Context, domain string) []Finding {
		return []Finding{{What: "SPF", Good: true, Text: domain + " is fine"}, {What: "DMARC", Text: "there is none; publish", Records: []string{`_dmarc IN TXT "<v>"`}}}
	}
	for state, says := range map[RecordState][]string{
		RecordPublished: {"Record published", "everybody can check that", "<summary>Show the record</summary>"},
		RecordMissing:   {"Record missing", "Publish this TXT record"},
		RecordWrong:     {"Record wrong", "But it holds &lt;another&gt;, so every check fails"},
		RecordUnknown:   {"Could not look", "could not be found out: it holds &lt;another&gt;."},
	} {
		w.shows(state, "it holds <another>")
		page := w.ask(t, "admin", "/admin/sending", nil)
		for _, says := range append(says, ">"+key.RecordName()+"<", ">"+strings.ReplaceAll(key.Record(), "+", "&#43;")+"<", "desk.test is fine.", "there is none; publish:", "_dmarc IN TXT &#34;&lt;v&gt;&#34;") {
			if page.Status != http.StatusOK || !strings.Contains(page.Body, says) {
				t.Errorf("%s: the page does not say %q\n%s", state, says, page.Body)
			}
		}
	}
}

func TestARecordIsToldInStringsThatFit(t *testing.T) {
	t.Parallel()
	for octets, parts := range map[int]int{1: 1, 100: 1, 255: 2, 294: 2, 600: 4} {
		k := keyView{SigningKey: core.SigningKey{Public: make([]byte, octets)}}
		got := k.Strings()
		if len(got) != parts || strings.Join(got, "") != k.Record() {
			t.Errorf("%d octets: %d strings", octets, len(got))
		}
		for _, part := range got {
			if len(part) > 255 {
				t.Errorf("%d octets: one of %d", octets, len(part))
			}
		}
	}
}

func TestAKeyIsRotatedInThePanel(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	old := w.keyOf(t)
	w.shows(RecordMissing, "")
	act := func(form url.Values, status int, to string) answer {
		t.Helper()
		got := w.ask(t, "admin", "/admin/sending", form)
		if got.Status != status || got.Header.Get("Location") != to {
			t.Fatalf("%v: %d %s\n%s", form, got.Status, got.Header.Get("Location"), got.Body)
		}
		return got
	}
	makeKey := url.Values{"do": {"make"}, "domain": {"desk.test"}}
	act(makeKey, http.StatusSeeOther, "/admin/sending?said=key-made")
	if again := act(makeKey, http.StatusConflict, ""); !strings.Contains(again.Body, "A new key of this domain waits already") {
		t.Errorf("a second one:\n%s", again.Body)
	}
	page := w.ask(t, "admin", "/admin/sending", nil)
	waiting := page.find(t, "input", "name=key")
	if len(waiting) != 1 || !strings.Contains(page.Body, "Its record was not seen.") || len(page.find(t, "button", "value=make")) != 0 {
		t.Fatalf("with a key that waits:\n%s", page.Body)
	}
	var id string
	for _, a := range waiting[0].Attr {
		if a.Key == "value" {
			id = a.Val
		}
	}
	use := url.Values{"do": {"use"}, "key": {id}}
	act(use, http.StatusSeeOther, "/admin/sending?said=key-unseen")
	act(use, http.StatusConflict, "")
	page = w.ask(t, "admin", "/admin/sending", nil)
	for _, says := range []string{old.RecordName(), "Its record must stay until"} {
		if !strings.Contains(page.Body, says) {
			t.Errorf("the page does not say %q\n%s", says, page.Body)
		}
	}
	if now := w.keyOf(t); fmt.Sprint(now.ID) != id {
		t.Errorf("key %d signs, not %s", now.ID, id)
	}
	w.Exec(t, `update signing_keys set retired_at = now() - interval '8 days' where retired_at is not null`)
	w.Exec(t, `update deliveries set state = 'held', created_at = now() - interval '9 days'`)
	if page = w.ask(t, "admin", "/admin/sending", nil); !strings.Contains(page.Body, "as long as mail from its time is held") {
		t.Errorf("while such mail is held:\n%s", page.Body)
	}
	w.Exec(t, `update deliveries set created_at = now()`)
	if page = w.ask(t, "admin", "/admin/sending", nil); !strings.Contains(page.Body, "Its record may be removed.") {
		t.Errorf("after a week:\n%s", page.Body)
	}
	w.shows(RecordPublished, "")
	act(makeKey, http.StatusSeeOther, "/admin/sending?said=key-made")
	act(url.Values{"do": {"use"}, "key": {w.Text(t, `select max(id)::text from signing_keys`)}}, http.StatusSeeOther, "/admin/sending?said=key-used")
	trail := w.ask(t, "admin", "/admin/audit?act=signing", nil)
	for _, says := range []string{"made a new key to sign mail of", "put a new key to use for mail of", "retired the key of", `href="/admin/sending"`} {
		if !strings.Contains(trail.Body, says) {
			t.Errorf("the audit does not say %q\n%s", says, trail.Body)
		}
	}
}

func TestANameOfThisMachineHasNothingToPublish(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.Exec(t, `insert into mailboxes (address, name) values ('me@localhost', 'Me')`)
	w.keyOf(t)
	page := w.ask(t, "admin", "/admin/sending", nil)
	if n := strings.Count(page.Body, "This is a name of this machine"); n != 1 || len(page.find(t, "section", "id=localhost")) != 1 || len(page.find(t, "section", "id=desk.test")) != 1 {
		t.Errorf("said %d times\n%s", n, page.Body)
	}
}

func TestAPageWaitsForTheDNSForAMoment(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.keyOf(t)
	asked := make(chan time.Duration, 2)
	w.server.signingRecord = func(ctx context.Context, _ core.SigningKey) (RecordState, string) {
		until, _ := ctx.Deadline()
		asked <- time.Until(until)
		return RecordUnknown, "DNS did not answer in time"
	}
	w.server.published = func(ctx context.Context, _ string) []Finding {
		until, _ := ctx.Deadline()
		asked <- time.Until(until)
		return nil
	}
	page := w.ask(t, "admin", "/admin/sending", nil)
	for range 2 {
		if left := <-asked; left <= 0 || left > lookingTime {
			t.Errorf("it may take %s", left)
		}
	}
	if !strings.Contains(page.Body, "could not be found out: DNS did not answer in time.") {
		t.Errorf("%s", page.Body)
	}
}
