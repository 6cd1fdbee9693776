package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// spoilt is a page with everything that a tab has to notice.
const spoilt = `<!doctype html><html lang="en"><title>Spoilt</title><link rel="icon" href="data:,">
<main><button></button><p id="wide">wide</p><style>#wide { width: 3000px }</style>
<img src="/none.png" alt=""><img src="http://elsewhere.test/a.png" alt="">
<script>console.error("red in the console"); document.body.append("ran")</script>
<script>throw new Error("nobody caught me")</script>
<script src="/quick.js"></script></main>`

func TestTheBrowserNoticesWhatIsWrongWithAPage(t *testing.T) {
	t.Parallel()
	shared.started(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Content-Security-Policy", "frame-src 'none'")
			_, _ = io.WriteString(w, spoilt+`<iframe src="/framed" title="f"></iframe>`)
		case "/quick.js":
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = io.WriteString(w, `alert("a dialog")`)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	s := &story{t: t, at: listening{HTTP: host}}
	b := s.tab(phone)
	_ = b.try(chromedp.Navigate(server.URL + "/"))
	for _, want := range []string{"red in the console", "nobody caught me", "/none.png answered 404", "another host: http://elsewhere.test", "dialog: a dialog",
		"Content Security Policy"} {
		s.eventually("the tab notices "+want, func() bool { return strings.Contains(strings.Join(b.watch.all(), "\n"), want) })
	}
	b.watch.take()
	looks := strings.Join(b.looks(), "\n")
	for _, want := range []string{"pixels wide", "a button without a name"} {
		if !strings.Contains(looks, want) {
			t.Errorf("nothing tells of %q:\n%s", want, looks)
		}
	}
}

func TestARefusalThatNeverComesIsNoticed(t *testing.T) {
	t.Parallel()
	w := watch{host: "here.test"}
	w.expect(422)
	w.answered(400, "http://here.test/")
	if got := strings.Join(w.all(), "; "); got != "http://here.test/ answered 400; no answer was 422, which was expected" {
		t.Error(got)
	}
	w.answered(422, "http://here.test/")
	if got := w.take(); len(got) != 1 {
		t.Error(got)
	}
}
