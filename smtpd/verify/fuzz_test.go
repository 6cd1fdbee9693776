package verify

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-msgauth/dkim"
)

// Whatever stands in the fields, the words are one of the five kinds, fit for a
// panel, and "pass" needs the key's owner.
func FuzzARC(f *testing.F) {
	zone := records{key + "list.test": {keyRecord("")}}
	resolver, _ := serveFunc(f, zone.answer)
	one := passOn(f, plainMail, "list.test", "s1", foundGood, "", "none")
	two := passOn(f, one, "list.test", "s1", foundGood, "", "pass")
	header, _, _ := strings.Cut(two, "From:")
	f.Add(header, false)
	f.Add(strings.TrimSuffix(one, plainMail), true)
	f.Add("ARC-Seal: i=1; cv=none\r\nARC-Message-Signature: i=1; h=from\r\nARC-Authentication-Results: i=1; x\r\n", true)
	f.Add("ARC-Authentication-Results: i = 01 (x) ; a; spf=pass\r\n", false)
	f.Fuzz(func(t *testing.T, fields string, forged bool) {
		raw := fields + plainMail
		if forged {
			raw = strings.Replace(raw, "It burns", "It works", 1)
		}
		words := askARC(t.Context(), newLookups(resolver, 10*time.Second, maxQueries, 2), split([]byte(raw)), time.Now())
		kind, _, _ := strings.Cut(words, ":")
		kind, _, _ = strings.Cut(kind, " at ")
		if !strings.Contains(" none pass fail temperror not checked ", " "+kind+" ") || len([]rune(words)) > maxARCWords+1 {
			t.Errorf("%q", words)
		}
		if !utf8.ValidString(words) || strings.ContainsAny(words, "\x00\r\n<") {
			t.Errorf("not fit for a panel: %q", words)
		}
		if forged && kind == "pass" {
			t.Errorf("a changed text passed: %q", words)
		}
	})
}

func FuzzTags(f *testing.F) {
	f.Add("v=1; a=rsa-sha256; b=ab\r\n cd=; bh = x ; i=@a.test;")
	f.Add("==;;a=;A=;a =")
	f.Add("v=DKIM1; k=rsa; p=MFwwDQYJ; t=s:y; s=email")
	f.Fuzz(func(t *testing.T, list string) {
		tags, ok := parseTags(list)
		if !ok && tags != nil {
			t.Errorf("refused, yet %+v", tags)
		}
		for name, value := range tags {
			if strings.TrimFunc(value, isBlank) != value || strings.Contains(value, ";") || !isTagName(name) {
				t.Errorf("%q: %q", name, value)
			}
			if squeeze(value) != tag(list, name) {
				t.Errorf("%q: %q, and read forgivingly %q", name, value, tag(list, name))
			}
		}
		if key, problem := parseKey(list); (key == nil) == (problem == "") {
			t.Errorf("%v, %q", key, problem)
		}
		if name := keyName(list, "acme.test"); name != "" && !strings.HasSuffix(name, "._domainkey.acme.test") {
			t.Errorf("%q", name)
		}
	})
}

// What the library signs in each canonical form, our own forms find unchanged.
func FuzzCanonicalForms(f *testing.F) {
	f.Add("It burns.\n\n  a\tb  \n \n\n", " x\n\ty  z ")
	f.Add("", "")
	f.Add("\n\n", ":")
	f.Add(" \t", "\n ")
	f.Fuzz(func(t *testing.T, body, subject string) {
		clean := strings.NewReplacer("\r", "", "\n", "\r\n", "\x00", "")
		subject = strings.NewReplacer("\r", "", "\n", "").Replace(subject)
		if !utf8.ValidString(subject) || strings.TrimSpace(subject) != strings.Trim(subject, " \t") {
			return
		}
		raw := "From: ann@acme.test\r\nSubject: " + subject + "\r\n\t" + "more\r\n\r\n" + clean.Replace(body)
		for _, header := range []dkim.Canonicalization{dkim.CanonicalizationSimple, dkim.CanonicalizationRelaxed} {
			for _, form := range []dkim.Canonicalization{dkim.CanonicalizationSimple, dkim.CanonicalizationRelaxed} {
				var out bytes.Buffer
				err := dkim.Sign(&out, strings.NewReader(raw), &dkim.SignOptions{Domain: "acme.test", Selector: "s1", Signer: signerKey,
					HeaderCanonicalization: header, BodyCanonicalization: form, HeaderKeys: []string{"From", "Subject", "X-None"}})
				if err != nil {
					return
				}
				m := split(out.Bytes())
				tags, ok := parseTags(strings.TrimPrefix(string(m.fields[0].raw), "DKIM-Signature:"))
				if !ok {
					t.Fatalf("%q", m.fields[0].raw)
				}
				sum, problem := messageSum(m, m.fields[0], tags, time.Now())
				b, _ := base64.StdEncoding.DecodeString(squeeze(tags["b"]))
				if problem != "" || !signs(signerKey.Public().(ed25519.PublicKey), "ed25519-sha256", sum, b) {
					t.Errorf("%s/%s of %q: %q", header, form, raw, problem)
				}
			}
		}
	})
}
