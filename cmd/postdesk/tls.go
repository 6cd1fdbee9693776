package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/crypto/acme/autocert"

	"postdesk/core"
)

type tlsConfig = *tls.Config

// certificates is where TLS gets its certificate from: files, ACME, or nowhere.
type certificates struct {
	files *certificateFiles
	host  string // for ACME
}

func loadCertificates(s settings) (c certificates, err error) {
	c.host = s.ACMEHost
	if s.TLSCert == "" {
		return c, nil
	}
	c.files = &certificateFiles{cert: s.TLSCert, key: s.TLSKey}
	if _, err := c.files.get(nil); err != nil {
		return c, usageError{fmt.Errorf("--tls-cert, --tls-key: %w", err)}
	}
	return c, nil
}

// config is the TLS configuration, nil for none, and what answers ACME's
// challenges before the panel does.
func (c certificates) config(desk *core.Desk) (tlsConfig, func(http.Handler) http.Handler) {
	pass := func(h http.Handler) http.Handler { return h }
	switch {
	case c.files != nil:
		return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.files.get}, pass
	case c.host != "":
		m := &autocert.Manager{Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(c.host), Cache: acmeCache{desk}}
		cfg := m.TLSConfig()
		cfg.MinVersion = tls.VersionTLS12
		return cfg, m.HTTPHandler
	}
	return nil, pass
}

// certificateFiles reads a certificate again when its file changes, so that a
// renewal needs no restart. A broken renewal keeps the old one.
type certificateFiles struct {
	cert, key string

	mu      sync.Mutex
	current *tls.Certificate
	read    time.Time
}

func (f *certificateFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.cert)
	if err == nil && f.current != nil && info.ModTime().Equal(f.read) {
		return f.current, nil
	}
	if err == nil {
		var loaded tls.Certificate
		if loaded, err = tls.LoadX509KeyPair(f.cert, f.key); err == nil {
			f.current, f.read = &loaded, info.ModTime()
		}
	}
	if f.current != nil {
		return f.current, nil
	}
	return nil, err
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
