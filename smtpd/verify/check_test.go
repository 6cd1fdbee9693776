package verify

import (
	"strings"
	"testing"

	"github.com/foxcpp/go-mockdns"

	"postdesk/core"
)

const (
	key    = "s1._domainkey."
	allow  = "v=spf1 ip4:192.0.2.1 -all"
	forbid = "v=spf1 -all"
	reject = "v=DMARC1; p=reject"
	strict = "v=DMARC1; p=none; adkim=s; aspf=s"
)

func TestTheVerdictFollowsTheLaw(t *testing.T) {
	t.Parallel()
	good := keyRecord("")
	tests := []struct {
		name    string
		dns     txts
		from    string // envelope, ann@acme.test unless given
		mail    string // plainMail unless given
		verdict core.Verdict
		reason  string // part of it
	}{
		{"a signature of the domain proves", txts{key + "acme.test": good}, "", sign(t, plainMail, "acme.test"), core.Proven, "signed by acme.test, matches the sender"},
		{"a signature of a subdomain proves", txts{key + "mail.acme.test": good}, "", sign(t, plainMail, "mail.acme.test"), core.Proven, "signed by mail.acme.test"},
		{"a handmade signature proves, so that the rows below can fail", txts{key + "acme.test": good}, "", signWith(t, plainMail, "acme.test", ""), core.Proven, "signed by acme.test"},
		{"a signature not of the domain itself fails a strict record", txts{key + "mail.acme.test": good, "_dmarc.acme.test": strict}, "", sign(t, plainMail, "mail.acme.test"), core.Unproven, "nothing shows"},
		{"a signature of the domain itself passes a strict record", txts{key + "acme.test": good, "_dmarc.acme.test": strict}, "", sign(t, plainMail, "acme.test"), core.Proven, ""},
		{"a signature of another domain proves nothing", txts{key + "other.test": good}, "", sign(t, plainMail, "other.test"), core.Unproven, "signed by other.test, which does not speak"},
		{"a signature of another domain does not save from reject", txts{key + "other.test": good, "_dmarc.acme.test": reject}, "", sign(t, plainMail, "other.test"), core.Refuted, "asks everyone to reject"},
		{"a signature with a body length does not count", txts{key + "acme.test": good, "_dmarc.acme.test": reject}, "", signWith(t, plainMail, "acme.test", "l=4; "), core.Refuted, ""},
		{"an expired signature does not count", txts{key + "acme.test": good}, "", signWith(t, plainMail, "acme.test", "t=1000000000; x=1000000001; "), core.Unproven, ""},
		{"a key for its very domain does not speak for a subdomain", txts{key + "acme.test": keyRecord("t=y:s; ")}, "", signWith(t, plainMail, "acme.test", "i=@news.acme.test; "), core.Unproven, ""},
		{"a key for its very domain speaks for that", txts{key + "acme.test": keyRecord("t=s; ")}, "", signWith(t, plainMail, "acme.test", "i=@acme.test; "), core.Proven, ""},
		{"a changed body breaks the signature", txts{key + "acme.test": good, "_dmarc.acme.test": reject}, "", strings.Replace(sign(t, plainMail, "acme.test"), "burns", "works", 1), core.Refuted, ""},
		{"a revoked key refutes", txts{key + "acme.test": "v=DKIM1; p=", "_dmarc.acme.test": reject}, "", sign(t, plainMail, "acme.test"), core.Refuted, ""},
		{"one of two signatures is enough", txts{key + "acme.test": good, "_dmarc.acme.test": reject}, "", "DKIM-Signature: v=1; a=rsa-sha256; d=acme.test; s=none; h=From; bh=AA==; b=AA==\r\n" + sign(t, plainMail, "acme.test"), core.Proven, ""},

		{"a server that SPF allows proves", txts{"acme.test": allow}, "", "", core.Proven, "sent by a server that acme.test allows"},
		{"SPF of a subdomain proves", txts{"bounce.acme.test": allow}, "b-1@bounce.acme.test", "", core.Proven, ""},
		{"SPF of a subdomain fails a strict record", txts{"bounce.acme.test": allow, "_dmarc.acme.test": strict}, "b-1@bounce.acme.test", "", core.Unproven, ""},
		{"SPF of another domain proves nothing", txts{"other.test": allow}, "x@other.test", "", core.Unproven, "a server that other.test allows, which does not speak"},
		{"SPF of another domain does not save from quarantine", txts{"other.test": allow, "_dmarc.acme.test": "v=DMARC1; p=quarantine"}, "x@other.test", "", core.Refuted, "quarantine"},
		{"the null sender is judged by HELO", txts{"mx.acme.test": allow}, "<>", "", core.Proven, "mx.acme.test allows"},
		{"HELO counts for nothing beside a sender", txts{"mx.acme.test": allow}, "x@other.test", "", core.Unproven, ""},
		{"a forbidden server without a DMARC record is only unproven", txts{"acme.test": forbid}, "", "", core.Unproven, ""},
		{"a sender with two at signs is of the last domain", txts{"acme.test": allow}, `"x@other.test"@acme.test`, "", core.Proven, ""},
		{"more than ten look-ups are no pass", txts{"acme.test": "v=spf1 include:acme.test ip4:192.0.2.1 -all", "_dmarc.acme.test": reject}, "", "", core.Refuted, ""},

		{"no record at all is unproven", nil, "", "", core.Unproven, "nothing shows that acme.test sent this mail"},
		{"policy none is unproven", txts{"_dmarc.acme.test": "v=DMARC1; p=none; rua=mailto:d@acme.test"}, "", "", core.Unproven, ""},
		{"several DMARC records are none", txts{"_dmarc.acme.test": reject + "\n" + reject}, "", "", core.Unproven, ""},
		{"other TXT records beside the policy do not matter", txts{"_dmarc.acme.test": "hello\n" + reject}, "", "", core.Refuted, ""},

		{"DMARC trouble is unproven", txts{"_dmarc.acme.test": "SERVFAIL", "acme.test": forbid}, "", "", core.Unproven, "could not be found out"},
		{"DMARC trouble does not spoil an exact match", txts{"_dmarc.acme.test": "SERVFAIL", "acme.test": allow}, "", "", core.Proven, ""},
		{"DMARC trouble spoils a relaxed match", txts{"_dmarc.acme.test": "SERVFAIL", "b.acme.test": allow}, "x@b.acme.test", "", core.Unproven, "could not be found out"},
		{"SPF trouble is unproven", txts{"_dmarc.acme.test": reject, "acme.test": "SERVFAIL"}, "", "", core.Unproven, "could not be found out"},
		{"key trouble is unproven", txts{"_dmarc.acme.test": reject, key + "acme.test": "SERVFAIL"}, "", sign(t, plainMail, "acme.test"), core.Unproven, "could not be found out"},
		{"trouble of a stranger's domain does not save from reject", txts{"_dmarc.acme.test": reject, "other.test": "SERVFAIL", key + "other.test": "SERVFAIL"}, "x@other.test", sign(t, plainMail, "other.test"), core.Refuted, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			resolver, _ := serve(t, tt.dns, nil)
			env := envelope("ann@acme.test")
			if tt.from != "" {
				env.From = strings.TrimPrefix(tt.from, "<>")
			}
			mail := tt.mail
			if mail == "" {
				mail = plainMail
			}
			o := New(resolver).Check(t.Context(), env, letterFrom("Ann@ACME.test"), []byte(mail))
			if o.Verdict != tt.verdict || !strings.Contains(o.Reason, tt.reason) || o.Domain != "acme.test" {
				t.Errorf("got %+v, want %s, %q", o, tt.verdict, tt.reason)
			}
		})
	}
}

func TestTheSubdomainPolicyHoldsForSubdomains(t *testing.T) {
	t.Parallel()
	resolver, _ := serve(t, txts{
		"_dmarc.lax.test":     "v=DMARC1; p=reject; sp=none",
		"_dmarc.firm.test":    "v=DMARC1; p=none; sp=quarantine",
		"_dmarc.plain.test":   reject,
		"_dmarc.own.lax.test": reject,
	}, nil)
	for address, want := range map[string]core.Verdict{
		"a@lax.test":        core.Refuted,
		"a@sub.lax.test":    core.Unproven,
		"a@own.lax.test":    core.Refuted,
		"a@firm.test":       core.Unproven,
		"a@sub.firm.test":   core.Refuted,
		"a@a.b.plain.test":  core.Refuted,
		"a@unknown.test":    core.Unproven,
		"a@notplain.test":   core.Unproven,
		"a@plain.test.test": core.Unproven,
	} {
		raw := strings.Replace(plainMail, "ann@acme.test", address, 1)
		if o := New(resolver).Check(t.Context(), envelope("x@elsewhere.test"), letterFrom(address), []byte(raw)); o.Verdict != want {
			t.Errorf("%s: got %+v, want %s", address, o, want)
		}
	}
}

func TestNamesOutsideASCIIAreComparedAsALabels(t *testing.T) {
	t.Parallel()
	resolver, _ := serve(t, txts{"xn--bcher-kva.test": allow, key + "xn--bcher-kva.test": keyRecord("")}, nil)
	raw := strings.Replace(plainMail, "ann@acme.test", "ann@BÜCHER.test", 1)
	for name, mail := range map[string]string{"SPF": raw, "DKIM": sign(t, raw, "xn--bcher-kva.test"), "DKIM, d= as written": sign(t, raw, "bücher.test")} {
		env := envelope("ann@bücher.test")
		if name != "SPF" {
			env.From = "x@other.test"
		}
		o := New(resolver).Check(t.Context(), env, letterFrom("ann@BÜCHER.test"), []byte(mail))
		if o.Verdict != core.Proven || o.Domain != "xn--bcher-kva.test" {
			t.Errorf("%s: got %+v", name, o)
		}
	}
}

func TestWithoutOneUsableFromNothingIsLookedUp(t *testing.T) {
	t.Parallel()
	resolver, queries := serve(t, txts{"acme.test": allow}, nil)
	two := letterFrom("ann@acme.test")
	two.FromFields = 2
	for name, letter := range map[string]core.Letter{
		"no From":              {},
		"two From fields":      two,
		"two mailboxes":        letterFrom("ann@acme.test", "bob@acme.test"),
		"no domain":            letterFrom("ann"),
		"an address literal":   letterFrom("ann@[192.0.2.1]"),
		"a bare address":       letterFrom("ann@192.0.2.1"),
		"a single label":       letterFrom("ann@localhost"),
		"an impossible domain": letterFrom("ann@acme..test"),
		"a space":              letterFrom("ann@acme .test"),
	} {
		o := New(resolver).Check(t.Context(), envelope("ann@acme.test"), letter, []byte(sign(t, plainMail, "acme.test")))
		if o.Verdict != core.Unproven || o.Reason == "" {
			t.Errorf("%s: got %+v", name, o)
		}
	}
	if n := queries.Load(); n != 0 {
		t.Errorf("%d queries", n)
	}
}

func TestWhatWasFoundIsToldInWords(t *testing.T) {
	t.Parallel()
	resolver, _ := serve(t, txts{"acme.test": forbid, "_dmarc.acme.test": reject, key + "acme.test": keyRecord("")}, nil)
	o := New(resolver).Check(t.Context(), envelope("ann@acme.test"), letterFrom("ann@acme.test"), []byte(sign(t, plainMail, "acme.test")))
	want := core.Origin{
		Verdict: core.Proven, Domain: "acme.test", SPF: "fail acme.test", DKIM: "pass acme.test",
		DMARC: "reject, aligned", ARC: "none", Reason: "signed by acme.test, matches the sender",
	}
	if o != want {
		t.Errorf("got  %+v\nwant %+v", o, want)
	}
}

func TestSPFMechanismsAskTheServer(t *testing.T) {
	t.Parallel()
	resolver, _ := serve(t, txts{
		"a.test": "v=spf1 a -all", "mx.test": "v=spf1 mx -all", "ptr.test": "v=spf1 ptr -all",
		"exists.test": "v=spf1 exists:%{i}.list.test -all", "redirect.test": "v=spf1 redirect=a.test",
	}, map[string]mockdns.Zone{
		"a.test":                 {A: []string{"192.0.2.1"}, AAAA: []string{"2001:db8::1"}},
		"host.ptr.test":          {A: []string{"192.0.2.1"}},
		"mx.test":                {MX: mx("a.test.")},
		"1.2.0.192.in-addr.arpa": {PTR: []string{"host.ptr.test."}},
		"192.0.2.1.list.test":    {A: []string{"127.0.0.2"}},
	})
	six := envelope("x@a.test")
	six.ClientIP = addr("2001:db8::1")
	check := func(env core.Envelope) core.Origin {
		domain := domainOf(env.From)
		return New(resolver).Check(t.Context(), env, letterFrom("x@"+domain), []byte(plainMail))
	}
	if o := check(six); o.Verdict != core.Proven {
		t.Errorf("IPv6: %+v", o)
	}
	mapped := envelope("x@a.test")
	mapped.ClientIP = addr("::ffff:192.0.2.1")
	if o := check(mapped); o.Verdict != core.Proven {
		t.Errorf("IPv4 in IPv6: %+v", o)
	}
	for _, domain := range []string{"a.test", "mx.test", "ptr.test", "exists.test"} {
		if o := check(envelope("x@" + domain)); o.Verdict != core.Proven {
			t.Errorf("%s: %+v", domain, o)
		}
		other := envelope("x@" + domain)
		other.ClientIP = addr("192.0.2.99")
		if o := check(other); o.Verdict != core.Unproven || o.SPF != "fail "+domain {
			t.Errorf("%s from elsewhere: %+v", domain, o)
		}
	}
}
