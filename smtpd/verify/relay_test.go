package verify

import (
	"strings"
	"testing"

	"postdesk/core"
)

const (
	edge     = "Received: from mx.acme.test (mx.acme.test [192.0.2.1])\r\n by relay.test (Postfix) with ESMTPS id 1\r\n for <help@desk.test>; Mon, 1 Jan 2024 00:00:00 +0000\r\n"
	stranger = "Received: from evil.test (evil.test [203.0.113.9]) by relay.test with ESMTP; Mon, 1 Jan 2024 00:00:00 +0000\r\n"
	internal = "Received: from relay.test (relay.test [10.0.0.7]) by filter.relay.test with ESMTP; Mon, 1 Jan 2024 00:00:00 +0000\r\n"
)

func TestATrustedRelayIsBelievedAndNobodyElse(t *testing.T) {
	t.Parallel()
	results := func(s string) string { return "Authentication-Results: " + s + "\r\n" }
	dmarcPass := results("relay.test; dmarc=pass (p=reject) header.from=acme.test")
	base := txts{"_dmarc.acme.test": reject, "acme.test": allow}
	tests := []struct {
		name    string
		ip      string
		top     string
		verdict core.Verdict
		reason  string
	}{
		{"SPF by the client that the relay saw", "10.0.0.7", edge, core.Proven, "sent by a server that acme.test allows"},
		{"SPF by the client that the relay saw: a stranger", "10.0.0.7", stranger, core.Refuted, ""},
		{"over a second host of the relay", "10.0.0.8", internal + edge, core.Proven, ""},
		{"a result above", "10.0.0.7", dmarcPass + stranger, core.Proven, "verified by the relay relay.test"},
		{"a result of the sender directly below", "10.0.0.7", stranger + dmarcPass, core.Refuted, ""},
		{"a result between two hosts of the relay", "10.0.0.8", internal + dmarcPass + stranger, core.Proven, "verified by the relay relay.test"},
		{"a result of the sender further below", "10.0.0.7", stranger + "Received: from a by b\r\n" + dmarcPass, core.Refuted, ""},
		{"a result of the sender below the relay's own", "10.0.0.7", results("relay.test; dmarc=fail header.from=acme.test") + stranger + dmarcPass, core.Refuted, ""},
		{"a result under another id", "10.0.0.7", results("other.test; dmarc=pass header.from=acme.test") + stranger, core.Refuted, ""},
		{"a result for another domain", "10.0.0.7", results("relay.test; dmarc=pass header.from=other.test") + stranger, core.Refuted, ""},
		{"two DMARC results contradict each other", "10.0.0.7", results("relay.test; dmarc=fail header.from=acme.test; dmarc=pass header.from=acme.test") + stranger, core.Refuted, ""},
		{"an aligned signature", "10.0.0.7", results("RELAY.test 1; dkim=fail header.d=acme.test; dkim=pass header.d=mail.acme.test header.s=x") + stranger, core.Proven, "signed by mail.acme.test, as the relay"},
		{"an aligned signature by its agent", "10.0.0.7", results("relay.test; dkim=pass header.i=@acme.test") + stranger, core.Proven, ""},
		{"a signature of another domain", "10.0.0.7", results("relay.test; dkim=pass header.d=other.test") + stranger, core.Refuted, ""},
		{"an aligned sender", "10.0.0.7", results("relay.test; spf=pass smtp.mailfrom=b@bounce.acme.test") + stranger, core.Proven, "bounce.acme.test allows, as the relay"},
		{"a result in a comment", "10.0.0.7", results("relay.test; spf=fail (x; dmarc=pass header.from=acme.test) smtp.mailfrom=a@b.test") + stranger, core.Refuted, ""},
		{"a result in a quoted sender", "10.0.0.7", results(`relay.test; spf=fail smtp.mailfrom="x; dmarc=pass header.from=acme.test; a"@b.test`) + stranger, core.Refuted, ""},
		{"trouble of the relay", "10.0.0.7", results("relay.test; dmarc=temperror header.from=acme.test") + stranger, core.Unproven, "could not be found out"},
		{"a relay that tells no client", "10.0.0.7", "Received: by relay.test; Mon, 1 Jan 2024 00:00:00 +0000\r\n", core.Unproven, "could not be found out"},
		{"a relay that tells nothing", "10.0.0.7", "", core.Unproven, "could not be found out"},
		{"a result without a Received field", "10.0.0.7", dmarcPass, core.Unproven, ""},
		{"a client inside the relay's house", "10.0.0.7", strings.ReplaceAll(edge, "192.0.2.1", "192.168.1.1"), core.Unproven, ""},

		{"a stranger's results", "203.0.113.9", dmarcPass + edge, core.Refuted, ""},
		{"a stranger's Received", "203.0.113.9", edge, core.Refuted, ""},
	}
	relay, err := ParseRelay("10.0.0.0/24,2001:db8::5=Relay.test")
	if err != nil {
		t.Fatal(err)
	}
	resolver, _ := serve(t, base, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := envelope("ann@acme.test")
			env.ClientIP = addr(tt.ip)
			o := New(resolver, TrustRelays(relay)).Check(t.Context(), env, letterFrom("ann@acme.test"), []byte(tt.top+plainMail))
			if o.Verdict != tt.verdict || !strings.Contains(o.Reason, tt.reason) {
				t.Errorf("got %+v, want %s, %q", o, tt.verdict, tt.reason)
			}
		})
	}
}

func TestAMailMayComeOverTwoTrustedRelays(t *testing.T) {
	t.Parallel()
	var relays []Relay
	for _, text := range []string{"10.0.0.7=inner.test", "198.51.100.7=outer.test"} {
		relay, err := ParseRelay(text)
		if err != nil {
			t.Fatal(err)
		}
		relays = append(relays, relay)
	}
	resolver, _ := serve(t, txts{"_dmarc.acme.test": reject, "acme.test": allow}, nil)
	results := func(id, s string) string {
		return "Authentication-Results: " + id + "; " + s + " header.from=acme.test\r\n"
	}
	const handed = "Received: from outer.test (outer.test [198.51.100.7]) by inner.test with ESMTP; Mon, 1 Jan 2024 00:00:00 +0000\r\n"
	pass, fail := "dmarc=pass", "dmarc=fail"
	for name, c := range map[string]struct {
		top     string
		verdict core.Verdict
		reason  string
	}{
		"the client that the outer one saw":       {handed + edge, core.Proven, "sent by a server that acme.test allows"},
		"a stranger that the outer one saw":       {handed + stranger, core.Refuted, ""},
		"the outer one's result":                  {results("inner.test", fail) + handed + results("outer.test", pass) + stranger, core.Proven, "verified by the relay outer.test"},
		"the inner one's result":                  {results("inner.test", pass) + handed + results("outer.test", fail) + stranger, core.Proven, "verified by the relay inner.test"},
		"the outer one's name, not written there": {results("outer.test", pass) + handed + stranger, core.Refuted, ""},
		"the inner one's name, further down":      {handed + results("inner.test", pass) + stranger, core.Refuted, ""},
		"an outer one that the sender made up":    {stranger + handed + results("outer.test", pass) + edge, core.Refuted, ""},
		"the outer one tells no client":           {handed + "Received: by outer.test; Mon, 1 Jan 2024 00:00:00 +0000\r\n", core.Unproven, "the relay outer.test does not say"},
	} {
		env := envelope("ann@acme.test")
		env.ClientIP = addr("10.0.0.7")
		o := New(resolver, TrustRelays(relays...)).Check(t.Context(), env, letterFrom("ann@acme.test"), []byte(c.top+plainMail))
		if o.Verdict != c.verdict || !strings.Contains(o.Reason, c.reason) {
			t.Errorf("%s: got %+v, want %s", name, o, c.verdict)
		}
	}
}

func TestInjectedResultsDirectlyProveNothing(t *testing.T) {
	t.Parallel()
	resolver, _ := serve(t, txts{"_dmarc.acme.test": reject}, nil)
	raw := "Authentication-Results: desk.test; dmarc=pass header.from=acme.test\r\nX-Postdesk-Origin: proven\r\n" + edge + plainMail
	if o := New(resolver).Check(t.Context(), envelope("x@evil.test"), letterFrom("ann@acme.test"), []byte(raw)); o.Verdict != core.Refuted {
		t.Errorf("got %+v", o)
	}
}

func TestTheClientIsReadFromWhatTheServerWrote(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		// Postfix
		"from mx.acme.test (mx.acme.test [192.0.2.1]) by r.test (Postfix)":              "192.0.2.1",
		"from mx.acme.test (unknown [192.0.2.1]) by r.test (Postfix) with ESMTPS id 4X": "192.0.2.1",
		"from [6.6.6.6] (unknown [192.0.2.1]) by r.test":                                "192.0.2.1",
		"from mx.acme.test (mx.acme.test [IPv6:2001:db8::7]) by r.test":                 "2001:db8::7",
		"from mx.acme.test (unknown [IPv6:::ffff:192.0.2.1]) by r.test":                 "192.0.2.1",
		"from mx.acme.test (mx.acme.test [192.0.2.1]) (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits)) (No client certificate requested) by r.test (Postfix) with ESMTPS id 4X for <help@desk.test>": "192.0.2.1",
		"from localhost (localhost [127.0.0.1]) by r.test (Postfix)":                                                      "127.0.0.1",
		"from mx.acme.test (mx.acme.test [192.0.2.1]) (Client CN \"x 6.6.6.6 y\", Issuer \"x\" (not verified)) by r.test": "",
		"from mx.acme.test (mx.acme.test [192.0.2.1]) (Authenticated sender: ann) by r.test":                              "192.0.2.1",
		// Exim
		"from mx.acme.test ([192.0.2.1] helo=[6.6.6.6]) by r.test":                                                           "192.0.2.1",
		"from mx.acme.test ([192.0.2.1]:40512 helo=mx.acme.test) by r.test with esmtps (TLS1.3) tls TLS_AES_256 (Exim 4.96)": "192.0.2.1",
		"from [192.0.2.1] (helo=[6.6.6.6]) by r.test with esmtp (Exim 4.96)":                                                 "192.0.2.1",
		"from mx.acme.test ([2001:db8::7]) by r.test with esmtps (Exim 4.96)":                                                "2001:db8::7",
		// sendmail
		"from mx.acme.test (mx.acme.test [192.0.2.1] (may be forged)) by r.test (8.17.1/8.17.1) with ESMTPS id 0": "192.0.2.1",
		"from [6.6.6.6] (root@mx.acme.test [192.0.2.1]) by r.test (8.17.1/8.17.1)":                                "192.0.2.1",
		"from mx.acme.test ([IPv6:2001:db8:0:0:0:0:0:7]) by r.test (8.17.1/8.17.1)":                               "2001:db8::7",
		// Exchange
		"from mx.acme.test (192.0.2.1) by r.test (10.1.1.1) with Microsoft SMTP Server (version=TLS1_2, cipher=TLS_ECDHE) id 15.20": "192.0.2.1",
		"from mx.acme.test (2001:db8:5:1a::cafe) by r.test (2001:db8:5:1b::17) with Microsoft SMTP Server":                          "2001:db8:5:1a::cafe",
		// Gmail
		"from mx.acme.test (mx.acme.test. [192.0.2.1]) by mx.google.com with ESMTPS id d2e1a72f for <help@desk.test> (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256)": "192.0.2.1",
		"by 2002:a05:6402:1a4f:b0:5d0 with SMTP id bf15csp1": "",
		// qmail, Courier, CommuniGate
		"from unknown (HELO [6.6.6.6]) (192.0.2.1) by r.test with SMTP":             "192.0.2.1",
		"from unknown (HELO a 6.6.6.6) (192.0.2.1) by r.test with SMTP":             "",
		"from mx.acme.test ([::ffff:192.0.2.1]) by r.test with ESMTP":               "192.0.2.1",
		"from [192.0.2.1] (HELO mx.acme.test) by r.test (CommuniGate Pro SMTP 6.3)": "192.0.2.1",
		// nothing to rely on
		"from 6.6.6.6.evil.test (6.6.6.6 [192.0.2.1]) by r.test":        "",
		"from [6.6.6.6] by r.test":                                      "",
		"from mx.acme.test by r.test (relay [192.0.2.1])":               "",
		"from mx.acme.test (mx.acme.test [192.0.2.1] by r.test":         "",
		"from mx.acme.test (mx.acme.test [192.0.2.1]) (192.0.2.2) by r": "",
		"by r.test (Postfix, from userid 0)":                            "",
		"":                                                              "",
	} {
		got := ""
		if ip, _ := receivedFrom(value); ip.IsValid() {
			got = ip.String()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
}

func TestARelaySettingIsReadOrRefused(t *testing.T) {
	t.Parallel()
	r, err := ParseRelay(" 10.0.0.9/24, 2001:db8::5 = MX.relay.test")
	if err != nil || r.ID != "mx.relay.test" || len(r.Networks) != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	c := New(nil, TrustRelays(r))
	for ip, want := range map[string]bool{"10.0.0.1": true, "::ffff:10.0.0.1": true, "2001:db8::5": true, "2001:db8::6": false, "10.0.1.1": false} {
		if c.Trusts(addr(ip)) != want {
			t.Errorf("%s: not %t", ip, want)
		}
	}
	for _, s := range []string{"", "10.0.0.0/24", "=relay.test", "10.0.0.0/24=", "10.0.0.0/99=a.test", "relay.test=a.test", "10.0.0.1=a b",
		"127.0.0.0/8=mx.test,::1/128=mx.test", "127.0.0.0/8=mx.test,", "10.0.0.1=a=b"} {
		if r, err := ParseRelay(s); err == nil {
			t.Errorf("%q: %+v", s, r)
		}
	}
}
