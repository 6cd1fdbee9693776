package smtpd

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"strings"
	"testing"
	"time"
)

// T01, R9: trouble of ours is 451 with a reference, says nothing of our inside,
// and the retry makes one mail.
func TestAnInsertThatFailsIsToldToComeAgain(t *testing.T) {
	t.Parallel()
	h := open(t, Config{})
	h.exec(`alter table inbound rename to gone_inbound`)
	c := h.greet()
	c.envelope()
	c.say("DATA")
	c.want("354")
	c.say(letterOf("again"), ".")
	said := c.want("451 4.3.0 Try again later, reference ")
	for _, inside := range []string{"inbound", "relation", "SQLSTATE", "accept"} {
		if strings.Contains(said, inside) {
			t.Errorf("%q tells of our inside", said)
		}
	}
	h.exec(`alter table gone_inbound rename to inbound`)
	c.mail(letterOf("again"), "250")
	if n := h.mails(); n != 1 {
		t.Errorf("%d mails are stored", n)
	}
}

// R8: a database that takes too long is no reason to lose or to double a mail.
func TestADatabaseThatTakesTooLongIsToldToComeAgain(t *testing.T) {
	t.Parallel()
	h := open(t, Config{AcceptTime: 2 * time.Second})
	h.exec(`create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(600); return new; end $$`)
	h.exec(`create trigger slow before insert on inbound for each row execute function slow()`)
	c := h.greet()
	c.mail(letterOf("slow"), "451 4.3.0")
	h.exec(`drop trigger slow on inbound`)
	c.mail(letterOf("slow"), "250")
	if n := h.mails(); n != 1 {
		t.Errorf("%d mails are stored", n)
	}
}

func TestWithoutADatabaseRecipientsComeAgain(t *testing.T) {
	t.Parallel()
	h := open(t, Config{})
	c := h.greet()
	h.cut()
	c.say("MAIL FROM:<cara@acme.test>")
	c.want("250")
	c.say("RCPT TO:<support@desk.test>")
	c.want("451 4.3.0 Try again later, reference ")
	c.say("RCPT TO:<support+x@desk.test>")
	c.want("550 5.1.1")
}

// T03: the 250 was lost, the client comes again.
func TestTheSameMailAgainIsOneMail(t *testing.T) {
	t.Parallel()
	h := open(t, Config{})
	for range 3 {
		h.greet().mail(letterOf("once"), "250")
	}
	if n := h.mails(); n != 1 {
		t.Errorf("%d mails are stored", n)
	}
}

// T02
func TestA4AClientThatVanishesInTheMiddleLeavesNothing(t *testing.T) {
	t.Parallel()
	h := open(t, Config{})
	for _, part := range []string{"", "Subject: cut", letterOf("cut"), letterOf("cut") + "\r\n", letterOf("cut") + "\r\n."} {
		c := h.greet()
		c.envelope()
		c.say("DATA")
		c.want("354")
		if err := c.send(part); err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
	}
	until(t, "all are noticed", func() bool { return h.server.Stats().CutOff == 5 })
	if n := h.mails(); n != 0 {
		t.Errorf("%d mails are stored", n)
	}
}

// T04, T07: the envelope is kept as it was said.
func TestTheEnvelopeIsKept(t *testing.T) {
	t.Parallel()
	h := open(t, Config{}, comingFrom("::ffff:203.0.113.7"))
	c := h.dial()
	c.want("220")
	c.say("EHLO mail.acme.test", "MAIL FROM:<Cara@Acme.test>", "RCPT TO:<support@desk.test>", "RCPT TO:<Billing@desk.test>", "DATA")
	for range 3 {
		c.want("250")
	}
	c.want("250")
	c.want("354")
	c.say(letterOf("bcc"), ".")
	c.want("250")
	var got string
	h.query(&got, `select concat_ws(' ', host(client_ip), helo, tls, envelope_from, recipients) from inbound`)
	if want := "203.0.113.7 mail.acme.test f Cara@Acme.test {support@desk.test,Billing@desk.test}"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAcceptedMailsAreFiled(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]Config{
		"at once": {}, "when the intake is full": {MaxFilingBytes: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, cfg)
			c := h.greet()
			for _, subject := range []string{"one", "two", "three", "four", "five", "six"} {
				c.mail(letterOf(subject), "250")
			}
			until(t, "all are filed", func() bool {
				var open int
				h.query(&open, `select count(*) from inbound where state = 'received'`)
				return open == 0 && h.mails() == 6
			})
		})
	}
}

// R17: a mail that cannot be filed is kept, told, and tried again.
func TestAMailThatCannotBeFiledIsParkedAndComesAgain(t *testing.T) {
	t.Parallel()
	h := open(t, Config{})
	h.exec(`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not today'; end $$`)
	h.exec(`create trigger refuse before update on inbound for each row
		when (new.state <> old.state and new.state <> 'failed') execute function refuse()`)
	h.greet().mail(letterOf("poison"), "250")
	var told string
	until(t, "the mail is parked", func() bool {
		h.query(&told, `select last_error from inbound`)
		return told != ""
	})
	if !strings.Contains(told, "not today") {
		t.Errorf("the reason is %q", told)
	}
	h.exec(`drop trigger refuse on inbound`)
	h.exec(`update inbound set due_at = now()`)
	until(t, "the mail is filed", func() bool {
		var state string
		h.query(&state, `select state from inbound`)
		return state != "received"
	})
}

// R19: idle clients get 421, a mail on its way may come in, and the server ends.
func TestStoppingLetsAMailOnItsWayComeIn(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]struct{ begin, taken, end string }{
		"DATA": {"DATA\r\n", "354", "Subject: last\r\n\r\nwords\r\n.\r\n"},
		"BDAT": {"BDAT 9\r\nSubject: ", "250", "BDAT 15 LAST\r\nlast\r\n\r\nwords\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, Config{})
			idle, busy, between := h.greet(), h.greet(), h.greet()
			between.envelope()
			busy.envelope()
			if err := busy.send(m.begin); err != nil {
				t.Fatal(err)
			}
			busy.want(m.taken)
			h.stop()
			idle.want("421 4.3.2")
			idle.wantClosed()
			between.want("421 4.3.2")
			if err := busy.send(m.end); err != nil {
				t.Fatal(err)
			}
			busy.want("250")
			busy.want("421 4.3.2")
			if err := <-h.served; err != nil {
				t.Errorf("serve: %v", err)
			}
			if n := h.mails(); n != 1 {
				t.Errorf("%d mails are stored", n)
			}
		})
	}
}

func TestStoppingDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	h := open(t, Config{DrainTime: 100 * time.Millisecond})
	c := h.greet()
	c.envelope()
	c.say("DATA")
	c.want("354")
	h.stop()
	if err := <-h.served; err != nil {
		t.Errorf("serve: %v", err)
	}
	c.wantClosed()
}

// certificate makes one for mx.desk.test.
func certificate(t *testing.T) *tls.Config {
	t.Helper()
	c, err := selfSigned()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func selfSigned() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	plan := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"mx.desk.test"}, NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, plan, plan, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, nil
}

// startTLS shakes hands; what follows goes through TLS.
func (c *client) startTLS(behind string) *tls.Conn {
	c.t.Helper()
	if err := c.send("STARTTLS\r\n" + behind); err != nil {
		c.t.Fatal(err)
	}
	c.want("220 2.0.0")
	secure := tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true})
	if err := secure.Handshake(); err != nil {
		c.t.Fatal(err)
	}
	c.Conn = secure
	c.in.Reset(secure)
	return secure
}

// Trap 12 inside of TLS
func TestA5STARTTLSForgetsWhatWasSaidBefore(t *testing.T) {
	t.Parallel()
	h := open(t, Config{TLS: certificate(t)})
	c := h.dial()
	c.want("220")
	c.say("EHLO client.test")
	if all := c.want("250"); !strings.Contains(all, "250-STARTTLS\r\n") {
		t.Errorf("STARTTLS is not offered: %q", all)
	}
	c.envelope()
	c.startTLS("DATA\r\nSubject: injected\r\n\r\n.\r\n")
	c.say("MAIL FROM:<cara@acme.test>")
	c.want("503 5.5.1")
	c.say("EHLO client.test")
	if all := c.want("250"); strings.Contains(all, "STARTTLS") {
		t.Errorf("STARTTLS is offered again: %q", all)
	}
	c.say("STARTTLS")
	c.want("503")
	c.say("DATA")
	c.want("503")
	c.say("MAIL FROM:<cara@acme.test>", "RCPT TO:<postmaster>", "DATA")
	c.want("250")
	c.want("250")
	c.want("354")
	c.say(letterOf("secret"), ".")
	c.want("250")
	var got string
	h.query(&got, `select concat_ws(' ', tls, recipients) from inbound`)
	if got != "t {postmaster@desk.test}" || !bytes.HasPrefix(h.raw(), []byte("From: Cara")) {
		t.Errorf("got %s", got)
	}
}

// Trap 2: the end of the TLS stream is not the end of the mail.
func TestA3ATruncatedBDATInsideOfTLSIsNotAMessage(t *testing.T) {
	t.Parallel()
	h := open(t, Config{TLS: certificate(t)})
	c := h.greet()
	secure := c.startTLS("")
	c.say("EHLO client.test")
	c.want("250")
	c.envelope()
	if err := c.send("BDAT 1000 LAST\r\nSubject: cut\r\n\r\nwords"); err != nil {
		t.Fatal(err)
	}
	if err := secure.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	c.wantClosed()
	until(t, "the cut is noticed", func() bool { return h.server.Stats().CutOff == 1 })
	if n := h.mails(); n != 0 {
		t.Errorf("%d mails are stored", n)
	}
}

// Trap 13
func TestAFailedHandshakeEndsTheConnection(t *testing.T) {
	t.Parallel()
	h := open(t, Config{TLS: certificate(t)})
	c := h.greet()
	c.say("STARTTLS")
	c.want("220 2.0.0")
	c.say("MAIL FROM:<cara@acme.test>")
	if rest := c.wantClosed(); strings.Contains(rest, "250") {
		t.Errorf("went on in plain text: %q", rest)
	}
}
