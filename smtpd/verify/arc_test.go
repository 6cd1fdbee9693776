package verify

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"postdesk/core"
)

// passOn adds an ARC set of the domain on top, as one who passes the mail on does,
// by the rules and not by the code that checks them. more are tags of the message
// signature, cv is what the seal says of the chain below.
func passOn(t testing.TB, raw, domain, selector, found, more, cv string) string {
	t.Helper()
	header, body, ok := strings.Cut(raw, "\r\n\r\n")
	if !ok {
		t.Fatal("no body")
	}
	n := strings.Count(header, "ARC-Seal:") + 1
	_, from, _ := strings.Cut("\r\n"+header, "\r\nFrom:")
	from, _, _ = strings.Cut("From:"+from, "\r\n")
	from = strings.Replace(from, "From: ", "from:", 1)

	results := fmt.Sprintf("arc-authentication-results:i=%d; %s; %s\r\n", n, domain, found)
	bh := sha256.Sum256([]byte(body))
	message := fmt.Sprintf("arc-message-signature:i=%d; a=ed25519-sha256; c=relaxed/simple; d=%s; s=%s; h=from; %sbh=%s; b=",
		n, domain, selector, more, base64.StdEncoding.EncodeToString(bh[:]))
	message += signed(from+"\r\n"+message) + "\r\n"
	seal := fmt.Sprintf("arc-seal:i=%d; a=ed25519-sha256; cv=%s; d=%s; s=%s; b=", n, cv, domain, selector)
	seal += signed(setsBelow(header) + results + message + seal)
	return strings.NewReplacer("arc-seal:", "ARC-Seal: ", "arc-message-signature:", "ARC-Message-Signature: ", "arc-authentication-results:", "ARC-Authentication-Results: ").
		Replace(seal+"\r\n"+message+results) + raw
}

func signed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(ed25519.Sign(signerKey, sum[:]))
}

// setsBelow are the fields of passOn in the order in which a seal signs them.
func setsBelow(header string) (signed string) {
	var lines []string
	for line := range strings.SplitSeq(header, "\r\n") {
		if name, value, _ := strings.Cut(line, ": "); strings.HasPrefix(name, "ARC-") {
			lines = append(lines, strings.ToLower(name)+":"+value+"\r\n")
		}
	}
	for i := len(lines) - 3; i >= 0; i -= 3 { // seal, message, results; the newest set first
		signed += lines[i+2] + lines[i+1] + lines[i]
	}
	return signed
}

const foundGood = "spf=pass smtp.mailfrom=ann@acme.test; dkim=pass (good; really) header.d=acme.test; dmarc=pass header.from=acme.test; x=pass; spf=<b>"

func TestAChainIsToldInWords(t *testing.T) {
	t.Parallel()
	one := passOn(t, plainMail, "list.test", "s1", foundGood, "", "none")
	two := passOn(t, one, "second.test", "s1", "arc=pass", "", "pass")
	says := "pass: list.test says spf=pass of acme.test, dkim=pass of acme.test, dmarc=pass of acme.test"
	good := records{key + "list.test": {keyRecord("")}, key + "second.test": {keyRecord("")}}
	many := plainMail
	for i := range 50 {
		many = passOn(t, many, "list.test", "s1", "none", "", []string{"none", "pass"}[min(i, 1)])
	}
	for _, tt := range []struct {
		name    string
		mail    string
		zone    records
		want    string
		queries int64 // of ARC alone
	}{
		{"no field", plainMail, good, "none", 0},
		{"one set", one, good, says, 1},
		{"two sets", two, good, says + "; then passed on by second.test", 2},
		{"two sets of one list", passOn(t, one, "list.test", "s1", "arc=pass", "", "pass"), good, says, 1},
		{"nothing found", passOn(t, plainMail, "list.test", "s1", "none", "", "none"), good, "pass: list.test says nothing about the sender", 1},
		{"fifty sets", many, good, "pass: list.test says nothing about the sender", 1},
		{"fifty-one sets", passOn(t, many, "list.test", "s1", "none", "", "pass"), good, "fail: one of its fields cannot be read", 0},
		{"the text was changed", strings.Replace(one, "burns", "works", 1), good, "fail at 1: the text was changed after it", 0},
		{"the text was changed before the second", passOn(t, strings.Replace(one, "burns", "works", 1), "second.test", "s1", "arc=pass", "", "pass"), good, says + "; then passed on by second.test", 2},
		{"the author was changed", strings.Replace(one, "Ann <", "Bob <", 1), good, "fail at 1: the mail was changed after it", 1},
		{"what the first one found was changed", strings.Replace(two, "spf=pass", "spf=fail", 1), good, "fail at 2: its seal does not hold", 1},
		{"the second one found it broken", passOn(t, one, "second.test", "s1", "arc=fail", "", "fail"), good, "fail at 2: its writer found the mail changed or the chain broken", 0},
		{"it begins with pass", passOn(t, plainMail, "list.test", "s1", foundGood, "", "pass"), good, "fail at 1: its seal breaks the rules", 0},
		{"a body length", passOn(t, plainMail, "list.test", "s1", foundGood, "l=11; ", "none"), good, "fail at 1: it covers only a part of the text", 0},
		{"expired", passOn(t, plainMail, "list.test", "s1", foundGood, "x=1000000000; ", "none"), good, "fail at 1: it is signed for another time", 0},
		{"a key that is gone", one, records{}, "fail at 1: its key is not published", 1},
		{"the server cannot tell", one, records{key + "list.test": {servfail}}, "temperror at 1: a look-up got no answer", 2},
		{"From is not signed", strings.Replace(one, "h=from", "h=to", 1), good, "fail at 1: its signature breaks the rules", 0},
		{"a set is missing", strings.Replace(two, "i=1;", "i=3;", 3), good, "fail: set 1 is not complete", 0},
		{"a field is too long", "ARC-Seal: i=1; x=" + strings.Repeat("x", 20_000) + "\r\n" + one, good, "not checked: the mail is built too oddly to be checked", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			resolver, queries := serveFunc(t, tt.zone.answer)
			got := askARC(t.Context(), newLookups(resolver, 10*time.Second, 10, 2), split([]byte(tt.mail)), time.Now())
			if got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			if n := queries.Load(); n != tt.queries {
				t.Errorf("%d queries, want %d", n, tt.queries)
			}
		})
	}
}

// A chain is the word of whoever wrote it: an attacker may seal anything with a
// domain of his own.
func TestAChainNeverChangesTheVerdict(t *testing.T) {
	t.Parallel()
	keys := records{key + "list.test": {keyRecord("")}, key + "acme.test": {keyRecord("")}}
	for name, c := range map[string]struct {
		zone records
		mail string
	}{
		"refuted":              {keys.with(records{"_dmarc.acme.test": {reject}}), plainMail},
		"unproven":             {keys, plainMail},
		"proven":               {keys, sign(t, plainMail, "acme.test")},
		"unproven by trouble":  {keys.with(records{"_dmarc.acme.test": {servfail}}), plainMail},
		"refuted, l= and ARC":  {keys.with(records{"_dmarc.acme.test": {reject}}), signWith(t, plainMail, "acme.test", "l=4; ")},
		"refuted, by the name": {keys.with(records{"_dmarc.acme.test": {reject}}), signWith(t, plainMail, "list.test", "")},
	} {
		resolver, _ := serveFunc(t, c.zone.answer)
		check := func(raw string) core.Origin {
			return New(resolver).Check(t.Context(), envelope("x@list.test"), letterFrom("ann@acme.test"), []byte(raw))
		}
		plain := check(c.mail)
		for sealer, starts := range map[string]string{"list.test": "pass: list.test says spf=pass", "acme.test": "pass: acme.test says", "gone.test": "fail at 1: its key"} {
			passed := check(passOn(t, c.mail, sealer, "s1", foundGood, "", "none"))
			if !strings.HasPrefix(passed.ARC, starts) {
				t.Errorf("%s, sealed by %s: %q", name, sealer, passed.ARC)
			}
			if passed.ARC = plain.ARC; passed != plain {
				t.Errorf("%s, sealed by %s:\ngot  %+v\nwant %+v", name, sealer, passed, plain)
			}
		}
	}
}

func TestAChainOfManyKeysTakesNoQueryFromTheVerdict(t *testing.T) {
	t.Parallel()
	zone := records{"acme.test": {"v=spf1" + includes(10) + " ip4:192.0.2.1 -all"}, "_dmarc.acme.test": {reject}}.with(included(10))
	raw := plainMail
	for i := range 50 {
		selector := fmt.Sprintf("k%d", i)
		zone[selector+"._domainkey.list.test"] = []string{keyRecord("")}
		raw = passOn(t, raw, "list.test", selector, "none", "", []string{"none", "pass"}[min(i, 1)])
	}
	resolver, queries := serveFunc(t, zone.answer)
	o := New(resolver).Check(t.Context(), envelope("ann@acme.test"), letterFrom("ann@acme.test"), []byte(raw))
	if o.Verdict != core.Proven || o.ARC != "not checked: too many keys to look up" {
		t.Errorf("got %+v", o)
	}
	// Policy 1, SPF 11; of the 8 left ARC has 6, and 2 are kept for repeats.
	if n := queries.Load(); n != 18 {
		t.Errorf("%d queries", n)
	}
}
