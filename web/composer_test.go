package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
)

const talk = "/agent/conversations/{conversation}"

// post sends a form with files.
func (w *site) post(t *testing.T, who, path string, form map[string]string, files map[string]string) answer {
	t.Helper()
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for name, value := range form {
		_ = parts.WriteField(name, value)
	}
	for name, content := range files {
		part, _ := parts.CreateFormFile("files", name)
		_, _ = part.Write([]byte(content))
	}
	_ = parts.Close()
	return w.stream(t, who, path, parts.FormDataContentType(), &body, -1)
}

// stream sends a body of a length, -1 for one that is not told.
func (w *site) stream(t *testing.T, who, path, contentType string, body io.Reader, length int64, headers ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.root+w.at(path), io.NopCloser(body))
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = length
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Expect", "100-continue")
	if c := w.session(t, who); c != nil {
		r.AddCookie(c)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return answered(resp.StatusCode, resp.Header, string(text))
}

func told[T any](t *testing.T, a answer) (value T) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.Body), &value); err != nil {
		t.Fatalf("%d: %s (%v)", a.Status, a.Body, err)
	}
	return value
}

func TestADraftOfEachBoxSurvivesTheReloadAndGoesWithWhatIsSent(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	saved := told[draftJSON](t, w.ask(t, "agent", talk+"/drafts", url.Values{"kind": {"reply"}, "contents": {"Dear own"}, "cc": {"cole@x.test"}, "status": {"pending"}}))
	noted := told[draftJSON](t, w.ask(t, "agent", talk+"/drafts", url.Values{"kind": {"note"}, "note": {"Ask @admin"}}))
	if saved.Draft == 0 || noted.Draft == saved.Draft || len(saved.Saved) != len("10:32") {
		t.Fatalf("saved %+v, %+v", saved, noted)
	}
	page := w.ask(t, "agent", talk, nil)
	if textOf(page.the(t, "textarea", "f-contents")) != "Dear own" || textOf(page.the(t, "textarea", "f-note")) != "Ask @admin" {
		t.Error("the words are not in their boxes")
	}
	for _, want := range [][]string{{"name=cc", "value=cole@x.test"}, {"name=draft", fmt.Sprint("value=", saved.Draft)}, {"name=draft", fmt.Sprint("value=", noted.Draft)}} {
		if len(page.find(t, "input", want...)) != 1 {
			t.Errorf("the page has no %v", want)
		}
	}
	if len(page.find(t, "option", "value=pending", "selected")) == 0 {
		t.Error("the chosen status is forgotten")
	}
	if other := w.ask(t, "admin", talk, nil); strings.Contains(other.Body, "Dear own") || strings.Contains(other.Body, "Ask @admin") {
		t.Error("another sees the drafts")
	}
	apart := told[draftJSON](t, w.ask(t, "agent", talk+"/drafts", url.Values{"kind": {"reply"}, "draft": {fmt.Sprint(saved.Draft)}, "revision": {"7"}, "contents": {"Dear Sir"}}))
	if !apart.Apart {
		t.Errorf("another window was written over: %+v", apart)
	}
	page = w.ask(t, "agent", talk, nil)
	if textOf(page.the(t, "textarea", "f-contents")) != "Dear Sir" || len(page.find(t, "a", w.at("href="+talk+"?draft=")+fmt.Sprint(saved.Draft)+"#reply")) != 1 {
		t.Error("the newest is not open, or the other not offered")
	}
	sent := w.ask(t, "agent", talk+"/reply", url.Values{"contents": {"Dear Sir,"}, "do": {"send"}, "draft": {fmt.Sprint(apart.Draft)}, "form": {"k"}})
	again := w.ask(t, "agent", talk+"/reply", url.Values{"contents": {"Dear Sir,"}, "do": {"send"}, "draft": {fmt.Sprint(apart.Draft)}, "form": {"k"}})
	if sent.Status != http.StatusSeeOther || again.Status != http.StatusSeeOther {
		t.Errorf("sent: %d, pressed twice: %d", sent.Status, again.Status)
	}
	if got := w.Text(t, `select (select count(*) from messages where text = 'Dear Sir,') || ' ' || string_agg(text, '|') from drafts where user_id = (select user_id from addresses where address = 'agent@people.test')`); got != "1 Ask @admin|Dear own" && got != "1 Dear own|Ask @admin" {
		t.Errorf("sent and left: %s", got)
	}
}

func TestARefusedFormKeepsItsFilesWithoutScripts(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	for box, form := range map[string]map[string]string{
		"reply": {"kind": "reply", "contents": "See this", "cc": "support@desk.test", "do": "send"},
		"note":  {"kind": "note", "note": "", "do": "send"},
	} {
		refused := w.post(t, "agent", talk+"/"+box, form, map[string]string{box + ".txt": "abc"})
		if refused.Status != http.StatusBadRequest || !strings.Contains(refused.Body, box+".txt") {
			t.Fatalf("%s: %d, and its file is lost", box, refused.Status)
		}
		id := w.Text(t, `select draft_id::text from attachments where filename = $1`, box+".txt")
		if len(refused.find(t, "input", "name=draft", "value="+id)) != 1 {
			t.Errorf("%s: the form does not name the draft with its file", box)
		}
		good := map[string]string{"kind": box, "contents": "See this", "note": "See this", "do": "send", "draft": id, "revision": "1"}
		if got := w.post(t, "agent", talk+"/"+box, good, nil); got.Status != http.StatusSeeOther {
			t.Errorf("%s: %d", box, got.Status)
		}
	}
	if got := w.Text(t, `select count(message_id) || ' ' || count(note_id) || ' ' || count(draft_id) from attachments where filename in ('reply.txt', 'note.txt')`); got != "1 1 0" {
		t.Errorf("the files stand with %s (messages, notes, drafts)", got)
	}
}

func TestAFileIsKeptAtOnceAndTakenAwayAgain(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	kept := told[draftJSON](t, w.post(t, "agent", talk+"/drafts/files", map[string]string{"kind": "reply"}, map[string]string{"a.txt": "abc"}))
	if kept.Draft == 0 || len(kept.Files) != 1 || kept.Files[0].Name != "a.txt" {
		t.Fatalf("kept %+v", kept)
	}
	path := fmt.Sprintf("%s/drafts/files/%d/remove", talk, kept.Files[0].ID)
	if got := w.ask(t, "admin", path, url.Values{}); got.Status != http.StatusNotFound {
		t.Errorf("another takes it away: %d", got.Status)
	}
	plain := w.ask(t, "agent", path, url.Values{"kind": {"reply"}, "draft": {fmt.Sprint(kept.Draft)}, "contents": {"half a"}})
	if plain.Status != http.StatusOK || textOf(plain.the(t, "textarea", "f-contents")) != "half a" || w.Text(t, `select count(*) from attachments where filename = 'a.txt'`) != "0" {
		t.Errorf("without scripts: %d, or words or file are wrong", plain.Status)
	}
}

func TestAReplyIsStoppedOnceWhereAnotherWasFaster(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	page := w.ask(t, "agent", talk, nil)
	seen := ""
	for _, a := range page.find(t, "input", "name=seen")[0].Attr {
		if a.Key == "value" {
			seen = a.Val
		}
	}
	if got := w.ask(t, "admin", talk+"/reply", url.Values{"contents": {"I do."}, "do": {"send"}}); got.Status != http.StatusSeeOther {
		t.Fatal(got.Status)
	}
	form := url.Values{"contents": {"I do, too."}, "do": {"send"}, "seen": {seen}}
	stopped := w.ask(t, "agent", talk+"/reply", form)
	if stopped.Status != http.StatusConflict || !strings.Contains(stopped.Body, "replied just now. Read it, then send anyway.") || textOf(stopped.the(t, "textarea", "f-contents")) != "I do, too." {
		t.Fatalf("crossed: %d", stopped.Status)
	}
	form.Set("seen", w.Text(t, `select max(id)::text from messages`))
	if len(stopped.find(t, "input", "name=seen", "value="+form.Get("seen"))) != 1 {
		t.Error("the page that tells of it does not know of it")
	}
	if got := w.ask(t, "agent", talk+"/reply", form); got.Status != http.StatusSeeOther {
		t.Errorf("sent anyway: %d", got.Status)
	}
}

func TestNamesAreCompletedForWhoMayKnowThem(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	w.Exec(t, `update users set name = 'Cole <script>' where id = $1`, w.people["collaborator"].ID)
	for _, who := range []string{"agent", "collaborator"} {
		choices := told[[]choiceJSON](t, w.ask(t, who, "/agent/mentions/suggest?q=cole", nil))
		if len(choices) != 1 || choices[0].Value != "Cole <script>" || choices[0].Note != "Collaborator · collaborator@people.test" {
			t.Errorf("%s is told %+v", who, choices)
		}
		if all := told[[]choiceJSON](t, w.ask(t, who, "/agent/mentions/suggest?q=", nil)); len(all) != 4 {
			t.Errorf("%s is told of %d", who, len(all))
		}
	}
	if got := w.ask(t, "agent", "/agent/mentions?q=disabled", nil); !strings.Contains(got.Body, "Nobody is called that") {
		t.Error("the list has somebody who is disabled")
	}
	choices := told[[]choiceJSON](t, w.ask(t, "agent", "/agent/people/suggest?q=collab", nil))
	if len(choices) != 1 || choices[0].Value != "collaborator@people.test" || !strings.Contains(choices[0].Note, "private copy") {
		t.Errorf("for CC: %+v", choices)
	}
	gets := w.ask(t, "agent", talk+"/recipients?cc="+url.QueryEscape("collaborator@people.test, support@desk.test"), nil)
	if len(gets.find(t, "li", "data-address=collaborator@people.test")) != 1 || len(gets.find(t, "li", "class=cannot", "data-address=support@desk.test")) != 1 || strings.Contains(gets.Body, "<html") {
		t.Errorf("who gets what: %s", gets.Body)
	}
	for _, path := range []string{talk, "/agent/users/{user}", "/agent/organizations/{organization}"} {
		if page := w.ask(t, "collaborator", path, nil); len(page.find(t, "textarea", "name=note", "data-mentions")) != 1 || strings.Contains(page.Body, "mention-list") {
			t.Errorf("%s: no field that completes mentions, or all staff in the page", path)
		}
	}
}

func TestADownloadIsPromisedWholeAndAnsweredInParts(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	content := bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	digest := sha256.Sum256(content)
	id := w.Text(t, `insert into attachments (message_id, filename, content_type, size, sha256, content)
		select max(id), 'Zoë "x".html', 'text/html', $1, $2, $3 from messages returning id::text`, len(content), digest[:], content)
	whole := w.ask(t, "agent", "/files/"+id, nil)
	tag := fmt.Sprintf(`"%x"`, digest)
	for name, want := range map[string]string{"Content-Type": "application/octet-stream", "Content-Length": fmt.Sprint(len(content)), "ETag": tag,
		"X-Content-Type-Options": "nosniff", "Content-Disposition": "attachment; filename*=utf-8''Zo%C3%AB%20_x_.html"} {
		if got := whole.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if !strings.Contains(whole.Header.Get("Content-Security-Policy"), "sandbox") || whole.Body != string(content) {
		t.Error("it may run, or is another file")
	}
	part := w.ask(t, "agent", "/files/"+id, nil, "Range", "bytes=262140-262149")
	if part.Status != http.StatusPartialContent || part.Body != string(content[262140:262150]) {
		t.Errorf("a part over two pieces: %d %q", part.Status, part.Body)
	}
	if known := w.ask(t, "agent", "/files/"+id, nil, "If-None-Match", tag); known.Status != http.StatusNotModified || known.Body != "" {
		t.Errorf("known already: %d", known.Status)
	}
	if foreign := w.ask(t, "other", "/files/"+id, nil, "If-None-Match", tag); foreign.Status != http.StatusNotFound {
		t.Errorf("another's: %d", foreign.Status)
	}
}

// endless is a form with one file that ends only after that many bytes.
type endless struct{ left, read int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), e.left))
	clear(p[:n])
	e.left -= int64(n)
	e.read += int64(n)
	return n, nil
}

// TestA41AnEndlessUploadFillsNeitherMemoryNorTime: 2 GiB, told before or not.
func TestA41AnEndlessUploadFillsNeitherMemoryNorTime(t *testing.T) {
	t.Parallel()
	const size = 2 << 30
	head := "--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a\"\r\n\r\n"
	w := openSite(t)
	for name, length := range map[string]int64{"of a length that is told": size + int64(len(head)), "without": -1} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		body := &endless{left: size}
		got := w.stream(t, "agent", talk+"/drafts/files", "multipart/form-data; boundary=b", io.MultiReader(strings.NewReader(head), body), length)
		runtime.ReadMemStats(&after)
		if got.Status != http.StatusRequestEntityTooLarge || !strings.Contains(got.Body, "35 MB") {
			t.Errorf("%s: %d", name, got.Status)
		}
		if body.read > 2*maxBody {
			t.Errorf("%s: %d bytes were taken", name, body.read)
		}
		if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 256<<20 {
			t.Errorf("%s: the memory grew by %d", name, grown)
		}
	}
	if got := w.Text(t, `select count(*) from drafts`); got != "0" {
		t.Errorf("%s drafts are left of it", got)
	}
}

func TestA41TenThousandPartsAndAStrangersFormAreRefused(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	var many bytes.Buffer
	for range 10_000 {
		many.WriteString("--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\ny\r\n")
	}
	many.WriteString("--b--\r\n")
	if got := w.stream(t, "agent", talk+"/reply", "multipart/form-data; boundary=b", &many, int64(many.Len())); got.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("10,000 parts: %d", got.Status)
	}
	large := url.Values{"email": {strings.Repeat("x", maxStrangersBody)}}.Encode()
	if got := w.stream(t, "", "/signin", "application/x-www-form-urlencoded", strings.NewReader(large), int64(len(large))); got.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("a stranger's large form: %d", got.Status)
	}
	over := map[string]string{"a": strings.Repeat("a", 10<<20), "b": strings.Repeat("b", 10<<20)}
	got := w.post(t, "agent", talk+"/reply", map[string]string{"contents": "See both", "do": "send"}, over)
	if got.Status != http.StatusBadRequest || !strings.Contains(got.Body, "18 MiB together") || textOf(got.the(t, "textarea", "f-contents")) != "See both" {
		t.Errorf("more than a mail carries: %d", got.Status)
	}
}
