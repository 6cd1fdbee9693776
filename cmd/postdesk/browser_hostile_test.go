package main

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// escapes lead out of whatever the vector before them left open.
const escapes = "\n--></script></style></title></textarea></xmp></noscript></noembed></noframes></iframe></template></select></svg></math>'>\"></p>\n"

// hostileMails are the vectors that the cleaning of HTML is tried with, those of one
// file in one mail.
func hostileMails(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../web/testdata/hostile/*.txt")
	if err != nil || len(files) < 5 {
		t.Fatal("the vectors are missing", err)
	}
	special := strings.NewReplacer("{NUL}", "\x00", "{SOH}", "\x01", "{TAB}", "\t", "{LF}", "\n", "{VT}", "\v", "{FF}", "\f", "{ESC}", "\x1b", "{BAD}", "\xe9", "{BOM}", "\ufeff")
	repeated := regexp.MustCompile(`\{([0-9]+):([^}]*)\}`)
	mails := map[string]string{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var page strings.Builder
		for line := range strings.Lines(string(raw)) {
			_, vector, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " | ")
			page.WriteString(repeated.ReplaceAllStringFunc(special.Replace(vector), func(in string) string {
				parts := repeated.FindStringSubmatch(in)
				n, _ := strconv.Atoi(parts[1])
				return strings.Repeat(parts[2], n)
			}) + escapes)
		}
		mails[strings.TrimSuffix(filepath.Base(file), ".txt")] = page.String()
	}
	return mails
}

// bare serves pages without a single header that holds anything back.
func bare(t *testing.T, pages map[string]string) (host string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", r.URL.Query().Get("policy"))
		_, _ = io.WriteString(w, pages[strings.TrimPrefix(r.URL.Path, "/")])
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// policy is what holds a frame back, and must be all of it.
func (b *browser) policy(frame string) string {
	b.s.t.Helper()
	answer, err := b.http.Get("http://" + b.s.at.HTTP + frame)
	if err != nil {
		b.s.t.Fatal(err)
	}
	defer answer.Body.Close()
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "private, no-store",
		"Cross-Origin-Resource-Policy": "same-origin", "X-Frame-Options": "SAMEORIGIN", "X-DNS-Prefetch-Control": "off"} {
		b.s.want(name, answer.Header.Get(name), want)
	}
	policy := answer.Header.Get("Content-Security-Policy")
	b.s.want("policy", policy, "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "+
		"frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox")
	return policy
}

// goes opens a page that is not ours, and is not looked over.
func (b *tab) goes(page string) {
	b.s.t.Helper()
	b.must(chromedp.Navigate("http://" + b.host + page))
}

// wrapped breaks base64 into the lines of a mail.
func wrapped(text string) string {
	var b strings.Builder
	for len(text) > 76 {
		b.WriteString(text[:76] + "\n")
		text = text[76:]
	}
	return b.String() + text
}

// happened counts what a tab has seen since it was last asked: dialogs, and
// requests to anybody else. The rest is forgotten.
func (b *tab) happened() (dialogs, requests int) {
	for _, fault := range b.watch.take() {
		if strings.HasPrefix(fault, "dialog:") {
			dialogs++
		}
		if strings.HasPrefix(fault, "request to another host:") {
			requests++
		}
	}
	return dialogs, requests
}

// elsewhere is a tab of the same browser before another server, where anything may
// happen that nobody asks after.
func (s *story) elsewhere(host string) *tab {
	s.t.Helper()
	ctx, cancel := chromedp.NewContext(shared.started(s.t), chromedp.WithNewBrowserContext())
	s.t.Cleanup(cancel)
	b := &tab{s: s, screen: desktop, host: host, watch: &watch{host: host}, ctx: ctx}
	if err := chromedp.Listen(ctx, b.see); err != nil {
		s.t.Fatal(err)
	}
	return b
}

// unfold opens all that is folded, and tells when a frame has loaded everything.
const unfold = `(() => {
	const frames = [...document.querySelectorAll("iframe.frame")]
	for (const f of frames) {
		f.addEventListener("load", () => f.dataset.loaded = "yes")
		f.loading = "eager"
	}
	for (const d of document.querySelectorAll("details")) d.open = true
	return frames.length
})()`

const unfolded = `document.querySelectorAll("iframe.frame[data-loaded]").length`

// again loads a frame once more.
const again = `(() => {
	const f = document.querySelector("iframe.frame")
	delete f.dataset.loaded
	f.src = f.src
	return f.src
})()`

// unfolds opens a conversation with one mail in a frame. A frame without an origin
// is a process of its own, which no tab hears of: it is listened to by itself while
// it loads once more.
func (b *tab) unfolds(conversation, frame string) {
	b.s.t.Helper()
	loaded := func() bool { return evaluate[int](b, unfolded) == 1 }
	b.open(conversation)
	b.s.want("frames at "+conversation, evaluate[int](b, unfold), 1)
	b.s.eventually("the frame is loaded", loaded)
	all, err := chromedp.Targets(b.ctx)
	if err != nil {
		b.s.t.Fatal(err)
	}
	at := slices.IndexFunc(all, func(i *target.Info) bool { return i.Type == "iframe" && strings.HasSuffix(i.URL, b.host+frame) })
	if at < 0 {
		b.s.t.Fatalf("%s is no frame with a process of its own", frame)
	}
	within, cancel := chromedp.NewContext(b.ctx, chromedp.WithTargetID(all[at].TargetID))
	b.s.t.Cleanup(cancel)
	if err := chromedp.Listen(within, b.watch.see); err != nil {
		b.s.t.Fatal(err)
	}
	if err := chromedp.Do(within); err != nil {
		b.s.t.Fatal(err)
	}
	evaluate[string](b, again)
	b.s.eventually("the frame is loaded again", loaded)
}

func TestHostileMailsRunAndLoadNothingInARealBrowser(t *testing.T) {
	t.Parallel()
	shared.started(t)
	s := newStory(t)
	mails, clean := hostileMails(t), map[string]string{}
	conversations, frames := map[string]string{}, map[string]string{}
	for name, page := range mails {
		m := s.file(letter{From: `"<img src=x onerror=alert(1)> Cara" <cara@acme.test>`, Subject: name + " <script>alert(1)</script>",
			Headers: []string{"Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: base64"},
			Text:    wrapped(base64.StdEncoding.EncodeToString([]byte(page)))})
		conversations[name] = path("/agent/conversations/%v", m["case_id"])
		frames[name] = path("/frame/conversations/%v/%v", m["case_id"], m["id"])
	}
	reader := s.signedIn("olga@desk.test")
	for name, frame := range frames {
		reader.open(frame)
		clean[name] = reader.text
	}
	olga := s.tab(desktop)
	olga.signIn("olga@desk.test")
	for name := range mails {
		olga.readsHostile(name, conversations[name], frames[name])
	}
	olga.loads(conversations["remote"], frames["remote"])
	// What was cleaned does nothing even where nothing else would hold it back.
	outside := s.elsewhere(bare(t, clean))
	for name := range mails {
		outside.goes("/" + name)
		s.want(name+": where it leads", outside.path(), "/"+name)
		outside.wantNothing(name + " without any policy")
	}
	s.detects(mails, reader.policy(frames["events"]))
}

// readsHostile looks at a mail in its conversation and in a tab of its own.
func (b *tab) readsHostile(name, conversation, frame string) {
	b.s.t.Helper()
	b.unfolds(conversation, frame)
	b.s.want(name+": where it leads", b.path(), conversation)
	b.wantNothing(name + " in its conversation")
	b.goes(frame)
	b.s.want(name+": where it leads", b.path(), frame)
	b.s.want(name+": it is shown", b.text() != "", true)
	b.wantNothing(name + " in a tab")
}

func (b *tab) wantNothing(what string) {
	b.s.t.Helper()
	for _, fault := range b.watch.take() {
		b.s.t.Errorf("%s: %s", what, fault)
	}
}

// detects is the control: the same vectors as they came do show, wherever they are,
// and only as long as nothing holds them back.
func (s *story) detects(mails map[string]string, policy string) {
	s.t.Helper()
	mails["remote"] = strings.ReplaceAll(mails["remote"], "refresh", "x") // it would lead away
	host := bare(s.t, mails)
	controls := map[string][2]int{"events": {10, 0}, "foreign": {5, 1}, "remote": {0, 20}}
	held := s.elsewhere(host) // the policy of the frame alone stops what a cleaner might leave
	for name := range controls {
		held.goes("/" + name + "?policy=" + url.QueryEscape(policy))
		if dialogs, _ := held.happened(); dialogs > 0 {
			s.t.Errorf("%s makes %d dialogs under the policy of the frame", name, dialogs)
		}
	}
	for name, least := range controls {
		dialogs, requests := 0, 0
		b := s.elsewhere(host)
		go func() { _ = b.try(chromedp.Navigate("http://" + host + "/" + name)) }() // it may never be done with its dialogs
		s.eventually("control: "+name+" as it came is seen to act", func() bool {
			d, r := b.happened()
			dialogs, requests = dialogs+d, requests+r
			return dialogs >= least[0] && requests >= least[1]
		})
	}
}

// loads is the control of the frame in its conversation: pictures that are asked for
// are seen to be asked for.
func (b *tab) loads(conversation, frame string) {
	b.s.t.Helper()
	b.unfolds(conversation, frame)
	b.wantNothing("before images are loaded")
	b.click("Load images")
	requests := 0
	b.s.eventually("the browser asks for the images", func() bool {
		_, more := b.happened()
		requests += more
		return requests > 5
	})
	b.goes("/agent")
	b.happened()
}
