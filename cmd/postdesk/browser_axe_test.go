package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The pages as axe-core sees them (testdata/axe.min.js, under the licences beside
// it), with the size of what fingers press. All pages share one desk and one tab.

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

// isFit holds that nothing is wrong with the open page. axe-core is a script.
func (b *tab) isFit() {
	b.s.t.Helper()
	if b.screen.plain {
		return
	}
	for _, fault := range b.examined() {
		b.s.t.Errorf("%s (%s): %s", evaluate[string](b, `location.pathname + location.search`), b.screen.name, fault)
	}
}

// shows opens a page, examines it and takes its picture in both faces, if asked:
// POSTDESK_TEST_SHOTS names the folder.
func (b *tab) shows(page string) {
	b.s.t.Helper()
	b.open(page)
	b.isFit()
	dir := os.Getenv("POSTDESK_TEST_SHOTS")
	if dir == "" {
		return
	}
	name := "page" + strings.NewReplacer("/", "_", "?", "_", "=", "_").Replace(page) + "-" + b.screen.name
	b.picture(filepath.Join(dir, name+"-light.png"))
	b.wears("dark")
	b.open(page) // afresh: colours that fade would be caught half way
	b.picture(filepath.Join(dir, name+"-dark.png"))
	b.wears("light")
}

// furnished fills a desk with one of everything, and gives its pages.
func (s *story) furnished() (public, own []string) {
	s.t.Helper()
	s.person("agent", "abe@desk.test", "Abe Agent")
	s.person("collaborator", "mia@partner.test", "Mia Expert")
	organization := s.owner.do("POST", "/organizations", object{"name": "Acme", "domains": []string{"acme.test"}})
	team := s.owner.do("POST", "/teams", object{"title": "Printers"})
	s.owner.do("POST", "/saved-replies", object{"name": "Greeting", "contents": "Hello {{requester.first_name}}"})
	category := s.owner.do("POST", "/categories", object{"title": "Printers"})
	section := s.owner.do("POST", "/sections", object{"title": "Paper", "category_id": category["id"]})
	article := s.owner.do("POST", "/articles", object{"title": "Paper jams", "section_id": section["id"],
		"body": "Open the tray.\n\n## Then\n\n> [!NOTE]\n> It is hot.\n\n| Part | Colour |\n| --- | --- |\n| Tray | blue |\n"})
	s.owner.do("POST", path("/articles/%v/publish", article["id"]), object{})
	html := s.file(letter{From: "Cara Customer <cara@acme.test>", Subject: "My printer", Headers: []string{"Content-Type: text/html; charset=utf-8"},
		Text: `<p>It does <b>not</b> print.</p><blockquote>As I wrote before</blockquote>`})
	forged := s.file(letter{From: "Abe Agent <abe@evil.test>", EnvelopeFrom: "x@unproven.test", Subject: "Trust me", Text: "I am Abe."})
	kept := s.file(letter{From: "Cara Customer <cara@acme.test>", Subject: "Away", Headers: []string{"Auto-Submitted: auto-replied"}, Text: "I am away."})
	one, other := path("/cases/%v", html["case_id"]), path("/cases/%v", forged["case_id"])
	s.owner.do("POST", one+"/reply", object{"contents": "What does it say?", "cc": []string{"mia@partner.test"}, "status": "PENDING"})
	s.owner.do("POST", one+"/notes", object{"contents": "@Mia Expert is it the sensor?"})
	s.owner.do("PUT", other, object{"priority": "URGENT", "tags": []string{"billing", "vip"}})
	s.quiet()
	page := path("/agent/conversations/%v", html["case_id"])
	user := path("/agent/users/%v", s.owner.list("/users?email=cara@acme.test")[0]["id"])
	delivery := path("/admin/outbox/%v", s.owner.list("/deliveries")[0]["id"])
	read, written := path("/articles/%v-paper-jams", article["id"]), path("/agent/helpcenter/articles/%v", article["id"])
	public = []string{"/", "/search?q=paper", read, path("/sections/%v-paper", section["id"]), "/contact", "/signin", "/reset"}
	own = []string{"/agent", "/agent?q=printer", "/agent?view=trash", page, path("/agent/conversations/%v", forged["case_id"]),
		page + "/merge", path("%s/merge?with=%v", page, forged["case_id"]), path("%s/split/%v", page, s.posts(html["case_id"], "MESSAGE")[0]["id"]),
		"/agent/new", "/agent/mentions", "/agent/replies", "/agent/users", "/agent/users/new", user, user + "/merge",
		"/agent/organizations", path("/agent/organizations/%v", organization["id"]), "/agent/suspended", path("/agent/suspended/%v", kept["id"]),
		"/agent/helpcenter", written, written + "/revisions", "/admin/directory", "/admin/directory/invite", "/admin/teams", path("/admin/teams/%v", team["id"]), "/admin/roles",
		"/admin/mailboxes", "/admin/mailboxes/1", "/admin/mailboxes/1/dns", "/admin/sending", "/admin/senders", "/admin/mail", path("/admin/mail/%v", html["id"]),
		"/admin/outbox", delivery, "/admin/outbox/held", "/admin/queue", "/admin/suppressions", "/admin/settings", "/admin/audit", "/admin/appearance",
		"/profile", "/profile/two-factor", "/profile/tokens", "/conversations", "/conversations/new"}
	return public, own
}

func TestEveryMainPageFitsEveryScreenEyeAndFinger(t *testing.T) {
	t.Parallel()
	shared.started(t)
	s := newStory(t)
	public, own := s.furnished()
	for _, here := range []screen{desktop, phone} {
		b := s.tab(here)
		for _, page := range public {
			b.shows(page)
		}
		b.signIn("olga@desk.test")
		for _, page := range own {
			b.shows(page)
		}
	}
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
