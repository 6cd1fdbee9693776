package verify

import (
	"strings"
	"testing"
	"unicode/utf8"

	"postdesk/core"
)

func TestDMARCRecordsAreRead(t *testing.T) {
	t.Parallel()
	for txt, want := range map[string]dmarcRecord{
		"v=DMARC1; p=reject":                                       {policy: "reject"},
		"v=DMARC1;p=quarantine;sp=none;pct=0":                      {policy: "quarantine", subdomains: "none", testing: true},
		"v=DMARC1;p=reject;t=Y;np=Reject":                          {policy: "reject", absent: "reject", testing: true},
		"v=DMARC1;p=reject;pct=50;t=n;np=bogus":                    {policy: "reject"},
		"v=DMARC1;p=reject;pct=none":                               {policy: "reject"},
		"V=DMARC1 \t; p = reject":                                  {policy: "reject"},
		" v = DMARC1 ; P = Reject ; ADKIM=S; aspf=s;":              {policy: "reject", strictDKIM: true, strictSPF: true},
		"v=DMARC1; p=none; adkim=r; aspf=x; nonsense; =; p=reject": {policy: "none"},
		"v=DMARC1; p=bogus; rua=mailto:a@acme.test":                {policy: "none"},
		"v=DMARC1; p=reject; sp=bogus; rua=mailto:a@acme.test":     {policy: "none"},
		"v=DMARC1; p=reject; sp=bogus":                             {},
		"v=DMARC1; rua=nobody":                                     {},
		"v=DMARC1":                                                 {},
	} {
		if got, ok := parseDMARC(txt); !ok || got != want {
			t.Errorf("%q: got %+v, %t, want %+v", txt, got, ok, want)
		}
	}
	for _, txt := range []string{"", ";", "v=spf1 -all", "v=DMARC2; p=reject", "v=dmarc1; p=reject", "v=DMARC1 p=reject", "p=reject; v=DMARC1", "v=DMARC10; p=reject"} {
		if got, ok := parseDMARC(txt); ok {
			t.Errorf("%q: %+v", txt, got)
		}
	}
}

func TestDomainsAreAlignedByTheirOrganization(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		author, other   string
		relaxed, strict bool
	}{
		{"acme.test", "acme.test", true, true},
		{"acme.test", "mail.acme.test", true, false},
		{"a.acme.test", "b.acme.test", true, false},
		{"acme.test", "notacme.test", false, false},
		{"acme.co.uk", "other.co.uk", false, false},
		{"acme.co.uk", "co.uk", false, false},
		{"a.github.io", "b.github.io", false, false},
		{"acme.test", "", false, false},
		{"", "", false, false},
	} {
		if aligned(tt.author, tt.other, false) != tt.relaxed || aligned(tt.author, tt.other, true) != tt.strict {
			t.Errorf("%+v", tt)
		}
	}
}

func FuzzDMARC(f *testing.F) {
	f.Add("v=DMARC1; p=reject; sp=none; adkim=s; rua=mailto:a@b.test,https://c.test")
	f.Add("v=DMARC1;;=;p==;p=none")
	f.Fuzz(func(t *testing.T, txt string) {
		r, ok := parseDMARC(txt)
		if !ok && r != (dmarcRecord{}) {
			t.Errorf("refused, yet %+v", r)
		}
		if r.policy != "" && !isPolicy(r.policy) || r.subdomains != "" && !isPolicy(r.subdomains) || r.absent != "" && !isPolicy(r.absent) {
			t.Errorf("impossible policy: %+v", r)
		}
	})
}

// The sender chooses what stands in comments and quoted strings: whatever it is,
// the statements around it stay the same.
func FuzzAuthResults(f *testing.F) {
	f.Add("relay.test; spf=fail (a (b) c) smtp.mailfrom=\"x;y\"@b.test; dmarc=pass header.from=acme.test")
	f.Add("relay.test; none")
	f.Add("\"; dkim=pass header.d=acme.test; a=\"")
	f.Fuzz(func(t *testing.T, s string) {
		parseAuthResults(s)
		receivedFrom(s)
		quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\x00", "").Replace(s)
		comment := strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`, "\x00", "").Replace(s)
		id, results, ok := parseAuthResults("r.test; spf=fail (" + comment + `) smtp.mailfrom="` + quote + `"@evil.test; dkim=none`)
		if !ok || id != "r.test" || len(results) != 2 || results[0].value != "fail" || len(results[0].props) != 1 || domainOf(results[0].props["smtp.mailfrom"]) != "evil.test" {
			t.Errorf("%q: %q %+v %t", s, id, results, ok)
		}
	})
}

func FuzzCheck(f *testing.F) {
	resolver, queries := serve(f, txts{"acme.test": allow, "_dmarc.acme.test": reject, key + "acme.test": keyRecord("")}, nil)
	relay, _ := ParseRelay("192.0.2.0/24=relay.test")
	f.Add([]byte(plainMail), "x@other.test", false)
	f.Add([]byte(sign(f, plainMail, "acme.test")), "", true)
	f.Add([]byte(signWith(f, plainMail, "acme.test", "l=4; ")), "x@", true)
	f.Add([]byte(manySignatures(f, 3)), "%{l}@acme.test", false)
	f.Add([]byte(passOn(f, edge+plainMail, "acme.test", "s1", foundGood, "", "none")), "x@other.test", true)
	f.Add([]byte("Authentication-Results: relay.test; dmarc=pass header.from=acme.test\r\n"+stranger+plainMail), "", true)
	f.Fuzz(func(t *testing.T, raw []byte, from string, relayed bool) {
		c := New(resolver)
		if relayed {
			c = New(resolver, TrustRelays(relay))
		}
		queries.Store(0)
		o := c.Check(t.Context(), envelope(from), letterFrom("ann@acme.test"), raw)
		if o.Verdict == "" || o.Reason == "" || queries.Load() > maxQueries {
			t.Errorf("%+v, %d queries", o, queries.Load())
		}
		for _, s := range []string{o.SPF, o.DKIM, o.DMARC, o.ARC, o.Reason} {
			if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\r\n") {
				t.Errorf("not fit for a panel: %q", s)
			}
		}
		if o.Verdict == core.Proven && o.DMARC != "reject, aligned" {
			t.Errorf("%+v", o)
		}
	})
}
