package main

import (
	"fmt"
	"strings"
	"testing"
)

// The ways of a help desk's people, tried by pointer, by finger, by key, and with
// scripts switched off.
var (
	byKey = screen{name: "1440 by key", width: 1440, height: 900, keyboard: true}
	plain = screen{name: "390 without scripts", width: 390, height: 844, phone: true, plain: true}
)

// signIn goes in by the form.
func (b *tab) signIn(email string) {
	b.s.t.Helper()
	b.open("/signin")
	b.fill("Email address", email)
	b.fill("Password", password)
	b.follow("Sign in")
}

// menu opens what a phone folds away, and goes where a link of the menu leads.
func (b *tab) menu(names ...string) {
	b.s.t.Helper()
	if b.screen.phone {
		b.click("Menu")
	}
	menu := b.in("Agent area")
	for _, fold := range names[:len(names)-1] {
		menu.click(fold)
	}
	menu.follow(names[len(names)-1])
}

// under is what stands below a heading of the page, in its section.
func (b *tab) under(heading string) string {
	return evaluate[string](b, fmt.Sprintf(`([...document.querySelectorAll("section")].find(s => s.querySelector("h2")?.innerText.startsWith(%q))?.innerText ?? "").replace(/\s+/g, " ")`, heading))
}

// lists waits until a list has somebody, or has them no more.
func (b *tab) lists(heading, who string, want bool) {
	b.s.t.Helper()
	if got := strings.Contains(b.under(heading), who); got != want {
		b.s.t.Errorf("that %s stands under %s is %t:\n%s", who, heading, got, b.text())
	}
}

// setsPassword uses a link of a mail, as its reader does.
func (b *tab) setsPassword(link, secret string) {
	b.s.t.Helper()
	b.open(link)
	b.fill("New password", secret)
	b.follow("Set password and sign in")
}

const taken = "The value of the field is already used for another resource"

func TestTeamMembersAreInvitedAllOrNoneAndAccept(t *testing.T) {
	on(t, func(s *story, here screen) {
		s.owner.do("POST", "/users", object{"email": "cara@acme.test", "full_name": "Cara Customer"})
		olga := s.tab(here)
		olga.signIn("olga@desk.test")
		olga.isAt("/agent")
		olga.menu("Agent directory")
		olga.follow("Invite team members")
		olga.sees("Add new team members")

		first := olga.in("Team member 1")
		first.fill("Name", "Ada Adviser")
		first.fill("Email", "ada@desk.test")
		first.choose("Role", "Agent")
		olga.click("Add a new team member")
		second := olga.in("Team member 2")
		second.fill("Name", "Cole Copy")
		second.fill("Email", "CARA@acme.test")
		olga.refused(400, "Save")

		olga.sees(taken)
		second = olga.in("Team member 2")
		second.says("Email", taken)
		second.holds("Name", "Cole Copy")
		second.holds("Email", "CARA@acme.test")
		first = olga.in("Team member 1")
		first.holds("Name", "Ada Adviser")
		first.holds("Email", "ada@desk.test")
		first.holds("Role", "Agent")
		s.want("nobody was made", s.count(`select count(*) from users`), 2)

		second.fill("Email", "cole@partner.test")
		olga.follow("Save")
		olga.isAt("/admin/directory")
		olga.lists("Disabled", "Ada Adviser", true)
		olga.lists("Disabled", "Cole Copy", true)
		olga.lists("Disabled", "Invited", true)
		olga.lists("Enabled", "Ada Adviser", false)

		ada := s.tab(here)
		ada.setsPassword(s.got("ada@desk.test", "/accept/").Links()[0], password)
		ada.isAt("/agent")
		olga.open("/admin/directory")
		olga.lists("Enabled", "Ada Adviser", true)
		olga.lists("Disabled", "Ada Adviser", false)
		olga.lists("Disabled", "Cole Copy", true)
		if !here.plain {
			before := olga.document()
			olga.fill("Name or address", "cole")
			s.eventually("the lists follow what is typed", func() bool { return !strings.Contains(olga.under("Enabled"), "Ada Adviser") })
			olga.lists("Disabled", "Cole Copy", true)
			s.want("the page stayed", olga.document(), before)
		}
	}, desktop, phone, byKey, plain)
}

func TestWhoHasAnAccountIsGivenTheRoleInstead(t *testing.T) {
	on(t, func(s *story, here screen) {
		s.owner.do("POST", "/users", object{"email": "cara@acme.test", "full_name": "Cara Customer"})
		olga := s.tab(here)
		olga.signIn("olga@desk.test")
		olga.open("/admin/directory/invite")
		row := olga.in("Team member 1")
		row.fill("Name", "Cara")
		row.fill("Email", "cara@acme.test")
		row.choose("Role", "Collaborator")
		olga.refused(400, "Save")
		olga.sees("It is Cara Customer’s")
		olga.follow("Make Cara Customer a Collaborator instead")
		olga.open("/admin/directory")
		olga.lists("Enabled", "Cara Customer", true)
		s.want("nobody was made", s.count(`select count(*) from users where role = 'collaborator'`), 1)
	}, phone)
}

func TestAUserIsMadeByHandAndRoundedOut(t *testing.T) {
	on(t, func(s *story, here screen) {
		s.owner.do("POST", "/organizations", object{"name": "Acme", "domains": []string{"acme.test"}})
		s.file(letter{From: "Cara Customer <cara@other.test>", Subject: "My printer", Text: "It does not print."})
		olga := s.tab(here)
		olga.signIn("olga@desk.test")
		olga.menu("New", "User")
		if !here.plain {
			before := olga.document()
			olga.fill("Email address", "car")
			s.eventually("Cara is suggested", func() bool { return olga.has("Cara Customer") })
			s.want("the page stayed", olga.document(), before)
			olga.follow("Cara Customer")
			olga.sees("cara@other.test")
			olga.menu("New", "User")
		}
		olga.fill("Email address", "CARA@other.test")
		olga.refused(400, "Create new user")
		olga.says("Email address", taken)
		olga.follow("See whose it is")
		olga.sees("Cara Customer")

		olga.menu("New", "User")
		olga.fill("Email address", "dora@other.test")
		olga.follow("Create new user")
		page := olga.path()
		olga.sees("dora@other.test")
		olga.fill("Name", "Dora Demo")
		olga.fill("Organization", "Acme")
		olga.fill("Timezone", "Europe/Lisbon")
		olga.fill("Tags", "vip, trial")
		olga.follow("Update properties")
		olga.holds("Name", "Dora Demo")
		olga.holds("Organization", "Acme")
		olga.holds("Timezone", "Europe/Lisbon")
		s.want("tags", s.count(`select count(*) from users where tags @> '{vip,trial}'`), 1)

		dora := s.tab(here)
		dora.setsPassword(s.got("dora@other.test", "/accept/").Links()[0], password)
		dora.isAt("/conversations")

		olga.open(page)
		olga.choose("Role", "Collaborator")
		olga.follow("Update properties")
		olga.holds("Role", "Collaborator")
		olga.holds("Name", "Dora Demo")
	}, desktop, phone, plain)
}

func TestWhoIsDisabledIsOutAtTheNextClick(t *testing.T) {
	on(t, func(s *story, here screen) {
		abe := s.person("agent", "abe@desk.test", "Abe Agent")
		there, olga := s.tab(here), s.tab(here)
		there.signIn("abe@desk.test")
		there.isAt("/agent")
		olga.signIn("olga@desk.test")
		olga.menu("Agent directory")
		olga.lists("Enabled", "Abe Agent", true)
		olga.open("/agent/users/" + abe.id)
		olga.click("More")
		olga.click("Disable user…")
		olga.follow("Disable user")
		olga.sees("Abe Agent (Disabled)")

		there.menu("Users")
		there.isAt("/signin")
		there.fill("Email address", "abe@desk.test")
		there.fill("Password", password)
		there.refused(403, "Sign in")
		olga.menu("Agent directory")
		olga.lists("Disabled", "Abe Agent (Disabled)", true)
		olga.lists("Enabled", "Abe Agent", false)

		olga.open("/agent/users/" + abe.id)
		olga.click("More")
		olga.follow("Enable user")
		olga.seesNot("(Disabled)")
		there.signIn("abe@desk.test")
		there.isAt("/agent")
	}, desktop, phone, plain)
}

func TestWhoForgotThePasswordGetsInByMail(t *testing.T) {
	on(t, func(s *story, here screen) {
		s.person("agent", "abe@desk.test", "Abe Agent")
		abe := s.tab(here)
		abe.open("/signin")
		abe.fill("Email address", "abe@desk.test")
		abe.fill("Password", "not the right one")
		abe.refused(403, "Sign in")
		abe.holds("Email address", "abe@desk.test")

		abe.follow("Forgot your password, or have none yet?")
		abe.fill("Email address", "abe@desk.test")
		abe.follow("Mail me a link")
		abe.sees("If there is an account with this address")
		abe.setsPassword(s.got("abe@desk.test", "/accept/").Links()[0], "another horse battery")
		abe.isAt("/agent")

		again := s.tab(here)
		again.open("/signin")
		again.fill("Email address", "abe@desk.test")
		again.fill("Password", password)
		again.refused(403, "Sign in")
		again.fill("Password", "another horse battery")
		again.follow("Sign in")
		again.isAt("/agent")
	}, desktop, phone, plain)
}

func TestWhoIsSignedInElsewhereCanEndThat(t *testing.T) {
	on(t, func(s *story, here screen) {
		s.person("agent", "abe@desk.test", "Abe Agent")
		there, abe := s.tab(here), s.tab(here)
		there.signIn("abe@desk.test")
		there.isAt("/agent")

		abe.open("/signin")
		abe.fill("Email address", "abe@desk.test")
		abe.follow("Mail me a link instead")
		abe.sees("Look into your mail")
		abe.open(s.got("abe@desk.test", "/accept/").Links()[0])
		abe.follow("Sign in")
		abe.isAt("/agent")

		abe.open("/profile")
		abe.sees("This browser")
		abe.follow("Sign out everywhere else")
		there.menu("Users")
		there.isAt("/signin")
		abe.open("/agent")
		abe.isAt("/agent")
	}, desktop, plain)
}
