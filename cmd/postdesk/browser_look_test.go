package main

import (
	"context"
	"fmt"
	"slices"

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
