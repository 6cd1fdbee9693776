package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// chromium is the one browser of all these tests: started by the first that wants
// it, ended after the last. Each tab is a person of their own in it.
type chromium struct {
	once sync.Once
	ctx  context.Context
	err  error
}

var shared chromium

func TestMain(m *testing.M) {
	authorities = trusted()
	m.Run()
	authorities.forget()
	shared.stop()
}

// errNoBrowser fails the tests that need one: none is left out unasked.
var errNoBrowser = errors.New("no Chromium was found: `make test` installs it; or name it by POSTDESK_TEST_CHROMIUM, or leave these tests out with POSTDESK_TEST_NO_BROWSER=1")

// chromiumPath finds it in the same places as .ci/chromium.
func chromiumPath() (string, error) {
	if named := os.Getenv("POSTDESK_TEST_CHROMIUM"); named != "" {
		return exec.LookPath(named)
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
		"/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			return found, nil
		}
	}
	return "", errNoBrowser
}

// started gives the browser, starting it if nobody did.
func (c *chromium) started(t *testing.T) context.Context {
	t.Helper()
	if os.Getenv("POSTDESK_TEST_NO_BROWSER") != "" {
		t.Skip("POSTDESK_TEST_NO_BROWSER is set: nothing is tried in a real browser")
	}
	c.once.Do(c.start)
	if c.err != nil {
		t.Fatal(c.err)
	}
	return c.ctx
}

// start begins without a sandbox only for root, where Chromium refuses one: that
// is chromedp's way. No name but our own address leads anywhere.
func (c *chromium) start() {
	found, err := chromiumPath()
	if err != nil {
		c.err = err
		return
	}
	alive, _ := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(found), chromedp.DisableGPU, chromedp.WSURLReadTimeout(time.Minute),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", false),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))...)
	c.ctx, _ = chromedp.NewContext(alive)
	if c.err = chromedp.Do(c.ctx); c.err != nil {
		c.err = errors.Join(errors.New("Chromium does not start"), c.err)
	}
}

func (c *chromium) stop() {
	if c.ctx == nil || c.err != nil {
		return
	}
	soon, cancel := context.WithTimeout(c.ctx, 10*time.Second)
	defer cancel()
	_ = chromedp.Cancel(soon)
}
