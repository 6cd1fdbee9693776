package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The roles of what can be pressed, and of what can be written to.
var (
	pressed = []string{"link", "button", "DisclosureTriangle", "checkbox", "radio", "menuitem", "option"}
	written = []string{"textbox", "searchbox", "combobox", "spinbutton"}
	holding = []string{"group", "region", "form", "list", "listitem", "navigation", "row", "article", "complementary"}
)

// word is a string in the tree of what assistive technology is told.
func word(v *accessibility.Value) string {
	said := ""
	if v != nil {
		_ = json.Unmarshal(v.Value, &said)
	}
	return said
}

// named are the things of the page that have this name and one of these roles.
// What is hidden is not told to anybody.
func (b *tab) named(name string, roles []string) (found []cdp.BackendNodeID) {
	_ = b.try(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		ask := accessibility.QueryAXTreeParams{AccessibleName: name, BackendNodeID: b.within}
		if b.within == 0 {
			root, err := cdp.Call(ctx, t, runtime.Evaluate, runtime.EvaluateParams{Expression: "document"})
			if err != nil {
				return err
			}
			ask.ObjectID = root.Result.ObjectID
		}
		answer, err := cdp.Call(ctx, t, accessibility.QueryAXTree, ask)
		for _, n := range answer.Nodes {
			if !n.Ignored && slices.Contains(roles, word(n.Role)) && !slices.Contains(found, n.BackendDOMNodeID) {
				found = append(found, n.BackendDOMNodeID)
			}
		}
		return err
	}))
	return found
}

// find waits until there is exactly one.
func (b *tab) find(name string, roles []string) (node cdp.BackendNodeID) {
	b.s.t.Helper()
	var found []cdp.BackendNodeID
	defer func() {
		if node == 0 {
			b.s.t.Logf("%d such things at %s:\n%s", len(found), b.path(), b.text())
		}
	}()
	b.s.eventually(fmt.Sprintf("one %s «%s» is there", strings.Join(roles, " or "), name), func() bool {
		found = b.named(name, roles)
		if len(found) > 1 && slices.Contains(roles, "button") {
			if buttons := b.named(name, []string{"button"}); len(buttons) == 1 {
				found = buttons // before a link of the same name
			}
		}
		return len(found) == 1
	})
	return found[0]
}

// has tells whether something that can be pressed or written to has this name now.
func (b *tab) has(name string) bool { return len(b.named(name, slices.Concat(pressed, written))) > 0 }

// in is the same tab, looking only at a group of this name.
func (b *tab) in(group string) *tab {
	b.s.t.Helper()
	part := *b
	part.within = b.find(group, holding)
	return &part
}

// ask calls a function with the thing as this.
func ask[T any](b *tab, node cdp.BackendNodeID, function string, args ...any) (value T, err error) {
	err = b.try(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		thing, err := cdp.Call(ctx, t, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: node})
		if err != nil {
			return err
		}
		value, err = chromedp.CallFunctionOn[T](function, func(p *runtime.CallFunctionOnParams) { p.ObjectID = thing.Object.ObjectID }, args...)(ctx, t)
		return err
	}))
	return value, err
}

// spot is the middle of the first line of a thing, or null if something covers it.
const spot = `function () {
	const r = this.getClientRects()[0]
	if (!r) return null
	const x = r.x + r.width / 2, y = r.y + r.height / 2
	const top = document.elementFromPoint(x, y)
	return top && (this.contains(top) || (this.labels && [...this.labels].some(l => l.contains(top)))) ? [x, y] : null
}`

// click presses what has this name, by pointer, finger or key.
func (b *tab) click(name string) {
	b.s.t.Helper()
	node := b.find(name, pressed)
	if b.screen.keyboard {
		b.reach(name, node)
		b.must(chromedp.KeyEvent(kb.Enter))
		return
	}
	b.touch(name, node)
}

// touch points at a thing, which nothing may cover.
func (b *tab) touch(name string, node cdp.BackendNodeID) {
	b.s.t.Helper()
	var at []float64
	b.s.eventually("«"+name+"» can be pressed", func() bool {
		err := b.try(call(dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: node}))
		if err == nil {
			at, err = ask[[]float64](b, node, spot)
		}
		return err == nil && len(at) == 2
	})
	if b.screen.phone {
		b.must(chromedp.TapXY(at[0], at[1]))
		return
	}
	b.must(chromedp.MouseClickXY(at[0], at[1]))
}

// visiblyFocused tells whether a thing has the focus: 0 no, 1 yes but nobody can
// see it, 2 yes.
const visiblyFocused = `function () {
	if (document.activeElement !== this) return 0
	const s = getComputedStyle(this)
	return (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== "none" ? 2 : 1
}`

// reach goes to a thing by Tab alone, and holds that one can see being there.
func (b *tab) reach(name string, node cdp.BackendNodeID) {
	b.s.t.Helper()
	for range 200 {
		focused, err := ask[int](b, node, visiblyFocused)
		if err != nil {
			b.s.t.Fatalf("«%s»: %v", name, err)
		}
		if focused == 1 {
			b.s.t.Errorf("«%s» at %s has the focus, and nobody can see it", name, b.path())
		}
		if focused > 0 {
			return
		}
		b.must(chromedp.KeyEvent(kb.Tab))
	}
	b.s.t.Fatalf("«%s» at %s cannot be reached by Tab", name, b.path())
}

// focus brings the cursor into a field.
func (b *tab) focus(name string) cdp.BackendNodeID {
	b.s.t.Helper()
	node := b.find(name, written)
	if b.screen.keyboard {
		b.reach(name, node)
		return node
	}
	b.touch(name, node)
	b.s.eventually("the cursor is in «"+name+"»", func() bool {
		focused, err := ask[bool](b, node, `function () { return document.activeElement === this }`)
		return err == nil && focused
	})
	return node
}

// fill writes into a field, in place of what stood there.
func (b *tab) fill(name, text string) {
	b.s.t.Helper()
	node := b.focus(name)
	if _, err := ask[bool](b, node, `function () { this.select(); return true }`); err != nil {
		b.s.t.Fatal(err)
	}
	if text == "" {
		text = kb.Backspace
	}
	b.must(chromedp.KeyEvent(text))
}

// choose picks what a list offers, by writing its name there.
func (b *tab) choose(name, option string) {
	b.s.t.Helper()
	node := b.find(name, written)
	if b.screen.keyboard {
		b.reach(name, node)
	} else {
		b.must(call(dom.Focus, dom.FocusParams{BackendNodeID: node}))
	}
	b.must(chromedp.KeyEvent(option))
	b.s.eventually("«"+option+"» is chosen", func() bool {
		chosen, err := ask[string](b, node, `function () { return this.selectedOptions[0].label }`)
		return err == nil && chosen == option
	})
}

// holds waits until a field holds this.
func (b *tab) holds(name, want string) {
	b.s.t.Helper()
	var got string
	node := b.find(name, written)
	b.s.eventually("«"+name+"» holds "+want, func() bool {
		got, _ = ask[string](b, node, `function () { return this.selectedOptions ? this.selectedOptions[0].label : this.value }`)
		return got == want
	})
}

// says holds that a field is told to be faulty, with these words beside it.
func (b *tab) says(name, words string) {
	b.s.t.Helper()
	node := b.find(name, written)
	b.s.eventually("beside «"+name+"» stands "+words, func() bool {
		said, err := ask[string](b, node, `function () { return this.closest(".field").innerText }`)
		return err == nil && strings.Contains(said, words)
	})
}
