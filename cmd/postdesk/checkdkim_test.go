package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"net"
	"strings"
	"testing"

	"github.com/foxcpp/go-mockdns"

	"postdesk/core"
	"postdesk/core/coretest"
)

// weak is a record of 768 bits.
const weak = "v=DKIM1; k=rsa; p=MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhANBKKYiqJ5BJwXjqgbhckdvwpiYJrMFh9ZgcG3Kh+FlaA5w0SD83RcHdHvH9joVmjWl1JKRvPYcXyxVXJhMjihy/od4Snzb8OXZ3ACHGppB5FLh0yMz5xPz+/Tag1tFAmwIDAQAB"

// rsaRecord publishes a key that is not ours.
func rsaRecord(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
}

func TestCheckComparesThePublishedKeyWithOurs(t *testing.T) {
	t.Parallel()
	d := coretest.OpenDesk(t, core.Config{})
	if err := d.MakeSigningKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	admin := d.Person(t, core.RoleAdmin, "ada@people.test")
	waiting, err := d.MakeSigningKey(t.Context(), admin, "desk.test")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := d.SigningKeys(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	signs := keys[1]
	name, next := signs.RecordName(), waiting.RecordName()
	publish := " " + strings.ReplaceAll(txt(name, signs.Record()), "\n", "")
	edwards := "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(make([]byte, ed25519.PublicKeySize))
	for what, c := range map[string]struct {
		texts []string
		broke bool
		says  string
		never string
	}{
		"published":                     {[]string{signs.Record()}, false, "DKIM ok " + name + " holds the key that signs the mail of desk.test\n", publish},
		"published with spaces within":  {[]string{strings.Replace(signs.Record(), "MIIB", "MI IB ", 1)}, false, "DKIM ok " + name, publish},
		"missing":                       {nil, false, "DKIM warning " + name + " is not published, and that key signs the mail of desk.test: nobody can verify the signatures; publish\n" + publish + "\n", "DKIM ok"},
		"of another key":                {[]string{rsaRecord(t)}, false, "DKIM warning " + name + " holds another key (p= differs), and that key signs the mail of desk.test: nobody can verify the signatures; publish instead\n" + publish, "DKIM ok"},
		"of another kind of key":        {[]string{edwards}, false, "holds another key (p= differs)", "DKIM ok"},
		"weak":                          {[]string{weak}, false, name + " is of no use, its key is too short, and", "DKIM ok"},
		"revoked":                       {[]string{"v=DKIM1; p="}, false, name + " is of no use, its key was revoked", "DKIM ok"},
		"cut off by a provider's limit": {[]string{signs.Record()[:255]}, false, name + " is of no use, its key cannot be read", "DKIM ok"},
		"for something else":            {[]string{strings.Replace(signs.Record(), "k=rsa", "k=rsa; s=tlsrpt", 1)}, false, name + " is of no use, its key is for something else", "DKIM ok"},
		"twice":                         {[]string{signs.Record(), "v=DKIM1; p="}, false, name + " has 2 records, which count as none", "DKIM ok"},
		"not to be asked for":           {nil, true, "DKIM warning for " + name + ": DNS gave no answer", publish},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			zones := good()
			zones["desk.test."] = zones["acme.test."]
			delete(zones, "acme.test.")
			if c.texts != nil {
				zones[name+"."] = mockdns.Zone{TXT: c.texts}
			}
			if c.broke {
				zones[name+"."] = mockdns.Zone{Err: &net.DNSError{Err: "broken", IsTemporary: true}}
			}
			said, code := check("--mailbox=support@desk.test", "--public-url=https://desk.acme.test", "--relay=mx", "--database-url="+d.Pool.Config().ConnString(), "--resolver="+dnsServer(t, zones))
			if code != 0 || !strings.Contains(said, c.says) || strings.Contains(said, c.never) {
				t.Errorf("exit %d\n%s", code, said)
			}
			if !strings.Contains(said, "DKIM note "+next+" is not published, and that key waits to sign the mail of desk.test: do not use the key yet; publish\n") {
				t.Errorf("of the waiting key:\n%s", said)
			}
		})
	}
}
