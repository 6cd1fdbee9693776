package verify

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"slices"
	"strings"
)

const (
	minRSA      = 1024 // bits, RFC 8301 section 3.2
	tooManyKeys = "too many keys to look up"
)

// askKey fetches the key of a signature that the DKIM library cannot check, or
// tells why there is none; trouble says that DNS did not answer.
func askKey(ctx context.Context, l *lookups, domain, selector string) (key crypto.PublicKey, problem string, trouble bool) {
	name := keyName(selector, domain)
	if name == "" {
		return nil, "its key has no usable name", false
	}
	txts, err := l.LookupTXT(ctx, name)
	switch {
	case err != nil && spent(err):
		return nil, tooManyKeys, false
	case err != nil && !notFound(err):
		return nil, "a look-up got no answer", true
	case len(txts) != 1:
		return nil, "its key is not published", false
	}
	if key, problem = parseKey(txts[0]); problem != "" {
		return nil, problem, false
	}
	return key, "", false
}

// keyName is where a key stands (RFC 6376 section 3.6.2.1), in A-labels (RFC 8616
// section 4), or empty.
func keyName(selector, domain string) string {
	// A selector may be one label only; with the domain it can be judged like one.
	joined := canonical(selector + "." + domain)
	at := len(joined) - len(canonical(domain)) - 1
	if canonical(domain) == "" || at <= 0 {
		return ""
	}
	return joined[:at] + "._domainkey." + joined[at+1:]
}

// parseKey reads a key record (RFC 6376 section 3.6.1) that may sign mail with
// SHA-256.
func parseKey(txt string) (key crypto.PublicKey, problem string) {
	tags, ok := parseTags(txt)
	if v, told := tags["v"]; !ok || told && v != "DKIM1" {
		return nil, "its key cannot be read"
	}
	if tags["p"] == "" {
		return nil, "its key was revoked"
	}
	if !allows(tags, "h", "sha256", "sha256") || !allows(tags, "s", "email", "*") {
		return nil, "its key is for something else"
	}
	der, err := base64.StdEncoding.DecodeString(squeeze(tags["p"]))
	if err != nil {
		return nil, "its key cannot be read"
	}
	switch tags["k"] {
	case "ed25519":
		if len(der) == ed25519.PublicKeySize {
			return ed25519.PublicKey(der), ""
		}
	case "rsa", "":
		if public := rsaKey(der); public != nil && public.N.BitLen() < minRSA {
			return nil, "its key is too short"
		} else if public != nil {
			return public, ""
		}
	}
	return nil, "its key cannot be read"
}

func rsaKey(der []byte) *rsa.PublicKey {
	if public, err := x509.ParsePKIXPublicKey(der); err == nil {
		key, _ := public.(*rsa.PublicKey)
		return key
	}
	key, err := x509.ParsePKCS1PublicKey(der) // erratum 3017 of RFC 6376
	if err != nil {
		return nil
	}
	return key
}

// allows reports whether a tag that lists things, where it stands, lists one of these.
func allows(tags map[string]string, name, one, other string) bool {
	list, told := tags[name]
	return !told || slices.ContainsFunc(strings.Split(list, ":"), func(s string) bool {
		s = strings.TrimSpace(s)
		return s == one || s == other
	})
}

// signs reports whether the signature over this SHA-256 sum is the key's, made as
// its a= tag says (RFC 8301, RFC 8463). Any hash but SHA-256 proves nothing.
func signs(key crypto.PublicKey, algorithm string, sum, signature []byte) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return algorithm == "rsa-sha256" && rsa.VerifyPKCS1v15(key, crypto.SHA256, sum, signature) == nil
	case ed25519.PublicKey:
		return algorithm == "ed25519-sha256" && ed25519.Verify(key, sum, signature)
	}
	return false
}
