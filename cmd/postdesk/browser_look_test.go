package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// looksRight holds what is true of every page.
func (b *tab) looksRight() {
	b.s.t.Helper()
	for _, fault := range b.looks() {
		b.s.t.Errorf("%s (%s): %s", b.path(), b.screen.name, fault)
	}
}

// looks tells what is wrong with how a page fits the screen's width, and with the
// names of what can be used on it.
func (b *tab) looks() (faults []string) {
	b.s.t.Helper()
	if wide := evaluate[int64](b, `document.scrollingElement.scrollWidth`); wide > b.screen.width {
		faults = append(faults, fmt.Sprintf("%d pixels wide: %s", wide, evaluate[string](b, tooWide)))
	}
	if moved := evaluate[float64](b, `window.moved || 0`); moved >= 0.1 {
		faults = append(faults, fmt.Sprintf("what was there moved while more came (cumulative layout shift %.3f)", moved))
	}
	for _, role := range b.nameless() {
		faults = append(faults, "a "+role+" without a name")
	}
	return faults
}

// moving sums up by how much what was there moves while a page loads.
const moving = `window.moved = 0
new PerformanceObserver(all => { for (const e of all.getEntries()) if (!e.hadRecentInput) window.moved += e.value }).observe({type: "layout-shift", buffered: true})`

// tooWide names what sticks out.
const tooWide = `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
	.map(e => e.tagName + "." + e.className).slice(-5).join(", ")`

// nameless are the roles of what can be used and is called nothing.
func (b *tab) nameless() (roles []string) {
	b.s.t.Helper()
	b.must(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		tree, err := cdp.Call(ctx, t, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
		for _, n := range tree.Nodes {
			if role := word(n.Role); !n.Ignored && word(n.Name) == "" && slices.Contains(slices.Concat(pressed, written), role) {
				roles = append(roles, role)
			}
		}
		return err
	}))
	return roles
}

// The main pages, in both faces. For people to look at them too:
// POSTDESK_TEST_SHOTS names the folder.
func TestEveryMainPageFitsEveryScreenLightAndDark(t *testing.T) {
	on(t, func(s *story, here screen) {
		s.person("agent", "abe@desk.test", "Abe Agent")
		s.person("collaborator", "mia@partner.test", "Mia Expert")
		s.file(letter{From: "Cara Customer <cara@acme.test>", Subject: "My printer", Text: "It does not print.\n\nWhat can I do?"})
		stranger, olga := s.tab(here), s.tab(here)
		for _, page := range []string{"/", "/signin", "/reset"} {
			stranger.shows(page)
		}
		olga.signIn("olga@desk.test")
		user := path("/agent/users/%v", s.owner.list("/users?email=cara@acme.test")[0]["id"])
		for _, page := range []string{"/agent", "/agent/new", "/agent/users", "/agent/users/new", user, "/agent/organizations",
			"/admin/directory", "/admin/directory/invite", "/admin/teams", "/admin/settings", "/admin/audit", "/profile", "/conversations"} {
			olga.shows(page)
		}
	}, desktop, phone)
}

// shows opens a page in the light and takes its picture in both faces, if asked.
func (b *tab) shows(page string) {
	b.s.t.Helper()
	b.open(page)
	dir := os.Getenv("POSTDESK_TEST_SHOTS")
	if dir == "" {
		return
	}
	name := "page" + strings.ReplaceAll(page, "/", "_") + "-" + b.screen.name
	b.picture(filepath.Join(dir, name+"-light.png"))
	b.wears("dark")
	b.open(page) // afresh: colours that fade would be caught half way
	b.picture(filepath.Join(dir, name+"-dark.png"))
	b.wears("light")
}
