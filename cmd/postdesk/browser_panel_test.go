package main

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The ways of the panel: what an agent does all day. Each flow has one desk, and
// several things that belong together.

// holdsNow waits until the page answers a question so.
func (b *tab) holdsNow(query, want string) {
	b.s.t.Helper()
	got := ""
	b.s.eventually(query+" is "+want, func() bool { got = evaluate[string](b, query); return got == want })
}

// presses are keys, wherever the focus is.
func (b *tab) presses(keys string) {
	b.s.t.Helper()
	b.must(chromedp.KeyEvent(keys))
}

// TestWhatArrivesShowsWithoutLosingWhatIsTyped, and a reply crosses no message that
// its writer had before them.
func TestWhatArrivesShowsWithoutLosingWhatIsTyped(t *testing.T) {
	on(t, func(s *story, here screen) {
		first := s.mail(letter{From: "Cara Customer <cara@acme.test>", Subject: "My printer", Text: "It does not print."})
		page := path("/agent/conversations/%v", s.filed(first)["case_id"])
		olga, list := s.tab(here), s.tab(here)
		olga.signIn("olga@desk.test")
		olga.open(page)
		list.signIn("olga@desk.test")
		olga.fill("Reply to Cara Customer", "Dear Cara")
		before := olga.document()
		s.file(letter{From: "Cara Customer <cara@acme.test>", Subject: "Re: My printer", Headers: []string{"In-Reply-To: <" + first + ">"}, Text: "It prints again."})
		olga.sees("It prints again.")
		list.sees("One conversation changed.")
		olga.holds("Reply to Cara Customer", "Dear Cara")
		olga.click("Show")
		olga.holdsNow(`(document.querySelector("[name=seen]").value === document.querySelector(".timeline").lastElementChild.id.slice(5)) + ""`, "true")
		s.want("the page stayed", olga.document(), before)
		olga.follow("Send reply")
		s.got("cara@acme.test", "Dear Cara")
	}, desktop)
}

// TestKeysDoTheCommonestActsUnlessSwitchedOff, on a list as in a conversation, and
// menus and dialogs let the focus back.
func TestKeysDoTheCommonestActsUnlessSwitchedOff(t *testing.T) {
	on(t, func(s *story, here screen) {
		s.file(letter{From: "Cara Customer <cara@acme.test>", Subject: "My printer", Text: "It does not print."})
		olga := s.tab(here)
		olga.signIn("olga@desk.test")
		olga.presses(kb.Tab)
		olga.holdsNow(`document.activeElement.className`, "skip")
		olga.presses(kb.Enter)
		olga.holdsNow(`document.activeElement.id`, "main")
		olga.presses("j")
		olga.holdsNow(`document.activeElement.textContent`, "My printer")
		olga.presses("x")
		olga.sees("1 ticked")
		olga.presses("o")
		olga.isAt("/agent/conversations/1")
		olga.loaded()
		olga.presses("r")
		olga.holdsNow(`document.activeElement.id`, "f-contents")
		evaluate[any](olga, `document.activeElement.blur(), 1`)

		olga.presses("?")
		olga.sees("Keyboard shortcuts")
		for range 8 {
			olga.presses(kb.Tab)
			s.want("the focus stays in the dialog, or with the browser", evaluate[bool](olga, `document.activeElement === document.body || document.getElementById("keys").contains(document.activeElement)`), true)
		}
		olga.presses(kb.Escape)
		olga.holdsNow(`document.getElementById("keys").open + ""`, "false")
		evaluate[any](olga, `localStorage.setItem("postdesk.keys", "off"), 1`)
		olga.open("/agent")
		olga.presses("j/")
		s.want("keys do nothing", evaluate[string](olga, `document.activeElement.tagName`), "BODY")
		evaluate[any](olga, `localStorage.removeItem("postdesk.keys"), 1`)
	}, desktop)
}
