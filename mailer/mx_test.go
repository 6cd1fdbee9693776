package mailer

import (
	"bufio"
	"io"
	"log"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/foxcpp/go-mockdns"

	"postdesk/core"
	"postdesk/mailer/mailertest"
)

// direct is the transport for a test: real DNS packets, the sink's port, and
// loopback counts as public unless a test wants to see it refused.
func direct(t *testing.T, sink *mailertest.Sink, zones map[string]mockdns.Zone) *Direct {
	t.Helper()
	dns, err := mockdns.NewServerWithLogger(zones, log.New(io.Discard, "", 0), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dns.Close() })
	resolver := &net.Resolver{}
	dns.PatchNet(resolver)
	d := NewDirect("out.acme.test", resolver)
	d.port = strconv.Itoa(sink.Port())
	d.reach = func(netip.Addr) bool { return true }
	d.own = func(netip.Addr) bool { return false }
	return d
}

func TestMailGoesToTheServersOfItsDomain(t *testing.T) {
	t.Parallel()
	here := mockdns.Zone{A: []string{"127.0.0.1"}}
	zones := map[string]mockdns.Zone{
		"customer.test.":      {MX: []net.MX{{Host: "down.customer.test.", Pref: 1}, {Host: "unknown.customer.test.", Pref: 2}, {Host: "mx.customer.test.", Pref: 5}}},
		"down.customer.test.": {A: []string{"127.0.0.9"}}, // where nobody listens
		"mx.customer.test.":   here,
		"plain.test.":         here, // no MX: the domain itself
		"null.test.":          {MX: []net.MX{{Host: ".", Pref: 0}}, A: []string{"127.0.0.1"}},
		"dead.test.":          {MX: []net.MX{{Host: "gone.dead.test.", Pref: 1}}},
		"down.test.":          {MX: []net.MX{{Host: "down.customer.test.", Pref: 1}}},
		"broken.test.":        {Err: &net.DNSError{Err: "SERVFAIL", IsTemporary: true}},
	}
	tests := map[string]core.Receipt{
		"cara@customer.test": {Outcome: core.Sent, Code: 250},
		"cara@plain.test":    {Outcome: core.Sent, Code: 250},
		"cara@null.test":     {Outcome: core.Never, Enhanced: "5.1.10", Text: "takes no mail"},
		"cara@dead.test":     {Outcome: core.Never, Enhanced: "5.1.2", Text: "no mail server"},
		"cara@nowhere.test":  {Outcome: core.Never, Enhanced: "5.1.2", Text: "no mail server"},
		"cara@down.test":     {Outcome: core.Later, Text: "refused"},
		"cara@broken.test":   {Outcome: core.Later},
	}
	sink := mailertest.NewSink(t, mailertest.WithSTARTTLS())
	d := direct(t, sink, zones)
	for to, want := range tests {
		got := send(t, newCarrier(t, d), to)
		if got.Outcome != want.Outcome || got.Code != want.Code || want.Enhanced != "" && got.Enhanced != want.Enhanced || !strings.Contains(got.Text, want.Text) {
			t.Errorf("%s: %+v, want %+v", to, got, want)
		}
	}
	for _, m := range sink.WaitFor(t, 2) {
		if !m.TLS || m.Hello != "out.acme.test" {
			t.Errorf("TLS %v, hello %q", m.TLS, m.Hello)
		}
	}
}

func TestMailIsNeverTakenToAPrivateAddress(t *testing.T) {
	t.Parallel()
	sink := mailertest.NewSink(t)
	d := direct(t, sink, map[string]mockdns.Zone{
		"customer.test.":    {MX: []net.MX{{Host: "mx.customer.test.", Pref: 1}}},
		"mx.customer.test.": {A: []string{"127.0.0.1", "10.0.0.1"}, AAAA: []string{"::1"}},
	})
	d.reach = public
	if got := send(t, newCarrier(t, d), "cara@customer.test"); got.Outcome != core.Never || !strings.Contains(got.Text, "private") {
		t.Errorf("%+v", got)
	}
	if total, _ := sink.Connections(); total != 0 {
		t.Errorf("%d connections", total)
	}
}

// TestTheNextServerIsAskedWhereTheBestIsBusy: 127.0.0.2 is another server with the
// same port.
func TestTheNextServerIsAskedWhereTheBestIsBusy(t *testing.T) {
	t.Parallel()
	sink := mailertest.NewSink(t)
	busy, err := net.Listen("tcp", net.JoinHostPort("127.0.0.2", strconv.Itoa(sink.Port())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = busy.Close() })
	answers := map[string]string{ // of the busy one to MAIL FROM
		"cara@later.test": "451 4.3.0 not now", "cara@closing.test": "421 4.3.2 closing", "cara@never.test": "550 5.7.1 not you"}
	said := make(chan string, 1)
	go func() {
		for {
			conn, err := busy.Accept()
			if err != nil {
				return
			}
			heard := bufio.NewReader(conn)
			for _, answer := range []string{"220 hi\r\n", "250 hi\r\n", <-said + "\r\n"} {
				_, _ = io.WriteString(conn, answer)
				_, _ = heard.ReadString('\n') // at last a goodbye, or the end
			}
			_ = conn.Close()
		}
	}()
	zones := map[string]mockdns.Zone{"busy.test.": {A: []string{"127.0.0.2"}}, "idle.test.": {A: []string{"127.0.0.1"}}}
	for to := range answers {
		_, domain, _ := strings.Cut(to, "@")
		zones[domain+"."] = mockdns.Zone{MX: []net.MX{{Host: "idle.test.", Pref: 20}, {Host: "busy.test.", Pref: 10}}}
	}
	d := direct(t, sink, zones)
	for to, answer := range answers {
		said <- answer
		c := newCarrier(t, d)
		got := send(t, c, to)
		c.lanes[strings.SplitN(to, "@", 2)[1]].quit()
		if want := map[bool]core.Outcome{true: core.Later, false: core.Sent}[answer[0] == '5']; got.Outcome != want {
			t.Errorf("%s: %+v", to, got)
		}
	}
	if n := len(sink.Messages()); n != 2 {
		t.Errorf("%d mails", n)
	}
}

func TestMailForADomainThatLeadsHereGoesToBetterServersOnly(t *testing.T) {
	t.Parallel()
	sink := mailertest.NewSink(t)
	d := direct(t, sink, map[string]mockdns.Zone{
		"better.test.":   {MX: []net.MX{{Host: "mx.test.", Pref: 1}, {Host: "self.test.", Pref: 5}}},
		"worse.test.":    {MX: []net.MX{{Host: "self.test.", Pref: 1}, {Host: "mx.test.", Pref: 1}, {Host: "mx.test.", Pref: 5}}},
		"named.test.":    {MX: []net.MX{{Host: "out.acme.test.", Pref: 1}}},
		"mx.test.":       {A: []string{"127.0.0.1"}},
		"self.test.":     {A: []string{"127.0.0.3"}},
		"out.acme.test.": {A: []string{"127.0.0.1"}},
		"alias.test.":    {MX: []net.MX{{Host: "mx.alias.test.", Pref: 1}}},
		"mx.alias.test.": {CNAME: "mx.test."},
	})
	d.own = func(ip netip.Addr) bool { return ip.String() == "127.0.0.3" }
	for to, want := range map[string]core.Outcome{"cara@better.test": core.Sent, "cara@worse.test": core.Later, "cara@named.test": core.Later, "cara@alias.test": core.Sent} {
		if got := send(t, newCarrier(t, d), to); got.Outcome != want || want == core.Later && !strings.Contains(got.Text, "itself") {
			t.Errorf("%s: %+v", to, got)
		}
	}
}

// TestAnAddressIsLookedAtAgainWhenItIsDialled: what was public when DNS was asked
// may be another one by then.
func TestAnAddressIsLookedAtAgainWhenItIsDialled(t *testing.T) {
	t.Parallel()
	sink := mailertest.NewSink(t)
	p := smarthost(t, sink.URL(), nil).peer
	p.reach = public
	if _, err := p.open(t.Context()); err == nil || !strings.Contains(err.Error(), "private") {
		t.Errorf("%v", err)
	}
	if total, _ := sink.Connections(); total != 0 {
		t.Errorf("%d connections", total)
	}
}

func TestWhichAddressesArePublic(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		"8.8.8.8": true, "2001:4860:4860::8888": true, "172.32.0.1": true,
		"127.0.0.1": false, "::1": false, "0.0.0.0": false, "::": false, "10.1.2.3": false, "172.16.0.1": false,
		"192.168.1.1": false, "169.254.169.254": false, "fe80::1": false, "fd00::1": false, "100.64.0.1": false,
		"224.0.0.1": false, "ff02::1": false, "255.255.255.255": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "198.18.0.1": false,
	}
	for ip, want := range tests {
		if got := public(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: %v", ip, got)
		}
	}
}

// domains are zones whose servers are the sink.
func domains(names ...string) map[string]mockdns.Zone {
	zones := map[string]mockdns.Zone{"null.test.": {MX: []net.MX{{Host: ".", Pref: 0}}}}
	for _, name := range names {
		zones[name+"."] = mockdns.Zone{A: []string{"127.0.0.1"}}
	}
	return zones
}
