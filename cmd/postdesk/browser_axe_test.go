package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The pages as axe-core sees them (testdata/axe.min.js, under the licences beside
// it), with the size of what fingers press.

// serious is what axe-core says of a page that is worse than moderate. Frames are
// other people's mails.
const serious = `axe.run(document, Object.assign({iframes: false, resultTypes: ["violations"]}, %s)).then(r => r.violations
	.filter(v => ["serious", "critical"].includes(v.impact)).map(v => v.id + " at " + v.nodes.slice(0, 3).map(n => n.target.join(" ")).join(", ")))`

// small are things to press that are lower than 40 pixels, but for links within a
// sentence, and what stands there for screen readers alone. A label is pressed for
// its box, and a line for the link that covers it.
const small = `[...document.querySelectorAll("a, button, summary, select, textarea, input:not([type=hidden])")].filter(e => {
	const style = getComputedStyle(e), box = e.getBoundingClientRect()
	if (!box.width || style.visibility === "hidden" || e.matches(".skip, .hidden-label") || (e.matches("a") && style.display === "inline")) return false
	const covers = [...(e.labels ?? []), getComputedStyle(e, "::after").position === "absolute" ? e.closest("li") : null]
	return Math.max(box.height, ...covers.map(c => c?.getBoundingClientRect().height ?? 0)) < 39.5
}).map(e => e.tagName + "." + e.className + " " + (e.innerText || e.name).slice(0, 30)).slice(0, 8)`

// examined tells what is wrong with the open page: by axe-core in the light, by its
// contrasts in the dark, and by its size for fingers.
func (b *tab) examined() (faults []string) {
	b.s.t.Helper()
	if evaluate[string](b, `typeof axe`) != "object" {
		source, err := os.ReadFile("testdata/axe.min.js")
		if err != nil {
			b.s.t.Fatal(err)
		}
		evaluate[any](b, string(source)+"; 1")
	}
	faults = b.axe("light", `{}`)
	b.wears("dark")
	faults = append(faults, b.axe("dark", `{runOnly: ["color-contrast"]}`)...)
	b.wears("light")
	if b.screen.phone {
		for _, thing := range evaluate[[]string](b, small) {
			faults = append(faults, "too small for a finger: "+thing)
		}
	}
	return faults
}

// axe runs axe-core with these options, and fails the story if it does not run.
func (b *tab) axe(face, options string) (faults []string) {
	b.s.t.Helper()
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](fmt.Sprintf(serious, options), chromedp.EvalAwaitPromise))
	if err != nil {
		b.s.t.Fatalf("axe-core at %s: %v", b.path(), err)
	}
	for _, fault := range found {
		faults = append(faults, face+": "+fault)
	}
	return faults
}

// unfit is a page with a fault of each kind.
const unfit = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>Unfit</title><link rel="icon" href="data:,"><main><h1>Unfit</h1><p style="color: #999; background: #fff">Faint</p><p class="dark">Faint in the dark</p><p style="height: 500px; border: 1px solid">Tall</p>
<style>@media (prefers-color-scheme: dark) { .dark { color: #444; background: #222 } } button { height: 20px }</style>
<input><button>Low</button></main><script>requestAnimationFrame(() => setTimeout(() => {
	const late = document.createElement("div")
	late.style.height = "400px"
	document.querySelector("main").prepend(late)
}, 100))</script>`

func TestAnUnfitPageIsFoundOut(t *testing.T) {
	t.Parallel()
	shared.started(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, unfit)
	}))
	t.Cleanup(server.Close)
	s := &story{t: t, at: listening{HTTP: strings.TrimPrefix(server.URL, "http://")}}
	wide := s.tab(desktop) // a phone's browser counts no shifts
	wide.goes("/")
	s.eventually("the page is seen to move", func() bool { return strings.Contains(strings.Join(wide.looks(), "\n"), "moved") })
	b := s.tab(phone)
	b.goes("/")
	found := strings.Join(b.examined(), "\n")
	for _, want := range []string{"light: color-contrast at p:nth-child", "dark: color-contrast at p:nth-child(3), .dark", "light: label at input", "too small for a finger: BUTTON. Low"} {
		if !strings.Contains(found, want) {
			t.Errorf("nothing tells of %q:\n%s", want, found)
		}
	}
}
