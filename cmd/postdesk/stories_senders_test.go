package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// Suspended mail, the lists of senders, addresses that pass on mail and names that
// imitate the team, through the whole program.

func TestABlockedDomainIsSuspendedReleasedAndTrusted(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.owner.do("POST", "/blocked-senders", object{"pattern": "ACME.test", "note": "too loud"})
	blocked := s.file(letter{From: "Cara <Cara@Acme.Test>", Text: "First"})
	s.want("suspended", blocked["suspension_code"], "BLOCKED")
	s.want("nobody is told", s.count(`select count(*) from deliveries`), 0)

	olga := s.signedIn("olga@desk.test")
	olga.open("/agent/suspended")
	s.want("the list tells sender and reason", olga.says("cara@acme.test") && olga.says("Blocked 1"), true)
	olga.open(path("/agent/suspended/%v", blocked["id"]))
	s.want("the page tells what a release does", olga.says("The sender is on the block list.") && olga.says("The sender stays blocked, unless you trust them."), true)
	s.want("staff alone are mailed on release", s.sends(func() {
		olga.post("/agent/suspended", url.Values{"id": {path("%v", blocked["id"])}, "from": {"mail"}, "do": {"trust"}})
		s.quiet()
	}), "[olga@desk.test]")
	released := s.owner.do("GET", path("/mails/%v", blocked["id"]), nil)
	s.want("filed", released["status"], "SUCCESS")

	s.want("trusted and proven", s.file(letter{From: "cara@acme.test", Text: "Second"})["status"], "SUCCESS")
	s.want("her colleague", s.file(letter{From: "cole@acme.test", Text: "Hello"})["suspension_code"], "BLOCKED")
	s.owner.do("DELETE", "/blocked-senders/acme.test", nil)
	s.want("her colleague, later", s.file(letter{From: "cole@acme.test", Text: "Again"})["status"], "SUCCESS")
}

func TestBlockingEverybodyLetsInWhoIsSafeAndProven(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	if status, _ := s.owner.try("POST", "/blocked-senders", object{"pattern": "*"}); status != 400 {
		t.Fatalf("everybody was blocked unasked: %d", status)
	}
	s.owner.do("POST", "/blocked-senders", object{"pattern": "*", "force": true})
	for _, pattern := range []string{"acme.test", "unproven.test"} {
		s.owner.do("POST", "/safe-senders", object{"pattern": pattern})
	}
	for from, want := range map[string]string{"cara@acme.test": "SUCCESS", "bob@other.test": "SUSPENDED", "una@unproven.test": "SUSPENDED"} {
		s.want(from, s.file(letter{From: from, Text: "Hello"})["status"], want)
	}
	if status, answer := s.owner.try("POST", "/safe-senders", object{"pattern": "*"}); status != 400 {
		t.Errorf("everybody is safe: %d %v", status, answer)
	}
}

func TestAGoogleGroupIsOfferedAndNamed(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	group := func(text string) letter {
		return letter{From: "'Cara Customer' via Sales <sales@acme.test>", Text: text, Headers: []string{"Reply-To: Cara Customer <cara@other.test>",
			"X-Original-From: Cara Customer <cara@other.test>", "List-ID: <sales.acme.test>", "Precedence: list"}}
	}
	first := s.file(group("One"))
	s.want("before, the group is the author", first["from"], "sales@acme.test")
	s.want("and staff are told of the other address", slices.Contains(first["warnings"].([]any), any("It asks for answers at cara@other.test. Yours go to its sender.")), true)
	olga := s.signedIn("olga@desk.test")
	olga.open(path("/agent/conversations/%v", first["case_id"]))
	s.want("the panel offers to name it", olga.says("sales@acme.test seems to pass on other people's mail."), true)
	olga.post("/admin/senders", url.Values{"list": {"passing"}, "pattern": {"sales@acme.test"}, "do": {"name"}, "back": {path("/agent/conversations/%v", first["case_id"])}})
	s.want("back on the conversation, the offer is gone", olga.says("seems to pass on") || !olga.says("taken for mail of who stands in its Reply-To"), false)
	second := s.file(group("Two"))
	s.want("then Cara is", second["from"], "cara@other.test")
	s.want("never proven", second["origin"], "UNPROVEN")
	forged := group("Three")
	forged.Headers[1] = "X-Original-From: eve@machine.test"
	s.want("unless X-Original-From disagrees", s.file(forged)["from"], "sales@acme.test")
	unproven := group("Four")
	unproven.From = "sales@unproven.test"
	s.owner.do("POST", "/passing-addresses", object{"address": "sales@unproven.test"})
	s.want("or nothing proves the group", s.file(unproven)["from"], "sales@unproven.test")
}

func TestAFormThatWritesFromOurMailboxIsReleasedOnceItIsNamed(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	form := func(text string) letter {
		return letter{From: "Contact form <support@desk.test>", Text: text, Headers: []string{"Reply-To: bob@other.test"}}
	}
	m := s.file(form("I want to buy a printer."))
	s.want("a mailbox of ours writes to itself", m["suspension_code"], "LOOP")
	release := path("/mails/%v/release", m["id"])
	if status, _ := s.owner.try("POST", release, object{}); status != 409 {
		t.Fatalf("released unnamed: %d", status)
	}
	olga := s.signedIn("olga@desk.test")
	olga.open(path("/agent/suspended/%v", m["id"]))
	s.want("the page offers to name it", olga.says("support@desk.test seems to pass on other people's mail."), true)
	s.owner.do("POST", "/passing-addresses", object{"address": "support@desk.test", "note": "the form of the shop"})
	s.want("who is mailed", s.sends(func() { s.owner.do("POST", release, object{}); s.quiet() }), "[olga@desk.test]")
	released := s.owner.do("GET", path("/mails/%v", m["id"]), nil)
	s.want("filed as Bob's", []any{released["status"], released["from"], released["origin"]}, "[SUCCESS bob@other.test UNPROVEN]")
	s.want("and so are further ones, at once", s.file(form("And paper."))["from"], "bob@other.test")
	loop := form("Nobody's")
	loop.Headers = nil
	s.want("but our own mail is still a loop", s.file(loop)["suspension_code"], "LOOP")
}

func TestAForwardingMailboxOverATrustedRelayIsBelieved(t *testing.T) {
	t.Parallel()
	s := newStory(t, func(set *settings) { set.TrustedRelay = []string{"127.0.0.1/32=mx.relay.test"} })
	s.owner.do("POST", "/passing-addresses", object{"address": "old@unproven.test"})
	m := s.file(letter{From: "old@unproven.test", Text: "Passed on", Headers: []string{"Reply-To: cara@acme.test",
		"Received: from mx.unproven.test (mx.unproven.test [192.0.2.1]) by mx.relay.test with ESMTP; Mon, 1 Jan 2024 00:00:00 +0000"}})
	s.want("author and origin", []any{m["from"], m["origin"]}, "[cara@acme.test UNPROVEN]")
}

func TestWhoUsesAColleaguesNameIsMarkedEverywhere(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.person("agent", "abe@desk.test", "Abe Agent")
	const warning = "Uses the name of Abe Agent of your team, but writes from another address."
	m := s.file(letter{From: "=?utf-8?q?=E2=80=AE=D0=90b=D0=B5_Ag=D0=B5nt?= <ceo@other.test>", Text: "Please pay this."})
	s.want("the mail", m["warnings"], "["+warning+"]")
	s.want("the message", s.posts(m["case_id"], "MESSAGE")[0]["warnings"], "["+warning+"]")
	olga := s.signedIn("olga@desk.test")
	olga.open(path("/agent/conversations/%v", m["case_id"]))
	s.want("its page, with the real address", olga.says(warning) && olga.says("ceo@other.test"), true)
	olga.open("/agent")
	s.want("the list", olga.says("Sender in doubt"), true)
	forged := s.file(letter{From: "Abe Agent <abe@strict.test>", Text: "Please pay this."})
	olga.open("/agent/suspended")
	s.want("suspended mail", forged["suspension_code"] == "FORGED" && olga.says(warning), true)
	own := s.file(letter{From: "Abe Agent <abe@desk.test>", Text: "It is me."})
	s.want("not Abe himself", own["warnings"], "[]")
}

func TestTheDigestComesByMailOnceWithTwoProcesses(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.person("admin", "ada@desk.test", "Ada Admin")
	s.file(letter{From: "Eve <eve@strict.test>", Subject: "Log in at http://evil.test", Text: "Now"})
	// Yesterday they were here, and it is past eight in their morning.
	s.sql(`update users set created_at = created_at - interval '2 days', timezone = $1 where role in ('owner', 'admin')`, fmt.Sprintf("Etc/GMT%+d", time.Now().UTC().Hour()-12))
	s.sql(`update inbound set suspended_at = suspended_at - interval '1 hour'`)
	ada := client{s: s, email: "ada@desk.test", token: s.token("ada@desk.test")}
	ada.do("PUT", "/me", object{"suspended_digest": false})
	for range 2 {
		s.start()
	}
	digest := s.got("olga@desk.test", "1 suspended mail waits for you")
	s.want("automatic", digest.Header.Get("Auto-Submitted"), "auto-generated")
	s.want("its page", strings.Contains(digest.Text, "/agent/suspended"), true)
	s.want("nothing of Eve's is a link", strings.Contains(digest.all(), "http://evil") || strings.Contains(digest.all(), "eve@strict"), false)
	s.quiet()
	s.want("digests", s.count(`select count(*) from deliveries where kind = 'digest'`), 1)
	s.want("Ada opted out", len(s.outbox("ada@desk.test")), 0)
	s.want("no brake counts it", s.count(`select count(*) from deliveries where automatic`), 0)
}
