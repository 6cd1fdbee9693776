package verify

import (
	"strings"
	"testing"

	"postdesk/core"
)

// What support people read, for each way in which a mail can be judged. No
// sentence says more than was found out.
func TestTheVerdictIsToldInPlainWords(t *testing.T) {
	t.Parallel()
	const P, N, F = core.Proven, core.Unproven, core.Refuted
	own := records{key + "acme.test": {keyRecord("")}}
	policy := records{"_dmarc.acme.test": {reject}}
	results := func(s string) string { return "Authentication-Results: relay.test; " + s + "\r\n" }
	const asks = "acme.test asks everyone to reject mail that it did not send, and nothing shows that it sent this one"
	const unclear = "it could not be found out whether acme.test sent this mail: "
	for _, tt := range []struct {
		name    string
		zone    records
		from    string // envelope
		mail    string
		relayed bool
		verdict core.Verdict
		reason  string
	}{
		{"DKIM", own, "x@other.test", sign(t, plainMail, "acme.test"), false, P, "signed by acme.test, matches the sender"},
		{"DKIM of a subdomain", records{key + "mail.acme.test": {keyRecord("")}}, "x@other.test", sign(t, plainMail, "mail.acme.test"), false, P, "signed by mail.acme.test, matches the sender"},
		{"SPF", records{"acme.test": {allow}}, "ann@acme.test", plainMail, false, P, "sent by a server that acme.test allows, matches the sender"},
		{"SPF of a subdomain", records{"b.acme.test": {allow}}, "x@b.acme.test", plainMail, false, P, "sent by a server that b.acme.test allows, matches the sender"},
		{"a relay's DMARC", nil, "x@other.test", results("dmarc=pass header.from=acme.test") + stranger + plainMail, true, P, "verified by the relay relay.test, matches the sender"},
		{"a relay's DKIM", nil, "x@other.test", results("dkim=pass header.d=acme.test") + stranger + plainMail, true, P, "signed by acme.test, as the relay relay.test found, matches the sender"},
		{"a relay's SPF", nil, "x@other.test", results("spf=pass smtp.mailfrom=b.acme.test") + stranger + plainMail, true, P, "sent by a server that b.acme.test allows, as the relay relay.test found, matches the sender"},

		{"nothing at all", nil, "x@other.test", plainMail, false, N, "nothing shows that acme.test sent this mail"},
		{"SPF of another domain", records{"other.test": {allow}}, "x@other.test", plainMail, false, N, "nothing shows that acme.test sent this mail; it came from a server that other.test allows, which does not speak for the sender"},
		{"DKIM of another domain", records{key + "other.test": {keyRecord("")}}, "x@other.test", sign(t, plainMail, "other.test"), false, N, "nothing shows that acme.test sent this mail; it is signed by other.test, which does not speak for the sender"},
		{"DKIM that is broken", own, "x@other.test", strings.Replace(sign(t, plainMail, "acme.test"), "burns", "works", 1), false, N, "nothing shows that acme.test sent this mail; it has a signature in the name of acme.test that does not hold"},
		{"a policy that is only tried out", records{"_dmarc.acme.test": {"v=DMARC1; p=quarantine; t=y"}}, "x@other.test", plainMail, false, N, "nothing shows that acme.test sent this mail"},
		{"trouble with the policy", records{"_dmarc.acme.test": {servfail}}, "x@other.test", plainMail, false, N, unclear + "a look-up that could have shown it got no answer"},
		{"trouble with SPF", policy.with(records{"acme.test": {servfail}}), "ann@acme.test", plainMail, false, N, unclear + "a look-up that could have shown it got no answer"},
		{"trouble with a key", policy.with(records{key + "acme.test": {servfail}}), "x@other.test", sign(t, plainMail, "acme.test"), false, N, unclear + "a look-up that could have shown it got no answer"},
		{"a relay that tells no client", policy, "x@other.test", "Received: by relay.test; Mon, 1 Jan 2024 00:00:00 +0000\r\n" + plainMail, true, N, unclear + "the relay relay.test does not say where it came from"},
		{"a relay that had trouble", policy, "x@other.test", results("dmarc=temperror header.from=acme.test") + stranger + plainMail, true, N, unclear + "the relay relay.test could not find out either"},

		{"refuted", policy, "x@other.test", plainMail, false, F, asks},
		{"refuted by quarantine", records{"_dmarc.acme.test": {"v=DMARC1; p=quarantine"}}, "x@other.test", plainMail, false, F, strings.Replace(asks, "reject", "quarantine", 1)},
		{"refuted, sent by another domain", policy.with(records{"other.test": {allow}}), "x@other.test", plainMail, false, F, asks + "; it came from a server that other.test allows, which does not speak for the sender"},
		{"refuted, signed by another domain", policy.with(records{key + "other.test": {keyRecord("")}}), "x@other.test", sign(t, plainMail, "other.test"), false, F, asks + "; it is signed by other.test, which does not speak for the sender"},
		{"refuted, with a broken signature", policy.with(own), "x@other.test", signWith(t, plainMail, "acme.test", "l=4; "), false, F, asks + "; it has a signature in the name of acme.test that does not hold"},
		{"refuted through a relay", policy, "x@other.test", results("dmarc=fail header.from=acme.test") + stranger + plainMail, true, F, asks},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			resolver, _ := serveFunc(t, tt.zone.answer)
			env, c := envelope(tt.from), New(resolver)
			if tt.relayed {
				relay, err := ParseRelay("10.0.0.7=relay.test")
				if err != nil {
					t.Fatal(err)
				}
				env.ClientIP, c = addr("10.0.0.7"), New(resolver, TrustRelays(relay))
			}
			o := c.Check(t.Context(), env, letterFrom("ann@acme.test"), []byte(tt.mail))
			if o.Verdict != tt.verdict || o.Reason != tt.reason {
				t.Errorf("got  %s: %s\nwant %s: %s", o.Verdict, o.Reason, tt.verdict, tt.reason)
			}
		})
	}
	for words, letter := range map[string]core.Letter{
		"the mail does not name exactly one sender":     letterFrom("ann@acme.test", "bob@acme.test"),
		"the sender's address has no usable domain":     letterFrom("ann@localhost"),
		"the sender's address has no usable domain\x00": letterFrom("ann@[192.0.2.1]"),
	} {
		o := New(nil).Check(t.Context(), envelope(""), letter, []byte(plainMail))
		if o.Verdict != N || o.Reason != strings.TrimSuffix(words, "\x00") {
			t.Errorf("%+v: %+v", letter.From, o)
		}
	}
}
