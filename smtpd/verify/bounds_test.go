package verify

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foxcpp/go-mockdns"
	"github.com/miekg/dns"

	"postdesk/core"
)

func TestASilentDNSServerMeansUnproven(t *testing.T) {
	t.Parallel()
	resolver, queries := serveFunc(t, func(dns.ResponseWriter, *dns.Msg) {})
	c := New(resolver, Within(300*time.Millisecond))
	o := c.Check(t.Context(), envelope("ann@acme.test"), letterFrom("ann@acme.test"), []byte(manySignatures(t, 8)))
	if o.Verdict != core.Unproven || !strings.Contains(o.Reason, "no answer") || !strings.HasPrefix(o.DKIM, "temperror") {
		t.Errorf("got %+v", o)
	}
	if n := queries.Load(); n > maxQueries {
		t.Errorf("%d queries", n)
	}
}

func TestAnEndedContextStillGivesAVerdict(t *testing.T) {
	t.Parallel()
	resolver, _ := serve(t, txts{"acme.test": allow, key + "acme.test": keyRecord("")}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := New(resolver).Check(ctx, envelope("ann@acme.test"), letterFrom("ann@acme.test"), []byte(sign(t, plainMail, "acme.test")))
	if o.Verdict != core.Unproven || o.Reason == "" {
		t.Errorf("got %+v", o)
	}
}

// failsOnce is a real resolver whose first TXT answer for each name is lost.
type failsOnce struct {
	*net.Resolver
	mu   sync.Mutex
	seen map[string]bool
}

func (f *failsOnce) LookupTXT(ctx context.Context, name string) ([]string, error) {
	f.mu.Lock()
	again := f.seen[name]
	f.seen[name] = true
	f.mu.Unlock()
	if !again {
		return nil, &net.DNSError{Err: "server misbehaving", Name: name, IsTemporary: true}
	}
	return f.Resolver.LookupTXT(ctx, name)
}

func TestDNSTroubleIsRetriedOnce(t *testing.T) {
	t.Parallel()
	real, _ := serve(t, txts{"acme.test": forbid, "_dmarc.acme.test": reject, key + "acme.test": keyRecord("")}, nil)
	for mail, want := range map[string]core.Verdict{plainMail: core.Refuted, sign(t, plainMail, "acme.test"): core.Proven} {
		resolver := &failsOnce{Resolver: real, seen: make(map[string]bool)}
		o := New(resolver, Within(5*time.Second)).Check(t.Context(), envelope("ann@acme.test"), letterFrom("ann@acme.test"), []byte(mail))
		if o.Verdict != want || !strings.HasPrefix(o.DMARC, "reject") {
			t.Errorf("got %+v, want %s", o, want)
		}
	}
}

func TestAHugeTXTAnswerIsReadAndIgnored(t *testing.T) {
	t.Parallel()
	huge := strings.Repeat("v=spf1 ip4:192.0.2.1 ", 2900)
	resolver, _ := serveFunc(t, func(w dns.ResponseWriter, m *dns.Msg) {
		switch m.Question[0].Name {
		case "_dmarc.acme.test.":
			answerTXT(w, m, huge, reject)
		default:
			answerTXT(w, m, huge)
		}
	})
	o := New(resolver).Check(t.Context(), envelope("ann@acme.test"), letterFrom("ann@acme.test"), []byte(sign(t, plainMail, "acme.test")))
	if o.Verdict != core.Refuted || o.SPF != "none acme.test" {
		t.Errorf("got %+v", o)
	}
}

func manySignatures(t testing.TB, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "DKIM-Signature: v=1; a=ed25519-sha256; d=acme.test; s=x%d; h=From; bh=AA==; b=AA==\r\n", i)
	}
	return b.String() + plainMail
}

func TestAtMostEightSignaturesAreChecked(t *testing.T) {
	t.Parallel()
	resolver, queries := serve(t, txts{"_dmarc.acme.test": reject}, nil)
	o := New(resolver).Check(t.Context(), envelope(""), letterFrom("ann@acme.test"), []byte(manySignatures(t, 50)))
	if o.Verdict != core.Refuted {
		t.Errorf("got %+v", o)
	}
	if n := queries.Load(); n != maxSignatures+2 {
		t.Errorf("%d queries, want %d keys, one policy, one SPF record", n, maxSignatures)
	}
}

func TestStrangersCannotCrowdOutTheAuthorsSignature(t *testing.T) {
	t.Parallel()
	resolver, _ := serve(t, txts{key + "acme.test": keyRecord("")}, nil)
	raw := strings.ReplaceAll(manySignatures(t, 50), "d=acme.test", "d=other.test")
	raw = strings.TrimSuffix(raw, plainMail) + sign(t, plainMail, "acme.test")
	if o := New(resolver).Check(t.Context(), envelope(""), letterFrom("ann@acme.test"), []byte(raw)); o.Verdict != core.Proven {
		t.Errorf("got %+v", o)
	}
}

func TestNoMailCausesMoreThanTwentyQueries(t *testing.T) {
	t.Parallel()
	records, zones := txts{}, map[string]mockdns.Zone{}
	var includes, hosts strings.Builder
	for i := range 10 {
		fmt.Fprintf(&includes, " include:i%d.acme.test", i)
		fmt.Fprintf(&hosts, " mx:m%d.acme.test", i)
		records[fmt.Sprintf("i%d.acme.test", i)] = "v=spf1 ?all"
		zone := mockdns.Zone{}
		for j := range 10 {
			host := fmt.Sprintf("h%d-%d.acme.test", i, j)
			zone.MX = append(zone.MX, mx(host+".")...)
			zones[host] = mockdns.Zone{A: []string{"192.0.2.200"}, AAAA: []string{"2001:db8::200"}}
		}
		zones[fmt.Sprintf("m%d.acme.test", i)] = zone
	}
	six := envelope("ann@acme.test")
	six.ClientIP = addr("2001:db8::1")
	for record, want := range map[string]string{
		"v=spf1" + includes.String() + " ip4:192.0.2.1 ip6:2001:db8::1 -all": "pass acme.test",
		"v=spf1 include:acme.test -all":                                      "permerror acme.test",
		"v=spf1" + hosts.String() + " -all":                                  "permerror acme.test",
	} {
		records["acme.test"] = record
		resolver, queries := serve(t, records, zones)
		for _, env := range []core.Envelope{envelope("ann@acme.test"), six} {
			queries.Store(0)
			o := New(resolver).Check(t.Context(), env, letterFrom("ann@acme.test"), []byte(manySignatures(t, 2)))
			if n := queries.Load(); n > maxQueries || o.SPF != want {
				t.Errorf("%s: %d queries, %+v", record, n, o)
			}
		}
	}
}

func TestAWeakKeyDoesNotCount(t *testing.T) {
	t.Parallel()
	record := func(bits uint) string {
		n := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), bits-1), big.NewInt(1))
		der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: n, E: 65537})
		if err != nil {
			t.Fatal(err)
		}
		return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
	}
	raw := strings.Replace(sign(t, plainMail, "acme.test"), "ed25519-", "rsa-", 1)
	for bits, want := range map[uint]string{512: "too short", 1000: "too short", 1024: "did not verify"} {
		resolver, _ := serve(t, txts{key + "acme.test": record(bits)}, nil)
		o := New(resolver).Check(t.Context(), envelope(""), letterFrom("ann@acme.test"), []byte(raw))
		if o.Verdict != core.Unproven || !strings.Contains(o.DKIM, want) {
			t.Errorf("%d bits: %+v", bits, o)
		}
	}
}

func TestAMailBuiltToCostIsNotChecked(t *testing.T) {
	t.Parallel()
	resolver, _ := serve(t, txts{key + "acme.test": keyRecord("")}, nil)
	for name, raw := range map[string]string{
		"a field folded without end": signWith(t, "X-A: a\r\n"+strings.Repeat(" a\r\n", 100_000)+plainMail, "acme.test", ""),
		"fields without end":         signWith(t, strings.Repeat("X-A: a\r\n", 10_000)+plainMail, "acme.test", ""),
		"empty lines without end":    signWith(t, plainMail+strings.Repeat("\r\n", 100_000)+"x\r\n", "acme.test", ""),
		"a header without a body":    strings.TrimSuffix(signWith(t, plainMail, "acme.test", ""), "\r\nIt burns.\r\n"),
	} {
		if o := New(resolver).Check(t.Context(), envelope(""), letterFrom("ann@acme.test"), []byte(raw)); o.Verdict != core.Unproven || !strings.Contains(o.DKIM, "too oddly") {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

// Each of these mails is validly signed for bob@acme.test by the library's
// reading, while another reader may see ann@acme.test alone.
func TestAFromThatTwoReadersSeeDifferentlyIsNotProven(t *testing.T) {
	t.Parallel()
	resolver, _ := serve(t, txts{key + "acme.test": keyRecord("")}, nil)
	signed := sign(t, strings.Replace(plainMail, "From: Ann <ann@acme.test>", "From: \"ann@acme.test\" <bob@acme.test>", 1), "acme.test")
	if o := New(resolver).Check(t.Context(), envelope(""), letterFrom("bob@acme.test"), []byte(signed)); o.Verdict != core.Proven {
		t.Fatalf("the honest mail: %+v", o)
	}
	for name, raw := range map[string]string{
		"a second From on top":            "From: ann@acme.test\r\n" + signed,
		"a second From behind a bare CR":  "X-A: b\rFrom: ann@acme.test\r\n" + signed,
		"a From with a no-break space":    "From: ann@acme.test\r\n" + strings.Replace(signed, "From:", "From\u00a0:", 1),
		"only a From with strange spaces": strings.Replace(signed, "From:", "From\u00a0:", 1),
		"a bare CR within the From":       strings.Replace(signed, `"ann@acme.test" <`, "\"ann@acme.test\"\r<", 1),
		"a From whose colon is folded":    strings.Replace(signed, "From:", "From\r\n :", 1),
	} {
		if o := New(resolver).Check(t.Context(), envelope(""), letterFrom("ann@acme.test"), []byte(raw)); o.Verdict != core.Unproven {
			t.Errorf("%s: %+v", name, o)
		}
	}
}
