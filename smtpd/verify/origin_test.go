package verify

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"postdesk/core"
)

// A records is a zone by name: TXT texts, or one of the words below.
type records map[string][]string

const (
	silence  = "SILENT"   // no answer ever comes
	servfail = "SERVFAIL" // the server says that it cannot tell
	alias    = "CNAME "   // and the name to ask instead
	host     = "A"        // a host of that name, at the tests' client
)

// answer is the name server of a zone. It counts what it is asked.
func (z records) answer(w dns.ResponseWriter, m *dns.Msg) {
	reply := new(dns.Msg).SetReply(m)
	reply.RecursionAvailable = true
	name := strings.ToLower(strings.TrimSuffix(m.Question[0].Name, "."))
	texts, known := z[name]
	for known && strings.HasPrefix(texts[0], alias) {
		target := strings.TrimPrefix(texts[0], alias)
		reply.Answer = append(reply.Answer, &dns.CNAME{Hdr: dns.RR_Header{Name: name + ".", Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: 60}, Target: target + "."})
		name = target
		texts, known = z[name]
	}
	switch {
	case !known:
		reply.Rcode = dns.RcodeNameError
	case texts[0] == silence:
		return
	case texts[0] == servfail:
		reply.Rcode = dns.RcodeServerFailure
	case texts[0] == host:
		if m.Question[0].Qtype == dns.TypeA {
			reply.Answer = append(reply.Answer, &dns.A{Hdr: dns.RR_Header{Name: name + ".", Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60}, A: client.AsSlice()})
		}
	case m.Question[0].Qtype == dns.TypeTXT:
		for _, text := range texts {
			reply.Answer = append(reply.Answer, txtRecord(name+".", text))
		}
	}
	if w.LocalAddr().Network() == "udp" {
		reply.Truncate(dns.MinMsgSize)
	}
	_ = w.WriteMsg(reply)
}

func txtRecord(name, text string) *dns.TXT {
	txt := &dns.TXT{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 60}}
	for chunk := range slices.Chunk([]byte(text), 255) {
		txt.Txt = append(txt.Txt, string(chunk))
	}
	return txt
}

var huge = strings.Repeat("v=spf1 ip4:192.0.2.1 ", 3000) // 63 KB

// Each mail of reliability A29 and its neighbours, with the exact class, once
// where the domain asks to reject and once where it asks for nothing. The queries
// are those for a domain that asks for nothing: _dmarc, keys, SPF.
func TestEachMailHasItsExactClass(t *testing.T) {
	t.Parallel()
	const own, other = key + "acme.test", key + "other.test"
	good := []string{keyRecord("")}
	signed := sign(t, plainMail, "acme.test")
	type class = core.Verdict
	const P, N, F = core.Proven, core.Unproven, core.Refuted
	tests := []struct {
		name    string
		zone    records
		from    string // envelope; ann@acme.test unless given
		mail    string // plainMail unless given
		reject  class  // with v=DMARC1; p=reject
		without class  // without any record
		spf     string
		dkim    string // its beginning
		queries int64
	}{
		{"nothing passes", records{"acme.test": {forbid}}, "", "", F, N, "fail acme.test", "none", 2},
		{"SPF passes aligned", records{"acme.test": {allow}}, "", "", P, P, "pass acme.test", "none", 2},
		{"SPF passes for another domain", records{"other.test": {allow}}, "x@other.test", "", F, N, "pass other.test", "none", 2},
		{"SPF passes for a domain that only ends alike", records{"evil-acme.test": {allow}}, "x@evil-acme.test", "", F, N, "pass evil-acme.test", "none", 2},
		{"SPF of HELO beside a sender", records{"mx.acme.test": {allow}}, "x@other.test", "", F, N, "none other.test", "none", 2},
		{"the null sender is judged by HELO", records{"mx.acme.test": {allow}}, "<>", "", P, P, "pass mx.acme.test", "none", 2},
		{"a sender at an address literal", nil, "ann@[192.0.2.1]", "", F, N, "none", "none", 1},
		{"a sender with one label", nil, "ann@localhost", "", F, N, "none", "none", 1},
		{"softfail", records{"acme.test": {"v=spf1 ~all"}}, "", "", F, N, "softfail acme.test", "none", 2},
		{"neutral", records{"acme.test": {"v=spf1 ?all"}}, "", "", F, N, "neutral acme.test", "none", 2},
		{"two SPF records", records{"acme.test": {allow, allow}}, "", "", F, N, "permerror acme.test", "none", 2},
		{"SPF in capitals, cut in strings, over an alias", records{"acme.test": {alias + "spf.acme.test"}, "spf.acme.test": {"V=SPF1 " + strings.Repeat("IP4:203.0.113.9 ", 40) + "IP4:192.0.2.1 -ALL"}}, "", "", P, P, "pass acme.test", "none", 3},
		{"eleven look-ups of SPF", records{"acme.test": {"v=spf1" + includes(11) + " ip4:192.0.2.1 -all"}}.with(included(11)), "", "", F, N, "permerror acme.test", "none", 12},
		{"ten look-ups of SPF", records{"acme.test": {"v=spf1" + includes(10) + " ip4:192.0.2.1 -all"}}.with(included(10)), "", "", P, P, "pass acme.test", "none", 12},
		{"three void look-ups of SPF", records{"acme.test": {"v=spf1 a:a.void.test a:b.void.test a:c.void.test ip4:192.0.2.1 -all"}}, "", "", F, N, "permerror acme.test", "none", 5},
		{"two void look-ups of SPF", records{"acme.test": {"v=spf1 a:a.void.test a:b.void.test ip4:192.0.2.1 -all"}}, "", "", P, P, "pass acme.test", "none", 4},
		{"an SPF record of 64 KB", records{"acme.test": {huge}}, "", "", F, N, "none acme.test", "none", 3},
		{"64 KB beside an SPF record", records{"acme.test": {strings.Repeat("x", 60_000), allow}}, "", "", P, P, "pass acme.test", "none", 3},
		{"SPF: the server cannot tell", records{"acme.test": {servfail}}, "", "", N, N, "temperror acme.test", "none", 3},
		{"SPF: the server of another domain cannot tell", records{"other.test": {servfail}}, "x@other.test", "", F, N, "temperror other.test", "none", 3},

		{"DKIM passes", records{own: good}, "", signed, P, P, "none acme.test", "pass acme.test", 3},
		{"DKIM passes for another domain", records{other: good}, "", sign(t, plainMail, "other.test"), F, N, "none acme.test", "pass other.test", 3},
		{"DKIM with a body length", records{own: good}, "", signWith(t, plainMail, "acme.test", "l=4; "), F, N, "none acme.test", "fail acme.test: message contains an insecure body length", 3},
		{"DKIM over the whole body, which l= says", records{own: good}, "", signWith(t, plainMail, "acme.test", "l=11; "), F, N, "none acme.test", "fail acme.test: message contains an insecure body length", 3},
		{"expired", records{own: good}, "", signWith(t, plainMail, "acme.test", "t=1000000000; x=1000000001; "), F, N, "none acme.test", "fail acme.test: signature has expired", 2},
		{"signed in three days", records{own: good}, "", signWith(t, plainMail, "acme.test", at("t", 72*time.Hour)), F, N, "none acme.test", "fail acme.test: the signature's times cannot be", 3},
		{"signed in an hour, by a wrong clock", records{own: good}, "", signWith(t, plainMail, "acme.test", at("t", time.Hour)), P, P, "none acme.test", "pass acme.test", 3},
		{"expired before it was signed", records{own: good}, "", signWith(t, plainMail, "acme.test", at("t", 2*time.Hour)+at("x", time.Hour)), F, N, "none acme.test", "fail acme.test: the signature's times cannot be", 3},
		{"a signature that was changed", records{own: good}, "", strings.Replace(signed, " b=", " b=AAAA", 1), F, N, "none acme.test", "fail acme.test: ", 3},
		{"two signatures, the first one bad", records{own: good}, "", badSignature("acme.test") + signed, P, P, "none acme.test", "pass acme.test", 4},
		{"two signatures, one of another domain", records{own: good, other: good}, "", sign(t, signed, "other.test"), P, P, "none acme.test", "pass other.test, acme.test", 4},
		{"the agent is of another domain", records{own: good}, "", signWith(t, plainMail, "acme.test", "i=@other.test; "), F, N, "none acme.test", "fail acme.test: domain mismatch", 2},
		{"the agent only ends alike", records{own: good}, "", signWith(t, plainMail, "acme.test", "i=@evilacme.test; "), F, N, "none acme.test", "fail acme.test: domain mismatch", 2},
		{"From is not signed", records{own: good}, "", strings.Replace(signed, "h=From:", "h=", 1), F, N, "none acme.test", "fail acme.test: From field not signed", 2},
		{"the key comes over an alias, in capitals, with spaces", records{own: {alias + "keys.other.test"}, "keys.other.test": {strings.Replace(keyRecord("t = s ;\t"), "k=", " k = ", 1)}}, "", sign(t, plainMail, "ACME.test"), P, P, "none acme.test", "pass acme.test", 3},
		{"a key of 64 KB", records{own: {strings.Repeat("v=DKIM1; ", 7000)}}, "", signed, F, N, "none acme.test", "fail acme.test: no valid key", 4},
		{"two keys at one name", records{own: {keyRecord(""), keyRecord("")}}, "", signed, F, N, "none acme.test", "fail acme.test: multiple", 3},
		{"a key that is revoked", records{own: {"v=DKIM1; p="}}, "", signed, F, N, "none acme.test", "fail acme.test: key revoked", 3},
		{"a key for other things than mail", records{own: {keyRecord("s=tlsrpt; ")}}, "", signed, F, N, "none acme.test", "fail acme.test: inappropriate service", 3},
		{"key: the server cannot tell", records{own: {servfail}}, "", signed, N, N, "none acme.test", "temperror acme.test", 4},
		{"key: the server of another domain cannot tell", records{other: {servfail}}, "", sign(t, plainMail, "other.test"), F, N, "none acme.test", "temperror other.test", 4},
		{"fifty signatures, the true one last", records{own: good}, "", strings.ReplaceAll(strings.TrimSuffix(manySignatures(t, 50), plainMail), "acme.test", "other.test") + signed, P, P, "none acme.test", "pass acme.test", 10},
		{"fifty signatures in the author's name", nil, "", manySignatures(t, 50), F, N, "none acme.test", "fail acme.test: no key", 10},
		{"fifty signatures in the author's name, the true one last", records{own: good}, "", strings.TrimSuffix(manySignatures(t, 50), plainMail) + signed, F, N, "none acme.test", "fail acme.test: no key", 10},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := envelope("ann@acme.test")
			if tt.from != "" {
				env.From = strings.TrimPrefix(tt.from, "<>")
			}
			mail := tt.mail
			if mail == "" {
				mail = plainMail
			}
			for policy, want := range map[string]class{reject: tt.reject, "": tt.without} {
				zone := records{}.with(tt.zone)
				if policy != "" {
					zone["_dmarc.acme.test"] = []string{policy}
				}
				resolver, queries := serveFunc(t, zone.answer)
				o := New(resolver).Check(t.Context(), env, letterFrom("ann@acme.test"), []byte(mail))
				if o.Verdict != want || o.SPF != tt.spf || !strings.HasPrefix(o.DKIM, tt.dkim) {
					t.Errorf("policy %q: got %+v, want %s", policy, o, want)
				}
				if n := queries.Load(); n != tt.queries {
					t.Errorf("policy %q: %d queries, want %d", policy, n, tt.queries)
				}
			}
		})
	}
}

// with is the zone and another one.
func (z records) with(more records) records {
	all := records{}
	for _, zone := range []records{z, more} {
		for name, texts := range zone {
			all[name] = texts
		}
	}
	return all
}

func includes(n int) (terms string) {
	for i := range n {
		terms += fmt.Sprintf(" include:i%d.acme.test", i)
	}
	return terms
}

func included(n int) records {
	zone := records{}
	for i := range n {
		zone[fmt.Sprintf("i%d.acme.test", i)] = []string{"v=spf1 ?all"}
	}
	return zone
}

func badSignature(domain string) string {
	return "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=" + domain + "; s=none; h=From; bh=AA==; b=AA==\r\n"
}

// at is a tag with a time so far from now.
func at(tag string, from time.Duration) string {
	return fmt.Sprintf("%s=%d; ", tag, time.Now().Add(from).Unix())
}

func TestTheHashAndTheLengthOfAnRSAKeyDecide(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	zone := records{"s1._domainkey.acme.test": {"v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)}, "_dmarc.acme.test": {reject}}
	resolver, _ := serveFunc(t, zone.answer)
	signRSA := func(algorithm string, hash crypto.Hash, sum func(string) []byte) string {
		sig := "DKIM-Signature: v=1; a=" + algorithm + "; d=acme.test; s=s1; h=From; bh=" + base64.StdEncoding.EncodeToString(sum("It burns.\r\n")) + "; b="
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, hash, sum("From: Ann <ann@acme.test>\r\n"+sig))
		if err != nil {
			t.Fatal(err)
		}
		return sig + base64.StdEncoding.EncodeToString(signature) + "\r\n" + plainMail
	}
	sha256Sum := func(s string) []byte { sum := sha256.Sum256([]byte(s)); return sum[:] }
	sha1Sum := func(s string) []byte { sum := sha1.Sum([]byte(s)); return sum[:] }
	for name, c := range map[string]struct {
		mail string
		want core.Verdict
		dkim string
	}{
		"1024 bits, SHA-256": {signRSA("rsa-sha256", crypto.SHA256, sha256Sum), core.Proven, "pass acme.test"},
		"1024 bits, SHA-1":   {signRSA("rsa-sha1", crypto.SHA1, sha1Sum), core.Refuted, "fail acme.test: hash algorithm too weak: sha1"},
	} {
		if o := New(resolver).Check(t.Context(), envelope(""), letterFrom("ann@acme.test"), []byte(c.mail)); o.Verdict != c.want || o.DKIM != c.dkim {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

func TestThePolicyOfADomainDecidesWhatIsRefuted(t *testing.T) {
	t.Parallel()
	const N, F = core.Unproven, core.Refuted
	for _, tt := range []struct {
		name    string
		from    string // domain
		zone    records
		want    core.Verdict
		dmarc   string
		queries int64
	}{
		{"reject", "acme.test", records{"_dmarc.acme.test": {reject}}, F, "reject, not aligned", 1},
		{"quarantine", "acme.test", records{"_dmarc.acme.test": {"v=DMARC1; p=quarantine"}}, F, "quarantine, not aligned", 1},
		{"none", "acme.test", records{"_dmarc.acme.test": {"v=DMARC1; p=none"}}, N, "none, not aligned", 1},
		{"capitals and white space", "acme.test", records{"_dmarc.acme.test": {"V=DMARC1 ;\t P = REJECT "}}, F, "reject, not aligned", 1},
		{"cut in strings", "acme.test", records{"_dmarc.acme.test": {"v=DMARC1; rua=mailto:" + strings.Repeat("x", 300) + "@acme.test; p=reject"}}, F, "reject, not aligned", 1},
		{"over aliases", "acme.test", records{"_dmarc.acme.test": {alias + "a.other.test"}, "a.other.test": {alias + "b.other.test"}, "b.other.test": {reject}}, F, "reject, not aligned", 1},
		{"several", "acme.test", records{"_dmarc.acme.test": {reject, reject}}, N, "no record, not aligned", 1},
		{"several at a subdomain end the search", "a.acme.test", records{"_dmarc.a.acme.test": {reject, reject}, "_dmarc.acme.test": {reject}}, N, "no record, not aligned", 1},
		{"garbage", "acme.test", records{"_dmarc.acme.test": {"v=DMARC1; p=ject"}}, N, "no record, not aligned", 1},
		{"64 KB", "acme.test", records{"_dmarc.acme.test": {"v=DMARC1; p=reject; n=" + huge}}, N, "no record, not aligned", 2},
		{"64 KB beside a record", "acme.test", records{"_dmarc.acme.test": {huge, reject}}, F, "reject, not aligned", 2},
		{"a share", "acme.test", records{"_dmarc.acme.test": {"v=DMARC1; p=quarantine; pct=1"}}, F, "quarantine, not aligned", 1},
		{"a share of nothing", "acme.test", records{"_dmarc.acme.test": {"v=DMARC1; p=quarantine; pct=0"}}, N, "none while it is being tried out, not aligned", 1},
		{"reject while testing is quarantine", "acme.test", records{"_dmarc.acme.test": {"v=DMARC1; p=reject; t=y"}}, F, "quarantine while it is being tried out, not aligned", 1},
		{"quarantine while testing is none", "acme.test", records{"_dmarc.acme.test": {"v=DMARC1; p=quarantine; t=y"}}, N, "none while it is being tried out, not aligned", 1},
		{"of the organization", "a.b.acme.test", records{"_dmarc.acme.test": {reject}}, F, "reject, not aligned", 2},
		{"halfway up is not looked at", "a.b.acme.test", records{"_dmarc.b.acme.test": {reject}}, N, "no record, not aligned", 2},
		{"for subdomains", "a.acme.test", records{"_dmarc.acme.test": {"v=DMARC1; p=reject; sp=none"}}, N, "none, not aligned", 2},
		{"np for a name made up", "a.acme.test", records{"_dmarc.acme.test": {"v=DMARC1; p=reject; sp=none; np=reject"}}, F, "reject, not aligned", 5},
		{"np for a name that exists", "a.acme.test", records{"_dmarc.acme.test": {"v=DMARC1; p=reject; sp=none; np=reject"}, "a.acme.test": {host}}, N, "none, not aligned", 5},
		{"np: the server cannot tell whether it exists", "a.acme.test", records{"_dmarc.acme.test": {"v=DMARC1; p=reject; sp=none; np=reject"}, "a.acme.test": {servfail}}, N, "temperror, not aligned", 4},
		{"np that changes nothing is not asked for", "a.acme.test", records{"_dmarc.acme.test": {"v=DMARC1; p=reject; np=reject"}}, F, "reject, not aligned", 2},
		{"of a public suffix is not for those below", "acme.co.uk", records{"_dmarc.co.uk": {reject}}, N, "no record, not aligned", 1},
		{"of a public suffix itself", "co.uk", records{"_dmarc.co.uk": {reject}}, F, "reject, not aligned", 1},
		{"the server cannot tell", "acme.test", records{"_dmarc.acme.test": {servfail}}, N, "temperror, not aligned", 2},
		{"the server of the organization cannot tell", "a.acme.test", records{"_dmarc.acme.test": {servfail}}, N, "temperror, not aligned", 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			resolver, queries := serveFunc(t, tt.zone.answer)
			env := envelope("")
			env.Helo = "nobody"
			o := New(resolver).Check(t.Context(), env, letterFrom("ann@"+tt.from), []byte(plainMail))
			if o.Verdict != tt.want || o.DMARC != tt.dmarc {
				t.Errorf("got %+v, want %s", o, tt.want)
			}
			if n := queries.Load(); n != tt.queries {
				t.Errorf("%d queries, want %d", n, tt.queries)
			}
		})
	}
}
