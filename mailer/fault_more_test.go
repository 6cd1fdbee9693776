package mailer

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"time"

	"postdesk/core"
	"postdesk/mailer/mailertest"
)

// RFC 2920 section 3.1: a server may wait for a mail although it refused its only
// recipient. Nothing must be delivered then.
func TestAServerThatTakesDATAForNobodyGetsNoMail(t *testing.T) {
	t.Parallel()
	for _, pipelining := range []bool{false, true} {
		rogue := mailertest.NewRogue(t, mailertest.Manners{Pipelining: pipelining, STARTTLS: true, Auth: true, Eager: true}, mailertest.Trick{At: "RCPT", Say: "550 5.1.1 unknown"})
		to := carrierTo(t, rogue, nil, standardPatience())
		if got := plain(send(t, to, "one@customer.test")); got != (core.Receipt{Outcome: core.Never, Code: 550, Enhanced: "5.1.1", Text: "unknown"}) {
			t.Errorf("%+v", got)
		}
		if got := send(t, to, "two@customer.test"); got.Outcome != core.Sent || len(rogue.Kept()) != 1 || len(rogue.KeptFor("two@customer.test")) != 1 {
			t.Errorf("%+v, %d mails", got, len(rogue.Kept()))
		}
	}
}

// A mail whose dot was never said was not delivered, and nobody says perhaps.
func TestAGreatMailThatIsCutInItsMiddleIsNotPerhapsDelivered(t *testing.T) {
	t.Parallel()
	great := append([]byte(sampleMail), bytes.Repeat([]byte("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n"), 1<<18)...)
	for name, trick := range map[string]mailertest.Trick{
		"without a word": {At: "BODY", HangUp: true},
		"with a word":    {At: "BODY", Say: "552 5.3.4 too much", HangUp: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rogue := mailertest.NewRogue(t, mailertest.Manners{STARTTLS: true, Auth: true}, trick)
			to := carrierTo(t, rogue, nil, standardPatience())
			got := to.Send(t.Context(), "", address(t, "one@customer.test"), great)
			if got.Outcome != core.Later || got.PerhapsDelivered || len(rogue.Kept()) != 0 {
				t.Errorf("%+v, %d mails", got, len(rogue.Kept()))
			}
			if got := to.Send(t.Context(), "", address(t, "one@customer.test"), great); got.Outcome != core.Sent || len(rogue.Kept()) != 1 || !bytes.Equal(rogue.Kept()[0].Raw, great) {
				t.Errorf("%+v, %d mails", got, len(rogue.Kept()))
			}
		})
	}
}

func TestTheLimitOfAServerIsReadAsItIsMeant(t *testing.T) {
	t.Parallel()
	for size, want := range map[string]core.Outcome{"": core.Sent, "SIZE": core.Sent, "SIZE 0": core.Sent, "SIZE -1": core.Sent, "SIZE much": core.Sent,
		"SIZE 1000": core.Sent, "SIZE 99999999999999999999": core.Sent, "SIZE 10": core.Never} {
		rogue := mailertest.NewRogue(t, mailertest.Manners{STARTTLS: true, Auth: true, Size: size})
		if got := send(t, carrierTo(t, rogue, nil, standardPatience()), "one@customer.test"); got.Outcome != want {
			t.Errorf("%q: %+v", size, got)
		}
	}
}

// A certificate that nobody vouches for is refused where TLS was asked for, and is
// better than none where it was not.
func TestACertificateOfAnotherIsRefusedWhereTLSIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, dns := range []*net.Resolver{nil, customers(t)} {
		directly := dns != nil
		rogue := mailertest.NewRogue(t, mailertest.Manners{STARTTLS: true, Auth: !directly})
		to := carrierTo(t, rogue, dns, standardPatience())
		if !directly {
			to = smarthost(t, "smtp+starttls://me:secret@"+rogue.Address(), nil).carrier
		}
		got := send(t, to, "one@customer.test")
		if directly && (got.Outcome != core.Sent || !rogue.Kept()[0].TLS) {
			t.Errorf("directly: %+v", got)
		}
		if !directly && (got.Outcome != core.Later || !got.Unreachable || got.Text != "at STARTTLS: tls: failed to verify certificate: x509: certificate signed by unknown authority") {
			t.Errorf("by the relay: %+v", got)
		}
	}
}

// TestRepliesThatAreOneTooMany: whatever a server says out of turn, no mail is told
// to have arrived that has not, and none arrives twice.
func TestRepliesThatAreOneTooMany(t *testing.T) {
	t.Parallel()
	dns := customers(t)
	var tries sync.WaitGroup
	for _, at := range []string{"GREETING", "AUTH", "MAIL", "RCPT", "DATA", "DOT"} {
		for _, more := range []string{"250 2.0.0 once more", "421 4.4.2 idle for too long", "550 5.0.0 on second thoughts", "354 go on"} {
			for _, pipelining := range []bool{false, true} {
				tries.Go(func() { tryOneTooMany(t, dns, at, more, pipelining) })
			}
		}
	}
	tries.Wait()
}

func tryOneTooMany(t *testing.T, dns *net.Resolver, at, more string, pipelining bool) {
	rogue := mailertest.NewRogue(t, mailertest.Manners{Pipelining: pipelining, STARTTLS: at != "GREETING", Auth: at == "AUTH"},
		mailertest.Trick{At: at, Say: mailertest.Code + " 2.0.0 once\n" + more})
	if at == "AUTH" {
		dns = nil
	}
	to := carrierTo(t, rogue, dns, impatience())
	for _, who := range []string{"one@customer.test", "two@customer.test", "three@customer.test"} {
		got := send(t, to, who)
		there := func() int { return len(rogue.KeptFor(who)) }
		// One that says 250 ahead of time may still be reading.
		for deadline := time.Now().Add(mailertest.Patience); got.Outcome == core.Sent && there() == 0 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		}
		if n := there(); n > 1 || (n == 1) != (got.Outcome == core.Sent) && !got.PerhapsDelivered {
			t.Errorf("%s, %q, pipelining %v: %s is there %d times: %+v", at, more, pipelining, who, n, got)
		}
		if who == "three@customer.test" && got.Outcome != core.Sent {
			t.Errorf("%s, %q, pipelining %v: still not over: %+v", at, more, pipelining, got)
		}
	}
}
