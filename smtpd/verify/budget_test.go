package verify

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"postdesk/core"
)

// passedOften is a mail with so many ARC sets, each with a key of its own.
func passedOften(t testing.TB, raw string, sets int) string {
	for i := range sets {
		raw = passOn(t, raw, "list.test", fmt.Sprintf("k%d", i), "none", "", []string{"none", "pass"}[min(i, 1)])
	}
	return raw
}

// Packets are counted as the server sees them: TCP after UDP, second tries and all.
func TestWhateverTheServerDoesAMailCostsTwentyQueriesAtMost(t *testing.T) {
	t.Parallel()
	everything := passedOften(t, manySignatures(t, 50), 50)
	strangers := strings.ReplaceAll(everything, "d=acme.test", "d=other.test")
	six := envelope("ann@a.acme.test")
	six.ClientIP = addr("2001:db8::1")
	hosts := records{"a.acme.test": {"v=spf1 a:h0.acme.test a:h1.acme.test a:h2.acme.test a:h3.acme.test a:h4.acme.test a:h5.acme.test a:h6.acme.test -all"}}
	for i := range 7 {
		hosts[fmt.Sprintf("h%d.acme.test", i)] = []string{host}
	}
	all := func(texts ...string) dns.HandlerFunc {
		return func(w dns.ResponseWriter, m *dns.Msg) {
			records{strings.ToLower(strings.TrimSuffix(m.Question[0].Name, ".")): texts}.answer(w, m)
		}
	}
	for name, c := range map[string]struct {
		answer  dns.HandlerFunc
		env     core.Envelope
		mail    string
		verdict core.Verdict
	}{
		"no name exists":                   {records{}.answer, envelope("ann@acme.test"), everything, core.Unproven},
		"the server cannot tell":           {all(servfail), envelope("ann@acme.test"), everything, core.Unproven},
		"the server never answers":         {all(silence), envelope("ann@acme.test"), everything, core.Unproven},
		"every answer has 64 KB":           {all(strings.Repeat("x", 60_000)), envelope("ann@acme.test"), everything, core.Unproven},
		"64 KB beside a policy":            {all(strings.Repeat("x", 60_000), "v=DMARC1; p=none; sp=none; np=reject"), envelope("ann@acme.test"), everything, core.Unproven},
		"IPv6, hosts of IPv4 only":         {hosts.answer, six, everything, core.Unproven},
		"strangers' signatures, 64 KB":     {all(strings.Repeat("x", 60_000)), six, strangers, core.Unproven},
		"strangers' signatures, no answer": {all(silence), six, strangers, core.Unproven},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resolver, queries := serveFunc(t, c.answer)
			o := New(resolver, Within(2*time.Second)).Check(t.Context(), c.env, letterFrom("ann@a.acme.test"), []byte(strings.Replace(c.mail, "ann@acme.test", "ann@a.acme.test", 1)))
			if n := queries.Load(); n > maxQueries || o.Verdict != c.verdict {
				t.Errorf("%d queries, %+v", n, o)
			}
		})
	}
}

// Who forges a mail decides how many signatures it has and what their keys cost.
// It must not turn "refuted" into "unproven".
func TestAForgerCannotSpendTheQueriesThatRefuteHim(t *testing.T) {
	t.Parallel()
	zone := records{"acme.test": {"v=spf1" + includes(10) + " -all"}, "_dmarc.acme.test": {reject}}.with(included(10))
	strangers := strings.ReplaceAll(manySignatures(t, 50), "d=acme.test", "d=other.test")
	for name, c := range map[string]struct {
		key  string // what stands at the names of the keys
		mail string
	}{
		"keys that do not exist":               {"", manySignatures(t, 50)},
		"strangers' keys that do not exist":    {"", strangers},
		"strangers' keys behind a dead server": {servfail, strangers},
		"strangers' keys of 64 KB":             {strings.Repeat("x", 60_000), strangers},
		"and one in the author's name":         {strings.Repeat("x", 60_000), badSignature("acme.test") + strangers},
		"and a chain of fifty":                 {strings.Repeat("x", 60_000), passedOften(t, strangers, 50)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			z := records{}.with(zone)
			for i := range 50 {
				if c.key != "" {
					z[fmt.Sprintf("x%d._domainkey.other.test", i)] = []string{c.key}
				}
			}
			resolver, queries := serveFunc(t, z.answer)
			o := New(resolver).Check(t.Context(), envelope("ann@acme.test"), letterFrom("ann@acme.test"), []byte(c.mail))
			if n := queries.Load(); n > maxQueries || o.Verdict != core.Refuted {
				t.Errorf("%d queries, %+v", n, o)
			}
		})
	}
}

func TestAnHonestMailWithManySignaturesIsProvenBySPF(t *testing.T) {
	t.Parallel()
	zone := records{"acme.test": {"v=spf1" + includes(7) + " ip4:192.0.2.1 -all"}, "_dmarc.acme.test": {reject}}.with(included(7))
	resolver, queries := serveFunc(t, zone.answer)
	o := New(resolver).Check(t.Context(), envelope("ann@acme.test"), letterFrom("ann@acme.test"), []byte(manySignatures(t, 8)))
	if n := queries.Load(); n != 17 || o.Verdict != core.Proven {
		t.Errorf("%d queries, %+v", n, o)
	}
}

// A first question that is lost and an answer that then needs TCP cost more than
// what the first record of SPF has beside the others: it gets what they leave.
func TestALostPacketAndALongRecordRefuteNobody(t *testing.T) {
	t.Parallel()
	long := "v=spf1" + strings.Repeat(" ip4:198.51.100.0/24", 30) + " ip4:192.0.2.1 -all"
	zone := records{"acme.test": {long}, "_dmarc.acme.test": {reject}}
	var lost atomic.Bool
	resolver, _ := serveFunc(t, func(w dns.ResponseWriter, m *dns.Msg) {
		if m.Question[0].Name == "acme.test." && m.Question[0].Qtype == dns.TypeTXT && lost.CompareAndSwap(false, true) {
			return
		}
		zone.answer(w, m)
	})
	o := New(resolver, Within(3*time.Second)).Check(t.Context(), envelope("ann@acme.test"), letterFrom("ann@acme.test"), []byte(plainMail))
	if !lost.Load() || o.Verdict != core.Proven || o.SPF != "pass acme.test" {
		t.Errorf("got %+v", o)
	}
}

// The check ends by itself: nobody else's context does.
func TestWhatNeverAnswersIsUnprovenInTime(t *testing.T) {
	t.Parallel()
	good := keyRecord("")
	for name, c := range map[string]struct {
		zone records
		mail string
		spf  string
		dkim string
	}{
		"the policy": {records{"_dmarc.acme.test": {silence}}, plainMail, "none acme.test", "none"},
		"SPF":        {records{"_dmarc.acme.test": {reject}, "acme.test": {silence}}, plainMail, "temperror acme.test", "none"},
		"an include of SPF": {records{"_dmarc.acme.test": {reject}, "acme.test": {"v=spf1 include:spf.acme.test -all"}, "spf.acme.test": {silence}},
			plainMail, "temperror acme.test", "none"},
		"the key":            {records{"_dmarc.acme.test": {reject}, key + "acme.test": {silence}}, sign(t, plainMail, "acme.test"), "none acme.test", "temperror acme.test"},
		"one key of two":     {records{"_dmarc.acme.test": {reject}, key + "acme.test": {silence}, key + "other.test": {good}}, sign(t, sign(t, plainMail, "acme.test"), "other.test"), "none acme.test", "pass other.test"},
		"the chain of lists": {records{"k0._domainkey.list.test": {silence}}, passedOften(t, plainMail, 1), "none acme.test", "none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resolver, queries := serveFunc(t, c.zone.answer)
			o := New(resolver, Within(2*time.Second)).Check(t.Context(), envelope("ann@acme.test"), letterFrom("ann@acme.test"), []byte(c.mail))
			if o.Verdict != core.Unproven || o.SPF != c.spf || !strings.HasPrefix(o.DKIM, c.dkim) || t.Context().Err() != nil {
				t.Errorf("got %+v", o)
			}
			if name == "the chain of lists" && !strings.HasPrefix(o.ARC, "temperror at 1") {
				t.Errorf("ARC: %q", o.ARC)
			}
			if n := queries.Load(); n > maxQueries {
				t.Errorf("%d queries", n)
			}
		})
	}
}
