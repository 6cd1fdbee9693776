package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
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

func loadCertificates(s settings, log *slog.Logger) (c certificates, err error) {
	c.host = s.ACMEHost
	if s.TLSCert == "" {
		return c, nil
	}
	c.files = &certificateFiles{cert: s.TLSCert, key: s.TLSKey, log: log}
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

// certificateFiles reads a certificate again when one of its files changes, so
// that a renewal needs no restart. A broken renewal keeps the old one, and is
// told once, however many shake hands meanwhile.
type certificateFiles struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	tried   [2]stamp // of certificate and key, when they were read last
}

// A stamp tells one state of a file from another.
type stamp struct {
	changed time.Time
	size    int64
	fault   string
}

func stampOf(file string) stamp {
	info, err := os.Stat(file)
	if err != nil {
		return stamp{fault: err.Error()}
	}
	return stamp{changed: info.ModTime(), size: info.Size()}
}

func (f *certificateFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := [2]stamp{stampOf(f.cert), stampOf(f.key)}
	if f.current != nil && now == f.tried {
		return f.current, nil
	}
	again := f.current != nil
	f.tried = now
	loaded, err := tls.LoadX509KeyPair(f.cert, f.key)
	switch {
	case err == nil:
		f.current = &loaded
		if again {
			f.log.Info("certificate read again", "file", f.cert, "until", loaded.Leaf.NotAfter)
		}
	case again:
		f.log.Error("the new certificate cannot be used, the old one stays", "file", f.cert, "error", err)
	default:
		return nil, err
	}
	return f.current, nil
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
