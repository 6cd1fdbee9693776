package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pair is a certificate and its key, as files hold them.
func pair(t *testing.T, serial int64) (cert, key []byte) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	plan := &x509.Certificate{SerialNumber: big.NewInt(serial), DNSNames: []string{"desk.test"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, plan, plan, &secret.PublicKey, secret)
	if err != nil {
		t.Fatal(err)
	}
	packed, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: packed})
}

// tlsFiles are a pair of files that are written again and again, each time a
// second later by their clock.
type tlsFiles struct {
	t         *testing.T
	cert, key string
	clock     time.Time
}

func newTLSFiles(t *testing.T) *tlsFiles {
	t.Helper()
	dir := t.TempDir()
	return &tlsFiles{t, filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), time.Now().Add(-time.Hour)}
}

func (f *tlsFiles) write(file string, content []byte) {
	f.t.Helper()
	f.clock = f.clock.Add(time.Second)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Chtimes(file, f.clock, f.clock); err != nil {
		f.t.Fatal(err)
	}
}

func TestARenewedCertificateIsShownWithoutARestart(t *testing.T) {
	t.Parallel()
	f := newTLSFiles(t)
	cert, key := pair(t, 1)
	f.write(f.cert, cert)
	f.write(f.key, key)
	s := newStory(t, func(set *settings) { set.TLSCert, set.TLSKey = f.cert, f.key })
	shown := func(what string, serial int64) {
		t.Helper()
		c, err := smtp.Dial(s.at.SMTP)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.StartTLS(&tls.Config{InsecureSkipVerify: true}); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		state, _ := c.TLSConnectionState()
		if got := state.PeerCertificates[0].SerialNumber.Int64(); got != serial {
			t.Errorf("%s: certificate %d is shown, want %d", what, got, serial)
		}
		if state.Version < tls.VersionTLS12 {
			t.Errorf("%s: version %x", what, state.Version)
		}
	}
	shown("at the start", 1)
	cert, key = pair(t, 2)
	f.write(f.cert, cert)
	shown("between the new certificate and its key", 1)
	f.write(f.key, key)
	shown("after the renewal", 2)
	f.write(f.cert, []byte("no certificate"))
	shown("after a broken renewal", 2)
	if err := os.Remove(f.key); err != nil {
		t.Fatal(err)
	}
	shown("without a file", 2)
	cert, key = pair(t, 3)
	f.write(f.cert, cert)
	f.write(f.key, key)
	shown("after the repair", 3)
}

func TestABrokenCertificateIsToldOnceAndStopsAStart(t *testing.T) {
	t.Parallel()
	f := newTLSFiles(t)
	var told bytes.Buffer
	log := slog.New(slog.NewTextHandler(&told, nil))
	if _, err := loadCertificates(settings{TLSCert: f.cert, TLSKey: f.key}, log); err == nil || !strings.Contains(err.Error(), "--tls-cert") {
		t.Errorf("a start without the files: %v", err)
	}
	cert, key := pair(t, 1)
	f.write(f.cert, cert)
	f.write(f.key, key)
	c, err := loadCertificates(settings{TLSCert: f.cert, TLSKey: f.key}, log)
	if err != nil {
		t.Fatal(err)
	}
	f.write(f.key, []byte("no key"))
	for range 10 {
		if _, err := c.files.get(nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(told.String(), "the old one stays"); n != 1 {
		t.Errorf("told %d times: %s", n, told.String())
	}
	f.write(f.key, key)
	if _, err := c.files.get(nil); err != nil || !strings.Contains(told.String(), "certificate read again") {
		t.Errorf("after the repair: %v, told %s", err, told.String())
	}
}
