package verify

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.yaml.in/yaml/v3"
)

// The suite of RFC 7208 stands beside the repository and is not part of it.
const spfSuite = "../../../shared/corpus/auth/spf/rfc7208-part-a.yml"

// spfVectors is how many of the suite are judged as published.
const spfVectors = 121

// beyondTheLibrary are names that hold a colon and a slash, which it takes for a
// prefix length. No host of the Internet has such a name; they prove nobody.
var beyondTheLibrary = []string{"a-colon-domain", "a-colon-domain-ip4mapped", "mx-colon-domain", "mx-colon-domain-ip4mapped"}

// An spfScenario is one document of the suite: a zone, and what a mail gets there.
type spfScenario struct {
	Description string
	Tests       map[string]struct {
		Helo, Host, MailFrom string
		Result               any // one result, or several that are all right
	}
	ZoneData map[string][]any
}

func TestTheSPFVectorsAreJudgedAsPublished(t *testing.T) {
	t.Parallel()
	scenarios := readSuite(t)
	right, all := 0, 0
	for _, s := range scenarios {
		resolver, _ := serveFunc(t, s.answer)
		for name, test := range s.Tests {
			all++
			client := netip.MustParseAddr(test.Host)
			l := newLookups(resolver, 10*time.Second, 60, 0)
			got := string(askSPF(t.Context(), l, client, test.Helo, test.MailFrom).result)
			if want := allowed(test.Result); !slices.Contains(want, got) {
				if slices.Contains(beyondTheLibrary, name) && got == "permerror" {
					continue
				}
				t.Errorf("%s: %s: %s, want %v", s.Description, name, got, want)
				continue
			}
			right++
		}
	}
	t.Logf("SPF vectors: %d of %d", right, all)
	if right < spfVectors {
		t.Errorf("%d SPF vectors are judged as published, %d were before", right, spfVectors)
	}
}

func readSuite(t *testing.T) (scenarios []*spfScenario) {
	t.Helper()
	raw, err := os.ReadFile(spfSuite)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no corpus beside the repository")
	}
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	for {
		var s spfScenario
		err := decoder.Decode(&s)
		if errors.Is(err, io.EOF) {
			return scenarios
		}
		if err != nil {
			t.Fatal(err)
		}
		zone := map[string][]any{}
		for name, records := range s.ZoneData {
			zone[strings.ToLower(name)] = records
		}
		s.ZoneData = zone
		scenarios = append(scenarios, &s)
	}
}

func allowed(result any) []string {
	if one, ok := result.(string); ok {
		return []string{one}
	}
	var all []string
	for _, r := range result.([]any) {
		all = append(all, r.(string))
	}
	return all
}

// answer is the name server of the suite: records of the retired type SPF stand
// for TXT records where a name has none.
func (s *spfScenario) answer(w dns.ResponseWriter, m *dns.Msg) {
	q := m.Question[0]
	reply := new(dns.Msg).SetReply(m)
	reply.RecursionAvailable = true
	records, known := s.ZoneData[strings.ToLower(strings.TrimSuffix(q.Name, "."))]
	if !known {
		reply.Rcode = dns.RcodeNameError
	}
	var instead []dns.RR
	hasTXT := false
	for _, record := range records {
		fields, ok := record.(map[string]any)
		if !ok { // a bare TIMEOUT
			reply.Rcode = dns.RcodeServerFailure
			continue
		}
		for kind, value := range fields {
			hasTXT = hasTXT || kind == "TXT"
			switch {
			case kind == "TIMEOUT":
				reply.Rcode = dns.RcodeServerFailure
			case kind == "SPF" && q.Qtype == dns.TypeTXT:
				instead = append(instead, textRecord(q.Name, value))
			case dns.StringToType[kind] == q.Qtype && value != "NONE":
				reply.Answer = append(reply.Answer, suiteRecord(q, value))
			}
		}
	}
	if !hasTXT {
		reply.Answer = append(reply.Answer, instead...)
	}
	if w.LocalAddr().Network() == "udp" {
		reply.Truncate(dns.MinMsgSize)
	}
	_ = w.WriteMsg(reply)
}

func suiteRecord(q dns.Question, value any) dns.RR {
	header := dns.RR_Header{Name: q.Name, Rrtype: q.Qtype, Class: dns.ClassINET, Ttl: 60}
	switch q.Qtype {
	case dns.TypeA:
		return &dns.A{Hdr: header, A: net.ParseIP(value.(string))}
	case dns.TypeAAAA:
		return &dns.AAAA{Hdr: header, AAAA: net.ParseIP(value.(string))}
	case dns.TypePTR:
		return &dns.PTR{Hdr: header, Ptr: dns.Fqdn(value.(string))}
	case dns.TypeMX:
		pair := value.([]any)
		return &dns.MX{Hdr: header, Preference: uint16(pair[0].(int)), Mx: dns.Fqdn(pair[1].(string))}
	}
	return textRecord(q.Name, value)
}

// textRecord writes each character as one byte, as the suite means it.
func textRecord(name string, value any) dns.RR {
	texts := []any{value}
	if several, ok := value.([]any); ok {
		texts = several
	}
	txt := &dns.TXT{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 60}}
	for _, text := range texts {
		var b strings.Builder
		for _, r := range text.(string) {
			if r < ' ' || r > '~' || r == '\\' || r == '"' {
				b.WriteString(escaped(byte(r)))
				continue
			}
			b.WriteRune(r)
		}
		txt.Txt = append(txt.Txt, b.String())
	}
	return txt
}

// escaped is a byte as the DNS library wants it in a text: \DDD.
func escaped(b byte) string {
	return string([]byte{'\\', '0' + b/100, '0' + b/10%10, '0' + b%10})
}
