package main

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// A screen is what somebody sits before.
type screen struct {
	name          string
	width, height int64
	phone         bool // is touched, and has the width of a hand
	keyboard      bool // goes by Tab and Enter alone
	plain         bool // runs no scripts
}

var (
	desktop = screen{name: "1440", width: 1440, height: 900}
	phone   = screen{name: "390", width: 390, height: 844, phone: true}
)

// on runs a flow before each screen, with a program of its own.
func on(t *testing.T, flow func(s *story, here screen), screens ...screen) {
	t.Parallel()
	for _, here := range screens {
		t.Run(here.name, func(t *testing.T) {
			t.Parallel()
			shared.started(t)
			flow(newStory(t), here)
		})
	}
}

// A tab is a person in front of a real browser, with cookies of their own. They
// find things as one does who listens to the page: by what a thing is and what it
// is called. It fails the story at anything that a console would show in red.
type tab struct {
	s      *story
	screen screen
	ctx    context.Context
	host   string
	watch  *watch
	within cdp.BackendNodeID // where to look; 0 is the whole page
}

// tab opens a new browser window on a blank page.
func (s *story) tab(here screen) *tab {
	s.t.Helper()
	b := &tab{s: s, screen: here, host: s.at.HTTP, watch: &watch{host: s.at.HTTP}}
	ctx, cancel := chromedp.NewContext(shared.started(s.t), chromedp.WithNewBrowserContext())
	b.ctx = ctx
	s.t.Cleanup(func() {
		b.end()
		cancel()
	})
	if err := chromedp.Listen(ctx, b.see); err != nil {
		s.t.Fatal(err)
	}
	b.must(call(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: here.width, Height: here.height, DeviceScaleFactor: 1, Mobile: here.phone}))
	b.must(call(emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: here.phone}))
	b.must(call(emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}))
	b.must(call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: here.plain}))
	b.must(call(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: moving}))
	b.wears("light")
	return b
}

// see passes on what happens, and closes dialogs: they hold everything up.
func (b *tab) see(event any) {
	b.watch.see(event)
	if _, is := event.(*page.EventJavascriptDialogOpening); is {
		go func() { _ = b.try(call(page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})) }()
	}
}

// wears switches between the light and the dark face. Nothing moves in either.
func (b *tab) wears(scheme string) {
	b.s.t.Helper()
	b.must(call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}))
}

// end shows what went wrong here, with a picture of the page.
func (b *tab) end() {
	for _, fault := range b.watch.all() {
		b.s.t.Errorf("in the browser (%s): %s", b.screen.name, fault)
	}
	if !b.s.t.Failed() {
		return
	}
	if dir, err := os.MkdirTemp("", "postdesk-browser-"); err == nil {
		b.s.t.Logf("%s was looking at %s", b.screen.name, b.picture(filepath.Join(dir, b.screen.name+".png")))
	}
}

// picture keeps the whole page as an image.
func (b *tab) picture(file string) string {
	shot, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		return err.Error()
	}
	if err := os.WriteFile(file, shot, 0o600); err != nil {
		return err.Error()
	}
	return file
}

// patience is how long anything may take before it is said not to happen.
const patience = 30 * time.Second

// call is a command of the browser as a step.
func call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, params)
		return err
	})
}

// must does what cannot fail with a browser that lives.
func (b *tab) must(steps ...chromedp.Action[chromedp.Void]) {
	b.s.t.Helper()
	if err := b.try(steps...); err != nil {
		b.s.t.Fatalf("browser: %v", err)
	}
}

func (b *tab) try(steps ...chromedp.Action[chromedp.Void]) error {
	return chromedp.Do(b.ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		for _, step := range steps {
			if _, err := step(ctx, t); err != nil {
				return err
			}
		}
		return nil
	}))
}

// open goes to a page, or follows a link of a mail, which names the port that the
// program would have elsewhere.
func (b *tab) open(link string) {
	b.s.t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		b.s.t.Fatal(err)
	}
	u.Scheme, u.Host = "http", b.host
	b.must(chromedp.Navigate(u.String()))
	b.loaded()
}

// loaded waits for the page and looks it over.
func (b *tab) loaded() {
	b.s.t.Helper()
	b.s.eventually("the page is loaded", func() bool { return evaluate[string](b, `document.readyState`) == "complete" })
	b.looksRight()
}

// evaluate asks the page something. It is empty while the page changes.
func evaluate[T any](b *tab, expression string) (value T) {
	_ = b.try(chromedp.Func(func(ctx context.Context, t *chromedp.Target) (err error) {
		value, err = chromedp.Evaluate[T](expression)(ctx, t)
		return err
	}))
	return value
}

// document tells one load of a page from the next.
func (b *tab) document() (id cdp.LoaderID) {
	_ = b.try(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		tree, err := cdp.Call(ctx, t, page.GetFrameTree, cdp.Empty{})
		if err == nil {
			id = tree.FrameTree.Frame.LoaderID
		}
		return err
	}))
	return id
}

// follow clicks what leads to another page and waits until that one is there.
func (b *tab) follow(name string) {
	b.s.t.Helper()
	before := b.document()
	b.click(name)
	b.s.eventually("«"+name+"» leads to another page", func() bool { now := b.document(); return now != "" && now != before })
	b.loaded()
}

// refused is follow where the answer must be this status.
func (b *tab) refused(status int64, name string) {
	b.s.t.Helper()
	b.watch.expect(status)
	b.follow(name)
}

// path is where the tab is.
func (b *tab) path() string { return evaluate[string](b, `location.pathname`) }

// isAt waits until the tab is at a page.
func (b *tab) isAt(path string) {
	b.s.t.Helper()
	b.s.eventually("the tab is at "+path+", it is at "+b.path(), func() bool { return b.path() == path })
}

// text is what can be read on the page, on one line.
func (b *tab) text() string {
	return strings.Join(strings.Fields(evaluate[string](b, `document.body ? document.body.innerText : ""`)), " ")
}

// sees waits until the page shows these words, and tells what it shows if it never
// does.
func (b *tab) sees(words string) {
	b.s.t.Helper()
	seen := false
	defer func() {
		if !seen {
			b.s.t.Logf("%s shows:\n%s", b.path(), b.text())
		}
	}()
	b.s.eventually("the page shows «"+words+"»", func() bool { seen = strings.Contains(b.text(), words); return seen })
}

// seesNot holds that the page, which is there, does not show these words.
func (b *tab) seesNot(words string) {
	b.s.t.Helper()
	if text := b.text(); strings.Contains(text, words) {
		b.s.t.Errorf("%s shows «%s»:\n%s", b.path(), words, text)
	}
}
