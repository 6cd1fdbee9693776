package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// An authority signs certificates that this process trusts as if they came from
// the world: --relay knows no other trust than the system's.
type authority struct {
	tls.Certificate
	file string // its certificate, for SSL_CERT_FILE
}

// authorities are the one that TestMain makes.
var authorities *authority

// trusted makes one before anything asks for the system's authorities, which a
// process reads once.
func trusted() *authority {
	a := &authority{Certificate: certificate(nil, "")}
	file, err := os.CreateTemp("", "authority")
	if err != nil {
		log.Fatal(err)
	}
	a.file = file.Name()
	_ = pem.Encode(file, &pem.Block{Type: "CERTIFICATE", Bytes: a.Certificate.Certificate[0]})
	_ = file.Close()
	_ = os.Setenv("SSL_CERT_FILE", a.file)
	return a
}

func (a *authority) forget() { _ = os.Remove(a.file) }

// certificate is for an address, by an authority; without one it is its own.
func certificate(by *authority, ip string) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	plan := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "test " + ip},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), BasicConstraintsValid: true, IsCA: ip == ""}
	if ip != "" {
		plan.IPAddresses = []net.IP{net.ParseIP(ip)}
	}
	issuer, signer := plan, any(key)
	if by != nil {
		issuer, signer = by.Leaf, by.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, plan, issuer, &key.PublicKey, signer)
	if err != nil {
		log.Fatal(err)
	}
	leaf, _ := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// chain is a key and its certificate in one file, as Postfix reads them.
func chain(d *daemon, c tls.Certificate) (path string) {
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	d.must(err)
	return d.write("chain.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))+
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})))
}

// guarded is a relay that takes mail only over TLS and from who has a mailbox.
func guarded(people *dovecot, c tls.Certificate, tlsAddr string) postfixSetup {
	return postfixSetup{host: "relay.isp.test", tlsAddr: tlsAddr, settings: []string{
		"smtpd_tls_chain_files = " + chain(people.daemon, c), "smtpd_tls_security_level = may", "smtpd_tls_received_header = yes",
		"smtpd_sasl_auth_enable = yes", "smtpd_sasl_type = dovecot", "smtpd_sasl_path = inet:" + people.authAddr,
		"smtpd_tls_auth_only = yes", "smtpd_sasl_authenticated_header = yes",
		"mynetworks = 192.0.2.0/24", "smtpd_relay_restrictions = permit_sasl_authenticated, reject", "smtpd_recipient_restrictions =",
	}}
}

func TestMailLeavesThroughARealServerOverTLSWithAPassword(t *testing.T) {
	t.Parallel()
	w := newStreet(t, streetSetup{people: []string{"cara@acme.test"}, settings: func(set *settings) { set.Relay = "" }})
	tlsAddr := net.JoinHostPort("127.0.0.1", freePort(t))
	setup := guarded(w.mailboxes, certificate(authorities, "127.0.0.1"), tlsAddr)
	setup.routes = w.throughTheRelay(nil)
	w.relay = startPostfix(t, setup)
	question := w.file(letter{From: "cara@acme.test", Text: "It does not print."})

	through := func(scheme, password, addr string) {
		w.stop()
		relay := scheme + "://" + url.UserPassword("cara@acme.test", password).String() + "@" + addr
		w.changes = []func(*settings){w.settings, func(set *settings) { set.Relay = relay }}
		w.restarted()
	}
	refusals := []struct{ scheme, password, addr, says string }{
		{"smtp+starttls", "wrong secret", w.relay.addr, "535 5.7.8"},
		{"smtps", "wrong secret", tlsAddr, "535 5.7.8"},
		{"smtps", password, w.relay.addr, "tls"}, // the wrong port
	}
	through("smtp+starttls", "wrong secret", w.relay.addr)
	w.owner.do("POST", path("/cases/%v/reply", question["case_id"]), object{"contents": "Is it on?"})
	reply := func() object { return w.delivery("REPLY", "cara@acme.test") }
	olga := w.signedIn("olga@desk.test")
	tryNow := func() {
		olga.open("/admin/queue")
		olga.submit("/admin/queue", url.Values{"name": {"*"}, "do": {"try"}})
	}
	for i, refusal := range refusals {
		if i > 0 { // an admin changes the settings and tries
			through(refusal.scheme, refusal.password, refusal.addr)
			tryNow()
		}
		w.eventually("the refusal is shown: "+refusal.says, func() bool {
			return strings.Contains(fmt.Sprint(reply()["last_response"]), refusal.says) && fmt.Sprint(reply()["attempts"]) == fmt.Sprint(i+1)
		})
		w.want("it waits for the admin to mend it", reply()["state"], "QUEUED")
		w.want("it shows the password", strings.Contains(fmt.Sprint(reply()["last_response"]), refusal.password), false)
	}

	through("smtp+starttls", password, w.relay.addr)
	tryNow()
	arrived := []received{w.inbox("cara@acme.test", "Is it on?")}
	through("smtps", password, tlsAddr)
	w.owner.do("POST", path("/cases/%v/reply", question["case_id"]), object{"contents": "Is it plugged in?"})
	for _, m := range append(arrived, w.inbox("cara@acme.test", "Is it plugged in?")) {
		received := strings.Join(m.Header.Values("Received"), "\n")
		w.want("how the relay got it: "+received, strings.Contains(received, "(Authenticated sender: cara@acme.test)") && strings.Contains(received, "with ESMTPSA"), true)
	}
}

func TestARealServerWhoseCertificateNobodyVouchesForGetsNoPassword(t *testing.T) {
	t.Parallel()
	w := newStreet(t, streetSetup{people: []string{"cara@acme.test"}, settings: func(set *settings) { set.Relay = "" }})
	setup := guarded(w.mailboxes, certificate(nil, "127.0.0.1"), "")
	w.relay = startPostfix(t, setup)
	w.stop()
	relay := "smtp+starttls://" + url.UserPassword("cara@acme.test", password).String() + "@" + w.relay.addr
	w.changes = []func(*settings){w.settings, func(set *settings) { set.Relay = relay }}
	w.restarted()
	w.owner.do("POST", "/cases", object{"subject": "Your order", "contents": "It is on its way.", "requester_email": "cara@acme.test"})
	w.eventually("the fault is shown", func() bool {
		return strings.Contains(fmt.Sprint(w.delivery("REPLY", "cara@acme.test")["last_response"]), "certificate")
	})
	w.want("state", w.delivery("REPLY", "cara@acme.test")["state"], "QUEUED")
	w.eventually("the relay has seen the end of it", func() bool { return w.relay.logged("disconnect from") > 0 })
	w.want("sign-ins", w.relay.logged("auth="), 0)
}
