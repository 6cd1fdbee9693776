package web

import (
	"html"
	"net/netip"
	"strings"
	"testing"
	"time"

	"postdesk/core"
)

func TestAMailsPageShowsWhatSPFDKIMDMARCAndARCSaid(t *testing.T) {
	t.Parallel()
	w := openSite(t)
	raw := []byte("From: ann@acme.test\r\n\r\nHello")
	claim, err := w.Accept(t.Context(), core.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), From: "ann@acme.test",
		Recipients: []string{"support@desk.test"}, ReceivedAt: time.Now()}, raw, true)
	if err != nil {
		t.Fatal(err)
	}
	origin := core.Origin{Verdict: core.Unproven, Domain: "acme.test", SPF: "softfail acme.test", DKIM: "fail acme.test: the <b> hash",
		DMARC: "none, not aligned", ARC: "pass: list.test says spf=pass of acme.test", Reason: "nothing shows that acme.test sent this mail"}
	letter := core.Letter{FromFields: 1, From: []core.NamedAddress{{Address: "ann@acme.test"}}, Subject: "A mail", MessageID: "m@acme.test", Text: "Hello", Kind: core.KindHuman}
	if err := w.Apply(t.Context(), claim, letter, origin); err != nil {
		t.Fatal(err)
	}
	page := w.ask(t, "admin", "/admin/mail/"+w.Text(t, `select max(id)::text from inbound`), nil).Body
	for _, words := range []string{origin.SPF, origin.DKIM, origin.DMARC, origin.ARC, "decides nothing", "The sender is unproven: " + origin.Reason} {
		if !strings.Contains(page, html.EscapeString(words)) {
			t.Errorf("the page does not say %q", words)
		}
	}
	older := w.ask(t, "admin", "/admin/mail/{mail}", nil).Body
	if strings.Contains(older, "<dt>ARC") || strings.Contains(older, "decides nothing") {
		t.Error("a mail that was judged before ARC was read says something of it")
	}
}
