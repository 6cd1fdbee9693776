package verify

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/foxcpp/go-mockdns"
	"github.com/miekg/dns"
)

type silent struct{}

func (silent) Printf(string, ...any) {}

// txts is the TXT part of a zone; a record "SERVFAIL" makes the name fail.
type txts map[string]string

// serve runs a DNS server on loopback and gives a resolver that asks it over
// real packets, and the count of the queries sent.
func serve(t testing.TB, records txts, more map[string]mockdns.Zone) (*net.Resolver, *atomic.Int64) {
	t.Helper()
	zones := make(map[string]mockdns.Zone)
	for name, zone := range more {
		zones[strings.ToLower(name)+"."] = zone
	}
	for name, record := range records {
		zone := zones[strings.ToLower(name)+"."]
		if record == "SERVFAIL" {
			zone.Err = &net.DNSError{Err: "broken", IsTemporary: true}
		} else {
			zone.TXT = strings.Split(record, "\n")
		}
		zones[strings.ToLower(name)+"."] = zone
	}
	server, err := mockdns.NewServerWithLogger(zones, silent{}, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return counted(NewResolver(server.LocalAddr().String()))
}

// serveFunc runs a DNS server that answers as handle says, over UDP and TCP.
func serveFunc(t testing.TB, handle dns.HandlerFunc) (*net.Resolver, *atomic.Int64) {
	t.Helper()
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	udp, err := net.ListenPacket("udp4", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*dns.Server{{Listener: tcp, Handler: handle}, {PacketConn: udp, Handler: handle}} {
		started := make(chan struct{})
		s.NotifyStartedFunc = func() { close(started) }
		go func() { _ = s.ActivateAndServe() }()
		<-started
		t.Cleanup(func() { _ = s.Shutdown() })
	}
	return counted(NewResolver(tcp.Addr().String()))
}

// counted counts packets: Go's resolver connects once for each.
func counted(r *net.Resolver) (*net.Resolver, *atomic.Int64) {
	queries := new(atomic.Int64)
	dial := r.Dial
	r.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err == nil {
			queries.Add(1)
		}
		return conn, err
	}
	return r, queries
}

// answerTXT replies with TXT records, over TCP when they do not fit in UDP.
func answerTXT(w dns.ResponseWriter, m *dns.Msg, records ...string) {
	reply := new(dns.Msg).SetReply(m)
	reply.RecursionAvailable = true
	for _, r := range records {
		txt := &dns.TXT{Hdr: dns.RR_Header{Name: m.Question[0].Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 60}}
		for ; len(r) > 255; r = r[255:] {
			txt.Txt = append(txt.Txt, r[:255])
		}
		txt.Txt = append(txt.Txt, r)
		reply.Answer = append(reply.Answer, txt)
	}
	if w.LocalAddr().Network() == "udp" {
		reply.Truncate(dns.MinMsgSize)
	}
	_ = w.WriteMsg(reply)
}
