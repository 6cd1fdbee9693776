package main

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/foxcpp/go-mockdns"
	"github.com/jackc/pgx/v5"

	"postdesk/core"
	"postdesk/core/coretest"
	"postdesk/mailer/mailertest"
)

// dnsServer answers real packets about some zones.
func dnsServer(t *testing.T, zones map[string]mockdns.Zone) string {
	t.Helper()
	server, err := mockdns.NewServerWithLogger(zones, log.New(io.Discard, "", 0), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server.LocalAddr().String()
}

// check runs the command and gives what it printed and its exit code.
func check(args ...string) (said string, code int) {
	var out, errOut bytes.Buffer
	code = run(context.Background(), append([]string{"check"}, args...), strings.NewReader(""), &out, &errOut)
	return regexp.MustCompile(` +`).ReplaceAllString(out.String(), " ") + errOut.String(), code
}

func text(texts ...string) mockdns.Zone { return mockdns.Zone{TXT: texts} }

// good is a domain about which everything is published, for a machine that sends
// and takes its mail itself.
func good() map[string]mockdns.Zone {
	return map[string]mockdns.Zone{
		"acme.test.":              {MX: []net.MX{{Host: "desk.acme.test.", Pref: 10}}, TXT: []string{"v=spf1 mx -all", "site=1"}},
		"_dmarc.acme.test.":       text("v=DMARC1; p=reject"),
		"desk.acme.test.":         {A: []string{"192.0.2.1"}},
		"1.2.0.192.in-addr.arpa.": {PTR: []string{"desk.acme.test."}},
	}
}

func TestCheckTellsWhatIsPublishedAndWhatToPublish(t *testing.T) {
	t.Parallel()
	sink := mailertest.NewSink(t)
	db := coretest.URL(t)
	type zones = map[string]mockdns.Zone
	const direct = "--relay=mx"
	relay := "--relay=" + sink.URL()
	for name, c := range map[string]struct {
		change zones // of good; a zone without anything is taken away
		args   []string
		code   int
		says   []string // each stands in the output
		never  []string
	}{
		"all is well": {nil, []string{direct}, 0, []string{
			"MX ok mail for acme.test goes to desk.acme.test\n", `SPF ok acme.test publishes "v=spf1 mx -all", which lets desk.acme.test send`,
			"DMARC ok mail that only pretends to be from acme.test shall be refused (reject)\n", "DKIM note for acme.test: the key is made when postdesk serve runs; check tells then what to publish\n",
			"PTR ok 192.0.2.1 is called desk.acme.test", "port 25 note cannot be tried from inside", "relay ok direct delivery"}, []string{"warning", "IN "}},
		"without a relay nothing leaves": {zones{"acme.test.": {MX: []net.MX{{Host: "desk.acme.test."}}, TXT: []string{"v=spf1 -all"}}}, nil, 0,
			[]string{`publishes "v=spf1 -all"; nothing leaves here yet`}, []string{"PTR", "warning"}},
		"no MX": {zones{"acme.test.": text("v=spf1 a:desk.acme.test -all")}, []string{direct}, 1,
			[]string{"MX FAILED acme.test has no MX record: others cannot find this server; publish\n acme.test. IN MX 10 desk.acme.test.\n", "1 of the checks failed"}, nil},
		"an MX without an address": {zones{"desk.acme.test.": {}}, []string{direct}, 1, []string{"MX FAILED mail for acme.test goes to desk.acme.test (which has no address): nothing can be delivered",
			"host FAILED desk.acme.test, as this machine calls itself, has no public address", " desk.acme.test. IN A <the public address of this machine>\n"}, nil},
		"one MX of two without an address": {zones{"acme.test.": {MX: []net.MX{{Host: "desk.acme.test.", Pref: 10}, {Host: "old.acme.test.", Pref: 20}}, TXT: []string{"v=spf1 mx -all"}}}, []string{direct}, 0,
			[]string{"MX warning mail for acme.test goes to desk.acme.test, old.acme.test (which has no address)\n"}, nil},
		"an MX that takes no mail": {zones{"acme.test.": {MX: []net.MX{{Host: "."}}}}, []string{direct}, 1,
			[]string{`MX FAILED acme.test says that it takes no mail (MX "."); publish instead` + "\n acme.test. IN MX 10 desk.acme.test.\n"}, nil},
		"an MX somewhere else": {zones{"acme.test.": {MX: []net.MX{{Host: "mx.other.test."}}, TXT: []string{"v=spf1 a:desk.acme.test -all"}}, "mx.other.test.": {A: []string{"192.0.2.9"}}}, []string{direct}, 0,
			[]string{"MX warning mail for acme.test goes to mx.other.test: neither this machine (desk.acme.test) nor a --trusted-relay"}, nil},
		"an MX by another name of this machine": {zones{"acme.test.": {MX: []net.MX{{Host: "mx.acme.test."}}, TXT: []string{"v=spf1 mx -all"}}, "mx.acme.test.": {A: []string{"192.0.2.1"}}}, []string{direct}, 0,
			[]string{"MX ok mail for acme.test goes to mx.acme.test\n"}, nil},
		"a trusted relay": {zones{"acme.test.": {MX: []net.MX{{Host: "mx.other.test."}}, TXT: []string{"v=spf1 a:desk.acme.test -all"}}, "mx.other.test.": {A: []string{"192.0.2.9"}}},
			[]string{direct, "--trusted-relay=192.0.2.9/32=mx.other.test"}, 0, []string{"MX ok mail for acme.test goes to mx.other.test (a trusted relay)\n"}, nil},
		"no SPF": {zones{"acme.test.": {MX: []net.MX{{Host: "desk.acme.test."}}, TXT: []string{"site=1"}}}, []string{direct}, 0,
			[]string{"SPF warning acme.test has no SPF record", "\n acme.test. IN TXT \"v=spf1 mx -all\"\n"}, nil},
		"no SPF, with a relay": {zones{"acme.test.": {MX: []net.MX{{Host: "desk.acme.test."}}}}, []string{relay}, 0,
			[]string{"SPF warning acme.test has no SPF record", "what the relay's provider says\n acme.test. IN TXT \"v=spf1 mx ~all\"\n"}, []string{"PTR"}},
		"two SPF records": {zones{"acme.test.": {MX: []net.MX{{Host: "desk.acme.test."}}, TXT: []string{"v=spf1 mx -all", "v=spf1 a -all"}}}, []string{direct}, 1,
			[]string{"SPF FAILED acme.test has 2 SPF records"}, nil},
		"an SPF record that is none": {zones{"acme.test.": {MX: []net.MX{{Host: "desk.acme.test."}}, TXT: []string{"v=spf1 mx ip4:1.2.3.4/99 -all"}}}, []string{direct}, 1,
			[]string{"SPF FAILED acme.test has an SPF record that is not well formed"}, nil},
		"an SPF record that leaves us out": {zones{"acme.test.": {MX: []net.MX{{Host: "desk.acme.test."}}, TXT: []string{"v=spf1 ip4:192.0.2.9 -all"}}}, []string{direct}, 1,
			[]string{"SPF FAILED acme.test publishes \"v=spf1 ip4:192.0.2.9 -all\", and by it desk.acme.test (192.0.2.1) is: fail; publish instead\n acme.test. IN TXT \"v=spf1 ip4:192.0.2.9 mx -all\"\n"}, nil},
		"an SPF record that doubts us": {zones{"acme.test.": {MX: []net.MX{{Host: "desk.acme.test."}}, TXT: []string{"v=spf1 ~all"}}}, []string{direct}, 0,
			[]string{"SPF warning acme.test publishes", "is: softfail; publish instead\n acme.test. IN TXT \"v=spf1 mx ~all\"\n"}, nil},
		"an SPF record of which one address is out": {zones{"acme.test.": {MX: []net.MX{{Host: "desk.acme.test."}}, TXT: []string{"v=spf1 ip4:192.0.2.1 -all"}}, "desk.acme.test.": {A: []string{"192.0.2.1"}, AAAA: []string{"2001:db8::1"}}}, []string{direct}, 1,
			[]string{"desk.acme.test (2001:db8::1) is: fail", "PTR warning 2001:db8::1 has no name"}, nil},
		"a relay in this network": {nil, []string{relay}, 0, []string{"SPF note acme.test publishes", "whether the relay 127.0.0.1 may send cannot be told", "answers"}, nil},
		"no DMARC": {zones{"_dmarc.acme.test.": {}}, []string{direct}, 0,
			[]string{"DMARC warning acme.test has no DMARC record", "\n _dmarc.acme.test. IN TXT \"v=DMARC1; p=none\"\n"}, nil},
		"two DMARC records":       {zones{"_dmarc.acme.test.": text("v=DMARC1; p=none", "v=DMARC1; p=reject")}, []string{direct}, 0, []string{"DMARC warning _dmarc.acme.test has 2 records"}, nil},
		"a DMARC without policy":  {zones{"_dmarc.acme.test.": text("v=DMARC1; p=maybe")}, []string{direct}, 0, []string{"DMARC warning the record of _dmarc.acme.test cannot be read"}, nil},
		"another name in reverse": {zones{"1.2.0.192.in-addr.arpa.": {PTR: []string{"c-1.provider.test."}}}, []string{direct}, 0, []string{"PTR warning 192.0.2.1 is called c-1.provider.test, and this machine calls itself desk.acme.test"}, nil},
		"a mailbox below":         {zones{"help.acme.test.": {MX: []net.MX{{Host: "desk.acme.test."}}, TXT: []string{"v=spf1 mx -all"}}, "_dmarc.acme.test.": text("v=DMARC1; p=reject; sp=quarantine")}, []string{direct, "--mailbox=x@help.acme.test"}, 0, []string{"shall be taken for spam (quarantine), as acme.test says"}, nil},
		"a reply domain": {zones{"reply.acme.test.": text("v=spf1 a:desk.acme.test -all")}, []string{direct, "--reply-domain=Reply.acme.test"}, 1,
			[]string{"SPF ok for acme.test: that of the reply domain reply.acme.test counts", "MX FAILED reply.acme.test has no MX record", " reply.acme.test. IN MX 10 desk.acme.test.\n", "SPF ok reply.acme.test publishes"}, []string{"reply.acme.test has no DMARC"}},
		"a reply domain of others":         {zones{"other.test.": {MX: []net.MX{{Host: "desk.acme.test."}}, TXT: []string{"v=spf1 mx -all"}}}, []string{direct, "--reply-domain=other.test"}, 0, []string{"SPF warning the reply domain other.test is of another organization than acme.test"}, nil},
		"a name of this machine":           {nil, []string{"--mailbox=support@localhost"}, 0, []string{"DNS ok localhost is a name of this machine: nothing to ask"}, []string{"MX", "port 25"}},
		"a name for tests":                 {nil, []string{direct, "--mailbox=support@nowhere.test"}, 0, []string{"DNS ok nowhere.test is a name for tests that nothing is published about"}, []string{"MX", "PTR"}},
		"a certificate that is not there":  {nil, []string{direct, "--tls-cert=no.pem", "--tls-key=no.pem"}, 1, []string{"TLS FAILED"}, nil},
		"a relay that does not answer":     {nil, []string{"--relay=smtp://127.0.0.1:1"}, 1, []string{"relay FAILED"}, nil},
		"an international name is encoded": {zones{"xn--bcher-kva.test.": {MX: []net.MX{{Host: "desk.acme.test."}}}}, []string{direct, "--mailbox=hilfe@bücher.test"}, 0, []string{" xn--bcher-kva.test. IN TXT \"v=spf1 mx -all\"\n"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := good()
			for zone, z := range c.change {
				all[zone] = z
				if len(z.A)+len(z.AAAA)+len(z.MX)+len(z.TXT)+len(z.PTR) == 0 {
					delete(all, zone)
				}
			}
			said, code := check(append([]string{"--mailbox=support@acme.test", "--public-url=https://desk.acme.test", "--database-url=" + db, "--resolver=" + dnsServer(t, all)}, c.args...)...)
			if code != c.code {
				t.Errorf("exit %d, want %d", code, c.code)
			}
			for _, says := range c.says {
				if !strings.Contains(said, says) {
					t.Errorf("it does not say %q", says)
				}
			}
			for _, never := range c.never {
				if strings.Contains(said, never) {
					t.Errorf("it says %q", never)
				}
			}
			if t.Failed() {
				t.Log("\n" + said)
			}
		})
	}
}

func TestCheckAsksAboutEveryMailboxOfTheDatabase(t *testing.T) {
	t.Parallel()
	db := coretest.URL(t)
	conn, err := pgx.Connect(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), `insert into own_domains values ('acme.test'), ('shop.test');
		insert into mailboxes (address, name) values ('a@acme.test', 'A'), ('b@acme.test', 'B'), ('c@shop.test', 'C')`); err != nil {
		t.Fatal(err)
	}
	zones := good()
	zones["shop.test."] = text("v=spf1 -all")
	said, code := check("--mailbox=support@desk.test", "--public-url=https://desk.acme.test", "--database-url="+db, "--resolver="+dnsServer(t, zones))
	for line, n := range map[string]int{"mail for acme.test goes to": 1, "MX FAILED shop.test has no MX record": 1, "desk.test": 0} {
		if got := strings.Count(strings.ReplaceAll(said, "desk.acme.test", ""), line); n > 0 && got != n || n == 0 && strings.Contains(said, " desk.test") {
			t.Errorf("%q: %d times, want %d\n%s", line, got, n, said)
		}
	}
	if code != exitFailed {
		t.Errorf("exit %d", code)
	}
}

func TestCheckMakesNoDatabase(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mistyped")
	said, code := check("--data-dir="+dir, "--mailbox=support@localhost")
	if code != exitFailed || !strings.Contains(said, "database FAILED there is none in "+dir+": postdesk serve makes it") {
		t.Errorf("exit %d:\n%s", code, said)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the folder was made")
	}
}

// A DNS server that is silent is told as such, within what was promised.
func TestCheckTellsOfASilentDNSServer(t *testing.T) {
	t.Parallel()
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	said, code := check("--mailbox=support@acme.org.test.postdesk", "--public-url=https://desk.acme.org.test.postdesk", "--relay=mx",
		"--database-url="+coretest.URL(t), "--resolver="+silent.LocalAddr().String())
	for _, line := range []string{"MX FAILED for acme.org.test.postdesk: DNS did not answer in time", "SPF warning for acme.org.test.postdesk: DNS did not answer in time",
		"DMARC warning for acme.org.test.postdesk: DNS did not answer in time", "host FAILED for desk.acme.org.test.postdesk: DNS did not answer in time"} {
		if !strings.Contains(said, line) {
			t.Errorf("it does not say %q", line)
		}
	}
	if code != exitFailed || t.Failed() {
		t.Errorf("exit %d:\n%s", code, said)
	}
}

func TestAStartTellsThatMailIsStillHeld(t *testing.T) {
	t.Parallel()
	for held, want := range map[int]string{
		0:             "",
		1:             "1 mail is held until an admin sends or discards them: https://desk.test/admin/outbox/held\n",
		9:             "9 mails are held until an admin sends or discards them: https://desk.test/admin/outbox/held\n",
		core.MostHeld: "1000 mails or more are held until an admin sends or discards them: https://desk.test/admin/outbox/held\n",
	} {
		var out strings.Builder
		listening{PublicURL: "https://desk.test", Relay: true, Held: held}.tell(console{out: &out})
		if got := strings.TrimPrefix(out.String(), "listening smtp= http= metrics=\n"); got != want {
			t.Errorf("%d: %q", held, got)
		}
	}
}
