package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foxcpp/go-mockdns"

	"postdesk/core/coretest"
	"postdesk/mailer/mailertest"
)

// A story is the whole program on ports of its own, with a real database, a real
// SMTP sink as relay and a real DNS server. Mail goes in over a socket; what comes
// out is read from the sink and from the API.
type story struct {
	t       *testing.T
	at      listening
	dns     string
	url     string // of the database
	sink    *mailertest.Sink
	stop    func()
	owner   client
	mailbox string
	serial  int
	staff   map[string]bool // addresses of those who may read private words
	log     io.Writer       // nil: the log is shown with a failing test
	opening sync.Once       // of desk, see db
	desk    coretest.Desk
}

// zones are the domains of the stories. What a domain sends from loopback is
// proven, unless it says otherwise.
func zones() map[string]mockdns.Zone {
	z := map[string]mockdns.Zone{}
	for _, domain := range []string{"acme.test", "desk.test", "partner.test", "other.test", "machine.test"} {
		z[domain+"."] = mockdns.Zone{TXT: []string{"v=spf1 ip4:127.0.0.1 ip6:::1 -all"}, MX: []net.MX{{Host: "mx." + domain + "."}}}
	}
	// Nobody may send for these from here, and the second says what to do then.
	z["unproven.test."] = mockdns.Zone{TXT: []string{"v=spf1 -all"}}
	z["strict.test."] = mockdns.Zone{TXT: []string{"v=spf1 -all"}}
	z["_dmarc.strict.test."] = mockdns.Zone{TXT: []string{"v=DMARC1; p=reject"}}
	return z
}

// newStory starts everything with a relay set, and an owner.
func newStory(t *testing.T, change ...func(*settings)) *story {
	t.Helper()
	s := emptyStory(t, change...)
	s.owner = s.person("owner", "olga@desk.test", "Olga Owner")
	return s
}

// emptyStory has nobody in it yet.
func emptyStory(t *testing.T, change ...func(*settings)) *story {
	t.Helper()
	s := story0(t)
	s.hasKey("desk.test")
	s.at, s.stop = s.start(change...)
	return s
}

// firstStory is a newStory whose database is as a gateway finds it that never ran.
func firstStory(t *testing.T) *story {
	t.Helper()
	s := story0(t)
	s.at, s.stop = s.start()
	s.owner = s.person("owner", "olga@desk.test", "Olga Owner")
	return s
}

// story0 is not started.
func story0(t *testing.T) *story {
	t.Helper()
	s := &story{t: t, url: coretest.URL(t), sink: mailertest.NewSink(t), mailbox: "support@desk.test", staff: map[string]bool{}}
	server, err := mockdns.NewServerWithLogger(zones(), log.New(io.Discard, "", 0), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	s.dns = server.LocalAddr().String()
	return s
}

// start runs serve on this story's database; a second call is a second process.
func (s *story) start(change ...func(*settings)) (listening, func()) {
	s.t.Helper()
	set := settings{SMTPAddr: "127.0.0.1:0", HTTPAddr: "127.0.0.1:0", MetricsAddr: "127.0.0.1:0", PublicURL: "http://localhost:8080",
		Mailbox: s.mailbox, Relay: s.sink.URL(), Resolver: s.dns, MaxConnections: 100, MaxConnectionsPerIP: 100, MaxPerDestination: 5,
		MaxMessageBytes: 35 << 20, Run: []string{"smtp", "web", "mail"}}
	for _, c := range change {
		c(&set)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan listening, 1), make(chan error, 1)
	logged := slog.New(slog.NewTextHandler(testWriter{s.t}, &slog.HandlerOptions{Level: slog.LevelInfo}))
	if s.log != nil {
		logged = newLog(console{err: s.log})
	}
	go func() {
		ended <- serve(ctx, &databaseSettings{DatabaseURL: s.url}, set, logged, func(at listening) { ready <- at })
	}()
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("serve: %v", err)
		}
	}
	select {
	case at := <-ready:
		s.t.Cleanup(stop)
		return at, stop
	case err := <-ended:
		cancel()
		s.t.Fatalf("serve: %v", err)
	}
	panic("unreachable")
}

// testWriter shows the program's log with a failing test.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	if testing.Verbose() {
		_, _ = os.Stderr.Write(p)
	}
	return len(p), nil
}

// command runs a command of the program on this story's database.
func (s *story) command(stdin string, args ...string) string {
	s.t.Helper()
	var out, errOut bytes.Buffer
	args = append(args, "--database-url", s.url)
	if code := run(context.Background(), args, strings.NewReader(stdin), &out, &errOut); code != exitWell {
		s.t.Fatalf("postdesk %v: exit %d: %s", args, code, errOut.String())
	}
	return strings.TrimSpace(out.String())
}

// letter is a mail to be sent in. Zero fields get what a plain mail has.
type letter struct {
	From, EnvelopeFrom string // EnvelopeFrom "<>" is the null sender
	To                 []string
	Headers            []string
	Subject            string
	MessageID          string
	Text               string
	HeaderTo           string
}

// mail sends a mail and gives its Message-ID. The gateway must accept it.
func (s *story) mail(l letter) (messageID string) {
	s.t.Helper()
	id, err := s.tryMail(l)
	if err != nil {
		s.t.Fatalf("mail from %s to %v: %v", l.From, l.To, err)
	}
	return id
}

func (s *story) tryMail(l letter) (messageID string, err error) {
	s.serial++
	if l.MessageID == "" {
		l.MessageID = fmt.Sprintf("m%d.%d@client.test", s.serial, time.Now().UnixNano())
	}
	if len(l.To) == 0 {
		l.To = []string{s.mailbox}
	}
	if l.HeaderTo == "" {
		l.HeaderTo = strings.Join(l.To, ", ")
	}
	if l.Subject == "" {
		l.Subject = "A question"
	}
	lines := []string{"From: " + l.From, "To: " + l.HeaderTo, "Subject: " + l.Subject, "Message-ID: <" + l.MessageID + ">",
		"Date: " + time.Now().Format(time.RFC1123Z)}
	lines = append(lines, l.Headers...)
	if !slices.ContainsFunc(l.Headers, func(h string) bool { return strings.HasPrefix(h, "Content-Type:") }) {
		lines = append(lines, "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit")
	}
	lines = append(lines, "", strings.ReplaceAll(l.Text, "\n", "\r\n"))
	sender := l.EnvelopeFrom
	switch sender {
	case "":
		if a, err := mail.ParseAddress(l.From); err == nil {
			sender = a.Address
		}
	case "<>":
		sender = ""
	}
	return l.MessageID, sendRaw(s.at.SMTP, sender, l.To, []byte(strings.Join(lines, "\r\n")+"\r\n"))
}

// sendRaw is one SMTP transaction.
func sendRaw(addr, from string, to []string, raw []byte) error {
	c, err := smtp.Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Hello("client.test"); err != nil {
		return err
	}
	if err := c.Mail(from); err != nil {
		return err
	}
	for _, rcpt := range to {
		if err := c.Rcpt(rcpt); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(raw); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return c.Quit()
}

// code is the SMTP code of an error, 0 for none.
func code(err error) int {
	if e, ok := err.(*textproto.Error); ok {
		return e.Code
	}
	return 0
}

// filed waits until the mail with this Message-ID has a terminal state, and gives
// its entry in the mail log.
func (s *story) filed(messageID string) object {
	s.t.Helper()
	var found object
	s.eventually("mail "+messageID+" is filed", func() bool {
		for _, m := range s.owner.list("/mails?limit=100") {
			if m["message_id"] != messageID {
				continue
			}
			if m["last_error"] != "" && m["last_error"] != nil {
				s.t.Fatalf("mail %s was parked: %v", messageID, m["last_error"])
			}
			if m["status"] != "RECEIVED" && m["status"] != "PROCESSING" {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// eventually polls, within a generous bound.
func (s *story) eventually(what string, is func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if is() {
			return
		}
	}
	s.t.Fatalf("it never came about that %s", what)
}

// quiet waits until nothing is left to be filed or sent.
func (s *story) quiet() {
	s.t.Helper()
	s.eventually("everything is filed and sent", func() bool {
		// In this order: what is filed meanwhile is in the outbox before we look there.
		return len(s.owner.list("/mails?status=RECEIVED")) == 0 && len(s.owner.list("/mails?status=PROCESSING")) == 0 &&
			len(s.owner.list("/deliveries?state=QUEUED")) == 0
	})
}

// want fails the story unless the value is what the sentence says.
func (s *story) want(what string, got, want any) {
	s.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		s.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
