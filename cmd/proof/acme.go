package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/smtp"
	"os"
	"strings"
	"time"

	"github.com/foxcpp/go-mockdns"
)

// acmeHost is the name of the certificate; nothing is known of wrongHost.
const (
	acmeHost  = "desk.acme.test"
	wrongHost = "wrong.acme.test"
)

// acmeWait is how long a certificate may take that comes.
const acmeWait = 40 * time.Second

type acmeCommand struct {
	Pebble string `help:"A built pebble, the test CA of Let's Encrypt; it is fetched and built first if not given." placeholder:"FILE"`
}

// An acmeScene is two gateways over one database, one for mail and one for pages,
// and a CA that asks the second alone.
type acmeScene struct {
	w        *workshop
	ca       *pebble
	pg       *server
	mail     *gateway
	pages    *gateway
	tlsPort  string // of the pages
	httpPort string // of the redirect beside them
}

// Run proves that gateways get a certificate by both challenges, whichever of them
// orders and whichever is asked, serve it for mail and pages, renew it, find it in
// the database when the CA is away, and tell why none comes.
func (a *acmeCommand) Run(ctx context.Context, c *commands) error {
	w, err := openWorkshop(ctx, c)
	if err != nil {
		return err
	}
	defer w.close()
	dns, err := mockdns.NewServerWithLogger(map[string]mockdns.Zone{acmeHost + ".": {A: []string{"127.0.0.1"}}}, log.New(io.Discard, "", 0), false)
	if err != nil {
		return err
	}
	defer dns.Close()
	s := &acmeScene{w: w}
	if s.ca, err = newPebble(ctx, w, a.Pebble, dns.LocalAddr().String()); err != nil {
		return err
	}
	defer s.ca.stop()
	if s.pg, err = newServer(ctx, w, w.dir+"/pg", "postgresql"); err != nil {
		return err
	}
	if err := s.pg.start(ctx); err != nil {
		return err
	}
	defer s.pg.end(immediately)
	if err := s.open(ctx); err != nil {
		return err
	}
	defer func() { s.mail.stop(); s.pages.stop() }()
	for _, step := range []struct {
		claim string
		do    func(context.Context) error
	}{
		{"ordered by the gateway for mail, TLS-ALPN-01 answered by the one for pages; STARTTLS and HTTPS, with and without a name", s.byTLS},
		{"the same by HTTP-01", s.byHTTP},
		{"the CA is away: both start with what stands in the database, where no key can be read", s.withoutCA},
		{"renewed by a running gateway", s.renewed},
		{"control: a name that does not lead here gets none, and the log says why", s.wrongName},
	} {
		began := time.Now()
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.claim, err)
		}
		fmt.Printf("holds  %5.1f s  %s\n", time.Since(began).Seconds(), step.claim)
	}
	return nil
}

// open starts the gateway for pages while there is no CA: the other will order.
func (s *acmeScene) open(ctx context.Context) (err error) {
	if s.httpPort, err = freePort(); err != nil {
		return err
	}
	url, err := s.pg.create(ctx, "acme")
	if err != nil {
		return err
	}
	gateway := func(name, part, host string, more ...string) *gateway {
		g := newGateway(s.w, name, "127.0.0.1:9")
		g.database = url
		g.settings = append([]string{"--run", part, "--acme-host", host, "--acme-directory", s.ca.directory(), "--acme-ca", s.ca.rootFile,
			"--secret", "a secret of the proof"}, more...)
		return g
	}
	s.pages = gateway("pages", "web", acmeHost, "--redirect-addr", "127.0.0.1:"+s.httpPort, "--public-url", "https://"+acmeHost)
	s.mail = gateway("mail", "smtp", acmeHost)
	if err := s.pages.start(ctx); err != nil {
		return err
	}
	_, s.tlsPort, err = net.SplitHostPort(s.pages.at.http)
	return err
}

// fresh has the gateway for mail order anew from a CA that asks these ports.
func (s *acmeScene) fresh(ctx context.Context, httpPort, tlsPort string, life time.Duration) (*x509.CertPool, error) {
	s.mail.stop()
	s.ca.stop()
	if _, err := s.pg.ask(ctx, "acme", `delete from certificates`); err != nil {
		return nil, err
	}
	if err := s.ca.start(ctx, httpPort, tlsPort, life); err != nil {
		return nil, err
	}
	if err := os.Truncate(s.mail.log, 0); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err := s.mail.start(ctx); err != nil {
		return nil, err
	}
	if err := logged(ctx, s.mail, "certificate in use"); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, lastLines(s.ca.log))
	}
	return s.ca.roots(ctx)
}

func (s *acmeScene) byTLS(ctx context.Context) error {
	closed, err := freePort()
	if err != nil {
		return err
	}
	roots, err := s.fresh(ctx, closed, s.tlsPort, 90*24*time.Hour)
	if err != nil {
		return err
	}
	return s.bothServe(ctx, roots)
}

func (s *acmeScene) byHTTP(ctx context.Context) error {
	closed, err := freePort()
	if err != nil {
		return err
	}
	roots, err := s.fresh(ctx, s.httpPort, closed, 90*24*time.Hour)
	if err != nil {
		return err
	}
	// It holds the one of the other run of the CA, until it is started again.
	s.pages.stop()
	if err := s.pages.start(ctx); err != nil {
		return err
	}
	return s.bothServe(ctx, roots)
}

func (s *acmeScene) withoutCA(ctx context.Context) error {
	roots, err := s.ca.roots(ctx)
	if err != nil {
		return err
	}
	s.ca.stop()
	for _, g := range []*gateway{s.mail, s.pages} {
		g.stop()
		if err := g.start(ctx); err != nil {
			return err
		}
	}
	if err := s.bothServe(ctx, roots); err != nil {
		return err
	}
	readable, err := s.pg.ask(ctx, "acme", `select count(*) from certificates where position('PRIVATE KEY'::bytea in data) > 0`)
	stored, err2 := s.pg.ask(ctx, "acme", `select count(*) from certificates where name = '`+acmeHost+`'`)
	if readable != "0" || stored != "1" {
		err = errors.Join(err, fmt.Errorf("%s readable keys, %s certificates in the database", readable, stored))
	}
	return errors.Join(err, err2)
}

// renewed: a certificate of half a minute is renewed when a third of its time is left.
func (s *acmeScene) renewed(ctx context.Context) error {
	roots, err := s.fresh(ctx, s.httpPort, s.tlsPort, 30*time.Second)
	if err != nil {
		return err
	}
	first, err := byMail(s.mail.at.smtp, acmeHost, roots)
	if err != nil {
		return err
	}
	return await(ctx, "another certificate", func() (bool, error) {
		now, err := byMail(s.mail.at.smtp, acmeHost, roots)
		return err == nil && !bytes.Equal(first.Raw, now.Raw), err
	})
}

func (s *acmeScene) wrongName(ctx context.Context) error {
	lost := newGateway(s.w, "wrong", "127.0.0.1:9")
	lost.database = s.mail.database
	lost.settings = append(append([]string{}, s.mail.settings...), "--acme-host", wrongHost)
	if err := lost.start(ctx); err != nil {
		return err
	}
	defer lost.stop()
	if err := logged(ctx, lost, "no certificate by ACME", wrongHost, "could not resolve"); err != nil {
		return err
	}
	if _, err := byMail(lost.at.smtp, wrongHost, nil); err == nil {
		return errors.New("it shows a certificate that nobody gave it")
	}
	return nil
}

// bothServe looks at mail, as clients that name the host, the MX and nothing do,
// and at the pages.
func (s *acmeScene) bothServe(ctx context.Context, roots *x509.CertPool) error {
	return await(ctx, "both serve the certificate", func() (bool, error) {
		for _, name := range []string{acmeHost, "mx.other.test", ""} {
			if _, err := byMail(s.mail.at.smtp, name, roots); err != nil {
				return false, fmt.Errorf("STARTTLS asking for %q: %w", name, err)
			}
		}
		_, err := overTLS(s.pages.at.http, roots)
		if err != nil {
			err = fmt.Errorf("HTTPS: %w", err)
		}
		return err == nil, err
	})
}

// byMail gives the certificate of STARTTLS, which must be one for the host.
func byMail(addr, name string, roots *x509.CertPool) (*x509.Certificate, error) {
	c, err := smtp.Dial(addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.StartTLS(believing(name, roots)); err != nil {
		return nil, err
	}
	state, _ := c.TLSConnectionState()
	return state.PeerCertificates[0], nil
}

func overTLS(addr string, roots *x509.CertPool) (*x509.Certificate, error) {
	c, err := tls.Dial("tcp", addr, believing(acmeHost, roots))
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0], nil
}

// believing asks for a name and believes a certificate of the CA for the host.
func believing(name string, roots *x509.CertPool) *tls.Config {
	return &tls.Config{ServerName: name, InsecureSkipVerify: true, VerifyConnection: func(state tls.ConnectionState) error {
		between := x509.NewCertPool()
		for _, c := range state.PeerCertificates[1:] {
			between.AddCert(c)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{DNSName: acmeHost, Roots: roots, Intermediates: between})
		return err
	}}
}

// logged waits for words in the log of a gateway, all in one line.
func logged(ctx context.Context, g *gateway, words ...string) error {
	return await(ctx, "the log says "+strings.Join(words, ", "), func() (bool, error) {
		content, err := os.ReadFile(g.log)
		for line := range strings.Lines(string(content)) {
			all := true
			for _, w := range words {
				all = all && strings.Contains(line, w)
			}
			if all {
				return true, nil
			}
		}
		return false, errors.Join(err, errors.New(lastLines(g.log)))
	})
}

func await(ctx context.Context, what string, is func() (bool, error)) error {
	deadline := time.Now().Add(acmeWait)
	for {
		ok, err := is()
		if ok {
			return nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return fmt.Errorf("it did not come about that %s: %w", what, errors.Join(err, ctx.Err()))
		}
		pause(200)
	}
}
