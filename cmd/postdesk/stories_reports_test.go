package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestABounceInWordsIsBelievedAtItsAddressAlone(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string][]string{
		"qmail": {"From: MAILER-DAEMON@mx.acme.test", "Subject: failure notice", "",
			"Hi. This is the qmail-send program at mx.acme.test.", "I'm afraid I wasn't able to deliver your message to the following addresses.",
			"This is a permanent error; I've given up. Sorry it didn't work out.", "", "<cara@acme.test>:", "Sorry, no mailbox here by that name. (#5.1.1)", "",
			"--- Below this line is a copy of the message.", ""},
		"Exchange": {"From: Microsoft Outlook <postmaster@acme.test>", "Subject: Undeliverable: Re: A question", "",
			"Delivery has failed to these recipients or groups:", "", "cara@acme.test", "The email address you entered couldn't be found.", "",
			"Remote Server returned '550 5.1.1 RESOLVER.ADR.RecipNotFound; not found'", "", "Original message headers:", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, id, _ := withAbe(t, privateAddress)
			s.owner.do("POST", path("/cases/%v/reply", id), object{"contents": "A word of ours."})
			reply := s.got("cara@acme.test", "A word of ours.")
			posts := len(s.posts(id, "MESSAGE", "NOTE"))
			full := append([]string{"To: x@desk.test", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8"}, append(lines, strings.Split(string(reply.Raw), "\r\n")...)...)
			s.want("mail because of one at the mailbox", s.sends(func() {
				s.want("there", s.filed(s.raw("", []string{"support@desk.test"}, full...))["suspension_code"], "REPORT")
			}), "[]")
			s.want("who is told", s.sends(func() {
				m := s.filed(s.raw("", []string{reply.Message.From}, full...))
				s.want("rule", fmt.Sprint(m["rule"], " ", m["case_id"]), fmt.Sprint("report ", id))
			}), "[olga@desk.test]")
			s.want("its reason is kept", s.count(`select count(*) from suppressions where address = 'cara@acme.test' and reason like '%5.1.1%'`), 1)
			s.want("words in the conversation", len(s.posts(id, "MESSAGE", "NOTE")), posts)
			// Cara writes, proven: mail goes to her again, and her mail says so.
			m := s.file(letter{From: "cara@acme.test", Text: "I have a new server."})
			s.want("suppressed", s.count(`select count(*) from suppressions`), 0)
			olga := s.signedIn("olga@desk.test")
			olga.open(path("/admin/mail/%v", m["id"]))
			s.want("the trace says so", olga.says("Mail to its author goes out again"), true)
		})
	}
}
