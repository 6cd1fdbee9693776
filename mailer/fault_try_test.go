package mailer

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/netip"
	"regexp"
	"testing"
	"time"

	"github.com/foxcpp/go-mockdns"

	"postdesk/core"
	"postdesk/mailer/mailertest"
)

// An attempt is one cell of the table.
type attempt struct {
	place      string
	dns        *net.Resolver // of a direct one
	pipelining bool
	outcome    byte
}

func (a attempt) String() string {
	return fmt.Sprintf("at %s, directly %v, pipelining %v", a.place, a.dns != nil, a.pipelining)
}

// try sends a mail into the fault and holds what is told of it, then another.
func (f fault) try(t *testing.T, a attempt) {
	trick := f.Trick
	trick.At = a.place
	tricks := []mailertest.Trick{trick}
	if a.place == "RSET" { // which only who was refused has reason to say
		tricks = append(tricks, mailertest.Trick{At: "RCPT", Say: "550 5.1.1 unknown"})
	}
	rogue := mailertest.NewRogue(t, mailertest.Manners{Pipelining: a.pipelining, STARTTLS: true, Auth: a.dns == nil}, tricks...)
	waits := standardPatience()
	if f.problem == hangs {
		waits = impatience()
	}
	to := carrierTo(t, rogue, a.dns, waits)
	switch a.place {
	case "RSET":
		send(t, to, "zero@customer.test")
	case "QUIT":
		send(t, to, "zero@customer.test")
		for _, lane := range to.lanes {
			lane.quit()
		}
	}
	got, want := plain(send(t, to, "one@customer.test")), f.want(a)
	if got != want {
		t.Errorf("%v:\n got %+v\nwant %+v", a, got, want)
	}
	kept := len(rogue.KeptFor("one@customer.test"))
	if kept > 1 || want.Outcome == core.Sent && kept == 0 || kept == 1 && want.Outcome != core.Sent && !want.PerhapsDelivered {
		t.Errorf("%v: %d copies are there after %+v", a, kept, got)
	}
	if len(rogue.Unplayed()) > 0 {
		t.Errorf("%v: the server did not misbehave; it heard %q", a, rogue.Commands())
	}
	next := send(t, to, "two@customer.test")
	if kept := rogue.KeptFor("two@customer.test"); next.Outcome != core.Sent || len(kept) != 1 || string(kept[0].Raw) != sampleMail {
		t.Errorf("%v: of the next mail %d copies are there, and %+v is told", a, len(kept), next)
	}
}

// impatience is long enough for a server that answers at all.
func impatience() patience {
	const short = 3 * time.Second
	return patience{dial: short, greeting: short, command: short, data: short, block: short, final: short}
}

// carrierTo sends to a rogue: as a relay that must use TLS and a password, or, with a
// resolver, as the server of customer.test.
func carrierTo(t *testing.T, rogue *mailertest.Rogue, dns *net.Resolver, waits patience) *carrier {
	if dns == nil {
		host := smarthost(t, "smtp+starttls://me:secret@"+rogue.Address(), rogue.Roots())
		host.peer.patience = waits
		return host.carrier
	}
	d := NewDirect("out.acme.test", dns)
	d.port, d.patience, d.reach = rogue.Port(), waits, func(netip.Addr) bool { return true }
	return newCarrier(t, d)
}

// customers knows customer.test.
func customers(t *testing.T) *net.Resolver {
	t.Helper()
	dns, err := mockdns.NewServerWithLogger(map[string]mockdns.Zone{
		"customer.test.":    {MX: []net.MX{{Host: "mx.customer.test.", Pref: 1}}},
		"mx.customer.test.": {A: []string{"127.0.0.1"}},
	}, log.New(io.Discard, "", 0), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dns.Close() })
	resolver := &net.Resolver{}
	dns.PatchNet(resolver)
	return resolver
}

var (
	oddPorts = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	// What a closed connection looks like hangs on what was still under way.
	wentAway = regexp.MustCompile(`EOF|(read|write) tcp ADDR->ADDR: (read|write): (connection reset by peer|broken pipe)`)
)

// plain leaves out of a receipt what no test can know.
func plain(r core.Receipt) core.Receipt {
	r.Remote = ""
	r.Text = wentAway.ReplaceAllString(oddPorts.ReplaceAllString(r.Text, "ADDR"), gone)
	return r
}
