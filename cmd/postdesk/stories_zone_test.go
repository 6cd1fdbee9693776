package main

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// clock is what a mail says for an instant to somebody who lives there.
func clock(t *testing.T, instant, zone, offset string) string {
	t.Helper()
	at, err := time.Parse(time.RFC3339, instant)
	if err != nil {
		t.Fatal(err)
	}
	place, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	return at.In(place).Format("Monday, 2 January 2006, 15:04 MST ") + offset
}

func TestEveryMailTellsTheTimeOfItsRecipient(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.sql(`update instance set timezone = 'Asia/Tokyo'`)
	s.person("collaborator", "mia@partner.test", "Mia Meyer")
	abe := s.person("agent", "abe@desk.test", "Abe Agent")
	s.sql(`update users set timezone = 'Pacific/Honolulu' where name = 'Mia Meyer'`)
	s.sql(`update users set timezone = 'Mars/Phobos' where name = 'Abe Agent'`)
	first := s.file(letter{From: "Cara Customer <cara@acme.test>", Subject: "My printer", Text: "It does not print."})
	ack := s.got("cara@acme.test", "has reached us")
	s.want("a newcomer reads the help desk's time", strings.Contains(ack.Text, " JST (+09:00)"), true)
	s.sql(`update users set timezone = 'Asia/Kolkata' where name = 'Cara Customer'`)
	s.owner.do("PUT", path("/cases/%v", first["case_id"]), object{"assigned_agent_id": number(t, abe.id)})
	// Just before and after midnight somewhere: the day differs from zone to zone.
	const asked = "2026-03-29T12:30:00Z"
	s.sql(`update messages set created_at = $1::timestamptz`, asked)
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]),
		object{"contents": "Is it on?", "cc": []string{"mia@partner.test", "bare@other.test"}})
	for address, zone := range map[string][2]string{"cara@acme.test": {"Asia/Kolkata", "(+05:30)"}, "mia@partner.test": {"Pacific/Honolulu", "(-10:00)"},
		"bare@other.test": {"Asia/Tokyo", "(+09:00)"}, "abe@desk.test": {"Asia/Tokyo", "(+09:00)"}} {
		if address == "abe@desk.test" { // his zone is gone from the database: the instance's
			s.file(letter{From: "cara@acme.test", To: []string{s.got("cara@acme.test", "Is it on?").replyTo()}, Text: "It is."})
		}
		m := s.got(address, map[bool]string{true: "It is.", false: "Is it on?"}[address == "abe@desk.test"])
		line := "On " + clock(t, asked, zone[0], zone[1]) + ", Cara Customer wrote:"
		s.want(address+" reads: "+line, strings.Contains(m.Text, line) && strings.Contains(m.all(), line), true)
		s.want("the Date field is for machines", strings.HasSuffix(m.Field("Date"), " +0000"), true)
		s.want("a bare timestamp", regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:`).FindString(m.Text), "")
	}

	// A link says until when, by the clock of who got it; so does its page.
	ask := s.stranger()
	ask.open("/reset")
	ask.submit("/reset", map[string][]string{"email": {"cara@acme.test"}})
	reset := s.got("cara@acme.test", "new password")
	s.want("the mail's expiry", regexp.MustCompile(`until \w+, \d+ \w+ \d{4}, \d\d:\d\d IST \(\+05:30\)\.`).MatchString(reset.Text), true)
	ask.open(reset.Links()[0])
	s.want("the page's expiry", ask.says("(Asia/Kolkata, IST (+05:30))"), true)
}

func TestTheProgramBringsItsOwnTimeZones(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", "postdesk/cmd/postdesk").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "\ntime/tzdata\n") {
		t.Error("on a machine without zone files everybody would live in UTC")
	}
}
