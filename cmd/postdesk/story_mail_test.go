package main

import (
	"context"
	"fmt"
	"html"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"postdesk/mailer/mailertest"
)

// received is a mail that came out, as sent and as read.
type received struct {
	mailertest.Message
	mailertest.Mail
}

// outbox is all mail to an address so far.
func (s *story) outbox(address string) (all []received) {
	s.t.Helper()
	for _, m := range s.sink.To(address) {
		all = append(all, received{m, mailertest.Read(s.t, m.Raw)})
	}
	return all
}

// got waits for the first mail to an address that says something.
func (s *story) got(address, saying string) (found received) {
	s.t.Helper()
	s.eventually(fmt.Sprintf("%s gets a mail that says %q", address, saying), func() bool {
		for _, m := range s.outbox(address) {
			if strings.Contains(m.all(), saying) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// all is everything that can be read in a mail: its bytes as they travelled, and
// what they mean.
func (m received) all() string {
	var b strings.Builder
	b.Write(m.Raw)
	for _, field := range []string{"From", "To", "Cc", "Reply-To", "Subject", "Message-Id", "In-Reply-To", "References"} {
		b.WriteString("\n" + m.Field(field))
	}
	b.WriteString("\n" + m.Text + "\n" + m.HTML + "\n" + html.UnescapeString(m.HTML))
	for _, a := range m.Attachments {
		b.WriteString("\n" + a.Filename + "\n" + string(a.Content))
	}
	return b.String()
}

// id is the Message-ID without its brackets.
func (m received) id() string { return strings.Trim(m.Header.Get("Message-Id"), "<>") }

// replyTo is where a mail program answers to.
func (m received) replyTo() string {
	if to := m.Addresses("Reply-To"); len(to) > 0 {
		return to[0]
	}
	return m.Addresses("From")[0]
}

// answer is what a mail program makes of "reply".
func answer(m received, from, text string) letter {
	l := onlyThread(m, from, text)
	l.To = []string{m.replyTo()}
	return l
}

// onlyThread names what it answers in its headers alone: To is free.
func onlyThread(m received, from, text string) letter {
	references := strings.Fields(m.Header.Get("References") + " <" + m.id() + ">")
	return letter{
		From: from, Subject: "Re: " + strings.TrimPrefix(m.Field("Subject"), "Re: "),
		Headers: []string{"In-Reply-To: <" + m.id() + ">", "References: " + strings.Join(references, "\r\n ")},
		Text:    text + "\n\nOn Monday, somebody wrote:\n> " + strings.ReplaceAll(strings.TrimSpace(m.Text), "\n", "\n> "),
	}
}

// onlyToken answers with a client that drops the thread.
func onlyToken(m received, from, text string) letter {
	l := answer(m, from, text)
	l.Headers = nil
	return l
}

// replyAll answers to everybody whom the mail names. What leaves our system to
// others is in outside.
func replyAll(m received, from, text string) (l letter, outside []string) {
	l = answer(m, from, text)
	a, _ := mail.ParseAddress(from)
	var named []string
	for _, field := range []string{"Reply-To", "From", "To", "Cc"} {
		for _, address := range m.Addresses(field) {
			if address != a.Address && !slices.Contains(named, address) {
				named = append(named, address)
			}
		}
	}
	l.HeaderTo = strings.Join(named, ", ")
	l.To = slices.DeleteFunc(slices.Clone(named), func(address string) bool { return !strings.HasSuffix(address, "@desk.test") })
	outside = slices.DeleteFunc(named, func(address string) bool { return strings.HasSuffix(address, "@desk.test") })
	return l, outside
}

// staysInside holds that nobody but staff was mailed any of these words, in
// whatever encoding, by whatever mail.
func (s *story) staysInside(words ...string) {
	s.t.Helper()
	s.quiet()
	for _, m := range s.sink.Messages() {
		if !slices.ContainsFunc(m.To, func(to string) bool { return !s.staff[to] }) {
			continue
		}
		all := received{m, mailertest.Read(s.t, m.Raw)}.all()
		for _, word := range words {
			if strings.Contains(strings.ToLower(all), strings.ToLower(word)) {
				s.t.Errorf("a mail to %v leaks %q:\n%s", m.To, word, m.Raw)
			}
		}
	}
}

// sends gives the recipients of what is mailed because of do, sorted.
func (s *story) sends(do func()) (recipients []string) {
	s.t.Helper()
	s.quiet()
	before := len(s.sink.Messages())
	do()
	s.quiet()
	for _, m := range s.sink.Messages()[before:] {
		recipients = append(recipients, m.To...)
	}
	slices.Sort(recipients)
	return recipients
}

// file sends a mail in and gives its entry in the log once it is filed.
func (s *story) file(l letter) object {
	s.t.Helper()
	return s.filed(s.mail(l))
}

// posts of a conversation, in order.
func (s *story) posts(id any, types ...string) (found []object) {
	s.t.Helper()
	for _, p := range s.owner.list(path("/cases/%v/posts?limit=100", id)) {
		if len(types) == 0 || slices.Contains(types, p["type"].(string)) {
			found = append(found, p)
		}
	}
	return found
}

// conversation as the owner sees it.
func (s *story) conversation(id any) object {
	s.t.Helper()
	return s.owner.do("GET", path("/cases/%v", id), nil)
}

// links of a conversation: "relation other".
func (s *story) links(id any) (links []string) {
	s.t.Helper()
	for _, l := range s.conversation(id)["linked_cases"].([]any) {
		links = append(links, path("%v %v", l.(object)["relation"], l.(object)["id"]))
	}
	return links
}

// lock keeps everybody from writing to a table until release is called.
func (s *story) lock(table string) (release func()) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(s.t.Context(), "begin; lock table "+table+" in share mode"); err != nil {
		s.t.Fatal(err)
	}
	return func() { _ = conn.Close(context.Background()) }
}

// aMinutePasses: what was sent was sent a minute ago.
func (s *story) aMinutePasses() {
	s.t.Helper()
	s.quiet()
	s.sql(`update deliveries set created_at = created_at - interval '1 minute', sent_at = sent_at - interval '1 minute'`)
}

// raw sends a mail written by hand, all but its Message-ID.
func (s *story) raw(envelopeFrom string, to []string, lines ...string) (messageID string) {
	s.t.Helper()
	s.serial++
	messageID = fmt.Sprintf("raw%d.%d@client.test", s.serial, time.Now().UnixNano())
	text := "Message-ID: <" + messageID + ">\r\n" + strings.Join(lines, "\r\n") + "\r\n"
	if err := sendRaw(s.at.SMTP, envelopeFrom, to, []byte(text)); err != nil {
		s.t.Fatalf("raw mail: %v", err)
	}
	return messageID
}

// number is an id as JSON takes it.
func number(t *testing.T, id string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
