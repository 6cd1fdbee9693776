package verify

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-msgauth/dkim"
)

const (
	maxSignatures     = 8
	maxSignatureField = 8 << 10
	maxSignatureNames = 200      // colons of a signature field: names in h= and z=
	maxBlank          = 64 << 10 // white space in a row that the library must hold back
	wrongClock        = 24 * time.Hour
)

// A signature is one DKIM-Signature and what became of it.
type signature struct {
	domain  string // canonical d=
	problem string // empty if it passes
	trouble bool   // DNS did not say
}

// signatures picks the DKIM-Signature fields to check: those that could align
// with the author first, because a stranger must not crowd them out, and none
// that no honest signer writes.
func (m mail) signatures(author string) (picked []field) {
	var others []field
	for _, f := range m.fields {
		switch {
		case !f.is("dkim-signature"),
			len(f.raw) > maxSignatureField,
			bytes.Count(f.raw, []byte(":")) > maxSignatureNames:
		case aligned(author, canonical(tag(f.value(), "d")), false):
			picked = append(picked, f)
		default:
			others = append(others, f)
		}
	}
	picked = append(picked, others...)
	return picked[:min(len(picked), maxSignatures)]
}

// checkable reports whether the library can read the mail at bounded cost.
func (m mail) checkable() bool {
	return !m.bomb && m.body != nil && !hasLongBlank(m.text())
}

// hasLongBlank reports whether more than maxBlank octets of white space stand in a
// row. A row inside of a piece is shorter, so that only ends of pieces are looked at.
func hasLongBlank(r io.Reader) bool {
	piece := make([]byte, maxBlank/2)
	for run := 0; ; {
		n, err := r.Read(piece)
		lead := n - len(bytes.TrimLeft(piece[:n], " \t\r\n"))
		if run += lead; run > maxBlank {
			return true
		}
		if lead < n {
			run = n - len(bytes.TrimRight(piece[:n], " \t\r\n"))
		}
		if err != nil {
			return false
		}
	}
}

// askDKIM checks the picked signatures (RFC 6376, RFC 8301, RFC 8463). One with
// a body length (l=) or past its expiry does not pass; the library sees to that.
func askDKIM(ctx context.Context, l *lookups, m mail, picked []field, address string, now time.Time) []signature {
	if len(picked) == 0 {
		return nil
	}
	problem := ""
	switch {
	case !m.checkable():
		problem = "the mail is built too oddly to be checked"
	case !m.hasFrom(address):
		problem = "the From field cannot be read without doubt"
	}
	if problem != "" {
		return unchecked(picked, problem)
	}
	keys := &keyring{ctx: ctx, lookups: l, exact: make(map[string]bool)}
	ordered := m.only(picked)
	verified, err := dkim.VerifyWithOptions(m.reduced(ctx, ordered), &dkim.VerifyOptions{LookupTXT: keys.lookup})
	if err != nil || len(verified) != len(ordered) {
		return unchecked(picked, "the mail cannot be read")
	}
	signatures := make([]signature, len(verified))
	for i, v := range verified {
		if v.Err != nil && !v.Expiration.IsZero() && !now.After(v.Expiration) && time.Now().After(v.Expiration) {
			signatures[i] = m.askExpired(keys, ordered[i], v, now)
		} else {
			signatures[i] = judged(ctx, keys, v, now)
		}
	}
	return signatures
}

// judged is what became of a signature that the library has checked.
func judged(ctx context.Context, keys *keyring, v *dkim.Verification, now time.Time) signature {
	s := signature{domain: canonical(v.Domain)}
	switch {
	case v.Err != nil && ctx.Err() != nil:
		s.problem, s.trouble = "no time left", true
	case v.Err != nil:
		s.problem, s.trouble = strings.TrimPrefix(v.Err.Error(), "dkim: "), dkim.IsTempFail(v.Err)
	case keys.refuses(v):
		s.problem = "the key is not for subdomains"
	case !possible(v, now):
		s.problem = "the signature's times cannot be"
	}
	return s
}

// askExpired checks a signature that held when the mail came and has expired since:
// the library, which knows no other time than now, stops there.
func (m mail) askExpired(keys *keyring, f field, v *dkim.Verification, now time.Time) signature {
	s := signature{domain: canonical(v.Domain)}
	_, list, _ := strings.Cut(string(f.raw), ":")
	tags, _ := parseTags(list)
	sum, problem := messageSum(m, f, tags, now)
	if problem != "" {
		s.problem = problem
		return s
	}
	_, _ = keys.lookup(tags["s"] + "._domainkey." + tags["d"]) // to know whether it refuses
	key, problem, trouble := askKey(keys.ctx, keys.lookups, tags["d"], tags["s"])
	b, err := base64.StdEncoding.DecodeString(squeeze(tags["b"]))
	switch {
	case problem != "":
		s.problem, s.trouble = problem, trouble
	case err != nil || !signs(key, squeeze(tags["a"]), sum, b):
		s.problem = "signature did not verify"
	case keys.refuses(v):
		s.problem = "the key is not for subdomains"
	case !possible(v, now):
		s.problem = "the signature's times cannot be"
	}
	return s
}

// possible reports whether a signature's times can be: made before now, give or
// take a wrong clock, and ended after it was made (RFC 6376 section 3.5, t= and x=).
// Whether it has ended is the library's to say.
func possible(v *dkim.Verification, now time.Time) bool {
	ends := v.Expiration.IsZero() || v.Time.IsZero() || v.Expiration.After(v.Time)
	return ends && v.Time.Before(now.Add(wrongClock))
}

func unchecked(picked []field, problem string) (signatures []signature) {
	for _, f := range picked {
		signatures = append(signatures, signature{domain: canonical(tag(f.value(), "d")), problem: problem})
	}
	return signatures
}

// only are the picked fields in the order of the header.
func (m mail) only(picked []field) (ordered []field) {
	for _, f := range m.fields {
		if slices.ContainsFunc(picked, func(p field) bool { return &p.raw[0] == &f.raw[0] }) {
			ordered = append(ordered, f)
		}
	}
	return ordered
}

// reduced is the mail with no signatures but these. When the time is over the body
// ends early, which no signature survives; the library must not see a read error,
// it would leave its goroutines behind.
func (m mail) reduced(ctx context.Context, signatures []field) io.Reader {
	header := make([]byte, 0, len(m.header)+2)
	for _, f := range m.fields {
		if f.is("dkim-signature") && !slices.ContainsFunc(signatures, func(p field) bool { return &p.raw[0] == &f.raw[0] }) {
			continue
		}
		header = append(header, f.raw...)
	}
	header = append(header, "\r\n"...)
	return io.MultiReader(bytes.NewReader(header), &untilDone{ctx, m.text()})
}

type untilDone struct {
	ctx context.Context
	r   io.Reader
}

// Read reads until the time is over.
func (u *untilDone) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, io.EOF
	}
	return u.r.Read(p[:min(len(p), 32<<10)])
}

// A keyring fetches keys and remembers which of them are for their very domain
// only (t=s, RFC 6376 section 3.6.1), which the library does not look at.
type keyring struct {
	ctx     context.Context
	lookups *lookups

	mu    sync.Mutex
	exact map[string]bool // by canonical d=
}

func (k *keyring) lookup(name string) ([]string, error) {
	selector, domain, _ := strings.Cut(name, "._domainkey.")
	name = keyName(selector, domain)
	if name == "" {
		return nil, &net.DNSError{Err: "no such name", Name: domain, IsNotFound: true}
	}
	txts, err := k.lookups.LookupTXT(k.ctx, name)
	for _, txt := range txts {
		if slices.ContainsFunc(strings.Split(tag(txt, "t"), ":"), func(flag string) bool { return strings.TrimSpace(flag) == "s" }) {
			k.mu.Lock()
			k.exact[canonical(domain)] = true
			k.mu.Unlock()
		}
	}
	return txts, err
}

func (k *keyring) refuses(v *dkim.Verification) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.exact[canonical(v.Domain)] && domainOf(v.Identifier) != canonical(v.Domain)
}
