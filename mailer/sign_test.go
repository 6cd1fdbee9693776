package mailer

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/foxcpp/go-mockdns"

	"postdesk/core"
	"postdesk/core/coretest"
	"postdesk/mailer/mailertest"
)

// publish answers real DNS packets about one record and gives the look-up.
func publish(t testing.TB, name, record string) func(string) ([]string, error) {
	t.Helper()
	server, err := mockdns.NewServerWithLogger(map[string]mockdns.Zone{name + ".": {TXT: []string{record}}}, log.New(io.Discard, "", 0), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	resolver := &net.Resolver{}
	server.PatchNet(resolver)
	return func(name string) ([]string, error) { return resolver.LookupTXT(t.Context(), name+".") }
}

// signer makes a key of desk.test and publishes its record.
func signer(t testing.TB) (core.Signer, func(string) ([]string, error)) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return core.Signer{Domain: "acme.test", Selector: "one", Key: key},
		publish(t, "one._domainkey.acme.test", "v=DKIM1; k=rsa; p="+base64.StdEncoding.EncodeToString(public))
}

// verifies tells what a stranger makes of the topmost signature.
func verifies(t testing.TB, raw []byte, lookup func(string) ([]string, error)) error {
	t.Helper()
	found, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: lookup})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("no signature")
	}
	return found[0].Err
}

// signable are mails of every purpose, and some whose bytes are awkward.
func signable(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	compose := func(name string, o core.Outgoing) {
		raw, err := Compose(&o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = raw
	}
	for name, o := range outgoings() {
		compose(name, o)
	}
	odd := base(core.PurposeReply)
	odd.Author, odd.From.Name = "Zoë Ωmega", "Ünterstützung 支援"
	odd.Subject = strings.Repeat("Größe 大きさ ", 20)
	odd.Text = ".\n..\n.hidden\n \n" + strings.Repeat("x", 5000) + "\n\ttabs \t and spaces   \n\n\n\n"
	odd.Files = []core.File{{Name: "naïve.txt", ContentType: "text/plain", Content: bytes.Repeat([]byte(".\r\n"), 3000)}}
	compose("awkward", odd)
	empty := base(core.PurposeReply)
	compose("without words", empty)
	for name, body := range map[string]string{"empty body": "", "one empty line": "\r\n", "dots": ".\r\n..\r\n...", "8 bit": "Gr\xc3\xbc\xc3\x9fe\r\n",
		"spaces at line ends": "a  \r\n\t\r\n \r\n", "long line": strings.Repeat("y ", 498) + "\r\n"} {
		all[name] = []byte("From: a@acme.test\r\nTo: b@other.test\r\nSubject: =?utf-8?q?x?=\r\n" + "List-Id: <l.acme.test>\r\n\r\n" + body)
	}
	return all
}

func TestASignedMailVerifiesAtItsReader(t *testing.T) {
	t.Parallel()
	s, lookup := signer(t)
	sink := mailertest.NewSink(t)
	relay := smarthost(t, sink.URL(), nil)
	for name, raw := range signable(t) {
		signed, err := signMail(raw, s)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if receipt := relay.Send(t.Context(), "bounce@acme.test", address(t, "b@other.test"), signed); receipt.Outcome != core.Sent {
			t.Fatalf("%s: %+v", name, receipt)
		}
		got := sink.WaitForTo(t, "b@other.test", 1)
		if err := verifies(t, got[len(got)-1].Raw, lookup); err != nil {
			t.Errorf("%s: %v\n%s", name, err, got[len(got)-1].Raw)
		}
		if !bytes.HasSuffix(signed, raw) {
			t.Errorf("%s: the mail below the signature is another", name)
		}
	}
}

func TestASignatureIsAProperField(t *testing.T) {
	t.Parallel()
	s, _ := signer(t)
	for name, raw := range signable(t) {
		signed, err := signMail(raw, s)
		if err != nil {
			t.Fatal(err)
		}
		field := bytes.TrimSuffix(signed, raw)
		if !bytes.HasPrefix(field, []byte("DKIM-Signature: ")) || !bytes.HasSuffix(field, []byte("\r\n")) || bytes.Contains(field, []byte("\r\n\r\n")) {
			t.Errorf("%s: %q", name, field)
		}
		for line := range bytes.Lines(field) {
			if len(line) > 500 || !bytes.HasSuffix(line, []byte("\r\n")) || len(bytes.TrimSpace(line)) == 0 {
				t.Errorf("%s: line %q", name, line)
			}
		}
		flat := strings.ReplaceAll(string(field), "\r\n", "")
		for _, tag := range []string{"a=rsa-sha256;", "c=relaxed/relaxed;", "d=acme.test;", "s=one;"} {
			if !strings.Contains(flat, " "+tag) {
				t.Errorf("%s: no %s in %s", name, tag, flat)
			}
		}
		if !regexp.MustCompile(` t=\d+;`).MatchString(flat) || regexp.MustCompile(` [lxz]=`).MatchString(flat) {
			t.Errorf("%s: %s", name, flat)
		}
	}
}

// TestNothingCanBeAddedToWhatIsSealed: neither above nor below what stands there.
func TestNothingCanBeAddedToWhatIsSealed(t *testing.T) {
	t.Parallel()
	s, lookup := signer(t)
	for name, raw := range signable(t) {
		signed, err := signMail(raw, s)
		if err != nil {
			t.Fatal(err)
		}
		head, body, _ := bytes.Cut(signed, []byte("\r\n\r\n"))
		with := func(field string, above bool) []byte {
			if above {
				return slices.Concat([]byte(field+"\r\n"), head, []byte("\r\n\r\n"), body)
			}
			return slices.Concat(head, []byte("\r\n"+field+"\r\n\r\n"), body)
		}
		for _, field := range sealedFields {
			for _, above := range []bool{true, false} {
				for _, written := range []string{field, strings.ToLower(field)} {
					if verifies(t, with(written+": eve@evil.test", above), lookup) == nil {
						t.Errorf("%s: another %s (above: %v) is not noticed", name, written, above)
					}
				}
			}
		}
		for _, field := range []string{"Received: from a by b; Thu, 1 Jan 2026 00:00:00 +0000", "Authentication-Results: mx.test; none", "List-Unsubscribe: <mailto:a@list.test>",
			"X-Spam: no", "Return-Path: <a@acme.test>"} {
			if err := verifies(t, with(field, true), lookup); err != nil {
				t.Errorf("%s: a relay adds %s: %v", name, field, err)
			}
		}
	}
}

func TestNothingThatIsSignedCanBeChanged(t *testing.T) {
	t.Parallel()
	s, lookup := signer(t)
	o := outgoings()["acknowledgement"]
	raw, err := Compose(&o)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signMail(raw, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Auto-Submitted"} {
		for what, by := range map[string]string{"gone": "X-Gone:", "other": "$0 other"} {
			changed := regexp.MustCompile(`(?mi)^`+field+`:`).ReplaceAll(signed, []byte(by))
			if bytes.Equal(changed, signed) {
				t.Errorf("there is no %s", field)
			}
			if verifies(t, changed, lookup) == nil {
				t.Errorf("%s %s is not noticed", field, what)
			}
		}
	}
	for name, changed := range map[string][]byte{"more words": append(slices.Clone(signed), "more\r\n"...), "other words": bytes.Replace(signed, []byte("mail"), []byte("mule"), -1)} {
		if verifies(t, changed, lookup) == nil {
			t.Errorf("%s are not noticed", name)
		}
	}
}

func TestWhatHasNoHeaderIsNotSigned(t *testing.T) {
	t.Parallel()
	s, _ := signer(t)
	for _, raw := range []string{"", "From: a@acme.test", "From: a@acme.test\r\n", "\n\n"} {
		if signed, err := signMail([]byte(raw), s); err == nil {
			t.Errorf("%q: %q", raw, signed)
		}
	}
	if _, err := signMail([]byte("From: a@acme.test\r\n\r\n"), core.Signer{}); err == nil {
		t.Error("signed with nothing")
	}
}

// record is what a desk would have published.
func (s scene) record(t *testing.T) func(string) ([]string, error) {
	t.Helper()
	keys, err := core.SigningKeysOf(t.Context(), s.Pool)
	if err != nil || len(keys) != 1 {
		t.Fatalf("keys %v: %v", keys, err)
	}
	return publish(t, keys[0].RecordName(), keys[0].Record())
}

func TestTheCourierSignsWhatItStores(t *testing.T) {
	t.Parallel()
	s := newScene(t, true)
	sink := mailertest.NewSink(t)
	log, _ := s.run(t, smarthost(t, sink.URL(), nil)) // nobody made a key before
	s.reply(t, ".\nIt is on its way, Zoë.\n..\n")
	got := sink.WaitForTo(t, "cara@customer.test", 1)[0]
	if err := verifies(t, got.Raw, s.record(t)); err != nil {
		t.Errorf("%v\n%s\n%s", err, got.Raw, log)
	}
	s.await(t, "sent", `select state from deliveries where recipient = 'cara@customer.test'`)
	if s.Text(t, `select convert_from(bytes, 'UTF8') from deliveries where recipient = 'cara@customer.test'`) != string(got.Raw) {
		t.Error("what was sent is not what is stored")
	}
}

func TestAKeyThatCannotBeReadKeepsNoMailBack(t *testing.T) {
	t.Parallel()
	s := newScene(t, true)
	if _, err := s.Signer(t.Context(), "desk.test"); err != nil {
		t.Fatal(err)
	}
	s.Exec(t, `update signing_keys set private = 'nonsense'`)
	again, err := core.Open(t.Context(), s.Pool, core.Config{PublicURL: "https://help.desk.test", RelaySet: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Desk = coretest.Desk{Desk: again, Pool: s.Pool, Mailbox: s.Mailbox} // it has read no key yet
	sink := mailertest.NewSink(t)
	log, _ := s.run(t, smarthost(t, sink.URL(), nil))
	s.reply(t, "It is on its way.")
	got := sink.WaitForTo(t, "cara@customer.test", 1)[0]
	if bytes.Contains(got.Raw, []byte("DKIM-Signature")) {
		t.Errorf("signed with nonsense:\n%s", got.Raw)
	}
	if said := log.String(); !strings.Contains(said, "level=ERROR msg=\"mail not signed\"") || !strings.Contains(said, "domain=desk.test") {
		t.Errorf("log %s", said)
	}
}

func TestMailFromANameOfThisMachineIsNotSigned(t *testing.T) {
	t.Parallel()
	s := newScene(t, true)
	s.Exec(t, `update mailboxes set address = 'support@localhost'`)
	sink := mailertest.NewSink(t)
	log, _ := s.run(t, smarthost(t, sink.URL(), nil))
	s.reply(t, "It is on its way.")
	got := sink.WaitForTo(t, "cara@customer.test", 1)[0]
	if bytes.Contains(got.Raw, []byte("DKIM-Signature")) || strings.Contains(log.String(), "not signed") {
		t.Errorf("%s\n%s", got.Raw, log)
	}
}

func BenchmarkSign(b *testing.B) {
	s, _ := signer(b)
	o := outgoings()["reply"]
	raw, err := Compose(&o)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := signMail(raw, s); err != nil {
			b.Fatal(err)
		}
	}
}
