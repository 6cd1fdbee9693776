package verify

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"postdesk/core"
)

var (
	signerKey = ed25519.NewKeyFromSeed([]byte("postdesk tests sign with this 01"))
	client    = netip.MustParseAddr("192.0.2.1")
)

// keyRecord publishes the key of the tests, with further tags.
func keyRecord(tags string) string {
	return "v=DKIM1; k=ed25519; " + tags + "p=" + base64.StdEncoding.EncodeToString(signerKey.Public().(ed25519.PublicKey))
}

const plainMail = "From: Ann <ann@acme.test>\r\nTo: help@desk.test\r\nSubject: Printer\r\n\r\nIt burns.\r\n"

func letterFrom(addresses ...string) core.Letter {
	l := core.Letter{FromFields: 1}
	for _, a := range addresses {
		l.From = append(l.From, core.NamedAddress{Address: a})
	}
	return l
}

func envelope(from string) core.Envelope {
	return core.Envelope{ClientIP: client, Helo: "mx.acme.test", From: from, Recipients: []string{"help@desk.test"}}
}

// sign puts a DKIM signature of the domain on top, made by the library.
func sign(t testing.TB, raw, domain string) string {
	t.Helper()
	var out bytes.Buffer
	err := dkim.Sign(&out, strings.NewReader(raw), &dkim.SignOptions{
		Domain: domain, Selector: "s1", Signer: signerKey,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// signWith puts a simple/simple signature on top with any further tags, valid in
// itself. It signs the whole From field and the body, or what l= leaves of it.
func signWith(t testing.TB, raw, domain, tags string) string {
	t.Helper()
	header, body, ok := strings.Cut(raw, "\r\n\r\n")
	if !ok {
		t.Fatal("no body")
	}
	from := header[strings.Index(header, "From:"):]
	from, _, _ = strings.Cut(from, "\r\n")
	var l int
	if _, err := fmt.Sscanf(tag(tags, "l"), "%d", &l); err == nil {
		body = body[:l]
	}
	bh := sha256.Sum256([]byte(body))
	sig := fmt.Sprintf("DKIM-Signature: v=1; a=ed25519-sha256; c=simple/simple; d=%s; s=s1; h=From; %sbh=%s; b=",
		domain, tags, base64.StdEncoding.EncodeToString(bh[:]))
	sum := sha256.Sum256([]byte(from + "\r\n" + sig))
	return sig + base64.StdEncoding.EncodeToString(ed25519.Sign(signerKey, sum[:])) + "\r\n" + raw
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func mx(host string) []net.MX { return []net.MX{{Host: host, Pref: 10}} }
