package main

import (
	"crypto/x509"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestARelayIsJudgedByItsNameAsFarAsThatGoes(t *testing.T) {
	t.Parallel()
	ip := netip.MustParseAddr("192.0.2.5")
	for name, c := range map[string]struct {
		from          sending
		record        string
		result        string
		level         level
		text, publish string
	}{
		"it may send": {sending{relay: "smtp.provider.test", from: host{addresses: []netip.Addr{ip}}}, "v=spf1 include:provider.test -all", "pass",
			fine, "which lets the relay smtp.provider.test send", ""},
		"it may not, from where it takes mail": {sending{relay: "smtp.provider.test", from: host{addresses: []netip.Addr{ip}}}, "v=spf1 mx -all", "fail",
			warning, "the relay smtp.provider.test (192.0.2.5) is: fail; publish instead this, or what the relay's provider says", `acme.test. IN TXT "v=spf1 mx a:smtp.provider.test -all"`},
		"an address alone": {sending{relay: "192.0.2.5", from: host{addresses: []netip.Addr{ip}}}, "v=spf1 redirect=other.test", "neutral",
			warning, "is: neutral", `acme.test. IN TXT "v=spf1 ip4:192.0.2.5 redirect=other.test"`},
		"its address is not known": {sending{relay: "smtp.provider.test"}, "v=spf1 mx -all", "",
			note, "cannot be told, because its public address is not known", ""},
		"too many look-ups": {sending{relay: "smtp.provider.test", from: host{addresses: []netip.Addr{ip}}}, "v=spf1 include:a.test -all", "permerror",
			failed, "an error: too many look-ups, or an include that is none", ""},
		"DNS did not answer": {sending{relay: "smtp.provider.test", from: host{addresses: []netip.Addr{ip}}}, "v=spf1 include:a.test -all", "temperror",
			warning, "because DNS did not answer", ""},
		"no record": {sending{relay: "smtp.provider.test", from: host{addresses: []netip.Addr{ip}}}, "", "",
			warning, "publish this, or what the relay's provider says", `acme.test. IN TXT "v=spf1 a:smtp.provider.test ~all"`},
	} {
		p := published{domain: "acme.test", spf: map[netip.Addr]string{}}
		if c.record != "" {
			p.texts = []string{c.record}
		}
		if c.result != "" {
			p.spf[ip] = c.result
		}
		f := p.judgeSPF(c.from)
		if f.level != c.level || !strings.Contains(f.text, c.text) || strings.Join(f.records, "") != c.publish {
			t.Errorf("%s: %s %s %q", name, f.level, f.text, f.records)
		}
	}
}

func TestARecordToPublishIsWrittenAsAZoneFileTakesIt(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 255)
	for text, want := range map[string]string{
		"":                `x.test. IN TXT ""`,
		"v=spf1 -all":     `x.test. IN TXT "v=spf1 -all"`,
		`a"b\c`:           `x.test. IN TXT "a\"b\\c"`,
		long:              `x.test. IN TXT "` + long + `"`,
		long + long + "b": `x.test. IN TXT "` + long + `" "` + long + `" "b"`,
	} {
		if got := txt("x.test", text); got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
}

func TestACertificateIsForThisMachineAndValidForAWhile(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		names []string
		days  int
		level level
		text  string
	}{
		"good":          {[]string{"desk.acme.test"}, 60, fine, "for desk.acme.test, until 30 June 2026"},
		"a wildcard":    {[]string{"*.acme.test"}, 60, fine, ""},
		"another name":  {[]string{"acme.test"}, 60, warning, "not for desk.acme.test"},
		"without names": {nil, 60, warning, "not for desk.acme.test"},
		"ends soon":     {[]string{"desk.acme.test"}, 10, warning, "renew it"},
		"has ended":     {[]string{"desk.acme.test"}, -1, failed, "not valid today"},
	} {
		f := judgeCertificate(&x509.Certificate{DNSNames: c.names, NotBefore: now.AddDate(0, 0, -30), NotAfter: now.AddDate(0, 0, c.days)}, "desk.acme.test", now)
		if f.level != c.level || !strings.Contains(f.text, c.text) {
			t.Errorf("%s: %s %s", name, f.level, f.text)
		}
	}
}
