package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// listed are the addresses that the composer says get something, sorted.
func (b *browser) listed() (addresses []string) {
	b.s.t.Helper()
	_, list, found := strings.Cut(b.text, `<ul class="gets">`)
	if !found {
		b.s.t.Fatalf("%s lists no recipients", b.at)
	}
	list, _, _ = strings.Cut(list, "</ul>")
	for _, row := range strings.Split(list, `data-address="`)[1:] {
		address, _, _ := strings.Cut(row, `"`)
		addresses = append(addresses, address)
	}
	slices.Sort(addresses)
	return addresses
}

// repliesTo sends an answer from the composer: those whom it listed before, and
// nobody else outside, get the new words.
func (s *story) repliesTo(by *browser, id any, text string, want []string) {
	s.t.Helper()
	by.open(path("/agent/conversations/%v", id))
	s.want("the composer lists before "+text, by.listed(), want)
	s.want("who is mailed "+text, s.sends(func() {
		by.submit(path("/agent/conversations/%v/reply", id), url.Values{"contents": {text}, "do": {"send"}})
	}), want)
}

func TestA48AfterAMergeOnlyNewWordsAreSentToThoseWhomTheComposerLists(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.person("agent", "abe@desk.test", "Abe Agent")
	cara := s.file(letter{From: "Cara <cara@acme.test>", Subject: "One", Headers: []string{"Cc: cole@acme.test"}, Text: "nachtigall"})
	eve := s.file(letter{From: "Eve <eve@other.test>", Subject: "Two", Headers: []string{"Cc: erik@other.test"}, Text: "kanarienvogel"})
	abe := s.signedIn("abe@desk.test")
	for _, m := range []object{cara, eve} {
		abe.open(path("/agent/conversations/%v", m["case_id"]))
		abe.submit(path("/agent/conversations/%v/reply", m["case_id"]), url.Values{"contents": {path("Old words of %v.", m["case_id"])}, "do": {"send"}})
	}
	evesReply := s.got("eve@other.test", path("Old words of %v.", eve["case_id"]))
	abe.open(path("/agent/conversations/%v/merge?with=%v", eve["case_id"], cara["case_id"]))
	abe.submit(path("/agent/conversations/%v/merge", eve["case_id"]), nil)
	s.want("the survivor", abe.at.Path, path("/agent/conversations/%v", cara["case_id"]))

	s.repliesTo(abe, cara["case_id"], "Drossel.", []string{"cara@acme.test", "cole@acme.test"})
	for _, to := range []string{"cara@acme.test", "cole@acme.test"} {
		got := s.got(to, "Drossel.").all()
		for _, foreign := range []string{"kanarienvogel", path("Old words of %v.", eve["case_id"]), "eve@other.test", "erik@other.test", "Two"} {
			s.want(to+" reads "+foreign, strings.Contains(got, foreign), false)
		}
		s.want(to+" is reminded of what is theirs", strings.Contains(got, "nachtigall"), true)
	}
	// Eve answers what she has: she is a stranger to the survivor.
	before := len(s.posts(cara["case_id"], "MESSAGE"))
	back := s.file(answer(evesReply, "eve@other.test", "And mine?"))
	s.want("Eve's answer", back["rule"], "elsewhere")
	s.want("messages of the survivor", len(s.posts(cara["case_id"], "MESSAGE")), before)
}

func TestA48AfterAMergeWithTheOtherRequesterTickedBothAreListedAndNeitherReadsTheOthersPast(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	cara := s.file(letter{From: "cara@acme.test", Subject: "One", Text: "nachtigall"})
	eve := s.file(letter{From: "eve@other.test", Subject: "Two", Text: "kanarienvogel"})
	olga := s.signedIn("olga@desk.test")
	olga.open(path("/agent/conversations/%v/merge?with=%v", eve["case_id"], cara["case_id"]))
	olga.submit(path("/agent/conversations/%v/merge", eve["case_id"]), url.Values{"requester_too": {"yes"}})
	s.repliesTo(olga, cara["case_id"], "Drossel.", []string{"cara@acme.test", "eve@other.test"})
	s.want("Cara reads Eve's words", strings.Contains(s.got("cara@acme.test", "Drossel.").all(), "kanarienvogel"), false)
	toEve := s.got("eve@other.test", "Drossel.")
	s.want("Eve reads her own words back", strings.Contains(toEve.all(), "kanarienvogel"), false)
	s.want("both see each other", toEve.Addresses("To")[0]+" "+fmt.Sprint(toEve.Addresses("Cc")), "cara@acme.test [eve@other.test]")
}

func TestA48ARequesterAtAnotherDomainNeedsAConfirmationAndReadsOnlyNewWords(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.person("customer", "eve@other.test", "Eve")
	s.person("collaborator", "mia@partner.test", "Mia Meyer")
	m := s.file(letter{From: "Cara <cara@acme.test>", Subject: "One", Headers: []string{"Cc: cole@acme.test"}, Text: "nachtigall"})
	id := m["case_id"]
	s.owner.do("POST", path("/cases/%v/reply", id), object{"contents": "Old words.", "cc": []string{"mia@partner.test"}})
	carasReply := s.got("cara@acme.test", "Old words.")
	olga := s.signedIn("olga@desk.test")
	requester := func() any { return s.conversation(id)["requester"].(object)["email"] }
	page := path("/agent/conversations/%v/requester", id)

	olga.open(path("/agent/conversations/%v", id))
	olga.submit(page, url.Values{"requester": {"eve@other.test"}})
	s.want("unconfirmed, by page", olga.code, 400)
	s.want("the form says", olga.says("Cara is at acme.test, Eve at other.test. Eve will get every further answer."), true)
	s.want("the requester stays", requester(), "cara@acme.test")
	// What was asked is Eve. Who changes the address and ticks the box is asked again.
	olga.submit(page, url.Values{"requester": {"sue@strict.test"}, "confirm_requester": {"eve@other.test"}})
	s.want("another one than confirmed", olga.code, 400)
	s.want("the requester still stays", requester(), "cara@acme.test")
	s.want("an account was made", len(s.owner.list("/users?email=sue@strict.test")), 0)
	user := s.owner.list("/users?email=eve@other.test")[0]
	status, o := s.owner.try("PUT", path("/cases/%v", id), object{"requester_id": user["id"]})
	s.want("unconfirmed, by the API", path("%v %v", status, o["errors"].([]any)[0].(object)["code"]), "400 FIELD_REQUIRED")
	status, _ = s.owner.try("PUT", path("/cases/%v", id), object{"requester_id": user["id"], "confirm_requester": false})
	s.want("denied, by the API", status, 400)

	olga.submit(page, url.Values{"requester": {"eve@other.test"}})
	olga.submit(page, url.Values{"requester": {"eve@other.test"}, "confirm_requester": {"eve@other.test"}})
	s.want("confirmed", olga.code, 200)
	s.want("the requester", requester(), "eve@other.test")
	s.repliesTo(olga, id, "Drossel.", []string{"cole@acme.test", "eve@other.test", "mia@partner.test"})
	for _, old := range []string{"nachtigall", "Old words.", "cara@acme.test"} {
		s.want("Eve reads "+old, strings.Contains(s.got("eve@other.test", "Drossel.").all(), old), false)
	}
	// Cara has a token of hers, and nothing to do here any more.
	s.want("Cara's answer", s.file(answer(carasReply, "cara@acme.test", "Still mine?"))["rule"], "elsewhere")
	// Back by the API, confirmed in one go.
	cara := s.owner.list("/users?email=cara@acme.test")[0]
	s.owner.do("PUT", path("/cases/%v", id), object{"requester_id": cara["id"], "confirm_requester": true})
	s.want("the requester by the API", requester(), "cara@acme.test")
}

// TestA49WhoHasLostTheRoleSpeaksForNobodyWithAnOldToken: the token was valid when
// the mail with it was sent; what counts is who answers now.
func TestA49WhoHasLostTheRoleSpeaksForNobodyWithAnOldToken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		take             func(s *story, abe, mia object)
		abe, mia, reason string
	}{
		"disabled": {func(s *story, abe, mia object) {
			for _, who := range []object{abe, mia} {
				s.owner.do("POST", path("/users/%v/disable", who["id"]), nil)
			}
		}, "disabled", "disabled", "DISABLED_USER"},
		"customers now": {func(s *story, abe, mia object) {
			for _, who := range []object{abe, mia} {
				s.owner.do("PUT", path("/users/%v", who["id"]), object{"role": "CUSTOMER"})
			}
		}, "elsewhere", "elsewhere", ""},
		// A collaborator may still view the conversation (case access all): a note.
		"an agent became a collaborator": {func(s *story, abe, _ object) {
			s.owner.do("PUT", path("/users/%v", abe["id"]), object{"role": "COLLABORATOR"})
		}, "collaborator", "collaborator", ""},
		// Enabled again, the tokens stay dead: an agent's answer is a draft.
		"disabled and enabled": {func(s *story, abe, mia object) {
			for _, who := range []object{abe, mia} {
				s.owner.do("POST", path("/users/%v/disable", who["id"]), nil)
				s.owner.do("POST", path("/users/%v/enable", who["id"]), nil)
			}
		}, "staff_draft", "collaborator", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, id, notice := withAbe(t, "abe@machine.test")
			s.person("collaborator", "mia@partner.test", "Mia Meyer")
			s.owner.do("POST", path("/cases/%v/reply", id), object{"contents": "We ask.", "cc": []string{"mia@partner.test"}})
			copied := s.got("mia@partner.test", "We ask.")
			s.aMinutePasses()
			abe, mia := s.owner.list("/users?email=abe@machine.test")[0], s.owner.list("/users?email=mia@partner.test")[0]
			c.take(s, abe, mia)
			s.staff = map[string]bool{"olga@desk.test": true}
			messages := len(s.posts(id, "MESSAGE"))
			alone := "new" // a dead token leads nowhere; without a thread it is a request of their own
			if c.abe == "disabled" {
				alone = c.abe
			}
			for _, reply := range []struct {
				l          letter
				rule, word string
			}{{answer(notice, "abe@machine.test", "kanarienvogel"), c.abe, "kanarienvogel"}, {onlyToken(notice, "abe@machine.test", "goldammer"), alone, "goldammer"},
				{answer(copied, "mia@partner.test", "zaunkönig"), c.mia, "zaunkönig"}} {
				m := s.file(reply.l)
				s.want(reply.l.From+": rule", m["rule"], reply.rule)
				if c.reason != "" {
					s.want(reply.l.From+": suspended", m["suspension_code"], c.reason)
				}
			}
			s.want("messages here", len(s.posts(id, "MESSAGE")), messages)
			s.quiet()
			for _, got := range s.outbox("cara@acme.test") {
				for _, word := range []string{"kanarienvogel", "goldammer", "zaunkönig"} {
					s.want("Cara reads "+word, strings.Contains(got.all(), word), false)
				}
			}
			if name == "disabled" || name == "customers now" {
				s.want("who gets the next answer", s.sends(func() {
					s.owner.do("POST", path("/cases/%v/reply", id), object{"contents": "Next."})
				}), "[cara@acme.test]")
			}
		})
	}
}
