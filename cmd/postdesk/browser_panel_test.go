package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/pquerna/otp/totp"
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

// TestWhoOpensTheFirstLinkOwnsTheDesk, once.
func TestWhoOpensTheFirstLinkOwnsTheDesk(t *testing.T) {
	t.Parallel()
	for _, here := range []screen{desktop, phone} {
		t.Run(here.name, func(t *testing.T) {
			t.Parallel()
			shared.started(t)
			s := emptyStory(t)
			olga := s.tab(here)
			olga.open(s.at.SetupLink)
			olga.isFit()
			olga.fill("Email address", "olga@desk.test")
			olga.fill("Your name", "Olga Owner")
			olga.fill("New password", password)
			olga.follow("Set password and sign in")
			olga.isAt("/agent")
			olga.sees("No conversations yet")
			s.want("owners", s.count(`select count(*) from users where role = 'owner' and enabled`), 1)
			late := s.stranger()
			late.open(s.at.SetupLink)
			s.want("what the link is worth now", late.code, http.StatusGone)
		})
	}
}

// TestAFirstMailIsAnsweredFromTheList: a mail comes in, is found in the list, gets a
// note that tells a colleague, and an answer with somebody in CC; View note leads
// the colleague through sign-in to the note.
func TestAFirstMailIsAnsweredFromTheList(t *testing.T) {
	on(t, func(s *story, here screen) {
		s.person("collaborator", "mia@partner.test", "Mia Expert")
		olga := s.tab(here)
		olga.signIn("olga@desk.test")
		olga.sees("No conversations yet")
		s.file(letter{From: "Cara Customer <cara@acme.test>", Subject: "My printer", Text: "It does not print."})
		olga.open("/agent")
		olga.follow("My printer")
		olga.sees("It does not print.")

		page := olga.path()
		olga.open(page + "?tab=note")
		if here.plain {
			olga.fill("Note for the team", "Ask @Mia Expert about the sensor.")
		} else {
			olga.fill("Note for the team", "Ask @mi")
			olga.sees("Collaborator · mia@partner.test")
			olga.presses(kb.Tab)
			olga.holds("Note for the team", "Ask @Mia Expert ")
			olga.presses("about the sensor.")
			olga.isFit()
		}
		olga.follow("Save note")
		olga.sees("about the sensor.")

		olga.open(page)
		olga.click("Add CC")
		if here.plain {
			olga.fill("CC", "lee@acme.test")
			olga.fill("Reply to Cara Customer", "Dear Cara")
			olga.follow("Who gets what?")
			olga.sees("lee@acme.test")
			olga.holds("Reply to Cara Customer", "Dear Cara")
		} else {
			olga.writesAnAnswer()
		}
		olga.follow("Send reply")
		s.got("cara@acme.test", "Dear Cara")
		s.got("lee@acme.test", "Dear Cara")
		s.want("participants", s.count(`select count(*) from participants`) > 0, true)

		mia := s.tab(here)
		for _, link := range s.got("mia@partner.test", "View note").Links() {
			if strings.Contains(link, "note-") {
				mia.open(link)
			}
		}
		mia.isAt("/signin")
		mia.fill("Email address", "mia@partner.test")
		mia.fill("Password", password)
		mia.follow("Sign in")
		mia.sees("about the sensor.")
		s.want("where View note leads", strings.HasPrefix(evaluate[string](mia, "location.hash"), "#note-"), true)
	}, desktop, phone, plain)
}

// writesAnAnswer fills the composer with chips and words, and goes on after the page
// was loaded anew.
func (b *tab) writesAnAnswer() {
	b.s.t.Helper()
	page := b.path()
	b.fill("CC", "support@desk.test,")
	b.sees("support@desk.test is an address of this help desk")
	b.presses(kb.Backspace)
	b.s.eventually("the wrong address is gone", func() bool { return !strings.Contains(b.text(), "is an address of this help desk") })
	b.presses("lee@acme.test,")
	b.holdsNow(`[...document.querySelectorAll("#recipients li")].some(li => li.dataset.address === "lee@acme.test") + ""`, "true")
	b.isFit()
	b.fill("Reply to Cara Customer", "Dear Cara")
	b.s.eventually("the words are kept", func() bool { return b.s.count(`select count(*) from drafts where text = 'Dear Cara'`) == 1 })
	b.open(page)
	b.holds("Reply to Cara Customer", "Dear Cara")
	b.holdsNow(`[...document.querySelectorAll(".chip")].map(chip => chip.dataset.address).join()`, "lee@acme.test")
}

// TestSeveralAreChangedAtOnceAndSuspendedMailIsReleased, by what stands over the list.
func TestSeveralAreChangedAtOnceAndSuspendedMailIsReleased(t *testing.T) {
	on(t, func(s *story, here screen) {
		for _, subject := range []string{"One", "Two", "Three"} {
			s.file(letter{From: "Cara Customer <cara@acme.test>", Subject: subject, Text: "Hello."})
		}
		s.file(letter{From: "Cara Customer <cara@acme.test>", Subject: "Away", Headers: []string{"Auto-Submitted: auto-replied"}, Text: "I am away."})
		olga := s.tab(here)
		olga.signIn("olga@desk.test")
		if !here.plain {
			s.want("the acts are shown", olga.has("Apply"), false)
		}
		olga.click("#1 One")
		olga.click("#3 Three")
		if !here.plain {
			olga.sees("2 ticked")
			olga.isFit()
		}
		changes := olga.in("Change the ticked conversations")
		changes.choose("Status", "Pending")
		changes.fill("Add a tag", "printer")
		changes.follow("Apply")
		s.want("changed", s.count(`select count(*) from conversations where status = 'pending' and tags @> '{printer}'`), 2)
		s.want("left alone", s.count(`select count(*) from conversations where status = 'new'`), 1)

		olga.open("/agent/suspended")
		olga.click("Mail 4 from cara@acme.test")
		olga.follow("Release")
		s.eventually("the mail is let in", func() bool { return s.count(`select count(*) from inbound where state = 'success'`) == 4 })
	}, desktop, phone, plain)
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

// TestASecondFactorIsSetUpAndAskedFor, with the codes of a device.
func TestASecondFactorIsSetUpAndAskedFor(t *testing.T) {
	on(t, func(s *story, here screen) {
		abe := s.person("agent", "abe@desk.test", "Abe Agent")
		tab := s.tab(here)
		tab.signIn(abe.email)
		tab.open("/profile/two-factor")
		tab.fill("Your password", password)
		tab.follow("Set up")
		tab.isFit()
		secret := evaluate[string](tab, `document.querySelector("input[name=secret]").value`)
		code := func(after time.Duration) string {
			code, err := totp.GenerateCode(secret, time.Now().Add(after))
			if err != nil {
				t.Fatal(err)
			}
			return code
		}
		tab.fill("Code", code(0))
		tab.follow("Turn on")
		tab.sees("Your backup codes")
		tab.isFit()

		again := s.tab(here)
		again.signIn(abe.email)
		again.isAt("/signin/code")
		again.isFit()
		again.fill("Code", "000000")
		again.refused(403, "Sign in")
		again.fill("Code", code(30*time.Second)) // a code signs in once
		again.follow("Sign in")
		again.isAt("/agent")
	}, desktop, phone)
}
