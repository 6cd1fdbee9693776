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

	"postdesk/core"
)

type tlsConfig = *tls.Config

// certificates is where TLS gets its certificate from: files, ACME, or nowhere.
type certificates struct {
	files *certificateFiles
	acme  *acmeCertificate
}

func loadCertificates(s settings, log *slog.Logger) (c certificates, err error) {
	if s.TLSCert == "" {
		return c, nil
	}
	c.files = &certificateFiles{cert: s.TLSCert, key: s.TLSKey, log: log}
	if _, err := c.files.get(nil); err != nil {
		return c, usageError{fmt.Errorf("--tls-cert, --tls-key: %w", err)}
	}
	return c, nil
}

// withACME orders a certificate where no files bring one.
func (c *certificates) withACME(s settings, desk *core.Desk, log *slog.Logger) (err error) {
	if s.ACMEHost != "" {
		c.acme, err = newACME(s, desk, log)
	}
	return err
}

// config is the TLS configuration, nil for none.
func (c certificates) config() tlsConfig {
	switch {
	case c.files != nil:
		return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.files.get}
	case c.acme != nil:
		return c.acme.config()
	}
	return nil
}

// answering answers the challenges of ACME before what follows does.
func (c certificates) answering(h http.Handler) http.Handler {
	if c.acme == nil {
		return h
	}
	return c.acme.manager.HTTPHandler(h)
}

// keep has a certificate there, until ctx ends.
func (c certificates) keep(ctx context.Context) {
	if c.acme != nil {
		c.acme.keep(ctx)
	}
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
