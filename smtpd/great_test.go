package smtpd

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// greatBody is a mail of some MiB with lines in which SMTP doubles full stops.
func greatBody(subject string, size int) string {
	return letterOf(subject) + "\r\n" + strings.Repeat("..0123456789 0123456789 0123456789\r\n", size/36)
}

func onWire(body string) string { return strings.ReplaceAll(body, "\r\n..", "\r\n...") }

// uploads tells how many uploads are stored, and how many parts.
func (h *house) uploads() (all string) {
	h.t.Helper()
	h.query(&all, `select count(*) || ' uploads, ' || (select count(*) from inbound_parts) || ' parts' from inbound_uploads`)
	return all
}

// R16: a great mail takes a part of the byte budget that does not grow with it, and
// others come in meanwhile.
func TestAGreatMailOnItsWayTakesLittleRoom(t *testing.T) {
	t.Parallel()
	h := open(t, Config{MaxBytes: 3 << 20})
	first := h.greet()
	body := greatBody("great", 5<<20)
	first.part("DATA\r\n")
	first.want("354")
	if err := first.send(onWire(body)); err != nil {
		t.Fatal(err)
	}
	until(t, "the great mail is in parts", func() bool { return h.server.bytes.left.Load() == 3<<20-greatRoom })
	second := h.greet()
	second.mail(letterOf("small"), "250")
	second.mail(onWire(greatBody("another", 4<<20)), "250")
	second.say("MAIL FROM:<cara@acme.test> SIZE=7000000", "RSET")
	second.want("250")
	second.want("250")
	if err := first.send(".\r\n"); err != nil {
		t.Fatal(err)
	}
	first.want("250")
	until(t, "all is given back", func() bool { return h.server.bytes.left.Load() == 3<<20 })
	var raw []byte
	h.query(&raw, `select inbound_raw(i) from inbound i where size > 5000000`)
	if !bytes.Equal(raw, []byte(body)) {
		t.Errorf("%d octets are stored, want %d", len(raw), len(body))
	}
}

// In chunks as well, and again: the second is the first.
func TestAGreatMailThatComesAgainIsStoredOnce(t *testing.T) {
	t.Parallel()
	h := open(t, Config{})
	body := greatBody("again", 3<<20)
	h.greet().chunks(body[:2<<20], body[2<<20:])
	stored := h.uploads()
	h.greet().chunks(body)
	h.greet().mail(onWire(strings.TrimSuffix(body, "\r\n")), "250")
	if !bytes.Equal(h.raw(), []byte(body)) {
		t.Error("the mail has changed")
	}
	var arrivals int
	h.query(&arrivals, `select arrivals from inbound`)
	if now := h.uploads(); arrivals != 3 || now != stored || !strings.HasPrefix(now, "1 uploads") {
		t.Errorf("%d arrivals, %s, before %s", arrivals, now, stored)
	}
}

// What is not accepted leaves nothing behind.
func TestPartsOfAGreatMailThatIsNotAcceptedAreRemoved(t *testing.T) {
	t.Parallel()
	h := open(t, Config{MaxMessageBytes: 3 << 20})
	body := greatBody("great", 2<<20)
	c := h.greet()
	c.part("DATA\r\n")
	c.want("354")
	if err := c.send(onWire(body)); err != nil {
		t.Fatal(err)
	}
	until(t, "parts are there", func() bool { return h.uploads() != "0 uploads, 0 parts" })
	_ = c.Close()
	until(t, "the parts of the mail that was cut off are gone", func() bool { return h.uploads() == "0 uploads, 0 parts" })

	h.greet().mail(onWire(greatBody("too great", 4<<20)), "552 5.3.4")
	h.greet().mail(strings.Repeat("Received: by a.test\r\n", 60)+onWire(body), "554 5.4.6")
	h.exec(`alter table inbound add constraint test_no_mail check (size < 0) not valid`)
	h.greet().mail(onWire(body), "451 4.3.0")
	if left := fmt.Sprint(h.uploads(), ", ", h.mails(), " mails"); left != "0 uploads, 0 parts, 0 mails" {
		t.Error(left)
	}
}
