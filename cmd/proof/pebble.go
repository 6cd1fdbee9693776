package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// pebbleVersion is the test server of Let's Encrypt that is built where none is
// given.
const pebbleVersion = "github.com/letsencrypt/pebble/v2/cmd/pebble@v2.8.0"

// A pebble is a CA that speaks ACME, with real validation over the network: the
// test server of Let's Encrypt. It forgets everything when it ends.
type pebble struct {
	binary   string
	dir      string
	dns      string
	listen   string // ports
	manage   string
	rootFile string // of its own HTTPS
	log      string
	process  *exec.Cmd
}

func newPebble(ctx context.Context, w *workshop, binary, dns string) (p *pebble, err error) {
	p = &pebble{binary: binary, dir: w.dir, dns: dns, log: filepath.Join(w.dir, "pebble.log")}
	if p.binary == "" {
		p.binary = filepath.Join(w.dir, "pebble")
		get := exec.CommandContext(ctx, "go", "install", pebbleVersion)
		get.Env, get.Dir = append(os.Environ(), "GOBIN="+w.dir, "GOFLAGS="), w.dir
		if out, err := get.CombinedOutput(); err != nil {
			return nil, notRun(fmt.Sprintf("pebble cannot be built: %v %s", err, out))
		}
	}
	p.listen, err = freePort()
	if err == nil {
		p.manage, err = freePort()
	}
	if err == nil {
		err = p.makeCertificate()
	}
	return p, err
}

// makeCertificate is for the HTTPS of the CA's own server.
func (p *pebble) makeCertificate() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	plan := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, plan, plan, &key.PublicKey, key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	p.rootFile = filepath.Join(p.dir, "ca.pem")
	return errors.Join(err, os.WriteFile(p.rootFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644),
		os.WriteFile(filepath.Join(p.dir, "ca.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
}

func (p *pebble) directory() string { return "https://127.0.0.1:" + p.listen + "/dir" }

// start runs the CA, which looks at these ports of the host for its challenges, and
// whose certificates live so long.
func (p *pebble) start(ctx context.Context, httpPort, tlsPort string, life time.Duration) error {
	number := func(port string) int { n, _ := strconv.Atoi(port); return n }
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": "127.0.0.1:" + p.listen, "managementListenAddress": "127.0.0.1:" + p.manage,
		"certificate": p.rootFile, "privateKey": filepath.Join(p.dir, "ca.key"), "httpPort": number(httpPort), "tlsPort": number(tlsPort),
		"retryAfter": map[string]int{"authz": 1, "order": 1},
		"profiles":   map[string]any{"default": map[string]any{"description": "of the proof", "validityPeriod": int(life.Seconds())}},
	}})
	if err != nil {
		return err
	}
	file := filepath.Join(p.dir, "pebble.json")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		return err
	}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	p.process = exec.Command(p.binary, "-config", file, "-dnsserver", p.dns, "-strict")
	p.process.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=5")
	p.process.Stdout, p.process.Stderr = log, log
	if err := p.process.Start(); err != nil {
		return err
	}
	for range 200 {
		if _, err = p.roots(ctx); err == nil {
			return nil
		}
		pause(50)
	}
	p.stop()
	return fmt.Errorf("pebble did not start: %w\n%s", err, lastLines(p.log))
}

func (p *pebble) stop() {
	if p.process != nil {
		_ = p.process.Process.Kill()
		_ = p.process.Wait()
		p.process = nil
	}
}

// roots are what the certificates of this run of the CA are believed by.
func (p *pebble) roots(ctx context.Context) (*x509.CertPool, error) {
	own := x509.NewCertPool()
	file, err := os.ReadFile(p.rootFile)
	if err != nil || !own.AppendCertsFromPEM(file) {
		return nil, errors.Join(err, errors.New("no certificate of the CA's server"))
	}
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: own}, DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://127.0.0.1:"+p.manage+"/roots/0", nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	pool := x509.NewCertPool()
	if err == nil && !pool.AppendCertsFromPEM(body) {
		err = errors.New("the CA shows no root")
	}
	return pool, err
}
