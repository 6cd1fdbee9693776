package mailer

import (
	"encoding/base64"
	"net"
	"strings"
	"testing"

	"postdesk/core"
	"postdesk/mailer/mailertest"
)

func TestOurOwnMisconfigurationIsLater(t *testing.T) {
	t.Parallel()
	starttls := mailertest.NewSink(t, mailertest.WithSTARTTLS())
	auth := mailertest.NewSink(t, mailertest.WithAuth("me", "right"))
	plain := mailertest.NewSink(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	tests := map[string]struct{ url, text string }{
		"refused connection":  {"smtp://" + closed.Addr().String(), "refused"},
		"unknown certificate": {starttls.URL(), "certificate"},
		"wrong password":      {"smtp://me:wrong-secret@" + auth.Address(), "wrong name or password"},
		"password missing":    {"smtp://" + auth.Address(), "sign in first"},
		"no STARTTLS":         {"smtp+starttls://" + plain.Address(), "STARTTLS"},
		"no AUTH offered":     {"smtp://me:wrong-secret@" + plain.Address(), "AUTH"},
		"TLS to a plain port": {"smtps://" + plain.Address(), "tls"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := impatient(smarthost(t, test.url, nil))
			got := send(t, host, "cara@customer.test")
			if got.Outcome != core.Later || got.PerhapsDelivered || !strings.Contains(got.Text, test.text) {
				t.Errorf("receipt %+v", got)
			}
			if strings.Contains(got.Text, "wrong-secret") {
				t.Errorf("the password is in %q", got.Text)
			}
			if name != "password missing" && host.Check(t.Context()) == nil {
				t.Error("Check found nothing")
			}
		})
	}
}

func TestAPasswordLeavesThisMachineOnlyOverTLS(t *testing.T) {
	t.Parallel()
	sink := mailertest.NewSink(t, mailertest.WithAuth("me", "pass"))
	p := smarthost(t, "smtp://"+sink.Address(), nil).peer
	d, err := p.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer d.quit()
	p.user, p.password, d.local = "me", "pass", false
	if err := d.signIn(); err == nil || !strings.Contains(err.Error(), "TLS") {
		t.Errorf("%v", err)
	}
	for _, c := range sink.Commands() {
		if strings.HasPrefix(c, "AUTH") {
			t.Errorf("said %q", c)
		}
	}
	if !d.tls().InsecureSkipVerify {
		return
	}
	t.Error("a password would follow a certificate that nobody checked")
}

func TestAuthLoginIsUsedWherePlainIsNotOffered(t *testing.T) {
	t.Parallel()
	said := func(s string) string { return strings.ToUpper(base64.StdEncoding.EncodeToString([]byte(s))) }
	address := mailertest.Script(t, "S: 220 hi\nC: EHLO\nS: 250-hi\nS: 250 AUTH LOGIN CRAM-MD5\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\n"+
		"C: "+said("me")+"\nS: 334 UGFzc3dvcmQ6\nC: "+said("pass")+"\nS: 235 welcome\n"+
		"C: MAIL\nS: 250 ok\nC: RCPT\nS: 250 ok\nC: DATA\nS: 354 go\nC: .\nS: 250 ok")
	if got := send(t, smarthost(t, "smtp://me:pass@"+address, nil), "cara@customer.test"); got.Outcome != core.Sent {
		t.Errorf("%+v", got)
	}
}

// TestTLSThatWasOnlyAnOfferMayFail: the transcript hangs up at the handshake, and
// takes the mail from whoever comes without.
func TestTLSThatWasOnlyAnOfferMayFail(t *testing.T) {
	t.Parallel()
	const offer = "S: 220 hi\nC: EHLO\nS: 250-hi\nS: 250 STARTTLS\n"
	refuses := mailertest.Script(t, offer+"C: STARTTLS\nS: 454 4.7.0 not now")
	breaks := mailertest.Script(t, offer+"C: STARTTLS\nS: 220 go\nS: rubbish")
	for _, address := range []string{refuses, breaks} {
		p := impatient(smarthost(t, "smtp://"+address, nil)).peer
		d, err := p.open(t.Context())
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if _, secured := d.client.TLSConnectionState(); secured {
			t.Error("TLS without a handshake")
		}
		d.quit()
		strict := impatient(smarthost(t, "smtp+starttls://"+address, nil))
		if got := send(t, strict, "cara@customer.test"); got.Outcome != core.Later {
			t.Errorf("%+v", got)
		}
	}
}
