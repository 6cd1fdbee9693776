package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/net/idna"

	"postdesk/core"
)

// acmeCertificate is the certificate of one host name, ordered and renewed by ACME
// (RFC 8555). What is ordered, and what its challenges are answered with, stands in
// the database: any process may be asked, whoever ordered.
type acmeCertificate struct {
	host    string
	manager *autocert.Manager
	desk    *core.Desk
	log     *slog.Logger
	reasons *acmeReasons
	there   atomic.Bool // a certificate was had by this process
}

// checkACME finds what would only be told by the server of the CA, later.
func (s settings) checkACME() error {
	if s.ACMEHost == "" {
		return nil
	}
	host, err := idna.Lookup.ToASCII(s.ACMEHost)
	if err != nil || !strings.Contains(strings.Trim(host, "."), ".") || net.ParseIP(host) != nil || strings.ContainsAny(host, ":/ ") {
		return usageError{fmt.Errorf("--acme-host %q: expected the full name of this host, like desk.acme.example", s.ACMEHost)}
	}
	if s.TLSCert != "" {
		return usageError{errors.New("--acme-host and --tls-cert: a certificate comes from one of them")}
	}
	return nil
}

func newACME(s settings, desk *core.Desk, log *slog.Logger) (*acmeCertificate, error) {
	host, err := idna.Lookup.ToASCII(s.ACMEHost)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if s.ACMECA != "" {
		roots, err := os.ReadFile(s.ACMECA)
		if err != nil {
			return nil, usageError{fmt.Errorf("--acme-ca: %w", err)}
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
		if !transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(roots) {
			return nil, usageError{fmt.Errorf("--acme-ca %s: there is no certificate in it", s.ACMECA)}
		}
	}
	a := &acmeCertificate{host: host, desk: desk, log: log, reasons: &acmeReasons{inner: transport}}
	a.manager = &autocert.Manager{Prompt: autocert.AcceptTOS, HostPolicy: a.mayBe, Cache: acmeCache{desk},
		Client: &acme.Client{DirectoryURL: s.ACMEDirectory, UserAgent: "postdesk/" + version,
			HTTPClient: &http.Client{Transport: a.reasons, Timeout: time.Minute}}}
	a.manager.HTTPHandler(nil) // HTTP-01 is answered here or by another process
	return a, nil
}

// mayBe lets nobody have us order certificates for other names.
func (a *acmeCertificate) mayBe(_ context.Context, host string) error {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if !strings.EqualFold(host, a.host) {
		return fmt.Errorf("certificates are ordered for %s alone", a.host)
	}
	return nil
}

func (a *acmeCertificate) config() tlsConfig {
	c := a.manager.TLSConfig()
	c.MinVersion, c.GetCertificate = tls.VersionTLS12, a.get
	return c
}

var errNoCertificateYet = errors.New("there is no certificate yet")

// get gives the one certificate, whatever name was asked for: mail servers that name
// none, or that of the MX, encrypt all the same. A handshake orders none before
// there is a first one: strangers would wait for the CA.
func (a *acmeCertificate) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if slices.Equal(hello.SupportedProtos, []string{acme.ALPNProto}) {
		return a.manager.GetCertificate(hello)
	}
	if !a.there.Load() {
		return a.stored(hello.Context())
	}
	return a.manager.GetCertificate(a.asOurs(hello))
}

// stored gives what another process ordered meanwhile: autocert remembers for a
// minute that an order of its own failed, and does not look.
func (a *acmeCertificate) stored(ctx context.Context) (*tls.Certificate, error) {
	data, err := a.desk.Certificate(ctx, a.host)
	if err != nil || data == nil {
		return nil, errors.Join(errNoCertificateYet, err)
	}
	pair, err := tls.X509KeyPair(data, data) // the key, then the chain
	return &pair, err
}

// asOurs is a greeting for our name. Who speaks TLS 1.3 need not name the older
// suites by which autocert tells who takes the ECDSA certificate.
func (a *acmeCertificate) asOurs(hello *tls.ClientHelloInfo) *tls.ClientHelloInfo {
	ours := *hello
	ours.ServerName = a.host
	if slices.Contains(hello.SupportedVersions, tls.VersionTLS13) {
		ours.CipherSuites = append(slices.Clone(hello.CipherSuites), tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)
	}
	return &ours
}

// Between tries; autocert gives a failed order again for a minute.
const (
	acmeFirstWait = 65 * time.Second
	acmeLastWait  = time.Hour
)

// keep orders the first certificate, and tells what keeps it from coming. From then
// on autocert renews it by itself, when a third of its time is left.
func (a *acmeCertificate) keep(ctx context.Context) {
	for wait := acmeFirstWait; ctx.Err() == nil; wait = min(2*wait, acmeLastWait) {
		done := make(chan error, 1) // not waited for at the end: autocert takes its minutes
		go func() { done <- a.desk.OrderingCertificate(ctx, a.order) }()
		select {
		case <-ctx.Done():
			return
		case err := <-done:
			if err == nil {
				return
			}
			a.log.Error("no certificate by ACME: the name must lead here, and port 443 or 80 be reached from the CA",
				"host", a.host, "error", err, "reason", a.reasons.last(), "again_in", wait.String())
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

func (a *acmeCertificate) order(context.Context) error {
	cert, err := a.manager.GetCertificate(a.asOurs(&tls.ClientHelloInfo{SupportedVersions: []uint16{tls.VersionTLS13}}))
	if err == nil {
		a.there.Store(true)
		a.log.Info("certificate in use", "host", a.host, "until", cert.Leaf.NotAfter)
	}
	return err
}

// acmeReasons remembers why the CA did not believe us, which autocert does not
// pass on.
type acmeReasons struct {
	inner http.RoundTripper

	mu     sync.Mutex
	reason string
}

// RoundTrip looks for a problem in the answers on their way through.
func (r *acmeReasons) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.inner.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	type problem struct{ Detail string }
	var said struct {
		problem
		Error      *problem
		Challenges []struct{ Error *problem }
	}
	if json.Unmarshal(body, &said) == nil {
		r.note(said.Detail)
		for _, c := range said.Challenges {
			said.Error = c.Error
			if c.Error != nil {
				r.note(c.Error.Detail)
			}
		}
		if said.Error != nil {
			r.note(said.Error.Detail)
		}
	}
	return resp, err
}

// note keeps the last reason. Nonces run out in good order.
func (r *acmeReasons) note(detail string) {
	if detail == "" || strings.Contains(detail, "nonce") {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reason = detail
}

func (r *acmeReasons) last() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reason
}

// acmeCache keeps what ACME brought in the database, where every process finds
// it.
type acmeCache struct{ desk *core.Desk }

func (a acmeCache) Get(ctx context.Context, name string) ([]byte, error) {
	data, err := a.desk.Certificate(ctx, name)
	if data == nil && err == nil {
		return nil, autocert.ErrCacheMiss
	}
	return data, err
}

func (a acmeCache) Put(ctx context.Context, name string, data []byte) error {
	return a.desk.StoreCertificate(ctx, name, data)
}

func (a acmeCache) Delete(ctx context.Context, name string) error {
	return a.desk.DeleteCertificate(ctx, name)
}
