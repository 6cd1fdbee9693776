package web

import (
	"mime"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const tinyPNG = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"

// ownPictures are the files of a mail.
func ownPictures(t *testing.T, files map[string]string) (own pictures) {
	t.Helper()
	for id, content := range files {
		read := false
		own = append(own, picture{id: id, link: "/files/7", size: int64(len(content)), load: func() ([]byte, error) {
			if read && len(content) < maxPicture {
				t.Errorf("%s is read twice", id)
			}
			read = true
			return []byte(content), nil
		}})
	}
	return own
}

func TestAPictureOfTheMailItselfIsShownAndAnyOtherFileIsNot(t *testing.T) {
	t.Parallel()
	files := map[string]string{"logo@x": tinyPNG, "page@x": "<svg onload=alert(1)>", "Photo 1@x": tinyPNG, "image.png": tinyPNG,
		"https://acme.test/a.png": tinyPNG, "big@x": tinyPNG + strings.Repeat("x", maxPicture), "heavy@x": tinyPNG + strings.Repeat("x", maxPicture-100)}
	for source, want := range map[string]string{
		`<img src="cid:logo@x">`: "data", `<img src="CID:logo@x">`: "data", `<img src=" cid:&lt;logo@x&gt; ">`: "data", `<img src="cid:LOGO@X">`: "data",
		`<img src="cid:logo%40x">`: "data", `<img src="cid:photo%201@x">`: "data", `<img src="image.png">`: "data", `<img src="https://acme.test/a.png">`: "data",
		strings.Repeat(`<img src="cid:logo@x">`, 30): "data",
		`<img src="cid:page@x" alt="Page">`:          "link", `<img src="cid:big@x">`: "link", `<img src="cid:none@x">`: "words", `<img src="cid:">`: "words",
		`<img src="cid:heavy@x"><img src="cid:heavy@x" alt="again">`: "data link",
		`<img src="data:image/jpeg;base64,iVBORw0KGgoAAAANSUhEUg">`:  "data", `<img src="data:image/png;base64,PHN2Zz4">`: "words", `<img src="data:text/html,x">`: "words",
	} {
		clean, _, err := cleanHTML(source, ownPictures(t, files), look{})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, mark := range []string{"data", "link", "words"} {
			in := map[string]string{"data": `src="data:image/png;base64,`, "link": `<a href="/files/7"`, "words": `<span class="pd-blocked">`}[mark]
			if strings.Contains(clean, in) && (mark != "words" || got == "") {
				got = strings.TrimSpace(got + " " + mark)
			}
		}
		if got != want || strings.Contains(clean, "cid:") || strings.Count(source, "<img") != strings.Count(clean, "<img")+strings.Count(clean, "<span") {
			t.Errorf("%.100s became %s, not %s: %.300s", source, got, want, clean)
		}
	}
}

func TestTheFrameOfAMailCanRunAndLoadNothing(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	frame := w.ask(t, "agent", "/frame/conversations/{mailed}/{mail}", nil)
	policy := frame.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "img-src data:;", "sandbox allow-popups", "form-action 'none'", "frame-ancestors 'self'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("the policy lacks %s: %s", part, policy)
		}
	}
	for _, part := range []string{"allow-scripts", "allow-same-origin", "script-src"} {
		if strings.Contains(policy, part) {
			t.Errorf("the policy has %s", part)
		}
	}
	if len(frame.find(t, "img")) != 0 || len(frame.find(t, "p", "onclick")) != 0 {
		t.Errorf("the frame shows what it should not: %s", frame.Body)
	}
	asked := w.ask(t, "agent", "/frame/conversations/{mailed}/{mail}?images=1", nil)
	if len(asked.find(t, "img", "src=https://tracker.test/x.gif")) != 1 || !strings.Contains(asked.Header.Get("Content-Security-Policy"), "img-src data: https:") {
		t.Errorf("images that were asked for are missing: %s", asked.Body)
	}
	page := w.ask(t, "agent", "/agent/conversations/{mailed}", nil)
	frames := page.find(t, "iframe", "sandbox=allow-popups allow-popups-to-escape-sandbox")
	if len(frames) != 1 || len(page.find(t, "iframe")) != 1 {
		t.Errorf("%d sandboxed frames of %d", len(frames), len(page.find(t, "iframe")))
	}
}

func TestAnAttachmentIsADownloadWhateverItCallsItself(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	for _, path := range []string{"/files/{file}", "/files/{file}?inline=1"} {
		got := w.ask(t, "own", path, nil)
		h := got.Header
		if h.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment; filename=evil.html") ||
			h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s: %v", path, h)
		}
	}
}

func TestFileNamesAreMadeHarmless(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"../../x.txt": "x.txt", `C:\temp\a.doc`: "a.doc", "gpj.\u202eexe": "gpj.exe", "a\r\nSet-Cookie: x": "a_Set-Cookie_ x", "": "file", "..": "file",
		"CON": "_CON", "con.txt": "_con.txt", "lpt1.tar.gz": "_lpt1.tar.gz", "console.txt": "console.txt", "x.svg": "x.svg", "invoice.pdf.exe": "invoice.pdf.exe",
		"a.html ": "a.html", "a.txt.": "a.txt", ".htaccess": "file.htaccess", "x\x00.png\u202e": "x.png", "%2e%2e%2fx": "%2e%2e%2fx", `q"uote.txt`: "q_uote.txt", strings.Repeat("ä", 3000) + ".pdf": strings.Repeat("ä", 98) + ".pdf",
	} {
		if got := fileName(name); got != want {
			t.Errorf("%.40q: %.240q, want %.240q", name, got, want)
		}
	}
}

// Reliability A16: whatever a name holds, the answer has the fields that we give it,
// and the name in a form that every browser reads alike.
func TestTheNameOfAFileIsOneValueOfOneField(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a\r\nSet-Cookie: x=1\r\n\r\n<script>", `a"; filename=b.html; x="`, "gpj.\u202eexe", "späße 文.pdf", strings.Repeat("n", 5000), "a;b,c=d'e", "\x00\xff\xfe", "../../../etc/passwd"} {
		for _, kind := range []string{"attachment", "inline"} {
			w := httptest.NewRecorder()
			sendBytes(w, "application/octet-stream", kind, name, []byte("x"))
			said := w.Header().Get("Content-Disposition")
			disposition, params, err := mime.ParseMediaType(said)
			if err != nil || disposition != kind || len(params) != 1 || params["filename"] != fileName(name) || len(said) > 800 || strings.ContainsAny(said, "\r\n\x00") {
				t.Errorf("%.60q is sent as %.200q: %v %v", name, said, params, err)
			}
			policy := w.Header().Get("Content-Security-Policy")
			if len(w.Header()) != 5 || !strings.Contains(policy, "sandbox") || strings.Contains(policy, "allow") {
				t.Errorf("%.60q has the fields %v", name, w.Header())
			}
		}
	}
}

func TestPagesCarryAPolicyThatRunsNothingButOurOwnFile(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	for _, path := range []string{"/", "/signin", "/agent/conversations/{conversation}", "/nothing-here", "/static/panel.css"} {
		got := w.ask(t, "agent", path, nil)
		policy := got.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %s", path, policy)
		}
		if got.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s lacks headers: %v", path, got.Header)
		}
		if len(got.scripts(t)) != 0 || len(got.find(t, "style")) != 0 {
			t.Errorf("%s has inline script or style", path)
		}
	}
	if got := w.ask(t, "", "/nothing-here", nil); got.Status != http.StatusNotFound {
		t.Errorf("an unknown page is %d", got.Status)
	}
}
