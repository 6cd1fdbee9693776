package mailer

import (
	"context"
	"crypto/x509"
	"log/slog"
	"strings"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/mailer/mailertest"
)

const sampleMail = "Subject: hello\r\n\r\n.dot\r\n..\r\n.\r\nend\r\n"

func address(t testing.TB, s string) core.Address {
	t.Helper()
	a, err := core.ParseAddress(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// A carrier sends single mails, over a lane of its own to each destination.
type carrier struct {
	transport Transport
	lanes     map[string]*lane
}

func newCarrier(t testing.TB, transport Transport) *carrier {
	c := &carrier{transport, map[string]*lane{}}
	t.Cleanup(func() {
		for _, l := range c.lanes {
			l.quit()
		}
	})
	return c
}

func (c *carrier) lane(destination string) *lane {
	if c.lanes[destination] == nil {
		courier := &Courier{Transport: c.transport, Log: slog.New(slog.DiscardHandler)}
		c.lanes[destination] = &lane{courier: courier, slot: &core.Lane{Destination: destination}}
	}
	return c.lanes[destination]
}

// Send tries once.
func (c *carrier) Send(ctx context.Context, from string, to core.Address, raw []byte) core.Receipt {
	m, err := mailingOf(from, to, raw)
	if err != nil {
		return receiptOf("", err)
	}
	destination := core.Everywhere
	if c.transport.perDomain() {
		destination = to.Domain()
	}
	r, tried := c.lane(destination).send(ctx, m)
	if !tried {
		return core.Receipt{Outcome: core.Later, Text: "not tried"}
	}
	return r
}

// A relay is a smarthost that single mails can be sent by.
type relay struct {
	*Smarthost
	*carrier
}

func smarthost(t testing.TB, url string, roots *x509.CertPool) relay {
	t.Helper()
	to, err := ParseRelay(url)
	if err != nil {
		t.Fatal(err)
	}
	s := NewSmarthost(to, "out.acme.test", roots)
	return relay{s, newCarrier(t, s)}
}

// impatient gives the smarthost short waits, for servers that say nothing.
func impatient(s relay) relay {
	short := 300 * time.Millisecond
	s.peer.patience = patience{dial: time.Second, greeting: short, command: short, data: short, block: short, final: short}
	return s
}

type postman interface {
	Send(ctx context.Context, from string, to core.Address, raw []byte) core.Receipt
}

func send(t testing.TB, s postman, to string) core.Receipt {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), mailertest.Patience)
	defer cancel()
	return s.Send(ctx, "support+bounce@acme.test", address(t, to), []byte(sampleMail))
}

func TestAMailArrivesWithItsBytesAndEnvelope(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		options []mailertest.Option
		tls     bool
		user    string
	}{
		"plain":                  {},
		"STARTTLS":               {[]mailertest.Option{mailertest.WithSTARTTLS()}, true, ""},
		"TLS":                    {[]mailertest.Option{mailertest.WithTLS()}, true, ""},
		"password to loopback":   {[]mailertest.Option{mailertest.WithAuth("me", "p%:@/#ss")}, false, "me"},
		"password over TLS":      {[]mailertest.Option{mailertest.WithTLS(), mailertest.WithAuth("me", "pass")}, true, "me"},
		"password over STARTTLS": {[]mailertest.Option{mailertest.WithSTARTTLS(), mailertest.WithAuth("me", "pass")}, true, "me"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := mailertest.NewSink(t, test.options...)
			receipt := send(t, smarthost(t, sink.URL(), sink.Roots()), "cara@customer.test")
			if receipt.Outcome != core.Sent || receipt.Code != 250 {
				t.Fatalf("receipt %+v", receipt)
			}
			got := sink.WaitFor(t, 1)[0]
			if string(got.Raw) != sampleMail {
				t.Errorf("arrived as %q", got.Raw)
			}
			if got.From != "support+bounce@acme.test" || len(got.To) != 1 || got.To[0] != "cara@customer.test" {
				t.Errorf("envelope %q %q", got.From, got.To)
			}
			if got.TLS != test.tls || got.User != test.user || got.Hello != "out.acme.test" {
				t.Errorf("TLS %v, user %q, hello %q", got.TLS, got.User, got.Hello)
			}
			if got.Size != int64(len(sampleMail)) || got.UTF8 {
				t.Errorf("size %d, utf8 %v", got.Size, got.UTF8)
			}
		})
	}
}

func TestAnOfferOfTLSIsTakenWithoutACertificateCheck(t *testing.T) {
	t.Parallel()
	sink := mailertest.NewSink(t, mailertest.WithSTARTTLS())
	receipt := send(t, smarthost(t, "smtp://"+sink.Address(), nil), "cara@customer.test")
	if receipt.Outcome != core.Sent || !sink.WaitFor(t, 1)[0].TLS {
		t.Fatalf("receipt %+v", receipt)
	}
}

func TestTheNullSenderIsPossible(t *testing.T) {
	t.Parallel()
	sink := mailertest.NewSink(t)
	receipt := smarthost(t, sink.URL(), nil).Send(t.Context(), "", address(t, "cara@customer.test"), []byte(sampleMail))
	if receipt.Outcome != core.Sent || sink.WaitFor(t, 1)[0].From != "" {
		t.Fatalf("receipt %+v, from %q", receipt, sink.Messages()[0].From)
	}
}

// TestEveryFaultOfTheRelay is mail-law section 6: what is later, what is never.
func TestEveryFaultOfTheRelay(t *testing.T) {
	t.Parallel()
	type fault = mailertest.Fault
	tests := map[string]struct {
		fault fault
		want  core.Receipt
	}{
		"unknown recipient":         {fault{At: "RCPT", Code: 550, Enhanced: [3]int{5, 1, 1}, Text: "no such user"}, core.Receipt{Outcome: core.Never, Code: 550, Enhanced: "5.1.1", Text: "no such user"}},
		"greylisting":               {fault{At: "RCPT", Code: 450, Enhanced: [3]int{4, 2, 0}, Text: "come back"}, core.Receipt{Outcome: core.Later, Code: 450, Enhanced: "4.2.0", Text: "come back"}},
		"refused content":           {fault{At: "DOT", Code: 554, Enhanced: [3]int{5, 6, 0}, Text: "spam"}, core.Receipt{Outcome: core.Never, Code: 554, Enhanced: "5.6.0", Text: "spam"}},
		"too large (T119)":          {fault{At: "DOT", Code: 552, Enhanced: [3]int{5, 3, 4}, Text: "too big"}, core.Receipt{Outcome: core.Never, Code: 552, Enhanced: "5.3.4", Text: "too big"}},
		"full disk":                 {fault{At: "DOT", Code: 452, Enhanced: [3]int{4, 3, 1}, Text: "disk full"}, core.Receipt{Outcome: core.Later, Code: 452, Enhanced: "4.3.1", Text: "disk full"}},
		"sender refused":            {fault{At: "MAIL", Code: 550, Enhanced: [3]int{5, 7, 1}, Text: "not you"}, core.Receipt{Outcome: core.Later, Code: 550, Enhanced: "5.7.1", Text: "not you"}},
		"size refused at MAIL":      {fault{At: "MAIL", Code: 552, Enhanced: [3]int{5, 3, 4}, Text: "too big"}, core.Receipt{Outcome: core.Never, Code: 552, Enhanced: "5.3.4", Text: "too big"}},
		"password wanted at RCPT":   {fault{At: "RCPT", Code: 530, Enhanced: [3]int{5, 7, 0}, Text: "sign in"}, core.Receipt{Outcome: core.Later, Code: 530, Enhanced: "5.7.0", Text: "sign in"}},
		"hung up at RCPT":           {fault{At: "RCPT", HangUp: true}, core.Receipt{Outcome: core.Later}},
		"hung up after the dot":     {fault{At: "AFTER", HangUp: true}, core.Receipt{Outcome: core.Later, PerhapsDelivered: true}},
		"silence after the dot":     {fault{At: "AFTER", Hang: true}, core.Receipt{Outcome: core.Later, PerhapsDelivered: true}},
		"silence at MAIL":           {fault{At: "MAIL", Hang: true}, core.Receipt{Outcome: core.Later}},
		"temporary trouble at EHLO": {fault{At: "EHLO", Code: 421, Enhanced: [3]int{4, 3, 2}, Text: "closing"}, core.Receipt{Outcome: core.Later, Code: 421, Enhanced: "4.3.2", Text: "closing"}},
		"hello refused":             {fault{At: "EHLO", Code: 550, Enhanced: [3]int{5, 7, 1}, Text: "bad name"}, core.Receipt{Outcome: core.Later, Code: 550, Enhanced: "5.7.1", Text: "bad name"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := mailertest.NewSink(t)
			sink.Misbehave(test.fault)
			host := smarthost(t, sink.URL(), nil)
			if test.fault.Hang {
				impatient(host)
			}
			got := send(t, host, "cara@customer.test")
			if got.Text == "" || got.Remote != "127.0.0.1" {
				t.Errorf("receipt without words or server: %+v", got)
			}
			if got.Unreachable != (test.fault.At == "EHLO") {
				t.Errorf("unreachable %v", got.Unreachable)
			}
			got.Remote, got.Unreachable = "", false
			if test.want.Text == "" {
				got.Text = ""
			}
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// TestWhatARelayMaySay holds replies that real servers send and sinks do not.
func TestWhatARelayMaySay(t *testing.T) {
	t.Parallel()
	const upToData = "S: 220 hi\nC: EHLO\nS: 250 hi\nC: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\n"
	tests := map[string]struct {
		transcript string
		want       core.Receipt
	}{
		"greeting 554":                   {"S: 554 5.7.1 you are on a list", core.Receipt{Outcome: core.Later, Code: 554, Enhanced: "5.7.1", Text: "you are on a list"}},
		"greeting 421":                   {"S: 421 busy", core.Receipt{Outcome: core.Later, Code: 421, Text: "busy"}},
		"no greeting":                    {"", core.Receipt{Outcome: core.Later, Text: "EOF"}},
		"DATA refused":                   {upToData + "S: 554 5.7.1 policy", core.Receipt{Outcome: core.Never, Code: 554, Enhanced: "5.7.1", Text: "policy"}},
		"DATA later":                     {upToData + "S: 451 4.7.1 greylisted", core.Receipt{Outcome: core.Later, Code: 451, Enhanced: "4.7.1", Text: "greylisted"}},
		"enhanced code on the last line": {upToData + "S: 354 go\nC: .\nS: 550-We do not like\nS: 550 5.7.1 this mail", core.Receipt{Outcome: core.Never, Code: 550, Enhanced: "5.7.1", Text: "We do not like this mail"}},
		"a reply without words":          {upToData + "S: 354 go\nC: .\nS: 550", core.Receipt{Outcome: core.Never, Code: 550, Text: "refused after the final dot without a word"}},
		"taken, without words":           {upToData + "S: 354\nC: .\nS: 250", core.Receipt{Outcome: core.Sent, Code: 250}},
		"rubbish after the dot":          {upToData + "S: 354 go\nC: .\nS: what?", core.Receipt{Outcome: core.Later, Text: `short response: "what?"`, PerhapsDelivered: true}},
		"taken, in several lines":        {upToData + "S: 354 go\nC: .\nS: 250-2.0.0 thanks\nS: 250 2.0.0 queued as 123", core.Receipt{Outcome: core.Sent, Code: 250, Enhanced: "2.0.0", Text: "thanks queued as 123"}},
		"HELO only":                      {"S: 220 hi\nC: EHLO\nS: 502 what\nC: HELO\nS: 250 hi\nC: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 354 go\nC: .\nS: 250 ok", core.Receipt{Outcome: core.Sent, Code: 250, Text: "ok"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := smarthost(t, "smtp://"+mailertest.Script(t, test.transcript), nil)
			got := send(t, host, "cara@customer.test")
			if got.Unreachable != strings.Contains(name, "greeting") {
				t.Errorf("unreachable %v", got.Unreachable)
			}
			got.Remote, got.Unreachable = "", false
			got.Text = strings.TrimPrefix(got.Text, "connecting: ")
			if i := strings.Index(got.Text, "short response"); i > 0 {
				got.Text = got.Text[i:]
			}
			if got != test.want {
				t.Errorf("\ngot  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestTheSizeIsCheckedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	sink := mailertest.NewSink(t, mailertest.WithMaxSize(20))
	got := send(t, smarthost(t, sink.URL(), nil), "cara@customer.test")
	if got.Outcome != core.Never || got.Enhanced != "5.3.4" {
		t.Errorf("receipt %+v", got)
	}
	if said := sink.Commands(); len(said) != 0 {
		t.Errorf("said %q", said)
	}
}

func TestSMTPUTF8IsAskedForOnlyWhenAnAddressNeedsIt(t *testing.T) {
	t.Parallel()
	able, unable := mailertest.NewSink(t, mailertest.WithUTF8()), mailertest.NewSink(t)
	host := smarthost(t, able.URL(), nil)
	for _, to := range []string{"cara@customer.test", "žofie@customer.test"} {
		if got := send(t, host, to); got.Outcome != core.Sent {
			t.Fatalf("%s: %+v", to, got)
		}
	}
	if got := able.WaitFor(t, 2); got[0].UTF8 || !got[1].UTF8 {
		t.Errorf("SMTPUTF8 %v %v", got[0].UTF8, got[1].UTF8)
	}
	if got := send(t, smarthost(t, unable.URL(), nil), "žofie@customer.test"); got.Outcome != core.Never {
		t.Errorf("receipt %+v", got)
	}
}

func TestA2MailWithLooseLineEndsIsOneMail(t *testing.T) {
	t.Parallel()
	const smuggled = "Subject: x\r\n\r\none\n.\nMAIL FROM:<a@b.test>\r.\rtwo\r\n\x00.\r\n..\r\n.\r\r\n.\r\nend"
	sink := mailertest.NewSink(t)
	host := smarthost(t, sink.URL(), nil)
	receipt := host.Send(t.Context(), "", address(t, "cara@customer.test"), []byte(smuggled))
	if receipt.Outcome != core.Sent {
		t.Fatalf("receipt %+v", receipt)
	}
	got := sink.Messages()
	if len(got) != 1 {
		t.Fatalf("%d mails", len(got))
	}
	const want = "Subject: x\r\n\r\none\r\n.\r\nMAIL FROM:<a@b.test>\r\n.\r\ntwo\r\n.\r\n..\r\n.\r\n\r\n.\r\nend\r\n"
	if string(got[0].Raw) != want {
		t.Errorf("got %q", got[0].Raw)
	}
}

// TestALostAnswerIsFollowedByTheSameBytes is T61.
func TestALostAnswerIsFollowedByTheSameBytes(t *testing.T) {
	t.Parallel()
	sink := mailertest.NewSink(t)
	sink.Misbehave(mailertest.Fault{At: "AFTER", HangUp: true, Times: 1})
	host := smarthost(t, sink.URL(), nil)
	if got := send(t, host, "cara@customer.test"); got.Outcome != core.Later || !got.PerhapsDelivered {
		t.Fatalf("first try: %+v", got)
	}
	if got := send(t, host, "cara@customer.test"); got.Outcome != core.Sent || got.PerhapsDelivered {
		t.Fatalf("second try: %+v", got)
	}
	if got := sink.Messages(); len(got) != 2 || string(got[0].Raw) != string(got[1].Raw) {
		t.Errorf("%d mails arrived, or their bytes differ", len(got))
	}
}

func TestOneRefusedRecipientDoesNotHarmTheOthers(t *testing.T) { // T60
	t.Parallel()
	sink := mailertest.NewSink(t)
	sink.Misbehave(mailertest.Fault{At: "RCPT", Address: "gone@customer.test", Code: 550, Text: "gone"})
	host := smarthost(t, sink.URL(), nil)
	for to, want := range map[string]core.Outcome{"cara@customer.test": core.Sent, "gone@customer.test": core.Never, "cole@customer.test": core.Sent} {
		if got := send(t, host, to); got.Outcome != want {
			t.Errorf("%s: %+v", to, got)
		}
	}
	if total, _ := sink.Connections(); total != 1 {
		t.Errorf("%d connections", total)
	}
}

func TestStoppingDuringTheDialogueIsLater(t *testing.T) {
	t.Parallel()
	sink := mailertest.NewSink(t)
	sink.Misbehave(mailertest.Fault{At: "AFTER", Hang: true})
	ctx, cancel := context.WithCancel(t.Context())
	host := smarthost(t, sink.URL(), nil)
	done := make(chan core.Receipt)
	go func() { done <- host.Send(ctx, "", address(t, "cara@customer.test"), []byte(sampleMail)) }()
	sink.WaitFor(t, 1)
	cancel()
	if got := <-done; got.Outcome != core.Later || !got.PerhapsDelivered {
		t.Errorf("%+v", got)
	}
}

// Core refuses what could end a path,
// and what it lets through is one RCPT.
func TestA20OneRecipientPerIntendedAddress(t *testing.T) {
	t.Parallel()
	for _, hostile := range []string{`"x> ORCPT=y <z"@d.test`, "a@b.test>\r\nRCPT TO:<c@d.test", "a@b.test> NOTIFY=NEVER", "a b@c.test", "<a@b.test>"} {
		if a, err := core.ParseAddress(hostile); err == nil {
			t.Errorf("%q is read as %q", hostile, a)
		}
	}
	sink := mailertest.NewSink(t)
	host := smarthost(t, sink.URL(), nil)
	for _, odd := range []string{"o'brien+{{.}}=$x@customer.test", "cara..c@customer.test"} {
		if got := send(t, host, odd); got.Outcome != core.Sent {
			t.Fatalf("%s: %+v", odd, got)
		}
	}
	rcpt := 0
	for _, c := range sink.Commands() {
		if strings.HasPrefix(c, "RCPT") {
			rcpt++
		}
	}
	if rcpt != 2 {
		t.Errorf("said %q", sink.Commands())
	}
	if got := host.Send(t.Context(), "x> <y@z.test", address(t, "cara@customer.test"), nil); got.Outcome != core.Later {
		t.Errorf("%+v", got)
	}
	if got := host.Send(t.Context(), "", core.Address{}, nil); got.Outcome != core.Never {
		t.Errorf("%+v", got)
	}
}
