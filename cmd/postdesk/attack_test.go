package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"

	"postdesk/mailer/mailertest"
)

// The attack cases of the project's list, by their numbers, through the whole
// program.

// dialogue is a connection to the gateway that is past its EHLO.
type dialogue struct {
	s *story
	net.Conn
	in *textproto.Reader
}

func (s *story) dial() *dialogue {
	s.t.Helper()
	c, err := net.Dial("tcp", s.at.SMTP)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(2 * time.Minute))
	d := &dialogue{s, c, textproto.NewReader(bufio.NewReader(c))}
	d.want(220)
	d.say(250, "EHLO client.test")
	return d
}

func (d *dialogue) want(code int) (text string) {
	d.s.t.Helper()
	_, text, err := d.in.ReadResponse(code)
	if err != nil {
		d.s.t.Fatalf("want %d: %v", code, err)
	}
	return text
}

// say sends a line and gives the answer, which must have this code.
func (d *dialogue) say(code int, line string) (text string) {
	d.s.t.Helper()
	if _, err := io.WriteString(d.Conn, line+"\r\n"); err != nil {
		d.s.t.Fatalf("%.60q: %v", line, err)
	}
	_, text, err := d.in.ReadResponse(code)
	if err != nil {
		d.s.t.Fatalf("%.60q: %v", line, err)
	}
	return text
}

// begin says everything up to DATA.
func (d *dialogue) begin(from string) {
	d.s.t.Helper()
	d.say(250, "MAIL FROM:<"+from+">")
	d.say(250, "RCPT TO:<"+d.s.mailbox+">")
	d.say(354, "DATA")
}

// octets sends a mail exactly as it is, whatever its line ends, and gives its entry
// in the log once it is filed. The sender finds it there, so it is used once. The
// mail must be taken, be a conversation or a suspended mail, and be kept as it was.
func (s *story) octets(sender, raw string) object {
	s.t.Helper()
	d := s.dial()
	d.begin(sender)
	stuffed := strings.ReplaceAll("\r\n"+raw, "\r\n.", "\r\n..")[2:]
	stuffed = strings.ReplaceAll(stuffed, "\r\r\n..", "\r\r\n.") // go-smtp sees no line end there
	d.say(250, stuffed+"\r\n.")
	var found object
	s.eventually("the mail of "+sender+" is filed", func() bool {
		for _, m := range s.owner.list("/mails?limit=100") {
			if m["envelope_from"] == sender && m["status"] != "RECEIVED" && m["status"] != "PROCESSING" {
				found = m
				return true
			}
		}
		return false
	})
	if found["status"] != "SUCCESS" && found["status"] != "SUSPENDED" || (found["status"] == "SUCCESS") != (found["case_id"] != nil) {
		s.t.Errorf("%s: status %v, conversation %v, %v", sender, found["status"], found["case_id"], found["reason"])
	}
	_, source := s.owner.try("GET", path("/mails/%v/source", found["id"]), nil)
	if kept, _ := source["raw"].(string); kept != raw+"\r\n" {
		s.t.Errorf("%s: %d octets are kept, want %d", sender, len(kept), len(raw)+2)
	}
	return found
}

// words of the one message of a conversation, and its files.
func (s *story) words(m object) (text string, files []any) {
	s.t.Helper()
	posts := s.posts(m["case_id"], "MESSAGE")
	if len(posts) != 1 {
		s.t.Fatalf("%v: %d messages", m["envelope_from"], len(posts))
	}
	files, _ = posts[0]["attachments"].([]any)
	return posts[0]["contents"].(string), files
}

// defects are what the log says was wrong with a mail.
func (b *browser) defects(m object) string {
	b.s.t.Helper()
	b.open(path("/admin/mail/%v", m["id"]))
	return b.text
}

func TestA1ASmuggledMailIsTheTextOfTheFirst(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.quiet()
	const second = "MAIL FROM:<eve@other.test>\r\nRCPT TO:<support@desk.test>\r\nDATA\r\nFrom: eve@other.test\r\nSubject: smuggled\r\n\r\nx"
	ends := []string{"\n.\n", "\n.\r\n", "\r.\r", "\r.\r\n", "\r\n\n.\r\n", "\n\n.\n", "\r\r\n.\r\n", "\n\x00.\r\n", "\r\n\x00.\r\n", "\r\n\x00.\x00\n"}
	olga := s.signedIn("olga@desk.test")
	for i, end := range ends {
		sender := fmt.Sprintf("cara%d@acme.test", i)
		m := s.octets(sender, "From: "+sender+"\r\nSubject: first\r\n\r\nwords"+end+second)
		s.want(fmt.Sprintf("%q: author", end), m["from"], sender)
		text, _ := s.words(m)
		s.want(fmt.Sprintf("%q: the second dialogue is text", end), strings.Contains(text, "MAIL FROM:<eve@other.test>"), true)
		bare := strings.ContainsAny(strings.ReplaceAll(end, "\r\n", ""), "\r\n")
		s.want(fmt.Sprintf("%q: flagged", end), strings.Contains(olga.defects(m), "bare newline"), bare)
	}
	s.quiet()
	s.want("mails", len(s.owner.list("/mails?limit=100")), len(ends))
	s.want("conversations", len(s.owner.list("/cases?limit=100")), len(ends))
	s.want("accounts of Eve", len(s.owner.list("/users?email=eve@other.test")), 0)
}

func TestA2AMailWithLooseLineEndsLeavesUsAsOneMailWithCRLF(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	const loose = "eins\n.\nMAIL FROM:<eve@other.test>\r.\rRCPT TO:<eve@other.test>\r\n\x00.\r\n..\r\n.dot\r\n.\r\r\n.\n\r\nende"
	m := s.octets("cara@acme.test", "From: Cara <cara@acme.test>\r\nTo: support@desk.test\r\nCc: cole@acme.test\r\nSubject: loose\r\n\r\n"+loose)
	s.quiet()
	// To staff as a notice with Cara's words, to both customers as an answer that
	// quotes them, with an agent's own of the same sort.
	s.owner.do("POST", path("/cases/%v/reply", m["case_id"]), object{"contents": strings.ReplaceAll(loose, "\x00", "") + "\n\ngoldammer"})
	s.got("cara@acme.test", "goldammer")
	s.got("cole@acme.test", "goldammer")
	s.got("olga@desk.test", "ende")
	s.quiet()
	for to, saying := range map[string]string{"cara@acme.test": "goldammer", "cole@acme.test": "goldammer", "olga@desk.test": "ende"} {
		n := 0
		for _, got := range s.outbox(to) {
			bare := bytes.ContainsAny(bytes.ReplaceAll(got.Raw, []byte("\r\n"), nil), "\r\n\x00")
			s.want("a bare CR, a bare LF or NUL to "+to, bare, false)
			if strings.Contains(got.Text, saying) {
				n++
				for _, line := range []string{"\n.\n", "\n..\n", "\n.dot\n", "MAIL FROM:<eve@other.test>"} {
					plain := strings.ReplaceAll(strings.ReplaceAll(got.Text, "\r\n", "\n"), "> ", "")
					s.want(fmt.Sprintf("%q to %s", line, to), strings.Contains(plain, line), true)
				}
			}
		}
		s.want("mails with the words to "+to, n, 1)
	}
	s.want("mail to Eve", len(s.outbox("eve@other.test")), 0)
	for _, command := range s.sink.Commands() {
		s.want(command, strings.Contains(command, "eve@"), false)
	}
}

func TestA4AMailWhoseAnswerWasLostIsOneMailAfterItsRetry(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	const raw = "From: cara@acme.test\r\nSubject: Lost answer\r\nMessage-ID: <lost@client.test>\r\n\r\nOnce.\r\n"
	// Before the dot: nothing.
	d := s.dial()
	d.begin("cara@acme.test")
	_, _ = io.WriteString(d.Conn, raw)
	_ = d.Close()
	// After it, while the mail is being stored: the client cannot know.
	release := s.lock("inbound")
	d = s.dial()
	d.begin("cara@acme.test")
	_, _ = io.WriteString(d.Conn, raw+".\r\n")
	s.eventually("the mail waits to be stored", func() bool {
		// Workers wait for the table, too: this must be the one that stores.
		return s.count(`select count(*) from pg_locks l join pg_stat_activity a using (pid)
			where l.relation = 'inbound'::regclass and not l.granted and a.query like '%insert into inbound%'`) == 1
	})
	_ = d.Close()
	s.want("mails before it is stored", s.count(`select count(*) from inbound`), 0)
	release()
	s.eventually("it is stored", func() bool { return s.count(`select count(*) from inbound`) == 1 })
	if err := sendRaw(s.at.SMTP, "cara@acme.test", []string{"support@desk.test"}, []byte(raw)); err != nil {
		t.Fatal(err)
	}
	first := s.filed("lost@client.test")
	s.quiet()
	s.want("mails after the retry", s.count(`select count(*) from inbound`), 1)
	s.want("conversations", len(s.owner.list("/cases")), 1)
	s.want("messages", len(s.posts(first["case_id"], "MESSAGE")), 1)
}

func TestA7NothingIsRelayed(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.quiet()
	before := len(s.sink.Messages())
	for _, from := range []string{"eve@other.test", "support@desk.test", "olga@desk.test", ""} {
		d := s.dial()
		d.say(250, "MAIL FROM:<"+from+">")
		for _, to := range []string{
			"victim@other.test", "VICTIM@OTHER.TEST", "victim@other.test.", "victim%other.test@desk.test", "other.test!victim@desk.test",
			"@desk.test:victim@other.test", "@desk.test,@acme.test:victim@other.test", "@other.test:support@desk.test",
			"victim@other.test@desk.test", `"victim@other.test"@desk.test`, `"victim%other.test"@desk.test`,
			"support@desk.test.other.test", "support@other.desk.test", "support@desk.tes", "support@xdesk.test", "support@desk.test@other.test",
		} {
			if told := d.say(550, "RCPT TO:<"+to+">"); !strings.HasPrefix(told, "5.7.1 ") {
				t.Errorf("<%s>: %s", to, told)
			}
		}
		d.say(503, "DATA")
	}
	s.quiet()
	s.want("mails sent", len(s.sink.Messages()), before)
	s.want("mails taken", len(s.owner.list("/mails")), 0)
	// A header orders nobody anything either.
	s.want("who is mailed", s.sends(func() {
		s.file(letter{From: "cara@unproven.test", HeaderTo: "victim@other.test", Headers: []string{"Cc: v2@other.test", "Bcc: v3@other.test",
			"Resent-To: v4@other.test", "Apparently-To: v5@other.test", "Return-Receipt-To: v6@other.test", "Disposition-Notification-To: v7@other.test"}, Text: "Go on."})
	}), "[olga@desk.test]")
}

func TestA20WhatLooksLikeAParameterIsOneRecipientOrNone(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	for _, hostile := range []string{`"x> ORCPT=y <z"@d.test`, "a@b.test>\r\nRCPT TO:<eve@other.test", "a@b.test> NOTIFY=NEVER", "a@b.test\r\nBcc: eve@other.test", "<a@b.test>,eve@other.test"} {
		if code, _ := s.owner.try("POST", "/users", object{"full_name": "X", "email": hostile, "role": "CUSTOMER"}); code != 400 {
			t.Errorf("%q is an account's address: %d", hostile, code)
		}
	}
	const name = "Cara\r\nBcc: eve@other.test\r\n\r\n{{.Secret}} ${x} %s <eve@other.test>"
	s.owner.do("POST", "/users", object{"full_name": name, "email": "o'brien+{{.}}=$x@acme.test", "role": "CUSTOMER"})
	first := s.file(letter{From: `"{{template \"secret\"}} =?utf-8?q?=0D=0ABcc:_eve=40other.test?=" <o'brien+{{.}}=$x@acme.test>`, EnvelopeFrom: "x@acme.test",
		Subject: "=?utf-8?q?Help=0D=0ABcc:_eve=40other.test?= {{.}}", HeaderTo: `support@desk.test, "x> ORCPT=y <z"@other.test, "a\"b"@other.test`, Text: "{{.}} goldammer"})
	for _, cc := range []string{`"x> ORCPT=y <z"@d.test`, "a@b.test>\r\nRCPT TO:<eve@other.test"} {
		if code, _ := s.owner.try("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "x", "cc": []string{cc}}); code != 400 {
			t.Errorf("%q is in CC: %d", cc, code)
		}
	}
	s.owner.do("POST", path("/cases/%v/reply", first["case_id"]), object{"contents": "Drossel {{.}}", "cc": []string{"cole@acme.test"}})
	s.got("o'brien+{{.}}=$x@acme.test", "Drossel {{.}}")
	s.got("cole@acme.test", "Drossel {{.}}")
	s.quiet()
	intended, said := 0, 0
	for _, m := range s.sink.Messages() {
		intended += len(m.To)
		s.want("recipients of one mail", len(m.To), 1)
		mail := mailertest.Read(t, m.Raw)
		s.want("blind copies", mail.Field("Bcc"), "")
		for _, field := range []string{"To", "Cc", "From", "Reply-To"} {
			s.want("Eve in "+field, slices.Contains(mail.Addresses(field), "eve@other.test"), false)
		}
	}
	for _, command := range s.sink.Commands() {
		if strings.HasPrefix(command, "RCPT") {
			said++
			s.want(command, strings.Contains(command, "eve@") || strings.Contains(command, "ORCPT"), false)
		}
	}
	s.want("RCPT commands", said, intended)
}

func TestA28ResultsAreBelievedOfTheConfiguredRelayOnly(t *testing.T) {
	t.Parallel()
	s := newStory(t, func(set *settings) { set.TrustedRelay = []string{"127.0.0.1/32=mx.relay.test"} })
	const received = "Received: from mx.unproven.test (mx.unproven.test [192.0.2.1]) by mx.relay.test with ESMTP; Mon, 1 Jan 2024 00:00:00 +0000"
	for name, c := range map[string]struct{ results, origin string }{
		"the relay's own":     {"mx.relay.test; dmarc=pass header.from=unproven.test; spf=pass smtp.mailfrom=unproven.test", "PROVEN"},
		"somebody else's":     {"mx.desk.test; dmarc=pass header.from=unproven.test; spf=pass smtp.mailfrom=unproven.test", "UNPROVEN"},
		"like the relay's":    {"mx.relay.test.other.test; dmarc=pass header.from=unproven.test; spf=pass smtp.mailfrom=unproven.test", "UNPROVEN"},
		"of another's domain": {"mx.relay.test; spf=pass smtp.mailfrom=other.test", "UNPROVEN"},
	} {
		m := s.file(letter{From: strings.ReplaceAll(strings.ReplaceAll(name, " ", "."), "'", "") + "@unproven.test", Headers: []string{"Authentication-Results: " + c.results, received}, Text: "Hello."})
		s.want(name+": origin", m["origin"], c.origin)
	}
}

func TestA47ACollaboratorWhoAddsTheCustomerToTheirAnswerWritesANote(t *testing.T) {
	t.Parallel()
	s, _, id, copied := withMia(t)
	l, _ := replyAll(copied, "mia@partner.test", "kanarienvogel")
	l.HeaderTo = "Cara <cara@acme.test>, " + l.HeaderTo
	s.want("who is mailed", s.sends(func() {
		m := s.file(l)
		s.want("rule", m["rule"], "collaborator")
		s.want("conversation", m["case_id"], id)
	}), "[olga@desk.test]")
	notes := s.posts(id, "NOTE")
	s.want("notes", len(notes), 1)
	s.want("the leak is told", notes[0]["warnings"], "[Also sent to the customer by its author.]")
	s.got("olga@desk.test", "Mia Meyer added a private note")
	olga := s.signedIn("olga@desk.test")
	olga.open(path("/agent/conversations/%v", id))
	s.want("and the page", olga.says("Also sent to the customer by its author."), true)
	s.staysInside("kanarienvogel")
}
